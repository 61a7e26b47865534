#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/examples/evidence.py against a broker that is played here: what it asks, what it makes of
answers, and of answers that come in pieces, are refusals, or never come."""

import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

EXAMPLE = sys.argv.pop(1)
NONCE = "00112233"
EVIDENCE = bytes(range(256)) * 300      # more than one read


class Example(unittest.TestCase):
    def ask(self, pieces, nonce=NONCE):
        """Runs it; the broker writes these pieces. Returns the run and the call that it made."""
        asked = []
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            path = str(pathlib.Path(folder) / "broker.sock")
            listener.bind(path)
            listener.listen()
            listener.settimeout(200)

            def broker():
                client, _ = listener.accept()
                with client:
                    text = b""
                    while not text.endswith(b"\0"):
                        text += client.recv(65536)
                    asked.append(json.loads(text[:-1]))
                    for piece in pieces:
                        client.sendall(piece)

            thread = threading.Thread(target=broker)
            thread.start()
            run = subprocess.run([sys.executable, EXAMPLE, nonce], capture_output=True, timeout=200,
                                 env={**os.environ, "TEE_BROKER": path}, check=False)
            thread.join()
        return run, asked[0]

    def test_evidence_comes_out_byte_for_byte(self):
        answer = json.dumps({"parameters": {"evidence": base64.b64encode(EVIDENCE).decode()}}).encode() + b"\0"
        for pieces in [answer], [answer[:1], answer[1:70000], answer[70000:-1], answer[-1:]]:
            run, call = self.ask(pieces)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, EVIDENCE, b""))
            self.assertEqual(call, {"method": "io.teegate.Broker.GetEvidence",
                                    "parameters": {"userData": "ABEiMw==", "certificates": True}})

    def test_a_refusal_is_told(self):
        run, _ = self.ask([json.dumps({"error": "io.teegate.Broker.NotAllowed",
                                       "parameters": {"reason": "no policy names beta.service"}}).encode() + b"\0"])
        self.assertEqual((run.returncode, run.stdout), (1, b""))
        self.assertIn(b"NotAllowed", run.stderr)
        self.assertIn(b"no policy names beta.service", run.stderr)

    def test_a_broker_that_hangs_up_is_told(self):
        run, _ = self.ask([])
        self.assertEqual((run.returncode, run.stdout), (1, b""))
        self.assertIn(b"hung up", run.stderr)


if __name__ == "__main__":
    unittest.main()

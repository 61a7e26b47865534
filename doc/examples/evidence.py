#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Evidence over a nonce, from inside of a workload: evidence.py NONCE_HEX >evidence.cbor"""
import base64, json, os, socket, sys

nonce = base64.b64encode(bytes.fromhex(sys.argv[1])).decode()
call = {"method": "io.teegate.Broker.GetEvidence", "parameters": {"userData": nonce, "certificates": True}}
with socket.socket(socket.AF_UNIX) as broker:
    broker.connect(os.environ.get("TEE_BROKER", "/run/teegate/broker.sock"))
    broker.sendall(json.dumps(call).encode() + b"\0")       # varlink: JSON, then a zero byte
    answer = broker.makefile("rb").read1
    text = b""
    while not text.endswith(b"\0") and (part := answer(65536)):
        text += part
reply = json.loads(text.rstrip(b"\0") or '{"error": "the broker hung up"}')
if "error" in reply:
    sys.exit(f"{reply['error']}: {reply.get('parameters')}")
sys.stdout.buffer.write(base64.b64decode(reply["parameters"]["evidence"]))

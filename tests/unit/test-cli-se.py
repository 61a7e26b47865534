#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegatectl verify and extract with answers of Secure Execution, from the outside.

    test-cli-se.py TEEGATECTL SE-EVIDENCE-DIRECTORY

Answers come from make-se-evidence.py. What is judged how, each mutation, is for
test-verify-se-evidence; here it is about getting there, about being told, and about a second opinion:
tests/pki/verify-exchange, which shares no code with either.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOL = EVIDENCE = None
HERE = pathlib.Path(__file__).resolve().parent
OTHER = HERE.parent / "pki" / "verify-exchange"
FILES = ("request", "host-key", "collateral")


def run(*args):
    env = dict(os.environ, LC_ALL="C.UTF-8")
    return subprocess.run([TOOL, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, env=env)


def cases():
    """Name, arguments, what is expected."""
    for line in (EVIDENCE / "cases.tsv").read_text().splitlines():
        name, _, data, arpk, header, options, expected = line.split("\t")
        args = []
        for option, file in (("--arpk", arpk), ("--hdr", header)):
            args += [option, EVIDENCE / file] if file != "-" else []
        for option in options.split(",") if options != "-" else []:
            key, _, value = option.partition("=")
            if key == "root":
                value = "/proc/self/exe"
            args += ["--" + key] + ([EVIDENCE / value if key in FILES else value]
                                    if "=" in option or key == "root" else [])
        yield name, args + [EVIDENCE / data], expected.split(",")[0]


def case(wanted):
    return next(args for name, args, _ in cases() if name == wanted)


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def status(self, status, *args):
        done = run(*args)
        self.assertEqual(done.returncode, status, (args, done.stdout[-2000:], done.stderr))
        return done

    def text(self, status, *args):
        out = self.status(status, "verify", *args).stdout.decode()
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertRegex(line, r"^[\x20-\x7e]*$")
        return " ".join(out.split())

    def judged(self, status, *args):
        return json.loads(self.status(status, "verify", "--json", *args).stdout)["results"][0]

    def test_exit_status_and_json_are_the_verdict(self):
        seen = 0
        for name, args, expected in cases():
            if name == "bad-no-header":  # said before anything is judged
                self.assertIn(b"--hdr is needed", self.status(2, "verify", *args).stderr)
                continue
            result = self.judged(0 if expected == "good" else 1, *args)
            self.assertEqual(result["ok"], expected == "good", name)
            self.assertEqual(result.get("failed", "good"), expected, name)
            seen += 1
        self.assertGreater(seen, 125)

    def other_opinion(self, exchange, args):
        taken = dict(zip(args, args[1:]))
        return subprocess.run([sys.executable, OTHER, exchange, "--arpk", taken["--arpk"], "--hdr",
                               taken["--hdr"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False)

    def test_somebody_else_comes_to_the_same_verdict(self):
        """On what both judge: request, header and measurement."""
        same = ("measurement", "challenge.arpk", "challenge.version", "measurement.size",
                "additional.format")
        good = bad = 0
        for name, args, expected in cases():
            if expected != "good" and expected not in same or "-image" in name:
                continue
            if "--arpk" not in args or name == "good-label-of-another":  # which decides for extract
                continue
            exchange = args[-1]
            if exchange.suffix == ".cbor":
                self.status(0, "extract", "--directory", self.dir, exchange)
                exchange = self.dir / "exchange.bin"
            done = self.other_opinion(exchange, args)
            self.assertEqual(done.returncode, 0 if expected == "good" else 1,
                             (name, done.stdout, done.stderr))
            good, bad = good + (expected == "good"), bad + (expected != "good")
        self.assertTrue(good > 20 and bad > 15, (good, bad))

    def test_extract_gives_what_pvattest_reads(self):
        args = case("good-bound")
        listed = json.loads(self.status(0, "extract", "--json", "--directory", self.dir,
                                        args[-1]).stdout)
        self.assertEqual(listed["provider"], "se")
        names = {"measurement.bin", "additional.bin", "arcb.bin", "config_uid.bin",
                 "report_data.bin", "exchange.bin", "claims.cbor", "user_data.bin", "blind.bin"}
        self.assertEqual(set(listed["files"]), names)
        self.assertEqual({p.name for p in self.dir.iterdir()}, names)
        part = {p.name: p.read_bytes() for p in self.dir.iterdir()}
        self.assertEqual(len(part["measurement.bin"]), 64)
        self.assertTrue(part["report_data.bin"].endswith(b"teegate/bound/v1"))
        self.assertEqual(part["exchange.bin"][64:], part["arcb.bin"] + part["measurement.bin"] +
                         part["additional.bin"] + part["report_data.bin"] + part["config_uid.bin"])
        result = self.judged(0, *args[:4], self.dir / "exchange.bin")
        self.assertEqual(result["facts"]["report.report_data"], part["report_data.bin"].hex())

    def test_who_asked_and_what_is_proven(self):
        out = self.text(0, *case("good-bound"))
        self.assertIn("Who asked workload payments", out)
        self.assertIn("Your request flags 0x7c00000000000000", out)
        self.assertIn("The image that was given as expected", out)
        self.assertIn("VERDICT: GOOD", out)
        self.assertNotIn("NOT PROVEN", out)
        out = self.text(1, *case("bad-additional-secret-store-changed"))
        self.assertIn("What the report says, NOT PROVEN", out)
        self.assertIn("Your request", out)
        out = self.text(1, *case("bad-arcb-under-another-arpk"))
        self.assertIn("The request, NOT yours", out)

    def test_without_the_request_its_age_is_said_to_be_unknown(self):
        out = self.text(0, *case("good-least"))
        self.assertIn("NOT checked challenge.request the request itself was not given", out)
        self.assertIn("an old one perhaps", out)

    def test_host_keys_may_come_one_by_one(self):
        args = case("good-bound")
        pem = args[args.index("--host-key") + 1].read_text()
        cut = pem.index("-----BEGIN", 10)
        (self.dir / "a").write_text(pem[:cut].rstrip())
        (self.dir / "b").write_text(pem[cut:])
        both = ["--host-key", self.dir / "a", "--host-key", self.dir / "b"]
        least = args[:4]
        self.assertIn("ok host_keys", self.text(0, *least, *both, args[-1]))
        self.assertIn("FAILED host_keys", self.text(1, *least, *both[:2], args[-1]))

    def test_misuse_is_2_and_bad_files_are_4(self):
        args = case("good-bound")
        arpk, header, data = args[:2], args[2:4], args[-1]
        self.assertIn(b"--root is needed, or --arpk",
                      self.status(2, "verify", *header, data).stderr)
        self.assertIn(b"--hdr is needed", self.status(2, "verify", *arpk, data).stderr)
        for bad in (["--config-uid", "00"], ["--config-uid", "x" * 32], ["--config-uid", ""],
                    ["--nonce", "00" * 257]):
            self.status(2, "verify", *arpk, *header, *bad, data)
        for option in ("--arpk", "--hdr", "--request", "--host-key"):
            others = [*([] if option == "--arpk" else arpk), *header]
            self.status(4, "verify", *others, option, "/nonexistent", data)
            self.status(4, "verify", *others, option, "/dev/null", data)
        self.assertIn(b"once", self.status(2, "verify", *arpk, *arpk, *header, data).stderr)
        (self.dir / "arpk").write_bytes(bytes(33))
        self.assertIn(b"an ARPK has 32", self.status(
            4, "verify", "--arpk", self.dir / "arpk", *header, data).stderr)

    def test_an_arpk_is_no_anchor_for_others(self):
        vectors = HERE.parent / "vectors"
        args = case("good-bound")[:4]
        for file in ("snp/milan-v3/report.bin", "tdx/emr-v4/quote.bin"):
            out = self.text(1, *args, vectors / file)
            self.assertIn("VERDICT: BAD. evidence.provider: no trust anchor was given", out)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    EVIDENCE, TOOL = pathlib.Path(sys.argv.pop(2)), sys.argv.pop(1)
    unittest.main(verbosity=2)

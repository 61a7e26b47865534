#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegatectl verify with TDX quotes, from the outside: options, exit statuses, text, JSON.

    test-cli-tdx.py TEEGATECTL TDX-EVIDENCE-DIRECTORY

Evidence comes from make-tdx-evidence.py and tests/vectors. What is judged how, each mutation, is for
test-verify-tdx-evidence; here it is about getting there, and about being told.
"""

import json
import os
import pathlib
import subprocess
import sys
import unittest

TOOL = EVIDENCE = None
VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
ROOT = VECTORS / "roots/tdx/intel_sgx_root.pem"
REAL = VECTORS / "tdx/emr-v4"
MOMENT = "1780000000"  # NOW of make-tdx-evidence.py


def run(*args):
    env = dict(os.environ, LC_ALL="C.UTF-8")
    return subprocess.run([TOOL, "verify", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, env=env)


def cases():
    """Name, arguments, what is expected."""
    for line in (EVIDENCE / "cases.tsv").read_text().splitlines():
        name, _, data, root, collateral, options, expected = line.split("\t")
        args = ["--root", EVIDENCE / root, "--time", MOMENT]
        if collateral != "-":
            args += ["--collateral", EVIDENCE / collateral]
        for option in options.split(",") if options != "-" else []:
            key, _, value = option.partition("=")
            if key.startswith("rtmr"):
                key, value = "rtmr", key[4] + "=" + value
            elif key == "tcb-status":
                value = value.replace("+", ",")
            elif key in ("td-attributes", "xfam"):
                value = "/".join("0x" + part for part in value.split("/"))
            args += ["--" + key] + ([value] if value else [])
        yield name, args + [EVIDENCE / data], expected.split(",")[0]


def case(wanted):
    return next(args for name, args, _ in cases() if name == wanted)


class Test(unittest.TestCase):
    def status(self, status, *args):
        done = run(*args)
        self.assertEqual(done.returncode, status, (args, done.stdout[-2000:], done.stderr))
        return done

    def text(self, status, *args):
        out = self.status(status, *args).stdout.decode()
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertRegex(line, r"^[\x20-\x7e]*$")
        return " ".join(out.split())

    def judged(self, status, *args):
        return json.loads(self.status(status, "--json", *args).stdout)["results"][0]

    def test_exit_status_and_json_are_the_verdict(self):
        seen = set()
        for name, args, expected in cases():
            if expected in seen and not name.startswith("good"):
                continue
            seen.add(expected)
            result = self.judged(0 if expected == "good" else 1, *args)
            self.assertEqual(result["ok"], expected == "good", name)
            self.assertEqual(result.get("failed", "good"), expected, name)
        self.assertGreater(len(seen), 30)

    def test_a_real_quote_is_good_in_the_time_of_its_collateral(self):
        args = ["--root", ROOT, "--collateral", REAL / "collateral.json"]
        out = self.text(0, *args, "--time", "2025-07-01", REAL / "quote.bin")
        self.assertIn("VERDICT: GOOD", out)
        self.assertIn("TCB status UpToDate", out)
        self.text(1, *args, "--time", "2025-07-20", REAL / "quote.bin")
        self.text(1, *args, "--time", "2025-06-19T10:00:00Z", REAL / "quote.bin")
        self.text(1, *args, REAL / "quote.bin")  # today
        der = VECTORS / "roots/tdx/intel_sgx_root.der"
        self.text(0, *args, "--root", der, "--time", "2025-07-01", REAL / "quote.bin")

    def test_without_collateral_the_unknown_is_said(self):
        out = self.text(0, "--root", ROOT, "--time", "2025-07-01", REAL / "quote.bin")
        self.assertIn("WARN tcb.status without collateral nobody knows", out)
        self.assertIn("NOT checked collateral no collateral was given", out)

    def test_intels_sample_is_good_but_for_its_contents(self):
        sample = VECTORS / "tdx/intel-sample"
        args = ["--root", sample / "trustedRootCaCert.pem", "--time", "2023-11-14"]
        self.text(0, *args, "--xfam", "0/3", sample / "quote.bin")
        self.assertIn("VERDICT: BAD. td.xfam", self.text(1, *args, sample / "quote.bin"))

    def test_a_tdreport_is_refused_with_the_reason(self):
        out = self.text(1, "--root", ROOT, VECTORS / "tdx/azure-v4/tdreport.bin")
        self.assertIn("VERDICT: BAD. tdreport.mac: this is a TDREPORT", out)

    def test_software_firmware_is_said_loudly(self):
        out = self.text(0, *case("good-bound-v5"))
        self.assertIn("WARNING: THIS GUEST IS TAINTED: software firmware", out.replace("! ", ""))

    def test_events_are_shown_as_what_they_are(self):
        out = self.text(0, *case("good-bound-v4"))
        self.assertIn("Events of teegate 0 rtmr2 by claims ", out)
        self.assertNotIn("NOT PROVEN", out)
        out = self.text(1, *case("bad-log-event-twice"))
        self.assertIn("Events of teegate, NOT PROVEN", out)

    def test_the_status_is_named(self):
        result = self.judged(1, *case("bad-processor-out-of-date"))
        text = next(c["text"] for c in result["checks"] if c["name"] == "tcb.status")
        self.assertIn("OutOfDate", text)
        self.assertEqual(result["facts"]["tcb.status"], "OutOfDate")
        self.assertEqual(result["facts"]["tcb.advisory.0"], "INTEL-SA-00106")
        self.text(0, "--tcb-status", "SWHardeningNeeded,OutOfDate",
                  *case("bad-processor-out-of-date"))

    def test_misuse_is_2(self):
        for args in (["--tcb-status", "Revoked"], ["--tcb-status", "Fine"],
                     ["--tcb-status", "OutOfDate,"], ["--tcb-status", ""],
                     ["--rtmr", "00" * 48], ["--rtmr", "4=" + "00" * 48], ["--rtmr", "0=00"],
                     ["--rtmr", "0"], ["--rtmr", ""], ["--xfam", "x"], ["--xfam", "-1"],
                     ["--xfam", "4/3"], ["--xfam", "1/"], ["--xfam", ""],
                     ["--td-attributes", "0x1ffffffffffffffff"], ["--td-attributes", "1/2/3"]):
            self.status(2, "--root", ROOT, *args, REAL / "quote.bin")

    def test_unreadable_collateral_is_4(self):
        for file in ("/nonexistent", "/dev/null"):
            self.status(4, "--root", ROOT, "--collateral", file, REAL / "quote.bin")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    EVIDENCE, TOOL = pathlib.Path(sys.argv.pop(2)), sys.argv.pop(1)
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegatectl from the outside: exit statuses, text, JSON, files.

    test-cli.py TEEGATECTL EVIDENCE-DIRECTORY

No TEE is needed: evidence comes from make-evidence.py and tests/vectors, devices from libtee's
fake transport, and doctor looks at a made-up system.
"""

import base64
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = EVIDENCE = None
VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
COMMANDS = ("info", "report", "verify", "extract", "extend", "seal", "unseal", "reseal", "inspect",
            "derive-key", "secret", "policy", "leases", "events", "top", "doctor")


def run(*args, data=None, **more):
    env = dict(os.environ, LC_ALL="C.UTF-8")
    env.pop("TEE_LEASE_FD", None)
    return subprocess.run([TOOL, *map(str, args)], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, env=env, **more)


def cases():
    for line in (EVIDENCE / "cases.tsv").read_text().splitlines():
        name, kind, data, root, leaf, ask, crl, options, expected = line.split("\t")
        args = ["--root", EVIDENCE / root]
        for option, value in (("--vcek", leaf), ("--ask", ask), ("--crl", crl)):
            if value != "-":
                args += [option, EVIDENCE / value]
        for option in options.split(",") if options != "-" else []:
            key, has_value, value = option.partition("=")
            if key == "time":
                value = str(int(time.time()) + 86400 * int(value))
            args += ["--" + key] + ([value] if has_value else [])
        yield name, kind, EVIDENCE / data, args, expected.split(",")[0]


def case(wanted):
    return next((data, args) for name, _, data, args, _ in cases() if name == wanted)


class Test(unittest.TestCase):
    def status(self, status, *args, **more):
        done = run(*args, **more)
        self.assertEqual(done.returncode, status, (args, done.stdout[-2000:], done.stderr))
        if status:
            self.assertTrue(done.stderr or done.stdout)
        return done

    def text(self, status, *args, **more):
        out = self.status(status, *args, **more).stdout.decode()
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertRegex(line, r"^[\x20-\x7e]*$")
        return out


class TestCommandLine(Test):
    def test_help_and_version_succeed(self):
        listed = self.text(0, "--help").split("Commands:\n")[1].split("\n\n")[0]
        self.assertEqual(tuple(line.split()[0] for line in listed.splitlines()), COMMANDS)
        self.assertRegex(self.text(0, "--version"), r"^teegatectl \d+\.\d+")
        for command in COMMANDS:
            for word in ("Usage: teegatectl " + command, "--json", "--help", "Exit status"):
                self.assertIn(word, self.text(0, command, "--help"))
            self.assertEqual(self.text(0, "help", command), self.text(0, command, "--help"))

    def test_misuse_is_2(self):
        root = VECTORS / "roots/snp/milan_ask_ark.pem"
        for args in ([], ["nonsense"], ["help", "nonsense"], ["info", "--nonsense"], ["info", "x"],
                     ["doctor", "x"], ["extract"], ["extract", "a", "b"], ["report", "x"],
                     ["report", "--nonce", "0"], ["report", "--nonce", "zz"],
                     ["report", "--nonce", "00" * 65], ["report", "--timeout", "0"],
                     ["report", "--timeout", "601"], ["extend"], ["extend", "--index", "2"],
                     ["extend", "x"], ["extend", "--index", "1", "x"],
                     ["extend", "--index", "4", "x"], ["extend", "--index", "x", "x"],
                     ["extend", "--index", "2", "--timeout", "0", "x"],
                     ["extend", "--index", "2", "/dev/null"], ["verify"], ["verify", "x"],
                     ["verify", "--root", root], ["verify", "--nonce", "0", "x"],
                     ["verify", "--measurement", "00", "x"], ["verify", "--min-tcb", "00", "x"],
                     ["verify", "--min-tcb", "bl=256", "x"], ["verify", "--min-tcb", "x=1", "x"],
                     ["verify", "--min-tcb", "bl=1,bl=2", "x"], ["verify", "--min-tcb", "bl", "x"],
                     ["verify", "--vmpl", "4", "x"], ["verify", "--vmpl", "-1", "x"],
                     ["verify", "--product", "Rome", "x"], ["verify", "--time", "yesterday", "x"],
                     ["verify", "--time", "2026-13-01", "x"], ["verify", "--time", "0", "x"],
                     ["verify", "--time", "2026-01-01T00:00:00", "x"],
                     ["verify", "--min-svn", "-1", "x"],
                     ["info", "--target", "nonsense:"]):
            self.status(2, *args)

    def test_unreadable_files_are_4(self):
        data, args = case("good-milan")
        self.status(4, "verify", *args, "/nonexistent")
        self.status(4, "verify", "--root", "/nonexistent", data)
        self.status(4, "verify", "--root", "/dev/null", data)
        self.status(4, "extract", "/nonexistent")
        self.status(4, "extend", "--index", "2", "/nonexistent")
        self.status(4, "report", "--target", "fake:", "--output", "/nonexistent/file")

    def test_a_full_disk_is_noticed(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 4)
        self.status(4, "report", "--target", "fake:", "--output", "/dev/full")


class TestVerify(Test):
    def test_exit_status_and_json_are_the_verdict(self):
        seen = set()
        for name, _, data, args, expected in cases():
            if expected in seen and not name.startswith("good"):
                continue
            seen.add(expected)
            done = self.status(0 if expected == "good" else 1, "verify", "--json", *args, data)
            whole = json.loads(done.stdout)
            result = whole["results"][0]
            self.assertEqual(whole["ok"], expected == "good", name)
            self.assertEqual(result["ok"], expected == "good", name)
            self.assertEqual(result.get("failed", "good"), expected, name)
            if expected != "good":
                failed = [c for c in result["checks"] if c["result"] == "failed"]
                self.assertEqual(failed[0]["name"], expected)
                self.assertTrue(failed[0]["text"])

    def test_text_names_the_failed_check(self):
        for wanted in ("bad-nonce", "bad-other-claims", "bad-policy-debug", "table-foreign-ark",
                       "forged-pkcs1", "crl-revoked", "bad-claims-duplicate"):
            data, args = case(wanted)
            expected = next(e for name, *_, e in cases() if name == wanted)
            text = self.text(1, "verify", *args, data)
            self.assertRegex(text, r"VERDICT: BAD\. %s:" % re.escape(expected))
            self.assertIn("FAILED %s" % expected, text)

    def test_real_reports_verify_under_amds_roots(self):
        for name, root, leaf, more in (
                ("milan-v2", "milan", "vcek.der", ["--allow-debug"]),
                ("milan-v3", "milan", "vcek.der", []), ("genoa-v3", "genoa", "vcek.pem", [])):
            args = ["verify", "--root", VECTORS / ("roots/snp/%s_ask_ark.pem" % root), "--vcek",
                    VECTORS / "snp" / name / leaf, "--time", "2025-06-15", *more]
            report = VECTORS / "snp" / name / "report.bin"
            self.assertIn("VERDICT: GOOD", self.text(0, *args, report))
            self.status(1, *args[:-2 - len(more)], "--time", "2035-01-01", *more, report)
            flipped = bytearray(report.read_bytes())
            flipped[0x90] ^= 1
            text = self.text(1, *args, "-", data=bytes(flipped))
            self.assertIn("VERDICT: BAD. signature:", text)
            self.assertIn("NOT PROVEN", text)

    def test_software_firmware_is_loud(self):
        data, args = case("good-milan")
        text = self.text(0, "verify", *args, data)
        self.assertIn("!!! WARNING: THIS GUEST IS TAINTED: software firmware", text)
        self.assertIn("WARN   claims.taint", text)
        self.assertEqual(json.loads(self.status(0, "verify", "--json", *args, data).stdout)
                         ["results"][0]["taint"], "software firmware")
        data, args = case("good-clean")
        self.assertNotIn("!!!", self.text(0, "verify", *args, data))

    def test_what_was_not_checked_is_said(self):
        data, args = case("good-clean")
        text = self.text(0, "verify", *args, data)
        left_out = text[text.index("NOT checked"):]
        for check in ("crl", "nonce", "workload", "measurement", "min_tcb", "guest_svn", "product"):
            self.assertRegex(left_out, r"(?m)^  %s +no " % check)

    def test_who_vouches_is_said_and_asked(self):
        image = "sha256:" + bytes(range(32)).hex()
        data, args = case("good-image")
        flat = "".join(self.text(0, "verify", *args, "--image-digest", image, data).split())
        self.assertIn("%s(saystheguest'scontainerruntime)" % image, flat)
        self.assertIn("okimagetheimageistheexpectedone,onthewordofruntime:root", flat)
        self.assertNotIn("voucher", flat)
        other = "sha256:" + bytes(reversed(range(32))).hex()
        self.assertIn("VERDICT: BAD. image:", self.text(1, "verify", *args, "--image-digest", other, data))

        data, args = case("good-image-not-asked")
        flat = "".join(self.text(1, "verify", *args, "--image-digest", image, data).split())
        self.assertIn("(saysuser1000oftheguest,forhimself)", flat)
        self.assertIn("onlyonthewordofruntime:uid:1000", flat)
        self.text(0, "verify", *args, "--image-digest", image, "--image-voucher", "runtime:uid:1000", data)
        self.text(1, "verify", *args, "--image-digest", image, "--image-voucher", "runtime:uid:1001", data)

        for wrong in ("", "sha256", "sha256:", ":00", "sha256:XX", "sha256:" + "AB" * 32):
            self.status(2, "verify", *args, "--image-digest", wrong, data)
        self.status(2, "verify", *args, "--image-voucher", "runtime:uid:1000", data)

    def test_nothing_unprintable_comes_out(self):
        data, args = case("good-nasty")
        text = self.text(0, "verify", *args, data)
        self.assertIn(r"\x1b[31m\x0d\x0a\x00\xc2\x9b\xff\x5c", re.sub(r"\n +", "", text))
        out = self.status(0, "verify", "--json", *args, data).stdout
        self.assertRegex(out, rb"\A[\x20-\x7e\n]*\Z")
        self.text(1, "verify", *args, "--workload", "x", data)

    def test_min_tcb_by_parts(self):
        data, args = case("good-clean")
        parts = json.loads((EVIDENCE / "milan/chip.json").read_text())["reported_tcb_parts"]
        exact = "bl=%(bl)d,tee=%(tee)d,snp=%(snp)d,ucode=%(ucode)d" % parts
        self.assertIn("ok     min_tcb", self.text(0, "verify", *args, "--min-tcb", exact, data))
        self.text(0, "verify", *args, "--min-tcb", "snp=%d" % parts["snp"], data)
        self.text(1, "verify", *args, "--min-tcb", "snp=%d" % (parts["snp"] + 1), data)
        self.status(2, "verify", *args, "--min-tcb", "fmc=1", data)
        data, args = case("good-turin")
        self.text(0, "verify", *args, "--min-tcb", "fmc=1,ucode=0x51", data)
        self.text(1, "verify", *args, "--min-tcb", "fmc=2", data)

    def test_times(self):
        data, args = case("good-clean")
        now = time.gmtime()
        for text in (time.strftime("%Y-%m-%d", now), time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
                     time.strftime("%Y-%m-%dT%H:%M:%S.5+01:30", now), str(int(time.time()))):
            self.text(0, "verify", *args, "--time", text, data)
        self.assertIn("has expired", self.text(1, "verify", *args, "--time", "2100-01-01", data))

    def test_several_files_and_standard_input(self):
        data, args = case("good-clean")
        bad, _ = case("bad-other-claims")
        whole = json.loads(self.status(1, "verify", "--json", *args, data, bad, data).stdout)
        self.assertEqual([r["ok"] for r in whole["results"]], [True, False, True])
        self.assertFalse(whole["ok"])
        self.text(0, "verify", *args, "-", data=data.read_bytes())
        self.assertEqual(run("verify", "--quiet", *args, data).stdout, b"")
        self.assertEqual(run("verify", "--quiet", *args, bad).returncode, 1)


def cbor_bytes(data):
    return b"\x59" + struct.pack(">H", len(data)) + data


def tdx_evidence(report, log=None):
    """Raw evidence of TDX as doc/evidence.cddl has it, written by hand; lengths of 256 and more."""
    item = b"\x01\x01\x02\x63tdx\x03" + cbor_bytes(report)
    return (b"\xa4" + item + b"\x06" + cbor_bytes(log)) if log else b"\xa3" + item


QUOTE = struct.pack("<HHI", 4, 2, 0x81) + bytes(4998)
TDREPORT = b"\x81" + bytes(1023)
LOG = bytes(range(256)) * 2


class TestReportAndExtract(Test):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.scratch.name)
        self.addCleanup(self.scratch.cleanup)

    def fake(self, evidence):
        (self.dir / "fake.cbor").write_bytes(evidence)
        return "fake:%s" % (self.dir / "fake.cbor")

    def test_a_quote_is_told_with_its_event_log(self):
        for report, log, kind in ((QUOTE, LOG, "quote"), (QUOTE, None, "quote"),
                                  (TDREPORT, LOG, "tdreport")):
            args = ("report", "--raw", "--target", self.fake(tdx_evidence(report, log)),
                    "--output", self.dir / "out.cbor")
            told = json.loads(self.status(0, *args, "--json").stdout)
            self.assertEqual((told["provider"], told["kind"]), ("tdx", kind))
            self.assertEqual(told["reportBytes"], len(report))
            self.assertEqual(told["eventLogBytes"], len(log or b""))
            self.assertEqual(told["certificateBytes"], 0)
            text = self.text(0, *args)
            self.assertRegex(text, r"(?m)^  %s +%d bytes$" % (kind, len(report)))
            self.assertRegex(text, r"(?m)^  event log +%s" % ("512 bytes$" if log else "none: "))
            self.assertNotIn("certificates", text)
            self.assertNotIn("event log", self.text(0, *args, "--no-event-log"))

    def test_extract_names_quote_tdreport_and_event_log(self):
        for number, (report, log, names) in enumerate((
                (QUOTE, LOG, {"quote.bin", "eventlog.bin"}), (QUOTE, None, {"quote.bin"}),
                (TDREPORT, LOG, {"tdreport.bin", "eventlog.bin"}))):
            out = self.dir / str(number)
            listed = json.loads(self.status(0, "extract", "--json", "--directory", out, "-",
                                            data=tdx_evidence(report, log)).stdout)
            self.assertEqual(listed["provider"], "tdx")
            self.assertEqual(set(listed["files"]), names)
            self.assertEqual({p.name for p in out.iterdir()}, names)
            (name,) = names - {"eventlog.bin"}
            self.assertEqual((out / name).read_bytes(), report)
            if log:
                self.assertEqual((out / "eventlog.bin").read_bytes(), log)

    def test_extend_asks_for_one_event_of_the_right_size(self):
        for size in (0, 1025):
            done = self.status(2, "extend", "--target", "fake:", "--index", "2", "-",
                               data=bytes(size))
            self.assertIn(b"1 to 1024", done.stderr)
        for size in (1, 1024):
            done = self.status(3, "extend", "--target", "fake:", "--index", "3", "-",
                               data=bytes(size))
            self.assertIn(b"no runtime measurement registers", done.stderr)

    def test_report_goes_where_it_is_told(self):
        out = self.dir / "evidence.cbor"
        text = self.text(0, "report", "--target", "fake:", "--nonce", "c0ffee", "--output", out)
        self.assertIn("bound", text)
        self.assertIn(b"\xc0\xff\xee", out.read_bytes())
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(out.stat().st_mode & 0o777, 0o666 & ~mask)
        self.assertEqual([p.name for p in self.dir.iterdir()], ["evidence.cbor"])
        direct = self.status(0, "report", "--target", "fake:", "--nonce", "c0ffee").stdout
        self.assertEqual(len(direct), out.stat().st_size)
        told = json.loads(self.status(0, "report", "--json", "--target", "fake:").stdout)
        self.assertTrue(told["bound"])
        self.assertEqual(len(base64.b64decode(told["evidence"])), told["evidenceBytes"])
        told = json.loads(self.status(0, "report", "--json", "--target", "fake:", "--raw",
                                      "--output", out).stdout)
        self.assertEqual((told["bound"], told["output"]), (False, str(out)))

    def test_a_terminal_gets_no_binary(self):
        main, side = pty.openpty()
        done = subprocess.run([TOOL, "report", "--target", "fake:"], stdout=side,
                              stderr=subprocess.PIPE, check=False)
        os.close(side)
        os.close(main)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--output", done.stderr)

    def test_extract_takes_apart_what_verifies(self):
        data, _ = case("good-milan")
        out = self.dir / "parts"
        text = self.text(0, "extract", "--directory", out, data)
        self.assertIn("nothing was verified", re.sub(r"\s+", " ", text))
        for name in ("vcek", "ask", "ark"):
            self.assertEqual((out / (name + ".der")).read_bytes(),
                             (EVIDENCE / "milan" / (name + ".der")).read_bytes())
        self.assertEqual((out / "certs.bin").read_bytes(),
                         (EVIDENCE / "milan/certs.bin").read_bytes())
        self.assertEqual((out / "user_data.bin").read_bytes(), bytes(range(0x20, 0x40)))
        self.text(0, "verify", "--root", out / "ark.der", "--vcek", out / "vcek.der", "--ask",
                  out / "ask.der", out / "report.bin")
        listed = json.loads(self.status(0, "extract", "--json", "--directory", out, data).stdout)
        self.assertEqual(listed["files"]["report.bin"], 1184)

    def test_extract_survives_a_hostile_table(self):
        for name in ("table-offset-outside", "table-length-outside", "table-wraps", "table-short",
                     "table-into-header"):
            self.status(0, "extract", "--directory", self.dir / name, case(name)[0])

    def test_extract_refuses_what_is_no_evidence(self):
        self.status(1, "extract", "--directory", self.dir, case("bad-garbage")[0])
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_info(self):
        text = self.text(0, "info", "--target", "fake:")
        self.assertIn("SOFTWARE FIRMWARE", text)
        told = json.loads(self.status(0, "info", "--json", "--target", "fake:").stdout)
        self.assertEqual((told["provider"], told["softwareFirmware"]), ("sev-snp", True))
        self.assertEqual((told["inFlight"], told["quarantined"], told["inFlightMax"]), (0, 0, 0))
        self.assertNotIn("in flight", text)

    def test_what_nobody_was_asked_for_is_said_to_be_made_up(self):
        out = self.dir / "evidence.cbor"
        done = self.status(0, "report", "--target", "fake:", "--output", out)
        self.assertIn(b"made up", done.stderr)
        done = self.status(0, "report", "--target", f"fake:{out}")
        self.assertIn(b"comes from a file", done.stderr)
        self.assertEqual(done.stdout, out.read_bytes())

    def test_a_challenge_is_answered_in_both_formats(self):
        arcb, out, exchange = (self.dir / name for name in ("arcb", "evidence.cbor", "exchange.bin"))
        arcb.write_bytes(bytes(range(100)))
        ask = ("report", "--target", "fake:", "--nonce", "c0ffee", "--output", out)
        text = self.text(0, *ask, "--challenge", arcb, "--exchange", exchange)
        self.assertIn("only whoever made that challenge", text)
        self.assertEqual(exchange.read_bytes()[:8], b"pvattest")
        self.assertIn(arcb.read_bytes(), exchange.read_bytes())
        self.assertIn(arcb.read_bytes(), out.read_bytes())
        # An exchange file is a challenge, too: its request is answered, not the file.
        again = self.dir / "again.bin"
        told = json.loads(self.status(0, *ask, "--challenge", exchange, "--exchange", again,
                                      "--json").stdout)
        self.assertEqual((told["provider"], told["challengeBytes"]), ("se", 100))
        self.assertEqual(again.read_bytes(), exchange.read_bytes())

    def test_a_bad_challenge_is_refused(self):
        out, file = self.dir / "evidence.cbor", self.dir / "challenge"
        ask = ("report", "--target", "fake:", "--output", out)
        for data in (b"", b"pvattest", b"pvattest" + bytes(100), bytes((1 << 20) + 1)):
            file.write_bytes(data)
            self.status(4, *ask, "--challenge", file)
        self.status(4, *ask, "--challenge", self.dir / "nothing")
        self.status(2, *ask, "--exchange", self.dir / "exchange.bin")
        file.write_bytes(b"arcb")
        self.status(2, *ask, "--challenge", file, "--nonce", "00" * 65)
        self.status(2, *ask, "--challenge", file, "--raw", "--nonce", "00" * 257)
        self.assertEqual(list(self.dir.iterdir()), [file])
        self.status(0, *ask, "--challenge", file, "--raw", "--nonce", "00" * 256)

    def test_secrets_are_locked_on_purpose_only(self):
        self.status(2, "secret")
        self.status(2, "secret", "lock")
        self.status(2, "secret", "list", "--irreversible")
        self.status(2, "secret", "add")
        self.status(2, "secret", "steal")
        file = self.dir / "request"
        file.write_bytes(b"request")
        for what in (["add", file], ["list"], ["lock", "--irreversible"]):
            done = self.status(1, "secret", *what, "--target", "fake:")
            self.assertIn(b"the administrator's", done.stderr)
            self.status(3, "secret", *what, "--target", "device:/nonexistent")

    def test_no_tee_is_3(self):
        for command in (["info"], ["report"], ["extend", "--index", "2", "-"]):
            done = self.status(3, *command, "--target", "broker:/nonexistent/socket", data=b"e")
            self.assertTrue(done.stderr.startswith(b"teegatectl: "))


    def test_all_complaints_begin_alike(self):
        for command in COMMANDS:
            for wrong in ("--nonsense", "--help=x"):
                done = self.status(2, command, wrong)
                self.assertTrue(done.stderr.startswith(f"teegatectl {command}: ".encode()), done.stderr)


class TestDoctor(Test):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.root = root = pathlib.Path(self.scratch.name)
        for path in ("sys/module/teegate", "sys/module/sev_guest", "dev", "proc/1/fd", "proc/77/fd",
                     "etc/teegate/workloads.d", "run/teegate"):
            (root / path).mkdir(parents=True)
        for node in ("teegate", "sev-guest"):
            (root / "dev" / node).touch(mode=0o600)
        (root / "etc/teegate/workloads.d/a.conf").touch()
        (root / "proc/77/comm").write_text("evil\x1b[31m\n")
        (root / "proc/1/fd/0").symlink_to("/dev/null")
        os.chmod(root / "etc/teegate/workloads.d", 0o755)
        # A path longer than a socket's name may be has to be bound from inside.
        here = os.getcwd()
        os.chdir(root / "run/teegate")
        import socket  # pylint: disable=import-outside-toplevel
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind("broker.sock")
        self.addCleanup(self.socket.close)
        os.chdir(here)

    def examine(self, status):
        whole = json.loads(self.status(status, "doctor", "--json", "--sysroot", self.root).stdout)
        self.assertEqual(whole["healthy"], status == 0)
        self.text(status, "doctor", "--sysroot", self.root)
        return whole

    def problem(self, what):
        """Exactly this problem is found, and it comes with advice."""
        problems = [f for f in self.examine(1)["findings"] if f["level"] == "problem"]
        self.assertEqual([f["what"] for f in problems], [what])
        self.assertTrue(problems[0]["advice"])
        return problems[0]["text"]

    def test_a_healthy_system_is_healthy(self):
        self.assertFalse(self.examine(0)["softwareFirmware"])

    def test_a_missing_module(self):
        (self.root / "sys/module/teegate").rmdir()
        self.problem("module.teegate")

    def test_a_missing_device(self):
        (self.root / "dev/teegate").unlink()
        self.problem("device.teegate")

    def test_an_open_stock_device(self):
        os.chmod(self.root / "dev/sev-guest", 0o660)
        self.problem("device.stock")

    def test_a_holder_of_the_stock_device(self):
        (self.root / "proc/77/fd/5").symlink_to("/dev/sev-guest")
        self.assertIn(r"77 (evil\x1b[31m) holds /dev/sev-guest", self.problem("holders"))

    def test_a_writable_measurement_register(self):
        where = self.root / "sys/devices/virtual/misc/tdx_guest/measurements"
        where.mkdir(parents=True)
        for name, mode in (("rtmr0:sha384", 0o444), ("rtmr2:sha384", 0o644)):
            (where / name).touch()
            os.chmod(where / name, mode)
        self.examine(0)
        os.chmod(where / "rtmr2:sha384", 0o664)
        self.assertIn("rtmr2:sha384", self.problem("measurements"))

    def test_what_the_kernel_can_do_in_a_tdx_guest(self):
        (self.root / "proc/sys/kernel").mkdir(parents=True)
        release = self.root / "proc/sys/kernel/osrelease"
        (self.root / "proc/cpuinfo").write_text("processor : 0\nflags\t\t: fpu tdx_guest sse\n")
        for version, level in (("6.6.1-a", "problem"), ("6.7.0", "note"), ("6.12.117", "note"),
                               ("6.16.0", "ok"), ("7.3.4", "ok")):
            release.write_text(version + "\n")
            found = self.examine(1 if level == "problem" else 0)["findings"]
            self.assertEqual([f["level"] for f in found if f["what"] == "kernel.tdx"], [level])
        (self.root / "proc/cpuinfo").write_text("flags\t\t: fpu sse\n")
        release.write_text("6.6.1\n")
        self.assertNotIn("kernel.tdx", [f["what"] for f in self.examine(0)["findings"]])

    def test_a_machine_without_a_tee(self):
        (self.root / "proc/cpuinfo").write_text("flags\t\t: fpu tdx_guest sse\n")
        self.assertNotIn("machine", [f["what"] for f in self.examine(0)["findings"]])
        (self.root / "proc/cpuinfo").write_text("flags\t\t: fpu sse\n")
        self.assertNotIn("machine", [f["what"] for f in self.examine(0)["findings"]])
        (self.root / "sys/module/sev_guest").rmdir()
        (self.root / "dev/sev-guest").unlink()
        self.assertEqual(self.examine(0)["findings"][0]["what"], "machine")
        (self.root / "sys/bus/platform/devices/sev-guest").mkdir(parents=True)
        self.assertNotIn("machine", [f["what"] for f in self.examine(0)["findings"]])

    def test_what_ibm_z_is_to_the_ultravisor(self):
        for path in ("proc/sys/kernel", "sys/firmware/uv", "lib/modules/6.12.95"):
            (self.root / path).mkdir(parents=True)
        (self.root / "proc/sys/kernel/osrelease").write_text("6.12.95\n")
        guest = self.root / "sys/firmware/uv/prot_virt_guest"
        for facilities, sysfs, level in (("0 1 157 159", "1", "problem"), ("0 158 159", "1", "ok"),
                                         ("0 158", "1", "ok"), ("0 158 159", "0", "problem"),
                                         ("0 158 159", None, "note")):
            (self.root / "proc/cpuinfo").write_text(
                f"vendor_id       : IBM/S390\nfacilities      : {facilities}\n")
            guest.unlink(missing_ok=True)
            if sysfs:
                guest.write_text(sysfs + "\n")
            found = self.examine(1 if level == "problem" else 0)["findings"]
            self.assertEqual([f["level"] for f in found if f["what"] == "machine.se"], [level])
        # What other machines have is not looked for.
        self.assertFalse({"configfs-tsm", "kernel.tdx"} & {f["what"] for f in found})
        alias = self.root / "lib/modules/6.12.95/modules.alias"
        for line, level in (("alias cpu:type:*:feature:*009E* uvdevice", "note"),
                            ("alias cpu:type:*:feature:*009E* teegate", "ok")):
            alias.write_text(line + "\n")
            found = self.examine(0)["findings"]
            self.assertEqual([f["level"] for f in found if f["what"] == "autoload"], [level])
        (self.root / "proc/cpuinfo").write_text("vendor_id\t: GenuineIntel\nflags\t\t: fpu sse\n")
        self.assertFalse({"machine.se", "autoload"} & {f["what"] for f in self.examine(0)["findings"]})

    def test_a_holder_of_the_tdx_device(self):
        (self.root / "proc/77/fd/5").symlink_to("/dev/tdx_guest")
        self.assertIn("holds /dev/tdx_guest", self.problem("holders"))

    def test_an_open_tdx_device(self):
        (self.root / "dev/tdx_guest").touch()
        os.chmod(self.root / "dev/tdx_guest", 0o666)
        self.problem("device.stock")

    def test_a_missing_socket(self):
        (self.root / "run/teegate/broker.sock").unlink()
        self.problem("broker.socket")

    def test_a_file_in_place_of_the_socket(self):
        (self.root / "run/teegate/broker.sock").unlink()
        (self.root / "run/teegate/broker.sock").touch()
        self.problem("broker.socket")

    def test_no_policy(self):
        (self.root / "etc/teegate/workloads.d/a.conf").unlink()
        self.assertIn("nobody is allowed anything", self.problem("policy"))

    def test_a_policy_that_others_may_write(self):
        os.chmod(self.root / "etc/teegate/workloads.d", 0o775)
        self.problem("policy.owner")

    def test_software_firmware_is_loud(self):
        for name in ("softfw", "softtdx", "softuv"):
            module = self.root / f"sys/module/teegate_{name}"
            module.mkdir()
            self.assertTrue(self.examine(0)["softwareFirmware"])
            self.assertIn("!!! WARNING: SOFTWARE FIRMWARE",
                          self.text(0, "doctor", "--sysroot", self.root))
            module.rmdir()
        self.assertFalse(self.examine(0)["softwareFirmware"])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    TOOL, EVIDENCE = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)

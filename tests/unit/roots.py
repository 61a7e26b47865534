#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegate-root, without a module and a TEE (fake-roots.c plays both), but with a TPM and a key broker.

    roots.py TEEGATE-ROOT TEEGATECTL EVIDENCE

The TPM is swtpm, the broker tests/kbs/kbs, which judges evidence of a simulated chip by
teegatectl. With TEEGATE-ROOT that has the fakes built in.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import ending

TOP = pathlib.Path(__file__).resolve().parents[2]
RESOURCE = "default/teegate/root"
GUID = "736870e5-84f0-4973-92ec-06879ce3da0b"
TPM, LAUNCH_SECRET, KEY_BROKER, DEVELOPMENT = 3, 4, 5, 6
# A process that cannot be looked into cannot look for its leaks either.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"


def root_id(root):
    """As doc/keys.md has it, by the standard library alone."""
    prk = hmac.new(b"teegate/key/v1", root, hashlib.sha384).digest()
    return hmac.new(prk, b"teegate/root-id/v1\x01", hashlib.sha384).digest()[:16].hex()


def moment(i):
    """When the i-th one is killed: at steps that grow, so that a machine of any speed comes to the end."""
    return 0.02 * i if i < 40 else 0.8 * 1.05 ** (i - 40)


def wait_until(condition, what):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError(what)


def wait_for(path):
    wait_until(path.exists, path)


def listens(path):
    """That it has a name does not say so yet."""
    return any(line.endswith(f" {path}") and line.split()[3] == "00010000"    # __SO_ACCEPTCON
               for line in pathlib.Path("/proc/net/unix").read_text().splitlines())


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.env = {**os.environ, "FAKE_ROOTS": str(self.dir / "installed")}

    def config(self, text):
        (self.dir / "roots.conf").write_text(text)

    def run_root(self, *args, **env):
        done = subprocess.run([TOOL, *args, "--config", self.dir / "roots.conf"], capture_output=True, text=True,
                              check=False, timeout=900, env={**self.env, **env})
        done.text = done.stdout + done.stderr
        return done

    def good(self, *args, **env):
        done = self.run_root(*args, **env)
        self.assertEqual(done.returncode, 0, done.text)
        return done

    def bad(self, pattern, *args, status=1, **env):
        done = self.run_root(*args, **env)
        self.assertEqual(done.returncode, status, done.text)
        self.assertRegex(done.text, pattern)
        return done

    def installed(self):
        """[(source, unseal only, root)]"""
        path = self.dir / "installed"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [(int(s), f == "1", bytes.fromhex(r)) for s, f, r in (line.split() for line in lines)]

    def forget(self):
        (self.dir / "installed").unlink(missing_ok=True)

    def make_file(self, name, data, mode=0o600):
        path = self.dir / name
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def nothing_leaks(self, done, root):
        for form in (root.hex(), str(root)[2:-1]):
            self.assertNotIn(form, done.text)

    def installs_and_leaves_nothing(self):
        """In its memory, when it has installed a root; its own arguments are there."""
        if os.geteuid():
            self.skipTest("takes root")
        config = str(self.dir / "roots.conf")
        self.forget()
        status, memory = ending.run([TOOL, "install", "--config", config], self.env, stderr=subprocess.DEVNULL)
        self.assertEqual(status, 0)
        self.assertGreater(ending.parts_left(memory, config.encode()), 0)
        self.assertEqual(ending.parts_left(memory, self.installed()[0][2]), 0)


class TestConfiguration(Test):
    def test_without_a_root_the_sources_and_how_to_configure_them_are_named(self):
        self.config("# nothing\n")
        for done in (self.bad("no root is configured", "install", status=78), self.good("sources")):
            for name in ("tpm", "launch-secret", "key-broker", "development"):
                self.assertRegex(done.text, f"(?m)^  {name} ")
                self.assertIn(f"[Root main]\nSource={name}\n", done.text)
            self.assertIn("/etc/teegate/roots.conf", done.text)
        (self.dir / "roots.conf").unlink()
        self.bad("No such file[^$]*Source=tpm", "install", status=78)

    def test_what_is_shown_as_an_example_is_taken(self):
        sections = self.good("sources").stdout.split("\n\n")[1:-1]
        self.assertEqual(len(sections), 4)
        for section in sections:
            self.config(section + "\n")
            self.assertEqual(self.good("check").stdout, "1 root\n")

    def test_a_slip_of_the_pen_is_named_with_its_line(self):
        good = "[Root main]\nSource=tpm\nBlob=/x\n"
        self.config(good)
        self.good("check")
        for text, what in (
                ("[Roots]\n", r":1: there is no section \[Roots\]"),
                ("Source=tpm\n", ":1: a setting must be in a section"),
                (good + "Blop=/x\n", ":4: there is no setting Blop="),
                ("[Root main]\nBlob=/x\n", r"\[Root main\] has no Source="),
                ("[Root main]\nSource=tmp\n", ":2: Source=tmp: must be one of tpm, launch-secret"),
                ("[Root main]\nSource=tpm\n", r"\[Root main\] has no Blob="),
                (good + "GUID=" + GUID + "\n", "has GUID=, which is not for Source=tpm"),
                (good + "Pcrs=sha256:24\n", "Pcrs=sha256:24: must be like"),
                (good + "Pcrs=7\n", "Pcrs=7: must be like"),
                (good + "Pcrs=sha1:7\n", "Pcrs=sha1:7: must be like"),
                (good + "UnsealOnly=maybe\n", ":4: UnsealOnly=maybe: must be yes or no"),
                (good + " more\n", ":4: a line must not begin with a space"),
                ("[Root a b]\nSource=tpm\n", "the name of a root is of letters"),
                (good + good.replace("main", "other"), r"\[Root other\]: only one root can be active"),
                ("[Root main]\nSource=tpm\nBlob=x\n", "Blob= must be an absolute path"),
                (f"[Root main]\nSource=launch-secret\nGUID=../{GUID}\n", "GUID=../.*: must be one like"),
                ("[Root main]\nSource=key-broker\nUrl=http://a\nResource=a/b/c\n", "Url= must begin with https"),
                ("[Root main]\nSource=key-broker\nUrl=https://a\nResource=a/../c\n", "Resource=.*: must be REP"),
                ("[Root main]\nSource=key-broker\nUrl=https://a\nResource=a/b\n", "Resource=.*: must be REP"),
                ("[Root main]\nSource=development\nFile=/x\n", "only with Enable=yes")):
            self.config(text)
            self.bad(what, "check", status=78)
            self.bad(what, "install", status=78)

    def test_a_configuration_that_others_may_write_is_refused(self):
        self.config("[Root main]\nSource=tpm\nBlob=/x\n")
        (self.dir / "roots.conf").chmod(0o620)
        self.bad("nobody else may write it", "check", status=78)
        (self.dir / "roots.conf").chmod(0o600)
        self.good("check")


class TestFiles(Test):
    def setUp(self):
        super().setUp()
        self.root = secrets.token_bytes(32)
        self.file = self.make_file("root", self.root)

    def development(self, more="Enable=yes\n"):
        self.config(f"[Root main]\nSource=development\nFile={self.file}\n{more}")

    def test_the_development_file_must_be_enabled(self):
        self.development("")
        self.bad("for development only", "install", status=78)
        self.development("Enable=no\n")
        self.bad("for development only", "install", status=78)
        self.assertEqual(self.installed(), [])
        self.development()
        done = self.good("install")
        self.assertEqual(self.installed(), [(DEVELOPMENT, False, self.root)])
        self.assertIn(root_id(self.root), done.text)
        self.nothing_leaks(done, self.root)

    def test_a_file_must_be_a_root_that_nobody_else_reads(self):
        self.development()
        for data in (b"", self.root[:31], self.root + b"\n", bytes(32)):
            self.file.write_bytes(data)
            self.bad("must be 32 random bytes", "install")
        self.file.write_bytes(self.root)
        self.file.chmod(0o640)
        self.bad("chmod 600", "install")
        self.file.unlink()
        self.bad("No such file", "install")
        self.assertEqual(self.installed(), [])
        self.make_file("root", self.root)
        self.good("install")

    def launch_secret(self):
        secrets_dir = self.dir / "coco"
        secrets_dir.mkdir()
        (secrets_dir / GUID).write_bytes(self.root)
        (secrets_dir / GUID).chmod(0o440)
        self.config(f"[Root main]\nSource=launch-secret\nGUID={GUID}\nDirectory={secrets_dir}\n")
        return secrets_dir

    def test_a_root_of_a_file_is_not_left_in_memory(self):
        for configure in (self.development, self.launch_secret):
            configure()
            self.installs_and_leaves_nothing()

    def test_the_launch_secret_is_found_by_its_guid(self):
        secrets_dir = self.launch_secret()
        self.nothing_leaks(self.good("install"), self.root)
        self.assertEqual(self.installed(), [(LAUNCH_SECRET, False, self.root)])
        self.forget()
        self.config(f"[Root main]\nSource=launch-secret\nGUID={GUID[:-1]}0\nDirectory={secrets_dir}\n")
        self.bad("no such launch secret; is this a SEV guest", "install")

    def test_installing_again_is_no_error_for_this_root_and_one_for_another(self):
        self.development()
        self.good("install")
        self.assertIn("is there already", self.good("install").text)
        self.file.write_bytes(secrets.token_bytes(32))
        self.bad("another root is active", "install")
        self.assertEqual(self.installed(), [(DEVELOPMENT, False, self.root)])

    def test_the_active_root_comes_first_and_a_bad_one_keeps_no_other_out(self):
        old = self.make_file("old", secrets.token_bytes(32))
        text = (f"[Root old]\nSource=development\nEnable=yes\nUnsealOnly=yes\nFile={old}\n"
                f"[Root main]\nSource=development\nEnable=yes\nFile={self.file}\n")
        self.config(text)
        self.good("install")
        self.assertEqual(self.installed(), [(DEVELOPMENT, False, self.root), (DEVELOPMENT, True, old.read_bytes())])
        self.forget()
        self.file.unlink()
        self.bad("main: .*No such file", "install")
        self.assertEqual(self.installed(), [(DEVELOPMENT, True, old.read_bytes())])

    def test_the_process_cannot_be_looked_into_and_does_not_swap(self):
        self.config("[Root main]\nSource=key-broker\nUrl=https://127.0.0.1:1\nResource=a/b/c\n")
        # Nobody listens there, so it waits for a while, and a secret could come at any moment.
        process = subprocess.Popen([TOOL, "install", "--config", self.dir / "roots.conf"], env=self.env,
                                   stderr=subprocess.DEVNULL)
        try:
            limits, deadline = "", time.monotonic() + 300
            while not re.search(r"Max core file size +0 +0 ", limits) and time.monotonic() < deadline:
                time.sleep(0.1)
                limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0 ")
            # Of such a process these belong to root, whoever runs it; as root, ask the kernel.
            if os.getuid() != 0:
                self.assertEqual(os.stat(f"/proc/{process.pid}/environ").st_uid, 0)
            if b"__asan_init" not in pathlib.Path(TOOL).read_bytes():    # which leaves mlockall() out
                status = pathlib.Path(f"/proc/{process.pid}/status")
                wait_until(lambda: not re.search(r"VmLck:\s+0 kB", status.read_text()), "nothing is locked")
        finally:
            process.kill()
            process.wait()


class TestTpm(Test):
    def setUp(self):
        super().setUp()
        for name in ("state", "run"):
            (self.dir / name).mkdir()
        self.start_tpm()
        self.blob = self.dir / "root.tpm"
        self.pcrs("sha256:16")

    def start_tpm(self, state="state"):
        run = self.dir / "run"
        for path in run.iterdir():
            path.unlink()
        self.tpm = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.dir / state}",
                                     "--server", f"type=unixio,path={run}/tpm", "--ctrl",
                                     f"type=unixio,path={run}/tpm.ctrl", "--flags", "not-need-init,startup-clear"],
                                    stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop_tpm, self.tpm)
        wait_until(lambda: listens(run / "tpm") and listens(run / "tpm.ctrl"), run)

    @staticmethod
    def stop_tpm(tpm):
        tpm.kill()
        tpm.wait()

    def restart_tpm(self, state="state"):
        self.stop_tpm(self.tpm)
        (self.dir / state).mkdir(exist_ok=True)
        self.start_tpm(state)

    def pcrs(self, pcrs):
        self.config(f"[Root main]\nSource=tpm\nBlob={self.blob}\nTcti=swtpm:path={self.dir}/run/tpm\nPcrs={pcrs}\n")

    def tool(self, *args):
        subprocess.run(args, check=True, stdout=subprocess.DEVNULL,
                       env={**self.env, "TPM2TOOLS_TCTI": f"swtpm:path={self.dir}/run/tpm"})

    def enrol(self, *args):
        return self.good("enrol", "main", *args)

    def test_a_sealed_root_is_the_same_after_each_start_of_the_tpm(self):
        self.enrol()
        roots = []
        for _ in range(2):
            self.restart_tpm()
            self.good("install")
            roots.append(self.installed())
            self.forget()
        self.assertEqual(roots[0], roots[1])
        self.assertEqual([r[:2] for r in roots[0]], [(TPM, False)])
        self.assertEqual(self.blob.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(roots[0][0][2], self.blob.read_bytes())

    def test_a_root_of_the_tpm_is_not_left_in_memory(self):
        self.enrol()
        self.installs_and_leaves_nothing()

    def test_other_registers_keep_the_root_back_until_they_are_as_they_were(self):
        self.enrol()
        self.good("install")
        self.forget()
        self.tool("tpm2_pcrextend", "16:sha256=" + "11" * 32)
        self.bad("registers are not what they were", "install")
        self.tool("tpm2_pcrreset", "16")
        self.good("install")
        self.assertEqual(len(self.installed()), 1)

    def test_a_selection_of_other_registers_opens_nothing(self):
        self.enrol()
        data = self.blob.read_bytes()
        selection = data.index(b"\x00\x0b\x03\x00\x00\x01")
        self.blob.write_bytes(data[:selection] + b"\x00\x0b\x03\x00\x00\x02" + data[selection + 6:])
        self.bad("registers are not what they were", "install")
        self.blob.write_bytes(data)
        self.good("install")

    def test_another_tpm_does_not_have_it(self):
        self.enrol()
        self.restart_tpm("other")
        self.bad("another TPM, or a cleared one", "install")
        self.restart_tpm("state")
        self.good("install")

    def test_no_byte_of_the_file_may_change(self):
        self.enrol()
        data = self.blob.read_bytes()
        for at in range(0, len(data), 7):
            self.blob.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            self.bad("main: ", "install")
        for damaged in (data[:-1], data + b"\0", b""):
            self.blob.write_bytes(damaged)
            self.bad("not a sealed root|does not take", "install")
        self.assertEqual(self.installed(), [])
        self.blob.write_bytes(data)
        self.good("install")

    def test_a_root_is_never_overwritten_by_the_way(self):
        self.enrol()
        before = self.blob.read_bytes()
        self.bad("would be lost: --force", "enrol", "main")
        self.assertEqual(self.blob.read_bytes(), before)
        self.enrol("--force")
        self.assertNotEqual(self.blob.read_bytes(), before)

    def test_a_root_can_be_brought_along(self):
        root = secrets.token_bytes(32)
        done = self.enrol("--import", str(self.make_file("import", root)))
        self.assertIn(root_id(root), done.text)
        self.nothing_leaks(done, root)
        self.nothing_leaks(self.good("install"), root)
        self.assertEqual(self.installed(), [(TPM, False, root)])

    def test_registers_that_the_tpm_does_not_have_are_no_policy(self):
        self.pcrs("sha384:16")
        done = self.run_root("enrol", "main")
        if done.returncode == 0:    # this emulator has that bank, so take it away
            self.tool("tpm2_pcrallocate", "sha256:all+sha384:none")
            self.restart_tpm()
            done = self.run_root("enrol", "main", "--force")
        self.assertIn("has no such registers", done.text)
        self.assertEqual(done.returncode, 1)
        self.pcrs("sha256:16")
        self.enrol("--force")

    def test_a_kill_at_any_moment_leaves_no_root_or_the_whole_one(self):
        """Of the module there is a fake here, which takes a root whole as that does."""
        root, none, finished = secrets.token_bytes(32), 0, 0
        self.enrol("--import", str(self.make_file("import", root)))
        for i in range(300):
            process = subprocess.Popen([TOOL, "install", "--config", self.dir / "roots.conf"], env=self.env,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=moment(i))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            status = process.wait()
            none += not self.installed()
            self.assertIn(self.installed(), ([], [(TPM, False, root)]))
            self.restart_tpm()
            self.good("install")    # goes on from there
            self.assertEqual(self.installed(), [(TPM, False, root)])
            self.forget()
            finished = finished + 1 if status == 0 else 0
            if finished == 3:
                break
        self.assertGreater(none, 3)
        self.assertEqual(finished, 3)

    def test_a_kill_at_any_moment_leaves_no_file_or_a_whole_one(self):
        before = finished = 0
        for i in range(300):
            self.blob.unlink(missing_ok=True)
            process = subprocess.Popen([TOOL, "enrol", "main", "--config", self.dir / "roots.conf"], env=self.env,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=moment(i))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            status = process.wait()
            if self.blob.exists():
                self.restart_tpm()
                self.good("install")
                self.assertEqual(len(self.installed()), 1)
                self.forget()
            else:
                before += 1
                self.restart_tpm()
            finished = finished + 1 if status == 0 else 0
            if finished == 3:
                break
        self.assertGreater(before, 3)
        self.assertEqual(finished, 3)


class TestBroker(Test):
    def setUp(self):
        super().setUp()
        self.root = secrets.token_bytes(32)
        self.make_file("resource", self.root)
        self.chip = json.loads((EVIDENCE / "milan" / "chip.json").read_text())
        self.env["FAKE_EVIDENCE"] = f"{sys.executable} {TOP}/tests/unit/attest-as {EVIDENCE}/milan"

    def broker(self, *options, measurement=None):
        self.kbs = self.dir / f"kbs-{time.monotonic_ns()}"
        self.kbs.mkdir()
        process = subprocess.Popen(
            [sys.executable, TOP / "tests/kbs/kbs", "--directory", self.kbs, "--resource",
             f"{RESOURCE}={self.dir}/resource", *options, "--", TEEGATECTL, "verify", "--root",
             EVIDENCE / "milan" / "ark.pem", "--measurement", measurement or self.chip["measurement"]],
            stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for(self.kbs / "port")
        self.url = f"https://127.0.0.1:{(self.kbs / 'port').read_text()}"
        self.configure()

    def configure(self, more="", resource=RESOURCE, ca=None):
        self.config(f"[Root main]\nSource=key-broker\nUrl={self.url}\nResource={resource}\n"
                    f"CertificateAuthority={ca or self.kbs / 'server.pem'}\n{more}")

    def log(self):
        return [json.loads(line) for line in (self.kbs / "log.jsonl").read_text().splitlines()]

    def call(self, path, body=None, cookie=None):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None,
                                         {"Cookie": f"kbs-session-id={cookie}"} if cookie else {})
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(
                    cafile=self.kbs / "server.pem")) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def test_a_root_is_released_to_the_guest_that_was_expected(self):
        self.broker()
        done = self.good("install")
        self.assertEqual(self.installed(), [(KEY_BROKER, False, self.root)])
        self.nothing_leaks(done, self.root)
        self.assertEqual([(r["method"], r["path"], r["status"]) for r in self.log()],
                         [("POST", "/kbs/v0/auth", 200), ("POST", "/kbs/v0/attest", 200),
                          ("GET", "/kbs/v0/resource/" + RESOURCE, 200)])

    def test_a_root_of_the_key_broker_is_not_left_in_memory(self):
        self.broker()
        self.installs_and_leaves_nothing()

    def test_a_guest_of_another_measurement_gets_nothing(self):
        self.broker(measurement="00" * 48)
        self.bad("status 401: evidence is not good: .*measurement", "install")
        self.assertEqual(self.installed(), [])
        self.broker()
        self.good("install")

    def test_evidence_for_another_nonce_gets_nothing(self):
        self.broker()
        self.bad("status 401: evidence is not good", "install", FAKE_EVIDENCE=self.env["FAKE_EVIDENCE"] +
                 " --instead " + "ab" * 48)
        self.assertEqual(self.installed(), [])
        self.good("install")

    def test_what_was_seen_on_the_wire_is_good_for_nothing_again(self):
        self.broker()
        self.good("install")
        auth, attest, _ = self.log()
        status, answer = self.call("/kbs/v0/attest", attest["body"], attest["cookie"])
        self.assertEqual((status, answer["detail"]), (401, "not the nonce of this session"))
        self.call("/kbs/v0/auth", auth["body"])
        cookie = self.log()[-1]["cookie"]
        status, answer = self.call("/kbs/v0/attest", attest["body"], cookie)
        self.assertEqual((status, answer["detail"]), (401, "not the nonce of this session"))
        self.call("/kbs/v0/auth", auth["body"])
        fresh = self.log()[-1]
        body = {**attest["body"], "runtime-data": {**attest["body"]["runtime-data"],
                                                   "nonce": fresh["answer"]["nonce"]}}
        status, answer = self.call("/kbs/v0/attest", body, fresh["cookie"])
        self.assertEqual(status, 401)
        self.assertIn("evidence is not good", answer["detail"])
        self.assertEqual(self.call("/kbs/v0/resource/" + RESOURCE, cookie=fresh["cookie"])[0], 401)

    def attest(self, runtime, attested=None):
        """What a broker says to @runtime beside evidence for @attested."""
        covered = json.dumps({**(attested or runtime), "additional-evidence": ""}, sort_keys=True,
                             separators=(",", ":"))
        item = subprocess.run([*self.env["FAKE_EVIDENCE"].split(), "bound",
                               hashlib.sha384(covered.encode()).hexdigest()], check=True,
                              stdout=subprocess.PIPE).stdout
        return self.call("/kbs/v0/attest", {
            "runtime-data": runtime, "tee-evidence": {"primary_evidence": {"teegate": base64.b64encode(item).decode()},
                                                      "additional_evidence": ""}}, self.log()[-1]["cookie"])

    def test_another_key_than_the_attested_one_gets_nothing(self):
        self.broker()
        self.good("install")
        self.good("install")
        auth, attest, *_, other, _ = self.log()
        key, thief = (r["body"]["runtime-data"]["tee-pubkey"] for r in (attest, other))
        self.assertNotEqual(key, thief)
        runtime = {"nonce": self.call("/kbs/v0/auth", auth["body"])[1]["nonce"], "tee-pubkey": key}
        status, answer = self.attest({**runtime, "tee-pubkey": thief}, runtime)
        self.assertEqual(status, 401)
        self.assertIn("evidence is not good", answer["detail"])
        runtime["nonce"] = self.call("/kbs/v0/auth", auth["body"])[1]["nonce"]
        self.assertEqual(self.attest(runtime)[0], 200)

    def test_a_server_that_nobody_vouches_for_is_not_spoken_to(self):
        self.broker()
        other = self.kbs / "server.pem"
        self.broker()
        self.configure(ca=other)
        self.bad("main: https://127.0.0.1:.*certificate", "install")
        self.assertFalse(self.log() if (self.kbs / "log.jsonl").stat().st_size else [])
        self.configure()
        self.good("install")

    def test_a_resource_that_is_not_there_is_named(self):
        self.broker()
        self.configure(resource="default/teegate/other")
        self.bad("default/teegate/other: status 404: no such resource", "install")
        self.configure()
        self.good("install")

    def test_what_a_bad_server_sends_is_no_root(self):
        for fault, what in (("foreign-key", "not encrypted for us"), ("short", "the resource is no root"),
                            ("zeroes", "the resource is no root"), ("compressed", "is not encrypted by"),
                            ("rsa", "is not encrypted by"), ("tampered", "not encrypted for us"),
                            ("no-nonce", "no nonce"), ("huge", "main: https"), ("hash", "a hash that is unknown")):
            with self.subTest(fault):
                self.broker("--fault", fault)
                self.nothing_leaks(self.bad(what, "install"), self.root)
                self.assertEqual(self.installed(), [])
        self.broker()
        self.good("install")

    def test_native_evidence_is_for_tdx_only(self):
        self.broker()
        self.configure("Evidence=native\n")
        self.bad("native is for TDX only", "install")
        self.configure("Evidence=bound\n")
        self.good("install")


class Tap(unittest.TextTestResult):
    def line(self, verdict, test, note=""):
        print(f"{verdict} {self.testsRun} - {test.id().split('.')[-1]}{note}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.line("not ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("ok", test, f" # SKIP {reason}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.line("not ok", test)


if __name__ == "__main__":
    TOOL, TEEGATECTL, EVIDENCE = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    sys.exit(not unittest.main(argv=sys.argv[:1] + sys.argv[4:], exit=False, testRunner=unittest.TextTestRunner(
        resultclass=Tap, verbosity=0)).result.wasSuccessful())

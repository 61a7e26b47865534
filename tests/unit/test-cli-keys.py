#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegatectl seal, unseal, reseal, inspect and derive-key, from the outside.

    test-cli-keys.py TEEGATECTL [PROGRAM...]

The keys are those of libtee's fake transport. What is judged here is what the command does itself: files,
the format for more than 64 KiB, statuses, and that nothing is lost.
"""

import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import ending

TOOL = None
OTHERS = []         # all other programs that are installed
HEADER = 162        # of a blob, without its label
LARGE = bytes(range(256)) * 257     # 65792 bytes: more than fits into a blob
KEY_TAG = b"teegate/data-key/v1"


def run(*args, data=None, **more):
    env = dict(os.environ, LC_ALL="C.UTF-8")
    env.pop("TEE_LEASE_FD", None)
    return subprocess.run([TOOL, *map(str, args)], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, env=env, **more)


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def status(self, status, command, *args, **more):
        fake = [] if command == "inspect" or "--target" in args else ["--target", "fake:"]
        done = run(command, *fake, *args, **more)
        self.assertEqual(done.returncode, status, (command, args, done.stdout[-2000:], done.stderr))
        if status:
            self.assertTrue(done.stderr)
            self.assertEqual(done.stdout, b"")
        return done

    def seal(self, data, label="token"):
        return self.status(0, "seal", "--label", label, data=data).stdout

    def opens(self, sealed, data):
        self.assertEqual(self.status(0, "unseal", data=sealed).stdout, data)

    def refuses(self, sealed, *statuses):
        done = run("unseal", "--target", "fake:", data=sealed)
        self.assertIn(done.returncode, statuses or (1, 4), done.stderr)
        self.assertEqual(done.stdout, b"")

    def file(self, name, data):
        path = self.dir / name
        path.write_bytes(data)
        return path


class TestSeal(Test):
    def test_what_is_sealed_opens(self):
        for size in (0, 1, 1000, 65536, 65537, 3 << 20):
            data = os.urandom(size)
            sealed = self.seal(data)
            self.opens(sealed, data)
            self.assertEqual(sealed[:8], b"TEEGATE\0" if size <= 65536 else b"TEEGATEF")

    def test_files_and_pipes_are_the_same(self):
        plain, sealed, again = self.file("plain", b"secret"), self.dir / "sealed", self.dir / "again"
        done = self.status(0, "seal", "--label", "token", "--output", sealed, plain)
        self.assertIn(b"token", done.stdout)
        self.assertNotIn(b"secret", done.stdout)
        self.status(0, "unseal", "--output", again, sealed)
        self.assertEqual(again.read_bytes(), b"secret")
        self.assertEqual(self.status(0, "unseal", sealed).stdout, b"secret")
        self.assertEqual(self.status(0, "unseal", "-", data=sealed.read_bytes()).stdout, b"secret")

    def test_secrets_are_written_for_their_owner_only(self):
        sealed, out = self.file("sealed", self.seal(b"secret")), self.dir / "out"
        old = os.umask(0)
        try:
            self.status(0, "unseal", "--output", out, sealed)
            self.assertEqual(out.stat().st_mode & 0o7777, 0o600)
            self.status(0, "derive-key", "--label", "l", "--output", out)
            self.assertEqual(out.stat().st_mode & 0o7777, 0o600)
            # What is sealed is no secret.
            self.status(0, "seal", "--label", "l", "--output", out, sealed)
            self.assertEqual(out.stat().st_mode & 0o7777, 0o666)
        finally:
            os.umask(old)

    def test_another_label_than_expected_is_refused(self):
        for data in (b"secret", LARGE):
            sealed = self.file("sealed", self.seal(data))
            self.status(1, "unseal", "--label", "other", sealed)
            self.status(1, "unseal", "--label", "toke", sealed)
            self.status(1, "unseal", "--label", "", sealed)
            self.assertEqual(self.status(0, "unseal", "--label", "token", sealed).stdout, data)

    def test_what_does_not_open_is_1_and_what_is_none_is_4(self):
        sealed = self.seal(b"secret")
        self.refuses(sealed[:-1] + bytes([sealed[-1] ^ 1]), 1)
        self.refuses(sealed + b"x", 1)
        foreign = bytearray(sealed)
        foreign[14] = 2     # TDX
        self.refuses(bytes(foreign), 1)
        self.refuses(sealed[:100], 4)
        self.refuses(b"", 4)
        self.refuses(b"hello, world", 4)
        self.refuses(sealed[:9] + b"\2" + sealed[10:], 4)
        self.status(4, "unseal", self.dir / "missing")
        self.status(4, "unseal", self.dir)
        self.opens(sealed, b"secret")

    def test_without_a_way_to_the_tee_it_is_3(self):
        sealed = self.file("sealed", self.seal(b"secret"))
        self.status(3, "unseal", "--target", "broker:/nonexistent", sealed)
        self.status(3, "seal", "--label", "l", "--target", "broker:/nonexistent", sealed)
        self.status(3, "derive-key", "--label", "l", "--target", "broker:/nonexistent")

    def test_misuse_is_2(self):
        for args in (["seal"], ["seal", "--label", "x" * 256], ["seal", "--label", "l", "a", "b"],
                     ["seal", "--nonsense"], ["seal", "--label", "l", "--timeout", "0"],
                     ["unseal", "a", "b"], ["unseal", "--json"], ["unseal", "--json", "--output", "-"],
                     ["reseal", "a", "b"], ["inspect", "a", "b"], ["inspect", "--label", "l"],
                     ["derive-key"], ["derive-key", "--label", "l", "x"],
                     ["derive-key", "--label", "l", "--length", "15"],
                     ["derive-key", "--label", "l", "--length", "65"],
                     ["derive-key", "--label", "l", "--json"],
                     ["derive-key", "--label", "l", "--params", "00" * 95],
                     ["derive-key", "--label", "l", "--params", "zz"],
                     ["derive-key", "--label", "l", "--save-params", "-"],
                     ["derive-key", "--label", "l", "--keyring", "user:x"],
                     ["derive-key", "--label", "l", "--keyring", "logon:"],
                     ["derive-key", "--label", "l", "--keyring", "logon:x", "--output", "y"]):
            self.status(2, *args, data=b"")

    def test_json_says_what_was_done_and_holds_no_secret(self):
        plain = self.file("plain", b"hunter2")
        said = json.loads(self.status(0, "seal", "--label", "token", "--json", plain).stdout)
        self.assertEqual((said["label"], said["dataBytes"], said["rootSource"]), ("token", 7, "development"))
        sealed = self.file("sealed", __import__("base64").b64decode(said["sealed"]))
        done = self.status(0, "unseal", "--json", "--output", self.dir / "out", sealed)
        self.assertEqual(json.loads(done.stdout)["dataBytes"], 7)
        self.assertNotIn(b"hunter2", done.stdout)
        done = self.status(0, "derive-key", "--label", "l", "--json", "--output", self.dir / "key")
        said = json.loads(done.stdout)
        self.assertEqual(said["keyBytes"], 32)
        self.assertEqual(len(said["rootParams"]), 192)
        self.assertNotIn((self.dir / "key").read_bytes().hex(), done.stdout.decode())

    def on_terminal(self, *args, data=b""):
        master, slave = pty.openpty()
        try:
            done = subprocess.run([TOOL, *args, "--target", "fake:"], input=data, stdout=slave,
                                  stderr=subprocess.PIPE, check=False)
            os.close(slave)
            slave = -1
            try:
                shown = os.read(master, 65536)
            except OSError:
                shown = b""
            return done.returncode, shown
        finally:
            os.close(master)
            if slave >= 0:
                os.close(slave)

    def test_no_terminal_gets_anything_binary(self):
        self.assertEqual(self.on_terminal("seal", "--label", "l", data=b"x"), (2, b""))
        self.assertEqual(self.on_terminal("reseal", data=self.seal(b"x")), (2, b""))
        self.assertEqual(self.on_terminal("derive-key", "--label", "l"), (2, b""))
        self.assertEqual(self.on_terminal("unseal", data=self.seal(b"\x1b[2J")), (2, b""))
        self.assertEqual(self.on_terminal("unseal", data=self.seal(b"text\n")), (0, b"text\r\n"))


class TestSealedFile(Test):
    """The format for more than 64 KiB (cli/sealed.h)."""

    def parts(self, sealed):
        magic, version, zero, length = struct.unpack(">8sHHI", sealed[:16])
        self.assertEqual((magic, version, zero), (b"TEEGATEF", 1, 0))
        return sealed[16:16 + length], sealed[16 + length:]

    def key_of(self, blob):
        """The fake's blobs hold their data in clear."""
        inner = blob[HEADER + len("token"):-16]
        self.assertEqual(inner[:len(KEY_TAG)], KEY_TAG)
        return inner[len(KEY_TAG):]

    def test_it_is_what_the_header_file_says(self):
        sealed = self.seal(LARGE)
        blob, payload = self.parts(sealed)
        key = self.key_of(blob)
        self.assertEqual(len(key), 32)
        self.assertEqual(AESGCM(key).decrypt(bytes(12), payload, sealed[:16 + len(blob)]), LARGE)

    def test_each_has_a_key_of_its_own(self):
        first, second = self.seal(LARGE), self.seal(LARGE)
        self.assertNotEqual(self.key_of(self.parts(first)[0]), self.key_of(self.parts(second)[0]))

    def test_no_flipped_byte_opens(self):
        sealed = self.seal(LARGE)
        self.opens(sealed, LARGE)
        blob, _ = self.parts(sealed)
        places = [*range(0, 16 + len(blob), 7), 8, 9, 10, 11, 12, 13, 14, 15, 16 + len(blob),
                  len(sealed) // 2, len(sealed) - 17, len(sealed) - 16, len(sealed) - 1]
        for at in places:
            self.refuses(sealed[:at] + bytes([sealed[at] ^ 0x10]) + sealed[at + 1:])

    def test_nothing_cut_off_or_added_opens(self):
        sealed = self.seal(LARGE)
        self.opens(sealed, LARGE)
        blob, _ = self.parts(sealed)
        for length in (1, 8, 15, 16, 100, 16 + len(blob), 16 + len(blob) + 15, 16 + len(blob) + 16,
                       len(sealed) - 65536, len(sealed) - 16, len(sealed) - 1):
            self.refuses(sealed[:length])
        self.refuses(sealed + b"\0")
        self.refuses(sealed + sealed[-16:])

    def test_no_pieces_in_another_order_open(self):
        sealed = self.seal(LARGE * 2)
        self.opens(sealed, LARGE * 2)
        start = 16 + len(self.parts(sealed)[0])
        a, b, rest = sealed[start:start + 65536], sealed[start + 65536:start + 131072], sealed[start + 131072:]
        self.assertEqual(sealed[:start] + a + b + rest, sealed)
        self.refuses(sealed[:start] + b + a + rest, 1)
        self.refuses(sealed[:start] + a + a + rest, 1)
        self.refuses(sealed[:start] + a + rest, 1)

    def test_head_and_data_of_two_files_do_not_go_together(self):
        first, second = self.seal(LARGE), self.seal(LARGE[::-1])
        (blob, payload), (other_blob, other_payload) = self.parts(first), self.parts(second)
        self.assertEqual(first[:16] + blob + payload, first)
        self.refuses(first[:16] + blob + other_payload, 1)
        self.refuses(first[:16] + other_blob + payload, 1)
        self.opens(second, LARGE[::-1])

    def test_the_key_is_not_given_out_as_data(self):
        blob, _ = self.parts(self.seal(LARGE))
        self.refuses(blob, 1)
        self.opens(self.seal(b"x" * (len(KEY_TAG) + 32)), b"x" * (len(KEY_TAG) + 32))

    def test_data_is_not_taken_for_a_key(self):
        chosen = KEY_TAG + bytes(32)
        self.status(1, "seal", "--label", "token", data=chosen)
        # Even a blob with data of the right length, which somebody else sealed.
        sealed = self.seal(LARGE)
        blob = self.seal(b"x" * len(chosen))
        head = sealed[:12] + struct.pack(">I", len(blob)) + blob
        self.refuses(head + AESGCM(b"x" * 32).encrypt(bytes(12), LARGE, head), 1)

    def test_too_much_is_refused_before_anything_is_asked(self):
        big = self.dir / "big"
        with open(big, "wb") as file:
            file.truncate((256 << 20) + 1)
        done = self.status(4, "seal", "--label", "l", "--target", "broker:/nonexistent", big)
        self.assertIn(b"too large", done.stderr.lower())


class TestReseal(Test):
    def test_file_is_replaced_and_holds_the_same(self):
        for data in (b"secret", LARGE):
            path = self.file("sealed", self.seal(data))
            before, inode = path.read_bytes(), path.stat().st_ino
            path.chmod(0o640)
            self.status(0, "reseal", path)
            self.assertNotEqual(path.read_bytes(), before)
            self.assertNotEqual(path.stat().st_ino, inode)
            self.assertEqual(path.stat().st_mode & 0o7777, 0o640)
            self.assertEqual(self.status(0, "unseal", "--label", "token", path).stdout, data)
            self.assertEqual(os.listdir(self.dir), ["sealed"])

    def test_owner_is_kept(self):
        if os.geteuid():
            self.skipTest("takes root")
        path = self.file("sealed", self.seal(b"secret"))
        os.chown(path, 12, 34)
        self.status(0, "reseal", path)
        self.assertEqual((path.stat().st_uid, path.stat().st_gid), (12, 34))

    def test_a_link_stays_one(self):
        path, link = self.file("sealed", self.seal(b"secret")), self.dir / "link"
        link.symlink_to("sealed")
        before = path.read_bytes()
        self.status(0, "reseal", link)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(path.read_bytes(), before)
        self.opens(path.read_bytes(), b"secret")

    def test_from_standard_input_to_standard_output(self):
        sealed = self.seal(b"secret")
        again = self.status(0, "reseal", data=sealed).stdout
        self.assertNotEqual(again, sealed)
        self.opens(again, b"secret")
        path, out = self.file("sealed", sealed), self.dir / "out"
        self.status(0, "reseal", "--output", out, path)
        self.assertEqual(path.read_bytes(), sealed)
        self.opens(out.read_bytes(), b"secret")
        self.opens(self.status(0, "reseal", "--output", "-", path).stdout, b"secret")
        self.assertEqual(path.read_bytes(), sealed)

    def test_whatever_fails_the_old_one_is_there(self):
        good = self.seal(b"secret")
        bad = good[:-1] + bytes([good[-1] ^ 1])
        path = self.file("sealed", bad)
        self.status(1, "reseal", path)
        self.assertEqual(path.read_bytes(), bad)
        path.write_bytes(good)
        self.status(1, "reseal", "--label", "other", path)
        self.status(3, "reseal", "--target", "broker:/nonexistent", path)
        # No room: the limit is below what has to be written.
        done = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@" 2>/dev/null', "-", TOOL, "reseal",
                               "--target", "fake:", path], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertEqual(path.read_bytes(), good)
        self.assertEqual(os.listdir(self.dir), ["sealed"])
        self.status(4, "reseal", "/dev/null")
        self.status(0, "reseal", "--label", "token", path)
        self.assertNotEqual(path.read_bytes(), good)

    def test_a_kill_leaves_the_old_or_the_new(self):
        path = self.file("sealed", self.seal(LARGE))
        began = time.monotonic()
        self.status(0, "reseal", path)
        whole = time.monotonic() - began
        killed = 0
        for i in range(30):
            child = subprocess.Popen([TOOL, "reseal", "--target", "fake:", path], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(whole * i / 25)
            child.kill()
            killed += child.wait() != 0
            self.opens(path.read_bytes(), LARGE)
        self.assertGreater(killed, 5)


class TestInspect(Test):
    def test_blob(self):
        sealed = self.file("sealed", self.seal(b"secret", "a token\x01"))
        said = json.loads(self.status(0, "inspect", "--json", sealed).stdout)
        self.assertEqual(said["kind"], "blob")
        self.assertEqual(said["version"], 1)
        self.assertEqual(said["label"], "a token\\x01")
        self.assertEqual(said["dataBytes"], 6)
        self.assertEqual(said["provider"], "sev-snp")
        self.assertEqual(said["rootSource"], "development")
        self.assertEqual(said["claims"], [])
        self.assertEqual(bytes.fromhex(said["rootId"]), b"libtee fake root")
        text = self.status(0, "inspect", sealed).stdout.decode()
        for word in ("a token\\x01", "6 bytes", "sev-snp", "development"):
            self.assertIn(word, text)

    def test_sealed_file(self):
        said = json.loads(self.status(0, "inspect", "--json", data=self.seal(LARGE)).stdout)
        self.assertEqual((said["kind"], said["dataBytes"], said["label"]), ("file", len(LARGE), "token"))

    def test_parameters_of_a_firmware_root(self):
        params = struct.pack(">HBBIQIIQQI", 1, 1, 1, 2, 0x29, 0, 7, 0xd315000000000004, 0, 1)
        blob = (b"TEEGATE\0" + struct.pack(">HH", 1, HEADER + 1) + params.ljust(96, b"\0") + bytes(16) +
                struct.pack(">I", 0x4a) + bytes(32) + struct.pack(">H", 1) + b"l" + b"x" * 20)
        said = json.loads(self.status(0, "inspect", "--json", data=blob).stdout)
        self.assertEqual(said["claims"], [1, 3, 6])
        self.assertEqual(said["rootSource"], "firmware")
        self.assertEqual(said["dataBytes"], 4)
        self.assertEqual(said["snp"], {"rootKeySelect": 2, "guestFieldSelect": 0x29, "vmpl": 0, "guestSvn": 7,
                                       "tcbVersion": 0xd315000000000004, "mitigationVector": 0,
                                       "messageVersion": 1})
        text = self.status(0, "inspect", data=blob).stdout.decode()
        for word in ("workload, image, uid", "policy, measurement, tcb", "0xd315000000000004"):
            self.assertIn(word, text)

    def test_what_is_none(self):
        self.status(4, "inspect", data=b"")
        self.status(4, "inspect", data=b"TEEGATE")
        self.status(4, "inspect", data=b"hello, world")
        self.status(4, "inspect", data=self.seal(b"x")[:11] + b"\0" + self.seal(b"x")[12:])


class TestDeriveKey(Test):
    def derive(self, *args):
        return self.status(0, "derive-key", *args).stdout

    def test_the_same_question_has_the_same_key(self):
        key = self.derive("--label", "disk")
        self.assertEqual(len(key), 32)
        self.assertEqual(self.derive("--label", "disk"), key)
        self.assertNotEqual(self.derive("--label", "disc"), key)
        for length in (16, 33, 64):
            other = self.derive("--label", "disk", "--length", str(length))
            self.assertEqual(len(other), length)
            self.assertNotEqual(other[:16], key[:16])

    def test_parameters_that_were_kept_have_it_again(self):
        saved = self.dir / "params"
        key = self.derive("--label", "disk", "--save-params", saved)
        params = saved.read_text().strip()
        self.assertEqual(self.derive("--label", "disk", "--params", params), key)
        self.assertEqual(self.derive("--label", "disk", "--params", params[:192]), key)
        weaker = "%s%02x%s" % (params[:190], int(params[190:192], 16) ^ 1, params[192:])
        self.status(1, "derive-key", "--label", "disk", "--params", weaker)
        another = params[:-2] + "%02x" % (int(params[-2:], 16) ^ 1)
        self.status(1, "derive-key", "--label", "disk", "--params", another)

    def test_fake_has_no_keyring(self):
        done = self.status(3, "derive-key", "--label", "disk", "--keyring", "logon:disk")
        self.assertIn(b"keyring", done.stderr)


class TestProcess(Test):
    def left_by(self, argv, stdin, output, secret=None):
        """How many parts of a secret, or of what it wrote, are in memory when a command has ended."""
        with open(stdin, "rb") as source, open(output, "wb") as to:
            status, memory = ending.run(argv, stdin=source, stdout=to, stderr=subprocess.DEVNULL)
        self.assertEqual(status, 0, argv)
        return ending.parts_left(memory, secret or output.read_bytes())

    def test_no_key_and_no_data_is_left_when_it_ends(self):
        """What fake: seals is in its blob, but with more than fits into one the data is encrypted."""
        if os.geteuid():
            self.skipTest("takes root")
        data, sealed, out = os.urandom(len(LARGE)), self.dir / "sealed", self.dir / "out"
        plain = self.file("plain", data)
        keeps = "import os, sys; data = sys.stdin.buffer.read(); os._exit(0)"
        part = data[30000:30064]
        self.assertGreaterEqual(self.left_by([sys.executable, "-c", keeps], plain, out, part), 4)
        tool = lambda *args: [TOOL, args[0], "--target", "fake:", *args[1:]]
        self.assertEqual(self.left_by(tool("derive-key", "--label", "l"), "/dev/null", out), 0)
        self.assertEqual(self.left_by(tool("seal", "--label", "l"), plain, sealed, part), 0)
        self.assertEqual(self.left_by(tool("unseal"), sealed, out, part), 0)
        self.assertEqual(out.read_bytes(), data)

    def test_its_symbols_are_bound_at_the_start(self):
        """Binding one later leaves registers, and what of a key is in them, on the stack."""
        for program in (TOOL, *OTHERS):
            said = subprocess.run(["readelf", "-d", program], stdout=subprocess.PIPE, check=True, text=True).stdout
            self.assertRegex(said, r"\(FLAGS\).*BIND_NOW", program)

    def test_nobody_else_looks_inside(self):
        """As another user, whose /proc entry is root's only when the process cannot be dumped."""
        if os.geteuid():
            self.skipTest("takes root")
        for command, owner in ((["sleep", "900"], 65534), ([TOOL, "seal", "--label", "l", "--target", "fake:"], 0),
                               ([TOOL, "unseal", "--target", "fake:"], 0)):
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, user=65534, group=65534, extra_groups=[])
            try:
                end = time.monotonic() + 300
                while os.stat(f"/proc/{child.pid}/environ").st_uid != owner and time.monotonic() < end:
                    time.sleep(0.05)
                self.assertEqual(os.stat(f"/proc/{child.pid}/environ").st_uid, owner, command)
                if owner == 0:
                    limits = pathlib.Path(f"/proc/{child.pid}/limits").read_text()
                    self.assertRegex(limits, r"Max core file size +0 +0 ")
            finally:
                child.kill()
                child.communicate()


if __name__ == "__main__":
    TOOL, *OTHERS = sys.argv[1:]
    del sys.argv[1:]
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegatectl policy from the outside: exit statuses, what is said where, JSON.

    test-cli-policy.py TEEGATECTL

What a process looks like needs cgroups: daemon-policy.py tries explain.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = None
GOOD = "[Match]\nUnit=payments.service\n[Allow]\nOperations=report key\n"


def run(*args):
    return subprocess.run([TOOL, "policy", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True,
                          env=dict(os.environ, LC_ALL="C.UTF-8"))


class TestPolicy(unittest.TestCase):
    def setUp(self):
        self.holder = tempfile.TemporaryDirectory()
        self.addCleanup(self.holder.cleanup)
        self.top = pathlib.Path(self.holder.name)
        os.umask(0o022)

    def folder(self, name="etc", **files):
        folder = self.top / name
        folder.mkdir(exist_ok=True)
        for file, text in files.items():
            (folder / (file + ".conf")).write_text(text)
        return folder

    def status(self, status, *args):
        done = run(*args)
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        return done

    def test_help_fits_a_terminal(self):
        for line in self.status(0, "--help").stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertRegex(line, r"^[\x20-\x7e]*$")

    def test_misuse_is_2(self):
        for args in ((), ("nonsense",), ("explain",), ("explain", "--pid", "0"),
                     ("explain", "--pid", "x"), ("explain", "--pid", "-1"), ("check", "--pid", "1"),
                     ("check", "--image-signer", "x"), ("--nonsense",),
                     ("explain", "--pid", "1", "--image-digest", "sha256:00"),
                     ("explain", "--pid", "1", "--voucher", "root"),
                     ("explain", "--pid", "1", "--image-signer", "x", "--voucher", "uid:0"),
                     ("explain", "--pid", "1", "--image-signer", "x", "--voucher", "somebody"),
                     ("check", *["x"] * 9)):
            done = self.status(2, *args)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr)

    def test_a_good_policy_is_listed(self):
        folder = self.folder(a=GOOD, b="[Match]\nUid=5\n[Claims]\nName=bee\n")
        done = self.status(0, "check", folder)
        self.assertEqual(done.stdout, '%s/a.conf: workload "a" may: report key\n'
                         '%s/b.conf: workload "bee" may: nothing\n' % (folder, folder))
        self.assertEqual(done.stderr, "")
        self.assertIn("nobody gets anything", self.status(0, "check", self.folder("empty")).stdout)

    def test_each_error_has_its_file_and_line(self):
        folder = self.folder(a=GOOD, b=GOOD + "Operation=raw\n[Grant]\n", c="[Allow]\n")
        done = self.status(1, "check", folder)
        self.assertEqual(done.stderr,
                         "%s/b.conf:5: [Allow] has no Operation=\n"
                         "%s/b.conf:6: there is no section [Grant]\n"
                         "%s/c.conf: [Match] needs Unit=, Cgroup=, Uid=, ImageDigest= or ImageSigner=\n"
                         % (folder, folder, folder))
        self.assertIn("/a.conf: workload", done.stdout)
        self.assertNotIn("/b.conf", done.stdout)

    def test_json_has_the_same(self):
        folder = self.folder(a=GOOD, b=GOOD + "Vmpl=9\n")
        done = self.status(1, "check", "--json", folder)
        self.assertEqual(json.loads(done.stdout), {
            "ok": False,
            "workloads": [{"file": str(folder / "a.conf"), "workload": "a", "operations": "report key"}],
            "errors": [{"file": str(folder / "b.conf"), "line": 5, "error": "Vmpl=9: must be 0 to 3"}],
        })
        (folder / "b.conf").unlink()
        self.assertTrue(json.loads(self.status(0, "check", "--json", folder).stdout)["ok"])

    def test_what_a_file_says_reaches_no_terminal(self):
        folder = self.folder(a=GOOD + "Operations=\x1b[31m\n")
        done = self.status(1, "check", folder)
        self.assertNotIn("\x1b", done.stderr)
        self.assertIn(r"\x1b[31m", done.stderr)

    def test_of_several_folders_the_first_counts(self):
        first, second = self.folder("1", a=GOOD), self.folder("2", a="broken", b=GOOD)
        self.assertEqual(len(self.status(0, "check", first, second).stdout.splitlines()), 2)
        self.status(1, "check", second, first)

    def test_a_folder_that_is_not_there_is_4(self):
        for name in (self.top / "missing", "/dev/null"):
            done = self.status(4, "check", name)
            self.assertIn(str(name), done.stderr)


if __name__ == "__main__":
    TOOL = sys.argv.pop(1)
    unittest.main(verbosity=0)

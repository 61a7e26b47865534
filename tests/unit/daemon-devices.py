#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegate-supervise between a real program that opens a device and a real teegated, which asks for a
module that is not there: who gets that far hears ENODEV, and whom policy refuses EPERM.

As daemon-registrar.py, whose helpers it uses.
"""

import ctypes
import errno
import importlib.util
import json
import os
import pathlib
import platform
import signal
import socket
import struct
import sys
import unittest

SUPERVISE = sys.argv.pop(3)
HERE = pathlib.Path(__file__).parent


def load(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


kit = load("daemon-registrar")
OPENAT = {"x86_64": 257, "aarch64": 56}.get(platform.machine(), 288)
SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine(), 348)


def listener():
    """A filter on this process: openat() is told to whoever has the descriptor."""
    words = [(0x20, 0, 0, 0), (0x15, 0, 1, OPENAT), (0x06, 0, 0, 0x7fc00000), (0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *w) for w in words))
    program = struct.pack("HxxxxxxQ", len(words), ctypes.addressof(code))
    kit.LIBC.prctl(38, 1, 0, 0, 0)
    fd = kit.LIBC.syscall(SECCOMP, 1, 8, program)
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd


class Devices(kit.Registrar):
    def setUp(self):
        super().setUp()
        self.others = []

    def tearDown(self):
        for pid in self.others:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        super().tearDown()

    def allow(self, unit, lines="UnmodifiedPrograms=yes", operations="report raw"):
        (self.policy / f"{unit}.conf").write_text(
            f"[Match]\nUnit={unit}.service\n[Allow]\nOperations={operations}\n{lines}\n[Claims]\nName={unit}\n")
        os.kill(self.pid, signal.SIGHUP)
        self.wait_until(lambda: "workloads" in self.logged(), "no reload")
        kit.ask(self.register, kit.REGISTRAR + "List")

    def program(self, cgroup, uid, path):
        """A process that opens @path. Its listener, and where the outcome comes."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            kit.LIBC.prctl(4, 1)
            socket.send_fds(there, [b"x"], [listener()])
            there.recv(1)
            try:
                os.close(os.open(path, os.O_RDONLY))
                there.send(b"0")
            except OSError as error:
                there.send(str(error.errno).encode())
            os._exit(0)
        there.close()
        here.settimeout(kit.PATIENCE)
        self.others.append(pid)
        return pid, socket.recv_fds(here, 1, 1)[1][0], here

    def supervise(self, unit="teegate-seccomp@1.service"):
        """A supervisor, and the socket by which a runtime of root's connected."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        cgroup = self.cgroup(unit)
        pid = os.fork()
        if pid == 0:
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))
            os.dup2(self.log.fileno(), 2)
            os.dup2(there.fileno(), 3)
            os.execve(SUPERVISE, [SUPERVISE, f"--broker={self.register}"],
                      {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
        there.close()
        self.others.append(pid)
        return here

    @staticmethod
    def hand_over(runtime, pid, fd):
        state = {"ociVersion": "1.0.2", "fds": ["seccompFd"], "pid": pid, "state": {"id": "c1"}}
        socket.send_fds(runtime, [json.dumps(state).encode()], [fd])
        os.close(fd)

    def opens(self, path="/dev/sev-guest", unit="legacy.service", names=None):
        """What open() says, by the name of the errno."""
        pid, fd, outcome = self.program(self.cgroup(f"{unit}/c1", kit.ALICE), kit.ALICE, path)
        with self.supervise() as runtime:
            self.hand_over(runtime, names or pid, fd)
            outcome.send(b"x")
            return errno.errorcode.get(int(outcome.recv(16)), "0")

    def test_a_device_is_opened_as_policy_says(self):
        self.allow("legacy")
        self.assertEqual(self.opens(), "ENODEV", self.logged())
        self.assertEqual(self.opens("/dev/tdx_guest"), "ENODEV")
        self.assertEqual(self.opens(unit="other.service"), "EPERM")

    def test_it_takes_both_words_of_policy(self):
        for lines, operations, outcome in (("UnmodifiedPrograms=yes", "report raw", "ENODEV"),
                                           ("", "report raw", "EPERM"),
                                           ("UnmodifiedPrograms=yes", "report", "EPERM")):
            self.allow("legacy", lines, operations)
            self.assertEqual(self.opens(), outcome, (lines, operations, self.logged()))

    def test_what_is_no_device_goes_on(self):
        self.assertEqual(self.opens("/dev/null"), "0", self.logged())
        self.assertEqual(self.opens("/dev/uv/x"), "ENOENT")

    def test_a_process_of_another_cgroup_than_was_named_gets_nothing(self):
        self.allow("legacy")
        beside = self.process(self.cgroup("legacy.service/c2", kit.ALICE), kit.ALICE)
        self.assertEqual(self.opens(names=beside.pid), "EPERM", self.logged())
        self.assertIn("not in the cgroup of its container", self.logged())
        self.assertEqual(self.opens(), "ENODEV")

    def test_what_is_no_notification_descriptor_is_not_taken(self):
        with self.supervise() as runtime:
            self.hand_over(runtime, os.getpid(), os.open("/dev/null", os.O_RDWR))
            self.wait_until(lambda: "not supervising: Bad file descriptor" in self.logged(), "it goes on")

    def test_only_a_supervisor_speaks_for_others_and_once_for_each_connection(self):
        self.allow("legacy")
        inside = self.process(self.cgroup("legacy.service/c1", kit.ALICE), kit.ALICE)
        call = {"device": "sev-guest", "processFd": 0}
        pidfd = os.pidfd_open(inside.pid)
        self.addCleanup(os.close, pidfd)
        for unit, uid, error, words in (("teegate-seccomp@9.service", 0, "Failed", "ENODEV"),
                                        ("teegated.service", 0, "NotAllowed", "teegate-seccomp"),
                                        ("legacy.service/c1", kit.ALICE, "NotAllowed", "teegate-seccomp"),
                                        ("user@1.service/teegate-seccomp@9.service", kit.ALICE, "NotAllowed",
                                         "teegate-seccomp")):
            asker = self.process(self.cgroup(unit, uid), uid)
            reply = asker.ask(self.register, kit.REGISTRAR + "OpenDevice", call, [pidfd])
            self.assertEqual(reply["error"], kit.BROKER + error, (unit, reply))
            self.assertIn(words, json.dumps(reply))

    def test_calls_that_make_no_sense_are_refused(self):
        asker = self.process(self.cgroup("teegate-seccomp@9.service"), 0)
        null = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, null)
        for call, fds, parameter in (({"device": "null", "processFd": 0}, [null], "device"),
                                     ({"device": "uv", "processFd": 0}, [null], "processFd"),
                                     ({"device": "uv", "processFd": 1}, [null], "processFd"),
                                     ({"device": "uv", "processFd": 0}, [], "processFd")):
            reply = asker.ask(self.register, kit.REGISTRAR + "OpenDevice", call, fds)
            self.assertEqual(reply["parameters"], {"parameter": parameter}, call)


def load_tests(loader, _tests, _pattern):
    """Not those of the kit once more."""
    return unittest.TestSuite(Devices(name) for name in loader.getTestCaseNames(Devices)
                              if name in vars(Devices))


if __name__ == "__main__":
    if not kit.enter_namespace():
        print("needs root and cgroup v2", file=sys.stderr)
        sys.exit(77)
    unittest.main(warnings="ignore", testRunner=unittest.TextTestRunner(resultclass=kit.Tap, verbosity=0))

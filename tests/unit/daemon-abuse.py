#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegated without a module, and clients that do everything wrong.

Needs root, for a mount namespace with a cgroup v2 tree at /sys/fs/cgroup: skipped (77) without.
The daemon must answer a good client after each of these, stay small, and end with status 0.
"""

import array
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import cgroups

DAEMON = sys.argv.pop(1)
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# Not the same for two runs on one machine: a run in a PID namespace of its own has the numbers of others.
SLICE = CGROUPS / f"teegate-test-{os.urandom(4).hex()}.slice"
ACCOUNT_MAX = 16
MESSAGE_MAX = 16384
NOBODY = 65534

# Seconds that something may take which does not wait: only who fails needs them.
PATIENCE = 120

POLICY = "[Match]\nUnit=payments.service\n[Allow]\nOperations=report\n"


def enter_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(0x20000) != 0:
        return False
    commands = []
    if not CGROUPS.is_dir():    # a build root without /sys
        commands += [["mount", "-t", "tmpfs", "tmpfs", "/sys"], ["mkdir", "-p", str(CGROUPS)]]
    elif CGROUPS.is_mount():    # private first, or the tree would appear outside, too
        commands += [["mount", "--make-rprivate", str(CGROUPS)]]
    commands += [["mount", "-t", "cgroup2", "none", str(CGROUPS)]]
    for command in commands:
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            return False
    return True


def call(method, parameters=None, **more):
    message = {"method": method, "parameters": parameters or {}, **more}
    return json.dumps(message).encode() + b"\0"


GET_INFO = call("io.teegate.Broker.GetInfo")


def comes_true(condition):
    """As soon as it is so; false if it is not in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)    # waits in the backlog; with a time limit it would give up at once
        self.sock.settimeout(PATIENCE)
        self.rest = b""

    def send(self, data):
        self.sock.sendall(data)

    def reply(self):
        """The next answer, or None when the daemon has hung up."""
        while b"\0" not in self.rest:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, *args, **kwargs):
        self.send(call(*args, **kwargs))
        return self.reply()

    def is_open(self):
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1) != b""
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.sock.settimeout(PATIENCE)

    def close(self):
        self.sock.close()


class Abuse(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="teegated."))
        self.dir.chmod(0o755)
        self.policy = self.dir / "workloads.d"
        self.policy.mkdir(mode=0o755)
        self.write_policy(POLICY)
        self.path = str(self.dir / "socket")
        self.log = open(self.dir / "log", "w+")
        self.clients = []
        self.holder = self.attacker = None
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.notified.bind(str(self.dir / "notify"))
        self.notified.settimeout(PATIENCE)
        self.start()

    def start(self):
        self.daemon = subprocess.Popen([DAEMON, f"--socket={self.path}", f"--policy-dir={self.policy}",
                                        "--device=/nonexistent/teegate"], stderr=self.log,
                                       env={**os.environ, "NOTIFY_SOCKET": str(self.dir / "notify")})
        if not comes_true(lambda: os.path.exists(self.path) and self.answers()):
            self.fail(f"the daemon did not start: {self.logged()}")

    def tearDown(self):
        for client in self.clients:
            client.close()
        for child in (self.holder, self.attacker):
            if child:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        self.daemon.send_signal(signal.SIGTERM)
        status = self.daemon.wait(PATIENCE)
        text = self.logged()
        self.log.close()
        self.notified.close()
        shutil.rmtree(self.dir)
        for unit in SLICE.glob("*"):
            if unit.is_dir():
                cgroups.remove(unit)
        if SLICE.exists():
            cgroups.remove(SLICE)
        self.assertEqual(status, 0, text)
        self.assertNotIn("Sanitizer", text)
        self.assertNotIn("runtime error", text)

    def logged(self):
        return (self.dir / "log").read_text()

    def write_policy(self, text, name="payments.conf"):
        file = self.policy / name
        file.write_text(text)
        file.chmod(0o644)

    def connect(self):
        client = Client(self.path)
        self.clients.append(client)
        return client

    def answers(self):
        try:
            client = Client(self.path)
        except OSError:
            return False
        reply = client.ask("io.teegate.Broker.GetInfo")
        client.close()
        return reply is not None and reply["parameters"]["info"]["state"] == "absent"

    def assert_alive(self):
        self.assertIsNone(self.daemon.poll())
        self.assertTrue(self.answers(), self.logged())

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd"))

    def assert_descriptors(self, most):
        """Those of who has left are closed when the daemon comes to it."""
        comes_true(lambda: self.descriptors() <= most)
        self.assertLessEqual(self.descriptors(), most)

    def fork_in_unit(self, unit, action, uid=NOBODY):
        """What @action returns in a child in a system unit's cgroup, as an unprivileged user if not another."""
        (SLICE / unit).mkdir(parents=True, exist_ok=True)
        read, write = os.pipe()
        child = self.holder = os.fork()
        if child == 0:
            try:
                (SLICE / unit / "cgroup.procs").write_text(str(os.getpid()))
                os.setgroups([])
                os.setresuid(uid, uid, uid)
                os.write(write, json.dumps(action()).encode())
            except BaseException as error:    # it must not go on with the tests
                os.write(write, json.dumps(repr(error)).encode())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read) as file:
            result = json.load(file)
        os.waitpid(child, 0)
        self.holder = None
        return result

    def in_unit(self, unit, method, parameters, uid=NOBODY):
        """Calls from a child in a system unit's cgroup, as an unprivileged user."""
        (SLICE / unit).mkdir(parents=True, exist_ok=True)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                (SLICE / unit / "cgroup.procs").write_text(str(os.getpid()))
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                reply = Client(self.path).ask(method, parameters)
                os.write(write, json.dumps(reply).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(write)
        _, status = os.waitpid(child, 0)
        with os.fdopen(read) as file:
            text = file.read()
        self.assertEqual(status, 0)
        return json.loads(text)

    def test_it_confines_itself(self):
        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual(fields["Seccomp"], "2")
        self.assertEqual(fields["NoNewPrivs"], "1")
        allowed = 1 << 2 | 1 << 12 | 1 << 19 | 1 << 21    # see the table in daemon/sandbox.c
        self.assertEqual(int(fields["CapEff"], 16) & ~allowed, 0)
        # Without the filter a thread could have none.
        for task in pathlib.Path(f"/proc/{self.daemon.pid}/task").iterdir():
            self.assertIn("\nSeccomp:\t2\n", (task / "status").read_text())

    def test_without_a_module_it_says_so(self):
        info = self.connect().ask("io.teegate.Broker.GetInfo")["parameters"]["info"]
        self.assertEqual(info["state"], "absent")
        self.assertIn("modprobe teegate", info["reason"])
        self.assertNotIn("workload", info)

    def test_a_unit_with_policy_passes_and_others_hear_which_lines_are_missing(self):
        method = "io.teegate.Broker.GetEvidence"
        reply = self.in_unit("payments.service", method, {"userData": "AAAA"})
        self.assertEqual(reply["error"], "io.teegate.Broker.Failed")
        self.assertEqual(reply["parameters"]["errno"], "ENODEV")

        reply = self.in_unit("billing.service", method, {})
        self.assertEqual(reply["error"], "io.teegate.Broker.NotAllowed")
        self.assertIn("billing.service", reply["parameters"]["workload"])
        self.assertIn(f"uid {NOBODY}", reply["parameters"]["workload"])
        self.assertIn("/etc/teegate/workloads.d/billing.conf", reply["parameters"]["rule"])
        self.assertIn("\n[Match]\nUnit=billing.service\n", reply["parameters"]["rule"])
        self.assertIn("\n[Allow]\nOperations=report\n", reply["parameters"]["rule"])

        reply = self.in_unit("payments.service", method, {"raw": True})
        self.assertEqual(reply["error"], "io.teegate.Broker.NotAllowed")
        self.assertIn("payments.conf", reply["parameters"]["rule"])
        self.assertIn("Operations=raw", reply["parameters"]["rule"])

    def test_the_right_unit_with_another_user_hears_which_file_to_change(self):
        self.write_policy(POLICY.replace("[Allow]", "Uid=1\n[Allow]"))
        self.reload("policy-loaded")
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {}, uid=1)
        self.assertEqual(reply["error"], "io.teegate.Broker.Failed")
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
        self.assertEqual(reply["error"], "io.teegate.Broker.NotAllowed")
        self.assertIn(f"payments.conf names this unit, but not uid {NOBODY}", reply["parameters"]["reason"])
        self.assertIn(f"payments.conf:\n[Match]\nUid={NOBODY}\n", reply["parameters"]["rule"])

    def test_a_workload_that_is_root_could_forge(self):
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {}, uid=0)
        self.assertEqual(reply["error"], "io.teegate.Broker.Forgeable")
        self.assertIn("CAP_", reply["parameters"]["reason"])
        self.write_policy(POLICY + "TrustPrivileged=yes\n")
        self.reload("policy-loaded")
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {}, uid=0)
        self.assertEqual(reply["error"], "io.teegate.Broker.Failed")

    def test_a_neighbour_in_the_cgroup_that_could_forge_counts(self):
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
        self.assertEqual(reply["error"], "io.teegate.Broker.Failed")
        child = self.holder = os.fork()
        if child == 0:
            (SLICE / "payments.service/cgroup.procs").write_text(str(os.getpid()))
            while True:
                signal.pause()
        comes_true((SLICE / "payments.service/cgroup.procs").read_text)
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
        self.assertEqual(reply["error"], "io.teegate.Broker.Forgeable")
        self.assertIn(f"process {child} of its cgroup: ", reply["parameters"]["reason"])
        self.assertIn("CAP_", reply["parameters"]["reason"])

    @unittest.skipUnless(os.path.exists("/dev/fuse") and os.path.ismount("/dev"), "no FUSE here")
    def test_a_file_system_that_never_answers_costs_its_owner_only(self):
        (SLICE / "payments.service").mkdir(parents=True)
        read, write = os.pipe()
        child = self.holder = os.fork()
        if child == 0:
            (SLICE / "payments.service/cgroup.procs").write_text(str(os.getpid()))
            libc = ctypes.CDLL(None, use_errno=True)
            client = Client(self.path)
            fuse = os.open("/dev/fuse", os.O_RDWR)
            options = f"fd={fuse},rootmode=40755,user_id=0,group_id=0,allow_other"
            # On a private mount only: nobody else's /dev shall hang.
            done = (libc.unshare(0x20000) == 0 and
                    libc.mount(b"none", b"/dev", None, 0x44000, None) == 0 and
                    libc.mount(b"fuse", b"/dev", b"fuse", 0, options.encode()) == 0)
            os.setgroups([])
            os.setresuid(NOBODY, NOBODY, NOBODY)
            client.ask("io.teegate.Broker.GetInfo")
            start = time.monotonic()
            reply = client.ask("io.teegate.Broker.AcquireLease")
            os.write(write, json.dumps([done, time.monotonic() - start, reply]).encode())
            signal.pause()
        time.sleep(1)
        self.write_policy("[Match]\nUnit=other.service\n", "other.conf")
        reply = self.in_unit("other.service", "io.teegate.Broker.GetInfo", {})
        self.assertIn("info", reply["parameters"])
        mounted, seconds, reply = json.loads(os.read(read, 65536))
        if not mounted:
            self.skipTest("FUSE cannot be mounted here")
        self.assertEqual(reply["error"], "io.teegate.Broker.Forgeable")
        self.assertIn("does not answer", reply["parameters"]["reason"])
        self.assertLess(seconds, 60)

    def test_two_rules_are_refused_and_both_named(self):
        self.write_policy(f"[Match]\nUid={NOBODY}\n[Allow]\nOperations=report\n", "nobody.conf")
        self.reload("policy-loaded")
        for _ in range(2):
            reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
            self.assertEqual(reply["error"], "io.teegate.Broker.NotAllowed")
            self.assertIn("payments.conf", reply["parameters"]["reason"])
            self.assertIn("nobody.conf", reply["parameters"]["reason"])

    def reload(self, expected):
        self.daemon.send_signal(signal.SIGHUP)
        if not comes_true(lambda: expected in self.logged()):
            self.fail(self.logged())

    def notification(self, name):
        """The next one that has the assignment, as a dictionary."""
        while True:
            lines = self.notified.recv(4096).decode().splitlines()
            fields = dict(line.split("=", 1) for line in lines if "=" in line)
            if name in fields:
                return fields

    def test_a_reload_is_said_to_have_begun_after_it_was_asked_for(self):
        self.notification("READY")
        for _ in range(50):
            asked = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            self.daemon.send_signal(signal.SIGHUP)
            begun = int(self.notification("RELOADING")["MONOTONIC_USEC"])
            self.assertLessEqual(asked, begun)
            self.assertLessEqual(begun, time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
            self.assertEqual(self.notification("READY")["READY"], "1")

    def test_a_broken_file_leaves_the_old_policy_in_force(self):
        self.write_policy(POLICY + "[Lease]\nLifetimeSec=never\n")
        self.reload("what was read before stays in force")
        self.assertIn("payments.conf:6: LifetimeSec=never", self.logged())
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
        self.assertEqual(reply["error"], "io.teegate.Broker.Failed")

    def test_the_root_cgroup_is_no_workload(self):
        reply = self.connect().ask("io.teegate.Broker.AcquireLease")
        self.assertEqual(reply["error"], "io.teegate.Broker.UnknownWorkload")
        self.assertIn("root cgroup", reply["parameters"]["reason"])

    def test_what_cannot_be_undone_needs_its_own_line_and_is_bounded(self):
        extend, event = "io.teegate.Broker.Extend", {"index": 2, "event": "AAAA"}
        reply = self.in_unit("payments.service", extend, event)
        self.assertEqual(reply["error"], "io.teegate.Broker.NotAllowed")
        self.assertIn("Operations=extend", reply["parameters"]["rule"])
        self.write_policy(POLICY + "Operations=extend\nExtendEvents=3\nExtendBytes=100\n")
        self.reload("policy-loaded")
        for _ in range(5):    # there is no device, so nothing was extended and nothing is used up
            reply = self.in_unit("payments.service", extend, event)
            self.assertEqual(reply["parameters"].get("errno"), "ENODEV", reply)
        lease = {"operations": ["extend"]}
        for more, rule in (({}, "ExtendEvents=1\nExtendBytes=1024\n"),
                           ({"extendEvents": 4, "extendBytes": 1}, "ExtendEvents=4\nExtendBytes=1\n"),
                           ({"extendBytes": 101}, "ExtendEvents=1\nExtendBytes=101\n")):
            reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", lease | more)
            self.assertEqual(reply["error"], "io.teegate.Broker.NotAllowed", more)
            self.assertIn("3 events and 100 bytes are left", reply["parameters"]["reason"])
            self.assertIn(rule, reply["parameters"]["rule"])
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease",
                             lease | {"extendEvents": 3, "extendBytes": 100})
        self.assertEqual(reply["parameters"].get("errno"), "ENODEV", reply)

    def test_bad_parameters_are_named(self):
        self.write_policy(POLICY + "Operations=extend\n")
        self.reload("policy-loaded")
        for method, parameters, field in (
                ("Extend", {"index": 1, "event": "AAAA"}, "index"),
                ("Extend", {"index": 4, "event": "AAAA"}, "index"),
                ("Extend", {"index": -1, "event": "AAAA"}, "index"),
                ("Extend", {"index": 4294967298, "event": "AAAA"}, "index"),
                ("Extend", {"event": "AAAA"}, "index"),
                ("Extend", {"index": 2}, "event"),
                ("Extend", {"index": 2, "event": ""}, "event"),
                ("Extend", {"index": 2, "event": "!!!"}, "event"),
                ("Extend", {"index": 2, "event": "A" * 1368}, "event"),
                ("Extend", {"index": 2, "event": "AAAA", "timeoutMs": 600001}, "timeoutMs"),
                ("AcquireLease", {"operations": ["extend"], "extendEvents": 0}, "extendEvents"),
                ("AcquireLease", {"operations": ["extend"], "extendBytes": -1}, "extendBytes"),
                ("AcquireLease", {"operations": ["extend"], "extendBytes": 4294967296}, "extendBytes"),
                ("AcquireLease", {"operations": ["report"], "extendEvents": 1}, "extendEvents"),
                ("AcquireLease", {"extendEvents": 1}, "extendEvents"),
                ("GetEvidence", {"eventLog": "yes"}, "eventLog"),
                ("GetEvidence", {"userData": "A" * 88 + "=="}, "userData"),
                ("GetEvidence", {"userData": "!!!"}, "userData"),
                ("GetEvidence", {"userData": 7}, "userData"),
                ("GetEvidence", {"challenge": ""}, "challenge"),
                ("GetEvidence", {"challenge": 7}, "challenge"),
                ("GetEvidence", {"challenge": "A" * 10924}, "challenge"),  # 8193 bytes
                ("GetEvidence", {"challenge": "AAAA", "userData": "A" * 87 + "="}, "userData"),
                ("GetEvidence", {"raw": "yes"}, "raw"),
                ("GetEvidence", {"timeoutMs": -1}, "timeoutMs"),
                ("GetEvidence", {"timeoutMs": 600001}, "timeoutMs"),
                ("GetEvidence", {"identity": "root"}, "identity"),
                ("AcquireLease", {"operations": ["everything"]}, "operations"),
                ("AcquireLease", {"operations": []}, "operations"),
                ("AcquireLease", {"operations": [1]}, "operations"),
                ("GetInfo", {"x": 1}, "x")):
            with self.subTest(method=method, parameters=parameters):
                reply = self.in_unit("payments.service", "io.teegate.Broker." + method, parameters)
                self.assertEqual(reply["error"], "org.varlink.service.InvalidParameter", reply)
                self.assertEqual(reply["parameters"]["parameter"], field)
        reply = self.connect().ask("io.teegate.Broker.Grant")
        self.assertEqual(reply["error"], "org.varlink.service.MethodNotFound")

    def test_garbage_ends_its_own_connection_only(self):
        for data in (b"\0", b"garbage\0", b"{}\0", b"[]\0", b"null\0", b'{"method":1}\0', b"\xff\xfe\0",
                     b'{"method":"a"' + b"\0", b'{"method":"io.teegate.Broker.GetInfo","x":1}\0',
                     b"[" * 16000 + b"\0", b'{"a":' * 2000 + b"\0", b'"' + b"\\u0000" * 2000 + b'"\0',
                     b"1e999999999\0", os.urandom(8000) + b"\0"):
            client = self.connect()
            client.send(data)
            reply = client.reply()
            self.assertTrue(reply is None or "error" in reply, (data[:20], reply))
        self.assert_alive()
        self.assertEqual(self.logged().count("message: Ended (uid 0, cgroup /): no message of varlink"), 14)

    def test_calls_that_want_no_or_many_answers_are_survived(self):
        for method in ("GetInfo", "GetEvidence", "Extend", "AcquireLease"):
            for flags in ({"oneway": True}, {"more": True}, {"oneway": True, "more": True}):
                client = self.connect()
                # At once: after a call that cannot be it has hung up.
                client.send(call("io.teegate.Broker." + method, **flags) + GET_INFO)
                client.reply()
        self.assert_alive()

    def test_half_a_message_keeps_nobody_waiting_and_costs_no_memory(self):
        before = self.memory()
        for n in range(ACCOUNT_MAX - 2):
            self.connect().send(b"x" * (MESSAGE_MAX - 1 - n))
        self.assert_alive()
        self.assertLess(self.memory() - before, 4096)

    def test_who_hangs_up_after_half_a_message_is_forgotten(self):
        before = self.descriptors()
        for n in range(10 * ACCOUNT_MAX):
            client = Client(self.path)
            client.send(GET_INFO[:1 + n % len(GET_INFO)])
            if n % 2:
                client.sock.shutdown(socket.SHUT_WR)
            client.close()
            time.sleep(0.005)
        self.assert_alive()
        self.assert_descriptors(before + 8)

    def test_who_only_stops_to_send_still_gets_the_answer(self):
        client = self.connect()
        client.send(GET_INFO)
        client.sock.shutdown(socket.SHUT_WR)
        self.assertIn("info", client.reply()["parameters"])
        self.assertIsNone(client.reply())

    def test_a_message_may_come_byte_by_byte(self):
        client = self.connect()
        for byte in GET_INFO:
            client.send(bytes([byte]))
        self.assertIn("info", client.reply()["parameters"])

    def test_an_endless_message_is_cut_off(self):
        before = self.memory()
        client = self.connect()
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            for _ in range(4096):
                client.send(b"x" * 65536)
        self.assertLess(self.memory() - before, 4096)
        self.assert_alive()
        self.assertIn("message: Ended (uid 0, cgroup /): a message that is too long", self.logged())

    def test_a_long_message_behind_a_good_one_is_cut_off(self):
        client = self.connect()
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            client.send(GET_INFO)
            for _ in range(4096):
                client.send(b"x" * 65536)
        self.assert_alive()

    def test_answers_that_nobody_reads_do_not_pile_up(self):
        before = self.memory()
        client = self.connect()
        description = call("org.varlink.service.GetInterfaceDescription", {"interface": "io.teegate.Broker"})
        sent = 0
        client.sock.settimeout(1)
        try:
            while sent < 200000:
                client.send(description)
                sent += 1
        except TimeoutError:
            pass
        self.assertLess(sent, 200000)
        self.assertLess(self.memory() - before, 8192)
        self.assert_alive()

    def test_each_of_many_calls_is_answered(self):
        client = self.connect()
        count = 2000
        child = os.fork()
        if child == 0:
            client.send(GET_INFO * count)
            os._exit(0)
        for _ in range(count):
            self.assertIn("info", client.reply()["parameters"])
        os.waitpid(child, 0)

    def test_connections_are_bounded_for_each_workload(self):
        before = self.descriptors()
        clients = [self.connect() for _ in range(900)]
        comes_true(lambda: sum(c.is_open() for c in clients) <= ACCOUNT_MAX)
        self.assertEqual(sum(c.is_open() for c in clients), ACCOUNT_MAX)
        self.assertLess(self.descriptors() - before, 5 * ACCOUNT_MAX + 16)
        reply = self.in_unit("payments.service", "io.teegate.Broker.GetInfo", {})
        self.assertEqual(reply["parameters"]["info"]["workload"], "payments")
        for client in clients:
            client.close()
        comes_true(self.answers)
        self.assert_alive()
        self.assert_descriptors(before + 8)

    def test_of_many_requests_at_once_each_is_answered(self):
        """Eight clients of one unit, twenty times: served or told to come back, never cut off."""
        def ask():
            seen = {}
            for _ in range(20):
                clients = [Client(self.path) for _ in range(8)]
                for client in clients:
                    client.send(call("io.teegate.Broker.GetEvidence"))
                for client in clients:
                    reply = client.reply()
                    error = reply["error"].rsplit(".", 1)[1] if reply else "cut off"
                    if error not in ("Failed", "Busy"):
                        error = str(reply)
                    seen[error] = seen.get(error, 0) + 1
                    client.close()
            return seen

        seen = self.fork_in_unit("payments.service", ask)
        self.assertEqual(set(seen), {"Failed", "Busy"})
        self.assertEqual(sum(seen.values()), 160)
        self.assertGreaterEqual(seen["Failed"], 80)

    def test_clients_that_leave_in_the_middle_are_forgotten(self):
        def ask():
            for n in range(200):
                clients = [Client(self.path) for _ in range(6)]
                for client in clients:
                    client.send(call("io.teegate.Broker.GetEvidence"))
                time.sleep(n % 10 * 0.001)
                for client in clients:
                    client.close()
            return "done"

        before = self.descriptors()
        self.assertEqual(self.fork_in_unit("payments.service", ask), "done")
        self.assert_alive()
        self.assert_descriptors(before + 8)

    def attacked(self, attack, seconds=3.0, times=1):
        """A polite neighbour of another unit asks all the while; returns what the attacker saw, as many times as
        that at least."""
        self.write_policy("[Match]\nUnit=attacker.service\n[Allow]\nOperations=report\n", "attacker.conf")
        self.reload("policy-loaded: 2")
        (SLICE / "attacker.service").mkdir(parents=True, exist_ok=True)
        read, write = os.pipe()
        child = self.attacker = os.fork()
        if child == 0:
            try:
                (SLICE / "attacker.service/cgroup.procs").write_text(str(os.getpid()))
                os.setgroups([])
                os.setresuid(NOBODY, NOBODY, NOBODY)
                end = time.monotonic() + seconds
                seen = {}
                while time.monotonic() < end or sum(seen.values()) < times:
                    for what in attack():
                        seen[what] = seen.get(what, 0) + 1
                os.write(write, json.dumps(seen).encode())
            except BaseException as error:
                os.write(write, json.dumps({repr(error): 1}).encode())
            finally:
                os._exit(0)
        os.close(write)

        def ask_politely():
            answers = []
            end = time.monotonic() + seconds
            while time.monotonic() < end or len(answers) < 2:
                client = Client(self.path)
                reply = client.ask("io.teegate.Broker.AcquireLease") or {"error": "cut off"}
                answers.append(reply.get("parameters", {}).get("errno") or str(reply))
                client.close()
                time.sleep(0.1)
            return answers

        answers = self.fork_in_unit("payments.service", ask_politely)
        with os.fdopen(read) as file:
            seen = json.load(file)
        os.waitpid(child, 0)
        self.attacker = None
        # There is no module: to be served is to hear so. Each request, throughout; how many there are is
        # a matter of this machine, which may be busy with other things.
        self.assertEqual(set(answers), {"ENODEV"}, seen)
        self.assertGreater(len(answers), 1)
        self.assertGreater(sum(seen.values()), 0)
        self.assert_alive()
        return seen

    def assert_refused(self, seen, expected):
        """All that the attacker saw is expected, and there was some of it."""
        self.assertEqual(set(seen) - set(expected), set(), seen)

    def throw(self, data, replies=1):
        """What comes of sending that: the names of errors, or that the daemon hung up."""
        client = Client(self.path)
        try:
            client.send(data)
            for _ in range(replies):
                reply = client.reply()
                if reply is None:
                    yield "cut off"
                    break
                yield reply.get("error", "answer").rsplit(".", 1)[-1]
        except (BrokenPipeError, ConnectionResetError):
            yield "cut off"
        finally:
            client.close()

    def test_a_neighbour_is_served_beside_a_16_MiB_message_without_end(self):
        before = self.memory()
        seen = self.attacked(lambda: self.throw(b'{"method":"' + b"x" * (16 << 20)))
        self.assert_refused(seen, {"cut off"})
        # Less than one such message; a sanitizer keeps some of what the neighbour's requests freed.
        self.assertLess(self.memory() - before, 16 << 10)

    def test_a_neighbour_is_served_beside_JSON_10000_deep(self):
        deep = b'{"a":' * 10000 + b"1" + b"}" * 10000 + b"\0"
        flat = b"[" * 10000 + b"\0"
        seen = self.attacked(lambda: [*self.throw(deep), *self.throw(flat)])
        self.assert_refused(seen, {"cut off", "InvalidParameter"})

    def test_a_neighbour_is_served_beside_invalid_UTF_8(self):
        bad = b'{"method":"io.teegate.Broker.GetEvidence","parameters":{"userData":"\xff\xc0\x80"}}\0'
        seen = self.attacked(lambda: self.throw(bad))
        self.assert_refused(seen, {"cut off", "InvalidParameter"})

    def test_a_neighbour_is_served_beside_a_flood_of_descriptors(self):
        fds = array.array("i", [0] * 253)

        def send_descriptors():
            client = Client(self.path)
            client.sock.sendmsg([GET_INFO], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            yield "answer" if client.reply() else "cut off"
            client.close()

        before = self.descriptors()
        self.assert_refused(self.attacked(send_descriptors), {"cut off"})
        self.assert_descriptors(before + 15)

    def test_a_neighbour_is_served_beside_5000_connections(self):
        held = []

        def connect():
            for _ in range(100):
                client = Client(self.path)
                if len(held) < 500:    # within what a process may have open
                    held.append(client)
                else:
                    client.close()
                yield "connected"

        seen = self.attacked(connect, 5.0, 5000)
        self.assertGreaterEqual(sum(seen.values()), 5000)

    def test_a_neighbour_is_served_beside_a_flood_of_requests(self):
        request = call("io.teegate.Broker.AcquireLease")

        def flood():
            clients = [Client(self.path) for _ in range(12)]
            for client in clients:
                client.send(request * 4)
            for client in clients:
                for _ in range(4):
                    reply = client.reply()
                    yield reply["error"].rsplit(".", 1)[-1] if reply else "cut off"
                client.close()

        seen = self.attacked(flood, 6.0)
        self.assertEqual(set(seen), {"Failed", "Busy"}, seen)

    def test_a_neighbour_is_served_beside_a_flood_of_questions(self):
        def flood():
            clients = [Client(self.path) for _ in range(12)]
            for client in clients:
                client.send(GET_INFO * 100)
            for client in clients:
                for _ in range(100):
                    yield "answer" if client.reply() else "cut off"
                client.close()

        self.assert_refused(self.attacked(flood), {"answer"})

    def test_who_asks_too_much_hears_when_to_come_back(self):
        self.write_policy(POLICY + "[Quota]\nRatePerMinute=15\nRateBurst=5\n")
        self.reload("policy-loaded")

        def ask():
            client = Client(self.path)
            replies = []
            # The sixth at once is one too many; who is slow may have earned more.
            while len(replies) < 30 and not (replies and replies[-1]["error"].endswith("Busy")):
                replies.append(client.ask("io.teegate.Broker.AcquireLease"))
            time.sleep(replies[-1]["parameters"].get("retryAfterMs", 0) / 1000)
            return [*replies, client.ask("io.teegate.Broker.AcquireLease")]

        *replies, last = self.fork_in_unit("payments.service", ask)
        errors = [reply["error"].rsplit(".", 1)[1] for reply in replies]
        self.assertEqual(errors[:5], ["Failed"] * 5)
        self.assertEqual(errors[-1], "Busy")
        self.assertGreater(replies[-1]["parameters"]["retryAfterMs"], 0)
        self.assertLessEqual(replies[-1]["parameters"]["retryAfterMs"], 4000)
        self.assertEqual(last["parameters"].get("errno"), "ENODEV", last)

    def test_connections_and_requests_are_what_policy_says(self):
        self.write_policy(POLICY + "[Quota]\nConnections=3\nRequests=1\n")
        self.reload("policy-loaded")

        def ask():
            clients = [Client(self.path) for _ in range(6)]
            for client in clients:
                try:
                    client.send(call("io.teegate.Broker.AcquireLease"))
                except (BrokenPipeError, ConnectionResetError):
                    pass
            replies = [client.reply() for client in clients]
            return [reply["error"].rsplit(".", 1)[1] if reply else "cut off" for reply in replies]

        # They are at once only if nobody stops us in between.
        for _ in range(20):
            seen = self.fork_in_unit("payments.service", ask)
            self.assertEqual(seen.count("cut off"), 3, seen)
            if "Busy" in seen:
                break
        self.assertGreaterEqual(seen.count("Busy"), 1, seen)
        self.assertGreaterEqual(seen.count("Failed"), 1, seen)

    def test_who_sends_much_is_read_at_the_rate_of_policy(self):
        quota = 10 * len(GET_INFO)
        self.write_policy(POLICY + f"[Quota]\nBytes={quota}\n")
        self.reload("policy-loaded")

        def ask():
            client = Client(self.path)
            answers, begun = 0, time.monotonic()
            while answers < 100 and (answers < 10 or time.monotonic() - begun < 4):
                client.send(GET_INFO)
                client.reply()
                answers += 1
            return answers, time.monotonic() - begun

        # Ten at once, and one in six seconds.
        answers, seconds = self.fork_in_unit("payments.service", ask)
        self.assertLessEqual(answers, 12 + seconds / 6, seconds)
        self.assertTrue(self.answers())

    def test_half_a_message_has_to_be_ended_soon(self):
        client, idle = self.connect(), self.connect()
        client.send(GET_INFO[:-1])
        begun = time.monotonic()
        self.assertIsNone(client.reply())
        self.assertGreater(time.monotonic() - begun, 5)
        self.assertLess(time.monotonic() - begun, 60)
        self.assertIn("message: Ended (uid 0, cgroup /): half a message", self.logged())
        # Who sends nothing may stay.
        self.assertTrue(idle.is_open())
        self.assertIn("info", idle.ask("io.teegate.Broker.GetInfo")["parameters"])

    def test_half_a_message_behind_a_whole_one_has_to_be_ended_soon(self):
        client, honest = self.connect(), self.connect()
        begun = time.monotonic()
        for sender in (client, honest):
            sender.send(GET_INFO + GET_INFO[:-1])
            self.assertIn("info", sender.reply()["parameters"])
        honest.send(GET_INFO[-1:])
        self.assertIn("info", honest.reply()["parameters"])
        self.assertIsNone(client.reply())
        self.assertGreater(time.monotonic() - begun, 5)
        self.assertLess(time.monotonic() - begun, 60)
        self.assertTrue(honest.is_open(), self.logged())

    def test_who_sends_descriptors_along_is_cut_off(self):
        before = self.descriptors()
        fds = array.array("i", [0] * 200)
        for pieces in ([GET_INFO], [GET_INFO[:20], GET_INFO[20:]]):    # with the first byte and a later one
            client = self.connect()
            for piece in pieces[:-1]:
                client.send(piece)
            client.sock.sendmsg(pieces[-1:], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            self.assertIsNone(client.reply())
        self.assertEqual(self.logged().count("message: Ended (uid 0, cgroup /): descriptors"), 2)
        self.assert_descriptors(before + 15)
        self.assert_alive()

    def test_the_process_that_connected_must_still_be_there(self):
        SLICE.mkdir(exist_ok=True)
        (SLICE / "payments.service").mkdir()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.settimeout(PATIENCE)
        child = self.holder = os.fork()
        if child == 0:
            (SLICE / "payments.service/cgroup.procs").write_text(str(os.getpid()))
            os.setresuid(NOBODY, NOBODY, NOBODY)
            client = Client(self.path)
            client.ask("io.teegate.Broker.GetInfo")
            socket.send_fds(theirs, [b"x"], [client.sock.fileno()])
            signal.pause()
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        stolen = Client.__new__(Client)
        stolen.sock, stolen.rest = socket.socket(fileno=fds[0]), b""
        stolen.sock.settimeout(PATIENCE)
        # While it lives, it is the one who asks; whoever uses its connection was given it.
        self.assertEqual(stolen.ask("io.teegate.Broker.AcquireLease")["error"], "io.teegate.Broker.Failed")
        # It cannot take what it is to another cgroup.
        (SLICE / "other.service").mkdir()
        (SLICE / "other.service/cgroup.procs").write_text(str(child))
        reply = stolen.ask("io.teegate.Broker.AcquireLease")
        self.assertEqual(reply["error"], "io.teegate.Broker.UnknownWorkload")
        self.assertIn("moved", reply["parameters"]["reason"])
        (SLICE / "payments.service/cgroup.procs").write_text(str(child))
        self.assertEqual(stolen.ask("io.teegate.Broker.AcquireLease")["error"], "io.teegate.Broker.Failed")
        os.kill(child, signal.SIGKILL)
        for reap in (False, True):
            if reap:
                os.waitpid(child, 0)
                self.holder = None
            else:
                os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            reply = stolen.ask("io.teegate.Broker.AcquireLease")
            self.assertEqual(reply["error"], "io.teegate.Broker.UnknownWorkload")
            self.assertIn("exited", reply["parameters"]["reason"])
        stolen.close()

    def test_a_directory_that_a_user_owns_cannot_hold_a_system_unit(self):
        SLICE.mkdir(exist_ok=True)
        os.chown(SLICE, NOBODY, NOBODY)
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
        self.assertEqual(reply["error"], "io.teegate.Broker.UnknownWorkload")
        self.assertIn("belong to root", reply["parameters"]["reason"])
        os.chown(SLICE, 0, 0)
        reply = self.in_unit("payments.service", "io.teegate.Broker.AcquireLease", {})
        self.assertEqual(reply["error"], "io.teegate.Broker.Failed")


class Tap(unittest.TextTestResult):
    """One line on stdout for each test, beside what unittest says on stderr."""

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
    if not enter_namespace():
        print("needs root and cgroup v2", file=sys.stderr)
        sys.exit(77)
    unittest.main(warnings="ignore", testRunner=unittest.TextTestRunner(resultclass=Tap, verbosity=0))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Administration of teegated, without a module: who may, and what they are told.

Ways to be root without being root of the system are tried one by one, beside root itself; a user
namespace is none that a chroot can make, so that one is tried in the guest (tests/e2e/admin.sh). Needs
root and a cgroup v2 tree, as daemon-abuse.py: skipped (77) without.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time
import unittest

SPEC = importlib.util.spec_from_file_location(
    "abuse", pathlib.Path(__file__).resolve().parent / "daemon-abuse.py")
abuse = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(abuse)    # takes the daemon from the command line
TEEGATECTL = sys.argv.pop(1)

# What the sanitizer keeps of freed memory is not the daemon's.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))

BROKER = "io.teegate.Broker."
NEWPID, NEWCGROUP = 0x20000000, 0x02000000
PR_CAPBSET_DROP, CAP_SYS_ADMIN = 24, 21
METHODS = {"ListLeases": {}, "Revoke": {"leaseId": 1}, "Statistics": {}, "Reload": {}}
QUEUE_MAX = 256

libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def drop_sys_admin():
    """As a container engine does: neither in the bounding set nor in any other."""
    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    class Data(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]

    header, data = Header(0x20080522, 0), (Data * 2)()
    if libc.prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) != 0 or libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for name in ("effective", "permitted", "inheritable"):
        setattr(data[0], name, getattr(data[0], name) & ~(1 << CAP_SYS_ADMIN))
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def become_nobody():
    os.setgroups([])
    os.setresuid(abuse.NOBODY, abuse.NOBODY, abuse.NOBODY)


class Administration(abuse.Abuse):
    def from_child(self, prepare, action):
        """What @action returns in a child after @prepare, and in a child of that one, for pid namespaces."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                prepare()
                inner = os.fork()
                if inner == 0:
                    os.write(write, json.dumps(action()).encode())
                    os._exit(0)
                os.waitpid(inner, 0)
            except BaseException as error:    # it must not go on with the tests
                os.write(write, json.dumps(repr(error)).encode())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read) as file:
            result = json.load(file)
        os.waitpid(child, 0)
        return result

    def ask_all(self):
        return {method: abuse.Client(self.path).ask(BROKER + method, parameters)
                for method, parameters in METHODS.items()}

    def assert_served(self, replies):
        self.assertEqual(replies["ListLeases"]["parameters"], {"leases": []})
        self.assertEqual(replies["Revoke"]["error"], BROKER + "NoSuchLease")
        self.assertEqual(replies["Reload"]["parameters"], {"workloads": 1})
        numbers = replies["Statistics"]["parameters"]
        self.assertFalse(numbers["kernelEvents"])
        self.assertGreaterEqual(numbers["connections"], 1)

    def assert_refused(self, replies, reason):
        self.assertIsInstance(replies, dict, replies)
        for method in METHODS:
            self.assertEqual(replies[method].get("error"), BROKER + "NotAdministrator", replies)
            self.assertIn(reason, replies[method]["parameters"]["reason"])
            self.assertIn(f"{method}: NotAdministrator", self.logged())

    def test_root_of_the_system_is_served(self):
        self.assert_served(self.from_child(lambda: None, self.ask_all))

    def test_another_user_is_refused(self):
        self.assert_refused(self.from_child(become_nobody, self.ask_all), "only root")

    def test_root_in_a_pid_namespace_of_its_own_is_refused(self):
        self.assert_refused(self.from_child(lambda: unshare(NEWPID), self.ask_all), "pid namespace")

    def test_root_in_a_cgroup_namespace_of_its_own_is_refused(self):
        self.assert_refused(self.from_child(lambda: unshare(NEWCGROUP), self.ask_all), "cgroup namespace")

    def test_root_without_the_capability_is_refused(self):
        self.assert_refused(self.from_child(drop_sys_admin, self.ask_all), "CAP_SYS_ADMIN")

    def test_who_has_exited_since_is_nobody(self):
        client = self.connect()

        def lend():
            os.dup2(client.sock.fileno(), 0)
            return os.getpid()

        # The connection of a child that is gone, in the hands of root who lives.
        lent, kept = abuse.socket.socketpair(abuse.socket.AF_UNIX, abuse.socket.SOCK_STREAM)

        def connect_and_hand_over():
            mine = abuse.Client(self.path)
            abuse.socket.send_fds(lent, [b"x"], [mine.sock.fileno()])
            return lend()

        self.from_child(lambda: None, connect_and_hand_over)
        _, fds, _, _ = abuse.socket.recv_fds(kept, 1, 1)
        client.sock.close()
        client.sock = abuse.socket.socket(fileno=fds[0])
        client.sock.settimeout(abuse.PATIENCE)
        self.assertEqual(client.ask(BROKER + "ListLeases")["error"], BROKER + "NotAdministrator")
        self.assertIn("leases", self.connect().ask(BROKER + "ListLeases")["parameters"])

    def subscribe(self):
        client = self.connect()
        client.send(abuse.call(BROKER + "Subscribe", more=True))
        first = client.reply()
        self.assertTrue(first["continues"])
        self.assertEqual({k: first["parameters"]["event"][k] for k in ("event", "method", "verdict")},
                         {"event": "decision", "method": "Subscribe", "verdict": "granted"})
        return client

    def next_of(self, client, kind):
        """The next event of that kind."""
        while (reply := client.reply()) is not None:
            if reply["parameters"]["event"]["event"] == kind:
                return reply["parameters"]["event"]
        return self.fail(f"hung up on before {kind}: {self.logged()}")

    def test_subscribers_hear_decisions_in_their_order_and_with_names(self):
        client = self.subscribe()
        self.in_unit("billing.service", BROKER + "GetEvidence", {})
        self.in_unit("payments.service", BROKER + "GetEvidence", {})
        self.connect().ask(BROKER + "Reload")
        seen = [client.reply()["parameters"]["event"] for _ in range(4)]
        self.assertEqual([(e["event"], e.get("method"), e.get("verdict")) for e in seen],
                         [("decision", "GetEvidence", "NotAllowed"), ("decision", "GetEvidence", "Failed"),
                          ("decision", "Reload", "granted"), ("policy-loaded", None, None)])
        self.assertEqual(seen[0]["unit"], "billing.service")
        self.assertEqual(seen[0]["uid"], abuse.NOBODY)
        self.assertNotIn("workload", seen[0])
        self.assertEqual(seen[1]["workload"], "payments")
        self.assertTrue(seen[1]["rule"].endswith("payments.conf"))
        self.assertLess(abs(seen[1]["timestampUSec"] / 1e6 - time.time()), 60)

    def test_a_stream_needs_an_administrator_and_more(self):
        def without_rights():
            client = abuse.Client(self.path)
            client.send(abuse.call(BROKER + "Subscribe", more=True))
            return client.reply()

        self.assertEqual(self.from_child(become_nobody, without_rights)["error"], BROKER + "NotAdministrator")
        reply = self.connect().ask(BROKER + "Subscribe")
        self.assertEqual(reply["error"], "org.varlink.service.ExpectedMore")
        self.subscribe()

    def test_who_does_not_read_is_cut_off_and_told(self):
        slow, quick = self.subscribe(), self.subscribe()
        heard = 0
        before = self.memory()
        writer = self.connect()
        # What the two sockets hold, and the queue, and then some.
        for _ in range(4000):
            writer.send(abuse.call(BROKER + "Reload"))
            self.assertIn("parameters", writer.reply())
            self.notification("STATUS")    # the daemon waits for whoever asked to be notified
            with contextlib.suppress(BlockingIOError):
                quick.sock.setblocking(False)
                while True:
                    data = quick.sock.recv(1 << 16)
                    self.assertTrue(data, "the quick one was cut off")
                    heard += data.count(b'"policy-loaded"')
        self.assertGreater(heard, 3000)
        self.assertLess(self.memory() - before, 32 << 10)
        last = None
        while (reply := slow.reply()) is not None:
            last = reply
            if "error" in reply:
                break
        self.assertEqual(last["error"], BROKER + "EventsLost")
        self.assertGreater(last["parameters"]["lost"], QUEUE_MAX)
        # And may begin again, on the same connection.
        slow.send(abuse.call(BROKER + "Subscribe", more=True))
        self.assertEqual(slow.reply()["parameters"]["event"]["method"], "Subscribe")

    def test_subscribers_are_few_and_leave_no_trace(self):
        clients = [self.connect() for _ in range(15)]
        for client in clients:
            client.send(abuse.call(BROKER + "Subscribe", more=True))
            self.assertIn("continues", client.reply())
        descriptors = self.descriptors()
        for client in clients:
            client.close()
        self.assert_descriptors(descriptors - 15)
        self.subscribe()

    def test_decisions_that_are_not_written_are_counted(self):
        client = self.subscribe()

        def ask_often():
            mine = abuse.Client(self.path)
            for _ in range(200):
                mine.ask(BROKER + "GetEvidence")
            return 200

        self.assertEqual(self.fork_in_unit("billing.service", ask_often), 200)
        written = counted = 0
        deadline = time.monotonic() + abuse.PATIENCE    # nothing more is asked: the timer has to tell
        while written + counted < 200 and time.monotonic() < deadline:
            event = client.reply()["parameters"]["event"]
            written += event["event"] == "decision" and event.get("unit") == "billing.service"
            counted += event["count"] if event["event"] == "suppressed" else 0
        self.assertEqual(written + counted, 200)
        self.assertLess(written, 100)

    def test_a_broken_policy_is_refused_with_its_lines(self):
        listener = self.subscribe()
        self.write_policy("[Match]\nUnit=a.service\nColour=red\n", "broken.conf")
        reply = self.connect().ask(BROKER + "Reload")
        self.assertEqual(reply["error"], BROKER + "ReloadFailed")
        self.assertIn("broken.conf:3", reply["parameters"]["reason"])
        self.assertEqual(self.in_unit("payments.service", BROKER + "GetEvidence", {})["parameters"]["errno"],
                         "ENODEV")
        (self.policy / "broken.conf").unlink()
        self.assertEqual(self.connect().ask(BROKER + "Reload")["parameters"], {"workloads": 1})
        self.assertEqual(self.next_of(listener, "policy-refused")["errno"], "EBADMSG")
        self.assertEqual(self.next_of(listener, "policy-loaded")["reason"], "1 workloads")

    def test_bad_parameters_are_named(self):
        for method, parameters, name in (("Revoke", {}, "leaseId"),
                                         ("Revoke", {"leaseId": 1, "workload": "a"}, "leaseId"),
                                         ("Revoke", {"leaseId": -1}, "leaseId"),
                                         ("ListLeases", {"after": -1}, "after")):
            reply = self.connect().ask(BROKER + method, parameters)
            self.assertEqual(reply["error"], "org.varlink.service.InvalidParameter", (method, parameters))
            self.assertEqual(reply["parameters"], {"parameter": name})

    # ---- teegatectl ----

    def ctl(self, *arguments, **more):
        return subprocess.run([TEEGATECTL, *arguments, f"--socket={self.path}"], capture_output=True, text=True,
                              timeout=abuse.PATIENCE, check=False, **more)

    def test_teegatectl_lists_and_revokes(self):
        listed = self.ctl("leases")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual(listed.stdout.split()[:2], ["LEASE", "WORKLOAD"])
        self.assertEqual(json.loads(self.ctl("leases", "list", "--json").stdout), [])
        for arguments in (("revoke", "7"), ("revoke", "--workload", "payments"), ("list", "7")):
            ended = self.ctl("leases", *arguments)
            self.assertEqual(ended.returncode, 1, ended)
            self.assertIn("there is no", ended.stderr)
        refused = self.ctl("leases", preexec_fn=become_nobody)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("refused: only root", refused.stderr)

    def test_teegatectl_shows_events_as_they_come(self):
        for options, is_json in (((), False), (("--json",), True)):
            viewer = subprocess.Popen([TEEGATECTL, "events", "--count=2", f"--socket={self.path}", *options],
                                      stdout=subprocess.PIPE, text=True)
            first = viewer.stdout.readline()
            self.in_unit("billing.service", BROKER + "GetEvidence", {})
            rest, _ = viewer.communicate(timeout=abuse.PATIENCE)
            self.assertEqual(viewer.returncode, 0)
            if is_json:
                self.assertEqual(json.loads(first)["method"], "Subscribe")
                self.assertEqual(json.loads(rest)["unit"], "billing.service")
            else:
                self.assertIn(" method=Subscribe verdict=granted", first)
                self.assertIn(" unit=billing.service ", rest)
                self.assertIn("verdict=NotAllowed", rest)

    def test_teegatectl_follows_a_broker_that_restarts(self):
        path = self.path
        viewers = []
        for more in ((), ("--follow", "--count=2")):    # one after the other: the first one hears of the second
            viewers.append(subprocess.Popen([TEEGATECTL, "events", "--json", f"--socket={path}", *more],
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            viewers[-1].stdout.readline()
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(abuse.PATIENCE), 0)
        self.assertEqual(viewers[0].wait(abuse.PATIENCE), 3)
        self.start()
        rest, errors = viewers[1].communicate(timeout=abuse.PATIENCE)
        self.assertEqual(viewers[1].returncode, 0, errors)
        self.assertEqual(json.loads(rest.splitlines()[-1])["method"], "Subscribe")
        self.assertIn("hung up", errors)
        viewers[0].communicate()

    def test_teegatectl_top_is_plain_without_a_terminal(self):
        once = self.ctl("top", "--once")
        self.assertEqual(once.returncode, 0, once.stderr)
        self.assertNotIn("\033", once.stdout)
        self.assertIn("WORKLOAD", once.stdout)
        self.assertIn("0 leases granted, ", once.stdout)
        self.assertEqual(json.loads(self.ctl("top", "--once", "--json").stdout)["workloads"], [])

    def test_teegatectl_top_draws_anew_on_a_terminal_until_interrupted(self):
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                os.execv(TEEGATECTL, [TEEGATECTL, "top", "--interval=1", f"--socket={self.path}"])
            finally:
                os._exit(1)
        self.addCleanup(os.close, terminal)    # which ends it, too
        text = b""

        def drawn_with(words):    # on a screen that was cleared, so what stood there before is gone
            nonlocal text
            end = time.monotonic() + abuse.PATIENCE
            while words not in text.rsplit(b"\033[H\033[2J", 1)[-1] or b"\033[2J" not in text:
                self.assertTrue(select.select([terminal], [], [], abuse.PATIENCE)[0], text)
                self.assertLess(time.monotonic(), end, text)
                try:
                    text += os.read(terminal, 65536)
                except OSError as error:    # EIO: it has ended
                    self.fail(f"{error}, after {text}")

        drawn_with(b"1 connections")
        others = [self.connect() for _ in range(2)]
        for other in others:
            other.ask(BROKER + "GetInfo")
        drawn_with(b"3 connections")
        os.write(terminal, b"\x03")    # as the key does
        self.assertEqual(os.WTERMSIG(os.waitpid(pid, 0)[1]), signal.SIGINT)

    def test_teegatectl_says_when_there_is_no_broker(self):
        gone = subprocess.run([TEEGATECTL, "top", "--once", "--socket=/nonexistent/socket"], capture_output=True,
                              text=True, check=False, timeout=abuse.PATIENCE)
        self.assertEqual(gone.returncode, 3)
        self.assertIn("cannot reach the broker", gone.stderr)


def main():
    if not abuse.enter_namespace():
        print("needs root and cgroup v2", file=sys.stderr)
        return 77
    # Of what is inherited only the tools are wanted.
    wanted = sys.argv[1:] or [name for name in vars(Administration) if name.startswith("test_")]
    suite = unittest.TestSuite(Administration(name) for name in wanted)
    result = unittest.TextTestRunner(resultclass=abuse.Tap, verbosity=0).run(suite)
    return not result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())

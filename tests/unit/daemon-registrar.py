#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teegated and container runtimes, honest and other: real processes in real cgroups, and this script
as their service manager, which keeps descriptors.

Needs root, for a mount namespace with a cgroup v2 tree at /sys/fs/cgroup: skipped (77) without.
"""

import array
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import cgroups

DAEMON, HOOK = sys.argv.pop(1), sys.argv.pop(1)
CGROUPS = pathlib.Path("/sys/fs/cgroup")
SLICE = CGROUPS / f"teegate{os.urandom(4).hex()}.slice"    # the hierarchy is one for all that run here
ALICE, BOB = 10001, 10002
REGISTRAR, BROKER = "io.teegate.Registrar.", "io.teegate.Broker."
DIGEST = "sha256:" + "5a" * 32
USER_MAX = 32
PATIENCE = 120    # seconds, which only who fails needs
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000

LIBC = ctypes.CDLL(None, use_errno=True)


def enter_namespace():
    if os.geteuid() != 0 or LIBC.unshare(CLONE_NEWNS) != 0:
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


def ask(path, method, parameters=None, fds=()):
    """One call; the answer, or None when the daemon hung up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(path))
        message = json.dumps({"method": method, "parameters": parameters or {}}).encode() + b"\0"
        socket.send_fds(sock, [message], list(fds))
        data = b""
        while not data.endswith(b"\0"):
            try:
                part = sock.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return None
            data += part
        return json.loads(data[:-1])


class Process:
    """A child in a cgroup, as a user, that does what it is asked."""

    def __init__(self, cgroup, uid, **kwargs):
        self.here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.here.close()
                self.live(there, cgroup, uid, **kwargs)
            finally:
                os._exit(1)
        there.close()
        self.here.settimeout(PATIENCE)
        assert self.here.recv(16) == b"ready"

    @staticmethod
    def live(sock, cgroup, uid, user_namespace=False, capabilities=True):
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        LIBC.prctl(4, 1)    # dumpable again: a process of this user in all respects
        if user_namespace and LIBC.unshare(CLONE_NEWUSER) != 0:
            sock.send(b"unshare")
            return
        if not capabilities:
            nothing = struct.pack("6I", *[0] * 6)
            assert LIBC.capset(struct.pack("Ii", 0x20080522, 0), nothing) == 0
        sock.send(b"ready")
        while True:
            data, fds, _, _ = socket.recv_fds(sock, 65536, 8)
            if not data:
                return
            path, method, parameters = json.loads(data)
            try:
                reply = ask(path, method, parameters, fds)
            except OSError as error:
                reply = {"error": repr(error)}
            for fd in fds:
                os.close(fd)
            sock.send(json.dumps(reply).encode())

    def ask(self, path, method, parameters=None, fds=()):
        socket.send_fds(self.here, [json.dumps([str(path), method, parameters]).encode()], list(fds))
        return json.loads(self.here.recv(65536))

    def end(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.here.close()
        self.pid = 0


class Manager:
    """As much of a service manager as keeps descriptors (sd_notify FDSTORE=1) and passes them on."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.sock.bind(str(path))
        self.store = []
        # Always, as a real one: a socket takes few datagrams, and then who sends them waits.
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            data, fds, _, _ = socket.recv_fds(self.sock, 65536, 8)
            if data == b"end":
                return
            fields = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
            if fields.get("FDSTORE") == "1":
                self.store += [(fields["FDNAME"], fd) for fd in fds]
            elif fields.get("FDSTOREREMOVE") == "1":
                for fd in (fd for name, fd in self.store if name == fields["FDNAME"]):
                    os.close(fd)
                self.store = [(name, fd) for name, fd in self.store if name != fields["FDNAME"]]

    def names(self):
        return sorted(name for name, _ in self.store)

    def end(self, path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"end", str(path))
        for _, fd in self.store:
            os.close(fd)

    def start(self, arguments, environment, log):
        """With the descriptors from 3 on, as sd_listen_fds(3) has them."""
        kept = [(name, fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)) for name, fd in self.store]
        pid = os.fork()
        if pid:
            for _, fd in kept:
                os.close(fd)
            return pid
        try:
            os.dup2(log.fileno(), 2)
            for i, (_, fd) in enumerate(kept):
                os.dup2(fd, 3 + i)
            if kept:
                environment = {**environment, "LISTEN_FDS": str(len(kept)), "LISTEN_PID": str(os.getpid()),
                               "LISTEN_FDNAMES": ":".join(name for name, _ in kept)}
            os.execve(DAEMON, arguments, environment)
        finally:
            os._exit(1)


class Registrar(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="teegated."))
        self.dir.chmod(0o755)
        self.policy = self.dir / "workloads.d"
        self.policy.mkdir(mode=0o755)
        self.run = self.dir / "run"
        self.register, self.broker = self.run / "register.sock", self.run / "broker.sock"
        self.log = open(self.dir / "log", "w+")
        self.manager = Manager(self.dir / "notify")
        self.processes = []
        SLICE.mkdir()
        self.addCleanup(self.remove_cgroups)
        self.start()

    @staticmethod
    def remove_cgroups():
        for path, _, _ in os.walk(SLICE, topdown=False):
            cgroups.remove(path)

    def start(self):
        self.pid = self.manager.start(
            [DAEMON, f"--run-dir={self.run}", f"--policy-dir={self.policy}", "--device=/nonexistent/teegate"],
            {**os.environ, "NOTIFY_SOCKET": str(self.dir / "notify")}, self.log)
        for _ in range(20 * PATIENCE):
            try:
                if ask(self.register, REGISTRAR + "List"):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.fail(f"the daemon did not start: {self.logged()}")

    def stop(self, how=signal.SIGTERM):
        os.kill(self.pid, how)
        self.pid, status = None, os.waitpid(self.pid, 0)[1]
        return status

    def tearDown(self):
        for process in self.processes:
            process.end()
        status = self.stop() if self.pid else 0
        text = self.logged()
        self.log.close()
        self.manager.end(self.dir / "notify")
        shutil.rmtree(self.dir)
        self.assertEqual(status, 0, text)
        self.assertNotIn("Sanitizer", text)
        self.assertNotIn("runtime error", text)

    def logged(self):
        return (self.dir / "log").read_text()

    def cgroup(self, name, owner=0):
        """A directory below a unit, which belongs to @owner as the unit's own does."""
        path = SLICE
        for part in name.split("/"):
            path /= part
            path.mkdir(exist_ok=True)
            if owner:
                os.chown(path, owner, owner)
                os.chown(path / "cgroup.procs", owner, owner)
        return path

    def process(self, *args, **kwargs):
        process = Process(*args, **kwargs)
        self.processes.append(process)
        return process

    def container(self, unit, uid, name="c1", owner=None):
        """A runtime beside a container, in a unit that was delegated to @uid."""
        owner = uid if owner is None else owner
        runtime = self.process(self.cgroup(f"{unit}/runtime", owner), uid)
        inside = self.process(self.cgroup(f"{unit}/{name}", owner), uid)
        return runtime, inside

    def registers(self, runtime, inside, identity="c1", **more):
        pidfd = os.pidfd_open(inside.pid)
        try:
            return runtime.ask(self.register, REGISTRAR + "Register",
                               {"id": identity, "processFd": 0, **more}, [pidfd])
        finally:
            os.close(pidfd)

    def listed(self, asker=None):
        reply = asker.ask(self.register, REGISTRAR + "List") if asker else \
            ask(self.register, REGISTRAR + "List")
        return {c["id"]: c for c in reply["parameters"]["containers"]}

    def wait_until(self, condition, what):
        for _ in range(50 * PATIENCE):
            if condition():
                return
            time.sleep(0.02)
        self.fail(f"{what}: {self.logged()}")

    def assert_kept(self, names):
        names = ["budgets.all", *names]
        self.wait_until(lambda: self.manager.names() == names, f"{self.manager.names()} are kept")

    def assert_granted(self, reply, by):
        self.assertNotIn("error", reply)
        self.assertEqual(reply["parameters"]["vouchedBy"], by)

    def assert_error(self, reply, error, words=""):
        self.assertEqual(reply.get("error"), REGISTRAR + error, reply)
        self.assertIn(words, json.dumps(reply["parameters"]))

    # ---- who may say what ----

    def test_root_vouches_with_the_word_of_root(self):
        runtime, inside = self.container("box.scope", 0)
        reply = self.registers(runtime, inside, imageName="registry/pay:1", imageDigest=DIGEST,
                               configDigest=DIGEST, bundle="/var/lib/b", pod="p1")
        self.assert_granted(reply, "runtime:root")
        container = self.listed()["c1"]
        self.assertEqual(container["cgroup"], f"/{SLICE.name}/box.scope/c1")
        self.assertEqual(container["cgroupId"], (SLICE / "box.scope/c1").stat().st_ino)
        for key, value in {"imageDigest": DIGEST, "configDigest": DIGEST, "imageName": "registry/pay:1",
                           "bundle": "/var/lib/b", "pod": "p1", "vouchedBy": "runtime:root"}.items():
            self.assertEqual(container[key], value)

    def test_a_user_vouches_for_his_own_and_evidence_would_say_so(self):
        runtime, inside = self.container("alice.service", ALICE)
        self.assert_granted(self.registers(runtime, inside, imageDigest=DIGEST), f"runtime:uid:{ALICE}")
        self.assertEqual(self.listed()["c1"]["vouchedBy"], f"runtime:uid:{ALICE}")

    def test_a_signer_counts_on_the_word_of_root(self):
        self.stop()
        (self.policy / "signed.conf").write_text(
            "[Match]\nImageSigner=release@example.org\n[Allow]\nOperations=report\n")
        self.start()

        def named(process):
            return process.ask(self.broker, BROKER + "GetInfo")["parameters"]["info"].get("workload")

        root, inside = self.container("box.scope", 0)
        other = self.process(self.cgroup("box.scope/c2"), 0)
        alice, own = self.container("alice.service", ALICE)
        self.assertIsNone(named(inside))
        self.assert_granted(self.registers(root, inside, imageSigner="release@example.org"), "runtime:root")
        self.assert_granted(self.registers(root, other, "c2", imageSigner="release@example.com"), "runtime:root")
        self.assert_granted(self.registers(alice, own, "a1", imageSigner="release@example.org"),
                            f"runtime:uid:{ALICE}")
        self.assertEqual([named(p) for p in (inside, other, own)], ["signed", None, None])
        self.assertEqual({i: c["imageSigner"] for i, c in self.listed().items()},
                         {"c1": "release@example.org", "c2": "release@example.com", "a1": "release@example.org"})

    def test_a_user_cannot_register_the_container_of_another(self):
        alice, inside = self.container("alice.service", ALICE)
        bob, own = self.container("bob.service", BOB)
        self.assert_error(self.registers(bob, inside), "NotAllowed", f"not one of user {BOB}")
        self.assertEqual(self.listed(), {})
        self.assert_granted(self.registers(bob, own), f"runtime:uid:{BOB}")
        self.assert_granted(self.registers(alice, inside, "a1"), f"runtime:uid:{ALICE}")

    def test_a_user_cannot_register_a_container_of_root(self):
        _, inside = self.container("box.scope", 0)
        bob, _ = self.container("bob.service", BOB)
        self.assert_error(self.registers(bob, inside), "NotAllowed", f"not one of user {BOB}")

    def test_his_process_in_a_cgroup_that_is_not_his_is_none_of_his_containers(self):
        alice, own = self.container("alice.service", ALICE)
        for owner in (0, BOB):
            strange = self.process(self.cgroup(f"of-{owner}.service/c1", owner), ALICE)
            self.assert_error(self.registers(alice, strange), "NotAllowed", "not delegated")
        self.assert_granted(self.registers(alice, own), f"runtime:uid:{ALICE}")

    def test_a_directory_of_his_below_that_of_another_is_not_his(self):
        alice, _ = self.container("alice.service", ALICE)
        path = self.cgroup("bob.service/theirs", BOB)
        inner = path / "c1"
        inner.mkdir()
        os.chown(inner, ALICE, ALICE)
        self.assert_error(self.registers(alice, self.process(inner, ALICE)), "NotAllowed", "not delegated")

    def test_root_without_CAP_SYS_ADMIN_is_not_the_initial_root(self):
        runtime, inside = self.container("box.scope", 0)
        powerless = self.process(self.cgroup("box.scope/other"), 0, capabilities=False)
        self.assert_error(self.registers(powerless, inside), "NotAllowed", "CAP_SYS_ADMIN")
        reply = powerless.ask(self.register, REGISTRAR + "List")
        self.assert_error(reply, "NotAllowed", "CAP_SYS_ADMIN")
        self.assert_granted(self.registers(runtime, inside), "runtime:root")

    def test_who_is_inside_a_container_is_not_its_runtime(self):
        alice, inside = self.container("alice.service", ALICE)
        own = self.process(self.cgroup("alice.service/c1/own", ALICE), ALICE)
        self.assert_granted(self.registers(alice, inside), f"runtime:uid:{ALICE}")
        self.assert_error(self.registers(inside, own, imageDigest=DIGEST), "NotAllowed", "it is in container c1")
        for method, parameters in (("List", {}), ("Unregister", {"id": "c1"})):
            reply = inside.ask(self.register, REGISTRAR + method, parameters)
            self.assert_error(reply, "NotAllowed", "it is in container c1")
        self.assertEqual(list(self.listed(alice)), ["c1"])
        reply = alice.ask(self.register, REGISTRAR + "Unregister", {"id": "c1"})
        self.assertNotIn("error", reply)

    def test_a_foreign_id_is_taken(self):
        alice, inside = self.container("alice.service", ALICE)
        bob, own = self.container("bob.service", BOB)
        self.assert_granted(self.registers(alice, inside, "c1"), f"runtime:uid:{ALICE}")
        self.assert_error(self.registers(bob, own, "c1"), "Taken")
        self.assertEqual(self.listed()["c1"]["vouchedBy"], f"runtime:uid:{ALICE}")
        self.assert_granted(self.registers(bob, own, "b1"), f"runtime:uid:{BOB}")

    def test_root_takes_an_id_from_a_user_and_never_the_other_way_round(self):
        alice, inside = self.container("alice.service", ALICE)
        root, box = self.container("box.scope", 0)
        self.assert_granted(self.registers(alice, inside), f"runtime:uid:{ALICE}")
        self.assert_granted(self.registers(root, box), "runtime:root")
        self.assertEqual(self.listed()["c1"]["vouchedBy"], "runtime:root")
        self.assertIn("the initial root registered", self.logged())
        self.assert_error(self.registers(alice, inside), "Taken")

    def test_no_container_lies_in_another(self):
        root, box = self.container("box.scope", 0)
        self.assert_granted(self.registers(root, box), "runtime:root")
        inner = self.process(self.cgroup("box.scope/c1/inner"), 0)
        self.assert_error(self.registers(root, inner, "inner"), "Taken")
        self.assert_granted(self.registers(root, box), "runtime:root")    # again: replaces its own

    def test_an_id_is_not_taken_from_a_container_that_lives(self):
        root, box = self.container("box.scope", 0)
        other = self.process(self.cgroup("box.scope/c2"), 0)
        self.assert_granted(self.registers(root, box), "runtime:root")
        self.assert_error(self.registers(root, other), "Taken", "another container that lives")
        self.assertTrue(self.listed()["c1"]["cgroup"].endswith("/c1"))
        box.end()
        self.assert_granted(self.registers(root, other), "runtime:root")
        self.assertTrue(self.listed()["c1"]["cgroup"].endswith("/c2"))

    def test_a_runtime_in_the_cgroup_of_its_container_means_that_there_is_none(self):
        cgroup = self.cgroup("shared.service")
        runtime, inside = self.process(cgroup, 0), self.process(cgroup, 0)
        self.assert_error(self.registers(runtime, inside), "NotAllowed", "cgroup of its own")
        outside = self.process(self.cgroup("box.scope"), 0)
        self.assert_granted(self.registers(outside, inside), "runtime:root")

    def test_what_is_no_pidfd_is_refused(self):
        runtime, inside = self.container("box.scope", 0)
        forged = os.memfd_create("x")
        os.write(forged, b"pos:\t0\nPid:\t1\n")
        directory = os.open(f"/proc/{inside.pid}", os.O_RDONLY)
        for fds in ([], [forged], [directory]):
            reply = runtime.ask(self.register, REGISTRAR + "Register", {"id": "c1", "processFd": 0}, fds)
            self.assertEqual(reply["error"], "org.varlink.service.InvalidParameter")
            self.assertEqual(reply["parameters"]["parameter"], "processFd")
        os.close(forged)
        os.close(directory)
        self.assert_granted(self.registers(runtime, inside), "runtime:root")

    def test_nonsense_is_refused_by_name(self):
        runtime, inside = self.container("box.scope", 0)
        for key, values in {"id": ["", "../x", "a/b", ".hidden", "x" * 129, "a\nb"],
                            "imageDigest": ["sha256:00", "md5:" + "0" * 32, "", DIGEST.upper()],
                            "imageName": ["", "a\nb", "\x1b[2J", "x" * 1025, "\u00fc"]}.items():
            for value in values:
                reply = self.registers(runtime, inside, **{"identity": "c1", **(
                    {"identity": value} if key == "id" else {key: value})})
                self.assertEqual(reply["error"], "org.varlink.service.InvalidParameter", value)
                self.assertEqual(reply["parameters"]["parameter"], key)
        self.assert_granted(self.registers(runtime, inside, "x" * 128), "runtime:root")

    def test_a_user_has_so_many_and_others_are_not_the_poorer(self):
        alice, _ = self.container("alice.service", ALICE)
        insides = [self.process(self.cgroup(f"alice.service/n{i}", ALICE), ALICE)
                   for i in range(USER_MAX + 1)]
        for i in range(USER_MAX):
            self.assert_granted(self.registers(alice, insides[i], f"n{i}"), f"runtime:uid:{ALICE}")
        self.assert_error(self.registers(alice, insides[USER_MAX], "more"), "TooMany", str(USER_MAX))
        self.assert_granted(self.registers(alice, insides[0], "n0"), f"runtime:uid:{ALICE}")
        bob, own = self.container("bob.service", BOB)
        self.assert_granted(self.registers(bob, own), f"runtime:uid:{BOB}")
        self.assertEqual(len(self.listed(alice)), USER_MAX)
        self.assertEqual(list(self.listed(bob)), ["c1"])
        self.assertEqual(len(self.listed()), USER_MAX + 1)

    # ---- until when ----

    def test_it_ends_with_poststop_and_only_by_who_may(self):
        alice, inside = self.container("alice.service", ALICE)
        bob, _ = self.container("bob.service", BOB)
        self.registers(alice, inside)
        self.assert_error(bob.ask(self.register, REGISTRAR + "Unregister", {"id": "c1"}), "NotRegistered")
        self.assertIn("c1", self.listed())
        self.assertNotIn("error", alice.ask(self.register, REGISTRAR + "Unregister", {"id": "c1"}))
        self.assertEqual(self.listed(), {})
        self.assert_error(alice.ask(self.register, REGISTRAR + "Unregister", {"id": "c1"}), "NotRegistered")

    def test_it_ends_when_the_first_process_exits(self):
        runtime, inside = self.container("box.scope", 0)
        self.process(SLICE / "box.scope/c1", 0)    # another one stays
        self.registers(runtime, inside)
        self.assertIn("c1", self.listed())
        inside.end()
        self.wait_until(lambda: not self.listed(), "still listed")
        self.assertIn("first process of the container has exited", self.logged())

    def test_it_ends_when_nobody_is_left_in_the_cgroup(self):
        runtime, inside = self.container("box.scope", 0)
        self.registers(runtime, inside)
        (self.cgroup("box.scope/elsewhere") / "cgroup.procs").write_text(str(inside.pid))
        self.wait_until(lambda: not self.listed(), "still listed")
        self.assertIn("nobody is left in the cgroup", self.logged())

    def test_a_process_that_is_gone_is_refused(self):
        runtime, inside = self.container("box.scope", 0)
        pidfd = os.pidfd_open(inside.pid)
        inside.end()
        reply = runtime.ask(self.register, REGISTRAR + "Register", {"id": "c1", "processFd": 0}, [pidfd])
        os.close(pidfd)
        self.assert_error(reply, "NotAllowed", "exited")

    # ---- sockets of single containers ----

    def test_a_socket_of_a_container_serves_that_container_alone(self):
        runtime, inside = self.container("box.scope", 0)
        neighbour = self.process(self.cgroup("box.scope/c2"), 0)
        below = self.process(self.cgroup("box.scope/c1/deeper"), 0)
        path = self.registers(runtime, inside, socket=True)["parameters"]["socket"]
        self.assertEqual(path, f"{self.run}/workloads/c1/broker.sock")
        for process, error in ((inside, "NotAllowed"), (below, "NotAllowed"),
                               (neighbour, "UnknownWorkload"), (runtime, "UnknownWorkload")):
            reply = process.ask(path, BROKER + "AcquireLease")
            self.assertEqual(reply["error"], BROKER + error, reply)
        reply = neighbour.ask(path, BROKER + "AcquireLease")
        self.assertIn("not in the container that this socket was made for", reply["parameters"]["reason"])

    def test_the_directory_of_a_socket_keeps_others_out_and_goes_with_it(self):
        root, box = self.container("box.scope", 0)
        alice, inside = self.container("alice.service", ALICE)
        self.registers(root, box, "r1", socket=True)
        path = pathlib.Path(self.registers(alice, inside, "a1", socket=True)["parameters"]["socket"])
        modes = {p.name: stat.S_IMODE(p.stat().st_mode)
                 for p in (path.parent.parent, path.parent, path, path.parent.parent / "r1")}
        self.assertEqual(modes, {"workloads": 0o711, "a1": 0o711, "broker.sock": 0o666, "r1": 0o700})
        self.assertEqual({p.owner() for p in path.parent.parent.glob("*")}, {"root"})
        inside.end()
        self.wait_until(lambda: not path.parent.exists(), "the directory stays")
        self.assertTrue((path.parent.parent / "r1/broker.sock").is_socket())

    def test_who_was_connected_as_a_container_is_hung_up_on(self):
        runtime, inside = self.container("box.scope", 0)
        self.registers(runtime, inside, socket=True)
        path = f"{self.run}/workloads/c1/broker.sock"
        self.assertIn("info", inside.ask(path, BROKER + "GetInfo")["parameters"])
        runtime.ask(self.register, REGISTRAR + "Unregister", {"id": "c1"})
        self.assertIn("FileNotFound", inside.ask(path, BROKER + "GetInfo")["error"])
        self.assertIn("info", inside.ask(self.broker, BROKER + "GetInfo")["parameters"])

    # ---- restarts ----

    def test_registrations_and_sockets_survive_kill_9(self):
        root, box = self.container("box.scope", 0)
        alice, inside = self.container("alice.service", ALICE)
        self.registers(root, box, "r1", imageDigest=DIGEST, imageName="pay:1", socket=True)
        self.registers(alice, inside, "a1", configDigest=DIGEST, bundle="/b")
        before = self.listed()
        self.assert_kept(["registration.a1", "registration.r1", "socket.r1"])
        for _ in range(3):
            self.stop(signal.SIGKILL)
            self.start()
            self.assertEqual(self.listed(), before)
        self.assert_kept(["registration.a1", "registration.r1", "socket.r1"])
        path = f"{self.run}/workloads/r1/broker.sock"
        self.assertEqual(box.ask(path, BROKER + "AcquireLease")["error"], BROKER + "NotAllowed")
        self.assertEqual(root.ask(path, BROKER + "AcquireLease")["error"], BROKER + "UnknownWorkload")
        self.assert_error(self.registers(alice, inside, "r1"), "Taken")
        root.ask(self.register, REGISTRAR + "Unregister", {"id": "r1"})
        self.assert_kept(["registration.a1"])

    def test_what_died_meanwhile_is_dropped(self):
        root, box = self.container("box.scope", 0)
        other = self.process(self.cgroup("box.scope/c2"), 0)
        third = self.process(self.cgroup("box.scope/c3"), 0)
        for identity, process in (("c1", box), ("c2", other), ("c3", third)):
            self.registers(root, process, identity, socket=True)
        self.stop(signal.SIGKILL)
        other.end()
        third.end()
        cgroups.remove(SLICE / "box.scope/c2")
        self.process(self.cgroup("box.scope/c2"), 0)    # of that name, but another cgroup
        self.start()
        self.assertEqual(list(self.listed()), ["c1"])
        self.assert_kept(["registration.c1", "socket.c1"])
        self.assertEqual([p.name for p in (self.run / "workloads").glob("*")], ["c1"])
        self.assertIn("container c2 was registered before the restart, and is not any more: "
                      "its cgroup is no more", self.logged())
        self.assertIn("container c3 was registered before the restart, and is not any more: "
                      "its first process has exited", self.logged())

    def test_a_container_whose_init_moved_deeper_is_found_again(self):
        root, box = self.container("box.scope", 0)
        self.registers(root, box)
        (self.cgroup("box.scope/c1/init.scope") / "cgroup.procs").write_text(str(box.pid))
        self.assertIn("c1", self.listed())
        self.stop(signal.SIGKILL)
        self.start()
        self.assertIn("c1", self.listed())

    def test_what_is_kept_cannot_be_changed_and_nonsense_is_dropped(self):
        root, box = self.container("box.scope", 0)
        self.registers(root, box)
        self.wait_until(self.manager.names, "nothing is kept")
        self.assert_kept(["registration.c1"])
        fd = dict(self.manager.store)["registration.c1"]
        with self.assertRaises(PermissionError):
            os.pwrite(fd, b"x", 0)
        self.stop(signal.SIGKILL)
        unsealed = os.memfd_create("x", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        os.write(unsealed, os.pread(fd, 65536, 0).replace(b"c1", b"c9"))
        sealed = os.memfd_create("x", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        os.write(sealed, b"[]")
        fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, 0xf)
        self.manager.store += [("registration.c9", unsealed), ("registration.c8", sealed)]
        self.start()
        self.assertEqual(list(self.listed()), ["c1"])
        self.assert_kept(["registration.c1"])

    # ---- the socket itself ----

    def test_descriptors_are_taken_where_they_are_wanted_and_do_not_stay(self):
        runtime, inside = self.container("box.scope", 0)
        count = len(os.listdir(f"/proc/{self.pid}/fd"))
        null = os.open("/dev/null", os.O_RDONLY)
        for path, method in ((self.register, REGISTRAR + "List"), (self.broker, BROKER + "GetInfo")):
            for _ in range(20):
                runtime.ask(path, method, {}, [null] * 7)
        pidfd = os.pidfd_open(inside.pid)
        for index, fds in ((5, [null] * 5 + [pidfd]), (1, [null, pidfd]), (0, [pidfd, null])):
            reply = runtime.ask(self.register, REGISTRAR + "Register", {"id": "c1", "processFd": index}, fds)
            self.assertEqual(reply["parameters"], {"parameter": "processFd"})
        reply = runtime.ask(self.register, REGISTRAR + "Register", {"id": "c1", "processFd": 0}, [pidfd])
        self.assert_granted(reply, "runtime:root")
        runtime.ask(self.register, REGISTRAR + "Unregister", {"id": "c1"})
        os.close(null)
        os.close(pidfd)
        self.wait_until(lambda: len(os.listdir(f"/proc/{self.pid}/fd")) <= count + 1, "descriptors stay")

    def test_a_flood_of_descriptors_and_half_messages_costs_the_flooder(self):
        null = os.open("/dev/null", os.O_RDONLY)
        floods = []
        for _ in range(4):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.connect(str(self.register))
            sock.setblocking(False)
            try:
                for _ in range(64):
                    sock.sendmsg([b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                           array.array("i", [null] * 200))])
            except (BlockingIOError, OSError):
                pass
            floods.append(sock)
        big = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        big.connect(str(self.register))
        big.settimeout(PATIENCE)
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            for _ in range(4096):
                big.send(b"x" * 4096)
        runtime, inside = self.container("box.scope", 0)
        self.assert_granted(self.registers(runtime, inside), "runtime:root")
        self.assertLess(len(os.listdir(f"/proc/{self.pid}/fd")), 200)
        for sock in (*floods, big):
            sock.close()
        os.close(null)


class Hook(Registrar):
    """teegate-oci-hook, started as a runtime would."""

    MOUNT = {"destination": "/run/teegate/broker.sock", "type": "bind", "source": "/run/teegate/broker.sock"}

    def setUp(self):
        super().setUp()
        self.storage = self.dir / "storage"
        self.bundle = self.storage / "overlay-containers/c1/userdata"
        self.bundle.mkdir(parents=True)
        (self.storage / "overlay-images").mkdir()
        self.inside = self.container("box.scope", 0)[1]

    def config(self, **config):
        (self.bundle / "config.json").write_text(json.dumps({"root": {"path": "rootfs"}, **config}))

    def state(self, **state):
        return json.dumps({"ociVersion": "1.0.2", "id": "c1", "status": "created", "pid": self.inside.pid,
                           "bundle": str(self.bundle), **state}).encode()

    def hook(self, stage="createRuntime", stdin=None, path=None):
        done = subprocess.run([HOOK, f"--socket={path or self.register}", stage], capture_output=True,
                              input=self.state() if stdin is None else stdin, timeout=PATIENCE, check=False)
        message = done.stderr.decode()
        self.assertNotIn("Sanitizer", message)
        self.assertNotIn("runtime error", message)
        return done.returncode, message

    def test_a_container_that_asks_is_registered_with_what_podman_knows(self):
        self.config(mounts=[self.MOUNT])
        (self.storage / "overlay-containers/containers.json").write_text(json.dumps(
            [{"id": "c2", "image": "b" * 64}]))
        (self.storage / "overlay-containers/volatile-containers.json").write_text(json.dumps(
            [{"id": "c1", "image": "a" * 64, "metadata": json.dumps({"image-name": "localhost/pay:1"})}]))
        (self.storage / "overlay-images/images.json").write_text(json.dumps(
            [{"id": "b" * 64, "digest": "sha256:" + "0" * 64}, {"id": "a" * 64, "digest": DIGEST}]))
        self.assertEqual(self.hook(), (0, ""))
        container = self.listed()["c1"]
        self.assertEqual(container["vouchedBy"], "runtime:root")
        self.assertEqual(container["imageName"], "localhost/pay:1")
        self.assertEqual(container["imageDigest"], DIGEST)
        self.assertEqual(container["configDigest"], "sha256:" + hashlib.sha256(
            (self.bundle / "config.json").read_bytes()).hexdigest())
        self.assertEqual(container["bundle"], str(self.bundle))
        self.assertTrue((self.run / "workloads/c1/broker.sock").is_socket())
        self.assertEqual(self.hook("poststop", self.state(status="stopped", pid=0)), (0, ""))
        self.assertEqual(self.listed(), {})

    def test_without_lists_of_images_there_is_no_digest_and_none_from_annotations(self):
        self.config(annotations={"io.teegate.register": "yes", "org.opencontainers.image.base.digest": DIGEST,
                                 "io.kubernetes.cri-o.ImageRef": DIGEST,
                                 "io.kubernetes.cri-o.SandboxID": "pod1"})
        self.assertEqual(self.hook(), (0, ""))
        container = self.listed()["c1"]
        self.assertNotIn("imageDigest", container)
        self.assertEqual(container["pod"], "pod1")

    def test_one_that_does_not_ask_is_not_hindered_and_not_registered(self):
        nowhere = self.dir / "nowhere"
        for config in ({}, {"mounts": [{"source": "/run/teegated", "destination": "/x"}]},
                       {"mounts": [self.MOUNT], "annotations": {"io.teegate.register": "no"}}):
            self.config(**config)
            self.assertEqual(self.hook(path=nowhere), (0, ""))
            self.assertEqual(self.hook(), (0, ""))
            self.assertEqual(self.listed(), {})

    def test_one_that_asks_does_not_start_unregistered(self):
        self.config(mounts=[self.MOUNT])
        status, message = self.hook(path=self.dir / "nowhere")
        self.assertEqual(status, 1)
        self.assertIn("teegated does not answer", message)
        self.stop()
        self.assertEqual(self.hook()[0], 1)
        self.start()
        self.assertEqual(self.hook(stdin=self.state(pid=0))[0], 1)
        status, message = self.hook(stdin=self.state(id="../c1"))
        self.assertEqual(status, 1)
        self.assertIn("InvalidParameter", message)
        self.config(annotations={"io.teegate.register": "perhaps"})
        self.assertEqual(self.hook()[0], 1)
        self.config(mounts=[self.MOUNT])
        self.assertEqual(self.hook(), (0, ""))

    def test_the_word_of_the_hook_is_worth_its_user(self):
        self.config(mounts=[self.MOUNT])
        os.chmod(self.bundle / "config.json", 0o644)
        done = subprocess.run([HOOK, f"--socket={self.register}", "createRuntime"], input=self.state(),
                              capture_output=True, user=ALICE, group=ALICE, extra_groups=[], check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"not one of user", done.stderr)
        self.assertEqual(self.listed(), {})
        self.assertEqual(self.hook(), (0, ""))

    def test_what_is_no_state_registers_nothing_and_hinders_nobody(self):
        self.config(mounts=[self.MOUNT])
        deep = b"[" * 10000 + b"]" * 10000
        for stdin in (b"", b"{}", b"null", b"[]", b"\0", self.state() + b"\0", self.state()[:-1],
                      b"{" + b" " * (16 << 20) + b"}", deep, b'{"id":' + deep + b"}",
                      self.state(id=7), self.state(bundle="relative"), self.state(pid=-1),
                      self.state(pid=1 << 40), self.state(bundle=str(self.dir / "nowhere")),
                      b'{"id":"\xff\xfe","bundle":"/"}'):
            start = time.monotonic()
            status, message = self.hook(stdin=stdin)
            self.assertEqual((status, "nothing is registered" in message), (0, True), stdin[:80])
            self.assertLess(time.monotonic() - start, 60)
        for config in (b"", b"[]", deep, b"\xff", b"{" + b" " * (9 << 20) + b"}"):
            (self.bundle / "config.json").write_bytes(config)
            status, message = self.hook()
            self.assertEqual((status, "nothing is registered" in message), (0, True), config[:80])
            self.assertEqual(self.hook(stdin=self.state(annotations={"io.teegate.register": "yes"}))[0], 1)
        self.assertEqual(self.listed(), {})
        self.config(mounts=[self.MOUNT])
        self.assertEqual(self.hook(), (0, ""))

    def test_lists_of_images_that_make_no_sense_are_none(self):
        self.config(mounts=[self.MOUNT])
        for lists in (b"", b"{}", b"[1, null, {}]", b'[{"id":"c1","image":7}]', b"[" * 10000):
            (self.storage / "overlay-containers/containers.json").write_bytes(lists)
            self.assertEqual(self.hook(), (0, ""), lists)
            self.assertNotIn("imageDigest", self.listed()["c1"])


class UserNamespaces(Registrar):
    """For where a chroot does not keep processes from making any; else tests/e2e has the like."""

    def test_a_process_in_a_user_namespace_of_his_is_his(self):
        alice, _ = self.container("alice.service", ALICE)
        inside = self.process(self.cgroup("alice.service/c2", ALICE), ALICE, user_namespace=True)
        self.assert_granted(self.registers(alice, inside), f"runtime:uid:{ALICE}")
        bob, _ = self.container("bob.service", BOB)
        self.assert_error(self.registers(bob, inside, "b1"), "NotAllowed", "not one of user")

    def test_root_of_a_user_namespace_is_not_the_initial_root(self):
        runtime, inside = self.container("box.scope", 0)
        namespaced = self.process(self.cgroup("box.scope/other"), 0, user_namespace=True)
        self.assert_error(self.registers(namespaced, inside), "NotAllowed", "user namespace")
        self.assert_granted(self.registers(runtime, inside), "runtime:root")


def load_tests(loader, _tests, _pattern):
    suite = loader.loadTestsFromTestCase(Registrar)
    suite.addTests(Hook(name) for name in vars(Hook) if name.startswith("test_"))
    child = os.fork()
    if child == 0:
        os._exit(LIBC.unshare(CLONE_NEWUSER) != 0)
    if os.waitpid(child, 0)[1] == 0:
        suite.addTests(UserNamespaces(name) for name in vars(UserNamespaces) if name.startswith("test_"))
    return suite


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


if __name__ == "__main__":
    if not enter_namespace():
        print("needs root and cgroup v2", file=sys.stderr)
        sys.exit(77)
    unittest.main(warnings="ignore", testRunner=unittest.TextTestRunner(resultclass=Tap, verbosity=0))

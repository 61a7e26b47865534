#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom teegated examines before it vouches for a client: all that would share its lease.

The client is a process of nobody's, to which no TEE is open; its neighbour is root, which may open
any. Where the neighbour counts, the examination must name it; where not, it must find nothing.
Needs root, for a mount namespace with a cgroup v2 tree of our own: skipped (77) without. TAP.
"""

import contextlib
import ctypes
import os
import pathlib
import struct
import subprocess
import sys
import time

import cgroups

DAEMON = sys.argv[1]
CGROUPS = pathlib.Path("/sys/fs/cgroup")
TOP = CGROUPS / "teegate-look"
NOBODY = 65534
UNKNOWN, NONE, OPEN = range(3)  # enum exposure_verdict


def enter_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(0x20000) != 0:
        return False
    commands = []
    if not CGROUPS.is_dir():  # a build root without /sys
        commands += [["mount", "-t", "tmpfs", "tmpfs", "/sys"], ["mkdir", "-p", str(CGROUPS)]]
    elif CGROUPS.is_mount():  # private first, or the tree would appear outside, too
        commands += [["mount", "--make-rprivate", str(CGROUPS)]]
    commands += [["mount", "-t", "cgroup2", "none", str(CGROUPS)]]
    return all(subprocess.run(c, stderr=subprocess.DEVNULL, check=False).returncode == 0
               for c in commands)


def remove(cgroup):
    for directory, _, _ in os.walk(cgroup, topdown=False):
        cgroups.remove(directory)


class Scene:
    """A cgroup for the client and, beside or below it, whatever a case puts there."""

    def __init__(self, name):
        self.cgroup = TOP / name
        self.processes = []

    def __enter__(self):
        self.cgroup.mkdir(parents=True)
        self.client = self.process(self.cgroup, NOBODY)
        return self

    def __exit__(self, *unused):
        for process in self.processes:
            process.kill()
            process.wait()
        remove(self.cgroup)

    def process(self, cgroup, user):
        cgroup.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(["sleep", "3000"], user=user, group=user, extra_groups=[])
        self.processes.append(process)
        (cgroup / "cgroup.procs").write_text(str(process.pid))
        return process

    def look(self):
        """What the child says that teegated starts for this: its verdict, and why."""
        pid = self.client.pid
        fds = [os.pidfd_open(pid), os.open(f"/proc/{pid}", os.O_PATH | os.O_DIRECTORY),
               os.open(self.cgroup, os.O_RDONLY | os.O_DIRECTORY)]
        path = "/" + str(self.cgroup.relative_to(CGROUPS))
        numbers = [str(n) for n in (os.getpid(), pid, *fds)]
        said = subprocess.run(["teegated-look", *numbers, path], executable=DAEMON, pass_fds=fds,
                              stdout=subprocess.PIPE, check=True, timeout=300).stdout
        for fd in fds:
            os.close(fd)
        verdict, text = struct.unpack("i480s", said)
        return verdict, text.split(b"\0")[0].decode()


def expect(scene, verdict, *words):
    got, text = scene.look()
    assert got == verdict, (got, text)
    for word in words:
        assert word in text, (word, text)


def expect_found(scene, neighbour):
    expect(scene, OPEN, f"process {neighbour.pid} of its cgroup:", "CAP_")


def a_client_alone_has_no_door():
    with Scene("alone") as scene:
        expect(scene, NONE)


def a_neighbour_in_the_same_cgroup_counts():
    with Scene("same") as scene:
        expect_found(scene, scene.process(scene.cgroup, 0))


def a_neighbour_in_any_cgroup_below_counts():
    for name in "below", ".hidden", "a/b/c/d":
        with Scene("subtree") as scene:
            other = scene.process(scene.cgroup / "harmless", NOBODY)
            expect(scene, NONE)
            other.kill()
            expect_found(scene, scene.process(scene.cgroup / name, 0))


def a_neighbour_in_a_threaded_cgroup_below_counts():
    """That one gives no list of processes: the one of its domain has them."""
    with Scene("threads") as scene:
        below = scene.cgroup / "threaded"
        below.mkdir()
        (below / "cgroup.type").write_text("threaded")
        expect(scene, NONE)
        expect_found(scene, scene.process(below, 0))


def a_neighbour_elsewhere_does_not_count():
    """Not even where the names begin alike: the lease is useless there."""
    with Scene("client") as scene:
        with contextlib.ExitStack() as others:
            for name in "client2", "other":
                other = others.enter_context(Scene(name))
                other.process(other.cgroup, 0)
            expect(scene, NONE)
        expect_found(scene, scene.process(scene.cgroup / "below", 0))


def cgroups_that_are_too_many_count_as_a_door():
    with Scene("many") as scene:
        for i in range(1000):
            (scene.cgroup / f"c{i}").mkdir()
        expect(scene, NONE)
        for i in range(100):
            (scene.cgroup / f"d{i}").mkdir()
        expect(scene, UNKNOWN, "too many cgroups")


def cgroups_that_are_too_deep_count_as_a_door():
    with Scene("deep") as scene:
        (scene.cgroup / "/".join("d" * 32)).mkdir(parents=True)
        expect(scene, NONE)
        (scene.cgroup / "/".join("d" * 33)).mkdir()
        expect(scene, UNKNOWN, "too many cgroups")


CASES = [a_client_alone_has_no_door, a_neighbour_in_the_same_cgroup_counts,
         a_neighbour_in_any_cgroup_below_counts, a_neighbour_in_a_threaded_cgroup_below_counts,
         a_neighbour_elsewhere_does_not_count, cgroups_that_are_too_many_count_as_a_door,
         cgroups_that_are_too_deep_count_as_a_door]


def main():
    if not enter_namespace():
        sys.exit(77)
    failed = 0
    print(f"1..{len(CASES)}")
    for number, case in enumerate(CASES, 1):
        try:
            case()
            print(f"ok {number} {case.__name__}")
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            failed = 1
            print(f"not ok {number} {case.__name__}")
            print("#", repr(error))
    with contextlib.suppress(OSError):
        TOP.rmdir()
    sys.exit(failed)


main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program leaves in its memory when it ends: the kernel gives that to others as it is, in time.

By ptrace(2), so for root, and for programs that nobody else may look into, too.
"""

import ctypes
import os
import pathlib
import re
import signal
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
TRACEME, CONT, SETOPTIONS, TRACEEXIT, EXITKILL, EVENT_EXIT = 0, 7, 0x4200, 0x40, 0x100000, 6
PART = 16

# The leak sanitizer uses ptrace() itself, the library of all of them binds symbols late, and keeps
# what is freed.
SANITIZED = {"ASAN_OPTIONS": "detect_leaks=0:max_free_fill_size=1048576", "LD_BIND_NOW": "1"}


def ptrace(request, pid, data=0):
    if LIBC.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def writable_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        at = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. ", line)
        start, end = (int(x, 16) for x in at.groups()) if at else (0, 0)
        # Tables of a sanitizer are larger than anything can be.
        if not at or end - start > 1 << 32 or "[vvar" in line:
            continue
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            memory.seek(start)
            yield read_whole(memory, end - start)


def read_whole(memory, size):
    parts = []
    while size > 0:
        parts.append(memory.read(size))
        if not parts[-1]:
            raise EOFError("a part of the memory cannot be read")
        size -= len(parts[-1])
    return b"".join(parts)


def memory_of_running(pid):
    """All of it, at one moment: it is stopped meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        while not re.search(r"^State:\t[tT]", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE):
            time.sleep(0.01)
        return list(writable_memory(pid))
    finally:
        os.kill(pid, signal.SIGCONT)


def run(argv, env=None, **streams):
    """Its exit status, and all of its memory when it has called exit()."""
    env = dict(os.environ if env is None else env)
    if b"__asan_init" in pathlib.Path(argv[0]).read_bytes():
        env.update(SANITIZED)
    child = subprocess.Popen(argv, env=env, preexec_fn=lambda: ptrace(TRACEME, 0), **streams)
    status = os.waitpid(child.pid, 0)[1]
    ptrace(SETOPTIONS, child.pid, TRACEEXIT | EXITKILL)
    while os.WIFSTOPPED(status) and status >> 8 != signal.SIGTRAP | EVENT_EXIT << 8:
        signum = os.WSTOPSIG(status)
        ptrace(CONT, child.pid, 0 if signum == signal.SIGTRAP else signum)
        status = os.waitpid(child.pid, 0)[1]
    memory = list(writable_memory(child.pid))
    ptrace(CONT, child.pid)
    child.returncode = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
    return child.returncode, memory


def parts_left(memory, secret):
    """How many pieces of a secret are there, each as often as it is there."""
    pieces = [secret[at:at + PART] for at in range(0, len(secret) - PART + 1, PART)]
    return sum(area.count(piece) for area in memory for piece in pieces)

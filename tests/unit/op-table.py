#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of operations in kmod/ioctl.c and the uapi header say the same.

For each command of the header: the table has it, on the kinds of file that the header names, with
all flags that the header defines for it, and with ADMIN where a session is involved and the command
changes anything. And the other way round: the table has nothing that the header does not document.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADER = "".join((TOP / f"uapi/linux/{name}.h").read_text() for name in ("teegate", "teegate_keys"))
TABLE = (TOP / "kmod/ioctl.c").read_text()

FILES = {
    "session only": {"ON_SESSION"},
    "lease only": {"ON_LEASE"},
    "session or lease": {"ON_SESSION", "ON_LEASE"},
}
FLAG_PREFIX = {"GET_REPORT": "REPORT", "CREATE_LEASE": "LEASE", "LOCK_SECRETS": "LOCK",
               "DERIVE_KEY": "KEY", "SET_ROOT": "ROOT", "WIPE_ROOTS": "WIPE"}
READ_ONLY = {"GET_INFO"}


def documented():
    """{command: (structure, files, flags)} from the header."""
    ops = {}
    for struct, name, files in re.findall(
            r"^ \* struct (\w+) - TEEGATE_(\w+), ([a-z ]+)$", HEADER, re.M):
        prefix = FLAG_PREFIX.get(name, name)
        flags = set(re.findall(rf"#define (TEEGATE_{prefix}_\w+)\s+\(1U <<", HEADER))
        ops[name] = (struct, FILES[files], flags)
    return ops


def implemented():
    """{command: (structure, where, flags)} from the table."""
    table = TABLE[TABLE.index("tg_ops[] = {"):]
    table = table[:table.index("\n};")]
    ops = {}
    for entry in table.split("}, {"):
        name = re.search(r"\.cmd = TEEGATE_(\w+)", entry).group(1)
        where = set(re.findall(r"ON_SESSION|ON_LEASE|ADMIN",
                               re.search(r"\.where = (.*),", entry).group(1)))
        struct = re.search(r"SIZES\((\w+),", entry).group(1)
        flags = set(re.findall(r"TEEGATE_\w+", (re.search(r"\.flags = (.*?),", entry, re.S) or [""])[0]))
        ops[name] = (struct, where, flags)
    return ops


def main():
    want, have = documented(), implemented()
    numbers = set(re.findall(r"#define TEEGATE_(\w+)\s+_IO\(", HEADER))
    wrong = []
    for name in sorted(numbers | set(want) | set(have)):
        if name not in numbers or name not in want or name not in have:
            wrong.append(f"{name}: number {name in numbers}, documented {name in want}, "
                         f"in the table {name in have}")
            continue
        struct, files, flags = want[name]
        admin = {"ADMIN"} if "ON_SESSION" in files and name not in READ_ONLY else set()
        if have[name] != (struct, files | admin, flags):
            wrong.append(f"{name}: header {(struct, files | admin, flags)}, table {have[name]}")
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(want)} operations: ok")
    return 1 if wrong or not want else 0


if __name__ == "__main__":
    sys.exit(main())

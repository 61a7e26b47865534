#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The list in doc/events.md, the IDs in teegate-messages.h and the table in events.c are one."""

import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def from_document():
    text = (SOURCE / "doc/events.md").read_text()
    return dict(re.findall(r"^\| `([a-z-]+)` \| `([0-9a-f]{32})` \|", text, re.M))


def from_code():
    header = (SOURCE / "daemon/teegate-messages.h").read_text()
    ids = dict(re.findall(r'^#define (TEEGATE_MESSAGE_\w+_STR)\s+"([0-9a-f]{32})"', header, re.M))
    table = (SOURCE / "daemon/events.c").read_text()
    rows = re.findall(r'\[EVENT_(\w+)\] = \{ "([a-z-]+)", (TEEGATE_MESSAGE_\w+_STR),', table)
    for symbol, name, message in rows:
        if symbol.lower().replace("_", "-") != name or message != f"TEEGATE_MESSAGE_{symbol}_STR":
            sys.exit(f"events.c: the row of EVENT_{symbol} has {name} and {message}")
    return {name: ids.pop(message) for _, name, message in rows}, ids


def main():
    documented = from_document()
    coded, left = from_code()
    if left:
        sys.exit(f"teegate-messages.h: nobody uses {', '.join(left)}")
    if len(coded) < 20 or len(set(coded.values())) != len(coded):
        sys.exit("events.c: rows are missing, or two share an ID")
    for name in sorted(set(documented) ^ set(coded)):
        sys.exit(f"{name} is in only one of doc/events.md and events.c")
    for name, message in coded.items():
        if documented[name] != message:
            sys.exit(f"doc/events.md: {name} has another ID than teegate-messages.h")


main()

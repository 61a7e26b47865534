#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The return codes of the Ultravisor: the table in doc/faults.md and the code say the same.

Each code of the table has the errno that kmod/uv/status.c makes of it, and is tried by the kernel
tests; each code that the module, the words of libtee or the software Ultravisor know is in it.
"""

import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NAMES = {"UVC_RC_EXECUTED": 0x0001, "UVC_RC_INV_CMD": 0x0002}	# asm/uv.h
CALLS = {"TG_UVC_ADD_SECRET": "add", "TG_UVC_LIST_SECRETS": "list",
         "TG_UVC_LOCK_SECRETS": "lock", "TG_UVC_RETR_SECRET": "retrieve", "ANY": "any"}
EACH = ("attest", "add", "list", "lock", "retrieve")


def read(name):
    return (SOURCE / name).read_text()


def between(text, start, end):
    begin = text.index(start)
    return text[begin:text.index(end, begin)]


def numbers(text):
    return [int(n, 16) for n in re.findall(r"\b0x([0-9a-f]{4})\b", text)]


def documented():
    """{ (call, code): errno, 0 for none }, a row with "any" once for all calls."""
    section = read("doc/faults.md").split("## IBM Secure Execution")[1]
    section = between(section, "### Return codes", "### Reports")
    table = {}
    for row in re.findall(r"^\| (0x.*) \|$", section, re.M):
        codes, calls, _, errno = (cell.strip() for cell in row.split(" | "))
        known = re.match(r"`(E\w+)`|none", errno)
        for call in calls.split(", "):
            for code in numbers(codes):
                if not known or (call, code) in table:
                    sys.exit("doc/faults.md: cannot read, or twice: " + row)
                table[call, code] = known[1] or 0
    return table


def judged():
    """The same of the module; what it has no entry for is EREMOTEIO."""
    names = NAMES | {name: int(code, 16) for name, code in
                     re.findall(r"#define (TG_UVC_RC_\w+)\s+(0x\w+)", read("kmod/uv/uv.h"))}
    rows = re.findall(r"\{ (\w+), (\w+), (?:-(E\w+)|0) \}", read("kmod/uv/status.c"))
    return {(CALLS[call], names[code] if code in names else int(code, 16)): errno or 0
            for call, code, errno in rows}


def tried():
    """What the kernel tests have the software Ultravisor say, by call."""
    secrets = numbers(between(read("tests/kselftest/secrets.c"),
                              "each_return_code_of_each_call", "const size_t n"))
    attest = read("tests/kselftest/uv-faults.c")
    return {"attest": numbers(between(attest, "each_return_code_is", "struct lease l")) +
                      numbers(re.sub(r"arg=0x(\w{4})\w{4}", r"0x\1", attest)),
            "add": secrets, "list": secrets, "lock": secrets,
            "retrieve": [int(n, 16) for n in re.findall(r"retr-rc arg=0x(\w{4})",
                                                        read("tests/kselftest/root.c"))] +
                        [0x0111]}	# what retr-rc is without a number


def spoken():
    """What else knows codes: (where, calls, codes)."""
    words = read("libtee/common/fw-status.c")
    uv = read("tests/firmware/uv/attest.c"), read("tests/firmware/uv/secret.c")
    yield "words", ["attest"], numbers(between(words, "attestation_codes[]", "};"))
    yield "words", ["add"], numbers(between(words, "secret_codes[]", "};"))
    yield "Ultravisor", ["attest"], numbers(between(uv[0], "enum attest_rc", "};"))
    yield "Ultravisor", ["add"], numbers(between(uv[1], "enum secret_rc", "};"))
    yield "Ultravisor", ["retrieve"], numbers(between(uv[1], "enum retrieve_rc", "};"))
    yield "Ultravisor", ["list"], numbers(re.search("#define RC_LIST_ACCESS.*", uv[1])[0])


def main():
    table, module, tests = documented(), judged(), tried()
    is_ = {key: module.get(key, "EREMOTEIO") for key in table}
    bad = ["%s %#06x is %s in the table, %s in the module" % (*key, errno, is_[key])
           for key, errno in table.items() if is_[key] != errno]
    bad += ["%s %#06x of the module is not in the table" % key
            for key in module if key not in table]
    for where, calls, codes in spoken():
        bad += ["%s %#06x of the %s is not in the table" % (call, code, where) for call in calls
                for code in codes if (call, code) not in table and ("any", code) not in table]
    for (call, code), errno in table.items():
        if call != "any" and errno and code not in tests[call]:
            bad.append("%s %#06x is not tried" % (call, code))
    # Those of any call, once at least: after EXECUTED every other case asks.
    bad += ["%#06x is not tried" % code for (call, code), errno in table.items()
            if call == "any" and errno and not any(code in tests[c] for c in EACH)]
    print("\n".join(["%d codes in the table, %d in the module" % (len(table), len(module)), *bad]))
    return 1 if bad or len(table) < 40 or len(module) < 6 else 0


if __name__ == "__main__":
    sys.exit(main())

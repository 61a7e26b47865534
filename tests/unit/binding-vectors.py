#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Known answers for the formulas of doc/evidence.md: binding, and events in runtime registers.

This is an implementation of its own, from the formulas alone: it shares no code with the kernel
module and none with the libraries, so that an error in one of them shows. Inputs are derived from
their names, nothing is random, and the file can be made again at any time.

    binding-vectors.py           checks doc/evidence-vectors.json and kmod/binding-vectors.h
    binding-vectors.py --write   makes both

Exit status 1 when a file does not hold what the formulas give.
"""

import hashlib
import json
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
JSON_FILE = TOP / "doc" / "evidence-vectors.json"
HEADER_FILE = TOP / "kmod" / "binding-vectors.h"

TAG = b"teegate/bound/v1"
EVENT_TAG = b"teegate/event/v1"

# A claims set as the daemon writes it, in CBOR by hand: { 1: "demo.service", 6: 1000 }.
CLAIMS_CBOR = bytes.fromhex("a2016c64656d6f2e7365727669636506") + bytes.fromhex("1903e8")

# Kept small: these go into the module as well.
KERNEL_CASES = ("empty-user-data", "one-byte", "nonce-64")


def h(data):
    return hashlib.sha384(data).digest()


def u32(value):
    return value.to_bytes(4, "big")


def stream(name, length):
    """Bytes that look like nothing and depend on the name only."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"{name}/{len(out)}".encode()).digest()
    return out[:length]


# --- the formulas ------------------------------------------------------------------------------

def leaf(claims, blind, user_data):
    assert len(blind) == 32 and len(user_data) <= 64
    return h(b"\x00" + h(claims) + blind + u32(len(user_data)) + user_data)


def node(left, right):
    return h(b"\x01" + left + right)


def split(n):
    """The largest power of two below n (RFC 9162, 2.1.1)."""
    return 1 << ((n - 1).bit_length() - 1)


def tree_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(tree_root(leaves[:k]), tree_root(leaves[k:]))


def path(index, leaves):
    """RFC 9162, 2.1.3.1, from the leaf upwards."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return path(index, leaves[:k]) + [tree_root(leaves[k:])]
    return path(index - k, leaves[k:]) + [tree_root(leaves[:k])]


def root_from_path(index, size, hashed, proof):
    """RFC 9162, 2.1.3.2; None when the proof is too short, too long or out of range."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, hashed
    for p in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def report_data(root):
    return root + TAG


def event_bytes(claims, event):
    assert 1 <= len(event) <= 1024
    return EVENT_TAG + h(claims) + u32(len(event)) + event


def record(rtmr, logged):
    """One event of a crypto agile log (TCG PC Client PFP, TCG_PCR_EVENT2), little-endian."""
    def le(value, size):
        return value.to_bytes(size, "little")

    return (le(rtmr + 1, 4) + le(6, 4) + le(1, 4) + le(0x000c, 2) + h(logged) +
            le(len(logged), 4) + logged)


def extended(register, digest):
    return h(register + digest)


# --- the cases ---------------------------------------------------------------------------------

def request(name, claims, user_data_len):
    blind = stream(name + "/blind", 32)
    user_data = stream(name + "/user_data", user_data_len)
    return {
        "name": name,
        "claims": claims.hex(),
        "blind": blind.hex(),
        "user_data": user_data.hex(),
        "claims_hash": h(claims).hex(),
        "leaf": leaf(claims, blind, user_data).hex(),
    }


def single(name, claims, user_data_len):
    case = request(name, claims, user_data_len)
    case["report_data"] = report_data(bytes.fromhex(case["leaf"])).hex()
    return case


def tree(size):
    requests = [request(f"tree-{size}/{i}", CLAIMS_CBOR + bytes([i % 251]), i % 65)
                for i in range(size)]
    leaves = [bytes.fromhex(r["leaf"]) for r in requests]
    for i, r in enumerate(requests):
        proof = path(i, leaves)
        assert root_from_path(i, size, leaves[i], proof) == tree_root(leaves)
        r["leaf_index"] = i
        r["path"] = [p.hex() for p in proof]
    return {
        "name": f"tree-{size}",
        "tree_size": size,
        "root": tree_root(leaves).hex(),
        "report_data": report_data(tree_root(leaves)).hex(),
        "requests": requests,
    }


def bad_proofs(good):
    """Proofs that a verifier must refuse, each made from a good one."""
    def case(name, source, **changes):
        r = good["requests"][source]
        c = {"name": name, "leaf": r["leaf"], "leaf_index": r["leaf_index"], "path": r["path"],
             "tree_size": good["tree_size"], "root": good["root"]}
        c.update(changes)
        return c

    requests = good["requests"]
    size = good["tree_size"]
    return [
        case("one hash too many", 0, path=requests[0]["path"] + [requests[1]["leaf"]]),
        case("one hash too few", 0, path=requests[0]["path"][:-1]),
        case("two hashes swapped", 0, path=requests[0]["path"][1::-1] + requests[0]["path"][2:]),
        case("another place in the tree", 0, leaf_index=1),
        case("no such place", 0, leaf_index=size),
        case("a larger tree", size - 1, tree_size=size * 2),
        case("an empty tree", 0, tree_size=0),
        case("an inner node as the leaf", 0, leaf=requests[2]["path"][1], leaf_index=0,
             tree_size=size - 1),
    ]


def raw(name, data):
    padded = data + bytes(64 - len(data))
    return {"name": name, "bytes": data.hex(), "allowed": padded[48:56] != TAG[:8]}


def events():
    """Events one after the other, and the registers as each leaves them."""
    registers = {2: bytes(48), 3: bytes(48)}
    cases = []
    for name, rtmr, claims, event in (
            ("one-byte", 2, CLAIMS_CBOR, b"\x00"),
            ("a-text", 2, CLAIMS_CBOR, b"config loaded"),
            ("the-same-text-of-another-workload", 2, b"\xa0", b"config loaded"),
            ("another-register", 3, CLAIMS_CBOR, b"config loaded"),
            ("1024-bytes", 3, stream("claims-4096", 4096), stream("event-1024", 1024))):
        logged = event_bytes(claims, event)
        registers[rtmr] = extended(registers[rtmr], h(logged))
        cases.append({"name": name, "rtmr": rtmr, "claims": claims.hex(), "event": event.hex(),
                      "digest": h(logged).hex(), "record": record(rtmr, logged).hex(),
                      "register": registers[rtmr].hex()})
    return cases


def build():
    trees = [tree(n) for n in (2, 3, 5, 7, 8, 13, 256)]
    bad = bad_proofs(trees[3])
    for case in bad:
        got = root_from_path(case["leaf_index"], case["tree_size"], bytes.fromhex(case["leaf"]),
                             [bytes.fromhex(p) for p in case["path"]])
        assert got is None or got.hex() != case["root"], case["name"]
    # All 256 proofs of the largest tree would be half a megabyte; its corners tell as much.
    trees[-1]["requests"] = [trees[-1]["requests"][i] for i in (0, 1, 127, 128, 254, 255)]
    return {
        "about": "Known answers for doc/evidence.md, made by tests/unit/binding-vectors.py. "
                 "Byte strings are hexadecimal. SPDX-License-Identifier: GPL-2.0-or-later",
        "tag": TAG.hex(),
        "single": [
            single("empty-user-data", CLAIMS_CBOR, 0),
            single("one-byte", b"\xa0", 1),
            single("almost-all", CLAIMS_CBOR, 63),
            single("nonce-64", CLAIMS_CBOR, 64),
            single("claims-255", stream("claims-255", 255), 32),
            single("claims-256", stream("claims-256", 256), 48),
            single("claims-4096", stream("claims-4096", 4096), 64),
        ],
        "trees": trees,
        "bad_proofs": bad,
        "raw": [
            raw("empty", b""),
            raw("the whole tag", bytes(48) + TAG),
            raw("a root and another version", bytes(48) + b"teegate/bound/v9"),
            raw("the prefix alone, short", bytes(48) + b"teegate/"),
            raw("one byte short of the prefix", bytes(48) + b"teegate"),
            raw("other case", bytes(48) + b"Teegate/bound/v1"),
            raw("in another place", b"teegate/" + bytes(56)),
            raw("64 bytes", stream("raw", 64)),
        ],
        "event_tag": EVENT_TAG.hex(),
        "events": events(),
    }


# --- the files ---------------------------------------------------------------------------------

def c_string(data):
    lines = [data[i:i + 16] for i in range(0, len(data), 16)] or [b""]
    return "\n".join('\t\t\t"' + "".join(f"\\x{b:02x}" for b in line) + '"' for line in lines)


def c_vector(case):
    out = [f"\t{{\t/* {case['name']} */"]
    for field in ("claims", "blind", "user_data", "report_data"):
        data = bytes.fromhex(case[field])
        out.append(f"\t\t.{field} = (const u8 *)\n{c_string(data)},")
        if field in ("claims", "user_data"):
            out.append(f"\t\t.{field}_len = {len(data)},")
    return "\n".join(out) + "\n\t},"


def c_raw(case):
    data = bytes.fromhex(case["bytes"])
    return (f"\t{{\t/* {case['name']} */\n\t\t.bytes = (const u8 *)\n{c_string(data)},\n"
            f"\t\t.len = {len(data)},\n\t\t.allowed = {str(case['allowed']).lower()},\n\t}},")


def header(vectors):
    raws = "\n".join(c_raw(c) for c in vectors["raw"])
    cases = [c for c in vectors["single"] if c["name"] in KERNEL_CASES]
    body = "\n".join(c_vector(c) for c in cases)
    return f"""/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Some of doc/evidence-vectors.json, for the self-test at load. Made by
 * tests/unit/binding-vectors.py --write, which also checks that the two agree.
 */
#ifndef _TG_BINDING_VECTORS_H
#define _TG_BINDING_VECTORS_H

#include <linux/types.h>

struct tg_binding_vector {{
	const u8 *claims;
	const u8 *blind;
	const u8 *user_data;
	const u8 *report_data;
	u32 claims_len;
	u32 user_data_len;
}};

static const struct tg_binding_vector tg_binding_vectors[] = {{
{body}
}};

/* What a caller of a raw report may ask for, and what not. */
struct tg_raw_vector {{
	const u8 *bytes;
	u32 len;
	bool allowed;
}};

static const struct tg_raw_vector tg_raw_vectors[] = {{
{raws}
}};

#endif
"""


def main():
    vectors = build()
    files = {
        JSON_FILE: json.dumps(vectors, indent=1) + "\n",
        HEADER_FILE: header(vectors),
    }
    if sys.argv[1:] == ["--write"]:
        for name, text in files.items():
            name.write_text(text)
        return 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    wrong = [name for name, text in files.items()
             if not name.exists() or name.read_text() != text]
    for name in wrong:
        print(f"{name.relative_to(TOP)}: not what the formulas give", file=sys.stderr)
    if not wrong:
        print("binding vectors: ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

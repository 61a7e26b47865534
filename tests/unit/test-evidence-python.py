#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds libtee's evidence format against independent implementations.

What python3-cbor2 encodes canonically must pass through libtee byte for byte, and what libtee
accepts must conform to doc/evidence.cddl (where python3-pycddl is there to judge).

Usage: test-evidence-python.py EV-RECODE EVIDENCE.CDDL
"""

import random
import struct
import subprocess
import sys

try:
    import cbor2
except ImportError:
    print("SKIP: python3-cbor2 is not installed")
    sys.exit(77)

try:
    import pycddl
except ImportError:
    pycddl = None

random.seed(20261123)


class Recoder:
    """The program ev-recode, kept running."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, kind, item):
        self.process.stdin.write(kind + struct.pack(">I", len(item)) + item)
        self.process.stdin.flush()
        sign = self.process.stdout.read(1)
        (size,) = struct.unpack(">I", self.process.stdout.read(4))
        data = self.process.stdout.read(size)
        return (True, data) if sign == b"+" else (False, data.decode())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, "ev-recode failed"


def some_bytes(low, high):
    edges = [n for n in (low, high, 23, 24, 255, 256, 65535, 65536) if low <= n <= high]
    return random.randbytes(random.choice(edges + [random.randint(low, high)]))


def some_text(low, high):
    letters = "abcxyz-_/. éß€𐍈"
    text = ""
    length = random.randint(low, min(high, 300))
    while len((text + "𐍈").encode()) <= length:
        text += random.choice(letters)
    return text or "x"


def maybe(mapping, key, value):
    if random.random() < 0.5:
        mapping[key] = value


def some_claims():
    claims = {}
    digest = lambda: [some_text(1, 32), some_bytes(1, 64)]
    maybe(claims, 1, some_text(1, 255))
    for key in (2, 5, 7, 8):
        maybe(claims, key, some_bytes(1, 256))
    for key in (3, 4, 9):
        maybe(claims, key, digest())
    maybe(claims, 6, random.choice([0, 1, 23, 24, 255, 256, 65535, 65536, 100000, 2**32 - 1]))
    keys = random.sample(range(1, 12), random.randint(1, 11))
    maybe(claims, 10, {key: some_text(1, 60) for key in keys})
    maybe(claims, 11, some_text(1, 1024))
    return claims


def some_evidence():
    evidence = {1: 1, 2: random.choice(["sev-snp", "tdx", "se"]), 3: some_bytes(1, 70000)}
    maybe(evidence, 4, some_bytes(1, 70000))
    if random.random() < 0.7:
        size = random.choice([1, 2, 23, 24, 25, 255, 256])
        evidence[5] = {
            1: cbor2.dumps(some_claims(), canonical=True)[:4096],
            2: some_bytes(0, 64),
            3: random.randrange(size),
            4: size,
            5: [random.randbytes(48) for _ in range(random.randint(0, 8))],
            6: random.randbytes(32),
        }
    maybe(evidence, 6, some_bytes(1, 70000))
    maybe(evidence, 7, {key: some_bytes(0, 300) for key in random.sample([1, 2, 3], random.randint(1, 3))})
    return evidence


def shuffled(mapping):
    pairs = list(mapping.items())
    random.shuffle(pairs)
    return dict(pairs)


def check_agreement(recode, kind, make, schema):
    differing = 0
    for _ in range(500):
        value = make()
        item = cbor2.dumps(shuffled(value), canonical=True)
        good, again = recode(kind, item)
        assert good, f"refused: {again}: {item.hex()}"
        assert again == item, f"recoded differently:\n{item.hex()}\n{again.hex()}"
        assert cbor2.loads(again) == value
        if schema:
            schema.validate_cbor(item)
        # The same value in the order of a careless writer is refused unless that happens to be right.
        careless = cbor2.dumps(shuffled(value))
        if careless != item:
            differing += 1
            good, why = recode(kind, careless)
            assert not good and ("sorted" in why or "begin with" in why), why
    assert differing > 100, "the careless writer was never careless"


def check_schema_refuses(recode, kind, schema, bad):
    """Where the grammar says no, libtee says no."""
    for value in bad:
        item = cbor2.dumps(value, canonical=True)
        good, _ = recode(kind, item)
        assert not good, f"libtee accepts {value}"
        if not schema:
            continue
        try:
            schema.validate_cbor(item)
        except pycddl.ValidationError:
            continue
        assert value in OVERLOOKED, f"the grammar accepts {value}"


BAD_CLAIMS = [
    [], {1: b"x"}, {1: ""}, {1: "x" * 256}, {2: "x"}, {2: b""}, {2: bytes(257)}, {3: "sha256"}, {3: ["sha256"]},
    {3: ["sha256", b""]}, {3: ["", b"x"]}, {3: ["sha256", b"x", 0]}, {6: -1}, {6: 2**32}, {6: "0"},
    {10: {1: b"x"}}, {10: {-1: "x"}}, {10: {0: "x"}}, {11: ""}, {-1: 0}, {0: 0}, {"x": 0}, {12: 1.5}, {12: cbor2.undefined}, {10: {}},
]

# What pycddl 0.6 does not see though the grammar says it: the type beside a range of sizes, and what else
# there is in a map of optional members.
OVERLOOKED = [
    {1: 1, 2: "se", 3: "x"}, {1: b"x"}, {2: "x"}, {6: -1}, {10: {1: b"x"}}, {10: {-1: "x"}}, {10: {0: "x"}},
    {-1: 0}, {0: 0}, {"x": 0}, {12: cbor2.undefined}, {10: {}},
]

BINDING = {1: b"\xa0", 2: b"", 3: 0, 4: 1, 5: [], 6: bytes(32)}


def without(mapping, key):
    return {k: v for k, v in mapping.items() if k != key}


def with_binding(**changes):
    return {1: 1, 2: "se", 3: b"x", 5: BINDING | {int(k[1:]): v for k, v in changes.items()}}


BAD_EVIDENCE = [
    {}, {1: 2, 2: "se", 3: b"x"}, {1: 1, 2: "sgx", 3: b"x"}, {1: 1, 2: "se"}, {1: 1, 2: "se", 3: b""}, {1: 1, 3: b"x"},
    {1: 1, 2: "se", 3: "x"}, {1: 1, 2: "se", 3: b"x", 4: b""}, {1: 1, 2: "se", 3: b"x", 6: b""},
    {1: 1, 2: "se", 3: b"x", 7: {1: 1}}, {1: 1, 2: "se", 3: b"x", -1: 0}, {0: 0, 1: 1, 2: "se", 3: b"x"}, {1: 1, 2: "se", 3: b"x", 5: {}},
    with_binding(k1=b""), with_binding(k1=bytes(4097)), with_binding(k2=bytes(65)), with_binding(k3=-1),
    with_binding(k3=256, k4=257), with_binding(k4=0), with_binding(k5=[bytes(47)]), with_binding(k5=[bytes(48)] * 9),
    with_binding(k6=bytes(31)), *[{1: 1, 2: "se", 3: b"x", 5: without(BINDING, key)} for key in BINDING],
]


def main():
    recode = Recoder(sys.argv[1])
    evidence_schema = claims_schema = None
    if pycddl:
        with open(sys.argv[2], encoding="utf-8") as file:
            text = file.read()
        # The root of a grammar is its first rule.
        evidence_schema = pycddl.Schema(text)
        claims_schema = pycddl.Schema("root = claims\n" + text)
    else:
        print("python3-pycddl is not installed: the grammar is not checked")

    good, _ = recode(b"e", cbor2.dumps({1: 1, 2: "se", 3: b"x", 5: BINDING}, canonical=True))
    assert good, "the base of the bad ones is not good"
    check_agreement(recode, b"e", some_evidence, evidence_schema)
    check_agreement(recode, b"c", some_claims, claims_schema)
    check_schema_refuses(recode, b"e", evidence_schema, BAD_EVIDENCE)
    check_schema_refuses(recode, b"c", claims_schema, BAD_CLAIMS)
    recode.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Evidence for the tests of libtee-verify and teegatectl: good, and bad in one respect each.

    make-evidence.py OUTDIR

The chips come from tests/pki/make-chip. Reports are laid out and signed here, and evidence is
encoded here, from the specifications: nothing is shared with the code under test. Each line of
OUTDIR/cases.tsv is one case:

    name  kind  input  root  leaf  ask  crl  options  expected

"-" stands for "none". options are parameters of the verifier, separated by commas; time is in days
from now. expected is "good" or the check that must be the first to fail, then checks with their
results, such as "good,chip_id=not-made".
"""

import datetime
import hashlib
import importlib.machinery
import importlib.util
import itertools
import json
import pathlib
import secrets
import struct
import subprocess
import sys
import uuid

TOP = pathlib.Path(__file__).resolve().parents[2]
MAKE_CHIP = TOP / "tests" / "pki" / "make-chip"
TAG = b"teegate/bound/v1"
NONCE = bytes(range(0x20, 0x40))
WORKLOAD = "payments"
SERIALS = itertools.count(0x1000)


def load_make_chip():
    loader = importlib.machinery.SourceFileLoader("make_chip", str(MAKE_CHIP))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_chip", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


MC = load_make_chip()


# --- CBOR, as much as is needed -----------------------------------------------------------------

def head(major, value):
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(item):
    if isinstance(item, bool):
        raise TypeError("no booleans here")
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(cbor(i) for i in item)
    pairs = sorted((cbor(k), cbor(v)) for k, v in item.items())
    return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)


# --- binding ------------------------------------------------------------------------------------

def sha384(data):
    return hashlib.sha384(data).digest()


def leaf_hash(claims, blind, user_data):
    return sha384(b"\0" + sha384(claims) + blind + len(user_data).to_bytes(4, "big") + user_data)


def node_hash(left, right):
    return sha384(b"\1" + left + right)


def tree(leaves):
    """Root, and the path of each leaf from the bottom up."""
    if len(leaves) == 1:
        return leaves[0], [[]]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    left, left_paths = tree(leaves[:k])
    right, right_paths = tree(leaves[k:])
    return (node_hash(left, right),
            [p + [right] for p in left_paths] + [p + [left] for p in right_paths])


def bind(claims, user_data=NONCE, size=1, index=0):
    """A binding record and the report_data that belongs to it."""
    blind = secrets.token_bytes(32)
    leaves = [secrets.token_bytes(48) for _ in range(size)]
    leaves[index] = leaf_hash(claims, blind, user_data)
    root, paths = tree(leaves)
    record = {1: claims, 2: user_data, 3: index, 4: size, 5: paths[index], 6: blind}
    return record, root + TAG


# --- reports ------------------------------------------------------------------------------------

class Chip:
    def __init__(self, out, name, *args):
        self.name, self.dir = name, out / name
        subprocess.run([sys.executable, MAKE_CHIP, *args, self.dir], check=True)
        self.info = json.loads((self.dir / "chip.json").read_text())
        self.turin = self.info["product"] == "Turin"

    def path(self, name):
        return "%s/%s" % (self.name, name)

    def table(self):
        return (self.dir / "certs.bin").read_bytes()

    def der(self, name):
        return (self.dir / (name + ".der")).read_bytes()

    def unsigned(self, report_data):
        i, r = self.info, bytearray(0x4a0)

        def put(at, data):
            r[at:at + len(data)] = data

        put(0x000, struct.pack("<IIQ", i["report_version"], i["guest_svn"], i["policy"]))
        put(0x010, bytes.fromhex(i["family_id"]))
        put(0x020, bytes.fromhex(i["image_id"]))
        put(0x030, struct.pack("<II", 0, 1))
        put(0x038, bytes.fromhex(i["current_tcb"]))
        put(0x040, struct.pack("<QI", i["platform_info"], 4 if i["vlek"] else 0))
        put(0x050, report_data.ljust(64, b"\0"))
        put(0x090, bytes.fromhex(i["measurement"]))
        put(0x0c0, bytes.fromhex(i["host_data"]))
        put(0x0e0, bytes.fromhex(i["id_key_digest"]))
        put(0x140, bytes.fromhex(i["report_id"]))
        put(0x160, b"\xff" * 32)
        put(0x180, bytes.fromhex(i["reported_tcb"]))
        if i["report_version"] >= 3:
            put(0x188, bytes(i["cpuid"]))
        if not i["vlek"]:
            put(0x1a0, bytes.fromhex(i["chip_id"]))
        put(0x1e0, bytes.fromhex(i["committed_tcb"]))
        version = bytes(int(n) for n in reversed(i["current_version"].split(".")))
        put(0x1e8, version + b"\0" + version + b"\0")
        put(0x1f0, bytes.fromhex(i["launch_tcb"]))
        if i["report_version"] >= 5:
            put(0x1f8, struct.pack("<QQ", i["launch_mit_vector"], i["current_mit_vector"]))
        return r

    def sign(self, report, key=None):
        key = self.dir / "keys" / ((key or self.info["signer"]) + ".key")
        der = subprocess.run(["openssl", "dgst", "-sha384", "-sign", key],
                             input=bytes(report[:0x2a0]), stdout=subprocess.PIPE,
                             check=True).stdout
        # SEQUENCE { INTEGER r, INTEGER s }: always short, P-384
        r_len = der[3]
        r, s = der[4:4 + r_len], der[6 + r_len:6 + r_len + der[5 + r_len]]
        for at, number in ((0x2a0, r), (0x2e8, s)):
            report[at:at + 72] = int.from_bytes(number, "big").to_bytes(72, "little")
        return bytes(report)

    def report(self, report_data, patches=(), key=None):
        """@patches: (offset, bytes), applied before the signature unless beyond the signed part."""
        report = self.unsigned(report_data)
        for at, data in patches:
            report[at:at + len(data)] = data
        report = bytearray(self.sign(report, key))
        for at, data in patches:
            if at >= 0x2a0:
                report[at:at + len(data)] = data
        return bytes(report)


def evidence(report, record=None, table=None, **more):
    item = {1: 1, 2: more.get("provider", "sev-snp"), 3: report}
    if table:
        item[4] = table
    if record:
        item[5] = record
    return cbor(item)


class Cases:
    def __init__(self, out):
        self.out, self.lines = out, []

    def add(self, name, data, chip, expected, kind="evidence", root="ark.der", leaf="-", ask="-",
            crl="-", options="-"):
        path = self.out / (name + (".bin" if kind == "report" else ".cbor"))
        path.write_bytes(data)
        where = [f if f == "-" or "/" in f else chip.path(f) for f in (root, leaf, ask, crl)]
        self.lines.append("\t".join([name, kind, path.name, *where, options, expected]))

    def close(self):
        (self.out / "cases.tsv").write_text("\n".join(self.lines) + "\n")


CLAIMS = {1: WORKLOAD, 6: 1001, 7: b"/system.slice/payments.service", 11: "software firmware"}


def good_cases(cases, chips):
    for chip in chips:
        record, data = bind(cbor(CLAIMS))
        item = evidence(chip.report(data), record, chip.table())
        chip_check = "" if not chip.info["vlek"] else ",chip_id=not-made"
        cases.add("good-" + chip.name, item, chip,
                  "good,claims.taint=warning,binding.root=passed,crl=passed" + chip_check,
                  crl="crl.der",
                  options="nonce=%s,workload=%s,product=%s,measurement=%s,min-tcb=%s" % (
                      NONCE.hex(), WORKLOAD, chip.info["product"], chip.info["measurement"],
                      chip.info["reported_tcb"]))
        cases.add("good-bare-" + chip.name, chip.report(b"hello"), chip, "good,nonce=passed",
                  kind="report", leaf=chip.info["signer"] + ".pem",
                  ask=("asvk" if chip.info["vlek"] else "ask") + ".pem", root="ark.pem",
                  options="nonce=" + b"hello".hex())
    chip = chips[0]
    for size, index in ((2, 0), (2, 1), (3, 2), (5, 4), (7, 3), (255, 254), (256, 0), (256, 255)):
        record, data = bind(cbor(CLAIMS), b"", size, index)
        cases.add("good-tree-%d-%d" % (size, index),
                  evidence(chip.report(data), record, chip.table()), chip,
                  "good,nonce=passed", options="nonce=")
    record, data = bind(cbor({1: WORKLOAD}))
    cases.add("good-clean", evidence(chip.report(data), record, chip.table()), chip,
              "good,claims.taint=passed,crl=not-made")
    cases.add("good-certificates-given", evidence(chip.report(data), record), chip, "good",
              leaf="vcek.der", ask="ask.pem")
    # What a terminal would obey, in every claim that is a byte string.
    nasty = b"/\x1b[31m\r\n\x00\xc2\x9b\xff\\"
    record, data = bind(cbor({1: "pay\x1b[0m\u202ements", 2: nasty, 5: nasty, 7: nasty, 8: nasty,
                              11: "software firmware\x07"}))
    cases.add("good-nasty", evidence(chip.report(data), record, chip.table()), chip, "good")
    cases.add("good-unknown-claim", *unknown_claim(chip, 99), "good")
    cases.add("good-raw", evidence(chip.report(b"\1\2"), None, chip.table()), chip,
              "good,evidence.bound=warning,nonce=passed", options="allow-raw,nonce=0102")


def unknown_claim(chip, key):
    record, data = bind(cbor({1: WORKLOAD, key: b"?"}))
    return evidence(chip.report(data), record, chip.table()), chip


IMAGE = bytes(range(32))


def image_cases(cases, chip):
    """An image is worth as much as who vouches for it."""
    vouchers = {"root": {3: "runtime:root"}, "user": {3: "runtime:uid:1000"}, "nobody": {1: "policy"},
                "like-root": {3: "runtime:root:1000"}}
    expected = "image-digest=sha256:" + IMAGE.hex()

    def add(name, voucher, outcome, options=expected, image=IMAGE):
        record, data = bind(cbor({1: WORKLOAD, 3: ["sha256", image], 10: vouchers[voucher]}))
        cases.add(name, evidence(chip.report(data), record, chip.table()), chip, outcome,
                  options=options)

    add("good-image", "root", "good,image=passed")
    add("good-image-not-asked", "user", "good,image=not-made", options="-")
    add("good-image-of-user", "user", "good,image=passed",
        options=expected + ",image-voucher=runtime:uid:1000")
    add("good-image-of-root-for-user", "root", "good,image=passed",
        options=expected + ",image-voucher=runtime:uid:1000")
    add("bad-image-of-user", "user", "image")
    add("bad-image-of-other-user", "user", "image", options=expected + ",image-voucher=runtime:uid:100")
    add("bad-image-of-nobody", "nobody", "image")
    add("bad-image-like-root", "like-root", "image")
    add("bad-image", "root", "image", image=IMAGE[::-1])
    add("bad-image-short", "root", "image", image=IMAGE[:-1])
    record, data = bind(cbor({1: WORKLOAD, 10: {3: "runtime:root"}}))
    cases.add("bad-image-absent", evidence(chip.report(data), record, chip.table()), chip, "image",
              options=expected)
    cases.add("bad-raw-image", evidence(chip.report(b"\1"), None, chip.table()), chip, "image",
              options="allow-raw," + expected)
    cases.add("bad-bare-image", chip.report(b"\1"), chip, "image", kind="report",
              leaf=chip.info["signer"] + ".pem", ask="ask.pem", root="ark.pem", options=expected)


def known_answer_cases(cases, chip):
    """The published vectors of doc/evidence.md, in reports of their own."""
    known = json.loads((TOP / "doc" / "evidence-vectors.json").read_text())
    requests = [(one["name"], one, one["report_data"], 0, 1, []) for one in known["single"]]
    for whole in known["trees"]:
        requests += [(one["name"], one, whole["report_data"], one["leaf_index"],
                      whole["tree_size"], one["path"]) for one in whole["requests"]]
    for name, one, report_data, index, size, path in requests:
        claims, user_data, blind = (bytes.fromhex(one[k])
                                    for k in ("claims", "user_data", "blind"))
        record = {1: claims, 2: user_data, 3: index, 4: size,
                  5: [bytes.fromhex(p) for p in path], 6: blind}
        # Some vectors hash claims that are no CBOR map: the binding holds, the reading does not.
        well_formed = claims.hex() in ("a0", "a2016c64656d6f2e73657276696365061903e8")
        cases.add("known-" + name.replace("/", "-"),
                  evidence(chip.report(bytes.fromhex(report_data)), record, chip.table()), chip,
                  ("good" if well_formed else "claims.format") + ",binding.root=passed",
                  options="nonce=" + user_data.hex())


def binding_cases(cases, chip):
    claims = cbor(CLAIMS)

    def add(name, change, expected, options="-", size=1, index=0):
        record, data = bind(claims, size=size, index=index)
        change(record)
        cases.add(name, evidence(chip.report(data), record, chip.table()), chip, expected,
                  options=options)

    def none(record):
        pass

    add("bad-nonce", none, "nonce", options="nonce=00")
    add("bad-nonce-shorter", none, "nonce", options="nonce=" + NONCE[:-1].hex())
    add("bad-workload", none, "workload", options="workload=pay")
    add("bad-other-claims", lambda r: r.update({1: cbor({1: "evil"})}), "binding.root")
    add("bad-other-blind", lambda r: r.update({6: bytes(32)}), "binding.root")
    add("bad-other-place", lambda r: r.update({3: 0}), "binding.root", size=4, index=1)
    add("bad-proof-long", lambda r: r[5].append(bytes(48)), "binding.proof")
    add("bad-proof-short", lambda r: r[5].pop(), "binding.proof", size=4)
    add("bad-proof-other", lambda r: r[5].reverse(), "binding.root", size=8)
    add("bad-tree-size", lambda r: r.update({4: 5}), "binding.proof", size=4, index=3)
    add("bad-index", lambda r: r.update({3: 1}), "evidence.format")

    record, data = bind(claims)
    cases.add("bad-tag", evidence(chip.report(data[:48] + b"teegate/bound/v2"), record,
                                  chip.table()), chip, "binding.tag")
    cases.add("bad-raw", evidence(chip.report(b"\1"), None, chip.table()), chip, "evidence.bound")
    cases.add("bad-raw-marked", evidence(chip.report(bytes(48) + b"teegate/"), None, chip.table()),
              chip, "evidence.bound", options="allow-raw")
    cases.add("bad-stripped", evidence(chip.report(data), None, chip.table()), chip,
              "evidence.bound", options="allow-raw")
    cases.add("bad-raw-workload", evidence(chip.report(b"\1"), None, chip.table()), chip,
              "workload", options="allow-raw,workload=" + WORKLOAD)
    cases.add("label-is-only-a-label", evidence(chip.report(data), record, chip.table(), provider="tdx"), chip,
              "good,evidence.provider=warning")
    cases.add("bad-label-tdx", evidence(b"\4\0\2\0\x81\0\0\0" + bytes(800), record,
                                        chip.table(), provider="tdx"), chip, "quote.header")
    cases.add("bad-size", evidence(chip.report(data)[:-1], record, chip.table()), chip,
              "evidence.provider")
    cases.add("bad-critical-claim", *unknown_claim(chip, -1), "claims.format")
    for name, broken in (
            ("duplicate", b"\xa2" + cbor(1) + cbor("a") + cbor(1) + cbor("b")),
            ("unsorted", b"\xa2" + cbor(6) + cbor(0) + cbor(1) + cbor("b")),
            ("long-form", b"\xa1" + cbor(1) + b"\x78\1a"),
            ("indefinite", b"\xbf" + cbor(1) + cbor("a") + b"\xff"),
            ("tail", cbor({1: "a"}) + b"\0"),
            ("not-a-map", cbor("payments")),
            ("nul", cbor({1: "payments\0evil"}))):
        record, data = bind(broken)
        cases.add("bad-claims-" + name, evidence(chip.report(data), record, chip.table()), chip,
                  "claims.format", options="workload=a" if name != "nul" else "workload=payments")
    cases.add("bad-garbage", b"\xa1\x01\x01", chip, "evidence.format")
    cases.add("bad-empty-map", b"\xa0", chip, "evidence.format")


def content_cases(cases, milan, turin, vlek):
    """Signed by the right key, but saying what must not be."""
    def add(name, chip, patches, expected, **more):
        cases.add("bad-" + name, chip.report(b"", patches), chip, expected, kind="report",
                  leaf=chip.info["signer"] + ".der",
                  ask=("asvk" if chip.info["vlek"] else "ask") + ".der", **more)

    def le32(n):
        return struct.pack("<I", n)

    def le64(n):
        return struct.pack("<Q", n)

    add("version-1", milan, [(0, le32(1)), (0x188, bytes(3))], "report.version")
    add("version-6", milan, [(0, le32(6))], "report.version")
    add("v2-cpuid", milan, [(0, le32(2))], "report.reserved")
    add("v3-mitigation", milan, [(0x1f8, b"\1")], "report.reserved")
    add("v5-reserved", vlek, [(0x208, b"\1")], "report.reserved")
    add("v5-mitigation", vlek, [(0x1f8, b"\x7f")], "good")
    for at in (0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x29f, 0x2d0, 0x2e7, 0x318, 0x330, 0x49f):
        add("reserved-%03x" % at, milan, [(at, b"\1")], "report.reserved")
    add("key-flags", milan, [(0x48, le32(1 << 5))], "report.reserved")
    add("algorithm", milan, [(0x34, le32(2))], "report.algorithm")
    add("unsigned", milan, [(0x48, le32(7 << 2))], "report.signing_key")
    add("key-2", milan, [(0x48, le32(2 << 2))], "report.signing_key")
    add("vlek-claimed", milan, [(0x48, le32(1 << 2))], "chain.leaf.key")
    add("vcek-claimed", vlek, [(0x48, le32(0))], "chain.leaf.key")
    add("policy-bit17", milan, [(8, le64(0x10000))], "policy")
    add("policy-bit26", milan, [(8, le64(0x4030000))], "policy")
    add("policy-debug", milan, [(8, le64(0xb0000))], "policy.debug")
    add("policy-debug-allowed", milan, [(8, le64(0xb0000))], "good,policy.debug=warning",
        options="allow-debug")
    add("policy-migration", milan, [(8, le64(0x70000))], "good,policy.migration=warning")
    add("platform-unknown-bit", milan, [(0x40, le64(0x8067))], "good")
    add("vmpl-2", milan, [(0x30, le32(2))], "vmpl")
    add("vmpl-2-expected", milan, [(0x30, le32(2))], "good,vmpl=passed", options="vmpl=2")
    add("vmpl-any", milan, [(0x30, le32(3))], "good,vmpl=not-made", options="vmpl=any")
    add("vmpl-host", milan, [(0x30, le32(0xffffffff))], "vmpl", options="vmpl=any")
    add("author-digest", milan, [(0x110, b"\1")], "author_key")
    add("author-key", milan, [(0x48, le32(1)), (0x110, b"\1" * 48)], "good,author_key=passed")
    add("product", milan, [(0x189, b"\x11")], "report.product")
    add("product-unknown", milan, [(0x188, b"\x17")], "report.product")
    add("expected-product", milan, [], "product", options="product=Genoa")
    add("chip-id", milan, [(0x1a0, b"\0\1")], "chip_id")
    add("chip-id-hidden", milan, [(0x1a0, bytes(64))], "good,chip_id=not-made")
    add("chip-id-tail", turin, [(0x1a8, b"\1")], "chip_id")
    add("measurement", milan, [], "measurement", options="measurement=" + "00" * 48)

    tcb = bytes.fromhex(milan.info["reported_tcb"])
    up = bytes([*tcb[:6], tcb[6] + 1, tcb[7]])
    down = bytes([*tcb[:6], tcb[6] - 1, tcb[7]])
    swap = bytes([tcb[0] + 1, *tcb[1:7], tcb[7] - 1])
    add("tcb-current-low", milan, [(0x38, down)], "tcb.order")
    add("tcb-committed-low", milan, [(0x1e0, down)], "tcb.order")
    add("tcb-committed-high", milan, [(0x1e0, up)], "tcb.order")
    add("tcb-incomparable", milan, [(0x38, swap)], "tcb.order")
    add("tcb-provisional", milan, [(0x38, up)], "good")
    add("tcb-other-key", milan, [(0x180, down)], "tcb.certificate")
    add("tcb-reserved", milan, [(0x1f2, b"\1")], "tcb.format")
    add("tcb-reserved-turin", turin, [(0x1f4, b"\1")], "tcb.format")
    add("min-tcb", milan, [], "min_tcb", options="min-tcb=" + up.hex())
    add("min-tcb-component", milan, [], "min_tcb",
        options="min-tcb=" + bytes([tcb[0] + 1, *bytes(7)]).hex())
    add("firmware-version", milan, [(0x1ec, b"\xff")], "tcb.order")
    add("svn", milan, [], "guest_svn", options="min-svn=4")
    add("svn-enough", milan, [], "good,guest_svn=passed", options="min-svn=3")
    cases.add("bad-foreign-key", milan.report(b"", key="id"), milan, "signature", kind="report",
              leaf="vcek.der", ask="ask.der")


def table(entries, end=bytes(24)):
    """entries: GUID or None, DER, and optionally offset and length to claim instead."""
    start = 24 * len(entries) + len(end)
    heads, body = b"", b""
    for entry in entries:
        kind, der = entry[:2]
        offset, length = entry[2:] if len(entry) > 2 else (start + len(body), len(der))
        guid = bytes(15) + b"\1" if kind is None else uuid.UUID(MC.GUIDS[kind]).bytes
        heads += guid + struct.pack("<II", offset, length)
        body += der
    return heads + end + body


def table_cases(cases, milan, turin):
    vcek, ask, ark = (milan.der(n) for n in ("vcek", "ask", "ark"))
    record, data = bind(cbor({1: WORKLOAD}))
    report = milan.report(data)
    good = [("vcek", vcek), ("ask", ask), ("ark", ark)]

    def add(name, content, expected, **more):
        cases.add("table-" + name, evidence(report, record, content), milan, expected, **more)

    add("unknown-entry", table(good + [(None, b"whatever")]), "good,certs.table=passed")
    add("padded", table(good) + bytes(4096), "good,certs.table=passed")
    add("no-ark", table(good[:2]), "good,certs.table=passed")
    add("foreign-ark", table(good[:2] + [("ark", turin.der("ark"))]), "certs.table")
    add("no-vcek", table(good[1:]), "chain.leaf")
    add("no-ask", table([good[0], good[2]]), "chain.ask")
    add("no-end", table(good, end=b"")[:72], "certs.table")
    add("short", b"\0" * 23, "certs.table")
    add("empty", bytes(24), "chain.ask")
    add("duplicate", table(good + [good[0]]), "certs.table")
    add("zero-length", table(good[1:] + [("vcek", b"")]), "certs.table")
    add("offset-outside", table(good[1:] + [("vcek", vcek, 1 << 31, len(vcek))]), "certs.table")
    add("length-outside", table(good[1:] + [("vcek", vcek, 96, 1 << 31)]), "certs.table")
    add("wraps", table(good[1:] + [("vcek", vcek, 0xffffffff, 0xffffffff)]), "certs.table")
    add("into-header", table(good[1:] + [("vcek", vcek, 0, 24)]), "certs.table")
    add("vcek-tail", table([("vcek", vcek + b"\0")] + good[1:]), "chain.leaf")
    add("vcek-pem", table([("vcek", (milan.dir / "vcek.pem").read_bytes())] + good[1:]),
        "chain.leaf")
    # What the caller brings wins, and a broken table is refused nevertheless.
    add("given-wins", table([("vcek", turin.der("vcek"))] + good[1:]), "certs.table",
        leaf="vcek.der")
    add("same-given", table(good), "good,certs.table=passed", leaf="vcek.der", ask="ask.der")
    add("broken-unused", table([("vcek", vcek[:-1])] + good[1:]), "certs.table", leaf="vcek.der",
        ask="ask.der")


class Forge(MC.Authority):
    """Certificates under the root of a finished chip that AMD would not have issued."""

    def __init__(self, chip):  # pylint: disable=super-init-not-called
        self.out, self.work = chip.dir, chip.dir / "keys"
        (self.work / "crlnumber").write_text("02\n")
        self.start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)

    def reuse_key(self, name, key):
        self.key(name).write_bytes(self.key(key).read_bytes())

    def new_key(self, name, *options):
        MC.openssl("genpkey", "-quiet", *options, "-out", self.key(name))


def forged(chip, name, kind, expected, cases, change=None, common_name=None, key=(), pss=None,
           issuer=None, years=7):
    forge = Forge(chip)
    info = chip.info
    if key:
        forge.new_key(name, *key)
    else:
        forge.reuse_key(name, kind)
    if kind == "vcek":
        extensions = MC.chip_extensions(info["product"], "Milan-B0",
                                        bytes.fromhex(info["reported_tcb"]),
                                        bytes.fromhex(info["chip_id"]), None)
    else:
        extensions = MC.ca_extensions(info["product"], "vcek", ",pathlen:0", "keyCertSign")
    if change:
        extensions = change(extensions)
    kept = MC.PSS
    MC.PSS = kept if pss is None else pss
    default_name = "SEV-VCEK" if kind == "vcek" else "SEV-" + info["product"]
    forge.sign(name, common_name or default_name, issuer or ("ask" if kind == "vcek" else "ark"),
               next(SERIALS), years, extensions)
    MC.PSS = kept
    signer = name if kind == "vcek" else "vcek"
    cases.add("forged-" + name, chip.report(b"", key=signer if key and kind == "vcek" else None),
              chip, expected, kind="report", leaf=signer + ".der",
              ask="ask.der" if kind == "vcek" else name + ".der")


def forged_cases(cases, chip):
    oid = MC.AMD_OID

    def without(prefix):
        return lambda ext: [e for e in ext if not e.startswith(prefix)]

    def plus(line):
        return lambda ext: ext + [line]

    def swap(old, new):
        return lambda ext: [e.replace(old, new) for e in ext]

    def leaf(name, expected, **more):
        forged(chip, name, "vcek", expected, cases, **more)

    def ask(name, expected, **more):
        forged(chip, name, "ask", expected, cases, **more)

    leaf("same", "good")
    leaf("p256", "chain.leaf.profile",
         key=("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    leaf("explicit-curve", "chain.leaf.profile",
         key=("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
              "-pkeyopt", "ec_param_enc:explicit"))
    leaf("pkcs1", "chain.leaf", pss=[])
    leaf("salt-32", "chain.leaf",
         pss=["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"])
    leaf("mgf1-sha256", "chain.leaf", pss=MC.PSS[:4] + ["-sigopt", "rsa_mgf1_md:sha256"])
    leaf("by-ark", "chain.leaf", issuer="ark")
    leaf("name", "chain.leaf.key", common_name="SEV-VLEK")
    leaf("critical", "chain.leaf.profile", change=plus("1.2.3.4 = critical,ASN1:NULL"))
    leaf("foreign-extension", "chain.leaf.profile", change=plus("1.2.3.4 = ASN1:NULL"))
    leaf("amd-critical", "chain.leaf.profile", change=plus(oid + ".77 = critical,ASN1:NULL"))
    leaf("amd-unknown", "good", change=plus(oid + ".77 = ASN1:NULL"))
    leaf("ca", "chain.leaf.profile", change=plus("basicConstraints = CA:TRUE"))
    leaf("no-hwid", "chain.leaf.key", change=without(oid + ".4 "))
    leaf("other-hwid", "chip_id", change=lambda ext: without(oid + ".4 ")(ext) + [
        oid + ".4 = DER:" + "5a" * 64])
    leaf("short-hwid", "chain.leaf.profile", change=lambda ext: without(oid + ".4 ")(ext) + [
        oid + ".4 = DER:" + "5a" * 63])
    leaf("csp-id", "chain.leaf.key", change=plus(oid + ".5 = ASN1:IA5STRING:CN=x"))
    leaf("no-ucode", "chain.leaf.profile", change=without(oid + ".3.8 "))
    leaf("fmc", "chain.leaf.profile", change=plus(oid + ".3.9 = ASN1:INTEGER:0"))
    leaf("big-spl", "chain.leaf.profile", change=swap(oid + ".3.2 = ASN1:INTEGER:0",
                                                      oid + ".3.2 = ASN1:INTEGER:256"))
    leaf("negative-spl", "chain.leaf.profile", change=swap(oid + ".3.2 = ASN1:INTEGER:0",
                                                           oid + ".3.2 = ASN1:INTEGER:-1"))
    leaf("other-tcb", "tcb.certificate", change=swap(oid + ".3.2 = ASN1:INTEGER:0",
                                                     oid + ".3.2 = ASN1:INTEGER:1"))
    leaf("genoa", "chain.product", change=swap("Milan-B0", "Genoa-B0"))
    leaf("siena", "chain.product", change=swap("Milan-B0", "Siena"))
    leaf("naples", "chain.leaf.profile", change=swap("Milan-B0", "Naples"))
    leaf("struct-2", "chain.leaf.profile", change=swap(oid + ".1 = ASN1:INTEGER:0",
                                                       oid + ".1 = ASN1:INTEGER:2"))
    ask("ask-same", "good")
    ask("ask-rsa2048", "chain.ask.profile",
        key=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"))
    ask("ask-pkcs1", "chain.ask", pss=[])
    ask("ask-not-ca", "chain.ask.profile", change=swap("CA:TRUE,pathlen:0", "CA:FALSE"))
    ask("ask-no-pathlen", "chain.ask.profile", change=swap(",pathlen:0", ""))
    ask("ask-ca-not-critical", "chain.ask.profile", change=swap("critical,CA:", "CA:"))
    ask("ask-no-certsign", "chain.ask.profile", change=swap("keyCertSign", "digitalSignature"))
    ask("ask-critical", "chain.ask.profile", change=plus("1.2.3.4 = critical,ASN1:NULL"))
    ask("ask-vlek", "chain.leaf", common_name="SEV-VLEK-Milan")
    ask("ask-genoa", "chain.leaf", common_name="SEV-Genoa")


def crl_cases(cases, milan, turin):
    record, data = bind(cbor({1: WORKLOAD}))
    item = evidence(milan.report(data), record, milan.table())
    keep = (milan.dir / "crl.pem").read_bytes(), (milan.dir / "crl.der").read_bytes()
    forge = Forge(milan)
    # `openssl ca` needs a configuration and a database; signing anything makes them.
    forge.reuse_key("throwaway", "vcek")
    forge.sign("throwaway", "SEV-VCEK", "ark", next(SERIALS), 1, ["subjectKeyIdentifier = none"])
    (forge.work / "ark.cnf").write_bytes((forge.work / "throwaway.cnf").read_bytes())
    forge.crl(["ask"])
    (milan.dir / "crl-revoked.der").write_bytes((milan.dir / "crl.der").read_bytes())
    (milan.dir / "crl.pem").write_bytes(keep[0])
    (milan.dir / "crl.der").write_bytes(keep[1])

    cases.add("crl-good-pem", item, milan, "good,crl=passed", crl="crl.pem")
    cases.add("crl-revoked", item, milan, "crl", crl="crl-revoked.der")
    cases.add("crl-foreign", item, milan, "crl", crl=turin.path("crl.der"))
    cases.add("crl-old", item, milan, "crl", crl="crl.der", options="time=60")
    cases.add("crl-garbage", item, milan, "crl", crl="ask.der")
    broken = bytearray(keep[1])
    broken[-1] ^= 1
    (milan.dir / "crl-broken.der").write_bytes(broken)
    cases.add("crl-broken", item, milan, "crl", crl="crl-broken.der")
    cases.add("time-future", item, milan, "chain.leaf.validity", options="time=3650")
    cases.add("time-past", item, milan, "chain.root.validity", options="time=-10")
    cases.add("root-foreign", item, milan, "chain.ask", root=turin.path("ark.der"))
    cases.add("root-ask", item, milan, "chain.root", root="ask.der")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    milan = Chip(out, "milan", "--product", "Milan", "--report-version", "3")
    turin = Chip(out, "turin", "--product", "Turin", "--report-version", "5")
    genoa = Chip(out, "genoa", "--product", "Genoa", "--report-version", "2")
    vlek = Chip(out, "vlek", "--product", "Milan", "--report-version", "5", "--vlek")
    cases = Cases(out)
    good_cases(cases, [milan, turin, genoa, vlek])
    known_answer_cases(cases, milan)
    binding_cases(cases, milan)
    image_cases(cases, milan)
    content_cases(cases, milan, turin, vlek)
    table_cases(cases, milan, turin)
    forged_cases(cases, milan)
    crl_cases(cases, milan, turin)
    cases.close()


if __name__ == "__main__":
    main()

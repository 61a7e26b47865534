#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers of Secure Execution for the tests of libtee-verify: good, and bad in one respect.

    make-se-evidence.py OUTDIR MUTATIONS

Hosts, images, requests and answers of their own, made here from what s390-tools document; nothing is
shared with the code under test, with the simulated platform of tests/pki or with the software
Ultravisor. MUTATIONS names each bad case and the check that must be the first to fail; a name without
a function here is an error, and so is a function without its line there. Each line of
OUTDIR/cases.tsv is one case:

    name  kind  input  arpk  header  options  expected

"-" stands for "none"; kind is "evidence" or "exchange"; expected is "good" or the first check to
fail, then checks with their results.
"""

import datetime
import hashlib
import hmac
import importlib.machinery
import importlib.util
import pathlib
import secrets
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).resolve().parent
NONCE = bytes(range(0x20, 0x40))
WORKLOAD = "payments"
PAGE = 4096


def load_make_evidence():
    loader = importlib.machinery.SourceFileLoader("make_evidence", str(HERE / "make-evidence.py"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("make_evidence", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


ME = load_make_evidence()  # CBOR and binding


# --- hosts --------------------------------------------------------------------------------------

class Host:
    """A machine: its key, and the certificate that says so (to nobody but itself)."""

    def __init__(self, curve=None):
        self.key = ec.generate_private_key(curve or ec.SECP521R1())
        numbers = self.key.public_key().public_numbers()
        self.phkh = hashlib.sha256(numbers.x.to_bytes(80, "big") +
                                   numbers.y.to_bytes(80, "big")).digest()

    def pem(self):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "IBM Z Host Key of a test")])
        day = datetime.datetime(2026, 1, 1)
        return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(day).not_valid_after(day + datetime.timedelta(days=3650))
                .sign(self.key, hashes.SHA512()).public_bytes(serialization.Encoding.PEM))


def slots(customer, hosts, key):
    out = b""
    for host in hosts:
        shared = customer.exchange(ec.ECDH(), host.key.public_key())
        kek = hashlib.sha256(shared + struct.pack(">I", 1)).digest()
        out += host.phkh + AESGCM(kek).encrypt(bytes(12), key, None)
    return out


def coordinates(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(80, "big") + numbers.y.to_bytes(80, "big")


# --- image and request --------------------------------------------------------------------------

def flag(number):
    return 1 << 63 - number


NONCE_FLAG, IMAGE_PHKH, ATTEST_PHKH, SECRET_STORE, FIRMWARE = map(flag, range(1, 6))
ALL_FLAGS = NONCE_FLAG | IMAGE_PHKH | ATTEST_PHKH | SECRET_STORE | FIRMWARE
PCKMO = flag(56) | flag(57) | flag(58)


class Image:
    def __init__(self, hosts, flags=PCKMO):
        self.hosts, self.flags = hosts, flags
        self.digests = [secrets.token_bytes(64) for _ in range(3)]
        self.version, self.pages, self.secret = 0x100, 1234, secrets.token_bytes(128)
        customer, key, iv = ec.generate_private_key(ec.SECP521R1()), bytes(32), bytes(12)
        body = (struct.pack(">12sIQQQQ", iv, 0, len(hosts), len(self.secret), self.pages, flags) +
                coordinates(customer) + b"".join(self.digests) + slots(customer, hosts, key))
        size = 16 + len(body) + len(self.secret) + 16
        aad = b"IBMSecEx" + struct.pack(">II", self.version, size) + body
        self.header = aad + AESGCM(key).encrypt(iv, self.secret, aad)
        self.tag = self.header[-16:]


class Request:
    """An ARCB. What is set differently before build() is authenticated as it is."""

    def __init__(self, hosts, flags=ALL_FLAGS, arpk=None, nonce=True):
        self.hosts, self.flags = hosts, flags
        self.arpk = arpk or secrets.token_bytes(32)
        self.key, self.nonce = secrets.token_bytes(64), secrets.token_bytes(16) if nonce else b""
        self.version, self.algorithm, self.length, self.count = 0x100, 1, None, None
        self.secret, self.secret_len = None, None
        self.patches = {}  # offset: bytes, before the tag is made
        self.customer = ec.generate_private_key(ec.SECP521R1())

    def build(self):
        iv = b"\x55" * 12
        secret = self.key + self.nonce if self.secret is None else self.secret
        tail = (struct.pack(">QII", self.flags, self.algorithm, 0) + coordinates(self.customer) +
                slots(self.customer, self.hosts, self.arpk))
        length = 48 + len(tail) + len(secret) + 16 if self.length is None else self.length
        aad = bytearray(struct.pack(
            ">QII12sI7sBII", 0, self.version, length, iv, 0, bytes(7),
            len(self.hosts) if self.count is None else self.count, 0,
            len(secret) if self.secret_len is None else self.secret_len) + tail)
        for at, data in self.patches.items():
            aad[at:at + len(data)] = data
        return bytes(aad) + AESGCM(self.arpk).encrypt(iv, secret, bytes(aad))


class Guest:
    """One answer, and what a verifier would bring. measure() is what the Ultravisor does."""

    def __init__(self, flags=ALL_FLAGS, nonce=True, image_flags=PCKMO, bound=True):
        self.host, self.other = HOSTS
        self.image = Image([self.other, self.host], image_flags)
        self.request = Request([self.host, self.other], flags, nonce=nonce)
        self.record, self.user_data = (ME.bind(ME.cbor(CLAIMS)) if bound else (None, b"hello"))
        self.uid = secrets.token_bytes(16)
        self.parts = {IMAGE_PHKH: self.host.phkh, ATTEST_PHKH: self.host.phkh,
                      SECRET_STORE: secrets.token_bytes(64), FIRMWARE: secrets.token_bytes(320)}
        self.additional = b"".join(data for bit, data in self.parts.items() if flags & bit)
        self.arcb = self.measurement = None  # made by answer() unless set
        self.header = self.image.header
        self.arpk = self.request.arpk
        self.options, self.files, self.details, self.kind = {}, {}, {}, "evidence"
        self.after = lambda item: item

    def measure(self, **other):
        use = lambda name: other.get(name, getattr(self, name))
        return hmac.new(
            other.get("key", self.request.key), b"".join(self.image.digests) + self.image.tag +
            use("uid") + struct.pack(other.get("lengths", ">HHI"), len(use("user_data")), 0,
                                     len(use("additional"))) +
            use("user_data") + other.get("nonce", self.request.nonce) + use("additional"),
            hashlib.sha512).digest()

    def answer(self):
        if self.arcb is None:
            self.arcb = self.request.build()
        if self.measurement is None:
            self.measurement = self.measure()
        return self.exchange() if self.kind == "exchange" else self.evidence()

    def evidence(self):
        details = {1: self.arcb, 2: self.uid, 3: self.user_data, **self.details}
        details = {key: value for key, value in details.items() if value is not None}
        item = {1: 1, 2: "se", 3: self.measurement, 7: details}
        if self.additional:
            item[4] = self.additional
        if self.record:
            item[5] = self.record
        return ME.cbor(self.after(item))

    def exchange(self):
        entries, data = [], b""
        for part in (self.arcb, self.measurement, self.additional, self.user_data, self.uid):
            entries.append((len(part), 64 + len(data)) if part else (0, 0))
            data += part
        return self.after(exchange_file(entries, data))

    def expect_all(self):
        self.files.update({"request": self.request.build(),
                           "host-key": self.host.pem() + self.other.pem()})
        self.options.update({"nonce": NONCE.hex(), "workload": WORKLOAD,
                             "config-uid": self.uid.hex()})


def exchange_file(entries, data, version=0x100, size=None, reserved=0):
    return (struct.pack(">8sIIQ", b"pvattest", version, 64 + len(data) if size is None else size,
                        reserved) +
            b"".join(struct.pack(">II", *entry) for entry in entries) + data)


CLAIMS = {1: WORKLOAD, 6: 1001, 7: b"/system.slice/payments.service", 11: "software firmware"}
HOSTS = [Host(), Host()]


# --- the list -----------------------------------------------------------------------------------

class Cases:
    def __init__(self, out):
        self.out, self.lines = out, []

    def put(self, name, data):
        if data is None:
            return "-"
        (self.out / name).write_bytes(data)
        return name

    def add(self, name, g, expected):
        data = g.answer()
        where = [self.put(name + (".bin" if g.kind == "exchange" else ".cbor"), data),
                 self.put(name + ".arpk", g.arpk), self.put(name + ".hdr", g.header)]
        options = [key + ("=" + value if value is not None else "")
                   for key, value in g.options.items()]
        options += ["%s=%s" % (key, self.put("%s.%s" % (name, key), value))
                    for key, value in g.files.items()]
        self.lines.append("\t".join([name, g.kind, *where, ",".join(options) or "-", expected]))

    def close(self):
        (self.out / "cases.tsv").write_text("\n".join(self.lines) + "\n")


def good_cases(cases):
    g = Guest()
    g.expect_all()
    cases.add("good-bound", g, "good,measurement=passed,challenge.request=passed,host_keys=passed,"
              "config_uid=passed,binding.root=passed,nonce=passed,workload=passed,"
              "claims.taint=warning,policy.dump=passed,policy.encryption=passed,"
              "additional.attestation_host=passed,additional.image_host=passed")
    cases.add("good-least", Guest(), "good,challenge.request=not-made,host_keys=not-made,"
              "config_uid=not-made,nonce=not-made")
    g = Guest(NONCE_FLAG)
    cases.add("good-no-additional", g, "good,additional.format=passed,"
              "additional.image_host=not-made,additional.attestation_host=not-made")
    g = Guest(0, nonce=False)
    cases.add("good-no-nonce", g, "good,measurement=passed")
    for bit, name in ((IMAGE_PHKH, "image"), (ATTEST_PHKH, "attest"), (SECRET_STORE, "secrets"),
                      (FIRMWARE, "firmware")):
        cases.add("good-only-" + name, Guest(NONCE_FLAG | bit), "good,additional.format=passed")
    g = Guest(image_flags=PCKMO | flag(34))
    cases.add("good-dump", g, "good,policy.dump=warning,policy.encryption=passed")
    g = Guest(image_flags=flag(35))
    cases.add("good-not-encrypted", g, "good,policy.encryption=warning,policy.dump=passed")
    g = Guest(image_flags=flag(0) | flag(59) | flag(62))
    cases.add("good-unknown-flag", g, "good,header.flags=warning")
    g = Guest()
    g.header = bytes(PAGE * 20) + g.header + bytes(100)
    cases.add("good-old-image", g, "good,header.format=passed")
    g = Guest()
    at = 0x33 * PAGE
    g.header = (bytes(0xc000) + b"SeImgLnx" + struct.pack(">QIQ", at, 1, 0)).ljust(at, b"\0") + \
        g.header
    cases.add("good-new-image", g, "good,header.format=passed")
    g = Guest()
    g.files["request"] = exchange_file([(len(g.request.build()), 64), (64, 0), (448, 0), (0, 0),
                                        (0, 0)], g.request.build())
    cases.add("good-request-in-exchange", g, "good,challenge.request=passed")
    for size in (0, 1, 55, 63, 64, 65, 256):
        g = Guest(bound=False)
        g.user_data = bytes(range(size % 256)) + bytes(size - size % 256)
        g.options = {"allow-raw": None, "nonce": g.user_data.hex()}
        cases.add("good-raw-%d" % size, g, "good,evidence.bound=warning,nonce=passed")
    g = Guest(bound=False)
    g.kind = "exchange"
    g.options["nonce"] = g.user_data.hex()
    cases.add("good-exchange", g, "good,nonce=passed,answer.format=passed")
    g = Guest()
    g.kind = "exchange"
    cases.add("good-exchange-of-bound", g, "good,binding.tag=warning")
    g = Guest(NONCE_FLAG, bound=False)
    g.kind, g.user_data = "exchange", b""
    cases.add("good-exchange-least", g, "good,measurement=passed")
    g = Guest()
    g.after = lambda item: {**item, 2: "tdx"}
    cases.add("good-label-of-another", g, "good,evidence.provider=warning")
    g = Guest()
    g.after = lambda item: {**item, 7: {**item[7], 9: [1, {}]}}
    cases.add("good-more-details", g, "good")


    cases.add("good-1184-bytes", as_long_as_a_snp_report(), "good,binding.root=passed")


def as_long_as_a_snp_report():
    """Whatever tells the two apart, it cannot be the length."""
    for size in range(1, 200):
        g = Guest(ALL_FLAGS & ~IMAGE_PHKH, bound=False)
        g.record, g.user_data = ME.bind(ME.cbor({1: WORKLOAD, 7: b"/" * size}))
        if len(g.answer()) == 1184:
            return g
    sys.exit("no evidence of 1184 bytes")


# --- mutations ----------------------------------------------------------------------------------

MUTATIONS = {}


def mutation(name, change, **made):
    if name in MUTATIONS:
        sys.exit(name + " is made twice")
    MUTATIONS[name] = change, made


def patch(data, at, new):
    return data[:at] + new + data[at + len(new):]


def request_mutations():
    def before(name, **values):
        """Made so, authenticated, and answered."""
        def change(g):
            for key, value in values.items():
                setattr(g.request, key, value)
        mutation(name, change)

    def after(name, function):
        def change(g):
            g.arcb = function(g.request.build())
        mutation(name, change)

    def patched(name, at, data):
        before(name, patches={at: data})

    after("arcb-empty-but-header", lambda a: a[:48])
    after("arcb-cut", lambda a: a[:-1])
    after("arcb-longer", lambda a: a + b"\0")
    before("arcb-length-too-small", length=480 - 80)
    before("arcb-length-hostile", length=0xffffffff)
    before("arcb-no-host", hosts=[])
    before("arcb-255-hosts", count=255)
    before("arcb-secret-of-16", secret=bytes(16))
    before("arcb-secret-hostile", secret_len=0xffffffff)
    before("arcb-secret-wraps", secret_len=0x100000050 - 80 * 2 & 0xffffffff)
    patched("arcb-magic", 7, b"\1")
    patched("arcb-reserved-after-iv", 31, b"\1")
    patched("arcb-reserved-before-slots", 38, b"\1")
    patched("arcb-reserved-before-length", 40, b"\1")
    patched("arcb-reserved-after-algorithm", 60, b"\1")
    before("arcb-version-2", version=0x200)
    before("arcb-version-0", version=0)
    before("arcb-algorithm-0", algorithm=0)
    before("arcb-algorithm-2", algorithm=2)
    for number in (0, 6, 63):
        before("arcb-flag-%d" % number, flags=ALL_FLAGS | flag(number))
    before("arcb-nonce-not-flagged", flags=ALL_FLAGS & ~NONCE_FLAG)
    before("arcb-nonce-flagged-but-absent", nonce=b"")
    mutation("arcb-under-another-arpk", lambda g: setattr(g, "arpk", secrets.token_bytes(32)))
    after("arcb-flags-changed-after", lambda a: patch(a, 48, b"\x78"))
    after("arcb-slot-added-after", lambda a: patch(patch(a, 12, struct.pack(">I", 560)), 39, b"\3")[
        :384] + a[224:304] + a[384:])

    def another(g):
        g.files["request"] = Request([g.host]).build()
    mutation("arcb-of-another-request", another)

    def same_arpk(g):
        g.files["request"] = Request([g.host, g.other], arpk=g.arpk).build()
    mutation("arcb-same-arpk-other-nonce", same_arpk)

    def malformed(g):
        g.files["request"] = b"pvattest" + g.request.build()
    mutation("request-file-malformed", malformed)

    def no_arpk(g):
        g.arpk, g.options["root"] = None, None
    mutation("no-arpk", no_arpk)


def header_mutations():
    def header(name, function):
        mutation(name, lambda g: setattr(g, "header", function(g.header, g)))

    u32, u64 = (lambda n: struct.pack(">I", n)), (lambda n: struct.pack(">Q", n))
    header("no-header", lambda h, g: None)
    header("header-empty-file", lambda h, g: b"\0")
    header("header-cut", lambda h, g: h[:-1])
    header("header-of-one-page", lambda h, g: h[:64])
    header("header-version-2", lambda h, g: patch(h, 8, u32(0x200)))
    header("header-size-too-small", lambda h, g: patch(h, 12, u32(len(h) - 16)))
    header("header-size-hostile", lambda h, g: patch(h, 12, u32(0xfffffff0)))
    header("header-slots-0", lambda h, g: patch(h, 32, u64(0)))
    header("header-slots-hostile", lambda h, g: patch(h, 32, u64(1 << 60)))
    header("header-secret-hostile", lambda h, g: patch(h, 40, u64((1 << 64) - 16)))
    # 2^64 / 80 slots and a secret that makes up for it: adds up in 64 bits.
    header("header-secret-wraps", lambda h, g: patch(h, 32, struct.pack(
        ">QQ", (1 << 64) // 80 + 2, (128 - ((1 << 64) // 80) * 80) % (1 << 64))))
    header("header-reserved", lambda h, g: patch(h, 31, b"\1"))
    header("header-at-odd-place", lambda h, g: bytes(8) + h)
    header("header-metadata-outside", lambda h, g: bytes(0xc000) + b"SeImgLnx" + u64(0xc000) +
           bytes(64))
    header("header-metadata-wraps", lambda h, g: bytes(0xc000) + b"SeImgLnx" + u64((1 << 64) - 4) +
           bytes(64))
    header("header-behind-21-pages", lambda h, g: bytes(PAGE * 21) + h)
    header("header-of-another-image", lambda h, g: Image([g.other, g.host]).header)
    header("header-digests-swapped", lambda h, g: patch(h, 224, h[288:352] + h[224:288]))
    header("header-tag-of-another", lambda h, g: h[:-16] + secrets.token_bytes(16))


def answer_mutations():
    def measured(name, function):
        def change(g):
            g.measurement = function(g)
        mutation(name, change)

    measured("measurement-of-32", lambda g: g.measure()[:32])
    measured("measurement-of-48", lambda g: g.measure()[:48])
    measured("measurement-of-65", lambda g: g.measure() + b"\0")
    measured("measurement-zero", lambda g: bytes(64))
    measured("measurement-with-another-key", lambda g: g.measure(key=secrets.token_bytes(64)))
    measured("measurement-without-nonce", lambda g: g.measure(nonce=b""))
    measured("measurement-of-padded-user-data",
             lambda g: g.measure(user_data=g.user_data.ljust(256, b"\0")))
    measured("measurement-of-little-endian-lengths", lambda g: g.measure(lengths="<HHI"))
    measured("config-uid-of-another", lambda g: g.measure(uid=secrets.token_bytes(16)))

    def expect_uid(g):
        g.options["config-uid"] = secrets.token_hex(16)
    mutation("config-uid-not-expected", expect_uid)

    def replace_uid(g):
        g.measurement, g.options["config-uid"] = g.measure(), g.uid.hex()
        g.uid = secrets.token_bytes(16)
    mutation("config-uid-replaced-and-expected", replace_uid)

    def additional(name, function, **made):
        mutation(name, lambda g: setattr(g, "additional", function(g)), **made)

    additional("additional-missing", lambda g: b"")
    additional("additional-one-byte-short", lambda g: g.additional[:-1])
    additional("additional-one-byte-more", lambda g: g.additional + b"\0")
    additional("additional-unasked", lambda g: g.host.phkh, flags=NONCE_FLAG)
    additional("additional-in-another-order", lambda g: g.additional[128:] + g.additional[:128])
    additional("additional-attest-host-unknown",
               lambda g: patch(g.additional, 32, secrets.token_bytes(32)))
    additional("additional-image-host-unknown", lambda g: patch(g.additional, 0, bytes(32)))

    def secret_store(g):
        g.measurement = g.measure()
        g.additional = patch(g.additional, 64, secrets.token_bytes(64))
    mutation("additional-secret-store-changed", secret_store)

    def given(name, function, **made):
        def change(g):
            g.files["host-key"] = function(g)
        mutation(name, change, **made)

    def other_image_host(g):
        g.additional = patch(g.additional, 0, g.other.phkh)
        g.request.hosts = [g.host]
        return g.host.pem()

    given("host-not-among-given", lambda g: g.other.pem())
    given("host-of-image-not-among-given", other_image_host)
    given("host-slot-not-among-given", lambda g: g.host.pem(), flags=NONCE_FLAG)
    given("host-keys-of-p256", lambda g: Host(ec.SECP256R1()).pem() + g.host.pem())
    given("host-keys-no-certificate", lambda g: b"not a certificate")
    mutation("details-missing", lambda g: setattr(
        g, "after", lambda item: {key: item[key] for key in item if key != 7}))
    for key, name in ((1, "challenge"), (2, "uid"), (3, "user-data")):
        mutation("details-without-" + name, lambda g, key=key: g.details.update({key: None}))
    mutation("details-uid-of-8", lambda g: g.details.update({2: bytes(8)}))
    mutation("details-user-data-of-257", lambda g: g.details.update({3: bytes(257)}))
    mutation("details-empty-challenge", lambda g: g.details.update({1: b""}))


def who_mutations():
    def record(name, key, value):
        mutation(name, lambda g: g.record.update({key: value}))

    record("claims-of-another", 1, ME.cbor({1: "evil"}))
    record("user-data-of-another", 2, b"evil")
    record("blind-of-another", 6, bytes(32))

    def user_data(name, function, **made):
        mutation(name, lambda g: setattr(g, "user_data", function(g.user_data)), **made)

    def in_a_tree(size, index):
        def change(g):
            g.record, g.user_data = ME.bind(ME.cbor(CLAIMS), NONCE, size, index)
        mutation("bound-in-a-tree-of-%d" % size, change)

    in_a_tree(2, 0)
    in_a_tree(5, 3)
    user_data("bound-with-56-bytes", lambda data: data[:56])
    user_data("bound-with-65-bytes", lambda data: data + b"\0")
    user_data("bound-tag-v2", lambda data: data[:-1] + b"2")
    mutation("raw-not-allowed", lambda g: None, bound=False)
    for size in (56, 64, 256):
        def marked(g, size=size):
            g.user_data = (bytes(48) + b"teegate/").ljust(size, b"x")
            g.options["allow-raw"] = None
        mutation("raw-marked-%d" % size, marked, bound=False)

    def raw_nonce(name, nonce):
        mutation(name, lambda g: g.options.update({"allow-raw": None, "nonce": nonce.hex()}),
                 bound=False)

    raw_nonce("raw-nonce-padded", b"hello".ljust(64, b"\0"))
    raw_nonce("raw-nonce-of-another", b"hullo")
    mutation("bound-nonce-of-another", lambda g: g.options.update(nonce=bytes(32).hex()))
    mutation("bound-workload-of-another", lambda g: g.options.update(workload="billing"))
    mutation("expect-svn", lambda g: g.options.update({"min-svn": "1"}))
    mutation("expect-measurement", lambda g: g.options.update(measurement=bytes(48).hex()))
    mutation("expect-collateral", lambda g: g.files.update(collateral=b"{}"))


def exchange_mutations():
    def exchange(name, function):
        def change(g):
            g.kind, g.after = "exchange", function
        mutation(name, change)

    def entry(data, number, **values):
        at = 24 + 8 * number
        size, offset = struct.unpack(">II", data[at:at + 8])
        return patch(data, at, struct.pack(">II", values.get("size", size),
                                           values.get("offset", offset)))

    def request(data):
        size = struct.unpack(">I", data[24:28])[0]
        return exchange_file([(size, 64), (64, 0), (448, 0), (0, 0), (0, 0)], data[64:64 + size])

    def hole(data):
        """One byte before the last part that belongs to none."""
        data = entry(data, 4, offset=len(data) - 15)
        return patch(data[:-16] + b"\0" + data[-16:], 12, struct.pack(">I", len(data) + 1))

    exchange("exchange-request", request)
    exchange("exchange-cut", lambda data: data[:-1])
    exchange("exchange-longer", lambda data: data + b"\0")
    exchange("exchange-overlap", lambda data: entry(data, 3, offset=64))
    exchange("exchange-hole", hole)
    exchange("exchange-wraps", lambda data: entry(data, 4, size=0xfffffff0))
    exchange("exchange-version-2", lambda data: patch(data, 8, struct.pack(">I", 0x200)))
    exchange("exchange-reserved", lambda data: patch(data, 23, b"\1"))
    exchange("exchange-without-uid", lambda data: patch(
        entry(data, 4, size=0, offset=0)[:-16], 12, struct.pack(">I", len(data) - 16)))
    exchange("exchange-user-data-changed", lambda data: patch(data, len(data) - 17, b"?"))


def read_list(path):
    listed = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, check = line.split(None, 2)[:2]
            if name in listed:
                sys.exit("%s: %s is listed twice" % (path, name))
            listed[name] = check
    return listed


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out, listed = pathlib.Path(sys.argv[1]), read_list(pathlib.Path(sys.argv[2]))
    out.mkdir(parents=True, exist_ok=True)
    for define in (request_mutations, header_mutations, answer_mutations, who_mutations,
                   exchange_mutations):
        define()
    if set(MUTATIONS) != set(listed):
        sys.exit("only here or only in %s: %s" % (
            sys.argv[2], " ".join(sorted(set(MUTATIONS) ^ set(listed)))))
    cases = Cases(out)
    good_cases(cases)
    for name, (change, made) in MUTATIONS.items():
        g = Guest(**made)
        change(g)
        cases.add("bad-" + name, g, listed[name])
    cases.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""TDX quotes, evidence and collateral for the tests of libtee-verify: good, and bad in one respect.

    make-tdx-evidence.py OUTDIR MUTATIONS

A platform of its own: root, certificates, revocation lists, quoting enclave, all made and signed
here from Intel's specifications; nothing is shared with the code under test, nor with the simulated
host of the lab. MUTATIONS names each bad case and the check that must be the first to fail; a name
without a function here is an error, and so is a function without its line there. Each line of
OUTDIR/cases.tsv is one case:

    name  kind  input  root  collateral  options  expected

"-" stands for "none"; kind is "quote" or "evidence"; expected is "good" or the first check to fail,
then checks with their results.
"""

import copy
import datetime
import hashlib
import importlib.machinery
import importlib.util
import itertools
import json
import pathlib
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).resolve().parent
NOW = 1780000000  # 2026-05-28; a fixed moment, so that nothing here depends on the clock
SGX_OID = "1.2.840.113741.1.13.1"
EVENT_TAG = b"teegate/event/v1"
NONCE = bytes(range(0x20, 0x40))
WORKLOAD = "payments"
SERIALS = itertools.count(0x1000)


def load_make_evidence():
    loader = importlib.machinery.SourceFileLoader("make_evidence", str(HERE / "make-evidence.py"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("make_evidence", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


ME = load_make_evidence()  # CBOR and binding


# --- DER, as much as the SGX extension needs ----------------------------------------------------

def der(tag, content):
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def der_oid(text):
    first, second, *rest = (int(n) for n in text.split("."))
    out = bytes([40 * first + second])
    for n in rest:
        groups = [n & 0x7f]
        while n > 0x7f:
            n >>= 7
            groups.append(0x80 | n & 0x7f)
        out += bytes(reversed(groups))
    return der(0x06, out)


def der_int(n, tag=0x02):
    return der(tag, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def pair(arc, value):
    return der(0x30, der_oid(SGX_OID + "." + arc) + value)


def sgx_extension(s):
    tcb = [pair("2.%d" % (i + 1), der_int(n)) for i, n in enumerate(s.components)]
    tcb += [pair("2.17", der_int(s.pce_svn)), pair("2.18", der(0x04, s.cpu_svn))]
    entries = [pair("1", der(0x04, s.ppid)), pair("2", der(0x30, b"".join(tcb))),
               pair("3", der(0x04, s.pce_id)), pair("4", der(0x04, s.fmspc)),
               pair("5", der_int(s.sgx_type, 0x0a))]
    if s.platform:
        flags = b"".join(pair("7.%d" % (i + 1), der(0x01, b"\xff")) for i in range(3))
        entries += [pair("6", der(0x04, b"\x5a" * 16)), pair("7", der(0x30, flags))]
    return der(0x30, b"".join(s.change_entries(entries)))


# --- keys and signatures ------------------------------------------------------------------------

def new_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def xy(key):
    n = key.public_key().public_numbers()
    return n.x.to_bytes(32, "big") + n.y.to_bytes(32, "big")


def raw_signature(key, data, algorithm=None):
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm or hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


KEYS = {name: new_key() for name in
        ("root", "ca", "pck", "tcb", "attestation", "other", "other-root", "other-ca")}
P384 = new_key(ec.SECP384R1())


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


DAY = 86400


# --- certificates and lists ---------------------------------------------------------------------

def intel_name(common_name, organization="Intel Corporation"):
    parts = ((NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATION_NAME, organization),
             (NameOID.LOCALITY_NAME, "Santa Clara"), (NameOID.STATE_OR_PROVINCE_NAME, "CA"),
             (NameOID.COUNTRY_NAME, "US"))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def usage(*names):
    fields = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
              "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{f: f in names for f in fields})


class Cert:
    """What one certificate will say. @issuer is another Cert, or None for itself."""

    def __init__(self, common_name, key, issuer, is_ca, pathlen=None):
        self.common_name, self.key, self.issuer = common_name, key, issuer
        self.organization = "Intel Corporation"
        self.signing_key = None  # instead of the issuer's
        self.hash = hashes.SHA256()
        self.start, self.end = NOW - 400 * DAY, NOW + 2500 * DAY
        self.basic = x509.BasicConstraints(is_ca, pathlen)
        self.usage = (usage("key_cert_sign", "crl_sign") if is_ca else
                      usage("digital_signature", "content_commitment"))
        self.serial = next(SERIALS)
        self.sgx = None  # DER of the SGX extension
        self.more = []  # further (extension, critical)
        self.without = ()  # extension classes to leave out
        self.uncritical = ()
        self.built = None

    def build(self):
        """The same certificate each time, until something is changed: signatures are random."""
        state = {k: v for k, v in vars(self).items() if k != "built"}
        if not self.built or self.built[0] != state:
            self.built = state, self.make()
        return self.built[1]

    def make(self):
        issuer = self.issuer or self
        url = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
        builder = (x509.CertificateBuilder()
                   .subject_name(intel_name(self.common_name, self.organization))
                   .issuer_name(intel_name(issuer.common_name, issuer.organization))
                   .public_key(self.key.public_key()).serial_number(self.serial)
                   .not_valid_before(moment(self.start)).not_valid_after(moment(self.end)))
        extensions = [
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False),
            (x509.CRLDistributionPoints([point]), False),
            (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
            (self.usage, True), (self.basic, True)]
        if self.sgx is not None:
            oid = x509.ObjectIdentifier(SGX_OID)
            extensions.append((x509.UnrecognizedExtension(oid, self.sgx), False))
        for extension, critical in extensions + self.more:
            if not isinstance(extension, self.without or ()):
                builder = builder.add_extension(
                    extension, critical and not isinstance(extension, self.uncritical or ()))
        return builder.sign(self.signing_key or issuer.key, self.hash)

    def pem(self):
        return self.build().public_bytes(serialization.Encoding.PEM)


class List:
    """What one revocation list will say."""

    def __init__(self, issuer):
        self.issuer, self.key = issuer, issuer.key
        self.start, self.end = NOW - 5 * DAY, NOW + 25 * DAY
        self.revoked = [0x999]
        self.number, self.key_id = True, issuer.key
        self.hash = hashes.SHA256()
        self.more = []

    def build(self):
        builder = (x509.CertificateRevocationListBuilder()
                   .issuer_name(intel_name(self.issuer.common_name))
                   .last_update(moment(self.start)).next_update(moment(self.end)))
        for serial in self.revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial)
                .revocation_date(moment(self.start))
                .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build())
        if self.number:
            builder = builder.add_extension(x509.CRLNumber(1), False)
        if self.key_id:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key_id.public_key()),
                False)
        for extension, critical in self.more:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, self.hash)

    def der(self):
        return self.build().public_bytes(serialization.Encoding.DER)


# --- event log ----------------------------------------------------------------------------------

def sha384(data):
    return hashlib.sha384(data).digest()


def log_head(algorithms=((0x000c, 48),)):
    data = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(algorithms))
    data += b"".join(struct.pack("<HH", *a) for a in algorithms) + b"\0"
    return struct.pack("<II", 0, 3) + bytes(20) + struct.pack("<I", len(data)) + data


def log_event(index, kind, data, digest=None):
    digest = sha384(data) if digest is None else digest
    return (struct.pack("<IIIH", index, kind, 1, 0x000c) + digest + struct.pack("<I", len(data)) +
            data)


def teegate_event(claims, event):
    return EVENT_TAG + sha384(claims) + len(event).to_bytes(4, "big") + event


class Log:
    def __init__(self):
        self.bytes, self.rtmr = log_head(), [bytes(48)] * 4

    def add(self, index, kind, data, digest=None):
        self.bytes += log_event(index, kind, data, digest)
        if kind != 3 and 1 <= index <= 4:
            value = sha384(data) if digest is None else digest
            self.rtmr[index - 1] = sha384(self.rtmr[index - 1] + value)
        return self


def usual_log():
    log = Log()
    log.add(1, 0x80000008, b"firmware volume").add(1, 4, bytes(4)).add(2, 0x80000003, b"loader")
    log.add(2, 3, b"an event that is not extended").add(3, 0x0d, b"command line")
    log.add(3, 13, teegate_event(b"\xa0", b"unit started"))
    return log.add(4, 13, teegate_event(ME.cbor({1: WORKLOAD}), b"\x1b[31mcontainer \xff"))


# --- the whole ----------------------------------------------------------------------------------

def iso(seconds):
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def components(*first):
    return [{"svn": n} for n in (list(first) + [0] * 16)[:16]]


def level(sgx, pce_svn, tdx, status, advisories=()):
    out = {"tcb": {"sgxtcbcomponents": components(*sgx), "pcesvn": pce_svn,
                   "tdxtcbcomponents": components(*tdx)},
           "tcbDate": "2026-01-01T00:00:00Z", "tcbStatus": status}
    if advisories:
        out["advisoryIDs"] = list(advisories)
    return out


def svn_level(svn, status):
    return {"tcb": {"isvsvn": svn}, "tcbDate": "2026-01-01T00:00:00Z", "tcbStatus": status}


def module(name, *levels):
    out = {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
    if name:
        out["id"] = name
        out["tcbLevels"] = list(levels)
    return out


class Platform:
    """Everything that ends up in one case, to be changed before (or after) it is made."""

    def __init__(self, version=4, td15=False, platform=True):
        self.version, self.td15, self.platform = version, td15, platform
        self.components = [3, 3, 2, 2, 4, 1, 0, 5] + [0] * 8
        self.pce_svn, self.cpu_svn = 11, bytes([3, 3, 2, 2, 4, 1, 0, 5]) + bytes(8)
        self.ppid, self.pce_id, self.sgx_type = b"\x11" * 16, b"\0\0", 1
        self.fmspc = bytes.fromhex("b0c06f000000")
        self.change_entries = lambda entries: entries
        self.root = Cert("Intel SGX Root CA", KEYS["root"], None, True, 1)
        kind = "Platform" if platform else "Processor"
        self.ca = Cert("Intel SGX PCK %s CA" % kind, KEYS["ca"], self.root, True, 0)
        self.pck = Cert("Intel SGX PCK Certificate", KEYS["pck"], self.ca, False)
        self.tcb = Cert("Intel SGX TCB Signing", KEYS["tcb"], self.root, False)
        self.root_list, self.pck_list = List(self.root), List(self.ca)
        self.attestation = KEYS["attestation"]
        self.qe_signer = KEYS["pck"]
        self.user_data, self.auth = bytes(20), bytes(range(32))
        self.key_type, self.tee_type, self.vendor = 2, 0x81, bytes.fromhex(
            "939a7233f79c4ca9940a0db3957f0607")
        self.tee_tcb_svn = bytes([6, 1, 3]) + bytes(13)
        self.mr_signer_seam, self.seam_attributes = bytes(48), bytes(8)
        self.attributes, self.xfam = 1 << 28, 0x602e7
        self.mr_td = sha384(b"the firmware")
        self.log = usual_log()
        self.report_data = bytes(64)
        self.service_td = bytes(48)
        self.body_type = self.body_size = None
        self.qe = {"misc": 0, "attributes": bytes.fromhex("1500000000000000e700000000000000"),
                   "mr_signer": sha384(b"quoting enclave")[:32], "prod": 2, "svn": 5}
        self.qe_report_data = None
        self.cert_type, self.inner_type = 6, 5
        self.chain = None  # of the quote
        self.tail = bytes(17)
        self.patch_quote = lambda quote: quote
        self.patch_json = lambda collateral: collateral
        self.options = []
        self.anchor = None
        self.tcb_info = {
            "id": "TDX", "version": 3, "issueDate": iso(NOW - 10 * DAY),
            "nextUpdate": iso(NOW + 20 * DAY), "fmspc": "B0C06F000000", "pceId": "0000",
            "tcbType": 0, "tcbEvaluationDataNumber": 19, "tdxModule": module(None),
            "tdxModuleIdentities": [
                module("TDX_03", svn_level(3, "UpToDate")),
                module("TDX_01", svn_level(6, "UpToDate"), svn_level(4, "OutOfDate"),
                       svn_level(2, "Revoked"))],
            "tcbLevels": [
                level([3, 3, 2, 2, 4, 1, 0, 5], 11, [5, 0, 3], "UpToDate"),
                level([3, 3, 2, 2, 4, 1, 0, 5], 10, [5, 0, 3], "ConfigurationNeeded"),
                level([3, 3, 2, 2, 3, 1, 0, 5], 9, [5, 0, 2], "SWHardeningNeeded",
                      ["INTEL-SA-00837"]),
                level([2, 2, 2, 2, 3, 1, 0, 5], 5, [3, 0, 2], "OutOfDate",
                      ["INTEL-SA-00106", "INTEL-SA-00115"]),
                level([1], 4, [2, 0, 1], "Revoked")]}
        self.qe_identity = {
            "id": "TD_QE", "version": 2, "issueDate": iso(NOW - 10 * DAY),
            "nextUpdate": iso(NOW + 20 * DAY), "tcbEvaluationDataNumber": 19,
            "miscselect": "00000000", "miscselectMask": "FFFFFFFF",
            "attributes": "11000000000000000000000000000000",
            "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
            "mrsigner": self.qe["mr_signer"].hex().upper(), "isvprodid": 2,
            "tcbLevels": [svn_level(4, "UpToDate"), svn_level(2, "OutOfDate"),
                          svn_level(1, "Revoked")]}
        self.tcb_signer = self.qe_id_signer = self.tcb

    def header(self):
        return struct.pack("<HHII", self.version, self.key_type, self.tee_type, 0) + \
            self.vendor + self.user_data

    def body(self):
        body = (self.tee_tcb_svn + sha384(b"the TDX module") + self.mr_signer_seam +
                self.seam_attributes + struct.pack("<QQ", self.attributes, self.xfam) +
                self.mr_td + bytes(48 * 3) + b"".join(self.log.rtmr) + self.report_data)
        if self.td15:
            body += self.tee_tcb_svn + self.service_td
        if self.version == 5:
            kind = self.body_type or (3 if self.td15 else 2)
            return struct.pack("<HI", kind, self.body_size or len(body)) + body
        return body

    def qe_report(self):
        data = self.qe_report_data or (hashlib.sha256(xy(self.attestation) + self.auth).digest() +
                                       bytes(32))
        q = self.qe
        return (self.cpu_svn + struct.pack("<I", q["misc"]) + bytes(28) + q["attributes"] +
                sha384(b"mrenclave")[:32] + bytes(32) + q["mr_signer"] + bytes(96) +
                struct.pack("<HH", q["prod"], q["svn"]) + bytes(60) + data)

    def quote(self):
        if self.pck.sgx is None:
            self.pck.sgx = sgx_extension(self)
        signed = self.header() + self.body()
        report = self.qe_report()
        chain = self.chain
        if chain is None:
            chain = self.pck.pem() + self.ca.pem() + self.root.pem() + b"\0"
        inner = (report + raw_signature(self.qe_signer, report) +
                 struct.pack("<H", len(self.auth)) + self.auth +
                 struct.pack("<HI", self.inner_type, len(chain)) + chain)
        data = (raw_signature(self.attestation, signed) + xy(self.attestation) +
                struct.pack("<HI", self.cert_type, len(inner)) + inner)
        return self.patch_quote(signed + struct.pack("<I", len(data)) + data + self.tail)

    def collateral(self):
        def compact(item):
            return item if isinstance(item, str) else json.dumps(item, separators=(",", ":"))

        tcb_info, qe_identity = compact(self.tcb_info), compact(self.qe_identity)
        root = self.root.pem()
        return self.patch_json({
            "pck_crl_issuer_chain": (self.ca.pem() + root).decode(),
            "root_ca_crl": self.root_list.der().hex(),
            "pck_crl": self.pck_list.der().hex(),
            "tcb_info_issuer_chain": (self.tcb_signer.pem() + root).decode(),
            "tcb_info": tcb_info,
            "tcb_info_signature": raw_signature(self.tcb_signer.key, tcb_info.encode()).hex(),
            "qe_identity_issuer_chain": (self.qe_id_signer.pem() + root).decode(),
            "qe_identity": qe_identity,
            "qe_identity_signature": raw_signature(self.qe_id_signer.key,
                                                   qe_identity.encode()).hex()})


class Cases:
    def __init__(self, out):
        self.out, self.lines = out, []

    def add(self, name, p, expected, record=None, collateral=True, log=True):
        quote = p.quote()
        evidence = p.log is not None and record is not None
        data = quote
        if record is not None:
            item = {1: 1, 2: "tdx", 3: quote, 5: record}
            if log:
                item[6] = log if isinstance(log, bytes) else p.log.bytes
            data = ME.cbor(item)
        path = self.out / (name + (".cbor" if evidence else ".bin"))
        path.write_bytes(data)
        root = self.out / (name + ".pem")
        root.write_bytes((p.anchor or p.root).pem())
        where = "-"
        if collateral:
            where = name + ".json"
            item = p.collateral()
            text = item if isinstance(item, str) else json.dumps(item)
            (self.out / where).write_text(text)
        self.lines.append("\t".join([
            name, "evidence" if evidence else "quote", path.name, root.name, where,
            ",".join(p.options) or "-", expected]))

    def close(self):
        (self.out / "cases.tsv").write_text("\n".join(self.lines) + "\n")


def hash_options(p):
    return ["measurement=" + p.mr_td.hex()] + [
        "rtmr%d=%s" % (i, value.hex()) for i, value in enumerate(p.log.rtmr)]


def good_cases(cases):
    for name, version, td15, platform in (("v4", 4, False, True), ("v5", 5, False, True),
                                          ("v5-td15", 5, True, True), ("v4-processor", 4, False, False)):
        p = Platform(version, td15, platform)
        p.options = hash_options(p) + ["td-attributes=10000000/ffffffff", "xfam=602e7/ffffffff"]
        cases.add("good-" + name, p, "good,signature=passed,tcb.status=passed,tdx_module=passed,"
                  "qe_identity=passed,crl.root=passed,crl.pck=passed,rtmr3=passed,td.xfam=passed")

        p = Platform(version, td15, platform)
        record, p.report_data = ME.bind(ME.cbor({1: WORKLOAD, 11: "software firmware"}))
        p.options = hash_options(p) + ["nonce=" + NONCE.hex(), "workload=" + WORKLOAD]
        cases.add("good-bound-" + name, p, "good,binding.root=passed,nonce=passed,workload=passed,"
                  "claims.taint=warning,event_log.replay=passed,event_log.events=passed,"
                  "measurement=passed", record)

    p = Platform()
    cases.add("good-no-collateral", p, "good,tcb.status=warning,crl.pck=not-made,signature=passed,"
              "tdx_module=not-made,qe_identity=not-made", collateral=False)
    p = Platform()
    p.tail = bytes(8000 - 4700)
    cases.add("good-padded", p, "good,quote.tail=passed")
    p = Platform()
    p.tail = b"not padding"
    cases.add("good-tail", p, "good,quote.tail=warning")
    p = Platform()
    p.auth = b""
    cases.add("good-no-auth-data", p, "good,qe.report_data=passed")
    p = Platform()
    p.pck.sgx = sgx_extension(p)
    p.chain = p.pck.pem() + p.ca.pem()
    cases.add("good-chain-without-root", p, "good,chain.leaf=passed")
    p = Platform()
    p.pck.sgx = sgx_extension(p)
    p.chain = b"".join(c.build().public_bytes(serialization.Encoding.DER)
                       for c in (p.root, p.pck, p.ca))
    cases.add("good-chain-in-der", p, "good,chain.leaf=passed")
    p = Platform()
    p.change_entries = lambda entries: entries[::-1]
    cases.add("good-extension-in-other-order", p, "good")
    p = Platform()
    p.tee_tcb_svn = bytes([5, 0, 3]) + bytes(13)
    cases.add("good-module-without-line", p, "good,tdx_module=passed,tcb.status=passed")
    p = Platform()
    p.patch_json = lambda c: dict(c, root_ca_crl=list_pem(p.root_list),
                                  pck_crl=list_base64(p.pck_list), further="member")
    cases.add("good-lists-in-pem-and-base64", p, "good,crl.root=passed,crl.pck=passed")
    p = Platform()
    p.patch_json = lambda c: json.dumps(c, indent=2) + "\n\n"
    cases.add("good-collateral-printed", p, "good")
    p = Platform()
    p.attributes = 0
    cases.add("good-sept-ve", p, "good,td.sept_ve_disable=warning")
    p = Platform()
    p.attributes |= 1
    p.options = ["allow-debug"]
    cases.add("good-debug-allowed", p, "good,policy.debug=warning")
    p = Platform(5, True)
    p.service_td = b"\1" * 48
    cases.add("good-service-td", p, "good,policy.migration=warning")
    p = Platform()
    p.xfam = 0
    p.options = ["xfam=0/3"]
    cases.add("good-xfam-as-expected", p, "good,td.xfam=passed")
    p = Platform()
    p.report_data = b"hello".ljust(64, b"\0")
    p.options = ["nonce=" + b"hello".hex()]
    cases.add("good-bare-nonce", p, "good,nonce=passed")
    record, data = ME.bind(ME.cbor({1: WORKLOAD}), NONCE, 7, 3)
    p = Platform()
    p.report_data = data
    cases.add("good-no-log", p, "good,event_log.replay=not-made,binding.root=passed", record,
              log=False)
    cases.add("good-log-filled", p, "good,event_log.replay=passed", record,
              log=p.log.bytes + b"\xff" * 999)
    for status, change in (
            ("ConfigurationNeeded", lambda p: setattr(p, "pce_svn", 10)),
            ("SWHardeningNeeded", lambda p: p.components.__setitem__(4, 3)),
            ("OutOfDate", lambda p: setattr(p, "pce_svn", 8))):
        p = Platform()
        change(p)
        if status == "SWHardeningNeeded":
            p.pce_svn = 9
        p.options = ["tcb-status=UpToDate+" + status]
        cases.add("good-accepted-" + status, p, "good,tcb.status=warning")
    p = Platform()
    p.tee_tcb_svn = bytes([4, 1, 3]) + bytes(13)
    p.pce_svn = 10
    p.options = ["tcb-status=OutOfDateConfigurationNeeded"]
    cases.add("good-accepted-both", p, "good,tcb.status=warning")


def list_pem(one):
    return one.build().public_bytes(serialization.Encoding.PEM).decode()


def list_base64(one):
    text = list_pem(one).splitlines()
    return "".join(text[1:-1])


# --- mutations ----------------------------------------------------------------------------------

MUTATIONS = {}


def mutation(function):
    MUTATIONS[function.__name__.replace("_", "-")] = function
    return function


def simple(name, change, **made):
    def apply(p):
        change(p)
    apply.made = made
    MUTATIONS[name] = apply


def assign(path, value):
    def apply(p):
        *where, last = path.split(".")
        for part in where:
            p = getattr(p, part)
        setattr(p, last, value)
    return apply


def at(offset, data):
    def patch(quote):
        return quote[:offset] + data + quote[offset + len(data):]
    return assign("patch_quote", patch)


def item(which, key, value):
    def apply(p):
        target = getattr(p, which)
        for part in key[:-1]:
            target = target[part]
        target[key[-1]] = value
    return apply


def member(key, value):
    return assign("patch_json", lambda c: {k: v for k, v in dict(c, **{key: value}).items()
                                           if v is not None})


def quote_mutations():
    simple("version-3", assign("version", 3))
    simple("version-6", assign("version", 6))
    simple("key-type-p384", assign("key_type", 3))
    simple("tee-type-sgx", assign("tee_type", 0))
    simple("other-vendor", assign("vendor", bytes(16)))
    simple("one-byte", assign("patch_quote", lambda q: b"\4"))
    simple("header-alone", assign("patch_quote", lambda q: q[:48]))
    simple("cut-in-body", assign("patch_quote", lambda q: q[:600]))
    simple("cut-in-chain", assign("patch_quote", lambda q: q[:-100]))
    simple("signature-data-longer", at(632, b"\xff\xff\xff\xff"))
    simple("signature-data-shorter", at(632, struct.pack("<I", 100)))
    simple("cert-type-chain-at-once", assign("cert_type", 5))
    simple("cert-type-ppid", assign("inner_type", 3))
    simple("certification-length", at(636 + 130, struct.pack("<I", 1000)))
    simple("auth-length", at(636 + 134 + 448, struct.pack("<H", 31)))
    simple("chain-length", at(636 + 134 + 450 + 32 + 2, struct.pack("<I", 1000)))
    simple("v5-sgx-body", assign("body_type", 1), version=5)
    simple("v5-body-of-other-size", assign("body_size", 648), version=5)
    simple("v5-td15-called-td10", assign("body_type", 2), version=5, td15=True)
    simple("v4-called-v5", at(0, b"\5"))
    simple("v5-called-v4", at(0, b"\4"), version=5)
    simple("foreign-attestation-key", lambda p: setattr(
        p, "patch_quote", lambda q: q[:700] + xy(KEYS["other"]) + q[764:]))
    simple("key-not-on-curve", at(700, b"\1" * 64))
    simple("signature-zero", at(636, bytes(64)))
    simple("signature-little-endian", assign(
        "patch_quote", lambda q: q[:636] + q[636:668][::-1] + q[668:700][::-1] + q[700:]))
    simple("qe-report-not-for-key", assign("qe_report_data", b"\1" * 64))
    simple("qe-report-data-tail", lambda p: setattr(
        p, "qe_report_data", hashlib.sha256(xy(p.attestation) + p.auth).digest() + b"\1" * 32))
    simple("other-auth-data", at(636 + 134 + 450, b"\xee"))
    simple("qe-signed-by-another", assign("qe_signer", KEYS["other"]))
    simple("qe-signed-by-attestation-key", assign("qe_signer", KEYS["attestation"]))
    simple("body-after-signing", at(48 + 136, b"\0\0"))
    simple("tdreport", assign("patch_quote", lambda q: b"\x81" + bytes(1023)))


def chain_mutations():
    simple("foreign-root", lambda p: setattr(
        p, "anchor", Cert("Intel SGX Root CA", KEYS["other-root"], None, True, 1)))

    @mutation
    def root_renewed_with_its_key(p):
        p.anchor = copy.copy(p.root)
        p.anchor.serial = 77

    simple("root-is-ca", lambda p: setattr(p, "anchor", p.ca))
    simple("root-pathlen-0", assign("root.basic", x509.BasicConstraints(True, 0)))
    simple("root-expired", assign("root.end", NOW - DAY))
    simple("ca-by-another", assign("ca.signing_key", KEYS["other"]))
    simple("ca-not-a-ca", assign("ca.basic", x509.BasicConstraints(False, None)))
    simple("ca-without-pathlen", assign("ca.basic", x509.BasicConstraints(True, None)))
    simple("ca-signs-no-lists", assign("ca.usage", usage("key_cert_sign")))
    simple("ca-expired", assign("ca.end", NOW - DAY))
    simple("ca-not-yet", assign("ca.start", NOW + DAY))
    simple("ca-of-another-company", assign("ca.organization", "Intel Corp"))
    simple("ca-missing", lambda p: (setattr(p.pck, "sgx", sgx_extension(p)),
                                    setattr(p, "chain", p.pck.pem() + p.root.pem())))
    simple("pck-missing", lambda p: setattr(p, "chain", p.ca.pem() + p.root.pem()))
    simple("pck-by-another", assign("pck.signing_key", KEYS["other"]))
    simple("pck-by-root", lambda p: setattr(p.pck, "issuer", p.root))
    simple("pck-sha384", assign("pck.hash", hashes.SHA384()))
    simple("pck-expired", assign("pck.end", NOW - DAY))
    simple("pck-not-yet", assign("pck.start", NOW + DAY))
    simple("pck-is-ca", assign("pck.basic", x509.BasicConstraints(True, None)))
    simple("pck-basic-constraints-uncritical", assign("pck.uncritical", (x509.BasicConstraints,)))
    simple("pck-encrypts", assign("pck.usage", usage("key_encipherment")))
    simple("pck-without-key-id", assign("pck.without", (x509.SubjectKeyIdentifier,)))
    simple("pck-more-extensions", assign("pck.more", [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), False)]))
    simple("pck-unknown-critical", assign("pck.more", [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]))
    simple("pck-p384", assign("pck.key", P384))
    simple("sgx-extension-of-four", assign("change_entries", lambda e: e[:4]))
    simple("sgx-extension-of-six", assign("change_entries", lambda e: e[:6]))
    simple("sgx-extension-of-eight", assign("change_entries", lambda e: e + [e[0]]))
    simple("sgx-extension-twice-ppid", assign("change_entries", lambda e: e[:6] + [e[0]]))
    simple("sgx-extension-of-processor", assign("change_entries", lambda e: e[:5]))
    simple("sgx-fmspc-short", assign("fmspc", b"\xb0\xc0"))
    simple("sgx-component-256", lambda p: p.components.__setitem__(3, 256))
    simple("sgx-component-negative", lambda p: p.components.__setitem__(3, -1))
    simple("sgx-type-unknown", assign("sgx_type", 9))
    simple("sgx-extension-garbage", assign("pck.sgx", b"\x04\x02hi"))
    simple("chain-with-stranger", lambda p: (
        setattr(p.pck, "sgx", sgx_extension(p)),
        setattr(p, "chain", p.pck.pem() + p.ca.pem() + p.tcb.pem() + p.root.pem())))
    simple("chain-with-text", lambda p: (
        setattr(p.pck, "sgx", sgx_extension(p)),
        setattr(p, "chain", p.pck.pem() + b"hello\n" + p.ca.pem() + p.root.pem())))
    simple("chain-empty", assign("chain", b""))


def list_mutations():
    simple("pck-revoked", lambda p: p.pck_list.revoked.append(p.pck.serial))
    simple("ca-revoked", lambda p: p.root_list.revoked.append(p.ca.serial))
    simple("tcb-signer-revoked", lambda p: p.root_list.revoked.append(p.tcb.serial))
    simple("root-list-old", assign("root_list.end", NOW - DAY))
    simple("root-list-future", assign("root_list.start", NOW + DAY))
    simple("pck-list-old", assign("pck_list.end", NOW - DAY))
    simple("root-list-by-another", assign("root_list.key", KEYS["other"]))
    simple("pck-list-by-another", assign("pck_list.key", KEYS["other"]))
    simple("pck-list-of-root", lambda p: setattr(p, "pck_list", List(p.root)))
    simple("root-list-without-number", assign("root_list.number", False))
    simple("pck-list-without-key-id", assign("pck_list.key_id", None))
    simple("pck-list-of-other-key-id", assign("pck_list.key_id", KEYS["other"]))
    simple("pck-list-sha384", assign("pck_list.hash", hashes.SHA384()))
    simple("pck-list-unknown-critical", assign("pck_list.more", [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]))
    simple("pck-list-garbage", member("pck_crl", "00" * 100))
    simple("root-list-is-pck-list", lambda p: setattr(
        p, "patch_json", lambda c: dict(c, root_ca_crl=c["pck_crl"])))
    simple("pck-list-issuer-chain-of-another", lambda p: setattr(
        p, "patch_json", lambda c: dict(c, pck_crl_issuer_chain=Cert(
            p.ca.common_name, KEYS["other-ca"], p.root, True, 0).pem().decode())))
    simple("pck-list-issuer-chain-empty", member("pck_crl_issuer_chain", ""))


def tcb_info_mutations():
    simple("collateral-not-json", assign("patch_json", lambda c: "[]"))
    simple("collateral-with-tail", assign("patch_json", lambda c: json.dumps(c) + "x"))
    simple("collateral-without-tcb-info", member("tcb_info", None))
    simple("collateral-without-pck-crl", member("pck_crl", None))
    simple("tcb-info-as-object", assign(
        "patch_json", lambda c: dict(c, tcb_info=json.loads(c["tcb_info"]))))
    simple("tcb-info-signature-short", member("tcb_info_signature", "00" * 63))
    simple("tcb-info-reformatted", assign("patch_json", lambda c: dict(
        c, tcb_info=json.dumps(json.loads(c["tcb_info"])))))
    simple("tcb-info-by-another", lambda p: setattr(p, "patch_json", lambda c: dict(
        c, tcb_info_signature=raw_signature(KEYS["other"], c["tcb_info"].encode()).hex())))
    simple("tcb-signer-is-pck", lambda p: setattr(p, "patch_json", lambda c: dict(
        c, tcb_info_issuer_chain=(p.pck.pem() + p.ca.pem() + p.root.pem()).decode())))
    simple("tcb-signer-not-issued", lambda p: (
        setattr(p, "tcb_signer", copy.copy(p.tcb)),
        setattr(p.tcb_signer, "signing_key", KEYS["other"])))
    simple("tcb-signer-expired", lambda p: (setattr(p, "tcb_signer", copy.copy(p.tcb)),
                                            setattr(p.tcb_signer, "end", NOW - DAY)))
    simple("tcb-signer-under-another-root", lambda p: setattr(
        p, "patch_json", lambda c: dict(c, tcb_info_issuer_chain=(
            p.tcb.pem() + Cert("Intel SGX Root CA", KEYS["other-root"], None, True, 1).pem())
            .decode())))
    simple("tcb-signer-missing", member("tcb_info_issuer_chain", ""))
    simple("tcb-info-for-sgx", item("tcb_info", ["id"], "SGX"))
    simple("tcb-info-version-2", item("tcb_info", ["version"], 2))
    simple("tcb-info-type-1", item("tcb_info", ["tcbType"], 1))
    simple("tcb-info-old", item("tcb_info", ["nextUpdate"], iso(NOW - DAY)))
    simple("tcb-info-future", item("tcb_info", ["issueDate"], iso(NOW + DAY)))
    simple("tcb-info-no-date", item("tcb_info", ["nextUpdate"], "2027-02-30T00:00:00Z"))
    simple("tcb-info-date-form", item("tcb_info", ["issueDate"], "2026-05-01 00:00:00Z"))
    simple("tcb-info-other-fmspc", item("tcb_info", ["fmspc"], "B0C06F000001"))
    simple("tcb-info-other-pceid", item("tcb_info", ["pceId"], "0001"))
    simple("tcb-info-no-levels", item("tcb_info", ["tcbLevels"], []))
    simple("tcb-info-level-of-15", lambda p: p.tcb_info["tcbLevels"][4]["tcb"][
        "tdxtcbcomponents"].pop())
    simple("tcb-info-unknown-status", item("tcb_info", ["tcbLevels", 4, "tcbStatus"], "Fine"))
    simple("tcb-info-svn-text", item(
        "tcb_info", ["tcbLevels", 0, "tcb", "sgxtcbcomponents", 0, "svn"], "3"))
    simple("module-signer", assign("mr_signer_seam", b"\1" * 48))
    simple("module-attributes", assign("seam_attributes", b"\1" + bytes(7)))
    simple("module-of-unknown-line", assign("tee_tcb_svn", bytes([9, 7, 3]) + bytes(13)))
    simple("module-without-line-signer", lambda p: (
        setattr(p, "tee_tcb_svn", bytes([5, 0, 3]) + bytes(13)),
        setattr(p, "mr_signer_seam", b"\1" * 48)))
    simple("module-identity-short", item(
        "tcb_info", ["tdxModuleIdentities", 1, "mrsigner"], "00"))
    simple("module-levels-garbage", item(
        "tcb_info", ["tdxModuleIdentities", 1, "tcbLevels"], [{}]))
    simple("module-out-of-date", assign("tee_tcb_svn", bytes([5, 1, 3]) + bytes(13)))
    simple("module-revoked", lambda p: (
        setattr(p, "tee_tcb_svn", bytes([2, 1, 3]) + bytes(13)),
        p.options.append("tcb-status=OutOfDate")))
    simple("module-below-all-levels", assign("tee_tcb_svn", bytes([1, 1, 3]) + bytes(13)))
    simple("processor-one-component-low", lambda p: p.components.__setitem__(7, 4))
    simple("processor-out-of-date", lambda p: p.components.__setitem__(0, 2))
    simple("processor-needs-configuration", assign("pce_svn", 10))
    simple("pce-out-of-date", assign("pce_svn", 5))
    simple("microcode-of-td-out-of-date", assign("tee_tcb_svn", bytes([6, 1, 1]) + bytes(13)))
    simple("processor-revoked", lambda p: (
        p.components.__setitem__(slice(0, 2), [1, 1]),
        p.options.append("tcb-status=UpToDate+SWHardeningNeeded+OutOfDate")))
    simple("accepted-status-is-another", lambda p: (
        setattr(p, "pce_svn", 10), p.options.append("tcb-status=SWHardeningNeeded")))


def qe_mutations():
    simple("qe-identity-reformatted", assign("patch_json", lambda c: dict(
        c, qe_identity=json.dumps(json.loads(c["qe_identity"])))))
    simple("qe-identity-by-another", lambda p: setattr(p, "patch_json", lambda c: dict(
        c, qe_identity_signature=raw_signature(KEYS["other"], c["qe_identity"].encode()).hex())))
    simple("qe-signer-missing", member("qe_identity_issuer_chain", "-----BEGIN"))
    simple("qe-identity-of-sgx-qe", item("qe_identity", ["id"], "QE"))
    simple("qe-identity-version-1", item("qe_identity", ["version"], 1))
    simple("qe-identity-old", item("qe_identity", ["nextUpdate"], iso(NOW - DAY)))
    simple("qe-identity-no-levels", item("qe_identity", ["tcbLevels"], None))
    simple("qe-mr-signer", item("qe", ["mr_signer"], b"\2" * 32))
    simple("qe-product", item("qe", ["prod"], 1))
    simple("qe-debug", item("qe", ["attributes"],
                            bytes.fromhex("1700000000000000e700000000000000")))
    simple("qe-misc-select", item("qe", ["misc"], 1))
    simple("qe-out-of-date", item("qe", ["svn"], 3))
    simple("qe-revoked", lambda p: (item("qe", ["svn"], 1)(p),
                                    p.options.append("tcb-status=OutOfDate")))
    simple("qe-below-all-levels", item("qe", ["svn"], 0))


def policy_mutations():
    simple("debug", lambda p: setattr(p, "attributes", p.attributes | 1))
    simple("profiled", lambda p: setattr(p, "attributes", p.attributes | 1 << 5))
    simple("attributes-unknown", lambda p: setattr(p, "attributes", p.attributes | 1 << 40))
    simple("attributes-unexpected", lambda p: (
        setattr(p, "attributes", 0), p.options.append("td-attributes=10000000/10000000")))
    simple("xfam-without-sse", assign("xfam", 0x602e5))
    simple("xfam-impossible", assign("xfam", 0x602e7 | 1 << 20))
    simple("xfam-unexpected", lambda p: p.options.append("xfam=e7/ffffffffffffffff"))
    simple("other-measurement", lambda p: p.options.append("measurement=" + "00" * 48))
    for i in range(4):
        simple("other-rtmr%d" % i, lambda p, i=i: p.options.append("rtmr%d=" % i + "11" * 48))
    simple("other-nonce", lambda p: p.options.append("nonce=01"))
    simple("workload-of-a-bare-quote", lambda p: p.options.append("workload=payments"))
    simple("snp-expectation", lambda p: p.options.append("min-svn=1"))


def bound(p, claims=None):
    record, p.report_data = ME.bind(ME.cbor(claims or {1: WORKLOAD}))
    return record


def log_mutations(cases, listed):
    """These need an evidence item."""
    def add(name, log=True, change=None, record_change=None):
        p = Platform()
        record = bound(p)
        if change:
            change(p)
        if record_change:
            record_change(record)
        cases.add("bad-" + name, p, listed.pop(name), record, log=log)

    good = usual_log().bytes

    def relogged(change):
        def apply(p):
            p.log = Log()
            change(p.log)
        return apply

    add("log-event-left-out", Log().add(1, 4, bytes(4)).bytes)
    add("log-event-twice", good + log_event(4, 13, b"more"))
    add("log-digest-flipped", good[:-120] + bytes([good[-120] ^ 1]) + good[-119:])
    add("log-cut", good[:-3])
    add("log-empty-head", b"\0" * 40)
    add("log-hostile-size", good + struct.pack("<IIIH", 1, 4, 1, 12) + bytes(48) + b"\xff" * 4)
    add("log-hostile-digests", good + struct.pack("<III", 1, 4, 0xffffffff))
    add("log-unlisted-digest", good + struct.pack("<IIIH", 1, 4, 1, 11) + bytes(32 + 4))
    add("log-without-sha384", log_head(((11, 32),)) + struct.pack("<IIIH", 1, 4, 1, 11) + bytes(36))
    add("log-for-mrtd", good + log_event(0, 4, bytes(4)))
    add("log-for-register-9", good + log_event(9, 4, bytes(4)))
    event = teegate_event(b"\xa0", b"unit started")
    add("event-of-another-digest", change=relogged(
        lambda log: log.add(3, 13, event, sha384(b"something else"))))
    add("event-of-another-length", change=relogged(lambda log: log.add(3, 13, event + b"!")))
    add("event-cut", change=relogged(lambda log: log.add(3, 13, event[:40])))
    add("event-for-rtmr0", change=relogged(lambda log: log.add(1, 13, event)))
    add("event-of-another-type", change=relogged(lambda log: log.add(3, 6, event)))
    add("claims-of-another", record_change=lambda r: r.update({1: ME.cbor({1: "evil"})}))
    add("report-data-not-bound", change=lambda p: setattr(p, "report_data", bytes(64)))


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
    cases = Cases(out)
    good_cases(cases)
    for define in (quote_mutations, chain_mutations, list_mutations, tcb_info_mutations,
                   qe_mutations, policy_mutations):
        define()
    missing = sorted(set(MUTATIONS) - set(listed))
    if missing:
        sys.exit("not in %s: %s" % (sys.argv[2], " ".join(missing)))
    for name, change in MUTATIONS.items():
        p = Platform(**getattr(change, "made", {}))
        change(p)
        cases.add("bad-" + name, p, listed.pop(name))
    log_mutations(cases, listed)
    if listed:
        sys.exit("nothing makes what %s lists: %s" % (sys.argv[2], " ".join(sorted(listed))))
    cases.close()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a host key document one of IBM's?  Asked before a request is encrypted for that host, because
whoever has the private key of any slot of a request can answer it and say what he likes.

What is asked is what `pvattest create` asks (s390-tools, rust/pv/src/verify.rs): a chain from a
root that the caller trusts, over intermediates, to the one key that signs host keys; a revocation
list of each issuer; and the document itself under that key, which is no certificate authority's, so
that no library's verification of chains goes so far.  The chain is OpenSSL's affair.
"""

import pathlib
import subprocess
import tempfile

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

CORPORATION = "International Business Machines Corporation"
# 112 bits (level 2); at most two above the one that signs.
VERIFY = ("-x509_strict", "-crl_check", "-crl_check_all", "-trusted_first", "-check_ss_sig",
          "-policy_check", "-purpose", "any", "-auth_level", "2", "-verify_depth", "2",
          "-no-CApath", "-no-CAstore")


class Untrusted(Exception):
    """With the reason."""


def read_certificates(path):
    data = pathlib.Path(path).read_bytes()
    return x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else \
        [x509.load_der_x509_certificate(data)]


def read_crl(path):
    data = pathlib.Path(path).read_bytes()
    return (x509.load_pem_x509_crl if b"-----BEGIN" in data else x509.load_der_x509_crl)(data)


def only(name, oid):
    values = name.get_attributes_for_oid(oid)
    return values[0].value if len(values) == 1 else ""


def signs_host_keys(certificate):
    """By exactly these six; the place is the one of IBM's two."""
    name = certificate.subject
    return (len(list(name)) == 6 and only(name, NameOID.COUNTRY_NAME) == "US" and
            only(name, NameOID.STATE_OR_PROVINCE_NAME) == "New York" and
            only(name, NameOID.LOCALITY_NAME) in ("Poughkeepsie", "Armonk") and
            only(name, NameOID.ORGANIZATION_NAME) == CORPORATION and
            only(name, NameOID.COMMON_NAME) == CORPORATION and
            only(name, NameOID.ORGANIZATIONAL_UNIT_NAME).endswith("Key Signing Service"))


def same_key(what, issuer):
    """Whether @what names the key of @issuer as its authority's, if it names any."""
    try:
        named = what.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        has = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return True
    return named.key_identifier == has.digest


class Chain:
    """A root, the certificates below it, a list of revocations of each issuer; at one time."""

    def __init__(self, root, certificates, crls, now):
        self.now, self.crls = now, [read_crl(path) for path in crls]
        certificates = [c for path in certificates for c in read_certificates(path)]
        signers = [c for c in certificates if signs_host_keys(c)]
        if len(signers) != 1:
            raise Untrusted("%d certificates of a key that signs host keys" % len(signers))
        self.signer = signers[0]
        self.verify_signer(root, [c for c in certificates if c is not self.signer])

    def verify_signer(self, root, between):
        with tempfile.TemporaryDirectory() as scratch:
            def pem(name, items):
                path = pathlib.Path(scratch, name)
                path.write_bytes(b"".join(i.public_bytes(Encoding.PEM) for i in items))
                return str(path)

            command = ["openssl", "verify", *VERIFY, "-attime", str(int(self.now.timestamp())),
                       "-CAfile", pem("root", read_certificates(root)[:1])]
            if between:
                command += ["-untrusted", pem("between", between)]
            if self.crls:
                command += ["-CRLfile", pem("crls", self.crls)]
            done = subprocess.run([*command, pem("signer", [self.signer])], capture_output=True,
                                  text=True, check=False)
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("error")]
            raise Untrusted("chain: " + (reasons or [done.stderr])[0])

    def usable(self, crl):
        return (crl.issuer == self.signer.subject and same_key(crl, self.signer) and
                crl.next_update_utc is not None and
                crl.last_update_utc <= self.now < crl.next_update_utc and
                crl.is_signature_valid(self.signer.public_key()))

    def check(self, document):
        """Raises Untrusted unless the host key in @document is one of IBM's."""
        if not isinstance(document.public_key(), ec.EllipticCurvePublicKey) or \
                not isinstance(document.public_key().curve, ec.SECP521R1):
            raise Untrusted("no key on P-521")
        if not document.not_valid_before_utc <= self.now < document.not_valid_after_utc:
            raise Untrusted("not valid at this time")
        if document.issuer != self.signer.subject or not same_key(document, self.signer):
            raise Untrusted("of another issuer")
        try:
            document.verify_directly_issued_by(self.signer)
        except InvalidSignature:
            raise Untrusted("the signature is wrong") from None
        crls = [crl for crl in self.crls if self.usable(crl)]
        if not crls:
            raise Untrusted("no revocation list of its issuer")
        for crl in crls:
            if crl.get_revoked_certificate_by_serial_number(document.serial_number):
                raise Untrusted("revoked")

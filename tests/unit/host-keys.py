#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests are made for host keys that are IBM's, and for no others.

tests/pki/hostkeys.py judges the certificates of s390-tools' own tests (tests/vectors/se/hkd-chain)
as those tests do (rust/pv/src/verify/test.rs), and make-request what make-se has made.
"""

import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
PKI = TESTS / "pki"
KNOWN = TESTS / "vectors/se/hkd-chain"
sys.dont_write_bytecode = True
sys.path.insert(0, str(PKI))

import hostkeys  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding  # noqa: E402


def moment(year):
    return datetime.datetime(year, 7, 1, tzinfo=datetime.timezone.utc)


def judge(document, root="root_ca.crt", certs=("ibm.crt", "inter_ca.crt"),
          crls=("ibm.crl", "inter_ca.crl", "root_ca.crl"), year=2026):
    """Why not, or None."""
    try:
        chain = hostkeys.Chain(KNOWN / root, [KNOWN / c for c in certs], [KNOWN / c for c in crls],
                               moment(year))
        if isinstance(document, str):
            document = hostkeys.read_certificates(KNOWN / document)[0]
        chain.check(document)
    except hostkeys.Untrusted as e:
        return str(e)
    return None


ARMONK = {"certs": ("ibm_armonk.crt", "inter_ca.crt"),
          "crls": ("ibm_armonk.crl", "inter_ca.crl", "root_ca.crl")}


class KnownChain(unittest.TestCase):
    def good(self, *args, **options):
        self.assertIsNone(judge(*args, **options))

    def bad(self, why, *args, **options):
        # The same without what is wrong is good: else this would show nothing.
        self.good("host.crt")
        self.assertIn(why, judge(*args, **options) or "nothing was wrong")

    def signed_by(self, name):
        return {"certs": (name, "inter_ca.crt")}

    def test_host_keys_of_ibm_are_good(self):
        for name in ("host.crt", "host2.crt", "host_uri_na.crt"):
            self.good(name)
        self.good("host_armonk.crt", **ARMONK)
        self.good("host.crt", **self.signed_by("der.crt"))
        self.good("host.crt", crls=("der.crl", "inter_ca.crl", "root_ca.crl"))

    def test_a_host_key_may_be_revoked_expired_or_anothers(self):
        self.bad("revoked", "host_rev.crt")
        self.bad("not valid at this time", "host_crt_expired.crt")
        self.bad("of another issuer", "host_invalid_signing_key.crt")
        self.bad("of another issuer", "fake_host.crt")
        self.bad("of another issuer", "host_armonk.crt")
        self.bad("of another issuer", "host.crt", **ARMONK)
        self.bad("no key on P-521", "ibm.crt")

    def test_no_byte_of_its_signature_may_change(self):
        der = bytearray(hostkeys.read_certificates(KNOWN / "host.crt")[0]
                        .public_bytes(Encoding.DER))
        for at in range(len(der) - 512, len(der), 73):
            der[at] ^= 1
            self.bad("the signature is wrong", x509.load_der_x509_certificate(bytes(der)))
            der[at] ^= 1

    def test_the_signing_key_is_ibms_and_one(self):
        self.bad("certificate has expired", "host.crt", **self.signed_by("ibm_expired.crt"))
        self.bad("certificate revoked", "host.crt", **self.signed_by("ibm_rev.crt"))
        self.bad("0 certificates", "host.crt", **self.signed_by("ibm_wrong_subject.crt"))
        self.bad("issuer certificate", "host.crt", **self.signed_by("fake_ibm.crt"))
        self.bad("2 certificates", "host.crt", certs=("ibm.crt", "ibm_rev.crt", "inter_ca.crt"))
        self.bad("0 certificates", "host.crt", certs=("inter_ca.crt",))
        self.bad("issuer certificate", "host.crt", certs=("ibm.crt",))
        self.bad("issuer certificate", "host.crt", certs=("ibm.crt", "fake_inter_ca.crt"))
        self.bad("issuer certificate", "host.crt", root="fake_root_ca.crt")

    def test_each_issuer_has_a_good_list_of_revocations(self):
        lists = ("ibm.crl", "inter_ca.crl", "root_ca.crl")
        for name in ("ibm_invalid_hash", "ibm_outdated_early", "ibm_outdated_late",
                     "ibm_wrong_subject", "fake_ibm"):
            self.bad("no revocation list", "host.crt", crls=(name + ".crl", *lists[1:]))
        for name in ("inter_ca.invalid_date", "inter_ca.invalid_signer", "fake_inter_ca"):
            self.bad("CRL", "host.crt", crls=(lists[0], name + ".crl", lists[2]))
        self.bad("no revocation list", "host.crt", crls=lists[1:])
        self.bad("unable to get certificate CRL", "host.crt", crls=lists[::2])
        self.bad("unable to get certificate CRL", "host.crt", crls=lists[:2])

    def test_the_time_counts(self):
        self.bad("not yet valid", "host.crt", year=2023)
        self.bad("expired", "host.crt", year=2390)


class OwnChain(unittest.TestCase):
    """A host of make-se, whose chain has that profile, and one whose key is revoked."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = pathlib.Path(scratch.name)

    def host(self, name, *options):
        subprocess.run([sys.executable, PKI / "make-se", *options, self.dir / name], check=True)
        return self.dir / name

    def request(self, host, chain, *options):
        """None when one was made, else why not."""
        out, arpk = self.dir / "request.bin", self.dir / "arpk.bin"
        for path in (out, arpk):
            path.unlink(missing_ok=True)
        trust = [x for name in ("ibm", "inter") for x in ("--cert", chain / (name + ".crt"))]
        trust += [x for name in ("ibm", "inter", "root")
                  for x in ("--crl", chain / (name + ".crl"))]
        done = subprocess.run(
            [sys.executable, PKI / "make-request", "--host-key", host / "host.crt", "--hdr",
             host / "image.hdr", "--arpk-out", arpk, "--output", out,
             *(options or ["--root-ca", chain / "root.crt", *trust])],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode == 0, out.exists() and arpk.exists())
        self.assertEqual(out.exists(), arpk.exists())
        return done.stderr if done.returncode else None

    def test_a_request_is_made_for_a_host_of_the_chain_alone(self):
        host, revoked = self.host("host"), self.host("revoked", "--revoke")
        self.assertIsNone(self.request(host, host))
        self.assertIn("revoked", self.request(revoked, revoked))
        self.assertIn("of another issuer", self.request(host, revoked))
        self.assertIsNone(self.request(revoked, host, "--no-verify"))
        self.assertIn("--root-ca and --no-verify",
                      self.request(host, host, "--cert", host / "ibm.crt"))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main(verbosity=2)

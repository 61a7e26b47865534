# SPDX-License-Identifier: GPL-2.0-or-later
"""How a request to the Ultravisor of IBM Secure Execution is built, for make-se, make-request and
make-secret.  This is the side of the request's maker: nothing here is shared with the software
Ultravisor, with verify-exchange or with libtee-verify.

The format (header, keyslots, encrypted area, tag; all big-endian) is what s390-tools document in
rust/pv: src/req.rs, src/uvattest/arcb.rs, src/uvsecret/asrcb.rs.
"""

import hashlib
import os
import pathlib
import struct

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ARCB_MAGIC = bytes(8)
VERSION = 0x100
TAG_LEN = 16

HDR_MAGIC = b"IBMSecEx"
METADATA_MAGIC = b"SeImgLnx"
METADATA_OFFSET = 0xc000
PAGE = 0x1000


def coordinates(public_key):
    """X and Y, padded to 80 bytes each, as the Ultravisor has them everywhere."""
    n = public_key.public_numbers()
    return n.x.to_bytes(80, "big") + n.y.to_bytes(80, "big")


def key_hash(public_key):
    """PHKH: what names a host key."""
    return hashlib.sha256(coordinates(public_key)).digest()


def private_key(scalar):
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP521R1())


def read_host_key(path):
    data = pathlib.Path(path).read_bytes()
    cert = (x509.load_pem_x509_certificate if b"-----BEGIN" in data
            else x509.load_der_x509_certificate)(data)
    return cert.public_key()


def keyslot(customer_key, host_public, protection_key):
    """The request's key, for one host: PHKH, wrapped key, tag."""
    shared = customer_key.exchange(ec.ECDH(), host_public)
    kek = hashlib.sha256(shared + struct.pack(">I", 1)).digest()
    return key_hash(host_public) + AESGCM(kek).encrypt(bytes(12), protection_key, None)


class Keys:
    """What is made anew for each request, unless a known answer is wanted."""

    def __init__(self, host_keys, customer=None, protection=None, iv=None):
        self.host_keys = host_keys
        self.customer = customer or ec.generate_private_key(ec.SECP521R1())
        self.protection = protection or os.urandom(32)
        self.iv = iv or os.urandom(12)

    def public(self):
        return coordinates(self.customer.public_key())

    def slots(self):
        return b"".join(keyslot(self.customer, h, self.protection) for h in self.host_keys)

    def seal(self, authenticated, confidential):
        """AES-256-GCM over all of it."""
        return authenticated + AESGCM(self.protection).encrypt(self.iv, confidential, authenticated)


def request(magic, keys, before_key, after_slots, confidential):
    body = before_key + keys.public() + keys.slots() + after_slots
    header = struct.pack(">8sII12s4s7sB4sI", magic, VERSION,
                         48 + len(body) + len(confidential) + TAG_LEN, keys.iv, b"", b"",
                         len(keys.host_keys), b"", len(confidential))
    return keys.seal(header + body, confidential)


def find_header(data):
    """The SE header in an image, or alone: at the offset that the metadata names, or on a page."""
    at = METADATA_OFFSET
    if data[at:at + 8] == METADATA_MAGIC:
        starts = [struct.unpack_from(">Q", data, at + 8)[0]]
    else:
        starts = range(0, min(len(data), 0x15 * PAGE), PAGE)
    for start in starts:
        if data[start:start + 8] == HDR_MAGIC:
            version, size = struct.unpack_from(">II", data, start + 8)
            header = data[start:start + size]
            if version != VERSION or len(header) != size or size < 0x1a0 + TAG_LEN:
                raise ValueError("SE header of a version or length that is not known")
            return header
    raise ValueError("no SE header")


def header_tags(header):
    """PLD, ALD, TLD and the tag: what stands for the image everywhere."""
    return header[0xe0:0x1a0] + header[-TAG_LEN:]

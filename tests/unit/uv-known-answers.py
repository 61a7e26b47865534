#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the software Ultravisor tests itself against is what s390-tools published.

The arrays in tests/firmware/uv/known.h are the files of tests/vectors/se, and the measurements in
it come out here, too, computed by this file alone; so a module that loads has recomputed just those.
"""

import hashlib
import hmac
import pathlib
import re
import struct
import sys

from cryptography import x509

TESTS = pathlib.Path(__file__).resolve().parents[1]
VECTORS = TESTS / "vectors/se"
HEADER = (TESTS / "firmware/uv/known.h").read_text()


def octets(text):
    return bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})\b", text))


def array(name):
    return octets(re.search(r"\b%s\[[^=]*= \{(.*?)\};" % name, HEADER, re.S)[1])


def measurements():
    """Lengths of user data, nonce and additional data, and the HMAC."""
    table = HEADER[HEADER.index("known_measurements[] = {"):]
    return [(*(int(n) for n in entry[:3]), octets(entry[3]))
            for entry in re.findall(r"\{ (\d+), (\d+), (\d+), \{(.*?)\} \}", table, re.S)]


def host_public():
    cert = x509.load_pem_x509_certificate((VECTORS / "pv-keys-host.pem.crt").read_bytes())
    numbers = cert.public_key().public_numbers()
    return numbers.x.to_bytes(80, "big") + numbers.y.to_bytes(80, "big")


def measure(user, nonce, additional):
    message = (b"\1" * 64 + b"\2" * 64 + b"\3" * 64 + b"\4" * 16 + b"\5" * 16 +
               struct.pack(">HHI", user, 0, additional) + b"\7" * user + b"\x08" * nonce +
               b"\x09" * additional)
    return hmac.new(b"\x41" * 64, message, hashlib.sha512).digest()


def main():
    known = measurements()
    good = {
        "the request": array("known_arcb") == (VECTORS / "pv-arcb.bin").read_bytes(),
        "its maker's key": array("known_maker_scalar") ==
                           (VECTORS / "pv-keys-private_cust.bin").read_bytes(),
        "the host's key": array("known_host_public") == host_public(),
        "its key slot": (VECTORS / "pv-keyslot.bin").read_bytes() in array("known_arcb"),
        "four measurements, all different": len({want for *_, want in known}) == len(known) == 4,
    }
    for *lengths, want in known:
        good["the measurement of %d, %d, %d" % tuple(lengths)] = measure(*lengths) == want
    for what, is_good in good.items():
        print("%s  %s" % ("yes" if is_good else "NO ", what))
    return 0 if all(good.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

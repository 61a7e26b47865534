#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Known answers for the formulas of doc/keys.md: names of roots, keys, sealed blobs.

This is an implementation of its own, from the formulas and RFC 5869 alone; it shares no code with the
kernel module, so that an error in one of them shows. Inputs are derived from their names, nothing is
random, and the file can be made again at any time.

    key-vectors.py           checks doc/key-vectors.json and the excerpts of it in C
    key-vectors.py --write   makes them

Exit status 1 when one of them does not hold what the formulas give.
"""

import hashlib
import hmac
import json
import pathlib
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOP = pathlib.Path(__file__).resolve().parents[2]

TAG = b"teegate/key/v1"
ID_TAG = b"teegate/root-id/v1"
ZERO_SALT = bytes(32)


def h(data):
    return hashlib.sha384(data).digest()


def u16(value):
    return value.to_bytes(2, "big")


def u32(value):
    return value.to_bytes(4, "big")


def u64(value):
    return value.to_bytes(8, "big")


def stream(name, length):
    """Bytes that look like nothing and depend on the name only."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"{name}/{len(out)}".encode()).digest()
    return out[:length]


# --- the formulas ------------------------------------------------------------------------------

def extract(salt, ikm):
    return hmac.new(salt, ikm, hashlib.sha384).digest()


def expand(prk, info, length):
    out, block = b"", b""
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([len(out) // 48 + 1]), hashlib.sha384).digest()
        out += block
    return out[:length]


def root_id(root):
    return expand(extract(TAG, root), ID_TAG, 16)


def key(root, purpose, length, claims, label, params, salt=ZERO_SALT):
    info = TAG + bytes([purpose]) + u16(length) + h(claims) + u16(len(label)) + label + h(params) + salt
    return expand(extract(TAG, root), info, length)


def installed_params(tee, source):
    return u16(1) + bytes([tee, source]) + bytes(92)


def snp_params(fields, svn, tcb):
    params = u16(1) + bytes([1, 1]) + u32(2) + u64(fields) + u32(0) + u32(svn) + u64(tcb) + u64(0) + u32(1)
    return params + bytes(96 - len(params))


def sealed_blob(root, claims, bitmap, salt, label, params, data):
    """The header, and the data under a key of purpose 2."""
    header = (b"TEEGATE\0" + u16(1) + u16(162 + len(label)) + params + root_id(root) + u32(bitmap) + salt
              + u16(len(label)) + label)
    return header + AESGCM(key(root, 2, 32, claims, label, params, salt)).encrypt(bytes(12), data, header)


# --- the cases ---------------------------------------------------------------------------------

def case(name, purpose, length, label, params, salt=ZERO_SALT):
    c = {"name": name, "root": stream(name + "/root", 32), "claims": stream(name + "/claims", 40),
         "label": label, "params": params, "salt": salt, "purpose": purpose, "key_len": length}
    c["root_id"] = root_id(c["root"])
    c["key"] = key(c["root"], purpose, length, c["claims"], label, params, salt)
    return c


def cases():
    return [
        case("shortest", 1, 16, b"", installed_params(2, 3)),
        case("two-blocks", 1, 64, b"database", snp_params(0x3f, 7, 0xdb18000000000004)),
        case("longest-label", 3, 48, stream("longest-label", 255), installed_params(0, 6)),
        case("salted", 2, 32, b"config", installed_params(1, 5), stream("salted/salt", 32)),
    ]


def gcm_cases():
    """AES-256-GCM under a zero nonce, by the library that Python's cryptography wraps."""
    out = []
    for name, aad_len, text_len in (("gcm-empty", 178, 0), ("gcm-odd", 433, 37), ("gcm-blocks", 0, 64)):
        c = {"name": name, "key": stream(name + "/key", 32), "aad": stream(name + "/aad", aad_len),
             "text": stream(name + "/text", text_len)}
        c["sealed"] = AESGCM(c["key"]).encrypt(bytes(12), c["text"], c["aad"])
        out.append(c)
    return out


PROVIDERS = ("none", "sev-snp", "tdx", "se")  # enum teegate_provider


def blob(name, provider, source, label, length):
    b = {"name": name, "root": stream(name + "/root", 32), "claims": stream(name + "/claims", 60), "label": label,
         "params": installed_params(provider, source), "bitmap": 0b1010, "salt": stream(name + "/salt", 32),
         "data": stream(name + "/data", length)}
    b["key"] = key(b["root"], 2, 32, b["claims"], label, b["params"], b["salt"])
    b["blob"] = sealed_blob(b["root"], b["claims"], b["bitmap"], b["salt"], label, b["params"], b["data"])
    return b


def blobs():
    """One for each kind of guest, under an installed root, so that each can be tried with it."""
    return [blob(name, n, 3 + n % 3, stream(name + "/label", 40 * n), 100 * n)
            for n, name in enumerate(PROVIDERS)]


def more_cases():
    """Those of the module, and a base of which each differs in one input."""
    base = {"root": stream("base/root", 32), "claims": stream("base/claims", 30), "label": b"disk",
            "params": snp_params(0x3f, 7, 0xdb18000000000004), "salt": ZERO_SALT, "purpose": 1, "key_len": 32}
    snp = (("field-select", snp_params(0x39, 7, 0xdb18000000000004)),
           ("guest-svn", snp_params(0x3f, 8, 0xdb18000000000004)),
           ("tcb-version", snp_params(0x3f, 7, 0xdb18000000000005)),
           ("version", u16(2) + base["params"][2:]),
           ("tee", base["params"][:2] + b"\x02" + base["params"][3:]),
           ("source", base["params"][:3] + b"\x03" + base["params"][4:]),
           ("root-key-select", base["params"][:7] + b"\x00" + base["params"][8:]),
           ("vmpl", base["params"][:19] + b"\x01" + base["params"][20:]),
           ("mit-vector", base["params"][:39] + b"\x01" + base["params"][40:]),
           ("msg-version", base["params"][:43] + b"\x02" + base["params"][44:]),
           ("the-rest", base["params"][:-1] + b"\x01"))
    changes = [{}] + [{"params": params, "what": what} for what, params in snp] + [
        {"root": stream("other/root", 32)}, {"claims": stream("other/claims", 30)}, {"label": b"disc"},
        {"label": b""}, {"key_len": 33}, {"purpose": 2}, {"purpose": 3}, {"purpose": 4},
        {"salt": stream("other/salt", 32)}]
    out = []
    for change in changes:
        what = change.pop("what", None) or next(iter(change), "base")
        c = {"name": f"base, another {what}" if change else "base", **base, **change}
        c["root_id"] = root_id(c["root"])
        c["key"] = key(c["root"], c["purpose"], c["key_len"], c["claims"], c["label"], c["params"], c["salt"])
        out.append(c)
    assert len({c["key"][:32] for c in out}) == len(out), "each input counts"
    return cases() + out


# --- the files ---------------------------------------------------------------------------------

def readable(entries):
    return [{k: v.hex() if isinstance(v, bytes) else v for k, v in e.items()} for e in entries]


def json_text():
    return json.dumps({"keys": readable(more_cases()), "blobs": readable(blobs())}, indent=1) + "\n"


def c_bytes(data):
    rows = [data[i:i + 16] for i in range(0, len(data), 16)] or [b""]
    return "\n".join('\t\t\t"' + "".join(f"\\x{b:02x}" for b in row) + '"' for row in rows)


def c_struct(fields):
    out = []
    for name, value in fields:
        if isinstance(value, bytes):
            out.append(f"\t\t.{name} = (const u8 *)\n{c_bytes(value)},")
        else:
            out.append(f"\t\t.{name} = {value},")
    return "\n".join(out)


def key_entry(c):
    fields = [("root", c["root"]), ("claims", c["claims"]), ("claims_len", len(c["claims"])),
              ("label", c["label"]), ("label_len", len(c["label"])), ("params", c["params"]),
              ("salt", c["salt"]), ("purpose", c["purpose"]), ("key_len", c["key_len"]),
              ("root_id", c["root_id"]), ("key", c["key"])]
    return f"\t{{\t/* {c['name']} */\n{c_struct(fields)}\n\t}},\n"


def gcm_entry(c):
    fields = [("key", c["key"]), ("aad", c["aad"]), ("aad_len", len(c["aad"])), ("text", c["text"]),
              ("text_len", len(c["text"])), ("sealed", c["sealed"])]
    return f"\t{{\t/* {c['name']} */\n{c_struct(fields)}\n\t}},\n"


def header(guard, structure, declaration):
    return f"""/* SPDX-License-Identifier: GPL-2.0-only */
/* Known answers for the self-test at load. Made by tests/unit/key-vectors.py --write. */
#ifndef {guard}
#define {guard}

#include <linux/types.h>

{structure}

{declaration}

#endif
"""


def keys_header():
    return header("_TG_KEYS_KEY_VECTORS_H", """struct tg_key_vector {
	const u8 *root;
	const u8 *claims;
	const u8 *label;
	const u8 *params;
	const u8 *salt;
	const u8 *root_id;
	const u8 *key;
	u32 claims_len;
	u32 label_len;
	u32 key_len;
	u8 purpose;
};""", "static const struct tg_key_vector tg_key_vectors[] = {\n"
                  + "".join(key_entry(c) for c in cases()) + "};")


def gcm_header():
    return header("_TG_KEYS_GCM_VECTORS_H", """struct tg_gcm_vector {
	const u8 *key;
	const u8 *aad;
	const u8 *text;
	const u8 *sealed;	/* with the tag */
	u32 aad_len;
	u32 text_len;
};""", "static const struct tg_gcm_vector tg_gcm_vectors[] = {\n"
                  + "".join(gcm_entry(c) for c in gcm_cases()) + "};")


def blob_entry(b):
    fields = [("root", b["root"]), ("claims", b["claims"]), ("data", b["data"]), ("blob", b["blob"]),
              ("claims_len", len(b["claims"])), ("data_len", len(b["data"])), ("blob_len", len(b["blob"])),
              ("source", b["params"][3]), ("bitmap", b["bitmap"])]
    return f"\t{{\t/* {b['name']} */\n{c_struct(fields)}\n\t}},\n".replace("u8 *", "uint8_t *")


def blobs_header():
    return """/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blobs that nobody's kernel made. Made by tests/unit/key-vectors.py --write. */
#ifndef KEY_VECTORS_H
#define KEY_VECTORS_H

#include <stdint.h>

struct blob_vector {
	const uint8_t *root;
	const uint8_t *claims;
	const uint8_t *data;
	const uint8_t *blob;
	uint32_t claims_len;
	uint32_t data_len;
	uint32_t blob_len;
	uint32_t bitmap;
	uint8_t source;
};

/* By enum teegate_provider. */
static const struct blob_vector blob_vectors[] = {
""" + "".join(blob_entry(b) for b in blobs()) + "};\n\n#endif\n"


def check_hkdf():
    """RFC 5869 has no answers for SHA-384; its construction is checked by those for SHA-256 here."""
    ikm, salt, info = b"\x0b" * 22, bytes(range(13)), bytes(range(0xf0, 0xfa))
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    assert prk.hex() == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
    t1 = hmac.new(prk, info + b"\x01", hashlib.sha256).digest()
    t2 = hmac.new(prk, t1 + info + b"\x02", hashlib.sha256).digest()
    assert (t1 + t2)[:42].hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                                    "34007208d5b887185865")


def main():
    check_hkdf()
    wrong = 0
    for name, text in (("kmod/keys/key-vectors.h", keys_header()), ("kmod/keys/gcm-vectors.h", gcm_header()),
                       ("tests/kselftest/key-vectors.h", blobs_header()), ("doc/key-vectors.json", json_text())):
        file = TOP / name
        if sys.argv[1:] == ["--write"]:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            print(f"{name}: is not what the formulas give", file=sys.stderr)
            wrong = 1
    if not wrong:
        print(f"{len(more_cases())} keys, {len(gcm_cases())} sealed texts and {len(blobs())} blobs: ok")
    return wrong


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the broker for devices of SGX: sgx.py enclave|provision...

Prints for each what came of it. With both, whether the kernel takes the one for a device of enclaves and
the other for the right to provision them, and that it does not take just anything for that."""
import errno
import fcntl
import json
import os
import socket
import struct
import sys

PROVISION = 0x4008A403    # SGX_IOC_ENCLAVE_PROVISION


def acquire(device):
    call = {"method": "io.teegate.Broker.AcquireSgx", "parameters": {"device": device}}
    with socket.socket(socket.AF_UNIX) as broker:
        broker.connect("/run/teegate/broker.sock")
        broker.sendall(json.dumps(call).encode() + b"\0")
        text, got = b"", []
        while not text.endswith(b"\0"):
            part, fds, _, _ = socket.recv_fds(broker, 65536, 4)
            if not part:
                sys.exit("the broker hung up")
            text, got = text + part, got + fds
    reply = json.loads(text[:-1])
    if "error" in reply:
        print(reply["parameters"], file=sys.stderr)
        return reply["error"].rsplit(".", 1)[-1], None
    return "granted", got[reply["parameters"]["deviceFd"]]


def provision(enclave, fd):
    try:
        fcntl.ioctl(enclave, PROVISION, struct.pack("=Q", fd))
    except OSError as error:
        return errno.errorcode[error.errno]
    return "0"


got = {}
for name in sys.argv[1:]:
    outcome, got[name] = acquire(name)
    print(name, outcome)
if got.get("enclave") and got.get("provision"):
    print("used", provision(got["enclave"], got["provision"]))
    print("misused", provision(got["enclave"], os.open("/dev/null", os.O_RDONLY)))

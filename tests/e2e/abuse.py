#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the broker that do what they should not, and the polite one beside them.

  abuse.py polite DIR            asks for evidence again and again, until DIR/over is there; prints for
                                 each "OUTCOME SUBMITTED ANSWERED" (monotonic seconds). Without a
                                 pause as long as there is DIR/flood: what is measured then
  abuse.py attack NAME [ARG]     prints how often it saw what: "OUTCOME COUNT"; `flood DIR` like polite,
                                 until DIR/flood is gone
  abuse.py passed POLITE FLOOD   how many answers of the second fall between a request of the first and
                                 its answer, at most; and how many of the first were meanwhile
  abuse.py puppet DIR NAME       does what it reads, a line at a time, from DIR/NAME.in, and says what
                                 came of it in DIR/NAME.out
"""
import array
import collections
import errno
import fcntl
import json
import os
import resource
import socket
import struct
import sys
import threading
import time

BROKER = "/run/teegate/broker.sock"
LEASE_GET_INFO = 0xE700    # TEEGATE_GET_INFO
LEASE_INFO_SIZE = 288      # what it takes at least, and more


def call(method, **parameters):
    return json.dumps({"method": "io.teegate.Broker." + method, "parameters": parameters}).encode() + b"\0"


GET_INFO = call("GetInfo")
GET_EVIDENCE = call("GetEvidence", userData="ABEiMw==")


class Client:
    def __init__(self, sock=None):
        self.sock = sock or socket.socket(socket.AF_UNIX)
        self.rest, self.fds = b"", []
        if not sock:
            self.sock.connect(BROKER)

    def send(self, data):
        self.sock.sendall(data)

    def answer(self):
        """The next one, or None when the broker has hung up."""
        while b"\0" not in self.rest:
            try:
                data, fds, _, _ = socket.recv_fds(self.sock, 65536, 4)
            except ConnectionResetError:
                data, fds = b"", []
            if not data:
                return None
            self.rest, self.fds = self.rest + data, self.fds + fds
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def outcome(self, data=b""):
        """What comes of sending that: "granted", the name of an error, or "cut-off"."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            return "cut-off"
        reply = self.answer()
        if reply is None:
            return "cut-off"
        return reply["error"].rsplit(".", 1)[-1] if "error" in reply else "granted"

    def close(self):
        self.sock.close()


def timed(client):
    submitted = time.monotonic()
    return f"{client.outcome(GET_EVIDENCE)} {submitted:.6f} {time.monotonic():.6f}"


def polite(folder):
    while not os.path.exists(folder + "/over"):
        client = Client()
        client.outcome(GET_INFO)    # now the broker knows who we are
        print(timed(client), flush=True)
        client.close()
        time.sleep(0 if os.path.exists(folder + "/flood") else 0.5)


def once(*messages):
    for message in messages:
        client = Client()
        yield client.outcome(message)
        client.close()


def attack_endless():
    """16 MiB without an end."""
    yield from once(*[b'{"method":"' + b"x" * (16 << 20)] * 3)


def attack_deep():
    """JSON, 10000 deep, complete and not: longer than a message may be, and not."""
    yield from once(b'{"a":' * 10000 + b"1" + b"}" * 10000 + b"\0", b"[" * 10000 + b"\0",
                    b"[" * 8000 + b"]" * 8000 + b"\0")


def attack_utf8():
    for bad in (b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        yield from once(GET_EVIDENCE.replace(b"ABEiMw==", bad), bad + b"\0")


def attack_descriptors():
    fds = array.array("i", [0] * 253)
    for _ in range(40):
        client = Client()
        client.sock.sendmsg([GET_INFO], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        yield client.outcome()
        client.close()


def attack_half():
    """As many connections as there may be, each with half a message; one of them a byte a second."""
    clients = [Client() for _ in range(8)]
    for client in clients[1:]:
        client.send(GET_INFO[:-1])
    begun = time.monotonic()
    try:
        for byte in GET_INFO:
            clients[0].send(bytes([byte]))
            time.sleep(1)
    except (BrokenPipeError, ConnectionResetError):
        pass
    for client in clients:
        yield client.outcome()
    yield "in-time" if 5 < time.monotonic() - begun < 45 else "too-late"


def attack_connections(count):
    """All held until the end: how many of them get an answer?"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(count) + 100,) * 2)
    clients = [Client() for _ in range(int(count))]
    for client in clients:
        yield client.outcome(GET_INFO)


def attack_flood(folder):
    """More requests at a time than there may be (4), without a pause."""
    def ask():
        client = Client()
        while os.path.exists(folder + "/flood"):
            print(timed(client), flush=True)
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ()


def attack(name, *args):
    seen = collections.Counter(globals()["attack_" + name](*args))
    for outcome, count in sorted(seen.items()):
        print(outcome, count)


def passed(polite_file, flood_file):
    times = []
    for file in (polite_file, flood_file):
        with open(file) as lines:
            times.append([(float(t[1]), float(t[2])) for t in map(str.split, lines) if t[0] == "granted"])
    # Those that were there while the flood was, from its first answer to its last.
    begun, over = min(times[1])[1], max(end for _, end in times[1])
    print(max(sum(submitted < end <= answered for _, end in times[1]) for submitted, answered in times[0]),
          sum(begun <= submitted and answered <= over for submitted, answered in times[0]))


class Puppet:
    def __init__(self):
        self.client = self.lease = None

    def do_connect(self):
        self.client = Client()
        return f"{self.client.outcome(GET_INFO)} {os.getpid()}"

    def do_evidence(self):
        return self.client.outcome(GET_EVIDENCE)

    def do_lease(self):
        outcome = self.client.outcome(call("AcquireLease"))
        if self.client.fds:
            self.lease = self.client.fds.pop()
        return outcome

    def do_use(self):
        info = bytearray(struct.pack("=I", LEASE_INFO_SIZE) + bytes(LEASE_INFO_SIZE - 4))
        try:
            fcntl.ioctl(self.lease, LEASE_GET_INFO, info)
        except OSError as error:
            return errno.errorcode[error.errno]
        return "0"

    def do_give(self, path):
        """The connection, to whoever takes it. It stays ours, too."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o777)
            listener.listen()
            other, _ = listener.accept()
            socket.send_fds(other, [b"x"], [self.client.sock.fileno()])
            other.recv(1)
        return "given"

    def do_take(self, path):
        with socket.socket(socket.AF_UNIX) as giver:
            while giver.connect_ex(path):    # not there, or nobody listens yet
                time.sleep(0.1)
            _, fds, _, _ = socket.recv_fds(giver, 1, 1)
            giver.send(b"x")
        self.client = Client(socket.socket(fileno=fds[0]))
        return "taken"

    def do_child(self):
        """Another one takes over: we stay, and wait for its end."""
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return f"reaped {child}"
        return None


def puppet(folder, name):
    doll = Puppet()
    while True:
        with open(f"{folder}/{name}.in") as orders:
            words = orders.read().split()
        if words == ["quit"]:
            break
        answer = getattr(doll, "do_" + words[0])(*words[1:])
        if answer:
            with open(f"{folder}/{name}.out", "w") as answers:
                print(answer, file=answers)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

# SPDX-License-Identifier: ISC
"""A TURN client that can be told to misbehave: for the relay's tests.

It encodes by itself and shares nothing with what it tests.  Addresses are (text, port).
"""
import binascii
import ctypes
import hashlib
import hmac
import ipaddress
import os
import select
import socket
import ssl
import struct
import threading
import time

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION, CHANNEL_BIND = 1, 3, 4, 6, 7, 8, 9
CONNECT, CONNECTION_BIND = 10, 11
REQUEST, INDICATION, SUCCESS, ERROR = 0, 1, 2, 3
NUMBERS = {
    "username": 0x0006, "integrity": 0x0008, "error": 0x0009, "unknown": 0x000A,
    "channel": 0x000C, "lifetime": 0x000D, "peer": 0x0012, "data": 0x0013, "realm": 0x0014,
    "nonce": 0x0015, "relayed": 0x0016, "family": 0x0017, "even": 0x0018,
    "transport": 0x0019, "fragment": 0x001A, "integrity256": 0x001C, "algorithm": 0x001D,
    "userhash": 0x001E, "mapped": 0x0020, "token": 0x0022, "connection": 0x002A, "more": 0x8000,
    "more_error": 0x8001, "algorithms": 0x8002, "icmp": 0x8004, "fingerprint": 0x8028,
}
NAMES = {number: name for name, number in NUMBERS.items()}


def inside(pid, make):
    """What ${make} makes, sockets mostly, in the network of that process."""
    made = []

    def run():
        with open(f"/proc/{pid}/ns/net") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000) == 0:
                made.append(make())
    t = threading.Thread(target=run)
    t.start()
    t.join()
    return made[0]


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def udp(host, port=0, room=1 << 21):
    s = socket.socket(family_of(host), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    s.bind((host, port))
    return s


def ready(s, seconds):
    """Is there something to read within the time?  Unlike select, for any number of files."""
    p = select.poll()
    p.register(s, select.POLLIN)
    return bool(p.poll(1000 * max(0, seconds)))


def hear(s, seconds=1.0):
    """One datagram and its sender, or (None, None)."""
    if not ready(s, seconds):
        return None, None
    p, who = s.recvfrom(65536)
    return p, who[:2]


def xored(where, tid):
    host, port = where
    at = ipaddress.ip_address(host)
    mask = struct.pack("!I", COOKIE) + tid
    return struct.pack("!HH", 1 if at.version == 4 else 2, port ^ COOKIE >> 16) + bytes(
        a ^ b for a, b in zip(at.packed, mask))


def unxored(p, tid):
    mask = struct.pack("!I", COOKIE) + tid
    at = bytes(a ^ b for a, b in zip(p[4:], mask))
    return str(ipaddress.ip_address(at)), struct.unpack("!H", p[2:4])[0] ^ COOKIE >> 16


def value(name, v, tid):
    """The bytes of an attribute from what a test likes to write."""
    if name == "peer":
        return xored(v, tid)
    if name == "channel":
        return struct.pack("!HH", v, 0)
    if name == "lifetime":
        return struct.pack("!I", v)
    if name in ("transport", "family", "more"):
        return bytes([v, 0, 0, 0])
    if name == "even":
        return bytes([v])
    return v.encode() if isinstance(v, str) else v


def attribute(name, v, tid):
    p = value(name, v, tid)
    number = NUMBERS.get(name, name)
    return struct.pack("!HH", number, len(p)) + p + bytes(-len(p) % 4)


def head(method, kind, length, tid):
    bits = method & 0xF | (method & 0x70) << 1 | (method & 0xF80) << 2
    return struct.pack("!HHI", bits | (kind & 1) << 4 | (kind & 2) << 7, length, COOKIE) + tid


def message(method, kind=REQUEST, attrs=(), key=None, sha256=False, after=(), tid=None,
            fingerprint=False):
    """${after}: attributes behind the signature, which nobody has signed."""
    tid = tid or os.urandom(12)
    body = b"".join(attribute(n, v, tid) for n, v in attrs)
    if key is not None:
        size = 32 if sha256 else 20
        mac = hmac.new(key, head(method, kind, len(body) + 4 + size, tid) + body,
                       "sha256" if sha256 else "sha1").digest()
        body += attribute("integrity256" if sha256 else "integrity", mac, tid)
    body += b"".join(attribute(n, v, tid) for n, v in after)
    if fingerprint:
        crc = binascii.crc32(head(method, kind, len(body) + 8, tid) + body) ^ 0x5354554E
        body += attribute("fingerprint", struct.pack("!I", crc), tid)
    return head(method, kind, len(body), tid) + body


class Answer:
    def __init__(self, p):
        bits, n, cookie = struct.unpack("!HHI", p[:8])
        assert cookie == COOKIE and n + 20 == len(p), "no STUN: " + p.hex()
        self.bytes = p
        self.tid = p[8:20]
        self.kind = bits >> 4 & 1 | bits >> 7 & 2
        self.method = bits & 0xF | bits >> 1 & 0x70 | bits >> 2 & 0xF80
        self.attrs, self.ends = [], {}
        at = 20
        while at < len(p):
            number, size = struct.unpack("!HH", p[at:at + 4])
            name = NAMES.get(number, number)
            self.ends[name] = at
            self.attrs.append((name, p[at + 4:at + 4 + size]))
            at += 4 + size + -size % 4

    def all(self, name):
        return [v for n, v in self.attrs if n == name]

    def get(self, name):
        v = self.all(name)
        return v[0] if v else None

    def addresses(self, name):
        return [unxored(v, self.tid) for v in self.all(name)]

    @property
    def code(self):
        """200 for success."""
        v = self.get("error")
        return v[2] * 100 + v[3] if v else 200 if self.kind == SUCCESS else 0

    def signed_by(self, key, sha256):
        name, size = ("integrity256", 32) if sha256 else ("integrity", 20)
        at = self.ends.get(name)
        if at is None:
            return False
        text = self.bytes[:2] + struct.pack("!H", at + 4 + size - 20) + self.bytes[4:at]
        return hmac.new(key, text, "sha256" if sha256 else "sha1").digest() == self.get(name)


class Client:
    def __init__(self, server, user="alice", password="secret", via="udp", local=None,
                 sha256=False, userhash=False, raw=None):
        self.server, self.user, self.password, self.via = server, user, password, via
        self.sha256, self.userhash = sha256, userhash
        self.realm = self.nonce = self.algorithms = None
        self.others, self.buffer = [], b""
        if raw is not None:
            self.s = raw
        elif via == "udp":
            self.s = udp(local or ("::" if ":" in server[0] else "0.0.0.0"))
            self.s.connect(server)
        else:
            self.s = socket.create_connection(server, 5, (local, 0) if local else None)
            self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if via == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.s = context.wrap_socket(self.s)

    def close(self):
        self.s.close()

    # --- bytes ---

    def put(self, p):
        if self.via == "udp":
            self.s.send(p)
        else:
            self.s.sendall(p + bytes(-len(p) % 4))

    def frame(self):
        """A whole message from what a stream has brought, or None."""
        if len(self.buffer) < 4:
            return None
        first, n = struct.unpack("!HH", self.buffer[:4])
        size, pad = (n + 4, -n % 4) if first >> 14 == 1 else (n + 20, 0)
        if len(self.buffer) < size + pad:
            return None
        p, self.buffer = self.buffer[:size], self.buffer[size + pad:]
        return p

    def hear(self, seconds=1.0):
        """The next message of any kind, or None; "" when the stream has ended."""
        end = time.monotonic() + seconds
        while True:
            if self.via != "udp":
                p = self.frame()
                if p is not None:
                    return p
            left = max(0, end - time.monotonic())
            waiting = self.via == "tls" and self.s.pending() > 0
            if not waiting and not ready(self.s, left):
                return None
            try:
                p = self.s.recv(65536)
            except (ConnectionError, ssl.SSLError):
                p = b""
            if self.via == "udp" or p == b"":
                return p
            self.buffer += p

    # --- requests ---

    def key(self):
        algorithm = "sha256" if self.algorithms is not None else "md5"
        return hashlib.new(algorithm, b":".join((
            self.user.encode(), self.realm, self.password.encode()))).digest()

    def signed(self, method, attrs=(), after=(), tid=None, fingerprint=False):
        if self.userhash:
            name = ("userhash", hashlib.sha256(self.user.encode() + b":" + self.realm).digest())
        else:
            name = ("username", self.user)
        attrs = list(attrs) + [name, ("realm", self.realm), ("nonce", self.nonce)]
        if self.algorithms is not None:
            attrs += [("algorithms", self.algorithms), ("algorithm", self.algorithms[:4])]
        return message(method, REQUEST, attrs, self.key(), self.sha256, after, tid, fingerprint)

    def learn(self, a):
        self.realm = a.get("realm") or self.realm
        self.nonce = a.get("nonce") or self.nonce
        self.algorithms = a.get("algorithms") if self.sha256 else None

    def exchange(self, p, tries=3, seconds=0.7):
        """The answer to a request, or None; what else comes meanwhile is kept in others."""
        for _ in range(tries):
            self.put(p)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                q = self.hear(end - time.monotonic())
                if q == b"":
                    return None
                if q is None:
                    break
                if q[0] >> 6 == 0 and q[8:20] == p[8:20]:
                    return Answer(q)
                self.others.append(q)
        return None

    def ask(self, method, attrs=(), **how):
        """The answer, after what 401 and 438 ask for."""
        if self.nonce is None:
            a = self.exchange(message(method, REQUEST, attrs))
            if a is None or a.code != 401:
                return a
            self.learn(a)
        a = self.exchange(self.signed(method, attrs, **how))
        if a is not None and a.code == 438:
            self.learn(a)
            a = self.exchange(self.signed(method, attrs, **how))
        return a

    def allocate(self, *more, **how):
        a = self.ask(ALLOCATE, [("transport", 17), *more], **how)
        self.relayed = a.addresses("relayed") if a is not None else []
        return a

    def permit(self, *peers):
        return self.ask(CREATE_PERMISSION, [("peer", p) for p in peers])

    def bind(self, number, peer):
        return self.ask(CHANNEL_BIND, [("channel", number), ("peer", peer)])

    def refresh(self, lifetime, *more):
        return self.ask(REFRESH, [("lifetime", lifetime), *more])

    def send(self, peer, data, *more):
        self.put(message(SEND, INDICATION, [("peer", peer), ("data", data), *more]))

    def channel(self, number, data):
        self.put(struct.pack("!HH", number, len(data)) + data)

    def data(self, seconds=1.0):
        """What a peer said: (number or address, payload), or (None, None)."""
        end = time.monotonic() + seconds
        while True:
            p = self.others.pop(0) if self.others else self.hear(
                max(0, end - time.monotonic()))
            if not p:
                return None, None
            if p[0] >> 6 == 1:
                number, n = struct.unpack("!HH", p[:4])
                return number, p[4:4 + n]
            a = Answer(p)
            if a.method == DATA and a.get("data") is not None:
                return a.addresses("peer")[0], a.get("data")


class Tap:
    """with tap("name"): assertions; the first that fails is told."""

    def __init__(self, prefix=""):
        self.prefix, self.failed = prefix, 0

    def __call__(self, name):
        self.name = self.prefix + name
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, e, trace):
        if kind is None:
            print("ok -", self.name, flush=True)
            return True
        if not issubclass(kind, Exception):
            return False
        self.failed += 1
        while trace.tb_next is not None and "assert" not in kind.__name__.lower():
            trace = trace.tb_next
        print("not ok -", self.name)
        print(f"{kind.__name__}, line {trace.tb_lineno}: {e}", flush=True)
        return True


def files(pid):
    """How many files a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_s(pid):
    """Seconds of processor time a process has had, kernel time counted."""
    with open(f"/proc/{pid}/stat") as f:
        v = f.read().rsplit(")", 1)[1].split()
    return (int(v[11]) + int(v[12])) / os.sysconf("SC_CLK_TCK")

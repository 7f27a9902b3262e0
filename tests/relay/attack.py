#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""attack.py PART RELAY-PID [ARG...]: those who mean no good, in the client's network.

Run by attack.sh, which draws the network; what it prints is TAP.
"""
import os
import random
import resource
import signal
import socket
import struct
import sys
import threading
import time

import turn
from turn import ALLOCATE, BINDING, CHANNEL_BIND, CREATE_PERMISSION, INDICATION, REFRESH, SEND

RELAY, RELAY6 = ("10.78.2.2", 3478), ("fd78:2::2", 3478)
PEER, PEER6 = "10.78.2.9", "fd78:2::9"
part, relay_pid = sys.argv[1], int(sys.argv[2])
more = sys.argv[3:]
tap = turn.Tap()


# --- what the relay costs ---

def rss_kb():
    """Resident memory; always 0 with a sanitizer, which keeps what was freed."""
    with open(f"/proc/{relay_pid}/status") as f:
        v = dict(line.split(":", 1) for line in f)
    return 0 if int(v["VmSize"].split()[0]) > 1 << 33 else int(v["VmRSS"].split()[0])


def in_relay(what):
    return turn.inside(relay_pid, what)


def echo_at(host, port=0):
    """Something that answers there, in the relay's network; its port."""
    s = in_relay(lambda: turn.udp(host, port))

    def run():
        while True:
            p, who = s.recvfrom(65536)
            s.sendto(p, who)
    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


def works(c, number=0x4000, n=5):
    """Does what is sent over a channel come back?"""
    for i in range(n):
        p = b"%d" % i + bytes(100)
        c.channel(number, p)
        if c.data()[1] != p:
            return False
    return True


def until(met, seconds=3):
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "not within time"
        time.sleep(0.05)


# --- floods ---

def flood():
    s = turn.udp("0.0.0.0")
    s.connect(RELAY)
    s.setblocking(False)
    asked = [turn.message(m, attrs=a) for m, a in (
        (ALLOCATE, [("transport", 17)]), (BINDING, []), (REFRESH, []), (CREATE_PERMISSION, []),
        (CHANNEL_BIND, []), (0x3F, []))]
    asked += [turn.message(SEND, INDICATION, [("peer", (PEER, 9)), ("data", b"x")]),
              turn.message(BINDING, turn.SUCCESS, [("mapped", bytes(8))]),
              turn.message(ALLOCATE, turn.ERROR, [("error", bytes([0, 0, 4, 1]))]),
              b"\x40\x00\x00\x04abcd", bytes(20), b"\x00", b"", bytes([0xFF]) * 1400]
    before, held, sent, got, n, answers = rss_kb(), turn.files(relay_pid), 0, 0, 0, 0
    over = 0
    end = time.monotonic() + 1
    while time.monotonic() < end:
        for p in asked + [os.urandom(random.randrange(1, 200))]:
            try:
                s.send(p)
                sent += len(p) + 28
                n += 1
            except OSError:
                pass
        while True:
            try:
                p = s.recv(4096)
            except OSError:
                break
            got += len(p) + 28
            answers += 1
            over += len(p) + 28 > 2 * (len(asked[0]) + 28)
    with tap(f"a flood of {n} messages by one source gets {answers} answers"):
        assert n > 3000 and 0 < answers < 900 and got < sent / 5 and over == 0
    with tap("what does not ask gets no answer"):
        quiet = turn.udp("0.0.0.0")
        quiet.connect(RELAY)
        for p in asked[5:]:
            quiet.send(p)
        assert turn.hear(quiet, 0.3) == (None, None)
    with tap("and costs the relay neither memory nor files"):
        assert turn.files(relay_pid) == held and rss_kb() - before < 1024
    with tap("a user is served in the midst of it"):
        stop = []

        def go_on():
            while not stop:
                for p in asked:
                    try:
                        s.send(p)
                    except OSError:
                        pass
        t = threading.Thread(target=go_on)
        t.start()
        try:
            c = turn.Client(RELAY, local="10.78.1.3")
            assert c.allocate().code == 200
            assert c.refresh(0).code == 200
        finally:
            stop.append(1)
            t.join()
    with tap("no answer is over twice the question, IPv4 and IPv6"):
        for where in (RELAY, RELAY6):
            for p in asked[:5]:
                c = turn.Client(where, local="10.78.1.4" if where is RELAY else None)
                c.put(p)
                q = c.hear(0.5)
                headers = 28 if where is RELAY else 48
                assert q is None or len(q) + headers <= 2 * (len(p) + headers), (p, q)


# --- sources that are not ours ---

def checksum(p):
    n = sum(struct.unpack(f"!{len(p) // 2}H", p))
    n = (n >> 16) + (n & 0xFFFF)
    return ~(n + (n >> 16)) & 0xFFFF


def spoof(raw, source, port, p):
    at, to = socket.inet_aton(source), socket.inet_aton(RELAY[0])
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(p), 0, 0, 64, 17, 0, at, to)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    raw.sendto(head + struct.pack("!HHHH", port, RELAY[1], 8 + len(p), 0) + p, RELAY)


def spoofed():
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    c = turn.Client(RELAY)
    c.learn(c.exchange(turn.message(ALLOCATE, attrs=[("transport", 17)])))
    signed = [c.signed(ALLOCATE, [("transport", 17)]) for _ in range(20)]
    before, held = rss_kb(), turn.files(relay_pid)
    for n in range(6000):
        where = f"198.18.{n >> 8 & 255}.{n & 255}"
        spoof(raw, where, 1024 + n % 60000,
              signed[n % 20] if n % 10 == 0 else turn.message(ALLOCATE, attrs=[("transport", 17)]))
    time.sleep(0.2)
    with tap("6,000 sources that are not there leave nothing in the relay"):
        assert turn.files(relay_pid) == held and rss_kb() - before < 1024, (turn.files(relay_pid) - held, rss_kb() - before)
    with tap("a nonce is good at one address only"):
        d = turn.Client(RELAY)
        a = d.exchange(c.signed(ALLOCATE, [("transport", 17)]))
        assert a.code == 438 and a.get("nonce") != c.nonce, a.code
        d = turn.Client(RELAY, local="10.78.1.3")
        assert d.exchange(c.signed(ALLOCATE, [("transport", 17)])).code == 438
        assert c.exchange(signed[0]).code == 200
        assert c.refresh(0).code == 200


# --- peers in disguise ---

def inside(v4, kinds):
    b = socket.inet_aton(v4)
    h = f"{b[0]:02x}{b[1]:02x}:{b[2]:02x}{b[3]:02x}"
    turned = socket.inet_ntop(socket.AF_INET6, bytes(12) + bytes(x ^ 255 for x in b))[2:]
    return [k.replace("H", h).replace("V", v4).replace("T", turned) for k in kinds]


DISGUISES = ("::ffff:V", "::V", "::ffff:0:V", "64:ff9b::V", "64:ff9b:1::V", "2002:H::1",
             "2001:0:H::1", "2001:0:808:808:0:0:T", "2001:db8::5efe:V", "2a00::5efe:V",
             "2a00::200:5efe:V")
HIDDEN = ("127.0.0.1", "10.78.2.2", "10.78.2.8", "169.254.169.254", "192.168.1.1", "224.0.0.1")
DENIED4 = ("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "255.255.255.255", "10.78.2.8",
           "10.78.2.255", "10.0.0.1", "172.16.0.1", "192.168.1.1",
           "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.5", "224.0.0.1",
           "239.255.255.250", "240.0.0.1")
DENIED6 = ("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd78:2::8", "ff02::1", "ff0e::1",
           "100::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1", "64:ff9b:1::1")


def disguises():
    port = echo_at("127.0.0.1", 7007)
    for host in ("::1", "10.78.2.2", "fd78:2::2", "10.78.2.8", "fd78:2::8"):
        echo_at(host, port)
    both = ((turn.Client(RELAY), 1, DENIED4),
            (turn.Client(RELAY6), 2, DENIED6 + tuple(
                x for v in HIDDEN for x in inside(v, DISGUISES))))
    for c, family, denied in both:
        with tap(f"IPv{4 if family == 1 else 6}: allocate"):
            assert c.allocate(("family", family)).code == 200
        with tap(f"none of {len(denied)} is permitted"):
            for peer in denied:
                a = c.permit((peer, port))
                assert a.code in (403, 443), (peer, a.code)
        with tap(f"no channel to any of {len(denied)}"):
            for i, peer in enumerate(denied):
                a = c.bind(0x4000 + i, (peer, port))
                assert a.code in (403, 443), (peer, a.code)
        with tap("nor when one that is allowed is named first"):
            good = (PEER if family == 1 else PEER6, 9)
            for peer in denied[:3]:
                assert c.permit(good, (peer, port)).code in (403, 443), peer
            c.send(good, b"x")
        with tap(f"nothing sent to any of {len(denied)} arrives"):
            for peer in denied:
                c.send((peer, port), b"x" * 32)
            assert c.data(0.3) == (None, None)
        with tap("nor over channels that do not exist"):
            for i in range(len(denied)):
                c.channel(0x4000 + i, b"y" * 32)
            assert c.data(0.2) == (None, None)
    with tap("the wrong family of a peer is 443"):
        assert both[0][0].permit((PEER6, 9)).code == 443
        assert both[1][0].permit((PEER, 9)).code == 443
    with tap("the relay itself, and its own service ports, are no peers"):
        c = both[0][0]
        for where in (3478, 443, 8443, 22, port):
            a = c.bind(0x4100, ("10.78.2.2", where))
            assert a.code == 403, (where, a.code)
        # its address alone may be permitted, for the relayed ports of others
        assert c.permit(("10.78.2.2", 0)).code == 200
        for where in (3478, 443, 8443, 22, port):
            c.send(("10.78.2.2", where), turn.message(BINDING))
        assert c.data(0.3) == (None, None)
    for c, _, _ in both:
        c.refresh(0)


# --- what was not signed, and what was signed before ---

def unsigned():
    c = turn.Client(RELAY)
    first = turn.message(ALLOCATE, attrs=[("transport", 17)])
    c.learn(c.exchange(first))
    signed = c.signed(ALLOCATE, [("transport", 17)])
    port = echo_at(PEER)
    with tap("what stands behind the signature does not count"):
        a = c.exchange(signed)
        assert a.code == 200
        relayed = a.addresses("relayed")
        assert c.ask(REFRESH, [], after=[("lifetime", 0)]).code == 200
        assert c.ask(CREATE_PERMISSION, [], after=[("peer", (PEER, port))]).code == 400
        a = c.ask(CREATE_PERMISSION, [("peer", (PEER, port))],
                  after=[("peer", ("127.0.0.1", port))])
        assert a.code == 200, a.code
        a = c.ask(CHANNEL_BIND, [("peer", (PEER, port))], after=[("channel", 0x4001)])
        assert a.code == 400, a.code
        a = c.ask(REFRESH, [], after=[(0x7FFF, b"strange")])
        assert a.code == 200, a.code
        assert c.ask(REFRESH, [], after=[("username", "bob")]).code == 200
    with tap("a request that comes again makes nothing again"):
        a = c.exchange(signed)
        assert a.code == 200 and a.addresses("relayed") == relayed
        assert c.exchange(c.signed(ALLOCATE, [("transport", 17)])).code == 437
    with tap("bytes that were changed on the way are not obeyed"):
        for i in range(20, len(signed) - 24):
            p = bytearray(c.signed(REFRESH, [("lifetime", 0)]))
            if i < len(p) - 24:
                p[i] ^= 1 << i % 8
                c.put(bytes(p))
        time.sleep(0.1)
        while c.hear(0.1):
            pass
        assert c.ask(REFRESH, []).code == 200
    with tap("a nonce that was made up, cut or is empty is stale"):
        good = c.nonce
        for bad in (good[:-1], good + b"A", b"", b"A" * len(good), good[:9] + b"AAAA" + good[13:],
                    bytes(len(good)), b"obMatJos2"):
            c.nonce = bad
            a = c.exchange(c.signed(REFRESH, []))
            assert a is not None and a.code == 438, (bad, a and a.code)
            c.nonce = good
    with tap("somebody else's signature on the same addresses is refused"):
        bob = turn.Client(RELAY, "bob", "builder", raw=c.s)
        bob.realm, bob.nonce = c.realm, c.nonce
        for method, attrs in ((REFRESH, [("lifetime", 0)]),
                              (CREATE_PERMISSION, [("peer", (PEER, port))]),
                              (CHANNEL_BIND, [("channel", 0x4002), ("peer", (PEER, port))])):
            a = bob.exchange(bob.signed(method, attrs))
            assert a.code == 441, (method, a.code)
        a = bob.exchange(bob.signed(ALLOCATE, [("transport", 17)]))
        assert a.code in (437, 441), a.code
    with tap("a wrong password, user or realm is 401 and ends nothing"):
        for user, word, realm in (("alice", "wrong", c.realm), ("nobody", "secret", c.realm),
                                  ("", "", c.realm), ("alice", "secret", b"other")):
            e = turn.Client(RELAY, user, word, raw=c.s)
            e.realm, e.nonce = realm, c.nonce
            a = e.exchange(e.signed(REFRESH, [("lifetime", 0)]))
            assert a.code == 401 and not a.signed_by(e.key(), False), (user, a.code)
        assert c.ask(REFRESH, []).code == 200
    with tap("an answer is signed as the request was"):
        a = c.ask(REFRESH, [])
        assert a.signed_by(c.key(), False)
        d = turn.Client(RELAY, sha256=True, userhash=True)
        a = d.allocate()
        assert a.code == 200 and a.signed_by(d.key(), True) and not a.get("integrity")
        assert d.refresh(0).code == 200
    with tap("to offer a weaker digest than was offered is refused"):
        d = turn.Client(RELAY, sha256=True)
        d.learn(d.exchange(first))
        weaker = d.algorithms
        d.algorithms = struct.pack("!HH", 1, 0) + weaker
        a = d.exchange(d.signed(ALLOCATE, [("transport", 17)]))
        assert a.code in (400, 401), a.code
    with tap("a stranger cannot end what another address holds"):
        d = turn.Client(RELAY)
        a = d.ask(REFRESH, [("lifetime", 0)])
        assert a.code == 437, a.code
        assert c.ask(REFRESH, []).code == 200
    with tap("a peer without a permission is not heard"):
        relay_port = relayed[0][1]
        s = in_relay(lambda: turn.udp("10.78.2.8"))
        s.sendto(b"hello", ("10.78.2.2", relay_port))
        assert c.data(0.2) == (None, None)
    c.refresh(0)


# --- too many ---

def quotas():
    """per-user 5, per-source 8, total 10."""
    made = []

    def one(user, local, want):
        c = turn.Client(RELAY, user, {"alice": "secret", "bob": "builder", "carol": "c"}[user],
                        local=local)
        a = c.allocate()
        assert a.code == want, (user, local, a.code)
        if want == 200:
            made.append(c)
        return c
    here, there = "10.78.1.2", "10.78.1.3"
    with tap("a user has no more than his share"):
        for _ in range(5):
            one("alice", here, 200)
        one("alice", here, 486)
        one("alice", there, 486)
    with tap("nor has a source"):
        for _ in range(3):
            one("bob", here, 200)
        one("bob", here, 486)
        one("carol", here, 486)
    with tap("nor have all together"):
        for _ in range(2):
            one("bob", there, 200)
        one("carol", there, 486)
        a = turn.Client(RELAY6, "carol", "c").allocate()
        assert a.code == 486, a.code
    with tap("who asks again and again takes nobody's share"):
        for _ in range(30):
            one("carol", there, 486)
    with tap("what is given back can be had"):
        made.pop().refresh(0)
        one("carol", there, 200)
        one("carol", there, 486)
        for c in made:
            assert c.refresh(0).code == 200
        made.clear()
        for _ in range(5):
            one("alice", there, 200)
    with tap("what is asked wrongly takes nobody's share"):
        c = turn.Client(RELAY, "bob", "builder")
        assert c.ask(ALLOCATE, [("transport", 99)]).code == 442
        for attrs in ([], [("transport", 99)], [("transport", 17), ("family", 9)],
                      [("transport", 17), ("even", 0x80), ("token", bytes(8))],
                      [("transport", 17), ("token", bytes(8))]):
            for _ in range(4):
                a = c.ask(ALLOCATE, attrs)
                assert a.code in (400, 440, 442, 508), a.code
        for _ in range(5):
            one("bob", there if len(made) > 7 else here, 200)
    with tap("an allocation holds no more permissions and channels than it may"):
        c = made[0]
        codes = [c.bind(0x4000 + i, (PEER, 2000 + i)).code for i in range(66)]
        assert codes[:64] == [200] * 64 and codes[64:] == [508] * 2, codes
        a = c.permit(*((f"8.8.{i}.8", 0) for i in range(8)))
        assert a.code in (200, 400), a.code
        codes = [c.permit((f"8.9.{i}.8", 0)).code for i in range(140)]
        assert 508 in codes and codes.count(200) <= 127, codes
    for c in made:
        c.refresh(0)


def exhausted():
    """Four ports to relay from."""
    with tap("when ports run out the answer is 508"):
        v = [turn.Client(RELAY) for _ in range(6)]
        codes = [c.allocate().code for c in v]
        assert sorted(codes) == [200] * 4 + [508] * 2, codes
    with tap("and allocations go on"):
        port = echo_at(PEER)
        c = v[codes.index(200)]
        assert c.bind(0x4000, (PEER, port)).code == 200 and works(c)


# --- streams ---

def slow():
    held = turn.files(relay_pid)
    v = []
    for _ in range(300):
        v.append(socket.create_connection(RELAY))
    for i, s in enumerate(v):
        s.send((b"", b"\x00", b"\x16\x03\x01", b"\x00\x03\x00\x08!")[i % 4])
    with tap("beside 300 connections that say nothing a user is served"):
        port = echo_at(PEER)
        c = turn.Client(RELAY, via="tcp")
        assert c.allocate().code == 200 and c.bind(0x4000, (PEER, port)).code == 200 and works(c)
    for s in v[:200]:
        s.shutdown(socket.SHUT_WR)
    for s in v[200:]:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    time.sleep(0.2)
    busy = turn.cpu_s(relay_pid)
    time.sleep(0.5)
    with tap("those who hang up cost no time afterwards"):
        assert turn.cpu_s(relay_pid) - busy < 0.1, turn.cpu_s(relay_pid) - busy
    with tap("and no files"):
        until(lambda: turn.files(relay_pid) <= held + 4)
    with tap("one source has not all the connections there are"):
        few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        v = [socket.create_connection(RELAY) for _ in range(3000)]
        time.sleep(0.1)
        kept = turn.files(relay_pid) - held
        assert 1000 < kept < 2500, kept
        d = turn.Client(RELAY, via="tcp", local="10.78.1.3")
        assert d.allocate().code == 200 and d.refresh(0).code == 200
        for s in v:
            s.close()
        until(lambda: turn.files(relay_pid) <= held + 5)
        d = turn.Client(RELAY, via="tcp")
        assert d.allocate().code == 200 and d.refresh(0).code == 200
    with tap("a connection that brings no TURN is ended at once"):
        for p in (b"GET / HTTP/1.0\r\n\r\n", b"\x80" * 40,
                  b"\x00\x01\xff\xfc!\x12\xa4B" + bytes(40),
                  b"\x00\x01\x00\x03!\x12\xa4B" + bytes(40), b"\xc0" * 10):
            s = socket.create_connection(RELAY)
            s.settimeout(2)
            s.send(p)
            try:
                assert s.recv(100) == b"", p
            except ConnectionError:
                pass
    with tap("a request byte by byte is understood"):
        d = turn.Client(RELAY, via="tcp")
        p = turn.message(ALLOCATE, attrs=[("transport", 17)])
        for b in p[:-1]:
            d.s.send(bytes([b]))
        assert d.hear(0.1) is None
        d.s.send(p[-1:])
        a = turn.Answer(d.hear())
        assert a.code == 401
        d.learn(a)
        # two requests and data of a channel in one piece
        both = d.signed(ALLOCATE, [("transport", 17)])
        d.put(both + d.signed(CHANNEL_BIND, [("channel", 0x4000), ("peer", (PEER, port))]) +
              struct.pack("!HH", 0x4000, 5) + b"abcde\0\0\0")
        assert turn.Answer(d.hear()).code == 200 and turn.Answer(d.hear()).code == 200
        assert d.data() == (0x4000, b"abcde")
    with tap("who does not read what he is sent slows nobody and costs little"):
        before = rss_kb()
        peer = in_relay(lambda: turn.udp(PEER))
        e = turn.Client(RELAY, via="tcp")
        e.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        a = e.allocate()
        assert a.code == 200 and e.permit((PEER, 0)).code == 200
        for _ in range(15000):
            peer.sendto(bytes(1200), e.relayed[0])
        assert works(c)
        assert rss_kb() - before < 2048, rss_kb() - before
        e.close()
    with tap("an allocation ends with its connection"):
        n = turn.files(relay_pid)
        c.close()
        d.close()
        time.sleep(0.2)
        assert turn.files(relay_pid) <= n - 2, (n, turn.files(relay_pid))


# --- TCP to peers (RFC 6062) ---

def tcp_at(host, port, serve):
    """Somebody who accepts connections there, and does ${serve} with each."""
    s = in_relay(lambda: socket.create_server((host, port), family=turn.family_of(host)))

    def run():
        while True:
            c, _ = s.accept()
            threading.Thread(target=serve, args=(c,), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return s.getsockname()[1]


def back(c):
    """Send back what comes."""
    while p := c.recv(65536):
        c.sendall(p)
    c.close()


def endless(c):
    try:
        while True:
            c.sendall(bytes(65536))
    except OSError:
        pass


def allocate_tcp(**how):
    c = turn.Client(RELAY, via="tcp", **how)
    a = c.ask(ALLOCATE, [("transport", 6)])
    assert a.code == 200, a.code
    return c


def connect(c, peer):
    return c.ask(turn.CONNECT, [("peer", peer)])


def join(c, number, user="alice", password="secret", via="tcp"):
    """A stream of ${user} that names the connection; the answer's code."""
    d = turn.Client((RELAY[0], 443) if via == "tls" else RELAY, user, password, via=via)
    return d, d.ask(turn.CONNECTION_BIND, [("connection", number)]).code


def links():
    port = tcp_at(PEER, 0, back)
    for host in ("127.0.0.1", "10.78.2.2", "10.78.2.8"):
        tcp_at(host, port, back)
    c = allocate_tcp()
    with tap(f"TCP to none of {len(DENIED4)}, nor to the relay itself"):
        for peer in (*DENIED4, "10.78.2.2"):
            for where in (port, 443, 3478):
                a = connect(c, (peer, where))
                assert a.code in (400, 403), (peer, where, a.code)
        assert connect(c, (PEER, 0)).code in (400, 403)
        for peer in ("::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"):
            assert connect(c, (peer, port)).code in (403, 443), peer
    with tap("who refuses is told as 447, and can be tried again"):
        for _ in range(3):
            assert connect(c, (PEER, 9)).code == 447
    with tap("a connection is for its user, once, and for who knows its number"):
        a = connect(c, (PEER, port))
        assert a.code == 200, a.code
        number = a.get("connection")
        assert connect(c, (PEER, port)).code == 446
        assert join(c, number, "bob", "builder")[1] in (400, 441)
        for i in range(32):
            n = struct.pack("!I", struct.unpack("!I", number)[0] ^ 1 << i)
            assert join(c, n)[1] == 400, i
        u = turn.Client(RELAY)
        assert u.ask(turn.CONNECTION_BIND, [("connection", number)]).code == 400
        d, code = join(c, number)
        assert code == 200, code
        assert join(c, number)[1] == 400
    for via in ("tcp", "tls"):
        with tap(f"a megabyte there and back, {via}"):
            if via == "tls":
                d, code = join(c, connect(c, (PEER, port)).get("connection"), via=via)
                assert code == 200, code
            p, got = os.urandom(1 << 20), b""
            threading.Thread(target=d.s.sendall, args=(p,), daemon=True).start()
            while len(got) < len(p) and turn.ready(d.s, 2):
                got += d.s.recv(65536)
            assert got == p, len(got)
            d.close()
            time.sleep(0.1)
    with tap("who does not read what a peer sends without end costs little"):
        lot = tcp_at(PEER, 0, endless)
        before = rss_kb()
        v = []
        for _ in range(4):
            e = allocate_tcp()
            v.append((e, join(e, connect(e, (PEER, lot)).get("connection"))[0]))
        time.sleep(0.5)
        busy = turn.cpu_s(relay_pid)
        time.sleep(0.5)
        assert rss_kb() - before < 2048, rss_kb() - before
        assert turn.cpu_s(relay_pid) - busy < 0.1, turn.cpu_s(relay_pid) - busy
    with tap("and is let go of with its allocation"):
        n = turn.files(relay_pid)
        for e, _ in v:
            e.close()
        until(lambda: turn.files(relay_pid) <= n - 12)
        for _, d in v:
            d.s.settimeout(2)
            while d.s.recv(1 << 20):
                pass
    with tap("connections that nobody takes are held no longer than their allocation"):
        e = allocate_tcp()
        ports = [tcp_at(PEER, 0, back) for _ in range(20)]
        n = turn.files(relay_pid)
        assert all(connect(e, (PEER, where)).code == 200 for where in ports)
        assert turn.files(relay_pid) >= n + 20
        e.close()
        until(lambda: turn.files(relay_pid) <= n)


# --- reload, drain, the end ---

def under_load():
    port = echo_at(PEER)
    v = [turn.Client(RELAY, via=via) for via in ("udp", "tcp", "udp")]
    for c in v:
        assert c.allocate().code == 200 and c.bind(0x4000, (PEER, port)).code == 200
        c.got = set()
    stop = time.monotonic() + 1.2
    n, reloads, fresh = 0, 0, 0
    while time.monotonic() < stop:
        for c in v:
            c.channel(0x4000, struct.pack("!I", n) + bytes(160))
        n += 1
        time.sleep(0.001)
        if n % 80 == 0:
            os.kill(relay_pid, signal.SIGHUP)
            reloads += 1
            d = turn.Client(RELAY, "bob", "builder")
            fresh += d.allocate().code == 200 and d.refresh(0).code == 200
        for c in v:
            while (p := c.data(0)[1]) is not None:
                c.got.add(p[:4])
    time.sleep(0.1)
    with tap(f"{reloads} reloads under load lose none of {n} packets each way"):
        for c in v:
            while (p := c.data(0.1)[1]) is not None:
                c.got.add(p[:4])
            assert len(c.got) == n, (c.via, n - len(c.got))
    with tap("and new allocations are made meanwhile"):
        assert fresh == reloads > 3, (fresh, reloads)
    for c in v:
        c.refresh(0)


def purge(config):
    """What a reload denies is cut off."""
    port = echo_at(PEER)
    c = turn.Client(RELAY)
    with tap("a peer denied by a reload is cut off"):
        assert c.allocate().code == 200
        assert c.bind(0x4000, (PEER, port)).code == 200 and works(c)
        with open(config) as f:
            text = f.read()
        with open(config, "w") as f:
            f.write(text.replace("allow:", f"deny: [{PEER}]\n  allow:"))
        os.kill(relay_pid, signal.SIGHUP)
        until(lambda: c.permit((PEER, port)).code == 403)
        c.channel(0x4000, b"x")
        c.send((PEER, port), b"x")
        assert c.data(0.2) == (None, None)
    with tap("and can be had again when it is allowed again"):
        with open(config, "w") as f:
            f.write(text)
        os.kill(relay_pid, signal.SIGHUP)
        until(lambda: c.permit((PEER, port)).code == 200)
        assert c.bind(0x4000, (PEER, port)).code == 200 and works(c)
    c.refresh(0)


def drain():
    port = echo_at(PEER)
    c = turn.Client(RELAY)
    assert c.allocate().code == 200 and c.bind(0x4000, (PEER, port)).code == 200
    os.kill(relay_pid, signal.SIGUSR1)
    time.sleep(1.1)
    with tap("a relay that drains takes no new allocations"):
        assert turn.Client(RELAY).allocate().code == 508
        assert turn.Client(RELAY, via="tcp").allocate().code == 508
    with tap("and keeps those it has"):
        assert works(c) and c.refresh(600).code == 200
        assert c.bind(0x4001, (PEER, port + 1)).code == 200


def killed():
    """kill -9 in the middle of it, and what is started again is as good as new."""
    port = echo_at(PEER)
    c = turn.Client(RELAY)
    assert c.allocate().code == 200 and c.bind(0x4000, (PEER, port)).code == 200
    for _ in range(200):
        c.channel(0x4000, bytes(100))
    os.kill(relay_pid, signal.SIGKILL)
    open(more[0], "w").close()	# now it may be started again
    end = time.monotonic() + 3
    while not os.path.exists(more[1]) and time.monotonic() < end:
        time.sleep(0.02)
    with tap("after kill -9 and a start the same client calls again"):
        while c.data(0)[0] is not None:
            pass
        # what was is not known, its nonce is stale, and the same addresses can be used
        assert c.refresh(600).code == 437
        assert c.allocate().code == 200 and c.bind(0x4000, (PEER, port)).code == 200 and works(c)


PARTS = {f.__name__: f for f in (flood, spoofed, disguises, unsigned, quotas, exhausted, slow,
                                 links, under_load, drain, killed)}
if part == "purge":
    purge(*more)
else:
    PARTS[part]()
os._exit(tap.failed > 0)

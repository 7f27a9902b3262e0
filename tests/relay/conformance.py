#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""conformance.py TIER FAR-PID RELAY-PID [kill]: RFC 8489 and 8656 as a client sees them.

Run by conformance.sh in the client's network; the peers are in that of FAR-PID.  The same for
every tier, which only goes in front of the names.  What it prints is TAP.
"""
import itertools
import os
import signal
import socket
import struct
import sys
import time

import turn
from turn import (ALLOCATE, BINDING, CHANNEL_BIND, CREATE_PERMISSION, INDICATION, REFRESH,
                  REQUEST)

tier, far_pid, relay_pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tap = turn.Tap(tier + ": ")
HOST = {4: "10.78.2.2", 6: "fd78:2::2"}
FAR = {4: "10.78.3.2", 6: "fd78:3::2"}
NOBODY = {4: "10.78.3.3", 6: "fd78:3::3"}	# allowed, and not there
FAMILY = {4: 1, 6: 2}
UDP = ("transport", 17)
RECVTTL, RECVTOS = 12, 13			# IP_RECVTTL, IP_RECVTOS
PORTS = {"udp": 3478, "tcp": 3478, "tls": 443}


def client(via="udp", v=4, **how):
    return turn.Client((HOST[v], PORTS[via]), via=via, **how)


def far(v, port=0):
    s = turn.inside(far_pid, lambda: turn.udp(FAR[v], port))
    level, name = (socket.IPPROTO_IP, RECVTTL) if v == 4 else (
        socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT)
    s.setsockopt(level, name, 1)
    level, name = (socket.IPPROTO_IP, RECVTOS) if v == 4 else (
        socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS)
    s.setsockopt(level, name, 1)
    s.settimeout(1)
    return s


def name_of(s):
    return s.getsockname()[:2]


def heard(s):
    """Payload, sender, TTL, TOS."""
    p, ancillary, _, who = s.recvmsg(65536, 256)
    ttl = tos = None
    for level, kind, v in ancillary:
        n = v[0] if len(v) < 4 else struct.unpack("i", v)[0]
        if kind in (socket.IP_TTL, socket.IPV6_HOPLIMIT) and level in (0, 41):
            if (level, kind) in ((0, socket.IP_TTL), (41, socket.IPV6_HOPLIMIT)):
                ttl = n
        if (level, kind) in ((0, socket.IP_TOS), (41, socket.IPV6_TCLASS)):
            tos = n
    return p, who[:2], ttl, tos


def mark(s, v, ttl, tos):
    rows = ((0, socket.IP_TTL, ttl), (0, socket.IP_TOS, tos)) if v == 4 else (
        (41, socket.IPV6_UNICAST_HOPS, ttl), (41, socket.IPV6_TCLASS, tos))
    for row in rows:
        s.setsockopt(*row)


def silent(s, seconds=0.15):
    s.settimeout(seconds)
    try:
        p = s.recv(65536)
    except TimeoutError:
        p = None
    s.settimeout(1)
    assert p is None, p


# --- requests and their answers: what, method, attributes, code ---

PEER, STRANGE = (FAR[4], 5000), (0x7FFE, b"what")
WITHOUT = (
    ("Refresh", REFRESH, [], 437),
    ("CreatePermission", CREATE_PERMISSION, [("peer", PEER)], 437),
    ("ChannelBind", CHANNEL_BIND, [("channel", 0x4000), ("peer", PEER)], 437),
    ("Allocate without a transport", ALLOCATE, [], 400),
    ("Allocate of TCP, which is off", ALLOCATE, [("transport", 6)], 442),
    ("Allocate of another transport", ALLOCATE, [("transport", 132)], 442),
    ("Allocate of no family there is", ALLOCATE, [UDP, ("family", 3)], 440),
    ("Allocate of one family and of two", ALLOCATE, [UDP, ("family", 1), ("more", 2)], 400),
    ("Allocate of IPv4 as the other one", ALLOCATE, [UDP, ("more", 1)], 400),
    ("a token and an even port", ALLOCATE, [UDP, ("token", bytes(8)), ("even", 0)], 400),
    ("a token and a family", ALLOCATE, [UDP, ("token", bytes(8)), ("family", 1)], 400),
    ("two families and a reserved port", ALLOCATE, [UDP, ("more", 2), ("even", 0x80)], 400),
    ("a token nobody gave", ALLOCATE, [UDP, ("token", b"\0\0\1abcde")], 508),
    ("Allocate with something strange", ALLOCATE, [UDP, STRANGE], 420),
)
WITH = (
    ("Allocate again", ALLOCATE, [UDP], 437),
    ("Refresh", REFRESH, [], 200),
    ("Refresh of its family", REFRESH, [("family", 1)], 200),
    ("Refresh of the other family", REFRESH, [("family", 2)], 443),
    ("Refresh of no family there is", REFRESH, [("family", 7)], 443),
    ("Refresh with something strange", REFRESH, [STRANGE], 420),
    ("Refresh with something optional", REFRESH, [(0xC0DE, b"what")], 200),
    ("CreatePermission of nobody", CREATE_PERMISSION, [], 400),
    ("CreatePermission of three", CREATE_PERMISSION,
     [("peer", PEER), ("peer", (NOBODY[4], 0)), ("peer", PEER)], 200),
    ("CreatePermission of IPv6", CREATE_PERMISSION, [("peer", (FAR[6], 1))], 443),
    ("CreatePermission of who is denied", CREATE_PERMISSION, [("peer", ("10.0.0.1", 1))], 403),
    ("ChannelBind without a number", CHANNEL_BIND, [("peer", PEER)], 400),
    ("ChannelBind without a peer", CHANNEL_BIND, [("channel", 0x4000)], 400),
    ("a number below", CHANNEL_BIND, [("channel", 0x3FFF), ("peer", PEER)], 400),
    ("a number above", CHANNEL_BIND, [("channel", 0x8000), ("peer", PEER)], 400),
    # RFC 8656 ends at 0x4fff; clients of RFC 5766 choose any number up to here
    ("a number of old clients", CHANNEL_BIND, [("channel", 0x7FFF), ("peer", (FAR[4], 4999))], 200),
    ("the last number", CHANNEL_BIND, [("channel", 0x4FFF), ("peer", PEER)], 200),
    ("the same again", CHANNEL_BIND, [("channel", 0x4FFF), ("peer", PEER)], 200),
    ("its number for another peer", CHANNEL_BIND,
     [("channel", 0x4FFF), ("peer", (FAR[4], 5001))], 400),
    ("its peer by another number", CHANNEL_BIND, [("channel", 0x4FFE), ("peer", PEER)], 400),
    ("ChannelBind of IPv6", CHANNEL_BIND, [("channel", 0x4001), ("peer", (FAR[6], 1))], 443),
    ("ChannelBind of who is denied", CHANNEL_BIND,
     [("channel", 0x4001), ("peer", ("127.0.0.1", 1))], 403),
)


def answers():
    for rows, via in itertools.product((WITHOUT, WITH), ("udp", "tls")):
        c = client(via)
        c.learn(c.exchange(turn.message(ALLOCATE, attrs=[UDP])))
        with tap(f"{len(rows)} requests with{'' if rows is WITH else 'out'} an allocation, {via}"):
            assert rows is WITHOUT or c.allocate().code == 200
            for what, method, attrs, code in rows:
                a = c.ask(method, attrs)
                assert a.code == code, f"{what}: {a.code}, not {code}"
                assert a.signed_by(c.key(), False), what + " is not signed"
                assert code != 420 or a.get("unknown") == b"\x7f\xfe", a.get("unknown")
        c.close()


def binding():
    with tap("Binding tells where we are, by UDP, TCP and TLS, IPv4 and IPv6"):
        for via, v in itertools.product(PORTS, (4, 6)):
            c = client(via, v)
            for print_it in (False, True):
                a = c.exchange(turn.message(BINDING, fingerprint=print_it))
                assert a.code == 200 and a.addresses("mapped") == [name_of(c.s)], (via, v)
            c.put(turn.message(BINDING, INDICATION))
            assert c.hear(0.05) is None
            a = c.exchange(turn.message(BINDING, REQUEST, [STRANGE]))
            assert a.code == 420 and a.get("unknown") == b"\x7f\xfe"
            c.close()


def credentials():
    with tap("a challenge has a realm and a nonce and is not signed"):
        c = client()
        a = c.exchange(turn.message(ALLOCATE, attrs=[UDP]))
        assert a.code == 401 and a.get("realm") == b"example.org" and a.get("nonce")
        assert not a.get("integrity") and not a.get("integrity256")
        assert a.get("nonce").startswith(b"obMatJos2") and a.get("algorithms")
    for how in ({}, {"sha256": True}, {"sha256": True, "userhash": True}):
        with tap("signed by " + (" and ".join(how) or "SHA-1")):
            c = client(**how)
            a = c.allocate(fingerprint=True)
            assert a.code == 200 and a.signed_by(c.key(), "sha256" in how)
            assert a.get("fingerprint") and c.refresh(0).get("fingerprint") is None
    with tap("a nonce of another is stale, and the new one is good"):
        c = client()
        c.learn(c.exchange(turn.message(ALLOCATE, attrs=[UDP])))
        c.nonce = c.nonce[:-1] + bytes([c.nonce[-1] ^ 1])
        assert c.exchange(c.signed(ALLOCATE, [UDP])).code == 438
        assert c.allocate().code == 200


# --- allocations ---

def allocations():
    with tap("an allocation says where it is, who we are and for how long"):
        c = client()
        a = c.allocate()
        (host, port), = c.relayed
        assert host == HOST[4] and 49152 <= port <= 65535
        assert a.addresses("mapped") == [name_of(c.s)]
        assert a.get("lifetime") == struct.pack("!I", 600)
    with tap("its time is ours to choose, within limits"):
        for want, got in ((0xFFFFFFFF, 3600), (3000, 3000), (1, 600), (0, 0)):
            a = c.refresh(want)
            assert struct.unpack("!I", a.get("lifetime"))[0] == got, want
        assert c.refresh(600).code == 437
    with tap("the same request again gets the same answer"):
        c.nonce = None
        c.learn(c.exchange(turn.message(ALLOCATE, attrs=[UDP])))
        p = c.signed(ALLOCATE, [UDP, ("lifetime", 1800)])
        v = [c.exchange(p) for _ in range(3)]
        assert len({tuple(a.addresses("relayed")) for a in v}) == 1
        assert all(a.code == 200 for a in v)
        c.refresh(0)
    with tap("a family that is asked for"):
        for v, w in itertools.product((4, 6), (4, 6)):
            c = client(v=v)
            assert c.allocate(("family", FAMILY[w])).code == 200
            assert c.relayed[0][0] == HOST[w]
            c.refresh(0)
    with tap("both families at once, and each ends by itself"):
        c = client()
        assert c.allocate(("more", 2)).code == 200
        assert sorted(h for h, _ in c.relayed) == sorted(HOST.values())
        assert c.permit((FAR[4], 1), (FAR[6], 1)).code == 200
        assert c.refresh(0, ("family", 2)).code == 200
        assert c.permit((FAR[6], 1)).code == 443 and c.permit((FAR[4], 1)).code == 200
        assert c.refresh(0).code == 200 and c.refresh(600).code == 437
    with tap("even ports"):
        for _ in range(6):
            c = client()
            a = c.allocate(("even", 0))
            assert a.code == 200 and c.relayed[0][1] % 2 == 0 and not a.get("token")
            c.refresh(0)
    with tap("the port that was reserved"):
        c, d = client(), client("tcp")
        a = c.allocate(("even", 0x80))
        assert a.code == 200 and c.relayed[0][1] % 2 == 0 and len(a.get("token")) == 8
        e = turn.Client((HOST[4], 3478), "bob", "builder")
        assert e.allocate(("token", a.get("token"))).code == 508, "bob has it"
        assert d.allocate(("token", a.get("token"))).code == 200
        assert d.relayed[0] == (HOST[4], c.relayed[0][1] + 1)
        assert client().allocate(("token", a.get("token"))).code == 508
        c.refresh(0)
        d.refresh(0)
    with tap("DONT-FRAGMENT is done, or said not to be understood"):
        a = client().allocate(("fragment", b""))
        assert a.code == 200 or (a.code == 420 and a.get("unknown") == b"\0\x1a"), a.code
    with tap("another user cannot touch it, whoever asks from there"):
        c = client()
        assert c.allocate().code == 200
        bob = turn.Client(c.server, "bob", "builder", raw=c.s)
        assert bob.ask(REFRESH, [("lifetime", 0)]).code == 441
        assert c.refresh(0).code == 200


# --- data ---

SIZES = (0, 1, 2, 3, 4, 5, 160, 1199, 1200, 1400)


def both_ways(c, s, peer, number):
    """Send indications, then a channel; every size arrives as it was, both ways."""
    relayed = next(r for r in c.relayed if (":" in r[0]) == (":" in peer[0]))
    for how in ("send", "channel"):
        if how == "channel":
            assert c.bind(number, peer).code == 200
        for size in SIZES:
            p = os.urandom(size)
            c.send(peer, p) if how == "send" else c.channel(number, p)
            got, who, _, _ = heard(s)
            assert got == p and who == relayed, (how, size, len(got), who)
            p = os.urandom(size)
            s.sendto(p, relayed)
            got = c.data()
            assert got == (peer if how == "send" else number, p), (how, size, got[0])


def data():
    for via, v, w in itertools.product(PORTS, (4, 6), (4, 6)):
        with tap(f"data by {via}, IPv{v} to IPv{w}"):
            c, s = client(via, v), far(w)
            assert c.allocate(("family", FAMILY[w])).code == 200
            assert c.permit((FAR[w], 0)).code == 200
            both_ways(c, s, name_of(s), 0x4000 + w)
            c.close() if via != "udp" else c.refresh(0)
            s.close()


def bound(v=4, w=4, via="udp", number=0x4000):
    c, s = client(via, v), far(w)
    assert c.allocate(("family", FAMILY[w])).code == 200
    assert c.bind(number, name_of(s)).code == 200
    return c, s


def permissions():
    with tap("a permission is for an address, whatever the port"):
        c, s = client(), far(4)
        assert c.allocate().code == 200
        relayed = c.relayed[0]
        s.sendto(b"early", relayed)
        assert c.data(0.15) == (None, None)
        c.send(name_of(s), b"early")
        silent(s)
        assert c.permit((FAR[4], 9)).code == 200
        other = far(4)
        for x in (s, other):
            x.sendto(b"now", relayed)
            assert c.data() == (name_of(x), b"now")
            c.send(name_of(x), b"now")
            assert heard(x)[0] == b"now"
    with tap("a channel is for one port; others of the peer are told by their address"):
        assert c.bind(0x4001, name_of(s)).code == 200
        for x, told in ((s, 0x4001), (other, name_of(other))):
            x.sendto(b"which", relayed)
            assert c.data() == (told, b"which")
        c.send(name_of(s), b"by address")
        assert heard(s)[0] == b"by address"
    with tap("who has no permission is not heard, channel or not"):
        third = turn.inside(far_pid, lambda: turn.udp("10.78.3.4"))
        third.sendto(b"me too", relayed)
        assert c.data(0.15) == (None, None)
    with tap("after the end nothing passes"):
        assert c.refresh(0).code == 200
        s.sendto(b"late", relayed)
        c.channel(0x4001, b"late")
        assert c.data(0.15) == (None, None)
        silent(s)


def odd_data():
    c, s = bound()
    with tap("what stands behind the data of a datagram is not sent on"):
        c.put(struct.pack("!HH", 0x4000, 4) + b"datatail")
        assert heard(s)[0] == b"data"
    with tap("data that is cut, or of no channel, is dropped"):
        for p in (struct.pack("!HH", 0x4000, 5) + b"data", struct.pack("!HH", 0x4001, 4) + b"data",
                  b"\x40\x00\x00", b"\x40", struct.pack("!HH", 0x4FFF, 0),
                  struct.pack("!HH", 0x7000, 4) + b"data"):
            c.put(p)
        silent(s)
        assert c.hear(0.05) is None
    with tap("a Send indication without data, without a peer or with something strange, too"):
        peer, load = ("peer", name_of(s)), ("data", b"data")
        for attrs in ([peer], [load], [peer, load, STRANGE], [("peer", (FAR[4], 0)), load]):
            c.put(turn.message(turn.SEND, INDICATION, attrs))
        silent(s)
        assert c.hear(0.05) is None
    with tap("long datagrams come through in pieces, both ways"):
        s.setsockopt(0, 10, 0)			# IP_MTU_DISCOVER: may be fragmented
        c.s.setsockopt(0, 10, 0)
        for size in (1468, 1472, 1473, 4000, 9000):
            p = os.urandom(size)
            c.channel(0x4000, p)
            assert heard(s)[0] == p, size
            s.sendto(p, c.relayed[0])
            assert c.data() == (0x4000, p), size
    with tap("a peer that makes no checksums is heard"):
        s.setsockopt(socket.SOL_SOCKET, 11, 1)	# SO_NO_CHECK
        s.sendto(b"unsummed", c.relayed[0])
        assert c.data() == (0x4000, b"unsummed")
        c.s.setsockopt(socket.SOL_SOCKET, 11, 1)
        c.channel(0x4000, b"unsummed")
        assert heard(s)[0] == b"unsummed"
    c.refresh(0)


def headers():
    for v, w in itertools.product((4, 6), (4, 6)):
        with tap(f"TOS is copied and TTL one less, IPv{v} to IPv{w}"):
            c, s = bound(v, w)
            for tos in (0, 0xB8, 0x89, 0xBA):
                mark(c.s, v, 50, tos)
                for put in (lambda: c.channel(0x4000, b"x"),
                            lambda: c.send(name_of(s), b"x")):
                    put()
                    got = heard(s)
                    # the firewall is passed twice, too
                    assert got[2:] == (47, tos), (tos, got)
            level, name = ((0, RECVTTL), (41, socket.IPV6_RECVHOPLIMIT))[v == 6]
            c.s.setsockopt(level, name, 1)
            level, name = ((0, RECVTOS), (41, socket.IPV6_RECVTCLASS))[v == 6]
            c.s.setsockopt(level, name, 1)
            for tos in (0, 0xB8, 0x8A):
                mark(s, w, 40, tos)
                s.sendto(b"y", c.relayed[0])
                c.s.settimeout(1)
                got = heard(c.s)
                assert got[0][4:] == b"y" and got[2:] == (37, tos), (tos, got)
        with tap(f"what has had its hops ends here, IPv{v} to IPv{w}"):
            mark(c.s, v, 2, 0)
            c.channel(0x4000, b"z")
            silent(s)
            mark(s, w, 2, 0)
            s.sendto(b"z", c.relayed[0])
            assert c.data(0.15) == (None, None)
        c.s.setblocking(True)
        c.refresh(0)


def icmp():
    for v, w in ((4, 4), (4, 6), (6, 4), (6, 6)):
        for how in ("send", "channel"):
            with tap(f"a peer that is not there is told by ICMP, IPv{v} to IPv{w}, {how}"):
                c, s = bound(v, w)
                peer = name_of(s)
                s.close()
                c.send(peer, b"x") if how == "send" else c.channel(0x4000, b"x")
                end, found = time.monotonic() + 1, None
                while found is None and time.monotonic() < end:
                    p = c.hear(0.3)
                    if p and p[0] >> 6 == 0:
                        a = turn.Answer(p)
                        found = a.get("icmp") and (a.addresses("peer")[0], a.get("icmp")[2:4],
                                                   a.get("data"))
                kind = 3 << 9 | 3 if w == 4 else 1 << 9 | 4
                assert found, "not told"
                assert found[0] == peer and found[2] is None, found
                assert found[1] == struct.pack("!H", kind), found[1].hex()
                c.refresh(0)


def hairpin():
    for via, number in itertools.product(("udp", "tcp"), (None, 0x4000)):
        with tap(f"two clients of the relay by {'channels' if number else 'Send'}, {via}"):
            a, b = client(via), client("udp")
            for x in (a, b):
                assert x.allocate().code == 200
            for x, y in ((a, b), (b, a)):
                code = x.bind(number, y.relayed[0]) if number else x.permit(y.relayed[0])
                assert code.code == 200
            for x, y in ((a, b), (b, a)):
                for n in range(3):
                    p = os.urandom(100 + n)
                    x.channel(number, p) if number else x.send(y.relayed[0], p)
                    assert y.data() == (number or x.relayed[0], p)
            for x in (a, b):
                x.refresh(0)


def many():
    """Enough of it for the kernel's tiers to have moved the most; each stays with its own."""
    with tap("twenty clients at once, nothing lost and nothing mixed up"):
        v = [bound(4 + 2 * (i & 1), 4 + (i & 2)) for i in range(20)]
        for n in range(50):
            for i, (c, s) in enumerate(v):
                c.channel(0x4000, b"%60d up %60d" % (i, n))
                s.sendto(b"%60d down %60d" % (i, n), c.relayed[0])
        for i, (c, s) in enumerate(v):
            up = {heard(s)[0] for _ in range(50)}
            down = {c.data()[1] for _ in range(50)}
            assert up == {b"%60d up %60d" % (i, n) for n in range(50)}
            assert down == {b"%60d down %60d" % (i, n) for n in range(50)}
            assert c.refresh(0).code == 200


def killed():
    c, s = bound()
    with tap("nothing passes when the relay is dead"):
        for n in range(50):
            c.channel(0x4000, b"alive")
        assert heard(s)[0] == b"alive"
        os.kill(relay_pid, signal.SIGKILL)
        end = time.monotonic() + 5
        quiet = time.monotonic() + 0.5
        while time.monotonic() < min(end, quiet):
            try:
                c.channel(0x4000, b"dead")
            except ConnectionRefusedError:
                pass
            s.settimeout(0.02)
            try:
                if s.recv(100) == b"dead":
                    quiet = time.monotonic() + 0.5
            except TimeoutError:
                pass
        assert time.monotonic() < end, "still open"


PARTS = (answers, binding, credentials, allocations, data, permissions, odd_data, headers, icmp,
         hairpin, many)
for part in (killed,) if sys.argv[4:] else PARTS:
    part()
os._exit(0)

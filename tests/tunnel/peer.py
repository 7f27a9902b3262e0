# SPDX-License-Identifier: ISC
# Both ends of a call that knows nothing of relays.
#
#	peer.py far ADDRESS...			the far end: UDP 50123, TCP 17990
#	peer.py udp ADDRESS COUNT [SECONDS]	so many questions, by one socket; prints what came
#	peer.py two ADDRESS			two sockets; prints how many the far end saw
#	peer.py tcp ADDRESS MEGABYTES [PORT]	so much data, then an answer
import os
import socket
import sys
import threading
import time

UDP, TCP = 50123, 17990


def family(a):
    return socket.AF_INET6 if ":" in a else socket.AF_INET


def echo(a):
    s = socket.socket(family(a), socket.SOCK_DGRAM)
    s.bind((a, UDP))
    while True:
        data, who = s.recvfrom(65535)
        s.sendto(data + b" from %s" % repr(who[:2]).encode(), who)


def answer(c):
    want = int(c.recv(10))
    n = 0
    while n < want:
        data = c.recv(1 << 20)
        if not data:
            return
        n += len(data)
    c.sendall(b"got %d" % n)
    c.close()


def accept(a):
    s = socket.create_server((a, TCP), family=family(a), backlog=32)
    while True:
        threading.Thread(target=answer, args=(s.accept()[0],), daemon=True).start()


def far(*addresses):
    for a in addresses:
        threading.Thread(target=echo, args=(a,), daemon=True).start()
        threading.Thread(target=accept, args=(a,), daemon=True).start()
    time.sleep(120)


def udp(a, count, pause="0.02"):
    s = socket.socket(family(a), socket.SOCK_DGRAM)
    s.settimeout(0.1)
    got, gap, last, seen = 0, 0, time.time(), set()
    for i in range(int(count)):
        s.sendto(b"question %d" % i, (a, UDP))
        try:
            data, _ = s.recvfrom(2000)
        except OSError:
            continue
        seen.add(data.split(b" from ")[1])
        got += 1
        gap = max(gap, time.time() - last)
        last = time.time()
        time.sleep(float(pause))
    print("got %d of %d, seen as %d, gap %.1f" % (got, int(count), len(seen), gap))
    sys.exit(0 if got else 9)


def two(a):
    seen = []
    for _ in range(2):
        s = socket.socket(family(a), socket.SOCK_DGRAM)
        s.settimeout(3)
        s.sendto(b"question", (a, UDP))
        seen.append((s.recvfrom(2000)[0].split(b" from ")[1], s))
    print("seen as %d" % len({w for w, _ in seen}))


def tcp(a, megabytes, port=TCP):
    start = time.time()
    try:
        s = socket.create_connection((a, int(port)), timeout=8)
    except OSError as e:
        print("%s after %.1f" % (os.strerror(e.errno) if e.errno else e, time.time() - start))
        sys.exit(9)
    n = int(megabytes) * 1000000
    s.sendall(b"%10d" % n)
    block = b"x" * 1000000
    for _ in range(int(megabytes)):
        s.sendall(block)
    print(s.recv(100).decode())


globals()[sys.argv[1]](*sys.argv[2:])

# SPDX-License-Identifier: ISC
# Both ends of the bench of the tunnel.
#
#	tunnel.py far ADDRESS CERT KEY		TCP 17990, TLS 8443, UDP 50123
#	tunnel.py tcp ADDRESS MEGABYTES		so much by TCP; Mbit/s until it is confirmed
#	tunnel.py tls ADDRESS MEGABYTES		the same by TLS
#	tunnel.py udp ADDRESS SECONDS MBITS	datagrams of 1,200 bytes; Mbit/s that arrived
import socket
import ssl
import sys
import threading
import time

BLOCK = b"x" * 1000000
SIZE = 1200


def take(c):
    want, n = int(c.recv(10)), 0
    while n < want:
        n += len(c.recv(1 << 20))
    c.sendall(b"done")
    c.close()


def accept(s):
    while True:
        try:
            c = s.accept()[0]
        except OSError:
            continue
        threading.Thread(target=take, args=(c,), daemon=True).start()


def count(a):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((a, 50123))
    n, first, last = 0, 0, 0
    while True:
        data, who = s.recvfrom(2000)
        if data == b"how many":
            s.sendto(b"%d %f" % (n, max(last - first, 0.001)), who)
            continue
        last = time.monotonic()
        if data.startswith(b"begin"):
            n, first = 0, last
        n += 1


def far(a, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    tls = context.wrap_socket(socket.create_server((a, 8443)), server_side=True)
    threading.Thread(target=accept, args=(tls,), daemon=True).start()
    threading.Thread(target=accept, args=(socket.create_server((a, 17990)),), daemon=True).start()
    count(a)


def send(s, megabytes):
    start = time.monotonic()
    s.sendall(b"%10d" % (megabytes * len(BLOCK)))
    for _ in range(megabytes):
        s.sendall(BLOCK)
    if s.recv(10) != b"done":
        sys.exit("cut off")
    print("%.0f" % (megabytes * len(BLOCK) * 8 / 1e6 / (time.monotonic() - start)))


def tcp(a, megabytes):
    send(socket.create_connection((a, 17990)), int(megabytes))


def tls(a, megabytes):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    send(context.wrap_socket(socket.create_connection((a, 8443))), int(megabytes))


def udp(a, seconds, mbits):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1)
    s.connect((a, 50123))
    for _ in range(5):                  # the way is made before it is measured
        s.send(b"how many")
        try:
            s.recv(100)
            break
        except OSError:
            pass
    gap = SIZE * 8 / (float(mbits) * 1e6)
    start = time.monotonic()
    s.send(b"begin".ljust(SIZE, b"x"))
    data, n = BLOCK[:SIZE], 1
    while time.monotonic() < start + float(seconds):
        s.send(data)
        n += 1
        ahead = start + n * gap - time.monotonic()
        if ahead > 0.002:
            time.sleep(ahead)
    time.sleep(1)
    for _ in range(5):
        s.send(b"how many")
        try:
            got, took = s.recv(100).split()
            print("%.0f" % (int(got) * SIZE * 8 / 1e6 / float(took)))
            return
        except OSError:
            pass
    sys.exit("no answer")


globals()[sys.argv[1]](*sys.argv[2:])

# SPDX-License-Identifier: ISC
"""A service's server as strangers see it: server.py tcp:PORT tls:PORT stun:PORT drop:PORT ..."""
import os
import select
import socket
import ssl
import struct
import sys

COOKIE = 0x2112A442


def stun_answer(data, addr, lie):
    if len(data) < 20 or data[:2] != b"\x00\x01":
        return None
    ip = socket.inet_pton(socket.AF_INET6, addr[0])
    key = struct.pack("!I", COOKIE) + data[8:20]
    if ip[:12] == b"\x00" * 10 + b"\xff\xff":
        ip, family = ip[12:], 1
    else:
        family = 2
    value = struct.pack("!BBH", 0, family, addr[1] ^ (COOKIE >> 16))
    value += bytes(a ^ b for a, b in zip(ip, key))
    body = struct.pack("!HH", 0x0020, len(value)) + value
    if lie:                     # as after a gateway that changes addresses in packets
        body += struct.pack("!HHBBH", 0x0001, 8, 0, 1, addr[1]) + socket.inet_aton("198.51.100.99")
    return b"\x01\x01" + struct.pack("!H", len(body)) + data[4:20] + body


def listen(kind, port):
    udp = kind in ("stun", "lie", "drop")
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    if not udp:
        s.listen(64)
    return s


def serve_tls(context, conn):
    if os.fork() != 0:
        conn.close()
        return
    try:
        conn.settimeout(5)
        context.wrap_socket(conn, server_side=True).close()
    except OSError:
        pass
    os._exit(0)


def main():
    context = None
    if os.environ.get("CERT"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["CERT"])
    socks = {}
    for word in sys.argv[1:]:
        kind, port = word.split(":")
        socks[listen(kind, int(port))] = kind
    print("ready", flush=True)
    kept = []
    while True:
        for s in select.select(list(socks), [], [])[0]:
            kind = socks[s]
            if kind in ("stun", "lie", "drop"):
                data, addr = s.recvfrom(2048)
                answer = stun_answer(data, addr, kind == "lie") if kind != "drop" else None
                if answer:
                    s.sendto(answer, addr)
                continue
            conn = s.accept()[0]
            if kind == "tls":
                serve_tls(context, conn)
            elif kind == "cut":
                conn.close()
            else:
                kept = (kept + [conn])[-50:]


main()

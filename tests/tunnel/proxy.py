# SPDX-License-Identifier: ISC
# An HTTP proxy that knows CONNECT and Basic authentication: proxy.py ADDRESS PORT [NAME:PASSWORD]
import base64
import socket
import sys
import threading


def pump(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(c, want):
    head = b""
    while b"\r\n\r\n" not in head:
        data = c.recv(4096)
        if not data:
            return
        head += data
    lines = head.decode().split("\r\n")
    method, target, _ = lines[0].split(" ")
    if want is not None and "Proxy-Authorization: Basic " + want not in lines:
        c.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                  b"Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
        c.close()
        return
    if method != "CONNECT" or not target.endswith(":443"):
        c.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        c.close()
        return
    host, port = target.rsplit(":", 1)
    try:
        up = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
    except OSError:
        c.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        c.close()
        return
    up.settimeout(None)
    c.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=pump, args=(c, up), daemon=True).start()
    pump(up, c)


account = base64.b64encode(sys.argv[3].encode()).decode() if len(sys.argv) > 3 else None
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client, account), daemon=True).start()

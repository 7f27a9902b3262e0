# SPDX-License-Identifier: ISC
"""between.py KEY CERT PORT TO: somebody who opens TLS, reads it, and passes it on.

Listens on PORT of all addresses with that key and certificate, and talks TLS to TO,
without asking who answers there.  With "-" for KEY it passes bytes on unread.
"""
import select
import socket
import ssl
import sys
import threading

key, cert, port, to = sys.argv[1:]
server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
if key != "-":
    server.load_cert_chain(cert, key)


def take(s):
    """What is there; nothing when it ended."""
    data = s.recv(65536)
    while isinstance(s, ssl.SSLSocket) and s.pending():
        data += s.recv(65536)
    return data


def carry(a):
    """One connection, until either side ends it."""
    try:
        b = socket.create_connection((to, int(port)), 5)
        if key != "-":
            a = server.wrap_socket(a, server_side=True)
            b = client.wrap_socket(b)
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = take(s)
                if not data:
                    return
                (b if s is a else a).sendall(data)
    except OSError:
        pass
    finally:
        a.close()
        b.close()


listener = socket.create_server(("", int(port)))
print("ready", flush=True)
while True:
    threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

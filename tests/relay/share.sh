#!/bin/bash
# SPDX-License-Identifier: ISC
#
# One port for all: TURN over TCP and TLS, the responder's control channel, and a web server,
# told apart by the first bytes; and those who say nothing, or nonsense.
. tests/judges/net.sh
need python3 turnutils_uclient turnutils_peer
RELAY_CONFIG='allow: [10.78.2.9]
  web: 127.0.0.1:8444
  web-plain: 127.0.0.1:8081
  web-names: [www.example.org]'
relay ip addr add 10.78.2.9/24 dev r
client_word=$("$pinhole" keygen "$work/client.key") server_word=$("$pinhole" keygen "$work/key")
RELAY_TOP="clients: [$client_word]"
RELAY_PORT=443
start_relay
relay turnutils_peer -L 10.78.2.9 -p 3480 >/dev/null 2>&1 &
pids="$pids $!"
# a web server of both kinds, which says by which protocol it was asked
nsenter -t "$relay_net" -n -- "${PYTHON:-python3}" - "$work/tls.crt" "$work/tls.key" >"$work/web.log" 2>&1 <<'END' &
import http.server, ssl, sys, threading
class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (b"tls" if isinstance(self.connection, ssl.SSLSocket) else b"plain") + b" page" + b"." * 300000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
plain = http.server.ThreadingHTTPServer(("127.0.0.1", 8081), Web)
secret = http.server.ThreadingHTTPServer(("127.0.0.1", 8444), Web)
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain(sys.argv[1], sys.argv[2])
c.set_alpn_protocols(["http/1.1"])
secret.socket = c.wrap_socket(secret.socket, server_side=True)
threading.Thread(target=plain.serve_forever, daemon=True).start()
secret.serve_forever()
END
pids="$pids $!"
sleep 0.7

# ask WORDS: a client in Python, whose "ask" gives what came
ask() { client timeout 40 "${PYTHON:-python3}" - "$work/tls.crt" "$@" >"$out" 2>&1; }
ask <<'END'
import socket, ssl, sys, time
def raw():
    return socket.create_connection(("10.78.2.2", 443), 5)
def all_of(s):
    got = b""
    try:
        while part := s.recv(65536):
            got += part
    except (OSError, ssl.SSLError):
        pass
    return got
def web(s):
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = all_of(s).partition(b"\r\n\r\n")
    return body[:10].decode().rstrip("."), len(body)
def tls(alpn, name):
    c = ssl.create_default_context(cafile=sys.argv[1])
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE if name == "www.example.org" else ssl.CERT_REQUIRED
    if alpn:
        c.set_alpn_protocols(alpn)
    return c.wrap_socket(raw(), server_hostname=name)
print("http", *web(raw()))
print("browser", *web(tls(["h2", "http/1.1"], "relay.example.org")))
print("name", *web(tls(None, "www.example.org")))
binding = bytes.fromhex("000100002112a442") + b"twelve bytes"
for alpn in (None, ["stun.turn"]):
    s = tls(alpn, "relay.example.org")
    s.sendall(binding)
    print("turn", alpn, s.recv(100)[:2].hex())
s = raw()
s.sendall(binding)
print("stun", s.recv(100)[:2].hex())
# a hello, byte by byte
c = ssl.create_default_context()
c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
c.set_alpn_protocols(["http/1.1"])
i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
t = c.wrap_bio(i, o, server_hostname="relay.example.org")
try:
    t.do_handshake()
except ssl.SSLWantReadError:
    pass
s = raw()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for b in o.read():
    s.sendall(bytes([b]))
    time.sleep(0.001)
print("slowly", s.recv(1) == b"\x16")
for name, what in (("garbage", b"\x00\xffnonsense" * 20), ("endless", b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"\0" * 20000),
                   ("odd", b"\x80\x80\x80"), ("cut", b"\x16\x03\x01\x00\x05hello")):
    s = raw()
    s.settimeout(8)
    begun = time.time()
    try:
        s.sendall(what)
        got = s.recv(10)
    except ConnectionError:
        got = b""
    except TimeoutError:
        got = b"waits"
    print(name, got)
END
[ $? -eq 0 ] && ok 'clients of all kinds' || not_ok 'clients of all kinds' <"$out"
says 'HTTP is passed on' '^http plain page 300010$' "$out"
says 'a browser gets the web server' '^browser tls page 300008$' "$out"
says 'so does who asks for its name' '^name tls page 300008$' "$out"
says 'TLS without a protocol is TURN' "^turn None 0101" "$out"
says 'so is the protocol of its own' "^turn \['stun.turn'\] 0101" "$out"
says 'STUN without TLS' '^stun 0101' "$out"
says 'a hello byte by byte' '^slowly True' "$out"
for what in garbage endless odd; do
	says "$what is closed" "^$what b''" "$out"
done
client timeout 40 turnutils_uclient -u alice -w secret -c -n 10 -z 5 -X -t -S -p 443 -e 10.78.2.9 -r 3480 10.78.2.2 >"$out" 2>&1
says 'calls by TLS' 'Total lost packets 0 \(0\.0+%\)' "$out"
is 0 'the control channel' client timeout 60 "$pinhole" probe zoom --quick --ipv4 --via 10.78.2.2 \
    --key "$work/client.key" --peer-key "$server_word"
says 'all gets through' '^WORKS' "$out"

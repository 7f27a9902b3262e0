#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The relay's metrics: what a scraper gets, and what those get who are none.
. tests/judges/net.sh
need python3 turnutils_uclient turnutils_peer
RELAY_CONFIG='metrics: 127.0.0.1:9641
  allow: [10.78.2.9]'
relay ip addr add 10.78.2.9/24 dev r
start_relay
relay turnutils_peer -L 10.78.2.9 -p 3480 >/dev/null 2>&1 &
pids="$pids $!"
client timeout 40 turnutils_uclient -u alice -w secret -c -m 2 -n 20 -z 5 -X -e 10.78.2.9 -r 3480 10.78.2.2 >"$out" 2>&1
client timeout 20 turnutils_uclient -u alice -w secret -c -n 3 -X -e 127.0.0.1 -r 3480 10.78.2.2 >"$out" 2>&1
sleep 1.5
relay timeout 30 "${PYTHON:-python3}" - >"$out" 2>&1 <<'END'
import re, socket, time
def ask(request, wait=5, at_once=True):
    s = socket.create_connection(("127.0.0.1", 9641), wait)
    s.sendall(request)
    got = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                break
            got += part
    except (TimeoutError, ConnectionError):
        pass
    s.close()
    return got.decode()
head, body = ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").split("\r\n\r\n", 1)
print("status", head.split("\r\n")[0])
print("type", "text/plain; version=0.0.4" in head, int(re.search(r"Content-Length: (\d+)", head)[1]) == len(body))
types, values, last = {}, {}, None
for line in body.splitlines():
    if line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        assert name not in types, name
        types[name] = kind
        last = name
    elif line.startswith("# HELP "):
        assert line.split(" ", 3)[3].endswith(".")
    else:
        m = re.fullmatch(r"([a-z_]+)(\{[a-z]+=\"[^\"]+\"(?:,[a-z]+=\"[^\"]+\")*\})? (\d+)", line)
        assert m and m[1] == last, line
        values[m[1] + (m[2] or "")] = int(m[3])
assert all(k in ("gauge", "counter") for k in types.values())
assert all(n.endswith("_total") == (t == "counter") for n, t in types.items())
V = lambda name: values["pinhole_relay_" + name]
print("up and down", V('packets_total{direction="up"}') >= 40, V('packets_total{direction="down"}') >= 40)
print("allocated", V("allocated_total") >= 2, V('refused_total{reason="peer-denied"}') >= 1, V("workers") >= 1)
print("no names", "alice" not in body and "10.78" not in body)
for request in (b"GET / HTTP/1.1\r\n\r\n", b"POST /metrics HTTP/1.1\r\n\r\n", b"\x16\x03\x01\n", b"GET /metrics HTTP/9\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"x: y\r\n" * 1000):
    print("is", ask(request).split("\r\n")[0])
slow = []
for _ in range(40):
    s = socket.create_connection(("127.0.0.1", 9641), 5)
    s.sendall(b"GET /met")
    slow.append(s)
time.sleep(2.6)
print("slow ones", ask(b"GET /metrics HTTP/1.1\r\n\r\n").split("\r\n")[0])
END
[ $? -eq 0 ] && ok 'a scraper reads the page' || not_ok 'a scraper reads the page' <"$out"
says 'it is whole' '^type True True' "$out"
says 'what was relayed is counted' '^up and down True True' "$out"
says 'and what was made, and refused' '^allocated True True True' "$out"
says 'nobody is named' '^no names True' "$out"
for is in 404 405 400 431; do
	says "others get $is" "^is HTTP/1.1 $is " "$out"
done
says 'who says nothing is forgotten' '^slow ones HTTP/1.1 200 OK' "$out"

#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What strangers see of a responder, and what holds its clients.
. tests/probe/lib.sh
leaser=${BUILD:-$PWD/build}/tests/serve/leaser
[ -x "$leaser" ] || { skip "${0##*/}" "tests/serve/leaser is not built"; exit 0; }
rules </dev/null
serve
client ip addr add 10.77.1.9/24 dev c

# lease COMMAND...: a session that says these, one a line; its answers in $out
lease() { printf '%s\n' "$@" | client timeout 20 "$leaser" 10.77.2.2 443 "$work/client.key" "$server_word" >"$out" 2>"$err"; }
# hold COMMAND...: the same in the background, until "let_go"
hold() {
	rm -f "$work/held"
	mkfifo "$work/held"
	nsenter -t "$client_pid" -n -- "$leaser" 10.77.2.2 443 "$work/client.key" "$server_word" \
	    <"$work/held" >"$work/holding" 2>&1 &
	holder=$!
	pids="$pids $holder"
	exec 8>"$work/held"
	printf '%s\n' "$@" >&8
	for _ in $(seq 100); do
		[ "$(wc -l <"$work/holding")" -ge $# ] && return
		sleep 0.05
	done
}
let_go() { exec 8>&-; wait "$holder"; }

# stranger PROTO PORT [FROM]: what comes back to who says something there
stranger() {
	client timeout 10 "${PYTHON:-python3}" - "$@" <<'END'
import socket, sys
proto, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM)
s.bind((sys.argv[3] if len(sys.argv) > 3 else "10.77.1.2", 0))
s.settimeout(0.7)
# a Binding Request as anybody can make it
ask = bytes.fromhex("000100002112a442") + b"twelve bytes"
try:
    s.connect(("10.77.2.2", port))
    s.send(ask)
    got = s.recv(4096)
    print("answered", len(got), len(ask))
except OSError as e:
    print(type(e).__name__)
END
}

# silent NAME PROTO PORT [FROM], shut ...
expect() {
	want=$1 name=$2
	shift 2
	stranger "$@" >"$work/said"
	says "$name" "^($want)$" "$work/said"
}

expect 'ConnectionRefusedError' 'without a session UDP ports are shut' udp 50000
expect 'ConnectionRefusedError' 'and TCP ports' tcp 17990
hold 'bind udp 50000 50099' 'bind tcp 17990 17990'
expect 'timeout|TimeoutError' 'a leased UDP port is silent to whoever has no key' udp 50000
expect 'ConnectionResetError|answered 0 20' 'and a leased TCP port hangs up' tcp 17990

# a second session
lease 'bind udp 50050 50050'
says 'ports belong to one session at a time' '^not bound: Address already in use' "$out"
let_go
lease 'bind udp 50000 50099'
says 'which end with it' '^bound$' "$out"
expect 'ConnectionRefusedError' 'and are shut again' udp 50000

lease 'bind udp 20000 50000'
says 'no session gets more than its share of ports' '^not bound: (Disk quota exceeded|Too many open files)' "$out"

# who is not listed
"$pinhole" keygen "$work/other.key" >"$work/other.word"
printf 'bind udp 50000 50000\n' | client timeout 20 "$leaser" 10.77.2.2 443 "$work/other.key" \
    "$server_word" >"$out" 2>"$err"
says 'a key that is not listed gets nothing' 'no session' "$err"
says 'and is noted' '^refused 10.77.1.2 port [0-9]+: its key is not listed' "$work/serve.log"

# a client that dies without a word
hold 'bind udp 50000 50009'
kill -9 "$holder"
wait "$holder" 2>/dev/null
exec 8>&-
sleep 0.5
lease 'bind udp 50000 50009'
says 'what a killed client had is free again' '^bound$' "$out"

# STUN for everybody: never more than 50 a second to one source
client timeout 20 "${PYTHON:-python3}" - >"$out" <<'END'
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
s.connect(("10.77.2.2", 3478))
ask = bytes.fromhex("000100002112a442") + b"twelve bytes"
time.sleep(1 - time.time() % 1)
for _ in range(2000):
    try:
        s.send(ask)
    except OSError:
        pass
time.sleep(0.5)
n = long = 0
while True:
    try:
        n += 1
        long = max(long, len(s.recv(4096)))
    except OSError:
        break
print("answers", n - 1, "longest", long)
END
says 'STUN answers one source so often a second, no more' '^answers ([1-9]|[1-9][0-9]|1[0-4][0-9]) ' "$out"
kill -0 "$serve_pid" && ok 'it still runs' || not_ok 'it still runs' <"$work/serve.log"

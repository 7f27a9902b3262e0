#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The relay judged by coturn's clients, and by those who mean no good: floods, peers in
# disguise, a wrong password, reload and an end under load.
. tests/judges/net.sh
need turnutils_uclient turnutils_peer turnutils_stunclient python3
RELAY_CONFIG='allow: [10.78.2.9, "fd78:2::9"]'
relay ip addr add 10.78.2.9/24 dev r
relay ip addr add fd78:2::9/64 dev r nodad
start_relay
for a in 10.78.2.9 fd78:2::9; do
	relay turnutils_peer -L $a -p 3480 >/dev/null 2>&1 &
	pids="$pids $!"
done

# calls NAME OPTION...: 2 clients, 40 packets each, and none of them lost
calls() {
	name=$1
	shift
	client timeout 40 turnutils_uclient -u alice -w "${PASSWORD:-secret}" -c -m 2 -n 40 -z 5 -X "$@" >"$out" 2>&1
	says "$name" 'Total lost packets 0 \(0\.0+%\)' "$out"
}
calls 'channels over UDP' -e 10.78.2.9 -r 3480 10.78.2.2
calls 'Send indications over UDP' -s -e 10.78.2.9 -r 3480 10.78.2.2
calls 'channels over TCP' -t -e 10.78.2.9 -r 3480 10.78.2.2
calls 'channels over TLS on 443' -t -S -p 443 -e 10.78.2.9 -r 3480 10.78.2.2
calls 'TLS on the port of TCP' -t -S -p 3478 -e 10.78.2.9 -r 3480 10.78.2.2
calls 'from IPv6 to IPv4' -e 10.78.2.9 -r 3480 fd78:2::2
calls 'IPv6 to IPv6' -x -e fd78:2::9 -r 3480 fd78:2::2
is 0 'Binding' client timeout 10 turnutils_stunclient 10.78.2.2
says 'tells where we are' 'reflexive addr: 10.78.1.2:' "$out"

client timeout 20 turnutils_uclient -u alice -w wrong -c -n 5 -e 10.78.2.9 -r 3480 -X 10.78.2.2 >"$out" 2>&1
says 'a wrong password gets nothing' 'Cannot complete Allocation' "$out"
for peer in 127.0.0.1 10.78.2.2 10.78.1.2 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::1; do
	client timeout 20 turnutils_uclient -u alice -w secret -c -n 3 -e "$peer" -r 3480 -X \
	    "$(case $peer in *:*) echo -x ;; *) echo -c ;; esac)" 10.78.2.2 >"$out" 2>&1
	says "no way to $peer" '403|443|Forbidden|orbidden|Cannot' "$out"
done

# Strangers: what is answered is never over twice what was asked, and soon nothing is.
client timeout 30 python3 - >"$out" <<'END'
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.78.2.2", 3478))
s.setblocking(False)
def ask(kind, body=b""):
    return kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + bytes.fromhex("2112a442") + os.urandom(12) + body
transport = bytes.fromhex("0019000411000000")
sent = got = n = answers = 0
def hear():
    global got, answers
    while True:
        try:
            got += len(s.recv(4096))
            answers += 1
        except OSError:
            return
end = time.time() + 2
while time.time() < end:
    for what in (ask(3, transport), ask(1), ask(4), ask(8), ask(9), ask(0x3f), os.urandom(40), b"\x40\x00\x00\x04abcd"):
        try:
            s.send(what)
            sent += len(what)
            n += 1
        except OSError:
            pass
    hear()
    time.sleep(0.001)
time.sleep(0.3)
hear()
print("asked", n, "answers", answers, "twice" if got > 2 * sent else "less")
END
says 'a flood of strangers gets few answers' '^asked [0-9]{4,} answers [0-9]{1,3} less$' "$out"

# Slow and silent connections cost the others nothing.
client timeout 40 python3 - >"$out" 2>&1 <<'END' &
import socket, time
v = [socket.create_connection(("10.78.2.2", 3478)) for _ in range(200)]
for s in v:
    s.send(b"\x00")
time.sleep(15)
END
pids="$pids $!"
calls 'beside 200 connections that say nothing' -t -e 10.78.2.9 -r 3480 10.78.2.2

# Reload in the middle of a call.
client timeout 40 turnutils_uclient -u alice -w secret -c -m 2 -n 120 -z 20 -X -e 10.78.2.9 -r 3480 10.78.2.2 >"$work/long" 2>&1 &
caller=$!
sleep 1
echo bob:builder >>"$work/users"
kill -HUP $relay_pid
sleep 0.5
says 'reloads' '^reloaded$' "$work/relay.out"
sed -i s/3478/x/ "$work/serve.yaml"
sed -i 's/realm:/raelm:/' "$work/serve.yaml"
kill -HUP $relay_pid
wait $caller
says 'a call goes on meanwhile' 'Total lost packets 0 \(0\.0+%\)' "$work/long"
says 'a broken file changes nothing' '^not reloaded' "$work/relay.out"
says 'and is told' 'unknown-key.*raelm|raelm' "$work/relay.out"
client timeout 40 turnutils_uclient -u bob -w builder -c -m 1 -n 10 -z 5 -X -e 10.78.2.9 -r 3480 10.78.2.2 >"$out" 2>&1
says 'a new user is known' 'Total lost packets 0 ' "$out"

says 'a line for each allocation' '^allocation of alice from 10.78.1.2:[0-9]+ by tls as 10.78.2.2:[0-9]+: .* up, .* down, ended: ' \
    "$work/relay.out"
kill -TERM $relay_pid
wait $relay_pid
ended=$?
[ $ended -eq 0 ] && ok 'ends when told' || not_ok 'ends when told' <"$work/relay.out"
relay_pid=

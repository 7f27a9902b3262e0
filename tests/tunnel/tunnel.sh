#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pinhole tunnel: programs that know nothing of relays, behind a firewall that shuts all UDP and
# all ports but those of the relay.  The network is drawn in net.sh.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tests/tunnel/net.sh
need turnserver ip nft nsenter openssl python3 setpriv
unshare_all "$@"
python=${PYTHON:-python3}
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3	# that other users can run, too
peer() { echo "$python $src/tests/tunnel/peer.py"; }
make_net && start_relay || { skip "${0##*/}" "no network of one's own"; exit 0; }
server $(peer) far 10.5.2.9 2001:db8:2::9 &
sleep 0.5

# Each rung alone, with everything else shut.
for rung in udp:"udp dport 3478" tcp:"tcp dport 3478" tls:"tcp dport 443"; do
	rules "${rung#*:} accept"
	opt="--rungs turn-${rung%%:*}"
	is 0 "UDP by turn-${rung%%:*}" tunnel $(peer) udp 10.5.2.9 25
	says "arrives, from one address" '^got 2[45] of 25, seen as 1,' "$out"
	is 0 "UDP over IPv6 by turn-${rung%%:*}" tunnel $(peer) udp 2001:db8:2::9 5
	says "arrives" '^got [45] of 5, seen as 1' "$out"
done
opt=

# The best that works is found.
rules "tcp dport 443 accept"
is 0 "only 443 is open" tunnel $(peer) two 10.5.2.9
says "two sockets are two" '^seen as 2$' "$out"
says "by TLS" 'TURN over TLS to 10.5.2.2 port 443' "$err"
says "and it says what a relay costs" 'worse than direct ones' "$err"
says "and what to type" 'pinhole check vidyoconnect --request' "$err"
is 0 "TCP, by a TCP allocation" tunnel $(peer) tcp 10.5.2.9 20
says "all of it" '^got 20000000$' "$out"
is 0 "TCP over IPv6" tunnel $(peer) tcp 2001:db8:2::9 1
says "all of it" '^got 1000000$' "$out"
is 9 "TCP to where nobody is" tunnel $(peer) tcp 10.5.2.9 1 17992
says "is refused, at once" '^Connection refused after 0' "$out"
rules "tcp dport 443 accept" "tcp dport 8080 reject with tcp reset"
is 9 "TCP that does not belong to the service" tunnel $(peer) tcp 10.5.2.9 1 8080
says "goes directly, and what is refused is refused" '^Connection refused after 0' "$out"

rules "udp dport 3478 accept"
opt="--rungs turn-udp"
is 9 "TCP, where only UDP leads to the relay" tunnel $(peer) tcp 10.5.2.9 1
says "is refused" '^Connection refused after [2-6]' "$out"
opt=

# Rungs change in the midst of a call.
rules "udp dport 3478 accept" "tcp dport 443 accept"
(sleep 2; cut="udp dport 3478 drop"; rules "tcp dport 443 accept") &
is 0 "UDP is cut in the midst of a call" tunnel $(peer) udp 10.5.2.9 220
says "the call goes on, on one socket" '^got 1?[0-9][0-9] of 220, seen as 2, gap [0-5]\.' "$out"
says "it says so" 'now TURN over TLS' "$err"
wait $! 2>/dev/null
cut=

# A program is a program.
rules "udp dport 3478 accept"
is 7 "its exit status" tunnel sh -c 'exit 7'
is 143 "its signal" tunnel sh -c 'kill -TERM $$; sleep 1'
is 127 "no such program" tunnel /nonexistent
is 0 "its output" tunnel sh -c 'echo out; echo err >&2'
says "as it is" '^out$' "$out"
says "both" '^err$' "$err"
is 0 "its environment" tunnel sh -c 'echo "${TURN_PASSWORD-none}"'
says "has no password of ours" '^none$' "$out"
is 0 "its arguments" tunnel sh -c 'echo "$#:$1:$2"' sh 'a  b' --via
says "as they are" '^2:a  b:--via$' "$out"
if as="setpriv --reuid=65534 --regid=65534 --clear-groups" tunnel true >"$out" 2>"$err"; then
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	is 0 "without rights" tunnel sh -c "id -u; exec $(peer) udp 10.5.2.9 5"
	says "as the same user" '^65534$' "$out"
	says "through the relay" '^got [45] of 5' "$out"
	as=
else
	skip "without rights" "there are no user namespaces for this user"
fi

# SIGTERM reaches the program; a kill of the tunnel leaves neither it nor a device.
tunnel sh -c 'trap "echo told; exit 5" TERM; while :; do sleep 0.1; done' >"$out" 2>"$err" &
sleep 1.5
pkill -TERM -P $! -x pinhole 2>/dev/null || kill -TERM $(pgrep -x pinhole | head -n 1)
wait $!
[ $? -eq 5 ] && ok "SIGTERM is passed on" || not_ok "SIGTERM is passed on" <"$err"
says "to the program" '^told$' "$out"
tunnel sleep 77 >"$out" 2>"$err" &
sleep 1.5
kill -KILL $(pgrep -x pinhole)
wait $! 2>/dev/null
sleep 0.3
pgrep -f 'sleep 77' >"$out" && not_ok "killed, with its program" <"$out" ||
    ok "killed, with its program"
client ip -o link >"$out"
grep -q pinhole0 "$out" && not_ok "no device is left" <"$out" || ok "no device is left"

# What is said to programs.
opt=--json
is 0 "--json" tunnel sleep 1.2
"$python" - "$err" "$src/docs/schema/tunnel.json" <<'END' >"$work/said" 2>&1
import json, sys
try:
    from jsonschema import validate
except ImportError:
    validate = lambda d, s: None
lines = [json.loads(line) for line in open(sys.argv[1])]
for d in lines:
    validate(d, json.load(open(sys.argv[2])))
assert [d["event"] for d in lines] == ["begun", "status"], lines
assert lines[0]["rung"] == "turn-udp"
END
[ $? -eq 0 ] && ok "fits its schema" || not_ok "fits its schema" <"$work/said"
opt=

# What cannot be.
rules
is 3 "everything shut" tunnel true
says "says what was tried" 'TURN over TLS to 10.5.2.2 port 443: ' "$err"
rules "udp dport 3478 accept"
env=TURN_PASSWORD=wrong
opt="--rungs turn-udp"
is 3 "a wrong password" tunnel true
says "is told as one" 'does not take this name and password' "$err"
env= opt=
is 64 "no program" client "$pinhole" tunnel --via 10.5.2.2 vidyoconnect
is 64 "no relay" client "$pinhole" tunnel vidyoconnect -- true
is 64 "nobody said where the service is" client env TURN_USER=a TURN_PASSWORD=b "$pinhole" \
    tunnel --via 10.5.2.2 vidyoconnect -- true
says "is told how to" 'at vidyoconnect.portals=ADDR' "$err"
is 64 "no such rung" client "$pinhole" tunnel --via 10.5.2.2 --rungs turn-tsl vidyoconnect -- true
says "is one like it" "did you mean 'turn-tls'" "$err"

# Programs that are no test: a service of one's own, with UDP and TCP on one port.
mkdir "$work/services"
cat >"$work/services/meter.yaml" <<'END'
name: meter
title: A meter
source: https://example.org/meter
confidence: B
groups:
  servers: { what: the other end, how: choose it }
flows:
  all:
    purpose: measuring
    proto: [udp, tcp]
    ports: 5201
    direction: out
    initiator: client
    groups: [servers]
    need: required
END
if command -v iperf3 >/dev/null; then
	rules "tcp dport 443 accept"
	server iperf3 -s -B 10.5.2.9 >/dev/null 2>&1 &
	sleep 0.3
	service=meter at="--catalog $work/services --at meter.servers=10.5.2.9"
	is 0 "iperf3, UDP" tunnel iperf3 -u -c 10.5.2.9 -b 4M -t 2 -l 1200 --json
	says "arrives" '"lost_percent":	[0-4](\.|,)' "$out"
	is 0 "iperf3, TCP, the other way" tunnel iperf3 -R -c 10.5.2.9 -t 1 --json
	service= at=
else
	skip "iperf3" "iperf3 is missing"
fi
if command -v sipp >/dev/null; then
	service=h323-sip at="--at h323-sip.gateways=10.5.2.9"
	(cd "$work" && server timeout 30 sipp -sn uas -i 10.5.2.9 -nostdin >/dev/null 2>&1) &
	sleep 0.5
	is 0 "sipp, ten calls" tunnel sh -c "cd '$work' && TERM=dumb sipp -sn uac 10.5.2.9:5060 \
	    -i 198.18.0.1 -m 10 -r 5 -nostdin"
	says "all of them" 'Successful call +\|[^|]*\| +10 ' "$out"
	service= at=
else
	skip "sipp" "sip-tester is missing"
fi

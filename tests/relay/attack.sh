#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Those who mean no good, on real sockets: floods, sources that are not there, peers in
# disguise, what was not signed or was signed before, more than one's share, slow and dead
# connections; and what an operator does meanwhile: reload, drain, kill -9 (attack.py).
. tests/judges/net.sh
need python3
for n in 3 4; do client ip addr add 10.78.1.$n/24 dev c; done
for n in 8 9; do
	relay ip addr add 10.78.2.$n/24 dev r
	relay ip addr add fd78:2::$n/64 dev r nodad
done
client ip route add blackhole 198.18.0.0/15
firewall ip route add 198.18.0.0/15 via 10.78.1.2
# sources that are not there: their answers come as far as the firewall, which counts
firewall nft -f - <<'END'
table ip count {
	counter asked { }
	counter answered { }
	chain forward {
		type filter hook forward priority 0;
		ip saddr 198.18.0.0/15 counter name asked
		ip daddr 198.18.0.0/15 counter name answered drop
	}
}
END

# attack PART [ARG...]: against the relay that runs
attack() {
	client env PYTHONDONTWRITEBYTECODE=1 timeout 20 python3 tests/relay/attack.py "$1" "$relay_pid" \
	    "${@:2}" 2>&1 || [ $? -le 1 ] || echo | not_ok "$1: did not end"
}

# counted NAME: bytes
counted() { firewall nft list counter ip count "$1" | sed -n 's/.*bytes //p'; }

RELAY_USERS=$'bob:builder\ncarol:c\r\n'
start() {
	RELAY_CONFIG="allow: [10.78.2.9, \"fd78:2::9\", 8.8.0.0/15]
  $1"
	start_relay
}

start 'workers: 2
  per-source: 100
  tcp: [0.0.0.0/0, "::/0"]'
attack flood
attack spoofed
if [ "$(counted answered)" -gt 0 ] && [ "$(counted answered)" -le $((2 * $(counted asked))) ]; then
	ok "$(counted asked) bytes of theirs get $(counted answered) of answers"
else
	firewall nft list ruleset | not_ok 'answers to sources that are not there'
fi
attack disguises
attack unsigned
attack slow
attack links
attack under_load
attack purge "$work/serve.yaml"
attack drain
stop_relay

start 'per-user: 5
  per-source: 8
  total: 10'
attack quotas
attack killed "$work/dead" "$work/again" &
attacker=$!
{
	while kill -0 $attacker && [ ! -e "$work/dead" ]; do sleep 0.02; done
	wait "$relay_pid"
} 2>/dev/null
start_relay
: >"$work/again"
wait $attacker
stop_relay

start 'ports: 50000-50003
  workers: 1'
attack exhausted

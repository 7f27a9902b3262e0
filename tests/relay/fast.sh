#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Calls through the relay's fast path in the kernel, by tc and by XDP: nothing is lost,
# and what was moved is counted as in user space.
. tests/judges/net.sh
need turnutils_uclient turnutils_peer ethtool
space far
far() { nsenter -t "$far_net" -n -- "$@"; }
firewall ip link add far type veth peer name f
firewall ip link set f netns "$far_net"
firewall ip addr add 10.78.3.1/24 dev far
firewall ip link set far up
far ip -batch - <<'END'
link set lo up
addr add 10.78.3.2/24 dev f
link set f up
route add default via 10.78.3.1
END
# packets of this host have checksums that are still to be made, which a wire would not carry
client ethtool -K c tx off >/dev/null 2>&1
far ethtool -K f tx off >/dev/null 2>&1
far turnutils_peer -L 10.78.3.2 -p 3480 >/dev/null 2>&1 &
pids="$pids $!"
RELAY_CONFIG='allow: [10.78.3.2]
  fast: r'

# calls TIER: 2 clients over channels; what the relay then says
calls() {
	start_relay
	if ! grep -q "^fast path: r: $1" "$work/relay.out"; then
		skip "calls by $1" "$(grep '^fast path' "$work/relay.out" | head -1)"
		stop_relay
		return
	fi
	client timeout 40 turnutils_uclient -u alice -w secret -c -m 2 -n 100 -z 5 -X -e 10.78.3.2 \
	    -r 3480 10.78.2.2 >"$out" 2>&1
	says "calls by $1: nothing is lost" 'Total lost packets 0 \(0\.0+%\)' "$out"
	stop_relay
	says "$1: every packet is counted" '100 packets \(10000 bytes\) up, 100 \(10000\) down' "$work/relay.out"
	says "$1: the kernel has moved them" '^fast path: [1-9][0-9]{2} packets' "$work/relay.out"
}
calls tc
# a veth takes frames from the other end's driver only when it has a program or GRO
firewall ethtool -K outside gro on >/dev/null 2>&1
calls xdp

#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The same conformance suite for every tier of the relay: in user space alone, with the fast
# path at tc, and with XDP (conformance.py).
. tests/judges/net.sh
need python3 ethtool
make_far
# packets of this host have checksums that are still to be made, which a wire would not carry
client ethtool -K c tx off >/dev/null 2>&1
far ethtool -K f tx off >/dev/null 2>&1
RELAY_USERS='bob:builder
'

# conform TIER [kill]: with the relay that runs
conform() {
	client env PYTHONDONTWRITEBYTECODE=1 timeout 60 python3 tests/relay/conformance.py \
	    "$1" "$far_net" "$relay_pid" ${2-} 2>"$err" || not_ok "$1: did not end" <"$err"
}

# fast TIER
fast() {
	RELAY_CONFIG="$config
  fast: r"
	start_relay
	if ! grep -q "^fast path: r: $1" "$work/relay.out"; then
		skip "conformance by $1" "$(grep '^fast path' "$work/relay.out" | head -1)"
		stop_relay
		return
	fi
	conform "$1"
	stop_relay
	grep "^fast path" "$work/relay.out" | sed "s/^/# /"
	says "$1: the kernel has moved them" '^fast path: [1-9][0-9]{3} packets' "$work/relay.out"
	start_relay
	{ conform "$1" kill; stop_relay; } 2>/dev/null
}

config='allow: [10.78.3.0/29, "fd78:3::/125"]
  workers: 1'
RELAY_CONFIG=$config
start_relay
conform 'user space'
stop_relay
fast tc
# a veth takes frames from the other end's driver only when it has a program or GRO
firewall ethtool -K outside gro on >/dev/null 2>&1
fast xdp

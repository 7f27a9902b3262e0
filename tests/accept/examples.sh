#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The demo works, and what is shipped and written is taken by the platforms
# that are here to ask.
. tests/tap.sh

is 0 'the demo' tools/demo
for what in 'PARTLY OPEN: examples/edge.nft' '60000-65535 from 192.0.2.0/24' \
    'udp-timeout-short' 'sip-alg' '^ALL OPEN' 'All as it should be'; do
	says "the demo shows: $what" "$what" "$out"
done

site='--site examples/site.yaml --inside lan0 --outside wan0'
services='vidyoconnect h323-sip webrtc'

# taken NAME COMMAND...: the platform itself, in an empty namespace
taken() {
	name=$1
	shift
	if unshare -rn true 2>/dev/null; then
		is 0 "$name" unshare -rn "$@"
	else
		skip "$name" 'user namespaces are not permitted'
	fi
}

taken 'nft takes examples/edge.nft' nft -c -f examples/edge.nft
# shellcheck disable=SC2086
is 0 'fix of examples/edge.nft' "$pinhole" fix examples/edge.nft $services $site \
    --write "$work/fixed.nft"
taken 'nft takes the fixed file' nft -c -f "$work/fixed.nft"
# shellcheck disable=SC2086
is 0 'plan for nftables' "$pinhole" plan $services --for nftables $site
cp "$out" "$work/plan.nft"
taken 'nft takes the plan' nft -c -f "$work/plan.nft"
# shellcheck disable=SC2086
is 0 'plan for iptables' "$pinhole" plan $services --for iptables $site
grep -c '^\*filter' "$out" >/dev/null && cp "$out" "$work/plan.ipt"

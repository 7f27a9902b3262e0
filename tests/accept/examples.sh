#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The demo works, and what is shipped and written is taken by the platforms
# that are here to ask.
. tests/tap.sh

is 0 'the demo' tools/demo
for what in 'PARTLY OPEN: examples/edge.nft' '60000-65535 from 192.0.2.0/24' \
    'udp-timeout-short' 'sip-alg' '^OPEN:' 'All as it should be'; do
	says "the demo shows: $what" "$what" "$out"
done

# an empty network namespace; root needs no user namespace for it
alone='unshare -n'
[ "$(id -u)" -eq 0 ] || alone='unshare -rn'

site='--site examples/site.yaml --inside lan0 --outside wan0'
services='vidyoconnect h323-sip webrtc'

# taken NAME COMMAND...: the platform itself, in an empty namespace
taken() {
	name=$1
	shift
	if $alone true 2>/dev/null; then
		is 0 "$name" $alone "$@"
	else
		skip "$name" 'network namespaces are not permitted'
	fi
}

taken 'nft takes examples/edge.nft' nft -c -f examples/edge.nft
# shellcheck disable=SC2086
is 0 'fix of examples/edge.nft' "$pinhole" fix examples/edge.nft $services $site \
    --write "$work/fixed.nft"
taken 'nft takes the fixed file' nft -c -f "$work/fixed.nft"

# The commands themselves, typed into a kernel that runs the example; then taken
# back again.
cat >"$work/live.sh" <<END
set -e
nft -f examples/edge.nft
nft list ruleset >"$work/before.nft"
sh -e "$work/commands"
"$pinhole" audit live $services $site
nft list ruleset >"$work/between.nft"
sh -e "$work/rollback"
nft list ruleset >"$work/after.nft"
END
json() { "${PYTHON:-python3}" -c "import json, sys
print('\n'.join(json.load(sys.stdin)['$1']))"; }
if $alone nft -f examples/edge.nft 2>/dev/null; then
	# shellcheck disable=SC2086
	"$pinhole" fix examples/edge.nft $services $site --json >"$work/fix.json"
	json commands <"$work/fix.json" >"$work/commands"
	json rollback <"$work/fix.json" >"$work/rollback"
	is 0 'the commands of a fix, typed, make this kernel let all through' \
	    $alone sh "$work/live.sh"
	is 0 'and are taken back' "$pinhole" diff "$work/before.nft" "$work/after.nft"
	is 1 'having changed something' "$pinhole" diff "$work/before.nft" "$work/between.nft"
else
	skip 'the commands of a fix, typed' 'network namespaces are not permitted'
fi

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Our STUN and TURN against coturn, in a network namespace with nothing but itself.
#
#	turnclient  192.0.2.9  ------ lo ------  192.0.2.1 .2  turnserver
#	2001:db8::9                              2001:db8::1
turnclient=${BUILD:-$PWD/build}/tests/turn/turnclient
if [ -z "${TURN_UNSHARED-}" ]; then
	opts=-n
	[ "$(id -u)" -eq 0 ] || opts=-Urn
	# a PID namespace ends whatever is left when the script does
	unshare $opts -p -f --kill-child true 2>/dev/null || {
		echo "ok - ${0##*/} # SKIP namespaces are not permitted here"
		exit 0
	}
	TURN_UNSHARED=1 exec unshare $opts -p -f --kill-child "$0" "$@"
fi
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
. tests/tap.sh
[ -x "$turnclient" ] || { skip "${0##*/}" "tests/turn/turnclient is not built"; exit 0; }
for tool in turnserver ip; do
	command -v $tool >/dev/null || { skip "${0##*/}" "$tool is missing"; exit 0; }
done

ip link set lo up
for a in 192.0.2.1 192.0.2.2 192.0.2.9; do ip addr add $a/32 dev lo; done
v6=
ip -6 addr add 2001:db8::1/128 dev lo nodad 2>/dev/null &&
    ip -6 addr add 2001:db8::9/128 dev lo nodad && v6=1

cd "$work" || exit 1
turnserver -n --no-cli --no-tls --no-dtls --no-software-attribute --lt-cred-mech \
    --user alice:secret --realm example.org --log-file stdout --pidfile "$work/pid" \
    --userdb "$work/db" -L 192.0.2.1 -L 192.0.2.2 ${v6:+-L 2001:db8::1} \
    -E 192.0.2.1 ${v6:+-E 2001:db8::1} >log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 50); do
	"$turnclient" stun 192.0.2.1 3478 >/dev/null 2>&1 && break
	kill -0 $server 2>/dev/null || break
	sleep 0.1
done
kill -0 $server 2>/dev/null || { not_ok "coturn starts" <log; exit 1; }

is 0 "stun" "$turnclient" stun 192.0.2.1 3478
says "sees our address, and has another" '^answered .* same=1 rewritten=0 other=3479$' "$out"
is 0 "nat" "$turnclient" nat 192.0.2.1 3478
says "no NAT, and nothing filtered" '^mapping=no NAT filtering=endpoint-independent other=3479' "$out"
for via in udp tcp; do
	for channel in '' channel; do
		is 0 "turn over $via ${channel:-by indications}" \
		    "$turnclient" $via 192.0.2.1 3478 alice secret 192.0.2.9 $channel
		says "echoes, and ends well" '^ready code=0 relayed=1 echoes=10 .* end=closed$' "$out"
	done
	is 0 "a wrong password over $via" "$turnclient" $via 192.0.2.1 3478 alice wrong 192.0.2.9
	says "is told as one" '^credentials code=401' "$out"
	is 0 "a peer that coturn forbids over $via" \
	    "$turnclient" $via 192.0.2.1 3478 alice secret 127.0.0.1
	says "is told as one" ' peer=2,403 ' "$out"
done
if [ -n "$v6" ]; then
	is 0 "stun over IPv6" "$turnclient" stun 2001:db8::1 3478
	says "sees our address" '^answered .* same=1 ' "$out"
else
	skip "stun over IPv6" "no IPv6 here"
fi
is 0 "nobody there" "$turnclient" udp 192.0.2.9 3478 alice secret 192.0.2.9
says "is silent" '^silent code=0' "$out"

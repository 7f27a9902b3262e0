#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pinhole tunnel --system: for a whole host, without a trace afterwards.  The network: net.sh.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tests/tunnel/net.sh
need turnserver ip nft nsenter openssl python3 setpriv
unshare_all "$@"
peer="python3 $src/tests/tunnel/peer.py"
make_net && start_relay || { skip "${0##*/}" "no network of one's own"; exit 0; }
server $peer far 10.5.2.9 2001:db8:2::9 &
rules "udp dport 3478 accept" "tcp dport 443 accept" "tcp dport 8080 reject with tcp reset"
for _ in $(seq 50); do			# link-local addresses, too, have to be there before
	client ip -6 route show table local | grep -q 'local fe80.*client0' && break
	sleep 0.1
done
sleep 0.3

trace() {
	client sh -c 'ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
	    ip -o link; nft list ruleset' >"$1" 2>&1
}

# start OPTION...: for the addresses of the far end, and the relay's own
start() {
	TURN_USER=alice TURN_PASSWORD=secret client "$pinhole" tunnel --system --via 10.5.2.2 \
	    --ca-file "$work/cert.pem" vidyoconnect --at vidyoconnect.routers=10.5.2.8/30 \
	    --at vidyoconnect.routers=2001:db8:2::9 --at vidyoconnect.portals=10.5.2.2 \
	    "$@" >"$work/tunnel.out" 2>"$work/tunnel.err" &
	for _ in $(seq 50); do
		client ip link show pinhole0 >/dev/null 2>&1 && break
		sleep 0.1
	done
	sleep 0.3
}

trace "$work/before"
start
is 0 "UDP of any program" client $peer udp 10.5.2.9 20
says "by the relay" "^got [12][0-9] of 20, seen as 1," "$out"
is 0 "over IPv6" client $peer udp 2001:db8:2::9 5
says "by the relay" "^got [45] of 5" "$out"
is 0 "TCP" client $peer tcp 10.5.2.9 5 17990
says "by the relay" '^got 5000000$' "$out"
is 9 "what is not the service's" client $peer tcp 10.5.2.9 1 8080
says "goes past the tunnel" '^Connection refused after 0' "$out"
is 9 "UDP that is not the service's" client $peer udp 10.5.2.1 3
pid=$(pgrep -x pinhole)
kill -INT "$pid"
wait $!
[ $? -eq 0 ] && ok "ends when it is told to" || not_ok "ends when it is told to" <"$work/tunnel.err"
trace "$work/after"
diff "$work/before" "$work/after" >"$work/diff" && ok "and leaves nothing" ||
    not_ok "and leaves nothing" <"$work/diff"

start
kill -KILL "$(pgrep -x pinhole)"
wait $! 2>/dev/null
sleep 0.3
trace "$work/after"
diff "$work/before" "$work/after" >"$work/diff" && ok "killed, it leaves nothing" ||
    not_ok "killed, it leaves nothing" <"$work/diff"

is 77 "who may not" client setpriv --bounding-set -net_admin \
    env TURN_USER=alice TURN_PASSWORD=secret "$pinhole" tunnel --system --via 10.5.2.2 \
    --ca-file "$work/cert.pem" vidyoconnect --at vidyoconnect.routers=10.5.2.9 \
    --at vidyoconnect.portals=10.5.2.9
says "is told what it takes" CAP_NET_ADMIN "$err"
is 64 "a program as well" client "$pinhole" tunnel --system --via 10.5.2.2 vidyoconnect -- true

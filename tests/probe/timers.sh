#!/bin/sh
# SPDX-License-Identifier: ISC
#
# How long real kernels remember idle UDP, against what was set: every class of flow, of
# 2 to 5 s.  All measurements run at the same time, each through a firewall of its own:
#
#	10.77.2.2	connection tracking: unreplied 3 s, in use 5 s, either way refreshes
#	fd77:2::2	the same over IPv6, and 5 % lost each way
#	10.77.2.3	4 s, which only packets from inside restart
#	10.77.2.4	2 s, which only packets from outside restart; then gone for good
#	10.77.2.5-7	as the first
. tests/probe/lib.sh
for n in 4 5 6 7; do
	server ip addr add 10.77.2.$n/24 dev s
done
nsenter -t "$server_pid" -n -- "$pinhole" serve --key "$work/server.key" \
    --client "$client_word" --listen 10.77.2.5 --listen 10.77.2.6 --listen 10.77.2.7 \
    >"$work/serve2.log" 2>&1 &
pids="$pids $!"
serve --listen 10.77.2.3 --listen 10.77.2.4
mkdir "$work/catalog"
cat >"$work/catalog/talk.yaml" <<'END_CATALOG'
name: talk
title: Talk
source: https://example.org/
checked: 2026-11-23
confidence: A
groups:
  servers:
    what: the servers
    how: ask
flows:
  media:
    purpose: media
    proto: udp
    ports: 50000-50009
    direction: out
    initiator: client
    groups: [servers]
    need: required
    idle: 300
END_CATALOG

rules <<'END_RULES'
table ip f {
	set out { type ipv4_addr . inet_service . inet_service; flags dynamic; timeout 4s; size 65535; }
	set in { type ipv4_addr . inet_service . inet_service; flags dynamic; timeout 2s; size 65535; }
	set seen { type ipv4_addr . inet_service . inet_service; flags dynamic; timeout 1m; size 65535; }
	chain raw {
		type filter hook prerouting priority raw; policy accept;
		ip daddr { 10.77.2.3, 10.77.2.4 } meta l4proto udp notrack
		ip saddr { 10.77.2.3, 10.77.2.4 } meta l4proto udp notrack
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ip daddr 10.77.2.3 meta l4proto udp update @out { ip saddr . udp sport . udp dport } accept
		ip saddr 10.77.2.3 ip daddr . udp dport . udp sport @out accept
		ip daddr 10.77.2.4 ip saddr . udp sport . udp dport @in accept
		ip daddr 10.77.2.4 ip saddr . udp sport . udp dport @seen drop
		ip daddr 10.77.2.4 meta l4proto udp add @seen { ip saddr . udp sport . udp dport } add @in { ip saddr . udp sport . udp dport } accept
		ip saddr 10.77.2.4 ip daddr . udp dport . udp sport @in update @in { ip daddr . udp dport . udp sport } accept
		ip saddr { 10.77.2.3, 10.77.2.4 } meta l4proto udp drop
		ct state established,related accept
		iifname "inside" accept
	}
}
table ip6 f {
	chain pre {
		type filter hook prerouting priority -300; policy accept;
		meta l4proto udp numgen random mod 100 < 5 drop
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "inside" accept
	}
}
END_RULES
firewall sysctl -q net.netfilter.nf_conntrack_udp_timeout=3 \
    net.netfilter.nf_conntrack_udp_timeout_stream=5 || {
	skip "timers" "this kernel does not let them be set here"
	exit 0
}

# start NAME VIA FILES OPTION...: a measurement, in the background
start() {
	name=$1 via=$2 files=$3
	shift 3
	nsenter -t "$client_pid" -n -- timeout 60 sh -c "ulimit -n $files; exec \"\$@\"" sh \
	    "$pinhole" probe talk --catalog "$work/catalog" --quick --json \
	    --via "$via" --key "$work/client.key" --peer-key "$server_word" "$@" \
	    >"$work/$name.json" 2>"$work/$name.err" &
	eval "$name=$!"
}

start tracked 10.77.2.2 4000 --timers --cap 9
start lossy '[fd77:2::2]' 4000 --timers --cap 9
start only_out 10.77.2.3 4000 --timers --cap 9
start only_in 10.77.2.4 4000 --timers --cap 9
start reached 10.77.2.5 4000 --stop-at 4
start missed 10.77.2.6 4000 --stop-at 7
start few_files 10.77.2.7 200 --timers --cap 9
began=$(date +%s)

# ended STATUS NAME WHAT: the result of that measurement is in $out
ended() {
	eval "wait \$$2"
	status=$?
	out=$work/$2.json
	[ $status -eq "$1" ] && ok "$3" ||
	    { echo "status $status"; cat "$work/$2.err"; } | not_ok "$3"
}
within='(lambda key, s, wide=1: (lambda t: t[0] - 0.15 <= s <= t[1] + 0.15 and
    t[1] - t[0] <= wide)(d["udp_timeouts"][key]))'
kept='(lambda key: d["udp_timeouts"][key][1] is None and d["udp_timeouts"][key][0] >
    d["udp_timeouts"]["stream_s"][0])'

ended 1 tracked "timers of connection tracking"
[ $(($(date +%s) - began)) -le 25 ] && ok "take little longer than they last" ||
    echo "$(($(date +%s) - began)) s" | not_ok "take little longer than they last"
json "unreplied 3 s" "$within('unreplied_s', 3)"
json "answered 3 s" "$within('replied_s', 3)"
json "in use 5 s" "$within('stream_s', 5)"
json "kept by packets from outside" "$kept('inbound_refreshes')"
json "kept by packets from inside" "$kept('outbound_refreshes')"
json "are a finding" 'any(x["id"] == "udp-timeout-short" for x in d["findings"])'
ended 1 lossy "with 5 % lost each way"
json "lossy: unreplied 3 s" "$within('unreplied_s', 3, 2)"
json "lossy: answered 3 s" "$within('replied_s', 3, 2)"
json "lossy: in use 5 s" "$within('stream_s', 5, 2)"
json "lossy: kept either way" "$kept('inbound_refreshes') and $kept('outbound_refreshes')"
ended 1 only_out "4 s, restarted from inside alone"
json "4 s in every class" "$within('unreplied_s', 4) and $within('replied_s', 4) and
    $within('stream_s', 4)"
json "not kept from outside" "$within('inbound_refreshes', 4)"
json "kept from inside" "$kept('outbound_refreshes')"
ended 1 only_in "2 s, restarted from outside alone"
json "2 s in every class" "$within('unreplied_s', 2) and $within('replied_s', 2) and
    $within('stream_s', 2)"
json "kept from outside" "$kept('inbound_refreshes')"
json "not kept from inside" "$within('outbound_refreshes', 2)"
ended 0 reached "do they reach 4 s?"
json "the stream's does" 'd["udp_timeouts"]["stream_s"][0] >= 3.9'
json "the unreplied one does not" 'd["udp_timeouts"]["unreplied_s"][1] <= 4.1'
ended 1 missed "do they reach 7 s?"
json "none does" 'd["udp_timeouts"]["stream_s"][1] <= 7.1'
ended 1 few_files "with few sockets"
json "in use 5 s, no wrong word on the rest" "d['udp_timeouts']['stream_s'][0] <= 5.15 <=
    d['udp_timeouts']['stream_s'][1] + 0.3"

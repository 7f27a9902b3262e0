#!/bin/sh
# SPDX-License-Identifier: ISC
# What is no firewall's doing, and must not be taken for it: loss, a responder that dies
# or is not there, this computer's own rules; and both families.
. tests/probe/lib.sh
. tests/probe/many.sh
serve

{
	echo 'table inet f {'
	echo 'chain pre { type filter hook prerouting priority -300; policy accept;'
	for percent in 1 5 10; do
		echo "ip daddr 10.77.2.1$percent meta l4proto udp numgen random mod 100 < $percent drop"
		echo "ip saddr 10.77.2.1$percent meta l4proto udp numgen random mod 100 < $percent drop"
	done
	cat <<'END'
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "inside" udp dport 53000-53499 drop
	}
}
END
} | rules
service=vidyoconnect
for percent in 1 5 10; do
	far 10.77.2.1$percent
	start lost$percent 10.77.2.1$percent --quick --ipv4
done
for percent in 1 5 10; do
	ended 1 lost$percent "$percent % lost each way"
	json "$percent %: only what is blocked" '[(x["ports"], x["way"]) for x in
	    F("media")["blocked"]] == [("53000-53499", "forth")]'
	json "$percent %: nothing unknown" 'F("media")["unknown"] == []'
done
out=$work/stdout

rules <<'END'
table inet f {
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "inside" ip6 daddr fd77:2::2 udp dport 60000-65535 drop
		iifname "inside" tcp dport 17990 meta nfproto ipv6 reject
	}
}
END
measure6() {
	want=$1 name=$2
	shift 2
	is "$want" "$name" nsenter -t "$client_pid" -n -- "$pinhole" probe "$@" --json \
	    --via '[fd77:2::2]' --key "$work/client.key" --peer-key "$server_word"
}
measure6 1 "IPv6" vidyoconnect --quick
json "its edge" 'F("media", "out", "ipv6")["open"] == ["50000-59999"]'
json "its REJECT" 'F("scip", "out", "ipv6")["blocked"][0]["evidence"]["icmp_from"] == "fd77:1::1"'
json "its unsolicited packets" 'F("media", "in", "ipv6")["verdict"] == "open"'
is 1 "both families" nsenter -t "$client_pid" -n -- "$pinhole" probe vidyoconnect --quick --json \
    --via both.example --resolve both.example=10.77.2.2,fd77:2::2 \
    --key "$work/client.key" --peer-key "$server_word"
json "each on its own" 'F("media")["verdict"] == "open" and
    F("media", "out", "ipv6")["verdict"] == "partly"'

rules <<'END'
END
client nft -f - <<'END'
table inet own {
	chain output {
		type filter hook output priority filter; policy accept;
		udp dport 50000-65535 drop
	}
}
END
measure 1 "this computer's own rules" vidyoconnect --quick --ipv4
json "are told apart" 'F("media")["verdict"] == "blocked" and F("media")["blocked"][0]["by_host"]'
json "and nobody else is asked" 'd["owner"] == "host" and
    not any(x["flow"] == "media" and x["direction"] == "out" for x in d["requests"])'
client nft flush ruleset
client nft -f - <<'END'
table inet own {
	chain output {
		type filter hook output priority filter; policy accept;
		udp dport 60000-65535 reject
		tcp dport 17990 reject
	}
}
END
measure 1 "this computer's own rules that reject" vidyoconnect --quick --ipv4
json "are not the network's either" 'd["owner"] == "host" and F("media")["blocked"][0]["by_host"] and
    not any(x["direction"] == "out" for x in d["requests"])'
client nft flush ruleset

# it dies while ports are tried
( sleep 2; kill -9 "$serve_pid" ) &
measure 3 "a responder that dies half-way" vidyoconnect --ipv4 --exhaustive
json "is not the network's fault" 'd["owner"] == "far-end" and d["requests"] == []'
json "and blocks nothing" 'all(x["blocked"] == [] for x in d["flows"])'
wait "$serve_pid" 2>/dev/null

# a far end with few files: what it cannot serve is no block
both() {
	nsenter -t "$client_pid" -n -- "$pinhole" probe "$@" --quick --json \
	    --via both.example --resolve both.example=10.77.2.2,fd77:2::2 \
	    --key "$work/client.key" --peer-key "$server_word"
}
files=17800
serve
is 0 "a far end with room for one family at a time" both vidyoconnect
json "tests both" 'F("media")["open"] == F("media", "out", "ipv6")["open"] == ["50000-65535"]'
kill "$serve_pid"; wait "$serve_pid" 2>/dev/null
for files in 28 32 36 40 48; do
	serve
	both zoom >"$out" 2>&1
	json "a far end with $files files blames nobody" 'd["requests"] == [] and
	    all(x["blocked"] == [] for x in d["flows"])'
	kill "$serve_pid"; wait "$serve_pid" 2>/dev/null
done
files=
measure 3 "a responder that is not there" vidyoconnect --quick --ipv4
json "says nothing of the network" 'd["verdict"] == "not-tested" and d["owner"] == "far-end"'

serve
server_word=$client_word
measure 3 "somebody else in its place" vidyoconnect --quick --ipv4
json "is an interception" '"somebody else answers" in d["sentence"]'
client ip route del default
measure 3 "no way there" vidyoconnect --quick --ipv4
json "is this computer's" '"no way" in d["sentence"] or "unreachable" in d["sentence"]'

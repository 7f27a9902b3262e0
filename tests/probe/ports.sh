#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Ports that are open, shut, rejected, and open one way, each by the rules of a real
# firewall.  Most are measured at the same time, each against an address of its own.
. tests/probe/lib.sh
. tests/probe/many.sh
for n in 2 3 4 5 6 7 8; do
	far 10.77.2.$n
done

# to ADDR UDP-MATCH: what the clients may send there; the rest is dropped
to() {
	cat <<-END_RULES
	chain to$1 {
		ct state established,related accept
		iifname "outside" udp dport 50000-65535 accept
		iifname "inside" tcp dport { 443, 17990, 17992 } accept
		$2
		drop
	}
	END_RULES
}
{
	echo "table inet f {"
	to 2 'iifname "inside" udp dport 50000-65535 accept'
	to 3 'iifname "inside" udp dport 50000-59999 accept'
	to 4 'iifname "inside" udp dport { 50000-50999, 51031-54999, 55500-65535 } accept'
	to 5 'iifname "inside" udp dport { 50000-50999, 51001-65535 } accept'
	to 6 'iifname "inside" udp dport 50000-59999 accept
		iifname "inside" udp dport 60000-65535 reject with icmp type admin-prohibited'
	cat <<'END_RULES'
	chain to7 {
		iifname "outside" udp sport 60000-61000 drop
	}
	chain to8 {
		iifname "inside" tcp dport 17990 drop
		iifname "inside" tcp dport 17992 reject with tcp reset
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
END_RULES
	for n in 2 3 4 5 6 7 8; do
		echo "ip daddr 10.77.2.$n goto to$n"
		echo "ip saddr 10.77.2.$n goto to$n"
	done
	printf '}\n}\n'
} | rules

measure 0 "all open" vidyoconnect --quick --ipv4
mv "$out" "$work/at2.json"	# alone: who listens for unsolicited packets needs the ports

service=vidyoconnect
for n in 3 4 6 7 8; do
	start at$n 10.77.2.$n --quick --ipv4
done
start at5 10.77.2.5 --quick --ipv4 --exhaustive --rate 5000

out=$work/at2.json
json "every flow is open" 'all(x["verdict"] == "open" for x in d["flows"] if x["counts"])'
json "media is open in one run" 'F("media")["open"] == ["50000-65535"]'
json "unsolicited packets get in" 'F("media", "in")["verdict"] == "open"'
json "answers were timed" 'F("media")["rtt_ms"] is not None'

ended 1 at3 "half of the range"
json "the edge is exact" 'F("media")["open"] == ["50000-59999"] and
    ports(F("media"), "blocked") == "60000-65535"'
json "lost on the way there" 'F("media")["blocked"][0]["way"] == "forth"'
json "by receipts, not by guess" 'F("media")["blocked"][0]["evidence"]["received_out"] == 0'
json "the proxy serves instead" 'any(x["id"] == "fallback-only" for x in d["findings"])'
json "the request says what to open" '[x["ports"] for x in d["requests"]
    if x["flow"] == "media" and x["direction"] == "out"] == ["60000-65535"]'

ended 1 at4 "holes of 31 and 500 ports"
json "both with their edges" 'ports(F("media"), "blocked") == "51000-51030,55000-55499"'

ended 1 at5 "a hole of one port"
json "is found port by port" 'ports(F("media"), "blocked") == "51000"'

ended 1 at6 "rejected ports"
json "who rejects them" 'F("media")["blocked"][0]["evidence"]["icmp_from"] == "10.77.1.1"'
json "whose it is" 'd["owner"] == "network"'

ended 1 at7 "answers that are dropped"
json "blocked on the way back" '[(x["ports"], x["way"]) for x in F("media")["blocked"]] ==
    [("60000-61000", "back")]'

ended 1 at8 "TCP dropped and reset"
json "dropped" 'F("scip")["verdict"] == "blocked" and "no answer" in F("scip")["blocked"][0]["why"]'
json "reset" 'F("emcp")["verdict"] == "blocked" and "refused" in F("emcp")["blocked"][0]["why"]'
json "the rest is open" 'F("https")["verdict"] == F("media")["verdict"] == "open"'

# --- connections that the far end opens ---
rules <<'END'
table inet f {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "inside" accept
		iifname "outside" udp dport 1718-65535 accept
		iifname "outside" tcp dport { 1720, 50000-50005 } accept
		iifname "outside" tcp dport 5060 reject with tcp reset
	}
}
END
measure 2 "connections from outside" h323-sip --quick --ipv4 --set h323-sip.media=50000-50099 \
    --set h323-sip.h245=50000-50009
json "H.323 gets in" 'F("signalling", "in")["verdict"] == "open"'
json "of H.245 some ports" 'F("h245", "in")["open"] == ["50000-50005"] and
    ports(F("h245", "in"), "blocked") == "50006-50009"'
json "SIP does not" '[f["sip", "in", "ipv4"]["verdict"]] and any(x["flow"] == "sip" and x["proto"] == "tcp"
    and x["direction"] == "in" and x["verdict"] == "blocked" for x in d["flows"])'
json "and to be asked for" 'any(x["direction"] == "in" and x["proto"] == "tcp" and x["ports"] == "5060"
    for x in d["requests"])'

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What a path does to packets that it lets through, each by the rules of a real firewall:
#
#	10.77.2.2	nothing
#	10.77.2.3	packets of more than 1,100 bytes vanish
#	10.77.2.4	routers tell that 1,300 bytes are the most
#	10.77.2.5	fragments vanish, either way
#	10.77.2.6	marks are wiped out on the way there
#	10.77.2.7	no more than 100 packets a second
#	10.77.2.8	one packet of ten is lost
#	10.77.2.9	fragments vanish on the way back
. tests/probe/lib.sh
. tests/probe/many.sh
far 10.77.2.2 10.77.2.3 10.77.2.4 10.77.2.5
far 10.77.2.6 10.77.2.7 10.77.2.8 10.77.2.9

rules <<'END_RULES'
table ip f {
	chain early {
		type filter hook prerouting priority -450; policy accept;
		ip daddr 10.77.2.5 ip frag-off & 0x3fff != 0 drop
		ip saddr { 10.77.2.5, 10.77.2.9 } ip frag-off & 0x3fff != 0 drop
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ip daddr 10.77.2.3 meta length > 1100 drop
		ip daddr 10.77.2.6 ip dscp set cs0
		ip daddr 10.77.2.7 udp dport 50000-50399 limit rate over 100/second burst 5 packets drop
		ip protocol udp ip daddr 10.77.2.8 numgen random mod 100 < 10 drop
		ct state established,related accept
		udp dport 50200-50239 drop
		iifname "inside" accept
	}
}
END_RULES
firewall ip route replace 10.77.2.4 dev outside mtu lock 1300

start clean 10.77.2.2
start vanish 10.77.2.3
start told 10.77.2.4
start whole 10.77.2.5
start wiped 10.77.2.6
start limited 10.77.2.7 --quick --exhaustive
start lossy 10.77.2.8
start back 10.77.2.9

hole='F("media")["open"] == ["50000-50199", "50240-50399"] and
    [(x["ports"], x["way"]) for x in F("media")["blocked"]] == [("50200-50239", "forth")] and
    F("media")["unknown"] == []'
way='(lambda way: d["paths"][0][way])'
for name in clean vanish told whole wiped limited lossy back; do
	ended 2 $name "$name: something is shut"
	json "$name: exactly what is" "$hole"
done
for name in clean told; do
	out=$work/$name.json
	json "$name: nothing is wrong with the path" 'd["findings"] == []'
done
out=$work/clean.json
json "clean: 1,500 bytes and fragments, both ways" "all($way(w)['mtu'] == 1500 and
    $way(w)['fragments'] == 'open' for w in ('out', 'in'))"
json "clean: marks arrive" "all(x['seen'] == x['sent'] for w in ('out', 'in')
    for x in $way(w)['dscp'])"
out=$work/vanish.json
json "vanish: 1,100 bytes there, not told; the way back is not claimed" "
    1097 <= $way('out')['mtu'] <= 1100 and not $way('out')['told'] and
    $way('in')['mtu'] is None and $way('in')['why']"
out=$work/told.json
json "told: 1,300 bytes, and it was said so" "$way('out')['mtu'] == 1300 and $way('out')['told']"
out=$work/whole.json
json "whole: fragments are lost there, the way back is not claimed" "
    $way('out')['fragments'] == 'blocked' and $way('in')['fragments'] == 'unknown' and
    $way('out')['mtu'] == 1500"
out=$work/back.json
json "back: fragments get there, not back" "$way('out')['fragments'] == 'open' and
    $way('in')['fragments'] == 'blocked'"
out=$work/wiped.json
json "wiped: there, not back" "all(x['seen'] == 0 for x in $way('out')['dscp']) and
    all(x['seen'] == x['sent'] for x in $way('in')['dscp'])"
# those that are cut are put together again before they are too long
firing fragments-lost whole vanish back
firing mtu-small vanish
firing rate-limited limited

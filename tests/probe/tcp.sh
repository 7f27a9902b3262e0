#!/bin/sh
# SPDX-License-Identifier: ISC
#
# TCP ranges: a sample is tried, and then what lies between two with different fates.
#
#	10.77.2.2	dropped from 52346 on
#	10.77.2.3	rejected, from 50777 to 51500
. tests/probe/lib.sh
. tests/probe/many.sh
sed -i 's/proto: udp/proto: tcp/; s/50000-50399/50000-54999/; /idle:/d' "$work/catalog/talk.yaml"
far 10.77.2.2 10.77.2.3

rules <<'END_RULES'
table ip f {
	chain forward {
		type filter hook forward priority filter; policy accept;
		ip daddr 10.77.2.2 tcp dport 52346-54999 drop
		ip daddr 10.77.2.3 tcp dport 50777-51500 reject with tcp reset
	}
}
END_RULES
start dropped 10.77.2.2
start rejected 10.77.2.3
ended 2 dropped 'dropped from a port on'
json 'the edge is exact' 'F("media")["open"] == ["50000-52345"] and
    ports(F("media"), "blocked") == "52346-54999" and F("media")["unknown"] == []'
ended 2 rejected 'a part is rejected'
json 'both edges are exact' 'F("media")["open"] == ["50000-50776", "51501-54999"] and
    ports(F("media"), "blocked") == "50777-51500" and F("media")["unknown"] == []'

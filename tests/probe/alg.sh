#!/bin/sh
# SPDX-License-Identifier: ISC
# Signalling that arrives as it was sent, and signalling that a gateway on the way rewrites.
. tests/probe/lib.sh
serve

rules <<'END'
table inet f {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
END
measure 0 'no gateway' h323-sip --ipv4 --set h323-sip.media=50000-50099 --set h323-sip.h245=50000-50009
json 'SIP and H.323 arrive as sent, both ways' '{(a["protocol"], a["transport"], a["direction"],
    a["verdict"]) for a in d["alg"]} == {(p, t, w, "open") for p in ("sip", "h323")
    for t in ("udp", "tcp") for w in ("out", "in")}'
json 'and nobody is accused' 'not any(x["id"].endswith("-alg") for x in d["findings"])'

# The kernel's helpers, with translation as a small office has it.
helpers() {
	rules <<END
table ip f {
	ct helper sipu { type "sip" protocol udp; }
	ct helper sipt { type "sip" protocol tcp; }
	ct helper ras { type "RAS" protocol udp; }
	ct helper q931 { type "Q.931" protocol tcp; }
	chain pre {
		type filter hook prerouting priority -150; policy accept;
		$1
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname outside masquerade
	}
}
END
}

if ! helpers 'udp dport 5060 ct helper set "sipu"
		tcp dport 5060 ct helper set "sipt"
		udp dport 1719 ct helper set "ras"
		tcp dport 1720 ct helper set "q931"' 2>"$work/why"; then
	skip 'a gateway' "this kernel has none: $(head -1 "$work/why")"
	exit 0
fi
measure 2 'a gateway' h323-sip --ipv4 --set h323-sip.media=50000-50099 --set h323-sip.h245=50000-50009
json 'SIP is found rewritten over UDP and TCP' '{(a["protocol"], a["transport"]) for a in d["alg"]
    if a["direction"] == "out" and a["verdict"] == "partly"} >= {("sip", "udp"), ("sip", "tcp")}'
json 'and H.323' '{(a["protocol"], a["transport"]) for a in d["alg"]
    if a["direction"] == "out" and a["verdict"] == "partly"} >= {("h323", "udp"), ("h323", "tcp")}'
json 'with what was changed: addresses inside became addresses outside' 'any(c["what"] == "Contact"
    and "10.77.1.2" in c["before"] and "10.77.2.1" in c["after"] for a in d["alg"] for c in a["changes"])'
json 'in SDP too' 'any(c["what"] == "SDP c=" for a in d["alg"] for c in a["changes"])'
json 'both gateways are findings' '{"sip-alg", "h323-alg"} <= {x["id"] for x in d["findings"]}'

# One that lets no SIP through at all, but everything else on its port.
helpers 'ip protocol udp udp dport 5060 @th,64,48 0x494e56495445 drop'
measure 2 'a gateway that swallows calls' h323-sip --ipv4 --set h323-sip.media=50000-50099 \
    --set h323-sip.h245=50000-50009
json 'is found by what else gets through' 'any(a["protocol"] == "sip" and a["transport"] == "udp"
    and a["verdict"] == "blocked" for a in d["alg"])'

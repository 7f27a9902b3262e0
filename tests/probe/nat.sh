#!/bin/sh
# SPDX-License-Identifier: ISC
# How addresses are translated, in the words of RFC 4787: no translation, and four kinds.
. tests/probe/lib.sh
serve --listen 10.77.2.3

# nat NAME EXPRESSION: what is found of n, the translation over IPv4
nat() {
	nsenter -t "$client_pid" -n -- "$pinhole" probe webrtc --ipv4 --json --via 10.77.2.2 \
	    --key "$work/client.key" --peer-key "$server_word" >"$out" 2>"$err" </dev/null
	json "$1" "(lambda n: $2)((d['nat'] or [None])[0])"
}

rules <<'END'
table ip f { }
END
nat 'none' 'not n["translated"] and n["port_preserved"]'

# Linux as it is used: the source port is kept, answers only from where was sent to.
rules <<'END'
table ip f {
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname outside masquerade
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname inside accept
		ct state established,related accept
	}
}
END
nat 'masquerade: port-restricted filtering, ports kept' 'n["translated"] and
    n["filtering"] == "address and port-dependent" and n["port_preserved"]'
json 'seen inside and outside' 'd["nat"][0]["inside"].startswith("10.77.1.2:") and
    d["nat"][0]["outside"].startswith("10.77.2.1:")'

# Another port for each destination: symmetric.
rules <<'END'
table ip f {
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname outside masquerade random,fully-random
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname inside accept
		ct state established,related accept
	}
}
END
nat 'random ports: mapping by address and port' 'n["mapping"] == "address and port-dependent" and
    not n["port_preserved"]'

# One to one, everything let in: full cone.
rules <<'END'
table ip f {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname outside ip daddr 10.77.2.1 dnat to 10.77.1.2
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname outside ip saddr 10.77.1.2 snat to 10.77.2.1
	}
}
END
nat 'one to one: independent of the endpoint, both' 'n["mapping"] == "endpoint-independent" and
    n["filtering"] == "endpoint-independent"'

# The same, but only addresses that were sent to get in: address-restricted.
rules <<'END'
table ip f {
	set known {
		type ipv4_addr . ipv4_addr
		flags dynamic, timeout
		timeout 60s
	}
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname outside ip daddr 10.77.2.1 dnat to 10.77.1.2
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname outside ip saddr 10.77.1.2 snat to 10.77.2.1
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname inside update @known { ip saddr . ip daddr } accept
		ip daddr . ip saddr @known accept
	}
}
END
nat 'by address alone' 'n["mapping"] == "endpoint-independent" and
    n["filtering"] == "address-dependent"'

# What is not known is said to be so.
kill "$serve_pid"
wait "$serve_pid" 2>/dev/null
serve
rules <<'END'
table ip f { }
END
nat 'one address at the far end: filtering cannot be told' 'n["filtering"] is None and n["why"]'

#!/bin/sh
# SPDX-License-Identifier: ISC
# Without a responder: who is named when something is in the way, and who is not.
. tests/check/lib.sh

four="webrtc --at webrtc.web=203.0.113.10 --at webrtc.turn=203.0.113.10"
six="webrtc --at webrtc.web=2001:db8:2::10 --at webrtc.turn=2001:db8:2::10"
both="webrtc --at webrtc.web=203.0.113.10,2001:db8:2::10 --at webrtc.turn=203.0.113.10,2001:db8:2::10"
serve tcp:80 tls:443 tcp:3478 stun:3478

for way in four six; do
	eval "at=\$$way"
	all_open
	check 0 "$way: all open" $at
	first "$way: the first line" '^WORKS: all that Vidyo WebRTC client needs'

	rules client <<'END'
table inet f {
	chain c {
		type filter hook output priority 0
		udp dport 3478 drop
	}
}
END
	check 2 "$way: this computer's own firewall" $at
	first "$way: it is named" "^DOES NOT WORK FULLY: .*: this computer's own firewall stops STUN"
	line "$way: what works is said" 'In short: page and signalling .* work'
	line "$way: what to do is said" "what to do now: allow it in this computer's own firewall"
	line "$way: the rule is shown" "own firewall: udp dport 3478 drop"

	all_open
	rules firewall <<'END'
table inet f {
	chain c {
		type filter hook forward priority 0
		udp dport 3478 drop
	}
}
END
	check 2 "$way: the network drops UDP" $at
	first "$way: it is named" '^DOES NOT WORK FULLY: .*: the firewall of your network stops STUN'
	line "$way: with the last sign of life" 'last heard of at (192.168.7.1|fd77:7::1), step 1'
	line "$way: and a request" 'Please open in the firewall: 1. UDP port 3478, from this network to'

	rules firewall <<'END'
table inet f {
	chain c {
		type filter hook forward priority 0
		tcp dport 80 reject with icmpx admin-prohibited
	}
}
END
	check 2 "$way: the network rejects TCP" $at
	first "$way: it is named" 'the firewall of your network stops a part of page'

	rules firewall <<'END'
table inet f {
	chain c {
		type filter hook forward priority 0
		tcp dport 80 reject with tcp reset
	}
}
END
	check 2 "$way: the network refuses in the server's name" $at
	first "$way: it is found out" 'the firewall of your network stops a part of page'
	line "$way: and it is said" 'something on the way refuses in its name'

done

# Silence.
rules firewall <<'END'
table inet f {
	chain c {
		type filter hook forward priority 0
		drop
	}
}
END
check 3 "the network drops everything" $both
first "silence is nobody's" '^NO ANSWER AT ALL: .* the two look the same'

all_open
rules server <<'END'
table inet f {
	chain c {
		type filter hook input priority 0
		udp dport 3478 drop
	}
}
END
check 3 "STUN is silent" $both
first "it is left open whose it is" '^COULD NOT TELL: .*cannot be seen from here'
all_open

# The far end.
serve tcp:80 stun:3478
check 3 "nobody listens at the far end" $four
first "it is the far end" "^THE SERVICE ITSELF IS DOWN: .*the far end's fault, not your network's"
line "nothing is asked for" "what to do now: tell whoever runs the service; nothing needs"
if grep -q "Please open" "$out"; then not_ok "no request" <"$out"; else ok "no request"; fi

serve tcp:80 tls:443 tcp:3478 stun:3478
check 3 "a host that is not there" webrtc --at webrtc.web=203.0.113.77 --at webrtc.turn=203.0.113.10
first "it is the far end" "^THE SERVICE ITSELF IS DOWN"
line "the router before it says so" 'a router answers that nobody is there; so says 198.51.100.1'

# One family alone.
rules firewall <<'END'
table ip6 f {
	chain c {
		type filter hook forward priority 0
		udp dport 3478 drop
	}
}
END
check 2 "IPv6 alone is shut" $both
first "it is said" 'stops STUN.*\(by IPv6 only\)'
check 0 "without IPv6 all is well" $both --ipv4
all_open

# TLS.
at="--at jitsi-meet.deployment=call.example.org --resolve call.example.org=203.0.113.10"
serve tls:443 drop:10000 stun:3478
check 3 "a certificate that nobody trusts, and a silent bridge" jitsi-meet $at
line "is told" 'tls-untrusted.*call.example.org .*shows a certificate on port 443'
first "media could not be tried" '^WORKS AS FAR AS CAN BE SEEN: .*could not be tried'
serve cut:443 drop:10000 stun:3478
check 3 "TLS is cut" jitsi-meet $at
line "is told" 'the connection is cut as soon as TLS begins'
serve tcp:443 drop:10000 stun:3478
check 3 "TLS is silent" jitsi-meet $at
line "is told, too" 'goes silent as soon as TLS begins'

# --- somebody changes addresses inside packets ---
serve tcp:80 tls:443 tcp:3478 lie:3478
check 1 "a gateway that changes addresses inside STUN" $four
line "is told" 'stun-rewritten.*changes addresses inside STUN packets'
serve tcp:80 tls:443 tcp:3478 stun:3478
check 0 "and nobody is accused without it" $four

# No way out.
client ip route del default
check 2 "no route" $four
first "it is said" '^DOES NOT WORK: this computer has no way out'

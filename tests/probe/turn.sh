#!/bin/sh
# SPDX-License-Identifier: ISC
# The rungs to a relay, which is coturn: an echo has to come back, through what is open.
. tests/probe/lib.sh
command -v turnserver >/dev/null || { skip "${0##*/}" 'turnserver is missing'; exit 0; }
command -v openssl >/dev/null || { skip "${0##*/}" 'openssl is missing'; exit 0; }
serve --stun 0 --stuns 0

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=10.77.2.3 -keyout "$work/tls.key" -out "$work/tls.crt" \
    -addext subjectAltName=IP:10.77.2.3 2>/dev/null
server turnserver -n --no-cli --lt-cred-mech --user alice:secret --realm example.org \
    --log-file stdout --pidfile "$work/pid" --userdb "$work/db" -L 10.77.2.3 -E 10.77.2.3 \
    --tls-listening-port 443 --no-dtls --cert "$work/tls.crt" --pkey "$work/tls.key" \
    >"$work/turn.log" 2>&1 &
pids="$pids $!"
for _ in $(seq 50); do
	server ss -Htln | grep -q '10.77.2.3:443 ' && break
	sleep 0.1
done
echo secret >"$work/password"

# relay STATUS NAME OPTION...: the relay alone
relay() {
	want=$1 name=$2
	shift 2
	is "$want" "$name" nsenter -t "$client_pid" -n -- "$pinhole" probe webrtc --json --ipv4 \
	    --turn 10.77.2.3 --turn-user alice --turn-password "$work/password" \
	    --ca-file "$work/tls.crt" "$@"
}
rung() { json "$1" "(lambda udp, tcp, tls: $2)(*[next(x for x in d['relay'] if
    x['transport'] == t) for t in ('turn-udp', 'turn-tcp', 'turn-tls')])"; }
only() {
	rules <<END
table inet f {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		$1
	}
}
END
}

only accept
relay 0 'all open, without a responder'
rung 'an echo by each' 'all(x["verdict"] == "open" and x["rtt_ms"] for x in (udp, tcp, tls))'
json 'UDP is the best' 'd["path"] == "turn-udp"'
echo wrong >"$work/wrong"
relay 3 'a wrong password' --turn-password "$work/wrong"
rung 'is not the network' 'all(x["verdict"] == "unknown" and "password" in x["why"] or
    "credential" in x["why"] for x in (udp, tcp, tls))'

only 'tcp dport { 443, 3478 } accept'
relay 1 'UDP shut'
rung 'UDP is blocked, the others work' 'udp["verdict"] == "blocked" and
    tcp["verdict"] == tls["verdict"] == "open"'
json 'TCP is the best' 'd["path"] == "turn-tcp" and d["degraded"]'

only 'tcp dport 443 accept'
relay 1 'only 443'
json 'TLS is what is left' 'd["path"] == "turn-tls"'

relay 1 'one transport, as a URI names it' --turn turns:10.77.2.3:443
json 'no other is tried' '[(x["transport"], x["server"], x["verdict"]) for x in d["relay"]] ==
    [("turn-tls", "10.77.2.3:443", "open")]'
relay 3 'one that is shut' --turn 'turn:10.77.2.3:3478?transport=tcp'
json 'says nothing of the network' '[(x["transport"], x["verdict"]) for x in d["relay"]] ==
    [("turn-tcp", "unknown")]'

only drop
relay 3 'all shut'
rung 'no answer at all proves nothing' 'all(x["verdict"] == "unknown" for x in (udp, tcp, tls))'

only 'udp dport 3478 accept
		tcp dport 443 accept'
measure 2 'beside a responder' webrtc --ipv4 --turn 10.77.2.3 --turn-user alice \
    --turn-password "$work/password" --ca-file "$work/tls.crt"
rung 'it answers through the relay' 'udp["verdict"] == tls["verdict"] == "open" and
    tcp["verdict"] == "blocked"'

# --- idle timers, without a responder: the relay sends when it is told to ---
rules <<'END'
table ip f {
	ct timeout idle {
		protocol udp
		l3proto ip
		policy = { unreplied : 3, replied : 5 }
	}
	chain pre {
		type filter hook prerouting priority -150; policy accept;
		meta l4proto udp udp dport 49152-65535 ct timeout set "idle"
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname inside accept
		ct state established,related accept
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname outside masquerade
	}
}
END
firewall nft list ct timeout ip f idle >/dev/null 2>&1 || { skip 'timers' 'this kernel sets none by rule'; exit 0; }
is 1 'timers with the relay' nsenter -t "$client_pid" -n -- timeout 100 "$pinhole" probe webrtc --json --ipv4 \
    --turn 10.77.2.3 --turn-user alice --turn-password "$work/password" --ca-file "$work/tls.crt" \
    --timers --cap 12
timer() { json "$1" "d['udp_timeouts']['$2'][0] <= $3 <= d['udp_timeouts']['$2'][1] + 1"; }
timer 'unanswered' unreplied_s 3
timer 'in use' stream_s 5

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Somebody on the way who opens TLS, with a certificate of his own and with the very key of
# the far end; one who passes it on unread; and a client that leaves without a word.
. tests/probe/lib.sh
. tests/probe/many.sh
far 10.77.2.2 -- --port 7443
command -v openssl >/dev/null || { skip "TLS on the way" "openssl is missing"; exit 0; }

# A client that leaves without a word, in the middle of it: how that ends is looked at last.
leased() { server ss -Hunl | grep -c '10\.77\.2\.3:50[0-3][0-9][0-9] '; }
rules </dev/null
far 10.77.2.3
nsenter -t "$client_pid" -n -- "$pinhole" probe talk --catalog "$work/catalog" --timers \
    --ipv4 --via 10.77.2.3 --key "$work/client.key" --peer-key "$server_word" \
    >/dev/null 2>&1 &
gone=$!
for _ in $(seq 50); do
	[ "$(leased)" -gt 0 ] && break
	sleep 0.1
done
[ "$(leased)" -eq 400 ] && ok 'ports are leased' || leased | not_ok 'ports are leased'
server nft -f - <<'END_RULES'
table ip gone {
	chain in {
		type filter hook input priority filter; policy accept;
		ip daddr 10.77.2.3 drop
	}
}
END_RULES
kill -9 "$gone"

cat >"$work/catalog/web.yaml" <<'END_CATALOG'
name: web
title: Web
source: https://example.org/
checked: 2026-11-23
confidence: A
groups:
  servers:
    what: the servers
    how: ask
flows:
  https:
    purpose: all of it
    proto: tcp
    ports: 443
    direction: out
    initiator: client
    groups: [servers]
    need: required
END_CATALOG

# between KEY: connections to the far end's port 443 end on the firewall, see between.py
between() {
	[ "$1" = - ] || openssl req -x509 -key "$1" -subj /CN=somebody -days 2 \
	    -out "$work/between.crt" 2>/dev/null
	nsenter -t "$firewall_pid" -n -- "${PYTHON:-python3}" tests/probe/between.py "$1" \
	    "$work/between.crt" 443 10.77.2.2 >"$work/between.log" 2>&1 &
	between_pid=$!
	pids="$pids $!"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q ready "$work/between.log" && return
		sleep 0.1
	done
	cat "$work/between.log"
}

# web STATUS NAME: the service above through whoever stands there
web() {
	is "$1" "$2" nsenter -t "$client_pid" -n -- "$pinhole" probe web --catalog \
	    "$work/catalog" --quick --ipv4 --json --via 10.77.2.2:7443 \
	    --key "$work/client.key" --peer-key "$server_word"
}

rules </dev/null
web 0 'nobody in between'
json 'nobody: open' 'F("https")["verdict"] == "open" and d["findings"] == []'

rules <<'END_RULES'
table ip f {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "inside" tcp dport 443 redirect to :443
	}
}
END_RULES
openssl genpkey -algorithm ed25519 -out "$work/other.key" 2>/dev/null
between "$work/other.key"
web 2 "somebody's own certificate"
json 'own: intercepted' 'any(x["id"] == "tls-intercepted" for x in d["findings"]) and
    F("https")["verdict"] == "blocked" and "intercepted" in F("https")["blocked"][0]["why"]'
kill "$between_pid"
between "$work/server.key"
web 2 "the far end's very key"
json 'its key: intercepted' 'any(x["id"] == "tls-intercepted" for x in d["findings"]) and
    "intercepted" in F("https")["blocked"][0]["why"]'
kill "$between_pid"
between -
web 0 'passed on unread'
json 'unread: open' 'F("https")["verdict"] == "open" and d["findings"] == []'
kill "$between_pid"

for _ in $(seq 40); do
	[ "$(leased)" -eq 0 ] && break
	sleep 1
done
[ "$(leased)" -eq 0 ] && ok 'the ports of a client that is gone are given back' ||
    { server ss -Hunl; cat "$work/far-10.77.2.3.log"; } |
    not_ok 'the ports of a client that is gone are given back'
says 'and the log says so' 'ended: ' "$work/far-10.77.2.3.log"

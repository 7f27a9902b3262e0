#!/bin/bash
# SPDX-License-Identifier: ISC
# Diagnostics that take more than a short file: limits, several files, this host.  Each
# fires where it should, and not on the same thing just within the limit or put right.
. tests/tap.sh

# fires ID COMMAND..., quiet ID COMMAND...
fires() {
	id=$1
	shift
	"$@" >"$work/said" 2>&1 </dev/null
	if grep -q "\[$id\]" "$work/said"; then
		ok "$id fires"
	else
		not_ok "$id fires" <"$work/said"
	fi
}

quiet() {
	id=$1
	shift
	"$@" >"$work/said" 2>&1 </dev/null
	if grep -Eq "\[$id\]|error\[|Try 'pinhole help" "$work/said"; then
		not_ok "$id only then" <"$work/said"
	else
		ok "$id only then"
	fi
}

# both ID WRONG RIGHT: files for lint
both() {
	fires "$1" "$pinhole" lint "$2"
	quiet "$1" "$pinhole" lint "$3"
}

# repeat N TEXT: with %d for the number of the line
repeat() { awk -v n="$1" -v t="$2" 'BEGIN { for (i = 1; i <= n; i++) printf(t "\n", i, i - 1) }'; }

cd "$work" || exit 1
cat >site <<'END'
clients: [192.0.2.0/24]
services: { vidyoconnect: { portals: [203.0.113.10], routers: [198.51.100.0/28] }, h323-sip: { gateways: [198.51.100.32/29] } }
firewall: { inside: [lan], outside: [wan] }
END
forward='type filter hook forward priority 0; policy accept;'

# --- files that include or define too much ---
for i in $(seq 0 17); do echo "include \"./d$((i + 1)).nft\"" >"d$i.nft"; done
echo "table inet t { chain c { $forward }; }" >d18.nft
fires include-depth "$pinhole" lint --dialect nftables d0.nft
quiet include-depth "$pinhole" lint --dialect nftables d2.nft

variables() {
	echo "define a = { $(seq -s ', ' 3000) }"
	repeat "$1" 'define b%d = { $a, $a }'
	echo "table inet t { chain c { $forward }; }"
}
variables 400 >define.nft
variables 4 >define-few.nft
both define-too-large define.nft define-few.nft

nested() {
	repeat "$1" 'object-group network g%d\n group-object g%d' | tac |
	    awk '/^ / { inner = $0; next } { print; print inner }'
	printf '%s\n' 'object-group network g0' ' network-object host 10.0.0.1' \
	    "access-list A extended permit ip object-group g$1 any" 'interface g0/0' \
	    ' nameif outside' 'access-group A in interface outside'
}
nested 220 >nested.asa
nested 100 >nested-less.asa
both nesting-too-deep nested.asa nested-less.asa

# --- rules that are too long ---
rule() { printf '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT %s -j DROP\nCOMMIT\n' "$1"; }
rule "$(repeat 3000 '-m tcp' | tr '\n' ' ')" >words.ipt
rule "-s 192.0.2.1" >short.ipt
both line-too-long words.ipt short.ipt
rule "-s $(seq -s, -f '10.0.1.%.0f' 1 255),10.0.0.1,10.0.0.2" >addresses.ipt
rule "-s $(seq -s, -f '10.0.1.%.0f' 1 255)" >addresses-few.ipt
both too-many-addresses addresses.ipt addresses-few.ipt
rule "$(repeat 25 '-m comment --comment x' | tr '\n' ' ')" >matches.ipt
rule "$(repeat 20 '-m comment --comment x' | tr '\n' ' ')" >matches-few.ipt
both too-many-matches matches.ipt matches-few.ipt
repeat 100002 'socketfilterfw --add /Applications/A%d.app' >programs.mac
head -n 100 programs.mac >programs-few.mac
fires macos-limit "$pinhole" lint --dialect macos programs.mac
quiet macos-limit "$pinhole" lint --dialect macos programs-few.mac

# --- what cannot be told ---
rule "-s 192.0.2.1" | sed 's/ACC/A\x00C/' >nul.ipt
fires nul-byte "$pinhole" lint --dialect iptables nul.ipt
quiet nul-byte "$pinhole" lint --dialect iptables short.ipt
printf '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n' >table.ipt
cat table.ipt table.ipt short.ipt >family.ipt
both family-unclear family.ipt short.ipt
echo 'Dear firewall, please be open.' >letter
both unknown-dialect letter short.ipt
dollar() {
	printf 'define p = 80\ntable inet t {\n\tchain c { %s\n\t\ttcp dport $%s accept\n\t}\n}\n' \
	    "$forward" "$1"
}
dollar '; ' >dollar.nft
dollar p >dollar-named.nft
both bad-variable dollar.nft dollar-named.nft

# --- services and sites ---
mkdir one two open
service() {
	cat <<END
name: townhall
title: Town hall
source: https://example.org/ports
checked: 2026-11-23
confidence: B
params: { hall: { what: the port of the hall$2 } }
groups: { servers: { what: the servers, how: ask } }
flows: { web: { purpose: page, proto: tcp, ports: $1, direction: out, initiator: client, groups: [servers], need: required, idle: 600 } }
END
}
service 443 ', default: 80, why: habit' >one/townhall.yaml
cp one/townhall.yaml two/townhall.yaml
cp one/townhall.yaml two/hall.yaml
service '$hall' >open/townhall.yaml
fires duplicate-service "$pinhole" services --catalog two
quiet duplicate-service "$pinhole" services --catalog one
hall="--clients 192.0.2.0/24 --at townhall.servers=198.51.100.1 --inside lan --outside wan townhall"
echo "table inet t { chain c { $forward }; }" >open.nft
mkdir many few
service "[$(seq -s, 1 5000)]" >many/townhall.yaml
service "[$(seq -s, 1 20)]" >few/townhall.yaml
fires too-many "$pinhole" services --catalog many
quiet too-many "$pinhole" services --catalog few
fires missing-param "$pinhole" audit open.nft --catalog open $hall
quiet missing-param "$pinhole" audit open.nft --catalog one $hall
sed 's/203.0.113.10/nowhere.invalid/' site >names
if unshare -rn true 2>/dev/null; then
	fires name-unresolved unshare -rn "$pinhole" audit open.nft --site names vidyoconnect
else
	skip 'name-unresolved fires' 'no namespace without a network to ask in'
fi
quiet name-unresolved "$pinhole" audit open.nft --site names vidyoconnect \
    --resolve nowhere.invalid=203.0.113.10

# --- the relay's part of a configuration ---
# relay LINE: what serve says to it; it never gets as far as serving
"$pinhole" keygen responder.key >word
relay() { printf 'key: responder.key\nlisten: [192.0.2.1]\nport: 18443\nstun: 0\nstuns: 0\nrelay:\n  %s\n' "$1" >relay.yaml; }
echo alice:secret >users
echo alice >users-alone
relay 'realm: example.org'
fires relay-config timeout 5 "$pinhole" serve --config relay.yaml
relay 'users: nowhere'
fires relay-file timeout 5 "$pinhole" serve --config relay.yaml
relay 'users: users-alone'
fires relay-user timeout 5 "$pinhole" serve --config relay.yaml
relay 'users: users'
for id in relay-config relay-file relay-user; do
	quiet $id timeout 5 "$pinhole" serve --config relay.yaml
done

# --- timers, and changes that cannot be written ---
cat >conn.asa <<'END'
interface g0/0
 nameif wan
 security-level 0
interface g0/1
 nameif lan
 security-level 100
timeout conn 0:05:00
access-list A extended permit ip any any
access-group A in interface lan
END
sed 's/0:05:00/1:00:00/' conn.asa >conn-hour.asa
fires tcp-timeout-short "$pinhole" audit conn.asa --catalog one $hall
quiet tcp-timeout-short "$pinhole" audit conn-hour.asa --catalog one $hall
offload() {
	cat <<END
table inet t {
	flowtable f { hook ingress priority 0; devices = { lo }; }
	chain c { $forward
		meta l4proto $1 flow add @f
	}
}
END
}
offload udp >offload.nft
offload icmp >offload-other.nft
fires flowtable-timeout-short "$pinhole" audit offload.nft --site site h323-sip
quiet flowtable-timeout-short "$pinhole" audit offload-other.nft --site site h323-sip
helper='udp dport 5060 ct helper set "sip"'
cat >helper.nft <<END
table inet t {
	ct helper sip { type "sip" protocol udp; }
	chain pre { type filter hook prerouting priority 0; policy accept; }
	chain c { $forward }
}
add rule inet t pre $helper
END
sed "/^add/d; s/\(hook prerouting .*accept;\)/\1 $helper/" helper.nft >helper-inside.nft
fires cannot-fix "$pinhole" fix helper.nft --site site h323-sip
quiet cannot-fix "$pinhole" fix helper-inside.nft --site site h323-sip
fires cannot-plan "$pinhole" plan --for asa --host --site site vidyoconnect
quiet cannot-plan "$pinhole" plan --for asa --site site vidyoconnect

# --- this host's rules, in a network of its own ---
legacy="iptables-legacy -A INPUT -j ACCEPT 2>/dev/null || exit 77"
live="exec '$pinhole' audit live --host --clients 192.0.2.1 vidyoconnect \
    --at vidyoconnect.portals=203.0.113.10 --at vidyoconnect.routers=198.51.100.1"
if unshare -rn sh -c "$legacy; iptables-legacy-save | grep -q ACCEPT" 2>/dev/null; then
	fires live-legacy unshare -rn sh -c "$legacy; PATH=/nothing; $live"
	quiet live-legacy unshare -rn sh -c "$legacy; $live"
else
	skip live-legacy 'no iptables-legacy in a namespace'
fi

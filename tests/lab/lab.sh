#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pinhole lab: what is predicted of rulesets, beside what a kernel does with them.
#
#	clients 192.0.2.0/24 ---- lan0 [firewall] wan0 ---- far end 198.51.100.0/28
#	        2001:db8:1::/64                                     2001:db8:2::/64
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

site="--clients 192.0.2.0/24 --at vidyoconnect.portals=203.0.113.10 \
    --at vidyoconnect.routers=198.51.100.0/28 --inside lan0 --outside wan0"
site6="--clients 2001:db8:1::/64 --at vidyoconnect.portals=2001:db8:2::10 \
    --at vidyoconnect.routers=2001:db8:2::/120 --inside lan0 --outside wan0"
all="vidyoconnect h323-sip webrtc --site examples/site.yaml"

lab() { "$pinhole" lab "$@"; }

# agrees STATUS NAME WORDS...: the lab ends so, and nothing disagrees
agrees() {
	is "$1" "$2" lab "$work/fw" vidyoconnect $site $3 || return
	says "$2: as predicted" 'did what was$|did what was predicted|one did' "$out"
}

cat >"$work/open.nft" <<END
table inet t {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
END
lab "$work/open.nft" vidyoconnect $site >"$out" 2>"$err"
case $? in
77)
	skip "the lab" "networks of one's own are not permitted here"
	exit 0
	;;
esac

# Who may not make networks is told what is missing.
if unshare -Ur true 2>/dev/null; then
	is 77 "not permitted" unshare -Ur sh -c "echo 0 >/proc/sys/user/max_net_namespaces
	    exec '$pinhole' lab '$work/open.nft' vidyoconnect $site"
	says "and says what it takes" 'CAP_SYS_ADMIN' "$out"
else
	skip "not permitted" "there are no user namespaces"
fi

cp "$work/open.nft" "$work/fw"
agrees 1 "everything open"

# A hole of one port, one of 500, REJECT and DROP, one way only.
cat >"$work/fw" <<END
table inet t {
	chain forward {
		type filter hook forward priority filter; policy drop;
		udp dport 50031 drop
		udp dport 51000-51499 reject
		iifname "wan0" udp dport 60000-65535 drop
		iifname "wan0" ip protocol tcp ct state new reject with tcp reset
		ip saddr 192.0.2.77 drop
		accept
	}
}
END
agrees 2 "holes"
says "holes: to the port" '50000-50030,50032-50999,51500-65535: open' "$out"

# A way out without a way back.
cat >"$work/fw" <<END
table ip t {
	chain raw {
		type filter hook prerouting priority raw; policy accept;
		udp dport 50000-51000 notrack
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept
		iifname "lan0" accept
	}
}
END
agrees 2 "one way"

cat >"$work/fw" <<END
table ip t {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lan0" oifname "wan0" accept
		iifname "wan0" udp dport 50000-50099 accept
	}
	chain post {
		type nat hook postrouting priority srcnat;
		oifname "wan0" masquerade
	}
	chain pre {
		type nat hook prerouting priority dstnat;
		iifname "wan0" udp dport 50000-50099 dnat to 192.0.2.9
	}
}
END
agrees 2 "masquerade and dnat"

# What passes below a rate is tried slowly, and does not fail for being many.
cat >"$work/fw" <<END
table ip t {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept
		udp dport 50000-65535 limit rate 20/second burst 4 packets accept
		meta l4proto tcp accept
	}
}
END
agrees 1 "a rate limit"
says "a rate limit: tried slowly" 'below a' "$out"

cat >"$work/fw" <<END
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:media - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -p tcp -m multiport --dports 443,17990,17992 -j ACCEPT
-A FORWARD -p udp -m udp --dport 50000:65535 -j media
-A media -p udp -m udp --dport 55000:55999 -j REJECT
-A media -j ACCEPT
COMMIT
END
agrees 2 "iptables"
says "iptables: to the port" '50000-54999,56000-65535: open' "$out"

# IPv6, alone and beside IPv4.
cat >"$work/fw" <<END
table inet t {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept
		ip6 daddr 2001:db8:2::10 tcp dport { 443, 17992 } accept
		ip6 saddr 2001:db8:1::/64 ip6 daddr 2001:db8:2::/120 udp dport 50000-59999 accept
		meta nfproto ipv4 accept
	}
}
END
is 2 "IPv6" lab "$work/fw" vidyoconnect $site6
says "IPv6: as predicted" 'did what was' "$out"
says "IPv6: to the port" '50000-59999: open' "$out"
agrees 1 "IPv4 beside it"

# Both shipped firewalls, with timers of minutes in seconds, before and after fix.
for row in nft:lan0:wan0 asa:inside:outside; do
	fw=edge.${row%%:*} ends=${row#*:}
	ends="--inside ${ends%:*} --outside ${ends#*:}"
	is 2 "$fw" lab "examples/$fw" $all $ends --scale-time 120
	says "$fw: as predicted" 'every( one|$)' "$out"
	says "$fw: its timer" '1/120 of it' "$out"
	says "$fw: was measured" 'measured between|between 0[.]|and 1[.]' "$out"
	is 0 "$fw is changed" "$pinhole" fix "examples/$fw" $all $ends --write "$work/$fw"
	is 0 "$fw, changed" lab "$work/$fw" $all $ends --scale-time 120
	says "$fw, changed: as predicted" '^OPEN: .*' "$out"
	says "$fw, changed: the timer of calls" 'predicted 300 s' "$out"
done
says "another language is translated" 'its translation' "$out"

# A prediction that is wrong must be seen: other rules run than were read.
cat >"$work/other.nft" <<END
table inet t {
	ct timeout quick {
		protocol udp
		l3proto ip
		policy = { unreplied : 1, replied : 3 }
	}
	chain pre {
		type filter hook prerouting priority filter; policy accept;
		meta l4proto udp ct timeout set "quick"
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept
		iifname "lan0" udp dport 60123 drop
		iifname "lan0" accept
	}
}
END
sed 's/dport 60123 drop/dport 60124 drop/; s/replied : 3/replied : 9/' "$work/other.nft" \
    >"$work/fw"
is 70 "rules were changed behind" lab "$work/fw" vidyoconnect $site --load "$work/other.nft"
says "the verdict says so" '^DISAGREEMENT' "$out"
says "which port" 'DISAGREEMENT vidyoconnect/media out port 60123' "$out"
says "and the other" 'DISAGREEMENT vidyoconnect/media out port 60124' "$out"
says "and the timer" '^ +DISAGREEMENT$' "$out"

# What filters for its own host runs there: output and input, both families.
cat >"$work/fw" <<END
table inet t {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		udp dport 50000-59999 accept
		tcp dport 17990 reject with tcp reset
	}
	chain output {
		type filter hook output priority filter; policy accept;
		udp dport 60000-60100 drop
		tcp dport 17992 reject
	}
}
END
agrees 2 "a host" --host
says "a host: what leaves it" '60000-60100: blocked' "$out"
says "a host: a REJECT" 'blocked +blocked +emcp' "$out"
says "a host: what comes to it" 'blocked +blocked +scip +in ' "$out"
site4=$site site=$site6
agrees 2 "a host, IPv6" --host
site=$site4
sed 's/60000-60100 drop/60000-60099 drop/' "$work/fw" >"$work/other.host"
is 70 "a host with other rules" lab "$work/fw" vidyoconnect $site --host --load "$work/other.host"
says "which port differs" 'DISAGREEMENT vidyoconnect/media out port 60100' "$out"

# The firewall of macOS knows programs.
cat >"$work/fw" <<END
Firewall is enabled. (State = 1)
Firewall has block all state set to disabled.
Automatically allow built-in signed software DISABLED.
Automatically allow downloaded signed software DISABLED.
Stealth mode disabled
ALF: total number of apps = 1
1 :  /Applications/Vidyo/Vidyo Desktop/VidyoDesktop.app
             ( Block incoming connections )
END
agrees 2 "a program that is not let in"
says "by macOS" 'blocked +blocked +media +in ' "$out"
sed -i 's/Block incoming/Allow incoming/' "$work/fw"
agrees 0 "a program that is let in"
says "its media" 'open +open +media +in ' "$out"

# What the lab cannot run is not tested, with its line.
cat >"$work/fw" <<END
hostname edge
interface GigabitEthernet0/0
 nameif outside
 security-level 0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
time-range office
 periodic weekdays 8:00 to 18:00
access-list INSIDE extended permit udp any any range 50000 65535 time-range office
access-list INSIDE extended permit tcp any any
access-group INSIDE in interface inside
END
is 2 "a time range" lab "$work/fw" vidyoconnect --clients 192.0.2.0/24 \
    --at vidyoconnect.portals=203.0.113.10 --at vidyoconnect.routers=198.51.100.0/28
says "what was not tested" "fw:1[0-9]" "$out"
says "what was not tested" "not-tested media" "$out"
cat >"$work/fw" <<END
table inet t {
	ct helper odd {
		type "nobody-has-it" protocol udp
		l3proto ip
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		udp dport 5060 ct helper set "odd"
	}
}
END
is 3 "what the kernel refuses" lab "$work/fw" vidyoconnect $site
says "is not tested" '^NOT TESTED' "$out"
is 64 "a scale that is none" lab "$work/open.nft" vidyoconnect $site --scale-time 0

# JSON
if "${PYTHON:-python3}" -c 'import jsonschema' 2>/dev/null; then
	for row in "2:examples/edge.nft --inside lan0 --outside wan0 --scale-time 120" \
	    "70:$work/open.nft --inside lan0 --outside wan0 --load $work/other.nft"; do
		is "${row%%:*}" "JSON" lab ${row#*:} $all --json
		if "${PYTHON:-python3}" -W ignore -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open("docs/schema/lab.json")))' \
		    "$out" >"$work/schema" 2>&1; then
			ok "JSON is as its schema says"
		else
			not_ok "JSON is as its schema says" <"$work/schema"
		fi
	done
else
	skip "JSON" "python3-jsonschema is missing"
fi

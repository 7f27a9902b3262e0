#!/bin/sh
# SPDX-License-Identifier: ISC
# What a Cisco ASA does without being told: levels, the end of lists, translation,
# timers and inspection.  Each row is a configuration, a question and the exit status.
. tests/tap.sh

base='interface g0/0
 nameif outside
 security-level 0
 ip address 203.0.113.1 255.255.255.0
interface g0/1
 nameif inside
 security-level 100
 ip address 10.0.0.1 255.0.0.0
interface g0/2
 nameif dmz
 security-level 50
 ip address 172.16.0.1 255.255.255.0
interface g0/3
 nameif lab
 security-level 50
 ip address 172.17.0.1 255.255.255.0'

# asks STATUS NAME QUESTION...: of what is on standard input, after ${base}
asks() {
	want=$1 name=$2
	shift 2
	{ echo "ASA Version ${version:-9.8(2)}"; echo "$base"; cat; } >"$work/fw.asa"
	is "$want" "$name" "$pinhole" query "$work/fw.asa" "$@"
}
going="--in inside --out outside --from 10.1.1.1 --to 198.51.100.1"
coming="--in outside --out inside --from 198.51.100.1 --to 10.1.1.1"

asks 0 "from secure to less secure" $going --udp 50000 </dev/null
asks 2 "not back" $coming --udp 50000 </dev/null
asks 2 "not between equals" --in dmz --out lab --from 172.16.0.5 --to 172.17.0.5 --tcp 443 </dev/null
asks 0 "but where that is allowed" --in dmz --out lab --from 172.16.0.5 --to 172.17.0.5 --tcp 443 <<'END'
same-security-traffic permit inter-interface
END
asks 2 "a list ends with deny" $going --udp 50000 <<'END'
access-list A extended permit tcp any any
access-group A in interface inside
END
asks 0 "the global list comes after that of the interface" $going --udp 50000 <<'END'
access-list A extended permit tcp any any
access-list G extended permit udp any any
access-group A in interface inside
access-group G global
END
asks 2 "a list for what leaves" $going --udp 50000 <<'END'
access-list A extended permit ip any any
access-list O extended permit tcp any any
access-group A in interface inside
access-group O out interface outside
END
asks 0 "a line that is inactive says nothing" $going --udp 50000 <<'END'
access-list A extended deny udp any any inactive
access-list A extended permit ip any any
access-group A in interface inside
END
asks 3 "a time range is not known" $going --udp 50000 <<'END'
access-list A extended permit udp any any time-range office
access-group A in interface inside
END
asks 3 "nor is a list that is not there" $going --udp 50000 <<'END'
access-group A in interface inside
END
asks 2 "ports of a group that leaves some out" $going --udp 5060 <<'END'
object-group service P udp
 port-object neq 5060
access-list A extended permit udp any any object-group P
access-group A in interface inside
END
asks 0 "a mask with holes" --in inside --out outside --from 10.9.3.7 --to 198.51.100.1 --tcp 80 <<'END'
access-list A extended permit tcp 10.0.3.0 255.0.255.0 any
access-group A in interface inside
END
asks 2 "and what is not in it" --in inside --out outside --from 10.9.4.7 --to 198.51.100.1 --tcp 80 <<'END'
access-list A extended permit tcp 10.0.3.0 255.0.255.0 any
access-group A in interface inside
END
asks 2 "any4 is not IPv6" --in inside --out outside --from 2001:db8::1 --to 2001:db8:1::1 --tcp 80 <<'END'
access-list A extended permit ip any4 any4
access-group A in interface inside
END

pub="--in outside --out dmz --from 198.51.100.1 --to 203.0.113.9"
asks 0 "from 8.3 on lists have the address inside" $pub --tcp 443 <<'END'
object network web
 host 172.16.0.9
 nat (dmz,outside) static 203.0.113.9
access-list OUT extended permit tcp any host 172.16.0.9 eq 443
access-group OUT in interface outside
END
asks 2 "not the one outside" $pub --tcp 443 <<'END'
object network web
 host 172.16.0.9
 nat (dmz,outside) static 203.0.113.9
access-list OUT extended permit tcp any host 203.0.113.9 eq 443
access-group OUT in interface outside
END
version='8.2(5)'
asks 0 "before 8.3 it was that" $pub --tcp 443 <<'END'
static (dmz,outside) 203.0.113.9 172.16.0.9 netmask 255.255.255.255
access-list OUT extended permit tcp any host 203.0.113.9 eq 443
access-group OUT in interface outside
END
version=
asks 0 "a translated port" $pub --tcp 443 <<'END'
object network web
 host 172.16.0.9
 nat (dmz,outside) static 203.0.113.9 service tcp 8443 443
access-list OUT extended permit tcp any host 172.16.0.9 eq 8443
access-group OUT in interface outside
END

site="--site tests/cmd/data/site.yaml --resolve router.example.org=198.51.100.77 \
    --inside inside --outside outside"
audit() {
	want=$1 name=$2 pattern=$3
	{ echo "ASA Version 9.8(2)"; echo "$base"; cat; } >"$work/fw.asa"
	is "$want" "$name" "$pinhole" audit "$work/fw.asa" vidyoconnect $site --stateful-only \
	    -W no-too-wide
	says "$name: said" "$pattern" "$out"
}
audit 1 "two minutes unless told otherwise" 'udp-timeout-short' </dev/null
audit 1 "too short for all" 'udp-timeout-short.*fw.asa:18' <<'END'
timeout udp 0:02:30
END
audit 0 "long enough for the media alone" '^OPEN' <<'END'
access-list M extended permit udp any any range 50000 65535
class-map media
 match access-list M
policy-map global_policy
 class media
  set connection timeout idle 0:10:00
service-policy global_policy global
END

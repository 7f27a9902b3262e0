#!/bin/sh
# SPDX-License-Identifier: ISC
# What is said of wrong words on the command line, and with which status.
. tests/tap.sh

is 64 "no command" "$pinhole"
is 0 "help" "$pinhole" help
says "help lists commands" '^  audit +say ' "$out"
is 0 "--help is help" "$pinhole" --help
is 0 "--version" "$pinhole" --version
says "the version has a number" '^pinhole [0-9]+\.[0-9]+\.[0-9]+' "$out"

is 64 "an unknown command" "$pinhole" audti
says "what it is like" "unknown command 'audti'; did you mean 'audit'\?" "$err"
for later in apply; do
	is 64 "$later does not exist" "$pinhole" $later
done
is 64 "an unknown option" "$pinhole" audit --jsn x y
says "what it is like" "unknown option '--jsn'; did you mean '--json'\?" "$err"
is 64 "a value that is missing" "$pinhole" audit x y --site
says "which" '--site needs a value: --site FILE' "$err"
is 64 "a value too many" "$pinhole" services --json=yes
is 64 "an argument that is missing" "$pinhole" audit x
is 64 "an argument too many" "$pinhole" diff a b c
is 64 "an unknown dialect" "$pinhole" fmt --dialect nftable x
says "what it is like" "did you mean 'nftables'\?" "$err"
is 64 "an unknown service" "$pinhole" services vidyoconect
says "what it is like" "did you mean 'vidyoconnect'\?" "$err"
is 64 "plan for no platform" "$pinhole" plan webrtc
is 64 "completion of an unknown shell" "$pinhole" completion tcsh

is 64 "a check of nothing" "$pinhole" check
is 64 "a check of an unknown service" "$pinhole" check zom
says "what it is like" "did you mean 'zoom'\?" "$err"
is 64 "a check of servers nobody named" "$pinhole" check vidyoconnect
says "how to name them" '--at vidyoconnect.portals=' "$err"
says "and in words" "browser's address line" "$err"
at="--at jitsi-meet.deployment=127.0.0.1"
is 64 "a check with a key and no responder" "$pinhole" check jitsi-meet $at --key x
says "what is missing" '--via HOST' "$err"
is 64 "a check with a responder and no key" "$pinhole" check jitsi-meet --via 127.0.0.1
says "which" '--key FILE is missing' "$err"
is 64 "a check of neither family" "$pinhole" check jitsi-meet $at --ipv4 --ipv6

is 64 "a probe of nothing" "$pinhole" probe
is 64 "a probe against nobody" "$pinhole" probe webrtc
says "how to name a far end" '--via HOST\[:PORT\], or --turn HOST' "$err"
is 64 "a probe without a key" "$pinhole" probe webrtc --via 127.0.0.1
says "which" '--key FILE is missing' "$err"
is 64 "a port that is none" "$pinhole" probe webrtc --via 127.0.0.1:70000
is 64 "a rate that is none" "$pinhole" probe webrtc --via 127.0.0.1 --rate fast
says "what it takes" "'fast' is no number from 0 to" "$err"
is 64 "a relay without an account" env -u TURN_USER -u TURN_PASSWORD "$pinhole" probe webrtc \
    --turn 127.0.0.1
is 64 "a transport of no relay" "$pinhole" probe webrtc --turn 'turn:127.0.0.1?transport=sctp'
says "which" "'sctp' is no transport of turn" "$err"
is 64 "TLS over UDP" "$pinhole" probe webrtc --turn 'turns:127.0.0.1?transport=udp'
is 64 "a query that is none" "$pinhole" probe webrtc --turn 'turn:127.0.0.1?x=1'
says "what is meant" 'turn:HOST:PORT\?transport=' "$err"
"$pinhole" keygen "$work/probe.key" >"$work/probe.word"
via="--via 127.0.0.1:9 --key $work/probe.key --peer-key $(cat "$work/probe.word")"
is 3 "a probe against a responder that is not there" "$pinhole" probe webrtc --ipv4 $via
says "blames nobody" '^COULD NOT TELL: the test server 127.0.0.1 port 9 cannot be used' "$out"
says "and says nothing was tested" '^  not-tested web ' "$out"
grep -q 'Request to the administrator' "$out" && not_ok "asks for nothing" <"$out" ||
	ok "asks for nothing"

fw=tests/cmd/data/border.nft
is 64 "a query without ends" "$pinhole" query $fw --udp 1
says "which" '--from ADDRS is missing' "$err"
is 64 "a query without ports" "$pinhole" query $fw --from any --to any
is 64 "a query of two protocols" "$pinhole" query $fw --from any --to any --udp 1 --tcp 1
is 64 "a falling range" "$pinhole" query $fw --from any --to any --udp 9-8
is 64 "no address" "$pinhole" query $fw --from 192.0.2.256 --to any --udp 9
is 64 "no user id" "$pinhole" query $fw --from any --to any --udp 9 --uid me
is 64 "no ICMP type" "$pinhole" query $fw --from any --to any --icmp 256

is 64 "a group that nobody named" "$pinhole" audit $fw vidyoconnect --clients 192.0.2.1
says "which" 'missing-group.*"portals"' "$err"
says "how to give it" '--at vidyoconnect.portals=' "$err"
says "and the other one" 'missing-group.*"routers"' "$err"

is 66 "a file that is not there" "$pinhole" fmt tests/cmd/data/none
is 66 "a folder" "$pinhole" fmt tests
is 65 "no configuration" "$pinhole" fmt tests/cmd/data/site.yaml
says "which there are" '^  asa ' "$err"
says "how to say it" '--dialect NAME' "$err"

for c in services plan audit query fix diff lint check probe completion help; do
	is 0 "help $c" "$pinhole" help $c
	says "help $c shows its use" "^Usage: pinhole $c" "$out"
	wide=$(awk 'length > 80' "$out")
	[ -z "$wide" ] && ok "help $c in 80 columns" || echo "$wide" | not_ok "help $c in 80 columns"
done

"$pinhole" completion bash >"$work/c" && bash -n "$work/c" && ok "completion is bash" ||
	not_ok "completion is bash" <"$work/c"
cat >"$work/try" <<'END'
. "$1"
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pinhole; echo "${COMPREPLY[*]}"; }
compopt() { :; }
try pinhole au
try pinhole audit --js
try pinhole plan --for as
END
bash "$work/try" "$work/c" >"$out" 2>"$err"
printf 'audit\n--json\nasa\n' | diff - "$out" >"$work/d" && ok "completion completes" ||
	not_ok "completion completes" <"$work/d"

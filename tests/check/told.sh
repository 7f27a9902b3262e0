#!/bin/sh
# SPDX-License-Identifier: ISC
# What a check says of itself: without rights, in a file for the administrator, as JSON, against
# a responder, of servers that cannot be asked.
. tests/check/lib.sh

at="webrtc --at webrtc.web=203.0.113.10 --at webrtc.turn=203.0.113.10"
serve tcp:80 tls:443 tcp:3478 stun:3478

# Nobody in particular: this computer's rules cannot be read, and are seen all the same.
nobody() { nsenter -t "$client_pid" -n -- setpriv --no-new-privs --inh-caps=-all \
    --ambient-caps=-all --bounding-set=-all --reuid="$other" --clear-groups "$@"; }
other=65534
if nobody true 2>/dev/null; then
	is 0 "no rights, all open" nobody timeout 40 "$pinhole" check $at
	says "it says what it could not read" "own firewall could not be read" "$out"
	says "and why" 'administrator \(root\)' "$out"
	rules client <<'END'
table inet f {
	chain c {
		type filter hook output priority 0
		tcp dport 80 reject
	}
}
END
	is 2 "no rights, shut here" nobody timeout 40 "$pinhole" check $at --ipv4
	says "it is this computer" "^DOES NOT WORK FULLY: .*this computer's own" "$out"
	client nft flush ruleset
else
	skip "no rights" "no other user here"
fi

# The request.
rules firewall <<'END'
table inet f {
	chain c {
		type filter hook forward priority 0
		udp dport 3478 reject with icmpx admin-prohibited
	}
}
END
echo old >"$work/letter"
check 2 "a request in a file" $at --request "$work/letter"
line "the last line names it" "send the file .*/letter to whoever runs your network"
for part in '^Request to the administrator of the network' '1\. UDP port 3478, from this network' \
    'to 203\.0\.113\.10' 'for: STUN, and TURN' 'says:$|says: http' 'seen: 203\.0\.113\.10: a rule forbids it' \
    'rejected by 192\.168\.7\.1'; do
	says "it has $part" "$part" "$work/letter"
done
if grep -q old "$work/letter"; then not_ok "it is new" <"$work/letter"; else ok "it is new"; fi
wide=$(awk 'length > 80 && !/http/' "$work/letter" "$out")
[ -z "$wide" ] && ok "in 80 columns" || echo "$wide" | not_ok "in 80 columns"
check 66 "a folder that is not there" $at --request "$work/none/letter"

# JSON.
schema() {
	"${PYTHON:-python3}" -W ignore - "$out" 2>"$work/why" <<'END' && ok "$1: as its schema says" ||
import json, sys
try:
    import jsonschema
except ImportError:
    sys.exit(0)
jsonschema.Draft202012Validator(json.load(open("docs/schema/check.json"))).validate(
    json.load(open(sys.argv[1])))
END
	{ not_ok "$1: as its schema says" <"$work/why"; }
}
check 2 "JSON" $at --json
schema "blocked"
says "whose it is" '"owner": "network"' "$out"
firewall nft flush ruleset
check 0 "JSON, all open" $at --json --request "$work/nothing"
schema "open"
says "there is nothing to ask for" "nothing to ask for" "$err"
[ ! -e "$work/nothing" ] && ok "nothing is written" || echo | not_ok "nothing is written"

# Servers that cannot be asked.
check 3 "a network is not searched" webrtc --at webrtc.web=203.0.113.0/24 --at webrtc.turn=203.0.113.0/24
first "it is said" '^NOT TESTED: '
line "with what to do" 'name one with --at webrtc.GROUP=NAME'
check 3 "anybody is nobody" livekit-cloud
first "it is said" '^NOT TESTED: '
check 3 "a name that nobody knows" jitsi-meet --at jitsi-meet.deployment=nobody.invalid
says "as a sentence" '^COULD NOT TELL: this computer does not find' "$err"
serve tcp:443 tcp:17990 tcp:17992
check 3 "media take a responder" vidyoconnect --at vidyoconnect.portals=203.0.113.10 \
    --at vidyoconnect.routers=203.0.113.10 --json
schema "media"
check 3 "two of the far end's hosts, one of them down" vidyoconnect \
    --at vidyoconnect.portals=203.0.113.10 --at vidyoconnect.routers=203.0.113.10,203.0.113.77
line "the other one answers" 'another server of the service answers there'

# A responder.
key=$("$pinhole" keygen "$work/a.key") && peer=$("$pinhole" keygen "$work/b.key")
[ -z "${serve_pid-}" ] || kill "$serve_pid"
nsenter -t "$server_pid" -n -- "$pinhole" serve --key "$work/b.key" --client "$key" \
    --listen 203.0.113.10 >"$work/log" 2>&1 &
pids="$pids $!"
responder=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	server ss -Htln 2>/dev/null | grep -q ':443 ' && break
	sleep 0.1
done
via="vidyoconnect --via 203.0.113.10 --key $work/a.key --peer-key $peer"
check 0 "against a responder, all open" $via
first "it works" '^WORKS: all that VidyoConnect needs'
rules client <<'END'
table inet f {
	chain c {
		type filter hook input priority 0
		udp sport 60000-65535 drop
	}
}
END
check 1 "against a responder, answers dropped here" $via --json
schema "responder"
says "it is this computer" '"owner": "host"' "$out"
client nft flush ruleset
kill "$responder"
wait "$responder" 2>/dev/null
check 3 "a responder that is dead" $via
first "it is not the network" '^COULD NOT TELL'

#!/bin/bash
# SPDX-License-Identifier: ISC
#
# baresip calls baresip; SIP goes its own way, and all that is open for its sound is the relay.
. tests/judges/net.sh
need baresip python3
make_far
far=10.78.3.2
RELAY_CONFIG="allow: [$far]"
modules=$(find /usr/lib /usr/local/lib -name g711.so -path '*baresip*' 2>/dev/null | head -n 1)

# a tone of a minute; who is called sends back what he hears
python3 - "$work/tone.wav" <<'END'
import math, struct, sys, wave
with wave.open(sys.argv[1], "wb") as w:
    w.setnchannels(1)
    w.setsampwidth(2)
    w.setframerate(8000)
    w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 3))) for n in range(480000)))
END

# phone NAME ADDRESS ACCOUNT SOURCE: the home of one
phone() {
	rm -rf "${work:?}/$1"
	mkdir "$work/$1"
	cat >"$work/$1/config" <<END
sip_listen $2:5060
call_local_timeout 20
call_max_calls 4
audio_source $4
audio_player aubridge,$1
audio_alert aubridge,$1
audio_path $work
rtp_ports 20000-20010
module_path ${modules%/*}
module g711.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app rtcpsummary.so
module turn.so
END
	echo "$3" >"$work/$1/accounts"
	: >"$work/$1/contacts"
}

phone far $far "<sip:far@$far>;regint=0;answermode=auto" aubridge,far
phone near 10.78.1.2 "<sip:near@10.78.1.2>;regint=0;medianat=turn;stunserver=turn:10.78.2.2:3478;stunuser=alice;stunpass=secret" \
    "aufile,$work/tone.wav"
only udp '{ 3478, 5060 }'
start_relay
far timeout 20 baresip -f "$work/far" -t 9 >"$work/far.log" 2>&1 </dev/null &
callee=$!
sleep 0.5
client timeout 20 baresip -f "$work/near" -t 6 -e "d sip:far@$far" >"$work/near.log" 2>&1 </dev/null
sleep 0.3
kill $callee 2>/dev/null
wait $callee 2>/dev/null
stop_relay
says 'a call is made' 'near@10\.78\.1\.2: Call established' "$work/near.log"
says 'its sound comes from the relay' "receiving from 10\.78\.2\.2:" "$work/far.log"
says 'and back' "receiving from 10\.78\.3\.2:" "$work/near.log"
says 'none is lost' 'PR=[12][0-9]{2};PS=[12][0-9]{2};PL=0,0;' "$work/far.log"
says 'the relay has carried it, both ways' \
    ', [2-9][0-9]{2} packets \([0-9]+ bytes\) up, [2-9][0-9]{2} \([0-9]+\) down' "$work/relay.out"
sed -n 's/^allocation/# &/p' "$work/relay.out"

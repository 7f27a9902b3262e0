#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What tests/wire/dump writes, judged by Wireshark's dissectors: each message is
# taken for what it is, nothing in it is malformed, and the fields say what we
# meant.
. tests/tap.sh
dump=${BUILD:-$src/build-test}/tests/wire/dump
for tool in tshark text2pcap; do
	if ! command -v $tool >/dev/null; then
		skip "our messages as others see them" "$tool is not installed (Debian: tshark)"
		exit 0
	fi
done

# What a dissected message must hold, as tshark names and shows it.
expected() {
	case $1 in
	grq) echo 'h225.RasMessage=0 h225.requestSeqNum=4711 h225.ipV4=192.0.2.1 h225.ipV4_port=1719' ;;
	grq6) echo 'h225.RasMessage=0 h225.ipV6=2001:db8::7 h225.ipV6_port=1720' ;;
	gcf) echo 'h225.RasMessage=1 h225.requestSeqNum=4711 h225.ipV4=192.0.2.1' ;;
	gcf6) echo 'h225.RasMessage=1 h225.ipV6=2001:db8::7 h225.ipV6_port=1720' ;;
	grj) echo 'h225.RasMessage=2 h225.requestSeqNum=4711 h225.rejectReason=0' ;;
	rrj) echo 'h225.RasMessage=5 h225.requestSeqNum=4711 h225.rejectReason=0' ;;
	setup) echo 'q931.message_type=0x05 h225.h323_message_body=0 h225.callType=0
	    h225.protocolIdentifier=0.0.8.2250.0.4 h225.h245Tunnelling=0' ;;
	setup-addresses) echo 'h225.h323_message_body=0 h225.h245Ip=192.0.2.1
	    h225.h245IpPort=1719 h225.ipV4=192.0.2.1 h225.ipV4_port=1719' ;;
	setup-addresses6) echo 'h225.h245Ip6=2001:db8::7 h225.h245Ip6port=1720 h225.ipV4=192.0.2.1
	    h225.guid=ca110000-0000-0000-0000-000000000000' ;;
	callProceeding) echo 'q931.message_type=0x02 h225.h323_message_body=1' ;;
	alerting) echo 'q931.message_type=0x01 h225.h323_message_body=3' ;;
	releaseComplete) echo 'q931.message_type=0x5a h225.h323_message_body=5
	    q931.cause_value=16 h225.guid=ca110000-0000-0000-0000-000000000000' ;;
	options) echo 'sip.Method=OPTIONS sip.CSeq.seq=1 sip.Via.sent-by.port=5060' ;;
	invite) echo 'sip.Method=INVITE sip.CSeq.seq=1 sdp.media.port=50010 sdp.media.port=50012' ;;
	invite-odd) echo 'sip.Method=INVITE' ;;	# tshark knows no space before a colon
	register) echo 'sip.Method=REGISTER sip.contact.port=5060' ;;
	ack) echo 'sip.Method=ACK' ;;
	cancel) echo 'sip.Method=CANCEL' ;;
	rtp) echo 'rtp.seq=1 rtp.timestamp=160 rtp.p_type=0 rtp.ssrc=0x00000007' ;;
	esac
}

# judge NAME TRANSPORT PORT
judge() {
	flag=-u
	[ "$2" = udp ] || flag=-T
	if ! "$dump" "$1" >"$work/hex" ||
	    ! text2pcap -q $flag "$3,$3" "$work/hex" "$work/pcap" >"$err" 2>&1 ||
	    ! tshark -n -r "$work/pcap" -d udp.port==50010,rtp -T pdml >"$out" 2>"$err"; then
		not_ok "$1 is written and dissected" <"$err"
		return
	fi
	missing=
	for field in $(expected "$1"); do
		grep -qF "name=\"${field%%=*}\"" "$out" &&
		    grep -F "name=\"${field%%=*}\"" "$out" | grep -qF "show=\"${field#*=}\"" ||
		    missing="$missing $field"
	done
	if grep -q 'name="_ws.malformed"\|name="_ws.unreassembled"\|_ws.expert.severity" .*show="8388608"' \
	    "$out"; then
		grep -n 'malformed\|expert' "$out" | not_ok "$1 is well-formed"
	elif [ -n "$missing" ] || [ -z "$(expected "$1")" ]; then
		{ echo "not there:$missing"; grep -oE 'name="(tpkt|q931|h225|sip|sdp|rtp)[^"]*".*' "$out"; } |
		    not_ok "$1 says what we meant"
	else
		ok "$1"
	fi
}

"$dump" >"$work/names" || not_ok "names" </dev/null
while read -r name transport port; do
	judge "$name" "$transport" "$port"
done <"$work/names"

# The judge notices: a message that is cut short.
"$dump" setup | cut -d' ' -f1-60 >"$work/hex"
text2pcap -q -T 1720,1720 "$work/hex" "$work/pcap" >"$err" 2>&1
tshark -n -r "$work/pcap" -T fields -e h225.callType >"$out" 2>"$err"
if [ -z "$(tr -d ' \n' <"$out")" ]; then
	ok "a setup cut short is not taken for a whole one"
else
	not_ok "a setup cut short is not taken for a whole one" <"$out"
fi

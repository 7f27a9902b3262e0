#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The far end for telephones, judged by other people's programs: sipsak and sipp call it,
# tshark reads what it says.  It answers whoever holds a session, and nobody else.
. tests/probe/lib.sh
leaser=${BUILD:-$PWD/build}/tests/serve/leaser
[ -x "$leaser" ] || { skip "${0##*/}" "tests/serve/leaser is not built"; exit 0; }
rules </dev/null
serve
client ip addr add 10.77.1.9/24 dev c

# A session that is told what to do through a pipe.
mkfifo "$work/orders" "$work/replies"
nsenter -t "$client_pid" -n -- "$leaser" 10.77.2.2 443 "$work/client.key" "$server_word" \
    <"$work/orders" >"$work/replies" 2>"$work/leaser.log" &
pids="$pids $!"
exec 8>"$work/orders" 9<"$work/replies"

# order COMMAND: its answer in $reply
order() {
	echo "$1" >&8
	read -r -t 10 reply <&9 || reply="no answer: $(cat "$work/leaser.log")"
}

# replies NAME PATTERN COMMAND
replies() {
	order "$3"
	case $reply in
	$2) ok "$1" ;;
	*) echo "$3: $reply" | not_ok "$1" ;;
	esac
}

replies 'SIP over UDP is leased' bound 'bind sip-udp 5060 5060'
replies 'SIP over TCP is leased' bound 'bind sip-tcp 5060 5060'
replies 'SIP over TLS is leased' bound 'bind sip-tls 5061 5061'
replies 'RAS is leased' bound 'bind ras 1719 1719'
replies 'H.225 is leased' bound 'bind h225 1720 1720'
replies 'nothing came yet' nothing 'mirror sip-udp 5060'

# --- SIP ---
if command -v sipsak >/dev/null; then
	is 0 'sipsak: OPTIONS over UDP' client timeout 10 sipsak -s sip:probe@10.77.2.2
	replies 'the mirror shows what came and went' \
	    'came 10.77.1.2 * 4f5054494f4e53* went 5349502f322e3020323030*' 'mirror sip-udp 5060'
	is 0 'sipsak: OPTIONS over TCP' client timeout 10 sipsak -E tcp -s sip:probe@10.77.2.2
	replies 'the mirror of the stream' \
	    'came 10.77.1.2 * 4f5054494f4e53* went 5349502f322e3020323030*' 'mirror sip-tcp 5060'
else
	skip 'sipsak calls' 'sipsak is missing'
fi

# scenario METHOD ANSWERS...: a call for sipp that expects these
scenario() {
	method=$1 body=''
	shift
	[ "$method" != INVITE ] || body='v=0
o=probe 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 50010 RTP/AVP 0'
	head="Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:probe@[local_ip]>;tag=[call_number]
To: <sip:far@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
Contact: <sip:probe@[local_ip]:[local_port]>
Max-Forwards: 70"
	echo '<?xml version="1.0"?><scenario name="probe"><send retrans="500"><![CDATA['
	printf '%s sip:far@[remote_ip] SIP/2.0\n%s\nCSeq: 1 %s\n%sContent-Length: [len]\n\n%s\n' \
	    "$method" "$head" "$method" "${body:+Content-Type: application/sdp
}" "$body"
	echo ']]></send>'
	for answer; do echo "<recv response=\"$answer\"/>"; done
	if [ "$method" = INVITE ]; then
		echo '<send><![CDATA['
		printf 'ACK sip:far@[remote_ip] SIP/2.0\n%s\nCSeq: 1 ACK\nContent-Length: 0\n\n' "$head" |
		    sed 's/\[branch\]/[branch-3]/'
		echo ']]></send>'
	fi
	echo '</scenario>'
}

# sipp_calls NAME TRANSPORT METHOD ANSWERS...
sipp_calls() {
	name=$1 transport=$2
	shift 2
	scenario "$@" >"$work/scenario.xml"
	is 0 "sipp: $name" nsenter -t "$client_pid" -n -- env -C "$work" timeout 30 sipp -nostdin \
	    -sf scenario.xml -t "$transport" -m 3 -r 20 -i 10.77.1.2 -timeout 10s 10.77.2.2:5060
}

if command -v sipp >/dev/null; then
	for t in u1 t1; do
		sipp_calls "OPTIONS, $t" $t OPTIONS 200
		sipp_calls "REGISTER, $t" $t REGISTER 200
		sipp_calls "INVITE, $t" $t INVITE 100 180 486
	done
else
	skip 'sipp calls' 'sipp is missing'
fi

# --- any protocol, byte for byte ---
# say PROTO PORT HEX [FROM]: send, print what is answered, as hex
say() {
	client timeout 20 "${PYTHON:-python3}" - "$@" <<'END'
import socket, ssl, sys
proto, port, data, source = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3]), "10.77.1.2"
if len(sys.argv) > 4:
    source = sys.argv[4]
kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
s = socket.socket(socket.AF_INET, kind)
s.bind((source, 0))
s.settimeout(1.5)
try:
    s.connect(("10.77.2.2", port))
    if proto == "tls":
        context = ssl._create_unverified_context()
        s = context.wrap_socket(s)
    s.send(data)
    print(s.recv(65536).hex())
except OSError as e:
    print(type(e).__name__)
END
}

options=$(printf 'OPTIONS sip:far@10.77.2.2 SIP/2.0\r\nVia: SIP/2.0/TLS 10.77.1.2;branch=z9hG4bKx\r\nFrom: <sip:p@x>;tag=1\r\nTo: <sip:far@x>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n' \
    one | od -An -v -tx1 | tr -d ' \n')
case $(say tls 5061 "$options") in
5349502f322e3020323030*) ok 'SIP over TLS is answered' ;;
*) say tls 5061 "$options" | not_ok 'SIP over TLS is answered' ;;
esac
replies 'and mirrored byte for byte' "came 10.77.1.2 *  $options went *" 'mirror sip-tls 5061'

# Nobody else: neither is another address of the same network answered, nor noted.
case $(say udp 5060 "$options" 10.77.1.9) in
timeout | TimeoutError) ok 'another address hears nothing over UDP' ;;
*) echo answered | not_ok 'another address hears nothing over UDP' ;;
esac
case $(say tcp 5060 "$options" 10.77.1.9) in
'' | ConnectionResetError) ok 'another address hears nothing over TCP' ;;
*) say tcp 5060 "$options" 10.77.1.9 | not_ok 'another address hears nothing over TCP' ;;
esac

dump=${BUILD:-$PWD/build}/tests/wire/dump
# message NAME: a message of ours, as hex
message() { "$dump" "$1" | sed 's/^[0-9a-f]* *//' | tr -d ' \n'; }

# judged NAME PROTO PORT MESSAGE FIELD VALUE: sent, mirrored, and answered as tshark says
judged() {
	sent=$(message "$4")
	got=$(say "$2" "$3" "$sent")
	replies "$1: mirrored byte for byte" "came 10.77.1.2 *  $sent went $got" \
	    "mirror $([ "$3" = 1719 ] && echo ras || echo h225) $3"
	if ! command -v text2pcap >/dev/null || ! command -v tshark >/dev/null; then
		skip "$1: the answer, dissected" 'tshark is missing'
		return
	fi
	flag=-u
	[ "$2" = udp ] || flag=-T
	echo "$got" | sed 's/../& /g; s/^/000000 /' >"$work/hex"
	text2pcap -q $flag "$3,$3" "$work/hex" "$work/pcap" >"$err" 2>&1
	tshark -n -r "$work/pcap" -T pdml >"$out" 2>"$err"
	says "$1: the answer, dissected" "name=\"$5\".*show=\"$6\"" "$out"
	if grep -q '_ws.malformed' "$out"; then
		not_ok "$1: nothing malformed" <"$out"
	else
		ok "$1: nothing malformed"
	fi
}
judged 'gatekeeper request' udp 1719 grq h225.RasMessage 2
judged 'call' tcp 1720 setup q931.message_type 0x5a

replies 'is released' released release
case $(say tcp 1720 00) in
ConnectionRefusedError) ok 'then the port is shut' ;;
*) echo open | not_ok 'then the port is shut' ;;
esac

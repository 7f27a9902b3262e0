#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Programs that know nothing of relays call through the tunnel and the relay, with all UDP and
# every port but one shut: sipp as it is, by UDP and TCP, and iperf3.
. tests/judges/net.sh
need sipp iperf3
far=10.78.2.9
relay ip addr add $far/24 dev r
RELAY_CONFIG="allow: [$far]
  tcp: [$far]"
start_relay

# at_far CMD...: outside, while the script runs
at_far() {
	relay "$@" >>"$work/far.log" 2>&1 </dev/null &
	pids="$pids $!"
}

# tunnel RUNG CMD...
tunnel() {
	rung=$1
	shift
	client env TURN_USER=alice TURN_PASSWORD=secret timeout 60 "$pinhole" tunnel --via 10.78.2.2 \
	    --ca-file "$work/tls.crt" --rungs "$rung" --at h323-sip.gateways=$far \
	    --set h323-sip.h245=3230-3253 --set h323-sip.media=3230-3253 h323-sip -- "$@"
}

# call RUNG TRANSPORT: 20 calls of sipp's own scenario, none of which may fail
call() {
	is 0 "sipp over $2 through $1: 20 calls" tunnel "$1" sipp -sn uac -t "$2" -m 20 -r 20 -d 200 \
	    -timeout 30s -timeout_error "$far:5060"
	says 'none fails' 'Failed call +\| +0 +\| +0' "$out"
}

at_far sipp -sn uas -t u1 -i $far -p 5060 -nostdin
at_far sipp -sn uas -t t1 -i $far -p 5060 -nostdin
at_far iperf3 -s -B $far -p 3230
sleep 0.5
cd "$work" || exit 1	# where sipp may leave what it has to say
only udp 3478
is 124 'there is no way but through the relay' client timeout 3 bash -c "exec 3<>/dev/tcp/$far/3230"
call turn-udp u1
for rung in turn-tcp:3478 turn-tls:443; do
	only tcp ${rung#*:}
	rung=${rung%:*}
	call $rung u1
	call $rung t1
	# UDP is told from TCP by the ports that iperf3 chooses; its control connection is TCP
	is 0 "iperf3, UDP, through $rung" tunnel $rung iperf3 -c $far -p 3230 -u -b 4M -l 1000 -t 2
	says 'nearly all arrives' '/[0-9]+ \([0-4](\.[0-9]+)?%\) +receiver' "$out"
	grep receiver "$out" | sed 's/^/# /'
	is 0 "iperf3, TCP, through $rung" tunnel $rung iperf3 -c $far -p 3230 -t 2
	says 'arrives' '[0-9] [MG]bits/sec +receiver' "$out"
	grep receiver "$out" | sed 's/^/# /'
done

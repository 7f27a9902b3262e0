#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The clients of coturn: each transport and family with everything else shut, and what they find
# out about a NAT from our STUN server (RFC 5780).  The vectors of RFC 5769, which Debian's
# package has no program for, are among the unit tests.
. tests/judges/net.sh
need turnutils_uclient turnutils_peer turnutils_stunclient turnutils_natdiscovery
make_far
for a in 10.78.3.2 fd78:3::2; do
	far turnutils_peer -L $a -p 3480 >/dev/null 2>&1 &
	pids="$pids $!"
done
RELAY_CONFIG='allow: [10.78.3.2, "fd78:3::2"]'
start_relay

# calls NAME OPTION...: 3 clients, 20 packets each
calls() {
	name=$1
	shift
	client timeout 40 turnutils_uclient -u alice -w secret -c -m 3 -n 20 -z 5 -X "$@" >"$out" 2>&1
	says "$name" 'Total lost packets 0 \(0\.0+%\)' "$out"
}
for host in 10.78.2.2 fd78:2::2; do
	only udp 3478
	calls "UDP, $host" -e 10.78.3.2 -r 3480 $host
	calls "UDP, Send indications, $host" -s -e 10.78.3.2 -r 3480 $host
	calls "UDP, to IPv6, $host" -x -e fd78:3::2 -r 3480 $host
	calls "UDP, even ports, DONT-FRAGMENT, $host" -D -g -e 10.78.3.2 -r 3480 $host
	is 0 "Binding, $host" client timeout 10 turnutils_stunclient $host
	only tcp 3478
	calls "TCP, $host" -t -e 10.78.3.2 -r 3480 $host
	only tcp 443
	calls "TLS, $host" -t -S -p 443 -e 10.78.3.2 -r 3480 $host
done
stop_relay

relay ip addr add 10.78.2.3/24 dev r
relay "$pinhole" serve --key "$work/key" --listen 10.78.2.2 --listen 10.78.2.3 >"$work/serve.out" 2>&1 &
pids="$pids $!"
sleep 0.7
only udp '{ 3478, 3479 }'
is 0 'natdiscovery: mapping' client timeout 20 turnutils_natdiscovery -m -L 10.78.1.2 10.78.2.2
says 'there is no translation' 'Endpoint Independent Mapping|No NAT|without NAT' "$out"
is 0 'natdiscovery: filtering' client timeout 30 turnutils_natdiscovery -f -L 10.78.1.2 10.78.2.2
says 'the firewall filters by address and port' 'Address and Port Dependent Filtering' "$out"

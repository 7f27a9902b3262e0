#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pinhole tunnel where nothing gets out but through an HTTP proxy, which stands on the
# firewall of net.sh.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tests/tunnel/net.sh
need turnserver ip nft nsenter openssl python3
unshare_all "$@"
peer="python3 $src/tests/tunnel/peer.py"
make_net && start_relay || { skip "${0##*/}" "no network of one's own"; exit 0; }
server $peer far 10.5.2.9 2001:db8:2::9 &
firewall() { nsenter -n"$work/ns-firewall" "$@"; }
firewall python3 "$src/tests/tunnel/proxy.py" 10.5.1.1 3128 &
firewall python3 "$src/tests/tunnel/proxy.py" 10.5.1.1 3129 bob:p@ss &
rules					# nothing at all
sleep 0.7

opt="--proxy http://10.5.1.1:3128"
is 0 "UDP through the proxy" tunnel $peer udp 10.5.2.9 20
says "arrives" '^got [12][0-9] of 20, seen as 1,' "$out"
says "as is said" 'TURN over TLS through the proxy 10.5.1.1 port 3128' "$err"
opt="$opt --rungs turn-tls"
is 0 "TCP through the proxy" tunnel $peer tcp 10.5.2.9 5
says "all of it" '^got 5000000$' "$out"

opt="--rungs turn-tls"
env="https_proxy=http://bob:p%40ss@10.5.1.1:3129/"
is 0 "an account in the environment" tunnel true
env="https_proxy=10.5.1.1:3129"
is 3 "no account" tunnel true
says "is said" 'the proxy wants a name and password' "$err"
echo bob:p@ss >"$work/account"
opt="--rungs turn-tls --proxy-account $work/account"
is 0 "an account in a file" tunnel true
rules "tcp dport 443 reject with tcp reset"
env="https_proxy=10.5.1.1:3128 no_proxy=example.com,10.5.2.2"
opt="--rungs turn-tls"
is 3 "a host that wants no proxy" tunnel true
says "goes without" 'TURN over TLS to 10.5.2.2 port 443' "$err"

# A name that only the proxy could find is still one for the certificate.
env=
via=relay.example.org
opt="--proxy http://10.5.1.1:3128 --rungs turn-tls --resolve relay.example.org=10.5.2.2"
is 3 "a name that the proxy does not find" tunnel true
says "is said" 'the proxy cannot reach the relay' "$err"
via=10.5.2.2:8443
opt="--proxy http://10.5.1.1:3128 --rungs turn-tls"
is 3 "a port that the proxy forbids" tunnel true
says "is said" 'the proxy forbids it' "$err"
via=10.5.2.2
opt="--proxy http://10.5.2.2:3478 --rungs turn-tls"
rules "tcp dport 3478 accept"
is 3 "what is no proxy" tunnel true
opt="--proxy socks5://10.5.1.1"
is 64 "a proxy of another kind" tunnel true

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pinhole tunnel --peer-key: the relay is known by its key, whatever its certificate says.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tests/tunnel/net.sh
need ip nft nsenter openssl python3
unshare_all "$@"
RELAY=own
make_net || { skip "${0##*/}" "no network of one's own"; exit 0; }
word=$("$pinhole" keygen "$work/key.pem")
other=$("$pinhole" keygen "$work/other.key")

# start_relay makes its certificate with this: for another name, of the key above.
openssl() {
	command openssl req -x509 -key "$work/key.pem" -days 2 -out "$work/cert.pem" \
	    -subj /CN=elsewhere.example.org
}
start_relay || { skip "${0##*/}" "no relay"; exit 0; }
far="$src/tests/tunnel/peer.py"
server python3 "$far" far 10.5.2.9 2001:db8:2::9 &
sleep 0.5
rules "tcp dport 443 accept"

opt="--rungs turn-tls --peer-key $word"
is 0 "the relay's own key" tunnel python3 "$far" udp 10.5.2.9 5
says "opens the way" '^got [45] of 5' "$out"
opt="--rungs turn-tls --peer-key $other"
is 3 "another key" tunnel true
says "is told as one" 'another key answers than the one expected' "$err"
opt="--rungs turn-tls"
is 3 "no key, and a name that is not in the certificate" tunnel true
says "is told so" 'not one to be trusted for this name' "$err"
opt="--peer-key nonsense"
is 64 "what is no key" tunnel true
says "is told so" "'nonsense' is no public key" "$err"

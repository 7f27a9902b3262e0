#!/bin/sh
# SPDX-License-Identifier: ISC
#
# tests/bench/tunnel.sh: what passes through the tunnel on its lowest rung, TLS, beside a direct
# TLS connection over the same network, as Markdown.  BENCH_BUILD is the directory of the release
# build.  The relay is coturn; the network is that of tests/tunnel/net.sh.
#
# All of it runs on this one machine: without a limit on the link, the relay and the tunnel take
# processor time that a direct connection does not need; with one, what counts is the headers.
cd "$(dirname "$0")/../.." || exit 1
BENCH_BUILD=${BENCH_BUILD:-$PWD/build}
PINHOLE=$BENCH_BUILD/pinhole
export PINHOLE BENCH_BUILD
. tests/tap.sh
. tests/tunnel/net.sh
need turnserver ip nft tc nsenter openssl python3
unshare_all "$@"
runs=${RUNS:-3}
end="python3 $src/tests/bench/tunnel.py"
make_net && start_relay || { echo "no network of one's own"; exit 1; }
server $end far 10.5.2.9 "$work/cert.pem" "$work/key.pem" >/dev/null 2>&1 &
rules "tcp dport { 443, 8443 } accept"
opt="--rungs turn-tls"
sleep 1

median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }

# figure CMD...: the median of what it prints
figure() {
	for _ in $(seq "$runs"); do
		"$@" 2>"$err" || cat "$err" >&2
	done | median
}

# row NAME FIGURE DIRECT
row() {
	awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN {
		printf "| %s | %s | %s | %.0f %% |\n", n, a, b, b ? 100 * a / b : 0 }'
}

limit() {
	nsenter -n"$work/ns-client" tc qdisc replace dev client0 root tbf rate "$1mbit" \
	    burst 64kb latency 50ms
}

echo "| through the tunnel | Mbit/s | TLS directly, Mbit/s | |"
echo "|---|--:|--:|--:|"
for rate in 20 100 500; do
	limit $rate || break
	mega=$((rate / 4))
	direct=$(figure client $end tls 10.5.2.9 $mega)
	row "TCP, link of $rate Mbit/s" "$(figure tunnel $end tcp 10.5.2.9 $mega)" "$direct"
	row "UDP, 1,200 bytes, link of $rate Mbit/s" \
	    "$(figure tunnel $end udp 10.5.2.9 3 $((rate + rate / 5)))" "$direct"
done
nsenter -n"$work/ns-client" tc qdisc del dev client0 root 2>/dev/null
direct=$(figure client $end tls 10.5.2.9 1000)
row "TCP, link without limit" "$(figure tunnel $end tcp 10.5.2.9 1000)" "$direct"
row "UDP, 1,200 bytes, link without limit" \
    "$(figure tunnel $end udp 10.5.2.9 3 2000)" "$direct"

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# sh tests/bench/whole.sh: whole runs of "pinhole probe vidyoconnect" by the clock, quick and
# usual, one family and both, 50 ms there and back, as Markdown.  BENCH_BUILD is the
# directory of the release build.
#
# The far end is two processes, one a family, so that each has files for 15,536 ports where
# a process may have 20,000.
BENCH_BUILD=${BENCH_BUILD:-$PWD/build}
PINHOLE=$BENCH_BUILD/pinhole BUILD=$BENCH_BUILD
. tests/probe/lib.sh
for addr in 10.77.2.2 fd77:2::2; do
	nsenter -t "$server_pid" -n -- "$pinhole" serve --key "$work/server.key" \
	    --client "$client_word" --listen $addr >>"$work/serve.log" 2>&1 &
	pids="$pids $!"
done
wire 25,0,0 25,0,0 || { echo "tests/net/wire is not built"; exit 1; }
sleep 1

# firewall_of RULE...: what it lets through, beside answers
firewall_of() {
	{
		echo 'table inet f {'
		echo 'chain forward {'
		echo 'type filter hook forward priority 0; policy drop;'
		echo 'ct state established,related accept'
		printf '%s\n' "$@" '}' '}'
	} | rules
}

# took OPTION...: seconds
took() {
	begun=$(date +%s%N)
	nsenter -t "$client_pid" -n -- timeout 100 "$pinhole" probe vidyoconnect "$@" \
	    --via far.example --resolve far.example=10.77.2.2,fd77:2::2 \
	    --key "$work/client.key" --peer-key "$server_word" >"$work/said" 2>&1
	case $? in
	0 | 1 | 2) echo "$(($(date +%s%N) - begun))" | awk '{ printf "%.1f s", $1 / 1e9 }' ;;
	*) echo "failed: $(head -1 "$work/said")" ;;
	esac
}

echo "| 50 ms RTT | --quick --ipv4 | --quick, both families | usual, --ipv4 | usual, both |"
echo "|---|---|---|---|---|"
while IFS='|' read -r name rule more; do
	firewall_of "$rule" "$more"
	echo "| $name | $(took --quick --ipv4) | $(took --quick) | $(took --ipv4) | $(took) |"
done <<'END_ROWS'
all open|accept|
UDP 50000-57999 and TCP open|iifname "inside" tcp dport { 443, 17990, 17992 } accept|iifname "inside" udp dport 50000-57999 accept
all shut but TCP 443|iifname "inside" tcp dport 443 accept|
END_ROWS

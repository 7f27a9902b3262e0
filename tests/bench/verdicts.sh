#!/bin/sh
# SPDX-License-Identifier: ISC
#
# sh tests/bench/verdicts.sh: false verdicts of the default sweep, as Markdown.
#
# 15,536 UDP ports, a hundred of them shut, 50 ms there and back, 1 and 5 % lost each way;
# RUNS sweeps of each, JOBS at once, every job in networks of its own.  BENCH_BUILD is
# the directory of the release build.
runs=${RUNS:-200} jobs=${JOBS:-10}
BENCH_BUILD=${BENCH_BUILD:-$PWD/build}
if [ -z "${VERDICTS_PERCENT-}" ]; then
	trap 'kill 0' INT TERM HUP
	all=$(mktemp -d) || exit 1
	echo "| 50 ms RTT, lost each way | right | time (median, longest) |"
	echo "|---|---|---|"
	for percent in 1 5; do
		for job in $(seq "$jobs"); do
			VERDICTS_PERCENT=$percent PH_SEED=$job RUNS=$((runs / jobs)) \
			    sh tests/bench/verdicts.sh >"$all/$job" 2>&1 &
		done
		wait
		cat "$all"/* | awk '$1 == "took"' | sort -k2n >"$all/took"
		awk -v p="$percent" '{ v[NR] = $2; right += $3 } END {
			if (NR == 0) { print "| " p " % | nothing ran | |"; exit }
			printf "| %s %% | %d of %d | %.1f s, %.1f s |\n", p, right, NR,
			    v[int((NR + 1) / 2)] / 1000, v[NR] / 1000 }' "$all/took"
		awk '$1 == "took" && $3 != 1' "$all/took"
		rm -f "$all"/*
	done
	rm -rf "$all"
	exit
fi
PINHOLE=$BENCH_BUILD/pinhole BUILD=$BENCH_BUILD
. tests/probe/lib.sh
serve
rules <<END
table inet f {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "inside" udp dport 51000-51099 drop
		iifname "inside" accept
	}
}
END
wire "25,0,$VERDICTS_PERCENT" "25,0,$VERDICTS_PERCENT" || exit 1
truth=" open:50000-50999 forth:51000-51099 open:51100-65535"
nsenter -t "$client_pid" -n -- "$BENCH_BUILD/tests/bench/bench-probe" 10.77.2.2 "$work/client.key" \
    "$server_word" 50000 65535 default "$runs" | while read -r _ ms _ found; do
	right=0
	[ " $found" = "$truth" ] && right=1
	echo "took $ms $right $found"
done

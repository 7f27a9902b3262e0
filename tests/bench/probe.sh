#!/bin/sh
# SPDX-License-Identifier: ISC
#
# sh tests/bench/probe.sh: sweeps of 15,536 UDP ports through one firewall to one responder,
# beside nmap -sU, as Markdown.  BENCH_BUILD is the directory of the release build.
#
# The firewall lets all but 102 ports pass: 51000-51099 and 60000-60001.  Wall time, the
# median of RUNS; "right" says how many of them found exactly these.
BENCH_BUILD=${BENCH_BUILD:-$PWD/build}
PINHOLE=$BENCH_BUILD/pinhole
. tests/probe/lib.sh
runs=${RUNS:-5}
sweeps=$BENCH_BUILD/tests/bench/bench-probe
delay=$BENCH_BUILD/tests/bench/bench-delay
for program in "$PINHOLE" "$sweeps" "$delay" "$BENCH_BUILD/tests/bench/bench-echo"; do
	[ -x "$program" ] || { echo "$program is not built"; exit 1; }
done
serve
server ip addr add 10.77.2.9/24 dev s

# firewall_of PERCENT: so many of a hundred UDP packets are lost, each way
firewall_of() {
	rules <<END_RULES
table ip f {
	chain pre {
		type filter hook prerouting priority -300; policy accept;
		meta l4proto udp numgen random mod 100 < $1 drop
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "inside" udp dport { 51000-51099, 60000-60001 } drop
		iifname "inside" accept
	}
}
END_RULES
}
truth=' open:50000-50999 forth:51000-51099 open:51100-59999 forth:60000-60001 open:60002-65535'
# a sample need not find the two ports side by side, but must be right about the hundred
seen=' open:50000-50999 forth:51000-51099 open:51100-65535'

median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'; }

# row NAME FILE: of a file with lines "MS RIGHT", one for each run
row() {
	awk '{ print $1 }' "$2" | sort -n >"$work/ms"
	printf '| %s | %s ms (%s-%s) | %s of %s |\n' "$1" "$(median <"$work/ms")" \
	    "$(head -1 "$work/ms")" "$(tail -1 "$work/ms")" \
	    "$(awk '$2 == 1' "$2" | wc -l)" "$(wc -l <"$2")"
}

# sweep NAME HOW TIMES: ours
sweep() {
	nsenter -t "$client_pid" -n -- "$sweeps" 10.77.2.2 "$work/client.key" "$server_word" \
	    50000 65535 "$2" "$3" | while read -r _ ms _ found; do
		right=0
		[ " $found" = "$truth" ] && right=1
		[ "$2" = default ] && [ " $found" = "$seen" ] && right=1
		echo "$ms $right"
	done >"$work/rows"
	row "$1" "$work/rows"
}

# nmap_row NAME TIMES OPTION...: the same ports, all of which answer
nmap_row() {
	name=$1 times=$2
	shift 2
	command -v nmap >/dev/null || { echo "| $name | nmap is not installed | - |"; return; }
	: >"$work/rows"
	while [ "$times" -gt 0 ]; do
		times=$((times - 1))
		nsenter -t "$client_pid" -n -- date +%s%N >"$work/t0"
		nsenter -t "$client_pid" -n -- timeout 120 nmap -sU -Pn -n -p50000-65535 "$@" \
		    -oG "$work/nmap" 10.77.2.9 >/dev/null 2>&1 || { echo "120000 0"; continue; }
		echo "$((($(date +%s%N) - $(cat "$work/t0")) / 1000000)) $(python3 - "$work/nmap" <<'END_PY'
import re, sys
text = open(sys.argv[1]).read()
shut = set(range(51000, 51100)) | {60000, 60001}
closed = re.search(r"Ignored State: (\S+) \((\d+)\)", text)
print(int(bool(closed) and closed.group(1) == "open" and int(closed.group(2)) == 15434
          or len(re.findall(r"\d+/open/udp", text)) == 15434))
END_PY
)"
	done >"$work/rows"
	row "$name" "$work/rows"
}

server sysctl -q net.core.rmem_max=4000000 2>/dev/null
nsenter -t "$server_pid" -n -- "$BENCH_BUILD/tests/bench/bench-echo" 10.77.2.9 50000 65535 \
    >"$work/echo" &
pids="$pids $!"
for _ in $(seq 100); do
	grep -q ready "$work/echo" && break
	sleep 0.1
done

echo "## The probe: $((65536 - 50000)) UDP ports, 102 of them shut"
echo
echo "| no delay | time | right |"
echo "|---|---|---|"
firewall_of 0
sweep "pinhole, every port, both directions" fast "$runs"
nmap_row "nmap -sU --min-rate 50000 --max-retries 3" "$runs" --min-rate 50000 --max-retries 3
nmap_row "nmap -sU" 3
echo
echo "| 1 % lost each way | time | right |"
echo "|---|---|---|"
firewall_of 1
sweep "pinhole, every port, both directions" fast "$runs"
nmap_row "nmap -sU --min-rate 50000 --max-retries 3" "$runs" --min-rate 50000 --max-retries 3
[ -n "${QUICK-}" ] || nmap_row "nmap -sU" 1
echo

# A wire of 25 ms each way between client and firewall.
space wire
client ip link set c netns "$wire_pid"
nsenter -t "$wire_pid" -n -- ip -batch - <<'END_IP'
link add near type veth peer name c2
link set near up
link set c up
END_IP
nsenter -t "$wire_pid" -n -- ip link set c2 netns "$client_pid"
firewall ip link set inside gso_max_segs 1
client ip link set c2 gso_max_segs 1
client ip -batch - <<'END_IP'
addr add 10.77.1.2/24 dev c2
link set c2 up
route add default via 10.77.1.1
END_IP
firewall ip neigh flush dev inside
nsenter -t "$wire_pid" -n -- "$delay" near c 25 >"$work/delay" 2>&1 &
pids="$pids $!"
sleep 0.3
for percent in 0 1; do
	echo "| RTT 50 ms, $percent % lost each way | time | right |"
	echo "|---|---|---|"
	firewall_of $percent
	sweep "pinhole, default: a sample and every edge, both directions" default "$runs"
	sweep "pinhole, every port, both directions" fast "$runs"
	echo
done

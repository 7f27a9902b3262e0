# SPDX-License-Identifier: ISC
#
# For scripts in tests/probe: ". tests/probe/lib.sh", from the root of the project.
#
#	client --------- firewall --------- server
#	10.77.1.2    .1            10.77.2.1    .2 .3
#	fd77:1::2    ::1           fd77:2::1    ::2
#	            "inside"       "outside"
#
# Three network namespaces that belong to processes of this script and end with
# it.  Who is not root becomes root of a user namespace first.
#
#	client CMD..., firewall CMD..., server CMD...	run it there
#	rules <<END					replace the firewall's ruleset
#	wire FORTH BACK					"DELAY,JITTER,LOSS" between client and firewall
#	serve						start the responder
#	probe STATUS NAME OPTION...			run it; output in $out
#	json NAME EXPRESSION				a jq-like check in Python on $out
if [ "$(id -u)" -ne 0 ] && [ -z "${PROBE_UNSHARED-}" ]; then
	unshare -Ur true 2>/dev/null || {
		echo "ok - ${0##*/} # SKIP user namespaces are not permitted here"
		exit 0
	}
	PROBE_UNSHARED=1 exec unshare -Ur -m --propagation private "$0" "$@"
fi
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
. tests/tap.sh
"$pinhole" help probe >/dev/null 2>&1 && "$pinhole" help serve >/dev/null 2>&1 || {
	skip "${0##*/}" "this build has no probe and responder"
	exit 0
}
for tool in ip nft unshare nsenter; do
	command -v $tool >/dev/null || { skip "${0##*/}" "$tool is missing"; exit 0; }
done
pids=
trap 'for p in $pids; do pkill -P "$p"; kill "$p"; done 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# space NAME: a network that lives as long as a sleeping process
space() {
	unshare -n sleep 600 &
	eval "$1_pid=$!"
	pids="$pids $!"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ] && return
		sleep 0.05
	done
}
client() { nsenter -t "$client_pid" -n -- "$@"; }
firewall() { nsenter -t "$firewall_pid" -n -- "$@"; }
server() { nsenter -t "$server_pid" -n -- "$@"; }

space client; space firewall; space server
if ! firewall ip link add inside type veth peer name c 2>"$work/why"; then
	skip "${0##*/}" "no networks of one's own here: $(head -1 "$work/why")"
	exit 0
fi
firewall ip link add outside type veth peer name s
firewall ip link set c netns "$client_pid"
firewall ip link set s netns "$server_pid"
firewall sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 2>/dev/null
for n in client firewall server; do
	$n sysctl -q net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 2>/dev/null
	$n ip link set lo up
done
firewall ip -batch - <<'END'
addr add 10.77.1.1/24 dev inside
addr add fd77:1::1/64 dev inside nodad
addr add 10.77.2.1/24 dev outside
addr add fd77:2::1/64 dev outside nodad
link set inside up
link set outside up
END
client_link() {
	client ip -batch - <<'END'
addr add 10.77.1.2/24 dev c
addr add fd77:1::2/64 dev c nodad
link set c up
route add default via 10.77.1.1
route add default via fd77:1::1
END
}
client_link
server ip -batch - <<'END'
addr add 10.77.2.2/24 dev s
addr add 10.77.2.3/24 dev s
addr add fd77:2::2/64 dev s nodad
link set s up
route add default via 10.77.2.1
route add default via fd77:2::1
END
server sysctl -q "net.ipv4.ip_local_reserved_ports=1024-32999,40000-65535" 2>/dev/null

rules() { { echo "flush ruleset"; cat; } >"$work/rules" && firewall nft -f "$work/rules"; }

server_word=$("$pinhole" keygen "$work/server.key") || exit 1
client_word=$("$pinhole" keygen "$work/client.key") || exit 1

# wire FORTH BACK: what crosses the link of the client is late, overtaken or lost
# (tests/net/wire.c), for kernels without netem.  False: it is not built.
wire() {
	program=${BUILD:-$PWD/build}/tests/net/wire
	[ -x "$program" ] || return 1
	if [ -z "${wire_net_pid-}" ]; then
		space wire_net
		client ip link set c netns "$wire_net_pid" name wire0
		nsenter -t "$wire_net_pid" -n -- sh -c "sysctl -q net.ipv6.conf.all.disable_ipv6=1
		    ip link add wire1 type veth peer name c && ip link set c netns $client_pid"
		nsenter -t "$wire_net_pid" -n -- ip link set wire0 up
		nsenter -t "$wire_net_pid" -n -- ip link set wire1 up
		client_link
	fi
	[ -z "${wire_pid-}" ] || kill "$wire_pid"
	nsenter -t "$wire_net_pid" -n -- "$program" wire1 wire0 "${PH_SEED:-1}" "$1" "$2" >"$work/wire.log" 2>&1 &
	wire_pid=$!
	pids="$pids $!"
	while ! grep -q ready "$work/wire.log"; do
		kill -0 $wire_pid || return 1
		sleep 0.02
	done
}

# serve OPTION...: the responder, with at most $files files; its process in $serve_pid
serve() {
	nsenter -t "$server_pid" -n -- \
	    ${files:+prlimit "--nofile=$files:$files"} "$pinhole" serve --key "$work/server.key" \
	    --client "$client_word" --listen 10.77.2.2 --listen fd77:2::2 "$@" \
	    >"$work/serve.log" 2>&1 &
	serve_pid=$!
	pids="$pids $!"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		server ss -Htln 2>/dev/null | grep -qF '10.77.2.2:443 ' && return
		sleep 0.1
	done
	echo "the responder does not listen:"
	cat "$work/serve.log"
}

# measure STATUS NAME OPTION...: as "is", from the client
measure() {
	want=$1 name=$2
	shift 2
	is "$want" "$name" nsenter -t "$client_pid" -n -- "$pinhole" probe "$@" --json \
	    --via 10.77.2.2 --key "$work/client.key" --peer-key "$server_word"
}

# json NAME EXPRESSION: true of the document d, flows by id in f
json() {
	"${PYTHON:-python3}" - "$out" "$2" >"$work/said" 2>&1 <<'END' && ok "$1" ||
import json, sys
d = json.load(open(sys.argv[1]))
f = {}
for x in d["flows"]:
    f.setdefault((x["flow"], x["direction"], x["family"]), x)
F = lambda flow, direction="out", family="ipv4": f[flow, direction, family]
def ports(x, what):
    return ",".join(p["ports"] for p in x[what])
if not eval("(" + sys.argv[2] + ")"):
    print("not true:", sys.argv[2])
    json.dump(d, sys.stdout, indent=1)
    sys.exit(1)
END
	{ not_ok "$1" <"$work/said"; }
}

# SPDX-License-Identifier: ISC
#
# For scripts in tests/check: ". tests/check/lib.sh", from the root of the project.
#
#	client ------------ firewall ----------- provider ---------- server
#	192.168.7.2     .1          198.51.100.2 .1        203.0.113.1   .10 .11
#	fd77:7::2       ::1         2001:db8:1::2 ::1      2001:db8:2::1 ::10
#	               "inside"   "outside"
#
# Four network namespaces that belong to processes of this script and end with it.  Who is not
# root becomes root of a user namespace first.
#
#	client CMD..., firewall CMD..., provider CMD..., server CMD...	run it there
#	rules SPACE <<END		replace its ruleset
#	serve KIND:PORT...		what the server answers (server.py)
#	check STATUS NAME OPTION...	run "pinhole check"; output in $out
#	first NAME PATTERN		the first sentence matches
if [ "$(id -u)" -ne 0 ] && [ -z "${CHECK_UNSHARED-}" ]; then
	unshare -Ur true 2>/dev/null || {
		echo "ok - ${0##*/} # SKIP user namespaces are not permitted here"
		exit 0
	}
	CHECK_UNSHARED=1 exec unshare -Ur -m --propagation private "$0" "$@"
fi
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export SOURCE_DATE_EPOCH=1795392000
. tests/tap.sh
for tool in ip nft unshare nsenter openssl "${PYTHON:-python3}"; do
	command -v "$tool" >/dev/null || { skip "${0##*/}" "$tool is missing"; exit 0; }
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
provider() { nsenter -t "$provider_pid" -n -- "$@"; }
server() { nsenter -t "$server_pid" -n -- "$@"; }

for n in client firewall provider server; do space $n; done
if ! firewall ip link add inside type veth peer name c 2>"$work/why"; then
	skip "${0##*/}" "no networks of one's own here: $(head -1 "$work/why")"
	exit 0
fi
firewall ip link add outside type veth peer name p
firewall ip link set c netns "$client_pid"
firewall ip link set p netns "$provider_pid"
provider ip link add q type veth peer name s
provider ip link set s netns "$server_pid"
for n in client firewall provider server; do
	$n sysctl -q net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
	    net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=10000 \
	    net.ipv6.icmp.ratelimit=0 2>/dev/null
	$n ip link set lo up
done
for n in firewall provider; do
	$n sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
client ip -batch - <<'END'
addr add 192.168.7.2/24 dev c
addr add fd77:7::2/64 dev c nodad
link set c up
route add default via 192.168.7.1
route add default via fd77:7::1
END
firewall ip -batch - <<'END'
addr add 192.168.7.1/24 dev inside
addr add fd77:7::1/64 dev inside nodad
addr add 198.51.100.2/24 dev outside
addr add 2001:db8:1::2/64 dev outside nodad
link set inside up
link set outside up
route add default via 198.51.100.1
route add default via 2001:db8:1::1
END
provider ip -batch - <<'END'
addr add 198.51.100.1/24 dev p
addr add 2001:db8:1::1/64 dev p nodad
addr add 203.0.113.1/24 dev q
addr add 2001:db8:2::1/64 dev q nodad
link set p up
link set q up
route add 192.168.7.0/24 via 198.51.100.2
route add fd77:7::/64 via 2001:db8:1::2
END
server ip -batch - <<'END'
addr add 203.0.113.10/24 dev s
addr add 203.0.113.11/24 dev s
addr add 2001:db8:2::10/64 dev s nodad
link set s up
route add default via 203.0.113.1
route add default via 2001:db8:2::1
END

rules() { { echo "flush ruleset"; cat; } >"$work/rules" && "$1" nft -f "$work/rules"; }
all_open() { for n in client firewall provider server; do $n nft flush ruleset; done; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=call.example.org -addext subjectAltName=DNS:call.example.org \
    -keyout "$work/key" -out "$work/crt" 2>/dev/null
cat "$work/key" "$work/crt" >"$work/cert"

# serve KIND:PORT...: in place of what was served before
serve() {
	[ -z "${serve_pid-}" ] || { kill "$serve_pid"; wait "$serve_pid"; } 2>/dev/null
	rm -f "$work/serve"
	CERT="$work/cert" nsenter -t "$server_pid" -n -- "${PYTHON:-python3}" \
	    tests/check/server.py "$@" >"$work/serve" 2>&1 &
	serve_pid=$!
	pids="$pids $!"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -qs ready "$work/serve" && return
		sleep 0.1
	done
	echo "the server does not serve:"
	cat "$work/serve"
}

check() {
	want=$1 name=$2
	shift 2
	is "$want" "$name" nsenter -t "$client_pid" -n -- timeout 40 "$pinhole" check "$@"
	tr '\n' ' ' <"$out" | tr -s ' ' >"$work/line"
}
first() {
	tr '\n' ' ' <"$out" | sed 's/\. .*/./' >"$work/first"
	says "$1" "$2" "$work/first"
}
line() { says "$1" "$2" "$work/line"; }

# SPDX-License-Identifier: ISC
#
# For the judges: ". tests/judges/net.sh", from the root of the project.
#
#	client --------- firewall --------- relay
#	10.78.1.2    .1            10.78.2.1    .2
#	fd78:1::2    ::1           fd78:2::1    ::2
#
# Three network namespaces that belong to processes of this script and end with it.
#
#	client CMD..., firewall CMD..., relay CMD...	run it there
#	make_far			far CMD...: 10.78.3.2, .4 and fd78:3::2, behind the firewall, too
#	only PROTO PORT			the firewall lets the client nowhere else
#	start_relay			RELAY=pinhole (the default) or coturn, to judge a judge
#	stop_relay
#
# The relay knows alice with the password "secret", and whom RELAY_USERS names, a line each; its
# certificate is $work/tls.crt.
if [ "$(id -u)" -ne 0 ] && [ -z "${JUDGE_UNSHARED-}" ]; then
	unshare -Ur true 2>/dev/null || {
		echo "ok - ${0##*/} # SKIP user namespaces are not permitted here"
		exit 0
	}
	JUDGE_UNSHARED=1 exec unshare -Ur -m --propagation private "$0" "$@"
fi
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
. tests/tap.sh

# need TOOL...: or the whole script is skipped
need() {
	for tool; do
		command -v "$tool" >/dev/null && continue
		skip "${0##*/}" "$tool is missing"
		exit 0
	done
}
need ip nft unshare nsenter openssl

pids='' relay_pid='' client_net='' firewall_net='' relay_net=''
stop_relay() {
	[ -z "$relay_pid" ] || { kill "$relay_pid"; wait "$relay_pid"; } 2>/dev/null
	relay_pid=
	! grep -qs 'ERROR: .*Sanitizer' "$work/relay.out" ||
	    not_ok 'the relay is clean' <"$work/relay.out"
}
end_all() {
	stop_relay
	for p in $pids; do pkill -P "$p"; kill "$p"; done 2>/dev/null
	rm -rf "$work"
}
trap end_all EXIT
trap 'exit 1' INT TERM HUP

# space NAME: a network that lives as long as a sleeping process
space() {
	unshare -n sleep 1800 &
	eval "$1_net=$!"
	pids="$pids $!"
	while [ "$(readlink /proc/$!/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do
		kill -0 $! || exit 1
		sleep 0.02
	done
}
client() { nsenter -t "$client_net" -n -- "$@"; }
firewall() { nsenter -t "$firewall_net" -n -- "$@"; }
relay() { nsenter -t "$relay_net" -n -- "$@"; }

space client
space firewall
space relay
if ! firewall ip link add inside type veth peer name c 2>"$work/why"; then
	skip "${0##*/}" "no networks of one's own here: $(head -1 "$work/why")"
	exit 0
fi
firewall ip link add outside type veth peer name r
firewall ip link set c netns "$client_net"
firewall ip link set r netns "$relay_net"
for n in client firewall relay; do
	$n sysctl -q net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 2>/dev/null
	$n ip link set lo up
done
firewall sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
firewall ip -batch - <<'END'
addr add 10.78.1.1/24 dev inside
addr add fd78:1::1/64 dev inside nodad
addr add 10.78.2.1/24 dev outside
addr add fd78:2::1/64 dev outside nodad
link set inside up
link set outside up
END
client ip -batch - <<'END'
addr add 10.78.1.2/24 dev c
addr add fd78:1::2/64 dev c nodad
link set c up
route add default via 10.78.1.1
route add default via fd78:1::1
END
relay ip -batch - <<'END'
addr add 10.78.2.2/24 dev r
addr add fd78:2::2/64 dev r nodad
link set r up
route add default via 10.78.2.1
route add default via fd78:2::1
END

far_net=
far() { nsenter -t "$far_net" -n -- "$@"; }
make_far() {
	space far
	firewall ip link add far type veth peer name f
	firewall ip link set f netns "$far_net"
	firewall ip -batch - <<'END'
addr add 10.78.3.1/24 dev far
addr add fd78:3::1/64 dev far nodad
link set far up
END
	far ip -batch - <<'END'
link set lo up
addr add 10.78.3.2/24 dev f
addr add 10.78.3.4/24 dev f
addr add fd78:3::2/64 dev f nodad
link set f up
route add default via 10.78.3.1
route add default via fd78:3::1
END
}

only() {
	firewall nft -f - <<END
flush ruleset
table inet site {
	chain forward {
		type filter hook forward priority 0; policy drop;
		ct state established,related accept
		meta l4proto ipv6-icmp accept
		iifname inside $1 dport $2 accept
		iifname { outside, far } oifname { outside, far } accept
		counter
	}
}
END
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=relay.example.org -keyout "$work/tls.key" -out "$work/tls.crt" -addext \
    subjectAltName=DNS:relay.example.org,IP:10.78.2.2,IP:fd78:2::2 2>/dev/null

# listening PORT: does the relay, by TCP?
listening() { relay ss -Htln "sport = :$1" | grep -q .; }

start_coturn() {
	need turnserver
	exec nsenter -t "$relay_net" -n -- turnserver -n --no-cli --lt-cred-mech --user alice:secret \
	    --realm example.org --log-file "$work/relay.log" --simple-log --pidfile "$work/pid" \
	    --userdb "$work/db" -L 10.78.2.2 -L fd78:2::2 -E 10.78.2.2 -E fd78:2::2 \
	    --tls-listening-port 443 --no-dtls --cert "$work/tls.crt" --pkey "$work/tls.key"
}

start_pinhole() {
	printf 'alice:secret\n%s' "${RELAY_USERS-}" >"$work/users"
	[ -e "$work/key" ] || "$pinhole" keygen "$work/key" >/dev/null
	cat >"$work/serve.yaml" <<END
${RELAY_TOP:-confine: yes}
key: $work/key
listen: [10.78.2.2, "fd78:2::2"]
port: ${RELAY_PORT:-8443}
relay:
  realm: example.org
  users: $work/users
  certificate: $work/tls.crt
  key: $work/tls.key
  tls: 443
  ${RELAY_CONFIG-}
END
	exec nsenter -t "$relay_net" -n -- "$pinhole" serve --config "$work/serve.yaml"
}

start_relay() {
	"start_${RELAY:-pinhole}" >"$work/relay.out" 2>&1 &
	relay_pid=$!
	for _ in $(seq 100); do
		listening 443 && listening 3478 && return
		kill -0 $relay_pid 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/relay.out" | not_ok 'the relay listens'
	exit 1
}

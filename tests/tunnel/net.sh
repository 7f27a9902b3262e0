# SPDX-License-Identifier: ISC
#
# For test scripts of the tunnel: ". tests/tunnel/net.sh" after "tests/tap.sh", inside namespaces
# of the script's own.  Everything here ends with the script's PID namespace.
#
#	client 10.5.1.2 ----- 10.5.1.1 firewall 10.5.2.1 ----- 10.5.2.2 relay (coturn)
#	2001:db8:1::2                                          10.5.2.9 far end
#	                                                       2001:db8:2::2, ::9
#
#	rules LINE...	what the firewall forwards, beside answers
#	client CMD...	run at the site; server CMD... outside
#	tunnel ARG...	the tunnel from the site, with its account
# A network namespace is a file as long as it is mounted there.
new_ns() {
	: >"$work/ns-$1"
	unshare -n sh -c 'mount --bind /proc/$$/ns/net "$1" && ip link set lo up' sh "$work/ns-$1"
}

make_net() {
	trap 'umount "$work"/ns-* 2>/dev/null; rm -rf "$work"' EXIT
	mount -t tmpfs tmpfs /run 2>/dev/null	# where ip(8) and turnserver keep their state
	for n in client firewall server; do
		new_ns $n || return 1
	done
	nsenter -n"$work/ns-firewall" sh -c '
		ip link add in type veth peer name client0
		ip link add out type veth peer name server0
		ip addr add 10.5.1.1/24 dev in; ip addr add 10.5.2.1/24 dev out
		ip -6 addr add 2001:db8:1::1/64 dev in nodad
		ip -6 addr add 2001:db8:2::1/64 dev out nodad
		ip link set in up; ip link set out up
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding' || return 1
	for side in client server; do
		nsenter -n"$work/ns-$side" sh -c 'exec sleep 30' &
		holder=$!
		sleep 0.1
		nsenter -n"$work/ns-firewall" ip link set ${side}0 netns $holder || return 1
		kill $holder
	done
	nsenter -n"$work/ns-client" sh -c '
		ip link set client0 up; ip addr add 10.5.1.2/24 dev client0
		ip -6 addr add 2001:db8:1::2/64 dev client0 nodad
		ip route add default via 10.5.1.1; ip -6 route add default via 2001:db8:1::1' &&
	nsenter -n"$work/ns-server" sh -c '
		ip link set server0 up
		for a in 2 9; do
			ip addr add 10.5.2.$a/24 dev server0
			ip -6 addr add 2001:db8:2::$a/64 dev server0 nodad
		done
		ip route add default via 10.5.2.1; ip -6 route add default via 2001:db8:2::1'
}

client() { nsenter -n"$work/ns-client" "$@"; }
server() { nsenter -n"$work/ns-server" "$@"; }

rules() {
	{
		echo 'flush ruleset'
		echo 'table inet f {'
		echo 'chain forwarding {'
		echo 'type filter hook forward priority 0; policy drop;'
		echo 'meta l4proto ipv6-icmp accept'
		echo "$cut"
		echo 'ct state established,related accept'
		for rule in "$@"; do echo "$rule"; done
		echo '}'
		echo '}'
	} >"$work/rules"
	nsenter -n"$work/ns-firewall" nft -f "$work/rules"
}
cut=

# own_relay: ours, with four workers, on the same ports
own_relay() {
	"$pinhole" keygen "$work/relay.key" >/dev/null || return 1
	echo 'alice:secret' >"$work/users"
	cat >"$work/relay.yaml" <<END
key: $work/relay.key
listen: [10.5.2.2, "2001:db8:2::2"]
port: 8443
stun: 0
stuns: 0
relay:
  realm: example.org
  users: $work/users
  certificate: $work/cert.pem
  key: $work/key.pem
  tls: 443
  workers: 4
  allow: [10.5.2.9, "2001:db8:2::9"]
  tcp: [10.5.2.9, "2001:db8:2::9"]
END
	ln -sf "$pinhole" "$work/relayd"	# another name: scripts kill tunnels by theirs
	server "$work/relayd" serve --config "$work/relay.yaml" >"$work/relay.log" 2>&1 &
}

# start_relay OPTION...: coturn on 3478 and 443, or ours where RELAY is "own"
start_relay() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
	    -keyout "$work/key.pem" -out "$work/cert.pem" -subj /CN=relay.example.org \
	    -addext subjectAltName=IP:10.5.2.2,IP:2001:db8:2::2,DNS:relay.example.org \
	    2>/dev/null || return 1
	chmod a+rx "$work"
	chmod a+r "$work/cert.pem"
	[ "${RELAY-}" != own ] || own_relay || return 1
	[ "${RELAY-}" = own ] || server turnserver -n --no-cli --no-software-attribute --lt-cred-mech \
	    --user alice:secret --realm example.org --log-file stdout --pidfile "$work/pid" \
	    --userdb "$work/db" -L 10.5.2.2 -L 2001:db8:2::2 -E 10.5.2.2 -E 2001:db8:2::2 \
	    --tls-listening-port 443 --cert "$work/cert.pem" --pkey "$work/key.pem" "$@" \
	    >"$work/relay.log" 2>&1 &
	for _ in $(seq 50); do
		server bash -c 'exec 3<>/dev/tcp/10.5.2.2/443' 2>/dev/null && return 0
		sleep 0.1
	done
	return 1
}

tunnel() {
	at=${at:---at vidyoconnect.routers=10.5.2.9,2001:db8:2::9
	    --at vidyoconnect.portals=10.5.2.9,2001:db8:2::9}
	nsenter -n"$work/ns-client" env TURN_USER=alice TURN_PASSWORD=secret ${env-} \
	    timeout 40 ${as-} "$pinhole" tunnel --via "${via-10.5.2.2}" \
	    --ca-file "$work/cert.pem" ${opt-} ${service:-vidyoconnect} \
	    $at -- "$@"
}

# Run the script again in namespaces of its own, in which it may do everything and which
# end with it.
unshare_all() {
	if [ -z "${TUNNEL_UNSHARED-}" ]; then
		opts=-nm
		[ "$(id -u)" -eq 0 ] || opts=-Urnm
		unshare $opts -p -f --mount-proc true 2>/dev/null || {
			echo "ok - ${0##*/} # SKIP namespaces are not permitted here"
			exit 0
		}
		TUNNEL_UNSHARED=1 exec unshare $opts -p -f --mount-proc --kill-child "$0" "$@"
	fi
}
need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || { skip "${0##*/}" "$tool is missing"; exit 0; }
	done
	[ -c /dev/net/tun ] || { skip "${0##*/}" "/dev/net/tun is missing"; exit 0; }
}

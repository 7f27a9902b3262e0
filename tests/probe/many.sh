# SPDX-License-Identifier: ISC
#
# For scripts in tests/probe that measure many ways at the same time, sourced after lib.sh.
# Every measurement has a far end address of its own, 10.77.2.2 to .9, so that the firewall
# tells them apart; all are of $service, "talk" unless said otherwise: UDP 50000-50399.
#
#	far ADDR... [-- OPTION...]	a responder at these addresses, four at most
#	start NAME VIA OPTION...	measure, in the background
#	ended STATUS NAME WHAT		wait for it; its result is in $out
#	firing ID NAME...		these found it, and none of the others did
# shellcheck shell=sh disable=SC2034,SC2154
mkdir "$work/catalog"
cat >"$work/catalog/talk.yaml" <<'END_CATALOG'
name: talk
title: Talk
source: https://example.org/
checked: 2026-11-23
confidence: A
groups:
  servers:
    what: the servers
    how: ask
flows:
  media:
    purpose: media
    proto: udp
    ports: 50000-50399
    direction: out
    initiator: client
    groups: [servers]
    need: required
    idle: 300
END_CATALOG

far() {
	listen=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		case $1 in
		*:*) ;;
		*) server ip addr replace "$1/24" dev s ;;
		esac
		listen="$listen --listen $1"
		last=$1
		shift
	done
	[ $# -eq 0 ] || shift
	nsenter -t "$server_pid" -n -- "$pinhole" serve --key "$work/server.key" \
	    --client "$client_word" $listen "$@" >"$work/far-$last.log" 2>&1 &
	far_pid=$!
	pids="$pids $!"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		server ss -Htln 2>/dev/null | grep -qF "$last" && return
		sleep 0.1
	done
	echo "the responder does not listen:"
	cat "$work/far-$last.log"
}

measured="" service=talk
start() {
	name=$1 via=$2
	shift 2
	nsenter -t "$client_pid" -n -- timeout 60 "$pinhole" probe "$service" \
	    --catalog "$work/catalog" --json --via "$via" --key "$work/client.key" \
	    --peer-key "$server_word" "$@" >"$work/$name.json" 2>"$work/$name.err" &
	eval "$name=$!"
	measured="$measured $name"
}

ended() {
	eval "wait \$$2"
	status=$?
	out=$work/$2.json
	if [ $status -eq "$1" ]; then
		ok "$3"
	else
		{ echo "status $status"; cat "$work/$2.err" "$out"; } | not_ok "$3"
	fi
}

# firing ID NAME...: these measurements found it, and none of the others did
firing() {
	id=$1
	shift
	for name in $measured; do
		case " $* " in
		*" $name "*) want=1 ;;
		*) want=0 ;;
		esac
		got=$(grep -c "\"id\": \"$id\"" "$work/$name.json")
		[ "$got" -gt 1 ] && got=1
		if [ "$got" -eq $want ]; then
			ok "$id: $name"
		else
			cat "$work/$name.json" | not_ok "$id: $name"
		fi
	done
}

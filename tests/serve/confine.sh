#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What is left to a server that is taken over: who it is, what it may, and that it serves
# all the same.
. tests/judges/net.sh
need turnutils_uclient turnutils_peer
RELAY_CONFIG='allow: [10.78.2.9]'
relay ip addr add 10.78.2.9/24 dev r
start_relay
relay turnutils_peer -L 10.78.2.9 -p 3480 >/dev/null 2>&1 &
pids="$pids $!"

# all NAME LINE: every thread's status has it
all() {
	awk -v want="$2" '{ n++ } index($0, want) { k++ } END { exit !(n > 0 && n == k) }' \
	    <(cat /proc/"$relay_pid"/task/*/status | grep "^${2%%:*}:") &&
	    ok "$1" || not_ok "$1" < <(grep "^${2%%:*}:" /proc/"$relay_pid"/task/*/status)
}
check_calls() {
	if grep -q 'not filtered: \(built\|this build\)' "$work/relay.out"; then
		skip 'system calls are filtered' "$(grep 'not filtered' "$work/relay.out")"
	else
		all 'system calls are filtered' 'Seccomp:	2'
		says 'and it says so' '^confined: ' "$work/relay.out"
	fi
}
call() {
	client timeout 40 turnutils_uclient -u alice -w secret -c -n 10 -z 5 -X -e 10.78.2.9 \
	    -r 3480 "$@" 10.78.2.2 >"$out" 2>&1
	says "$name" 'Total lost packets 0 \(0\.0+%\)' "$out"
}
all 'nothing gains rights' 'NoNewPrivs:	1'
check_calls
name='it relays' call
kill -HUP "$relay_pid"
sleep 1.5
says 'it reads its files again' '^reloaded$' "$work/relay.out"
name='and relays by TLS' call -t -S -p 443

# Another user, with nothing but low ports.
if [ "$(id -u)" -ne 0 ] || [ -n "${JUDGE_UNSHARED-}" ] || ! id nobody >/dev/null 2>&1; then
	skip 'another user' 'only root becomes somebody else'
	exit 0
fi
stop_relay
RELAY_TOP='user: nobody'
start_relay
uid=$(id -u nobody)
all 'another user' "Uid:	$uid	$uid	$uid	$uid"
all 'another group' "Gid:	$(id -g nobody)"
all 'may bind low ports' 'CapEff:	0000000000000400'
all 'and can have nothing else' 'CapPrm:	0000000000000400'
check_calls
name='it relays' call
name='by TLS on 443' call -t -S -p 443
stop_relay
RELAY_TOP='user: nobody-here'
: >"$work/relay.out"
relay timeout 10 "$pinhole" serve --config <(sed "1i $RELAY_TOP" "$work/serve.yaml" | grep -v '^user: nobody$') >"$out" 2>&1
[ $? -eq 77 ] && ok 'a user there is not' || not_ok 'a user there is not' <"$out"
says 'is said' "cannot become the user 'nobody-here': there is no user of that name" "$out"

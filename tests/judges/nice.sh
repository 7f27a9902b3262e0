#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Two agents of libnice, relay only, with everything else shut (nice.c).
. tests/judges/net.sh
need cc pkg-config
if ! pkg-config --exists nice; then
	skip "${0##*/}" 'libnice-dev is missing'
	exit 0
fi
# shellcheck disable=SC2046 # flags are words
is 0 'builds' cc -std=gnu11 -Wall -Wextra -o "$work/nice" tests/judges/nice.c \
    $(pkg-config --cflags --libs nice) || exit 1
start_relay
for host in 10.78.2.2 fd78:2::2; do
	for proto in udp tcp; do
		only $proto 3478
		# the relayed addresses that both talk between are of the relay itself
		is 0 "libnice over $proto, $host" client timeout 30 "$work/nice" $host 3478 $proto
		sed 's/^/# /' "$out"
	done
done

#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Two peer connections of werift, relay only, each transport and family with everything else
# shut: a data channel and video (werift.mjs).  The package comes from the npm registry.
. tests/judges/net.sh
need node npm
at=$src/build/judges
if [ ! -e "$at/node_modules/werift" ] && ! timeout 120 npm install --prefix "$at" --silent \
    --no-fund --no-audit --ignore-scripts werift@0.25.2 >"$out" 2>&1; then
	skip "${0##*/}" "werift cannot be had from the npm registry: $(tail -n 1 "$out")"
	exit 0
fi

# judge NAME URL
judge() {
	is 0 "$1" client timeout 40 env NODE_EXTRA_CA_CERTS="$work/tls.crt" node tests/judges/werift.mjs \
	    "$at/node_modules/werift/lib/webrtc/src/index.js" "$2"
	sed 's/^/# /' "$out"
}

start_relay
for host in 10.78.2.2 '[fd78:2::2]'; do
	only udp 3478
	judge "TURN over UDP 3478, $host" "turn:$host:3478?transport=udp"
	only tcp 3478
	judge "TURN over TCP 3478, $host" "turn:$host:3478?transport=tcp"
	only tcp 443
	judge "TURN over TLS 443, $host" "turns:$host:443?transport=tcp"
done

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two peer connections of a headless Chromium, relay only, each transport and family with
# everything else shut: sound, pictures and a data channel get through.
. tests/judges/net.sh
need chromium python3

# browse URL: what the page found out, as JSON on standard output
browse() {
	client timeout 60 python3 tests/judges/page.py 8000 tests/judges/browser.html >"$work/result" &
	page=$!
	query=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$1")
	client timeout 70 chromium --headless --no-sandbox --disable-gpu --disable-quic \
	    --no-first-run --disable-background-networking --disable-component-update \
	    --disable-sync --ignore-certificate-errors --autoplay-policy=no-user-gesture-required \
	    --disable-features=WebRtcHideLocalIpsWithMdns --user-data-dir="$work/profile" \
	    --remote-debugging-port=0 \
	    "http://127.0.0.1:8000/?seconds=5&url=$query" >"$work/chromium.log" 2>&1 &
	browser=$!
	wait $page
	kill $browser 2>/dev/null
	wait $browser 2>/dev/null
	rm -rf "$work/profile"
	cat "$work/result"
}

# judge NAME PROTOCOL URL
judge() {
	browse "$3" >"$out"
	python3 - "$out" "$2" >"$err" 2>&1 <<'END' && { ok "$1"; sed 's/^/# /' "$err"; } ||
import json, sys
r = json.load(open(sys.argv[1]))
try:
    used = {c["protocol"] for p in "ab" for c in r[p]["candidates"]}
    video, audio = r["b"]["inbound"]["video"], r["b"]["inbound"]["audio"]
    assert used == {sys.argv[2]}, used
    assert r["a"]["pair"]["state"] == "succeeded"
    assert video["frames"] > 50 and audio["packets"] > 150 and r["echoed"] > 100
    assert video["lost"] + audio["lost"] < 10
    print(video["frames"], "pictures,", audio["packets"], "packets of sound,", r["echoed"], "echoes")
except (AssertionError, KeyError):
    json.dump(r, sys.stdout, indent=1)
    raise
END
	{ not_ok "$1" <"$err"; tail -n 5 "$work/chromium.log" "$work/relay.out" | sed 's/^/# /'; }
}

start_relay
for host in 10.78.2.2 '[fd78:2::2]'; do
	only udp 3478
	judge "TURN over UDP 3478, $host" udp "turn:$host:3478?transport=udp"
	only tcp 3478
	judge "TURN over TCP 3478, $host" tcp "turn:$host:3478?transport=tcp"
	only tcp 443
	judge "TURN over TLS 443, $host" tls "turns:$host:443?transport=tcp"
done

#!/bin/sh
# SPDX-License-Identifier: ISC
# A stream like that of a call, both ways: what the path loses, delays and reorders.
. tests/probe/lib.sh
serve
rules <<'END'
table inet f {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
END

# quality NAME FORTH BACK: "DELAY,JITTER,LOSS" on the way there, and on the way back
quality() {
	wire "$2" "$3"
	nsenter -t "$client_pid" -n -- "$pinhole" probe webrtc --ipv4 --json --via 10.77.2.2 \
	    --key "$work/client.key" --peer-key "$server_word" >"$out" 2>"$err" </dev/null
	if "${PYTHON:-python3}" - "$out" >"$work/way" 2>&1 <<'END'; then
import json, sys
p = json.load(open(sys.argv[1]))["paths"][0]
print(json.dumps({w: p[w]["stream"] for w in ("out", "in")}))
END
		echo "# $(cat "$work/way")"
	else
		not_ok "$1: was measured" <"$work/way"
	fi
}

if ! wire 20,0,0 20,0,0; then
	skip 'quality' 'tests/net/wire is not built, or cannot open interfaces'
	exit 0
fi
quality 'a good path' 20,0,0 20,0,0
json 'nothing is lost' 'all(d["paths"][0][w]["stream"]["loss"] == 0 for w in ("out", "in"))'
json 'all of a call was sent' 'all(d["paths"][0][w]["stream"]["sent"] == 200 for w in ("out", "in"))'
json 'it would sound well' 'all(d["paths"][0][w]["stream"]["mos_estimate"] > 4.2 for w in ("out", "in"))'
json 'and nobody complains' 'not any(x["id"] == "quality-poor" for x in d["findings"])'

quality 'a bad way there' 20,0,15 20,0,0
json 'the loss is seen, on the way there' '0.07 < d["paths"][0]["out"]["stream"]["loss"] < 0.25 and
    d["paths"][0]["in"]["stream"]["loss"] < 0.02'
json 'and said to be poor' 'any(x["id"] == "quality-poor" and "from here" in x["message"]
    for x in d["findings"])'

quality 'jitter and reordering on the way back' 20,0,0 80,40,0
json 'jitter is seen there alone' 'd["paths"][0]["in"]["stream"]["jitter_ms"] > 10 and
    d["paths"][0]["out"]["stream"]["jitter_ms"] < 5'
json 'reordering too' 'd["paths"][0]["in"]["stream"]["reordered"] > 5'

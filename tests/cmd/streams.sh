#!/bin/sh
# SPDX-License-Identifier: ISC
# Inputs and outputs that fail, and files that are written as a whole or not.
. tests/tap.sh

fw=tests/cmd/data/border.nft
q="--from 192.0.2.0/24 --to 198.51.100.1 --udp 50000-65535 --in lan --out wan"
site="--clients 192.0.2.0/24 --inside lan --outside wan
	--at vidyoconnect.portals=203.0.113.10 --at vidyoconnect.routers=198.51.100.0/28"

is 70 "a full disk" sh -c '"$1" services >/dev/full' sh "$pinhole"
says "is reported" 'cannot write to standard output: No space left' "$err"
is 70 "a full disk, JSON" sh -c '"$1" services --json >/dev/full' sh "$pinhole"
( trap '' PIPE; { "$pinhole" services; echo $? >"$work/status"; } 2>"$err" | true )
case $(cat "$work/status") in
0 | 70) ok "a closed pipe" ;;
*) not_ok "a closed pipe" <"$err" ;;
esac

is 2 "standard input" sh -c '"$1" query - $2 <"$3"' sh "$pinhole" "$q" $fw
says "is called -" '^ *60000-65535: blocked by -:4$' "$out"
is 2 "a pipe" sh -c 'cat "$3" | "$1" query /dev/stdin $2' sh "$pinhole" "$q" $fw
is 65 "no input at all" sh -c '"$1" fmt - </dev/null' sh "$pinhole"

mkdir -p "$work/d"
cp $fw "$work/d/main.nft"
echo 'include "main.nft"' >>"$work/d/main.nft"
is 65 "a file that includes itself" "$pinhole" fmt "$work/d/main.nft"
says "is found" 'error\[include-cycle\]' "$err"
printf 'include "parts/*.nft"\n' >"$work/d/glob.nft"
mkdir "$work/d/parts"
cp $fw "$work/d/parts/a.nft"
is 2 "files included by pattern" "$pinhole" query --dialect nftables "$work/d/glob.nft" $q
says "are named" 'parts/a.nft:4' "$out"
printf 'include "none.nft"\n' >"$work/d/none.in"
is 65 "an include that is not there" "$pinhole" fmt --dialect nftables "$work/d/none.in"
says "is named at its place" 'none.in:1:[0-9]+: error\[include-unreadable\]' "$err"

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cp "$pinhole" "$work/pinhole" && chmod 755 "$work" "$work/pinhole"
	touch "$work/secret" && chmod 600 "$work/secret"
	low="setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all"
	is 77 "live without the capability" $low "$work/pinhole" query live --from any --to any --udp 1
	says "which is named" 'CAP_NET_ADMIN' "$err"
	is 77 "a file that may not be read" $low "$work/pinhole" fmt "$work/secret"
	says "which is named" 'CAP_DAC_READ_SEARCH' "$err"
else
	skip "without capabilities" "needs root and setpriv"
fi
if unshare -Urn true 2>/dev/null; then
	is 0 "live in a namespace of its own" unshare -Urn "$pinhole" query live \
	    --from any --to any --udp 1
	cat >"$work/live" <<'END'
nft -f "$2" && "$1" query live --from 192.0.2.1 --to 198.51.100.1 --udp 60000 --in lan --out wan
END
	is 2 "live rules" unshare -Urn sh "$work/live" "$pinhole" $fw
	says "are read" 'blocked by live:' "$out"
else
	skip "live in a namespace" "no user namespaces"
fi

fixed=$work/fixed.nft
"$pinhole" fix $fw vidyoconnect $site --write "$fixed" >"$out" 2>"$err"
status=$?
if [ $status -le 1 ] && [ -s "$fixed" ]; then
	ok "a fix is written"
	is $status "and is what it says" "$pinhole" audit "$fixed" vidyoconnect $site
	cp "$fixed" "$work/before"
	is 0 "nothing to fix twice" "$pinhole" fix "$fixed" vidyoconnect $site --write "$fixed"
	cmp -s "$fixed" "$work/before" && ok "then nothing is written" ||
		not_ok "then nothing is written" <"$fixed"
else
	cat "$err" "$out" | not_ok "a fix is written"
fi
is 66 "a place that is not there" "$pinhole" fix $fw vidyoconnect $site --write "$work/no/where"
[ "$(find "$work" -name 'fixed.nft.*' | wc -l)" -eq 0 ] && ok "nothing is left lying about" ||
	ls "$work" | not_ok "nothing is left lying about"

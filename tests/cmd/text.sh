#!/bin/sh
# SPDX-License-Identifier: ISC
# Reports for people, to the letter: tests/cmd/data/NAME.out.  With --update they
# are written anew; read the difference.
. tests/tap.sh

fw=tests/cmd/data/border.nft
site="--site tests/cmd/data/site.yaml --resolve router.example.org=198.51.100.77"
ends="--from 192.0.2.0/24 --to 198.51.100.1 --in lan --out wan"
export SOURCE_DATE_EPOCH=1795392000 NO_COLOR=1
update=${1:-}

same() {
	want=$1 name=$2
	shift 2
	is "$want" "$name" "$pinhole" "$@" || return
	[ "$update" = --update ] && cp "$out" tests/cmd/data/$name.out
	diff -u tests/cmd/data/$name.out "$out" >"$work/diff" && ok "$name, to the letter" ||
		not_ok "$name, to the letter" <"$work/diff"
	# What is to be typed, and a word that is longer, cannot be broken.
	wide=$(LC_ALL=C.UTF-8 awk '/^$/ { type = 0 } !type && length > 80 && NF > 1
	    /to type:$/ { type = 1 }' "$out")
	[ -z "$wide" ] && ok "$name in 80 columns" || echo "$wide" | not_ok "$name in 80 columns"
}

same 2 audit audit $fw vidyoconnect $site -W no-fallback-only -W no-udp-timeout-short
same 2 query-partly query $fw $ends --udp 50000-65535
same 2 query-some query $fw --in wan --out lan --from 198.51.100.0/24 --to any --udp 50000-50009
same 0 query-open query $fw $ends --tcp https
same 3 query-unknown query tests/cmd/data/doubt.nft $ends --udp 50000
same 2 query-six query $fw --from 2001:db8::/64 --to any --icmp echo-request
same 1 diff diff $fw tests/cmd/data/wider.nft
same 0 diff-same diff $fw $fw
same 1 lint lint tests/cmd/data/dead.nft
same 0 service services vidyoconnect

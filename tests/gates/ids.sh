#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Every diagnostic and finding has a sample: a golden, a unit test or a script names it.
. tests/tap.sh

tools/diag-ids | sort -u >"$work/ids"
find tests src -name '*_test.c' -o -path 'tests/*' -type f -o -path '*/t/*' -type f |
    xargs grep -aohE '[a-z0-9]+(-[a-z0-9]+)+' | sort -u >"$work/named"
while read -r id; do
	if grep -qx -- "$id" "$work/named"; then
		ok "$id has a sample"
	else
		echo "no test names it" | not_ok "$id has a sample"
	fi
done <"$work/ids"

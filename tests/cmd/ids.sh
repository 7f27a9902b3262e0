#!/bin/sh
# SPDX-License-Identifier: ISC
# Diagnostics, one by one: each sample of ids.txt makes its own fire, and the clean one
# of its kind does not.
. tests/tap.sh

given="--site $work/clean.site --resolve router.example.org=198.51.100.77"
printf 'clients: [192.0.2.0/24]\nservices: { vidyoconnect: { portals: [203.0.113.10], %s\n%s\n' \
    'routers: [198.51.100.0/28] } }' 'firewall: { inside: [lan], outside: [wan] }' >"$work/clean.site"

# try KIND FILE ARGUMENT...: what is said of it
try() {
	kind=$1 file=$2
	shift 2
	case $kind in
	site)
		[ $# -gt 0 ] || set -- vidyoconnect
		"$pinhole" audit tests/cmd/data/open.nft --site "$file" "$@" ;;
	catalog)
		rm -rf "$work/catalog"
		mkdir "$work/catalog"
		cp "$file" "$work/catalog/townhall.yaml"
		"$pinhole" services --catalog "$work/catalog" ;;
	plan)	"$pinhole" plan vidyoconnect --for "$1" $given --catalog "$work/catalog" ;;
	serve)	"$pinhole" serve --config "$file" ;;
	audit-*)
		[ $# -gt 0 ] || set -- vidyoconnect
		"$pinhole" audit "$file" --dialect "${kind#audit-}" $given "$@" ;;
	*)	"$pinhole" lint "$file" --dialect "$kind" "$@" ;;
	esac >"$work/said" 2>&1 </dev/null
}

awk -v dir="$work" '/^#/ && !n { next }
    /^== / { close(file); n++; file = dir "/s" n; sub(/^== /, ""); print > (file ".head"); close(file ".head"); printf "" > file; next }
    { print > file }' tests/cmd/ids.txt
for head in "$work"/s*.head; do
	read -r id kind more <"$head"
	file=${head%.head}
	printf '%b\n' "$(sed 's/\\/\\\\/g; s/\\\\\([0-7][0-7][0-7]\)/\\0\1/g' "$file")" >"$file.text"
	try "$kind" "$file.text" $more
	if [ "$id" = clean ]; then
		cp "$work/said" "$work/quiet.$kind"
	elif grep -q "\[$id\]" "$work/said"; then
		ok "$id fires"
	else
		not_ok "$id fires" <"$work/said"
	fi
	echo "$id $kind" >>"$work/pairs"
done
while read -r id kind; do
	[ "$id" != clean ] && [ -e "$work/quiet.$kind" ] || continue
	grep -q "\[$id\]" "$work/quiet.$kind" && not_ok "$id only then" <"$work/quiet.$kind" ||
		ok "$id only then"
done <"$work/pairs"

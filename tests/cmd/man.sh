#!/bin/sh
# SPDX-License-Identifier: ISC
# Manual pages: well formed, true to the tables, with examples that run.
. tests/tap.sh

is 0 "pages name the options that there are" tools/check-man "$pinhole"
if command -v mandoc >/dev/null; then
	for page in docs/*.[1-8] src/dialect/*/*.[1-8]; do
		said=$(mandoc -T lint "$page" 2>/dev/null | grep -v 'referenced manual not found')
		[ -z "$said" ] && ok "$page" || echo "$said" | not_ok "$page"
	done
else
	skip "pages are well formed" "mandoc is missing"
fi

grep -ho '^\.Xr pinhole[a-z-]* [1-8]' docs/*.[1-8] src/dialect/*/*.[1-8] | sort -u |
while read -r _ name section; do
	find docs src/dialect -name "$name.$section" | grep -q . &&
		ok "$name($section) is there" || echo | not_ok "$name($section) is there"
done

"${PYTHON:-python3}" tools/diag-ids >"$work/used"
sed -n 's/^\.It Sy \([a-z0-9-]*\)$/\1/p' docs/pinhole-diagnostics.7 | sort >"$work/told"
diff "$work/used" "$work/told" >"$work/d" && ok "every id is documented, and used" ||
	not_ok "every id is documented, and used" <"$work/d"
sort -u "$work/told" | diff - "$work/told" >"$work/d" && ok "ids are told once" ||
	not_ok "ids are told once" <"$work/d"

# What follows "$ pinhole" in a page, and the files that the pages speak of.
example() { sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" | sed -n '/^\.Bd/,/^\.Ed/p' |
    sed '/^\.[BE]d/d; s/\\e$/\\/'; }
root=$PWD
cp tests/cmd/data/border.nft "$work/border.nft"
cp tests/cmd/data/wider.nft "$work/new.nft"
example docs/pinhole-site.5 >"$work/site.yaml"
mkdir "$work/bin" "$work/catalog"
ln -s "$pinhole" "$work/bin/pinhole"
PATH=$work/bin:$PATH
example docs/pinhole-catalog.5 >"$work/catalog/townhall.yaml"
is 0 "the example of a catalog" pinhole services --catalog "$work/catalog" townhall
# A responder is asked for where nobody listens.
far='s/[a-z0-9.]*example\.org/127.0.0.1:9/; s/ WORD/ 3kKFRlqVn7wbAoVAtMNsOJ0ezjy2m27TbTXpLvzPjqM/'
near='s/[a-z0-9.]*example\.org/127.0.0.1/'
cd "$work" || exit 1
export HOME="$work"
for page in "$root"/docs/*.1; do
	name=${page##*/}
	example "$page" >commands
	grep -q '^\$ pinhole' commands || { echo | not_ok "$name has examples"; continue; }
	sed 's/^\$ //' commands | sed -e :a -e '/\\$/N; s/\\\n//; ta' >lines
	n=0
	while read -r line; do
		n=$((n + 1))
		case $line in *' --via '*) line=$(echo "$line" | sed "$far") ;; esac
		case $line in *' check '*) line=$(echo "$line" | sed "$near") ;; esac
		sh -c "$line" >out 2>err </dev/null
		status=$?
		case "$line $status" in *' lab '*' 77' | *' tunnel '*' 77') status=3 ;; esac	# no networks here
		[ $status -le 3 ] && ok "$name, example $n" ||
			{ echo "$line"; echo "status $status"; cat err; } |
			not_ok "$name, example $n"
	done <lines
done

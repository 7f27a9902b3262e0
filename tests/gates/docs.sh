#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Manual pages and completion say what the program does: every command has a
# page, page and --help name the same options, every diagnostic is explained,
# every link between pages leads somewhere.
. tests/tap.sh

if command -v mandoc >/dev/null; then
	for page in docs/*.[1-8] src/dialect/*/*.[1-8]; do
		is 0 "lint $page" mandoc -Tlint -W warning "$page"
	done
else
	skip 'lint of manual pages' 'mandoc is not installed'
fi

# same NAME WANT GOT: two sorted lists
same() {
	if diff "$2" "$3" >"$work/diff"; then
		ok "$1"
	else
		not_ok "$1" <"$work/diff"
	fi
}

"$pinhole" help | sed -n 's/^  \([a-z]*\) .*/\1/p' >"$work/commands"
says 'help lists commands' '^audit$' "$work/commands"
"$pinhole" completion bash >"$work/completion"
is 0 'completion is bash' bash -n "$work/completion"

while read -r command; do
	says "completion knows $command" "\\b$command\\b" "$work/completion"
	"$pinhole" help "$command" | sed -nE 's/^  (-[-A-Za-z]+).*/\1/p' |
	    grep -vxE -- '--(help|version)' | sort >"$work/help"
	while read -r option; do
		grep -qe "$option" "$work/completion" || echo "$option"
	done <"$work/help" >"$work/lacking"
	same "completion knows the options of $command" /dev/null "$work/lacking"
	page=docs/pinhole-$command.1
	if [ ! -e "$page" ]; then
		[ -s "$work/help" ] && echo "$page" | not_ok "$command has a page" ||
		    says "pinhole(1) has $command" "^\\.It Cm $command" docs/pinhole.1
		continue
	fi
	sed -nE 's/^\.It Fl (-?[-A-Za-z]+).*/-\1/p' "$page" |
	    grep -vxE -- '--(help|version)' | sort >"$work/page"
	same "pinhole-$command(1) has the options of --help" "$work/help" "$work/page"
done <"$work/commands"

# ids of diagnostics and findings, as string constants in the sources
grep -rhoE --include='*.c' --exclude='*_test.c' \
    '(PH_(ERROR|WARN),|\.id =|finding\([^"]*|error\([a-z]+,) "[a-z0-9]+(-[a-z0-9]+)+"' src |
    sed 's/.*"\(.*\)"/\1/' | sort -u >"$work/ids"
sed -nE 's/^\.It (Cm|Sy|Li|Ic) ([a-z0-9-]+)$/\2/p' docs/pinhole-diagnostics.7 \
    src/dialect/*/*.5 2>/dev/null | sort -u >"$work/explained"
comm -23 "$work/ids" "$work/explained" >"$work/lacking"
same 'every diagnostic is explained' /dev/null "$work/lacking"

sed -nE 's/^\.Xr (pinhole[-a-z]*) ([1-8]).*/\1.\2/p' docs/*.[1-8] src/dialect/*/*.[1-8] |
    sort -u | while read -r page; do
	ls "docs/$page" src/dialect/*/"$page" >/dev/null 2>&1 || [ -e "docs/$page" ] ||
	    ls src/dialect/*/"$page" >/dev/null 2>&1 || echo "$page"
done >"$work/lacking"
same 'pages that pages name are there' /dev/null "$work/lacking"

is 0 'installs' env DESTDIR="$work/root" meson install -C build --no-rebuild --quiet
for file in bin/pinhole share/man/man1/pinhole.1 share/man/man5/pinhole-site.5 \
    share/pinhole/catalog/vidyoconnect.yaml share/pinhole/schema/audit.json \
    share/doc/pinhole/examples/edge.nft; do
	is 0 "installed: $file" test -n "$(find "$work/root" -path "*/$file")"
done

for page in *.md docs/*.md; do
	grep -oE '\]\([^)#: ]+\)' "$page" | sed 's/^](//; s/)$//' | sort -u | while read -r file; do
		[ -e "$(dirname "$page")/$file" ] || echo "$file"
	done >"$work/lacking"
	same "what $page links to is there" /dev/null "$work/lacking"
done

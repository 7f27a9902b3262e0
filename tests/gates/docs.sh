#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Completion knows what the program does, what is installed is all there, and
# links in the pages of the project lead somewhere.
. tests/tap.sh

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
done <"$work/commands"

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

#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The gates of tools/ hold for this tree, and each of them does fire.
. tests/tap.sh

is 0 'layers' tools/check-layers
is 0 'sizes' tools/check-size
is 0 'headers' tools/check-header

# fires NAME PATTERN COMMAND...
fires() {
	name=$1 pattern=$2
	shift 2
	if "$@" >"$out" 2>&1; then
		echo "$*" | not_ok "$name: fires"
	else
		says "$name: fires" "$pattern" "$out"
	fi
}

mkdir -p "$work/src/base" "$work/src/os" "$work/src/dialect/a" "$work/src/dialect/b"
try() { printf '%s\n' "$2" >"$work/src/$1"; }

try base/up.c '#include "net/addr.h"'
fires 'layers, upward' 'base may not see net' tools/check-layers "$work/src"
try base/up.c '#include "up.h"'
fires 'layers, root' 'not from the root' tools/check-layers "$work/src"
try base/up.c '#ifdef __linux__'
fires 'layers, platform' 'outside os' tools/check-layers "$work/src"
rm "$work/src/base/up.c"
try dialect/a/a.c '#include "dialect/b/b.h"'
fires 'layers, dialects' 'see each other' tools/check-layers "$work/src"
try dialect/a/a.c '#include "dialect/dialect.h"
#include "dialect/a/a.h"
#include "base/buf.h"'
try os/os.c '#ifdef __linux__'
is 0 'layers: quiet where all is well' tools/check-layers "$work/src"

fires 'headers, licence' 'src/os/os.c: no SPDX' tools/check-header "$work"
try dialect/a/a.h '/* SPDX-License-Identifier: ISC */'
fires 'headers, guard' 'a.h: no guard' tools/check-header "$work"

{
	printf 'static int\nlong_one(int a, int b, int c, int d, int e, int f,\n    int g)\n{\n'
	i=0
	while [ $i -lt 100 ]; do echo '	a++;'; i=$((i + 1)); done
	printf '	if (a) { if (b) { if (c) {\n\tif (d) { if (e) {\n\t\tif (f) {\n\t}}}}}}\n'
	printf '	return "%0100d";\n}\n' 0
} >"$work/big.c"
for what in function parameters depth columns; do
	fires "sizes, $what" ": $what: " tools/check-size "$work/big.c"
done
seq 1001 >"$work/big.c"
fires 'sizes, file' ': file: 1001' tools/check-size "$work/big.c"
printf 'int\nfine(int a)\n{\n\treturn a;\n}\n' >"$work/fine.c"
is 0 'sizes: quiet where all is well' tools/check-size "$work/fine.c"

# SPDX-License-Identifier: ISC
#
# For test scripts in sh: ". tests/tap.sh", from the root of the project.
#
#	is STATUS NAME COMMAND...	the command ends with that status
#	says NAME PATTERN FILE		a line of the file matches (grep -E)
#	ok NAME, not_ok NAME		the latter prints what is on its input
#	skip NAME WHY
#
# What the last command of "is" printed is in $out and $err.
src=${SRC:-$PWD}
pinhole=${PINHOLE:-$src/build/pinhole}
work=$(mktemp -d "${TMPDIR:-/tmp}/pinhole-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
out=$work/stdout err=$work/stderr

ok() { echo "ok - $1"; }
not_ok() { echo "not ok - $1"; head -n 60; }
skip() { echo "ok - $1 # SKIP $2"; }

is() {
	want=$1 name=$2
	shift 2
	"$@" >"$out" 2>"$err" </dev/null
	status=$?
	if [ $status -eq "$want" ]; then
		ok "$name"
	else
		{ echo "$*"; echo "status $status, not $want"; cat "$err" "$out"; } | not_ok "$name"
		return 1
	fi
}

says() {
	if grep -Eq -- "$2" "$3"; then
		ok "$1"
	else
		{ echo "nothing like: $2"; cat "$3"; } | not_ok "$1"
	fi
}

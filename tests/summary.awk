# SPDX-License-Identifier: ISC
#
# Reads NAME.rc (exit status, seconds) and beside it NAME (what the job
# printed); prints failures with what explains them, skips with their reasons,
# and the totals.  Exit status 1 when anything failed or nothing passed.

function base(path) { sub(/.*\//, "", path); gsub(/\+/, "/", path); return path }

function fail(what, text) {
	failed++
	printf "FAILED %s: %s\n%s\n", job, what, text
}

# The end of a test that did not pass.
function flush() {
	if (bad != "")
		fail(bad, detail)
	bad = detail = ""
}

function skip(why) { skips[++skipped] = job ": " why }

# What is said before a test that did not pass explains it too.
function before(line) {
	if (++n_said > 60)
		sub(/^[^\n]*\n/, "", said)
	said = said "    " line "\n"
}

# One line of what a job printed.
function take(line,    why) {
	if (line ~ /^(not )?ok( |$)/) {
		explained = line ~ /^not/ ? said : ""
		said = ""
		n_said = 0
	}
	if (line ~ /^(not )?ok .*# *[Ss][Kk][Ii][Pp]/) {	# "not ok" is cmocka's
		flush()
		n++
		why = line
		sub(/^(not )?ok *[0-9]* *(- )?/, "", why)
		sub(/ *# *[Ss][Kk][Ii][Pp] */, ": ", why)
		sub(/^: /, "", why)
		skip(why)
	} else if (line ~ /^ok( |$)/) {
		flush()
		n++
		passed++
	} else if (line ~ /^not ok( |$)/) {
		flush()
		n++
		n_bad++
		sub(/^not ok( [0-9]+)?( - )?/, "", line)
		bad = line == "" ? "test" : line
		detail = explained
	} else if (line ~ /^1\.\.[0-9]+/) {
		if (line ~ /^1\.\.0.*[Ss][Kk][Ii][Pp]/) {
			sub(/^1\.\.0 *# *[Ss][Kk][Ii][Pp]/, "", line)
			skip(line)
			n++
			planned++
		}
		planned += substr(line, 4)
	} else if (bad != "") {
		detail = detail "    " line "\n"
	} else {
		before(line)
	}
}

# The last lines of a job that ended badly.
function tail(    i, text) {
	for (i = kept > 60 ? kept - 59 : 1; i <= kept; i++)
		text = text "    " keep[i] "\n"
	return text
}

{
	rc = $1
	job = base(FILENAME)
	sub(/\.rc$/, "", job)
	path = FILENAME
	sub(/\.rc$/, "", path)
	n = n_bad = planned = kept = n_said = 0
	said = ""
	while ((getline line < path) > 0) {
		keep[++kept] = line
		take(line)
	}
	close(path)
	flush()
	if (rc == 124 || rc == 137)
		fail("not done in time", tail())
	else if (n == 0 && rc == 77)
		skip(keep[kept])
	else if (n == 0 && rc == 0 && planned == 0)
		passed++
	else if (n < planned)
		fail("ended after " n " of " planned " tests, status " rc, tail())
	else if (rc != 0 && n_bad == 0)
		fail("ended with status " rc, tail())
}

END {
	for (i = 1; i <= skipped; i++)
		print "skipped " skips[i]
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0 || passed == 0
}

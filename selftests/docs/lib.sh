# SPDX-License-Identifier: GPL-2.0-or-later
# What the checks of the documentation share; sourced, never run.
# shellcheck shell=bash disable=SC2034

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DOCS_DIR=$TOP/selftests/docs
CC=${CC:-gcc}
PROGRAM=${0##*/}
export LC_ALL=C

# Debian's own python3, which has the modules of Debian's packages; another one may come first in PATH.
PYTHON=/usr/bin/python3

# ---- TAP ----

TAP_NUMBER=0 TAP_BAD=0

# tap_plan COUNT: how many results follow
tap_plan() {
	echo "TAP version 13"
	echo "1..$1"
}

# tap_result STATUS NAME [DETAILS]: STATUS is 0 if it passed; DETAILS, lines, are shown if not.
tap_result() {
	TAP_NUMBER=$((TAP_NUMBER + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $TAP_NUMBER - $2"
		return
	fi
	TAP_BAD=$((TAP_BAD + 1))
	echo "not ok $TAP_NUMBER - $2"
	[ -z "${3:-}" ] || printf '# %s\n' "${3//$'\n'/$'\n# '}"
}

# tap_same NAME EXPECTED FOUND: two texts must be equal; shows how they differ.
tap_same() {
	local difference
	if [ -z "$2" ]; then
		tap_result 1 "$1" "there is nothing to compare with"
	elif difference=$(diff -U 0 --label documented --label true <(echo "$3") <(echo "$2")); then
		tap_result 0 "$1"
	else
		tap_result 1 "$1" "$difference"
	fi
}

# tap_run NAME COMMAND...: passes if the command does; its output is shown if it does not.
tap_run() {
	local name=$1 output status=0
	shift
	output=$("$@" 2>&1) || status=$?
	tap_result "$status" "$name" "$output"
}

# tap_end: the exit status of the whole
tap_end() {
	[ "$TAP_BAD" -eq 0 ] || exit 1
	exit 0
}

bail() {
	echo "Bail out! $PROGRAM: $*"
	exit 1
}

# need COMMAND PACKAGE
need() {
	command -v "$1" >/dev/null || bail "needs the command $1; install the Debian package $2"
}

# A directory for intermediate files that goes away with the script; its name is in $WORK.
work_dir() {
	WORK=$(mktemp -d)
	trap 'rm -rf "$WORK"' EXIT
}

# ---- programs ----

# compile PROGRAM SOURCE...: a host program that may include the project's headers
compile() {
	local program=$1
	shift
	"$CC" -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Wextra -Werror -I"$TOP/kmod/uapi" -I"$TOP/kmod/core" -I"$TOP" \
		-o "$program" "$@"
}

# ---- tables ----

# rst_table FILE CAPTION: the rows of the simple table with that caption (".. table:: CAPTION"),
# cells separated by tabs; a row that goes on in the next line is put together.
rst_table() {
	awk -v caption="$2" '
		function cell(i) {
			value = substr($0, start[i], i < columns ? start[i + 1] - start[i] : length($0))
			gsub(/^ +| +$/, "", value)
			gsub(/``/, "", value)
			return value
		}
		function flush() {
			if (!rows)
				return
			line = row[1]
			for (i = 2; i <= columns; i++)
				line = line "\t" row[i]
			print line
			rows = 0
		}
		/^\.\. table:: / { inside = substr($0, 12) == caption; rules = 0; next }
		!inside { next }
		/^ *=[= ]*$/ {
			flush()
			if (++rules == 1) {
				columns = 0
				for (i = 1; i <= length($0); i++)
					if (substr($0, i, 1) == "=" && (i == 1 || substr($0, i - 1, 1) == " "))
						start[++columns] = i
			}
			if (rules == 3)
				inside = 0
			next
		}
		rules != 2 || /^ *$/ { next }
		{
			if (cell(1) != "") {
				flush()
				rows = 1
				for (i = 1; i <= columns; i++)
					row[i] = cell(i)
			} else {
				for (i = 2; i <= columns; i++) {
					part = cell(i)
					if (part != "")
						row[i] = row[i] (row[i] == "" ? "" : " ") part
				}
			}
		}' "$1"
}

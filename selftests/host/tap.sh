# SPDX-License-Identifier: GPL-2.0-or-later
# Writes TAP: for the scripts beside it; sourced.
# shellcheck shell=bash

TAP_TESTS=0
TAP_FAILURES=0

tap_begin() {
	echo 'TAP version 13'
}

# pass NAME
pass() {
	TAP_TESTS=$((TAP_TESTS + 1))
	echo "ok $TAP_TESTS - $1"
}

# fail NAME: what there is to see comes on standard input
fail() {
	TAP_TESTS=$((TAP_TESTS + 1))
	TAP_FAILURES=$((TAP_FAILURES + 1))
	echo "not ok $TAP_TESTS - $1"
	sed 's/^/# /'
}

# check NAME COMMAND...: passes if the command does; its output is shown if not
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" <<<"$* ended with $?"$'\n'"$output"
	fi
}

# equal NAME GOT WANTED
equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" <<<"got:    $2"$'\n'"wanted: $3"
	fi
}

# matches NAME TEXT PATTERN: an extended regular expression
matches() {
	if grep -Eq -- "$3" <<<"$2"; then
		pass "$1"
	else
		fail "$1" <<<"$2"$'\n'"does not match: $3"
	fi
}

# tap_end: the plan, and the exit status
tap_end() {
	echo "1..$TAP_TESTS"
	[ "$TAP_FAILURES" -eq 0 ]
}

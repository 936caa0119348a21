# SPDX-License-Identifier: GPL-2.0-or-later
# Counts a stream of TAP documents, line by line; sourced.
# shellcheck shell=bash disable=SC2034
#
# A stream is one document after the other, each begun by "TAP version" and each keeping its plan.
# "# exit N" is the status of what wrote it all, and the last line.

TAP_PASSED=0 TAP_FAILED=0 TAP_SKIPPED=0
TAP_EXIT=''
TAP_PROBLEMS=()
tap_open=false tap_plan='' tap_count=0

# tap_line LINE
tap_line() {
	case $1 in
	'TAP version '*)
		tap_close
		tap_open=true
		;;
	'1..0 '*[Ss][Kk][Ii][Pp]*)
		tap_open=true tap_plan=0
		TAP_SKIPPED=$((TAP_SKIPPED + 1))
		;;
	1..*) tap_planned "${1#1..}" ;;
	'not ok'*)
		tap_open=true
		tap_count=$((tap_count + 1))
		TAP_FAILED=$((TAP_FAILED + 1))
		TAP_PROBLEMS+=("$1")
		;;
	'ok '*)
		tap_open=true
		tap_count=$((tap_count + 1))
		case $1 in
		*'# '[Ss][Kk][Ii][Pp]*) TAP_SKIPPED=$((TAP_SKIPPED + 1)) ;;
		*) TAP_PASSED=$((TAP_PASSED + 1)) ;;
		esac
		;;
	'Bail out!'*) TAP_PROBLEMS+=("$1") ;;
	'# exit '*) TAP_EXIT=${1#\# exit } ;;
	esac
}

tap_planned() {
	local number=${1%% *}
	if [ -n "$tap_plan" ]; then
		TAP_PROBLEMS+=("a second plan 1..$1 in one document")
	fi
	tap_open=true tap_plan=$number
}

# tap_close: the document that ends here has to have kept its plan.
tap_close() {
	if $tap_open; then
		if [ -z "$tap_plan" ]; then
			TAP_PROBLEMS+=("no plan, $tap_count tests")
		elif [ "$tap_plan" != "$tap_count" ]; then
			TAP_PROBLEMS+=("planned $tap_plan tests, ran $tap_count")
		fi
	fi
	tap_open=false tap_plan='' tap_count=0
}


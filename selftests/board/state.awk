# SPDX-License-Identifier: GPL-2.0-or-later
# Reads layerctl's "status --json" and writes its state in one line, on the board and on the host:
#
#   STATE ACTIVE CANDIDATE EXPOSED ATTEMPTS_USED
#
# Releases are named by their versions, "-" is none. A device that can no longer be changed is in
# no state that anybody expects.

BEGIN { FS = "\"" }

/^  "state":/ { state = $4 }
/^  "read_only":/ && !/null/ { broken = "read-only-" }
/^  "[a-z_]+": \{/ { object = $2 }
/^    "release":/ { release[object] = $4 }
/^  "attempts_used":/ { used = $3; gsub(/[^0-9]/, "", used) }

function name(object) {
	return release[object] == "" ? "-" : release[object]
}

END {
	if (state == "")
		exit 1
	print broken state, name("active"), name("candidate"), name("exposed"), used + 0
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the documented transcript of layerctl on an image file, command by command, and looks at
# what it leaves: no kernel module, no root. The program is $LAYERCTL, or build/layerctl.
set -euo pipefail

# shellcheck source=selftests/host/work.sh
. "$(dirname "${BASH_SOURCE[0]}")/work.sh"

make_inputs() {
	cp "$top/dts/example-16m.dts" board.dts
	# compressible and not, ending within a block and at its end
	seq 1 400000 >k
	head -c 4000001 /dev/urandom >s
	head -c 1900544 /dev/urandom >a
	{ head -c 1000000 a; head -c 1300007 /dev/urandom; } >a2
}

# The lines of the documentation, as they are there.
transcript() {
	check 'format' \
		layerctl -d flash.img format --layout board.dts --size 16M --erasesize 64K --writesize 1
	check 'pack release 1.0' \
		layerctl pack --layout board.dts --block-size 64K --release 1.0 -o r1.layers kernel=k system=s app=a
	check 'apply the first release' \
		layerctl -d flash.img apply --activate r1.layers
	matches 'a first release needs no confirmation: confirm says so' \
		"$(layerctl -d flash.img confirm)" 'nothing to confirm'
	check 'pack release 2.0 on the base of 1.0' \
		layerctl pack --layout board.dts --block-size 64K --release 2.0 --base r1.layers -o r2.layers app=a2
	before=$(sha256sum <flash.img)
	plan=$(layerctl -d flash.img apply --dry-run r2.layers)
	equal 'a dry run writes nothing' "$(sha256sum <flash.img)" "$before"
	matches 'its plan names the layers that change' "$plan" '1 of 3 layers'
	check 'apply and activate release 2.0' \
		layerctl -d flash.img apply --activate r2.layers
	status=$(layerctl -d flash.img status --json)
	check 'confirm' layerctl -d flash.img confirm
	matches 'settle says what it does' "$(layerctl -d flash.img settle)" \
		'every block of release 2.0 is at home'
	check 'verify' layerctl -d flash.img verify
	layerctl -d flash.img read app >app.out
	equal 'read gives the bytes that were packed' "$(sha256sum <app.out)" "$(sha256sum <a2)"
	check 'mkimage' \
		layerctl mkimage --layout board.dts --size 16M --erasesize 64K --writesize 1 -o factory.img r1.layers
}

check_trial() {
	equal 'status: trial' "$(json state <<<"$status")" trial
	equal 'status: candidate' "$(json candidate release <<<"$status")" 2.0
	equal 'status: active' "$(json active release <<<"$status")" 1.0
	equal 'status: exposed' "$(json exposed release <<<"$status")" 2.0
	equal 'status: attempts' "$(json attempts_used <<<"$status")" 1
}

check_end() {
	local layers
	status=$(layerctl -d flash.img status --json)
	equal 'in the end: idle' "$(json state <<<"$status")" idle
	equal 'in the end: 2.0 is active' "$(json active release <<<"$status")" 2.0
	equal 'in the end: its outcome is recorded' "$(json outcome code <<<"$status")" confirmed
	layers=$(layerctl -d flash.img list --json)
	equal 'kernel is at home' "$(json layers 0 away <<<"$layers")" 0
	equal 'app fills its slot and more' "$(json layers 2 blocks <<<"$layers")" 36
	layerctl -d flash.img read kernel >kernel.out
	equal 'the kernel has not changed' "$(sha256sum <kernel.out)" "$(sha256sum <k)"
	cut_bytes flash.img $((0x80000)) "$(stat -c %s k)" >raw.out
	equal 'its bytes lie at its preset address as they are' "$(sha256sum <raw.out)" \
		"$(sha256sum <k)"
	layerctl -d flash.img read --offset 65530 --length 12 app >part.out
	equal 'read across a block boundary' "$(sha256sum <part.out)" \
		"$(cut_bytes a2 65530 12 | sha256sum)"
}

check_factory() {
	local state
	state=$(layerctl -d factory.img status --json)
	equal 'factory image: idle' "$(json state <<<"$state")" idle
	equal 'factory image: 1.0 is active' "$(json active release <<<"$state")" 1.0
	equal 'factory image: its size' "$(stat -c %s factory.img)" 16777216
	check 'factory image: verify' layerctl -d factory.img verify
	layerctl mkimage --layout board.dts --size 16M --erasesize 64K --writesize 1 \
		-o again.img r1.layers >/dev/null 2>&1
	equal 'the same bundle gives the same image' "$(sha256sum <again.img)" \
		"$(sha256sum <factory.img)"
	layerctl pack --layout board.dts --block-size 64K --release 1.0 -o again.layers \
		kernel=k system=s app=a >/dev/null 2>&1
	equal 'the same files give the same bundle' "$(sha256sum <again.layers)" \
		"$(sha256sum <r1.layers)"
	check 'the factory image takes release 2.0' \
		layerctl -d factory.img apply --activate r2.layers
	check 'and verifies as it' layerctl -d factory.img verify --release candidate
}

# Release 3.0 is never confirmed: its attempts end, and 2.0 is back.
check_exhaustion() {
	local boots=0
	head -c 700000 /dev/urandom >a3
	layerctl pack --layout board.dts --block-size 64K --release 3.0 --attempts 2 \
		--base r2.layers -o r3.layers app=a3 >/dev/null 2>&1
	check 'apply without --activate' layerctl -d flash.img apply r3.layers
	equal 'it does not run yet' "$(layerctl -d flash.img status --json | json exposed release)" 2.0
	while layerctl -d flash.img boot | grep -q 'release 3.0 is exposed'; do
		boots=$((boots + 1))
	done
	equal 'it is booted twice' "$boots" 2
	status=$(layerctl -d flash.img status --json)
	equal 'then the old release is back' "$(json exposed release <<<"$status")" 2.0
	equal 'and the outcome says why' "$(json outcome code <<<"$status")" exhausted
	check 'and all its bytes are right' layerctl -d flash.img verify
}

check_rollback() {
	check 'a release on trial' layerctl -d flash.img apply --activate r3.layers
	check 'is rolled back' layerctl -d flash.img rollback
	status=$(layerctl -d flash.img status --json)
	equal 'the old release is exposed at once' "$(json exposed release <<<"$status")" 2.0
	equal 'the outcome is recorded' "$(json outcome code <<<"$status")" rolled-back
}

# A bundle with only what changed.
check_partial() {
	layerctl pack --layout board.dts --block-size 64K --release 3.1 --partial \
		--base r2.layers -o p3.layers app=a3 >/dev/null 2>&1
	check 'a partial bundle is smaller' [ "$(stat -c %s p3.layers)" -lt "$(stat -c %s r3.layers)" ]
	check 'and fits the release that it was packed against' \
		layerctl -d flash.img apply --activate p3.layers
	check 'confirm it' layerctl -d flash.img confirm
	layerctl -d flash.img read app >app.out
	equal 'its bytes' "$(sha256sum <app.out)" "$(sha256sum <a3)"
	check 'inspect' layerctl inspect --check p3.layers
}

# Sends SIGINT as soon as blocks are being written.
interrupt_apply() {
	local line child
	rm -f progress
	mkfifo progress
	"$program" -d try.img apply r4.layers >/dev/null 2>progress &
	child=$!
	while IFS= read -r line; do
		case $line in
		writing:*)
			# once: a second signal would end it at once
			[ -z "$child" ] || kill -INT "$child" 2>/dev/null || true
			child=''
			;;
		esac
		echo "$line"
	done <progress >apply.log
	wait || true
}

# Interrupted in the middle, the same command goes on.
check_interruption() {
	local tries=0
	layerctl mkimage --layout board.dts --size 16M --erasesize 64K --writesize 1 \
		-o cut.img r1.layers >/dev/null 2>&1
	head -c 5000000 /dev/urandom >s4
	layerctl pack --layout board.dts --block-size 64K --release 4.0 --base r1.layers \
		-o r4.layers system=s4 >/dev/null 2>&1
	# a machine may be so fast that all is written when the signal comes
	until [ "$tries" -eq 10 ]; do
		tries=$((tries + 1))
		cp cut.img try.img
		interrupt_apply
		[ "$(layerctl -d try.img status --json | json state)" != staging ] || break
	done
	matches 'interrupted: it says how to go on' "$(cat apply.log)" 'the same command goes on'
	matches 'and so does status' "$(layerctl -d try.img status)" 'blocks still to come'
	matches 'the same command knows what is there' \
		"$(layerctl -d try.img apply --dry-run r4.layers)" 'goes on with what was staged'
	check 'and goes on' layerctl -d try.img apply --activate r4.layers
	check 'and all bytes are right' layerctl -d try.img verify --release candidate
}

tap_begin
make_inputs
transcript
check_trial
check_end
check_factory
check_exhaustion
check_rollback
check_partial
check_interruption
tap_end

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs layerctl on image files through what comes after the first upgrade: settling, pinned
# layers, in place, layers that move, new layouts, lost tables, reserves; and what `status` says
# in each state. The program is $LAYERCTL, or build/layerctl.
set -euo pipefail

# shellcheck source=selftests/host/work.sh
. "$(dirname "${BASH_SOURCE[0]}")/work.sh"

geometry=(--size 16M --erasesize 64K --writesize 1)
kernel_at=$((0x80000)) system_at=$((0x380000)) app_at=$((0x880000))

# pack LAYOUT RELEASE OPTION...: to rRELEASE.layers, with little effort
pack() {
	local layout=$1 release=$2
	shift 2
	quietly layerctl pack --layout "$layout" --block-size 64K --level 1 --release "$release" \
		-o "r$release.layers" "$@"
}

# mkimage LAYOUT RELEASE OPTION...: flash.img
mkimage() {
	local layout=$1 release=$2
	shift 2
	rm -f flash.img
	quietly layerctl mkimage --layout "$layout" "${geometry[@]}" -o flash.img "$@" \
		"r$release.layers"
}

# refused NAME PATTERN COMMAND...: it fails, says why in a line, and changes nothing
refused() {
	local name=$1 pattern=$2 before status=0
	shift 2
	before=$(sum flash.img)
	"$@" >out 2>err || status=$?
	equal "$name: fails" "$status" 1
	matches "$name: says why" "$(grep '^layerctl: ' err || cat out err)" "$pattern"
	equal "$name: changes nothing" "$(sum flash.img)" "$before"
}

# interrupt_at PATTERN SECONDS ARGUMENT...: sends SIGINT so long after a line of progress matches;
# all lines are in interrupt.log
interrupt_at() {
	local pattern=$1 seconds=$2 line child
	shift 2
	rm -f progress
	mkfifo progress
	"$program" -d flash.img "$@" >/dev/null 2>progress &
	child=$!
	while IFS= read -r line; do
		if [[ $line == $pattern* ]]; then
			# once: a second signal would end it at once
			[ -z "$child" ] || sleep "$seconds"
			[ -z "$child" ] || kill -INT "$child" 2>/dev/null || true
			child=''
		fi
		echo "$line"
	done <progress >interrupt.log
	wait || true
}

make_inputs() {
	cp "$top/dts/example-16m.dts" board.dts
	head -c 2000000 /dev/urandom >k
	head -c 2100000 /dev/urandom >k2
	head -c 3000001 /dev/urandom >s
	head -c 1900544 /dev/urandom >a
	{ head -c 1000000 a; head -c 1300007 /dev/urandom; } >a2
	head -c 700000 /dev/urandom >n
	pack board.dts 1.0 kernel=k system=s app=a
	pack board.dts 2.0 --base r1.0.layers app=a2
}

# ---- settle

check_settle() {
	local before text
	mkimage board.dts 1.0
	status_is 'status: a factory image' 'idle: release 1.0 is active; nothing has to be done'
	matches 'settle: nothing to do' "$(layerctl -d flash.img settle)" \
		'^nothing to do: every block of release 1.0 is at home'
	check 'settle: an upgrade' layerctl -d flash.img apply --activate r2.0.layers
	status_is 'status: a trial' 'trial of 2.0, attempt 1 of 3; confirm it, or roll back'
	before=$(sum flash.img)
	matches 'settle: in a trial nothing moves' "$(layerctl -d flash.img settle)" \
		'every block of release 1.0 is at home'
	equal 'settle: and nothing is written' "$(sum flash.img)" "$before"
	quietly layerctl -d flash.img confirm
	before=$(sum flash.img)
	status_is 'status: blocks away' \
		'idle: release 2.0 is active, [0-9]+ blocks of it have still to come home; .*settle'
	text=$(layerctl -d flash.img settle --dry-run)
	matches 'settle --dry-run: counts' "$text" '^of release 2.0, [0-9]+ blocks are away from home:'
	matches 'settle --dry-run: per layer' "$text" '^  app +[0-9]+ of 36: [0-9]+ that can come home'
	equal 'settle --dry-run: writes nothing' "$(sum flash.img)" "$before"
	text=$(layerctl -d flash.img settle --json 2>/dev/null)
	check 'settle: moves blocks' [ "$(json moved <<<"$text")" -gt 0 ]
	equal 'settle: none is left' "$(json away <<<"$text")" 0
	equal 'settle: but the overflow' "$(json layers 2 overflow <<<"$text")" 4
	layer_is 'settle: the layer is what it was' app a2
	cut_bytes a2 0 $((32 * 65536)) >a2.head
	raw_is 'settle: and lies at its preset address' a2.head "$app_at"
	check 'settle: everything is right' layerctl -d flash.img verify
	before=$(sum flash.img)
	matches 'settle: nothing more to do' "$(layerctl -d flash.img settle)" '^nothing to do'
	equal 'settle: and nothing is written' "$(sum flash.img)" "$before"
	status_is 'status: settled' 'idle: release 2.0 is active; nothing has to be done'
}

# away: blocks of flash.img that settling would bring home
away() {
	layerctl -d flash.img settle --dry-run --json | json settleable
}

check_settle_interrupted() {
	local tries=0 before left=0
	mkimage board.dts 1.0
	quietly layerctl -d flash.img apply --activate r2.0.layers
	quietly layerctl -d flash.img confirm
	before=$(away)
	cp flash.img away.img
	matches 'verify --scrub: does it too' "$(layerctl -d flash.img verify --scrub)" \
		"^$before blocks of the active release were moved to other cells"
	equal 'verify --scrub: all of it' "$(away)" 0
	# a machine may be so fast that all is moved when the signal comes, or so slow that nothing is
	until [ "$tries" -eq 9 ]; do
		tries=$((tries + 1))
		cp away.img flash.img
		interrupt_at settling: "0.0$tries" settle
		left=$(away)
		[ "$left" -eq 0 ] || [ "$left" -eq "$before" ] || break
	done
	matches 'settle: interrupted' "$(cat interrupt.log)" \
		'interrupted after [0-9]+ blocks: .*the same command goes on'
	check 'settle: some have moved' [ "$left" -gt 0 -a "$left" -lt "$before" ]
	check 'settle: everything is right in between' layerctl -d flash.img verify
	matches 'settle: it goes on' "$(layerctl -d flash.img settle)" "^$left blocks moved"
	check 'settle: everything is right in the end' layerctl -d flash.img verify
}

check_lazy() {
	local text
	board lazy.dts 0x80000 kernel:0x80000:0x300000 system:0x380000:0x500000 \
		'app:0x880000:0x200000:mtdlayer,lazy'
	pack lazy.dts 1.1 kernel=k system=s app=a
	pack lazy.dts 1.2 --base r1.1.layers app=a2
	pack lazy.dts 1.3 --base r1.2.layers app=a
	matches 'lazy: inspect shows it' "$(layerctl inspect r1.1.layers)" '^app .* lazy$'
	mkimage lazy.dts 1.1
	matches 'lazy: list shows it' "$(layerctl -d flash.img list)" '^app .* lazy$'
	quietly layerctl -d flash.img apply --activate r1.2.layers
	quietly layerctl -d flash.img confirm
	status_is 'status: lazy blocks are no trouble' \
		'idle: release 1.2 is active; nothing has to be done'
	text=$(layerctl -d flash.img settle)
	matches 'lazy: settle moves nothing' "$text" '^nothing could be moved'
	matches 'lazy: and says why' "$text" '^  app +[0-9]+ of 36: [0-9]+ lazy \(an upgrade'
	quietly layerctl -d flash.img apply --activate r1.3.layers
	quietly layerctl -d flash.img confirm
	equal 'lazy: the next upgrade goes home' \
		"$(layerctl -d flash.img list --json | json layers 2 away)" 0
	layer_is 'lazy: with the right bytes' app a
}

# ---- pinned

make_pinned() {
	board pinned.dts 0x80000 'kernel:0x80000:0x300000:mtdlayer,pinned' \
		system:0x380000:0x500000 app:0x880000:0x200000
	pack pinned.dts 4.0 kernel=k system=s app=a
	pack pinned.dts 4.1 --base r4.0.layers kernel=k2
}

check_pinned() {
	local text
	mkimage pinned.dts 4.0
	text=$(layerctl -d flash.img apply --dry-run r4.1.layers)
	matches 'pinned: the plan says what moves aside' "$text" '31 blocks are moved aside'
	check 'pinned: upgrade' layerctl -d flash.img apply r4.1.layers
	status_is 'status: before the first boot' \
		'trial of 4.1, 0 of 3 attempts used, release 4.0 is exposed; the next boot tries it'
	raw_is 'pinned: the new one is at its preset address' k2 "$kernel_at"
	layer_is 'pinned: the old one still runs' kernel k
	matches 'pinned: boot' "$(layerctl -d flash.img boot)" 'release 4.1 is exposed: attempt 1 of 3'
	layer_is 'pinned: now the new one' kernel k2
	check 'pinned: rollback' layerctl -d flash.img rollback
	status_is 'status: a pinned layer away' \
		'idle: release 4.0 is active, 31 blocks.*; 4.1 was rolled back; the pinned layer kernel is not at its preset address.*; do not reboot before it has settled'
	layer_is 'pinned: the old one can be read' kernel k
	matches 'pinned: boot exposes it' "$(layerctl -d flash.img boot)" 'release 4.0 is exposed'
	matches 'pinned: settle brings it home' "$(layerctl -d flash.img settle)" '^31 blocks moved'
	raw_is 'pinned: there it is' k "$kernel_at"
	status_is 'status: after it came home' 'idle: release 4.0 is active; 4.1 was rolled back; apply'
	check 'pinned: everything is right' layerctl -d flash.img verify
	check 'pinned: the other direction' layerctl -d flash.img apply --activate r4.1.layers
	check 'pinned: confirm' layerctl -d flash.img confirm
	raw_is 'pinned: it stays where it is' k2 "$kernel_at"
	matches 'pinned: no block is away' "$(layerctl -d flash.img settle)" 'every block of release 4.1'
}

check_installing() {
	local tries=0
	# a machine may be so fast that all is installed when the signal comes
	until [ "$tries" -eq 20 ]; do
		tries=$((tries + 1))
		mkimage pinned.dts 4.0
		# all blocks are staged then, and pinned layers are being installed
		interrupt_at 'writing: done' 0 apply r4.1.layers
		[ "$(layerctl -d flash.img status --json | json state)" != installing ] || break
	done
	matches 'installing: interrupted' "$(cat interrupt.log)" \
		'interrupted while the pinned layers of 4.1.*settle.*goes on.*rollback'
	status_is 'status: installing' 'installing the pinned layers of 4.1, release 4.0 is active until'
	layer_is 'installing: the old release is whole' kernel k
	cp flash.img installing.img
	refused 'installing: another apply' 'install' layerctl -d flash.img apply r4.0.layers
	matches 'installing: settle goes on' "$(layerctl -d flash.img settle)" \
		'the pinned layers of release 4.1 are installed: it is on trial'
	raw_is 'installing: the new one is at its preset address' k2 "$kernel_at"
	cp installing.img flash.img
	check 'installing: rollback' layerctl -d flash.img rollback
	quietly layerctl -d flash.img settle
	raw_is 'installing: the old one came home' k "$kernel_at"
	check 'installing: everything is right' layerctl -d flash.img verify
}

# ---- in place

make_in_place() {
	geometry=(--size 8M --erasesize 64K --writesize 1)
	board small.dts 0x80000 kernel:0x80000:0x100000 'app:0x180000:0x600000:mtdlayer,in-place'
	head -c 1000000 k >ks
	head -c 5000000 /dev/urandom >b
	head -c 5100000 /dev/urandom >b2
	pack small.dts 5.0 kernel=ks app=b
	pack small.dts 5.1 --base r5.0.layers app=b2
}

check_in_place() {
	local text tries=0
	mkimage small.dts 5.0
	refused 'in place: not unless asked' 'does not fit|missing|more.*in-place it fits' \
		layerctl -d flash.img apply r5.1.layers
	matches 'in place: the refusal tells of it' "$(cat err)" 'with --in-place it fits'
	text=$(layerctl -d flash.img apply --dry-run --in-place r5.1.layers)
	matches 'in place: the plan names the layer' "$text" '^in place, .*: app$'
	matches 'in place: and warns' "$text" 'WARNING: .*written over'
	cp flash.img old.img
	check 'in place: apply' layerctl -d flash.img apply --in-place r5.1.layers
	status_is 'status: in place, done' 'idle: release 5.1 is active'
	layer_is 'in place: the new bytes' app b2
	layer_is 'in place: the other layer' kernel ks
	check 'in place: everything is right' layerctl -d flash.img verify
	until [ "$tries" -eq 10 ]; do
		tries=$((tries + 1))
		cp old.img flash.img
		interrupt_at writing: 0 apply --in-place r5.1.layers
		[ "$(layerctl -d flash.img status --json | json state)" != staging ] || break
	done
	status_is 'status: in place, interrupted' \
		'staging 5.1, [0-9]+ of [0-9]+ blocks still to come; layer app is incomplete'
	layer_is 'in place: the other layer can be read' kernel ks
	refused 'in place: this one cannot' 'app.*(incomplete|in place)' layerctl -d flash.img read app
	refused 'in place: verify says so' 'layer app is incomplete' layerctl -d flash.img verify
	cp flash.img half.img
	matches 'in place: list shows it' "$(layerctl -d flash.img list)" '^app .*incomplete'
	matches 'in place: map shows it' "$(layerctl -d flash.img map)" 'app .*incomplete'
	check 'in place: the same bundle goes on' layerctl -d flash.img apply r5.1.layers
	layer_is 'in place: and ends well' app b2
	cp half.img flash.img
	check 'in place: the old bundle takes its place' \
		layerctl -d flash.img apply --replace r5.0.layers
	status_is 'status: the old one is back' 'idle: release 5.0 is active'
	layer_is 'in place: the old bytes are back' app b
	cp half.img flash.img
	check 'in place: abort' layerctl -d flash.img abort
	status_is 'status: in place, aborted' \
		'idle: release 5.0 is active; 5.1 was aborted; layer app is incomplete.*; apply a release'
	check 'in place: then the same as active' layerctl -d flash.img apply r5.0.layers
	layer_is 'in place: repairs it' app b
	check 'in place: everything is right' layerctl -d flash.img verify
	check_in_place_partial
	geometry=(--size 16M --erasesize 64K --writesize 1)
}

# A bundle with only what differs from the release that was written over.
check_in_place_partial() {
	local tries=0
	{ head -c 1000000 b; head -c 4100000 /dev/urandom; } >b3
	{ head -c 4000000 b; head -c 500000 /dev/urandom; } >b4
	pack small.dts 5.3 --base r5.0.layers --partial app=b3
	pack small.dts 5.4 --base r5.0.layers --partial app=b4
	until [ "$tries" -eq 10 ]; do
		tries=$((tries + 1))
		cp old.img flash.img
		interrupt_at writing: 0 apply --in-place r5.3.layers
		[ "$(layerctl -d flash.img status --json | json state)" != staging ] || break
	done
	refused 'in place: a partial bundle of what is gone' \
		'8 blocks of layer app, of which the device lacks [0-9]+, because it was written over' \
		layerctl -d flash.img apply --replace r5.4.layers
	check 'in place: a partial bundle goes on' layerctl -d flash.img apply r5.3.layers
	layer_is 'in place: and ends well' app b3
}

# ---- a layer that moves as a whole

check_move() {
	local text
	board move.dts 0x80000 kernel:0x80000:0x300000 system:0x380000:0x300000 \
		'app:0x680000:0x100000:mtdlayer,overflow = "move"'
	head -c 900000 a >am
	{ cat am; head -c 500000 /dev/urandom; } >am2
	pack move.dts 6.0 kernel=k system=s app=am
	matches 'move: pack says what will be' "$(layerctl pack --layout move.dts --block-size 64K \
		--level 1 --release 6.1 -o r6.1.layers --base r6.0.layers app=am2 2>&1)" \
		'app takes 22 blocks, its slot has 16: the whole layer'
	mkimage move.dts 6.0
	text=$(layerctl -d flash.img apply --dry-run r6.1.layers)
	matches 'move: the plan says what the device copies' "$text" 'the device copies [0-9]+ blocks'
	check 'move: upgrade' layerctl -d flash.img apply --activate r6.1.layers
	check 'move: confirm' layerctl -d flash.img confirm
	layer_is 'move: its bytes' app am2
	equal 'move: no block is away' "$(layerctl -d flash.img list --json | json layers 2 away)" 0
	matches 'move: map says where' "$(layerctl -d flash.img map)" 'app .*moved as a whole to 0x'
	equal 'move: in one run' "$(layerctl -d flash.img map --json | python3 -c '
import json, sys
print(sum(e.get("layer") == "app" for e in json.load(sys.stdin)["extents"]))')" 1
	matches 'move: nothing to settle' "$(layerctl -d flash.img settle)" '^nothing to do'
	pack move.dts 6.2 --base r6.1.layers app=am
	check 'move: a smaller one' layerctl -d flash.img apply --activate r6.2.layers
	quietly layerctl -d flash.img confirm
	quietly layerctl -d flash.img settle
	raw_is 'move: is at the preset address again' am $((0x680000))
}

# ---- a new layout in a release

check_relayout() {
	local text
	mkimage board.dts 1.0
	# app grows and is first, system comes behind it, kernel is dropped, notes are new
	board new.dts 0x80000 app:0x80000:0x480000 system:0x500000:0x400000 notes:0x900000:0x100000
	pack new.dts 7.0 app=a2 system=s notes=n
	check 'relayout: upgrade' layerctl -d flash.img apply --activate r7.0.layers
	equal 'relayout: the new layers' "$(layerctl -d flash.img list --json | python3 -c '
import json, sys
print(*(l["name"] + "@%x" % l["address"] for l in json.load(sys.stdin)["layers"]))')" \
		'app@80000 system@500000 notes@900000'
	layer_is 'relayout: app' app a2
	layer_is 'relayout: system' system s
	layer_is 'relayout: notes' notes n
	refused 'relayout: kernel is gone' 'no layer kernel' layerctl -d flash.img read kernel
	check 'relayout: back' layerctl -d flash.img rollback
	layer_is 'relayout: kernel is back' kernel k
	layer_is 'relayout: and app' app a
	raw_is 'relayout: at its old address' a "$app_at"
	equal 'relayout: notes are gone' \
		"$(layerctl -d flash.img list --json | json layers | grep -c notes || true)" 0
	check 'relayout: once more' layerctl -d flash.img apply --activate r7.0.layers
	check 'relayout: confirm' layerctl -d flash.img confirm
	matches 'relayout: map shows blocks in foreign slots' "$(layerctl -d flash.img map)" \
		'in the slot of another layer'
	text=$(layerctl -d flash.img settle)
	matches 'relayout: settle sorts them' "$text" '^[0-9]+ blocks moved'
	matches 'relayout: all come home' "$text" 'every block of release 7.0 is at home'
	raw_is 'relayout: app at its new address' a2 $((0x80000))
	raw_is 'relayout: system at its new address' s $((0x500000))
	raw_is 'relayout: notes at their address' n $((0x900000))
	check 'relayout: everything is right' layerctl -d flash.img verify
}

# Two layers of one size change places: each is in the way of the other.
check_swap() {
	board ab.dts 0x80000 x:0x80000:0x400000 y:0x480000:0x400000
	board ba.dts 0x80000 y:0x80000:0x400000 x:0x480000:0x400000
	pack ab.dts 8.0 x=s y=k2
	pack ba.dts 8.1 x=s y=k2
	mkimage ab.dts 8.0
	matches 'swap: nothing is written' "$(layerctl -d flash.img apply --dry-run r8.1.layers)" \
		'^to write: 0 blocks'
	check 'swap: upgrade' layerctl -d flash.img apply --activate r8.1.layers
	check 'swap: back' layerctl -d flash.img rollback
	raw_is 'swap: as before' s $((0x80000))
	check 'swap: once more' layerctl -d flash.img apply --activate r8.1.layers
	quietly layerctl -d flash.img confirm
	check 'swap: settle' layerctl -d flash.img settle
	raw_is 'swap: y is where x was' k2 $((0x80000))
	raw_is 'swap: x is where y was' s $((0x480000))
	check 'swap: everything is right' layerctl -d flash.img verify
}

# ---- a lost table

wipe_table() {
	poke flash.img 0 $((0x80000)) '\377'
}

check_recover() {
	local text
	mkimage board.dts 1.0
	quietly layerctl -d flash.img apply --activate r2.0.layers
	quietly layerctl -d flash.img confirm
	refused 'recover: not while the table can be read' 'can be read.*--force' \
		layerctl -d flash.img recover --layout board.dts r2.0.layers
	wipe_table
	refused 'recover: status without a table' 'no layer table' layerctl -d flash.img status
	refused 'recover: needs the geometry of a file' '--erasesize and --writesize' \
		layerctl -d flash.img recover --layout board.dts r2.0.layers
	cp flash.img wiped.img
	text=$(layerctl -d flash.img recover --layout board.dts "${geometry[@]}" r2.0.layers)
	matches 'recover: all blocks are found' "$text" 'all [0-9]+ blocks were found, and it is active'
	status_is 'status: recovered' 'idle: release 2.0 is active'
	layer_is 'recover: app' app a2
	layer_is 'recover: kernel' kernel k
	check 'recover: everything is right' layerctl -d flash.img verify
	check 'recover: and settles' layerctl -d flash.img settle
	check 'recover: and takes an upgrade' layerctl -d flash.img apply --activate r1.0.layers

	cp wiped.img flash.img
	check 'recover: a manifest is enough' \
		layerctl inspect --manifest r2.0.manifest r2.0.layers
	matches 'recover: with it' "$(layerctl -d flash.img recover --json --table-offset 0 \
		--table-size 512K "${geometry[@]}" r2.0.manifest 2>/dev/null)" '"missing": 0'
	check 'recover: everything is right' layerctl -d flash.img verify
}

check_recover_missing() {
	local text
	cp wiped.img flash.img
	# two blocks of the kernel, one of system
	poke flash.img "$kernel_at" 70000 '\0'
	poke flash.img $((system_at + 5 * 65536)) 10 '\0'
	text=$(layerctl -d flash.img recover --layout board.dts "${geometry[@]}" r2.0.layers)
	matches 'recover: some are missing' "$text" '[0-9]+ of [0-9]+ blocks were found; missing are:'
	matches 'recover: of the kernel' "$text" '^  kernel +2 of 31'
	matches 'recover: of system' "$text" '^  system +1 of 46'
	matches 'recover: and what to do' "$text" 'apply the bundle of release 2.0'
	status_is 'status: recovered in part' \
		'staging 2.0, 3 of [0-9]+ blocks still to come, and no release is active; apply the same'
	check 'recover: apply writes what is missing' layerctl -d flash.img apply r2.0.layers
	status_is 'status: then it is active' 'idle: release 2.0 is active'
	layer_is 'recover: kernel again' kernel k
	check 'recover: everything is right' layerctl -d flash.img verify

	cp wiped.img flash.img
	pack board.dts 9.0 kernel=n system=n app=n
	refused 'recover: a release that is not there' 'no block|none' \
		layerctl -d flash.img recover --layout board.dts "${geometry[@]}" r9.0.layers
}

# The old kernel was moved aside, and the new one dropped: its place is not where it is found.
check_recover_pinned() {
	local text
	mkimage pinned.dts 4.0
	quietly layerctl -d flash.img apply --activate r4.1.layers
	quietly layerctl -d flash.img rollback
	wipe_table
	text=$(layerctl -d flash.img recover --layout pinned.dts "${geometry[@]}" r4.0.layers || true)
	matches 'recover: a pinned layer is found away from home' "$text" 'all [0-9]+ blocks were found'
	quietly layerctl -d flash.img settle
	status_is 'status: and brought home' 'idle: release 4.0 is active; nothing has to be done'
	raw_is 'recover: where a raw loader finds it' k "$kernel_at"
	check 'recover: everything is right' layerctl -d flash.img verify
}

# ---- the reserve

check_reserve() {
	mkimage board.dts 1.0
	equal 'reserve: 20 of 1024 unless said otherwise' \
		"$(layerctl -d flash.img status --json | json reserve)" 5
	matches 'reserve: status shows it' "$(layerctl -d flash.img status)" \
		'^reserve +5 of 5 blocks are left'
	matches 'reserve: map shows it' "$(layerctl -d flash.img map)" 'reserve: 5 of 5 blocks are left'
	mkimage board.dts 1.0 --reserve 0
	equal 'reserve: none' "$(layerctl -d flash.img status --json | json reserve)" 0
	head -c 5200000 /dev/urandom >big
	pack board.dts 3.0 --base r1.0.layers system=big
	check 'reserve: without one it fits' layerctl -d flash.img apply --dry-run r3.0.layers
	mkimage board.dts 1.0 --reserve 500
	refused 'reserve: with a large one it does not' 'reserve' \
		layerctl -d flash.img apply r3.0.layers
	rm -f new.img
	check 'reserve: format takes it' layerctl -d new.img format --layout board.dts \
		"${geometry[@]}" --reserve 40
	equal 'reserve: rounded up' "$(layerctl -d new.img status --json | json reserve)" 10
}

# ---- what status says where nothing above has been

check_status() {
	rm -f flash.img
	quietly layerctl -d flash.img format --layout board.dts "${geometry[@]}"
	status_is 'status: empty' 'idle and empty: no release is installed; apply a release'
	mkimage board.dts 1.0
	quietly layerctl -d flash.img apply --activate r2.0.layers
	quietly layerctl -d flash.img boot
	quietly layerctl -d flash.img boot
	status_is 'status: the last attempt' 'trial of 2.0, attempt 3 of 3'
	quietly layerctl -d flash.img boot
	status_is 'status: given up' \
		'idle: release 1.0 is active; 2.0 was given up: not confirmed in 3 attempts; apply'
	chmod a-w flash.img
	equal 'status: the same in JSON' "$(layerctl -d flash.img status --json | json summary)" \
		"$(layerctl -d flash.img status | sed -n '1s/^state *//p')"
	chmod u+w flash.img
}

tap_begin
make_inputs
check_settle
check_settle_interrupted
check_lazy
make_pinned
check_pinned
check_installing
make_in_place
check_in_place
check_move
check_relayout
check_swap
check_recover
check_recover_missing
check_recover_pinned
check_reserve
check_status
tap_end

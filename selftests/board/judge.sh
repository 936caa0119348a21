# SPDX-License-Identifier: GPL-2.0-or-later
# Judges the flash as a cut left it, before anything starts from it again; sourced by run.
# shellcheck shell=bash

# How often a release may be tried: see releases.
ATTEMPTS=2

# What of the flash is looked at by layerctl is a copy.
layerctl() {
	"$TOP/build/layerctl" "$@"
}

# state_of IMAGE: in the words of state.awk
state_of() {
	layerctl -d "$1" status --json 2>"$WORK/why" | awk -f "$BOARD_DIR/state.awk"
}

# fail TEXT: why the flash is lost
fail() {
	WHY=$1
	if [ -s "$WORK/why" ]; then WHY+=" ($(tail -n 1 "$WORK/why"))"; fi
	return 1
}

# whole IMAGE RELEASE: is every layer, read whole, what was packed?
whole() {
	local layer bytes digest found layers=0
	while read -r layer bytes digest; do
		found=$(layerctl -d "$1" read "$layer" 2>"$WORK/why" | sha256sum | cut -d ' ' -f 1)
		[ "$found" = "$digest" ] ||
			fail "layer $layer of release $2 is not what was packed, $bytes bytes of digest $digest" || return
		layers=$((layers + 1))
	done < <(sed -n "s/^$2 //p" releases/disk.d/digests)
	[ $layers -gt 0 ] || fail "release '$2' is none of those that were packed"
}

# verified IMAGE STATE...: by layerctl: the table, and each release that is complete
verified() {
	local image=$1 roles=exposed role
	case $2 in
	trial | installing) roles='exposed active candidate' ;;
	esac
	for role in $roles; do
		layerctl -d "$image" verify --release "$role" >/dev/null 2>"$WORK/why" ||
			fail "layerctl verify does not find the $role release whole in state '$NOW'" || return
	done
}

# outcome STATE ACTIVE CANDIDATE USED ACT RELEASE: what an act leads to, in the words of permitted
outcome() {
	case $5:$1 in
	boot:trial)
		if [ "$4" -lt $ATTEMPTS ]; then
			echo "trial $2 $3 $(($4 + 1))"
		else
			echo "idle $2 - 0"
		fi
		;;
	apply:* | replace:*)
		echo "staging $2 $6 0"
		echo "installing $2 $6 0"
		echo "trial $2 $6 0"
		;;
	confirm:*) echo "idle $3 - 0" ;;
	rollback:* | abort:*) echo "idle $2 - 0" ;;
	esac
}

# permitted TOLD ACT RELEASE: the states that a cut in an act may leave, as "STATE ACTIVE CANDIDATE
# ATTEMPTS_USED", one a line. The first is that nothing has happened yet. Installing becomes a trial by
# itself, at any time.
permitted() {
	local state active candidate used
	read -r state active candidate _ used <<<"$1"
	echo "$state $active $candidate $used"
	outcome "$state" "$active" "$candidate" "$used" "$2" "$3"
	if [ "$state" = installing ]; then
		echo "trial $active $candidate 0"
		outcome trial "$active" "$candidate" 0 "$2" "$3"
	fi
}

# settleable IMAGE: how many blocks are still to come home
settleable() {
	layerctl -d "$1" settle --dry-run --json | sed -n 's/^  "settleable": \([0-9]*\).*/\1/p'
}

# judge FLASH TOLD ACT RELEASE: copies the flash to cut.img, and sets NOW, its state, and EXPECTED, what
# a boot has to find; fails, with a WHY, if something is lost. A copy is booted and settled here, too.
judge() {
	local exposed state active candidate used
	# the layers have the beginning of the bank
	head -c "$(stat -c %s releases/factory.img)" "$1" >cut.img
	shift
	NOW=$(state_of cut.img) || fail "layerctl does not find a layer table" || return
	read -r state active candidate exposed used <<<"$NOW"
	permitted "$@" | grep -qx "$state $active $candidate $used" ||
		fail "the state is '$NOW' after ${2:-nothing} in '$1', which permits only:
$(permitted "$@")" || return
	verified cut.img "$state" || return
	whole cut.img "$exposed" || return
	cp cut.img boot.img
	layerctl -d boot.img boot >/dev/null 2>"$WORK/why" ||
		fail "layerctl boot fails in state '$NOW'" || return
	EXPECTED=$(state_of boot.img) || fail "layerctl finds no layer table after boot" || return
	read -r _ _ _ exposed _ <<<"$EXPECTED"
	whole boot.img "$exposed" || return
	layerctl -d boot.img settle >/dev/null 2>"$WORK/why" ||
		fail "layerctl settle fails in state '$EXPECTED'" || return
	read -r state _ _ exposed _ <<<"$(state_of boot.img)"
	verified boot.img "$state" || return
	whole boot.img "$exposed"
}

# spoil IMAGE: overwrites some bytes in a block of the active release
spoil() {
	local offset
	offset=$(layerctl -d "$1" map --json | awk '
		/"class"/ { active = /"active/ || /"both/ }
		/"offset"/ && active { gsub(/[^0-9]/, ""); print; exit }')
	[ -n "$offset" ] || die "layerctl map names no block of the active release in $1"
	printf spoilt | dd of="$1" bs=1 seek="$((offset + 4096))" conv=notrunc status=none
}

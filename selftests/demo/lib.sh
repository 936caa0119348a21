# SPDX-License-Identifier: GPL-2.0-or-later
# How the demo speaks, what it checks, and how it builds; sourced by run.
# shellcheck shell=bash

CHECK=false COLOR=false
PASSED=0 FAILURES=()

# style NAME: on a terminal
style() {
	$COLOR || return 0
	case $1 in
	bold) printf '\033[1m' ;;
	dim) printf '\033[2m' ;;
	good) printf '\033[32m' ;;
	bad) printf '\033[1;31m' ;;
	off) printf '\033[0m' ;;
	esac
}

# line STYLE TEXT
line() {
	printf '%s%s%s\n' "$(style "$1")" "$2" "$(style off)"
}

# part TEXT: a part of the demo begins
part() {
	STEP=$((${STEP:-0} + 1))
	if $CHECK; then
		echo "# $STEP. $1"
	else
		echo
		line bold "$(printf '%-84s[%d:%02d]' "$STEP. $1" $((SECONDS / 60)) $((SECONDS % 60)))"
	fi
}

# note TEXT: a sentence to the watcher
note() {
	if $CHECK; then echo "#    $1"; else echo "   $1"; fi
}

# shown COMMAND...: the command as it would be typed, and what it says. A bar of progress needs the
# terminal itself, which standard error therefore stays.
shown() {
	if $CHECK; then
		"$@" >>"$LOGS/host.log" 2>&1 && return
	else
		line dim "     \$ $*"
		if [ -t 2 ]; then
			"$@" | sed 's/^/     /' && return
		else
			"$@" 2>&1 | sed 's/^/     /' && return
		fi
	fi
	die "this failed: $*$($CHECK && echo "; its output is in $LOGS/host.log")"
}

# result GOOD TEXT WHY
result() {
	local number=$((PASSED + ${#FAILURES[@]} + 1))
	if $1; then PASSED=$((PASSED + 1)); else FAILURES+=("$2 ($3)"); fi
	if $CHECK; then
		if $1; then echo "ok $number $2"; else
			echo "not ok $number $2"
			echo "# ${3//$'\n'/$'\n'# }"
		fi
	elif $1; then
		printf '   %sok%s    %s\n' "$(style good)" "$(style off)" "$2"
	else
		printf '   %sFAIL%s  %s\n' "$(style bad)" "$(style off)" "$2 ($3)"
	fi
}

# equal TEXT GOT WANTED
equal() {
	if [ "$2" = "$3" ]; then result true "$1" ""; else result false "$1" "it is '$2', and should be '$3'"; fi
}

# at_least TEXT GOT WANTED
at_least() {
	if [ "$2" -ge "$3" ]; then result true "$1" ""; else result false "$1" "it is $2, and should be at least $3"; fi
}

# succeeds TEXT COMMAND...
succeeds() {
	local text=$1 output
	shift
	if output=$("$@" 2>&1); then result true "$text" ""; else result false "$text" "$* says: $output"; fi
}

# ---- what the board says, as it comes

# progress PERCENT REST: layerctl's plain lines of progress, as a bar that stays in place
progress() {
	local bar='########################################' full=$(($2 * 40 / 100))
	printf '\r     %s  [%s%s] %3d %%  %s\033[K' "$1" "${bar:0:full}" \
		"$(printf '%*s' $((40 - full)) '' | tr ' ' -)" "$2" "$3"
}

# hidden HOW COMMAND: is the output of a board's command left out? All is shown at the first starts,
# then what has been seen is not shown again ("short"), and at last only the state ("state").
hidden() {
	case $1:$2 in
	all:*) return 1 ;;
	*:'cat /proc/mtd' | *:mount*) return 0 ;;
	short:*) return 1 ;;
	state:*'layerctl status' | state:*/app/run | state:*/app/health) return 1 ;;
	esac
}

# wanted HOW COMMAND LINE: is this line of the output shown?
wanted() {
	if [ "$1" = all ] || [ "$2" != 'layerctl status' ]; then return 0; fi
	if [ "$1" = short ]; then [[ $3 =~ ^(state|active|candidate|outcome) ]]; else [[ $3 =~ ^state ]]; fi
}

# show HOW: of the lines of a guest, what is for people, as they come
show() {
	local text command='' bar='^([a-z]+): ([0-9]+) %, (.*)$' drawn=false
	while IFS= read -r text; do
		text=${text#"$BOARD_PREFIX"}
		if $drawn; then printf '\r\033[K'; fi
		drawn=false
		case $text in
		'# step '*) if [ "$1" != state ]; then line bold "   ${text#\# step }"; fi ;;
		'# run '*)
			command=${text#\# run }
			hidden "$1" "$command" || line dim "     # $command"
			;;
		'not ok '*) line bad "     $text" ;;
		'# '* | 'ok '* | 1..* | 'TAP version '*) ;;
		*)
			if $COLOR && [[ $text =~ $bar ]]; then
				progress "${BASH_REMATCH[@]:1}"
				drawn=true
			elif ! hidden "$1" "$command" && wanted "$1" "$command" "$text"; then
				echo "     $text"
			fi
			;;
		esac
	done
}

# ---- building

# stale STAMP FILE...: has the content of a file changed since the last time? fresh says that it is used now.
stale() {
	local stamp=$1
	shift
	SUM=$(sha256sum "$@" | sha256sum)
	! { [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$SUM" ]; }
}

# fresh STAMP: after stale, and after what it asked for is done
fresh() {
	echo "$SUM" >"$1"
}

# quietly LOG COMMAND...: its output is shown only if it fails
quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return
	cat "$log" >&2
	die "this failed: $*"
}

# build TARGET [VARIABLE=VALUE]...: by the Makefile, whoever calls us
build() {
	quietly "$LOGS/build.log" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -j 2 -C "$TOP" "$@"
}

build_layerctl() {
	local sysroot triplet
	sysroot=$("$QEMU_DIR/sysroot" arm64)
	triplet=$(triplet arm64)
	build build/layerctl
	build build/arm64/layerctl BUILD=build/arm64 CC="$triplet-gcc --sysroot=$sysroot" \
		PKG_CONFIG="env PKG_CONFIG_SYSROOT_DIR=$sysroot PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$triplet/pkgconfig pkg-config"
}

# build_module: in a copy of the source, for other kernels' objects may lie in it
build_module() {
	mkdir -p module
	rsync -a --delete --exclude '*.o' --exclude '*.ko' --exclude '*.mod*' --exclude '.*.cmd' \
		--exclude modules.order --exclude Module.symvers \
		--include /Kbuild --include '/kmod/***' --exclude '*' "$TOP/" module/
	quietly "$LOGS/module.log" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j 2 -C "$KERNEL/build" \
		M="$OUT/module" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- modules
}

build_board() {
	"$QEMU_DIR/dtb" "$LAYOUT" board.dtb
	if stale board.stamp "$TOP/build/arm64/layerctl" module/kmod/mtdlayer.ko "$DEMO_DIR/board" \
		"$QEMU_DIR/initramfs" "$QEMU_DIR"/guestfs/init "$QEMU_DIR"/guestfs/bin/* ||
		[ ! -e board.initramfs ]; then
		"$QEMU_DIR/initramfs" --flavour arm64-virt --test "$DEMO_DIR/board" \
			--program "$TOP/build/arm64/layerctl" --ko module/kmod/mtdlayer.ko --out board.initramfs
		fresh board.stamp
	fi
}

# ---- the flash

# slots: "NAME START SIZE" of the table and of each layer's slot, in bytes, from the layout
slots() {
	local parent=/flash@4000000/partitions/partition@0 node name
	dtc -q -I dts -O dtb -o layout.dtb "$LAYOUT"
	for node in $(fdtget -l layout.dtb $parent); do
		name=$(fdtget -d table layout.dtb "$parent/$node" label)
		echo "$name $(fdtget -t u layout.dtb "$parent/$node" reg)"
	done
}

# by_place OPS...: "NAME ERASES BYTES" per place on the flash, as the chip counted
by_place() {
	slots | awk '
		FILENAME == "-" {
			name[++n] = $1
			start[n] = $2
			size[n] = $3
			next
		}
		{
			for (i = 1; i <= n && ($1 < start[i] || $1 >= start[i] + size[i]); i++)
				;
			erases[i] += $2
			bytes[i] += $3
		}
		END {
			name[n + 1] = "pool"
			for (i = 1; i <= n + 1; i++)
				print name[i], erases[i] + 0, bytes[i] + 0
		}' - "$@"
}

# at_place NAME OPS...: the same for one place, in words
at_place() {
	local name=$1
	shift
	by_place "$@" | awk -v name="$name" '$1 == name { print $2 " erases, " $3 " bytes programmed" }'
}

# slot NAME: in START and SIZE
slot() {
	local name
	read -r name START SIZE < <(slots | grep "^$1 ") || die "the layout has no slot for $1"
}

# same_slot LAYER FILE FILE: a layer's slot, byte for byte, in two flash images
same_slot() {
	slot "$1"
	cmp -i "$START" -n "$SIZE" "$2" "$3"
}

# at_preset_address LAYER FILE IMAGE: do the bytes of the file lie there as they are?
at_preset_address() {
	slot "$1"
	cmp -i "0:$START" -n "$(stat -L -c %s "$2")" "$2" "$3"
}

# mib BYTES
mib() {
	awk -v n="$1" 'BEGIN { if (!n) print "nothing"; else if (n < 1048576) printf "%.1f KiB", n / 1024; else printf "%.1f MiB", n / 1048576 }'
}

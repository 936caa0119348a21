# SPDX-License-Identifier: GPL-2.0-or-later
# What the benchmarks share: building the module and programs for a guest; sourced, never run.
# shellcheck shell=bash disable=SC2034

WORK=build/bench
QEMU=selftests/qemu

# cross FLAVOUR: what make is told about the processor
cross() {
	case $1 in
	arm64-*) echo ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- ;;
	esac
}

# logged FILE COMMAND...: quiet, unless it fails
logged() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || {
		cat "$log" >&2
		exit 1
	}
}

# build_module FLAVOUR DIR [FLAG...]: mtdlayer.ko in DIR/module/kmod, from a copy of the tree
build_module() {
	local flavour=$1 dir=$2 kernel
	shift 2
	kernel=$("$QEMU/kernel" "$flavour")
	mkdir -p "$dir/module"
	git ls-files -co --exclude-standard Kbuild kmod | tar -cf - -T - | tar -xf - -C "$dir/module"
	# shellcheck disable=SC2046
	logged "$dir/module.log" make -s -C "$kernel/build" M="$PWD/$dir/module" KCFLAGS="$*" \
		$(cross "$flavour") modules
}

# build_program CC DIR NAME...: from selftests/bench/NAME.c, static
build_program() {
	local cc=$1 dir=$2 name
	shift 2
	for name in "$@"; do
		"$cc" -O2 -Wall -Wextra -Werror -Ikmod/uapi -static -o "$dir/$name" \
			"selftests/bench/$name.c"
	done
}

# build_with_core DIR NAME: from selftests/bench/NAME.c, the core and the tests' library
build_with_core() {
	gcc -O2 -std=gnu11 -Wall -Wextra -Werror -Ikmod/core -Iselftests/lib -o "$1/$2" \
		"selftests/bench/$2.c" kmod/core/*.c selftests/lib/*.c
}

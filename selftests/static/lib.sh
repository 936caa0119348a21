# SPDX-License-Identifier: GPL-2.0-or-later
# The static checks, one function each: 0 passed; what it prints is shown when it fails.
# shellcheck shell=bash

WORK=build/static
CACHE=${MTDLAYER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mtdlayer}
NUMBER=0 BAD=0

plan() {
	echo "TAP version 13"
	echo "1..$1"
}

run_test() {
	local log=$WORK/$1.log
	NUMBER=$((NUMBER + 1))
	mkdir -p "$WORK"
	if "$1" >"$log" 2>&1; then
		echo "ok $NUMBER ${1//_/ }"
	else
		BAD=$((BAD + 1))
		tail -n 40 "$log" | sed 's/^/# /'
		echo "not ok $NUMBER ${1//_/ }"
	fi
}

finish() {
	[ $BAD = 0 ]
}

# copy_module DIR: the module's source, so that builds do not disturb each other.
copy_module() {
	rm -rf "$1"
	mkdir -p "$1"
	git ls-files -co --exclude-standard Kbuild kmod | tar -cf - -T - | tar -xf - -C "$1"
}

# Any word of the compiler or of sparse about our files is one too many.
quiet_build() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || { cat "$log"; return 1; }
	! grep -E "(warning|error):" "$log"
}

warnings_and_sparse() {
	local dir kdir
	dir=$(realpath -m $WORK/sparse)
	kdir=$(selftests/qemu/kernel debian-amd64)/build || return 1
	copy_module "$dir"
	quiet_build "$dir.out" make -C "$kdir" M="$dir" W=1 C=2 CF=-D__CHECK_ENDIAN__ modules
}

# prepare_tree NAME ARCH CROSS CONFIG-LINE...: a configured kernel tree, not built.
prepare_tree() {
	local name=$1 arch=$2 cross=$3 source out
	shift 3
	source=$(selftests/qemu/kernel --source) || return 1
	out=$CACHE/kernel/prepared-$name-$(basename "$source")
	if [ ! -e "$out/.complete" ]; then
		mkdir -p "$out"
		{
			make -s -C "$source" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" allnoconfig &&
				printf '%s\n' "$@" >"$out/wanted.config" &&
				(cd "$out" && "$source/scripts/kconfig/merge_config.sh" -m .config wanted.config) &&
				make -s -C "$source" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" olddefconfig &&
				make -s -C "$source" O="$out" ARCH="$arch" CROSS_COMPILE="$cross" -j2 modules_prepare
		} >&2 || return 1
		touch "$out/.complete"
	fi
	echo "$out"
}

# On 32 bits, a division of 64-bit values becomes a call that the kernel does not have.
no_64_bit_division() {
	local dir tree calls
	dir=$(realpath -m $WORK/i386)
	tree=$(prepare_tree i386 i386 "" CONFIG_MODULES=y CONFIG_NET=y CONFIG_MTD=y CONFIG_BLOCK=y \
		CONFIG_CRYPTO=y CONFIG_CRYPTO_SHA256=y CONFIG_PRINTK=y) || return 1
	copy_module "$dir"
	# without the kernel itself built, modpost knows no symbols: undefined ones only warn
	make -C "$tree" ARCH=i386 M="$dir" KBUILD_MODPOST_WARN=1 modules || return 1
	calls=$(nm -u "$dir/kmod/mtdlayer.o" | grep -E '__u?(div|mod)(mod)?di[34]')
	echo "$calls"
	[ -z "$calls" ]
}

# The same files as drivers/mtd/mtdlayer of a kernel tree, built in.
built_in_tree() {
	local source shadow out
	source=$(selftests/qemu/kernel --source) || return 1
	shadow=$(realpath -m $WORK/linux)
	out=$(realpath -m $WORK/linux-build)
	rm -rf "$shadow" "$out"
	mkdir -p "$shadow" "$out"
	# links, but for the two directories with files that change
	for entry in "$source"/* ; do ln -s "$entry" "$shadow/"; done
	rm "$shadow/drivers"
	mkdir -p "$shadow/drivers"
	for entry in "$source"/drivers/*; do ln -s "$entry" "$shadow/drivers/"; done
	rm "$shadow/drivers/mtd"
	cp -r "$source/drivers/mtd" "$shadow/drivers/mtd"
	cp -r kmod "$shadow/drivers/mtd/mtdlayer"
	find "$shadow/drivers/mtd/mtdlayer" \( -name '*.o' -o -name '.*.cmd' \) -delete
	echo 'source "drivers/mtd/mtdlayer/Kconfig"' >>"$shadow/drivers/mtd/Kconfig"
	echo 'obj-y += mtdlayer/' >>"$shadow/drivers/mtd/Makefile"
	local in_tree=(make -C "$shadow" O="$out" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -j2)
	"${in_tree[@]}" -s allnoconfig || return 1
	printf '%s\n' CONFIG_NET=y CONFIG_BLOCK=y CONFIG_MTD=y CONFIG_MTD_LAYER=y \
		CONFIG_MODULES=y CONFIG_OF=y >"$out/wanted.config"
	(cd "$out" && "$shadow/scripts/kconfig/merge_config.sh" -m .config wanted.config) || return 1
	"${in_tree[@]}" -s olddefconfig || return 1
	grep -q '^CONFIG_MTD_LAYER=y$' "$out/.config" || { echo "MTD_LAYER=y did not stick"; return 1; }
	"${in_tree[@]}" prepare || return 1
	quiet_build "$out.log" "${in_tree[@]}" W=1 drivers/mtd/mtdlayer/ || return 1
	test -s "$out/drivers/mtd/mtdlayer/built-in.a"
}

# What is left out, and why:
#   BIT_MACRO		headers shared with userspace and boot loaders have no BIT()
#   PREFER_KERNEL_TYPES, PREFER_DEFINED_ATTRIBUTE_MACRO
#			the core's environments outside the kernel define these
#   CAMELCASE		_Static_assert, which sparse wants instead of static_assert
#   LINUX_VERSION_CODE, CONSTANT_COMPARISON
#			compat.h is there for that
#   FILE_PATH_CHANGES	there is no MAINTAINERS file here
KERNEL_STYLE_IGNORED=BIT_MACRO,PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,CAMELCASE
KERNEL_STYLE_IGNORED+=,LINUX_VERSION_CODE,CONSTANT_COMPARISON,FILE_PATH_CHANGES

kernel_style() {
	local source files
	source=$(selftests/qemu/kernel --source) || return 1
	mapfile -t files < <(git ls-files -co --exclude-standard 'kmod/*.c' 'kmod/*.h')
	[ ${#files[@]} -gt 30 ] || { echo "only ${#files[@]} files found"; return 1; }
	perl "$source/scripts/checkpatch.pl" --no-tree --strict --terse --quiet --no-summary \
		--ignore "$KERNEL_STYLE_IGNORED" -f "${files[@]}"
	local status=$?
	rm -f .checkpatch-camelcase.git.*
	return $status
}

shell_scripts() {
	local files
	mapfile -t files < <(git ls-files -co --exclude-standard selftests tools .ci |
		xargs grep -lE '^#!/bin/(ba)?sh' 2>/dev/null)
	[ ${#files[@]} -gt 10 ] || { echo "only ${#files[@]} scripts found"; return 1; }
	shellcheck -x -e SC1091 "${files[@]}"
}

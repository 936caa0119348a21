# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of this directory share; sourced, never run.
# shellcheck shell=bash disable=SC2034

QEMU_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${MTDLAYER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mtdlayer}
PROGRAM=${0##*/}

# depmod is in /sbin, which is not on everybody's path.
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C

say() {
	printf '%s: %s\n' "$PROGRAM" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# usage TEXT: a command line that makes no sense ends with status 2.
usage() {
	printf 'usage: %s %s\n' "$PROGRAM" "$*" >&2
	exit 2
}

# need COMMAND PACKAGE: says which Debian package is missing rather than "not found".
need() {
	command -v "$1" >/dev/null ||
		die "needs the command $1; install the Debian package $2"
}

# lock NAME: one at a time across processes, until this script ends. Says so when it has to wait.
lock() {
	local fd
	mkdir -p "$CACHE/locks"
	exec {fd}>"$CACHE/locks/${1//\//-}"
	if ! flock -n "$fd"; then
		say "waiting for another run that prepares $1"
		flock "$fd"
	fi
}

# Debian's names of an architecture: the compiler's triplet.
triplet() {
	case $1 in
	amd64) echo x86_64-linux-gnu ;;
	arm64) echo aarch64-linux-gnu ;;
	armhf) echo arm-linux-gnueabihf ;;
	*) die "architecture $1 is not known here (amd64, arm64, armhf)" ;;
	esac
}

host_arch() {
	dpkg --print-architecture
}

# Debian's architecture of a kernel flavour.
flavour_arch() {
	case $1 in
	debian-amd64 | x86_64-*) echo amd64 ;;
	arm64-*) echo arm64 ;;
	*) die "kernel flavour $1 is not known (debian-amd64, arm64-virt, x86_64-debug, x86_64-debug-nomaster)" ;;
	esac
}

# The suite that the host runs: what its compiler and libraries come from.
host_suite() {
	# shellcheck disable=SC1091
	(. /etc/os-release && echo "${VERSION_CODENAME:?/etc/os-release names no VERSION_CODENAME}")
}

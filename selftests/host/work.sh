# SPDX-License-Identifier: GPL-2.0-or-later
# A directory to work in, the program under test, and what the transcripts share; sourced.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/host/tap.sh
. "$here/tap.sh"

program=$(realpath "${LAYERCTL:-$top/build/layerctl}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

layerctl() {
	"$program" "$@"
}

quietly() {
	"$@" >/dev/null 2>&1
}

# json FIELD...: the value at that path of the JSON on standard input
json() {
	python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key) if isinstance(value, list) else key]
print(json.dumps(value) if isinstance(value, (dict, list, bool, type(None))) else value)
' "$@"
}

sum() {
	sha256sum <"$1"
}

# cut_bytes FILE OFFSET LENGTH
cut_bytes() {
	dd if="$1" bs=64K skip="$2" count="$3" iflag=skip_bytes,count_bytes status=none
}

# poke FILE OFFSET LENGTH BYTE: an octal escape
poke() {
	head -c "$3" /dev/zero | tr '\0' "$4" |
		dd of="$1" bs=64K seek="$2" oflag=seek_bytes conv=notrunc status=none
}

# status_is NAME PATTERN: the first line of the status of flash.img
status_is() {
	matches "$1" "$(layerctl -d flash.img status | head -n 1)" "^state +$2"
}

# layer_is NAME LAYER FILE: what layer LAYER of flash.img reads as
layer_is() {
	layerctl -d flash.img read "$2" >read.out 2>/dev/null || true
	equal "$1" "$(sum read.out)" "$(sum "$3")"
}

# raw_is NAME FILE OFFSET: what lies on flash.img at an address, as long as FILE
raw_is() {
	equal "$1" "$(cut_bytes flash.img "$3" "$(stat -c %s "$2")" | sha256sum)" "$(sum "$2")"
}

# board FILE TABLE_SIZE LAYER...: a layout; LAYER is NAME:ADDRESS:CAPACITY[:PROPERTY[;PROPERTY]]
board() {
	local file=$1 table=$2 layer name address capacity properties
	shift 2
	{
		echo '/dts-v1/;'
		echo '/ { #address-cells = <1>; #size-cells = <1>; compatible = "example,board";'
		echo 'flash { compatible = "mtdlayer,layers"; #address-cells = <1>; #size-cells = <1>;'
		echo "table@0 { reg = <0 $table>; };"
		for layer in "$@"; do
			IFS=: read -r name address capacity properties <<<"$layer"
			echo "layer@${address#0x} { label = \"$name\"; reg = <$address $capacity>;" \
				"${properties:+$properties;} };"
		done
		echo '}; };'
	} >"$file"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Gives layerctl bad input of every kind, on image files: each must be refused with a sentence
# that names what is wrong, and the flash must stay as it was, byte for byte. The program is
# $LAYERCTL, or build/layerctl.
set -euo pipefail

# shellcheck source=selftests/host/work.sh
. "$(dirname "${BASH_SOURCE[0]}")/work.sh"

# remember: flash.img as it is now; unchanged: whether it still is
remember() {
	cmp -s flash.img before.img || cp flash.img before.img
}

unchanged() {
	cmp -s flash.img before.img
}

# refused NAME PATTERN STATUS COMMAND...: it fails so, says why in a line, changes nothing
refused() {
	local name=$1 pattern=$2 wanted=$3 status=0 text
	shift 3
	remember
	"$@" >out 2>err || status=$?
	text=$(grep '^layerctl: ' err | grep -v '^layerctl: note:' || true)
	if [ "$status" -ne "$wanted" ]; then
		fail "$name" <<<"$* ended with $status, not $wanted: $(cat out err)"
	elif [ "$(grep -c . <<<"$text")" -ne 1 ]; then
		fail "$name" <<<"$* does not say why in one line: $(cat err)"
	elif ! grep -Eq -- "$pattern" <<<"$text"; then
		fail "$name" <<<"$text"$'\n'"does not match: $pattern"
	elif ! unchanged; then
		fail "$name" <<<"$* has changed the flash"
	else
		echo "# $text"
		pass "$name"
	fi
}

# refused_bundle NAME PATTERN KEY=VALUE...: a copy of r2.layers with these fields
refused_bundle() {
	local name=$1 pattern=$2
	shift 2
	./craft r2.layers bad.layers "$@"
	refused "$name" "$pattern" 1 layerctl -d flash.img apply bad.layers
}

pack() {
	layerctl pack --layout board.dts --block-size 64K --level 1 "$@"
}

geometry=(--size 16M --erasesize 64K --writesize 1)

make_inputs() {
	local cc=${CC:-cc}
	local flags=(-std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror)
	"$cc" "${flags[@]}" -o craft "$here/craft.c" "$top/kmod/core/sha256.c"
	"$cc" "${flags[@]}" -o flip "$here/flip.c" "$top"/kmod/core/*.c
	cp "$top/dts/example-16m.dts" board.dts
	seq 1 200000 >k
	head -c 3000000 /dev/urandom >s
	head -c 500000 /dev/urandom >a
	head -c 600000 /dev/urandom >a2
	pack --release 1.0 --security-counter 5 -o r1.layers kernel=k system=s app=a
	pack --release 2.0 --base r1.layers -o r2.layers app=a2
	pack --release 2.0p --base r1.layers --partial -o p2.layers app=a2
	pack --release 9.0 -o r9.layers kernel=a2 system=a2 app=a2
	layerctl mkimage --layout board.dts "${geometry[@]}" -o flash.img r1.layers
	cp flash.img good.img
}

# Every byte of the table, in memory: thousands of attaches.
flip_tables() {
	local state
	cp flash.img trial.img
	quietly layerctl -d trial.img apply --activate r2.layers
	quietly layerctl -d empty.img format --layout board.dts "${geometry[@]}"
	for state in flash trial empty; do
		echo "# $state.img"
		./flip $((TAP_TESTS + 1)) "$state.img" >lines
		cat lines
		TAP_FAILURES=$((TAP_FAILURES + $(grep -c '^not ok' lines || true)))
		TAP_TESTS=$((TAP_TESTS + $(grep -c 'ok [0-9]' lines || true)))
	done
}

damage_tables() {
	local at status
	# the first unit that holds a table
	at=$(grep -obUa MDLT good.img | head -n 1 | cut -d: -f1)
	cp good.img flash.img
	poke flash.img $((at + 40)) 1 '\252'
	before=$(sum flash.img)
	status=$(layerctl -d flash.img status)
	matches 'a damaged copy is reported' "$status" 'units damaged'
	matches 'and the other one used' "$status" 'release 1.0 is active'
	equal 'and looking repairs nothing' "$(sum flash.img)" "$before"
	check 'the next change does' layerctl -d flash.img confirm
	matches 'and then it is whole' "$(layerctl -d flash.img status --json)" '"damaged_units": 0'

	cp good.img flash.img
	poke flash.img 0 524288 '\377'
	refused 'all copies erased: status' 'no layer table.*format it' 1 layerctl -d flash.img status
	refused 'all copies erased: apply' 'no layer table.*format it' 1 \
		layerctl -d flash.img apply r2.layers
	poke flash.img 0 524288 '\0'
	refused 'all copies zero' 'no layer table.*format it' 1 layerctl -d flash.img apply r2.layers
}

# odd_images: truncated and random ones, one test for many
odd_images() {
	local length i bad=''
	for length in 0 1 319 320 4096 65536 524288 8388608 16777215; do
		head -c "$length" good.img >flash.img
		refused "image cut to $length bytes" 'is empty|no layer table|cut short' 1 \
			layerctl -d flash.img apply r2.layers
	done
	for i in $(seq 1 20); do
		head -c 1048576 /dev/urandom >flash.img
		# half of them look like a table at first
		[ $((i % 2)) -eq 0 ] || printf 'MDLT' | dd of=flash.img conv=notrunc status=none
		before=$(sum flash.img)
		if layerctl -d flash.img apply r2.layers >out 2>err || [ $? -ne 1 ] ||
			! grep -q 'no layer table' err || [ "$(sum flash.img)" != "$before" ]; then
			bad+="$i: $(cat out err)"$'\n'
		fi
	done
	equal '20 random images' "$bad" ''
	cp good.img flash.img
}

bad_manifests() {
	refused_bundle 'overlapping layers' 'slots of layers kernel .* and system .* overlap' \
		layer.1.address=0x100000
	refused_bundle 'a layer out of range' 'app|beyond|flash' layer.2.address=0xff0000
	refused_bundle 'a layer on the table' 'table' layer.0.address=0
	refused_bundle 'a slot that is not aligned' 'whole blocks' layer.0.address=0x80001
	refused_bundle 'a slot at the end of 64 bits' 'beyond any flash' \
		layer.0.address=0xffffffffffff0000
	refused_bundle 'a slot of 64 bits' 'beyond any flash' layer.0.capacity=0xffffffffffff0000
	refused_bundle 'a slot of nothing' 'whole blocks' layer.0.capacity=0
	refused_bundle 'a size of 64 bits' 'blocks' layer.0.size=0xffffffffffffffff
	refused_bundle 'a size that wraps to its blocks' 'blocks' layer.0.size=0x1000000000001
	refused_bundle 'a size of nothing' 'empty' layer.0.size=0
	refused_bundle 'a block count of 32 bits' 'blocks' layer.0.block_count=0xffffffff
	refused_bundle 'two layers of one name' 'two layers called kernel' layer.1.name=kernel
	refused_bundle 'a layer without a name' 'no proper name' layer.1.name=
	refused_bundle 'a name with a slash' 'other characters' layer.1.name=a/b
	refused_bundle 'an unknown policy' 'policy bits' layer.0.policy=0x80
	refused_bundle 'policies that contradict each other' 'pinned' layer.0.policy=3
	refused_bundle 'fewer layers than announced' 'announces 4 layers' manifest.layer_count=4
	refused_bundle 'more layers than announced' 'more layer records' manifest.layer_count=2
	refused_bundle 'no layers' '0 layers' manifest.layer_count=0
	refused_bundle 'too many layers' '65 layers' manifest.layer_count=65
	refused_bundle 'no attempts' '0 boot attempts' manifest.attempts=0
	refused_bundle 'too many attempts' '16 boot attempts' manifest.attempts=16
	refused_bundle 'no version' 'release version' manifest.release=
	refused_bundle 'no board' 'which board' manifest.compatible=
	refused_bundle 'a block size that is no power of two' 'block size 65535' \
		manifest.block_size=65535
	refused_bundle 'a block size of nothing' 'block size 0' manifest.block_size=0
	refused_bundle 'another block size than its own' 'blocks' manifest.block_size=0x20000
	refused_bundle 'a newer manifest' 'version 2.*update' manifest.version=2
	refused_bundle 'an unknown feature' 'features 0x1.*update' manifest.features_incompat=1
	refused_bundle 'a wrong length' 'bytes' manifest.length=100
	refused_bundle 'another board' 'other,board' manifest.compatible=other,board
	refused_bundle 'a security counter below the floor' 'security|floor' \
		manifest.security_counter=4
}

bad_releases() {
	head -c 12000000 /dev/urandom >big
	quietly pack --release 3.0 --base r1.layers -o big.layers system=big
	refused 'a layer that is too large' '[0-9]+ .*(missing|more|lack|short)' 1 \
		layerctl -d flash.img apply big.layers
	refused 'and in a dry run' '[0-9]+ .*(missing|more|lack|short)' 1 \
		layerctl -d flash.img apply --dry-run big.layers
	refused 'and in a new image' '[0-9]+ .*(missing|more|lack|short)' 1 layerctl mkimage \
		--layout board.dts --size 12M --erasesize 64K --writesize 1 -o new.img big.layers
	check 'of which nothing remains' [ ! -e new.img ]
	layerctl pack --layout board.dts --block-size 128K --level 1 --release 3.0 \
		-o coarse.layers kernel=k system=s app=a >/dev/null 2>&1
	refused 'another block size' '131072.*65536|65536.*131072' 1 \
		layerctl -d flash.img apply coarse.layers
}

bad_bundles() {
	local app_first
	refused 'no bundle' 'not a bundle' 1 layerctl -d flash.img apply good.img
	refused 'no file' 'No such file' 1 layerctl -d flash.img apply missing.layers
	refused 'a directory' 'not a regular file' 1 layerctl -d flash.img apply .
	refused_bundle 'a newer bundle' 'version 2.*update' header.version=2
	refused_bundle 'a bundle with unknown features' 'features 0x4' header.features_incompat=4
	refused_bundle 'a manifest of 4 GiB' 'limits' header.manifest_size=0xffffffff
	refused_bundle 'a signature of 4 GiB' 'limits' header.signature_size=0xffffffff
	refused_bundle 'too many blocks' 'blocks' header.entry_count=0xffffffff
	refused_bundle 'an index elsewhere' 'follow each other' header.index_offset=0
	refused_bundle 'a payload elsewhere' 'follow each other' header.payload_offset=1000000
	refused_bundle 'a payload of 64 bits' 'payload of' header.payload_size=0xffffffffffffffff
	refused_bundle 'a payload that is too long' 'cut short' header.payload_size=100000000
	refused_bundle 'a payload that is too short' 'too long' header.payload_size=10
	refused_bundle 'a frame behind the end' 'index: block 1 of layer kernel' \
		entry.1.offset=0xfffffff0
	refused_bundle 'a frame at the end of 64 bits' 'index: block 1' \
		entry.1.offset=0xffffffffffffffff
	refused_bundle 'a frame of 4 GiB' 'index: block 1' entry.1.length=0xffffffff
	refused_bundle 'a frame of nothing' 'index: block 1' entry.1.length=0
	refused_bundle 'unknown flags' 'index: block 1' entry.1.flags=3
	refused_bundle 'a block left out of a whole bundle' 'left out' \
		entry.1.offset=0 entry.1.length=0 entry.1.flags=0
	refused_bundle 'a block with another digest' 'block 3 of layer app is not what' \
		layer.2.digest=3
	app_first=$(layerctl inspect --json r2.layers | python3 -c '
import json, sys
layers = json.load(sys.stdin)["layers"]
print(sum(layer["payload_size"] for layer in layers[:2]))')
	refused_bundle 'a damaged frame' 'block [0-9]+ of layer app (is not what|cannot be unpacked)' \
		payload=$((app_first + 70000))
}

# many_bundles: every byte before the payload damaged, and cut at many lengths
many_bundles() {
	local size at bad='' before count=0
	before=$(sum flash.img)
	for at in $(seq 0 159) $(seq 160 37 4000); do
		./craft r2.layers bad.layers unsealed="$at"
		count=$((count + 1))
		layerctl -d flash.img apply bad.layers >out 2>err && bad+="$at accepted "
		grep -q '^layerctl: .*bad.layers' err || bad+="$at: $(cat err) "
	done
	equal "$count damaged bytes of header, manifest and index: each is found" "$bad" ''
	# sealed again: some are harmless (a letter of a name), none may do harm
	bad='' count=0
	for at in $(seq 0 31 4000); do
		./craft r2.layers bad.layers byte="$at"
		count=$((count + 1))
		layerctl inspect --check bad.layers >out 2>err || [ $? -eq 1 ] || bad+="$at: $(cat err) "
		layerctl -d flash.img apply --dry-run bad.layers >out 2>err || [ $? -eq 1 ] ||
			bad+="$at: $(cat err) "
		! grep -q 'Sanitizer\|runtime error' err || bad+="$at: $(cat err) "
	done
	equal "$count damaged bytes, sealed again: none does harm" "$bad" ''
	bad='' count=0
	size=$(stat -c %s r2.layers)
	for at in $(seq 0 8 400) $(seq 500 "$((size / 40))" "$size") $((size - 1)); do
		head -c "$at" r2.layers >bad.layers
		count=$((count + 1))
		layerctl -d flash.img apply bad.layers >out 2>err && bad+="$at accepted "
		grep -Eq 'cut short|no whole bundle' err || bad+="$at: $(cat err) "
	done
	equal "cut at $count lengths: each is found" "$bad" ''
	equal 'and the flash is as it was' "$(sum flash.img)" "$before"
}

lacking_bundles() {
	local status
	cp empty.img flash.img
	refused 'without the payload of a layer that the device lacks' \
		'no payload for layer kernel.*lacks' 1 layerctl -d flash.img apply p2.layers
	refused 'and none of it goes into an image' 'no payload for layer kernel' 1 layerctl mkimage \
		--layout board.dts "${geometry[@]}" -o new.img p2.layers
	check 'of which nothing remains' [ ! -e new.img ]
	refused 'nor into another bundle' 'partial' 1 \
		layerctl pack --layout board.dts --block-size 64K --release 3.0 --base p2.layers \
		-o new.layers app=a
	check 'of which nothing remains either' [ ! -e new.layers ]
	# a device that runs another release than the one it was packed against
	{ head -c 262144 a; head -c 300000 /dev/urandom; } >a3
	quietly pack --release 3.0 --base r1.layers --partial -o p3.layers app=a3
	cp good.img flash.img
	quietly layerctl -d flash.img apply --activate r2.layers
	quietly layerctl -d flash.img confirm
	refused 'with a part of it, for devices that run another release' \
		'5 of the 9 blocks of layer app.*this one runs 2.0' 1 \
		layerctl -d flash.img apply p3.layers
	cp good.img flash.img
	status=0
	quietly layerctl -d flash.img apply p3.layers || status=$?
	equal 'which take it' "$status" 0
}

two_writers() {
	cp good.img flash.img
	refused 'a second writer' 'another program is writing' 1 \
		flock -x flash.img "$program" -d flash.img apply r2.layers
	refused 'a second confirm' 'another program is writing' 1 \
		flock -x flash.img "$program" -d flash.img confirm
	check 'looking is possible all the same' flock -x flash.img "$program" -d flash.img status
}

wrong_states() {
	cp good.img flash.img
	refused 'rollback without a trial' 'trial' 1 layerctl -d flash.img rollback
	refused 'abort without anything staged' 'staged' 1 layerctl -d flash.img abort
	cp trial.img flash.img
	refused 'apply in a trial' 'confirm it or roll it back' 1 layerctl -d flash.img apply r1.layers
	refused 'abort in a trial' 'staged|trial' 1 layerctl -d flash.img abort
	cp empty.img flash.img
	refused 'confirm on an empty device' 'no release' 1 layerctl -d flash.img confirm
	refused 'boot on an empty device' 'no release' 1 layerctl -d flash.img boot
	refused 'read on an empty device' 'no release' 1 layerctl -d flash.img read app
	refused 'list on an empty device' 'no .*release' 1 layerctl -d flash.img list
	cp good.img flash.img
	refused 'read a layer that is not there' 'no layer nothing' 1 \
		layerctl -d flash.img read nothing
	refused 'read behind the end' 'behind its end' 1 \
		layerctl -d flash.img read --offset 1M app
	refused 'read too much' 'are not there' 1 layerctl -d flash.img read --length 1M app
}

# A block that was altered behind the tool's back.
altered_data() {
	cp good.img flash.img
	poke flash.img $((0x880000 + 100000)) 3 '\125'
	refused 'an altered block is not handed out' 'block 1 is not what' 1 \
		layerctl -d flash.img read app
	layerctl -d flash.img read --length 65536 app >part
	equal 'the others are' "$(sum part)" "$(head -c 65536 a | sha256sum)"
	before=$(sum flash.img)
	layerctl -d flash.img verify >out 2>err && fail 'verify accepts it' <out
	matches 'verify names it' "$(cat err)" 'layer app .* block 1 .*0x890000'
	matches 'and counts' "$(cat err)" '1 of the [0-9]+ blocks'
	equal 'and writes nothing' "$(sum flash.img)" "$before"
}

# bad_layout NAME PATTERN SED: format with an edited layout
bad_layout() {
	sed "$3" board.dts >bad.dts
	refused "layout: $1" "$2" 1 layerctl -d new.img format --layout bad.dts "${geometry[@]}"
	[ ! -e new.img ] || fail "layout: $1 leaves a file" <<<new.img
}

bad_layouts() {
	bad_layout 'a misspelt policy' 'layer@80000: .*mtdlayer,pined: is it misspelt' \
		's/label = "kernel";/&\nmtdlayer,pined;/'
	bad_layout 'an unknown overflow' 'mtdlayer,overflow is "grow"' \
		's/label = "app";/&\nmtdlayer,overflow = "grow";/'
	bad_layout 'a flag with a value' 'takes no value' \
		's/label = "app";/&\nmtdlayer,lazy = <1>;/'
	bad_layout 'pinned and lazy' 'pinned' \
		's/label = "app";/&\nmtdlayer,lazy; mtdlayer,pinned;/'
	bad_layout 'two layers of one name' 'is called "kernel" too' 's/"system"/"kernel"/'
	bad_layout 'a name with a space' 'no name for a layer' 's/"system"/"sys tem"/'
	bad_layout 'no name' 'has no label' '/label = "system"/d'
	bad_layout 'overlapping slots' 'overlap layer kernel' 's/<0x380000 0x500000>/<0x300000 0x500000>/'
	bad_layout 'a slot on the table' 'overlaps the table area' \
		's/<0x80000 0x300000>/<0x70000 0x300000>/'
	bad_layout 'a slot behind the partition' 'the partition has' \
		's/<0x880000 0x200000>/<0x880000 0x800000>/'
	bad_layout 'a slot of nothing' 'is nothing' 's/<0x880000 0x200000>/<0x880000 0>/'
	bad_layout 'no table' 'no table@ node' '/table@0/,/};/d'
	bad_layout 'no layers node' 'no node has compatible' 's/mtdlayer,layers/mtd,layers/'
	bad_layout 'no board' 'no compatible' '0,/compatible = "example,board";/{//d}'
	bad_layout 'half a block' 'whole blocks' \
		's/<0x880000 0x200000>/<0x888000 0x200000>/; s/label = "layers";/&\nmtdlayer,block-size = <0x10000>;/'
	bad_layout 'a strange node' 'neither a table@ nor a layer@' 's/layer@880000/lair@880000/'
	bad_layout 'no device tree at all' 'dtc does not accept' 's/dts-v1/dts/'
	refused 'layout: missing' 'cannot be opened' 1 \
		layerctl -d new.img format --layout none.dts "${geometry[@]}"
}

bad_formats() {
	cp good.img flash.img
	refused 'format over a table' 'has a layer table already.*--force' 1 \
		layerctl -d flash.img format --layout board.dts "${geometry[@]}"
	refused 'format a file of another size' 'there is a file of' 1 \
		layerctl -d flash.img format --layout board.dts --size 32M --erasesize 64K --writesize 1
	refused 'format without a geometry' '--size, --erasesize and --writesize' 1 \
		layerctl -d new.img format --layout board.dts
	refused 'format with odd eraseblocks' 'powers of two' 1 \
		layerctl -d new.img format --layout board.dts --size 16M --erasesize 60K --writesize 1
	refused 'format with half an eraseblock' 'not a multiple' 1 \
		layerctl -d new.img format --layout board.dts --size 16777217 --erasesize 64K --writesize 1
	refused 'format a flash that is too small' 'the flash has' 1 \
		layerctl -d new.img format --layout board.dts --size 4M --erasesize 64K --writesize 1
	refused 'format with a size that is none' 'is not a size' 2 \
		layerctl -d new.img format --layout board.dts --size lots
	refused 'format with a size beyond 64 bits' 'larger than any flash' 2 \
		layerctl -d new.img format --layout board.dts --size 99999999999999G
	refused 'an unknown option' 'no option --blocksize' 2 layerctl format --blocksize 1
	refused 'an unknown command' 'no command frobnicate' 2 layerctl frobnicate
	check 'no file remains' [ ! -e new.img ]
}

# bad_recover NAME PATTERN STATUS ARGUMENT...: on a flash without a table
bad_recover() {
	local name=$1 pattern=$2 wanted=$3
	shift 3
	refused "recover: $name" "$pattern" "$wanted" layerctl -d flash.img recover "$@"
}

bad_recovers() {
	cp good.img flash.img
	bad_recover 'a table that can be read' 'can be read.*nothing to recover.*--force' 1 \
		--layout board.dts "${geometry[@]}" r1.layers
	bad_recover 'a table that can be read, found where the layout has none' 'can be read' 1 \
		--table-offset 0xf80000 "${geometry[@]}" r1.layers
	poke flash.img 0 524288 '\377'
	refused 'recover: no flash' 'needs -d' 2 layerctl recover --layout board.dts r1.layers
	bad_recover 'no manifest' 'takes one manifest or bundle, 0 were' 2 --layout board.dts
	bad_recover 'two manifests' 'takes one manifest or bundle, 2 were' 2 --layout board.dts \
		r1.layers r2.layers
	bad_recover 'no place for the table' 'needs --layout, or --table-offset' 2 r1.layers
	bad_recover 'two places for the table' 'give --layout, or' 2 --layout board.dts \
		--table-offset 0 r1.layers
	bad_recover 'an offset that is none' '--table-offset.*is not a size' 2 \
		--table-offset here r1.layers
	bad_recover 'an offset beyond the flash' 'flash|beyond|blocks' 1 --table-offset 64M \
		"${geometry[@]}" r1.layers
	bad_recover 'an offset within a block' 'block|multiple' 1 --table-offset 1000 \
		"${geometry[@]}" r1.layers
	bad_recover 'a table on a layer' 'table|overlap' 1 --table-offset 0x80000 --table-size 512K \
		"${geometry[@]}" r1.layers
	bad_recover 'no geometry' '--size, --erasesize and --writesize' 1 --layout board.dts \
		r1.layers
	bad_recover 'a size beyond the file' 'the file has 16777216 bytes' 1 --layout board.dts \
		--size 32M --erasesize 64K --writesize 1 r1.layers
	bad_recover 'a flash that is too small' 'the flash has' 1 --layout board.dts --size 4M \
		--erasesize 64K --writesize 1 r1.layers
	bad_recover 'another block size' '--block-size 131072: .* blocks of 65536' 1 \
		--layout board.dts --block-size 128K "${geometry[@]}" r1.layers
	sed 's/"example,board"/"other,board"/' board.dts >other.dts
	bad_recover 'another board' 'for the board example,board, the layout is of other,board' 1 \
		--layout other.dts "${geometry[@]}" r1.layers
	bad_recover 'a file that is none' 'not a bundle' 1 --layout board.dts "${geometry[@]}" good.img
	bad_recover 'no file' 'No such file' 1 --layout board.dts "${geometry[@]}" none.layers
	bad_recover 'a release that is not there' 'no block of release 9.0 is on this flash' 1 \
		--layout board.dts "${geometry[@]}" r9.layers
	refused 'recover: no flash file' 'No such file' 1 layerctl -d none.img recover \
		--layout board.dts "${geometry[@]}" r1.layers
	check 'recover: makes none' [ ! -e none.img ]
	refused 'recover: an attached device' 'mtdlayer0: .*No such file' 1 layerctl -d mtdlayer0 \
		recover --layout board.dts "${geometry[@]}" r1.layers
}

# Every kind of damage to a manifest in a file of its own.
bad_manifest_files() {
	local size at bad='' count=0 before
	layerctl inspect --manifest r1.manifest r1.layers >/dev/null
	size=$(stat -c %s r1.manifest)
	before=$(sum flash.img)
	cp flash.img wiped.img
	for at in $(seq 4 3 400) $(seq 401 97 "$((size - 1))"); do
		cp r1.manifest bad.manifest
		poke bad.manifest "$at" 1 '\252'
		! cmp -s bad.manifest r1.manifest || continue
		count=$((count + 1))
		if layerctl -d flash.img recover --layout board.dts "${geometry[@]}" bad.manifest \
			>out 2>err; then
			# it is that of another release with the same blocks: a counter, a letter
			layerctl -d flash.img verify >out 2>err || bad+="$at: $(cat err) "
			cp wiped.img flash.img
		else
			grep -q '^layerctl: ' err || bad+="$at: $(cat err) "
		fi
		! grep -q 'Sanitizer\|runtime error' err || bad+="$at: $(cat err) "
		[ "$(sum flash.img)" = "$before" ] || bad+="$at: refused, but written "
	done
	equal "$count damaged manifests do no harm" "$bad" ''
	bad=''
	for at in 4 8 100 191 192 200 300 $((size / 2)) $((size - 1)); do
		head -c "$at" r1.manifest >bad.manifest
		layerctl -d flash.img recover --layout board.dts "${geometry[@]}" bad.manifest \
			>out 2>err && bad+="$at accepted "
		grep -q '^layerctl: bad.manifest' err || bad+="$at: $(cat err) "
	done
	equal 'manifests that were cut are refused' "$bad" ''
	equal 'and the flash is as it was' "$(sum flash.img)" "$before"
	cp good.img flash.img
}

bad_settles() {
	cp good.img flash.img
	refused 'settle: an argument' 'takes no argument: app' 2 layerctl -d flash.img settle app
	refused 'settle: an unknown option' 'no option --all' 2 layerctl -d flash.img settle --all
	refused 'settle: a second writer' 'another program is writing' 1 \
		flock -x flash.img "$program" -d flash.img settle
	check 'settle: counting is possible all the same' \
		flock -x flash.img "$program" -d flash.img settle --dry-run
	refused 'verify --scrub: a second writer' 'another program is writing' 1 \
		flock -x flash.img "$program" -d flash.img verify --scrub
	refused 'format: too large a reserve' '--reserve: "769" is not a number from 0 to 768' 2 \
		layerctl -d new.img format --layout board.dts "${geometry[@]}" --reserve 769
	refused 'format: a reserve that is none' '--reserve: "some" is not a number' 2 \
		layerctl -d new.img format --layout board.dts "${geometry[@]}" --reserve some
	refused 'in place: not where the layout does not allow it' \
		'[0-9]+ .*(missing|more|lack|short)' 1 layerctl -d flash.img apply --in-place big.layers
}

bad_packs() {
	refused 'pack: a layer is not given' 'layer app is not given' 1 \
		pack --release 3.0 -o new.layers kernel=k system=s
	refused 'pack: a layer that is not in the layout' 'has no layer user' 1 \
		pack --release 3.0 -o new.layers user=k
	refused 'pack: a layer is given twice' 'is given twice' 1 \
		pack --release 3.0 -o new.layers kernel=k kernel=s
	refused 'pack: no file' 'No such file' 1 \
		pack --release 3.0 -o new.layers kernel=none system=s app=a
	: >nothing
	refused 'pack: an empty file' 'is empty' 1 \
		pack --release 3.0 -o new.layers kernel=nothing system=s app=a
	refused 'pack: not LAYER=FILE' 'is not LAYER=FILE' 1 pack --release 3.0 -o new.layers kernel
	refused 'pack: a version that is too long' '1 to 64 characters' 2 \
		pack --release "$(head -c 65 /dev/zero | tr '\0' x)" -o new.layers kernel=k
	refused 'pack: a base that is none' 'not a bundle' 1 \
		pack --release 3.0 --base good.img -o new.layers app=a
	refused 'pack: too many attempts' '--attempts: "16" is not a number from 1 to 15' 2 \
		pack --release 3.0 --attempts 16 -o new.layers kernel=k system=s app=a
	refused 'pack: no attempts' '--attempts: "0" is not a number from 1 to 15' 2 \
		pack --release 3.0 --attempts 0 -o new.layers kernel=k system=s app=a
	sed 's/label = "app";/&\nmtdlayer,overflow = "refuse";/' board.dts >strict.dts
	refused 'pack: a layer that may not overflow' 'must not overflow' 1 \
		layerctl pack --layout strict.dts --block-size 64K --release 3.0 -o new.layers \
		kernel=k system=s app=s
	check 'pack: no file remains' [ ! -e new.layers ]
}

# Where a file belongs, what is not one: nothing waits for its writer, nothing is replaced.
odd_inputs() {
	refused 'a FIFO as flash' 'fifo: is neither a flash image file nor' 1 \
		timeout 10 "$program" -d fifo status
	refused 'a FIFO as flash, to change' 'fifo: is neither a flash image file nor' 1 \
		timeout 10 "$program" -d fifo apply r2.layers
	refused 'a FIFO as flash, to format' 'fifo: is neither a flash image file nor' 1 \
		timeout 10 "$program" -d fifo format --layout board.dts "${geometry[@]}"
	refused 'a FIFO as bundle: apply' 'fifo: is not a regular file' 1 \
		timeout 10 "$program" -d flash.img apply fifo
	refused 'a FIFO as bundle: inspect' 'fifo: is not a regular file' 1 \
		timeout 10 "$program" inspect fifo
	refused 'a FIFO as bundle: mkimage' 'fifo: is not a regular file' 1 \
		timeout 10 "$program" mkimage --layout board.dts "${geometry[@]}" -o new.img fifo
	refused 'a FIFO as manifest' 'fifo: is not a regular file' 1 timeout 10 "$program" \
		-d flash.img recover --layout board.dts "${geometry[@]}" fifo
	refused 'a FIFO as flash, to recover' 'fifo: is neither a flash image file nor' 1 \
		timeout 10 "$program" -d fifo recover --layout board.dts "${geometry[@]}" r1.layers
	refused 'a FIFO as base' 'fifo: is not a regular file' 1 timeout 10 "$program" pack \
		--layout board.dts --block-size 64K --release 3.0 --base fifo -o new.layers app=a
	refused 'a FIFO as layer' 'layer app: fifo: is not a regular file' 1 timeout 10 "$program" \
		pack --layout board.dts --block-size 64K --release 3.0 -o new.layers \
		kernel=k system=s app=fifo
	refused 'a FIFO as layout' 'fifo: is not a regular file' 1 timeout 10 "$program" \
		-d new.img format --layout fifo "${geometry[@]}"
	refused 'a directory as layout' 'is not a regular file' 1 \
		layerctl -d new.img format --layout . "${geometry[@]}"
	refused 'a symlink to nothing as flash' 'dangling: cannot be opened' 1 \
		layerctl -d dangling format --layout board.dts "${geometry[@]}"
	equal 'the FIFO is still there' "$(stat -c %F fifo)" fifo
	check 'and no file is left' [ ! -e new.img -a ! -e new.layers -a ! -e nothing-there ]
}

# kinds: what the odd outputs are, and what is in the directory
kinds() {
	stat -c '%F %i' fifo odd-directory link-to-fifo
	ls -A odd-directory
}

odd_outputs() {
	local out before
	before=$(kinds)
	for out in fifo odd-directory link-to-fifo; do
		refused "pack over $out" "$out: is there already and is not a regular file" 1 \
			pack --release 3.0 --base r1.layers -o "$out" app=a
		refused "mkimage over $out" "$out: is there already and is not a regular file" 1 \
			layerctl mkimage --layout board.dts "${geometry[@]}" -o "$out" r1.layers
		refused "inspect --manifest over $out" \
			"$out: is there already and is not a regular file" 1 \
			layerctl inspect --manifest "$out" r1.layers
		refused "map over $out" "$out: is there already and is not a regular file" 1 \
			layerctl -d flash.img map --svg "$out"
		equal "$out is still what it was" "$(kinds)" "$before"
	done
	equal 'nothing half written is left' "$(find . -name '*.??????' -newer fifo |
		grep -E 'fifo\.|directory\.' || true)" ''
	check 'a file is replaced' layerctl -d flash.img map --svg old.svg
	matches 'by the picture' "$(cat old.svg)" '<svg'
}

odd_files() {
	cp good.img flash.img
	mkfifo fifo
	mkdir odd-directory
	ln -s fifo link-to-fifo
	ln -s nothing-there dangling
	echo old >old.svg
	odd_inputs
	odd_outputs
}

json_errors() {
	local text
	text=$(layerctl -d empty.img confirm --json 2>/dev/null) && text="no failure: $text"
	matches 'with --json the reason is on standard output too' "$text" '"error": "there is no release'
}

tap_begin
quietly make_inputs
flip_tables
damage_tables
odd_images
bad_manifests
bad_releases
bad_bundles
many_bundles
lacking_bundles
two_writers
wrong_states
altered_data
bad_layouts
bad_formats
bad_recovers
bad_manifest_files
bad_settles
bad_packs
odd_files
json_errors
tap_end

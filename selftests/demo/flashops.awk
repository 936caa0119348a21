# SPDX-License-Identifier: GPL-2.0-or-later
# Sums up QEMU's trace of its flash chip: a line "OFFSET ERASES PROGRAMMED-BYTES" per eraseblock
# that was touched, everything in decimal. `blocksize` is the eraseblock's.
#
# A chip programs word by word, and each word is a line here: these are counted under the leading
# digits of their offset (64 KiB), and only the sums are turned into numbers.

function number(hex,  i, n) {
	for (i = 1; i <= length(hex); i++)
		n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return n
}

# pflash_data_write_block virt.flash1: data offset:0x100004 size:4 value:0x... counter:0x...
/^pflash_data_write/ {
	words[$5, substr($4, 10, length($4) - 13)]++
	next
}

# pflash_write_block_erase virt.flash1: block erase offset:0x100000 bytes:0x40000
/^pflash_write_block_erase/ {
	start = number(substr($5, 10))
	end = start + number(substr($6, 9))
	for (; start < end; start += blocksize)
		erases[start]++
	next
}

# What is not understood is not counted as nothing.
{
	strange++
	if (strange == 1)
		first = $0
}

END {
	if (strange) {
		print "flashops.awk: " strange " lines of the trace are not known, such as: " first >"/dev/stderr"
		exit 1
	}
	for (key in words) {
		split(key, part, SUBSEP)
		offset = number(part[2]) * 65536
		programmed[offset - offset % blocksize] += words[key] * substr(part[1], 6)
	}
	for (offset in programmed)
		touched[offset]
	for (offset in erases)
		touched[offset]
	for (offset in touched)
		printf "%d %d %d\n", offset, erases[offset], programmed[offset] | "sort -n"
	close("sort -n")
}

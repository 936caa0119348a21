// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * CRC-32C with a table of 16 entries: it runs over table snapshots only, a few
 * hundred KiB at attach, where 64 bytes of constants beat a page of them.
 */
#include "crc32c.h"

/* The reflected polynomial 0x82f63b78, four bits at a time. */
static const u32 nibble_table[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
	0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

u32 mtdl_crc32c(u32 crc, const void *data, size_t len)
{
	const u8 *p = data;

	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble_table[crc & 15];
		crc = crc >> 4 ^ nibble_table[crc & 15];
	}
	return crc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The flash, as the core sees it: five operations on one MTD (partition) or image.
 */
#ifndef MTDL_FLASH_H
#define MTDL_FLASH_H

#include "env.h"

struct mtdl_flash;

/**
 * struct mtdl_flash_ops - what a flash can do
 * @read: any range within the flash.  0; -EUCLEAN: data are good but were
 *	corrected, refresh them; -EBADMSG: could not be corrected (the buffer's
 *	content means nothing); other negative errno: nothing was read.
 * @program: @len bytes at @off, both multiples of the write size, into erased
 *	cells, in ascending order within an eraseblock.  -EIO: the cells failed;
 *	any other errno: not the cells' fault.  After an error the range holds
 *	anything.
 * @erase: the one eraseblock at @off.  Errors as for @program.
 * @is_bad: whether the eraseblock at @off is bad: 1, 0 or a negative errno.
 * @mark_bad: mark it bad for ever; may fail.
 *
 * @program, @erase and @mark_bad may be NULL on a flash that is only read.
 */
struct mtdl_flash_ops {
	int (*read)(struct mtdl_flash *flash, u64 off, void *buf, u32 len);
	int (*program)(struct mtdl_flash *flash, u64 off, const void *buf, u32 len);
	int (*erase)(struct mtdl_flash *flash, u64 off);
	int (*is_bad)(struct mtdl_flash *flash, u64 off);
	int (*mark_bad)(struct mtdl_flash *flash, u64 off);
};

/**
 * struct mtdl_flash - a flash and its geometry; embed it, ops get it back
 * @ops: its operations
 * @size: bytes
 * @erase_size: bytes of an eraseblock, a power of two
 * @write_size: least unit of programming, bytes, a power of two
 * @can_have_bad_blocks: format sets aside spare table units
 * @read_only: no operation but read and is_bad may be called
 */
struct mtdl_flash {
	const struct mtdl_flash_ops *ops;
	u64 size;
	u32 erase_size;
	u32 write_size;
	bool can_have_bad_blocks;
	bool read_only;
};

#endif

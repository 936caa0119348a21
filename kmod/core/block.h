/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Writing one block, and what becomes of blocks that cannot be written.
 */
#ifndef MTDL_BLOCK_H
#define MTDL_BLOCK_H

#include "mtdl.h"

/**
 * mtdl_block_put() - erase a block, program bytes into it, read them back
 * @mtdl: secure
 * @block: block
 * @data: its bytes
 * @length: how many; the rest of the block stays erased
 *
 * If the cells fail, they are tried once more.
 *
 * Return: 0, -EIO (the cells failed twice) or another error of the flash.
 */
int mtdl_block_put(struct mtdl *mtdl, u32 block, const u8 *data, u32 length);

/**
 * mtdl_block_write() - write a block where *@block says, or, if those cells fail, elsewhere
 * @mtdl: secure
 * @release: whose block it is; perhaps not known to the table yet
 * @block: in: where to; out: where it is
 * @data: its bytes
 * @length: how many
 * @why: reason of a failure
 *
 * Return: 0, -ENOSPC (no block is left), -EIO (too many in a row), or another error of
 * the flash.
 */
int mtdl_block_write(struct mtdl *mtdl, const struct mtdl_release *release, u32 *block,
		     const u8 *data, u32 length, struct mtdl_reason *why);

/**
 * mtdl_block_suspect() - a block could not be written
 * @mtdl: attached
 * @block: block; not taken from the pool any more
 * @why: reason of a failure
 *
 * It is not retired yet: if nothing at all can be written, it is not the block's fault.
 *
 * Return: 0, or -EIO: too many in a row (they are all acquitted).
 */
int mtdl_block_suspect(struct mtdl *mtdl, u32 block, struct mtdl_reason *why);

/** mtdl_block_written() - a block could be written: no suspect, and no longer damaged */
void mtdl_block_written(struct mtdl *mtdl, u32 block);

/**
 * mtdl_block_convict() - something could be written: what could not be is retired
 * @mtdl: secure
 * @why: reason of a failure
 *
 * Does nothing if there are no suspects.  Otherwise records them in the table, then marks
 * them bad on the flash.
 *
 * Return: 0 or an error of mtdl_table_write().
 */
int mtdl_block_convict(struct mtdl *mtdl, struct mtdl_reason *why);

/** mtdl_damaged() - whether a block is known not to hold what the manifest names */
static inline bool mtdl_damaged(const struct mtdl *mtdl, u32 block)
{
	return mtdl->damaged && (mtdl->damaged[block >> 5] >> (block & 31) & 1);
}

/** mtdl_block_damaged() - remember that, and tell of it; 0 or -ENOMEM */
int mtdl_block_damaged(struct mtdl *mtdl, u32 block, u32 layer, u32 logical);

#endif

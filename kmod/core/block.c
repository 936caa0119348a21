// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Writing one block, and what becomes of blocks that cannot be written.
 *
 * An error is no proof of bad cells: a chip may be locked, a controller out of
 * order, a supply too weak.  So only -EIO raises the question; the same cells are tried
 * once more with the same bytes; and a block that failed twice is but a suspect until
 * another one could be written, which shows that the chip as such works.  Only
 * then is it retired: in the table first, then by a mark on the flash, which may fail.
 */
#include "block.h"
#include "pool.h"
#include "snapshot.h"
#include "table.h"
#include "util.h"

/* Blocks retired in one attach before it is the machine that must be doubted. */
#define CONVICTIONS_MAX	16U

static void tell(struct mtdl *mtdl, enum mtdl_event event, u32 a, u32 b)
{
	if (mtdl->notify)
		mtdl->notify(mtdl->notify_ctx, event, a, b);
}

void mtdl_block_written(struct mtdl *mtdl, u32 block)
{
	u32 kept = 0;
	u32 i;

	for (i = 0; i < mtdl->suspect_count; i++)
		if (mtdl->suspects[i] != block)
			mtdl->suspects[kept++] = mtdl->suspects[i];
	mtdl->suspect_count = kept;
	if (mtdl->damaged)
		mtdl_clear_bit(mtdl->damaged, block);
}

static int put_once(struct mtdl *mtdl, u32 block, const u8 *data, u32 length)
{
	u64 off = (u64)block << mtdl->geometry.block_shift;
	int err = mtdl_erase_range(mtdl, off, mtdl->geometry.block_size);

	return err ? err : mtdl_program_checked(mtdl, off, data, length);
}

int mtdl_block_put(struct mtdl *mtdl, u32 block, const u8 *data, u32 length)
{
	int err = put_once(mtdl, block, data, length);

	if (mtdl_is_worn(err))
		err = put_once(mtdl, block, data, length);
	if (!err)
		mtdl_block_written(mtdl, block);
	return err;
}

int mtdl_block_suspect(struct mtdl *mtdl, u32 block, struct mtdl_reason *why)
{
	u32 i;

	for (i = 0; i < mtdl->suspect_count; i++)
		if (mtdl->suspects[i] == block)
			return 0;
	if (mtdl->suspect_count < MTDL_SUSPECTS_MAX) {
		mtdl->suspects[mtdl->suspect_count++] = block;
		return 0;
	}
	mtdl->suspect_count = 0;
	return mtdl_fail(why, -EIO,
			 "%u blocks in a row cannot be written: is the flash locked or write-protected?",
			 MTDL_SUSPECTS_MAX + 1);
}

static u32 count_retired(const struct mtdl *mtdl)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < mtdl->geometry.block_count; i++)
		count += mtdl_bit(mtdl->retired, i);
	return count;
}

static void mark_bad(struct mtdl *mtdl, u32 block)
{
	u64 off = (u64)block << mtdl->geometry.block_shift;
	u64 end = off + mtdl->geometry.block_size;

	/* the table has it recorded: marking only helps others, and may fail */
	if (mtdl->flash->ops->mark_bad)
		for (; off < end; off += mtdl->geometry.erase_size)
			mtdl->flash->ops->mark_bad(mtdl->flash, off);
}

static void tell_spare(struct mtdl *mtdl)
{
	struct mtdl_spare spare;

	if (mtdl->notify && !mtdl_spare(mtdl, &spare, NULL) && spare.low)
		tell(mtdl, MTDL_EVENT_SPARE_LOW, spare.left, spare.reserve);
}

int mtdl_block_convict(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u32 convicts[MTDL_SUSPECTS_MAX];
	u32 count = mtdl->suspect_count;
	u32 i;
	int err;

	if (!count)
		return 0;
	if (count_retired(mtdl) + count > mtdl_retired_max(mtdl->geometry.block_count))
		return mtdl_fail(why, -EIO,
				 "block %u fails, and %u blocks are retired already: the flash is worn out",
				 mtdl->suspects[0], count_retired(mtdl));
	mtdl->suspect_count = 0;
	for (i = 0; i < count; i++) {
		convicts[i] = mtdl->suspects[i];
		mtdl_set_bit(mtdl->retired, convicts[i]);
		tell(mtdl, MTDL_EVENT_BAD_BLOCK, convicts[i], 0);
	}
	err = mtdl_table_write(mtdl, why);
	if (err)
		return err;
	for (i = 0; i < count; i++)
		mark_bad(mtdl, convicts[i]);
	mtdl->convicted += count;
	tell_spare(mtdl);
	if (mtdl->convicted > CONVICTIONS_MAX)
		mtdl->read_only =
			"too many of its blocks failed: look at controller and supply";
	return 0;
}

/* Another block for what @release was to have in a block that fails. */
static int other_block(struct mtdl *mtdl, const struct mtdl_release *release, u32 *block,
		       struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	int err = mtdl_pool_init(&pool, mtdl, NULL, why);

	if (!err) {
		u32 other;

		mtdl_pool_add_slots(&pool, release);
		mtdl_pool_use(&pool, release);
		other = mtdl_pool_take(&pool);
		if (other == MTDL_NO_BLOCK) {
			err = mtdl_fail(why, -ENOSPC,
					"block %u fails, and no free block is left to take its place",
					*block);
		} else {
			mtdl->cursor = pool.cursor;
			*block = other;
		}
	}
	mtdl_pool_destroy(&pool);
	return err;
}

int mtdl_block_write(struct mtdl *mtdl, const struct mtdl_release *release, u32 *block,
		     const u8 *data, u32 length, struct mtdl_reason *why)
{
	/* it may have been retired since it was chosen */
	int err = mtdl_bit(mtdl->retired, *block) ? other_block(mtdl, release, block, why) : 0;

	if (err)
		return err;
	for (;;) {
		err = mtdl_block_put(mtdl, *block, data, length);
		if (!err)
			return mtdl_block_convict(mtdl, why);
		if (!mtdl_is_worn(err))
			return mtdl_fail(why, err, "block %u cannot be written (error %d)",
					 *block, err);
		err = mtdl_block_suspect(mtdl, *block, why);
		if (!err)
			err = other_block(mtdl, release, block, why);
		if (err)
			return err;
	}
}

int mtdl_block_damaged(struct mtdl *mtdl, u32 block, u32 layer, u32 logical)
{
	if (!mtdl->damaged)
		mtdl->damaged = mtdl_alloc(4 * mtdl_bitmap_words(mtdl->geometry.block_count));
	if (!mtdl->damaged)
		return -ENOMEM;
	mtdl_set_bit(mtdl->damaged, block);
	tell(mtdl, MTDL_EVENT_VERIFY_FAILED, layer, logical);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Format: choose how the flash is divided, and write the first, empty table.
 */
#include "attach.h"
#include "format.h"
#include "snapshot.h"
#include "table.h"
#include "util.h"

#define DEFAULT_BLOCK_SIZE	(64U << 10)

static int check_flash(const struct mtdl_flash *flash, struct mtdl_reason *why)
{
	if (flash->read_only)
		return mtdl_fail(why, -EROFS, "the flash is read-only: it cannot be formatted");
	if (!mtdl_is_power_of_two(flash->erase_size) || !mtdl_is_power_of_two(flash->write_size) ||
	    flash->write_size > flash->erase_size)
		return mtdl_fail(why, -EINVAL,
				 "erase size %u and write size %u must be powers of two, the second not above the first",
				 flash->erase_size, flash->write_size);
	if (flash->erase_size > MTDL_BLOCK_SIZE_MAX)
		return mtdl_fail(why, -EINVAL, "erase size %u is above the largest block size, %u",
				 flash->erase_size, MTDL_BLOCK_SIZE_MAX);
	return 0;
}

static int choose_blocks(struct mtdl_geometry *g, const struct mtdl_flash *flash, u32 block_size,
			 struct mtdl_reason *why)
{
	if (!block_size)
		block_size = flash->erase_size > DEFAULT_BLOCK_SIZE ? flash->erase_size :
			     DEFAULT_BLOCK_SIZE;
	if (!mtdl_is_power_of_two(block_size) || block_size < flash->erase_size ||
	    block_size < MTDL_BLOCK_SIZE_MIN || block_size > MTDL_BLOCK_SIZE_MAX)
		return mtdl_fail(why, -EINVAL,
				 "block size %u must be a power of two from %u (or the erase size, %u) to %u",
				 block_size, MTDL_BLOCK_SIZE_MIN, flash->erase_size,
				 MTDL_BLOCK_SIZE_MAX);
	g->erase_size = flash->erase_size;
	g->write_size = flash->write_size;
	g->block_size = block_size;
	g->block_shift = mtdl_log2(block_size);
	if (flash->size >> g->block_shift > MTDL_BLOCKS_MAX)
		return mtdl_fail(why, -EINVAL,
				 "a flash of 0x%llx bytes has more than %u blocks of %u: choose a larger block size",
				 (unsigned long long)flash->size, MTDL_BLOCKS_MAX, block_size);
	g->block_count = (u32)(flash->size >> g->block_shift);
	g->flash_size = (u64)g->block_count << g->block_shift;
	g->mark_size = flash->write_size > MTDL_MARK_SIZE_MIN ? flash->write_size :
		       MTDL_MARK_SIZE_MIN;
	return 0;
}

/* Bytes of the table area with units of this size. */
static u64 table_area(const struct mtdl_geometry *g, const struct mtdl_flash *flash, u64 asked)
{
	u32 spares = flash->can_have_bad_blocks ? MTDL_UNITS_MIN : MTDL_UNITS_MIN / 2;
	u64 size = (u64)g->unit_size * (MTDL_UNITS_MIN + spares);

	if (asked)
		return asked;
	return (size + g->block_size - 1) & ~((u64)g->block_size - 1);
}

/* The smallest unit that the largest snapshot fits twice into. */
static int choose_units(struct mtdl_geometry *g, const struct mtdl_flash *flash,
			const struct mtdl_format_options *options, struct mtdl_reason *why)
{
	u64 mask = g->block_size - 1;
	u64 size;

	g->unit_size = g->erase_size;
	for (;; g->unit_size <<= 1) {
		size = table_area(g, flash, options->table_size);
		if (mtdl_unit_fits(g->unit_size, g->block_count, g->mark_size) &&
		    size >> mtdl_log2(g->unit_size) <= MTDL_UNITS_MAX)
			break;
		if (g->unit_size > MTDL_BLOCK_SIZE_MAX)
			return mtdl_fail(why, -EINVAL,
					 "%u blocks need a layer table of %u bytes, which is too large: choose a larger block size than %u",
					 g->block_count, mtdl_snapshot_bound(g->block_count),
					 g->block_size);
	}
	if ((options->table_offset & mask) || (size & mask) ||
	    options->table_offset > g->flash_size || size >= g->flash_size - options->table_offset)
		return mtdl_fail(why, -EINVAL,
				 "a table area of 0x%llx bytes at 0x%llx does not consist of whole blocks (of 0x%x) within a flash of 0x%llx bytes with room for layers",
				 (unsigned long long)size,
				 (unsigned long long)options->table_offset, g->block_size,
				 (unsigned long long)g->flash_size);
	g->table_start = (u32)(options->table_offset >> g->block_shift);
	g->table_blocks = (u32)(size >> g->block_shift);
	g->unit_count = (u32)(size >> mtdl_log2(g->unit_size));
	if (g->unit_count < MTDL_UNITS_MIN)
		return mtdl_fail(why, -EINVAL,
				 "a table area of 0x%llx bytes has %u units of %u bytes, it must have at least %u: make it larger",
				 (unsigned long long)size, g->unit_count, g->unit_size,
				 MTDL_UNITS_MIN);
	return 0;
}

/* Blocks that upgrades leave alone, for others that go bad. */
static int choose_reserve(struct mtdl_geometry *g, u32 reserve, struct mtdl_reason *why)
{
	if (reserve == MTDL_RESERVE_NONE)
		return 0;
	if (!reserve)
		reserve = MTDL_RESERVE_DEFAULT;
	if (reserve > MTDL_RESERVE_MAX)
		return mtdl_fail(why, -EINVAL,
				 "a reserve of %u blocks of 1024 is more than the largest that makes sense, %u",
				 reserve, MTDL_RESERVE_MAX);
	/* rounded up, in a way that cannot overflow */
	g->reserve = (g->block_count >> 10) * reserve +
		     (((g->block_count & 1023) * reserve + 1023) >> 10);
	return 0;
}

static u32 count_good_units(struct mtdl *mtdl)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	u32 good = 0;
	u32 i;

	for (i = 0; i < g->unit_count; i++) {
		u64 off = mtdl_unit_offset(g, i);
		u64 end = off + g->unit_size;

		mtdl->units[i].kind = MTDL_UNIT_EMPTY;
		for (; off < end; off += g->erase_size)
			if (mtdl->flash->ops->is_bad(mtdl->flash, off))
				mtdl->units[i].kind = MTDL_UNIT_BAD;
		if (mtdl->units[i].kind == MTDL_UNIT_EMPTY)
			good++;
	}
	return good;
}

/*
 * A table of another life must not come back: its epochs may be higher.  A unit that
 * cannot be erased is retired only if it never held one.
 */
static int erase_table_area(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_sequence no_limit = { 0, 0 };
	u32 good = mtdl->geometry.unit_count;
	u32 i;

	for (i = 0; i < mtdl->geometry.unit_count; i++) {
		struct mtdl_unit *unit = &mtdl->units[i];
		u64 off = mtdl_unit_offset(&mtdl->geometry, i);
		bool blank;
		int err = mtdl_scan_unit(mtdl, i, no_limit, false, why);

		if (err)
			return err;
		blank = !unit->newest.epoch;
		if (unit->kind != MTDL_UNIT_BAD)
			err = mtdl_erase_range(mtdl, off, mtdl->geometry.unit_size);
		if (mtdl_is_worn(err) && blank) {
			mtdl->retired_units |= 1ULL << i;
			unit->kind = MTDL_UNIT_BAD;
			err = 0;
		}
		if (unit->kind == MTDL_UNIT_BAD && --good < MTDL_UNITS_MIN)
			return mtdl_fail(why, -ENOSPC,
					 "the table area has only %u good units, it must have %u: put it elsewhere or make it larger",
					 good, MTDL_UNITS_MIN);
		if (err)
			return mtdl_fail(why, err,
					 "the table area cannot be erased at offset 0x%llx (error %d): put it elsewhere",
					 (unsigned long long)off, err);
	}
	mtdl->highest_epoch = 0;
	return 0;
}

/* Nor must one that lay elsewhere be found before this one. */
static int erase_other_tables(struct mtdl *mtdl, struct mtdl_reason *why)
{
	struct mtdl_flash *flash = mtdl->flash;
	u32 tries = MTDL_SEARCH_MAX;
	u64 off;

	for (off = 0; tries && off < mtdl->geometry.flash_size; tries--, off += flash->erase_size) {
		struct mtdl_media_snapshot header;
		int err;

		if (flash->ops->is_bad(flash, off))
			continue;
		err = flash->ops->read(flash, off, &header, sizeof(header));
		if ((err && err != -EUCLEAN) || !mtdl_snapshot_belongs(&header, off))
			continue;
		err = flash->ops->erase(flash, off);
		if (err)
			return mtdl_fail(why, err,
					 "an old layer table at offset 0x%llx cannot be erased (error %d): erase the flash first",
					 (unsigned long long)off, err);
	}
	return 0;
}

static int allocate(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;

	mtdl->buffer = mtdl_alloc(g->block_size);
	mtdl->snapshot = mtdl_alloc(g->unit_size / 2);
	mtdl->retired = mtdl_alloc(4 * mtdl_bitmap_words(g->block_count));
	if (!mtdl->buffer || !mtdl->snapshot || !mtdl->retired)
		return mtdl_fail(why, -ENOMEM, "no memory for buffers of %u and %u bytes",
				 g->block_size, g->unit_size / 2);
	return 0;
}

int mtdl_format_choose(struct mtdl *mtdl, struct mtdl_flash *flash,
		       const struct mtdl_format_options *options, struct mtdl_reason *why)
{
	size_t len = strnlen(options->compatible, MTDL_COMPATIBLE_SIZE + 1);
	int err;

	if (!len || len > MTDL_COMPATIBLE_SIZE)
		return mtdl_fail(why, -EINVAL,
				 "the board's name (compatible) has %u characters, it must have 1 to %u",
				 (u32)len, MTDL_COMPATIBLE_SIZE);
	mtdl->flash = flash;
	memcpy(mtdl->uuid, options->uuid, sizeof(mtdl->uuid));
	memcpy(mtdl->compatible, options->compatible, len);
	err = check_flash(flash, why);
	if (!err)
		err = choose_blocks(&mtdl->geometry, flash, options->block_size, why);
	if (!err)
		err = choose_reserve(&mtdl->geometry, options->reserve, why);
	if (!err)
		err = choose_units(&mtdl->geometry, flash, options, why);
	if (!err && count_good_units(mtdl) < MTDL_UNITS_MIN)
		err = mtdl_fail(why, -ENOSPC,
				"the table area at 0x%llx has fewer than %u good units: put it elsewhere or make it larger",
				(unsigned long long)options->table_offset, MTDL_UNITS_MIN);
	return err ? err : allocate(mtdl, why);
}

int mtdl_format_write(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	mtdl->in_force[0] = MTDL_NO_BLOCK;
	mtdl->in_force[1] = MTDL_NO_BLOCK;
	err = erase_table_area(mtdl, why);
	if (!err)
		err = erase_other_tables(mtdl, why);
	return err ? err : mtdl_table_secure(mtdl, why);
}

int mtdl_format(struct mtdl_flash *flash, const struct mtdl_format_options *options,
		struct mtdl_reason *why)
{
	struct mtdl *mtdl = mtdl_alloc(sizeof(*mtdl));
	int err;

	if (!mtdl)
		return mtdl_fail(why, -ENOMEM, "no memory to format a flash");
	err = mtdl_format_choose(mtdl, flash, options, why);
	if (!err)
		err = mtdl_format_write(mtdl, why);
	mtdl_detach(mtdl);
	mtdl_free(mtdl);
	return err;
}

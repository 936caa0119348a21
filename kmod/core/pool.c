// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Free blocks.  A block is free if no release and no table uses it and it is not
 * bad: this is worked out when needed, so there is no list that a power cut
 * could make wrong.  The search goes on where the last one ended, also after a
 * reboot, which spreads the wear.
 */
#include "defect.h"
#include "pool.h"
#include "util.h"

/* That can use blocks at a time. */
#define RELEASES	5

int mtdl_block_is_bad(struct mtdl *mtdl, u32 block)
{
	u64 off = (u64)block << mtdl->geometry.block_shift;
	u64 end = off + mtdl->geometry.block_size;

	if (mtdl_bit(mtdl->retired, block))
		return 1;
	for (; off < end; off += mtdl->geometry.erase_size) {
		int bad = mtdl->flash->ops->is_bad(mtdl->flash, off);

		if (bad)
			return bad;
	}
	return 0;
}

static void set_range(u32 *map, u32 start, u32 count)
{
	while (count--)
		mtdl_set_bit(map, start++);
}

void mtdl_pool_use(struct mtdl_pool *pool, const struct mtdl_release *release)
{
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; !(layer->flags & MTDL_LAYER_INCOMPLETE) && j < layer->block_count; j++)
			if (layer->map[j] != MTDL_NO_BLOCK)
				mtdl_set_bit(pool->used, layer->map[j]);
	}
	for (i = 0; i < 2 * release->manifest_blocks; i++)
		if (release->manifest_map[i] != MTDL_NO_BLOCK)
			mtdl_set_bit(pool->used, release->manifest_map[i]);
}

void mtdl_pool_add_slots(struct mtdl_pool *pool, const struct mtdl_release *release)
{
	u32 i;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		set_range(pool->slots, layer->slot_start, layer->slot_blocks);
		if (layer->policy & MTDL_POLICY_PINNED)
			set_range(pool->pinned, layer->slot_start, layer->slot_blocks);
	}
}

int mtdl_pool_init(struct mtdl_pool *pool, struct mtdl *mtdl,
		   const struct mtdl_release *without, struct mtdl_reason *why)
{
	const struct mtdl_release *releases[RELEASES] = {
		mtdl->active, mtdl->candidate, mtdl->exposed, mtdl->moving[0], mtdl->moving[1],
	};
	const struct mtdl_geometry *g = &mtdl->geometry;
	size_t bytes = 4 * mtdl_bitmap_words(mtdl->geometry.block_count);
	u32 i;

	pool->block_count = mtdl->geometry.block_count;
	pool->cursor = mtdl->cursor;
	pool->used = mtdl_alloc(bytes);
	pool->slots = mtdl_alloc(bytes);
	pool->pinned = mtdl_alloc(bytes);
	if (!pool->used || !pool->slots || !pool->pinned)
		return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				 pool->block_count);
	set_range(pool->used, g->table_start, g->table_blocks);
	for (i = 0; i < pool->block_count; i++) {
		int bad = mtdl_block_is_bad(mtdl, i);

		if (bad < 0)
			return mtdl_fail(why, bad,
					 "the flash cannot say whether block %u is bad (error %d)",
					 i, bad);
		if (bad)
			mtdl_set_bit(pool->used, i);
		pool->bad += bad && (i < g->table_start || i - g->table_start >= g->table_blocks);
	}
	for (i = 0; i < mtdl->suspect_count; i++)
		mtdl_set_bit(pool->used, mtdl->suspects[i]);
	if (mtdl->move.what != MTDL_MOVE_NONE)
		mtdl_set_bit(pool->used, mtdl->move.to);
	for (i = 0; i < RELEASES; i++) {
		if (!releases[i])
			continue;
		mtdl_pool_add_slots(pool, releases[i]);
		if (MTDL_DEFECT(FREE_SHARED) && i == 1)
			continue;
		if (MTDL_DEFECT(FORGET_EXPOSED) && i == 2)
			continue;
		if (MTDL_DEFECT(REUSE_HOME_EARLY) && mtdl->moving[0] && releases[i] == mtdl->active)
			continue;
		if (releases[i] != without)
			mtdl_pool_use(pool, releases[i]);
	}
	return 0;
}

void mtdl_pool_destroy(struct mtdl_pool *pool)
{
	mtdl_free(pool->pinned);
	mtdl_free(pool->slots);
	mtdl_free(pool->used);
}

static u32 next_free(const struct mtdl_pool *pool, const u32 *avoid)
{
	u32 block = pool->cursor;
	u32 left;

	for (left = pool->block_count; left; left--) {
		if (!mtdl_bit(pool->used, block) && !mtdl_bit(avoid, block))
			return block;
		if (++block == pool->block_count)
			block = 0;
	}
	return MTDL_NO_BLOCK;
}

u32 mtdl_pool_take(struct mtdl_pool *pool)
{
	u32 block = next_free(pool, pool->slots);

	if (block == MTDL_NO_BLOCK)
		block = next_free(pool, pool->pinned);
	if (block == MTDL_NO_BLOCK)
		return block;
	mtdl_set_bit(pool->used, block);
	pool->cursor = block + 1 == pool->block_count ? 0 : block + 1;
	return block;
}

static u32 find_run(const struct mtdl_pool *pool, const u32 *avoid, u32 count)
{
	u32 run = 0;
	u32 i;

	for (i = 0; i < pool->block_count; i++) {
		run = mtdl_bit(pool->used, i) || mtdl_bit(avoid, i) ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return MTDL_NO_BLOCK;
}

u32 mtdl_pool_take_run(struct mtdl_pool *pool, u32 count)
{
	u32 start = find_run(pool, pool->slots, count);

	if (start == MTDL_NO_BLOCK)
		start = find_run(pool, pool->pinned, count);
	if (start != MTDL_NO_BLOCK)
		set_range(pool->used, start, count);
	return start;
}

u32 mtdl_pool_reserve(const struct mtdl_pool *pool, const struct mtdl_geometry *geometry)
{
	return geometry->reserve > pool->bad ? geometry->reserve - pool->bad : 0;
}

u32 mtdl_pool_free_blocks(const struct mtdl_pool *pool)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < pool->block_count; i++)
		if (!mtdl_bit(pool->used, i) && !mtdl_bit(pool->pinned, i))
			count++;
	return count;
}

int mtdl_spare(struct mtdl *mtdl, struct mtdl_spare *spare, struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	int err;

	memset(spare, 0, sizeof(*spare));
	err = mtdl_pool_init(&pool, mtdl, NULL, why);
	if (!err) {
		spare->reserve = mtdl->geometry.reserve;
		spare->bad = pool.bad;
		spare->free = mtdl_pool_free_blocks(&pool);
		spare->left = mtdl_pool_reserve(&pool, &mtdl->geometry);
		if (spare->left > spare->free)
			spare->left = spare->free;
		spare->low = spare->reserve && 4 * spare->left <= spare->reserve;
	}
	mtdl_pool_destroy(&pool);
	return err;
}

static void mark_use(u8 *use, const u32 *blocks, u32 count, u8 kind)
{
	u32 i;

	for (i = 0; i < count; i++) {
		u8 *at = &use[blocks[i]];

		if (*at == MTDL_USE_ACTIVE && kind == MTDL_USE_CANDIDATE)
			*at = MTDL_USE_BOTH;
		else if (*at == MTDL_USE_FREE)
			*at = kind;
	}
}

int mtdl_usage(struct mtdl *mtdl, u8 *use, struct mtdl_reason *why)
{
	const struct mtdl_release *releases[] = { mtdl->active, mtdl->candidate, mtdl->exposed };
	static const u8 kinds[] = { MTDL_USE_ACTIVE, MTDL_USE_CANDIDATE, MTDL_USE_EXPOSED };
	const struct mtdl_geometry *g = &mtdl->geometry;
	u32 i, j;

	for (i = 0; i < g->block_count; i++) {
		int bad = mtdl_block_is_bad(mtdl, i);

		if (bad < 0)
			return mtdl_fail(why, bad,
					 "the flash cannot say whether block %u is bad (error %d)",
					 i, bad);
		use[i] = bad ? MTDL_USE_BAD : MTDL_USE_FREE;
		if (i >= g->table_start && i - g->table_start < g->table_blocks)
			use[i] = MTDL_USE_TABLE;
	}
	for (i = 0; i < 3; i++) {
		for (j = 0; releases[i] && j < releases[i]->layer_count; j++)
			if (!(releases[i]->layers[j].flags & MTDL_LAYER_INCOMPLETE))
				mark_use(use, releases[i]->layers[j].map,
					 releases[i]->layers[j].block_count, kinds[i]);
		if (releases[i])
			mark_use(use, releases[i]->manifest_map, 2 * releases[i]->manifest_blocks,
				 MTDL_USE_MANIFEST);
	}
	return 0;
}

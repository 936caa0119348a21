// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Where the blocks of a new release go: unchanged ones stay where they are, others
 * go to their preset address if nothing lives there, and what is left goes to
 * the pool.  That is also how a layer that outgrows its slot is relocated: logical
 * blocks beyond the slot's capacity have no home, so they always live in the
 * pool, and a later, smaller version simply comes home.  A layer that is to stay in one
 * piece gets a row of blocks instead, where all of it is copied.
 *
 * What is left free afterwards has to be enough for blocks that go bad, and for what
 * commit moves out of the slots of pinned layers.
 */
#include "place.h"
#include "release.h"
#include "util.h"

static void take_layer(struct mtdl_release *release, u32 index,
		       const struct mtdl_manifest_layer *m)
{
	struct mtdl_layer *layer = &release->layers[index];

	memcpy(layer->name, m->name, sizeof(layer->name));
	memcpy(layer->root, m->root, sizeof(layer->root));
	layer->size = m->size;
	layer->slot_start = m->slot_start;
	layer->slot_blocks = m->slot_blocks;
	layer->policy = m->policy;
	layer->block_count = m->block_count;
	layer->first = index ? layer[-1].first + layer[-1].block_count : 0;
	layer->map = release->maps + layer->first;
}

int mtdl_release_from_manifest(const struct mtdl_manifest *m, u8 *bytes, u32 signature_size,
			       u32 block_shift, struct mtdl_release **out,
			       struct mtdl_reason *why)
{
	u32 stored = m->length + signature_size;
	u32 manifest_blocks = ((stored - 1) >> block_shift) + 1;
	struct mtdl_release *release;
	u32 i;

	release = mtdl_release_alloc(m->layer_count, m->block_total, manifest_blocks);
	if (release)
		release->done = mtdl_alloc(4 * mtdl_bitmap_words(m->block_total));
	if (!release || !release->done) {
		mtdl_release_put(release);
		return mtdl_fail(why, -ENOMEM, "no memory for a release of %u blocks",
				 m->block_total);
	}
	release->manifest_size = m->length;
	release->signature_size = signature_size;
	release->security_counter = m->security_counter;
	memcpy(release->digest, m->digest, sizeof(release->digest));
	memcpy(release->release, m->release, sizeof(release->release));
	memset(release->maps, 0xff, 4 * (size_t)m->block_total);
	for (i = 0; i < m->layer_count; i++)
		take_layer(release, i, &m->layers[i]);
	*out = release;
	return mtdl_release_link(release, bytes, m, why);
}

u32 mtdl_same_block(struct mtdl_release *old, const struct mtdl_layer *layer, u32 block,
		    u32 block_size, bool *done)
{
	const struct mtdl_layer *other = mtdl_release_find(old, layer->name);

	if (!other || !other->digests || block >= other->block_count ||
	    (other->flags & MTDL_LAYER_INCOMPLETE) ||
	    mtdl_block_bytes(other->size, block, block_size) !=
	    mtdl_block_bytes(layer->size, block, block_size) ||
	    memcmp(other->digests + (size_t)block * MTDL_DIGEST_SIZE,
		   layer->digests + (size_t)block * MTDL_DIGEST_SIZE, MTDL_DIGEST_SIZE))
		return MTDL_NO_BLOCK;
	*done = !old->done || mtdl_bit(old->done, other->first + block);
	return other->map[block];
}

static bool is_pinned(const struct mtdl_layer *layer)
{
	return layer->policy & MTDL_POLICY_PINNED;
}

/*
 * What is installed first of all has to end with its pinned layers at home, without
 * a commit that could move anything aside: nothing adopted may be in the way.
 */
static bool may_adopt(const struct mtdl *mtdl, const struct mtdl_release *release,
		      const struct mtdl_layer *layer, u32 index, u32 block)
{
	u32 i;

	if (mtdl->active)
		return true;
	if (is_pinned(layer))
		return block == layer->slot_start + index;
	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *other = &release->layers[i];

		if (is_pinned(other) && block >= other->slot_start &&
		    block - other->slot_start < other->slot_blocks)
			return false;
	}
	return true;
}

/* A layer that moves as a whole keeps its row only if all of it is the same. */
static bool may_share(struct mtdl_release *old, const struct mtdl_layer *layer)
{
	const struct mtdl_layer *other = mtdl_release_find(old, layer->name);

	return !mtdl_moves_whole(layer) ||
	       (other && other->size == layer->size &&
		!memcmp(other->root, layer->root, sizeof(layer->root)));
}

static void share_layer(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_release *whole, struct mtdl_layer *layer,
			struct mtdl_pool *pool)
{
	bool from_whole = may_share(whole, layer);
	bool from_candidate = may_share(mtdl->candidate, layer);
	u32 i;

	for (i = 0; i < layer->block_count; i++) {
		u32 block = MTDL_NO_BLOCK;
		bool done = false;

		if (from_whole)
			block = mtdl_same_block(whole, layer, i, mtdl->geometry.block_size, &done);
		if (block == MTDL_NO_BLOCK && from_candidate) {
			block = mtdl_same_block(mtdl->candidate, layer, i,
						mtdl->geometry.block_size, &done);
			if (block != MTDL_NO_BLOCK &&
			    (mtdl_bit(pool->used, block) ||
			     !may_adopt(mtdl, release, layer, i, block)))
				block = MTDL_NO_BLOCK;
		}
		if (block == MTDL_NO_BLOCK)
			continue;
		layer->map[i] = block;
		mtdl_set_bit(pool->used, block);
		if (done)
			mtdl_set_bit(release->done, layer->first + i);
	}
}

static void place_at_home(struct mtdl_layer *layer, struct mtdl_pool *pool)
{
	u32 i;

	if (mtdl_moves_whole(layer))
		return;
	for (i = 0; i < layer->block_count && i < layer->slot_blocks; i++) {
		u32 home = layer->slot_start + i;

		if (layer->map[i] != MTDL_NO_BLOCK || mtdl_bit(pool->used, home))
			continue;
		layer->map[i] = home;
		mtdl_set_bit(pool->used, home);
	}
}

static bool is_row(const struct mtdl_layer *layer)
{
	u32 i;

	for (i = 0; i < layer->block_count; i++)
		if (layer->map[i] == MTDL_NO_BLOCK || layer->map[i] - i != layer->map[0])
			return false;
	return true;
}

/*
 * A row for a layer that moves as a whole, unless all of it is in one; or what lacks.  Of
 * what is elsewhere, which may have been shared when the policy was another, nothing is done.
 */
static u32 place_in_row(struct mtdl_release *release, struct mtdl_layer *layer,
			struct mtdl_pool *pool)
{
	u32 start, i;

	if (!mtdl_moves_whole(layer) || is_row(layer))
		return 0;
	start = mtdl_pool_take_run(pool, layer->block_count);
	if (start == MTDL_NO_BLOCK)
		return layer->block_count;
	for (i = 0; i < layer->block_count; i++) {
		layer->map[i] = start + i;
		mtdl_clear_bit(release->done, layer->first + i);
	}
	return 0;
}

/*
 * What a loader that only knows addresses starts is not touched before commit: where a
 * pinned layer of active is not all at home, whatever is in its slot.
 */
static void guard_pinned(const struct mtdl_release *active, struct mtdl_pool *pool)
{
	u32 i, j;

	for (i = 0; active && i < active->layer_count; i++) {
		const struct mtdl_layer *layer = &active->layers[i];

		if (!is_pinned(layer) || !mtdl_count_away(layer))
			continue;
		for (j = 0; j < layer->slot_blocks; j++)
			mtdl_set_bit(pool->used, layer->slot_start + j);
	}
}

static u32 place_in_pool(u32 *map, u32 count, struct mtdl_pool *pool)
{
	u32 missing = 0;
	u32 i;

	for (i = 0; i < count; i++) {
		if (map[i] == MTDL_NO_BLOCK)
			map[i] = mtdl_pool_take(pool);
		if (map[i] == MTDL_NO_BLOCK)
			missing++;
	}
	return missing;
}

int mtdl_place_manifest(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_reason *why)
{
	u32 count = 2 * release->manifest_blocks;
	struct mtdl_pool pool = { 0 };
	u32 missing;
	int err;

	memset(release->manifest_map, 0xff, 4 * (size_t)count);
	err = mtdl_pool_init(&pool, mtdl, NULL, why);
	if (!err) {
		mtdl_pool_add_slots(&pool, release);
		missing = place_in_pool(release->manifest_map, count, &pool);
		mtdl->cursor = pool.cursor;
		if (missing)
			err = mtdl_fail(why, -ENOSPC,
					"release %s does not fit: of the %u blocks for both copies of its manifest, %u are missing: make it smaller, or use a larger flash",
					release->release, count, missing);
	}
	mtdl_pool_destroy(&pool);
	return err;
}

/*
 * How many blocks commit has to move aside before it can write the homes of pinned layers:
 * what active or the release itself has there.
 */
static int count_aside(struct mtdl *mtdl, const struct mtdl_release *release,
		       struct mtdl_plan *plan, struct mtdl_reason *why)
{
	struct mtdl_pool lives = { .block_count = mtdl->geometry.block_count };
	u32 i, j;
	int err = 0;

	lives.used = mtdl_alloc(4 * mtdl_bitmap_words(lives.block_count));
	if (!lives.used)
		return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				 lives.block_count);
	if (mtdl->active)
		mtdl_pool_use(&lives, mtdl->active);
	mtdl_pool_use(&lives, release);
	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; is_pinned(layer) && j < layer->block_count && !err; j++) {
			u32 home = layer->slot_start + j;

			if (layer->map[j] == home)
				continue;
			err = mtdl_block_is_bad(mtdl, home);
			if (err > 0)
				err = mtdl_fail(why, -EIO,
						"layer %s is pinned, and block %u of its slot is bad: give the layer another slot, in a release with another layout",
						layer->name, home);
			plan->aside += mtdl_bit(lives.used, home);
		}
	}
	mtdl_free(lives.used);
	return err;
}

int mtdl_place(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_release *whole,
	       struct mtdl_plan *plan, struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	u32 need, i;
	int err;

	err = mtdl_pool_init(&pool, mtdl, mtdl->candidate, why);
	if (!err) {
		mtdl_pool_add_slots(&pool, release);
		mtdl_pool_use(&pool, release);
		for (i = 0; i < release->layer_count; i++)
			share_layer(mtdl, release, whole, &release->layers[i], &pool);
		guard_pinned(mtdl->active, &pool);
		for (i = 0; i < release->layer_count; i++)
			place_at_home(&release->layers[i], &pool);
		for (i = 0; i < release->layer_count; i++)
			plan->missing += place_in_row(release, &release->layers[i], &pool);
		if (!plan->missing)
			plan->missing = place_in_pool(release->maps, release->block_total, &pool);
		plan->free_after = mtdl_pool_free_blocks(&pool);
		plan->reserve = mtdl_pool_reserve(&pool, &mtdl->geometry);
		mtdl->cursor = pool.cursor;
		err = count_aside(mtdl, release, plan, why);
	}
	mtdl_pool_destroy(&pool);
	if (err)
		return err;
	need = plan->reserve + plan->aside;
	if (plan->free_after < need)
		plan->missing += need - plan->free_after;
	if (!plan->missing)
		return 0;
	return mtdl_fail(why, -ENOSPC,
			 "release %s does not fit%s%s: %u blocks of %u bytes are missing (%u are kept in reserve, %u to move pinned layers aside): make it smaller, or use a larger flash",
			 release->release, mtdl->active ? " beside release " : "",
			 mtdl->active ? mtdl->active->release : "", plan->missing,
			 mtdl->geometry.block_size, plan->reserve, plan->aside);
}

int mtdl_place_run(struct mtdl *mtdl, struct mtdl_layer *layer, struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	u32 start, i;
	int err = mtdl_pool_init(&pool, mtdl, NULL, why);

	if (!err) {
		start = mtdl_pool_take_run(&pool, layer->block_count);
		if (start == MTDL_NO_BLOCK)
			err = mtdl_fail(why, -ENOSPC,
					"layer %s has to lie in one row, a block of which fails, and there are no other %u free blocks in a row",
					layer->name, layer->block_count);
		for (i = 0; !err && i < layer->block_count; i++) {
			layer->map[i] = start + i;
			mtdl_clear_bit(mtdl->candidate->done, layer->first + i);
		}
	}
	mtdl_pool_destroy(&pool);
	return err;
}

struct mtdl_homes mtdl_homes(const struct mtdl_layer *layer)
{
	struct mtdl_homes homes = { layer->slot_start, layer->slot_blocks };
	u32 votes = 0;
	u32 i;

	if (layer->block_count < homes.count)
		homes.count = layer->block_count;
	if (!mtdl_moves_whole(layer))
		return homes;
	/* the row that most blocks are in: one that had to leave it may come back */
	homes.count = layer->block_count;
	for (i = 0; i < layer->block_count; i++) {
		if (!votes)
			homes.start = layer->map[i] - i;
		if (layer->map[i] - i == homes.start)
			votes++;
		else
			votes--;
	}
	for (i = 0, votes = 0; i < layer->block_count; i++)
		votes += layer->map[i] - i == homes.start;
	/* less than half of it is no row: where the next block went would be another one */
	if (2 * votes < layer->block_count)
		homes.count = 0;
	return homes;
}

u32 mtdl_count_away(const struct mtdl_layer *layer)
{
	struct mtdl_homes homes = mtdl_homes(layer);
	u32 away = 0;
	u32 i;

	for (i = 0; i < homes.count; i++)
		away += !mtdl_at_home(homes, layer, i);
	return away;
}

static void count_layer(const struct mtdl *mtdl, const struct mtdl_release *release,
			const struct mtdl_layer *layer, struct mtdl_plan *plan,
			struct mtdl_plan_layer *count)
{
	struct mtdl_homes homes = mtdl_homes(layer);
	u32 i;

	count->blocks = layer->block_count;
	if (layer->block_count > layer->slot_blocks)
		count->overflow = layer->block_count - layer->slot_blocks;
	for (i = 0; i < layer->block_count; i++) {
		u32 block;
		bool done;

		if (release->done && mtdl_bit(release->done, layer->first + i))
			continue;
		block = mtdl_same_block(mtdl->active, layer, i, mtdl->geometry.block_size, &done);
		if (block != MTDL_NO_BLOCK && block != layer->map[i]) {
			plan->copied++;
			continue;
		}
		count->changed++;
		count->bytes += mtdl_block_bytes(layer->size, i, mtdl->geometry.block_size);
		if (!mtdl_at_home(homes, layer, i))
			count->relocated++;
	}
	plan->layers_changed += count->changed ? 1 : 0;
	plan->blocks += count->changed;
	plan->relocated += count->relocated;
	plan->overflow += count->overflow;
	plan->bytes += count->bytes;
}

/* Blocks that are done and that active does not have as well. */
static u32 count_done(const struct mtdl *mtdl, const struct mtdl_release *release)
{
	u32 count = 0;
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];
		const struct mtdl_layer *old = mtdl_release_find(mtdl->active, layer->name);

		for (j = 0; j < layer->block_count; j++) {
			bool shared = old && j < old->block_count && old->map[j] == layer->map[j];

			if (!shared && mtdl_bit(release->done, layer->first + j))
				count++;
		}
	}
	return count;
}

void mtdl_plan_count(const struct mtdl *mtdl, const struct mtdl_release *release,
		     struct mtdl_plan *plan)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	u32 i;

	plan->layer_count = release->layer_count;
	for (i = 0; i < release->layer_count; i++)
		count_layer(mtdl, release, &release->layers[i], plan, &plan->layers[i]);
	plan->blocks_done = count_done(mtdl, release);
	plan->erases = plan->blocks + plan->copied;
	if (!plan->resumed)
		plan->erases += 2 * release->manifest_blocks;
	plan->erases <<= g->block_shift - mtdl_log2(g->erase_size);
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Where the blocks of a new release go: unchanged ones stay where they are, others
 * go to their preset address if nothing lives there, and what is left goes to
 * the pool.  That is also how a layer that outgrows its slot is relocated: logical
 * blocks beyond the slot's capacity have no home, so they always live in the
 * pool, and a later, smaller version simply comes home.
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

/* The block that @old has under the same name, number and digest, or MTDL_NO_BLOCK. */
static u32 same_block(struct mtdl_release *old, const struct mtdl_layer *layer, u32 block,
		      bool *done)
{
	const struct mtdl_layer *other = mtdl_release_find(old, layer->name);

	if (!other || !other->digests || block >= other->block_count ||
	    (other->flags & MTDL_LAYER_INCOMPLETE) ||
	    memcmp(other->digests + (size_t)block * MTDL_DIGEST_SIZE,
		   layer->digests + (size_t)block * MTDL_DIGEST_SIZE, MTDL_DIGEST_SIZE))
		return MTDL_NO_BLOCK;
	*done = !old->done || mtdl_bit(old->done, other->first + block);
	return other->map[block];
}

static void share_layer(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_layer *layer, struct mtdl_pool *pool)
{
	u32 i;

	for (i = 0; i < layer->block_count; i++) {
		bool done = false;
		u32 block = same_block(mtdl->active, layer, i, &done);

		if (block == MTDL_NO_BLOCK)
			block = same_block(mtdl->candidate, layer, i, &done);
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

	for (i = 0; i < layer->block_count && i < layer->slot_blocks; i++) {
		u32 home = layer->slot_start + i;

		if (layer->map[i] != MTDL_NO_BLOCK || mtdl_bit(pool->used, home))
			continue;
		layer->map[i] = home;
		mtdl_set_bit(pool->used, home);
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
			struct mtdl_plan *plan, struct mtdl_reason *why)
{
	u32 count = 2 * release->manifest_blocks;
	struct mtdl_pool pool = { 0 };
	int err;

	memset(release->manifest_map, 0xff, 4 * (size_t)count);
	err = mtdl_pool_init(&pool, mtdl, NULL, why);
	if (!err) {
		mtdl_pool_add_slots(&pool, release);
		plan->missing += place_in_pool(release->manifest_map, count, &pool);
		mtdl->cursor = pool.cursor;
	}
	mtdl_pool_destroy(&pool);
	return err;
}

static int place_data(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_plan *plan,
		      struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	u32 i;
	int err;

	err = mtdl_pool_init(&pool, mtdl, mtdl->candidate, why);
	if (!err) {
		mtdl_pool_add_slots(&pool, release);
		for (i = 0; i < 2 * release->manifest_blocks; i++)
			if (release->manifest_map[i] != MTDL_NO_BLOCK)
				mtdl_set_bit(pool.used, release->manifest_map[i]);
		for (i = 0; i < release->layer_count; i++)
			share_layer(mtdl, release, &release->layers[i], &pool);
		for (i = 0; i < release->layer_count; i++)
			place_at_home(&release->layers[i], &pool);
		plan->missing += place_in_pool(release->maps, release->block_total, &pool);
		plan->free_after = mtdl_pool_free_blocks(&pool);
		mtdl->cursor = pool.cursor;
	}
	mtdl_pool_destroy(&pool);
	return err;
}

int mtdl_place(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_plan *plan,
	       struct mtdl_reason *why)
{
	int err = mtdl_place_manifest(mtdl, release, plan, why);

	if (!err)
		err = place_data(mtdl, release, plan, why);
	if (!err && plan->missing)
		err = mtdl_fail(why, -ENOSPC,
				"release %s does not fit%s%s: %u blocks of %u bytes are missing: make it smaller, or use a larger flash",
				release->release, mtdl->active ? " beside release " : "",
				mtdl->active ? mtdl->active->release : "", plan->missing,
				mtdl->geometry.block_size);
	return err;
}

static void count_layer(const struct mtdl *mtdl, const struct mtdl_release *release,
			const struct mtdl_layer *layer, struct mtdl_plan *plan,
			struct mtdl_plan_layer *count)
{
	u32 i;

	count->blocks = layer->block_count;
	if (layer->block_count > layer->slot_blocks)
		count->overflow = layer->block_count - layer->slot_blocks;
	for (i = 0; i < layer->block_count; i++) {
		if (release->done && mtdl_bit(release->done, layer->first + i))
			continue;
		count->changed++;
		count->bytes += mtdl_block_bytes(layer->size, i, mtdl->geometry.block_size);
		if (!mtdl_is_home(layer, i))
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
	plan->erases = plan->blocks;
	if (!plan->resumed)
		plan->erases += 2 * release->manifest_blocks;
	plan->erases <<= g->block_shift - mtdl_log2(g->erase_size);
}

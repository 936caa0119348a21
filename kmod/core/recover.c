// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Rebuilds a lost layer table: whoever has the manifest of the release that was
 * installed can find its blocks by their digests.
 *
 * Each logical block is looked for at home first, then wherever its bytes are.  What was
 * found counts as staged, and begins an upgrade to the release as on any empty flash.
 */
#include "format.h"
#include "place.h"
#include "pool.h"
#include "read.h"
#include "release.h"
#include "table.h"
#include "upgrade.h"
#include "util.h"

/**
 * struct search - what is being looked for
 * @mtdl: with geometry and buffers, and nothing on it
 * @release: what was found of it so far
 * @taken: bitmap of physical blocks that were found to be something, or cannot be
 * @missing: logical blocks that were not found yet
 * @progress: see mtdl_recover()
 * @ctx: for it
 * @done: blocks looked at
 * @total: blocks to look at
 */
struct search {
	struct mtdl *mtdl;
	struct mtdl_release *release;
	u32 *taken;
	u32 missing;
	void (*progress)(void *ctx, u32 done, u32 total);
	void *ctx;
	u32 done;
	u32 total;
};

static void step(struct search *s)
{
	s->done++;
	if (s->progress)
		s->progress(s->ctx, s->done, s->total);
}

/* Takes a physical block if it is the logical one: 1, 0, or an error of the flash. */
static int try_block(struct search *s, struct mtdl_layer *layer, u32 index, u32 block)
{
	struct mtdl *mtdl = s->mtdl;
	int err;

	if (mtdl_bit(s->taken, block))
		return 0;
	err = mtdl_verify_at(mtdl->flash, &mtdl->geometry, layer, index, block, mtdl->buffer,
			     mtdl->geometry.block_size);
	if (err == -EBADMSG)
		return 0;
	if (err && err != -EUCLEAN)
		return err;
	layer->map[index] = block;
	mtdl_set_bit(s->release->done, layer->first + index);
	mtdl_set_bit(s->taken, block);
	s->missing--;
	return 1;
}

static int search_homes(struct search *s)
{
	u32 i, j;
	int err = 0;

	for (i = 0; i < s->release->layer_count; i++) {
		struct mtdl_layer *layer = &s->release->layers[i];

		for (j = 0; j < layer->block_count && err >= 0; j++) {
			if (j < layer->slot_blocks)
				err = try_block(s, layer, j, layer->slot_start + j);
			step(s);
		}
	}
	return err < 0 ? err : 0;
}

static int hash_physical(struct search *s, u32 block, u32 length, u8 *digest)
{
	struct mtdl *mtdl = s->mtdl;
	u64 off = (u64)block << mtdl->geometry.block_shift;
	struct mtdl_hash hash;
	int err = mtdl->flash->ops->read(mtdl->flash, off, mtdl->buffer, length);

	if (err && err != -EUCLEAN)
		return err;
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, mtdl->buffer, length);
	mtdl_hash_final(&hash, digest);
	return 0;
}

/* Which missing logical block a physical one is, if any. */
static int search_block(struct search *s, u32 block)
{
	u32 block_size = s->mtdl->geometry.block_size;
	u8 digest[MTDL_DIGEST_SIZE];
	u32 i, j;
	int err = hash_physical(s, block, block_size, digest);

	if (err)
		return err == -EBADMSG ? 0 : err;
	for (i = 0; i < s->release->layer_count; i++) {
		struct mtdl_layer *layer = &s->release->layers[i];

		for (j = 0; j < layer->block_count; j++) {
			bool whole = mtdl_block_bytes(layer->size, j, block_size) == block_size;

			if (layer->map[j] != MTDL_NO_BLOCK ||
			    (whole && memcmp(digest, layer->digests + (size_t)j * sizeof(digest),
					     sizeof(digest))))
				continue;
			err = try_block(s, layer, j, block);
			if (err)
				return err < 0 ? err : 0;
		}
	}
	return 0;
}

static int search_everywhere(struct search *s)
{
	u32 i;
	int err = 0;

	for (i = 0; i < s->mtdl->geometry.block_count && !err; i++) {
		if (s->missing && !mtdl_bit(s->taken, i))
			err = search_block(s, i);
		step(s);
	}
	return err;
}

/* Blocks that cannot hold anything: bad ones and the table area. */
static int exclude(struct search *s, struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &s->mtdl->geometry;
	u32 i;

	s->taken = mtdl_alloc(4 * mtdl_bitmap_words(g->block_count));
	if (!s->taken)
		return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				 g->block_count);
	for (i = 0; i < g->block_count; i++) {
		int bad = mtdl_block_is_bad(s->mtdl, i);

		if (bad < 0)
			return mtdl_fail(why, bad,
					 "the flash cannot say whether block %u is bad (error %d)",
					 i, bad);
		if (bad || (i >= g->table_start && i - g->table_start < g->table_blocks))
			mtdl_set_bit(s->taken, i);
	}
	return 0;
}

static int look(struct search *s, struct mtdl_reason *why)
{
	int err = exclude(s, why);

	s->missing = s->release->block_total;
	s->total = s->release->block_total + s->mtdl->geometry.block_count;
	if (!err) {
		err = search_homes(s);
		if (!err)
			err = search_everywhere(s);
		if (err)
			mtdl_fail(why, err, "the flash cannot be read (error %d)", err);
	}
	if (!err && s->missing == s->release->block_total)
		err = mtdl_fail(why, -ENODATA,
				"no block of release %s is on this flash: is it the manifest of what was installed, and is the table area where it was?",
				s->release->release);
	return err;
}

/* Everything was found: it is the active release, where it lies. */
static int rebuild_active(struct search *s, struct mtdl_reason *why)
{
	struct mtdl_release *release = s->release;
	struct mtdl *mtdl = s->mtdl;
	int err;

	mtdl_free(release->done);
	release->done = NULL;
	mtdl->active = mtdl_release_get(release);
	err = mtdl_place_manifest(mtdl, release, why);
	mtdl->active = NULL;
	if (!err)
		err = mtdl_format_write(mtdl, why);
	if (!err)
		err = mtdl_write_manifest(mtdl, release, why);
	mtdl->active = release;
	mtdl->security_floor = release->security_counter;
	return err ? err : mtdl_table_write(mtdl, why);
}

/* What was found is a candidate of an upgrade to the same release, on a flash without any. */
static int rebuild_candidate(struct search *s, const void *manifest, u32 manifest_size,
			     const void *signature, u32 signature_size, struct mtdl_reason *why)
{
	struct mtdl *mtdl = s->mtdl;
	struct mtdl_plan *plan = mtdl_alloc(sizeof(*plan));
	int err;

	if (!plan)
		return mtdl_fail(why, -ENOMEM, "no memory for a plan");
	/* not the release itself: its manifest is not on flash */
	memset(s->release->digest, 0, sizeof(s->release->digest));
	memset(s->release->manifest_map, 0xff,
	       2 * (size_t)s->release->manifest_blocks * sizeof(u32));
	mtdl->candidate = mtdl_release_get(s->release);
	err = mtdl_begin(mtdl, manifest, manifest_size, signature, signature_size,
			 MTDL_BEGIN_DRY_RUN, plan, why);
	mtdl->candidate = NULL;
	if (!err)
		err = mtdl_format_write(mtdl, why);
	mtdl->candidate = s->release;
	if (!err)
		err = mtdl_begin(mtdl, manifest, manifest_size, signature, signature_size,
				 MTDL_BEGIN_REPLACE, plan, why);
	if (!err)
		s->missing = plan->blocks;
	mtdl_free(plan);
	return err;
}

static void tell_found(const struct search *s, struct mtdl_recovered *found)
{
	found->blocks = s->release->block_total;
	found->missing = s->missing;
	if (found->at)
		memcpy(found->at, s->release->maps, (size_t)found->blocks * sizeof(u32));
}

static int recover(struct search *s, struct mtdl_flash *flash,
		   struct mtdl_format_options options, const struct mtdl_manifest *m, u8 *bytes,
		   u32 signature_size, struct mtdl_recovered *found, struct mtdl_reason *why)
{
	int err;

	options.block_size = m->block_size;
	options.compatible = m->compatible;
	err = mtdl_format_choose(s->mtdl, flash, &options, why);
	if (!err)
		err = mtdl_check_layers(s->mtdl, m, why);
	if (!err)
		err = mtdl_release_from_manifest(m, bytes, signature_size,
						 s->mtdl->geometry.block_shift, &s->release, why);
	if (!s->release)
		mtdl_bytes_put(bytes);
	if (!err)
		err = look(s, why);
	if (!err && s->missing)
		err = rebuild_candidate(s, bytes, m->length, bytes + m->length, signature_size,
					why);
	else if (!err)
		err = rebuild_active(s, why);
	if (!err)
		tell_found(s, found);
	return err;
}

int mtdl_recover(struct mtdl_flash *flash, const struct mtdl_format_options *options,
		 const void *manifest, u32 manifest_size,
		 const void *signature, u32 signature_size,
		 void (*progress)(void *ctx, u32 done, u32 total), void *ctx,
		 struct mtdl_recovered *found, struct mtdl_reason *why)
{
	struct search s = { .progress = progress, .ctx = ctx };
	struct mtdl_manifest *m = mtdl_alloc(sizeof(*m));
	u8 *bytes = mtdl_bytes_alloc((size_t)manifest_size + signature_size);
	int err;

	s.mtdl = mtdl_alloc(sizeof(*s.mtdl));
	if (m && bytes && s.mtdl) {
		memcpy(bytes, manifest, manifest_size);
		if (signature_size)
			memcpy(bytes + manifest_size, signature, signature_size);
		err = mtdl_manifest_parse(m, bytes, manifest_size, why);
	} else {
		err = mtdl_fail(why, -ENOMEM, "no memory for a manifest of %u bytes",
				manifest_size);
	}
	if (!err)
		err = recover(&s, flash, *options, m, bytes, signature_size, found, why);
	else
		mtdl_bytes_put(bytes);
	mtdl_free(s.taken);
	mtdl_release_put(s.release);
	if (s.mtdl)
		mtdl_detach(s.mtdl);
	mtdl_free(s.mtdl);
	mtdl_free(m);
	return err;
}

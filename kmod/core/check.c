// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Check: every invariant of the table, worked out again from what is attached.
 * Tests call it after every step; `layerctl verify` calls it before the data.
 */
#include "pool.h"
#include "release.h"
#include "snapshot.h"
#include "util.h"

/* A block of a release: in range, not the table's, used once, not retired if it @holds anything. */
static int check_block(struct mtdl *mtdl, const struct mtdl_release *release, u32 block,
		       bool holds, u32 *used, struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;

	if (block >= g->block_count)
		return mtdl_fail(why, -EUCLEAN, "release %s uses block %u, the flash has %u",
				 release->release, block, g->block_count);
	if (block >= g->table_start && block - g->table_start < g->table_blocks)
		return mtdl_fail(why, -EUCLEAN, "release %s uses block %u of the table area",
				 release->release, block);
	if (mtdl_bit(used, block))
		return mtdl_fail(why, -EUCLEAN, "release %s uses block %u twice",
				 release->release, block);
	if (holds && mtdl_bit(mtdl->retired, block))
		return mtdl_fail(why, -EUCLEAN, "release %s uses block %u, which is retired",
				 release->release, block);
	mtdl_set_bit(used, block);
	return 0;
}

static int check_manifest_copies(struct mtdl *mtdl, const struct mtdl_release *release,
				 struct mtdl_reason *why)
{
	u8 *bytes = mtdl_alloc((size_t)release->manifest_size + release->signature_size);
	u32 copy;
	int err = 0;

	if (!bytes)
		return mtdl_fail(why, -ENOMEM, "no memory for the manifest of release %s",
				 release->release);
	for (copy = 0; copy < 2 && !err; copy++) {
		err = mtdl_manifest_copy_check(mtdl, release, copy, bytes);
		if (err)
			mtdl_fail(why, err, "release %s: copy %u of its manifest is damaged",
				  release->release, copy);
	}
	mtdl_free(bytes);
	return err;
}

static int check_release(struct mtdl *mtdl, struct mtdl_release *release,
			 struct mtdl_reason *why)
{
	u32 *used = mtdl_alloc(4 * mtdl_bitmap_words(mtdl->geometry.block_count));
	u32 i, j;
	int err = 0;

	if (!used)
		return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				 mtdl->geometry.block_count);
	for (i = 0; i < release->layer_count && !err; i++) {
		const struct mtdl_layer *layer = &release->layers[i];
		bool incomplete = layer->flags & MTDL_LAYER_INCOMPLETE;

		for (j = 0; j < layer->block_count && !err; j++)
			err = check_block(mtdl, release, layer->map[j], !incomplete &&
					  (!release->done ||
					   mtdl_bit(release->done, layer->first + j)),
					  used, why);
	}
	for (i = 0; i < 2 * release->manifest_blocks && !err; i++)
		err = check_block(mtdl, release, release->manifest_map[i], true, used, why);
	mtdl_free(used);
	if (!err)
		err = mtdl_load_manifest(mtdl, release, why);
	if (!err)
		err = check_manifest_copies(mtdl, release, why);
	return err;
}

/* Which logical block of @release lies at a physical block; of a layer that can be read. */
static const struct mtdl_layer *owner(const struct mtdl_release *release, u32 block, u32 *logical)
{
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		/* what is being overwritten in place is nobody's any more */
		if (layer->flags & MTDL_LAYER_INCOMPLETE)
			continue;
		for (j = 0; j < layer->block_count; j++) {
			if (layer->map[j] == block) {
				*logical = j;
				return layer;
			}
		}
	}
	return NULL;
}

/* What two releases share must be the same logical block with the same bytes. */
static int check_shared(struct mtdl *mtdl, const struct mtdl_layer *layer, u32 index,
			struct mtdl_reason *why)
{
	u32 logical = 0;
	const struct mtdl_layer *other = owner(mtdl->active, layer->map[index], &logical);
	const struct mtdl_release *candidate = mtdl->candidate;

	if (!other)
		return 0;
	if (strcmp(other->name, layer->name) || logical != index ||
	    mtdl_block_bytes(other->size, index, mtdl->geometry.block_size) !=
	    mtdl_block_bytes(layer->size, index, mtdl->geometry.block_size) ||
	    memcmp(other->digests + (size_t)logical * MTDL_DIGEST_SIZE,
		   layer->digests + (size_t)index * MTDL_DIGEST_SIZE, MTDL_DIGEST_SIZE))
		return mtdl_fail(why, -EUCLEAN,
				 "block %u serves layer %s of release %s and layer %s of release %s, which differ there",
				 layer->map[index], other->name, mtdl->active->release,
				 layer->name, candidate->release);
	if (candidate->done && !mtdl_bit(candidate->done, layer->first + index))
		return mtdl_fail(why, -EUCLEAN,
				 "block %u serves release %s and is still to be written for release %s",
				 layer->map[index], mtdl->active->release, candidate->release);
	return 0;
}

static int check_pair(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_release *candidate = mtdl->candidate;
	u32 i, j, logical;
	int err = 0;

	for (i = 0; i < candidate->layer_count; i++)
		for (j = 0; j < candidate->layers[i].block_count && !err; j++)
			err = check_shared(mtdl, &candidate->layers[i], j, why);
	for (i = 0; i < 2 * candidate->manifest_blocks && !err; i++)
		if (owner(mtdl->active, candidate->manifest_map[i], &logical))
			err = mtdl_fail(why, -EUCLEAN,
					"block %u holds a manifest of release %s and data of release %s",
					candidate->manifest_map[i], candidate->release,
					mtdl->active->release);
	for (i = 0; i < 2 * mtdl->active->manifest_blocks && !err; i++)
		if (owner(candidate, mtdl->active->manifest_map[i], &logical))
			err = mtdl_fail(why, -EUCLEAN,
					"block %u holds a manifest of release %s and data of release %s",
					mtdl->active->manifest_map[i], mtdl->active->release,
					candidate->release);
	return err;
}

/* A boot loader reads a pinned layer raw: on trial, all of it is at home. */
static int check_pinned(const struct mtdl_release *release, struct mtdl_reason *why)
{
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		if (!(layer->policy & MTDL_POLICY_PINNED))
			continue;
		for (j = 0; j < layer->block_count; j++)
			if (layer->map[j] != layer->slot_start + j)
				return mtdl_fail(why, -EUCLEAN,
						 "block %u of pinned layer %s of release %s lies at block %u, away from home",
						 j, layer->name, release->release, layer->map[j]);
	}
	return 0;
}

/* While homes of pinned layers are being written, nothing that lives is in them. */
static int check_installing(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_release *candidate = mtdl->candidate;
	u32 i, j, logical;

	for (i = 0; i < candidate->layer_count; i++) {
		const struct mtdl_layer *layer = &candidate->layers[i];

		for (j = 0; (layer->policy & MTDL_POLICY_PINNED) && j < layer->block_count; j++) {
			u32 home = layer->slot_start + j;

			if (layer->map[j] != home && (owner(mtdl->active, home, &logical) ||
						      owner(candidate, home, &logical)))
				return mtdl_fail(why, -EUCLEAN,
						 "block %u is to be written for pinned layer %s of release %s, and is in use",
						 home, layer->name, candidate->release);
		}
	}
	return 0;
}

static int check_state(const struct mtdl *mtdl, struct mtdl_reason *why)
{
	bool staging = mtdl->state == MTDL_STATE_STAGING;
	bool trial = mtdl->state == MTDL_STATE_TRIAL;
	bool both = trial || mtdl->state == MTDL_STATE_INSTALLING;
	bool idle = mtdl->state == MTDL_STATE_IDLE;

	if (!mtdl->candidate != idle || (both && !mtdl->active) ||
	    (both && mtdl_has_incomplete(mtdl->active)) ||
	    (mtdl->candidate && !mtdl->candidate->done == staging))
		return mtdl_fail(why, -EUCLEAN, "state %u does not fit the releases that there are",
				 mtdl->state);
	if (mtdl->attempts_used > mtdl->attempts_max ||
	    !mtdl->attempts_max == trial)
		return mtdl_fail(why, -EUCLEAN, "%u of %u attempts used do not fit state %u",
				 mtdl->attempts_used, mtdl->attempts_max, mtdl->state);
	if (mtdl->active && mtdl->active->security_counter < mtdl->security_floor)
		return mtdl_fail(why, -EUCLEAN,
				 "release %s has security counter %u, below the floor of %u",
				 mtdl->active->release, mtdl->active->security_counter,
				 mtdl->security_floor);
	if (mtdl->secure && !mtdl->read_only &&
	    (mtdl->in_force[0] == MTDL_NO_BLOCK || mtdl->in_force[1] == MTDL_NO_BLOCK ||
	     mtdl->in_force[0] == mtdl->in_force[1]))
		return mtdl_fail(why, -EUCLEAN,
				 "the state in force does not stand in two table units");
	return 0;
}

int mtdl_check(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err = check_state(mtdl, why);

	if (!err && mtdl->active)
		err = check_release(mtdl, mtdl->active, why);
	if (!err && mtdl->candidate)
		err = check_release(mtdl, mtdl->candidate, why);
	if (!err && mtdl->state == MTDL_STATE_TRIAL)
		err = check_pinned(mtdl->candidate, why);
	if (!err && mtdl->state == MTDL_STATE_INSTALLING)
		err = check_installing(mtdl, why);
	if (!err && mtdl->active && mtdl->candidate)
		err = check_pair(mtdl, why);
	return err;
}

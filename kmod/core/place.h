/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Placement: where the blocks of a new release go.
 */
#ifndef MTDL_PLACE_H
#define MTDL_PLACE_H

#include "mtdl.h"
#include "pool.h"

/**
 * mtdl_release_from_manifest() - a release that is not yet anywhere on flash
 * @m: parsed
 * @bytes: manifest and signature, of which @m was parsed; taken over on success
 * @signature_size: bytes of the signature
 * @block_shift: log2 of the block size
 * @out: the release, nothing of it done, every block MTDL_NO_BLOCK
 * @why: reason of a failure
 *
 * Return: 0 or -ENOMEM.
 */
int mtdl_release_from_manifest(const struct mtdl_manifest *m, u8 *bytes, u32 signature_size,
			       u32 block_shift, struct mtdl_release **out,
			       struct mtdl_reason *why);

/**
 * mtdl_place_manifest() - choose blocks for the two copies of a manifest
 * @mtdl: attached
 * @release: from mtdl_release_from_manifest()
 * @why: reason of a refusal
 *
 * The copies are written before the table knows of them, so they leave alone what
 * the table knows: also the candidate that may give way, and layers that are to be written
 * over in place.
 *
 * Moves @mtdl->cursor.
 *
 * Return: 0, -ENOSPC, -ENOMEM or an error of the flash.
 */
int mtdl_place_manifest(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_reason *why);

/**
 * mtdl_place() - choose a block for every logical block
 * @mtdl: attached; active's and the old candidate's digests loaded where they can be
 * @release: its manifest is placed
 * @whole: active as it can still be read: @mtdl->active, or, where layers are to be written
 *	over in place, what it was before these were flagged as incomplete
 * @plan: @missing, @aside, @free_after, @reserve are filled in
 * @why: reason of a refusal
 *
 * Blocks that @whole has with the same name, number and digest are shared and done.
 * Blocks that the old candidate has so are adopted, done if it had them done.
 * Others go home if nothing lives there, else into the pool: also those of pinned
 * layers, which commit installs.  A layer that outgrew its slot and is to move as a whole gets
 * a row of blocks.
 *
 * Moves @mtdl->cursor.
 *
 * Return: 0, -ENOSPC (@plan->missing blocks do not fit), -EIO (a pinned layer's home is bad),
 * -ENOMEM.
 */
int mtdl_place(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_release *whole,
	       struct mtdl_plan *plan, struct mtdl_reason *why);

/**
 * mtdl_place_run() - choose another row of blocks for a layer that moves as a whole
 * @mtdl: in state staging
 * @layer: of the candidate; nothing of it is done afterwards
 * @why: reason of a refusal
 *
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int mtdl_place_run(struct mtdl *mtdl, struct mtdl_layer *layer, struct mtdl_reason *why);

/** mtdl_moves_whole() - whether a layer outgrew its slot and lies in a row elsewhere */
static inline bool mtdl_moves_whole(const struct mtdl_layer *layer)
{
	return (layer->policy & MTDL_POLICY_OVERFLOW_MOVE) &&
	       layer->block_count > layer->slot_blocks;
}

/** mtdl_same_block() - the block that @old has under the same name, number, length and digest */
u32 mtdl_same_block(struct mtdl_release *old, const struct mtdl_layer *layer, u32 block,
		    u32 block_size, bool *done);

/** mtdl_plan_count() - fill in what @plan says of blocks to write, from @release */
void mtdl_plan_count(const struct mtdl *mtdl, const struct mtdl_release *release,
		     struct mtdl_plan *plan);

#endif

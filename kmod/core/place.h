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
 * mtdl_place() - choose a block for every logical block and manifest copy
 * @mtdl: attached; active's and the old candidate's digests loaded where they can be
 * @release: from mtdl_release_from_manifest()
 * @plan: @missing, @free_after and the layer count are filled in
 * @why: reason of a refusal
 *
 * Blocks that active has with the same name, number and digest are shared and done.
 * Blocks that the old candidate has so are adopted, done if it had them done.
 * Others go home if nothing lives there, else into the pool.
 *
 * Moves @mtdl->cursor.
 *
 * Return: 0, -ENOSPC (@plan->missing blocks do not fit), -ENOMEM.
 */
int mtdl_place(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_plan *plan,
	       struct mtdl_reason *why);

/**
 * mtdl_place_manifest() - choose blocks for the two copies of a manifest alone
 * @mtdl: attached
 * @release: from mtdl_release_from_manifest()
 * @plan: @missing is added to
 * @why: reason of a failure
 *
 * The copies are written before the table knows of them, so they leave alone what
 * the table knows, the candidate that may give way included.
 *
 * Return: 0, -ENOMEM or an error of the flash.
 */
int mtdl_place_manifest(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_plan *plan, struct mtdl_reason *why);

/** mtdl_plan_count() - fill in what @plan says of blocks to write, from @release */
void mtdl_plan_count(const struct mtdl *mtdl, const struct mtdl_release *release,
		     struct mtdl_plan *plan);

/** mtdl_is_home() - whether a logical block lies at its preset address */
static inline bool mtdl_is_home(const struct mtdl_layer *layer, u32 block)
{
	return block < layer->slot_blocks && layer->map[block] == layer->slot_start + block;
}

#endif

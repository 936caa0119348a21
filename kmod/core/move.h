/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Moving blocks: copies first, then one snapshot that says where they are now.
 *
 * Moves are made in clones of active and candidate (@mtdl->moving), which take their
 * places when they are recorded.  Until then the blocks that are copied to are used by
 * the clones, and those that are copied from by the releases.
 */
#ifndef MTDL_MOVE_H
#define MTDL_MOVE_H

#include "mtdl.h"

/** Which release of @mtdl->moving. */
enum mtdl_side {
	MTDL_SIDE_ACTIVE,
	MTDL_SIDE_CANDIDATE,
};

/**
 * mtdl_move_side() - a release with the moves that were made so far, to look at
 * @mtdl: attached
 * @side: which
 *
 * Return: it, or NULL if there is none.
 */
struct mtdl_release *mtdl_move_side(const struct mtdl *mtdl, enum mtdl_side side);

/**
 * mtdl_move_change() - the same, to change
 * @mtdl: attached, with that release
 * @side: which
 * @why: reason of a failure
 *
 * Return: it, or NULL: no memory.
 */
struct mtdl_release *mtdl_move_change(struct mtdl *mtdl, enum mtdl_side side,
				      struct mtdl_reason *why);

/** struct mtdl_owner - what a block holds: a logical block of @layer, or a part of a manifest */
struct mtdl_owner {
	struct mtdl_layer *layer;	/* NULL: manifest */
	u32 index;			/* logical block; or entry of the manifest's map */
};

/** mtdl_owner_find() - what @release has in @block; false if nothing that can be read */
bool mtdl_owner_find(const struct mtdl_release *release, u32 block, struct mtdl_owner *owner);

/**
 * mtdl_move_begin() - begin to copy a block
 * @mtdl: secure; no move is under way
 * @what: why
 * @side: the release that has something in @from; its manifest is loaded
 * @from: block
 * @to: block that nothing uses
 * @why: reason of a failure
 *
 * Return: 0 or -ENOMEM.
 */
int mtdl_move_begin(struct mtdl *mtdl, enum mtdl_move_kind what, enum mtdl_side side,
		    u32 from, u32 to, struct mtdl_reason *why);

/**
 * mtdl_move_step() - copy the next eraseblock
 * @mtdl: a move is under way
 * @why: reason of a failure
 *
 * Return: 1 (there is more of it); 0: done, and what was copied is what the manifest names;
 * -EBADMSG: what was to be copied is not (and is remembered as damaged); -EIO: the cells
 * copied to failed twice; or another error of the flash.  Unless it is 1, the move is over.
 */
int mtdl_move_step(struct mtdl *mtdl, struct mtdl_reason *why);

/** mtdl_move_all() - mtdl_move_begin(), and all steps */
int mtdl_move_all(struct mtdl *mtdl, enum mtdl_move_kind what, enum mtdl_side side,
		  u32 from, u32 to, struct mtdl_reason *why);

/**
 * mtdl_move_made() - a copy is good: @release has it now
 * @mtdl: attached
 * @release: from mtdl_move_change()
 * @from: block
 * @to: block
 */
void mtdl_move_made(struct mtdl *mtdl, struct mtdl_release *release, u32 from, u32 to);

/** mtdl_move_put_in_place() - in memory, moves take effect; a copy under way is given up */
void mtdl_move_put_in_place(struct mtdl *mtdl);

/** mtdl_move_forget() - give up moves that are not recorded, and the copy that is under way */
void mtdl_move_forget(struct mtdl *mtdl);

#endif

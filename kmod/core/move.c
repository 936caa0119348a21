// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Moving blocks: copies first, then one snapshot that says where they are now.
 *
 * A block is copied eraseblock by eraseblock, so that whoever does it in the
 * background can pause between any two.  Nothing but memory knows of a copy until
 * it is recorded: a cut costs the work, and nothing else.
 */
#include "block.h"
#include "move.h"
#include "read.h"
#include "release.h"
#include "table.h"
#include "util.h"

static struct mtdl_release *recorded(const struct mtdl *mtdl, enum mtdl_side side)
{
	return side == MTDL_SIDE_ACTIVE ? mtdl->active : mtdl->candidate;
}

struct mtdl_release *mtdl_move_side(const struct mtdl *mtdl, enum mtdl_side side)
{
	return mtdl->moving[side] ? mtdl->moving[side] : recorded(mtdl, side);
}

struct mtdl_release *mtdl_move_change(struct mtdl *mtdl, enum mtdl_side side,
				      struct mtdl_reason *why)
{
	if (!mtdl->moving[side])
		mtdl->moving[side] = mtdl_release_clone(recorded(mtdl, side));
	if (!mtdl->moving[side])
		mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
			  recorded(mtdl, side)->block_total);
	return mtdl->moving[side];
}

bool mtdl_owner_find(const struct mtdl_release *release, u32 block, struct mtdl_owner *owner)
{
	u32 i, j;

	for (i = 0; release && i < release->layer_count; i++) {
		struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; j < layer->block_count; j++) {
			if (layer->map[j] != block)
				continue;
			owner->layer = layer;
			owner->index = j;
			return !(layer->flags & MTDL_LAYER_INCOMPLETE) &&
			       (!release->done || mtdl_bit(release->done, layer->first + j));
		}
	}
	for (i = 0; release && i < 2 * release->manifest_blocks; i++) {
		if (release->manifest_map[i] != block)
			continue;
		owner->layer = NULL;
		owner->index = i;
		return true;
	}
	return false;
}

static void end_move(struct mtdl *mtdl)
{
	mtdl_free(mtdl->move.copy);
	memset(&mtdl->move, 0, sizeof(mtdl->move));
}

int mtdl_move_begin(struct mtdl *mtdl, enum mtdl_move_kind what, enum mtdl_side side,
		    u32 from, u32 to, struct mtdl_reason *why)
{
	const struct mtdl_release *release = mtdl_move_side(mtdl, side);
	u32 block_size = mtdl->geometry.block_size;
	struct mtdl_move *move = &mtdl->move;
	struct mtdl_owner owner;

	if (!mtdl_owner_find(release, from, &owner))
		return mtdl_fail(why, -EINVAL, "block %u holds nothing to move", from);
	move->copy = mtdl_alloc(mtdl->geometry.erase_size);
	if (!move->copy)
		return mtdl_fail(why, -ENOMEM, "no memory for an eraseblock of %u bytes",
				 mtdl->geometry.erase_size);
	move->what = what;
	move->from = from;
	move->to = to;
	move->layer = owner.layer;
	move->index = owner.index;
	if (owner.layer) {
		move->layer_index = (u32)(owner.layer - release->layers);
		move->length = mtdl_block_bytes(owner.layer->size, owner.index, block_size);
	} else {
		u32 part = owner.index % release->manifest_blocks;
		u32 at = part << mtdl->geometry.block_shift;
		u32 left = release->manifest_size + release->signature_size - at;

		move->memory = release->manifest ? release->manifest + at : NULL;
		move->length = left < block_size ? left : block_size;
	}
	return 0;
}

/* Fills @move->copy with the next eraseblock's bytes. */
static int fetch(struct mtdl *mtdl, u32 length)
{
	struct mtdl_move *move = &mtdl->move;
	u64 off = ((u64)move->from << mtdl->geometry.block_shift) + move->at;
	int err;

	if (move->memory) {
		memcpy(move->copy, move->memory + move->at, length);
		return 0;
	}
	err = mtdl->flash->ops->read(mtdl->flash, off, move->copy, length);
	/* who gives it up for damaged may be about to overwrite it: once is no proof */
	if (err == -EBADMSG)
		err = mtdl->flash->ops->read(mtdl->flash, off, move->copy, length);
	return err == -EUCLEAN ? 0 : mtdl_read_error(err);
}

static int store(struct mtdl *mtdl, u32 length)
{
	struct mtdl_move *move = &mtdl->move;
	u64 off = ((u64)move->to << mtdl->geometry.block_shift) + move->at;
	int err = mtdl_erase_range(mtdl, off, mtdl->geometry.erase_size);

	if (err || !length)
		return err;
	return mtdl_program_checked(mtdl, off, move->copy, length);
}

static int copy_eraseblock(struct mtdl *mtdl)
{
	struct mtdl_move *move = &mtdl->move;
	u32 erase_size = mtdl->geometry.erase_size;
	u32 length = move->at < move->length ? move->length - move->at : 0;
	int err;

	if (length > erase_size)
		length = erase_size;
	err = length ? fetch(mtdl, length) : 0;
	if (err)
		return err;
	err = store(mtdl, length);
	if (mtdl_is_worn(err))
		err = store(mtdl, length);
	move->at += erase_size;
	return err;
}

/* The whole block is there: is it what the manifest names?  What was copied may not have been. */
static int verify_copy(struct mtdl *mtdl)
{
	const struct mtdl_move *move = &mtdl->move;
	int err;

	/* without digests, that it was read back has to do */
	if (!move->layer || !move->layer->digests)
		return 0;
	err = mtdl_verify_at(mtdl->flash, &mtdl->geometry, move->layer, move->index, move->to,
			     mtdl->buffer, mtdl->geometry.block_size);
	if (err != -EBADMSG)
		return err == -EUCLEAN ? 0 : mtdl_read_error(err);
	/* which of the two is it that is damaged? */
	err = mtdl_verify_at(mtdl->flash, &mtdl->geometry, move->layer, move->index, move->from,
			     mtdl->buffer, mtdl->geometry.block_size);
	return err && err != -EUCLEAN ? mtdl_read_error(err) : -EIO;
}

int mtdl_move_step(struct mtdl *mtdl, struct mtdl_reason *why)
{
	struct mtdl_move *move = &mtdl->move;
	int err = copy_eraseblock(mtdl);

	if (!err && move->at < mtdl->geometry.block_size)
		return 1;
	if (!err) {
		err = verify_copy(mtdl);
		/* as for all cells that fail: once more, before they are suspects */
		if (mtdl_is_worn(err) && !move->again) {
			move->again = true;
			move->at = 0;
			return 1;
		}
	}
	if (!err)
		mtdl_block_written(mtdl, move->to);
	if (err == -EBADMSG) {
		mtdl_fail(why, err,
			  "block %u (logical block %u of layer %s) does not hold what the manifest names, so it cannot be moved: apply a release that has other bytes there",
			  move->from, move->index, move->layer ? move->layer->name : "(none)");
		/* who does not remember it would come back to it for ever */
		if (mtdl_block_damaged(mtdl, move->from, move->layer_index, move->index))
			err = -ENOMEM;
	} else if (err) {
		mtdl_fail(why, err, "block %u cannot be copied to block %u (error %d)",
			  move->from, move->to, err);
	}
	end_move(mtdl);
	return err;
}

int mtdl_move_all(struct mtdl *mtdl, enum mtdl_move_kind what, enum mtdl_side side,
		  u32 from, u32 to, struct mtdl_reason *why)
{
	int err = mtdl_move_begin(mtdl, what, side, from, to, why);

	if (err)
		return err;
	do {
		err = mtdl_move_step(mtdl, why);
	} while (err > 0);
	return err;
}

static void replace(u32 *map, u32 count, u32 from, u32 to)
{
	for (; count; count--, map++)
		if (*map == from)
			*map = to;
}

void mtdl_move_made(struct mtdl *mtdl, struct mtdl_release *release, u32 from, u32 to)
{
	replace(release->maps, release->block_total, from, to);
	replace(release->manifest_map, 2 * release->manifest_blocks, from, to);
	mtdl->moves++;
}

void mtdl_move_put_in_place(struct mtdl *mtdl)
{
	end_move(mtdl);
	if (mtdl->moving[MTDL_SIDE_ACTIVE]) {
		mtdl_release_put(mtdl->active);
		mtdl->active = mtdl->moving[MTDL_SIDE_ACTIVE];
	}
	if (mtdl->moving[MTDL_SIDE_CANDIDATE]) {
		mtdl_release_put(mtdl->candidate);
		mtdl->candidate = mtdl->moving[MTDL_SIDE_CANDIDATE];
	}
	mtdl->moving[MTDL_SIDE_ACTIVE] = NULL;
	mtdl->moving[MTDL_SIDE_CANDIDATE] = NULL;
	mtdl->moves = 0;
}

void mtdl_move_forget(struct mtdl *mtdl)
{
	mtdl_release_put(mtdl->moving[MTDL_SIDE_ACTIVE]);
	mtdl_release_put(mtdl->moving[MTDL_SIDE_CANDIDATE]);
	mtdl->moving[MTDL_SIDE_ACTIVE] = NULL;
	mtdl->moving[MTDL_SIDE_CANDIDATE] = NULL;
	mtdl->moves = 0;
	end_move(mtdl);
}

struct mtdl_release *mtdl_moved(const struct mtdl *mtdl)
{
	if (mtdl->exposed != mtdl->active && mtdl_is_exposed(mtdl, mtdl->active))
		return mtdl->active;
	if (mtdl->exposed != mtdl->candidate && mtdl_is_exposed(mtdl, mtdl->candidate))
		return mtdl->candidate;
	return NULL;
}

void mtdl_follow(struct mtdl *mtdl)
{
	struct mtdl_release *moved = mtdl_release_get(mtdl_moved(mtdl));

	if (!moved)
		return;
	mtdl_release_put(mtdl->exposed);
	mtdl->exposed = moved;
}

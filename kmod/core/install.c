// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Installing: a boot loader that knows nothing but addresses reads a pinned layer in its
 * slot, so that is where the candidate's has to be when its trial begins.
 *
 * The candidate was staged elsewhere.  Commit first copies aside whatever lies in the
 * homes that are to be written; the snapshot that says so is state installing, in which
 * active is whole, at its copies, and so is the candidate, where it was staged.  Then the
 * homes are written, and one more snapshot begins the trial.  A cut in between costs
 * the work: the homes are written again.
 */
#include "block.h"
#include "defect.h"
#include "move.h"
#include "place.h"
#include "pool.h"
#include "release.h"
#include "table.h"
#include "upgrade.h"
#include "util.h"

/* The next block of a pinned layer that is not at home, from *@layer and *@block on. */
static bool next_to_install(const struct mtdl_release *release, u32 *layer, u32 *block)
{
	for (; *layer < release->layer_count; ++*layer, *block = 0) {
		const struct mtdl_layer *l = &release->layers[*layer];

		if (!(l->policy & MTDL_POLICY_PINNED))
			continue;
		for (; *block < l->block_count; ++*block)
			if (l->map[*block] != l->slot_start + *block)
				return true;
	}
	return false;
}

bool mtdl_is_installed(const struct mtdl_release *release)
{
	u32 layer = 0, block = 0;

	return !next_to_install(release, &layer, &block);
}

static int take_spare(struct mtdl *mtdl, u32 *block, struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	int err = mtdl_pool_init(&pool, mtdl, NULL, why);

	if (!err) {
		mtdl_pool_add_slots(&pool, mtdl->candidate);
		*block = mtdl_pool_take(&pool);
		if (*block == MTDL_NO_BLOCK)
			err = mtdl_fail(why, -ENOSPC,
					"no free block is left to move aside what lies in the slots of pinned layers: abort release %s, and apply a smaller one",
					mtdl->candidate->release);
		else
			mtdl->cursor = pool.cursor;
	}
	mtdl_pool_destroy(&pool);
	return err;
}

/* Begins to copy what lies in @home elsewhere; 0 if nothing does that has to. */
static int begin_aside(struct mtdl *mtdl, u32 home, struct mtdl_reason *why)
{
	struct mtdl_owner owner;
	u32 side, to;
	int err;

	for (side = MTDL_SIDE_ACTIVE; side <= MTDL_SIDE_CANDIDATE; side++) {
		if (!mtdl_owner_find(mtdl_move_side(mtdl, side), home, &owner))
			continue;
		err = take_spare(mtdl, &to, why);
		if (!err)
			err = mtdl_move_begin(mtdl, MTDL_MOVE_ASIDE, side, home, to, why);
		return err ? err : 1;
	}
	return 0;
}

/* What was copied aside is there now, for every release that had it in @home. */
static int finish_aside(struct mtdl *mtdl, u32 home, u32 to, struct mtdl_reason *why)
{
	struct mtdl_owner owner;
	u32 side;

	for (side = MTDL_SIDE_ACTIVE; side <= MTDL_SIDE_CANDIDATE; side++) {
		struct mtdl_release *release;

		if (!mtdl_owner_find(mtdl_move_side(mtdl, side), home, &owner))
			continue;
		release = mtdl_move_change(mtdl, side, why);
		if (!release)
			return -ENOMEM;
		mtdl_move_made(mtdl, release, home, to);
	}
	return mtdl_block_convict(mtdl, why) ? : 1;
}

static int step_aside(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u32 from = mtdl->move.from, to = mtdl->move.to;
	int err = mtdl_move_step(mtdl, why);

	if (mtdl_is_worn(err))
		return mtdl_block_suspect(mtdl, to, why) ? : 1;
	/* what is damaged cannot be copied, and is no reason to keep out what replaces it */
	return err && err != -EBADMSG ? err : finish_aside(mtdl, from, to, why);
}

/*
 * Makes room in the homes that are to be written, in memory and in blocks that are free:
 * 1 while there is more to do.
 */
static int make_room(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_release *candidate = mtdl_move_side(mtdl, MTDL_SIDE_CANDIDATE);
	struct mtdl_owner owner;
	u32 layer = 0, block = 0;
	int err = 0;

	for (; !err && next_to_install(candidate, &layer, &block); block++) {
		u32 home = candidate->layers[layer].slot_start + block;

		if (MTDL_DEFECT(INSTALL_OVER_ACTIVE))
			continue;
		if (!mtdl_is_exposed(mtdl, mtdl->active) && !mtdl_is_exposed(mtdl, candidate) &&
		    mtdl_owner_find(mtdl->exposed, home, &owner))
			return mtdl_fail(why, -EBUSY,
					 "release %s, which was dropped but is still running, has block %u, in the slot of pinned layer %s: reboot, then commit again",
					 mtdl->exposed->release, home,
					 candidate->layers[layer].name);
		err = begin_aside(mtdl, home, why);
	}
	return err;
}

int mtdl_install(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	if (mtdl_is_installed(mtdl->candidate)) {
		mtdl_complete_candidate(mtdl);
		mtdl_begin_trial(mtdl);
		return mtdl_table_write(mtdl, why);
	}
	err = mtdl_load_manifest(mtdl, mtdl->active, why);
	/* what nobody can verify any more is copied as it is */
	if (err == -EBADMSG)
		err = 0;
	if (!err && mtdl->move.what == MTDL_MOVE_ASIDE)
		err = step_aside(mtdl, why);
	else if (!err)
		err = make_room(mtdl, why);
	if (!err)
		err = mtdl_block_convict(mtdl, why);
	if (err < 0)
		mtdl_move_forget(mtdl);
	if (err)
		return err;
	mtdl_move_put_in_place(mtdl);
	mtdl_complete_candidate(mtdl);
	mtdl_set_state(mtdl, MTDL_STATE_INSTALLING);
	return mtdl_table_write(mtdl, why);
}

/* The candidate cannot be installed: active stays, where it is. */
static int give_up(struct mtdl *mtdl, int error, struct mtdl_reason *why)
{
	mtdl_move_forget(mtdl);
	mtdl_drop_candidate(mtdl, MTDL_OUTCOME_FAILED);
	mtdl->outcome.error = -error;
	/* that the table can be written shows that the home was to blame */
	return mtdl_table_write(mtdl, why) ? : mtdl_block_convict(mtdl, why);
}

/* 0 if @home can be written, 1 if it is bad, or why it cannot be written now. */
static int check_home(struct mtdl *mtdl, u32 home, struct mtdl_reason *why)
{
	struct mtdl_owner owner;
	int bad = mtdl_block_is_bad(mtdl, home);

	if (bad)
		return bad;
	if (MTDL_DEFECT(INSTALL_OVER_ACTIVE))
		return 0;
	if (mtdl_owner_find(mtdl->exposed, home, &owner) ||
	    mtdl_owner_find(mtdl->active, home, &owner))
		return mtdl_fail(why, -EBUSY,
				 "block %u, in the slot of a pinned layer, is still being read",
				 home);
	return 0;
}

static int finish_home(struct mtdl *mtdl, u32 from, u32 to, struct mtdl_reason *why)
{
	struct mtdl_release *candidate = mtdl_move_change(mtdl, MTDL_SIDE_CANDIDATE, why);

	if (!candidate)
		return -ENOMEM;
	mtdl_move_made(mtdl, candidate, from, to);
	return 1;
}

/* Goes on with the home that is being written. */
static int step_home(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u32 from = mtdl->move.from, to = mtdl->move.to;
	int err = mtdl_move_step(mtdl, why);

	if (!err)
		return finish_home(mtdl, from, to, why);
	if (mtdl_is_worn(err))
		mtdl_block_suspect(mtdl, to, NULL);
	return mtdl_is_worn(err) || err == -EBADMSG ? give_up(mtdl, err, why) : err;
}

/* Begins with the next home, or, if all are written, the trial. */
static int next_home(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_release *candidate = mtdl_move_side(mtdl, MTDL_SIDE_CANDIDATE);
	u32 layer = 0, block = 0, home;
	int err;

	if (!next_to_install(candidate, &layer, &block)) {
		mtdl_move_put_in_place(mtdl);
		mtdl_begin_trial(mtdl);
		return mtdl_table_write(mtdl, why);
	}
	home = candidate->layers[layer].slot_start + block;
	err = check_home(mtdl, home, why);
	if (err > 0)
		return give_up(mtdl, -EIO, why);
	if (err)
		return err;
	return mtdl_move_begin(mtdl, MTDL_MOVE_INSTALL, MTDL_SIDE_CANDIDATE,
			       candidate->layers[layer].map[block], home, why);
}

int mtdl_install_step(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err = mtdl_table_secure(mtdl, why);

	if (err)
		return err;
	if (mtdl->move.what == MTDL_MOVE_INSTALL) {
		err = step_home(mtdl, why);
	} else {
		err = mtdl_load_manifest(mtdl, mtdl->candidate, why);
		/* without it nothing can be installed, nor tried */
		if (err == -EBADMSG)
			err = give_up(mtdl, err, why);
		else if (!err)
			err = next_home(mtdl, why);
	}
	return err < 0 ? err : 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What is done in the background, a step at a time.
 *
 * Settling brings the blocks of the active release home.  First those whose home is free;
 * when there is none left, something else lies in each home that is wanted, and one
 * such block is evicted: that makes one more home free, so it ends.  A home is written only
 * when the table says that it is free and nobody reads by an older map.
 *
 * Scrubbing moves a block whose bits had to be corrected, in every release that has
 * it, by one snapshot.  If it was at home, settling brings it back there, on cells that
 * were erased for it.
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

/* Blocks moved between two snapshots that record them. */
#define BATCH	16U

static void tell(struct mtdl *mtdl, enum mtdl_event event, u32 a, u32 b)
{
	if (mtdl->notify)
		mtdl->notify(mtdl->notify_ctx, event, a, b);
}

/* ---- settling ---- */

static bool is_settled(const struct mtdl_layer *layer)
{
	return layer->policy & MTDL_POLICY_LAZY;
}

/* Blocks that settling could bring home. */
static u32 count_settleable(const struct mtdl_release *release)
{
	u32 count = 0;
	u32 i;

	for (i = 0; release && i < release->layer_count; i++)
		if (!is_settled(&release->layers[i]))
			count += mtdl_count_away(&release->layers[i]);
	return count;
}

/*
 * A block that may go to @home: *@from; @evict: a block that has to leave @home first.  The
 * row of a layer that outgrew its slot gives way to everything else: nothing is evicted for
 * it, and what lies in a slot of another layer is no home of it any more.
 */
static bool pick_from(struct mtdl *mtdl, struct mtdl_pool *pool, const struct mtdl_layer *layer,
		      u32 block, u32 home, bool evict, u32 *from, u32 *to)
{
	const struct mtdl_release *active = mtdl_move_side(mtdl, MTDL_SIDE_ACTIVE);
	struct mtdl_owner owner;

	if (home >= pool->block_count || mtdl_damaged(mtdl, block))
		return false;
	if (mtdl_moves_whole(layer) && (evict || mtdl_bit(pool->slots, home)))
		return false;
	if (!evict) {
		*from = block;
		*to = home;
		return !mtdl_bit(pool->used, home);
	}
	if (!mtdl_bit(pool->used, home) || mtdl_damaged(mtdl, home) ||
	    !mtdl_owner_find(active, home, &owner))
		return false;
	*from = home;
	*to = MTDL_NO_BLOCK;
	if (owner.layer) {
		struct mtdl_homes homes = mtdl_homes(owner.layer);
		u32 own = homes.start + owner.index;

		if (owner.index < homes.count && own < pool->block_count &&
		    !mtdl_moves_whole(owner.layer) && !mtdl_bit(pool->used, own))
			*to = own;
	}
	if (*to == MTDL_NO_BLOCK)
		*to = mtdl_pool_take(pool);
	return *to != MTDL_NO_BLOCK;
}

/* What to copy next, pinned layers first: 1 and *@from, *@to; 0: nothing. */
static bool pick_settle(struct mtdl *mtdl, struct mtdl_pool *pool, bool evict, u32 *from, u32 *to)
{
	const struct mtdl_release *active = mtdl_move_side(mtdl, MTDL_SIDE_ACTIVE);
	u32 pass, i, j;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < active->layer_count; i++) {
			const struct mtdl_layer *layer = &active->layers[i];
			struct mtdl_homes homes;

			if (!(layer->policy & MTDL_POLICY_PINNED) == !pass || is_settled(layer))
				continue;
			homes = mtdl_homes(layer);
			for (j = 0; j < homes.count; j++)
				if (!mtdl_at_home(homes, layer, j) &&
				    pick_from(mtdl, pool, layer, layer->map[j], homes.start + j,
					      evict, from, to))
					return true;
		}
	}
	return false;
}

/* ---- scrubbing ---- */

/* What is needed at its place for a boot that may come at any moment stays there. */
static bool must_stay(const struct mtdl *mtdl, const struct mtdl_owner *in_candidate)
{
	return mtdl->state == MTDL_STATE_TRIAL && in_candidate->layer &&
	       (in_candidate->layer->policy & MTDL_POLICY_PINNED);
}

static bool pick_scrub(struct mtdl *mtdl, struct mtdl_pool *pool, u32 *from, u32 *to,
		       enum mtdl_side *side)
{
	u32 i;

	for (i = 0; mtdl->scrub && i < pool->block_count; i++) {
		struct mtdl_owner owner = { 0 };
		bool active, candidate;

		if (!mtdl_bit(mtdl->scrub, i))
			continue;
		active = mtdl_owner_find(mtdl_move_side(mtdl, MTDL_SIDE_ACTIVE), i, &owner);
		candidate = mtdl_owner_find(mtdl_move_side(mtdl, MTDL_SIDE_CANDIDATE), i, &owner);
		if ((!active && !candidate) || mtdl_damaged(mtdl, i)) {
			mtdl_clear_bit(mtdl->scrub, i);
			continue;
		}
		if (candidate && must_stay(mtdl, &owner))
			continue;
		*from = i;
		*side = active ? MTDL_SIDE_ACTIVE : MTDL_SIDE_CANDIDATE;
		*to = mtdl_pool_take(pool);
		return *to != MTDL_NO_BLOCK;
	}
	return false;
}

void mtdl_scrub(struct mtdl *mtdl, u32 block)
{
	if (block >= mtdl->geometry.block_count)
		return;
	if (!mtdl->scrub)
		mtdl->scrub = mtdl_alloc(4 * mtdl_bitmap_words(mtdl->geometry.block_count));
	/* without memory it is forgotten until it is read again */
	if (mtdl->scrub)
		mtdl_set_bit(mtdl->scrub, block);
}

/* ---- steps ---- */

static int record(struct mtdl *mtdl, struct mtdl_reason *why)
{
	bool settled = mtdl->state == MTDL_STATE_IDLE;
	int err;

	mtdl_move_put_in_place(mtdl);
	err = mtdl_table_write(mtdl, why);
	if (!err)
		err = mtdl_block_convict(mtdl, why);
	if (err)
		return err;
	if (settled)
		tell(mtdl, MTDL_EVENT_SETTLED, count_settleable(mtdl->active), 0);
	return 1;
}

static int finish_settle(struct mtdl *mtdl, u32 from, u32 to, struct mtdl_reason *why)
{
	struct mtdl_release *active = mtdl_move_change(mtdl, MTDL_SIDE_ACTIVE, why);

	if (!active)
		return -ENOMEM;
	mtdl_move_made(mtdl, active, from, to);
	return mtdl_block_convict(mtdl, why) ? : 1;
}

static int finish_scrub(struct mtdl *mtdl, u32 from, u32 to, struct mtdl_reason *why)
{
	struct mtdl_owner owner;
	u32 side;
	int err;

	for (side = MTDL_SIDE_ACTIVE; side <= MTDL_SIDE_CANDIDATE; side++) {
		struct mtdl_release *release;

		if (!mtdl_owner_find(mtdl_move_side(mtdl, side), from, &owner))
			continue;
		if (MTDL_DEFECT(FREE_SHARED) && side == MTDL_SIDE_CANDIDATE && mtdl->active)
			continue;
		release = mtdl_move_change(mtdl, side, why);
		if (!release)
			return -ENOMEM;
		mtdl_move_made(mtdl, release, from, to);
	}
	err = record(mtdl, why);
	if (err < 0)
		return err;
	mtdl_clear_bit(mtdl->scrub, from);
	tell(mtdl, MTDL_EVENT_SCRUBBED, from, to);
	return 1;
}

/* Goes on with the copy that is under way. */
static int step_move(struct mtdl *mtdl, struct mtdl_reason *why)
{
	enum mtdl_move_kind what = mtdl->move.what;
	u32 from = mtdl->move.from, to = mtdl->move.to;
	int err = mtdl_move_step(mtdl, why);

	if (!err)
		return what == MTDL_MOVE_SCRUB ? finish_scrub(mtdl, from, to, why) :
						 finish_settle(mtdl, from, to, why);
	if (mtdl_is_worn(err))
		err = mtdl_block_suspect(mtdl, to, why);
	/* a block that is damaged stays where it is, and the others go on */
	if (err == -EBADMSG)
		err = 0;
	return err < 0 ? err : 1;
}

static bool may_scrub(const struct mtdl *mtdl)
{
	return mtdl->state != MTDL_STATE_INSTALLING && !mtdl_has_incomplete(mtdl->active);
}

static bool may_settle(const struct mtdl *mtdl)
{
	return mtdl->state == MTDL_STATE_IDLE && mtdl->active && !mtdl_has_incomplete(mtdl->active);
}

/* Picks the next block to copy: 1, 0 (none), or an error. */
static int pick(struct mtdl *mtdl, bool evict, struct mtdl_reason *why)
{
	enum mtdl_move_kind what = MTDL_MOVE_SCRUB;
	enum mtdl_side side = MTDL_SIDE_ACTIVE;
	struct mtdl_pool pool = { 0 };
	u32 from = 0, to = 0;
	bool found = false;
	int err = mtdl_pool_init(&pool, mtdl, NULL, why);

	if (!err && !evict && may_scrub(mtdl))
		found = pick_scrub(mtdl, &pool, &from, &to, &side);
	if (!err && !found && may_settle(mtdl)) {
		what = MTDL_MOVE_SETTLE;
		found = pick_settle(mtdl, &pool, evict, &from, &to);
	}
	if (found)
		mtdl->cursor = pool.cursor;
	mtdl_pool_destroy(&pool);
	if (err || !found)
		return err;
	err = mtdl_table_secure(mtdl, why);
	if (!err && mtdl->active)
		err = mtdl_load_manifest(mtdl, mtdl->active, why);
	if (!err && mtdl->candidate)
		err = mtdl_load_manifest(mtdl, mtdl->candidate, why);
	if (!err)
		err = mtdl_move_begin(mtdl, what, side, from, to, why);
	return err ? err : 1;
}

static int renew_table(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err = mtdl_table_renew(mtdl, why);

	mtdl->scrub_table = false;
	return err ? err : 1;
}

bool mtdl_has_work(struct mtdl *mtdl)
{
	u32 i;

	/* commit copies aside what it has to, and records it */
	if (mtdl->move.what == MTDL_MOVE_ASIDE)
		return false;
	if (mtdl->state == MTDL_STATE_INSTALLING || mtdl->moves || mtdl->scrub_table ||
	    mtdl->move.what != MTDL_MOVE_NONE)
		return true;
	if (may_settle(mtdl) && count_settleable(mtdl->active))
		return true;
	for (i = 0; mtdl->scrub && may_scrub(mtdl) && i < mtdl->geometry.block_count; i++)
		if (mtdl_bit(mtdl->scrub, i))
			return true;
	return false;
}

int mtdl_work(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	if (mtdl->move.what == MTDL_MOVE_ASIDE || (!mtdl_has_work(mtdl) && !mtdl->suspect_count))
		return 0;
	if (mtdl->read_only)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	if (mtdl->state == MTDL_STATE_INSTALLING)
		return mtdl_install_step(mtdl, why);
	if (mtdl->move.what != MTDL_MOVE_NONE)
		return step_move(mtdl, why);
	if (mtdl->moves >= BATCH)
		return record(mtdl, why);
	if (mtdl->scrub_table)
		return renew_table(mtdl, why);
	err = pick(mtdl, false, why);
	if (err)
		return err;
	if (mtdl->moves)
		return record(mtdl, why);
	err = pick(mtdl, true, why);
	if (err)
		return err;
	/* nothing else is to be written: the table's own cells have to be the witness */
	if (mtdl->suspect_count && mtdl->secure)
		return mtdl_block_convict(mtdl, why) ? : 1;
	return 0;
}

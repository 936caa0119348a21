// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Staging an upgrade: begin, want, write, resume, replace, abort, commit.
 *
 * While a candidate is staged, only blocks that serve nothing that lives are
 * written, so active stays whole whatever happens.  What is at stake is only
 * work: every CHECKPOINT blocks a snapshot records which are done.  After a cut,
 * a block that is not recorded may look right and yet sit on cells that a cut
 * left between two values: it is written again, from memory.
 *
 * Commit is one snapshot.  Before it, the candidate is nothing; after it, the
 * candidate is complete, and on trial.
 */
#include "block.h"
#include "defect.h"
#include "move.h"
#include "place.h"
#include "pool.h"
#include "release.h"
#include "snapshot.h"
#include "table.h"
#include "upgrade.h"
#include "util.h"

/* Blocks written between two snapshots that record them. */
#define CHECKPOINT	16U

static void tell(struct mtdl *mtdl, enum mtdl_event event, u32 a, u32 b)
{
	if (mtdl->notify)
		mtdl->notify(mtdl->notify_ctx, event, a, b);
}

void mtdl_set_state(struct mtdl *mtdl, enum mtdl_state state)
{
	if (mtdl->state == state)
		return;
	mtdl->state = state;
	tell(mtdl, MTDL_EVENT_STATE, state, 0);
}

void mtdl_drop_candidate(struct mtdl *mtdl, enum mtdl_outcome_code code)
{
	struct mtdl_release *candidate = mtdl->candidate;

	memset(&mtdl->outcome, 0, sizeof(mtdl->outcome));
	mtdl->outcome.code = code;
	mtdl->outcome.attempts = mtdl->attempts_used;
	memcpy(mtdl->outcome.digest, candidate->digest, sizeof(candidate->digest));
	memcpy(mtdl->outcome.release, candidate->release, sizeof(candidate->release));
	mtdl->candidate = NULL;
	mtdl->attempts_max = 0;
	mtdl->attempts_used = 0;
	mtdl_release_put(candidate);
	mtdl_set_state(mtdl, MTDL_STATE_IDLE);
}

void mtdl_adopt_candidate(struct mtdl *mtdl)
{
	struct mtdl_release *candidate = mtdl_release_get(mtdl->candidate);

	mtdl_drop_candidate(mtdl, MTDL_OUTCOME_CONFIRMED);
	mtdl_release_put(mtdl->active);
	mtdl->active = candidate;
	if (candidate->security_counter > mtdl->security_floor)
		mtdl->security_floor = candidate->security_counter;
}

void mtdl_complete_candidate(struct mtdl *mtdl)
{
	mtdl_free(mtdl->candidate->done);
	mtdl->candidate->done = NULL;
}

void mtdl_begin_trial(struct mtdl *mtdl)
{
	mtdl->attempts_max = mtdl->candidate->attempts;
	mtdl->attempts_used = 0;
	mtdl_set_state(mtdl, MTDL_STATE_TRIAL);
}

/* ---- writing blocks ---- */

static void hash_block(const void *data, u32 length, u8 *digest)
{
	struct mtdl_hash hash;

	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, data, length);
	mtdl_hash_final(&hash, digest);
}

static u32 count_wanted(const struct mtdl_release *candidate)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < candidate->block_total; i++)
		count += !mtdl_bit(candidate->done, i);
	return count;
}

/* Whether a block cannot lie anywhere else: at home in a pinned slot, or in a layer's row. */
static bool is_fixed(const struct mtdl_layer *layer, u32 block)
{
	return mtdl_moves_whole(layer) ||
	       ((layer->policy & MTDL_POLICY_PINNED) &&
		layer->map[block] == layer->slot_start + block);
}

/*
 * The cells of such a block have failed.  A layer that lies in a row begins anew in another
 * one: 1.
 */
static int fixed_fails(struct mtdl *mtdl, struct mtdl_layer *layer, u32 block,
		       struct mtdl_reason *why)
{
	int err = 0;

	if (!mtdl_bit(mtdl->retired, layer->map[block]))
		err = mtdl_block_suspect(mtdl, layer->map[block], why);
	if (err)
		return err;
	if (layer->policy & MTDL_POLICY_PINNED)
		return mtdl_fail(why, -EIO,
				 "block %u cannot be written, and lies in the slot of pinned layer %s, which cannot move: give that layer another slot, in a release with another layout",
				 layer->map[block], layer->name);
	err = mtdl_place_run(mtdl, layer, why);
	/* the old row is free now: nothing may take it as long as the table calls it written */
	if (!err)
		err = mtdl_table_write(mtdl, why);
	return err ? err : 1;
}

/* Returns 1 if the block is still wanted, and more may be: the layer has begun anew. */
static int write_wanted(struct mtdl *mtdl, struct mtdl_layer *layer, u32 block, const u8 *data,
			u32 length, struct mtdl_reason *why)
{
	struct mtdl_release *candidate = mtdl->candidate;
	int err;

	if (is_fixed(layer, block)) {
		/* it may have been retired since it was chosen */
		err = mtdl_bit(mtdl->retired, layer->map[block]) ? -EIO :
		      mtdl_block_put(mtdl, layer->map[block], data, length);
		if (mtdl_is_worn(err))
			return fixed_fails(mtdl, layer, block, why);
		if (err)
			return mtdl_fail(why, err, "block %u cannot be written (error %d)",
					 layer->map[block], err);
		err = mtdl_block_convict(mtdl, why);
	} else {
		err = mtdl_block_write(mtdl, candidate, &layer->map[block], data, length, why);
	}
	if (err)
		return err;
	mtdl_set_bit(candidate->done, layer->first + block);
	if (!mtdl_at_home(mtdl_homes(layer), layer, block))
		tell(mtdl, MTDL_EVENT_RELOCATED, (u32)(layer - candidate->layers), block);
	tell(mtdl, MTDL_EVENT_PROGRESS, candidate->block_total - count_wanted(candidate),
	     candidate->block_total);
	return ++mtdl->unsaved < CHECKPOINT ? 0 : mtdl_table_write(mtdl, why);
}

/* ---- resuming ---- */

/* Whether the block at @block holds the bytes of a logical block; they are in @data then. */
static bool holds(struct mtdl *mtdl, const struct mtdl_layer *layer, u32 index, u32 block,
		  u8 *data, u32 length)
{
	u64 off = (u64)block << mtdl->geometry.block_shift;
	u8 digest[MTDL_DIGEST_SIZE];
	int err = mtdl->flash->ops->read(mtdl->flash, off, data, length);

	if (err && err != -EUCLEAN)
		return false;
	hash_block(data, length, digest);
	return !memcmp(digest, layer->digests + (size_t)index * sizeof(digest), sizeof(digest));
}

/*
 * Looks for wanted blocks that are on flash already: where they are to go (one that hashes
 * right is written again from memory, because the cells it was read from may change
 * their mind), or elsewhere in the active release, from where they are copied.
 * Returns 1 if the layer has begun anew meanwhile.
 */
static int rewrite_layer(struct mtdl *mtdl, struct mtdl_layer *layer, u8 *data,
			 struct mtdl_reason *why)
{
	int err = 0;
	u32 i;

	for (i = 0; i < layer->block_count && !err; i++) {
		u32 length = mtdl_block_bytes(layer->size, i, mtdl->geometry.block_size);
		bool found = false;
		bool done;
		u32 other;

		if (mtdl_bit(mtdl->candidate->done, layer->first + i))
			continue;
		if (mtdl->stale)
			found = holds(mtdl, layer, i, layer->map[i], data, length);
		if (found && MTDL_DEFECT(TRUST_STAGED)) {
			mtdl_set_bit(mtdl->candidate->done, layer->first + i);
			continue;
		}
		other = found ? MTDL_NO_BLOCK :
			mtdl_same_block(mtdl->active, layer, i, mtdl->geometry.block_size, &done);
		if (other != MTDL_NO_BLOCK)
			found = holds(mtdl, layer, i, other, data, length);
		if (found)
			err = write_wanted(mtdl, layer, i, data, length, why);
	}
	return err;
}

/* @data: a block's worth of memory */
static int rewrite_with(struct mtdl *mtdl, u8 *data, struct mtdl_reason *why)
{
	struct mtdl_release *candidate = mtdl->candidate;
	u32 i;
	int err = 0;

	for (i = 0; i < candidate->layer_count && err >= 0; i++) {
		do {
			err = rewrite_layer(mtdl, &candidate->layers[i], data, why);
		} while (err > 0);
	}
	if (!err && mtdl->unsaved)
		err = mtdl_table_write(mtdl, why);
	if (!err)
		mtdl->stale = false;
	return err;
}

static u8 *alloc_block(const struct mtdl *mtdl, struct mtdl_reason *why)
{
	u8 *data = mtdl_alloc(mtdl->geometry.block_size);

	if (!data)
		mtdl_fail(why, -ENOMEM, "no memory for a block of %u bytes",
			  mtdl->geometry.block_size);
	return data;
}

static int rewrite_staged(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u8 *data = alloc_block(mtdl, why);
	int err = data ? rewrite_with(mtdl, data, why) : -ENOMEM;

	mtdl_free(data);
	return err;
}

/* ---- begin ---- */

int mtdl_check_layers(const struct mtdl *mtdl, const struct mtdl_manifest *m,
		      struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	u32 i;

	for (i = 0; i < m->layer_count; i++) {
		const struct mtdl_manifest_layer *l = &m->layers[i];
		u64 start = (u64)l->slot_start << g->block_shift;
		u32 overflow = l->block_count > l->slot_blocks ?
			       l->block_count - l->slot_blocks : 0;

		if (l->slot_start >= g->block_count ||
		    l->slot_blocks > g->block_count - l->slot_start)
			return mtdl_fail(why, -EINVAL,
					 "layer %s: its slot at 0x%llx with %u blocks of 0x%x bytes lies beyond the flash, which has 0x%llx bytes",
					 l->name, (unsigned long long)start, l->slot_blocks,
					 g->block_size, (unsigned long long)g->flash_size);
		if (l->slot_start < g->table_start + g->table_blocks &&
		    g->table_start < l->slot_start + l->slot_blocks)
			return mtdl_fail(why, -EINVAL,
					 "layer %s: its slot (blocks %u to %u) overlaps the table area (blocks %u to %u)",
					 l->name, l->slot_start, l->slot_start + l->slot_blocks - 1,
					 g->table_start, g->table_start + g->table_blocks - 1);
		if (overflow && (l->policy & (MTDL_POLICY_OVERFLOW_REFUSE | MTDL_POLICY_PINNED)))
			return mtdl_fail(why, -ENOSPC,
					 "layer %s outgrows its slot by %u blocks of %u bytes, and its policy refuses that: make the layer smaller or the slot larger",
					 l->name, overflow, g->block_size);
	}
	return 0;
}

static int check_manifest(const struct mtdl *mtdl, const struct mtdl_manifest *m,
			  struct mtdl_reason *why)
{
	if (strcmp(m->compatible, mtdl->compatible))
		return mtdl_fail(why, -ENODEV, "release %s is for board %s, this is board %s",
				 m->release, m->compatible, mtdl->compatible);
	if (m->block_size != mtdl->geometry.block_size)
		return mtdl_fail(why, -EINVAL,
				 "release %s is made of blocks of %u bytes, this device has blocks of %u: pack it with that block size",
				 m->release, m->block_size, mtdl->geometry.block_size);
	if (m->security_counter < mtdl->security_floor)
		return mtdl_fail(why, -EPERM,
				 "release %s has security counter %u, this device takes nothing below %u",
				 m->release, m->security_counter, mtdl->security_floor);
	return mtdl_check_layers(mtdl, m, why);
}

static int may_begin(const struct mtdl *mtdl, const struct mtdl_manifest *m, u32 flags,
		     struct mtdl_reason *why)
{
	bool dry = flags & MTDL_BEGIN_DRY_RUN;

	if (flags & ~(MTDL_BEGIN_DRY_RUN | MTDL_BEGIN_REPLACE | MTDL_BEGIN_IN_PLACE))
		return mtdl_fail(why, -EINVAL, "begin: flags 0x%x are unknown", flags);
	if (mtdl->read_only && !dry)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	if (mtdl->state == MTDL_STATE_TRIAL)
		return mtdl_fail(why, -EBUSY,
				 "release %s is on trial: confirm it or roll it back first",
				 mtdl->candidate->release);
	if (mtdl->state == MTDL_STATE_INSTALLING)
		return mtdl_fail(why, -EBUSY,
				 "release %s is being installed: wait until it is on trial, or roll it back first",
				 mtdl->candidate->release);
	if (mtdl->candidate && !mtdl_release_same(mtdl->candidate, m->digest) && !dry &&
	    !(flags & MTDL_BEGIN_REPLACE))
		return mtdl_fail(why, -EEXIST,
				 "release %s is being staged: abort it, or have it replaced",
				 mtdl->candidate->release);
	return 0;
}

int mtdl_write_manifest(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_reason *why)
{
	u32 i;
	int err = 0;

	for (i = 0; i < 2 * release->manifest_blocks && !err; i++) {
		u32 part = i % release->manifest_blocks;
		u64 at = (u64)part << mtdl->geometry.block_shift;
		u64 left = (u64)release->manifest_size + release->signature_size - at;

		err = mtdl_block_write(mtdl, release, &release->manifest_map[i],
				       release->manifest + at,
				       left < mtdl->geometry.block_size ? (u32)left :
				       mtdl->geometry.block_size, why);
	}
	return err;
}

/* Nobody has the layers open that are incomplete from now on: readers need not switch first. */
static void take_flagged(struct mtdl *mtdl, struct mtdl_release *flagged)
{
	if (mtdl->exposed == mtdl->active) {
		mtdl_release_put(mtdl->exposed);
		mtdl->exposed = mtdl_release_get(flagged);
	}
	mtdl_release_put(mtdl->active);
	mtdl->active = mtdl_release_get(flagged);
}

static int stage_with(struct mtdl *mtdl, struct mtdl_release *release,
		      struct mtdl_release *flagged, u8 *data, struct mtdl_reason *why)
{
	bool replaces = mtdl->candidate;
	int err;

	err = mtdl_table_secure(mtdl, why);
	if (!err)
		err = mtdl_write_manifest(mtdl, release, why);
	if (err)
		return err;
	if (flagged)
		take_flagged(mtdl, flagged);
	mtdl_release_put(mtdl->candidate);
	mtdl->candidate = mtdl_release_get(release);
	memset(&mtdl->outcome, 0, sizeof(mtdl->outcome));
	mtdl_set_state(mtdl, MTDL_STATE_STAGING);
	err = mtdl_table_write(mtdl, why);
	mtdl->stale = replaces || mtdl_has_incomplete(mtdl->active);
	return err ? err : rewrite_with(mtdl, data, why);
}

/* What memory it needs is there before anything is changed. */
static int stage(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_release *flagged,
		 struct mtdl_reason *why)
{
	u8 *data = alloc_block(mtdl, why);
	int err = data ? stage_with(mtdl, release, flagged, data, why) : -ENOMEM;

	mtdl_free(data);
	return err;
}

/* Without its digests a release only shares nothing: no reason to refuse an upgrade. */
static int load_digests(struct mtdl *mtdl, struct mtdl_release *release)
{
	int err = release ? mtdl_load_manifest(mtdl, release, NULL) : 0;

	return err == -ENOMEM ? err : 0;
}

/* The next layer that may be written over in place, from number *@next on, or NULL. */
static struct mtdl_layer *next_in_place(const struct mtdl_release *release,
					struct mtdl_release *active, u32 *next)
{
	while (*next < release->layer_count) {
		const struct mtdl_layer *layer = &release->layers[(*next)++];
		struct mtdl_layer *old = mtdl_release_find(active, layer->name);

		if (old && (layer->policy & old->policy & MTDL_POLICY_IN_PLACE) &&
		    !(old->flags & MTDL_LAYER_INCOMPLETE) &&
		    memcmp(layer->root, old->root, sizeof(layer->root)))
			return old;
	}
	return NULL;
}

/*
 * The release does not fit beside active: one layer after the other that may be written
 * over gives up its blocks, until it does.  @flagged is active with these layers incomplete.
 */
static int place_over(struct mtdl *mtdl, struct mtdl_release *release,
		      struct mtdl_release *flagged, struct mtdl_plan *plan,
		      struct mtdl_reason *why)
{
	struct mtdl_release *active = mtdl->active;
	struct mtdl_release *exposed = mtdl->exposed;
	struct mtdl_layer *old;
	u32 next = 0;
	int err = -ENOSPC;

	mtdl->active = flagged;
	if (exposed == active)
		mtdl->exposed = flagged;
	while (err == -ENOSPC && (old = next_in_place(release, flagged, &next))) {
		old->flags |= MTDL_LAYER_INCOMPLETE;
		memset(release->maps, 0xff, 4 * (size_t)release->block_total);
		memset(release->done, 0, 4 * mtdl_bitmap_words(release->block_total));
		memset(plan, 0, sizeof(*plan));
		err = mtdl_place(mtdl, release, active, plan, why);
	}
	mtdl->active = active;
	mtdl->exposed = exposed;
	return err;
}

/*
 * Where a layer was written over in place there is nothing to fall back to, so commit does
 * not install, and pinned layers have to be at home, or where they are already.
 */
static int check_pinned_beside(struct mtdl *mtdl, const struct mtdl_release *release,
			       struct mtdl_reason *why)
{
	bool done;
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; (layer->policy & MTDL_POLICY_PINNED) && j < layer->block_count; j++)
			if (layer->map[j] != layer->slot_start + j &&
			    mtdl_same_block(mtdl->active, layer, j, mtdl->geometry.block_size,
					    &done) != layer->map[j])
				return mtdl_fail(why, -ENOSPC,
						 "release %s changes pinned layer %s, and does not fit but in place, which cannot do both: apply one that leaves %s as it is first",
						 release->release, layer->name, layer->name);
	}
	return 0;
}

/* Finds a place for everything; *@flagged is set if layers have to be written over for it. */
static int place(struct mtdl *mtdl, struct mtdl_release *release, u32 flags,
		 struct mtdl_release **flagged, struct mtdl_plan *plan, struct mtdl_reason *why)
{
	u32 i;
	int err = mtdl_place_manifest(mtdl, release, why);

	if (err)
		return err;
	err = mtdl_place(mtdl, release, mtdl->active, plan, why);
	if (err == -ENOSPC && (flags & MTDL_BEGIN_IN_PLACE) && mtdl->active) {
		*flagged = mtdl_release_clone(mtdl->active);
		if (!*flagged)
			return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
					 mtdl->active->block_total);
		err = place_over(mtdl, release, *flagged, plan, why);
	}
	if (!err && (*flagged || mtdl_has_incomplete(mtdl->active)))
		err = check_pinned_beside(mtdl, release, why);
	if (err)
		return err;
	for (i = 0; i < release->layer_count; i++) {
		struct mtdl_layer *old = mtdl_release_find(*flagged ? *flagged : mtdl->active,
							   release->layers[i].name);

		plan->layers[i].in_place = old && (old->flags & MTDL_LAYER_INCOMPLETE);
		plan->in_place += plan->layers[i].in_place;
	}
	mtdl_plan_count(mtdl, release, plan);
	return 0;
}

static int begin_new(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 **bytes,
		     u32 signature_size, u32 flags, struct mtdl_plan *plan,
		     struct mtdl_reason *why)
{
	struct mtdl_release *release = NULL;
	struct mtdl_release *flagged = NULL;
	u32 cursor = mtdl->cursor;
	int err;

	if (load_digests(mtdl, mtdl->active) || load_digests(mtdl, mtdl->candidate))
		return mtdl_fail(why, -ENOMEM, "no memory for the manifests on flash");
	err = mtdl_release_from_manifest(m, *bytes, signature_size, mtdl->geometry.block_shift,
					 &release, why);
	if (err)
		return err;
	*bytes = NULL;
	release->stamp = ++mtdl->stamps;
	err = place(mtdl, release, flags, &flagged, plan, why);
	if (err || (flags & MTDL_BEGIN_DRY_RUN))
		mtdl->cursor = cursor;
	else
		err = stage(mtdl, release, flagged, why);
	mtdl_release_put(flagged);
	mtdl_release_put(release);
	return err;
}

static int begin_again(struct mtdl *mtdl, u32 flags, struct mtdl_plan *plan,
		       struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	int err = 0;

	plan->resumed = true;
	if (load_digests(mtdl, mtdl->active))
		err = mtdl_fail(why, -ENOMEM, "no memory for the manifest of the active release");
	if (!err && !(flags & MTDL_BEGIN_DRY_RUN)) {
		err = mtdl_table_secure(mtdl, why);
		if (!err)
			err = rewrite_staged(mtdl, why);
	}
	if (!err)
		err = mtdl_pool_init(&pool, mtdl, NULL, why);
	if (!err) {
		plan->free_after = mtdl_pool_free_blocks(&pool);
		plan->reserve = mtdl_pool_reserve(&pool, &mtdl->geometry);
		mtdl_plan_count(mtdl, mtdl->candidate, plan);
	}
	mtdl_pool_destroy(&pool);
	return err;
}

static bool has_both_copies(struct mtdl *mtdl, const struct mtdl_release *release, u8 *bytes)
{
	return !mtdl_manifest_copy_check(mtdl, release, 0, bytes) &&
	       !mtdl_manifest_copy_check(mtdl, release, 1, bytes);
}

/* Active as it will be with the manifest in @bytes, taken over on success, stored anew. */
static int with_manifest(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 *bytes,
			 u32 signature_size, struct mtdl_release **out, struct mtdl_reason *why)
{
	struct mtdl_release *renewed = mtdl_release_clone(mtdl->active);
	u32 stored = m->length + signature_size;

	*out = renewed;
	if (!renewed)
		return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				 mtdl->active->block_total);
	mtdl_bytes_put(renewed->manifest);
	renewed->manifest = NULL;
	mtdl_free(renewed->manifest_map);
	renewed->manifest_size = m->length;
	renewed->signature_size = signature_size;
	renewed->manifest_blocks = ((stored - 1) >> mtdl->geometry.block_shift) + 1;
	renewed->manifest_map = mtdl_alloc(2 * (size_t)renewed->manifest_blocks * sizeof(u32));
	if (!renewed->manifest_map)
		return mtdl_fail(why, -ENOMEM, "no memory for a manifest in %u blocks",
				 renewed->manifest_blocks);
	return mtdl_release_link(renewed, bytes, m, why);
}

/*
 * Writes active's manifest anew, from the bytes that were handed in: they hash to
 * its digest, so they are what was lost.
 */
static int renew_manifest(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 **bytes,
			  u32 signature_size, struct mtdl_reason *why)
{
	struct mtdl_release *renewed;
	int err = with_manifest(mtdl, m, *bytes, signature_size, &renewed, why);

	if (!err) {
		*bytes = NULL;
		err = mtdl_place_manifest(mtdl, renewed, why);
	}
	if (!err)
		err = mtdl_write_manifest(mtdl, renewed, why);
	if (!err) {
		mtdl_release_put(mtdl->active);
		mtdl->active = mtdl_release_get(renewed);
		err = mtdl_table_write(mtdl, why);
	}
	mtdl_release_put(renewed);
	return err;
}

/*
 * The release is active already: whatever is staged beside it gives way, and if a copy
 * of its manifest is damaged, it is written anew.
 */
static int begin_current(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 **bytes,
			 u32 signature_size, u32 flags, struct mtdl_plan *plan,
			 struct mtdl_reason *why)
{
	u8 *copy;
	int err;

	plan->current_release = true;
	if (flags & MTDL_BEGIN_DRY_RUN)
		return 0;
	err = MTDL_DEFECT(UNSECURED_NOTHING) ? 0 : mtdl_table_secure(mtdl, why);
	if (!err && mtdl->candidate) {
		mtdl_drop_candidate(mtdl, MTDL_OUTCOME_ABORTED);
		err = mtdl_table_write(mtdl, why);
	}
	if (err)
		return err;
	copy = mtdl_alloc((size_t)mtdl->active->manifest_size + mtdl->active->signature_size);
	if (!copy)
		return mtdl_fail(why, -ENOMEM, "no memory for a manifest of %u bytes",
				 mtdl->active->manifest_size);
	if (!has_both_copies(mtdl, mtdl->active, copy))
		err = renew_manifest(mtdl, m, bytes, signature_size, why);
	mtdl_free(copy);
	return err;
}

static int begin_parsed(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 **bytes,
			u32 signature_size, u32 flags, struct mtdl_plan *plan,
			struct mtdl_reason *why)
{
	int err = check_manifest(mtdl, m, why);

	if (!err)
		err = may_begin(mtdl, m, flags, why);
	if (err)
		return err;
	if (!(flags & MTDL_BEGIN_DRY_RUN))
		mtdl_move_forget(mtdl);
	if (mtdl->candidate && mtdl_release_same(mtdl->candidate, m->digest)) {
		err = mtdl_load_manifest(mtdl, mtdl->candidate, NULL);
		if (!err)
			return begin_again(mtdl, flags, plan, why);
		/* both copies on flash are lost: the bytes in hand begin it anew */
		if (err != -EBADMSG)
			return mtdl_fail(why, err,
					 "the manifest of release %s cannot be read (error %d)",
					 m->release, err);
	}
	if (mtdl_release_same(mtdl->active, m->digest) && !mtdl_has_incomplete(mtdl->active))
		return begin_current(mtdl, m, bytes, signature_size, flags, plan, why);
	return begin_new(mtdl, m, bytes, signature_size, flags, plan, why);
}

int mtdl_begin(struct mtdl *mtdl, const void *manifest, u32 manifest_size,
	       const void *signature, u32 signature_size, u32 flags,
	       struct mtdl_plan *plan, struct mtdl_reason *why)
{
	u32 limit = mtdl_manifest_limit(mtdl->geometry.block_count);
	struct mtdl_manifest *m;
	u8 *bytes;
	int err;

	memset(plan, 0, sizeof(*plan));
	if (manifest_size > limit || signature_size > MTDL_SIGNATURE_MAX)
		return mtdl_fail(why, -EINVAL,
				 "a manifest of %u bytes with a signature of %u is too large for this device: the limits are %u and %u",
				 manifest_size, signature_size, limit, MTDL_SIGNATURE_MAX);
	m = mtdl_alloc(sizeof(*m));
	bytes = mtdl_bytes_alloc((size_t)manifest_size + signature_size);
	if (m && bytes) {
		memcpy(bytes, manifest, manifest_size);
		if (signature_size)
			memcpy(bytes + manifest_size, signature, signature_size);
		err = mtdl_manifest_parse(m, bytes, manifest_size, why);
		if (!err)
			err = begin_parsed(mtdl, m, &bytes, signature_size, flags, plan, why);
	} else {
		err = mtdl_fail(why, -ENOMEM, "no memory for a manifest of %u bytes",
				manifest_size);
	}
	mtdl_bytes_put(bytes);
	mtdl_free(m);
	return err;
}

/* ---- want, write, sync, commit, abort ---- */

static int need_staging(const struct mtdl *mtdl, struct mtdl_reason *why)
{
	if (mtdl->state == MTDL_STATE_STAGING)
		return 0;
	if (mtdl->state == MTDL_STATE_IDLE)
		return mtdl_fail(why, -EINVAL, "no release is being staged: begin one first");
	return mtdl_fail(why, -EINVAL,
			 "no release is being staged: release %s is %s: %s",
			 mtdl->candidate->release,
			 mtdl->state == MTDL_STATE_TRIAL ? "on trial" : "being installed",
			 mtdl->state == MTDL_STATE_TRIAL ? "confirm it or roll it back" :
			 "wait until it is on trial, or roll it back");
}

int mtdl_want(struct mtdl *mtdl, struct mtdl_wanted *wanted, u32 *count,
	      struct mtdl_reason *why)
{
	u32 room = *count;
	u32 i, j;
	int err;

	*count = 0;
	err = need_staging(mtdl, why);
	if (err)
		return err;
	for (i = 0; i < mtdl->candidate->layer_count; i++) {
		const struct mtdl_layer *layer = &mtdl->candidate->layers[i];

		for (j = 0; j < layer->block_count; j++) {
			if (mtdl_bit(mtdl->candidate->done, layer->first + j))
				continue;
			if (*count == room)
				return 0;
			wanted[*count].layer = i;
			wanted[*count].block = j;
			++*count;
		}
	}
	return 0;
}

static int check_block(const struct mtdl *mtdl, u32 index, u32 block, const void *data,
		       u32 length, struct mtdl_reason *why)
{
	const struct mtdl_release *candidate = mtdl->candidate;
	const struct mtdl_layer *layer;
	u8 digest[MTDL_DIGEST_SIZE];
	u32 bytes;

	if (index >= candidate->layer_count)
		return mtdl_fail(why, -EINVAL, "there is no layer %u: release %s has %u",
				 index, candidate->release, candidate->layer_count);
	layer = &candidate->layers[index];
	if (block >= layer->block_count)
		return mtdl_fail(why, -EINVAL, "layer %s has no block %u: it has %u", layer->name,
				 block, layer->block_count);
	bytes = mtdl_block_bytes(layer->size, block, mtdl->geometry.block_size);
	if (length != bytes)
		return mtdl_fail(why, -EINVAL, "block %u of layer %s has %u bytes, not %u", block,
				 layer->name, bytes, length);
	if (mtdl_bit(candidate->done, layer->first + block))
		return mtdl_fail(why, -EALREADY,
				 "block %u of layer %s was not asked for: it is on flash already",
				 block, layer->name);
	hash_block(data, length, digest);
	if (memcmp(digest, layer->digests + (size_t)block * sizeof(digest), sizeof(digest)))
		return mtdl_fail(why, -EBADMSG,
				 "block %u of layer %s: its bytes are not those that the manifest of release %s names",
				 block, layer->name, candidate->release);
	return 0;
}

int mtdl_write(struct mtdl *mtdl, u32 layer, u32 block, const void *data, u32 length,
	       struct mtdl_reason *why)
{
	int err = need_staging(mtdl, why);

	if (!err)
		err = mtdl_load_manifest(mtdl, mtdl->candidate, why);
	if (!err)
		err = check_block(mtdl, layer, block, data, length, why);
	if (!err)
		err = mtdl_table_secure(mtdl, why);
	if (err)
		return err;
	err = write_wanted(mtdl, &mtdl->candidate->layers[layer], block, data, length, why);
	/* what the layer's new row can have from elsewhere on the flash is not asked for again */
	return err > 0 ? rewrite_staged(mtdl, why) : err;
}

int mtdl_sync(struct mtdl *mtdl, struct mtdl_reason *why)
{
	if (mtdl->moves && !mtdl->read_only) {
		mtdl_move_put_in_place(mtdl);
		return mtdl_table_write(mtdl, why);
	}
	return mtdl->unsaved ? mtdl_table_write(mtdl, why) : 0;
}

int mtdl_commit_step(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u32 wanted;
	int err = need_staging(mtdl, why);

	if (err)
		return err;
	wanted = count_wanted(mtdl->candidate);
	if (wanted && !MTDL_DEFECT(COMMIT_EARLY))
		return mtdl_fail(why, -EAGAIN, "release %s lacks %u blocks: write them first",
				 mtdl->candidate->release, wanted);
	err = mtdl_load_manifest(mtdl, mtdl->candidate, why);
	if (!err)
		err = mtdl_table_secure(mtdl, why);
	if (err)
		return err;
	/* unless it is commit itself that is copying */
	if (mtdl->move.what != MTDL_MOVE_NONE && mtdl->move.what != MTDL_MOVE_ASIDE)
		mtdl_move_forget(mtdl);
	if (MTDL_DEFECT(FLOOR_AT_COMMIT))
		mtdl->security_floor = mtdl->candidate->security_counter;
	if (mtdl->active && !mtdl_has_incomplete(mtdl->active))
		return mtdl_install(mtdl, why);
	mtdl_complete_candidate(mtdl);
	mtdl_adopt_candidate(mtdl);
	if (!mtdl->exposed)
		mtdl_expose_active(mtdl);
	return mtdl_table_write(mtdl, why);
}

int mtdl_commit(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	do {
		err = mtdl_commit_step(mtdl, why);
	} while (err > 0);
	return err;
}

int mtdl_abort(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err = need_staging(mtdl, why);

	if (!err)
		err = mtdl_table_secure(mtdl, why);
	if (err)
		return err;
	mtdl_move_forget(mtdl);
	mtdl_drop_candidate(mtdl, MTDL_OUTCOME_ABORTED);
	return mtdl_table_write(mtdl, why);
}

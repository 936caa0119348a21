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
#include "defect.h"
#include "place.h"
#include "pool.h"
#include "release.h"
#include "snapshot.h"
#include "table.h"
#include "upgrade.h"
#include "util.h"

/* Blocks written between two snapshots that record them. */
#define CHECKPOINT	16U

/* Blocks that may fail in a row before something else must be wrong. */
#define BLOCK_TRIES	4U

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

/* ---- writing blocks ---- */

static void hash_block(const void *data, u32 length, u8 *digest)
{
	struct mtdl_hash hash;

	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, data, length);
	mtdl_hash_final(&hash, digest);
}

static int put_block(struct mtdl *mtdl, u32 block, const u8 *data, u32 length)
{
	u64 off = (u64)block << mtdl->geometry.block_shift;
	int err = mtdl_erase_range(mtdl, off, mtdl->geometry.block_size);

	return err ? err : mtdl_program_checked(mtdl, off, data, length);
}

static u32 count_retired(const struct mtdl *mtdl)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < mtdl->geometry.block_count; i++)
		count += mtdl_bit(mtdl->retired, i);
	return count;
}

/* Retires a block whose cells failed, and finds another for what it was to hold. */
static int replace_block(struct mtdl *mtdl, const struct mtdl_release *release, u32 *block,
			 struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	u32 other;
	int err;

	if (count_retired(mtdl) >= mtdl_retired_max(mtdl->geometry.block_count))
		return mtdl_fail(why, -EIO,
				 "block %u fails, and %u blocks are retired already: the flash is worn out",
				 *block, count_retired(mtdl));
	err = mtdl_pool_init(&pool, mtdl, NULL, why);
	if (!err) {
		mtdl_pool_add_slots(&pool, release);
		mtdl_pool_use(&pool, release);
		other = mtdl_pool_take(&pool);
		if (other == MTDL_NO_BLOCK) {
			err = mtdl_fail(why, -ENOSPC,
					"block %u fails, and no free block is left to take its place",
					*block);
		} else {
			mtdl->cursor = pool.cursor;
			mtdl_set_bit(mtdl->retired, *block);
			tell(mtdl, MTDL_EVENT_BAD_BLOCK, *block, 0);
			*block = other;
		}
	}
	mtdl_pool_destroy(&pool);
	return err;
}

static void mark_bad(struct mtdl *mtdl, u32 block)
{
	u64 off = (u64)block << mtdl->geometry.block_shift;
	u64 end = off + mtdl->geometry.block_size;

	/* the table has it recorded: marking only helps others, and may fail */
	if (mtdl->flash->ops->mark_bad)
		for (; off < end; off += mtdl->geometry.erase_size)
			mtdl->flash->ops->mark_bad(mtdl->flash, off);
}

/*
 * Writes a block of @release where *@block says, or, if those cells fail and it
 * may move, where it then says.
 */
static int write_block(struct mtdl *mtdl, const struct mtdl_release *release, u32 *block,
		       bool pinned, const u8 *data, u32 length, struct mtdl_reason *why)
{
	u32 tries;

	for (tries = 0; tries < BLOCK_TRIES; tries++) {
		u32 failed = *block;
		int err = put_block(mtdl, failed, data, length);

		if (!err)
			return 0;
		if (!mtdl_is_worn(err))
			return mtdl_fail(why, err, "block %u cannot be written (error %d)",
					 failed, err);
		if (pinned)
			return mtdl_fail(why, err,
					 "block %u cannot be written, and lies in the slot of a pinned layer, which cannot move: give that layer another slot",
					 failed);
		err = replace_block(mtdl, release, block, why);
		if (!err)
			err = mtdl_table_write(mtdl, why);
		if (err)
			return err;
		mark_bad(mtdl, failed);
	}
	return mtdl_fail(why, -EIO,
			 "%u blocks in a row cannot be written: is the flash locked or write-protected?",
			 BLOCK_TRIES);
}

static u32 count_wanted(const struct mtdl_release *candidate)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < candidate->block_total; i++)
		count += !mtdl_bit(candidate->done, i);
	return count;
}

static int write_wanted(struct mtdl *mtdl, struct mtdl_layer *layer, u32 block, const u8 *data,
			u32 length, struct mtdl_reason *why)
{
	struct mtdl_release *candidate = mtdl->candidate;
	int err;

	err = write_block(mtdl, candidate, &layer->map[block],
			  layer->policy & MTDL_POLICY_PINNED, data, length, why);
	if (err)
		return err;
	mtdl_set_bit(candidate->done, layer->first + block);
	if (!mtdl_is_home(layer, block))
		tell(mtdl, MTDL_EVENT_RELOCATED, (u32)(layer - candidate->layers), block);
	tell(mtdl, MTDL_EVENT_PROGRESS, candidate->block_total - count_wanted(candidate),
	     candidate->block_total);
	return ++mtdl->unsaved < CHECKPOINT ? 0 : mtdl_table_write(mtdl, why);
}

/* ---- resuming ---- */

/*
 * Looks for wanted blocks that are on flash already.  One that hashes right is
 * written again from memory, because the cells it was read from may change their mind.
 */
static int rewrite_layer(struct mtdl *mtdl, struct mtdl_layer *layer, u8 *data,
			 struct mtdl_reason *why)
{
	u32 i;

	for (i = 0; i < layer->block_count; i++) {
		u32 length = mtdl_block_bytes(layer->size, i, mtdl->geometry.block_size);
		u64 off = (u64)layer->map[i] << mtdl->geometry.block_shift;
		u8 digest[MTDL_DIGEST_SIZE];
		int err;

		if (mtdl_bit(mtdl->candidate->done, layer->first + i))
			continue;
		err = mtdl->flash->ops->read(mtdl->flash, off, data, length);
		if (err && err != -EUCLEAN)
			continue;
		hash_block(data, length, digest);
		if (memcmp(digest, layer->digests + (size_t)i * sizeof(digest), sizeof(digest)))
			continue;
		if (MTDL_DEFECT(TRUST_STAGED)) {
			mtdl_set_bit(mtdl->candidate->done, layer->first + i);
			continue;
		}
		err = write_wanted(mtdl, layer, i, data, length, why);
		if (err)
			return err;
	}
	return 0;
}

static int rewrite_staged(struct mtdl *mtdl, struct mtdl_reason *why)
{
	struct mtdl_release *candidate = mtdl->candidate;
	u8 *data;
	u32 i;
	int err = 0;

	if (!mtdl->stale)
		return 0;
	data = mtdl_alloc(mtdl->geometry.block_size);
	if (!data)
		return mtdl_fail(why, -ENOMEM, "no memory for a block of %u bytes",
				 mtdl->geometry.block_size);
	for (i = 0; i < candidate->layer_count && !err; i++)
		err = rewrite_layer(mtdl, &candidate->layers[i], data, why);
	mtdl_free(data);
	if (!err && mtdl->unsaved)
		err = mtdl_table_write(mtdl, why);
	if (!err)
		mtdl->stale = false;
	return err;
}

/* ---- begin ---- */

static int check_layers(const struct mtdl *mtdl, const struct mtdl_manifest *m,
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
		if (overflow && (l->policy & MTDL_POLICY_OVERFLOW_MOVE))
			return mtdl_fail(why, -EOPNOTSUPP,
					 "layer %s outgrows its slot by %u blocks, and its policy wants it moved whole: this version can only split it: change its policy to split",
					 l->name, overflow);
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
	return check_layers(mtdl, m, why);
}

/* A pinned layer must end at home, which only an empty home allows. */
static int check_pinned(const struct mtdl_release *release, struct mtdl_reason *why)
{
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; layer->policy & MTDL_POLICY_PINNED && j < layer->block_count; j++)
			if (!mtdl_is_home(layer, j))
				return mtdl_fail(why, -EOPNOTSUPP,
						 "layer %s is pinned and block %u of it changed: this version writes pinned layers only where their slot is free: leave the layer as it is",
						 layer->name, j);
	}
	return 0;
}

static int may_begin(const struct mtdl *mtdl, const struct mtdl_manifest *m, u32 flags,
		     struct mtdl_reason *why)
{
	bool dry = flags & MTDL_BEGIN_DRY_RUN;

	if (flags & ~(MTDL_BEGIN_DRY_RUN | MTDL_BEGIN_REPLACE))
		return mtdl_fail(why, -EINVAL, "begin: flags 0x%x are unknown", flags);
	if (mtdl->read_only && !dry)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	if (mtdl->state == MTDL_STATE_TRIAL)
		return mtdl_fail(why, -EBUSY,
				 "release %s is on trial: confirm it or roll it back first",
				 mtdl->candidate->release);
	if (mtdl->state == MTDL_STATE_INSTALLING)
		return mtdl_fail(why, -EBUSY,
				 "release %s is being installed by another version of this software: roll it back first",
				 mtdl->candidate->release);
	if (mtdl->candidate && !mtdl_release_same(mtdl->candidate, m->digest) && !dry &&
	    !(flags & MTDL_BEGIN_REPLACE))
		return mtdl_fail(why, -EEXIST,
				 "release %s is being staged: abort it, or have it replaced",
				 mtdl->candidate->release);
	return 0;
}

static int write_manifest(struct mtdl *mtdl, struct mtdl_release *release,
			  struct mtdl_reason *why)
{
	u32 i;
	int err = 0;

	for (i = 0; i < 2 * release->manifest_blocks && !err; i++) {
		u32 part = i % release->manifest_blocks;
		u64 at = (u64)part << mtdl->geometry.block_shift;
		u64 left = (u64)release->manifest_size + release->signature_size - at;

		err = write_block(mtdl, release, &release->manifest_map[i], false,
				  release->manifest + at,
				  left < mtdl->geometry.block_size ? (u32)left :
				  mtdl->geometry.block_size, why);
	}
	return err;
}

static int stage(struct mtdl *mtdl, struct mtdl_release *release, struct mtdl_reason *why)
{
	bool replaces = mtdl->candidate;
	int err;

	err = mtdl_table_secure(mtdl, why);
	if (!err)
		err = write_manifest(mtdl, release, why);
	if (err)
		return err;
	mtdl_release_put(mtdl->candidate);
	mtdl->candidate = mtdl_release_get(release);
	memset(&mtdl->outcome, 0, sizeof(mtdl->outcome));
	mtdl_set_state(mtdl, MTDL_STATE_STAGING);
	err = mtdl_table_write(mtdl, why);
	mtdl->stale = replaces;
	return err ? err : rewrite_staged(mtdl, why);
}

/* Without its digests a release only shares nothing: no reason to refuse an upgrade. */
static int load_digests(struct mtdl *mtdl, struct mtdl_release *release)
{
	int err = release ? mtdl_load_manifest(mtdl, release, NULL) : 0;

	return err == -ENOMEM ? err : 0;
}

static int begin_new(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 **bytes,
		     u32 signature_size, u32 flags, struct mtdl_plan *plan,
		     struct mtdl_reason *why)
{
	struct mtdl_release *release = NULL;
	u32 cursor = mtdl->cursor;
	int err;

	if (load_digests(mtdl, mtdl->active) || load_digests(mtdl, mtdl->candidate))
		return mtdl_fail(why, -ENOMEM, "no memory for the manifests on flash");
	err = mtdl_release_from_manifest(m, *bytes, signature_size, mtdl->geometry.block_shift,
					 &release, why);
	if (err)
		return err;
	*bytes = NULL;
	err = mtdl_place(mtdl, release, plan, why);
	if (!err)
		err = check_pinned(release, why);
	if (err || (flags & MTDL_BEGIN_DRY_RUN))
		mtdl->cursor = cursor;
	else
		err = stage(mtdl, release, why);
	if (!err)
		mtdl_plan_count(mtdl, release, plan);
	mtdl_release_put(release);
	return err;
}

static int begin_again(struct mtdl *mtdl, u32 flags, struct mtdl_plan *plan,
		       struct mtdl_reason *why)
{
	struct mtdl_pool pool = { 0 };
	int err = 0;

	plan->resumed = true;
	if (!(flags & MTDL_BEGIN_DRY_RUN)) {
		err = mtdl_table_secure(mtdl, why);
		if (!err)
			err = rewrite_staged(mtdl, why);
	}
	if (!err)
		err = mtdl_pool_init(&pool, mtdl, NULL, why);
	if (!err) {
		plan->free_after = mtdl_pool_free_blocks(&pool);
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

/*
 * Writes active's manifest anew, from the bytes that were handed in: they hash to
 * its digest, so they are what was lost.
 */
static int renew_manifest(struct mtdl *mtdl, const struct mtdl_manifest *m, u8 **bytes,
			  u32 signature_size, struct mtdl_reason *why)
{
	struct mtdl_release *active = mtdl->active;
	struct mtdl_release *fresh = NULL;
	struct mtdl_plan *plan = mtdl_alloc(sizeof(*plan));
	u32 *map;
	int err;

	if (!plan)
		return mtdl_fail(why, -ENOMEM, "no memory to place a manifest");
	err = mtdl_release_from_manifest(m, *bytes, signature_size, mtdl->geometry.block_shift,
					 &fresh, why);
	if (!err) {
		*bytes = NULL;
		err = mtdl_place_manifest(mtdl, fresh, plan, why);
	}
	if (!err && plan->missing)
		err = mtdl_fail(why, -ENOSPC,
				"no room for %u blocks with the manifest of release %s, whose copies on flash are damaged",
				2 * fresh->manifest_blocks, active->release);
	if (!err)
		err = write_manifest(mtdl, fresh, why);
	if (!err) {
		map = active->manifest_map;
		active->manifest_map = fresh->manifest_map;
		fresh->manifest_map = map;
		active->manifest_blocks = fresh->manifest_blocks;
		active->signature_size = fresh->signature_size;
		err = mtdl_table_write(mtdl, why);
	}
	mtdl_release_put(fresh);
	mtdl_free(plan);
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
	err = mtdl_table_secure(mtdl, why);
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
	if (mtdl_release_same(mtdl->active, m->digest))
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
	bytes = mtdl_alloc((size_t)manifest_size + signature_size);
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
	mtdl_free(bytes);
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
			 "roll it back");
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
	return write_wanted(mtdl, &mtdl->candidate->layers[layer], block, data, length, why);
}

int mtdl_sync(struct mtdl *mtdl, struct mtdl_reason *why)
{
	return mtdl->unsaved ? mtdl_table_write(mtdl, why) : 0;
}

int mtdl_commit(struct mtdl *mtdl, struct mtdl_reason *why)
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
	mtdl_free(mtdl->candidate->done);
	mtdl->candidate->done = NULL;
	if (mtdl->active) {
		mtdl->attempts_max = mtdl->candidate->attempts;
		mtdl->attempts_used = 0;
		mtdl_set_state(mtdl, MTDL_STATE_TRIAL);
	} else {
		mtdl_adopt_candidate(mtdl);
		mtdl_expose_active(mtdl);
	}
	return mtdl_table_write(mtdl, why);
}

int mtdl_abort(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err = need_staging(mtdl, why);

	if (!err)
		err = mtdl_table_secure(mtdl, why);
	if (err)
		return err;
	mtdl_drop_candidate(mtdl, MTDL_OUTCOME_ABORTED);
	return mtdl_table_write(mtdl, why);
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The end of a trial: confirmed, rolled back, or out of attempts.  Each is one
 * snapshot.  The blocks of a release that is still exposed stay used until
 * nobody reads it any more.
 */
#include "defect.h"
#include "move.h"
#include "release.h"
#include "table.h"
#include "upgrade.h"

static int nothing_to_confirm(struct mtdl *mtdl, const u8 *digest, struct mtdl_reason *why)
{
	if (mtdl_is_exposed(mtdl, mtdl->active) &&
	    (!digest || mtdl_release_same(mtdl->active, digest)))
		return MTDL_DEFECT(UNSECURED_NOTHING) ? 0 : mtdl_table_secure(mtdl, why);
	if (digest && mtdl->active)
		return mtdl_fail(why, -ESTALE,
				 "the release to confirm is not on trial: release %s is active",
				 mtdl->active->release);
	return mtdl_fail(why, -EINVAL, "no release is on trial: there is nothing to confirm");
}

int mtdl_confirm(struct mtdl *mtdl, const u8 *digest, struct mtdl_reason *why)
{
	int err;

	if (mtdl->state != MTDL_STATE_TRIAL)
		return nothing_to_confirm(mtdl, digest, why);
	if (digest && !mtdl_release_same(mtdl->candidate, digest))
		return mtdl_fail(why, -ESTALE, "the release to confirm is not the one on trial, %s",
				 mtdl->candidate->release);
	if (!mtdl_is_exposed(mtdl, mtdl->candidate))
		return mtdl_fail(why, -ESTALE,
				 "release %s is on trial, but release %s is running: boot the new one first",
				 mtdl->candidate->release,
				 mtdl->exposed ? mtdl->exposed->release : "(none)");
	err = mtdl_table_secure(mtdl, why);
	if (err)
		return err;
	mtdl_move_forget(mtdl);
	mtdl_adopt_candidate(mtdl);
	return mtdl_table_write(mtdl, why);
}

static int end_trial(struct mtdl *mtdl, enum mtdl_outcome_code code, struct mtdl_reason *why)
{
	int err = mtdl_table_secure(mtdl, why);

	if (err)
		return err;
	mtdl_move_forget(mtdl);
	mtdl_drop_candidate(mtdl, code);
	return mtdl_table_write(mtdl, why);
}

int mtdl_rollback(struct mtdl *mtdl, struct mtdl_reason *why)
{
	if (mtdl->state != MTDL_STATE_TRIAL && mtdl->state != MTDL_STATE_INSTALLING)
		return mtdl_fail(why, -EINVAL,
				 "no release is on trial: there is nothing to roll back");
	return end_trial(mtdl, MTDL_OUTCOME_ROLLED_BACK, why);
}

int mtdl_retire_trial(struct mtdl *mtdl, struct mtdl_reason *why)
{
	if (mtdl->state != MTDL_STATE_TRIAL || mtdl_is_exposed(mtdl, mtdl->candidate) ||
	    mtdl->attempts_used < mtdl->attempts_max)
		return 0;
	return end_trial(mtdl, MTDL_OUTCOME_EXHAUSTED, why);
}

/* ---- a boot loader's word ---- */

static void expose(struct mtdl *mtdl, struct mtdl_release *release)
{
	mtdl_release_get(release);
	mtdl_release_put(mtdl->exposed);
	mtdl->exposed = release;
}

/*
 * The loader saw the trial, so every home was written and read back before; here they are
 * still to be written.
 */
static void homes_are_written(struct mtdl_release *candidate)
{
	u32 i, j;

	for (i = 0; i < candidate->layer_count; i++) {
		struct mtdl_layer *layer = &candidate->layers[i];

		for (j = 0; (layer->policy & MTDL_POLICY_PINNED) && j < layer->block_count; j++)
			layer->map[j] = layer->slot_start + j;
	}
}

/* The loader booted the candidate: it was committed then, and has used an attempt. */
static int take_candidate(struct mtdl *mtdl, struct mtdl_reason *why)
{
	bool alone = !mtdl->active || mtdl_has_incomplete(mtdl->active);
	int err;

	/* before the first home is written, two copies say so that read back */
	if (mtdl->state == MTDL_STATE_STAGING && !alone && !mtdl_is_installed(mtdl->candidate))
		return mtdl_fail(why, -ESTALE,
				 "the boot loader says that it booted release %s, whose pinned layers are not at home yet: is it the same flash?",
				 mtdl->candidate->release);
	/* what is on trial already is exposed in any case */
	err = mtdl->state == MTDL_STATE_TRIAL ? 0 :
	      mtdl_load_manifest(mtdl, mtdl->candidate, why);
	if (err)
		return err;
	if (mtdl->state == MTDL_STATE_INSTALLING)
		homes_are_written(mtdl->candidate);
	if (mtdl->state == MTDL_STATE_STAGING)
		mtdl_complete_candidate(mtdl);
	if (alone) {	/* nothing to fall back to */
		mtdl_adopt_candidate(mtdl);
		return 0;
	}
	if (mtdl->state != MTDL_STATE_TRIAL)
		mtdl_begin_trial(mtdl);
	if (!mtdl->attempts_used)
		mtdl->attempts_used = 1;
	return 0;
}

int mtdl_handover(struct mtdl *mtdl, const u8 *digest, struct mtdl_reason *why)
{
	if (mtdl->state == MTDL_STATE_STAGING && mtdl_release_same(mtdl->active, digest)) {
		/* the same release as what is staged: a layer of it is being written over again */
		expose(mtdl, mtdl->active);
	} else if (mtdl_release_same(mtdl->candidate, digest)) {
		int err = take_candidate(mtdl, why);

		if (err)
			return err;
		expose(mtdl, mtdl->candidate ? mtdl->candidate : mtdl->active);
	} else if (mtdl_release_same(mtdl->active, digest)) {
		expose(mtdl, mtdl->active);
	} else {
		return mtdl_fail(why, -ESTALE,
				 "the boot loader says that it booted a release which the layer table does not know: is it the same flash?");
	}
	return mtdl_table_secure(mtdl, why);
}

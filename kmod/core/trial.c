// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The end of a trial: confirmed, rolled back, or out of attempts.  Each is one
 * snapshot.  The blocks of a release that is still exposed stay used until
 * nobody reads it any more.
 */
#include "release.h"
#include "table.h"
#include "upgrade.h"

static int nothing_to_confirm(struct mtdl *mtdl, const u8 *digest, struct mtdl_reason *why)
{
	if (mtdl->active && mtdl->exposed == mtdl->active &&
	    (!digest || mtdl_release_same(mtdl->active, digest)))
		return mtdl_table_secure(mtdl, why);
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
	if (mtdl->exposed != mtdl->candidate)
		return mtdl_fail(why, -ESTALE,
				 "release %s is on trial, but release %s is running: boot the new one first",
				 mtdl->candidate->release,
				 mtdl->exposed ? mtdl->exposed->release : "(none)");
	err = mtdl_table_secure(mtdl, why);
	if (err)
		return err;
	mtdl_adopt_candidate(mtdl);
	return mtdl_table_write(mtdl, why);
}

static int end_trial(struct mtdl *mtdl, enum mtdl_outcome_code code, struct mtdl_reason *why)
{
	int err = mtdl_table_secure(mtdl, why);

	if (err)
		return err;
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
	if (mtdl->state != MTDL_STATE_TRIAL || mtdl->exposed == mtdl->candidate ||
	    mtdl->attempts_used < mtdl->attempts_max)
		return 0;
	return end_trial(mtdl, MTDL_OUTCOME_EXHAUSTED, why);
}

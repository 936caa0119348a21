// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a board does after a cut, until it is idle again.
 */
#include "scenario.h"

#define ROUNDS_MAX	(4 * MTDL_ATTEMPTS_MAX)

static struct model model(struct world *world)
{
	return world_model(world, &world->device.mtdl);
}

static void end_trial(struct world *world)
{
	world_act(world, ACT_ROLLBACK, R_NONE, 0);
	world_act(world, ACT_REBOOT, R_NONE, 0);
}

static void stage(struct world *world, int target, bool over)
{
	struct model now = model(world);
	enum act begin = over ? ACT_BEGIN_OVER : ACT_BEGIN;

	if (now.state == MTDL_STATE_STAGING && now.candidate != target)
		begin = ACT_REPLACE;
	world_act(world, begin, target, 0);
	world_act(world, ACT_WRITE, target, 0);
	world_act(world, ACT_COMMIT, target, 0);
	world_act(world, ACT_INSTALL, R_NONE, 0);
	if (model(world).state == MTDL_STATE_TRIAL)
		world_act(world, ACT_REBOOT, R_NONE, 0);
}

/* One step nearer to @target, confirmed, from whatever there is; whether it is reached. */
static bool approach(struct world *world, int target, bool over, u32 rounds)
{
	struct model now = model(world);

	if (now.state == MTDL_STATE_INSTALLING) {
		world_act(world, ACT_INSTALL, R_NONE, 0);
	} else if (now.state == MTDL_STATE_TRIAL &&
		   (now.candidate != target || rounds % 4 == 3)) {
		end_trial(world);
	} else if (now.state == MTDL_STATE_TRIAL &&
		   !mtdl_is_exposed(&world->device.mtdl, world->device.mtdl.candidate)) {
		/*
		 * A loader went by a snapshot from before, and started active; or no attempt
		 * can be marked, for the cells fail: then it is staged again.
		 */
		world_act(world, ACT_REBOOT, R_NONE, 0);
	} else if (now.state == MTDL_STATE_TRIAL) {
		world_act(world, ACT_CONFIRM, target, 0);
		return true;
	} else if (now.active == target && !now.incomplete) {
		/* what is staged instead gives way */
		world_act(world, now.state == MTDL_STATE_STAGING ? ACT_REPLACE : ACT_BEGIN, target,
			  0);
		return true;
	} else {
		stage(world, target, over);
	}
	return false;
}

static void back(struct world *world, bool over);

/* To @target, confirmed; or back, if it cannot be installed. */
static void install(struct world *world, int target, bool over)
{
	u32 rounds;

	for (rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		struct model now = model(world);
		bool staged = now.state == MTDL_STATE_STAGING || now.state == MTDL_STATE_IDLE;

		if (staged && now.active != target && now.active != R_NONE &&
		    fault_in_pinned_slot(world, target)) {
			back(world, over);
			return;
		}
		if (approach(world, target, over, rounds))
			return;
	}
	world_lost(world, "release %d is not installed after %u rounds", target, rounds);
}

static void back(struct world *world, bool over)
{
	struct model now = model(world);

	if (now.state == MTDL_STATE_TRIAL || now.state == MTDL_STATE_INSTALLING)
		end_trial(world);
	else if (now.state == MTDL_STATE_STAGING)
		world_act(world, ACT_ABORT, R_NONE, 0);
	now = model(world);
	if (now.incomplete)
		install(world, now.active, over);
	else if (now.active != R_NONE)
		world_act(world, ACT_CONFIRM, R_NONE, 0);
}

static void commit_staged(struct world *world, bool over)
{
	int staged = model(world).candidate;

	world_act(world, over ? ACT_BEGIN_OVER : ACT_BEGIN, staged, 0);
	world_act(world, ACT_WRITE, staged, 0);
	world_act(world, ACT_COMMIT, staged, 0);
}

/*
 * Complete what is staged, and never confirm it.  A commit that a cut hit may be
 * seen by one boot and not by the next, so a trial may turn into staging again.
 */
static void exhaust(struct world *world, bool over)
{
	u32 rounds;

	for (rounds = 0; model(world).state != MTDL_STATE_IDLE; rounds++) {
		if (rounds > ROUNDS_MAX)
			world_lost(world, "the trial does not end, after %u rounds", rounds);
		if (model(world).state == MTDL_STATE_STAGING &&
		    fault_in_pinned_slot(world, model(world).candidate))
			world_act(world, ACT_ABORT, R_NONE, 0);
		if (model(world).state == MTDL_STATE_STAGING)
			commit_staged(world, over);
		if (model(world).state == MTDL_STATE_INSTALLING)
			world_act(world, ACT_INSTALL, R_NONE, 0);
		if (model(world).state == MTDL_STATE_TRIAL)
			world_act(world, ACT_REBOOT, R_NONE, 0);
		if (model(world).state == MTDL_STATE_TRIAL && !world->unharmed && rounds > 8)
			end_trial(world);
	}
	if (model(world).incomplete)
		back(world, over);
}

void recover(struct world *world, enum recovery how, const struct job *job)
{
	struct model now;

	world_act(world, ACT_REBOOT, R_NONE, 0);
	if (job->frozen)
		return;
	switch (how) {
	case RECOVER_EXHAUST:
		exhaust(world, job->over);
		break;
	case RECOVER_BACK:
	case RECOVER_BACK_SETTLE:
		back(world, job->over);
		break;
	case RECOVER_OTHER:
		install(world, job->other, job->over);
		break;
	default:
		install(world, job->target, job->over);
	}
	if (how == RECOVER_FINISH_SETTLE || how == RECOVER_BACK_SETTLE)
		world_act(world, ACT_WORK, R_NONE, 0);
	now = model(world);
	if (now.state != MTDL_STATE_IDLE || now.incomplete)
		world_lost(world, "the recovery ends in %s", model_text(&now));
}

void next_upgrade_works(struct world *world, const struct job *job)
{
	world_act(world, ACT_REBOOT, R_NONE, 0);
	if (job->frozen)
		return;
	install(world, job->next, job->over);
	world_act(world, ACT_REBOOT, R_NONE, 0);
	if (model(world).active != job->next)
		world_lost(world, "the next upgrade is not active");
}

const char *recovery_name(enum recovery how)
{
	static const char * const names[RECOVERIES] = {
		[RECOVER_FINISH] = "finish",
		[RECOVER_BACK] = "back",
		[RECOVER_OTHER] = "other",
		[RECOVER_EXHAUST] = "exhaust",
		[RECOVER_FINISH_SETTLE] = "finish-settle",
		[RECOVER_BACK_SETTLE] = "back-settle",
	};

	return names[how];
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a board does after a cut, until it is idle again.
 */
#include "world.h"

static void act(struct world *world, enum act what, int release)
{
	const struct step step = { what, release, 0 };

	world_step(world, &step);
}

static struct model model(struct world *world)
{
	return world_model(world);
}

static void end_trial(struct world *world)
{
	act(world, ACT_ROLLBACK, R_NONE);
	act(world, ACT_REBOOT, R_NONE);
}

/* Stage @target from whatever is there, commit, reboot, confirm. */
static void install(struct world *world, int target)
{
	struct model now = model(world);

	if (now.state == MTDL_STATE_TRIAL && now.candidate == target) {
		act(world, ACT_CONFIRM, target);
		return;
	}
	if (now.state == MTDL_STATE_TRIAL)
		end_trial(world);
	now = model(world);
	if (now.state == MTDL_STATE_IDLE && now.active == target) {
		act(world, ACT_BEGIN, target);
		return;
	}
	act(world, now.state == MTDL_STATE_STAGING && now.candidate != target ? ACT_REPLACE :
								     ACT_BEGIN, target);
	act(world, ACT_WRITE, target);
	act(world, ACT_COMMIT, target);
	if (model(world).state == MTDL_STATE_IDLE)
		return;
	act(world, ACT_REBOOT, R_NONE);
	act(world, ACT_CONFIRM, target);
}

static void commit_staged(struct world *world)
{
	int staged = model(world).candidate;

	act(world, ACT_BEGIN, staged);
	act(world, ACT_WRITE, staged);
	act(world, ACT_COMMIT, staged);
}

/*
 * Complete what is staged, and never confirm it.  A commit that a cut hit may be
 * seen by one boot and not by the next, so a trial may turn into staging again.
 */
static void exhaust(struct world *world)
{
	u32 reboots;

	for (reboots = 0; model(world).state != MTDL_STATE_IDLE; reboots++) {
		if (reboots > 2 * MTDL_ATTEMPTS_MAX)
			world_lost(world, "the trial does not end, after %u reboots", reboots);
		if (model(world).state == MTDL_STATE_STAGING)
			commit_staged(world);
		if (model(world).state == MTDL_STATE_TRIAL)
			act(world, ACT_REBOOT, R_NONE);
	}
}

static void back(struct world *world)
{
	if (model(world).state == MTDL_STATE_TRIAL)
		end_trial(world);
	else if (model(world).state == MTDL_STATE_STAGING)
		act(world, ACT_ABORT, R_NONE);
	else
		act(world, ACT_CONFIRM, R_NONE);
}

int recover(struct world *world, enum recovery how, int target)
{
	act(world, ACT_REBOOT, R_NONE);
	if (how == RECOVER_OTHER)
		target = R_OTHER;
	if (model(world).active == R_NONE && how == RECOVER_BACK &&
	    model(world).state == MTDL_STATE_IDLE)
		return R_NONE;
	switch (how) {
	case RECOVER_EXHAUST:
		exhaust(world);
		break;
	case RECOVER_BACK:
		back(world);
		break;
	default:
		install(world, target);
	}
	if (model(world).state != MTDL_STATE_IDLE)
		world_lost(world, "the recovery ends in %s", model_text(&(struct model) {
			   model(world).state, model(world).active, model(world).candidate }));
	return model(world).active;
}

void next_upgrade_works(struct world *world)
{
	act(world, ACT_REBOOT, R_NONE);
	install(world, R_NEXT);
	act(world, ACT_REBOOT, R_NONE);
	if (model(world).active != R_NEXT)
		world_lost(world, "the next upgrade is not active");
}

const char *recovery_name(enum recovery how)
{
	static const char * const names[RECOVERIES] = {
		[RECOVER_FINISH] = "finish",
		[RECOVER_BACK] = "back",
		[RECOVER_OTHER] = "other",
		[RECOVER_EXHAUST] = "exhaust",
	};

	return names[how];
}

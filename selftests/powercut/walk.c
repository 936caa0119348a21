// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random walks: legal commands in any order, faults, and cuts in any of their operations,
 * all drawn from one seed.  Each ends with the board idle and one more upgrade.
 */
#include "campaign.h"

#define WALK_STEPS	40
#define FAULTS_MAX	2

/**
 * struct walk - where it is
 * @campaign: options and counts
 * @world: the board
 * @recording: of the step that is done
 * @job: what the walk counts as, for its end
 * @seed: what is drawn from
 * @drawn: how often
 * @faults: set so far
 * @dropped: what is exposed was dropped, until the reboot
 */
struct walk {
	struct campaign *campaign;
	struct world *world;
	struct recording recording;
	struct job job;
	u32 seed;
	u32 drawn;
	u32 faults;
};

static u32 draw(struct walk *walk, u32 below)
{
	return chance_draw(walk->seed, ++walk->drawn) % below;
}

static struct mtdl *core(struct walk *walk)
{
	return &walk->world->device.mtdl;
}

static void act(struct walk *walk, enum act what, int release, u32 limit)
{
	recording_reset(&walk->recording);
	walk->world->recording = &walk->recording;
	world_act(walk->world, what, release, limit);
	walk->world->recording = NULL;
}

/* The power goes at one of the operations of the last step. */
static void cut(struct walk *walk)
{
	struct scenario s = { .fleet = walk->world->fleet, .loader = walk->world->loader };
	const struct cutpoint *at = &walk->recording.cutpoint[draw(walk, walk->recording.count)];
	struct tally *tally = &walk->campaign->tally;
	struct simflash_cut how = chance_variant(&s, draw(walk, chance_variants(&s, &at->op)));

	how.seed = chance_draw(walk->seed, walk->drawn);
	tally->before += how.effect == SIMFLASH_BEFORE;
	tally->torn += how.effect == SIMFLASH_TORN;
	tally->after += how.effect == SIMFLASH_AFTER;
	if (walk->world->verbose)
		printf("#   cut: effect %u, tear %u, %s, %s to a loader\n", how.effect, how.tear,
		       simflash_outcome_name(how.outcome), simflash_outcome_name(how.loader));
	world_resume(walk->world, at, &how);
	act(walk, ACT_REBOOT, R_NONE, 0);
}

/* ---- what may be done ---- */

static bool is_dropped(struct walk *walk)
{
	const struct mtdl *mtdl = core(walk);

	return mtdl->exposed && !mtdl_is_exposed(mtdl, mtdl->active) &&
	       !mtdl_is_exposed(mtdl, mtdl->candidate);
}

static bool is_pinned(const struct built_release *release)
{
	u32 i;

	for (i = 0; i < release->layer_count; i++)
		if (release->layers[i].policy & MTDL_POLICY_PINNED)
			return true;
	return false;
}

/* Whether a release may be begun, fits, and leaves room for what still fails. */
static bool may_begin(struct walk *walk, int release)
{
	struct device *device = &walk->world->device;
	const struct built_release *built = walk->world->fleet->release[release];
	u32 ops = device->sim->ops;
	int err;

	if (built->options.security_counter < core(walk)->security_floor ||
	    fault_in_pinned_slot(walk->world, release))
		return false;
	err = device_begin(device, built, MTDL_BEGIN_DRY_RUN | MTDL_BEGIN_REPLACE |
			   (walk->job.over ? MTDL_BEGIN_IN_PLACE : 0));
	if (device->sim->ops != ops)
		world_lost(walk->world, "a dry run changes the flash");
	if (err && err != -ENOSPC)
		world_lost(walk->world, "a dry run of release %d fails: %s", release,
			   device->why.text);
	return !err && (device->plan.current_release ||
			device->plan.free_after >= device->plan.reserve + device->plan.aside + 2 *
			(walk->faults + 1));
}

static int any_release(struct walk *walk)
{
	return walk->job.over ? R_BIG + (int)draw(walk, 3) : (int)draw(walk, R_BIG);
}

static void begin(struct walk *walk)
{
	const struct model now = world_model(walk->world, core(walk));
	int release = any_release(walk);
	enum act how = now.state == MTDL_STATE_STAGING && now.candidate != release ? ACT_REPLACE :
		       walk->job.over ? ACT_BEGIN_OVER : ACT_BEGIN;

	/* with both there is little room, perhaps not enough for a block that fails */
	if (how == ACT_REPLACE && walk->faults)
		act(walk, ACT_ABORT, R_NONE, 0);
	else if (may_begin(walk, release))
		act(walk, how, release, 0);
}

static void write_some(struct walk *walk)
{
	const struct mtdl *mtdl = core(walk);

	act(walk, ACT_WRITE, world_release(walk->world, mtdl->candidate), draw(walk, 6));
}

static void commit(struct walk *walk)
{
	int staged = world_release(walk->world, core(walk)->candidate);
	struct mtdl_wanted wanted;
	u32 lacking = 1;

	if (is_dropped(walk) && is_pinned(walk->world->fleet->release[staged])) {
		act(walk, ACT_REBOOT, R_NONE, 0);
		return;
	}
	if (core(walk)->active && fault_in_pinned_slot(walk->world, staged)) {
		act(walk, ACT_ABORT, R_NONE, 0);
		return;
	}
	act(walk, walk->job.over ? ACT_BEGIN_OVER : ACT_BEGIN, staged, 0);
	act(walk, ACT_WRITE, staged, 0);
	if (mtdl_want(core(walk), &wanted, &lacking, &walk->world->device.why))
		world_lost(walk->world, "want fails: %s", walk->world->device.why.text);
	/* blocks failed, and there was no room for others, or no other place */
	act(walk, lacking ? ACT_ABORT : ACT_COMMIT, staged, 0);
}

static void wear(struct walk *walk)
{
	static const enum fault kinds[] = {
		FAULT_PROGRAM, FAULT_ERASE, FAULT_SILENT, FAULT_ONCE, FAULT_FULL,
	};

	if (walk->faults == FAULTS_MAX || fault_pending(walk->world))
		return;
	walk->faults++;
	act(walk, ACT_FAULT, R_NONE, kinds[draw(walk, 5)]);
	walk->world->missed = false;
	walk->world->unharmed = false;
}

static void anything(struct walk *walk)
{
	switch (draw(walk, 9)) {
	case 8:
		act(walk, ACT_ROUND, R_NONE, 0);
		break;
	case 0:
		if (core(walk)->active)
			act(walk, ACT_SCRUB, R_NONE, draw(walk, core(walk)->active->layer_count));
		break;
	case 1:
		act(walk, ACT_LOOK, R_NONE, 0);
		break;
	case 2:
		wear(walk);
		break;
	case 3:
		act(walk, ACT_REBOOT, R_NONE, 0);
		break;
	default:
		act(walk, ACT_WORK, R_NONE, draw(walk, 12));
	}
}

static void step_idle(struct walk *walk)
{
	const struct mtdl *mtdl = core(walk);

	if (draw(walk, 2) && (!is_dropped(walk) || draw(walk, 2)))
		begin(walk);
	else if (mtdl->active && mtdl_is_exposed(mtdl, mtdl->active) && !draw(walk, 4))
		act(walk, ACT_CONFIRM, R_NONE, 0);
	else
		anything(walk);
}

static void step_staging(struct walk *walk)
{
	switch (draw(walk, 8)) {
	case 0:
		begin(walk);
		break;
	case 1:
		act(walk, ACT_ABORT, R_NONE, 0);
		break;
	case 2:
		act(walk, ACT_SYNC, R_NONE, 0);
		break;
	case 3:
	case 4:
		write_some(walk);
		break;
	case 5:
		anything(walk);
		break;
	default:
		commit(walk);
	}
}

static void step_installing(struct walk *walk)
{
	if (!draw(walk, 6))
		act(walk, ACT_ROLLBACK, R_NONE, 0);
	else if (!draw(walk, 6))
		act(walk, ACT_INSTALL, R_NONE, 0);
	else
		anything(walk);
}

static void step_trial(struct walk *walk)
{
	const struct mtdl *mtdl = core(walk);
	u32 choice = draw(walk, 6);

	if (!choice)
		act(walk, ACT_ROLLBACK, R_NONE, 0);
	else if (choice < 3 && mtdl_is_exposed(mtdl, mtdl->candidate))
		act(walk, ACT_CONFIRM, R_NONE, 0);
	else if (choice < 5)
		act(walk, ACT_REBOOT, R_NONE, 0);
	else
		anything(walk);
}

static void step(struct walk *walk)
{
	recording_reset(&walk->recording);
	switch (core(walk)->state) {
	case MTDL_STATE_IDLE:
		step_idle(walk);
		break;
	case MTDL_STATE_STAGING:
		step_staging(walk);
		break;
	case MTDL_STATE_INSTALLING:
		step_installing(walk);
		break;
	default:
		step_trial(walk);
	}
	while (walk->recording.count && !draw(walk, 3))
		cut(walk);
}

static void set_out(struct walk *walk)
{
	static const int starts[] = { R_BASE, R_PIN, R_LAZY, R_MOVE, R_SLOTS, R_BIG };
	int start = starts[draw(walk, 6)];

	walk->job = (struct job) {
		.name = "walk", .target = start, .next = start == R_BIG ? R_BIG_NEXT : R_NEXT,
		.over = start == R_BIG,
	};
	act(walk, ACT_BEGIN, start, 0);
	act(walk, ACT_WRITE, start, 0);
	act(walk, ACT_COMMIT, start, 0);
	act(walk, ACT_REBOOT, R_NONE, 0);
}

static bool do_walk(struct walk *walk)
{
	struct world *world = walk->world;
	u32 i;

	if (setjmp(world->lost)) {
		walk->campaign->tally.lost++;
		fprintf(walk->campaign->report, "# LOST: %s\n#   again: powercut --walk %u\n",
			world->what, walk->seed);
		world->device.attached = false;
		return false;
	}
	world->unharmed = true;
	world->tight = true;
	world->verbose = walk->campaign->verbose;
	set_out(walk);
	for (i = 0; i < WALK_STEPS; i++)
		step(walk);
	world->recording = NULL;
	recover(world, RECOVER_BACK_SETTLE, &walk->job);
	next_upgrade_works(world, &walk->job);
	return true;
}

bool walk_run(struct campaign *campaign, u32 seed)
{
	struct walk walk = { .campaign = campaign, .seed = seed };
	bool fine;

	walk.world = world_new(&fleets[draw(&walk, FLEETS)], draw(&walk, 2));
	campaign->tally.walks++;
	fine = do_walk(&walk);
	recording_reset(&walk.recording);
	free(walk.recording.cutpoint);
	world_free(walk.world);
	return fine;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The steps that a board does.
 */
#include "world.h"

#define WORK_MAX	4000	/* steps of background work that nothing here can need */

static void reset_attempts(struct world *world)
{
	world->boots_done = 0;
	world->boots_cut = 0;
	world->exposures = 0;
}

static void set_chaos(struct world *world, enum chaos chaos)
{
	struct simflash *sim = world->device.sim;

	world->chaos = true;
	if (chaos == CHAOS_UNITS)
		fault_freeze_table(world);
	else if (chaos == CHAOS_TIMEOUT)
		sim->trouble = -ETIMEDOUT;
	else
		sim->lock = chaos == CHAOS_LOCKED ? SIMFLASH_LOCKED : SIMFLASH_LOCKED_SILENTLY;
}

/* What the core knows may be wrong now, until it is attached again. */
static void calm(struct world *world)
{
	world->device.sim->trouble = 0;
	world->device.sim->lock = SIMFLASH_UNLOCKED;
}

static void scrub(struct world *world, u32 layer)
{
	struct mtdl *mtdl = &world->device.mtdl;
	u32 per_block = world->fleet->block_size / world->fleet->shape.erase_size;

	world->scrubbed = mtdl->active->layers[layer].map[0];
	world->scrubbed_erases = world->device.sim->count[world->scrubbed * per_block].erases;
	mtdl_scrub(mtdl, world->scrubbed);
}

static int work_once(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;
	u32 ops = world->device.sim->ops;
	bool expected = mtdl_has_work(mtdl) || mtdl->suspect_count;
	int more = mtdl_work(mtdl, &world->device.why);

	world->more = more > 0;
	if (!expected && (more || world->device.sim->ops != ops))
		world_lost(world, "mtdl_has_work() saw nothing to do, and mtdl_work() did something");
	return more < 0 ? more : 0;
}

static int begin(struct world *world, const struct built_release *release, u32 flags)
{
	struct mtdl_plan *plan = &world->device.plan;
	int err = device_begin(&world->device, release, flags);

	if (!err && !plan->current_release && !plan->resumed &&
	    plan->free_after < plan->reserve + plan->aside)
		world_lost(world, "begin leaves %u blocks free, of %u in reserve and %u to be moved aside",
			   plan->free_after, plan->reserve, plan->aside);
	return err;
}

static int do_step(struct world *world, const struct step *step)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	const struct built_release *release = step->release == R_NONE ? NULL :
					      world->fleet->release[step->release];
	struct mtdl_reason *why = &device->why;

	switch (step->act) {
	case ACT_REBOOT:
		return power_cycle(world);
	case ACT_LOOK:
		power_look(world);
		return 0;
	case ACT_BEGIN:
		return begin(world, release, 0);
	case ACT_BEGIN_OVER:
		return begin(world, release, MTDL_BEGIN_IN_PLACE);
	case ACT_REPLACE:
		return begin(world, release, MTDL_BEGIN_REPLACE | MTDL_BEGIN_IN_PLACE);
	case ACT_WRITE:
		return device_write(device, release, step->limit);
	case ACT_SYNC:
		return mtdl_sync(mtdl, why);
	case ACT_COMMIT:
		reset_attempts(world);
		return mtdl_commit(mtdl, why);
	case ACT_INSTALL:
	case ACT_WORK:
		return work_once(world);
	case ACT_SCRUB:
		scrub(world, step->limit);
		return 0;
	case ACT_CONFIRM:
		return mtdl_confirm(mtdl, release ? release->digest : NULL, why);
	case ACT_ROLLBACK:
		return mtdl_rollback(mtdl, why);
	case ACT_ABORT:
		return mtdl_abort(mtdl, why);
	case ACT_ROUND:
		mtdl->cursor = 0;
		return 0;
	case ACT_FAULT:
		fault_set(world, (enum fault)step->limit);
		return 0;
	case ACT_CHAOS:
		set_chaos(world, (enum chaos)step->limit);
		return 0;
	case ACT_CALM:
		calm(world);
		return 0;
	default:
		return -EINVAL;
	}
}

static const char *step_text(const struct step *step)
{
	static const char * const acts[ACTS] = {
		"reboot", "look", "begin", "begin over", "replace", "write", "sync", "commit",
		"install", "confirm", "roll back", "abort", "work", "scrub", "round", "fault", "calm",
		"chaos",
	};
	static char text[48];

	snprintf(text, sizeof(text), "%s %d", acts[step->act], step->release);
	return text;
}

/* What was recorded since @first may also end where this step ended. */
static void patch_recording(struct world *world, u32 first, struct model model)
{
	struct recording *r = world->recording;
	u32 i;

	for (i = first; r && i < r->count; i++)
		world_accept(&r->cutpoint[i].acceptable, model);
}

/* Readers switch over to where the blocks are now; until they have, the old ones must be right. */
static void follow(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;

	if (!mtdl_moved(mtdl))
		return;
	invariant_1_one_whole_release(world);
	mtdl_follow(mtdl);
	if (mtdl_moved(mtdl))
		world_lost(world, "the exposed release has moved again while it was followed");
}

/* A command that reports success has made the state safe, also if there was nothing to do. */
static bool promises_safety(enum act act)
{
	return act == ACT_BEGIN || act == ACT_BEGIN_OVER || act == ACT_REPLACE ||
	       act == ACT_CONFIRM || act == ACT_COMMIT || act == ACT_ROLLBACK ||
	       act == ACT_ABORT;
}

static void note_failure(struct world *world, u32 first)
{
	struct model model = world_model(world, &world->device.mtdl);

	patch_recording(world, first, model);
	world_accept(&world->acceptable, model);
	if (world->verbose)
		printf("#     -> fails: %s\n", world->device.why.text);
}

/*
 * A block in the slot of a pinned layer fails, and there the layer has to be: then the
 * release cannot be staged.
 */
static bool is_excused(struct world *world, int err)
{
	const struct mtdl_release *candidate = world->device.mtdl.candidate;

	if (world->tight && !world->unharmed && err == -ENOSPC)
		return true;
	return world->chaos || (candidate && !world->unharmed &&
				fault_in_pinned_slot(world, world_release(world, candidate)));
}

static void one_step(struct world *world, const struct step *step)
{
	u32 first = world->recording ? world->recording->count : 0;
	struct mtdl *mtdl = &world->device.mtdl;
	struct model model;
	int err;

	if (world->verbose)
		printf("#   step: %s\n", step_text(step));
	err = do_step(world, step);
	if (err && is_excused(world, err)) {
		note_failure(world, first);
		return;
	}
	if (err)
		world_lost(world, "%s fails: %s", step_text(step), world->device.why.text);
	model = world_model(world, mtdl);
	if (world->verbose)
		printf("#     -> %s, attempts %u\n", model_text(&model), mtdl->attempts_used);
	patch_recording(world, first, model);
	if (mtdl->secure && !world->chaos)
		world->acceptable.count = 0;
	world_accept(&world->acceptable, model);
	if (world->chaos)
		return;
	if (promises_safety(step->act))
		invariant_3_first_rule(world);
	follow(world);
	oracle_expose(world);
	invariants_after_step(world);
}

/* Of the active release, blocks that have a home and are elsewhere; lazy layers may be so. */
static bool all_at_home(const struct mtdl *mtdl)
{
	u32 i;

	for (i = 0; mtdl->active && i < mtdl->active->layer_count; i++) {
		const struct mtdl_layer *layer = &mtdl->active->layers[i];

		if (!(layer->policy & MTDL_POLICY_LAZY) && mtdl_count_away(layer))
			return false;
	}
	return true;
}

static void work(struct world *world, const struct step *step)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	u32 data_ops = world->data_ops, steps = 0;
	bool nothing = mtdl->state != MTDL_STATE_INSTALLING && all_at_home(mtdl) &&
		       world->scrubbed == MTDL_NO_BLOCK && !mtdl->suspect_count;

	do {
		if (step->act == ACT_INSTALL && mtdl->state != MTDL_STATE_INSTALLING)
			return;
		if (++steps > WORK_MAX)
			world_lost(world, "background work does not end, after %u steps", WORK_MAX);
		one_step(world, step);
	} while (world->more && steps != step->limit);
	if (world->chaos)
		return;
	if (nothing && world->data_ops != data_ops)
		world_lost(world, "background work wrote blocks although every block was where it should be");
	if (!world->more)
		invariants_settled(world);
}

void world_step(struct world *world, const struct step *step)
{
	if (step->act == ACT_WORK || step->act == ACT_INSTALL)
		work(world, step);
	else
		one_step(world, step);
}

void world_act(struct world *world, enum act act, int release, u32 limit)
{
	const struct step step = { act, release, limit };

	world_step(world, &step);
}

int world_try(struct world *world, const struct step *step)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	u32 steps = 0;
	int err;

	do {
		if (step->act == ACT_INSTALL && mtdl->state != MTDL_STATE_INSTALLING)
			break;
		world->more = false;
		err = do_step(world, step);
		if (!world->chaos)
			world->acceptable.count = 0;
		if (world->device.sim->off)
			return err;
		mtdl_follow(&world->device.mtdl);
		oracle_expose(world);
		world_accept(&world->acceptable, world_model(world, mtdl));
		if (err && !world->chaos)
			return err;
	} while (world->more && ++steps != step->limit);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a job once, keeping the flash as it was before each of its operations;
 * then, from each of these, lets the power go in every way and has the board
 * recover.  The recovery is recorded in the same way and cut again, and that
 * recovery too where the job is short.
 *
 * Cutting a copy of the flash is the same as running the job into the cut:
 * nothing of the job's memory survives it.  That this is so is checked by doing
 * some of the cases for real.
 */
#include "campaign.h"

#define REPORTS_MAX	6	/* in one scenario */
#define SHORT_JOB	24	/* operations; such a job may be cut three times */

u64 tally_cuts(const struct tally *tally)
{
	return tally->before + tally->torn + tally->after;
}

void tally_add(struct tally *to, const struct tally *from)
{
	u32 i;

	to->scenarios += from->scenarios;
	to->operations += from->operations;
	to->before += from->before;
	to->torn += from->torn;
	to->after += from->after;
	for (i = 0; i < CUTS_MAX; i++)
		to->depth[i] += from->depth[i];
	to->copies += from->copies;
	to->replays += from->replays;
	to->walks += from->walks;
	to->lost += from->lost;
}

bool campaign_wants(const struct campaign *campaign, const struct scenario *scenario)
{
	return campaign->whole || scenario->extras < 2;
}

static void report(struct campaign *campaign, const struct world *world,
		   const struct case_id *id)
{
	campaign->tally.lost++;
	if (campaign->tally.lost <= REPORTS_MAX)
		fprintf(campaign->report, "# LOST: %s\n#   again: powercut --seed %u --case %s\n",
			world->what, campaign->seed, case_text(id));
}

/* After a loss the core's memory may be in any state: leave it alone. */
static void abandon(struct world *world)
{
	world->device.attached = false;
	world->recording = NULL;
	world->deep = false;
}

/* A fault that is to wear something out, in whichever way the scenario has it. */
static bool wears_out(const struct scenario *s)
{
	const struct step *step;

	for (step = s->steps; (int)step->act >= 0; step++) {
		if (step->act == ACT_FAULT && step->limit != FAULT_ONCE &&
		    step->limit != FAULT_FULL)
			return true;
		if (step->act == ACT_CHAOS && step->limit == CHAOS_UNITS)
			return true;
	}
	return false;
}

static struct world *new_world(const struct scenario *s)
{
	struct world *world = world_new(s->fleet, s->loader);

	world->unharmed = !wears_out(s);
	return world;
}

/*
 * From a cut at @at to the end; the recovery is recorded in @inner if it is not
 * NULL.
 */
static bool run_case(struct campaign *campaign, struct world *world, const struct cutpoint *at,
		     const struct case_id *id, struct recording *inner)
{
	const struct simflash_cut *cut = &id->cut[id->cuts - 1];

	*campaign->current = *id;
	campaign->tally.depth[id->cuts - 1]++;
	campaign->tally.before += cut->effect == SIMFLASH_BEFORE;
	campaign->tally.torn += cut->effect == SIMFLASH_TORN;
	campaign->tally.after += cut->effect == SIMFLASH_AFTER;
	if (setjmp(world->lost)) {
		report(campaign, world, id);
		abandon(world);
		return false;
	}
	world->verbose = campaign->verbose;
	world_resume(world, at, cut);
	world->recording = inner;
	recover(world, id->how, id->scenario.job);
	world->recording = NULL;
	next_upgrade_works(world, id->scenario.job);
	return true;
}

/* Whether the flash after operation @i is what it is before the next: then that is the same cut. */
static bool comes_again(const struct recording *r, u32 i)
{
	const struct simflash_cut after = { .effect = SIMFLASH_AFTER };
	struct simflash *sim;
	bool same;

	if (i + 1 == r->count)
		return false;
	sim = simflash_fork(r->cutpoint[i].sim);
	simflash_tear(sim, &r->cutpoint[i].op, &after);
	same = simflash_same(sim, r->cutpoint[i + 1].sim);
	simflash_free(sim);
	return same;
}

/*
 * Of the ways to tear an operation, a part is chosen: all that the system can read there, at
 * one of the places, by one of the boot loaders.
 */
static bool left_out(const struct campaign *campaign, const struct scenario *scenario,
		     const struct simflash_op *op, u32 at, u32 v)
{
	u32 same = 0, before = 0, n;
	struct simflash_cut cut;

	if (v > 1 && chance_draw(campaign->seed ^ at, v) % campaign->thin)
		return true;
	if (campaign->whole || v < 2)
		return false;
	cut = chance_variant(scenario, v);
	for (n = 2; n < chance_variants(scenario, op); n++) {
		bool alike = chance_variant(scenario, n).outcome == cut.outcome;

		before += n < v && alike;
		same += alike;
	}
	return before != chance_draw(campaign->seed, (u64)at << 8 | cut.outcome) % same;
}

/* Whether the recovery of this case is cut too. */
static bool goes_on(const struct campaign *campaign, const struct case_id *id, u32 operations)
{
	u32 every = campaign->nested_every * (id->cuts == 2 ? 4 : 1);

	if (id->cuts == CUTS_MAX || (id->cuts == 2 && operations > SHORT_JOB))
		return false;
	return !(chance_draw(id->cut[id->cuts - 1].seed, 7) % every);
}

struct level {
	struct world *world[CUTS_MAX];
	struct recording recording[CUTS_MAX];	/* of the job, and of recoveries */
	u32 turn;
};

static void cut_level(struct campaign *campaign, struct level *levels, u32 depth,
		      struct case_id *id);

static void cut_once(struct campaign *campaign, struct level *levels, u32 depth,
		     struct case_id *id, u32 i, u32 v)
{
	const struct cutpoint *at = &levels->recording[depth].cutpoint[i];
	bool nested;

	id->cuts = depth + 1;
	id->at[depth] = i + 1;
	id->cut[depth] = chance_variant(&id->scenario, v);
	chance_seeds(campaign->seed, id);
	if (!depth)
		id->how = (enum recovery)(levels->turn++ % RECOVERIES);
	nested = goes_on(campaign, id, levels->recording[0].count);
	if (run_case(campaign, levels->world[depth], at, id,
		     nested ? &levels->recording[depth + 1] : NULL) && nested)
		cut_level(campaign, levels, depth + 1, id);
	if (nested)
		recording_reset(&levels->recording[depth + 1]);
}

/* The job: in every way; recoveries: at every operation, in some. */
static void cut_level(struct campaign *campaign, struct level *levels, u32 depth,
		      struct case_id *id)
{
	const struct recording *r = &levels->recording[depth];
	u32 i, n, v;

	for (i = 0; i < r->count; i++) {
		const struct simflash_op *op = &r->cutpoint[i].op;
		u32 ways = chance_variants(&id->scenario, op);
		bool again = comes_again(r, i);

		id->cuts = depth + 1;
		id->at[depth] = i + 1;
		id->cut[depth] = (struct simflash_cut) { .effect = SIMFLASH_BEFORE };
		chance_seeds(campaign->seed, id);
		n = depth ? chance_draw(id->cut[depth].seed, i) % ways : 0;
		for (v = 0; v < (depth ? campaign->nested_ways : ways); v++, n = (n + 1) % ways) {
			u32 way = depth ? n : v;

			if (campaign->stop && campaign->tally.lost)
				return;
			if ((way == 1 && again) ||
			    (!depth && left_out(campaign, &id->scenario, op, i, way)))
				continue;
			cut_once(campaign, levels, depth, id, i, way);
		}
	}
}

/* Whether the job ends here: what is to be installed next cannot be, for its slot is bad. */
static bool ends_here(struct world *world, const struct step *step)
{
	switch (step->act) {
	case ACT_BEGIN:
	case ACT_BEGIN_OVER:
	case ACT_REPLACE:
		return world->device.mtdl.active && fault_in_pinned_slot(world, step->release);
	case ACT_CONFIRM:
	case ACT_ROLLBACK:
		return world->device.mtdl.outcome.code == MTDL_OUTCOME_FAILED;
	default:
		return false;
	}
}

/* The job, uncut, with every operation recorded; whether there is anything to be cut. */
static bool record_job(struct campaign *campaign, struct world *world,
		       const struct scenario *s, struct recording *outer)
{
	const struct step *step;

	if (setjmp(world->lost)) {
		campaign->tally.lost++;
		fprintf(campaign->report, "# LOST: %s, without any cut: %s\n", s->name,
			world->what);
		abandon(world);
		return false;
	}
	world->verbose = campaign->verbose;
	for (step = s->job->prepare; (int)step->act >= 0; step++)
		world_step(world, step);
	world->recording = outer;
	world->deep = true;
	for (step = s->steps; (int)step->act >= 0 && !ends_here(world, step); step++) {
		world_step(world, step);
		if (!world->chaos)
			campaign->tally.copies += oracle_copy_loss(world);
	}
	world->recording = NULL;
	world->deep = false;
	return !fault_pending(world);
}

/* ---- some of the cases, for real ---- */

static void run_into(struct campaign *campaign, struct world *world, const struct cutpoint *at,
		     struct simflash *expected, const struct case_id *id)
{
	const struct step *step;

	if (setjmp(world->lost)) {
		fprintf(campaign->report, "# in the job that is run into the cut:\n");
		report(campaign, world, id);
		abandon(world);
		return;
	}
	simflash_tear(expected, &at->op, &id->cut[0]);
	for (step = id->scenario.job->prepare; (int)step->act >= 0; step++)
		world_step(world, step);
	world->device.sim->cut_at = at->sim->ops;
	world->device.sim->cut = id->cut[0];
	for (step = id->scenario.steps; (int)step->act >= 0; step++) {
		/* a boot whose mark is cut succeeds, with active */
		if (world_try(world, step) || world->device.sim->off)
			break;
	}
	campaign->tally.replays++;
	if (!world->device.sim->off)
		world_lost(world, "the job does not come to the operation that it came to before");
	if (!simflash_same(world->device.sim, expected))
		world_lost(world, "the job, run into the cut, leaves another flash than the cut of its recording");
}

static void replay_some(struct campaign *campaign, const struct recording *outer,
			struct case_id *id)
{
	u32 i;

	id->cuts = 1;
	id->how = RECOVER_FINISH;
	for (i = 0; i < outer->count; i++) {
		const struct cutpoint *at = &outer->cutpoint[i];
		u32 ways = chance_variants(&id->scenario, &at->op);
		struct simflash *expected;
		struct world *world;

		if (chance_draw(campaign->seed, i) % 8)
			continue;
		id->at[0] = i + 1;
		id->cut[0] = chance_variant(&id->scenario,
					    chance_draw(campaign->seed + 1, i) % ways);
		chance_seeds(campaign->seed, id);
		*campaign->current = *id;
		expected = simflash_fork(at->sim);
		world = new_world(&id->scenario);
		run_into(campaign, world, at, expected, id);
		world_free(world);
		simflash_free(expected);
	}
}

/* ---- scenarios ---- */

static void free_levels(struct level *levels)
{
	u32 i;

	for (i = 0; i < CUTS_MAX; i++) {
		recording_reset(&levels->recording[i]);
		free(levels->recording[i].cutpoint);
		world_free(levels->world[i]);
	}
}

void campaign_run(struct campaign *campaign, const struct scenario *scenario)
{
	struct case_id id = { .scenario = *scenario };
	struct world *world = new_world(scenario);
	struct level levels = { 0 };
	u64 before = tally_cuts(&campaign->tally), lost = campaign->tally.lost;
	u32 i;

	*campaign->current = id;
	for (i = 0; i < CUTS_MAX; i++)
		levels.world[i] = new_world(scenario);
	if (record_job(campaign, world, scenario, &levels.recording[0])) {
		campaign->tally.scenarios++;
		campaign->tally.operations += levels.recording[0].count;
		replay_some(campaign, &levels.recording[0], &id);
		cut_level(campaign, &levels, 0, &id);
	}
	if (campaign->tally.scenarios || campaign->tally.lost)
		fprintf(campaign->report, "# %-44s %3u operations, %7llu cuts, %llu lost\n",
			scenario->name, levels.recording[0].count,
			(unsigned long long)(tally_cuts(&campaign->tally) - before),
			(unsigned long long)(campaign->tally.lost - lost));
	free_levels(&levels);
	world_free(world);
}

bool campaign_replay(struct campaign *campaign, const struct case_id *id)
{
	struct level levels = { 0 };
	struct case_id now = *id;
	struct world *world = new_world(&id->scenario);
	bool lost = true;
	u32 i;

	chance_seeds(campaign->seed, &now);
	for (i = 0; i < CUTS_MAX; i++)
		levels.world[i] = new_world(&id->scenario);
	if (!record_job(campaign, world, &id->scenario, &levels.recording[0]))
		return campaign->tally.lost;
	for (i = 0; i < id->cuts; i++) {
		const struct recording *from = &levels.recording[i];

		if (!id->at[i] || id->at[i] > from->count) {
			printf("# there is no operation %u: the last one is %u\n", id->at[i],
			       from->count);
			return true;
		}
		now.cuts = i + 1;
		printf("# cut %u, at operation %u of %u\n", i + 1, id->at[i], from->count);
		lost = !run_case(campaign, levels.world[i], &from->cutpoint[id->at[i] - 1], &now,
				 i + 1 < id->cuts ? &levels.recording[i + 1] : NULL);
		if (lost)
			break;
	}
	free_levels(&levels);
	world_free(world);
	return lost;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a job once, keeping the flash as it was before each of its operations;
 * then, from each of these, lets the power go in every way and has the board
 * recover.  The recovery is recorded in the same way and cut again.
 *
 * Cutting a copy of the flash is the same as running the job into the cut:
 * nothing of the job's memory survives it.  That this is so is checked by doing
 * some of the cases for real.
 */
#include "campaign.h"

#define REPORTS_MAX	20

static u64 scramble(u64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static u32 draw(u64 a, u64 b)
{
	return (u32)scramble(scramble(a) ^ b);
}

static void set_seeds(const struct campaign *campaign, struct case_id *id)
{
	u32 seed = campaign->seed, i;

	for (i = 0; i < id->cuts; i++) {
		seed = draw(seed, (u64)id->at[i] << 32 | (u32)id->cut[i].effect << 16 |
			    (u32)id->cut[i].tear << 8 | (u32)id->cut[i].outcome);
		id->cut[i].seed = seed;
	}
}

static void report(struct campaign *campaign, const struct world *world,
		   const struct case_id *id)
{
	campaign->lost++;
	if (campaign->lost > REPORTS_MAX)
		return;
	printf("# LOST: %s\n#   again: powercut --seed %u --case %s\n", world->what,
	       campaign->seed, case_text(id));
}

/* After a loss the core's memory may be in any state: leave it alone. */
static void abandon(struct world *world)
{
	world->device.attached = false;
	world->recording = NULL;
}

/*
 * From a cut at @at to the end; the recovery is recorded in @inner if it is not
 * NULL.
 */
static bool run_case(struct campaign *campaign, struct world *world, const struct cutpoint *at,
		     const struct case_id *id, struct recording *inner)
{
	if (setjmp(world->lost)) {
		report(campaign, world, id);
		abandon(world);
		return false;
	}
	world->verbose = campaign->verbose;
	world_resume(world, at, &id->cut[id->cuts - 1]);
	world->recording = inner;
	recover(world, id->how, id->scenario->target);
	world->recording = NULL;
	next_upgrade_works(world);
	return true;
}

static u32 outcomes(const struct fleet *fleet)
{
	return fleet->shape.kind == SIMFLASH_NAND ? SIMFLASH_OUTCOMES : SIMFLASH_OUTCOMES_NOR;
}

/* Ways in which one operation can be cut: before, after, torn in so many ways. */
static u32 variants(const struct fleet *fleet, const struct simflash_op *op)
{
	if (op->type == SIMFLASH_MARK_BAD)
		return 2;
	return 2 + outcomes(fleet) * (op->type == SIMFLASH_PROGRAM ? SIMFLASH_TEARS : 1);
}

static struct simflash_cut variant(const struct fleet *fleet, u32 number)
{
	struct simflash_cut cut = { .effect = SIMFLASH_TORN };

	if (number < 2)
		cut.effect = number ? SIMFLASH_AFTER : SIMFLASH_BEFORE;
	else
		cut.outcome = (enum simflash_outcome)((number - 2) % outcomes(fleet));
	if (number >= 2)
		cut.tear = (enum simflash_tear)((number - 2) / outcomes(fleet));
	return cut;
}

/* Second cuts: at every operation of the recovery. */
static void cut_recovery(struct campaign *campaign, struct world *world,
			 const struct recording *inner, struct case_id *id)
{
	u32 i, v;

	id->cuts = 2;
	for (i = 0; i < inner->count; i++) {
		const struct cutpoint *at = &inner->cutpoint[i];
		u32 ways = variants(id->fleet, &at->op);
		u32 one = draw(id->cut[0].seed, i) % ways;

		for (v = campaign->thorough ? 0 : one; v < (campaign->thorough ? ways : one + 1);
		     v++) {
			id->at[1] = i + 1;
			id->cut[1] = variant(id->fleet, v);
			set_seeds(campaign, id);
			campaign->nested++;
			run_case(campaign, world, at, id, NULL);
		}
	}
	id->cuts = 1;
}

/* Of the ways to tear a program, a part is chosen: every outcome, at one of the places. */
static bool left_out(const struct campaign *campaign, const struct fleet *fleet, u32 at, u32 v)
{
	u32 outcome, tear;

	if (campaign->thorough || v < 2)
		return false;
	outcome = (v - 2) % outcomes(fleet);
	tear = (v - 2) / outcomes(fleet);
	return tear != draw(campaign->seed, (u64)at << 8 | outcome) % SIMFLASH_TEARS;
}

static void cut_everywhere(struct campaign *campaign, const struct recording *outer,
			   struct case_id *id)
{
	struct world *world = world_new(id->fleet), *again = world_new(id->fleet);
	struct recording inner = { 0 };
	u32 i, v, turn = 0;

	for (i = 0; i < outer->count; i++) {
		const struct cutpoint *at = &outer->cutpoint[i];
		bool erase = at->op.type == SIMFLASH_ERASE;

		for (v = 0; v < variants(id->fleet, &at->op); v++) {
			bool nested;

			if (!erase && left_out(campaign, id->fleet, i, v))
				continue;
			id->at[0] = i + 1;
			id->cut[0] = variant(id->fleet, v);
			set_seeds(campaign, id);
			id->how = (enum recovery)(turn++ % RECOVERIES);
			nested = campaign->thorough ||
				 !(draw(id->cut[0].seed, 7) % campaign->nested_every);
			campaign->cuts++;
			if (run_case(campaign, world, at, id, nested ? &inner : NULL) && nested)
				cut_recovery(campaign, again, &inner, id);
			recording_reset(&inner);
			if (campaign->stop && campaign->lost)
				break;
		}
	}
	free(inner.cutpoint);
	world_free(world);
	world_free(again);
}

/* The job, uncut, with every operation recorded; whether it works at all. */
static bool record_job(struct campaign *campaign, struct world *world,
		       const struct scenario *scenario, struct recording *outer)
{
	const struct step *step;

	if (setjmp(world->lost)) {
		campaign->lost++;
		printf("# LOST: %s/%s, without any cut: %s\n", world->fleet->name,
		       scenario->name, world->what);
		abandon(world);
		return false;
	}
	for (step = scenario->prepare; (int)step->act >= 0; step++)
		world_step(world, step);
	world->recording = outer;
	for (step = scenario->steps; (int)step->act >= 0; step++) {
		world_step(world, step);
		campaign->copies += oracle_copy_loss(world);
	}
	world->recording = NULL;
	return true;
}

/* The job again, this time really run into the cut: the flash must end up the same. */
static void replay_for_real(struct campaign *campaign, const struct recording *outer,
			    struct case_id *id)
{
	struct world *world = world_new(id->fleet);
	const struct cutpoint *at = &outer->cutpoint[id->at[0] - 1];
	struct simflash *expected = simflash_fork(at->sim);
	const struct step *step;

	if (setjmp(world->lost)) {
		printf("# in the job that is run into the cut:\n");
		report(campaign, world, id);
		abandon(world);
		simflash_free(expected);
		return;
	}
	simflash_tear(expected, &at->op, &id->cut[0]);
	for (step = id->scenario->prepare; (int)step->act >= 0; step++)
		world_step(world, step);
	world->device.sim->cut_at = at->sim->ops;
	world->device.sim->cut = id->cut[0];
	for (step = id->scenario->steps; (int)step->act >= 0; step++) {
		/* a boot whose mark is cut succeeds, with active */
		if (world_try(world, step) || world->device.sim->off)
			break;
	}
	campaign->replays++;
	if (!world->device.sim->off)
		world_lost(world, "the job does not come to the operation that it came to before");
	if (!simflash_same(world->device.sim, expected))
		world_lost(world, "the job, run into the cut, leaves another flash than the cut of its recording");
	simflash_free(expected);
	world_free(world);
}

static void replay_some(struct campaign *campaign, const struct recording *outer,
			struct case_id *id)
{
	u32 i;

	id->cuts = 1;
	id->how = RECOVER_FINISH;
	for (i = 0; i < outer->count; i++) {
		if (draw(campaign->seed, i) % 4)
			continue;
		id->at[0] = i + 1;
		id->cut[0] = variant(id->fleet, draw(campaign->seed + 1, i) %
				     variants(id->fleet, &outer->cutpoint[i].op));
		set_seeds(campaign, id);
		replay_for_real(campaign, outer, id);
	}
}

void campaign_run(struct campaign *campaign, const struct fleet *fleet,
		  const struct scenario *scenario)
{
	struct case_id id = { .fleet = fleet, .scenario = scenario, .cuts = 1 };
	struct world *world = world_new(fleet);
	struct recording outer = { 0 };
	u64 before = campaign->cuts + campaign->nested, lost = campaign->lost;

	if (record_job(campaign, world, scenario, &outer)) {
		campaign->operations += outer.count;
		replay_some(campaign, &outer, &id);
		cut_everywhere(campaign, &outer, &id);
	}
	printf("# %-8s %-20s %3u operations, %7llu cuts, %llu lost\n", fleet->name,
	       scenario->name, outer.count,
	       (unsigned long long)(campaign->cuts + campaign->nested - before),
	       (unsigned long long)(campaign->lost - lost));
	fflush(stdout);
	recording_reset(&outer);
	free(outer.cutpoint);
	world_free(world);
}

bool campaign_replay(struct campaign *campaign, const struct case_id *id)
{
	struct world *world = world_new(id->fleet), *again = world_new(id->fleet);
	struct recording outer = { 0 }, inner = { 0 };
	struct case_id now = *id;
	bool quiet = campaign->verbose;
	u32 i;

	set_seeds(campaign, &now);
	now.cuts = 1;
	if (!record_job(campaign, world, id->scenario, &outer) || id->at[0] > outer.count)
		return true;
	for (i = 0; i < id->cuts; i++) {
		const struct recording *from = i ? &inner : &outer;

		if (!id->at[i] || id->at[i] > from->count) {
			printf("# there is no operation %u: the last one is %u\n", id->at[i],
			       from->count);
			return true;
		}
		now.cuts = i + 1;
		campaign->verbose = quiet;
		printf("# cut %u, at operation %u of %u\n", i + 1, id->at[i], from->count);
		if (!run_case(campaign, i ? again : world, &from->cutpoint[id->at[i] - 1], &now,
			      i + 1 < id->cuts ? &inner : NULL))
			break;
	}
	recording_reset(&outer);
	recording_reset(&inner);
	free(outer.cutpoint);
	free(inner.cutpoint);
	world_free(world);
	world_free(again);
	return campaign->lost;
}

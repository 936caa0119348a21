/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The campaign: every scenario, cut at every operation in every way.
 */
#ifndef SELFTESTS_CAMPAIGN_H
#define SELFTESTS_CAMPAIGN_H

#include "scenario.h"

/**
 * struct tally - what was done
 * @scenarios: of which at least one case was run
 * @operations: of the jobs, uncut
 * @before: cuts right before an operation
 * @torn: within one
 * @after: right after one (where that is not right before the next)
 * @depth: cases by their number of cuts
 * @copies: tables attached with one unit lost
 * @replays: cases in which the job itself was run into the cut
 * @walks: random walks
 * @lost: cases in which something was lost
 */
struct tally {
	u64 scenarios;
	u64 operations;
	u64 before;
	u64 torn;
	u64 after;
	u64 depth[CUTS_MAX];
	u64 copies;
	u64 replays;
	u64 walks;
	u64 lost;
};

/** struct case_id - one case, to be done again */
struct case_id {
	struct scenario scenario;
	u32 cuts;
	u32 at[CUTS_MAX];
	struct simflash_cut cut[CUTS_MAX];
	enum recovery how;
};

/**
 * struct campaign - options and counts
 * @seed: chooses what is left to chance
 * @whole: every place within a program, and scenarios with more than one extra
 * @thin: of the ways to tear an operation of the job, one in this many is tried
 * @nested_every: of the cases with one cut, one in this many has its recovery cut as well
 * @nested_ways: at each of its operations in so many ways
 * @stop: end a scenario at its first loss
 * @verbose: tell of every operation
 * @report: what is found goes there
 * @current: the case that is run
 * @tally: counts
 */
struct campaign {
	u32 seed;
	bool whole;
	u32 thin;
	u32 nested_every;
	u32 nested_ways;
	bool stop;
	bool verbose;
	FILE *report;
	struct case_id *current;
	struct tally tally;
};

/** campaign_wants() - whether a scenario is a part of it */
bool campaign_wants(const struct campaign *campaign, const struct scenario *scenario);

/** campaign_run() - one scenario */
void campaign_run(struct campaign *campaign, const struct scenario *scenario);

/** campaign_replay() - one case alone; whether it was lost */
bool campaign_replay(struct campaign *campaign, const struct case_id *id);

/** tally_cuts() - all cuts */
u64 tally_cuts(const struct tally *tally);

/** tally_add() - add one tally to another */
void tally_add(struct tally *to, const struct tally *from);

/* ---- case.c ---- */

/** case_parse() - the case that a line of the report names; whether it is one */
bool case_parse(struct case_id *id, const char *text);

/** case_text() - and the other way round; a static buffer */
const char *case_text(const struct case_id *id);

/* ---- chance.c ---- */

/** chance_draw() - a number that depends on both, and on nothing else */
u32 chance_draw(u64 a, u64 b);

/** chance_variants() - ways in which one operation can be cut: before, after, torn in so many */
u32 chance_variants(const struct scenario *scenario, const struct simflash_op *op);

/** chance_variant() - one of them; 0: before, 1: after */
struct simflash_cut chance_variant(const struct scenario *scenario, u32 number);

/** chance_seeds() - the seeds of a case's cuts, from the campaign's and where they are */
void chance_seeds(u32 seed, struct case_id *id);

/* ---- proof.c ---- */

/** proof_run() - whether the check of every invariant can fail */
bool proof_run(void);

/* ---- walk.c ---- */

/** walk_run() - a random walk: legal commands, faults, cuts, all drawn from @seed; false: lost */
bool walk_run(struct campaign *campaign, u32 seed);

/* ---- workers.c ---- */

/** workers_run() - the scenarios that contain @only (or NULL), then walks, on @count processes */
void workers_run(struct campaign *campaign, const char *only, u32 walks, u32 count);

#endif

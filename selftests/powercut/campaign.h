/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The campaign: every scenario, cut at every operation in every way.
 */
#ifndef SELFTESTS_CAMPAIGN_H
#define SELFTESTS_CAMPAIGN_H

#include "world.h"

/**
 * struct campaign - options and counts
 * @seed: chooses what is left to chance
 * @thorough: every combination, instead of a part that is chosen by @seed
 * @nested_every: of the first cuts, one in this many has its recovery cut as well
 * @stop: end a scenario at its first loss
 * @verbose: tell of every operation
 * @cuts: cases with one cut
 * @nested: cases with a second cut, during the recovery
 * @copies: tables attached with one unit lost
 * @replays: cases in which the job itself was run into the cut
 * @lost: cases in which something was lost
 * @operations: of the jobs, uncut
 */
struct campaign {
	u32 seed;
	bool thorough;
	u32 nested_every;
	bool stop;
	bool verbose;
	u64 cuts;
	u64 nested;
	u64 copies;
	u64 replays;
	u64 lost;
	u64 operations;
};

/** struct case_id - one case, to be done again */
struct case_id {
	const struct fleet *fleet;
	const struct scenario *scenario;
	u32 cuts;
	u32 at[2];
	struct simflash_cut cut[2];
	enum recovery how;
};

/** campaign_run() - one scenario on one kind of flash */
void campaign_run(struct campaign *campaign, const struct fleet *fleet,
		  const struct scenario *scenario);

/** campaign_replay() - one case alone; whether it was lost */
bool campaign_replay(struct campaign *campaign, const struct case_id *id);

/** case_parse() - the case that a line of the report names; whether it is one */
bool case_parse(struct case_id *id, const char *text);

/** case_text() - and the other way round; a static buffer */
const char *case_text(const struct case_id *id);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios: the product of jobs, how they end, what fails meanwhile, and who boots.
 */
#ifndef SELFTESTS_SCENARIO_H
#define SELFTESTS_SCENARIO_H

#include "world.h"

#define STEPS_MAX	28

/** How a job that stages a release ends. */
enum ending {
	END_AS_IS,
	END_ABORT,	/* given up when a part is staged */
	END_RESUME,	/* after a reboot */
	END_REPLACE,	/* by another release, when a part is staged */
	END_TWICE,	/* confirmed, and another upgrade on top */
	ENDINGS,
};

/**
 * struct job - one thing that a board does
 * @name: for messages
 * @target: release that the job is about
 * @other: one that may come instead
 * @next: one that has nothing in common with it
 * @over: these are begun in place, if need be
 * @plain: nothing beside it: no faults
 * @frozen: the table cannot be changed afterwards: what is left is to boot
 * @prepare: steps before, uncut; the first empty one (see STEP_END) ends them
 * @steps: steps that are cut; if there are none, the job is to stage the target, with
 *	all endings
 */
struct job {
	const char *name;
	int target;
	int other;
	int next;
	bool over;
	bool plain;
	bool frozen;
	struct step prepare[STEPS_MAX];
	struct step steps[STEPS_MAX];
};

/* Acts are not negative, so this is none. */
#define STEP_END	{ .act = (enum act)-1 }

extern const struct job jobs[];
extern const u32 job_count;

/**
 * struct scenario - a job on a kind of flash, with its circumstances
 * @name: FLASH/JOB with what is added
 * @fleet: kind of flash
 * @job: what is done
 * @ending: how it ends
 * @fault: what fails meanwhile
 * @loader: a boot loader starts the system
 * @extras: how many of the last three are not the plain ones
 * @steps: of them all
 */
struct scenario {
	char name[64];
	const struct fleet *fleet;
	const struct job *job;
	enum ending ending;
	enum fault fault;
	bool loader;
	u32 extras;
	struct step steps[STEPS_MAX];
};

/** scenario_build() - the scenario of that number; false behind the last one */
bool scenario_build(struct scenario *scenario, u32 number);

/** scenario_find() - by its name */
bool scenario_find(struct scenario *scenario, const char *name);

/* ---- recover.c ---- */

/** How a job is brought to an end after a cut. */
enum recovery {
	RECOVER_FINISH,		/* the release that was under way, to its confirmation */
	RECOVER_BACK,		/* the release before: abort or roll back */
	RECOVER_OTHER,		/* another release instead */
	RECOVER_EXHAUST,	/* whatever is staged, never confirmed */
	RECOVER_FINISH_SETTLE,	/* and then every block comes home */
	RECOVER_BACK_SETTLE,
	RECOVERIES,
};

/** recover() - from power-on to idle */
void recover(struct world *world, enum recovery how, const struct job *job);

/** next_upgrade_works() - a release with nothing in common goes in and stays */
void next_upgrade_works(struct world *world, const struct job *job);

/** recovery_name() - for messages */
const char *recovery_name(enum recovery how);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board under test, with an oracle that watches every flash operation.
 *
 * The oracle knows nothing from the core that it could know from the flash: it
 * reads the table area behind the core's back, remembers what was erased since
 * the attach, and knows which releases may be there after a cut.  What it finds
 * wrong ends the case (world_lost()).
 */
#ifndef SELFTESTS_WORLD_H
#define SELFTESTS_WORLD_H

#include <setjmp.h>

#include "device.h"
#include "tableview.h"

/** The releases of the scenarios; see fleet.c for what they contain. */
enum fleet_release {
	R_BASE,
	R_TWO,		/* two of three layers changed */
	R_OVER,		/* one layer outgrows its slot */
	R_SHRINK,	/* and fits again */
	R_OTHER,	/* shares a layer with R_TWO */
	R_NEXT,		/* everything different */
	R_COUNT,
	R_NONE = -1,
};

/** struct fleet - a kind of flash, and the releases made for it */
struct fleet {
	const char *name;
	struct simflash_shape shape;
	u32 block_size;
	u32 unit_size;
	u32 units;
	struct built_release *release[R_COUNT];
};

#define FLEETS		3
#define FLEET_ATTEMPTS	3	/* boot attempts of every release */

extern struct fleet fleets[FLEETS];

/** fleet_build() - make the releases of all fleets */
void fleet_build(void);

/** fleet_free() - and free them */
void fleet_free(void);

/** struct model - what a device's state comes down to */
struct model {
	u8 state;
	signed char active;	/* enum fleet_release */
	signed char candidate;
};

#define MODELS		12
#define CUTS_MAX	2	/* in one case */

/** struct model_set - states that are acceptable */
struct model_set {
	u32 count;
	struct model model[MODELS];
};

/** One act on a device. */
enum act {
	ACT_REBOOT,	/* power cycle, attach, boot, retire a trial that is used up */
	ACT_LOOK,	/* detach and attach again, no boot */
	ACT_BEGIN,
	ACT_REPLACE,	/* begin, giving up another candidate */
	ACT_WRITE,	/* up to @limit wanted blocks, 0: all */
	ACT_SYNC,
	ACT_COMMIT,
	ACT_CONFIRM,
	ACT_ROLLBACK,
	ACT_ABORT,
	ACT_WEAR_BLOCKS, /* of the blocks that come next, one no longer programs, one no longer erases */
	ACT_WEAR_UNIT,	/* the table unit that comes next no longer programs */
};

/** struct step - an act with its release */
struct step {
	enum act act;
	int release;
	u32 limit;
};

/**
 * struct cutpoint - one operation at which the power may go
 * @sim: the flash right before it
 * @op: the operation; its data are the cutpoint's own
 * @acceptable: states that may be found afterwards
 * @boots_done: attempts counted before
 * @boots_cut: attempts that may have been counted
 * @exposures: how often the candidate has been exposed since its commit
 */
struct cutpoint {
	struct simflash *sim;
	struct simflash_op op;
	struct model_set acceptable;
	u32 boots_done;
	u32 boots_cut;
	u32 exposures;
};

/** struct recording - every operation of a run */
struct recording {
	struct cutpoint *cutpoint;
	u32 count;
	u32 room;
};

/**
 * struct world - a board under test
 * @device: it
 * @fleet: its kind
 * @acceptable: states that an attach may find now
 * @boots_done: attempts counted since the commit
 * @boots_cut: attempts that may be counted or not, because of a cut
 * @exposures: how often the candidate has been exposed since its commit
 * @in_boot: inside mtdl_boot()
 * @recording: filled in while not NULL
 * @view: the table area as it is
 * @stale: units of @view that have changed
 * @viewed: whether @view has been read at all
 * @rule_holds: the first rule has been checked since the table last changed
 * @uses: by block, TABLEVIEW_*, of the snapshot in force; true while @rule_holds
 * @erased: by eraseblock: erased since the attach
 * @exposed: by block: used by the release that was exposed last
 * @lost: where to go when something is wrong
 * @what: what that is
 * @verbose: tell of every operation and step
 */
struct world {
	struct device device;
	const struct fleet *fleet;
	struct model_set acceptable;
	u32 boots_done;
	u32 boots_cut;
	u32 exposures;
	bool in_boot;
	struct recording *recording;
	struct tableview *view;
	u64 stale;
	bool viewed;
	bool rule_holds;
	u8 *uses;
	u8 *erased;
	u8 *exposed;
	jmp_buf lost;
	char what[512];
	bool verbose;
};

/** world_new() - a board with an erased flash, formatted and attached */
struct world *world_new(const struct fleet *fleet);

/** world_resume() - a board whose power went at a cutpoint; attach it before use */
void world_resume(struct world *world, const struct cutpoint *at,
		  const struct simflash_cut *cut);

/** world_free() - free it */
void world_free(struct world *world);

/** world_lost() - something is wrong: say what, and end the case */
__attribute__((format(printf, 2, 3), noreturn))
void world_lost(struct world *world, const char *fmt, ...);

/** world_step() - do one step, then check everything */
void world_step(struct world *world, const struct step *step);

/** world_try() - do one step and check nothing: the power may go within it */
int world_try(struct world *world, const struct step *step);

/** world_model() - the state that the core is in */
struct model world_model(struct world *world);

/** model_text() - for messages; a static buffer, one of four in turn */
const char *model_text(const struct model *model);

/** recording_reset() - forget all */
void recording_reset(struct recording *recording);

/* ---- oracle.c ---- */

/** oracle_attached() - an attach begins: nothing is erased since, nothing is known */
void oracle_attached(struct world *world);

/** oracle_observe() - before every operation; the simulated flash's @observe */
void oracle_observe(void *ctx, struct simflash *sim, const struct simflash_op *op);

/** oracle_stands_on_good_cells() - whether a copy of the snapshot that attach took is stable */
bool oracle_stands_on_good_cells(struct world *world);

/** oracle_expose() - a release has been handed out: its blocks are off limits */
void oracle_expose(struct world *world);

/** oracle_after_step() - all that must hold between two steps */
void oracle_after_step(struct world *world);

/** oracle_wear_unit() - the unit that will be written next fails from now on */
void oracle_wear_unit(struct world *world);

/** oracle_copy_loss() - whichever one unit of the table area is lost, nothing is */
u32 oracle_copy_loss(struct world *world);

/* ---- recover.c ---- */

/** How a job is brought to an end after a cut. */
enum recovery {
	RECOVER_FINISH,		/* the release that was under way, to its confirmation */
	RECOVER_BACK,		/* the release before: abort or roll back */
	RECOVER_OTHER,		/* another release instead */
	RECOVER_EXHAUST,	/* whatever is staged, never confirmed */
	RECOVERIES,
};

/** recover() - from power-on to idle; returns what is active then */
int recover(struct world *world, enum recovery how, int target);

/** next_upgrade_works() - a release with nothing in common goes in and stays */
void next_upgrade_works(struct world *world);

/** recovery_name() - for messages */
const char *recovery_name(enum recovery how);

/* ---- scenarios.c ---- */

#define STEPS_MAX	16

/**
 * struct scenario - one job
 * @name: for messages
 * @target: release that the job is about
 * @prepare: steps before, uncut; the first empty one (see STEP_END) ends them
 * @steps: steps that are cut
 */
struct scenario {
	const char *name;
	int target;
	struct step prepare[STEPS_MAX];
	struct step steps[STEPS_MAX];
};

/* Acts are not negative, so this is none. */
#define STEP_END	{ .act = (enum act)-1 }

extern const struct scenario scenarios[];
extern const u32 scenario_count;

#endif

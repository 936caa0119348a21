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
#include "fleet.h"
#include "tableview.h"

/**
 * struct model - what a device's state comes down to
 * @state: enum mtdl_state
 * @active: enum fleet_release
 * @candidate: enum fleet_release
 * @incomplete: bit per layer of active that is being written over in place
 */
struct model {
	u8 state;
	signed char active;
	signed char candidate;
	u8 incomplete;
};

#define MODELS		16
#define CUTS_MAX	3	/* in one case */

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
	ACT_BEGIN_OVER,	/* begin, in place where it does not fit otherwise */
	ACT_REPLACE,	/* begin, giving up another candidate; in place if need be */
	ACT_WRITE,	/* up to @limit wanted blocks, 0: all */
	ACT_SYNC,
	ACT_COMMIT,
	ACT_INSTALL,	/* background work until the state is not installing any more */
	ACT_CONFIRM,
	ACT_ROLLBACK,
	ACT_ABORT,
	ACT_WORK,	/* background work: @limit steps, 0: until nothing is left to do */
	ACT_SCRUB,	/* queue the first block of layer @limit */
	ACT_ROUND,	/* the search for free blocks begins at the first, as if it had gone round */
	ACT_FAULT,	/* @limit: enum fault; something fails, from here on */
	ACT_CALM,	/* what made the whole chip fail is over */
	ACT_CHAOS,	/* the next steps may fail: the whole chip does (@limit: enum chaos) */
	ACTS,
};

/** struct step - an act with its release */
struct step {
	enum act act;
	int release;
	u32 limit;
};

/** What happens to single eraseblocks while a job is done. */
enum fault {
	FAULT_NONE,
	FAULT_PROGRAM,	/* a data block no longer programs */
	FAULT_ERASE,	/* a data block no longer erases */
	FAULT_SILENT,	/* a data block ignores what it is told, and reports success */
	FAULT_ONCE,	/* one program of a data block fails, once */
	FAULT_UNIT,	/* a table unit no longer programs: the table goes to another */
	FAULT_FULL,	/* the table's units are full: the table goes to others */
	FAULTS,
};

/** What happens to the whole chip for a while. */
enum chaos {
	CHAOS_TIMEOUT,	/* everything fails with -ETIMEDOUT */
	CHAOS_LOCKED,	/* programs and erases fail with -EIO */
	CHAOS_SILENT,	/* programs and erases do nothing */
	CHAOS_UNITS,	/* all table units are full, or worn out: the table cannot change */
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
 * @loader: it is started by a boot loader of its own
 * @unharmed: nothing on it is worn out: no block and no unit may be retired
 * @acceptable: states that an attach may find now
 * @boots_done: attempts counted since the commit
 * @boots_cut: attempts that may be counted or not, because of a cut
 * @exposures: how often the candidate has been exposed since its commit
 * @booting: inside mtdl_boot() of this core, the candidate not exposed before; or NULL
 * @chaos: the whole chip fails: steps may fail
 * @tight: room may run short when blocks fail
 * @missed: a fault could not be set, for the board was not in the state for it
 * @deep: look at what is expensive too
 * @more: the last step of background work has left some
 * @data_ops: operations outside the table area so far
 * @recording: filled in while not NULL
 * @view: the table area as it is
 * @stale: units of @view that have changed
 * @viewed: whether @view has been read at all
 * @rule_holds: the first rule has been checked since the table last changed
 * @uses: by block, TABLEVIEW_*, of the snapshot in force; true while @rule_holds
 * @erased: by eraseblock: erased since the attach
 * @exposed: by block: used by the release that was exposed last, as its readers see it
 * @scrubbed: block that was queued last, or MTDL_NO_BLOCK
 * @scrubbed_erases: how often it had been erased by then
 * @lost: where to go when something is wrong
 * @what: what that is
 * @verbose: tell of every operation and step
 */
struct world {
	struct device device;
	const struct fleet *fleet;
	bool loader;
	bool unharmed;
	struct model_set acceptable;
	u32 boots_done;
	u32 boots_cut;
	u32 exposures;
	const struct mtdl *booting;
	bool chaos;
	bool tight;
	bool missed;
	bool deep;
	bool more;
	u32 data_ops;
	struct recording *recording;
	struct tableview *view;
	u64 stale;
	bool viewed;
	bool rule_holds;
	u8 *uses;
	u8 *erased;
	u8 *exposed;
	u32 scrubbed;
	u32 scrubbed_erases;
	jmp_buf lost;
	char what[512];
	bool verbose;
};

/** world_new() - a board with an erased flash, formatted and attached */
struct world *world_new(const struct fleet *fleet, bool loader);

/** world_resume() - a board whose power went at a cutpoint; attach it before use */
void world_resume(struct world *world, const struct cutpoint *at,
		  const struct simflash_cut *cut);

/** world_free() - free it */
void world_free(struct world *world);

/** world_lost() - something is wrong: say what, and end the case */
__attribute__((format(printf, 2, 3), noreturn))
void world_lost(struct world *world, const char *fmt, ...);

/** world_release() - which release of the fleet this is, R_NONE for NULL */
signed char world_release(const struct world *world, const struct mtdl_release *release);

/** world_model() - the state that a core is in */
struct model world_model(const struct world *world, const struct mtdl *mtdl);

/** world_accept() - one more state that an attach may find */
void world_accept(struct model_set *set, struct model model);

/** world_check_found() - whether what an attach found is acceptable */
void world_check_found(struct world *world, const struct mtdl *mtdl);

/** world_check_attempts() - the same for the attempts that it counts */
void world_check_attempts(struct world *world, const struct mtdl *mtdl);

/** model_text() - for messages; a static buffer, one of four in turn */
const char *model_text(const struct model *model);

/** recording_reset() - forget all */
void recording_reset(struct recording *recording);

/** recording_add() - one more operation */
void recording_add(struct recording *recording, const struct world *world,
		   const struct simflash_op *op);

/** must_alloc() - zeroed memory; ends the program when it is short */
void *must_alloc(size_t bytes);

/* ---- step.c ---- */

/** world_step() - do one step, then check everything */
void world_step(struct world *world, const struct step *step);

/** world_act() - the same, from parts */
void world_act(struct world *world, enum act act, int release, u32 limit);

/** world_try() - do one step and check nothing: the power may go within it */
int world_try(struct world *world, const struct step *step);

/* ---- power.c ---- */

/** power_cycle() - off and on, boot (by the loader, if there is one) */
int power_cycle(struct world *world);

/** power_look() - detach, attach again */
void power_look(struct world *world);

/* ---- fault.c ---- */

/** fault_set() - something fails from here on */
void fault_set(struct world *world, enum fault fault);

/** fault_freeze_table() - all table units are full, or cannot be erased any more */
void fault_freeze_table(struct world *world);

/** fault_pending() - whether it has not yet */
bool fault_pending(const struct world *world);

/** fault_in_pinned_slot() - whether a pinned layer of the release has no place to be */
bool fault_in_pinned_slot(const struct world *world, int release);

/** fault_name() - for names of scenarios; "" for FAULT_NONE */
const char *fault_name(enum fault fault);

/* ---- oracle.c ---- */

/** oracle_attached() - an attach begins: nothing is erased since, nothing is known */
void oracle_attached(struct world *world);

/** oracle_observe() - before every operation; the simulated flash's @observe */
void oracle_observe(void *ctx, struct simflash *sim, const struct simflash_op *op);

/** oracle_look() - the table area as it is now */
const struct tableview *oracle_look(struct world *world);

/** oracle_stands_on_good_cells() - whether a copy of the snapshot that @mtdl took is stable */
bool oracle_stands_on_good_cells(struct world *world, const struct mtdl *mtdl);

/** oracle_expose() - a release has been handed out: its blocks are off limits */
void oracle_expose(struct world *world);

/** oracle_copy_loss() - whichever one unit of the table area is lost, nothing is */
u32 oracle_copy_loss(struct world *world);

/** invariant_3_first_rule() - from what is on the flash and what was erased since the attach */
void invariant_3_first_rule(struct world *world);

/* ---- invariants.c ---- */

/** invariants_after_step() - all that must hold between two steps */
void invariants_after_step(struct world *world);

/** invariants_settled() - nothing is left to do: every block is where it can be */
void invariants_settled(struct world *world);

/** invariant_1_one_whole_release() - what is exposed is one release, all of its bytes right */
void invariant_1_one_whole_release(struct world *world);

/** invariant_4_free_blocks() - what nothing uses can be allocated, and nothing else */
void invariant_4_free_blocks(struct world *world);

/** invariant_5_refused_changes_nothing() - what is wrong is refused, with a reason */
void invariant_5_refused_changes_nothing(struct world *world);

/** invariant_6_reads_match_or_fail() - of a damaged block nothing is handed out */
void invariant_6_reads_match_or_fail(struct world *world);

/** invariant_7_check_holds() - mtdl_check() */
void invariant_7_check_holds(struct world *world);

/** invariant_8_attempts_end() - an attempt of the candidate has been made, perhaps in vain */
void invariant_8_attempts_end(struct world *world, bool attempt, const struct mtdl *mtdl);

#endif

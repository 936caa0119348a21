// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The jobs that are cut, one row each; scenario.c multiplies them.
 */
#include "scenario.h"

#define DO(act, release)	{ ACT_##act, R_##release, 0 }
#define WRITE(release, limit)	{ ACT_WRITE, R_##release, limit }
#define BOOT			DO(REBOOT, NONE)
#define WORK			{ ACT_WORK, R_NONE, 0 }
#define STEPS(n)		{ ACT_WORK, R_NONE, n }
#define SCRUB(layer)		{ ACT_SCRUB, R_NONE, layer }
#define CHAOS(kind)		{ ACT_CHAOS, R_NONE, CHAOS_##kind }
#define WEAR(kind)		{ ACT_FAULT, R_NONE, FAULT_##kind }

#define STAGE(release)		DO(BEGIN, release), WRITE(release, 0)
#define APPLY(release)		STAGE(release), DO(COMMIT, release), DO(INSTALL, NONE)
#define INSTALL(release)	APPLY(release), BOOT, DO(CONFIRM, release)

/* A first install needs no boot and no confirmation. */
#define FACTORY(release)	STAGE(release), DO(COMMIT, release), BOOT
#define HALF(release)		DO(BEGIN, release), WRITE(release, 2)

#define OVER(release)		DO(BEGIN_OVER, release), WRITE(release, 0), DO(COMMIT, release)

/* No steps of their own: staged, with every ending. */
#define STAGED(name, base, target, other) \
	{ name, R_##target, R_##other, R_NEXT, false, false, false, \
	  { FACTORY(base), STEP_END }, { STEP_END } }
#define STAGED_ON(name, base, first, target, other) \
	{ name, R_##target, R_##other, R_NEXT, false, false, false, \
	  { FACTORY(base), INSTALL(first), STEP_END }, { STEP_END } }

const struct job jobs[] = {
	{ "first-install", R_BASE, R_LAZY, R_NEXT, false, false, false, { STEP_END }, { STEP_END } },
	STAGED("upgrade", BASE, TWO, OTHER),
	STAGED("overflow", BASE, OVER, OTHER),
	STAGED_ON("shrink", BASE, OVER, SHRINK, OTHER),
	STAGED_ON("after-overflow", BASE, OVER, OTHER, SHRINK),
	STAGED("move-out", MOVE, MOVE_TWO, MOVE_THREE),
	STAGED_ON("move-again", MOVE, MOVE_TWO, MOVE_THREE, MOVE),
	STAGED_ON("move-back", MOVE, MOVE_TWO, MOVE, MOVE_THREE),
	STAGED("pinned", PIN, PIN_TWO, PIN_THREE),
	STAGED_ON("pinned-again", PIN, PIN_TWO, PIN_THREE, PIN_MOVED),
	STAGED("pinned-moved", PIN, PIN_MOVED, PIN_THREE),
	STAGED("grown", SLOTS, SLOTS_GROWN, SLOTS_SWAPPED),
	STAGED("swapped", SLOTS, SLOTS_SWAPPED, SLOTS_SHIFTED),
	STAGED("shifted", SLOTS, SLOTS_SHIFTED, SLOTS_GROWN),
	STAGED_ON("lazy", LAZY, LAZY_TWO, LAZY_THREE, TWO),
	{ "in-place", R_BIG_TWO, R_BIG_THREE, R_BIG_NEXT, true, false, false,
	  { FACTORY(BIG), STEP_END }, { STEP_END } },
	{ "in-place-old-again", R_BIG, R_BIG_THREE, R_BIG_NEXT, true, false, false,
	  { FACTORY(BIG), DO(BEGIN_OVER, BIG_TWO), WRITE(BIG_TWO, 4), DO(SYNC, NONE), STEP_END },
	  { BOOT, DO(ABORT, NONE), OVER(BIG), BOOT, WORK, STEP_END } },
	{ "pinned-first", R_PIN, R_PIN_TWO, R_NEXT, false, false, false,
	  { STEP_END }, { BOOT, HALF(OTHER), DO(REPLACE, PIN), WRITE(PIN, 0), DO(COMMIT, PIN),
			  DO(INSTALL, NONE), WORK, STEP_END } },
	{ "pinned-back", R_PIN_TWO, R_PIN_THREE, R_NEXT, false, false, false,
	  { FACTORY(PIN), APPLY(PIN_TWO), BOOT, STEP_END },
	  { DO(ROLLBACK, NONE), WORK, BOOT, WORK, STEP_END } },
	{ "pinned-half-back", R_PIN_TWO, R_PIN_THREE, R_NEXT, false, false, false,
	  { FACTORY(PIN), STAGE(PIN_TWO), DO(COMMIT, PIN_TWO), STEP_END },
	  { BOOT, STEPS(3), DO(ROLLBACK, NONE), BOOT, WORK, STEP_END } },
	{ "pinned-used-up", R_PIN_TWO, R_PIN_THREE, R_NEXT, false, false, false,
	  { FACTORY(PIN), APPLY(PIN_TWO), STEP_END },
	  { BOOT, BOOT, BOOT, BOOT, BOOT, WORK, STEP_END } },
	{ "pinned-settle", R_PIN_TWO, R_PIN_THREE, R_NEXT, false, false, false,
	  { FACTORY(PIN), INSTALL(PIN_TWO), STEP_END },
	  { BOOT, WORK, STEP_END } },
	{ "pinned-bad-home", R_PIN_TWO, R_PIN_THREE, R_NEXT, false, true, false,
	  { FACTORY(PIN), STAGE(PIN_TWO), DO(COMMIT, PIN_TWO), STEP_END },
	  { BOOT, WEAR(PROGRAM), DO(INSTALL, NONE), STEP_END } },
	{ "trial-boot", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), STEP_END },
	  { BOOT, BOOT, STEP_END } },
	{ "confirm", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), BOOT, STEP_END },
	  { DO(CONFIRM, TWO), BOOT, STEP_END } },
	{ "confirm-after-boot", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), STEP_END },
	  { BOOT, DO(CONFIRM, TWO), WORK, STEP_END } },
	{ "rollback", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), BOOT, STEP_END },
	  { DO(ROLLBACK, NONE), BOOT, STEP_END } },
	{ "rollback-upgrade", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), BOOT, STEP_END },
	  { DO(ROLLBACK, NONE), DO(ROUND, NONE), STAGE(SHRINK), DO(COMMIT, SHRINK), STEP_END } },
	{ "attempts-used-up", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), STEP_END },
	  { BOOT, BOOT, BOOT, BOOT, BOOT, STEP_END } },
	{ "commit-after-attach", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), STAGE(TWO), DO(SYNC, NONE), STEP_END },
	  { BOOT, DO(COMMIT, TWO), BOOT, STEP_END } },
	{ "nothing-to-do", R_BASE, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), STEP_END },
	  { BOOT, DO(BEGIN, BASE), DO(LOOK, NONE), DO(CONFIRM, BASE), WORK, STEP_END } },
	{ "settle-home", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), INSTALL(TWO), STEP_END },
	  { BOOT, WORK, STEP_END } },
	{ "settle-interrupted", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), INSTALL(TWO), STEP_END },
	  { BOOT, STEPS(2), STAGE(OTHER), DO(ABORT, NONE), STEPS(3), DO(LOOK, NONE), WORK,
	    STEP_END } },
	{ "settle-grown", R_SLOTS_GROWN, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(SLOTS), INSTALL(SLOTS_GROWN), STEP_END },
	  { BOOT, WORK, STEP_END } },
	{ "settle-swapped", R_SLOTS_SWAPPED, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(SLOTS), INSTALL(SLOTS_SWAPPED), STEP_END },
	  { BOOT, WORK, STEP_END } },
	{ "settle-shifted", R_SLOTS_SHIFTED, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(SLOTS), INSTALL(SLOTS_SHIFTED), STEP_END },
	  { BOOT, WORK, STEP_END } },
	{ "settle-lazy", R_LAZY_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(LAZY), INSTALL(LAZY_TWO), STEP_END },
	  { BOOT, WORK, APPLY(LAZY_THREE), BOOT, DO(CONFIRM, LAZY_THREE), WORK, STEP_END } },
	{ "settle-moved", R_MOVE_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(MOVE), INSTALL(MOVE_TWO), STEP_END },
	  { BOOT, SCRUB(2), WORK, STEP_END } },
	{ "scrub-idle", R_BASE, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), STEP_END },
	  { BOOT, SCRUB(1), WORK, STEP_END } },
	{ "scrub-pinned", R_PIN, R_PIN_TWO, R_NEXT, false, false, false,
	  { FACTORY(PIN), STEP_END },
	  { BOOT, SCRUB(0), WORK, STEP_END } },
	{ "scrub-staging", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), HALF(TWO), STEP_END },
	  { BOOT, DO(ROUND, NONE), SCRUB(1), WORK, DO(BEGIN, TWO), WRITE(TWO, 0),
	    DO(COMMIT, TWO), STEP_END } },
	{ "scrub-shared", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), HALF(TWO), STEP_END },
	  { BOOT, DO(ROUND, NONE), SCRUB(0), WORK, DO(BEGIN, TWO), WRITE(TWO, 0),
	    DO(ROUND, NONE), SCRUB(0), WORK, DO(COMMIT, TWO), BOOT,
	    DO(CONFIRM, TWO), WORK, STEP_END } },
	{ "scrub-trial", R_TWO, R_OTHER, R_NEXT, false, false, false,
	  { FACTORY(BASE), APPLY(TWO), STEP_END },
	  { BOOT, SCRUB(0), WORK, SCRUB(1), WORK, DO(CONFIRM, TWO), STEP_END } },
	{ "units-wear-out", R_TWO, R_OTHER, R_NEXT, false, true, true,
	  { FACTORY(BASE), STEP_END },
	  { BOOT, STAGE(TWO), CHAOS(UNITS), DO(COMMIT, TWO), BOOT, BOOT, STEP_END } },
	{ "timeout", R_TWO, R_OTHER, R_NEXT, false, true, false,
	  { FACTORY(BASE), STEP_END },
	  { BOOT, HALF(TWO), CHAOS(TIMEOUT), WRITE(TWO, 0), DO(COMMIT, TWO), DO(CALM, NONE),
	    BOOT, APPLY(TWO), STEP_END } },
	{ "timeout-settle", R_TWO, R_OTHER, R_NEXT, false, true, false,
	  { FACTORY(BASE), INSTALL(TWO), STEP_END },
	  { BOOT, STEPS(2), CHAOS(TIMEOUT), STEPS(3), DO(CALM, NONE), BOOT, WORK, STEP_END } },
	{ "locked", R_TWO, R_OTHER, R_NEXT, false, true, false,
	  { FACTORY(BASE), STEP_END },
	  { BOOT, HALF(TWO), CHAOS(LOCKED), WRITE(TWO, 0), DO(SYNC, NONE), DO(CALM, NONE), BOOT,
	    APPLY(TWO), STEP_END } },
	{ "locked-silently", R_TWO, R_OTHER, R_NEXT, false, true, false,
	  { FACTORY(BASE), STEP_END },
	  { BOOT, HALF(TWO), CHAOS(SILENT), WRITE(TWO, 0), DO(SYNC, NONE), DO(CALM, NONE), BOOT,
	    APPLY(TWO), STEP_END } },
	{ "locked-settle", R_TWO, R_OTHER, R_NEXT, false, true, false,
	  { FACTORY(BASE), INSTALL(TWO), STEP_END },
	  { BOOT, STEPS(2), CHAOS(SILENT), STEPS(20), DO(CALM, NONE), BOOT, WORK, STEP_END } },
	{ "locked-install", R_PIN_TWO, R_PIN_THREE, R_NEXT, false, true, false,
	  { FACTORY(PIN), STAGE(PIN_TWO), DO(COMMIT, PIN_TWO), STEP_END },
	  { BOOT, STEPS(2), CHAOS(LOCKED), STEPS(5), DO(CALM, NONE), BOOT, DO(INSTALL, NONE),
	    STEP_END } },
};

const u32 job_count = sizeof(jobs) / sizeof(jobs[0]);

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The jobs that are cut, one row each.
 */
#include "world.h"

#define DO(act, release)	{ ACT_##act, R_##release, 0 }
#define WRITE(release, limit)	{ ACT_WRITE, R_##release, limit }
#define BOOT			DO(REBOOT, NONE)

#define STAGE(release)		DO(BEGIN, release), WRITE(release, 0)
#define APPLY(release)		STAGE(release), DO(COMMIT, release)
#define INSTALL(release)	APPLY(release), BOOT, DO(CONFIRM, release)

/* A first install needs no boot and no confirmation. */
#define FACTORY			APPLY(BASE), BOOT

const struct scenario scenarios[] = {
	{ "first-install", R_BASE,
	  { STEP_END },
	  { BOOT, APPLY(BASE), BOOT, STEP_END } },
	{ "upgrade-two-layers", R_TWO,
	  { FACTORY, STEP_END },
	  { BOOT, APPLY(TWO), STEP_END } },
	{ "overflow", R_OVER,
	  { FACTORY, STEP_END },
	  { BOOT, APPLY(OVER), STEP_END } },
	{ "shrink-back", R_SHRINK,
	  { FACTORY, INSTALL(OVER), STEP_END },
	  { BOOT, APPLY(SHRINK), STEP_END } },
	{ "trial-boot", R_TWO,
	  { FACTORY, APPLY(TWO), STEP_END },
	  { BOOT, BOOT, STEP_END } },
	{ "confirm", R_TWO,
	  { FACTORY, APPLY(TWO), BOOT, STEP_END },
	  { DO(CONFIRM, TWO), BOOT, STEP_END } },
	{ "rollback", R_TWO,
	  { FACTORY, APPLY(TWO), BOOT, STEP_END },
	  { DO(ROLLBACK, NONE), BOOT, STEP_END } },
	{ "attempts-used-up", R_TWO,
	  { FACTORY, APPLY(TWO), STEP_END },
	  { BOOT, BOOT, BOOT, BOOT, BOOT, STEP_END } },
	{ "abort", R_TWO,
	  { FACTORY, DO(BEGIN, TWO), WRITE(TWO, 2), STEP_END },
	  { BOOT, DO(ABORT, NONE), STEP_END } },
	{ "replace", R_OTHER,
	  { FACTORY, DO(BEGIN, TWO), WRITE(TWO, 2), DO(SYNC, NONE), WRITE(TWO, 1), STEP_END },
	  { BOOT, DO(REPLACE, OTHER), WRITE(OTHER, 0), DO(COMMIT, OTHER), STEP_END } },
	{ "resume", R_TWO,
	  { FACTORY, DO(BEGIN, TWO), WRITE(TWO, 1), DO(SYNC, NONE), WRITE(TWO, 1), STEP_END },
	  { BOOT, APPLY(TWO), STEP_END } },
	{ "commit-after-attach", R_TWO,
	  { FACTORY, STAGE(TWO), DO(SYNC, NONE), STEP_END },
	  { BOOT, DO(COMMIT, TWO), BOOT, STEP_END } },
	{ "nothing-to-do", R_BASE,
	  { FACTORY, STEP_END },
	  { BOOT, DO(BEGIN, BASE), DO(LOOK, NONE), DO(CONFIRM, BASE), STEP_END } },
	{ "after-overflow", R_OTHER,
	  { FACTORY, INSTALL(OVER), STEP_END },
	  { BOOT, APPLY(OTHER), BOOT, DO(CONFIRM, OTHER), STEP_END } },
	{ "worn-blocks", R_TWO,
	  { FACTORY, DO(WEAR_BLOCKS, NONE), STEP_END },
	  { BOOT, APPLY(TWO), STEP_END } },
	{ "worn-unit", R_TWO,
	  { FACTORY, DO(WEAR_UNIT, NONE), STEP_END },
	  { BOOT, APPLY(TWO), BOOT, STEP_END } },
};

const u32 scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

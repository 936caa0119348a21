/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of flash that the campaign runs on, and the releases made for them.
 */
#ifndef SELFTESTS_FLEET_H
#define SELFTESTS_FLEET_H

#include "build_release.h"
#include "simflash.h"

/** The releases of the scenarios; see fleet.c for what they contain. */
enum fleet_release {
	R_BASE,
	R_TWO,		/* two of three layers changed */
	R_OVER,		/* one layer outgrows its slot */
	R_SHRINK,	/* and fits again */
	R_OTHER,	/* shares a layer with R_TWO */
	R_NEXT,		/* everything different */
	R_PIN,		/* one layer pinned */
	R_PIN_TWO,	/* which changes */
	R_PIN_THREE,	/* and changes again */
	R_PIN_MOVED,	/* its slot is where another layer lives */
	R_LAZY,		/* a lazy layer */
	R_LAZY_TWO,	/* which changes */
	R_LAZY_THREE,	/* and changes again */
	R_MOVE,		/* a layer that moves whole, and fits its slot */
	R_MOVE_TWO,	/* outgrows it */
	R_MOVE_THREE,	/* and changes out there */
	R_SLOTS,	/* three layers that fill their slots */
	R_SLOTS_GROWN,	/* one slot larger, and elsewhere */
	R_SLOTS_SWAPPED, /* two change places */
	R_SLOTS_SHIFTED, /* one dropped, one added, one shifted by a block */
	R_BIG,		/* too large to have two of */
	R_BIG_TWO,
	R_BIG_THREE,
	R_BIG_NEXT,
	R_COUNT,
	R_NONE = -1,
};

/**
 * struct fleet - a kind of flash, and the releases made for it
 * @name: in names of cases
 * @shape: of the flash
 * @block_size: bytes
 * @unit_size: bytes of a table unit
 * @units: of the table area
 * @reserve: blocks kept for others that go bad
 * @release: by enum fleet_release
 */
struct fleet {
	const char *name;
	struct simflash_shape shape;
	u32 block_size;
	u32 unit_size;
	u32 units;
	u32 reserve;
	struct built_release *release[R_COUNT];
};

#define FLEETS		3
#define FLEET_ATTEMPTS	3	/* boot attempts of every release */

extern struct fleet fleets[FLEETS];

/** fleet_build() - make the releases of all fleets */
void fleet_build(void);

/** fleet_free() - and free them */
void fleet_free(void);

#endif

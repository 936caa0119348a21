// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kinds of flash that the campaign runs on, and the releases for them.
 *
 * Small, so that a campaign is quick, and tight, so that blocks are reused: the
 * slots take seven blocks and the pool fifteen (and the reserve), of which two
 * releases of this size, their manifests and what is moved aside leave few.
 */
#include "fleet.h"

#define BLOCKS	22	/* beside the table area and the reserve */

/* eraseblocks that a table of so many units of so many bytes, and the blocks take */
#define ERASEBLOCKS(erase, block, unit, units, reserve) \
	((unit) / (erase) * (units) + (BLOCKS + (reserve)) * ((block) / (erase)))

#define KIB	1024U

struct fleet fleets[FLEETS] = {
	{
		.name = "nor",
		.shape = { SIMFLASH_NOR, 8 * KIB, 1,
			   ERASEBLOCKS(8 * KIB, 8 * KIB, 32 * KIB, 5, 0) },
		.block_size = 8 * KIB,
		.unit_size = 32 * KIB,
		.units = 5,
	},
	{
		.name = "spi-nor",
		.shape = { SIMFLASH_SPI_NOR, 4 * KIB, 16,
			   ERASEBLOCKS(4 * KIB, 8 * KIB, 32 * KIB, 5, 0) },
		.block_size = 8 * KIB,
		.unit_size = 32 * KIB,
		.units = 5,
	},
	{
		.name = "nand",
		.shape = { SIMFLASH_NAND, 16 * KIB, 2 * KIB,
			   ERASEBLOCKS(16 * KIB, 16 * KIB, 64 * KIB, 5, 2) },
		.block_size = 16 * KIB,
		.unit_size = 64 * KIB,
		.units = 5,
		.reserve = 2,
	},
};

/*
 * A layer: its slot, counted from the end of the table area; its size in sixteenths of a
 * block; what is in it.  Of the same seed and another size only the end differs.
 */
struct part {
	const char *name;
	u32 start;
	u32 capacity;
	u32 size;
	u32 seed;
	u32 policy;
};

#define PARTS	3

struct contents {
	const char *version;
	u32 counter;
	struct part part[PARTS];
};

/* The usual layout; other releases have slots of their own. */
#define BOOT(size, seed)	{ "boot", 0, 2, size, seed, 0 }
#define SYSTEM(size, seed)	{ "system", 2, 3, size, seed, 0 }
#define APP(size, seed)		{ "app", 5, 2, size, seed, 0 }
#define PINNED(size, seed)	{ "boot", 0, 2, size, seed, MTDL_POLICY_PINNED }
#define LAZY(size, seed)	{ "system", 2, 3, size, seed, MTDL_POLICY_LAZY }
#define MOVE(size, seed)	{ "app", 5, 2, size, seed, MTDL_POLICY_OVERFLOW_MOVE }
#define OVER(size, seed)	{ "system", 2, 9, size, seed, MTDL_POLICY_IN_PLACE }

static const struct contents contents[R_COUNT] = {
	[R_BASE] = { "1.0", 0, { BOOT(1, 1), SYSTEM(17, 2), APP(16, 3) } },
	[R_TWO] = { "2.0", 1, { BOOT(1, 1), SYSTEM(18, 12), APP(16, 13) } },
	[R_OVER] = { "3.0", 1, { BOOT(1, 1), SYSTEM(17, 2), APP(50, 23) } },
	[R_SHRINK] = { "4.0", 1, { BOOT(1, 1), SYSTEM(17, 32), APP(15, 23) } },
	[R_OTHER] = { "2.1", 1, { BOOT(1, 1), SYSTEM(34, 42), APP(16, 13) } },
	[R_NEXT] = { "5.0", 2, { BOOT(17, 51), SYSTEM(19, 52), APP(12, 53) } },
	[R_PIN] = { "p1", 0, { PINNED(20, 1), SYSTEM(17, 2), APP(16, 3) } },
	[R_PIN_TWO] = { "p2", 1, { PINNED(21, 61), SYSTEM(18, 12), APP(16, 3) } },
	[R_PIN_THREE] = { "p3", 1, { PINNED(20, 62), SYSTEM(18, 12), APP(18, 63) } },
	[R_PIN_MOVED] = { "p4", 1, { { "boot", 2, 2, 20, 64, MTDL_POLICY_PINNED },
				     { "system", 9, 3, 17, 2, 0 }, APP(16, 3) } },
	[R_LAZY] = { "l1", 0, { BOOT(1, 1), LAZY(17, 2), APP(16, 3) } },
	[R_LAZY_TWO] = { "l2", 1, { BOOT(1, 1), LAZY(18, 12), APP(16, 3) } },
	[R_LAZY_THREE] = { "l3", 1, { BOOT(1, 1), LAZY(18, 71), APP(16, 73) } },
	[R_MOVE] = { "m1", 0, { BOOT(1, 1), SYSTEM(17, 2), MOVE(20, 3) } },
	[R_MOVE_TWO] = { "m2", 0, { BOOT(1, 1), SYSTEM(17, 2), MOVE(40, 3) } },
	[R_MOVE_THREE] = { "m3", 0, { BOOT(1, 1), SYSTEM(18, 2), MOVE(42, 3) } },
	[R_SLOTS] = { "s1", 0, { BOOT(20, 1), SYSTEM(40, 2), APP(30, 3) } },
	[R_SLOTS_GROWN] = { "s2", 0, { BOOT(20, 1), SYSTEM(40, 2),
				       { "app", 9, 5, 50, 3, 0 } } },
	[R_SLOTS_SWAPPED] = { "s3", 0, { { "boot", 5, 2, 20, 1, 0 }, SYSTEM(41, 2),
					 { "app", 0, 2, 30, 3, 0 } } },
	[R_SLOTS_SHIFTED] = { "s4", 0, { BOOT(20, 1), { "system", 3, 4, 40, 2, 0 },
					 { "extra", 9, 2, 20, 83, 0 } } },
	[R_BIG] = { "b1", 0, { BOOT(1, 1), OVER(144, 91) } },
	[R_BIG_TWO] = { "b2", 0, { BOOT(1, 1), OVER(144, 92) } },
	[R_BIG_THREE] = { "b3", 0, { BOOT(2, 1), OVER(130, 93) } },
	[R_BIG_NEXT] = { "b4", 0, { BOOT(3, 94), OVER(140, 95) } },
};

static struct built_release *build(const struct fleet *fleet, const struct contents *c)
{
	u32 table = fleet->units * (fleet->unit_size / fleet->block_size);
	struct build_layer layers[PARTS];
	struct build_options options = {
		.block_size = fleet->block_size,
		.release = c->version,
		.attempts = FLEET_ATTEMPTS,
		.security_counter = c->counter,
	};
	u32 i;

	for (i = 0; i < PARTS && c->part[i].name; i++)
		layers[i] = (struct build_layer) {
			.name = c->part[i].name,
			.slot_start = table + c->part[i].start,
			.slot_blocks = c->part[i].capacity,
			.policy = c->part[i].policy,
			.size = (u64)c->part[i].size * fleet->block_size / 16 - 3,
			.seed = c->part[i].seed,
		};
	return build_release(&options, layers, i);
}

void fleet_build(void)
{
	u32 f, r;

	for (f = 0; f < FLEETS; f++)
		for (r = 0; r < R_COUNT; r++)
			fleets[f].release[r] = build(&fleets[f], &contents[r]);
}

void fleet_free(void)
{
	u32 f, r;

	for (f = 0; f < FLEETS; f++)
		for (r = 0; r < R_COUNT; r++)
			build_free(fleets[f].release[r]);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kinds of flash that the campaign runs on, and the releases for them.
 *
 * Small, so that a campaign is quick, and tight, so that blocks are reused: the
 * slots take seven blocks and the pool ten, of which two releases of this size
 * and their manifests leave few.
 */
#include "world.h"

#define BOOT_SLOT	2
#define SYSTEM_SLOT	3
#define APP_SLOT	2
#define POOL		10
#define SLOTS		(BOOT_SLOT + SYSTEM_SLOT + APP_SLOT)

/* eraseblocks that a table of so many units of so many bytes, slots and pool take */
#define ERASEBLOCKS(erase, block, unit, units) \
	((unit) / (erase) * (units) + (SLOTS + POOL) * ((block) / (erase)))

#define KIB	1024U

struct fleet fleets[FLEETS] = {
	{
		.name = "nor",
		.shape = { SIMFLASH_NOR, 8 * KIB, 1,
			   ERASEBLOCKS(8 * KIB, 8 * KIB, 32 * KIB, 4) },
		.block_size = 8 * KIB,
		.unit_size = 32 * KIB,
		.units = 4,
	},
	{
		.name = "spi-nor",
		.shape = { SIMFLASH_SPI_NOR, 4 * KIB, 16,
			   ERASEBLOCKS(4 * KIB, 8 * KIB, 32 * KIB, 4) },
		.block_size = 8 * KIB,
		.unit_size = 32 * KIB,
		.units = 4,
	},
	{
		.name = "nand",
		.shape = { SIMFLASH_NAND, 16 * KIB, 2 * KIB,
			   ERASEBLOCKS(16 * KIB, 16 * KIB, 64 * KIB, 5) },
		.block_size = 16 * KIB,
		.unit_size = 64 * KIB,
		.units = 5,
	},
};

/* Sizes in sixteenths of a block, and the seeds of what is in them. */
struct contents {
	const char *version;
	u32 size[3];
	u32 seed[3];
};

static const struct contents contents[R_COUNT] = {
	[R_BASE] = { "1.0", { 1, 17, 16 }, { 1, 2, 3 } },
	[R_TWO] = { "2.0", { 1, 18, 16 }, { 1, 12, 13 } },
	[R_OVER] = { "3.0", { 1, 17, 50 }, { 1, 2, 23 } },
	[R_SHRINK] = { "4.0", { 1, 17, 15 }, { 1, 32, 23 } },
	[R_OTHER] = { "2.1", { 1, 34, 16 }, { 1, 42, 13 } },
	[R_NEXT] = { "5.0", { 17, 19, 12 }, { 51, 52, 53 } },
};

static struct built_release *build(const struct fleet *fleet, const struct contents *c)
{
	u32 start = fleet->units * (fleet->unit_size / fleet->block_size);
	struct build_layer layers[3] = {
		{ .name = "boot", .slot_start = start, .slot_blocks = BOOT_SLOT },
		{ .name = "system", .slot_start = start + BOOT_SLOT, .slot_blocks = SYSTEM_SLOT },
		{ .name = "app", .slot_start = start + BOOT_SLOT + SYSTEM_SLOT,
		  .slot_blocks = APP_SLOT },
	};
	struct build_options options = {
		.block_size = fleet->block_size,
		.release = c->version,
		.attempts = FLEET_ATTEMPTS,
	};
	u32 i;

	for (i = 0; i < 3; i++) {
		layers[i].size = (u64)c->size[i] * fleet->block_size / 16 - 3;
		layers[i].seed = c->seed[i];
	}
	return build_release(&options, layers, 3);
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

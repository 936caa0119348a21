// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Eraseblocks that wear out while a job is done, told or in silence.
 */
#include "world.h"

static u32 table_eraseblocks(const struct fleet *fleet)
{
	return fleet->units * (fleet->unit_size / fleet->shape.erase_size);
}

static void wear(struct world *world, enum simflash_failure failure, bool table, u32 after)
{
	u32 end = table_eraseblocks(world->fleet);

	world->device.sim->wear = (struct simflash_wear) {
		.failure = failure,
		.from = table ? 0 : end,
		.to = table ? end : world->fleet->shape.blocks,
		.after = after,
	};
}

/* As if so many snapshots had been written that there is no room for another. */
static void fill_units(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;
	u32 i;

	world->missed = !mtdl->secure;
	for (i = 0; mtdl->secure && i < 2; i++)
		mtdl->units[mtdl->in_force[i]].end = mtdl->geometry.unit_size;
}

void fault_set(struct world *world, enum fault fault)
{
	switch (fault) {
	case FAULT_PROGRAM:
		wear(world, SIMFLASH_FAILS_PROGRAM, false, 1);
		break;
	case FAULT_ERASE:
		wear(world, SIMFLASH_FAILS_ERASE, false, 1);
		break;
	case FAULT_SILENT:
		wear(world, SIMFLASH_IGNORES, false, 1);
		break;
	case FAULT_ONCE:
		wear(world, SIMFLASH_FAILS_ONCE, false, 1);
		break;
	case FAULT_UNIT:
		wear(world, SIMFLASH_FAILS_LATE, true, 1);
		break;
	case FAULT_FULL:
		fill_units(world);
		break;
	default:
		break;
	}
}

void fault_freeze_table(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	u32 per_unit = world->fleet->unit_size / world->fleet->shape.erase_size, i;

	fill_units(world);
	for (i = 0; i < table_eraseblocks(world->fleet); i++)
		if (i / per_unit != mtdl->in_force[0] && i / per_unit != mtdl->in_force[1])
			world->device.sim->failure[i] = SIMFLASH_FAILS_ERASE;
}

bool fault_pending(const struct world *world)
{
	return world->missed || world->device.sim->wear.failure != SIMFLASH_WORKS;
}

static bool slot_fails(const struct world *world, u32 block)
{
	const struct fleet *fleet = world->fleet;
	u32 per_block = fleet->block_size / fleet->shape.erase_size, i;

	for (i = block * per_block; i < (block + 1) * per_block; i++)
		if (world->device.sim->bad[i] || world->device.sim->failure[i])
			return true;
	return world->device.mtdl.retired[block / 32] >> block % 32 & 1;
}

bool fault_in_pinned_slot(const struct world *world, int release)
{
	const struct built_release *built = world->fleet->release[release];
	u32 i, block;

	for (i = 0; i < built->layer_count; i++) {
		const struct build_layer *layer = &built->layers[i];

		for (block = 0; layer->policy & MTDL_POLICY_PINNED &&
		     block < build_block_count(built, i); block++)
			if (slot_fails(world, layer->slot_start + block))
				return true;
	}
	return false;
}

const char *fault_name(enum fault fault)
{
	static const char * const names[FAULTS] = {
		[FAULT_NONE] = "",
		[FAULT_PROGRAM] = "+bad-program",
		[FAULT_ERASE] = "+bad-erase",
		[FAULT_SILENT] = "+bad-silent",
		[FAULT_ONCE] = "+fails-once",
		[FAULT_UNIT] = "+bad-unit",
		[FAULT_FULL] = "+full-unit",
	};

	return names[fault];
}

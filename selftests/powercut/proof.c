// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * That the checks of the invariants can fail: each is shown a board on which what it
 * watches over is broken, and has to notice.
 */
#include "campaign.h"

static void break_nothing(struct world *world)
{
	(void)world;
}

/* A bit of the exposed release flips, behind everyone's back. */
static void flip_bit(struct world *world)
{
	const struct mtdl_layer *layer = &world->device.mtdl.exposed->layers[1];
	u64 off = (u64)layer->map[0] * world->fleet->block_size + 5;
	u8 byte;

	simflash_peek(world->device.sim, off, &byte, 1);
	byte ^= 1;
	simflash_damage(world->device.sim, off, &byte, 1);
}

static void erase(struct world *world, u32 block)
{
	struct simflash *sim = world->device.sim;

	sim->flash.ops->erase(&sim->flash, (u64)block * world->fleet->block_size);
}

static void erase_active(struct world *world)
{
	world_act(world, ACT_CONFIRM, R_NONE, 0);
	erase(world, world->device.mtdl.active->layers[0].map[0]);
}

static void erase_too_early(struct world *world)
{
	world_act(world, ACT_LOOK, R_NONE, 0);
	erase(world, world->device.mtdl.geometry.block_count - 1);
}

static void hide_free_block(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;

	world_act(world, ACT_CONFIRM, R_NONE, 0);
	mtdl->retired[(mtdl->geometry.block_count - 1) / 32] |=
		1U << (mtdl->geometry.block_count - 1) % 32;
}

static void take_for_another_board(struct world *world)
{
	world->device.mtdl.compatible[0] ^= 1;
}

static void forget_digest(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;

	if (mtdl_load_manifest(mtdl, mtdl->exposed, &world->device.why))
		abort();
	((u8 *)mtdl->exposed->layers[0].digests)[3] ^= 1;
}

static void cross_maps(struct world *world)
{
	struct mtdl_release *active = world->device.mtdl.active;

	active->layers[1].map[0] = active->layers[0].map[0];
}

static void boot_once_more(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;
	u32 i;

	world_act(world, ACT_BEGIN, R_TWO, 0);
	world_act(world, ACT_WRITE, R_TWO, 0);
	world_act(world, ACT_COMMIT, R_TWO, 0);
	for (i = 0; i < FLEET_ATTEMPTS; i++)
		world_act(world, ACT_REBOOT, R_NONE, 0);
	invariant_8_attempts_end(world, true, mtdl);
}

static const struct proof {
	const char *what;
	void (*harm)(struct world *world);
	void (*check)(struct world *world);
} proofs[] = {
	{ "1: one whole release is exposed", flip_bit, invariant_1_one_whole_release },
	{ "2: nothing alive is touched", erase_active, break_nothing },
	{ "3: the first rule", erase_too_early, break_nothing },
	{ "4: every free block counts", hide_free_block, invariants_after_step },
	{ "5: what is refused changes nothing", take_for_another_board,
	  invariant_5_refused_changes_nothing },
	{ "6: reads match or fail", forget_digest, invariant_6_reads_match_or_fail },
	{ "7: the check holds", cross_maps, invariant_7_check_holds },
	{ "8: attempts end", boot_once_more, break_nothing },
};

/* Whether the check is content before, and not afterwards. */
static bool is_noticed(const struct proof *proof)
{
	struct world *world = world_new(&fleets[0], false);
	volatile bool harmed = false;

	if (setjmp(world->lost)) {
		if (!harmed)
			printf("# without harm: %s\n", world->what);
		return harmed;
	}
	world_act(world, ACT_BEGIN, R_BASE, 0);
	world_act(world, ACT_WRITE, R_BASE, 0);
	world_act(world, ACT_COMMIT, R_BASE, 0);
	world_act(world, ACT_REBOOT, R_NONE, 0);
	proof->check(world);
	harmed = true;
	proof->harm(world);
	proof->check(world);
	world_free(world);
	return false;
}

bool proof_run(void)
{
	u32 count = sizeof(proofs) / sizeof(proofs[0]), noticed = 0, i;

	for (i = 0; i < count; i++) {
		bool fine = is_noticed(&proofs[i]);

		noticed += fine;
		if (!fine)
			printf("# NOT NOTICED when broken: invariant %s\n", proofs[i].what);
	}
	printf("# invariants whose checks notice when they are broken: %u of %u\n", noticed, count);
	return noticed == count;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From power-on to a release that is exposed: by the core alone, or by a boot loader
 * that has a core of its own, sees unstable cells in its own way, and hands over.
 */
#include "world.h"

static void attach(struct world *world)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	bool trial;

	oracle_attached(world);
	if (device_attach(device))
		world_lost(world, "attach fails: %s", device->why.text);
	world_check_found(world, mtdl);
	trial = mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used;
	if (mtdl->exposed != (trial ? mtdl->candidate : mtdl->active))
		world_lost(world, "a look exposes the wrong release");
	oracle_expose(world);
}

/* The boot decision of a core, the system's or the loader's. */
static void decide(struct world *world, struct device *device)
{
	struct mtdl *mtdl = &device->mtdl;
	bool attempt = mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used < mtdl->attempts_max;
	int err;

	device->why.text[0] = '\0';
	if (attempt)
		world->booting = mtdl;
	device->sim->again = true;
	err = mtdl_boot(mtdl, &device->why);
	device->sim->again = false;
	world->booting = NULL;
	if (device->sim->off)
		return;
	if (err && (err != -ENODATA || mtdl->active))
		world_lost(world, "boot fails: %s", device->why.text);
	if (attempt && world->unharmed && mtdl->exposed != mtdl->candidate)
		world_lost(world, "the candidate has attempts left and is not exposed: %s",
			   device->why.text);
	if (!attempt && mtdl->exposed != mtdl->active)
		world_lost(world, "the candidate is exposed without an attempt");
	invariant_8_attempts_end(world, attempt, mtdl);
}

static int start_alone(struct world *world)
{
	attach(world);
	decide(world, &world->device);
	if (world->device.sim->off)
		return 0;
	oracle_expose(world);
	return mtdl_retire_trial(&world->device.mtdl, &world->device.why);
}

static bool is_above(struct mtdl_sequence a, struct mtdl_sequence b)
{
	return a.epoch > b.epoch || (a.epoch == b.epoch && a.write > b.write);
}

/* The snapshot below another. */
static struct mtdl_sequence below(struct mtdl_sequence sequence)
{
	if (!sequence.write--)
		sequence.epoch--;
	return sequence;
}

/* What the loader started is what is exposed, on trial if it was a candidate. */
static void check_handover(struct world *world, const u8 *digest, bool candidate)
{
	const struct mtdl *mtdl = &world->device.mtdl;

	if (!mtdl->exposed || memcmp(mtdl->exposed->digest, digest, MTDL_DIGEST_SIZE))
		world_lost(world, "hand-over: another release is exposed than the loader started");
	if (!candidate)
		return;
	if (!mtdl_is_exposed(mtdl, mtdl->candidate) && !mtdl_is_exposed(mtdl, mtdl->active))
		world_lost(world, "hand-over: what the loader started is neither active nor candidate");
	if (mtdl_is_exposed(mtdl, mtdl->candidate) &&
	    (mtdl->state != MTDL_STATE_TRIAL || !mtdl->attempts_used))
		world_lost(world, "hand-over: the loader started a candidate, and it is not on trial, in state %u with %u attempts used",
			   mtdl->state, mtdl->attempts_used);
}

static int take_over(struct world *world, const u8 *digest, struct mtdl_sequence sequence,
		     bool candidate)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	int err;

	do {
		oracle_attached(world);
		if (device_attach_upto(device, sequence))
			world_lost(world, "attach behind a loader fails: %s", device->why.text);
		if (is_above(mtdl->sequence, sequence))
			world_lost(world, "hand-over: the loader went by snapshot %u.%u, the system by %u.%u, which is newer",
				   sequence.epoch, sequence.write, mtdl->sequence.epoch,
				   mtdl->sequence.write);
		world_check_attempts(world, mtdl);
		oracle_expose(world);
		err = mtdl_handover(mtdl, digest, &device->why);
		/*
		 * The loader's snapshot cannot be read, and the one below is of a commit that
		 * a cut hit before: what the loader knew is further below.
		 */
		sequence = below(mtdl->sequence);
	} while (err == -ESTALE);
	if (device->sim->off)
		return 0;
	/* where the table cannot be written, what was started is exposed all the same */
	if (err && world->unharmed)
		world_lost(world, "hand-over fails: %s", device->why.text);
	check_handover(world, digest, candidate);
	oracle_expose(world);
	return mtdl_retire_trial(mtdl, &device->why);
}

static int start_by_loader(struct world *world)
{
	struct device loader = { .sim = world->device.sim };
	struct mtdl_sequence sequence;
	u8 digest[MTDL_DIGEST_SIZE];
	bool candidate, started;

	loader.sim->reader = SIMFLASH_LOADER;
	oracle_attached(world);
	if (device_attach(&loader))
		world_lost(world, "the boot loader's attach fails: %s", loader.why.text);
	world_check_found(world, &loader.mtdl);
	decide(world, &loader);
	started = loader.mtdl.exposed;
	candidate = started && loader.mtdl.exposed == loader.mtdl.candidate;
	sequence = loader.mtdl.sequence;
	if (started)
		memcpy(digest, loader.mtdl.exposed->digest, sizeof(digest));
	device_detach(&loader);
	loader.sim->reader = SIMFLASH_SYSTEM;
	if (loader.sim->off)
		return 0;
	return started ? take_over(world, digest, sequence, candidate) : start_alone(world);
}

int power_cycle(struct world *world)
{
	device_detach(&world->device);
	simflash_power_on(world->device.sim);
	world->chaos = world->device.sim->trouble || world->device.sim->lock;
	world->scrubbed = MTDL_NO_BLOCK;
	return world->loader ? start_by_loader(world) : start_alone(world);
}

void power_look(struct world *world)
{
	device_detach(&world->device);
	world->scrubbed = MTDL_NO_BLOCK;
	attach(world);
}

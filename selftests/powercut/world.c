// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A board under test: its steps, and which states they may leave.
 */
#include <stdarg.h>

#include "build_table.h"
#include "world.h"

void world_lost(struct world *world, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(world->what, sizeof(world->what), fmt, args);
	va_end(args);
	longjmp(world->lost, 1);
}

static void flash_refuses(void *ctx, const char *what)
{
	world_lost(ctx, "the flash refuses: %s", what);
}

static void *must_alloc(size_t bytes)
{
	void *p = calloc(1, bytes);

	if (!p)
		abort();
	return p;
}

static struct world *world_alloc(const struct fleet *fleet)
{
	struct world *world = must_alloc(sizeof(*world));

	world->fleet = fleet;
	world->view = must_alloc(sizeof(*world->view));
	world->uses = must_alloc(fleet->shape.blocks);
	world->erased = must_alloc(fleet->shape.blocks);
	world->exposed = must_alloc(fleet->shape.blocks);
	return world;
}

static void watch(struct world *world)
{
	struct simflash *sim = world->device.sim;

	sim->fatal = flash_refuses;
	sim->observe = oracle_observe;
	sim->ctx = world;
}

/* Made by hand, not by mtdl_format(): a defect of the core must not hide behind it. */
static void empty_table(const struct fleet *fleet, struct simflash *sim)
{
	struct build_table *table = must_alloc(sizeof(*table));

	build_table_init(table, sim, fleet->block_size, fleet->unit_size, fleet->units);
	build_table_write(table, sim, 0, 0);
	build_table_write(table, sim, 1, 0);
	free(table);
}

struct world *world_new(const struct fleet *fleet)
{
	struct world *world = world_alloc(fleet);
	struct device *device = &world->device;

	device->sim = simflash_new(&fleet->shape, 1);
	empty_table(fleet, device->sim);
	if (device_attach(device)) {
		fprintf(stderr, "%s: %s\n", fleet->name, device->why.text);
		abort();
	}
	watch(world);
	oracle_attached(world);
	world->acceptable.count = 1;
	world->acceptable.model[0] = world_model(world);
	return world;
}

void world_resume(struct world *world, const struct cutpoint *at,
		  const struct simflash_cut *cut)
{
	device_free(&world->device);
	world->device.sim = simflash_fork(at->sim);
	world->device.sim->random ^= (u64)cut->seed << 16 | 1;
	watch(world);
	simflash_tear(world->device.sim, &at->op, cut);
	world->acceptable = at->acceptable;
	world->boots_done = at->boots_done;
	world->boots_cut = at->boots_cut;
	world->exposures = at->exposures;
	world->in_boot = false;
	world->recording = NULL;
	world->rule_holds = false;
	world->stale = ~0ULL;
	memset(world->exposed, 0, world->fleet->shape.blocks);
}

void world_free(struct world *world)
{
	device_free(&world->device);
	free(world->view);
	free(world->uses);
	free(world->erased);
	free(world->exposed);
	free(world);
}

void recording_reset(struct recording *recording)
{
	u32 i;

	for (i = 0; i < recording->count; i++) {
		simflash_free(recording->cutpoint[i].sim);
		free((u8 *)recording->cutpoint[i].op.data);
	}
	recording->count = 0;
}

static signed char which(const struct world *world, const struct mtdl_release *release)
{
	u32 r;

	for (r = 0; release && r < R_COUNT; r++)
		if (!memcmp(release->digest, world->fleet->release[r]->digest, MTDL_DIGEST_SIZE))
			return (signed char)r;
	return R_NONE;
}

struct model world_model(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;

	return (struct model) {
		.state = mtdl->state,
		.active = which(world, mtdl->active),
		.candidate = which(world, mtdl->candidate),
	};
}

const char *model_text(const struct model *model)
{
	static const char * const states[] = { "idle", "staging", "installing", "trial" };
	static char texts[4][64];
	static u32 turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), "%s(active %d, candidate %d)",
		 model->state < 4 ? states[model->state] : "?", model->active, model->candidate);
	return text;
}

static bool has_model(const struct model_set *set, struct model model)
{
	u32 i;

	for (i = 0; i < set->count; i++)
		if (!memcmp(&set->model[i], &model, sizeof(model)))
			return true;
	return false;
}

static void add_model(struct model_set *set, struct model model)
{
	if (has_model(set, model))
		return;
	if (set->count == MODELS)
		abort();
	set->model[set->count++] = model;
}

static void check_acceptable(struct world *world)
{
	struct model model = world_model(world);
	const struct mtdl *mtdl = &world->device.mtdl;
	u32 i, length = 0;
	char all[256] = "";

	if (!has_model(&world->acceptable, model)) {
		for (i = 0; i < world->acceptable.count && length < sizeof(all); i++)
			length += (u32)snprintf(all + length, sizeof(all) - length, " %s",
						model_text(&world->acceptable.model[i]));
		world_lost(world, "attach finds %s, expected one of:%s", model_text(&model), all);
	}
	if (mtdl->state == MTDL_STATE_TRIAL && oracle_stands_on_good_cells(world) &&
	    (mtdl->attempts_used < world->boots_done ||
	     mtdl->attempts_used > world->boots_done + world->boots_cut))
		world_lost(world, "attach counts %u attempts, %u were made and %u interrupted",
			   mtdl->attempts_used, world->boots_done, world->boots_cut);
}

/*
 * An attempt that is counted behind a snapshot which a cut left unstable goes
 * with it: then the copies of the snapshot before count, which have attempts of
 * their own left.  So a cut can give a candidate more attempts, but not many.
 */
static void count_boot(struct world *world, bool attempt)
{
	if (attempt && oracle_stands_on_good_cells(world))
		world->boots_done++;
	else if (attempt)
		world->boots_cut++;
	world->exposures += attempt;
	if (world->boots_done > FLEET_ATTEMPTS ||
	    world->exposures > FLEET_ATTEMPTS * (1 + CUTS_MAX))
		world_lost(world, "the candidate has been exposed %u times", world->exposures);
}

static void boot(struct world *world)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	bool attempt = mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used < mtdl->attempts_max;
	int err;

	device->why.text[0] = '\0';
	world->in_boot = attempt;
	device->sim->again = true;
	err = mtdl_boot(mtdl, &device->why);
	device->sim->again = false;
	world->in_boot = false;
	if (device->sim->off)
		return;
	if (err && (err != -ENODATA || mtdl->active))
		world_lost(world, "boot fails: %s", device->why.text);
	if (attempt && mtdl->exposed != mtdl->candidate)
		world_lost(world, "the candidate has attempts left and is not exposed: %s",
			   device->why.text);
	if (!attempt && mtdl->exposed != mtdl->active)
		world_lost(world, "the candidate is exposed without an attempt");
	count_boot(world, attempt);
}

/* Attach, with or without a power cycle before. */
static void attach(struct world *world, bool power_cycle)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	bool trial;

	device_detach(device);
	if (power_cycle)
		simflash_power_on(device->sim);
	oracle_attached(world);
	if (device_attach(device))
		world_lost(world, "attach fails: %s", device->why.text);
	check_acceptable(world);
	trial = mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used;
	if (mtdl->exposed != (trial ? mtdl->candidate : mtdl->active))
		world_lost(world, "a look exposes the wrong release");
	oracle_expose(world);
}

static void wear_blocks(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	u32 per_block = world->fleet->block_size / world->fleet->shape.erase_size;
	u32 blocks = mtdl->geometry.block_count, block = mtdl->cursor, found = 0, i;
	u8 *uses = must_alloc(blocks);

	if (mtdl_usage(&world->device.mtdl, uses, &world->device.why))
		abort();
	for (i = 0; i < blocks && found < 2; i++, block = (block + 1) % blocks) {
		if (uses[block] != MTDL_USE_FREE)
			continue;
		if (found++)
			world->device.sim->fail_erase[block * per_block] = 200;
		else
			world->device.sim->fail_program[block * per_block] = 200;
	}
	free(uses);
}

static int do_step(struct world *world, const struct step *step)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	const struct built_release *release = step->release == R_NONE ? NULL :
					      world->fleet->release[step->release];
	struct mtdl_reason *why = &device->why;

	switch (step->act) {
	case ACT_REBOOT:
		attach(world, true);
		boot(world);
		oracle_expose(world);
		return mtdl_retire_trial(mtdl, why);
	case ACT_LOOK:
		attach(world, false);
		return 0;
	case ACT_BEGIN:
		return device_begin(device, release, 0);
	case ACT_REPLACE:
		return device_begin(device, release, MTDL_BEGIN_REPLACE);
	case ACT_WRITE:
		return device_write(device, release, step->limit);
	case ACT_SYNC:
		return mtdl_sync(mtdl, why);
	case ACT_COMMIT:
		world->boots_done = 0;
		world->boots_cut = 0;
		world->exposures = 0;
		return mtdl_commit(mtdl, why);
	case ACT_CONFIRM:
		return mtdl_confirm(mtdl, release ? release->digest : NULL, why);
	case ACT_ROLLBACK:
		return mtdl_rollback(mtdl, why);
	case ACT_ABORT:
		return mtdl_abort(mtdl, why);
	case ACT_WEAR_BLOCKS:
		wear_blocks(world);
		return 0;
	case ACT_WEAR_UNIT:
		oracle_wear_unit(world);
		return 0;
	}
	return -EINVAL;
}

int world_try(struct world *world, const struct step *step)
{
	int err = do_step(world, step);

	world->acceptable.count = 1;
	world->acceptable.model[0] = world_model(world);
	return err;
}

static const char *step_text(const struct step *step)
{
	static const char * const acts[] = {
		"reboot", "look", "begin", "replace", "write", "sync", "commit", "confirm",
		"roll back", "abort", "wear blocks", "wear a unit",
	};
	static char text[48];

	snprintf(text, sizeof(text), "%s %d", acts[step->act], step->release);
	return text;
}

/* What was recorded since @first may also end where this step ended. */
static void patch_recording(struct world *world, u32 first, struct model model)
{
	struct recording *r = world->recording;
	u32 i;

	for (i = first; r && i < r->count; i++)
		add_model(&r->cutpoint[i].acceptable, model);
}

void world_step(struct world *world, const struct step *step)
{
	u32 first = world->recording ? world->recording->count : 0;
	struct model model;

	if (world->verbose)
		printf("#   step: %s\n", step_text(step));
	if (do_step(world, step))
		world_lost(world, "%s fails: %s", step_text(step), world->device.why.text);
	model = world_model(world);
	if (world->verbose)
		printf("#     -> %s, attempts %u\n", model_text(&model),
		       world->device.mtdl.attempts_used);
	patch_recording(world, first, model);
	if (world->device.mtdl.secure)
		world->acceptable.count = 0;
	add_model(&world->acceptable, model);
	oracle_after_step(world);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A board under test: how it comes to be, and which states it may be found in.
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

void *must_alloc(size_t bytes)
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
	world->scrubbed = MTDL_NO_BLOCK;
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
	table->header.reserve = htole32(fleet->reserve);
	build_table_write(table, sim, 0, 0);
	build_table_write(table, sim, 1, 0);
	free(table);
}

struct world *world_new(const struct fleet *fleet, bool loader)
{
	struct world *world = world_alloc(fleet);
	struct device *device = &world->device;

	world->loader = loader;
	device->sim = simflash_new(&fleet->shape, 1);
	empty_table(fleet, device->sim);
	if (device_attach(device)) {
		fprintf(stderr, "%s: %s\n", fleet->name, device->why.text);
		abort();
	}
	watch(world);
	oracle_attached(world);
	world_accept(&world->acceptable, world_model(world, &device->mtdl));
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
	/* the power goes: whatever made the chip as a whole fail is over */
	world->device.sim->lock = SIMFLASH_UNLOCKED;
	world->device.sim->trouble = 0;
	world->device.sim->reader = SIMFLASH_SYSTEM;
	world->device.sim->again = false;
	world->acceptable = at->acceptable;
	world->boots_done = at->boots_done;
	world->boots_cut = at->boots_cut;
	world->exposures = at->exposures;
	world->booting = NULL;
	world->chaos = false;
	world->recording = NULL;
	world->rule_holds = false;
	world->scrubbed = MTDL_NO_BLOCK;
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

void recording_add(struct recording *recording, const struct world *world,
		   const struct simflash_op *op)
{
	struct cutpoint *at;
	u8 *data = NULL;

	if (recording->count == recording->room) {
		recording->room = recording->room ? 2 * recording->room : 256;
		recording->cutpoint = realloc(recording->cutpoint,
					      recording->room * sizeof(*recording->cutpoint));
		if (!recording->cutpoint)
			abort();
	}
	if (op->data) {
		data = must_alloc(op->len);
		memcpy(data, op->data, op->len);
	}
	at = &recording->cutpoint[recording->count++];
	at->sim = simflash_fork(world->device.sim);
	at->op = *op;
	at->op.data = data;
	at->acceptable = world->acceptable;
	at->boots_done = world->boots_done;
	at->boots_cut = world->boots_cut + !!world->booting;
	at->exposures = world->exposures;
}

/* ---- models ---- */

signed char world_release(const struct world *world, const struct mtdl_release *release)
{
	u32 r;

	for (r = 0; release && r < R_COUNT; r++)
		if (!memcmp(release->digest, world->fleet->release[r]->digest, MTDL_DIGEST_SIZE))
			return (signed char)r;
	return R_NONE;
}

struct model world_model(const struct world *world, const struct mtdl *mtdl)
{
	struct model model = {
		.state = mtdl->state,
		.active = world_release(world, mtdl->active),
		.candidate = world_release(world, mtdl->candidate),
	};
	u32 i;

	for (i = 0; mtdl->active && i < mtdl->active->layer_count; i++)
		if (mtdl->active->layers[i].flags & MTDL_LAYER_INCOMPLETE)
			model.incomplete |= (u8)(1U << i);
	return model;
}

const char *model_text(const struct model *model)
{
	static const char * const states[] = { "idle", "staging", "installing", "trial" };
	static char texts[4][80];
	static u32 turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), "%s(active %d%s, candidate %d)",
		 model->state < 4 ? states[model->state] : "?", model->active,
		 model->incomplete ? " incomplete" : "", model->candidate);
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

void world_accept(struct model_set *set, struct model model)
{
	if (has_model(set, model))
		return;
	if (set->count == MODELS)
		abort();
	set->model[set->count++] = model;
}

void world_check_attempts(struct world *world, const struct mtdl *mtdl)
{
	u32 used = mtdl->attempts_used;

	if (mtdl->state != MTDL_STATE_TRIAL)
		return;
	if (!oracle_stands_on_good_cells(world, mtdl)) {
		/* an older count, on cells that a cut left unstable, may come to hold */
		if (used < world->boots_done) {
			world->boots_cut += world->boots_done - used;
			world->boots_done = used;
		}
		return;
	}
	if (used < world->boots_done || used > world->boots_done + world->boots_cut)
		world_lost(world, "attach counts %u attempts, %u were made and %u interrupted",
			   used, world->boots_done, world->boots_cut);
}

void world_check_found(struct world *world, const struct mtdl *mtdl)
{
	struct model model = world_model(world, mtdl);
	const struct model_set *set = &world->acceptable;
	u32 i, length = 0;
	char all[256] = "";

	if (!has_model(set, model)) {
		for (i = 0; i < set->count && length < sizeof(all); i++)
			length += (u32)snprintf(all + length, sizeof(all) - length, " %s",
						model_text(&set->model[i]));
		world_lost(world, "attach finds %s, expected one of:%s", model_text(&model), all);
	}
	world_check_attempts(world, mtdl);
}

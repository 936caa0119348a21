// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must never happen, looked for at every operation and after every step.
 */
#include "world.h"

void oracle_attached(struct world *world)
{
	memset(world->erased, 0, world->fleet->shape.blocks);
	world->rule_holds = false;
	world->stale = ~0ULL;
}

static const struct tableview *look(struct world *world)
{
	struct simflash *sim = world->device.sim;

	if (!world->viewed) {
		tableview_read(world->view, sim, 0);
		world->viewed = world->view->found;
	} else if (world->stale) {
		tableview_refresh(world->view, sim, world->stale);
	}
	world->stale = 0;
	return world->view;
}

bool oracle_stands_on_good_cells(struct world *world)
{
	const struct tableview *view = look(world);
	const struct mtdl *mtdl = &world->device.mtdl;
	u64 sequence = (u64)mtdl->sequence.epoch << 32 | mtdl->sequence.write;
	u32 i, n;

	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];

		for (n = 0; n < unit->records; n++)
			if (unit->record[n].stable && unit->record[n].sequence == sequence)
				return true;
	}
	return false;
}

static bool unit_erased(const struct world *world, const struct tableview_unit *unit)
{
	u32 erase_size = world->fleet->shape.erase_size;
	u64 at = unit->off, end = unit->off + world->view->unit_size;

	for (; at < end; at += erase_size)
		if (!world->erased[at / erase_size])
			return false;
	return true;
}

/* Whether two snapshots are one: the same bytes, copies of the same state. */
static bool same_snapshot(const struct tableview_record *a, const struct tableview_record *b)
{
	return a->sequence == b->sequence && a->length == b->length &&
	       a->header.crc == b->header.crc;
}

/*
 * Whether an attach has had reason to doubt a unit: unstable cells that it did
 * not look at, or that never read as a snapshot and not as erased behind a good
 * one either.  What read as a snapshot once may have fooled it; such a snapshot
 * does no harm as long as it is of an epoch that is overtaken.
 */
static bool is_doubtful(const struct tableview_unit *unit)
{
	u32 i;

	if (!unit->seen || (unit->seen & SIMFLASH_SEEN_NEVER))
		return unit->seen;
	if (unit->seen & SIMFLASH_SEEN_WHOLE)
		return false;
	for (i = 0; (unit->seen & SIMFLASH_SEEN_BLANK) && i < unit->records; i++)
		if (unit->record[i].stable)
			return false;
	return true;
}

/* The first rule, from what is on the flash and what was erased since the attach. */
static void check_first_rule(struct world *world)
{
	const struct tableview_record *force;
	const struct tableview *view;
	u32 copies = 0, i;
	u64 retired;

	/* reading changes what has been seen, and leaves no trace in @stale */
	world->stale = ~0ULL;
	view = look(world);
	force = view->newest;
	if (!force)
		world_lost(world, "a data block is changed and there is no snapshot at all");
	retired = le64toh(force->header.retired_units);
	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];

		if (unit->bad || (retired >> i & 1))
			continue;
		if (unit_erased(world, unit)) {
			copies += unit->records &&
				  same_snapshot(&unit->record[unit->newest], force) &&
				  unit->record[unit->newest].stable;
			continue;
		}
		if (!unit->records && !(unit->seen & SIMFLASH_SEEN_WHOLE))
			world_lost(world, "first rule: unit %u has no valid record and was not erased since the attach", i);
		if (is_doubtful(unit))
			world_lost(world, "first rule: unit %u has an unreadable record and was not erased since the attach", i);
		if (unit->unstable && unit->records &&
		    unit->record[unit->newest].sequence >> 32 >= force->sequence >> 32)
			world_lost(world, "first rule: unit %u may show a snapshot of the epoch in force", i);
	}
	if (copies < 2)
		world_lost(world, "first rule: the state in force has %u good copies in units erased since the attach",
			   copies);
}

static void note_table_op(struct world *world, const struct simflash_op *op)
{
	u32 erase_size = world->fleet->shape.erase_size;

	world->rule_holds = false;
	world->stale |= 1ULL << (op->off - world->view->start) / world->view->unit_size;
	if (op->type == SIMFLASH_ERASE)
		world->erased[op->off / erase_size] = 1;
}

static void check_data_op(struct world *world, const struct simflash_op *op)
{
	static const char * const verbs[] = { "programmed", "erased", "marked bad" };
	const char *verb = verbs[op->type];
	u32 block = (u32)(op->off / world->fleet->block_size);
	const char *wrong;
	u8 uses;

	if (!world->rule_holds) {
		check_first_rule(world);
		wrong = tableview_uses(world->view, world->device.sim, world->view->newest,
				       world->uses);
		if (wrong)
			world_lost(world, "the snapshot in force has %s", wrong);
		world->rule_holds = true;
	}
	uses = world->uses[block];
	if (uses & (TABLEVIEW_ACTIVE | TABLEVIEW_ACTIVE_MANIFEST))
		world_lost(world, "block %u is %s, and the active release uses it", block, verb);
	if (world->view->newest->header.state == MTDL_STATE_TRIAL &&
	    uses & (TABLEVIEW_CANDIDATE | TABLEVIEW_CANDIDATE_MANIFEST))
		world_lost(world, "block %u is %s, and the candidate on trial uses it", block,
			   verb);
	if ((uses & TABLEVIEW_RETIRED) && op->type != SIMFLASH_MARK_BAD)
		world_lost(world, "block %u is %s, and it is retired", block, verb);
	if (world->exposed[block])
		world_lost(world, "block %u is %s, and the exposed release uses it", block, verb);
}

static void tell(struct world *world, const struct simflash_op *op)
{
	static const char * const verbs[] = { "program", "erase", "mark bad" };
	const char *where = op->off < world->view->end ? "table" : "data";

	if (world->verbose)
		printf("#     op %u: %s 0x%llx + 0x%x (%s)\n", world->device.sim->ops,
		       verbs[op->type], (unsigned long long)op->off, op->len, where);
}

static void record(struct world *world, struct simflash *sim, const struct simflash_op *op)
{
	struct recording *r = world->recording;
	struct cutpoint *at;
	u8 *data = NULL;

	if (r->count == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->cutpoint = realloc(r->cutpoint, r->room * sizeof(*r->cutpoint));
		if (!r->cutpoint)
			abort();
	}
	if (op->data) {
		data = malloc(op->len);
		if (!data)
			abort();
		memcpy(data, op->data, op->len);
	}
	at = &r->cutpoint[r->count++];
	at->sim = simflash_fork(sim);
	at->op = *op;
	at->op.data = data;
	at->acceptable = world->acceptable;
	at->boots_done = world->boots_done;
	at->boots_cut = world->boots_cut + world->in_boot;
	at->exposures = world->exposures;
}

void oracle_observe(void *ctx, struct simflash *sim, const struct simflash_op *op)
{
	struct world *world = ctx;

	if (!world->viewed)
		look(world);
	if (!world->viewed)
		world_lost(world, "the flash is changed and there is no layer table on it");
	tell(world, op);
	if (world->recording)
		record(world, sim, op);
	if (op->off >= world->view->start && op->off < world->view->end)
		note_table_op(world, op);
	else
		check_data_op(world, op);
}

static void expose_map(struct world *world, const u32 *map, u32 count)
{
	while (count--)
		world->exposed[*map++] = 1;
}

void oracle_expose(struct world *world)
{
	const struct mtdl_release *exposed = world->device.mtdl.exposed;
	u32 i;

	memset(world->exposed, 0, world->view->blocks);
	if (!exposed)
		return;
	expose_map(world, exposed->manifest_map, 2 * exposed->manifest_blocks);
	for (i = 0; i < exposed->layer_count; i++)
		expose_map(world, exposed->layers[i].map, exposed->layers[i].block_count);
}

/* Every block that nothing uses must be free for the core, and no other. */
static void check_free(struct world *world, const u8 *uses)
{
	const struct tableview *view = world->view;
	u32 per_block = world->fleet->block_size / world->fleet->shape.erase_size;
	u32 expected = 0, counted, block, i;

	for (block = 0; block < view->blocks; block++) {
		bool bad = false;

		for (i = 0; i < per_block; i++)
			bad |= world->device.sim->bad[block * per_block + i];
		expected += !bad && !uses[block] && !world->exposed[block];
	}
	counted = device_count(&world->device, MTDL_USE_FREE);
	if (counted != expected)
		world_lost(world, "%u blocks are free, the core says %u", expected, counted);
}

/* What the core holds in memory is what the newest snapshot says. */
static void check_in_force(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	const struct tableview_record *force = look(world)->newest;
	u64 sequence = (u64)mtdl->sequence.epoch << 32 | mtdl->sequence.write;
	u8 *uses = world->uses;
	const char *wrong;

	if (!mtdl->secure)
		return;
	if (!force || !force->stable || force->sequence != sequence)
		world_lost(world, "the newest snapshot on flash is not the one the core counts on");
	if (force->header.state != mtdl->state)
		world_lost(world, "the core is in state %u and recorded state %u", mtdl->state,
			   force->header.state);
	if (mtdl->state == MTDL_STATE_TRIAL && force->attempts_used != mtdl->attempts_used)
		world_lost(world, "the core counts %u attempts and %u are recorded",
			   mtdl->attempts_used, force->attempts_used);
	world->rule_holds = false;
	wrong = tableview_uses(world->view, world->device.sim, force, uses);
	if (wrong)
		world_lost(world, "the snapshot in force has %s", wrong);
	check_free(world, uses);
}

static const struct built_release *exposed_release(struct world *world)
{
	const struct mtdl_release *exposed = world->device.mtdl.exposed;
	u32 r;

	for (r = 0; exposed && r < R_COUNT; r++)
		if (!memcmp(exposed->digest, world->fleet->release[r]->digest, MTDL_DIGEST_SIZE))
			return world->fleet->release[r];
	if (exposed)
		world_lost(world, "a release is exposed that never was");
	return NULL;
}

/* The blocks of a release that may be booted stand on cells that are what they seem. */
static void check_cells(struct world *world, const struct mtdl_release *release)
{
	const struct mtdl_geometry *g = &world->device.mtdl.geometry;
	u32 i, block;

	for (i = 0; release && i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (block = 0; block < layer->block_count; block++) {
			u32 bytes = mtdl_block_bytes(layer->size, block, g->block_size);

			if (!simflash_stable(world->device.sim,
					     (u64)layer->map[block] * g->block_size, bytes))
				world_lost(world, "layer %s of release %s: block %u lies on cells that a cut left unstable",
					   layer->name, release->release, block);
		}
	}
}

/* What lacks blocks is not committed, and trying changes nothing. */
static void check_commit_refused(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;
	u32 ops = world->device.sim->ops, lacking = 1;
	struct mtdl_wanted wanted;

	if (mtdl->state != MTDL_STATE_STAGING)
		return;
	if (mtdl_want(mtdl, &wanted, &lacking, &world->device.why))
		world_lost(world, "want fails: %s", world->device.why.text);
	if (!lacking)
		return;
	if (mtdl_commit(mtdl, &world->device.why) != -EAGAIN || world->device.sim->ops != ops)
		world_lost(world, "a release that lacks blocks can be committed");
}

void oracle_after_step(struct world *world)
{
	struct device *device = &world->device;

	if (device_check(device))
		world_lost(world, "the check fails: %s", device->why.text);
	if (device_reads(device, exposed_release(world)))
		world_lost(world, "%s", device->why.text);
	check_in_force(world);
	check_cells(world, device->mtdl.active);
	if (device->mtdl.state == MTDL_STATE_TRIAL)
		check_cells(world, device->mtdl.candidate);
	check_commit_refused(world);
}

void oracle_wear_unit(struct world *world)
{
	const struct tableview *view = look(world);
	u32 i, best = ~0U;

	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];
		u64 sequence = unit->records ? unit->record[unit->newest].sequence : 0;

		if (sequence == view->newest->sequence)
			continue;
		if (best == ~0U || !view->unit[best].records ||
		    sequence < view->unit[best].record[view->unit[best].newest].sequence)
			best = i;
	}
	world->device.sim->fail_program[view->unit[best].off /
					world->fleet->shape.erase_size] = 200;
}

static void lose_unit(struct simflash *sim, const struct tableview_unit *unit)
{
	static const u8 junk[64];
	u32 i;

	for (i = 0; i < unit->records; i++)
		simflash_damage(sim, unit->record[i].off, junk, sizeof(junk));
}

u32 oracle_copy_loss(struct world *world)
{
	const struct tableview *view = look(world);
	const struct mtdl *mtdl = &world->device.mtdl;
	struct model expected = world_model(world);
	u32 i, tried = 0;

	for (i = 0; i < view->units; i++) {
		struct device other = { .sim = simflash_fork(world->device.sim) };
		struct world elsewhere = { .fleet = world->fleet };
		struct model found;

		other.sim->observe = NULL;
		lose_unit(other.sim, &view->unit[i]);
		if (device_attach(&other))
			world_lost(world, "with unit %u lost, attach fails: %s", i,
				   other.why.text);
		elsewhere.device = other;
		found = world_model(&elsewhere);
		if (memcmp(&found, &expected, sizeof(found)))
			world_lost(world, "with unit %u lost, the state is %s instead of %s", i,
				   model_text(&found), model_text(&expected));
		if (other.mtdl.attempts_used != mtdl->attempts_used)
			world_lost(world, "with unit %u lost, %u attempts are counted instead of %u",
				   i, other.mtdl.attempts_used, mtdl->attempts_used);
		device_free(&other);
		tried++;
	}
	return tried;
}

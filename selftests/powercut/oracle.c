// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must never happen, looked for at every operation.
 */
#include "world.h"

void oracle_attached(struct world *world)
{
	memset(world->erased, 0, world->fleet->shape.blocks);
	world->rule_holds = false;
	world->stale = ~0ULL;
}

const struct tableview *oracle_look(struct world *world)
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

bool oracle_stands_on_good_cells(struct world *world, const struct mtdl *mtdl)
{
	const struct tableview *view = oracle_look(world);
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

/* ---- the first rule ---- */

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

static void check_unit(struct world *world, u32 number, const struct tableview_record *force)
{
	const struct tableview_unit *unit = &world->view->unit[number];

	if (!unit->records && !(unit->seen & SIMFLASH_SEEN_WHOLE))
		world_lost(world, "first rule: unit %u has no valid record and was not erased since the attach",
			   number);
	if (is_doubtful(unit))
		world_lost(world, "first rule: unit %u has an unreadable record and was not erased since the attach",
			   number);
	if (unit->unstable && unit->records &&
	    unit->record[unit->newest].sequence >> 32 >= force->sequence >> 32)
		world_lost(world, "first rule: unit %u may show a snapshot of the epoch in force",
			   number);
}

void invariant_3_first_rule(struct world *world)
{
	const struct tableview_record *force;
	const struct tableview *view;
	u32 copies = 0, i;
	u64 retired;

	/* reading changes what has been seen, and leaves no trace in @stale */
	world->stale = ~0ULL;
	view = oracle_look(world);
	force = view->newest;
	if (!force)
		world_lost(world, "first rule: there is no snapshot at all");
	retired = le64toh(force->header.retired_units);
	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];

		if (unit->bad || (retired >> i & 1))
			continue;
		if (unit_erased(world, unit))
			copies += unit->records &&
				  same_snapshot(&unit->record[unit->newest], force) &&
				  unit->record[unit->newest].stable;
		else
			check_unit(world, i, force);
	}
	if (copies < 2)
		world_lost(world, "first rule: the state in force has %u good copies in units erased since the attach",
			   copies);
}

static void compare_records(struct world *world, const struct tableview_unit *a,
			    const struct tableview_unit *b)
{
	u32 i, n;

	for (i = 0; i < a->records; i++)
		for (n = 0; n < b->records; n++)
			if (a->record[i].sequence == b->record[n].sequence &&
			    !same_snapshot(&a->record[i], &b->record[n]))
				world_lost(world, "two snapshots have the sequence %llx and differ",
					   (unsigned long long)a->record[i].sequence);
}

/*
 * Of what was written since the attach, two snapshots of one sequence are the same: a
 * copy that failed may read right tomorrow.
 */
static void check_sequences(struct world *world)
{
	const struct tableview *view = oracle_look(world);
	u32 i, n;

	for (i = 0; i < view->units; i++)
		for (n = 0; n < i && unit_erased(world, &view->unit[i]); n++)
			if (unit_erased(world, &view->unit[n]))
				compare_records(world, &view->unit[i], &view->unit[n]);
}

/* ---- the table ---- */

/* Whether the unit holds that snapshot, on good cells. */
static bool has_copy(const struct tableview_unit *unit, const struct tableview_record *record)
{
	const struct tableview_record *newest = &unit->record[unit->newest];

	return unit->records && !unit->bad && newest->stable && same_snapshot(newest, record);
}

/*
 * No unit with the state in force goes before the state that follows stands in another.
 * If there is a newer one on cells that a cut left unstable, the core may take that for
 * the state in force; then one good copy of what is below has to stay.
 */
static void check_table_erase(struct world *world, const struct simflash_op *op)
{
	const struct tableview *view = oracle_look(world);
	u32 erased = (u32)((op->off - view->start) / view->unit_size), copies = 0, i;
	const struct tableview_record *best = NULL;

	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];
		const struct tableview_record *newest = &unit->record[unit->newest];

		if (unit->records && !unit->bad && newest->stable &&
		    (!best || newest->sequence > best->sequence))
			best = newest;
	}
	if (!best || !has_copy(&view->unit[erased], best))
		return;
	for (i = 0; i < view->units; i++)
		copies += i != erased && has_copy(&view->unit[i], best);
	if (!copies || view->newest->sequence == best->sequence)
		world_lost(world, "unit %u is erased, and it holds the state in force", erased);
}

static void note_table_op(struct world *world, const struct simflash_op *op)
{
	u32 erase_size = world->fleet->shape.erase_size;

	if (op->type == SIMFLASH_ERASE)
		check_table_erase(world, op);
	world->rule_holds = false;
	world->stale |= 1ULL << (op->off - world->view->start) / world->view->unit_size;
	if (op->type == SIMFLASH_ERASE && !world->device.sim->trouble &&
	    !world->device.sim->lock)
		world->erased[op->off / erase_size] = 1;
}

/* ---- data ---- */

/* Of blocks that serve what lives, none is erased, programmed or marked. */
static void invariant_2_nothing_alive_is_touched(struct world *world, u32 block,
						 const struct simflash_op *op)
{
	static const char * const verbs[] = { "programmed", "erased", "marked bad" };
	u8 state = world->view->newest->header.state;
	const char *verb = verbs[op->type];
	u8 uses = world->uses[block];

	if (uses & (TABLEVIEW_ACTIVE | TABLEVIEW_ACTIVE_MANIFEST))
		world_lost(world, "block %u is %s, and the active release uses it", block, verb);
	if ((state == MTDL_STATE_TRIAL || state == MTDL_STATE_INSTALLING) &&
	    uses & (TABLEVIEW_CANDIDATE | TABLEVIEW_CANDIDATE_MANIFEST))
		world_lost(world, "block %u is %s, and the candidate that is committed uses it",
			   block, verb);
	if ((uses & TABLEVIEW_RETIRED) && op->type != SIMFLASH_MARK_BAD)
		world_lost(world, "block %u is %s, and it is retired", block, verb);
	if (world->exposed[block] && !(uses & TABLEVIEW_INCOMPLETE))
		world_lost(world, "block %u is %s, and the exposed release uses it", block, verb);
}

static void check_data_op(struct world *world, const struct simflash_op *op)
{
	const char *wrong;

	world->data_ops += op->type != SIMFLASH_MARK_BAD;
	if (!world->rule_holds) {
		invariant_3_first_rule(world);
		check_sequences(world);
		wrong = tableview_uses(world->view, world->device.sim, world->view->newest,
				       world->uses);
		if (wrong)
			world_lost(world, "the snapshot in force has %s", wrong);
		world->rule_holds = true;
	}
	invariant_2_nothing_alive_is_touched(world, (u32)(op->off / world->fleet->block_size), op);
}

static void tell(struct world *world, const struct simflash_op *op)
{
	static const char * const verbs[] = { "program", "erase", "mark bad" };
	const char *where = op->off < world->view->end ? "table" : "data";

	if (world->verbose)
		printf("#     op %u: %s 0x%llx + 0x%x (%s, block %llu)\n", world->device.sim->ops,
		       verbs[op->type], (unsigned long long)op->off, op->len, where,
		       (unsigned long long)op->off / world->fleet->block_size);
}

/* Exposing comes after counting: a cut in between must not give a candidate a boot for nothing. */
static void check_counted_first(struct world *world)
{
	const struct mtdl *mtdl = world->booting;

	if (mtdl && mtdl->attempts_used <= 1 && mtdl_is_exposed(mtdl, mtdl->candidate))
		world_lost(world, "the candidate is exposed before its attempt is counted");
}

void oracle_observe(void *ctx, struct simflash *sim, const struct simflash_op *op)
{
	struct world *world = ctx;

	(void)sim;
	if (!world->viewed)
		oracle_look(world);
	if (!world->viewed)
		world_lost(world, "the flash is changed and there is no layer table on it");
	tell(world, op);
	if (world->recording)
		recording_add(world->recording, world, op);
	check_counted_first(world);
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

	oracle_look(world);
	memset(world->exposed, 0, world->view->blocks);
	if (!exposed)
		return;
	expose_map(world, exposed->manifest_map, 2 * exposed->manifest_blocks);
	for (i = 0; i < exposed->layer_count; i++)
		if (!(exposed->layers[i].flags & MTDL_LAYER_INCOMPLETE))
			expose_map(world, exposed->layers[i].map, exposed->layers[i].block_count);
}

/* ---- losing a unit ---- */

static void lose_unit(struct simflash *sim, const struct tableview_unit *unit)
{
	static const u8 junk[64];
	u32 i;

	for (i = 0; i < unit->records; i++)
		simflash_damage(sim, unit->record[i].off, junk, sizeof(junk));
}

u32 oracle_copy_loss(struct world *world)
{
	const struct tableview *view = oracle_look(world);
	const struct mtdl *mtdl = &world->device.mtdl;
	struct model expected = world_model(world, mtdl);
	u32 i, tried = 0;

	for (i = 0; i < view->units; i++) {
		struct device other = { .sim = simflash_fork(world->device.sim) };
		struct model found;

		other.sim->observe = NULL;
		lose_unit(other.sim, &view->unit[i]);
		if (device_attach(&other))
			world_lost(world, "with unit %u lost, attach fails: %s", i,
				   other.why.text);
		found = world_model(world, &other.mtdl);
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

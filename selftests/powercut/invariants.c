// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold between any two steps: the invariants of Documentation/design.rst, by
 * their numbers (the second and the third are looked after at every operation, in
 * oracle.c), and what belongs to single states.
 */
#include "release.h"
#include "world.h"

static bool is_bad(const struct world *world, u32 block)
{
	u32 per_block = world->fleet->block_size / world->fleet->shape.erase_size, i;

	for (i = 0; i < per_block; i++)
		if (world->device.sim->bad[block * per_block + i])
			return true;
	return false;
}

/* ---- 1: one whole release ---- */

void invariant_1_one_whole_release(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	signed char exposed = world_release(world, mtdl->exposed);

	if (mtdl->exposed && exposed == R_NONE)
		world_lost(world, "a release is exposed that never was");
	if (device_reads(&world->device, exposed == R_NONE ? NULL : world->fleet->release[exposed]))
		world_lost(world, "%s", world->device.why.text);
}

/* The blocks of a release that may be booted stand on cells that are what they seem. */
static void check_cells(struct world *world, const struct mtdl_release *release)
{
	const struct mtdl_geometry *g = &world->device.mtdl.geometry;
	u32 i, block;

	for (i = 0; release && i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		if (layer->flags & MTDL_LAYER_INCOMPLETE)
			continue;
		for (block = 0; block < layer->block_count; block++) {
			u32 bytes = mtdl_block_bytes(layer->size, block, g->block_size);

			if (!simflash_stable(world->device.sim,
					     (u64)layer->map[block] * g->block_size, bytes))
				world_lost(world, "layer %s of release %s: block %u lies on cells that a cut left unstable",
					   layer->name, release->release, block);
		}
	}
}

/* A loader that knows nothing but addresses finds a pinned layer in its slot. */
static void check_pinned(struct world *world, const struct mtdl_release *release)
{
	signed char number = world_release(world, release);
	const struct built_release *built;
	u32 size = world->fleet->block_size, i, block;
	u8 *bytes;

	if (number == R_NONE)
		return;
	built = world->fleet->release[number];
	bytes = must_alloc(size);
	for (i = 0; i < built->layer_count; i++) {
		const struct build_layer *layer = &built->layers[i];

		if (!(layer->policy & MTDL_POLICY_PINNED))
			continue;
		for (block = 0; block < build_block_count(built, i); block++) {
			u32 length;
			const u8 *data = build_block(built, i, block, &length);

			simflash_peek(world->device.sim, (u64)(layer->slot_start + block) * size,
				      bytes, length);
			if (memcmp(bytes, data, length))
				world_lost(world, "pinned layer %s of release %s: block %u is not in its slot",
					   layer->name, built->options.release, block);
		}
	}
	free(bytes);
}

/* ---- 4: nothing is lost for ever ---- */

void invariant_4_free_blocks(struct world *world)
{
	const struct tableview *view = world->view;
	u32 expected = 0, counted, block;

	for (block = 0; block < view->blocks; block++)
		expected += !is_bad(world, block) && !world->exposed[block] &&
			    !(world->uses[block] & ~TABLEVIEW_INCOMPLETE);
	counted = device_count(&world->device, MTDL_USE_FREE);
	if (counted != expected)
		world_lost(world, "%u blocks are free, the core says %u", expected, counted);
}

/* ---- 7: what the core holds in memory is what the newest snapshot says ---- */

void invariant_7_check_holds(struct world *world)
{
	if (device_check(&world->device))
		world_lost(world, "the check fails: %s", world->device.why.text);
}

static void check_unharmed(struct world *world, const struct tableview_record *force)
{
	u32 i;

	if (force->header.retired_count || force->header.retired_units)
		world_lost(world, "%u blocks and units 0x%llx are retired, and none is worn out",
			   le32toh(force->header.retired_count),
			   (unsigned long long)le64toh(force->header.retired_units));
	for (i = 0; i < world->fleet->shape.blocks; i++)
		if (world->device.sim->bad[i])
			world_lost(world, "eraseblock %u is marked bad, and is not worn out", i);
}

static void check_in_force(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;
	const struct tableview_record *force = oracle_look(world)->newest;
	u64 sequence = (u64)mtdl->sequence.epoch << 32 | mtdl->sequence.write;
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
	if (mtdl->active && le32toh(force->header.security_floor) > mtdl->active->security_counter)
		world_lost(world, "the security floor is %u, above active's counter of %u: no way back",
			   le32toh(force->header.security_floor), mtdl->active->security_counter);
	if (world->unharmed)
		check_unharmed(world, force);
	world->rule_holds = false;
	wrong = tableview_uses(world->view, world->device.sim, force, world->uses);
	if (wrong)
		world_lost(world, "the snapshot in force has %s", wrong);
	invariant_4_free_blocks(world);
}

/* ---- 5: what is refused changes nothing ---- */

struct refusal {
	struct world *world;
	u32 ops;
	struct model model;
};

static struct refusal before_refusal(struct world *world)
{
	world->device.why.text[0] = '\0';
	return (struct refusal) {
		world, world->device.sim->ops, world_model(world, &world->device.mtdl),
	};
}

static void after_refusal(const struct refusal *before, const char *what, int err, int expected)
{
	struct world *world = before->world;
	struct model model = world_model(world, &world->device.mtdl);

	if (err != expected)
		world_lost(world, "%s returns %d instead of %d: %s", what, err, expected,
			   world->device.why.text);
	if (world->device.sim->ops != before->ops ||
	    memcmp(&model, &before->model, sizeof(model)))
		world_lost(world, "%s is refused, and changes something", what);
	if (!world->device.why.text[0])
		world_lost(world, "%s is refused, and nobody says why", what);
}

/* A manifest with one byte changed, and one for another board. */
static void refuse_manifests(struct world *world)
{
	const struct built_release *release = world->fleet->release[R_NEXT];
	u8 *bytes = must_alloc(release->manifest_size);
	struct refusal before = before_refusal(world);
	struct device *device = &world->device;

	memcpy(bytes, release->manifest, release->manifest_size);
	bytes[release->manifest_size - 20] ^= 4;
	after_refusal(&before, "begin with a changed manifest",
		      mtdl_begin(&device->mtdl, bytes, release->manifest_size, NULL, 0,
				 MTDL_BEGIN_REPLACE, &device->plan, &device->why), -EINVAL);
	before = before_refusal(world);
	memcpy(bytes, release->manifest, release->manifest_size);
	bytes[offsetof(struct mtdl_media_manifest, compatible)] ^= 1;
	after_refusal(&before, "begin for another board",
		      mtdl_begin(&device->mtdl, bytes, release->manifest_size, NULL, 0,
				 MTDL_BEGIN_REPLACE, &device->plan, &device->why), -ENODEV);
	free(bytes);
}

/* What lacks blocks is not committed, and no bytes are taken that the manifest does not name. */
static void refuse_in_staging(struct world *world)
{
	struct device *device = &world->device;
	u32 bytes, lacking = 1;
	struct mtdl_wanted wanted;
	struct refusal before;
	u8 *junk;

	if (mtdl_want(&device->mtdl, &wanted, &lacking, &device->why))
		world_lost(world, "want fails: %s", device->why.text);
	if (!lacking)
		return;
	before = before_refusal(world);
	after_refusal(&before, "commit of a release that lacks blocks",
		      mtdl_commit(&device->mtdl, &device->why), -EAGAIN);
	bytes = mtdl_block_bytes(device->mtdl.candidate->layers[wanted.layer].size, wanted.block,
				 world->fleet->block_size);
	junk = must_alloc(bytes + 1);
	before = before_refusal(world);
	after_refusal(&before, "write of other bytes",
		      mtdl_write(&device->mtdl, wanted.layer, wanted.block, junk, bytes,
				 &device->why), -EBADMSG);
	before = before_refusal(world);
	after_refusal(&before, "write of another length",
		      mtdl_write(&device->mtdl, wanted.layer, wanted.block, junk, bytes + 1,
				 &device->why), -EINVAL);
	free(junk);
}

void invariant_5_refused_changes_nothing(struct world *world)
{
	struct device *device = &world->device;
	struct mtdl *mtdl = &device->mtdl;
	struct refusal before;

	refuse_manifests(world);
	if (mtdl->state == MTDL_STATE_STAGING)
		refuse_in_staging(world);
	if (mtdl->state != MTDL_STATE_STAGING) {
		before = before_refusal(world);
		after_refusal(&before, "commit of nothing", mtdl_commit(mtdl, &device->why),
			      -EINVAL);
	}
	if (mtdl->state == MTDL_STATE_IDLE || mtdl->state == MTDL_STATE_STAGING) {
		before = before_refusal(world);
		after_refusal(&before, "rollback of nothing", mtdl_rollback(mtdl, &device->why),
			      -EINVAL);
	} else {
		before = before_refusal(world);
		after_refusal(&before, "begin while another release is committed",
			      device_begin(device, world->fleet->release[R_NEXT],
					   MTDL_BEGIN_REPLACE), -EBUSY);
	}
}

/* ---- 6: a read returns what the manifest names, or an error ---- */

static void read_damaged(struct world *world, struct simflash *sim, const struct mtdl_layer *layer,
			 const u8 *expected)
{
	const struct mtdl_geometry *g = &world->device.mtdl.geometry;
	u64 off = (u64)layer->map[0] * g->block_size;
	u8 scratch[512], buf[16], byte;
	static const u8 zeros[16];
	u32 len = layer->size < sizeof(buf) ? (u32)layer->size : sizeof(buf);
	int err = mtdl_read_verified(&sim->flash, g, layer, 0, buf, len, scratch,
				     sizeof(scratch));

	if ((err && err != -EUCLEAN) || memcmp(buf, expected, len))
		world_lost(world, "layer %s cannot be read, verified (error %d)", layer->name, err);
	simflash_peek(sim, off + len / 2, &byte, 1);
	byte ^= 0x10;
	simflash_damage(sim, off + len / 2, &byte, 1);
	memset(buf, 1, sizeof(buf));
	err = mtdl_read_verified(&sim->flash, g, layer, 0, buf, len, scratch, sizeof(scratch));
	if (err != -EBADMSG)
		world_lost(world, "layer %s: a damaged block is read, verified, with result %d",
			   layer->name, err);
	if (memcmp(buf, zeros, len))
		world_lost(world, "layer %s: bytes of a damaged block are handed out",
			   layer->name);
}

void invariant_6_reads_match_or_fail(struct world *world)
{
	struct device *device = &world->device;
	struct mtdl_release *exposed = device->mtdl.exposed;
	signed char number = world_release(world, exposed);
	struct simflash *sim;
	u32 i;

	if (number == R_NONE)
		return;
	if (mtdl_load_manifest(&device->mtdl, exposed, &device->why))
		world_lost(world, "the manifest of what is exposed cannot be read: %s",
			   device->why.text);
	sim = simflash_fork(device->sim);
	sim->observe = NULL;
	for (i = 0; i < exposed->layer_count; i++)
		if (!(exposed->layers[i].flags & MTDL_LAYER_INCOMPLETE))
			read_damaged(world, sim, &exposed->layers[i],
				     world->fleet->release[number]->payload[i]);
	simflash_free(sim);
}

/* ---- 8: an upgrade that is never confirmed ends in the old release ---- */

/*
 * An attempt that is counted behind a snapshot which a cut left unstable goes
 * with it: then the copies of the snapshot before count, which have attempts of
 * their own left.  So a cut can give a candidate more attempts, but not many.
 */
void invariant_8_attempts_end(struct world *world, bool attempt, const struct mtdl *mtdl)
{
	bool exposed = attempt && mtdl->exposed == mtdl->candidate;

	if (exposed && oracle_stands_on_good_cells(world, mtdl))
		world->boots_done++;
	else if (attempt)
		world->boots_cut++;
	world->exposures += exposed;
	if (world->boots_done > FLEET_ATTEMPTS ||
	    world->exposures > FLEET_ATTEMPTS * (1 + CUTS_MAX))
		world_lost(world, "the candidate has been exposed %u times", world->exposures);
}

/* ---- settled ---- */

static bool may_be_away(struct world *world, u32 home)
{
	bool foreign = !mtdl_is_exposed(&world->device.mtdl, world->device.mtdl.active) &&
		       world->exposed[home];

	return foreign || is_bad(world, home) || (world->uses[home] & TABLEVIEW_RETIRED);
}

static void check_settled_layer(struct world *world, const struct mtdl_layer *layer)
{
	bool whole = layer->policy & MTDL_POLICY_OVERFLOW_MOVE &&
		     layer->block_count > layer->slot_blocks;
	u32 i;

	if (layer->flags & MTDL_LAYER_INCOMPLETE)
		return;
	for (i = 0; whole && world->unharmed && i < layer->block_count; i++)
		if (layer->map[i] != layer->map[0] + i)
			world_lost(world, "layer %s is to move whole, and block %u of it does not follow on the one before",
				   layer->name, i);
	for (i = 0; !whole && i < layer->block_count && i < layer->slot_blocks; i++)
		if (layer->map[i] != layer->slot_start + i &&
		    !may_be_away(world, layer->slot_start + i))
			world_lost(world, "nothing is left to do, and block %u of layer %s is at %u, away from home",
				   i, layer->name, layer->map[i]);
}

static void check_scrubbed(struct world *world)
{
	u32 per_block = world->fleet->block_size / world->fleet->shape.erase_size;
	u32 block = world->scrubbed;

	if (block == MTDL_NO_BLOCK || world->device.mtdl.state == MTDL_STATE_TRIAL ||
	    !world->device.mtdl.secure || !(world->uses[block] & TABLEVIEW_ACTIVE))
		return;
	if (world->device.sim->count[block * per_block].erases == world->scrubbed_erases)
		world_lost(world, "nothing is left to do, and block %u, whose bits had to be corrected, is still in use",
			   block);
}

void invariants_settled(struct world *world)
{
	struct mtdl *mtdl = &world->device.mtdl;
	u32 i;

	if (world->unharmed && world->scrubbed == MTDL_NO_BLOCK &&
	    mtdl_is_exposed(mtdl, mtdl->active) && mtdl_has_work(mtdl))
		world_lost(world, "mtdl_work() finds nothing to do, and mtdl_has_work() does");
	if (mtdl->state == MTDL_STATE_INSTALLING)
		world_lost(world, "nothing is left to do, and the state is still installing");
	/* where a layer is being written in place, nothing else moves */
	if (world_model(world, mtdl).incomplete)
		return;
	check_scrubbed(world);
	if (mtdl->state != MTDL_STATE_IDLE || !mtdl->active)
		return;
	for (i = 0; i < mtdl->active->layer_count; i++)
		if (!(mtdl->active->layers[i].policy & MTDL_POLICY_LAZY))
			check_settled_layer(world, &mtdl->active->layers[i]);
	if (world->unharmed && mtdl_is_exposed(mtdl, mtdl->active))
		check_pinned(world, mtdl->active);
}

void invariants_after_step(struct world *world)
{
	const struct mtdl *mtdl = &world->device.mtdl;

	invariant_7_check_holds(world);
	invariant_1_one_whole_release(world);
	check_in_force(world);
	check_cells(world, mtdl->active);
	if (mtdl->state == MTDL_STATE_TRIAL || mtdl->state == MTDL_STATE_INSTALLING)
		check_cells(world, mtdl->candidate);
	if (mtdl->state == MTDL_STATE_TRIAL)
		check_pinned(world, mtdl->candidate);
	if (world->deep) {
		invariant_5_refused_changes_nothing(world);
		invariant_6_reads_match_or_fail(world);
	}
}

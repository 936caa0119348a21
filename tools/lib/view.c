// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A view of a flash as the core sees it, and what every kind of view shares.
 */
#include "../../kmod/core/pool.h"
#include "../../kmod/core/util.h"
#include "view.h"

/** struct owner - whose a physical block is */
struct owner {
	enum view_role role;
	uint32_t layer;
	uint32_t logical;
};

void view_free(struct view *view)
{
	for (int i = 0; i < VIEW_ROLES; i++)
		free(view->releases[i].layers);
	free(view->extents);
	memset(view, 0, sizeof(*view));
}

struct view_release *view_current(struct view *view)
{
	if (view->releases[VIEW_EXPOSED].present)
		return &view->releases[VIEW_EXPOSED];
	return &view->releases[VIEW_ACTIVE];
}

bool view_same_release(const struct view *view, enum view_role a, enum view_role b)
{
	return view->releases[a].present && view->releases[b].present &&
	       !memcmp(view->releases[a].digest, view->releases[b].digest, MTDL_DIGEST_SIZE);
}

bool view_has_owner(enum mtdl_use use)
{
	return use == MTDL_USE_ACTIVE || use == MTDL_USE_CANDIDATE || use == MTDL_USE_BOTH ||
	       use == MTDL_USE_EXPOSED;
}

const struct view_layer *view_extent_layer(const struct view *view,
					   const struct view_extent *extent)
{
	const struct view_release *release;

	if (!view_has_owner(extent->use) || extent->role >= VIEW_ROLES)
		return NULL;
	release = &view->releases[extent->role];
	if (!release->present || extent->layer >= release->layer_count)
		return NULL;
	return &release->layers[extent->layer];
}

bool view_extent_of(const struct view *view, const struct view_extent *extent,
		    enum view_role role, const struct view_layer *layer)
{
	static const enum mtdl_use uses[VIEW_ROLES] = {
		[VIEW_ACTIVE] = MTDL_USE_ACTIVE,
		[VIEW_CANDIDATE] = MTDL_USE_CANDIDATE,
		[VIEW_EXPOSED] = MTDL_USE_EXPOSED,
	};
	const struct view_layer *owner = view_extent_layer(view, extent);

	/* what is exposed is as a rule active or candidate: their blocks bear those names */
	for (int other = VIEW_ACTIVE; role == VIEW_EXPOSED && other < VIEW_EXPOSED; other++) {
		if (view_same_release(view, other, VIEW_EXPOSED))
			role = other;
	}
	/* a shared block is listed under one release; its layer has the same name in the other */
	return owner && (extent->use == MTDL_USE_BOTH || extent->use == uses[role]) &&
	       !strcmp(owner->name, layer->name);
}

int view_layer_map(const struct view *view, enum view_role role, uint32_t index,
		   struct mtdl_layer *layer)
{
	const struct view_layer *from = &view->releases[role].layers[index];
	uint32_t *map = malloc((from->blocks + 1) * sizeof(*map));

	if (!map)
		return -ENOMEM;
	for (uint32_t i = 0; i < from->blocks; i++)
		map[i] = MTDL_NO_BLOCK;
	for (uint32_t i = 0; i < view->extent_count; i++) {
		const struct view_extent *extent = &view->extents[i];

		if (!view_extent_of(view, extent, role, from))
			continue;
		for (uint32_t n = 0; n < extent->count && extent->logical + n < from->blocks; n++)
			map[extent->logical + n] = extent->block + n;
	}
	*layer = (struct mtdl_layer){
		.size = from->size,
		.slot_start = from->slot_start,
		.slot_blocks = from->slot_blocks,
		.policy = from->policy,
		.flags = from->flags,
		.block_count = from->blocks,
		.map = map,
	};
	return 0;
}

static int fill_release(struct view_release *out, const struct mtdl_release *release,
			struct mtdl_reason *why)
{
	if (!release)
		return 0;
	out->layers = calloc(release->layer_count, sizeof(*out->layers));
	if (!out->layers)
		return mtdl_fail(why, -ENOMEM, "no memory for %u layers", release->layer_count);
	out->present = true;
	memcpy(out->release, release->release, sizeof(out->release));
	memcpy(out->digest, release->digest, sizeof(out->digest));
	out->security_counter = release->security_counter;
	out->blocks = release->block_total;
	out->layer_count = release->layer_count;
	for (uint32_t i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];
		struct view_layer *to = &out->layers[i];

		memcpy(to->name, layer->name, sizeof(to->name));
		memcpy(to->root, layer->root, sizeof(to->root));
		to->size = layer->size;
		to->slot_start = layer->slot_start;
		to->slot_blocks = layer->slot_blocks;
		to->policy = layer->policy;
		to->flags = layer->flags;
		to->blocks = layer->block_count;
		to->away = mtdl_count_away(layer);
		to->mtd = -1;
	}
	return 0;
}

static void own(struct owner *owners, uint32_t block_count, const struct mtdl_release *release,
		enum view_role role)
{
	for (uint32_t i = 0; release && i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (uint32_t block = 0; block < layer->block_count; block++) {
			if (layer->map[block] < block_count)
				owners[layer->map[block]] = (struct owner){ role, i, block };
		}
	}
}

static bool continues(const struct view_extent *extent, uint8_t use, const struct owner *owner)
{
	if (extent->use != use)
		return false;
	return !view_has_owner(use) || (extent->role == owner->role && extent->layer == owner->layer &&
				   extent->logical + extent->count == owner->logical);
}

static void fill_extents(struct view *view, const uint8_t *use, const struct owner *owners)
{
	struct view_extent *last = NULL;

	for (uint32_t block = 0; block < view->block_count; block++) {
		view->free_blocks += use[block] == MTDL_USE_FREE;
		view->bad_blocks += use[block] == MTDL_USE_BAD;
		if (last && continues(last, use[block], &owners[block])) {
			last->count++;
			continue;
		}
		last = &view->extents[view->extent_count++];
		last->use = use[block];
		last->block = block;
		last->count = 1;
		if (view_has_owner(use[block])) {
			last->role = owners[block].role;
			last->layer = owners[block].layer;
			last->logical = owners[block].logical;
		}
	}
}

static int fill_usage(struct view *view, struct mtdl *mtdl, struct mtdl_reason *why)
{
	struct owner *owners = calloc(view->block_count, sizeof(*owners));
	uint8_t *use = malloc(view->block_count);
	int err;

	view->extents = calloc(view->block_count, sizeof(*view->extents));
	if (!owners || !use || !view->extents)
		err = mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				view->block_count);
	else
		err = mtdl_usage(mtdl, use, why);
	if (!err) {
		/* a block of both releases is named by its place in active */
		own(owners, view->block_count, mtdl->exposed, VIEW_EXPOSED);
		own(owners, view->block_count, mtdl->candidate, VIEW_CANDIDATE);
		own(owners, view->block_count, mtdl->active, VIEW_ACTIVE);
		fill_extents(view, use, owners);
	}
	free(owners);
	free(use);
	return err;
}

/* Blocks of a layer that could come home: the home is no bad block, the content no damaged one. */
static uint32_t layer_settleable(struct mtdl *mtdl, const struct mtdl_layer *layer)
{
	struct mtdl_homes homes = mtdl_homes(layer);
	uint32_t count = 0;

	if ((layer->policy & MTDL_POLICY_LAZY) || (layer->flags & MTDL_LAYER_INCOMPLETE))
		return 0;
	for (uint32_t i = 0; i < homes.count; i++) {
		if (!mtdl_at_home(homes, layer, i) && !(mtdl->damaged && mtdl_bit(mtdl->damaged, layer->map[i])) &&
		    !mtdl_block_is_bad(mtdl, homes.start + i))
			count++;
	}
	return count;
}

uint32_t view_count_settleable(struct mtdl *mtdl)
{
	uint32_t count = 0;

	if (mtdl->state != MTDL_STATE_IDLE || !mtdl->active || !mtdl_has_work(mtdl))
		return 0;
	for (uint32_t i = 0; i < mtdl->active->layer_count; i++)
		count += layer_settleable(mtdl, &mtdl->active->layers[i]);
	return count;
}

static int fill_spare(struct view *view, struct mtdl *mtdl, struct mtdl_reason *why)
{
	struct mtdl_spare spare;
	int err = mtdl_spare(mtdl, &spare, why);

	if (err)
		return err;
	view->reserve = spare.reserve;
	view->reserve_left = spare.left;
	view->spare_low = spare.low;
	view->settleable = view_count_settleable(mtdl);
	return 0;
}

static uint32_t count_wanted(const struct mtdl *mtdl)
{
	const struct mtdl_release *candidate = mtdl->candidate;
	uint32_t wanted = 0;

	if (mtdl->state != MTDL_STATE_STAGING || !candidate || !candidate->done)
		return 0;
	for (uint32_t i = 0; i < candidate->block_total; i++)
		wanted += !mtdl_bit(candidate->done, i);
	return wanted;
}

static void fill_device(struct view *view, const struct mtdl *mtdl)
{
	const struct mtdl_geometry *g = &mtdl->geometry;

	memcpy(view->compatible, mtdl->compatible, sizeof(view->compatible));
	memcpy(view->uuid, mtdl->uuid, sizeof(view->uuid));
	view->flash_size = g->flash_size;
	view->erase_size = g->erase_size;
	view->write_size = g->write_size;
	view->block_size = g->block_size;
	view->unit_size = g->unit_size;
	view->block_count = g->block_count;
	view->table_start = g->table_start;
	view->table_blocks = g->table_blocks;
	view->epoch = mtdl->sequence.epoch;
	view->write = mtdl->sequence.write;
	view->state = mtdl->state;
	if (mtdl->read_only)
		snprintf(view->read_only, sizeof(view->read_only), "%s", mtdl->read_only);
	view->damaged_units = mtdl->damaged_units;
	view->security_floor = mtdl->security_floor;
	view->attempts_max = mtdl->attempts_max;
	view->attempts_used = mtdl->attempts_used;
	view->blocks_wanted = count_wanted(mtdl);
	view->outcome = mtdl->outcome;
}

int view_of_core(struct view *view, struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	memset(view, 0, sizeof(*view));
	view->mtd = -1;
	fill_device(view, mtdl);
	err = fill_release(&view->releases[VIEW_ACTIVE], mtdl->active, why);
	if (!err)
		err = fill_release(&view->releases[VIEW_CANDIDATE], mtdl->candidate, why);
	if (!err)
		err = fill_release(&view->releases[VIEW_EXPOSED], mtdl->exposed, why);
	if (!err)
		err = fill_usage(view, mtdl, why);
	if (!err)
		err = fill_spare(view, mtdl, why);
	if (err)
		view_free(view);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sorts the blocks of a view into classes and regions, to be drawn.
 *
 * A region is what the layout sets a stretch of flash aside for: the table, a
 * slot, or nothing (the pool).  A class is what a block holds now.  The two are
 * independent: a layer's overflow may lie in the pool or in another's slot.
 */
#include <inttypes.h>

#include "draw.h"
#include "view.h"

static const struct {
	const char *name;
	const char *key;
} class_texts[DRAW_CLASSES] = {
	[DRAW_FREE_POOL]	= { "free, in the pool", "free-pool" },
	[DRAW_FREE_SLOT]	= { "free, in a slot", "free-slot" },
	[DRAW_ACTIVE]		= { "active, at home", "active" },
	[DRAW_BOTH]		= { "in both, at home", "both" },
	[DRAW_CANDIDATE]	= { "candidate, at home", "candidate" },
	[DRAW_EXPOSED]		= { "still exposed, in no release any more", "exposed" },
	[DRAW_TABLE]		= { "layer table", "table" },
	[DRAW_ACTIVE_AWAY]	= { "active, relocated", "active-relocated" },
	[DRAW_BOTH_AWAY]	= { "in both, relocated", "both-relocated" },
	[DRAW_CANDIDATE_AWAY]	= { "candidate, relocated", "candidate-relocated" },
	[DRAW_FOREIGN]		= { "in the slot of another layer", "foreign" },
	[DRAW_MANIFEST]		= { "manifest", "manifest" },
	[DRAW_BAD]		= { "bad or retired", "bad" },
};

const char *draw_class_name(enum draw_class class)
{
	return class_texts[class].name;
}

const char *draw_class_key(enum draw_class class)
{
	return class_texts[class].key;
}

static bool at_home(const struct draw_map *map, enum view_role role, uint32_t layer,
		    uint32_t block, uint32_t logical)
{
	const struct mtdl_homes *homes = &map->homes[role][layer];

	return logical < homes->count && block == homes->start + logical;
}

static int check_view(const struct view *view, struct mtdl_reason *why)
{
	uint64_t next = 0;

	if (!view->block_count || !view->block_size)
		return mtdl_fail(why, -EUCLEAN, "the map of %s has no blocks", view->name);
	for (uint32_t i = 0; i < view->extent_count; i++) {
		const struct view_extent *extent = &view->extents[i];

		if (extent->block != next || !extent->count)
			return mtdl_fail(why, -EUCLEAN,
					 "the map of %s does not go on at block %llu: look again when nothing is being written",
					 view->name, (unsigned long long)next);
		if (view_has_owner(extent->use) && !view_extent_layer(view, extent))
			return mtdl_fail(why, -EUCLEAN,
					 "the map of %s names layer %u at block %u, which the release has not: look again when nothing is being written",
					 view->name, extent->layer, extent->block);
		next += extent->count;
	}
	if (next != view->block_count)
		return mtdl_fail(why, -EUCLEAN, "the map of %s covers %llu blocks of %u",
				 view->name, (unsigned long long)next, view->block_count);
	return 0;
}

static const struct view_release *choose_layout(const struct view *view)
{
	static const enum view_role order[] = { VIEW_EXPOSED, VIEW_ACTIVE, VIEW_CANDIDATE };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (view->releases[order[i]].present)
			return &view->releases[order[i]];
	}
	return NULL;
}

static int compare_regions(const void *a, const void *b)
{
	const struct draw_region *left = a;
	const struct draw_region *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* Table and slots, in order; slots beyond the flash's end are cut there. */
static uint32_t fixed_regions(const struct draw_map *map, struct draw_region *fixed)
{
	const struct view *view = map->view;
	uint32_t n = 0;

	fixed[n++] = (struct draw_region){ .kind = DRAW_REGION_TABLE, .start = view->table_start,
					   .count = view->table_blocks };
	for (uint32_t i = 0; map->layout && i < map->layout->layer_count; i++) {
		const struct view_layer *layer = &map->layout->layers[i];

		fixed[n++] = (struct draw_region){ .kind = DRAW_REGION_SLOT,
						   .start = layer->slot_start,
						   .count = layer->slot_blocks, .layer = i };
	}
	qsort(fixed, n, sizeof(*fixed), compare_regions);
	return n;
}

static void add_region(struct draw_map *map, struct draw_region region)
{
	if (region.count)
		map->regions[map->region_count++] = region;
}

/* What lies between table and slots is the pool. */
static int find_regions(struct draw_map *map)
{
	uint32_t layers = map->layout ? map->layout->layer_count : 0;
	struct draw_region *fixed = calloc(layers + 1, sizeof(*fixed));
	uint32_t end = map->view->block_count;
	uint32_t next = 0;
	uint32_t n;

	map->regions = calloc(2 * (size_t)layers + 3, sizeof(*map->regions));
	if (!fixed || !map->regions) {
		free(fixed);
		return -ENOMEM;
	}
	n = fixed_regions(map, fixed);
	for (uint32_t i = 0; i < n; i++) {
		struct draw_region region = fixed[i];

		/* slots of a table that passed the core's checks neither overlap nor exceed */
		if (region.start < next || region.start >= end)
			continue;
		if (region.count > end - region.start)
			region.count = end - region.start;
		add_region(map, (struct draw_region){ .kind = DRAW_REGION_POOL, .start = next,
						      .count = region.start - next });
		add_region(map, region);
		next = region.start + region.count;
	}
	add_region(map, (struct draw_region){ .kind = DRAW_REGION_POOL, .start = next,
					      .count = end - next });
	free(fixed);
	return 0;
}

/* A layer's block in the way of another one. */
static bool is_foreign(const struct draw_map *map, uint32_t block, const struct view_layer *layer)
{
	const struct draw_region *region = draw_region_at(map, block);

	return region->kind == DRAW_REGION_SLOT &&
	       strcmp(map->layout->layers[region->layer].name, layer->name);
}

static enum draw_class class_of_layer(const struct draw_map *map,
				      const struct view_extent *extent, uint32_t block)
{
	const struct view_layer *layer = view_extent_layer(map->view, extent);
	bool home = at_home(map, extent->role, extent->layer, block,
			    extent->logical + (block - extent->block));

	if (extent->use == MTDL_USE_EXPOSED)
		return DRAW_EXPOSED;
	if (!home && is_foreign(map, block, layer))
		return DRAW_FOREIGN;
	if (extent->use == MTDL_USE_ACTIVE)
		return home ? DRAW_ACTIVE : DRAW_ACTIVE_AWAY;
	if (extent->use == MTDL_USE_CANDIDATE)
		return home ? DRAW_CANDIDATE : DRAW_CANDIDATE_AWAY;
	return home ? DRAW_BOTH : DRAW_BOTH_AWAY;
}

static enum draw_class class_of(const struct draw_map *map, const struct view_extent *extent,
				uint32_t block)
{
	if (view_has_owner(extent->use))
		return class_of_layer(map, extent, block);
	switch (extent->use) {
	case MTDL_USE_TABLE:
		return DRAW_TABLE;
	case MTDL_USE_BAD:
		return DRAW_BAD;
	case MTDL_USE_MANIFEST:
		return DRAW_MANIFEST;
	default:
		return draw_region_at(map, block)->kind == DRAW_REGION_SLOT ?
			DRAW_FREE_SLOT : DRAW_FREE_POOL;
	}
}

static void classify(struct draw_map *map)
{
	for (uint32_t i = 0; i < map->view->extent_count; i++) {
		const struct view_extent *extent = &map->view->extents[i];

		for (uint32_t n = 0; n < extent->count; n++) {
			uint32_t block = extent->block + n;
			enum draw_class class = class_of(map, extent, block);

			map->owner[block] = i;
			map->classes[block] = class;
			map->counts[class]++;
		}
	}
}

static int find_homes(struct draw_map *map, enum view_role role)
{
	const struct view_release *release = &map->view->releases[role];

	if (!release->present)
		return 0;
	map->homes[role] = calloc(release->layer_count, sizeof(*map->homes[role]));
	if (!map->homes[role])
		return -ENOMEM;
	for (uint32_t i = 0; i < release->layer_count; i++) {
		struct mtdl_layer layer;
		int err = view_layer_map(map->view, role, i, &layer);

		if (err)
			return err;
		map->homes[role][i] = mtdl_homes(&layer);
		free(layer.map);
	}
	return 0;
}

int draw_map_init(struct draw_map *map, const struct view *view, struct mtdl_reason *why)
{
	int err = check_view(view, why);

	if (err)
		return err;
	*map = (struct draw_map){ .view = view, .layout = choose_layout(view) };
	map->classes = calloc(view->block_count, sizeof(*map->classes));
	map->owner = calloc(view->block_count, sizeof(*map->owner));
	if (!map->classes || !map->owner || find_regions(map) || find_homes(map, VIEW_ACTIVE) ||
	    find_homes(map, VIEW_CANDIDATE) || find_homes(map, VIEW_EXPOSED)) {
		draw_map_free(map);
		return mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				 view->block_count);
	}
	classify(map);
	return 0;
}

void draw_map_free(struct draw_map *map)
{
	free(map->classes);
	free(map->owner);
	free(map->regions);
	for (int role = 0; role < VIEW_ROLES; role++)
		free(map->homes[role]);
	memset(map, 0, sizeof(*map));
}

const char *draw_region_name(const struct draw_map *map, const struct draw_region *region)
{
	switch (region->kind) {
	case DRAW_REGION_TABLE:
		return "table";
	case DRAW_REGION_SLOT:
		return map->layout->layers[region->layer].name;
	default:
		return "pool";
	}
}

const struct draw_region *draw_region_at(const struct draw_map *map, uint32_t block)
{
	uint32_t low = 0;
	uint32_t high = map->region_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (map->regions[middle].start <= block)
			low = middle;
		else
			high = middle;
	}
	return &map->regions[low];
}

const struct view_layer *draw_owner(const struct draw_map *map, uint32_t block, uint32_t *logical)
{
	const struct view_extent *extent = &map->view->extents[map->owner[block]];
	const struct view_layer *layer = view_extent_layer(map->view, extent);

	if (layer)
		*logical = extent->logical + (block - extent->block);
	return layer;
}

uint32_t draw_blocks_per_cell(const struct draw_map *map, uint32_t columns, uint32_t rows)
{
	uint32_t per_cell = 1;

	if (rows < map->region_count)
		rows = map->region_count;
	for (;; per_cell *= 2) {
		uint64_t needed = 0;

		for (uint32_t i = 0; i < map->region_count; i++) {
			uint64_t blocks = map->regions[i].count;
			uint64_t cells = (blocks + per_cell - 1) / per_cell;

			needed += (cells + columns - 1) / columns;
		}
		if (needed <= rows)
			return per_cell;
	}
}

enum draw_class draw_cell(const struct draw_map *map, uint32_t block, uint32_t count)
{
	uint32_t counts[DRAW_CLASSES] = { 0 };
	enum draw_class best = DRAW_FREE_POOL;

	for (uint32_t i = 0; i < count; i++)
		counts[map->classes[block + i]]++;
	if (counts[DRAW_BAD])
		return DRAW_BAD;
	for (int class = 0; class < DRAW_CLASSES; class++) {
		if (counts[class] && counts[class] >= counts[best])
			best = class;
	}
	return best;
}

/* Whether @block is the layer's, lies away from home, and if so as which logical block. */
static bool away_block(const struct draw_map *map, enum view_role role, uint32_t layer,
		       uint32_t block, uint32_t *logical)
{
	const struct view_extent *extent = &map->view->extents[map->owner[block]];

	*logical = extent->logical + (block - extent->block);
	return view_extent_of(map->view, extent, role,
			      &map->view->releases[role].layers[layer]) &&
	       !at_home(map, role, layer, block, *logical);
}

bool draw_next_run(const struct draw_map *map, enum view_role role, uint32_t layer,
		   struct draw_run *run)
{
	uint32_t block = run->block + run->count;
	uint32_t logical, next;

	while (block < map->view->block_count && !away_block(map, role, layer, block, &logical))
		block++;
	if (block == map->view->block_count)
		return false;
	*run = (struct draw_run){ .block = block, .count = 1, .logical = logical };
	while (++block < map->view->block_count &&
	       away_block(map, role, layer, block, &next) && next == logical + run->count &&
	       draw_region_at(map, block) == draw_region_at(map, run->block))
		run->count++;
	return true;
}

/* It outgrew its slot, and lies in a row somewhere else. */
static bool moved_whole(const struct draw_map *map, enum view_role role, uint32_t layer)
{
	const struct view_layer *l = &map->view->releases[role].layers[layer];

	return !(l->flags & MTDL_LAYER_INCOMPLETE) &&
	       map->homes[role][layer].start != l->slot_start;
}

uint32_t draw_relocated(const struct draw_map *map, enum view_role role, uint32_t layer)
{
	const struct view_layer *l = &map->view->releases[role].layers[layer];

	if (l->flags & MTDL_LAYER_INCOMPLETE)
		return 0;
	return l->away + (l->blocks - map->homes[role][layer].count);
}

void draw_remark(const struct draw_map *map, enum view_role role, uint32_t layer, char *text,
		 size_t size)
{
	const struct view_layer *l = &map->view->releases[role].layers[layer];
	const struct mtdl_homes *homes = &map->homes[role][layer];
	uint32_t relocated = draw_relocated(map, role, layer);
	char parts[3][96] = { "", "", "" };

	if (moved_whole(map, role, layer))
		snprintf(parts[0], sizeof(parts[0]), "  moved as a whole to 0x%" PRIx64,
			 (uint64_t)homes->start * map->view->block_size);
	if (relocated && l->blocks > homes->count)
		snprintf(parts[1], sizeof(parts[1]), "  %" PRIu32 " relocated (%" PRIu32 " overflow)",
			 relocated, l->blocks - homes->count);
	else if (relocated)
		snprintf(parts[1], sizeof(parts[1]), "  %" PRIu32 " relocated", relocated);
	if (l->flags & MTDL_LAYER_INCOMPLETE)
		snprintf(parts[2], sizeof(parts[2]), "  incomplete (written in place): not readable");
	snprintf(text, size, "%s%s%s%s%s", l->policy & MTDL_POLICY_PINNED ? "  pinned" : "",
		 l->policy & MTDL_POLICY_LAZY ? "  lazy" : "", parts[2], parts[0], parts[1]);
}

void draw_reserve_text(const struct view *view, char *text, size_t size)
{
	*text = '\0';
	if (view->reserve)
		snprintf(text, size, "reserve: %" PRIu32 " of %" PRIu32 " blocks are left for others that go bad%s",
			 view->reserve_left, view->reserve, view->spare_low ? ": low" : "");
}

void draw_role_title(const struct view *view, enum view_role role, char *text, size_t size)
{
	static const char *const names[VIEW_ROLES] = {
		[VIEW_ACTIVE] = "active",
		[VIEW_CANDIDATE] = "candidate",
		[VIEW_EXPOSED] = "exposed until the next boot",
	};

	*text = '\0';
	if (!view->releases[role].present)
		return;
	if (role == VIEW_EXPOSED && (view_same_release(view, role, VIEW_ACTIVE) ||
				     view_same_release(view, role, VIEW_CANDIDATE)))
		return;
	snprintf(text, size, "release %s, %s%s", view->releases[role].release, names[role],
		 role != VIEW_EXPOSED && view_same_release(view, role, VIEW_EXPOSED) ?
		 " and exposed" : "");
}

void draw_state_text(const struct view *view, char *text, size_t size)
{
	switch (view->state) {
	case MTDL_STATE_STAGING:
		snprintf(text, size, "staging, %" PRIu32 " blocks wanted", view->blocks_wanted);
		break;
	case MTDL_STATE_INSTALLING:
		snprintf(text, size, "installing");
		break;
	case MTDL_STATE_TRIAL:
		snprintf(text, size, "trial, %" PRIu32 " of %" PRIu32 " boot attempts used",
			 view->attempts_used, view->attempts_max);
		break;
	default:
		snprintf(text, size, "%s", view->releases[VIEW_ACTIVE].present ? "idle" : "empty");
	}
}

/* Bytes of the sequence that @lead begins, 0 if it begins none. */
static size_t utf8_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

bool draw_character(const char *text, size_t *length)
{
	static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	size_t n = utf8_length(*bytes);
	uint32_t code = *bytes & lead_mask[n];

	*length = *bytes ? 1 : 0;
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return false;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (!n || code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return false;
	*length = code ? n : 0;
	/* control characters, the second range being those of ISO 6429, and two non-characters */
	return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) && code != 0xfffe && code != 0xffff;
}

unsigned int draw_width(const char *text)
{
	unsigned int width = 0;
	size_t length;

	for (; *text; text += length, width++)
		draw_character(text, &length);
	return width;
}

void draw_string(FILE *out, const char *text)
{
	while (*text) {
		size_t length;

		if (draw_character(text, &length))
			fwrite(text, 1, length, out);
		else
			fputc('?', out);
		text += length;
	}
}

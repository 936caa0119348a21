// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Draws a map as an SVG picture: the flash in proportion, a row or more per region,
 * a legend, the layers.
 *
 * It stands alone (no script, no font, no link), brings its own ground so that it
 * reads on any page, and follows a reader who prefers dark.  A block away from
 * home is round and bears its layer's number: colour is never the only sign.
 */
#include <inttypes.h>

#include "draw.h"
#include "size.h"

#define WIDTH		980
#define MARGIN		32
#define LABEL_MIN	168	/* names and addresses, left of the cells */
#define LABEL_CHARACTER	8.3	/* of a name, about */
#define PITCH		16	/* from cell to cell */
#define CELL		14
#define NOTE_WIDTH	104	/* right of the cells */
#define COLUMNS_STEP	8	/* rows hold a multiple of so many cells */
#define ROWS_MAX	64	/* of cells; beyond, a cell stands for several blocks */
#define REGION_GAP	14
#define LEGEND_COLUMNS	3
#define LEGEND_PITCH	22
#define RUNS_MAX	4	/* places named per layer */

static const struct {
	const char *light;
	const char *dark;
} colors[DRAW_CLASSES] = {
	[DRAW_FREE_POOL]	= { "#eef1f4", "#252c34" },
	[DRAW_FREE_SLOT]	= { "#d3dae1", "#3a444f" },
	[DRAW_ACTIVE]		= { "#3a9d6a", "#3fae76" },
	[DRAW_BOTH]		= { "#2f8f9d", "#38a3b2" },
	[DRAW_CANDIDATE]	= { "#3d7fd9", "#5794ea" },
	[DRAW_EXPOSED]		= { "#9a6b44", "#b58158" },
	[DRAW_TABLE]		= { "#5a5f86", "#7c82b0" },
	[DRAW_ACTIVE_AWAY]	= { "#f2962d", "#f5a347" },
	[DRAW_BOTH_AWAY]	= { "#d9b310", "#e2c02f" },
	[DRAW_CANDIDATE_AWAY]	= { "#c0509f", "#d56bb5" },
	[DRAW_FOREIGN]		= { "#f2785c", "#ff927a" },
	[DRAW_MANIFEST]		= { "#8560c7", "#9d7be0" },
	[DRAW_BAD]		= { "#d12f2f", "#ef5350" },
};

static const enum draw_class legend_order[DRAW_CLASSES] = {
	DRAW_TABLE, DRAW_MANIFEST, DRAW_ACTIVE, DRAW_ACTIVE_AWAY, DRAW_BOTH, DRAW_BOTH_AWAY,
	DRAW_CANDIDATE, DRAW_CANDIDATE_AWAY, DRAW_FOREIGN, DRAW_EXPOSED, DRAW_FREE_SLOT,
	DRAW_FREE_POOL, DRAW_BAD,
};

/* One drawing under way. */
struct picture {
	const struct draw_map *map;
	FILE *out;
	uint32_t per_cell;	/* blocks */
	unsigned int left;	/* where cells begin */
	unsigned int columns;	/* cells in a row */
	unsigned int y;		/* where the next part begins */
};

static void put_xml(FILE *out, const char *text)
{
	while (*text) {
		size_t length;

		if (!draw_character(text, &length))
			fputc('?', out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else
			fwrite(text, 1, length, out);
		text += length;
	}
}

static bool is_away(enum draw_class class)
{
	return class == DRAW_ACTIVE_AWAY || class == DRAW_BOTH_AWAY ||
	       class == DRAW_CANDIDATE_AWAY || class == DRAW_FOREIGN;
}

static uint64_t address(const struct picture *picture, uint32_t block)
{
	return (uint64_t)block * picture->map->view->block_size;
}

static unsigned int region_rows(const struct picture *picture, const struct draw_region *region)
{
	uint32_t cells = (region->count + picture->per_cell - 1) / picture->per_cell;

	return (cells + picture->columns - 1) / picture->columns;
}

static unsigned int region_height(const struct picture *picture, const struct draw_region *region)
{
	unsigned int height = region_rows(picture, region) * PITCH;

	return height < 2 * PITCH ? 2 * PITCH : height; /* room for a label of two lines */
}

static unsigned int legend_entries(const struct draw_map *map)
{
	unsigned int entries = 0;

	for (int class = 0; class < DRAW_CLASSES; class++)
		entries += !!map->counts[class];
	return entries;
}

static bool role_shown(const struct draw_map *map, enum view_role role)
{
	char title[192];

	draw_role_title(map->view, role, title, sizeof(title));
	return *title;
}

#define HEAD_HEIGHT	112
#define LEGEND_HEAD	30
#define RELEASE_HEAD	42
#define LAYER_PITCH	22
#define REMARK_PITCH	18

/* Whether a layer has a line more, for what is special about it. */
static bool has_remark(const struct draw_map *map, enum view_role role, uint32_t layer)
{
	char remark[384];

	draw_remark(map, role, layer, remark, sizeof(remark));
	return *remark;
}

static unsigned int release_height(const struct draw_map *map, enum view_role role)
{
	unsigned int height = RELEASE_HEAD;

	for (uint32_t i = 0; i < map->view->releases[role].layer_count; i++)
		height += LAYER_PITCH + (has_remark(map, role, i) ? REMARK_PITCH : 0);
	return height;
}

static bool has_reserve(const struct draw_map *map)
{
	char text[128];

	draw_reserve_text(map->view, text, sizeof(text));
	return *text;
}

static unsigned int picture_height(const struct picture *picture)
{
	const struct draw_map *map = picture->map;
	unsigned int height = HEAD_HEIGHT;

	for (uint32_t i = 0; i < map->region_count; i++)
		height += region_height(picture, &map->regions[i]) + REGION_GAP;
	height += LEGEND_HEAD;
	height += (legend_entries(map) + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS * LEGEND_PITCH;
	height += has_reserve(map) ? LEGEND_PITCH : 0;
	for (int role = 0; role < VIEW_ROLES; role++) {
		if (role_shown(map, role))
			height += release_height(map, role);
	}
	return height + MARGIN;
}

static void put_style(FILE *out)
{
	fputs("<style>\n"
	      "text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-size: 12px; fill: #1f2933; }\n"
	      ".ground { fill: #ffffff; }\n"
	      ".title { font-size: 20px; font-weight: 600; }\n"
	      ".head { font-size: 13px; font-weight: 600; }\n"
	      ".faint { fill: #5d6b79; }\n"
	      ".small { font-size: 11px; }\n"
	      ".end { text-anchor: end; }\n"
	      ".number { font-size: 8.5px; font-weight: 600; text-anchor: middle; fill: #1f1300; pointer-events: none; }\n"
	      ".slot { fill: none; stroke: #8a97a5; stroke-width: 1; }\n"
	      ".rule { stroke: #d3dae1; stroke-width: 1; }\n", out);
	for (int class = 0; class < DRAW_CLASSES; class++)
		fprintf(out, ".%s { fill: %s; }\n", draw_class_key(class), colors[class].light);
	fputs("@media (prefers-color-scheme: dark) {\n"
	      "text { fill: #e6ebf0; }\n"
	      ".ground { fill: #14191f; }\n"
	      ".faint { fill: #9aa7b4; }\n"
	      ".number { fill: #1f1300; }\n"
	      ".slot { stroke: #66727f; }\n"
	      ".rule { stroke: #333d47; }\n", out);
	for (int class = 0; class < DRAW_CLASSES; class++)
		fprintf(out, ".%s { fill: %s; }\n", draw_class_key(class), colors[class].dark);
	fputs("}\n</style>\n", out);
}

static void put_summary(const struct picture *picture)
{
	const struct view *view = picture->map->view;
	char size[SIZE_TEXT], block[SIZE_TEXT], text[128];

	put_xml(picture->out, view->compatible);
	draw_state_text(view, text, sizeof(text));
	fprintf(picture->out, " \302\267 %s in %" PRIu32 " blocks of %s \302\267 %s",
		size_text(view->flash_size, size), view->block_count,
		size_text(view->block_size, block), text);
	if (*view->read_only) {
		fputs(" \302\267 read-only: ", picture->out);
		put_xml(picture->out, view->read_only);
	}
}

/* The whole flash as one bar, each class as long as it has blocks. */
static void put_proportions(const struct picture *picture, unsigned int y)
{
	const struct draw_map *map = picture->map;
	const double scale = (double)(WIDTH - 2 * MARGIN) / map->view->block_count;
	double x = MARGIN;

	for (int i = 0; i < DRAW_CLASSES; i++) {
		enum draw_class class = legend_order[i];
		double width = map->counts[class] * scale;
		char size[SIZE_TEXT];

		if (!map->counts[class])
			continue;
		fprintf(picture->out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"12\"><title>%s: %" PRIu32 " blocks, %s</title></rect>\n",
			draw_class_key(class), x, y, width > 1 ? width - 0.5 : width,
			draw_class_name(class), map->counts[class],
			size_text(address(picture, map->counts[class]), size));
		x += width;
	}
}

static void put_head(struct picture *picture)
{
	const struct view *view = picture->map->view;

	fputs("<title>Map of ", picture->out);
	put_xml(picture->out, view->name);
	fprintf(picture->out, "</title>\n<text class=\"title\" x=\"%d\" y=\"44\">", MARGIN);
	put_xml(picture->out, view->name);
	fprintf(picture->out, "</text>\n<text class=\"faint\" x=\"%d\" y=\"64\">", MARGIN);
	put_summary(picture);
	fputs("</text>\n", picture->out);
	put_proportions(picture, 78);
	picture->y = HEAD_HEIGHT;
}

/* "0x2440000: candidate, relocated: app, block 16" */
static void put_tooltip(const struct picture *picture, uint32_t block, uint32_t count,
			enum draw_class class)
{
	const struct view_layer *owner;
	uint32_t logical;

	fprintf(picture->out, "<title>0x%" PRIx64, address(picture, block));
	if (count > 1)
		fprintf(picture->out, ", %" PRIu32 " blocks", count);
	fprintf(picture->out, ": %s%s", count > 1 ? "mostly " : "", draw_class_name(class));
	owner = draw_owner(picture->map, block, &logical);
	if (owner && draw_cell(picture->map, block, 1) == class) {
		fputs(": ", picture->out);
		put_xml(picture->out, owner->name);
		fprintf(picture->out, ", block %" PRIu32, logical);
	}
	fputs("</title>", picture->out);
}

/* The number of the layer that a cell's blocks belong to; 0 if they are those of several. */
static uint32_t cell_layer(const struct picture *picture, uint32_t block, uint32_t count)
{
	const struct view *view = picture->map->view;
	uint32_t number = 0;
	uint32_t logical;

	for (uint32_t i = block; i < block + count; i++) {
		uint32_t layer = view->extents[picture->map->owner[i]].layer;

		if (!draw_owner(picture->map, i, &logical))
			continue;
		if (number && number != layer + 1)
			return 0;
		number = layer + 1;
	}
	return number;
}

static void put_cell(const struct picture *picture, unsigned int x, unsigned int y,
		     uint32_t block, uint32_t count)
{
	enum draw_class class = draw_cell(picture->map, block, count);
	bool away = is_away(class);
	uint32_t layer = away ? cell_layer(picture, block, count) : 0;

	fprintf(picture->out,
		"<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"%d\">",
		draw_class_key(class), x, y, CELL, CELL, away ? CELL / 2 : 2);
	put_tooltip(picture, block, count, class);
	fputs("</rect>\n", picture->out);
	if (layer)
		fprintf(picture->out, "<text class=\"number\" x=\"%u\" y=\"%u\">%" PRIu32 "</text>\n",
			x + CELL / 2, y + CELL / 2 + 3, layer);
}

/* A frame around the cells of a slot or the table: their rows, the last perhaps not full. */
static void put_frame(const struct picture *picture, const struct draw_region *region)
{
	unsigned int rows = region_rows(picture, region);
	uint32_t cells = (region->count + picture->per_cell - 1) / picture->per_cell;
	int left = (int)picture->left - 3, top = (int)picture->y - 3;
	int right = left + 4 + (int)(cells < picture->columns ? cells : picture->columns) * PITCH;
	int bottom = top + 4 + (int)rows * PITCH;
	int last = left + 4 + (int)(cells - (rows - 1) * picture->columns) * PITCH;

	fprintf(picture->out, "<path class=\"slot\" d=\"M%d %dH%dV%dH%dV%dH%dZ\"/>\n",
		left, top, right, last < right ? bottom - PITCH : bottom, last, bottom, left);
}

static void put_region_note(const struct picture *picture, const struct draw_region *region)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < region->count; i++) {
		enum draw_class class = picture->map->classes[region->start + i];

		used += class != DRAW_FREE_POOL && class != DRAW_FREE_SLOT && class != DRAW_BAD;
	}
	fprintf(picture->out,
		"<text class=\"faint small\" x=\"%u\" y=\"%u\">%" PRIu32 " of %" PRIu32 " used</text>\n",
		picture->left + picture->columns * PITCH + 14, picture->y + 11, used,
		region->count);
}

static void put_region(struct picture *picture, const struct draw_region *region)
{
	uint32_t end = region->start + region->count;
	uint32_t block = region->start;
	unsigned int cell = 0;

	fprintf(picture->out, "<text class=\"head\" x=\"%d\" y=\"%u\">", MARGIN, picture->y + 11);
	if (region->kind == DRAW_REGION_SLOT)
		fprintf(picture->out, "%" PRIu32 " ", region->layer + 1);
	put_xml(picture->out, draw_region_name(picture->map, region));
	fprintf(picture->out,
		"</text>\n<text class=\"faint small\" x=\"%d\" y=\"%u\">0x%" PRIx64 "</text>\n",
		MARGIN, picture->y + 26, address(picture, region->start));
	if (region->kind != DRAW_REGION_POOL)
		put_frame(picture, region);
	for (; block < end; cell++) {
		uint32_t count = end - block < picture->per_cell ? end - block : picture->per_cell;

		put_cell(picture, picture->left + cell % picture->columns * PITCH,
			 picture->y + cell / picture->columns * PITCH, block, count);
		block += count;
	}
	put_region_note(picture, region);
	picture->y += region_height(picture, region) + REGION_GAP;
}

static void put_legend(struct picture *picture)
{
	const struct draw_map *map = picture->map;
	char size[SIZE_TEXT];
	unsigned int n = 0;

	fprintf(picture->out, "<text class=\"faint\" x=\"%d\" y=\"%u\">One cell is %s%s. A round one is away from home; its number is the layer's.</text>\n",
		MARGIN, picture->y + 8, size_text(address(picture, picture->per_cell), size),
		picture->per_cell > 1 ? ", drawn as most of it is, and bad if a block is" : "");
	picture->y += LEGEND_HEAD;
	for (int i = 0; i < DRAW_CLASSES; i++) {
		enum draw_class class = legend_order[i];
		unsigned int x = MARGIN + n % LEGEND_COLUMNS *
				 ((WIDTH - 2 * MARGIN) / LEGEND_COLUMNS);
		unsigned int y = picture->y + n / LEGEND_COLUMNS * LEGEND_PITCH;

		if (!map->counts[class])
			continue;
		fprintf(picture->out,
			"<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n"
			"<text x=\"%u\" y=\"%u\">%" PRIu32 " %s</text>\n",
			draw_class_key(class), x, y, CELL, CELL, is_away(class) ? CELL / 2 : 2,
			x + CELL + 8, y + 11, map->counts[class], draw_class_name(class));
		n++;
	}
	picture->y += (n + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS * LEGEND_PITCH;
}

static void put_reserve(struct picture *picture)
{
	char text[128];

	if (!has_reserve(picture->map))
		return;
	draw_reserve_text(picture->map->view, text, sizeof(text));
	/* as a sentence would begin */
	fprintf(picture->out, "<text class=\"faint\" x=\"%d\" y=\"%u\">%c%s.</text>\n", MARGIN,
		picture->y + 11, text[0] - 'a' + 'A', text + 1);
	picture->y += LEGEND_PITCH;
}

static void put_remark(struct picture *picture, enum view_role role, uint32_t index)
{
	bool relocated = draw_relocated(picture->map, role, index);
	struct draw_run run = { 0 };
	unsigned int runs = 0;
	char remark[384];

	draw_remark(picture->map, role, index, remark, sizeof(remark));
	fprintf(picture->out, "<text class=\"small\" x=\"%u\" y=\"%u\">%s", picture->left,
		picture->y + 13, remark + strspn(remark, " "));
	while (relocated && draw_next_run(picture->map, role, index, &run)) {
		if (runs++ >= RUNS_MAX)
			continue;
		fprintf(picture->out, "%s0x%" PRIx64, runs == 1 ? " to " : ", ",
			address(picture, run.block));
	}
	if (runs > RUNS_MAX)
		fprintf(picture->out, " and %u more places", runs - RUNS_MAX);
	fputs("</text>\n", picture->out);
	picture->y += REMARK_PITCH;
}

static void put_layer(struct picture *picture, enum view_role role, uint32_t index)
{
	const struct view_layer *layer = &picture->map->view->releases[role].layers[index];
	unsigned int left = picture->left, y = picture->y + 15;
	char size[SIZE_TEXT];

	fprintf(picture->out, "<text class=\"head\" x=\"%d\" y=\"%u\">%" PRIu32 " ", MARGIN, y,
		index + 1);
	put_xml(picture->out, layer->name);
	fprintf(picture->out, "</text>\n<text class=\"faint\" x=\"%u\" y=\"%u\">at 0x%" PRIx64 "</text>\n",
		left, y, address(picture, layer->slot_start));
	fprintf(picture->out, "<text class=\"end\" x=\"%u\" y=\"%u\">%" PRIu32 " of %" PRIu32 " blocks</text>\n",
		left + 260, y, layer->blocks, layer->slot_blocks);
	fprintf(picture->out, "<text class=\"end\" x=\"%u\" y=\"%u\">%s</text>\n",
		left + 350, y, size_text(layer->size, size));
	picture->y += LAYER_PITCH;
	if (has_remark(picture->map, role, index))
		put_remark(picture, role, index);
}

static void put_release(struct picture *picture, enum view_role role)
{
	const struct view_release *release = &picture->map->view->releases[role];
	char title[192];

	draw_role_title(picture->map->view, role, title, sizeof(title));
	if (!*title)
		return;
	fprintf(picture->out, "<line class=\"rule\" x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\"/>\n",
		MARGIN, picture->y + 10, WIDTH - MARGIN, picture->y + 10);
	fprintf(picture->out, "<text class=\"head\" x=\"%d\" y=\"%u\">", MARGIN, picture->y + 32);
	/* as a sentence would begin */
	fputc(title[0] - 'a' + 'A', picture->out);
	put_xml(picture->out, title + 1);
	fputs("</text>\n", picture->out);
	picture->y += RELEASE_HEAD;
	for (uint32_t i = 0; i < release->layer_count; i++)
		put_layer(picture, role, i);
}

/* Room for the longest name, and as many cells in a row as are left. */
static void choose_columns(struct picture *picture)
{
	const struct draw_map *map = picture->map;
	unsigned int longest = 0, width;

	for (uint32_t i = 0; i < map->region_count; i++) {
		unsigned int characters = draw_width(draw_region_name(map, &map->regions[i]));

		longest = characters > longest ? characters : longest;
	}
	/* the layer's number and a gap on top */
	width = (unsigned int)(LABEL_CHARACTER * (longest + 4));
	picture->left = MARGIN + (width > LABEL_MIN ? width : LABEL_MIN);
	picture->columns = (WIDTH - MARGIN - NOTE_WIDTH - picture->left) / PITCH /
			   COLUMNS_STEP * COLUMNS_STEP;
}

void draw_svg(const struct draw_map *map, FILE *out)
{
	struct picture picture = { .map = map, .out = out };
	unsigned int height;

	choose_columns(&picture);
	picture.per_cell = draw_blocks_per_cell(map, picture.columns, ROWS_MAX);
	height = picture_height(&picture);
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" role=\"img\">\n",
		WIDTH, height, WIDTH, height);
	put_style(out);
	fprintf(out, "<rect class=\"ground\" width=\"%d\" height=\"%u\"/>\n", WIDTH, height);
	put_head(&picture);
	for (uint32_t i = 0; i < map->region_count; i++)
		put_region(&picture, &map->regions[i]);
	put_legend(&picture);
	put_reserve(&picture);
	for (int role = 0; role < VIEW_ROLES; role++)
		put_release(&picture, role);
	fputs("</svg>\n", out);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Draws a map with characters: a row or more per region, a legend, the layers.
 *
 * The character says it all, so that a pipe, a serial console and an eye that
 * does not tell red from green get the same picture: small letters are at home,
 * capitals are away from home.  Colour only repeats it.
 */
#include <inttypes.h>

#include "draw.h"
#include "size.h"

#define ROWS_MAX	40	/* of cells; beyond, a cell stands for several blocks */
#define COLUMNS_STEP	8	/* rows hold a multiple of so many cells */
#define RUNS_MAX	3	/* places named per layer */

/* Shades of the 256-colour palette: the letter, and the ground that it stands on. */
static const struct {
	char letter;
	uint8_t ink;
	uint8_t ground;
} looks[DRAW_CLASSES] = {
	[DRAW_FREE_POOL]	= { '.', 244, 236 },
	[DRAW_FREE_SLOT]	= { '_', 248, 240 },
	[DRAW_ACTIVE]		= { 'a', 22, 71 },
	[DRAW_BOTH]		= { 'b', 23, 73 },
	[DRAW_CANDIDATE]	= { 'c', 17, 75 },
	[DRAW_EXPOSED]		= { 'e', 52, 137 },
	[DRAW_TABLE]		= { 'T', 255, 60 },
	[DRAW_ACTIVE_AWAY]	= { 'A', 94, 214 },
	[DRAW_BOTH_AWAY]	= { 'B', 94, 185 },
	[DRAW_CANDIDATE_AWAY]	= { 'C', 53, 176 },
	[DRAW_FOREIGN]		= { 'F', 88, 216 },
	[DRAW_MANIFEST]		= { 'M', 54, 141 },
	[DRAW_BAD]		= { 'X', 231, 160 },
};

/* In which order the legend lists what there is. */
static const enum draw_class legend_order[DRAW_CLASSES] = {
	DRAW_TABLE, DRAW_ACTIVE, DRAW_ACTIVE_AWAY, DRAW_BOTH, DRAW_BOTH_AWAY, DRAW_CANDIDATE,
	DRAW_CANDIDATE_AWAY, DRAW_FOREIGN, DRAW_EXPOSED, DRAW_MANIFEST, DRAW_FREE_SLOT,
	DRAW_FREE_POOL, DRAW_BAD,
};

/* One drawing under way. */
struct canvas {
	const struct draw_map *map;
	FILE *out;
	bool color;
	unsigned int label;	/* characters of the longest region name */
	unsigned int digits;	/* of an address */
	unsigned int columns;	/* cells in a row */
	uint32_t per_cell;	/* blocks */
};

static void print_padded(FILE *out, const char *text, unsigned int width)
{
	unsigned int used = draw_width(text);

	draw_string(out, text);
	fprintf(out, "%*s", used < width ? (int)(width - used) : 0, "");
}

static void bold(const struct canvas *canvas, const char *text)
{
	if (canvas->color)
		fputs("\033[1m", canvas->out);
	draw_string(canvas->out, text);
	if (canvas->color)
		fputs("\033[0m", canvas->out);
}

static void print_address(const struct canvas *canvas, uint32_t block)
{
	fprintf(canvas->out, "0x%0*" PRIx64, (int)canvas->digits,
		(uint64_t)block * canvas->map->view->block_size);
}

static void put_cells(const struct canvas *canvas, char letter, enum draw_class class, uint32_t n)
{
	if (canvas->color)
		fprintf(canvas->out, "\033[38;5;%u;48;5;%um", looks[class].ink,
			looks[class].ground);
	while (n--)
		fputc(letter, canvas->out);
	if (canvas->color)
		fputs("\033[0m", canvas->out);
}

/* One row of cells from @block on; cells of the same class share one colour change. */
static uint32_t put_row(const struct canvas *canvas, uint32_t block, uint32_t end)
{
	enum draw_class class = DRAW_CLASSES;
	uint32_t same = 0;

	for (unsigned int i = 0; i < canvas->columns && block < end; i++) {
		uint32_t count = end - block < canvas->per_cell ? end - block : canvas->per_cell;
		enum draw_class next = draw_cell(canvas->map, block, count);

		if (next != class && same) {
			put_cells(canvas, looks[class].letter, class, same);
			same = 0;
		}
		class = next;
		same++;
		block += count;
	}
	put_cells(canvas, looks[class].letter, class, same);
	return block;
}

static void put_region(const struct canvas *canvas, const struct draw_region *region)
{
	uint32_t end = region->start + region->count;
	uint32_t block = region->start;

	while (block < end) {
		fputs("  ", canvas->out);
		print_padded(canvas->out, block == region->start ?
			     draw_region_name(canvas->map, region) : "", canvas->label);
		fputs("  ", canvas->out);
		print_address(canvas, block);
		fputs("  ", canvas->out);
		block = put_row(canvas, block, end);
		fputc('\n', canvas->out);
	}
}

static void put_title(const struct canvas *canvas)
{
	const struct view *view = canvas->map->view;
	char size[SIZE_TEXT], block[SIZE_TEXT], text[128];

	bold(canvas, view->name);
	fprintf(canvas->out, ": %s in %" PRIu32 " blocks of %s, ",
		size_text(view->flash_size, size), view->block_count,
		size_text(view->block_size, block));
	draw_string(canvas->out, view->compatible);
	draw_state_text(view, text, sizeof(text));
	fprintf(canvas->out, ", %s\n", text);
	if (*view->read_only) {
		fputs("read-only: ", canvas->out);
		draw_string(canvas->out, view->read_only);
		fputc('\n', canvas->out);
	}
}

static void put_legend(const struct canvas *canvas)
{
	const struct draw_map *map = canvas->map;
	char size[SIZE_TEXT], text[128];
	unsigned int width = (unsigned int)snprintf(NULL, 0, "%" PRIu32, map->view->block_count);

	fprintf(canvas->out, "\n  one character is %s\n\n",
		size_text((uint64_t)canvas->per_cell * map->view->block_size, size));
	for (int i = 0; i < DRAW_CLASSES; i++) {
		enum draw_class class = legend_order[i];

		if (!map->counts[class])
			continue;
		fputs("  ", canvas->out);
		put_cells(canvas, looks[class].letter, class, 1);
		fprintf(canvas->out, "  %*" PRIu32 " %-6s %s\n", (int)width, map->counts[class],
			map->counts[class] == 1 ? "block" : "blocks", draw_class_name(class));
	}
	if (canvas->per_cell > 1)
		fprintf(canvas->out, "\n  (a character shows what most of its %" PRIu32
			" blocks are, and bad if one is)\n", canvas->per_cell);
	draw_reserve_text(map->view, text, sizeof(text));
	if (*text)
		fprintf(canvas->out, "\n  %s\n", text);
}

/* "0x1800000-0x197ffff (pool)": where a run of blocks lies. */
static void put_run(const struct canvas *canvas, const struct draw_run *run)
{
	const struct draw_region *region = draw_region_at(canvas->map, run->block);

	print_address(canvas, run->block);
	fprintf(canvas->out, " (%s", region->kind == DRAW_REGION_SLOT ? "slot of " : "");
	draw_string(canvas->out, draw_region_name(canvas->map, region));
	fputc(')', canvas->out);
}

static void put_away(const struct canvas *canvas, enum view_role role, uint32_t index)
{
	struct draw_run run = { 0 };
	unsigned int runs = 0;
	char remark[384];

	draw_remark(canvas->map, role, index, remark, sizeof(remark));
	fputs(remark, canvas->out);
	if (!draw_relocated(canvas->map, role, index))
		return;
	while (draw_next_run(canvas->map, role, index, &run)) {
		if (runs++ >= RUNS_MAX)
			continue;
		fputs(runs == 1 ? " to " : ", ", canvas->out);
		put_run(canvas, &run);
	}
	if (runs > RUNS_MAX)
		fprintf(canvas->out, " and %u more places", runs - RUNS_MAX);
}

static void put_layers(const struct canvas *canvas, enum view_role role)
{
	const struct view *view = canvas->map->view;
	const struct view_release *release = &view->releases[role];
	unsigned int width = 4;
	char text[192];

	draw_role_title(view, role, text, sizeof(text));
	if (!*text)
		return;
	for (uint32_t i = 0; i < release->layer_count; i++) {
		unsigned int name = draw_width(release->layers[i].name);

		width = name > width ? name : width;
	}
	fputs("\n  ", canvas->out);
	bold(canvas, text);
	fputc('\n', canvas->out);
	for (uint32_t i = 0; i < release->layer_count; i++) {
		const struct view_layer *layer = &release->layers[i];

		fputs("  ", canvas->out);
		print_padded(canvas->out, layer->name, width);
		fputs("  at ", canvas->out);
		print_address(canvas, layer->slot_start);
		fprintf(canvas->out, "  slot %4" PRIu32 "  used %4" PRIu32 " (%s)",
			layer->slot_blocks, layer->blocks, size_text(layer->size, text));
		put_away(canvas, role, i);
		fputc('\n', canvas->out);
	}
}

void draw_text(const struct draw_map *map, FILE *out, const struct draw_text_options *options)
{
	struct canvas canvas = { .map = map, .out = out, .color = options->color };
	unsigned int used;

	for (uint32_t i = 0; i < map->region_count; i++) {
		unsigned int width = draw_width(draw_region_name(map, &map->regions[i]));

		canvas.label = width > canvas.label ? width : canvas.label;
	}
	canvas.digits = (unsigned int)snprintf(NULL, 0, "%" PRIx64, map->view->flash_size - 1);
	used = 2 + canvas.label + 2 + 2 + canvas.digits + 2;
	canvas.columns = COLUMNS_STEP;
	if (options->width > used + COLUMNS_STEP)
		canvas.columns = (options->width - used) / COLUMNS_STEP * COLUMNS_STEP;
	canvas.per_cell = draw_blocks_per_cell(map, canvas.columns, ROWS_MAX);

	put_title(&canvas);
	fputc('\n', out);
	for (uint32_t i = 0; i < map->region_count; i++)
		put_region(&canvas, &map->regions[i]);
	put_legend(&canvas);
	for (int role = 0; role < VIEW_ROLES; role++)
		put_layers(&canvas, role);
}

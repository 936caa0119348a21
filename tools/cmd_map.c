// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl map: draw what every block of the flash is used for.
 *
 * With --json: {"name", "block_size", "block_count", "counts": {CLASS: blocks},
 * "regions": [{"name", "kind": "table"|"slot"|"pool", "block", "count"}],
 * "extents": [{"class", "block", "count", "offset"} and, of a layer's blocks:
 * "release": "active"|"candidate"|"exposed", "layer", "logical"]}.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "layerctl.h"
#include "lib/draw.h"
#include "lib/outfile.h"
#include "lib/role.h"
#include "lib/size.h"

enum {
	OPT_SVG = CLI_LONG,
	OPT_WIDTH,
	OPT_COLOR,
};

#define WIDTH_DEFAULT	80
#define WIDTH_MAX	1000

struct job {
	const char *svg;
	uint32_t width;
	enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color;
};

static bool wants_color(const struct job *job)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	if (job->color != COLOR_AUTO)
		return job->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") && !(no_color && *no_color);
}

static uint32_t choose_width(const struct job *job)
{
	struct winsize size;

	if (job->width)
		return job->width;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

static json_t *counts_json(const struct draw_map *map)
{
	json_t *counts = json_object();

	for (int class = 0; class < DRAW_CLASSES; class++)
		json_object_set_new(counts, draw_class_key(class),
				    json_integer(map->counts[class]));
	return counts;
}

static json_t *regions_json(const struct draw_map *map)
{
	static const char *const kinds[] = {
		[DRAW_REGION_TABLE] = "table",
		[DRAW_REGION_SLOT] = "slot",
		[DRAW_REGION_POOL] = "pool",
	};
	json_t *regions = json_array();

	for (uint32_t i = 0; i < map->region_count; i++) {
		const struct draw_region *region = &map->regions[i];

		json_array_append_new(regions, json_pack("{s:s, s:s, s:I, s:I}", "name",
							 draw_region_name(map, region), "kind",
							 kinds[region->kind], "block",
							 (json_int_t)region->start, "count",
							 (json_int_t)region->count));
	}
	return regions;
}

static json_t *extent_json(const struct draw_map *map, uint32_t block, uint32_t count)
{
	const struct view_extent *extent = &map->view->extents[map->owner[block]];
	const struct view_layer *layer;
	uint32_t logical;
	json_t *object;

	object = json_pack("{s:s, s:I, s:I, s:I}", "class", draw_class_key(map->classes[block]),
			   "block", (json_int_t)block, "count", (json_int_t)count, "offset",
			   (json_int_t)block * map->view->block_size);
	layer = draw_owner(map, block, &logical);
	if (!layer)
		return object;
	json_object_set_new(object, "release", json_string(role_name(extent->role)));
	json_object_set_new(object, "layer", json_string(layer->name));
	json_object_set_new(object, "logical", json_integer(logical));
	return object;
}

/* A view's extents, cut where home ends and where a free stretch enters a slot. */
static json_t *extents_json(const struct draw_map *map)
{
	json_t *extents = json_array();
	uint32_t start = 0;

	for (uint32_t block = 1; block <= map->view->block_count; block++) {
		if (block < map->view->block_count && map->owner[block] == map->owner[start] &&
		    map->classes[block] == map->classes[start])
			continue;
		json_array_append_new(extents, extent_json(map, start, block - start));
		start = block;
	}
	return extents;
}

static int print_json(struct cli *cli, const struct draw_map *map)
{
	return cli_print_json(cli, json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "name",
					     map->view->name, "block_size",
					     (json_int_t)map->view->block_size, "block_count",
					     (json_int_t)map->view->block_count, "counts",
					     counts_json(map), "regions", regions_json(map),
					     "extents", extents_json(map)));
}

static int write_picture(const char *path, const char *picture, size_t size,
			 struct mtdl_reason *why)
{
	struct outfile out;
	int err;

	if (!strcmp(path, "-")) {
		/* main() reports a standard output that cannot be written */
		fwrite(picture, 1, size, stdout);
		return 0;
	}
	err = outfile_create(&out, path, why);
	if (err)
		return err;
	err = outfile_write(&out, picture, size, 0, why);
	if (!err)
		err = outfile_finish(&out, why);
	outfile_discard(&out);
	return err;
}

static int save_svg(struct cli *cli, const struct draw_map *map, const char *path)
{
	struct mtdl_reason why = { 0 };
	char *picture = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&picture, &size);
	bool complete = false;
	int err = 0;

	if (memory) {
		draw_svg(map, memory);
		complete = !ferror(memory);
		complete = !fclose(memory) && complete;
	}
	if (complete)
		err = write_picture(path, picture, size, &why);
	free(picture);
	if (!complete)
		return cli_error(cli, "no memory for a picture of %u blocks",
				 map->view->block_count);
	return err ? cli_fail(cli, &why) : CLI_OK;
}

static int draw(struct cli *cli, const struct job *job, const struct view *view)
{
	const struct draw_text_options options = {
		.width = choose_width(job),
		.color = wants_color(job),
	};
	struct mtdl_reason why = { 0 };
	struct draw_map map;
	int status = CLI_OK;

	if (draw_map_init(&map, view, &why))
		return cli_fail(cli, &why);
	if (job->svg)
		status = save_svg(cli, &map, job->svg);
	if (!status && cli->json)
		status = print_json(cli, &map);
	else if (!status && !job->svg)
		draw_text(&map, stdout, &options);
	draw_map_free(&map);
	return status;
}

static int look_and_draw(struct cli *cli, const struct job *job)
{
	struct mtdl_reason why = { 0 };
	struct target *target = target_open(cli->device, false, &why);
	struct view view;
	int status;

	if (!target)
		return cli_fail(cli, &why);
	if (target->ops->view(target, &view, &why)) {
		status = cli_fail(cli, &why);
	} else {
		status = draw(cli, job, &view);
		view_free(&view);
	}
	target->ops->close(target);
	return status;
}

static int parse_color(const char *text, struct job *job, struct mtdl_reason *why)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};

	for (int i = 0; i < 3; i++) {
		if (!strcmp(text, names[i])) {
			job->color = i;
			return 0;
		}
	}
	return mtdl_fail(why, -EINVAL, "--color: \"%s\" is not one of auto, always and never",
			 text);
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "svg", required_argument, NULL, OPT_SVG },
		{ "width", required_argument, NULL, OPT_WIDTH },
		{ "color", required_argument, NULL, OPT_COLOR },
		{ 0 }
	};
	struct mtdl_reason why = { 0 };
	struct job job = { 0 };
	int opt, err = 0;

	while (!err && (opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == CLI_STOP)
			return cli->status;
		if (opt == OPT_SVG)
			job.svg = optarg;
		else if (opt == OPT_WIDTH)
			err = number_parse(optarg, "--width", 0, WIDTH_MAX, &job.width, &why);
		else
			err = parse_color(optarg, &job, &why);
	}
	if (err)
		return cli_usage(cli, "%s", why.text);
	if (optind != argc)
		return cli_usage(cli, "map takes no arguments");
	if (job.svg && cli->json && !strcmp(job.svg, "-"))
		return cli_usage(cli, "--svg - and --json cannot share standard output: give the picture a file");
	return look_and_draw(cli, &job);
}

const struct command cmd_map = {
	.name = "map",
	.summary = "Draw what every block of the flash is used for",
	.usage = "[--svg FILE] [--width COLUMNS] [--color auto|always|never]",
	.help =
		"A row or more for the layer table, each slot and the pool, a legend with counts,\n"
		"and a line per layer: preset address, capacity, what it uses, what was relocated\n"
		"where. Small letters are blocks at their preset address, capitals are relocated.\n"
		"\n"
		"      --svg FILE       save a picture instead; - is standard output\n"
		"      --width COLUMNS  draw for so many; the terminal's, or 80, if not given\n"
		"      --color WHEN     auto (on a terminal; heeds NO_COLOR), always or never\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl recover: rebuild a lost layer table by hashing what is on the flash.
 *
 * With --json: {"release", "digest", "blocks", "missing", "layers": [{"name", "blocks",
 * "missing"}], "state"}; "state" is "idle" if every block was found, "staging" if not, and
 * "installing" if blocks of a pinned layer have to be copied to their places.
 */
#include <inttypes.h>

#include "layerctl.h"
#include "lib/json.h"
#include "lib/manifest_file.h"
#include "lib/progress.h"
#include "lib/setup.h"
#include "lib/size.h"

enum {
	OPT_FORCE = CLI_LONG,
	OPT_TABLE_OFFSET,
	OPT_TABLE_SIZE,
};

/** struct job - one call of recover */
struct job {
	struct cli *cli;
	const char *path;		/* of the manifest or bundle */
	struct setup setup;
	bool force;
	bool table_given;
	struct manifest_file file;
	struct image image;
	struct progress *progress;
	struct mtdl_recovered found;
	enum mtdl_state state;		/* after it */
};

static int take_offset(const char *value, const char *what, uint64_t *to, struct job *job,
		       struct mtdl_reason *why)
{
	job->table_given = true;
	return size_parse(value, what, to, why);
}

static int parse_option(struct job *job, int opt, struct mtdl_reason *why)
{
	struct layout *layout = &job->setup.layout;

	switch (opt) {
	case OPT_FORCE:
		job->force = true;
		return 0;
	case OPT_TABLE_OFFSET:
		return take_offset(optarg, "--table-offset", &layout->table_offset, job, why);
	case OPT_TABLE_SIZE:
		return take_offset(optarg, "--table-size", &layout->table_size, job, why);
	default:
		return setup_option(&job->setup, opt, optarg, why);
	}
}

static int parse_options(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		SETUP_OPTIONS,
		{ "force", no_argument, NULL, OPT_FORCE },
		{ "table-offset", required_argument, NULL, OPT_TABLE_OFFSET },
		{ "table-size", required_argument, NULL, OPT_TABLE_SIZE },
		{ 0 }
	};
	struct mtdl_reason why = { 0 };
	int opt;

	while ((opt = cli_getopt(job->cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == CLI_STOP)
			return job->cli->status;
		if (parse_option(job, opt, &why))
			return cli_usage(job->cli, "%s", why.text);
	}
	if (argc - optind != 1)
		return cli_usage(job->cli, "recover takes one manifest or bundle, %d were given",
				 argc - optind);
	if (!job->cli->device)
		return cli_usage(job->cli, "recover needs -d: a flash image file, or the character device of an MTD");
	if (!job->setup.layout_path && !job->table_given)
		return cli_usage(job->cli, "recover needs --layout, or --table-offset: where the layer table was");
	if (job->setup.layout_path && job->table_given)
		return cli_usage(job->cli, "the layout says where the layer table goes: give --layout, or --table-offset and --table-size");
	job->path = argv[optind];
	return -1;
}

/* The manifest says what blocks there are, and the layout, if there is one, must agree. */
static int prepare(struct job *job, struct mtdl_reason *why)
{
	const struct mtdl_manifest *m;
	int err = manifest_file_open(&job->file, job->path, why);

	if (err)
		return err;
	m = job->file.manifest;
	if (job->setup.block_size && job->setup.block_size != m->block_size)
		return mtdl_fail(why, -EINVAL, "--block-size %llu: %s is of a release with blocks of %u bytes",
				 (unsigned long long)job->setup.block_size, job->path,
				 m->block_size);
	job->setup.block_size = m->block_size;
	if (!job->setup.layout_path) {
		memcpy(job->setup.layout.compatible, m->compatible,
		       sizeof(job->setup.layout.compatible));
		return 0;
	}
	err = setup_prepare(&job->setup, why);
	if (!err && strcmp(job->setup.layout.compatible, m->compatible))
		err = mtdl_fail(why, -EINVAL, "%s: is of a release for the board %s, the layout is of %s: give the layout and the release of this board",
				job->path, m->compatible, job->setup.layout.compatible);
	return err;
}

/* A table that can be read is worth more than what hashing finds. */
static int refuse_readable(struct job *job, struct mtdl_reason *why)
{
	const uint64_t offsets[] = { job->image.table_offset, job->setup.layout.table_offset };

	for (unsigned int i = 0; i < 2; i++) {
		struct mtdl_reason inner = { 0 };
		int has = setup_has_table(&job->image, offsets[i], &inner);

		if (has < 0)
			return mtdl_fail(why, has, "%s: %s (--force gives this table up)",
					 job->cli->device, inner.text);
		if (has)
			return mtdl_fail(why, -EEXIST, "%s: its layer table can be read: `layerctl status` shows it, there is nothing to recover (--force gives it up)",
					 job->cli->device);
	}
	return 0;
}

static void show_progress(void *ctx, u32 done, u32 total)
{
	struct job *job = ctx;
	const uint64_t block_size = job->setup.block_size;

	if (!job->progress)
		job->progress = progress_begin(stderr, "looking", total * block_size);
	progress_update(job->progress, done * block_size);
}

static int rebuild(struct job *job, struct mtdl_reason *why)
{
	const struct manifest_file *file = &job->file;
	struct mtdl_format_options options;
	int err = setup_check_ends(&job->setup, job->image.flash.size, why);

	if (!err && !job->force)
		err = refuse_readable(job, why);
	if (!err)
		err = setup_format_options(&job->setup, &options, why);
	if (err)
		return err;
	err = mtdl_recover(&job->image.flash, &options, file->bytes, file->size,
			   file->signature, file->signature_size, show_progress, job,
			   &job->found, why);
	progress_end(job->progress, !err);
	return err ? err : image_sync(&job->image, why);
}

/* What any attach finds from now on. */
static int look_again(struct job *job, struct mtdl_reason *why)
{
	struct target *target = target_open(job->cli->device, false, why);
	struct view view;
	int err;

	if (!target)
		return -errno;
	err = target->ops->view(target, &view, why);
	if (!err) {
		job->state = view.state;
		view_free(&view);
	}
	target->ops->close(target);
	return err;
}

static int recover(struct job *job, struct mtdl_reason *why)
{
	const struct image_geometry geometry = {
		.size = job->setup.size,
		.erase_size = (uint32_t)job->setup.erase_size,
		.write_size = (uint32_t)job->setup.write_size,
	};
	int err = prepare(job, why);

	if (err)
		return err;
	job->found.at = calloc(job->file.manifest->block_total, sizeof(*job->found.at));
	if (!job->found.at)
		return mtdl_fail(why, -ENOMEM, "no memory to look for %u blocks",
				 job->file.manifest->block_total);
	err = image_open_lost(&job->image, job->cli->device, &geometry, why);
	if (err)
		return err;
	err = rebuild(job, why);
	image_close(&job->image);
	return err ? err : look_again(job, why);
}

static uint32_t count_missing(const struct job *job, uint32_t layer, uint32_t first)
{
	uint32_t missing = 0;

	for (uint32_t i = 0; i < job->file.manifest->layers[layer].block_count; i++)
		missing += job->found.at[first + i] == MTDL_NO_BLOCK;
	return missing;
}

static int print_as_json(const struct job *job)
{
	const struct mtdl_manifest *m = job->file.manifest;
	json_t *layers = json_array();
	uint32_t first = 0;

	for (uint32_t i = 0; i < m->layer_count; i++) {
		json_array_append_new(layers, json_pack("{s:s, s:o, s:o}",
			"name", m->layers[i].name,
			"blocks", json_number(m->layers[i].block_count),
			"missing", json_number(count_missing(job, i, first))));
		first += m->layers[i].block_count;
	}
	return cli_print_json(job->cli, json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}",
		"release", m->release, "digest", json_digest(m->digest),
		"blocks", json_number(job->found.blocks),
		"missing", json_number(job->found.missing), "layers", layers,
		"state", state_name(job->state)));
}

static int print(const struct job *job)
{
	const struct mtdl_manifest *m = job->file.manifest;
	uint32_t first = 0;

	if (job->cli->json)
		return print_as_json(job);
	if (job->state == MTDL_STATE_INSTALLING) {
		printf("release %s: all %u blocks were found, some of a pinned layer away from its preset address: `layerctl settle` brings them there, then it is active\n",
		       m->release, job->found.blocks);
		return CLI_OK;
	}
	if (!job->found.missing) {
		printf("release %s: all %u blocks were found, and it is active\n", m->release,
		       job->found.blocks);
		return CLI_OK;
	}
	printf("release %s: %u of %u blocks were found; missing are:\n", m->release,
	       job->found.blocks - job->found.missing, job->found.blocks);
	for (uint32_t i = 0; i < m->layer_count; i++) {
		uint32_t missing = count_missing(job, i, first);

		if (missing)
			printf("  %-16s %u of %u\n", m->layers[i].name, missing,
			       m->layers[i].block_count);
		first += m->layers[i].block_count;
	}
	printf("no release is active yet: apply the bundle of release %s, which writes only what is missing, or with --replace another one\n",
	       m->release);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct job job = { .cli = cli };
	struct mtdl_reason why = { 0 };
	int status = parse_options(&job, argc, argv);

	if (status >= 0)
		return status;
	status = recover(&job, &why) ? cli_fail(cli, &why) : print(&job);
	manifest_file_close(&job.file);
	free(job.found.at);
	return status;
}

const struct command cmd_recover = {
	.name = "recover",
	.summary = "Rebuild a lost layer table by hashing what is on the flash",
	.usage = "--layout BOARD.dts [OPTIONS] MANIFEST|BUNDLE",
	.help =
	"For a flash none of whose copies of the layer table can be read. Looks for every\n"
	"block that the manifest names, wherever it is, and writes a new table. If all were\n"
	"found, the release is active again. Otherwise it is staged, and applying its bundle\n"
	"writes what is missing. A whole bundle, a partial one and a manifest\n"
	"(`layerctl inspect --manifest`) are equally good; a bundle has the signature too.\n"
	"-d must name an image file, or the character device of an MTD (/dev/mtdN) that is\n"
	"not attached.\n"
	"\n"
	"      --layout FILE     device tree with the table area and the layers; or:\n"
	"      --table-offset N  byte where the table area begins\n"
	"      --table-size N    its bytes (default: as few as it takes)\n"
	"      --size N          bytes of the flash (default: the file's); files only, as the\n"
	"                        next two, which what is left of a table may tell\n"
	"      --erasesize N     bytes of an eraseblock\n"
	"      --writesize N     bytes that are programmed at least\n"
	"      --block-size N    bytes of a block: must be the manifest's\n"
	"      --uuid UUID       of the format (default: random)\n"
	"      --reserve N       of 1024 blocks, how many are kept for others that go bad\n"
	"                        (default: 20, rounded up)\n"
	"      --force           although there is a layer table that can be read\n",
	.run = run,
};

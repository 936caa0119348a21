// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl verify: are all bytes on the flash those of the manifest?
 *
 * With --json: {"release", "blocks", "layers": [{"name", "blocks", "wrong":
 * [{"block", "reason"}]}], "wrong", "table", "moved"}; "wrong" outside counts
 * blocks, as "moved" does, "table" says what is wrong with the layer table, or is null.
 */
#include "layerctl.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"
#include "lib/role.h"

#define STEP	16	/* blocks between two looks at the clock and at signals */

enum {
	OPT_RELEASE = CLI_LONG,
	OPT_SCRUB,
};

/** struct job - one verification */
struct job {
	struct cli *cli;
	struct target *target;
	enum view_role role;
	bool scrub;
	uint32_t moved;		/* blocks of the active release, by scrubbing */
	struct view view;
	struct progress *progress;
	uint64_t done;		/* bytes */
	uint32_t wrong;		/* blocks */
	struct mtdl_reason table; /* what is wrong with the table; empty: nothing */
	json_t *layers;
};

static uint64_t total_bytes(const struct view_release *release)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < release->layer_count; i++)
		total += release->layers[i].size;
	return total;
}

static void note_wrong(struct job *job, json_t *wrong, uint32_t block,
		       const struct mtdl_reason *why)
{
	job->wrong++;
	json_array_append_new(wrong, json_pack("{s:o, s:s}", "block", json_number(block),
					       "reason", why->text));
	if (!job->cli->json)
		cli_note("%s", why->text);
}

/* What was there is written over, what is to come is not there yet: no block counts as right. */
static void note_incomplete(struct job *job, json_t *wrong, const struct view_layer *layer)
{
	struct mtdl_reason why = { 0 };

	mtdl_fail(&why, 0, "layer %s is incomplete, because it was being written in place: apply a release to the end",
		  layer->name);
	note_wrong(job, wrong, 0, &why);
	job->wrong += layer->blocks - 1;
}

static int verify_layer(struct job *job, uint32_t index, json_t *wrong, struct mtdl_reason *why)
{
	const struct view_layer *layer = &job->view.releases[job->role].layers[index];
	uint32_t block = layer->flags & MTDL_LAYER_INCOMPLETE ? layer->blocks : 0;

	if (block)
		note_incomplete(job, wrong, layer);
	while (block < layer->blocks) {
		uint64_t end;
		bool bad;
		int err;

		if (interrupt_pending())
			return mtdl_fail(why, -EINTR, "interrupted in layer %s, at block %u of %u",
					 layer->name, block, layer->blocks);
		why->text[0] = '\0';
		err = job->target->ops->verify(job->target, job->role, index, &block, STEP, &bad,
					       why);
		if (err)
			return err;
		if (bad)
			note_wrong(job, wrong, block - 1, why);
		end = (uint64_t)block * job->view.block_size;
		progress_update(job->progress,
				job->done + (end < layer->size ? end : layer->size));
	}
	job->done += layer->size;
	return 0;
}

static int verify_all(struct job *job, struct mtdl_reason *why)
{
	const struct view_release *release = &job->view.releases[job->role];
	int err = 0;

	for (uint32_t i = 0; !err && i < release->layer_count; i++) {
		json_t *wrong = json_array();

		err = verify_layer(job, i, wrong, why);
		json_array_append_new(job->layers, json_pack("{s:s, s:o, s:o}",
			"name", release->layers[i].name,
			"blocks", json_number(release->layers[i].blocks),
			"wrong", wrong));
	}
	return err;
}

static int report(struct job *job)
{
	const struct view_release *release = &job->view.releases[job->role];
	const char *table = job->table.text;
	int status = job->wrong || *table ? CLI_FAILED : CLI_OK;

	if (job->cli->json) {
		int err = cli_print_json(job->cli, json_pack("{s:o, s:o, s:O, s:o, s:o, s:o}",
			"release", json_release(release), "blocks", json_number(release->blocks),
			"layers", job->layers, "wrong", json_number(job->wrong),
			"table", *table ? json_string(table) : json_null(),
			"moved", json_number(job->moved)));

		return err ? err : status;
	}
	if (*table)
		cli_note("%s", table);
	if (job->wrong)
		return cli_error(job->cli, "%u of the %u blocks of release %s are wrong: apply it, or another release, again",
				 job->wrong, release->blocks, release->release);
	if (*table)
		return cli_error(job->cli, "the blocks of release %s are right, but the layer table, or the manifests it names, are not: apply a release to write them anew",
				 release->release);
	printf("release %s: all %u blocks of %u layers are right\n", release->release,
	       release->blocks, release->layer_count);
	if (job->scrub)
		printf("%u blocks of the active release were moved to other cells\n", job->moved);
	return CLI_OK;
}

/* Blocks that read with corrected bits are queued by reading them. */
static int scrub(struct job *job, struct mtdl_reason *why)
{
	struct settle_job work = { 0 };
	int err = job->target->ops->settle(job->target, &work, why);

	job->moved = work.moved;
	return err;
}

static int verify(struct job *job)
{
	struct mtdl_reason why = { 0 };
	const struct view_release *release;
	int err;

	if (job->target->ops->view(job->target, &job->view, &why))
		return cli_fail(job->cli, &why);
	release = &job->view.releases[job->role];
	if (!release->present)
		return cli_error(job->cli, "%s: there is no %s release to verify", job->view.name,
				 role_name(job->role));
	if (job->target->ops->check)
		job->target->ops->check(job->target, &job->table);
	interrupt_catch();
	job->progress = progress_begin(stderr, "verifying", total_bytes(release));
	err = verify_all(job, &why);
	progress_end(job->progress, !err);
	if (!err && job->scrub)
		err = scrub(job, &why);
	return err ? cli_fail(job->cli, &why) : report(job);
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "release", required_argument, NULL, OPT_RELEASE },
		{ "scrub", no_argument, NULL, OPT_SCRUB },
		{ 0 }
	};
	struct job job = { .cli = cli, .role = VIEW_EXPOSED };
	struct mtdl_reason why = { 0 };
	int opt, status;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == CLI_STOP)
			return cli->status;
		if (opt == OPT_SCRUB)
			job.scrub = true;
		else if (role_parse(optarg, &job.role, &why))
			return cli_usage(cli, "%s", why.text);
	}
	if (optind < argc)
		return cli_usage(cli, "verify takes no argument: %s", argv[optind]);
	job.target = target_open(cli->device, job.scrub, &why);
	if (!job.target)
		return cli_fail(cli, &why);
	job.layers = json_array();
	status = verify(&job);
	json_decref(job.layers);
	view_free(&job.view);
	job.target->ops->close(job.target);
	return status;
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "Hash every block of a release on the flash",
	.usage = "[--release active|candidate|exposed] [--scrub]",
	.help =
	"Names each wrong block, and fails if there is one. On an image file the layer\n"
	"table itself is checked first.\n"
	"\n"
	"      --release WHICH   active, candidate or exposed (default: the one that is exposed)\n"
	"      --scrub           move blocks whose bits had to be corrected to other cells, and\n"
	"                        do all else that the device does in the background, now\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl settle: bring the active release's blocks to their homes, now.
 *
 * With --json: {"moved", "away", "settleable", "state", "layers": [{"name", "blocks", "away",
 * "overflow", "lazy", "incomplete", "bad_home", "taken", "open"}]}; all but "name" and "state"
 * count blocks.  "moved" is 0 with --dry-run.
 */
#include "layerctl.h"
#include "lib/away.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/progress.h"

enum { OPT_DRY_RUN = CLI_LONG };

#define LINE_TEXT	400

/** struct job - one call of settle */
struct job {
	struct cli *cli;
	struct target *target;
	bool dry_run;
	enum mtdl_state state;		/* before */
	uint32_t block_size;
	struct progress *progress;
	struct view view;		/* after */
	struct away layers[MTDL_LAYERS_MAX];
	uint32_t away;
	uint32_t overflow;
	uint32_t moved;
};

static uint32_t layer_count(const struct job *job)
{
	return job->view.releases[VIEW_ACTIVE].layer_count;
}

static int look(struct job *job, struct mtdl_reason *why)
{
	int err;

	view_free(&job->view);
	job->away = 0;
	job->overflow = 0;
	err = job->target->ops->view(job->target, &job->view, why);
	for (uint32_t i = 0; !err && i < layer_count(job); i++) {
		err = away_count(&job->layers[i], &job->view, i);
		if (err)
			mtdl_fail(why, err, "no memory for a layer of %u blocks",
				  job->view.releases[VIEW_ACTIVE].layers[i].blocks);
		job->away += job->layers[i].away;
		job->overflow += job->layers[i].overflow;
	}
	return err;
}

static void show_progress(void *ctx, uint32_t moved, uint32_t left)
{
	struct job *job = ctx;

	if (!job->progress && moved + left)
		job->progress = progress_begin(stderr, "settling",
					       (uint64_t)(moved + left) * job->block_size);
	progress_update(job->progress, (uint64_t)moved * job->block_size);
}

static int settle(struct job *job, struct mtdl_reason *why)
{
	struct settle_job work = { .progress = show_progress, .ctx = job };
	int err = look(job, why);

	if (err)
		return err;
	job->state = job->view.state;
	job->block_size = job->view.block_size;
	if (job->dry_run)
		return 0;
	interrupt_catch();
	err = job->target->ops->settle(job->target, &work, why);
	progress_end(job->progress, !err);
	job->moved = work.moved;
	return err ? err : look(job, why);
}

static int print_as_json(const struct job *job)
{
	json_t *layers = json_array();

	for (uint32_t i = 0; i < layer_count(job); i++) {
		const struct view_layer *layer = &job->view.releases[VIEW_ACTIVE].layers[i];
		const struct away *away = &job->layers[i];

		json_array_append_new(layers, json_pack(
			"{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			"name", layer->name, "blocks", json_number(layer->blocks),
			"away", json_number(away->away), "overflow", json_number(away->overflow),
			"lazy", json_number(away->lazy),
			"incomplete", json_number(away->incomplete),
			"bad_home", json_number(away->bad_home),
			"taken", json_number(away->taken), "open", json_number(away->open)));
	}
	return cli_print_json(job->cli, json_pack("{s:o, s:o, s:o, s:s, s:o}",
		"moved", json_number(job->moved), "away", json_number(job->away),
		"settleable", json_number(job->view.settleable),
		"state", state_name(job->view.state), "layers", layers));
}

/* What came of a release whose pinned layers were being installed. */
static void print_installed(const struct job *job)
{
	if (job->view.state == MTDL_STATE_TRIAL)
		printf("the pinned layers of release %s are installed: it is on trial\n",
		       job->view.releases[VIEW_CANDIDATE].release);
	else
		printf("release %s was not installed (%s): %s stays active\n",
		       job->view.outcome.release, strerror((int)job->view.outcome.error),
		       job->view.releases[VIEW_ACTIVE].release);
}

static void print_layers(const struct job *job)
{
	char line[LINE_TEXT];

	for (uint32_t i = 0; i < layer_count(job); i++) {
		const struct view_layer *layer = &job->view.releases[VIEW_ACTIVE].layers[i];

		if (job->layers[i].away)
			printf("  %-16s %u of %u: %s\n", layer->name, job->layers[i].away,
			       layer->blocks,
			       away_text(&job->layers[i], !job->dry_run, line, sizeof(line)));
	}
	if (job->overflow)
		printf("%u block%s of overflow ha%s no home: the slots are too small for them\n",
		       job->overflow, job->overflow == 1 ? "" : "s",
		       job->overflow == 1 ? "s" : "ve");
}

/* In these states the blocks of both releases stay where they are. */
static bool waits(const struct job *job)
{
	return job->view.state != MTDL_STATE_IDLE;
}

static void print_away(const struct job *job)
{
	const char *release = job->view.releases[VIEW_ACTIVE].release;

	if (!job->away)
		printf("%severy block of release %s is at home\n",
		       job->moved ? "" : "nothing to do: ", release);
	else
		printf("of release %s, %u block%s away from home%s:\n", release, job->away,
		       job->away == 1 ? " is" : "s are",
		       waits(job) ? ", and stay there until it is idle" : "");
	print_layers(job);
}

static int print(const struct job *job)
{
	const struct view_release *active = &job->view.releases[VIEW_ACTIVE];

	if (job->cli->json)
		return print_as_json(job);
	if (!job->dry_run && job->state == MTDL_STATE_INSTALLING)
		print_installed(job);
	if (!active->present) {
		printf("nothing to do: there is no active release\n");
		return CLI_OK;
	}
	if (job->moved)
		printf("%u block%s moved\n", job->moved, job->moved == 1 ? "" : "s");
	else if (!job->dry_run && job->away)
		printf("nothing could be moved\n");
	print_away(job);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ 0 }
	};
	struct job job = { .cli = cli };
	struct mtdl_reason why = { 0 };
	int opt, status;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt != OPT_DRY_RUN)
			return cli->status;
		job.dry_run = true;
	}
	if (optind < argc)
		return cli_usage(cli, "settle takes no argument: %s", argv[optind]);
	job.target = target_open(cli->device, !job.dry_run, &why);
	if (!job.target)
		return cli_fail(cli, &why);
	status = settle(&job, &why) ? cli_fail(cli, &why) : print(&job);
	view_free(&job.view);
	job.target->ops->close(job.target);
	return status;
}

const struct command cmd_settle = {
	.name = "settle",
	.summary = "Bring the active release's blocks to their preset addresses",
	.usage = "[--dry-run]",
	.help =
	"An upgrade puts a block that cannot be at its preset address yet, because the old\n"
	"release is there, elsewhere. When the new one is confirmed, the device brings it\n"
	"home in the background; this does it now, and tells what could not come home and\n"
	"why. It also goes on with pinned layers whose installation was interrupted.\n"
	"Relocated blocks are as good as any other. Interrupted, it goes on the next time.\n"
	"\n"
	"      --dry-run         tell what is away, move nothing\n",
	.run = run,
};

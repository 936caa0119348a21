// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl apply: bring a release onto a device.
 *
 * With --json: {"plan": see json_plan(), "result": {"state", "exposed",
 * "activated", "blocks_written", "bytes_written"}}; with --dry-run without "result".
 */
#include <inttypes.h>

#include "layerctl.h"
#include "lib/install.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/size.h"

enum {
	OPT_ACTIVATE = CLI_LONG,
	OPT_DRY_RUN,
	OPT_IN_PLACE,
	OPT_REPLACE,
	OPT_YES,
};

/** struct options - what was asked for */
struct options {
	bool activate;
	bool dry_run;
	bool in_place;
	bool replace;
	const char *path;
};

static int parse_options(struct cli *cli, struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "activate", no_argument, NULL, OPT_ACTIVATE },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "in-place", no_argument, NULL, OPT_IN_PLACE },
		{ "replace", no_argument, NULL, OPT_REPLACE },
		{ "yes", no_argument, NULL, OPT_YES },
		{ 0 }
	};
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		switch (opt) {
		case OPT_ACTIVATE:
			o->activate = true;
			break;
		case OPT_DRY_RUN:
			o->dry_run = true;
			break;
		case OPT_IN_PLACE:
			o->in_place = true;
			break;
		case OPT_REPLACE:
			o->replace = true;
			break;
		case OPT_YES:	/* nothing is asked: scripts may say so all the same */
			break;
		default:
			return cli->status;
		}
	}
	if (argc - optind != 1)
		return cli_usage(cli, "apply takes one bundle, %d were given", argc - optind);
	o->path = argv[optind];
	return -1;
}

static void print_number(uint32_t number)
{
	if (number)
		printf("  %9" PRIu32, number);
	else
		printf("  %9s", "-");
}

static void print_plan_layers(const struct mtdl_plan *plan, const struct mtdl_manifest *m)
{
	char size[SIZE_TEXT];

	printf("  %-16s  %9s  %9s  %9s  %9s  %s\n", "layer", "blocks", "to write", "relocated",
	       "overflow", "bytes");
	for (uint32_t i = 0; i < plan->layer_count; i++) {
		const struct mtdl_plan_layer *layer = &plan->layers[i];

		printf("  %-16s", m->layers[i].name);
		print_number(layer->blocks);
		print_number(layer->changed);
		print_number(layer->relocated);
		print_number(layer->overflow);
		printf("  %s%s\n", layer->bytes ? size_text(layer->bytes, size) : "-",
		       layer->in_place ? "  in place" : "");
	}
}

static void print_in_place(const struct mtdl_plan *plan, const struct mtdl_manifest *m)
{
	printf("in place, because the release does not fit beside the old one:");
	for (uint32_t i = 0; i < plan->layer_count; i++) {
		if (plan->layers[i].in_place)
			printf(" %s", m->layers[i].name);
	}
	printf("\n"
	       "  WARNING: what is there is written over. Until all is done these layers cannot be\n"
	       "  read, and there is no way back to the old release: a release has to be applied to\n"
	       "  the end.\n");
}

static void print_plan(const struct install *in)
{
	const struct mtdl_plan *plan = &in->plan;
	const struct mtdl_manifest *m = &in->bundle->manifest;
	char size[SIZE_TEXT];

	if (plan->current_release) {
		printf("release %s is the active one already\n", m->release);
		return;
	}
	printf("release %s: %u of %u layers change%s\n", m->release, plan->layers_changed,
	       plan->layer_count, plan->layers_changed == 1 ? "s" : "");
	print_plan_layers(plan, m);
	if (plan->resumed || plan->blocks_done)
		printf("%s: %u blocks are on the flash already\n",
		       plan->resumed ? "goes on with what was staged before" :
		       "takes over what was staged before", plan->blocks_done);
	printf("to write: %u blocks (%s), %u of them away from home; eraseblocks to erase: %u; spare blocks left: %u, %u of them in reserve\n",
	       plan->blocks, size_text(plan->bytes, size), plan->relocated, plan->erases,
	       plan->free_after, plan->reserve);
	if (plan->copied)
		printf("the device copies %u blocks that it has already\n", plan->copied);
	if (plan->aside)
		printf("pinned layers: %u blocks are moved aside before their preset addresses are written\n",
		       plan->aside);
	if (plan->in_place)
		print_in_place(plan, m);
}

static void print_result(const struct install *in, const struct options *o,
			 const struct view *view)
{
	const struct view_release *exposed = &view->releases[VIEW_EXPOSED];
	const char *version = in->bundle->manifest.release;

	if (in->plan.current_release)
		printf("nothing to do\n");
	else if (view->state != MTDL_STATE_TRIAL)
		printf("release %s is installed and active: with no other to go back to it needs no confirmation\n",
		       version);
	else if (!o->activate)
		printf("release %s is installed: it is tried at the next boot, %u times at most, until `layerctl confirm`\n",
		       version, view->attempts_max);
	else if (view_same_release(view, VIEW_EXPOSED, VIEW_CANDIDATE))
		printf("release %s is on trial, attempt %u of %u: confirm it, or roll back\n",
		       version, view->attempts_used, view->attempts_max);
	else
		printf("release %s is installed, but %s is still exposed\n", version,
		       exposed->present ? exposed->release : "nothing");
}

static json_t *result_to_json(const struct install *in, const struct options *o,
			      const struct view *view)
{
	const struct view_release *exposed = &view->releases[VIEW_EXPOSED];

	return json_pack("{s:s, s:o, s:b, s:o, s:o}",
			 "state", state_name(view->state),
			 "exposed", json_release(exposed),
			 "activated", o->activate && exposed->present &&
			 !memcmp(exposed->digest, in->bundle->manifest.digest, MTDL_DIGEST_SIZE),
			 "blocks_written", json_number(in->blocks_written),
			 "bytes_written", json_number(in->bytes_written));
}

static int report(struct cli *cli, const struct install *in, const struct options *o,
		  json_t *plan)
{
	struct mtdl_reason why = { 0 };
	struct view view;
	int status = CLI_OK;

	if (in->target->ops->view(in->target, &view, &why)) {
		json_decref(plan);
		return cli_fail(cli, &why);
	}
	if (cli->json)
		status = cli_print_json(cli, json_pack("{s:o, s:o}", "plan", plan, "result",
						       result_to_json(in, o, &view)));
	else
		print_result(in, o, &view);
	view_free(&view);
	return status;
}

/* What is committed stays committed, and is tried at the next boot anyway. */
static int activate(struct install *in, struct mtdl_reason *why)
{
	struct mtdl_reason inner = { 0 };
	int err = in->target->ops->boot(in->target, &inner);

	if (!err)
		return 0;
	return mtdl_fail(why, err, "release %s is installed, but not activated: %s",
			 in->bundle->manifest.release, inner.text);
}

static int write_release(struct install *in, const struct options *o, struct mtdl_reason *why)
{
	int err;

	interrupt_catch();
	err = in->plan.current_release ? 0 : install_check(in, why);
	if (!err)
		err = install_write(in, why);
	if (!err && o->activate && !in->plan.current_release)
		err = activate(in, why);
	return err;
}

static int apply(struct cli *cli, struct install *in, const struct options *o)
{
	struct mtdl_reason why = { 0 };
	json_t *plan = NULL;

	if (install_plan(in, &why))
		return cli_fail(cli, &why);
	if (cli->json)
		plan = json_plan(&in->plan, &in->bundle->manifest);
	else
		print_plan(in);
	if (o->dry_run)
		return cli->json ? cli_print_json(cli, json_pack("{s:o}", "plan", plan)) : CLI_OK;
	fflush(stdout);
	if (write_release(in, o, &why)) {
		json_decref(plan);
		return cli_fail(cli, &why);
	}
	return report(cli, in, o, plan);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct options o = { 0 };
	struct install in = { .progress = stderr };
	struct mtdl_reason why = { 0 };
	int status = parse_options(cli, &o, argc, argv);

	if (status >= 0)
		return status;
	in.flags = (o.replace ? MTDL_BEGIN_REPLACE : 0) | (o.in_place ? MTDL_BEGIN_IN_PLACE : 0);
	if (bundle_open(&in.bundle, o.path, &why))
		return cli_fail(cli, &why);
	in.target = target_open(cli->device, !o.dry_run, &why);
	status = in.target ? apply(cli, &in, &o) : cli_fail(cli, &why);
	if (in.target)
		in.target->ops->close(in.target);
	bundle_close(in.bundle);
	return status;
}

const struct command cmd_apply = {
	.name = "apply",
	.summary = "Bring a release onto a device: only the blocks that differ are written",
	.usage = "[--dry-run] [--activate] [--replace] [--in-place] BUNDLE",
	.help =
	"Shows the plan, writes, and switches all layers at once. Before the release is\n"
	"confirmed the old one stays as it is. Interrupted (also by a power cut), the same\n"
	"command goes on where it stopped. The first release on an empty device is active\n"
	"at once, any other is on trial from the next boot on.\n"
	"\n"
	"      --dry-run         show the plan, write nothing\n"
	"      --activate        try the release now instead of at the next boot; on a\n"
	"                        running device only where no layer is in use\n"
	"      --replace         another release that is staged gives way\n"
	"      --in-place        what does not fit otherwise may be written over what is there,\n"
	"                        in layers whose layout allows it: they cannot be read until it\n"
	"                        is done, and there is no way back\n"
	"      --yes             nothing is asked in any case\n",
	.run = run,
};

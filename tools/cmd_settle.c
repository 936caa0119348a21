// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl settle: how far the active release is from its homes.
 *
 * With --json: {"away", "layers": [{"name", "away", "blocks"}]}; "away" counts blocks.
 */
#include "layerctl.h"
#include "lib/json.h"

static uint32_t count_away(const struct view_release *active)
{
	uint32_t away = 0;

	for (uint32_t i = 0; i < active->layer_count; i++)
		away += active->layers[i].away;
	return away;
}

static int print_as_json(struct cli *cli, const struct view_release *active)
{
	json_t *layers = json_array();

	for (uint32_t i = 0; i < active->layer_count; i++)
		json_array_append_new(layers, json_pack("{s:s, s:o, s:o}",
			"name", active->layers[i].name,
			"away", json_number(active->layers[i].away),
			"blocks", json_number(active->layers[i].blocks)));
	return cli_print_json(cli, json_pack("{s:o, s:o}",
					     "away", json_number(count_away(active)),
					     "layers", layers));
}

static int print(struct cli *cli, const struct view *view)
{
	const struct view_release *active = &view->releases[VIEW_ACTIVE];
	uint32_t away = count_away(active);

	if (cli->json)
		return print_as_json(cli, active);
	if (!active->present) {
		printf("nothing to do: there is no active release\n");
		return CLI_OK;
	}
	if (!away) {
		printf("nothing to do: every block of release %s is at home\n", active->release);
		return CLI_OK;
	}
	printf("nothing is moved: of release %s, %u block%s live%s away from home, and stay%s readable there:\n",
	       active->release, away, away == 1 ? "" : "s", away == 1 ? "s" : "",
	       away == 1 ? "s" : "");
	for (uint32_t i = 0; i < active->layer_count; i++) {
		if (active->layers[i].away)
			printf("  %-16s %u of %u\n", active->layers[i].name,
			       active->layers[i].away, active->layers[i].blocks);
	}
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	struct mtdl_reason why = { 0 };
	struct target *target;
	struct view view;
	int status;

	if (cli_getopt(cli, argc, argv, CLI_SHORT, options) != -1)
		return cli->status;
	if (optind < argc)
		return cli_usage(cli, "settle takes no argument: %s", argv[optind]);
	target = target_open(cli->device, false, &why);
	if (!target)
		return cli_fail(cli, &why);
	if (target->ops->view(target, &view, &why)) {
		status = cli_fail(cli, &why);
	} else {
		status = print(cli, &view);
		view_free(&view);
	}
	target->ops->close(target);
	return status;
}

const struct command cmd_settle = {
	.name = "settle",
	.summary = "Tell which blocks of the active release live away from their homes",
	.usage = "",
	.help =
	"Relocated blocks are as good as any other: they are found through the layer table,\n"
	"and an upgrade that rewrites them puts them at home where there is room. This\n"
	"version moves none of them by itself, so settle only reports.\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens a target for one change of state, and reports the state after it.
 */
#include "change.h"
#include "lib/json.h"

struct target *change_open(struct cli *cli, int argc, char **argv, struct view *view)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	struct mtdl_reason why = { 0 };
	struct target *target;

	memset(view, 0, sizeof(*view));
	if (cli_getopt(cli, argc, argv, CLI_SHORT, options) != -1)
		return NULL;
	if (optind < argc) {
		cli->status = cli_usage(cli, "%s takes no argument: %s", argv[0], argv[optind]);
		return NULL;
	}
	target = target_open(cli->device, true, &why);
	if (target && target->ops->view(target, view, &why)) {
		target->ops->close(target);
		target = NULL;
	}
	if (!target)
		cli->status = cli_fail(cli, &why);
	return target;
}

static int report(struct cli *cli, struct target *target, const char *sentence)
{
	struct mtdl_reason why = { 0 };
	struct view view;
	int status;

	if (!cli->json) {
		printf("%s\n", sentence);
		return CLI_OK;
	}
	if (target->ops->view(target, &view, &why))
		return cli_fail(cli, &why);
	status = cli_print_json(cli, json_pack("{s:s, s:s, s:o, s:o, s:o}",
		"changed", sentence, "state", state_name(view.state),
		"active", json_release(&view.releases[VIEW_ACTIVE]),
		"candidate", json_release(&view.releases[VIEW_CANDIDATE]),
		"exposed", json_release(&view.releases[VIEW_EXPOSED])));
	view_free(&view);
	return status;
}

int change_close(struct cli *cli, struct target *target, struct view *view, int err,
		 const struct mtdl_reason *why, const char *sentence)
{
	int status = err ? cli_fail(cli, why) : report(cli, target, sentence);

	view_free(view);
	target->ops->close(target);
	return status;
}

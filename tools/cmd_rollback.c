// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl rollback: the release on trial is not good.
 */
#include "change.h"

/* Whether the release that was dropped still runs. */
static bool still_runs(struct target *target)
{
	struct mtdl_reason ignored;
	struct view view;
	bool runs;

	if (target->ops->view(target, &view, &ignored))
		return false;
	runs = view.releases[VIEW_EXPOSED].present &&
	       !view_same_release(&view, VIEW_EXPOSED, VIEW_ACTIVE);
	view_free(&view);
	return runs;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mtdl_reason why = { 0 };
	char sentence[MTDL_REASON_SIZE];
	struct target *target;
	struct view view;
	int err;

	target = change_open(cli, argc, argv, &view);
	if (!target)
		return cli->status;
	err = target->ops->rollback(target, &why);
	snprintf(sentence, sizeof(sentence), "release %.64s is dropped: %.64s is active%s",
		 view.releases[VIEW_CANDIDATE].release, view.releases[VIEW_ACTIVE].release,
		 !err && still_runs(target) ? ", and runs from the next boot on" : "");
	return change_close(cli, target, &view, err, &why, sentence);
}

const struct command cmd_rollback = {
	.name = "rollback",
	.summary = "Drop the release on trial; the active one stays",
	.usage = "",
	.help =
	"On a running device the dropped release stays in use until the reboot. A release\n"
	"whose pinned layers are being installed can be dropped too.\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl abort: give up a release that is staged.
 */
#include "change.h"

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
	err = target->ops->abort(target, &why);
	snprintf(sentence, sizeof(sentence), "release %s is no longer staged, its blocks are free",
		 view.releases[VIEW_CANDIDATE].release);
	return change_close(cli, target, &view, err, &why, sentence);
}

const struct command cmd_abort = {
	.name = "abort",
	.summary = "Give up a release that is staged but not complete",
	.usage = "",
	.help = "",
	.run = run,
};

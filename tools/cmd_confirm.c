// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl confirm: the release that runs is good.
 */
#include "change.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct mtdl_reason why = { 0 };
	char sentence[MTDL_REASON_SIZE];
	const struct view_release *release;
	struct target *target;
	struct view view;
	int err;

	target = change_open(cli, argc, argv, &view);
	if (!target)
		return cli->status;
	release = view_current(&view);
	if (!release->present)
		mtdl_fail(&why, 0, "there is no release to confirm: apply one first");
	err = release->present ? target->ops->confirm(target, release->digest, &why) : -ENOENT;
	snprintf(sentence, sizeof(sentence), view.state == MTDL_STATE_TRIAL ?
		 "release %s is confirmed and active now" :
		 "release %s is active already: there is nothing to confirm", release->release);
	return change_close(cli, target, &view, err, &why, sentence);
}

const struct command cmd_confirm = {
	.name = "confirm",
	.summary = "Make the release on trial the active one",
	.usage = "",
	.help =
	"Confirms the release that is exposed, by its digest: if that is no longer the one\n"
	"that was looked at, it is refused. A first release is active without it.\n",
	.run = run,
};

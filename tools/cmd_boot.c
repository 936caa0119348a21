// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl boot: decide what this boot exposes, as a boot loader does.
 */
#include "change.h"

static void describe(char *sentence, size_t room, const struct view *view)
{
	const struct view_release *exposed = &view->releases[VIEW_EXPOSED];

	if (view->state == MTDL_STATE_TRIAL &&
	    view_same_release(view, VIEW_EXPOSED, VIEW_CANDIDATE))
		snprintf(sentence, room, "release %s is exposed: attempt %u of %u of its trial",
			 exposed->release, view->attempts_used, view->attempts_max);
	else if (view->state == MTDL_STATE_TRIAL)
		snprintf(sentence, room, "release %.64s is exposed, not %.64s: its attempt could not be counted",
			 exposed->release, view->releases[VIEW_CANDIDATE].release);
	else if (view->outcome.code == MTDL_OUTCOME_EXHAUSTED)
		snprintf(sentence, room, "release %.64s is exposed: %.64s was not confirmed in %u attempts",
			 exposed->release, view->outcome.release, view->outcome.attempts);
	else
		snprintf(sentence, room, "release %s is exposed", exposed->release);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mtdl_reason why = { 0 };
	char sentence[MTDL_REASON_SIZE] = "";
	struct target *target;
	struct view view;
	int err;

	target = change_open(cli, argc, argv, &view);
	if (!target)
		return cli->status;
	err = target->ops->boot(target, &why);
	if (!err) {
		view_free(&view);
		err = target->ops->view(target, &view, &why);
	}
	if (!err)
		describe(sentence, sizeof(sentence), &view);
	return change_close(cli, target, &view, err, &why, sentence);
}

const struct command cmd_boot = {
	.name = "boot",
	.summary = "Decide which release is exposed, counting an attempt of a trial",
	.usage = "",
	.help =
	"What a boot loader or the module does at every boot; on an image file this is\n"
	"the boot. On a running device it activates a release on trial without a reboot,\n"
	"which is refused while a layer is in use.\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl status: the state of a device in words, and what can be done next.
 *
 * With --json: {"name", "mtd", "mtd_name", "compatible", "uuid", "flash_size",
 * "erase_size", "write_size", "block_size", "block_count", "table": {"offset",
 * "size", "unit_size", "epoch", "write", "damaged_units"}, "state", "active",
 * "candidate", "exposed" (see json_release()), "attempts_max", "attempts_used",
 * "blocks_wanted", "security_floor", "free_blocks", "bad_blocks", "read_only",
 * "outcome": {"code", "release", "digest", "attempts", "error"}, "next"};
 * "mtd", "mtd_name", "read_only" and what is not there are null.
 */
#include <inttypes.h>

#include "layerctl.h"
#include "lib/json.h"
#include "lib/size.h"

#define LINE_TEXT	256

static const char *release_name(const struct view *view, enum view_role role)
{
	return view->releases[role].present ? view->releases[role].release : "nothing";
}

static void describe_trial(const struct view *view, char line[static LINE_TEXT])
{
	const char *name = release_name(view, VIEW_CANDIDATE);

	if (view_same_release(view, VIEW_EXPOSED, VIEW_CANDIDATE))
		snprintf(line, LINE_TEXT, "trial of %s, attempt %u of %u: confirm or roll back",
			 name, view->attempts_used, view->attempts_max);
	else if (view->attempts_used < view->attempts_max)
		snprintf(line, LINE_TEXT, "trial of %s, %u of %u attempts used: the next boot tries it",
			 name, view->attempts_used, view->attempts_max);
	else
		snprintf(line, LINE_TEXT, "trial of %s, all %u attempts used: the next boot drops it",
			 name, view->attempts_max);
}

static void describe_idle(const struct view *view, char line[static LINE_TEXT])
{
	const char *active = release_name(view, VIEW_ACTIVE);

	if (!view->releases[VIEW_ACTIVE].present)
		snprintf(line, LINE_TEXT, "idle and empty: apply a release");
	else if (view->releases[VIEW_EXPOSED].present &&
		 !view_same_release(view, VIEW_EXPOSED, VIEW_ACTIVE))
		snprintf(line, LINE_TEXT, "idle: release %s is active, %s stays exposed until the reboot",
			 active, release_name(view, VIEW_EXPOSED));
	else
		snprintf(line, LINE_TEXT, "idle: release %s is active", active);
}

static void describe_state(const struct view *view, char line[static LINE_TEXT])
{
	switch (view->state) {
	case MTDL_STATE_STAGING:
		snprintf(line, LINE_TEXT, "staging %s, %u of %u blocks still to come: apply it again to go on, or abort",
			 release_name(view, VIEW_CANDIDATE), view->blocks_wanted,
			 view->releases[VIEW_CANDIDATE].blocks);
		break;
	case MTDL_STATE_INSTALLING:
		snprintf(line, LINE_TEXT, "installing the pinned layers of %s",
			 release_name(view, VIEW_CANDIDATE));
		break;
	case MTDL_STATE_TRIAL:
		describe_trial(view, line);
		break;
	default:
		describe_idle(view, line);
	}
}

static const char *next_steps(const struct view *view)
{
	if (*view->read_only)
		return "nothing can be changed";
	switch (view->state) {
	case MTDL_STATE_STAGING:
		return "apply (the same bundle goes on), apply --replace (another one), abort";
	case MTDL_STATE_INSTALLING:
		return "wait: it goes on by itself";
	case MTDL_STATE_TRIAL:
		if (view_same_release(view, VIEW_EXPOSED, VIEW_CANDIDATE))
			return "confirm, rollback";
		return "boot (or reboot), rollback";
	default:
		return "apply";
	}
}

static void describe_outcome(const struct mtdl_outcome *outcome, char line[static LINE_TEXT])
{
	int len;

	switch (outcome->code) {
	case MTDL_OUTCOME_NONE:
		snprintf(line, LINE_TEXT, "none");
		return;
	case MTDL_OUTCOME_EXHAUSTED:
		snprintf(line, LINE_TEXT, "%s was given up: not confirmed in %u attempts",
			 outcome->release, outcome->attempts);
		return;
	case MTDL_OUTCOME_CONFIRMED:
		len = snprintf(line, LINE_TEXT, "%s was confirmed", outcome->release);
		break;
	case MTDL_OUTCOME_ROLLED_BACK:
		len = snprintf(line, LINE_TEXT, "%s was rolled back", outcome->release);
		break;
	case MTDL_OUTCOME_ABORTED:
		len = snprintf(line, LINE_TEXT, "%s was aborted", outcome->release);
		break;
	default:
		len = snprintf(line, LINE_TEXT, "%s failed", outcome->release);
	}
	if (outcome->error)
		snprintf(line + len, (size_t)(LINE_TEXT - len), " (%s)",
			 strerror((int)outcome->error));
}

static void print_release(const char *what, const struct view_release *release)
{
	char digest[HEX_TEXT];

	if (release->present)
		printf("%-10s %s, %u layers, digest %s\n", what, release->release,
		       release->layer_count, hex_text(release->digest, 8, digest));
	else
		printf("%-10s -\n", what);
}

static void print_device(const struct view *view)
{
	char size[SIZE_TEXT], block[SIZE_TEXT], erase[SIZE_TEXT];

	printf("%-10s %s", "device", view->name);
	if (view->mtd >= 0)
		printf(" on mtd%d", view->mtd);
	if (*view->mtd_name)
		printf(" (%s)", view->mtd_name);
	printf(", for %s: %s in %u blocks of %s, eraseblocks of %s\n", view->compatible,
	       size_text(view->flash_size, size), view->block_count,
	       size_text(view->block_size, block), size_text(view->erase_size, erase));
}

static void print_text(const struct view *view)
{
	char line[LINE_TEXT];

	print_device(view);
	describe_state(view, line);
	printf("%-10s %s\n", "state", line);
	if (*view->read_only)
		printf("%-10s %s\n", "read-only", view->read_only);
	print_release("active", &view->releases[VIEW_ACTIVE]);
	print_release("candidate", &view->releases[VIEW_CANDIDATE]);
	print_release("exposed", &view->releases[VIEW_EXPOSED]);
	printf("%-10s %" PRIu32 "\n", "floor", view->security_floor);
	printf("%-10s %" PRIu32 " free, %" PRIu32 " bad, of %" PRIu32 "\n", "blocks",
	       view->free_blocks, view->bad_blocks, view->block_count);
	printf("%-10s epoch %" PRIu32 ", write %" PRIu32, "table", view->epoch, view->write);
	if (view->damaged_units)
		printf("; %" PRIu32 " of its units damaged, which the next change repairs",
		       view->damaged_units);
	printf("\n");
	describe_outcome(&view->outcome, line);
	printf("%-10s %s\n", "outcome", line);
	printf("%-10s %s\n", "next", next_steps(view));
}

static json_t *table_to_json(const struct view *view)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
		"offset", json_number((uint64_t)view->table_start * view->block_size),
		"size", json_number((uint64_t)view->table_blocks * view->block_size),
		"unit_size", json_number(view->unit_size),
		"epoch", json_number(view->epoch),
		"write", json_number(view->write),
		"damaged_units", json_number(view->damaged_units));
}

static json_t *outcome_to_json(const struct mtdl_outcome *outcome)
{
	bool none = outcome->code == MTDL_OUTCOME_NONE;

	return json_pack("{s:s, s:o, s:o, s:o, s:o}",
		"code", outcome_name(outcome->code),
		"release", none ? json_null() : json_string(outcome->release),
		"digest", none ? json_null() : json_digest(outcome->digest),
		"attempts", json_number(outcome->attempts),
		"error", json_number(outcome->error));
}

static json_t *device_to_json(const struct view *view)
{
	char uuid[UUID_TEXT];

	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"name", view->name,
		"mtd", view->mtd < 0 ? json_null() : json_integer(view->mtd),
		"mtd_name", *view->mtd_name ? json_string(view->mtd_name) : json_null(),
		"compatible", view->compatible,
		"uuid", uuid_text(view->uuid, uuid),
		"flash_size", json_number(view->flash_size),
		"erase_size", json_number(view->erase_size),
		"write_size", json_number(view->write_size),
		"block_size", json_number(view->block_size),
		"block_count", json_number(view->block_count),
		"table", table_to_json(view));
}

static int print_as_json(struct cli *cli, const struct view *view)
{
	json_t *object = device_to_json(view);
	json_t *state = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
		"state", state_name(view->state),
		"active", json_release(&view->releases[VIEW_ACTIVE]),
		"candidate", json_release(&view->releases[VIEW_CANDIDATE]),
		"exposed", json_release(&view->releases[VIEW_EXPOSED]),
		"attempts_max", json_number(view->attempts_max),
		"attempts_used", json_number(view->attempts_used),
		"blocks_wanted", json_number(view->blocks_wanted),
		"security_floor", json_number(view->security_floor),
		"free_blocks", json_number(view->free_blocks),
		"bad_blocks", json_number(view->bad_blocks),
		"read_only", *view->read_only ? json_string(view->read_only) : json_null(),
		"outcome", outcome_to_json(&view->outcome),
		"next", next_steps(view));

	if (!object || !state || json_object_update(object, state)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(state);
	return cli_print_json(cli, object);
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	struct mtdl_reason why = { 0 };
	struct target *target;
	struct view view;
	int status = CLI_OK;

	if (cli_getopt(cli, argc, argv, CLI_SHORT, options) != -1)
		return cli->status;
	if (optind < argc)
		return cli_usage(cli, "status takes no argument: %s", argv[optind]);
	target = target_open(cli->device, false, &why);
	if (!target)
		return cli_fail(cli, &why);
	if (target->ops->view(target, &view, &why)) {
		status = cli_fail(cli, &why);
	} else {
		if (cli->json)
			status = print_as_json(cli, &view);
		else
			print_text(&view);
		view_free(&view);
	}
	target->ops->close(target);
	return status;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "Show the state of a device, its releases, and what can be done next",
	.usage = "",
	.help = "",
	.run = run,
};

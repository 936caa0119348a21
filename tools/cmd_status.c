// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl status: the state of a device in words, and what can be done next.
 *
 * With --json: {"name", "mtd", "mtd_name", "compatible", "uuid", "flash_size",
 * "erase_size", "write_size", "block_size", "block_count", "table": {"offset",
 * "size", "unit_size", "epoch", "write", "damaged_units"}, "state", "active",
 * "candidate", "exposed" (see json_release()), "attempts_max", "attempts_used",
 * "blocks_wanted", "security_floor", "free_blocks", "bad_blocks", "reserve",
 * "reserve_left", "spare_low", "settleable", "work", "last_error", "read_only",
 * "outcome": {"code", "release", "digest", "attempts", "error"}, "summary", "next"};
 * "mtd", "mtd_name", "last_error", "read_only" and what is not there are null.
 */
#include <inttypes.h>

#include "layerctl.h"
#include "lib/json.h"
#include "lib/size.h"
#include "lib/status.h"

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
	char line[STATUS_TEXT];

	printf("%-10s %s\n", "state", status_sentence(view, line));
	print_device(view);
	if (*view->read_only)
		printf("%-10s %s\n", "read-only", view->read_only);
	print_release("active", &view->releases[VIEW_ACTIVE]);
	print_release("candidate", &view->releases[VIEW_CANDIDATE]);
	print_release("exposed", &view->releases[VIEW_EXPOSED]);
	printf("%-10s %" PRIu32 "\n", "floor", view->security_floor);
	printf("%-10s %" PRIu32 " free, %" PRIu32 " bad, of %" PRIu32 "\n", "blocks",
	       view->free_blocks, view->bad_blocks, view->block_count);
	printf("%-10s %" PRIu32 " of %" PRIu32 " blocks are left for others that go bad\n",
	       "reserve", view->reserve_left, view->reserve);
	printf("%-10s epoch %" PRIu32 ", write %" PRIu32, "table", view->epoch, view->write);
	if (view->damaged_units)
		printf("; %" PRIu32 " of its units damaged, which the next change repairs",
		       view->damaged_units);
	printf("\n");
	printf("%-10s %s\n", "outcome", status_outcome(&view->outcome, line));
	if (*view->last_error)
		printf("%-10s %s\n", "failed", view->last_error);
	printf("%-10s %s\n", "next", status_next(view));
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
	char sentence[STATUS_TEXT];
	json_t *object = device_to_json(view);
	json_t *state = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:s, s:o, s:o, s:o, s:s}",
		"summary", status_sentence(view, sentence),
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
		"reserve", json_number(view->reserve),
		"reserve_left", json_number(view->reserve_left),
		"spare_low", view->spare_low,
		"settleable", json_number(view->settleable),
		"work", status_work(view),
		"last_error", *view->last_error ? json_string(view->last_error) : json_null(),
		"read_only", *view->read_only ? json_string(view->read_only) : json_null(),
		"outcome", outcome_to_json(&view->outcome),
		"next", status_next(view));

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
	.help =
	"The first line says it in a sentence: what state it is in, what failed last, and\n"
	"what can be done next.\n",
	.run = run,
};

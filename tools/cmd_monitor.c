// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl monitor: the kernel module's events, one a line, as they come.
 *
 * With --json, one object a line: {"device", "event"} and, by event: "state";
 * "done", "total" (blocks); "layer", "logical", "release"; "block", "to"; "unit";
 * "units"; "away" (blocks); "left", "reserve" (blocks); "error" (errno).
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "layerctl.h"
#include "lib/draw.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/netlink.h"
#include "lib/role.h"
#include "lib/size.h"
#include "lib/view_kernel.h"

enum {
	OPT_COUNT = CLI_LONG,
	OPT_TIMEOUT,
};

#define TIMEOUT_MAX	(7U * 24 * 3600)

/*
 * struct monitor - one call of the command
 * @only: -1: every device, or the one that -d names
 * @count: events to end after, 0: never
 * @timeout: seconds to end after, 0: never
 * @seen: events printed
 * @events: listening
 * @questions: to ask for layers' names with
 * @view: as asked for last; name empty: not, or no longer valid
 */
struct monitor {
	struct cli *cli;
	int64_t only;
	uint32_t count;
	uint32_t timeout;
	uint32_t seen;
	struct netlink *events;
	struct netlink *questions;
	struct view view;
};

static const char *const event_names[] = {
	[MTDLAYER_EVENT_ATTACHED]	= "attached",
	[MTDLAYER_EVENT_DETACHED]	= "detached",
	[MTDLAYER_EVENT_STATE]		= "state",
	[MTDLAYER_EVENT_PROGRESS]	= "progress",
	[MTDLAYER_EVENT_RELOCATED]	= "relocated",
	[MTDLAYER_EVENT_BAD_BLOCK]	= "bad-block",
	[MTDLAYER_EVENT_BAD_UNIT]	= "bad-unit",
	[MTDLAYER_EVENT_VERIFY_FAILED]	= "verify-failed",
	[MTDLAYER_EVENT_TABLE_DAMAGED]	= "table-damaged",
	[MTDLAYER_EVENT_SETTLED]	= "settled",
	[MTDLAYER_EVENT_SCRUBBED]	= "scrubbed",
	[MTDLAYER_EVENT_SPARE_LOW]	= "spare-low",
	[MTDLAYER_EVENT_WORK_FAILED]	= "work-failed",
};

#define EVENT_KINDS	(sizeof(event_names) / sizeof(event_names[0]))

static void forget_view(struct monitor *monitor)
{
	view_free(&monitor->view);
}

/* Ask once, and again only after something changed what the layers are called. */
static const struct view *device_view(struct monitor *monitor, uint32_t device)
{
	struct mtdl_reason ignored;
	char name[32];

	snprintf(name, sizeof(name), "mtdlayer%" PRIu32, device);
	if (!strcmp(monitor->view.name, name))
		return &monitor->view;
	forget_view(monitor);
	/* it may be gone by now: then the number has to do */
	if (view_from_kernel(monitor->questions, device, &monitor->view, &ignored))
		memset(&monitor->view, 0, sizeof(monitor->view));
	return &monitor->view;
}

static bool has(const struct netlink_event *event, int attribute)
{
	return event->present & 1U << attribute;
}

/* Whose layer an event is about. */
static enum view_role event_role(const struct netlink_event *event)
{
	static const enum view_role roles[] = {
		[MTDLAYER_RELEASE_ACTIVE] = VIEW_ACTIVE,
		[MTDLAYER_RELEASE_CANDIDATE] = VIEW_CANDIDATE,
		[MTDLAYER_RELEASE_EXPOSED] = VIEW_EXPOSED,
	};

	if (has(event, MTDLAYER_A_EVENT_RELEASE) && event->release <= MTDLAYER_RELEASE_EXPOSED)
		return roles[event->release];
	return event->kind == MTDLAYER_EVENT_RELOCATED ? VIEW_CANDIDATE : VIEW_EXPOSED;
}

/* The name of the layer that an event is about; its number if that is all there is to know. */
static const char *layer_name(struct monitor *monitor, const struct netlink_event *event,
			      char number[16])
{
	const struct view *view = device_view(monitor, event->device);
	const struct view_release *release = &view->releases[event_role(event)];

	if (release->present && event->layer < release->layer_count)
		return release->layers[event->layer].name;
	snprintf(number, 16, "layer %" PRIu32, event->layer);
	return number;
}

/* What happened to blocks in the background. */
static void print_work(const struct netlink_event *event)
{
	switch (event->kind) {
	case MTDLAYER_EVENT_SETTLED:
		if (event->away)
			printf("blocks came home, %" PRIu32 " have still to", event->away);
		else
			printf("blocks came home, all that can are there");
		break;
	case MTDLAYER_EVENT_SCRUBBED:
		printf("block %" PRIu32 " of the flash needed its bits corrected, what it held is in block %" PRIu32 " now",
		       event->block, event->to);
		break;
	case MTDLAYER_EVENT_SPARE_LOW:
		printf("spare blocks are low: %" PRIu32 " of %" PRIu32 " are left, plan to replace the flash",
		       event->left, event->reserve);
		break;
	case MTDLAYER_EVENT_WORK_FAILED:
		printf("the work in the background has failed (%s), `layerctl status` says what it was",
		       strerror((int)event->error));
		break;
	default:
		printf("event %" PRIu32 ", which this layerctl does not know", event->kind);
	}
}

static void print_sentence(struct monitor *monitor, const struct netlink_event *event)
{
	char number[16];

	printf("mtdlayer%" PRIu32 ": ", event->device);
	switch (event->kind) {
	case MTDLAYER_EVENT_ATTACHED:
	case MTDLAYER_EVENT_DETACHED:
		printf("%s", event_names[event->kind]);
		break;
	case MTDLAYER_EVENT_STATE:
		printf("now in state %s", state_name(event->state));
		break;
	case MTDLAYER_EVENT_PROGRESS:
		printf("%" PRIu32 " of %" PRIu32 " blocks done", event->done, event->total);
		break;
	case MTDLAYER_EVENT_RELOCATED:
		printf("block %" PRIu32 " of ", event->logical);
		draw_string(stdout, layer_name(monitor, event, number));
		printf(" goes away from its preset address");
		break;
	case MTDLAYER_EVENT_BAD_BLOCK:
		printf("block %" PRIu32 " of the flash went bad and is used no more", event->block);
		break;
	case MTDLAYER_EVENT_BAD_UNIT:
		printf("unit %" PRIu32 " of the layer table went bad and is used no more", event->block);
		break;
	case MTDLAYER_EVENT_VERIFY_FAILED:
		printf("block %" PRIu32 " of ", event->logical);
		draw_string(stdout, layer_name(monitor, event, number));
		printf(" is not on flash as the manifest names it");
		break;
	case MTDLAYER_EVENT_TABLE_DAMAGED:
		printf("%" PRIu32 " units of the layer table hold an unreadable record: the others count, and the next change of state erases it",
		       event->units);
		break;
	default:
		print_work(event);
	}
	putchar('\n');
}

static void add_number(json_t *object, const struct netlink_event *event, int attribute,
		       const char *name, uint32_t value)
{
	if (has(event, attribute))
		json_object_set_new(object, name, json_integer(value));
}

static int print_json(struct monitor *monitor, const struct netlink_event *event)
{
	bool unit = event->kind == MTDLAYER_EVENT_BAD_UNIT;
	char device[32], number[16];
	json_t *object;
	int err;

	snprintf(device, sizeof(device), "mtdlayer%" PRIu32, event->device);
	object = json_pack("{s:s, s:s}", "device", device, "event",
			   event->kind < EVENT_KINDS ? event_names[event->kind] : "unknown");
	if (has(event, MTDLAYER_A_EVENT_STATE))
		json_object_set_new(object, "state", json_string(state_name(event->state)));
	if (has(event, MTDLAYER_A_EVENT_RELEASE))
		json_object_set_new(object, "release", json_string(role_name(event_role(event))));
	if (has(event, MTDLAYER_A_EVENT_LAYER))
		json_object_set_new(object, "layer",
				    json_string(layer_name(monitor, event, number)));
	add_number(object, event, MTDLAYER_A_EVENT_LOGICAL, "logical", event->logical);
	add_number(object, event, MTDLAYER_A_EVENT_DONE, "done", event->done);
	add_number(object, event, MTDLAYER_A_EVENT_TOTAL, "total", event->total);
	add_number(object, event, MTDLAYER_A_EVENT_BLOCK, unit ? "unit" : "block", event->block);
	add_number(object, event, MTDLAYER_A_EVENT_TO, "to", event->to);
	add_number(object, event, MTDLAYER_A_EVENT_UNITS, "units", event->units);
	add_number(object, event, MTDLAYER_A_EVENT_AWAY, "away", event->away);
	add_number(object, event, MTDLAYER_A_EVENT_LEFT, "left", event->left);
	add_number(object, event, MTDLAYER_A_EVENT_RESERVE, "reserve", event->reserve);
	add_number(object, event, MTDLAYER_A_EVENT_ERROR, "error", event->error);
	err = object ? json_dumpf(object, stdout, JSON_COMPACT | JSON_SORT_KEYS) : -1;
	json_decref(object);
	if (err)
		return cli_error(monitor->cli, "an event cannot be written as JSON: no memory, or standard output is closed");
	putchar('\n');
	return CLI_OK;
}

static int print_event(struct monitor *monitor, const struct netlink_event *event)
{
	int status = CLI_OK;

	/* after these, other releases are there than were asked for */
	if (event->kind == MTDLAYER_EVENT_ATTACHED || event->kind == MTDLAYER_EVENT_STATE)
		forget_view(monitor);
	if (monitor->cli->json)
		status = print_json(monitor, event);
	else
		print_sentence(monitor, event);
	monitor->seen++;
	/* main() says why if it cannot be written */
	if (fflush(stdout))
		return CLI_FAILED;
	return status;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int time_is_up(const struct monitor *monitor)
{
	if (!monitor->count)
		return CLI_OK;
	return cli_error(monitor->cli, "%u of %u events came within %u s", monitor->seen,
			 monitor->count, monitor->timeout);
}

static int follow(struct monitor *monitor)
{
	int64_t end = now_ms() + (int64_t)monitor->timeout * 1000;

	while (!interrupt_pending() && (!monitor->count || monitor->seen < monitor->count)) {
		int64_t left = monitor->timeout ? end - now_ms() : -1;
		struct mtdl_reason why = { 0 };
		struct netlink_event event;
		int err;

		if (monitor->timeout && left <= 0)
			return time_is_up(monitor);
		err = netlink_next(monitor->events, (int)left, &event, &why);
		if (err == -EINTR || err == -ETIMEDOUT)
			continue;
		if (err == -ENOBUFS) {
			cli_note("%s", why.text);
			forget_view(monitor);
			continue;
		}
		if (err)
			return cli_fail(monitor->cli, &why);
		if (monitor->only >= 0 && event.device != monitor->only)
			continue;
		err = print_event(monitor, &event);
		if (err)
			return err;
	}
	return CLI_OK;
}

static int listen_and_follow(struct monitor *monitor)
{
	struct mtdl_reason why = { 0 };
	int status;

	monitor->events = netlink_open(&why);
	monitor->questions = monitor->events ? netlink_open(&why) : NULL;
	if (!monitor->questions || netlink_listen(monitor->events, &why)) {
		status = cli_fail(monitor->cli, &why);
	} else {
		interrupt_catch();
		status = follow(monitor);
	}
	forget_view(monitor);
	netlink_close(monitor->questions);
	netlink_close(monitor->events);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "count", required_argument, NULL, OPT_COUNT },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ 0 }
	};
	struct monitor monitor = { .cli = cli, .only = -1 };
	struct mtdl_reason why = { 0 };
	uint32_t index;
	int opt, err;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == CLI_STOP)
			return cli->status;
		err = opt == OPT_COUNT ?
		      number_parse(optarg, "--count", 0, UINT32_MAX, &monitor.count, &why) :
		      number_parse(optarg, "--timeout", 0, TIMEOUT_MAX, &monitor.timeout, &why);
		if (err)
			return cli_usage(cli, "%s", why.text);
	}
	if (optind != argc)
		return cli_usage(cli, "monitor takes no arguments");
	if (cli->device) {
		if (kernel_target_index(cli->device, &index, &why))
			return cli_usage(cli, "%s", why.text);
		monitor.only = index;
	}
	return listen_and_follow(&monitor);
}

const struct command cmd_monitor = {
	.name = "monitor",
	.summary = "Print the kernel module's events as they come",
	.usage = "[--count N] [--timeout SECONDS]",
	.help =
		"One sentence a line; with --json, one object a line. Without -d, of every\n"
		"attached device. Ends with Ctrl-C, or:\n"
		"\n"
		"      --count N          after N events\n"
		"      --timeout SECONDS  after so long; with --count that is a failure\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl list: the layers of a release on a device.
 *
 * With --json: {"release", "layers": [{"name", "address", "capacity", "size",
 * "blocks", "away", "overflow", "root", "policies", "incomplete", "mtd"}]};
 * "address" and "capacity" in bytes, "mtd" the number of the layer's MTD device or null.
 */
#include <inttypes.h>

#include "layerctl.h"
#include "lib/json.h"
#include "lib/policy.h"
#include "lib/role.h"
#include "lib/size.h"

enum { OPT_RELEASE = CLI_LONG };

static uint32_t overflow_of(const struct view_layer *layer)
{
	return layer->blocks > layer->slot_blocks ? layer->blocks - layer->slot_blocks : 0;
}

static void print_layer(const struct view *view, const struct view_layer *layer)
{
	char capacity[SIZE_TEXT], size[SIZE_TEXT], root[HEX_TEXT], mtd[16] = "-";
	char policies[POLICY_TEXT];

	if (layer->mtd >= 0)
		snprintf(mtd, sizeof(mtd), "mtd%d", layer->mtd);
	printf("%-16s  0x%09" PRIx64 "  %10s  %10s  %6" PRIu32 "  %6" PRIu32 "  %8" PRIu32
	       "  %s  %-6s  %s%s\n",
	       layer->name, (uint64_t)layer->slot_start * view->block_size,
	       size_text((uint64_t)layer->slot_blocks * view->block_size, capacity),
	       size_text(layer->size, size), layer->blocks, layer->away,
	       overflow_of(layer), hex_text(layer->root, 6, root), mtd,
	       policy_text(layer->policy, policies),
	       layer->flags & MTDL_LAYER_INCOMPLETE ? "  incomplete" : "");
}

static void print_text(const struct view *view, const struct view_release *release)
{
	printf("%-16s  %-11s  %10s  %10s  %6s  %6s  %8s  %-12s  %-6s  %s\n", "layer", "address",
	       "slot", "size", "blocks", "away", "overflow", "root", "device", "policies");
	for (uint32_t i = 0; i < release->layer_count; i++)
		print_layer(view, &release->layers[i]);
}

static json_t *layer_to_json(const struct view *view, const struct view_layer *layer)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}",
		"name", layer->name,
		"address", json_number((uint64_t)layer->slot_start * view->block_size),
		"capacity", json_number((uint64_t)layer->slot_blocks * view->block_size),
		"size", json_number(layer->size),
		"blocks", json_number(layer->blocks),
		"away", json_number(layer->away),
		"overflow", json_number(overflow_of(layer)),
		"root", json_digest(layer->root),
		"policies", json_policies(layer->policy),
		"incomplete", layer->flags & MTDL_LAYER_INCOMPLETE,
		"mtd", layer->mtd < 0 ? json_null() : json_integer(layer->mtd));
}

static int print_as_json(struct cli *cli, const struct view *view,
			 const struct view_release *release)
{
	json_t *layers = json_array();

	for (uint32_t i = 0; i < release->layer_count; i++)
		json_array_append_new(layers, layer_to_json(view, &release->layers[i]));
	return cli_print_json(cli, json_pack("{s:o, s:o}", "release", json_release(release),
					     "layers", layers));
}

static int print(struct cli *cli, struct target *target, enum view_role role)
{
	struct mtdl_reason why = { 0 };
	const struct view_release *release;
	struct view view;
	int status = CLI_OK;

	if (target->ops->view(target, &view, &why))
		return cli_fail(cli, &why);
	release = role == VIEW_EXPOSED ? view_current(&view) : &view.releases[role];
	if (cli->json)
		status = print_as_json(cli, &view, release);
	else if (release->present)
		print_text(&view, release);
	else
		status = cli_error(cli, "%s: there is no %s release: apply one first", view.name,
				   role_name(role));
	view_free(&view);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "release", required_argument, NULL, OPT_RELEASE },
		{ 0 }
	};
	enum view_role role = VIEW_EXPOSED;
	struct mtdl_reason why = { 0 };
	struct target *target;
	int opt, status;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt != OPT_RELEASE)
			return cli->status;
		if (role_parse(optarg, &role, &why))
			return cli_usage(cli, "%s", why.text);
	}
	if (optind < argc)
		return cli_usage(cli, "list takes no argument: %s", argv[optind]);
	target = target_open(cli->device, false, &why);
	if (!target)
		return cli_fail(cli, &why);
	status = print(cli, target, role);
	target->ops->close(target);
	return status;
}

const struct command cmd_list = {
	.name = "list",
	.summary = "List the layers of a release on a device",
	.usage = "[--release active|candidate|exposed]",
	.help =
	"Per layer: preset address and slot, size, blocks, of these away from home, of these\n"
	"beyond the slot, root digest, its MTD device, and the layout's policies.\n"
	"\n"
	"      --release WHICH   active, candidate or exposed (default: the one that is exposed)\n",
	.run = run,
};

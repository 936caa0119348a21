// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl format: an empty layer table on a flash.
 *
 * With --json: {"formatted", "compatible", "uuid", "flash_size", "block_size",
 * "block_count", "table": {"offset", "size", "unit_size"}}.
 */
#include "layerctl.h"
#include "lib/json.h"
#include "lib/setup.h"
#include "lib/size.h"

enum { OPT_FORCE = CLI_LONG };

static int parse_options(struct cli *cli, struct setup *setup, bool *force, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		SETUP_OPTIONS,
		{ "force", no_argument, NULL, OPT_FORCE },
		{ 0 }
	};
	struct mtdl_reason why = { 0 };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		int err = 0;

		if (opt == CLI_STOP)
			return cli->status;
		if (opt == OPT_FORCE)
			*force = true;
		else
			err = setup_option(setup, opt, optarg, &why);
		if (err)
			return cli_usage(cli, "%s", why.text);
	}
	if (optind < argc)
		return cli_usage(cli, "format takes no argument: %s", argv[optind]);
	if (!setup->layout_path)
		return cli_usage(cli, "format needs --layout: the device tree with the table area");
	if (!cli->device)
		return cli_usage(cli, "format needs -d: a flash image file, or the character device of an MTD");
	return -1;
}

static int report(struct cli *cli)
{
	struct mtdl_reason why = { 0 };
	struct target *target = target_open(cli->device, false, &why);
	char uuid[UUID_TEXT], size[SIZE_TEXT], block[SIZE_TEXT];
	struct view view;
	int status = CLI_OK;

	if (!target)
		return cli_fail(cli, &why);
	if (target->ops->view(target, &view, &why)) {
		target->ops->close(target);
		return cli_fail(cli, &why);
	}
	uuid_text(view.uuid, uuid);
	if (cli->json)
		status = cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:{s:o, s:o, s:o}}",
			"formatted", cli->device, "compatible", view.compatible, "uuid", uuid,
			"flash_size", json_number(view.flash_size),
			"block_size", json_number(view.block_size),
			"block_count", json_number(view.block_count), "table",
			"offset", json_number((uint64_t)view.table_start * view.block_size),
			"size", json_number((uint64_t)view.table_blocks * view.block_size),
			"unit_size", json_number(view.unit_size)));
	else
		printf("%s: formatted for %s, %s in %u blocks of %s\n", cli->device,
		       view.compatible, size_text(view.flash_size, size), view.block_count,
		       size_text(view.block_size, block));
	view_free(&view);
	target->ops->close(target);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct setup setup = { 0 };
	struct mtdl_reason why = { 0 };
	bool force = false;
	int status = parse_options(cli, &setup, &force, argc, argv);

	if (status >= 0)
		return status;
	if (setup_prepare(&setup, &why) || setup_flash(&setup, cli->device, force, &why))
		return cli_fail(cli, &why);
	return report(cli);
}

const struct command cmd_format = {
	.name = "format",
	.summary = "Put an empty layer table on a flash",
	.usage = "--layout BOARD.dts [OPTIONS]",
	.help =
	"A file is made, all erased, if there is none. An existing file must have the\n"
	"given size; only its table area is written. -d must name a file, or the character\n"
	"device of an MTD (/dev/mtdN) that is not attached.\n"
	"\n"
	"      --layout FILE     device tree with the table area and the layers\n"
	"      --size N          bytes of the flash (files only, as the next two)\n"
	"      --erasesize N     bytes of an eraseblock\n"
	"      --writesize N     bytes that are programmed at least: 1 for most NOR, a page\n"
	"                        for NAND\n"
	"      --block-size N    bytes of a block, the unit of mapping (default: the layout's,\n"
	"                        or the erase size, at least 64K)\n"
	"      --uuid UUID       of the format (default: random)\n"
	"      --reserve N       of 1024 blocks, how many are kept for others that go bad\n"
	"                        (default: 20, rounded up)\n"
	"      --force           although there is a layer table already\n",
	.run = run,
};

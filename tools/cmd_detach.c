// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl detach: take an MTD device back from the kernel module.
 *
 * With --json: {"device": "mtdlayer0"}.
 */
#include <stdio.h>

#include "layerctl.h"
#include "lib/control.h"
#include "lib/view_kernel.h"

static int detach(struct cli *cli, const char *device)
{
	struct mtdl_reason why = { 0 };
	uint32_t index;
	char name[32];

	if (kernel_target_index(device, &index, &why))
		return cli_usage(cli, "%s", why.text);
	if (control_detach(index, &why))
		return cli_fail(cli, &why);
	if (!cli->json)
		return CLI_OK;
	snprintf(name, sizeof(name), "mtdlayer%u", index);
	return cli_print_json(cli, json_pack("{s:s}", "device", name));
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_OPTIONS, { 0 } };
	const char *device;

	while (cli_getopt(cli, argc, argv, CLI_SHORT, options) != -1)
		return cli->status;
	device = cli->device;
	if (optind < argc && !device)
		device = argv[optind++];
	if (optind != argc)
		return cli_usage(cli, "detach takes one device, as its argument or with -d");
	return detach(cli, device ? device : "mtdlayer0");
}

const struct command cmd_detach = {
	.name = "detach",
	.summary = "Take an MTD device back from the kernel module",
	.usage = "[mtdlayerN]",
	.help =
		"Refused while a layer is mounted or open. Nothing is lost: what is staged stays\n"
		"staged, and attaching again goes on from there.\n",
	.run = run,
};

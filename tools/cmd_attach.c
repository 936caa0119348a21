// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl attach: give an MTD device to the kernel module.
 *
 * With --json: {"device": "mtdlayer0", "index": 0}.
 */
#include <ctype.h>
#include <stdio.h>

#include "layerctl.h"
#include "lib/control.h"
#include "lib/size.h"

enum {
	OPT_TABLE_OFFSET = CLI_LONG,
};

/* "mtd3" and "/dev/mtd3" are a number, everything else is an MTD device's name. */
static int parse_mtd(const char *text, struct mtdlayer_attach *request, struct mtdl_reason *why)
{
	const char *digits = !strncmp(text, "/dev/", 5) ? text + 5 : text;
	uint32_t number;

	request->mtd = -1;
	if (!strncmp(digits, "mtd", 3) && isdigit((unsigned char)digits[3])) {
		int err = number_parse(digits + 3, text, 0, INT32_MAX, &number, why);

		if (!err)
			request->mtd = (int32_t)number;
		return err;
	}
	if (!*text || strlen(text) >= sizeof(request->name))
		return mtdl_fail(why, -EINVAL, "\"%s\" is not the name of an MTD device: give mtdN, or a name of 1 to %u characters from /proc/mtd",
				 text, MTDLAYER_MTD_NAME_SIZE - 1);
	strcpy(request->name, text);
	return 0;
}

static int attach(struct cli *cli, struct mtdlayer_attach *request)
{
	struct mtdl_reason why = { 0 };
	char name[32];

	if (control_attach(request, &why))
		return cli_fail(cli, &why);
	snprintf(name, sizeof(name), "mtdlayer%u", request->index);
	if (cli->json)
		return cli_print_json(cli, json_pack("{s:s, s:I}", "device", name, "index",
						     (json_int_t)request->index));
	puts(name);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "table-offset", required_argument, NULL, OPT_TABLE_OFFSET },
		{ 0 }
	};
	struct mtdlayer_attach request = { 0 };
	struct mtdl_reason why = { 0 };
	uint64_t offset;
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == CLI_STOP)
			return cli->status;
		if (size_parse(optarg, "--table-offset", &offset, &why))
			return cli_usage(cli, "%s", why.text);
		request.table_offset = offset;
	}
	if (argc - optind != 1 || cli->device)
		return cli_usage(cli, "attach takes one argument, the MTD device to attach (mtd0, or its name), and no -d");
	if (parse_mtd(argv[optind], &request, &why))
		return cli_usage(cli, "%s", why.text);
	return attach(cli, &request);
}

const struct command cmd_attach = {
	.name = "attach",
	.summary = "Give an MTD device to the kernel module, which then exposes its layers",
	.usage = "[--table-offset SIZE] MTD",
	.help =
		"MTD is mtdN, /dev/mtdN or the MTD device's name in /proc/mtd. Prints the name of\n"
		"the attached device (mtdlayer0). Loads the kernel module if it is missing, writes\n"
		"nothing to the flash and counts no boot attempt: `layerctl boot` does that.\n"
		"\n"
		"      --table-offset SIZE  search the layer table from this byte on; 0 if not given\n",
	.run = run,
};

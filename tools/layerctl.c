// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl: pack releases, put them on layered flash, and look at it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layerctl.h"

static const struct command *const commands[] = {
	&cmd_format,
	&cmd_mkimage,
	&cmd_pack,
	&cmd_inspect,
	&cmd_apply,
	&cmd_status,
	&cmd_list,
	&cmd_map,
	&cmd_verify,
	&cmd_read,
	&cmd_boot,
	&cmd_confirm,
	&cmd_rollback,
	&cmd_settle,
	&cmd_abort,
	&cmd_recover,
	&cmd_attach,
	&cmd_detach,
	&cmd_monitor,
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static const char common_help[] =
	"Every command also takes:\n"
	"  -d, --device TARGET  mtdlayerN (mtdlayer0 if not given), or a flash image file,\n"
	"                       or the character device of an MTD that is not attached\n"
	"      --json           answer in JSON on standard output\n"
	"  -h, --help           this text\n";

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static void print_overview(FILE *out)
{
	fprintf(out, "usage: layerctl [-d TARGET] [--json] COMMAND [ARGUMENTS]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\n%s\n", common_help);
	fprintf(out, "`layerctl help COMMAND` explains one. Exit status: 0 done, 1 failed, 2 usage.\n");
}

static void print_help(const struct command *command)
{
	printf("usage: layerctl [-d TARGET] %s%s%s\n\n%s.\n\n%s%s%s",
	       command->name, *command->usage ? " " : "", command->usage,
	       command->summary, command->help, *command->help ? "\n" : "", common_help);
}

/* One line, whatever names and file contents went into the sentence. */
static void print_sentence(const char *what, const char *text)
{
	fprintf(stderr, "layerctl: %s", what);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
	fputc('\n', stderr);
}

static void print_error(const struct cli *cli, const char *text)
{
	print_sentence("", text);
	if (cli->json) {
		json_t *object = json_pack("{s:s}", "error", text);

		if (!object)	/* not UTF-8 */
			object = json_pack("{s:s}", "error", "see standard error");
		cli_print_json(cli, object);
	}
}

int cli_fail(const struct cli *cli, const struct mtdl_reason *why)
{
	print_error(cli, *why->text ? why->text : "failed without a reason");
	return CLI_FAILED;
}

int cli_error(const struct cli *cli, const char *fmt, ...)
{
	char text[2 * MTDL_REASON_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_error(cli, text);
	return CLI_FAILED;
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	char text[2 * MTDL_REASON_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_error(cli, text);
	if (cli->command)
		fprintf(stderr, "usage: layerctl [-d TARGET] %s%s%s\n", cli->command->name,
			*cli->command->usage ? " " : "", cli->command->usage);
	else
		fprintf(stderr, "`layerctl help` lists the commands\n");
	return CLI_USAGE;
}

void cli_note(const char *fmt, ...)
{
	char text[2 * MTDL_REASON_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_sentence("", text);
}

int cli_print_json(const struct cli *cli, json_t *object)
{
	int err = -1;

	if (object) {
		err = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		json_decref(object);
	}
	if (err) {
		print_sentence("", "the answer cannot be written as JSON (no memory, or text that is not UTF-8)");
		return CLI_FAILED;
	}
	putchar('\n');
	(void)cli;
	return CLI_OK;
}

/* Takes one of the options that all commands share; 0: it is another one. */
static int take_common(struct cli *cli, int opt, char **argv)
{
	switch (opt) {
	case 'd':
		cli->device = optarg;
		return 1;
	case CLI_JSON:
		cli->json = true;
		return 1;
	case 'h':
		if (cli->command)
			print_help(cli->command);
		else
			print_overview(stdout);
		cli->status = CLI_OK;
		return CLI_STOP;
	case ':':
		cli->status = cli_usage(cli, "%s needs a value", argv[optind - 1]);
		return CLI_STOP;
	case '?':
		if (optopt && optopt < CLI_JSON && argv[optind - 1][1] != '-')
			cli->status = cli_usage(cli, "there is no option -%c", optopt);
		else if (optopt)
			cli->status = cli_usage(cli, "%s takes no value", argv[optind - 1]);
		else
			cli->status = cli_usage(cli, "there is no option %s, or it is ambiguous",
						argv[optind - 1]);
		return CLI_STOP;
	default:
		return 0;
	}
}

int cli_getopt(struct cli *cli, int argc, char **argv, const char *short_options,
	       const struct option *long_options)
{
	char options[64];

	/* the colon tells a missing value from an unknown option */
	snprintf(options, sizeof(options), ":%s", short_options);
	for (;;) {
		int opt = getopt_long(argc, argv, options, long_options, NULL);
		int taken = opt < 0 ? 0 : take_common(cli, opt, argv);

		if (!taken)
			return opt;
		if (taken == CLI_STOP)
			return CLI_STOP;
	}
}

static int run_help(struct cli *cli, int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_overview(stdout);
		return CLI_OK;
	}
	command = find_command(argv[1]);
	if (!command)
		return cli_usage(cli, "there is no command %s", argv[1]);
	print_help(command);
	return CLI_OK;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	if (!strcmp(argv[0], "help"))
		return run_help(cli, argc, argv);
	cli->command = find_command(argv[0]);
	if (!cli->command)
		return cli_usage(cli, "there is no command %s", argv[0]);
	/* 0, not 1: getopt must forget where it stood in the outer vector */
	optind = 0;
	return cli->command->run(cli, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	struct cli cli = { 0 };
	int opt, status;

	opterr = 0;
	/* the plus ends the options at the command's name */
	while ((opt = getopt_long(argc, argv, "+:" CLI_SHORT "V", options, NULL)) != -1) {
		if (opt == 'V') {
			printf("layerctl %s\n", LAYERCTL_VERSION);
			return CLI_OK;
		}
		if (take_common(&cli, opt, argv) == CLI_STOP)
			return cli.status;
	}
	if (optind >= argc) {
		print_overview(stderr);
		return CLI_USAGE;
	}
	status = run_command(&cli, argc - optind, argv + optind);
	if (fflush(stdout) || ferror(stdout)) {
		cli_note("standard output cannot be written: %s", strerror(errno));
		return CLI_FAILED;
	}
	return status;
}

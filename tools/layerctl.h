/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands of layerctl share: how they are called, read their options and end.
 */
#ifndef LAYERCTL_H
#define LAYERCTL_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

#include "../kmod/core/reason.h"

#define LAYERCTL_VERSION	"0.1"

/* Exit statuses of every command. */
#define CLI_OK		0
#define CLI_FAILED	1
#define CLI_USAGE	2

struct command;

/**
 * struct cli - one call of layerctl
 * @command: which is run
 * @device: argument of -d, or NULL: mtdlayer0
 * @json: answer in JSON on standard output
 * @status: exit status to end with when cli_getopt() returned CLI_STOP
 */
struct cli {
	const struct command *command;
	const char *device;
	bool json;
	int status;
};

/**
 * struct command - one command: defined in cmd_<name>.c, listed in layerctl.c
 * @name: what is typed
 * @summary: one line for the list of commands
 * @usage: arguments as one line, without "layerctl" and the name
 * @help: what it does, and its options: whole lines
 * @run: @argv[0] is the command's name; returns an exit status
 */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	const char *help;
	int (*run)(struct cli *cli, int argc, char **argv);
};

extern const struct command cmd_abort;
extern const struct command cmd_apply;
extern const struct command cmd_attach;
extern const struct command cmd_boot;
extern const struct command cmd_confirm;
extern const struct command cmd_detach;
extern const struct command cmd_format;
extern const struct command cmd_inspect;
extern const struct command cmd_list;
extern const struct command cmd_map;
extern const struct command cmd_mkimage;
extern const struct command cmd_monitor;
extern const struct command cmd_pack;
extern const struct command cmd_read;
extern const struct command cmd_recover;
extern const struct command cmd_rollback;
extern const struct command cmd_settle;
extern const struct command cmd_status;
extern const struct command cmd_verify;

/* Values of options without a letter begin here in every command. */
#define CLI_LONG	256
#define CLI_JSON	255	/* --json, handled by cli_getopt() */
#define CLI_STOP	254	/* cli_getopt(): end with cli->status */

/* What every command takes; the first rows of each command's option table. */
#define CLI_OPTIONS \
	{ "device", required_argument, NULL, 'd' }, \
	{ "json", no_argument, NULL, CLI_JSON }, \
	{ "help", no_argument, NULL, 'h' }
#define CLI_SHORT	"d:h"

/**
 * cli_getopt() - the next option of the command itself
 * @cli: takes -d, --json
 * @argc: as @run got it
 * @argv: as @run got it
 * @short_options: begins with CLI_SHORT
 * @long_options: begins with CLI_OPTIONS
 *
 * Handles the common options, prints the help, and reports what it does not know.
 *
 * Return: the option's letter or value, -1 when none is left (optind: the first
 * argument), or CLI_STOP: end with @cli->status.
 */
int cli_getopt(struct cli *cli, int argc, char **argv, const char *short_options,
	       const struct option *long_options);

/** cli_fail() - print why the command failed; returns CLI_FAILED */
int cli_fail(const struct cli *cli, const struct mtdl_reason *why);

/** cli_error() - the same with a sentence of one's own; returns CLI_FAILED */
__printf(2, 3)
int cli_error(const struct cli *cli, const char *fmt, ...);

/** cli_usage() - print what is wrong with the arguments; returns CLI_USAGE */
__printf(2, 3)
int cli_usage(const struct cli *cli, const char *fmt, ...);

/** cli_note() - a line on standard error that is no error, "layerctl: ..." */
__printf(1, 2)
void cli_note(const char *fmt, ...);

/** cli_print_json() - print @object as the answer and free it; returns CLI_OK or CLI_FAILED */
int cli_print_json(const struct cli *cli, json_t *object);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands that only change a device's state have in common.
 */
#ifndef LAYERCTL_CHANGE_H
#define LAYERCTL_CHANGE_H

#include "layerctl.h"
#include "lib/view.h"

/**
 * change_open() - read the options (only the common ones), open the target for changes
 * @cli: with @cli->status set when NULL is returned
 * @argc: as the command got it; no arguments are allowed
 * @argv: as the command got it
 * @view: filled in: the state before; to be given to view_free()
 *
 * Return: the target, or NULL: end with @cli->status.
 */
struct target *change_open(struct cli *cli, int argc, char **argv, struct view *view);

/**
 * change_close() - say how it ended
 * @cli: this call
 * @target: from change_open(); closed
 * @view: from change_open(); freed
 * @err: what the operation returned
 * @why: its reason
 * @sentence: what to print on success
 *
 * With --json, prints {"changed": "...", "state", "active", "candidate", "exposed"}
 * as they are now, with the sentence as "changed".
 *
 * Return: an exit status.
 */
int change_close(struct cli *cli, struct target *target, struct view *view, int err,
		 const struct mtdl_reason *why, const char *sentence);

#endif

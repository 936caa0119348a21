/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a device in words.
 */
#ifndef LAYERCTL_STATUS_H
#define LAYERCTL_STATUS_H

#include "view.h"

#define STATUS_TEXT	1024	/* room for any sentence */

/**
 * status_sentence() - what state a device is in, what failed last, what can be done next
 * @view: of the device
 * @text: filled in: one sentence, its parts parted by semicolons
 *
 * Return: @text.
 */
const char *status_sentence(const struct view *view, char text[static STATUS_TEXT]);

/** status_outcome() - how the last candidate ended: "2.0 was rolled back"; returns @text */
const char *status_outcome(const struct mtdl_outcome *outcome, char text[static STATUS_TEXT]);

/** status_work() - what the device does by itself: "none", "settling" */
const char *status_work(const struct view *view);

/** status_next() - the commands that make sense now: "confirm, rollback" */
const char *status_next(const struct view *view);

#endif

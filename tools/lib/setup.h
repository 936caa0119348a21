/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatting: from options and a layout to an empty layer table.
 */
#ifndef LAYERCTL_SETUP_H
#define LAYERCTL_SETUP_H

#include <getopt.h>

#include "image.h"
#include "layout.h"

/**
 * struct setup - how a flash is to be formatted
 * @layout_path: device tree
 * @size: of a file; 0: not said (as the next two)
 * @erase_size: bytes
 * @write_size: bytes
 * @block_size: bytes; 0: the layout's, or the core's choice
 * @uuid: of the format
 * @uuid_given: or else it is chosen
 * @layout: read by setup_prepare()
 */
struct setup {
	const char *layout_path;
	uint64_t size;
	uint64_t erase_size;
	uint64_t write_size;
	uint64_t block_size;
	uint8_t uuid[16];
	bool uuid_given;
	struct layout layout;
};

/* Rows of an option table; their values are taken by setup_option(). */
#define SETUP_OPTION	400
#define SETUP_OPTIONS \
	{ "layout", required_argument, NULL, SETUP_OPTION }, \
	{ "size", required_argument, NULL, SETUP_OPTION + 1 }, \
	{ "erasesize", required_argument, NULL, SETUP_OPTION + 2 }, \
	{ "writesize", required_argument, NULL, SETUP_OPTION + 3 }, \
	{ "block-size", required_argument, NULL, SETUP_OPTION + 4 }, \
	{ "uuid", required_argument, NULL, SETUP_OPTION + 5 }

/** setup_option() - take one of SETUP_OPTIONS; 0, -EINVAL, or -ENOENT: it is none of them */
int setup_option(struct setup *setup, int option, const char *value, struct mtdl_reason *why);

/**
 * setup_prepare() - read the layout, check everything that needs no flash
 * @setup: with the options; --layout must have been given
 * @why: reason of a refusal
 *
 * Return: 0 or a negative errno.
 */
int setup_prepare(struct setup *setup, struct mtdl_reason *why);

/**
 * setup_flash() - format
 * @setup: prepared
 * @path: file or device, see image_create()
 * @force: although there is a layer table already
 * @why: reason of a refusal
 *
 * A file that this call made and could not format is removed again.
 *
 * Return: 0 or a negative errno.
 */
int setup_flash(struct setup *setup, const char *path, bool force, struct mtdl_reason *why);

#endif

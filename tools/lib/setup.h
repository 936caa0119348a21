/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatting: from options and a layout to an empty layer table.
 */
#ifndef LAYERCTL_SETUP_H
#define LAYERCTL_SETUP_H

#include <getopt.h>

#include "../../kmod/core/mtdl.h"
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
 * @reserve: as in struct mtdl_format_options
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
	uint32_t reserve;
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
	{ "uuid", required_argument, NULL, SETUP_OPTION + 5 }, \
	{ "reserve", required_argument, NULL, SETUP_OPTION + 6 }

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
 * setup_format_options() - what the core is told
 * @setup: with @layout, a random UUID is chosen if none was given
 * @options: filled in; its compatible is the setup's
 * @why: reason of a failure
 *
 * Return: 0, or -EIO (no random bytes).
 */
int setup_format_options(struct setup *setup, struct mtdl_format_options *options,
			 struct mtdl_reason *why);

/** setup_check_ends() - whether table and slots lie within @flash_size bytes; 0 or -EINVAL */
int setup_check_ends(const struct setup *setup, uint64_t flash_size, struct mtdl_reason *why);

/**
 * setup_has_table() - whether a layer table can be read on a flash
 * @image: open
 * @table_offset: where it would be searched for
 * @why: what else is there
 *
 * Return: 1, 0 (none, or nothing but ruins of one), or an error of mtdl_attach() with
 * its reason: there is one that this program cannot read, but another may.
 */
int setup_has_table(struct image *image, uint64_t table_offset, struct mtdl_reason *why);

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

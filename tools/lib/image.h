/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flash without the module: an image file, or an MTD through its character device.
 */
#ifndef LAYERCTL_IMAGE_H
#define LAYERCTL_IMAGE_H

#include "../../kmod/core/flash.h"
#include "../../kmod/core/reason.h"

/**
 * struct image - an open flash
 * @flash: for the core; first, so that operations find the rest
 * @path: as given
 * @fd: open for reading, and for writing if asked for
 * @mtd: number of the MTD device, or -1: a file
 * @table_offset: byte where the search for the table is to begin
 * @ecc: the device counts corrected bits
 * @made: image_create() made the file
 */
struct image {
	struct mtdl_flash flash;
	char *path;
	int fd;
	int mtd;
	uint64_t table_offset;
	bool ecc;
	bool made;
};

/** struct image_geometry - what an empty flash looks like; zeros: not said */
struct image_geometry {
	uint64_t size;
	uint32_t erase_size;
	uint32_t write_size;
};

/**
 * image_open() - open a formatted flash
 * @image: filled in
 * @path: image file, or character device of an MTD
 * @write: for changes too; then nobody else may
 * @why: reason of a refusal
 *
 * A file's geometry is found in its layer table, wherever that is.
 *
 * Return: 0, -ENODATA (a file without a layer table), -EBUSY (another program is
 * writing), -EINVAL (a device that cannot carry layers), or an error of the file system.
 */
int image_open(struct image *image, const char *path, bool write, struct mtdl_reason *why);

/**
 * image_create() - open a flash that is to be formatted
 * @image: filled in
 * @path: image file (made, all erased, if there is none) or character device
 * @geometry: of the file; a device knows its own, which must not differ
 * @force: although there is a layer table already
 * @why: reason of a refusal
 *
 * Return: 0, -EEXIST (formatted already), -EINVAL, -EBUSY, or an error of the file system.
 */
int image_create(struct image *image, const char *path, const struct image_geometry *geometry,
		 bool force, struct mtdl_reason *why);

/**
 * image_open_lost() - open a flash whose layer table is lost, for changes
 * @image: filled in; @table_offset is 0 if no part of a table was found
 * @path: image file, or character device of an MTD
 * @geometry: of the file; where it says nothing, what is left of a table tells; a device
 *	knows its own, which must not differ
 * @why: reason of a refusal
 *
 * Return: 0, -EINVAL, -EBUSY, or an error of the file system.
 */
int image_open_lost(struct image *image, const char *path, const struct image_geometry *geometry,
		    struct mtdl_reason *why);

/** image_sync() - what was written is on the disk; 0 or a negative errno */
int image_sync(struct image *image, struct mtdl_reason *why);

/** image_close() - also after a failed open */
void image_close(struct image *image);

/* ---- between image.c, image_probe.c and mtdchar.c ---- */

/** image_lock() - be the only writer, the kernel included; -EBUSY if there is one */
int image_lock(struct image *image, struct mtdl_reason *why);

/**
 * image_probe() - find the geometry of a file by the layer table in it
 * @image: with @fd and @path; geometry and @table_offset are filled in
 * @size: bytes of the file
 * @why: reason of a failure
 *
 * Return: 0, -ENODATA (no layer table) or an error of the file system.
 */
int image_probe(struct image *image, uint64_t size, struct mtdl_reason *why);

/** mtdchar_setup() - take geometry and operations of the MTD device in image->fd */
int mtdchar_setup(struct image *image, struct mtdl_reason *why);

#endif

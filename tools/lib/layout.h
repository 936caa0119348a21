/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a board's flash: preset addresses, slots and policies of its
 * layers, read from a device tree.
 */
#ifndef LAYERCTL_LAYOUT_H
#define LAYERCTL_LAYOUT_H

#include "../../kmod/core/media.h"
#include "../../kmod/core/reason.h"

/** struct layout_layer - a layer@ node */
struct layout_layer {
	char name[MTDL_NAME_SIZE + 1];
	uint64_t address;	/* bytes, from the partition's start */
	uint64_t capacity;
	uint32_t policy;	/* MTDL_POLICY_* */
};

/**
 * struct layout - what a device tree says about one flash
 * @compatible: the board: first string of the root's compatible
 * @size: bytes of the partition, from its reg; 0 if it has none
 * @block_size: 0 if the device tree leaves it open
 * @table_offset: bytes
 * @table_size: bytes
 * @layer_count: layers
 * @layers: in the device tree's order
 */
struct layout {
	char compatible[MTDL_COMPATIBLE_SIZE + 1];
	uint64_t size;
	uint32_t block_size;
	uint64_t table_offset;
	uint64_t table_size;
	uint32_t layer_count;
	struct layout_layer layers[MTDL_LAYERS_MAX];
};

/**
 * layout_read() - read and check a layout
 * @layout: filled in
 * @path: a device tree, source (.dts; compiled by dtc) or binary
 * @why: reason of a refusal: names node, property, value and limit
 *
 * Return: 0, -EINVAL (mistakes), -ENOENT and the like (files), -ENOMEM.
 */
int layout_read(struct layout *layout, const char *path, struct mtdl_reason *why);

/**
 * layout_block_size() - settle on a block size, and check the slots against it
 * @layout: read
 * @wanted: what was asked for; 0: what the layout says
 * @block_size: filled in; 0 if neither says anything
 * @why: reason of a refusal
 *
 * Return: 0 or -EINVAL.
 */
int layout_block_size(const struct layout *layout, uint32_t wanted, uint32_t *block_size,
		      struct mtdl_reason *why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device tree in memory, from a binary or, through dtc, from its source.
 */
#ifndef LAYERCTL_DTB_H
#define LAYERCTL_DTB_H

#include "../../kmod/core/reason.h"

/**
 * dtb_load() - load a device tree and check its structure
 * @fdt: filled in: to be given to free()
 * @path: .dts or .dtb
 * @why: reason of a failure
 *
 * Return: 0, -EINVAL (not a device tree), an error of the file system, or -ENOMEM.
 */
int dtb_load(void **fdt, const char *path, struct mtdl_reason *why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the kernel module drives an MTD device, so that nobody else does.
 */
#ifndef LAYERCTL_ATTACHED_H
#define LAYERCTL_ATTACHED_H

#include "../../kmod/core/reason.h"

/**
 * attached_refuse() - refuse to write to a device that the module has attached
 * @path: what the device was called
 * @mtd: its number
 * @why: reason of a refusal: names the mtdlayerN to use instead
 *
 * MTD devices cannot be opened exclusively, so this asks the module; it is not
 * loaded for that.
 *
 * Return: 0, -EBUSY, or an error of the question.
 */
int attached_refuse(const char *path, int mtd, struct mtdl_reason *why);

#endif

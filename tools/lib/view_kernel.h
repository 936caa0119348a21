/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells about a device, put together as a view.
 */
#ifndef LAYERCTL_VIEW_KERNEL_H
#define LAYERCTL_VIEW_KERNEL_H

#include "netlink.h"
#include "target.h"

/**
 * view_from_kernel() - ask for a device, its layers and its extents
 * @netlink: from netlink_open()
 * @index: the N of mtdlayerN
 * @view: filled in; view_free() it after success
 * @why: reason of a failure
 *
 * Asks again when the device changed between the questions.
 *
 * Return: 0, -ENODEV (not attached), -EAGAIN (it never stood still), or another error.
 */
int view_from_kernel(struct netlink *netlink, uint32_t index, struct view *view,
		     struct mtdl_reason *why);

/**
 * kernel_target_index() - the N of "mtdlayerN" or "/dev/mtdlayerN"
 * @name: what was typed
 * @index: filled in
 * @why: reason of a refusal
 *
 * Return: 0 or -EINVAL.
 */
int kernel_target_index(const char *name, uint32_t *index, struct mtdl_reason *why);

#endif

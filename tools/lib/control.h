/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/mtdlayer-control: attaches MTD devices and detaches them.
 */
#ifndef LAYERCTL_CONTROL_H
#define LAYERCTL_CONTROL_H

#include "../../kmod/core/reason.h"
#include "../../kmod/uapi/linux/mtdlayer.h"

/**
 * control_attach() - attach an MTD device; loads the kernel module if it is missing
 * @request: what to attach; its index is filled in
 * @why: reason of a failure
 *
 * Return: 0 or a negative errno.
 */
int control_attach(struct mtdlayer_attach *request, struct mtdl_reason *why);

/** control_detach() - detach mtdlayer@index; 0 or a negative errno */
int control_detach(uint32_t index, struct mtdl_reason *why);

#endif

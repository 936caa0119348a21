/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel module, loaded when it is first needed.
 */
#ifndef LAYERCTL_MODULE_H
#define LAYERCTL_MODULE_H

#include "../../kmod/core/reason.h"

/**
 * module_load() - load mtdlayer.ko and what it needs, as modprobe would
 * @why: reason of a failure: which file, and what to do
 *
 * Return: 0 (also when it is loaded or built in), -ENOENT (not installed),
 * -EPERM, or what the kernel said.
 */
int module_load(struct mtdl_reason *why);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each layer of the exposed release as a read-only MTD device.
 */
#ifndef MTDLAYER_EXPORT_H
#define MTDLAYER_EXPORT_H

#include <linux/types.h>

#include "core/reason.h"

struct mtd_info;
struct mtdlayer_device;
struct mtdlayer_export;

/**
 * mtdlayer_export_sync() - register the layers of the release that the core exposes
 * @dev: its lock is held; not in an SRCU section
 * @why: reason of a failure
 *
 * Does nothing if they are registered already.  What exposes another release closes
 * the export first.
 *
 * Return: 0 (also if nothing is exposed), -ENOMEM, -EROFS (the release is not recorded on
 * flash), or an error of mtdl_load_manifest().
 */
int mtdlayer_export_sync(struct mtdlayer_device *dev, struct mtdl_reason *why);

/**
 * mtdlayer_export_close() - unregister all layers
 * @dev: its lock is held
 * @why: names the layer that is in use
 *
 * Once it has succeeded, nobody reads the release any more, and the blocks that only
 * it uses may be reused.  If a layer is in use although the parent is gone, the last
 * one that is given back calls mtdlayer_device_reap().
 *
 * Return: 0 or -EBUSY.
 */
int mtdlayer_export_close(struct mtdlayer_device *dev, struct mtdl_reason *why);

/** mtdlayer_export_mtd() - number of the MTD device of layer @layer, or -1; @dev is locked */
int mtdlayer_export_mtd(struct mtdlayer_device *dev, u32 layer);

/** mtdlayer_export_is_layer() - whether @mtd is one that mtdlayer_export_sync() registered */
bool mtdlayer_export_is_layer(const struct mtd_info *mtd);

#endif

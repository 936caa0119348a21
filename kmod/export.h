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

/**
 * mtdlayer_export_follow() - have readers look where the blocks have been moved
 * @dev: its lock is held; not in an SRCU section
 * @why: reason of a failure
 *
 * Readers are not disturbed.  When it has succeeded, nobody looks where the blocks were
 * before, and the core may use these again.
 *
 * Return: 0 (also if nothing was moved) or -ENOMEM.
 */
int mtdlayer_export_follow(struct mtdlayer_device *dev, struct mtdl_reason *why);

/**
 * mtdlayer_export_bar() - let nobody open a layer that is to be written over
 * @dev: its lock is held
 * @name: of the layer; one that is not exposed is fine
 * @why: reason of a refusal
 *
 * Return: 0 or -EBUSY (it is open).
 */
int mtdlayer_export_bar(struct mtdlayer_device *dev, const char *name, struct mtdl_reason *why);

/** mtdlayer_export_unbar() - let all layers be opened again; @dev is locked */
void mtdlayer_export_unbar(struct mtdlayer_device *dev);

/** mtdlayer_export_mtd() - number of the MTD device of layer @layer, or -1; @dev is locked */
int mtdlayer_export_mtd(struct mtdlayer_device *dev, u32 layer);

/** mtdlayer_export_is_layer() - whether @mtd is one that mtdlayer_export_sync() registered */
bool mtdlayer_export_is_layer(const struct mtd_info *mtd);

#endif

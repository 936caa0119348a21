/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of /dev/mtdlayer-control and of /dev/mtdlayerN.
 */
#ifndef MTDLAYER_CONTROL_H
#define MTDLAYER_CONTROL_H

struct cdev;
struct mtdl_reason;
struct mtdlayer_device;

/** mtdlayer_session_refuse() - -EBUSY and who owns @dev, 0 if nobody; its lock is held */
int mtdlayer_session_refuse(struct mtdlayer_device *dev, struct mtdl_reason *why);

/** mtdlayer_control_init() - make @cdev, which is part of a device, a /dev/mtdlayerN */
void mtdlayer_control_init(struct cdev *cdev);

/** mtdlayer_control_setup() - make /dev/mtdlayer-control; 0 or a negative errno */
int mtdlayer_control_setup(void);

/** mtdlayer_control_cleanup() - undo mtdlayer_control_setup() */
void mtdlayer_control_cleanup(void);

#endif

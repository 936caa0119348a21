/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls that keep what is installed in good order.
 */
#ifndef MTDLAYER_UPKEEP_H
#define MTDLAYER_UPKEEP_H

#include <linux/mtdlayer.h>

struct mtdl_reason;
struct mtdlayer_session;

/** mtdlayer_ioctl_settle() - MTDLAYER_IOC_SETTLE */
int mtdlayer_ioctl_settle(struct mtdlayer_session *session, struct mtdlayer_settle *arg,
			  struct mtdl_reason *why);

/** mtdlayer_ioctl_verify() - MTDLAYER_IOC_VERIFY */
int mtdlayer_ioctl_verify(struct mtdlayer_session *session, struct mtdlayer_verify *arg,
			  struct mtdl_reason *why);

/** mtdlayer_ioctl_scrub() - MTDLAYER_IOC_SCRUB */
int mtdlayer_ioctl_scrub(struct mtdlayer_session *session, struct mtdlayer_scrub *arg,
			 struct mtdl_reason *why);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: what can be observed.
 */
#ifndef MTDLAYER_NETLINK_H
#define MTDLAYER_NETLINK_H

#include <linux/gfp.h>
#include <linux/types.h>
#include <linux/mtdlayer.h>

/**
 * mtdlayer_netlink_event() - tell whoever listens
 * @index: of the device
 * @event: which; not an enum mtdl_event, whose numbers differ
 * @a: what the event says, as in enum mtdl_event; WORK_FAILED: a positive errno
 * @b: the same
 * @gfp: how memory may be had; without memory the event is lost, and listeners are told
 *
 * Not for VERIFY_FAILED, which has to say of which release it is.
 */
void mtdlayer_netlink_event(u32 index, enum mtdlayer_event event, u32 a, u32 b, gfp_t gfp);

/**
 * mtdlayer_netlink_verify_failed() - tell that a block is not what the manifest names
 * @index: of the device
 * @release: whose block it is
 * @layer: index in that release
 * @block: logical block
 * @gfp: as for mtdlayer_netlink_event()
 */
void mtdlayer_netlink_verify_failed(u32 index, enum mtdlayer_release release, u32 layer,
				    u32 block, gfp_t gfp);

/** mtdlayer_netlink_setup() - register the family; 0 or a negative errno */
int mtdlayer_netlink_setup(void);

/** mtdlayer_netlink_cleanup() - undo mtdlayer_netlink_setup() */
void mtdlayer_netlink_cleanup(void);

#endif

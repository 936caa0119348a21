/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernel versions that the module is built for
 * (5.10 and later), and nothing else.
 */
#ifndef MTDLAYER_COMPAT_H
#define MTDLAYER_COMPAT_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* 6.2 made the device of class.devnode() const. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define MTDLAYER_DEVNODE_CONST	const
#else
#define MTDLAYER_DEVNODE_CONST
#endif

/* 6.12 removed no_llseek(): to have no llseek() means the same since 6.0. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
#define MTDLAYER_NO_LLSEEK	NULL
#else
#define MTDLAYER_NO_LLSEEK	no_llseek
#endif

/* 6.7 put a whole struct genl_info into a dump's. */
static inline struct nlattr **mtdlayer_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return genl_dumpit_info(cb)->info.attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The core's world inside the Linux kernel.
 */
#ifndef MTDL_ENV_LINUX_H
#define MTDL_ENV_LINUX_H

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

/* Zeroed; manifests and maps of large flashes are too big for kmalloc(). */
static inline void *mtdl_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL);
}

static inline void mtdl_free(void *p)
{
	kvfree(p);
}

#define mtdl_vsnprintf	vsnprintf

static inline void mtdl_relax(void)
{
	cond_resched();
}

#include "../../hash.h"

#define mtdl_hash		mtdlayer_hash
#define mtdl_hash_init		mtdlayer_hash_init
#define mtdl_hash_update	mtdlayer_hash_update
#define mtdl_hash_final		mtdlayer_hash_final

#endif

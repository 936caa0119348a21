// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core's environment has out of line.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "core/env.h"

void *mtdl_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL);
}

void mtdl_free(void *p)
{
	kvfree(p);
}

void mtdl_relax(void)
{
	cond_resched();
}

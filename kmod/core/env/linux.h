/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The core's world inside the Linux kernel.
 *
 * What needs the kernel's larger headers is out of line, in kmod/env.c: the core's own
 * static names must not meet everything that they declare.
 */
#ifndef MTDL_ENV_LINUX_H
#define MTDL_ENV_LINUX_H

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

/* Zeroed; manifests and maps of large flashes may be too big to be contiguous. */
void *mtdl_alloc(size_t size);
void mtdl_free(void *p);

#define mtdl_vsnprintf	vsnprintf

void mtdl_relax(void);

#include "../../hash.h"

#define mtdl_hash		mtdlayer_hash
#define mtdl_hash_init		mtdlayer_hash_init
#define mtdl_hash_update	mtdlayer_hash_update
#define mtdl_hash_final		mtdlayer_hash_final

#endif

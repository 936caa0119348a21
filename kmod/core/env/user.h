/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The core's world in a userspace program.
 */
#ifndef MTDL_ENV_USER_H
#define MTDL_ENV_USER_H

#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define cpu_to_le16(x)	((__le16)htole16(x))
#define cpu_to_le32(x)	((__le32)htole32(x))
#define cpu_to_le64(x)	((__le64)htole64(x))
#define le16_to_cpu(x)	le16toh((uint16_t)(x))
#define le32_to_cpu(x)	le32toh((uint32_t)(x))
#define le64_to_cpu(x)	le64toh((uint64_t)(x))

#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

static inline void *mtdl_alloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

static inline void mtdl_free(void *p)
{
	free(p);
}

#define mtdl_vsnprintf	vsnprintf

static inline void mtdl_relax(void)
{
}

#include "../sha256.h"

#define mtdl_hash		mtdl_sha256
#define mtdl_hash_init		mtdl_sha256_init
#define mtdl_hash_update	mtdl_sha256_update
#define mtdl_hash_final		mtdl_sha256_final

#endif

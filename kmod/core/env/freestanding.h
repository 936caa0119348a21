/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The core's world in a boot loader: nothing but a compiler.
 *
 * The loader hands mtdl_arena_set() a piece of memory before it attaches.  What
 * attach, boot and read allocate comes from there and is given back all at once,
 * by setting the arena again.
 */
#ifndef MTDL_ENV_FREESTANDING_H
#define MTDL_ENV_FREESTANDING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uint8_t __u8;
typedef uint16_t __le16;
typedef uint32_t __le32;
typedef uint64_t __le64;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define cpu_to_le16(x)	((__le16)(x))
#define cpu_to_le32(x)	((__le32)(x))
#define cpu_to_le64(x)	((__le64)(x))
#else
#define cpu_to_le16(x)	((__le16)__builtin_bswap16(x))
#define cpu_to_le32(x)	((__le32)__builtin_bswap32(x))
#define cpu_to_le64(x)	((__le64)__builtin_bswap64(x))
#endif
#define le16_to_cpu(x)	cpu_to_le16(x)
#define le32_to_cpu(x)	cpu_to_le32(x)
#define le64_to_cpu(x)	cpu_to_le64(x)

/* errno values, as Linux has them */
#define EPERM		1
#define EIO		5
#define EAGAIN		11
#define ENOMEM		12
#define EBUSY		16
#define EEXIST		17
#define ENODEV		19
#define EINVAL		22
#define ENOSPC		28
#define EROFS		30
#define ENODATA		61
#define EBADMSG		74
#define EOPNOTSUPP	95
#define EALREADY	114
#define ESTALE		116
#define EUCLEAN		117

#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int with, size_t len);
int memcmp(const void *a, const void *b, size_t len);
int strcmp(const char *a, const char *b);
size_t strnlen(const char *text, size_t max);

/**
 * mtdl_arena_set() - give the core its memory, all of it free
 * @memory: aligned to 8 bytes
 * @size: bytes
 */
void mtdl_arena_set(void *memory, size_t size);

/** mtdl_alloc() - zeroed memory from the arena, or NULL */
void *mtdl_alloc(size_t size);

static inline void mtdl_free(void *p)
{
	(void)p;
}

/** mtdl_vsnprintf() - the formats that reason.h allows */
int mtdl_vsnprintf(char *to, size_t size, const char *fmt, va_list args);

static inline void mtdl_relax(void)
{
}

#include "../sha256.h"

#define mtdl_hash		mtdl_sha256
#define mtdl_hash_init		mtdl_sha256_init
#define mtdl_hash_update	mtdl_sha256_update
#define mtdl_hash_final		mtdl_sha256_final

#endif

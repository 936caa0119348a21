/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Small helpers that every environment lacks or names differently.
 */
#ifndef MTDL_UTIL_H
#define MTDL_UTIL_H

#include "env.h"

#define MTDL_NO_BLOCK	(~0U)

static inline bool mtdl_is_power_of_two(u64 x)
{
	return x && !(x & (x - 1));
}

static inline u32 mtdl_log2(u32 power_of_two)
{
	u32 shift = 0;

	while (power_of_two >>= 1)
		shift++;
	return shift;
}

/** mtdl_align() - round up to a multiple of @to, a power of two */
static inline u32 mtdl_align(u32 x, u32 to)
{
	return (x + to - 1) & ~(to - 1);
}

static inline bool mtdl_is_filled(const void *p, u8 with, size_t len)
{
	const u8 *bytes = p;

	/* if each byte is as the one before it, all are as the first */
	return !len || (bytes[0] == with && !memcmp(bytes, bytes + 1, len - 1));
}

/* Bitmaps are arrays of u32. */

static inline size_t mtdl_bitmap_words(u32 bits)
{
	return ((size_t)bits + 31) / 32;
}

static inline bool mtdl_bit(const u32 *map, u32 bit)
{
	return map[bit >> 5] >> (bit & 31) & 1;
}

static inline void mtdl_set_bit(u32 *map, u32 bit)
{
	map[bit >> 5] |= 1U << (bit & 31);
}

static inline void mtdl_clear_bit(u32 *map, u32 bit)
{
	map[bit >> 5] &= ~(1U << (bit & 31));
}

/**
 * mtdl_copy_text() - copy a NUL-padded field into a string
 * @to: @size + 1 bytes
 * @field: @size bytes
 * @size: of the field
 *
 * Return: whether nothing but NUL bytes follows the text.
 */
static inline bool mtdl_copy_text(char *to, const char *field, size_t size)
{
	size_t len = strnlen(field, size);

	memcpy(to, field, len);
	memset(to + len, 0, size + 1 - len);
	return mtdl_is_filled(field + len, 0, size - len);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Golden images read by the core as boot loaders link it: it has an arena for
 * its memory, and no check.
 */
#include "golden.h"

void mtdl_arena_set(void *memory, size_t size);

void golden_setup(void)
{
	static u64 arena[(1U << 20) / 8];

	mtdl_arena_set(arena, sizeof(arena));
}

const char *golden_check(struct mtdl *mtdl)
{
	(void)mtdl;
	return NULL;
}

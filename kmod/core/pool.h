/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The pool: which blocks are free, derived from what is in use, never stored.
 */
#ifndef MTDL_POOL_H
#define MTDL_POOL_H

#include "mtdl.h"

/**
 * struct mtdl_pool - free blocks at one moment
 * @used: bitmap: not free
 * @slots: bitmap: within a layer's slot: taken only when nothing else is left
 * @pinned: bitmap: within the slot of a pinned layer: never taken
 * @cursor: where the next search begins
 * @block_count: of the flash
 * @bad: blocks outside the table area that are bad or retired
 */
struct mtdl_pool {
	u32 *used;
	u32 *slots;
	u32 *pinned;
	u32 cursor;
	u32 block_count;
	u32 bad;
};

/**
 * mtdl_pool_init() - take stock
 * @pool: filled in; mtdl_pool_destroy() it, also after a failure
 * @mtdl: attached; the blocks of all its releases but @without count as used
 * @without: a release whose blocks are to be free, or NULL
 * @why: reason of a failure
 *
 * Return: 0, -ENOMEM or an error of the flash.
 */
int mtdl_pool_init(struct mtdl_pool *pool, struct mtdl *mtdl,
		   const struct mtdl_release *without, struct mtdl_reason *why);

/** mtdl_pool_destroy() - free what init took */
void mtdl_pool_destroy(struct mtdl_pool *pool);

/** mtdl_pool_add_slots() - keep the pool out of a release's slots */
void mtdl_pool_add_slots(struct mtdl_pool *pool, const struct mtdl_release *release);

/** mtdl_pool_use() - count all blocks of a release as used, but those of incomplete layers */
void mtdl_pool_use(struct mtdl_pool *pool, const struct mtdl_release *release);

/** mtdl_pool_take() - a free block (now used), next fit, or MTDL_NO_BLOCK */
u32 mtdl_pool_take(struct mtdl_pool *pool);

/** mtdl_pool_take_run() - @count free blocks in a row (now used): the first; or MTDL_NO_BLOCK */
u32 mtdl_pool_take_run(struct mtdl_pool *pool, u32 count);

/** mtdl_pool_reserve() - what is left of the reserve, bad blocks being taken off */
u32 mtdl_pool_reserve(const struct mtdl_pool *pool, const struct mtdl_geometry *geometry);

/** mtdl_pool_free_blocks() - how many are left to take */
u32 mtdl_pool_free_blocks(const struct mtdl_pool *pool);

/** mtdl_block_is_bad() - marked bad or retired: 1, 0 or a negative errno */
int mtdl_block_is_bad(struct mtdl *mtdl, u32 block);

#endif

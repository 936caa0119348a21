/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cells of one simulated eraseblock, shared between forks until changed.
 */
#ifndef SELFTESTS_SIMCELLS_H
#define SELFTESTS_SIMCELLS_H

#include "simflash.h"

/** struct simcells_tear - how an interrupted operation leaves its cells, for either reader */
struct simcells_tear {
	enum simflash_outcome outcome[SIMFLASH_READERS];
	u32 cycle;
	u32 seed;
};

/** simcells_new() - an erased eraseblock */
struct simflash_block *simcells_new(const struct simflash_shape *shape);

/** simcells_get() - share it with one more flash */
struct simflash_block *simcells_get(struct simflash_block *block);

/** simcells_put() - one flash less has it */
void simcells_put(struct simflash_block *block);

/** simcells_tear_granule() - most bytes that are in flight at once */
u32 simcells_tear_granule(const struct simflash_shape *shape);

/** struct simcells_reading - who reads, in which power cycle, with random bits for this read */
struct simcells_reading {
	enum simflash_reader reader;
	u32 cycle;
	u64 draw;
};

/** simcells_read() - 0, -EUCLEAN or -EBADMSG */
int simcells_read(struct simflash_block **block, const struct simflash_shape *shape,
		  u32 start, u8 *to, u32 len, const struct simcells_reading *reading);

/** simcells_peek() - the bytes as the last operations meant them */
void simcells_peek(const struct simflash_block *block, u32 start, u8 *to, u32 len);

/** simcells_refuse() - why real flash would not do this program, or NULL */
const char *simcells_refuse(const struct simflash_block *block,
			    const struct simflash_shape *shape, u32 start, const u8 *data,
			    u32 len, bool again);

/** simcells_program() - program; with @tear: the cells stay unstable */
void simcells_program(struct simflash_block **block, const struct simflash_shape *shape,
		      u32 start, const u8 *data, u32 len, const struct simcells_tear *tear);

/** simcells_erase() - erase; with @tear: the cells stay unstable */
void simcells_erase(struct simflash_block **block, const struct simflash_shape *shape,
		    const struct simcells_tear *tear);

/** simcells_damage() - put other bytes there, stable ones */
void simcells_damage(struct simflash_block **block, const struct simflash_shape *shape,
		     u32 start, const u8 *bytes, u32 len);

/** simcells_stable() - whether no cell of the range is unstable */
bool simcells_stable(const struct simflash_block *block, u32 start, u32 len);

/** simcells_seen() - see simflash_seen() */
u32 simcells_seen(const struct simflash_block *block, u32 start, u32 len, u32 cycle);

/** simcells_same() - whether both hold the same, unstable cells included */
bool simcells_same(const struct simflash_block *a, const struct simflash_block *b,
		   const struct simflash_shape *shape);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes layer tables for tests, byte by byte from media.h: any state of the
 * format, also those that the core does not reach (yet), and none of its code.
 */
#ifndef SELFTESTS_BUILD_TABLE_H
#define SELFTESTS_BUILD_TABLE_H

#include "build_release.h"
#include "simflash.h"

#define BUILD_RETIRED_MAX	8

/** How a layer's map is written. */
enum build_map {
	BUILD_MAP_SMALLER,	/* as the format asks */
	BUILD_MAP_ARRAY,
	BUILD_MAP_EXTENTS,
};

/**
 * struct build_placed - a release with its place on flash
 * @release: NULL: there is none
 * @manifest_map: blocks of copy 0, then of copy 1
 * @signature: @signature_size bytes behind the manifest
 * @map: by layer: physical blocks
 * @flags: by layer: MTDL_LAYER_*
 * @kind: by layer
 */
struct build_placed {
	const struct built_release *release;
	u32 manifest_map[8];
	const u8 *signature;
	u32 signature_size;
	u32 map[MTDL_LAYERS_MAX][64];
	u32 flags[MTDL_LAYERS_MAX];
	enum build_map kind[MTDL_LAYERS_MAX];
};

/**
 * struct build_table - everything that a snapshot says
 * @header: sizes, counts, lengths and CRC in it are worked out; the rest is taken as it is
 * @retired: @retired_count blocks
 * @active: where it is
 * @candidate: where it is
 * @done: bit per logical block, in state staging
 */
struct build_table {
	struct mtdl_media_snapshot header;
	u32 retired[BUILD_RETIRED_MAX];
	u32 retired_count;
	struct build_placed active;
	struct build_placed candidate;
	u32 done[8];
};

/** build_table_init() - the header of an empty table on this flash */
void build_table_init(struct build_table *table, const struct simflash *sim, u32 block_size,
		      u32 unit_size, u32 units);

/** build_table_write() - a copy of the snapshot at the begin of a unit, @marks attempts used */
void build_table_write(const struct build_table *table, struct simflash *sim, u32 unit,
		       u32 marks);

/** build_placed_write() - both copies of the manifest, and the blocks for which @done is set */
void build_placed_write(const struct build_placed *placed, struct simflash *sim,
			const u32 *done);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an attached device looks like from outside, as of the last change.
 */
#ifndef MTDLAYER_STATUS_H
#define MTDLAYER_STATUS_H

#include <linux/kref.h>

#include "core/mtdl.h"

struct mtdlayer_device;

/** struct mtdlayer_status_layer - a layer; see struct mtdl_layer */
struct mtdlayer_status_layer {
	char name[MTDL_NAME_SIZE + 1];
	u8 root[MTDL_DIGEST_SIZE];
	u64 size;
	u32 slot_start;
	u32 slot_blocks;
	u32 policy;
	u32 flags;
	u32 block_count;
	u32 away;	/* blocks that have a home and are not there */
	int mtd;	/* number of its MTD device if it is exposed, or -1 */
};

/**
 * struct mtdlayer_status_release - a release; see struct mtdl_release
 *
 * What is exposed is mostly one of the others: then it has their layers (@shared).
 */
struct mtdlayer_status_release {
	bool present;
	bool shared;
	u8 digest[MTDL_DIGEST_SIZE];
	char release[MTDL_RELEASE_SIZE + 1];
	u32 security_counter;
	u32 block_total;
	u32 layer_count;
	struct mtdlayer_status_layer *layers;
};

#define MTDLAYER_STATUS_NO_RELEASE	0xff

/**
 * struct mtdlayer_status_extent - blocks in a row that are used for the same thing
 *
 * It reaches to where the next one begins.  There may be one for each block: it is small.
 */
struct mtdlayer_status_extent {
	u32 block;
	u32 logical;
	u16 layer;
	u8 release;	/* MTDLAYER_RELEASE_*, or MTDLAYER_STATUS_NO_RELEASE: no layer's */
	u8 use;		/* enum mtdl_use */
};

/**
 * struct mtdlayer_status - a device; immutable
 * @refs: references
 * @index: N of mtdlayerN
 * @mtd_index: number of the parent
 * @mtd_name: its name
 * @compatible: the board
 * @uuid: of the format
 * @geometry: how the flash is divided
 * @state: enum mtdl_state
 * @read_only: why nothing can be changed, or NULL
 * @damaged_units: table units with an unreadable record, at attach
 * @free_blocks: blocks that nothing uses
 * @bad_blocks: bad or retired
 * @spare: what is left to take the place of bad blocks
 * @settleable: blocks of the active release that settling could bring home
 * @work: what is done in the background, enum mtdlayer_work
 * @last_error: why that has stopped; empty if it has not
 * @security_floor: least security counter
 * @attempts_max: boot attempts of the trial
 * @attempts_used: of these, used
 * @outcome: of the last candidate
 * @releases: by MTDLAYER_RELEASE_*
 * @extent_count: entries of @extents
 * @extents: of the whole flash, ascending
 */
struct mtdlayer_status {
	struct kref refs;
	u32 index;
	u32 mtd_index;
	char *mtd_name;
	char compatible[MTDL_COMPATIBLE_SIZE + 1];
	u8 uuid[16];
	struct mtdl_geometry geometry;
	u32 state;
	const char *read_only;
	u32 damaged_units;
	u32 free_blocks;
	u32 bad_blocks;
	struct mtdl_spare spare;
	u32 settleable;
	u32 work;
	struct mtdl_reason last_error;
	u32 security_floor;
	u32 attempts_max;
	u32 attempts_used;
	struct mtdl_outcome outcome;
	struct mtdlayer_status_release releases[3];
	u32 extent_count;
	struct mtdlayer_status_extent *extents;
};

/**
 * mtdlayer_status_update() - show what has changed
 * @dev: its lock is held
 *
 * Takes a new status if the present one is stale.  For want of memory the old one stays,
 * and the next update tries again.
 */
void mtdlayer_status_update(struct mtdlayer_device *dev);

/** mtdlayer_status_withdraw() - show nothing any more */
void mtdlayer_status_withdraw(struct mtdlayer_device *dev);

/**
 * mtdlayer_status_get() - the present status with a reference, or NULL
 * @dev: its lock need not be held
 * @sequence: out: of the newest snapshot
 * @wanted: out: blocks that the candidate lacks
 */
struct mtdlayer_status *mtdlayer_status_get(struct mtdlayer_device *dev,
					    struct mtdl_sequence *sequence, u32 *wanted);

/** mtdlayer_status_put() - drop a reference; NULL is fine */
void mtdlayer_status_put(struct mtdlayer_status *status);

#endif

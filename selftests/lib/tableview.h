/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An independent look at the table area of a simulated flash.
 *
 * Written from media.h alone.  It searches every aligned offset for snapshots
 * instead of following one after the other, reads cells behind the code's back,
 * and knows from the simulator which of them are unstable: what it says is the
 * truth about the flash, not what a reader may have seen of it.
 */
#ifndef SELFTESTS_TABLEVIEW_H
#define SELFTESTS_TABLEVIEW_H

#include "media.h"
#include "simflash.h"

#define TABLEVIEW_RECORDS	64	/* in one unit, at most */

/**
 * struct tableview_record - a snapshot whose CRC holds
 * @off: byte on flash
 * @length: bytes of it
 * @sequence: epoch << 32 | write
 * @header: its header
 * @attempts_used: with the attempt marks behind it
 * @marks_at: where these begin, from @off
 * @marks: bytes of them
 * @stable: it has no unstable cells (its marks may have)
 */
struct tableview_record {
	u64 off;
	u32 length;
	u64 sequence;
	struct mtdl_media_snapshot header;
	u32 attempts_used;
	u32 marks_at;
	u32 marks;
	bool stable;
};

/**
 * struct tableview_unit - one unit of the table area
 * @off: byte on flash
 * @bad: an eraseblock of it is bad
 * @unstable: it has unstable cells
 * @blank: all its cells are erased
 * @junk: it holds programmed cells that belong to no valid snapshot
 * @seen: what readers have made of its unstable cells since power-on (marks
 *	left out), SIMFLASH_SEEN_*
 * @records: snapshots in it
 * @newest: of these, index of the one with the highest sequence
 */
struct tableview_unit {
	u64 off;
	bool bad;
	bool unstable;
	bool blank;
	bool junk;
	u32 seen;
	u32 records;
	u32 newest;
	struct tableview_record record[TABLEVIEW_RECORDS];
};

/**
 * struct tableview - the table area
 * @found: whether there is a snapshot at all
 * @start: first byte of the area
 * @end: the byte after it
 * @unit_size: bytes
 * @block_size: bytes of a block
 * @blocks: of the flash
 * @units: units
 * @unit: by number
 * @newest: the snapshot with the highest sequence among all
 */
struct tableview {
	bool found;
	u64 start;
	u64 end;
	u32 unit_size;
	u32 block_size;
	u32 blocks;
	u32 units;
	struct tableview_unit unit[MTDL_UNITS_MAX];
	const struct tableview_record *newest;
};

/** What a snapshot uses a block for, as bits. */
#define TABLEVIEW_TABLE			(1U << 0)
#define TABLEVIEW_RETIRED		(1U << 1)
#define TABLEVIEW_ACTIVE		(1U << 2)
#define TABLEVIEW_CANDIDATE		(1U << 3)
#define TABLEVIEW_ACTIVE_MANIFEST	(1U << 4)
#define TABLEVIEW_CANDIDATE_MANIFEST	(1U << 5)
#define TABLEVIEW_INCOMPLETE		(1U << 6) /* active had it: being written over in place */

/** tableview_read() - look at the table area, whose first unit begins at @start or later */
void tableview_read(struct tableview *view, const struct simflash *sim, u64 start);

/** tableview_refresh() - look again at the units of @mask alone, bit n for unit n */
void tableview_refresh(struct tableview *view, const struct simflash *sim, u64 mask);

/**
 * tableview_uses() - what the blocks are used for
 * @view: read before
 * @sim: the same flash
 * @record: a snapshot of it
 * @uses: by block, TABLEVIEW_*; @view->blocks entries
 *
 * Return: NULL, or what is wrong with the snapshot.
 */
const char *tableview_uses(const struct tableview *view, const struct simflash *sim,
			   const struct tableview_record *record, u8 *uses);

/** tableview_crc() - CRC-32C of a snapshot, its own field taken as zero */
u32 tableview_crc(const u8 *bytes, u32 length);

#endif

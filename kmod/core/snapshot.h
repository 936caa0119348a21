/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Snapshots of the layer table: between struct mtdl and the bytes on flash.
 */
#ifndef MTDL_SNAPSHOT_H
#define MTDL_SNAPSHOT_H

#include "mtdl.h"

/**
 * mtdl_snapshot_plausible() - whether a header can begin a snapshot
 * @header: as read
 * @room: bytes up to the unit's end
 *
 * Tells enough to read the snapshot and check its CRC, and no more.
 */
bool mtdl_snapshot_plausible(const struct mtdl_media_snapshot *header, u32 room);

/** mtdl_snapshot_marks() - offset of the attempt marks, from a snapshot's begin */
u32 mtdl_snapshot_marks(const struct mtdl_media_snapshot *header);

/** mtdl_snapshot_span() - bytes that a snapshot and its marks take in the unit */
u32 mtdl_snapshot_span(const struct mtdl_media_snapshot *header);

/** mtdl_snapshot_sequence() - of a header */
struct mtdl_sequence mtdl_snapshot_sequence(const struct mtdl_media_snapshot *header);

/** mtdl_sequence_compare() - less than, equal to or greater than zero, as memcmp() */
int mtdl_sequence_compare(struct mtdl_sequence a, struct mtdl_sequence b);

/* Most blocks of a flash: what is counted in 32 bits stays far from wrapping. */
#define MTDL_BLOCKS_MAX	(1U << 22)

/** mtdl_snapshot_bound() - bytes of the largest snapshot of a flash with @blocks blocks */
u32 mtdl_snapshot_bound(u32 blocks);

/**
 * mtdl_unit_fits() - whether a table unit is large enough
 * @unit_size: bytes
 * @blocks: of the flash
 * @mark_size: bytes of an attempt mark
 *
 * The largest snapshot may take half a unit, its attempt marks the other half.
 */
bool mtdl_unit_fits(u32 unit_size, u32 blocks, u32 mark_size);

/** mtdl_retired_max() - most blocks that the table can record as retired */
u32 mtdl_retired_max(u32 blocks);

/**
 * mtdl_geometry_decode() - check and take the geometry that a header states
 * @geometry: filled in
 * @header: with a CRC that holds
 * @flash: must be what was formatted
 * @why: reason of a refusal
 *
 * Return: 0, -EUCLEAN (contradicts itself), -EINVAL (another flash),
 * -EOPNOTSUPP (version).
 */
int mtdl_geometry_decode(struct mtdl_geometry *geometry,
			 const struct mtdl_media_snapshot *header,
			 const struct mtdl_flash *flash, struct mtdl_reason *why);

/**
 * mtdl_snapshot_decode() - take all that a snapshot says, after checking it
 * @mtdl: with its geometry, @flash and buffers; the rest is filled in
 * @bytes: a snapshot with a CRC that holds
 * @length: its bytes
 * @why: reason of a refusal
 *
 * Return: 0, -EUCLEAN (contradicts itself), -EOPNOTSUPP (features), -ENOMEM.
 */
int mtdl_snapshot_decode(struct mtdl *mtdl, const u8 *bytes, u32 length,
			 struct mtdl_reason *why);

/**
 * mtdl_snapshot_encode() - write the whole state down in mtdl->snapshot
 * @mtdl: attached, with @mtdl->sequence the one to use
 *
 * Return: bytes of the snapshot; 0xff fills it up to the write size.
 */
u32 mtdl_snapshot_encode(struct mtdl *mtdl);

/** mtdl_snapshot_crc() - checksum of a whole snapshot in memory */
u32 mtdl_snapshot_crc(const u8 *bytes, u32 length);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Looking at the units of the table area: shared by attach and by table writes.
 */
#ifndef MTDL_ATTACH_H
#define MTDL_ATTACH_H

#include "mtdl.h"

/* Eraseblocks looked at when a table is searched for. */
#define MTDL_SEARCH_MAX	1024U

/**
 * mtdl_snapshot_belongs() - whether a snapshot lies where it says its table area is
 * @header: as read
 * @off: where
 *
 * This tells a snapshot of this flash from the copy of one inside a layer's data.
 */
bool mtdl_snapshot_belongs(const struct mtdl_media_snapshot *header, u64 off);

/** mtdl_unit_offset() - flash offset of a table unit */
u64 mtdl_unit_offset(const struct mtdl_geometry *geometry, u32 unit);

/**
 * mtdl_scan_unit() - find out what a table unit holds
 * @mtdl: with geometry and @buffer
 * @unit: which
 * @newest: snapshots above this do not count as @newest of the unit (an epoch of
 *	0: no limit); they do raise @mtdl->highest_epoch
 * @thorough: also look whether all of the rest of the unit reads as erased
 *
 * @why: reason of a failure
 *
 * Fills in @mtdl->units[@unit].  What the flash could not correct counts as torn.
 *
 * Return: 0, or the error that kept the flash from being read: it says nothing of
 * what the unit holds, so nothing may be concluded from it.
 */
int mtdl_scan_unit(struct mtdl *mtdl, u32 unit, struct mtdl_sequence newest, bool thorough,
		   struct mtdl_reason *why);

#endif

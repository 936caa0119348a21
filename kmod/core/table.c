// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The layer table on flash, and why no power cut can lose it.
 *
 * The table area is a ring of units.  A snapshot of the whole state is written
 * twice, into two units, behind what this attach has written there before, or
 * at the begin of freshly erased ones.  Each copy is read back.  If one fails,
 * the snapshot starts again in other units and under a new sequence: cells that
 * failed may read right tomorrow, and two snapshots of one sequence must never
 * differ.  A unit that holds the state in force is not erased before a copy of
 * that state or its successor has been read back in another.
 *
 * A cut leaves cells that read as valid now and as torn later, or the other way
 * round.  So what attach saw may not be what the next attach sees, and a
 * snapshot that nobody can read today may be the newest tomorrow.  Hence the first
 * rule: before the first data block is touched after an attach, the state is
 * written anew, with an epoch above all that could be read, into two units that
 * were erased for it; then every unit with an unreadable record or without any
 * readable one is erased.  What may still hide behind readable snapshots is of
 * an epoch already overtaken.  A unit that cannot be erased is retired, and that
 * is recorded under one more epoch.
 */
#include "attach.h"
#include "defect.h"
#include "snapshot.h"
#include "table.h"
#include "util.h"

/* An epoch is an attach that wrote; no flash lives long enough to come near. */
#define EPOCH_MAX	(~0U - 16)

bool mtdl_is_worn(int err)
{
	return err == -EIO;
}

int mtdl_read_error(int err)
{
	return err == -EIO ? -EREMOTEIO : err;
}

int mtdl_erase_range(struct mtdl *mtdl, u64 off, u32 len)
{
	u64 end = off + len;

	for (; off < end; off += mtdl->geometry.erase_size) {
		int err = mtdl->flash->ops->erase(mtdl->flash, off);

		if (err)
			return err;
		mtdl_relax();
	}
	return 0;
}

/* Compares what the flash holds with what it should. */
static int read_back(struct mtdl *mtdl, u64 off, const u8 *data, u32 len)
{
	while (len) {
		u32 part = len < mtdl->geometry.block_size ? len : mtdl->geometry.block_size;
		int err = mtdl->flash->ops->read(mtdl->flash, off, mtdl->buffer, part);

		if (err == -EBADMSG)
			return -EIO;
		if (err && err != -EUCLEAN)
			return mtdl_read_error(err);
		if (memcmp(mtdl->buffer, data, part))
			return -EIO;
		off += part;
		data += part;
		len -= part;
	}
	return 0;
}

int mtdl_program_checked(struct mtdl *mtdl, u64 off, const u8 *data, u32 len)
{
	u32 write_size = mtdl->geometry.write_size;
	u32 whole = len & ~(write_size - 1);
	struct mtdl_flash *flash = mtdl->flash;
	int err = 0;

	if (whole)
		err = flash->ops->program(flash, off, data, whole);
	if (!err && whole < len) {
		memset(mtdl->buffer, 0xff, write_size);
		memcpy(mtdl->buffer, data + whole, len - whole);
		err = flash->ops->program(flash, off + whole, mtdl->buffer, write_size);
	}
	if (err || MTDL_DEFECT(NO_READ_BACK))
		return err;
	return read_back(mtdl, off, data, len);
}

/* One snapshot on its way to flash. */
struct table_write {
	u32 length;
	u32 copies;		/* read back so far */
	u64 excluded;		/* units that failed, or hold a copy already */
};

static void retire_unit(struct mtdl *mtdl, u32 unit)
{
	mtdl->units[unit].kind = MTDL_UNIT_BAD;
	mtdl->retired_units |= 1ULL << unit;
	if (mtdl->notify)
		mtdl->notify(mtdl->notify_ctx, MTDL_EVENT_BAD_UNIT, unit, 0);
}

/*
 * The unit to erase next: the one that was written the longest time ago.  While
 * the new state stands nowhere, the copies of the old one are out of bounds.
 */
static u32 pick_unit(const struct mtdl *mtdl, const struct table_write *w)
{
	u32 best = MTDL_NO_BLOCK;
	u32 i;

	for (i = 0; i < mtdl->geometry.unit_count; i++) {
		const struct mtdl_unit *unit = &mtdl->units[i];

		if (unit->kind == MTDL_UNIT_BAD || (w->excluded >> i & 1))
			continue;
		if (!MTDL_DEFECT(ERASE_IN_FORCE) &&
		    (i == mtdl->in_force[0] || i == mtdl->in_force[1]))
			continue;
		if (best == MTDL_NO_BLOCK ||
		    mtdl_sequence_compare(unit->newest, mtdl->units[best].newest) < 0)
			best = i;
	}
	return best;
}

static bool has_room(const struct mtdl *mtdl, u32 unit, u32 span)
{
	return unit != MTDL_NO_BLOCK && mtdl->units[unit].kind == MTDL_UNIT_VALID &&
	       mtdl->geometry.unit_size - mtdl->units[unit].end >= span;
}

/* Programs one copy into a unit, at its end or after erasing it. */
static int write_copy(struct mtdl *mtdl, const struct table_write *w, u32 index, bool append)
{
	struct mtdl_media_snapshot *header = (struct mtdl_media_snapshot *)mtdl->snapshot;
	struct mtdl_unit *unit = &mtdl->units[index];
	u64 base = mtdl_unit_offset(&mtdl->geometry, index);
	int err;

	if (!append) {
		unit->kind = MTDL_UNIT_TORN;
		err = mtdl_erase_range(mtdl, base, mtdl->geometry.unit_size);
		if (err)
			return err;
		memset(unit, 0, sizeof(*unit));
	}
	unit->kind = MTDL_UNIT_TORN;
	err = mtdl_program_checked(mtdl, base + unit->end, mtdl->snapshot, w->length);
	if (err)
		return err;
	unit->kind = MTDL_UNIT_VALID;
	unit->newest = mtdl->sequence;
	unit->offset = unit->end;
	unit->end += mtdl_snapshot_span(header);
	/*
	 * Nothing may follow attempt marks: if a cut tore it, the pages before it
	 * could no longer be programmed, and no attempt be counted.
	 */
	if (header->attempts_max > header->attempts_used)
		unit->end = mtdl->geometry.unit_size;
	return 0;
}

/* The new state has one copy more; the old one's copies are no longer needed. */
static void take_copy(struct mtdl *mtdl, struct table_write *w, u32 unit)
{
	struct mtdl_media_snapshot *header = (struct mtdl_media_snapshot *)mtdl->snapshot;

	if (!w->copies)
		mtdl->in_force[1] = MTDL_NO_BLOCK;
	mtdl->in_force[w->copies] = unit;
	mtdl->in_force_marks[w->copies] = mtdl->units[unit].offset + mtdl_snapshot_marks(header);
	w->copies++;
}

static int give_up(struct mtdl *mtdl, int err, struct mtdl_reason *why)
{
	if (err == -ENOSPC) {
		mtdl->read_only =
			"too many units of its table area are worn out: format it with more";
		return mtdl_fail(why, err,
				 "the layer table cannot be written: of %u units, 0x%llx (a bit each) are retired, and at least three must work: format the flash with a larger table area",
				 mtdl->geometry.unit_count,
				 (unsigned long long)mtdl->retired_units);
	}
	mtdl->read_only = "its layer table could not be written: attach it again";
	return mtdl_fail(why, err,
			 "the layer table cannot be written (error %d, units 0x%llx of the table area are retired): nothing can be changed until the flash is attached again",
			 err, (unsigned long long)mtdl->retired_units);
}

/*
 * Writes both copies.  Both go behind the copies of the state before, if there
 * is room, or both into fresh units.
 */
static int write_copies(struct mtdl *mtdl, bool fresh, struct mtdl_reason *why)
{
	struct mtdl_media_snapshot *header = (struct mtdl_media_snapshot *)mtdl->snapshot;
	u32 before[2] = { mtdl->in_force[0], mtdl->in_force[1] };
	struct table_write w = { .length = mtdl_snapshot_encode(mtdl) };
	u64 failed = 0;

	if (!fresh)
		fresh = !has_room(mtdl, before[0], mtdl_snapshot_span(header)) ||
			!has_room(mtdl, before[1], mtdl_snapshot_span(header));
	while (w.copies < 2) {
		u32 unit = fresh ? pick_unit(mtdl, &w) : before[w.copies];
		int err;

		if (unit == MTDL_NO_BLOCK)
			return give_up(mtdl, -ENOSPC, why);
		err = write_copy(mtdl, &w, unit, !fresh);
		if (!err) {
			take_copy(mtdl, &w, unit);
			if (MTDL_DEFECT(SINGLE_COPY))
				break;
			continue;
		}
		if (!mtdl_is_worn(err))
			return give_up(mtdl, err, why);
		retire_unit(mtdl, unit);
		failed |= 1ULL << unit;
		if (!MTDL_DEFECT(SAME_SEQUENCE))
			mtdl->sequence.write++;
		w = (struct table_write) {
			.length = mtdl_snapshot_encode(mtdl),
			.excluded = failed,
		};
		fresh = true;
	}
	mtdl->attempts_saved = mtdl->attempts_used;
	mtdl->unsaved = 0;
	return 0;
}

int mtdl_table_write(struct mtdl *mtdl, struct mtdl_reason *why)
{
	if (mtdl->read_only)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	mtdl->sequence.write++;
	return write_copies(mtdl, false, why);
}

int mtdl_table_renew(struct mtdl *mtdl, struct mtdl_reason *why)
{
	if (!mtdl->secure)
		return mtdl_table_secure(mtdl, why);
	if (mtdl->read_only)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	mtdl->sequence.write++;
	return write_copies(mtdl, true, why);
}

/* Looks at all units again, this time at every byte; what was torn stays so. */
static int scan_again(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_sequence no_limit = { 0, 0 };
	u32 i;

	for (i = 0; i < mtdl->geometry.unit_count; i++) {
		enum mtdl_unit_kind before = mtdl->units[i].kind;
		int err;

		if (before == MTDL_UNIT_BAD)
			continue;
		err = mtdl_scan_unit(mtdl, i, no_limit, true, why);
		if (err)
			return err;
		if (before != MTDL_UNIT_VALID && mtdl->units[i].kind == MTDL_UNIT_VALID)
			mtdl->units[i].kind = MTDL_UNIT_TORN;
	}
	return 0;
}

/* Erases what could hide a snapshot. */
static int erase_doubtful_units(struct mtdl *mtdl)
{
	u32 i;

	for (i = 0; i < mtdl->geometry.unit_count; i++) {
		struct mtdl_unit *unit = &mtdl->units[i];
		int err;

		if (unit->kind == MTDL_UNIT_BAD || unit->kind == MTDL_UNIT_VALID)
			continue;
		if (MTDL_DEFECT(KEEP_TORN_UNIT) && unit->kind == MTDL_UNIT_TORN)
			continue;
		err = mtdl_erase_range(mtdl, mtdl_unit_offset(&mtdl->geometry, i),
				       mtdl->geometry.unit_size);
		if (!err) {
			memset(unit, 0, sizeof(*unit));
			unit->kind = MTDL_UNIT_EMPTY;
		} else if (mtdl_is_worn(err)) {
			retire_unit(mtdl, i);
		} else {
			return err;
		}
	}
	return 0;
}

int mtdl_table_secure(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u64 retired = mtdl->retired_units;
	int err;

	if (mtdl->read_only)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	if (mtdl->secure)
		return 0;
	if (MTDL_DEFECT(NO_RENEW) && mtdl->in_force[0] != MTDL_NO_BLOCK) {
		mtdl->secure = true;
		return 0;
	}
	err = scan_again(mtdl, why);
	if (err)
		return err;
	if (mtdl->highest_epoch > EPOCH_MAX) {
		mtdl->read_only = "its layer table has no sequence numbers left: format it";
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	}
	mtdl->sequence.epoch = mtdl->highest_epoch + 1;
	mtdl->sequence.write = 0;
	err = write_copies(mtdl, true, why);
	if (err)
		return err;
	err = erase_doubtful_units(mtdl);
	if (err)
		return give_up(mtdl, err, why);
	if (mtdl->retired_units != retired) {
		/* fresh units: behind another snapshot a torn one could pass for erased */
		mtdl->sequence.epoch++;
		mtdl->sequence.write = 0;
		err = write_copies(mtdl, true, why);
		if (err)
			return err;
	}
	mtdl->secure = true;
	return 0;
}

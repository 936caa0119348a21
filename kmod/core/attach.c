// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Attach: find the table area, take the newest snapshot that reads right in any
 * copy, check it, expose what it says.  Nothing is written.
 *
 * A power cut may have left cells that read in one way now and in another
 * later, so what is seen here is a look, good enough to read by; before anything
 * is changed, mtdl_table_secure() makes the state stand on cells written since.
 *
 * The cost is that of reading the table area; the size of the flash does not
 * matter.
 */
#include "attach.h"
#include "crc32c.h"
#include "defect.h"
#include "release.h"
#include "snapshot.h"
#include "util.h"

/* Bytes read at a time before the geometry is known. */
#define SCRATCH_SIZE	1024U

u64 mtdl_unit_offset(const struct mtdl_geometry *geometry, u32 unit)
{
	return ((u64)geometry->table_start << geometry->block_shift) +
	       (u64)unit * geometry->unit_size;
}

static int read_flash(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	int err = flash->ops->read(flash, off, buf, len);

	return err == -EUCLEAN ? 0 : err;
}

/* As read_flash(), of the state in force: what had to be corrected is to be written anew. */
static int read_state(struct mtdl *mtdl, u64 off, void *buf, u32 len)
{
	int err = mtdl->flash->ops->read(mtdl->flash, off, buf, len);

	if (err != -EUCLEAN)
		return err;
	mtdl->scrub_table = true;
	return 0;
}

/*
 * Checks a snapshot's CRC in pieces, so that no buffer for all of it is needed:
 * 0, -EBADMSG, or what kept the flash from being read.
 */
static int check_crc(struct mtdl_flash *flash, u64 off,
		     const struct mtdl_media_snapshot *header, u8 *buf, u32 size)
{
	const u32 at = offsetof(struct mtdl_media_snapshot, crc);
	u32 left = le32_to_cpu(header->length);
	u32 crc = MTDL_CRC32C_START;
	bool first = true;

	while (left) {
		u32 part = left < size ? left : size;
		int err = read_flash(flash, off, buf, part);

		if (err)
			return err;
		/* unstable cells may have shown another header before */
		if (first && memcmp(buf, header, sizeof(*header)))
			return -EBADMSG;
		if (first)
			memset(buf + at, 0, sizeof(header->crc));
		first = false;
		crc = mtdl_crc32c(crc, buf, part);
		off += part;
		left -= part;
	}
	return ~crc == le32_to_cpu(header->crc) ? 0 : -EBADMSG;
}

/* Whether a range reads as erased: 1, 0, or what kept the flash from being read. */
static int reads_erased(struct mtdl *mtdl, u64 off, u32 len)
{
	while (len) {
		u32 part = len < mtdl->geometry.block_size ? len : mtdl->geometry.block_size;
		int err = read_flash(mtdl->flash, off, mtdl->buffer, part);

		if (err)
			return err == -EBADMSG ? 0 : err;
		if (!mtdl_is_filled(mtdl->buffer, 0xff, part))
			return 0;
		off += part;
		len -= part;
	}
	return 1;
}

/* 1, 0, or what kept the flash from telling. */
static int unit_is_bad(struct mtdl *mtdl, u32 unit)
{
	u64 off = mtdl_unit_offset(&mtdl->geometry, unit);
	u64 end = off + mtdl->geometry.unit_size;

	if (mtdl->retired_units >> unit & 1)
		return 1;
	for (; off < end; off += mtdl->geometry.erase_size) {
		int bad = mtdl->flash->ops->is_bad(mtdl->flash, off);

		if (bad)
			return bad;
	}
	return 0;
}

static bool is_above(struct mtdl_sequence sequence, struct mtdl_sequence limit)
{
	return limit.epoch && mtdl_sequence_compare(sequence, limit) > 0;
}

/* The record at @off: 1 a snapshot, 0 erased, -EBADMSG unreadable, other errors. */
static int read_record(struct mtdl *mtdl, u64 off, u32 rest, bool thorough,
		       struct mtdl_media_snapshot *header)
{
	u32 page = rest < mtdl->geometry.write_size ? rest : mtdl->geometry.write_size;
	int err;

	if (page < sizeof(*header))
		page = sizeof(*header);
	err = reads_erased(mtdl, off, page);
	if (err > 0 && thorough)
		err = reads_erased(mtdl, off + page, rest - page);
	if (err)
		return err > 0 ? 0 : err;
	err = read_flash(mtdl->flash, off, header, sizeof(*header));
	if (err)
		return err;
	if (!mtdl_snapshot_plausible(header, rest))
		return -EBADMSG;
	err = check_crc(mtdl->flash, off, header, mtdl->buffer, mtdl->geometry.block_size);
	return err ? err : 1;
}

static int no_guess(u32 index, int err, struct mtdl_reason *why)
{
	return mtdl_fail(why, err,
			 "unit %u of the layer table cannot be read (error %d): what it holds is not guessed; mend what keeps the flash from being read, and try again",
			 index, err);
}

int mtdl_scan_unit(struct mtdl *mtdl, u32 index, struct mtdl_sequence newest, bool thorough,
		   struct mtdl_reason *why)
{
	struct mtdl_unit *unit = &mtdl->units[index];
	u32 unit_size = mtdl->geometry.unit_size;
	u64 base = mtdl_unit_offset(&mtdl->geometry, index);
	struct mtdl_sequence last = { 0, 0 };
	struct mtdl_media_snapshot header;
	u32 at = 0;
	int err = unit_is_bad(mtdl, index);

	if (err < 0)
		return no_guess(index, err, why);
	memset(unit, 0, sizeof(*unit));
	unit->kind = err ? MTDL_UNIT_BAD : MTDL_UNIT_EMPTY;
	if (err)
		return 0;
	for (; unit_size - at >= sizeof(header); at += mtdl_snapshot_span(&header)) {
		struct mtdl_sequence sequence;

		err = read_record(mtdl, base + at, unit_size - at, thorough, &header);
		if (err < 0 && err != -EBADMSG)
			return no_guess(index, err, why);
		sequence = mtdl_snapshot_sequence(&header);
		if (err < 0 || (err && mtdl_sequence_compare(sequence, last) <= 0))
			unit->kind = MTDL_UNIT_TORN;
		if (!err || unit->kind == MTDL_UNIT_TORN)
			break;
		last = sequence;
		unit->kind = MTDL_UNIT_VALID;
		if (sequence.epoch > mtdl->highest_epoch)
			mtdl->highest_epoch = sequence.epoch;
		if (is_above(sequence, newest))
			continue;
		unit->newest = sequence;
		unit->offset = at;
	}
	unit->end = at;
	return 0;
}

bool mtdl_snapshot_belongs(const struct mtdl_media_snapshot *header, u64 off)
{
	u64 block_size = le32_to_cpu(header->block_size);
	u64 start = le32_to_cpu(header->table_start) * block_size;
	u64 size = le32_to_cpu(header->table_blocks) * block_size;
	u32 unit_size = le32_to_cpu(header->unit_size);

	return le32_to_cpu(header->magic) == MTDL_SNAPSHOT_MAGIC &&
	       mtdl_is_power_of_two(unit_size) && off >= start && off - start < size &&
	       !((off - start) & (unit_size - 1));
}

static int find_geometry(struct mtdl *mtdl, u64 from, u8 *buf, struct mtdl_reason *why)
{
	struct mtdl_flash *flash = mtdl->flash;
	struct mtdl_media_snapshot header;
	u32 tries = MTDL_SEARCH_MAX;
	u64 off = from;
	int err;

	for (; tries && off < flash->size && flash->size - off >= flash->erase_size;
	     tries--, off += flash->erase_size) {
		err = flash->ops->is_bad(flash, off);
		if (err > 0)
			continue;
		if (!err)
			err = read_flash(flash, off, &header, sizeof(header));
		if (!err && mtdl_snapshot_belongs(&header, off) &&
		    mtdl_snapshot_plausible(&header, le32_to_cpu(header.unit_size)) &&
		    flash->size - off >= le32_to_cpu(header.length))
			err = check_crc(flash, off, &header, buf, SCRATCH_SIZE);
		else if (!err)
			err = -EBADMSG;
		if (err == -EBADMSG)
			continue;
		if (err)
			return mtdl_fail(why, err,
					 "the flash cannot be read at offset 0x%llx (error %d): mend that, and try again",
					 (unsigned long long)off, err);
		return mtdl_geometry_decode(&mtdl->geometry, &header, flash, why);
	}
	return mtdl_fail(why, -ENODATA,
			 "no layer table found from offset 0x%llx on: the flash is not formatted, or its table area is elsewhere (say where), or all copies of the table are lost (format it, and apply a release)",
			 (unsigned long long)from);
}

static int allocate(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;

	mtdl->buffer = mtdl_alloc(g->block_size);
	mtdl->snapshot = mtdl_alloc(g->unit_size / 2);
	mtdl->retired = mtdl_alloc(4 * mtdl_bitmap_words(g->block_count));
	if (!mtdl->buffer || !mtdl->snapshot || !mtdl->retired)
		return mtdl_fail(why, -ENOMEM, "no memory for buffers of %u and %u bytes",
				 g->block_size, g->unit_size / 2);
	return 0;
}

static u32 newest_unit(const struct mtdl *mtdl)
{
	u32 best = MTDL_NO_BLOCK;
	u32 i;

	for (i = 0; i < mtdl->geometry.unit_count; i++)
		if (mtdl->units[i].newest.epoch &&
		    (best == MTDL_NO_BLOCK ||
		     mtdl_sequence_compare(mtdl->units[i].newest, mtdl->units[best].newest) > 0))
			best = i;
	return best;
}

/* Reads the newest snapshot of a unit into mtdl->snapshot. */
static int load_snapshot(struct mtdl *mtdl, u32 index, u32 *length)
{
	const struct mtdl_unit *unit = &mtdl->units[index];
	u64 off = mtdl_unit_offset(&mtdl->geometry, index) + unit->offset;
	struct mtdl_media_snapshot header;
	int err = read_flash(mtdl->flash, off, &header, sizeof(header));

	if (err)
		return err;
	*length = le32_to_cpu(header.length);
	if (!mtdl_snapshot_plausible(&header, mtdl->geometry.unit_size - unit->offset) ||
	    *length > mtdl->geometry.unit_size / 2 ||
	    mtdl_sequence_compare(mtdl_snapshot_sequence(&header), unit->newest))
		return -EBADMSG;
	err = read_state(mtdl, off, mtdl->snapshot, *length);
	if (err)
		return err;
	return mtdl_snapshot_crc(mtdl->snapshot, *length) == le32_to_cpu(header.crc) ?
	       0 : -EBADMSG;
}

/*
 * Reads the newest snapshot into mtdl->snapshot.  Cells that a cut left between
 * two values may have let the scan read it and not let this: then what is below
 * it counts.
 */
static int load_newest(struct mtdl *mtdl, u32 *length, struct mtdl_reason *why)
{
	u32 index;

	*length = 0;
	while ((index = newest_unit(mtdl)) != MTDL_NO_BLOCK) {
		struct mtdl_unit *unit = &mtdl->units[index];
		struct mtdl_sequence below = unit->newest;
		int err = load_snapshot(mtdl, index, length);

		if (!err)
			return 0;
		if (err != -EBADMSG)
			return no_guess(index, err, why);
		if (below.write--)
			err = mtdl_scan_unit(mtdl, index, below, false, why);
		else
			unit->newest.epoch = 0;
		if (err && err != -EBADMSG)
			return err;
		unit->kind = MTDL_UNIT_TORN;
	}
	return mtdl_fail(why, -ENODATA,
			 "no copy of the layer table can be read: format the flash, and apply a release");
}

/* Attempt marks used in one copy: all up to the last one that is not erased. */
static int count_marks(struct mtdl *mtdl, u64 off, u32 room, u32 *used)
{
	u32 i;

	for (i = 0; i < room; i++, off += mtdl->geometry.mark_size) {
		int erased = reads_erased(mtdl, off, mtdl->geometry.mark_size);

		if (erased < 0)
			return erased;
		if (!erased && *used < i + 1)
			*used = i + 1;
	}
	return 0;
}

/* Finds the copies of the state in force, and the highest count of attempts in any. */
static int find_copies(struct mtdl *mtdl, const struct mtdl_media_snapshot *header,
		       struct mtdl_reason *why)
{
	u32 room = mtdl->attempts_max - mtdl->attempts_saved;
	u32 copies = 0;
	u32 used = 0;
	u32 i;

	mtdl->in_force[0] = MTDL_NO_BLOCK;
	mtdl->in_force[1] = MTDL_NO_BLOCK;
	for (i = 0; i < mtdl->geometry.unit_count && copies < 2; i++) {
		struct mtdl_unit *unit = &mtdl->units[i];
		u64 base = mtdl_unit_offset(&mtdl->geometry, i);
		struct mtdl_media_snapshot copy;
		u32 marks;
		int err;

		if (mtdl_sequence_compare(unit->newest, mtdl->sequence))
			continue;
		err = read_state(mtdl, base + unit->offset, &copy, sizeof(copy));
		if (err == -EBADMSG || (!err && memcmp(&copy, header, sizeof(copy)))) {
			unit->kind = MTDL_UNIT_TORN;
			continue;
		}
		marks = unit->offset + mtdl_snapshot_marks(header);
		if (!err)
			err = count_marks(mtdl, base + marks, room, &used);
		if (err)
			return no_guess(i, err, why);
		mtdl->in_force[copies] = i;
		mtdl->in_force_marks[copies++] = marks;
	}
	mtdl->attempts_used = mtdl->attempts_saved + used;
	return 0;
}

static int read_table(struct mtdl *mtdl, struct mtdl_sequence newest, struct mtdl_reason *why)
{
	struct mtdl_media_snapshot header;
	struct mtdl_geometry again;
	u32 length, i;
	int err;

	for (i = 0; i < mtdl->geometry.unit_count; i++) {
		err = mtdl_scan_unit(mtdl, i, newest, false, why);
		if (err)
			return err;
	}
	err = load_newest(mtdl, &length, why);
	if (err)
		return err;
	memcpy(&header, mtdl->snapshot, sizeof(header));
	memset(&again, 0, sizeof(again));
	err = mtdl_geometry_decode(&again, &header, mtdl->flash, why);
	if (err)
		return err;
	if (memcmp(&again, &mtdl->geometry, sizeof(again)))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: two snapshots divide the flash in different ways: format it, and apply a release");
	err = mtdl_snapshot_decode(mtdl, mtdl->snapshot, length, why);
	if (err)
		return err;
	err = find_copies(mtdl, &header, why);
	if (err)
		return err;
	for (i = 0; i < mtdl->geometry.unit_count; i++) {
		if (mtdl->retired_units >> i & 1)
			mtdl->units[i].kind = MTDL_UNIT_BAD;
		else if (mtdl->units[i].kind == MTDL_UNIT_TORN)
			mtdl->damaged_units++;
	}
	return 0;
}

int mtdl_attach(struct mtdl *mtdl, struct mtdl_flash *flash,
		const struct mtdl_attach_options *options, struct mtdl_reason *why)
{
	static const struct mtdl_attach_options defaults;
	struct mtdl_sequence newest = { 0, 0 };
	u8 *scratch = mtdl_alloc(SCRATCH_SIZE);
	bool trial;
	int err;

	if (!options)
		options = &defaults;
	mtdl->flash = flash;
	if (!scratch)
		return mtdl_fail(why, -ENOMEM, "no memory to look for a layer table");
	if (!MTDL_DEFECT(HANDOVER_NO_SEQUENCE))
		newest = options->newest;
	err = find_geometry(mtdl, options->table_offset, scratch, why);
	mtdl_free(scratch);
	if (!err)
		err = allocate(mtdl, why);
	if (!err)
		err = read_table(mtdl, newest, why);
	if (err) {
		mtdl_detach(mtdl);
		return err;
	}
	if (flash->read_only)
		mtdl->read_only = "the flash below is read-only";
	mtdl->stale = true;
	trial = mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used;
	mtdl->exposed = mtdl_release_get(trial ? mtdl->candidate : mtdl->active);
	if (mtdl->damaged_units && mtdl->notify)
		mtdl->notify(mtdl->notify_ctx, MTDL_EVENT_TABLE_DAMAGED, mtdl->damaged_units, 0);
	return 0;
}

void mtdl_detach(struct mtdl *mtdl)
{
	mtdl_release_put(mtdl->exposed);
	mtdl_release_put(mtdl->candidate);
	mtdl_release_put(mtdl->active);
	mtdl_release_put(mtdl->moving[0]);
	mtdl_release_put(mtdl->moving[1]);
	mtdl_free(mtdl->move.copy);
	mtdl_free(mtdl->damaged);
	mtdl_free(mtdl->scrub);
	mtdl_free(mtdl->retired);
	mtdl_free(mtdl->snapshot);
	mtdl_free(mtdl->buffer);
	memset(mtdl, 0, sizeof(*mtdl));
}

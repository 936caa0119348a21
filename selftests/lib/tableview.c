// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads snapshots behind the core's back.
 */
#include <stdlib.h>

#include "tableview.h"

/* The polynomial, bit by bit into a table: no code shared with the core. */
static u32 crc_slowly(u32 crc, const u8 *bytes, u32 length)
{
	static u32 table[256];
	u32 i, bit;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			u32 value = i;

			for (bit = 0; bit < 8; bit++)
				value = value & 1 ? value >> 1 ^ 0x82f63b78U : value >> 1;
			table[i] = value;
		}
	}
	for (i = 0; i < length; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2")))
static u32 crc_fast(u32 crc, const u8 *bytes, u32 length)
{
	u64 running = crc, word;

	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		running = __builtin_ia32_crc32di(running, word);
	}
	crc = (u32)running;
	while (length--)
		crc = __builtin_ia32_crc32qi(crc, *bytes++);
	return crc;
}

static u32 crc_over(u32 crc, const u8 *bytes, u32 length)
{
	return __builtin_cpu_supports("sse4.2") ? crc_fast(crc, bytes, length) :
						  crc_slowly(crc, bytes, length);
}
#else
static u32 crc_over(u32 crc, const u8 *bytes, u32 length)
{
	return crc_slowly(crc, bytes, length);
}
#endif

u32 tableview_crc(const u8 *bytes, u32 length)
{
	static const u8 no_crc[4];
	u32 crc = crc_over(~0U, bytes, 4);

	crc = crc_over(crc, no_crc, sizeof(no_crc));
	return ~crc_over(crc, bytes + 8, length - 8);
}

static u32 round_up(u32 x, u32 to)
{
	return (x + to - 1) / to * to;
}

static bool is_blank(const u8 *bytes, u32 len)
{
	return !len || (bytes[0] == 0xff && !memcmp(bytes, bytes + 1, len - 1));
}

/* Bytes up to the last one that is programmed. */
static u32 used_bytes(const u8 *bytes, u32 len)
{
	const u32 step = 512;

	while (len >= step && is_blank(bytes + len - step, step))
		len -= step;
	return len;
}

/* A snapshot at @at of @room bytes, or false. */
static bool read_record(struct tableview_record *record, const u8 *at, u32 room)
{
	struct mtdl_media_snapshot *h = &record->header;
	__le32 magic;

	memcpy(&magic, at, sizeof(magic));
	if (le32toh(magic) != MTDL_SNAPSHOT_MAGIC || room < sizeof(*h))
		return false;
	memcpy(h, at, sizeof(*h));
	record->length = le32toh(h->length);
	if (record->length < sizeof(*h) || record->length > room ||
	    tableview_crc(at, record->length) != le32toh(h->crc))
		return false;
	record->sequence = (u64)le32toh(h->epoch) << 32 | le32toh(h->write);
	return true;
}

/* Bytes of marks behind the snapshot; counts those that are used. */
static u32 read_marks(struct tableview_record *record, const u8 *at, u32 room, u32 *begin)
{
	u32 mark_size = le32toh(record->header.mark_size);
	u32 marks = record->header.attempts_max - record->header.attempts_used;
	u32 i;

	*begin = round_up(record->length, mark_size);
	record->attempts_used = record->header.attempts_used;
	if (!marks || *begin + marks * mark_size > room)
		return 0;
	for (i = 0; i < marks; i++) {
		if (!is_blank(at + *begin + i * mark_size, mark_size))
			record->attempts_used = record->header.attempts_used + i + 1;
	}
	return marks * mark_size;
}

static void read_unit(struct tableview_unit *unit, const struct simflash *sim, u32 size,
		      const u8 *bytes)
{
	u32 step = sim->shape.write_size > 16 ? sim->shape.write_size : 16;
	u32 used = used_bytes(bytes, size);
	u32 off = 0, end, marks, begin;

	while (off < used) {
		struct tableview_record *record = &unit->record[unit->records];

		if (unit->records == TABLEVIEW_RECORDS ||
		    !read_record(record, bytes + off, size - off)) {
			if (!is_blank(bytes + off, step))
				unit->junk = true;
			off += step;
			continue;
		}
		marks = read_marks(record, bytes + off, size - off, &begin);
		end = marks ? begin + marks : record->length;
		record->off = unit->off + off;
		record->stable = simflash_stable(sim, record->off, record->length);
		record->marks = marks;
		record->marks_at = begin;
		if (record->sequence >= unit->record[unit->newest].sequence)
			unit->newest = unit->records;
		unit->records++;
		off += round_up(end, step);
	}
}

/* Marks may be anything, for they count only with their snapshot; all other cells count. */
static u32 seen_in_unit(const struct tableview_unit *unit, const struct simflash *sim, u32 size)
{
	u64 at = unit->off, end = unit->off + size;
	u32 seen = 0, i;

	for (i = 0; i < unit->records; i++) {
		const struct tableview_record *record = &unit->record[i];

		if (!record->marks)
			continue;
		seen |= simflash_seen(sim, at, (u32)(record->off + record->marks_at - at));
		at = record->off + record->marks_at + record->marks;
	}
	return at < end ? seen | simflash_seen(sim, at, (u32)(end - at)) : seen;
}

static void look_at_unit(struct tableview *view, const struct simflash *sim, u32 number)
{
	struct tableview_unit *unit = &view->unit[number];
	u32 size = view->unit_size, i;
	u8 *bytes = malloc(size);

	if (!bytes)
		abort();
	unit->bad = false;
	unit->junk = false;
	unit->records = 0;
	unit->newest = 0;
	unit->off = view->start + (u64)number * size;
	for (i = 0; i < size / sim->shape.erase_size; i++)
		unit->bad |= sim->bad[unit->off / sim->shape.erase_size + i];
	unit->unstable = !simflash_stable(sim, unit->off, size);
	simflash_peek(sim, unit->off, bytes, size);
	unit->blank = is_blank(bytes, size);
	if (!unit->blank)
		read_unit(unit, sim, size, bytes);
	unit->seen = unit->unstable ? seen_in_unit(unit, sim, size) : 0;
	free(bytes);
}

/* The first snapshot from @start on tells where the area is. */
static bool find_area(struct tableview *view, const struct simflash *sim, u64 start)
{
	u8 *bytes = malloc(sim->shape.erase_size);
	struct tableview_record record = { 0 };
	u64 off;

	if (!bytes)
		abort();
	for (off = start; off < sim->flash.size; off += sim->shape.erase_size) {
		u32 unit_size;

		simflash_peek(sim, off, bytes, sizeof(record.header));
		memcpy(&record.header, bytes, sizeof(record.header));
		if (le32toh(record.header.magic) != MTDL_SNAPSHOT_MAGIC)
			continue;
		unit_size = le32toh(record.header.unit_size);
		if (!unit_size || unit_size > sim->flash.size - off)
			continue;
		bytes = realloc(bytes, unit_size);
		if (!bytes)
			abort();
		simflash_peek(sim, off, bytes, unit_size);
		if (read_record(&record, bytes, unit_size))
			break;
	}
	free(bytes);
	if (off >= sim->flash.size)
		return false;
	view->unit_size = le32toh(record.header.unit_size);
	view->block_size = le32toh(record.header.block_size);
	view->blocks = (u32)(le64toh(record.header.flash_size) / view->block_size);
	view->start = (u64)le32toh(record.header.table_start) * view->block_size;
	view->end = view->start + (u64)le32toh(record.header.table_blocks) * view->block_size;
	view->units = (u32)((view->end - view->start) / view->unit_size);
	return true;
}

void tableview_refresh(struct tableview *view, const struct simflash *sim, u64 mask)
{
	u32 i;

	view->newest = NULL;
	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];

		if (mask >> i & 1)
			look_at_unit(view, sim, i);
		if (unit->records && (!view->newest || unit->record[unit->newest].sequence >
						       view->newest->sequence))
			view->newest = &unit->record[unit->newest];
	}
}

void tableview_read(struct tableview *view, const struct simflash *sim, u64 start)
{
	view->newest = NULL;
	view->found = find_area(view, sim, start);
	if (view->found)
		tableview_refresh(view, sim, ~0ULL);
}

/* What of a snapshot's body is left to be read. */
struct body {
	const u8 *at;
	u32 left;
};

static bool take(struct body *body, void *to, u32 bytes)
{
	if (bytes > body->left)
		return false;
	memcpy(to, body->at, bytes);
	body->at += bytes;
	body->left -= bytes;
	return true;
}

static const char *use_block(const struct tableview *view, u8 *uses, u32 block, u8 use)
{
	if (block >= view->blocks)
		return "a block number beyond the flash";
	if (uses[block] & TABLEVIEW_TABLE)
		return "a release uses a block of the table area";
	if (uses[block] & use & ~TABLEVIEW_INCOMPLETE)
		return "one release uses a block twice";
	uses[block] |= use;
	return NULL;
}

static const char *use_map(const struct tableview *view, struct body *body,
			   const struct mtdl_media_layer *layer, u8 *uses, u8 use)
{
	u32 entries = le32toh(layer->map_entries), entry, i;
	bool extents = le16toh(layer->map_kind) == MTDL_MAP_EXTENTS;
	const char *wrong = NULL;
	u64 blocks = 0;

	for (entry = 0; entry < entries && !wrong; entry++) {
		struct mtdl_media_extent extent = { .count = htole32(1) };

		if (!take(body, &extent, extents ? sizeof(extent) : 4))
			return "a map is cut short";
		for (i = 0; i < le32toh(extent.count) && !wrong; i++)
			wrong = use_block(view, uses, le32toh(extent.block) + i, use);
		blocks += le32toh(extent.count);
	}
	if (!wrong && blocks != (le64toh(layer->size) + view->block_size - 1) / view->block_size)
		return "a map has not the length of its layer";
	return wrong;
}

static const char *use_release(const struct tableview *view, struct body *body, u8 *uses,
			       u8 use, u8 manifest_use)
{
	struct mtdl_media_release release;
	struct mtdl_media_layer layer;
	const char *wrong = NULL;
	__le32 block;
	u32 i;

	if (!take(body, &release, sizeof(release)))
		return "a release is cut short";
	for (i = 0; i < 2 * le32toh(release.manifest_blocks) && !wrong; i++) {
		if (!take(body, &block, sizeof(block)))
			return "the manifest's blocks are cut short";
		wrong = use_block(view, uses, le32toh(block), manifest_use);
	}
	for (i = 0; i < le32toh(release.layer_count) && !wrong; i++) {
		if (!take(body, &layer, sizeof(layer)))
			return "a layer is cut short";
		wrong = use_map(view, body, &layer, uses,
				le32toh(layer.flags) & MTDL_LAYER_INCOMPLETE ?
				TABLEVIEW_INCOMPLETE : use);
	}
	return wrong;
}

const char *tableview_uses(const struct tableview *view, const struct simflash *sim,
			   const struct tableview_record *record, u8 *uses)
{
	u8 *bytes = malloc(record->length);
	struct body body = { bytes, record->length };
	u32 retired = le32toh(record->header.retired_count), i;
	const char *wrong = NULL;
	u64 off;

	if (!bytes)
		abort();
	simflash_peek(sim, record->off, bytes, record->length);
	memset(uses, 0, view->blocks);
	for (off = view->start; off < view->end; off += view->block_size)
		uses[off / view->block_size] = TABLEVIEW_TABLE;
	body.at += sizeof(record->header);
	body.left -= sizeof(record->header);
	for (i = 0; i < retired && !wrong; i++) {
		__le32 block;

		if (!take(&body, &block, sizeof(block)))
			wrong = "the retired blocks are cut short";
		else if (le32toh(block) >= view->blocks)
			wrong = "a retired block beyond the flash";
		else
			uses[le32toh(block)] |= TABLEVIEW_RETIRED;
	}
	if (!wrong && record->header.releases & MTDL_HAS_ACTIVE)
		wrong = use_release(view, &body, uses, TABLEVIEW_ACTIVE,
				    TABLEVIEW_ACTIVE_MANIFEST);
	if (!wrong && record->header.releases & MTDL_HAS_CANDIDATE)
		wrong = use_release(view, &body, uses, TABLEVIEW_CANDIDATE,
				    TABLEVIEW_CANDIDATE_MANIFEST);
	free(bytes);
	return wrong;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Writes the whole state down as one snapshot.  It always fits: format refused
 * geometries whose largest snapshot does not (mtdl_snapshot_bound()).
 */
#include "snapshot.h"
#include "util.h"

struct writer {
	u8 *at;
};

static void put(struct writer *w, const void *data, size_t len)
{
	memcpy(w->at, data, len);
	w->at += len;
}

static void put_le32(struct writer *w, u32 x)
{
	__le32 le = cpu_to_le32(x);

	put(w, &le, sizeof(le));
}

/* Text without its NUL where it fills the field. */
static void copy_field(char *field, const char *text, size_t size)
{
	memcpy(field, text, strnlen(text, size));
}

static u32 count_extents(const struct mtdl_layer *layer)
{
	u32 extents = 1;
	u32 i;

	for (i = 1; i < layer->block_count; i++)
		if (layer->map[i] != layer->map[i - 1] + 1)
			extents++;
	return extents;
}

static void put_extents(struct writer *w, const struct mtdl_layer *layer)
{
	u32 start = 0;
	u32 i;

	for (i = 1; i <= layer->block_count; i++) {
		if (i < layer->block_count && layer->map[i] == layer->map[i - 1] + 1)
			continue;
		put_le32(w, layer->map[start]);
		put_le32(w, i - start);
		start = i;
	}
}

static void put_layer(struct writer *w, const struct mtdl_layer *layer)
{
	u32 extents = count_extents(layer);
	bool array = layer->block_count <= 2 * extents;
	struct mtdl_media_layer media = {
		.size = cpu_to_le64(layer->size),
		.slot_start = cpu_to_le32(layer->slot_start),
		.slot_blocks = cpu_to_le32(layer->slot_blocks),
		.policy = cpu_to_le32(layer->policy),
		.flags = cpu_to_le32(layer->flags),
		.map_kind = cpu_to_le16(array ? MTDL_MAP_ARRAY : MTDL_MAP_EXTENTS),
		.map_entries = cpu_to_le32(array ? layer->block_count : extents),
	};
	u32 i;

	copy_field(media.name, layer->name, sizeof(media.name));
	memcpy(media.root, layer->root, sizeof(media.root));
	put(w, &media, sizeof(media));
	if (!array) {
		put_extents(w, layer);
		return;
	}
	for (i = 0; i < layer->block_count; i++)
		put_le32(w, layer->map[i]);
}

static void put_release(struct writer *w, const struct mtdl_release *release)
{
	struct mtdl_media_release media = {
		.security_counter = cpu_to_le32(release->security_counter),
		.manifest_size = cpu_to_le32(release->manifest_size),
		.signature_size = cpu_to_le32(release->signature_size),
		.manifest_blocks = cpu_to_le32(release->manifest_blocks),
		.layer_count = cpu_to_le32(release->layer_count),
	};
	u32 i;

	memcpy(media.digest, release->digest, sizeof(media.digest));
	copy_field(media.release, release->release, sizeof(media.release));
	put(w, &media, sizeof(media));
	for (i = 0; i < 2 * release->manifest_blocks; i++)
		put_le32(w, release->manifest_map[i]);
	for (i = 0; i < release->layer_count; i++)
		put_layer(w, &release->layers[i]);
}

static u32 put_retired(struct writer *w, const struct mtdl *mtdl)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < mtdl->geometry.block_count; i++) {
		if (!mtdl_bit(mtdl->retired, i))
			continue;
		put_le32(w, i);
		count++;
	}
	return count;
}

static void fill_outcome(struct mtdl_media_outcome *media, const struct mtdl_outcome *outcome)
{
	media->code = outcome->code;
	media->attempts = outcome->attempts;
	media->error = cpu_to_le32(outcome->error);
	memcpy(media->digest, outcome->digest, sizeof(media->digest));
	copy_field(media->release, outcome->release, sizeof(media->release));
}

static void fill_header(struct mtdl_media_snapshot *h, const struct mtdl *mtdl)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	bool trial = mtdl->state == MTDL_STATE_TRIAL;

	h->magic = cpu_to_le32(MTDL_SNAPSHOT_MAGIC);
	h->version = cpu_to_le16(MTDL_FORMAT_VERSION);
	h->header_size = cpu_to_le16(sizeof(*h));
	h->epoch = cpu_to_le32(mtdl->sequence.epoch);
	h->write = cpu_to_le32(mtdl->sequence.write);
	memcpy(h->uuid, mtdl->uuid, sizeof(h->uuid));
	h->erase_size = cpu_to_le32(g->erase_size);
	h->flash_size = cpu_to_le64(g->flash_size);
	h->write_size = cpu_to_le32(g->write_size);
	h->block_size = cpu_to_le32(g->block_size);
	h->unit_size = cpu_to_le32(g->unit_size);
	h->table_start = cpu_to_le32(g->table_start);
	h->table_blocks = cpu_to_le32(g->table_blocks);
	h->mark_size = cpu_to_le32(g->mark_size);
	h->reserve = cpu_to_le32(g->reserve);
	h->cursor = cpu_to_le32(mtdl->cursor);
	h->security_floor = cpu_to_le32(mtdl->security_floor);
	h->state = mtdl->state;
	h->releases = (mtdl->active ? MTDL_HAS_ACTIVE : 0) |
		      (mtdl->candidate ? MTDL_HAS_CANDIDATE : 0);
	h->attempts_max = trial ? mtdl->attempts_max : 0;
	h->attempts_used = trial ? mtdl->attempts_used : 0;
	h->retired_units = cpu_to_le64(mtdl->retired_units);
	fill_outcome(&h->outcome, &mtdl->outcome);
	copy_field(h->compatible, mtdl->compatible, sizeof(h->compatible));
}

u32 mtdl_snapshot_encode(struct mtdl *mtdl)
{
	struct mtdl_media_snapshot header = { 0 };
	struct writer w = { .at = mtdl->snapshot + sizeof(header) };
	u32 length, padded, i;

	header.retired_count = cpu_to_le32(put_retired(&w, mtdl));
	if (mtdl->active)
		put_release(&w, mtdl->active);
	if (mtdl->candidate)
		put_release(&w, mtdl->candidate);
	if (mtdl->state == MTDL_STATE_STAGING)
		for (i = 0; i < mtdl_bitmap_words(mtdl->candidate->block_total); i++)
			put_le32(&w, mtdl->candidate->done[i]);
	length = (u32)(w.at - mtdl->snapshot);
	padded = mtdl_align(length, mtdl->geometry.write_size);
	memset(w.at, 0xff, padded - length);
	fill_header(&header, mtdl);
	header.length = cpu_to_le32(length);
	memcpy(mtdl->snapshot, &header, sizeof(header));
	header.crc = cpu_to_le32(mtdl_snapshot_crc(mtdl->snapshot, length));
	memcpy(mtdl->snapshot, &header, sizeof(header));
	return length;
}

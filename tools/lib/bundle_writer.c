// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes bundles, the same bytes for the same input.
 */
#include <zstd.h>

#include "bundle_writer.h"
#include "outfile.h"

struct bundle_writer {
	struct outfile out;
	uint32_t manifest_size;
	uint32_t entry_count;
	uint32_t entry;			/* the next one */
	struct bundle_entry *entries;
	uint64_t index_offset;
	uint64_t payload_offset;
	uint64_t payload_size;
	ZSTD_CCtx *encoder;
	void *frame;
	size_t frame_room;
};

static uint64_t align8(uint64_t x)
{
	return (x + 7) & ~7ULL;
}

int bundle_create(struct bundle_writer **writer, const char *path, uint32_t manifest_size,
		  uint32_t entries, uint32_t block_size, int level, struct mtdl_reason *why)
{
	struct bundle_writer *w = calloc(1, sizeof(*w));
	int err;

	*writer = NULL;
	if (!w)
		return mtdl_fail(why, -ENOMEM, "no memory to pack %s", path);
	w->manifest_size = manifest_size;
	w->entry_count = entries;
	w->index_offset = align8(sizeof(struct bundle_header) + manifest_size);
	w->payload_offset = w->index_offset + (uint64_t)entries * sizeof(*w->entries);
	w->entries = calloc(entries, sizeof(*w->entries));
	w->frame_room = ZSTD_compressBound(block_size);
	w->frame = malloc(w->frame_room);
	w->encoder = ZSTD_createCCtx();
	if (!w->entries || !w->frame || !w->encoder ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->encoder, ZSTD_c_compressionLevel, level)))
		err = mtdl_fail(why, -ENOMEM, "no memory to pack %s", path);
	else
		err = outfile_create(&w->out, path, why);
	if (err)
		bundle_discard(w);
	else
		*writer = w;
	return err;
}

int bundle_add_frame(struct bundle_writer *w, const void *frame, uint32_t length,
		     struct mtdl_reason *why)
{
	struct bundle_entry *entry = &w->entries[w->entry++];
	int err;

	err = outfile_write(&w->out, frame, length, w->payload_offset + w->payload_size, why);
	if (err)
		return err;
	entry->offset = cpu_to_le64(w->payload_size);
	entry->length = cpu_to_le32(length);
	entry->flags = cpu_to_le32(BUNDLE_ENTRY_PRESENT);
	w->payload_size += length;
	return 0;
}

int bundle_add(struct bundle_writer *w, const void *data, uint32_t length,
	       struct mtdl_reason *why)
{
	size_t packed = ZSTD_compress2(w->encoder, w->frame, w->frame_room, data, length);

	if (ZSTD_isError(packed))
		return mtdl_fail(why, -EIO, "zstd cannot pack a block of %u bytes: %s", length,
				 ZSTD_getErrorName(packed));
	return bundle_add_frame(w, w->frame, (uint32_t)packed, why);
}

void bundle_leave_out(struct bundle_writer *w)
{
	w->entry++;
}

static void fill_head(const struct bundle_writer *w, uint8_t *head, const void *manifest,
		      const uint8_t *base)
{
	struct bundle_header h = {
		.magic = cpu_to_le32(BUNDLE_MAGIC),
		.version = cpu_to_le16(BUNDLE_VERSION),
		.header_size = cpu_to_le16(sizeof(h)),
		.manifest_size = cpu_to_le32(w->manifest_size),
		.entry_count = cpu_to_le32(w->entry_count),
		.manifest_offset = cpu_to_le64(sizeof(h)),
		.signature_offset = cpu_to_le64(w->index_offset),
		.index_offset = cpu_to_le64(w->index_offset),
		.payload_offset = cpu_to_le64(w->payload_offset),
		.payload_size = cpu_to_le64(w->payload_size),
	};
	struct mtdl_hash hash;

	if (base)
		memcpy(h.base, base, sizeof(h.base));
	memcpy(head, &h, sizeof(h));
	memcpy(head + sizeof(h), manifest, w->manifest_size);
	memcpy(head + w->index_offset, w->entries, w->entry_count * sizeof(*w->entries));
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, head, w->payload_offset);
	mtdl_hash_final(&hash, head + offsetof(struct bundle_header, check));
}

int bundle_finish(struct bundle_writer *w, const void *manifest, const uint8_t *base,
		  struct mtdl_reason *why)
{
	uint8_t *head = calloc(1, w->payload_offset);
	int err;

	if (head) {
		fill_head(w, head, manifest, base);
		err = outfile_write(&w->out, head, w->payload_offset, 0, why);
		free(head);
	} else {
		err = mtdl_fail(why, -ENOMEM, "no memory for the bundle's index");
	}
	if (!err)
		err = outfile_finish(&w->out, why);
	bundle_discard(w);
	return err;
}

void bundle_discard(struct bundle_writer *w)
{
	if (!w)
		return;
	outfile_discard(&w->out);
	ZSTD_freeCCtx(w->encoder);
	free(w->frame);
	free(w->entries);
	free(w);
}

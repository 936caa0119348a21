// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What can be said of a snapshot from its header: where it ends, how it is
 * ordered, how the flash is divided.
 */
#include "crc32c.h"
#include "snapshot.h"

bool mtdl_snapshot_plausible(const struct mtdl_media_snapshot *header, u32 room)
{
	u32 length = le32_to_cpu(header->length);
	u32 write_size = le32_to_cpu(header->write_size);
	u32 mark_size = le32_to_cpu(header->mark_size);

	if (le32_to_cpu(header->magic) != MTDL_SNAPSHOT_MAGIC ||
	    length < sizeof(*header) || length > room)
		return false;
	if (!mtdl_is_power_of_two(write_size) || write_size > MTDL_BLOCK_SIZE_MAX ||
	    !mtdl_is_power_of_two(mark_size) || mark_size > MTDL_BLOCK_SIZE_MAX ||
	    mark_size < write_size || header->attempts_max > MTDL_ATTEMPTS_MAX ||
	    header->attempts_used > header->attempts_max)
		return false;
	return mtdl_snapshot_span(header) <= room;
}

u32 mtdl_snapshot_marks(const struct mtdl_media_snapshot *header)
{
	return mtdl_align(le32_to_cpu(header->length), le32_to_cpu(header->mark_size));
}

u32 mtdl_snapshot_span(const struct mtdl_media_snapshot *header)
{
	u32 marks = header->attempts_max - header->attempts_used;

	return mtdl_snapshot_marks(header) + marks * le32_to_cpu(header->mark_size);
}

struct mtdl_sequence mtdl_snapshot_sequence(const struct mtdl_media_snapshot *header)
{
	return (struct mtdl_sequence) {
		.epoch = le32_to_cpu(header->epoch),
		.write = le32_to_cpu(header->write),
	};
}

int mtdl_sequence_compare(struct mtdl_sequence a, struct mtdl_sequence b)
{
	if (a.epoch != b.epoch)
		return a.epoch < b.epoch ? -1 : 1;
	if (a.write != b.write)
		return a.write < b.write ? -1 : 1;
	return 0;
}

u32 mtdl_snapshot_crc(const u8 *bytes, u32 length)
{
	static const u8 no_crc[4];
	const u32 at = offsetof(struct mtdl_media_snapshot, crc);
	u32 crc;

	crc = mtdl_crc32c(MTDL_CRC32C_START, bytes, at);
	crc = mtdl_crc32c(crc, no_crc, sizeof(no_crc));
	return ~mtdl_crc32c(crc, bytes + at + 4, length - at - 4);
}

u32 mtdl_retired_max(u32 blocks)
{
	return blocks / 32 + 8;
}

u32 mtdl_snapshot_bound(u32 blocks)
{
	u32 manifest = mtdl_manifest_limit(blocks) + MTDL_SIGNATURE_MAX;
	/* a manifest takes the most blocks where they are smallest */
	u32 manifest_blocks = manifest / MTDL_BLOCK_SIZE_MIN + 1;
	u32 release = sizeof(struct mtdl_media_release) +
		      MTDL_LAYERS_MAX * sizeof(struct mtdl_media_layer) +
		      4 * blocks + 2 * 4 * manifest_blocks;

	return sizeof(struct mtdl_media_snapshot) + 4 * mtdl_retired_max(blocks) +
	       2 * release + 4 * (u32)mtdl_bitmap_words(blocks);
}

bool mtdl_unit_fits(u32 unit_size, u32 blocks, u32 mark_size)
{
	u32 bound = mtdl_snapshot_bound(blocks);
	u32 marks = MTDL_ATTEMPTS_MAX * mark_size + mark_size;

	return bound <= unit_size / 2 && marks <= unit_size / 2;
}

static int check_sizes(const struct mtdl_geometry *g, struct mtdl_reason *why)
{
	bool powers = mtdl_is_power_of_two(g->erase_size) && mtdl_is_power_of_two(g->write_size) &&
		      mtdl_is_power_of_two(g->block_size) && mtdl_is_power_of_two(g->unit_size) &&
		      mtdl_is_power_of_two(g->mark_size);

	if (!powers || g->write_size > g->erase_size || g->block_size < g->erase_size ||
	    g->unit_size < g->erase_size || g->block_size < MTDL_BLOCK_SIZE_MIN ||
	    g->block_size > MTDL_BLOCK_SIZE_MAX || g->mark_size < g->write_size ||
	    g->mark_size < MTDL_MARK_SIZE_MIN || g->mark_size > g->unit_size)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: erase size %u, write size %u, block size %u, unit size %u, mark size %u do not fit together",
				 g->erase_size, g->write_size, g->block_size, g->unit_size,
				 g->mark_size);
	return 0;
}

static int check_flash(const struct mtdl_geometry *g, const struct mtdl_flash *flash,
		       struct mtdl_reason *why)
{
	if (flash->erase_size != g->erase_size)
		return mtdl_fail(why, -EINVAL,
				 "the flash has eraseblocks of %u bytes, the layer table was made for %u: format it anew",
				 flash->erase_size, g->erase_size);
	if (flash->size < g->flash_size)
		return mtdl_fail(why, -EINVAL,
				 "the flash has 0x%llx bytes, the layer table was made for 0x%llx: it is cut short",
				 (unsigned long long)flash->size,
				 (unsigned long long)g->flash_size);
	if (flash->write_size > g->write_size)
		return mtdl_fail(why, -EINVAL,
				 "the flash is programmed in %u bytes, the layer table was made for %u: format it anew",
				 flash->write_size, g->write_size);
	return 0;
}

int mtdl_geometry_decode(struct mtdl_geometry *g, const struct mtdl_media_snapshot *header,
			 const struct mtdl_flash *flash, struct mtdl_reason *why)
{
	u64 blocks, units;
	int err;

	if (le16_to_cpu(header->version) != MTDL_FORMAT_VERSION)
		return mtdl_fail(why, -EOPNOTSUPP,
				 "layer table has format version %u, this software reads version %u: update mtdlayer",
				 le16_to_cpu(header->version), MTDL_FORMAT_VERSION);
	g->flash_size = le64_to_cpu(header->flash_size);
	g->erase_size = le32_to_cpu(header->erase_size);
	g->write_size = le32_to_cpu(header->write_size);
	g->block_size = le32_to_cpu(header->block_size);
	g->unit_size = le32_to_cpu(header->unit_size);
	g->mark_size = le32_to_cpu(header->mark_size);
	g->table_start = le32_to_cpu(header->table_start);
	g->table_blocks = le32_to_cpu(header->table_blocks);
	g->reserve = le32_to_cpu(header->reserve);
	err = check_sizes(g, why);
	if (!err)
		err = check_flash(g, flash, why);
	if (err)
		return err;
	g->block_shift = mtdl_log2(g->block_size);
	blocks = g->flash_size >> g->block_shift;
	units = ((u64)g->table_blocks << g->block_shift) >> mtdl_log2(g->unit_size);
	if ((g->flash_size & (g->block_size - 1)) || blocks > MTDL_BLOCKS_MAX ||
	    g->table_start >= blocks || g->table_blocks > blocks - g->table_start ||
	    units < 2 || units > MTDL_UNITS_MAX || g->reserve >= blocks)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: a table area of blocks %u + %u and a reserve of %u blocks do not fit a flash of 0x%llx bytes in blocks of %u and units of %u",
				 g->table_start, g->table_blocks, g->reserve,
				 (unsigned long long)g->flash_size, g->block_size, g->unit_size);
	g->block_count = (u32)blocks;
	g->unit_count = (u32)units;
	if (!mtdl_unit_fits(g->unit_size, g->block_count, g->mark_size))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: units of %u bytes are too small for %u blocks, whose largest snapshot has %u bytes",
				 g->unit_size, g->block_count,
				 mtdl_snapshot_bound(g->block_count));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layer tables, put together field by field.
 */
#include <stdlib.h>

#include "build_table.h"
#include "sha256.h"
#include "tableview.h"

struct bytes {
	u8 data[16384];
	u32 length;
};

static void put(struct bytes *to, const void *data, u32 length)
{
	if (length > sizeof(to->data) - to->length)
		abort();
	memcpy(to->data + to->length, data, length);
	to->length += length;
}

static void put_le32(struct bytes *to, u32 value)
{
	__le32 le = htole32(value);

	put(to, &le, sizeof(le));
}

static u32 extents_of(const u32 *map, u32 count)
{
	u32 extents = 1, i;

	for (i = 1; i < count; i++)
		extents += map[i] != map[i - 1] + 1;
	return extents;
}

static void put_extents(struct bytes *to, const u32 *map, u32 count)
{
	u32 first = 0, i;

	for (i = 1; i <= count; i++) {
		if (i < count && map[i] == map[i - 1] + 1)
			continue;
		put_le32(to, map[first]);
		put_le32(to, i - first);
		first = i;
	}
}

static void put_layer(struct bytes *to, const struct build_placed *placed, u32 index)
{
	const struct build_layer *layer = &placed->release->layers[index];
	const u32 *map = placed->map[index];
	u32 count = build_block_count(placed->release, index);
	u32 extents = extents_of(map, count), i;
	bool array = placed->kind[index] == BUILD_MAP_ARRAY ||
		     (placed->kind[index] == BUILD_MAP_SMALLER && count <= 2 * extents);
	struct mtdl_media_layer media = {
		.size = htole64(layer->size),
		.slot_start = htole32(layer->slot_start),
		.slot_blocks = htole32(layer->slot_blocks),
		.policy = htole32(layer->policy),
		.flags = htole32(placed->flags[index]),
		.map_kind = htole16(array ? MTDL_MAP_ARRAY : MTDL_MAP_EXTENTS),
		.map_entries = htole32(array ? count : extents),
	};
	struct mtdl_sha256 root, block;
	u8 digest[MTDL_DIGEST_SIZE];

	memcpy(media.name, layer->name, strnlen(layer->name, sizeof(media.name)));
	mtdl_sha256_init(&root);
	for (i = 0; i < count; i++) {
		u32 length;
		const u8 *data = build_block(placed->release, index, i, &length);

		mtdl_sha256_init(&block);
		mtdl_sha256_update(&block, data, length);
		mtdl_sha256_final(&block, digest);
		mtdl_sha256_update(&root, digest, sizeof(digest));
	}
	mtdl_sha256_final(&root, media.root);
	put(to, &media, sizeof(media));
	if (!array)
		put_extents(to, map, count);
	for (i = 0; array && i < count; i++)
		put_le32(to, map[i]);
}

static u32 manifest_blocks(const struct build_placed *placed)
{
	u32 bytes = placed->release->manifest_size + placed->signature_size;
	u32 block_size = placed->release->options.block_size;

	return (bytes + block_size - 1) / block_size;
}

static void put_release(struct bytes *to, const struct build_placed *placed)
{
	const struct built_release *release = placed->release;
	const char *version = release->options.release;
	struct mtdl_media_release media = {
		.security_counter = htole32(release->options.security_counter),
		.manifest_size = htole32(release->manifest_size),
		.signature_size = htole32(placed->signature_size),
		.manifest_blocks = htole32(manifest_blocks(placed)),
		.layer_count = htole32(release->layer_count),
	};
	u32 i;

	memcpy(media.digest, release->digest, sizeof(media.digest));
	memcpy(media.release, version, strnlen(version, sizeof(media.release)));
	put(to, &media, sizeof(media));
	for (i = 0; i < 2 * manifest_blocks(placed); i++)
		put_le32(to, placed->manifest_map[i]);
	for (i = 0; i < release->layer_count; i++)
		put_layer(to, placed, i);
}

static u32 logical_blocks(const struct built_release *release)
{
	u32 total = 0, i;

	for (i = 0; i < release->layer_count; i++)
		total += build_block_count(release, i);
	return total;
}

void build_table_init(struct build_table *table, const struct simflash *sim, u32 block_size,
		      u32 unit_size, u32 units)
{
	u32 mark_size = sim->shape.write_size > 16 ? sim->shape.write_size : 16;

	memset(table, 0, sizeof(*table));
	table->header = (struct mtdl_media_snapshot) {
		.magic = htole32(MTDL_SNAPSHOT_MAGIC),
		.version = htole16(MTDL_FORMAT_VERSION),
		.header_size = htole16(sizeof(table->header)),
		.epoch = htole32(7),
		.write = htole32(2),
		.uuid = { 0xfe, 0xed, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 },
		.erase_size = htole32(sim->shape.erase_size),
		.flash_size = htole64(sim->flash.size),
		.write_size = htole32(sim->shape.write_size),
		.block_size = htole32(block_size),
		.unit_size = htole32(unit_size),
		.table_blocks = htole32(units * (unit_size / block_size)),
		.mark_size = htole32(mark_size),
		.compatible = BUILD_COMPATIBLE,
	};
}

static void encode(const struct build_table *table, struct bytes *to)
{
	struct mtdl_media_snapshot header = table->header;
	u32 i;

	to->length = 0;
	put(to, &header, sizeof(header));
	for (i = 0; i < table->retired_count; i++)
		put_le32(to, table->retired[i]);
	if (table->active.release)
		put_release(to, &table->active);
	if (table->candidate.release)
		put_release(to, &table->candidate);
	if (header.state == MTDL_STATE_STAGING)
		for (i = 0; i < (logical_blocks(table->candidate.release) + 31) / 32; i++)
			put_le32(to, table->done[i]);
	header.releases = (table->active.release ? MTDL_HAS_ACTIVE : 0) |
			  (table->candidate.release ? MTDL_HAS_CANDIDATE : 0);
	header.retired_count = htole32(table->retired_count);
	header.length = htole32(to->length);
	memcpy(to->data, &header, sizeof(header));
	header.crc = htole32(tableview_crc(to->data, to->length));
	memcpy(to->data, &header, sizeof(header));
}

static void program(struct simflash *sim, u64 off, const u8 *data, u32 length)
{
	u32 unit = sim->shape.write_size, padded = (length + unit - 1) / unit * unit;
	u8 *copy = malloc(padded);

	if (!copy)
		abort();
	memset(copy, 0xff, padded);
	memcpy(copy, data, length);
	if (sim->flash.ops->program(&sim->flash, off, copy, padded))
		abort();
	free(copy);
}

void build_table_write(const struct build_table *table, struct simflash *sim, u32 unit,
		       u32 marks)
{
	u32 mark_size = le32toh(table->header.mark_size), i;
	u64 off = (u64)unit * le32toh(table->header.unit_size);
	struct bytes *bytes = calloc(1, sizeof(*bytes));
	u8 *mark = calloc(1, mark_size);

	if (!bytes || !mark)
		abort();
	encode(table, bytes);
	program(sim, off, bytes->data, bytes->length);
	off += (bytes->length + mark_size - 1) / mark_size * mark_size;
	for (i = 0; i < marks; i++)
		program(sim, off + i * mark_size, mark, mark_size);
	free(mark);
	free(bytes);
}

static void erase_block(struct simflash *sim, u32 block, u32 block_size)
{
	u64 off = (u64)block * block_size, end = off + block_size;

	for (; off < end; off += sim->shape.erase_size)
		if (sim->flash.ops->erase(&sim->flash, off))
			abort();
}

static void write_manifest(const struct build_placed *placed, struct simflash *sim)
{
	const struct built_release *release = placed->release;
	u32 size = release->options.block_size, blocks = manifest_blocks(placed), i;
	u32 total = release->manifest_size + placed->signature_size;
	u8 *bytes = calloc(1, total);

	if (!bytes)
		abort();
	memcpy(bytes, release->manifest, release->manifest_size);
	if (placed->signature_size)
		memcpy(bytes + release->manifest_size, placed->signature,
		       placed->signature_size);
	for (i = 0; i < 2 * blocks; i++) {
		u32 at = i % blocks * size;

		erase_block(sim, placed->manifest_map[i], size);
		program(sim, (u64)placed->manifest_map[i] * size, bytes + at,
			total - at < size ? total - at : size);
	}
	free(bytes);
}

void build_placed_write(const struct build_placed *placed, struct simflash *sim,
			const u32 *done)
{
	const struct built_release *release = placed->release;
	u32 size = release->options.block_size, layer, block, logical = 0;

	write_manifest(placed, sim);
	for (layer = 0; layer < release->layer_count; layer++) {
		for (block = 0; block < build_block_count(release, layer); block++, logical++) {
			u32 length, physical = placed->map[layer][block];
			const u8 *data = build_block(release, layer, block, &length);

			if (done && !(done[logical / 32] >> logical % 32 & 1))
				continue;
			erase_block(sim, physical, size);
			program(sim, (u64)physical * size, data, length);
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Test releases: content from seeds, manifests byte by byte.
 */
#include <stdlib.h>

#include "build_release.h"
#include "sha256.h"

static void *must_alloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p)
		abort();
	return p;
}

static void digest_of(const void *data, size_t len, u8 *digest)
{
	struct mtdl_sha256 hash;

	mtdl_sha256_init(&hash);
	mtdl_sha256_update(&hash, data, len);
	mtdl_sha256_final(&hash, digest);
}

u32 build_block_count(const struct built_release *release, u32 layer)
{
	u32 block_size = release->options.block_size;

	return (u32)((release->layers[layer].size + block_size - 1) / block_size);
}

const u8 *build_block(const struct built_release *release, u32 layer, u32 block, u32 *length)
{
	u32 block_size = release->options.block_size;
	u64 start = (u64)block * block_size;
	u64 left = release->layers[layer].size - start;

	*length = left < block_size ? (u32)left : block_size;
	return release->payload[layer] + start;
}

/* Rows that say where they belong: different everywhere, and easy to compress. */
static void fill_block(u8 *to, u32 length, u32 seed, u32 block)
{
	u32 row[4], i;

	for (i = 0; i < length; i += sizeof(row)) {
		u32 n = length - i < sizeof(row) ? length - i : (u32)sizeof(row);

		row[0] = htole32(seed * 2654435761U);
		row[1] = htole32(block * 40503U + 0x5eed);
		row[2] = htole32(i);
		row[3] = htole32(seed ^ 0xa5c3f00f);
		memcpy(to + i, row, n);
	}
}

static void fill_payload(struct built_release *release, u32 layer)
{
	u32 block;

	release->payload[layer] = must_alloc(release->layers[layer].size);
	for (block = 0; block < build_block_count(release, layer); block++) {
		u32 length;
		const u8 *at = build_block(release, layer, block, &length);

		fill_block((u8 *)at, length, release->layers[layer].seed, block);
	}
}

static void append(struct built_release *release, const void *data, u32 length)
{
	if (release->manifest_size + length > release->manifest_room) {
		release->manifest_room = 2 * (release->manifest_size + length);
		release->manifest = realloc(release->manifest, release->manifest_room);
		if (!release->manifest)
			abort();
	}
	memcpy(release->manifest + release->manifest_size, data, length);
	release->manifest_size += length;
}

static void append_record(struct built_release *release, u16 type, const void *value, u32 length)
{
	static const u8 zeros[8];
	struct mtdl_media_record record = {
		.type = cpu_to_le16(type),
		.length = cpu_to_le32(length),
	};

	append(release, &record, sizeof(record));
	append(release, value, length);
	append(release, zeros, (8 - length % 8) % 8);
}

static void append_layer(struct built_release *release, u32 index)
{
	const struct build_layer *layer = &release->layers[index];
	u32 blocks = build_block_count(release, index), block;
	u32 length = sizeof(struct mtdl_media_manifest_layer) + blocks * MTDL_DIGEST_SIZE;
	struct mtdl_media_manifest_layer *media = must_alloc(length);
	u8 *digests = (u8 *)(media + 1);

	for (block = 0; block < blocks; block++) {
		u32 bytes;
		const u8 *at = build_block(release, index, block, &bytes);

		digest_of(at, bytes, digests + block * MTDL_DIGEST_SIZE);
	}
	memcpy(media->name, layer->name, strnlen(layer->name, sizeof(media->name)));
	digest_of(digests, blocks * MTDL_DIGEST_SIZE, media->root);
	media->size = cpu_to_le64(layer->size);
	media->address = cpu_to_le64((u64)layer->slot_start * release->options.block_size);
	media->capacity = cpu_to_le64((u64)layer->slot_blocks * release->options.block_size);
	media->policy = cpu_to_le32(layer->policy);
	media->block_count = cpu_to_le32(blocks);
	append_record(release, MTDL_RECORD_LAYER, media, length);
	free(media);
}

void build_redigest(struct built_release *release)
{
	digest_of(release->manifest, release->manifest_size, release->digest);
}

static void fix_length(struct built_release *release)
{
	struct mtdl_media_manifest header;

	memcpy(&header, release->manifest, sizeof(header));
	header.length = cpu_to_le32(release->manifest_size);
	memcpy(release->manifest, &header, sizeof(header));
	build_redigest(release);
}

void build_record(struct built_release *release, u16 type, const void *value, u32 length)
{
	append_record(release, type, value, length);
	fix_length(release);
}

struct built_release *build_release(const struct build_options *options,
				    const struct build_layer *layers, u32 layer_count)
{
	struct built_release *release = must_alloc(sizeof(*release));
	const char *compatible = options->compatible ? options->compatible : BUILD_COMPATIBLE;
	struct mtdl_media_manifest header = {
		.magic = cpu_to_le32(MTDL_MANIFEST_MAGIC),
		.version = cpu_to_le16(MTDL_MANIFEST_VERSION),
		.header_size = cpu_to_le16(sizeof(header)),
		.block_size = cpu_to_le32(options->block_size),
		.security_counter = cpu_to_le32(options->security_counter),
		.layer_count = cpu_to_le32(layer_count),
		.attempts = cpu_to_le32(options->attempts ? options->attempts : 3),
	};
	u32 i;

	release->options = *options;
	release->layer_count = layer_count;
	memcpy(release->layers, layers, layer_count * sizeof(*layers));
	memcpy(header.release, options->release, strnlen(options->release, MTDL_RELEASE_SIZE));
	memcpy(header.compatible, compatible, strnlen(compatible, MTDL_COMPATIBLE_SIZE));
	append(release, &header, sizeof(header));
	for (i = 0; i < layer_count; i++) {
		fill_payload(release, i);
		append_layer(release, i);
	}
	fix_length(release);
	return release;
}

void build_free(struct built_release *release)
{
	u32 i;

	if (!release)
		return;
	for (i = 0; i < release->layer_count; i++)
		free(release->payload[i]);
	free(release->manifest);
	free(release);
}

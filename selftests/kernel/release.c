// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small releases for the tests: a manifest, and the bytes that it names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "release.h"
#include "sha256.h"

static void sha256(const void *data, size_t len, u8 *digest)
{
	struct mtdl_sha256 hash;

	mtdl_sha256_init(&hash);
	mtdl_sha256_update(&hash, data, len);
	mtdl_sha256_final(&hash, digest);
}

static void *get_memory(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		perror("calloc");
		exit(1);
	}
	return p;
}

/* A byte that depends on all bits of its place, so that no two blocks are alike. */
static u8 content(u32 seed, u32 off)
{
	u32 x = seed * 0x9e3779b9U + off * 0x85ebca6bU + 1;

	x ^= x >> 15;
	x *= 0x2c1b3c6dU;
	x ^= x >> 12;
	return x;
}

void release_bytes(const struct test_release *release, u32 layer, u32 off, u8 *to, u32 len)
{
	const struct test_layer *l = &release->layers[layer];
	u32 i;

	for (i = 0; i < len; i++)
		to[i] = l->data ? l->data[off + i] : content(l->seed, off + i);
}

static u32 block_count(const struct test_release *release, const struct test_layer *layer)
{
	return (layer->size + release->block_size - 1) / release->block_size;
}

static u32 record_size(const struct test_release *release, const struct test_layer *layer)
{
	return sizeof(struct mtdl_media_manifest_layer) +
	       block_count(release, layer) * MTDL_DIGEST_SIZE;
}

/* One layer record; the value's size is a multiple of 8 as it is. */
static u8 *put_layer(const struct test_release *release, u32 index, u8 *to)
{
	const struct test_layer *layer = &release->layers[index];
	struct mtdl_media_record *record = (void *)to;
	struct mtdl_media_manifest_layer *value = (void *)(record + 1);
	u8 *digests = (u8 *)(value + 1);
	u8 *block = get_memory(release->block_size);
	u32 blocks = block_count(release, layer);
	u32 i;

	record->type = cpu_to_le16(MTDL_RECORD_LAYER);
	record->length = cpu_to_le32(record_size(release, layer));
	memcpy(value->name, layer->name, strnlen(layer->name, sizeof(value->name)));
	value->size = cpu_to_le64(layer->size);
	value->address = cpu_to_le64((u64)layer->slot_start * release->block_size);
	value->capacity = cpu_to_le64((u64)layer->slot_blocks * release->block_size);
	value->block_count = cpu_to_le32(blocks);
	for (i = 0; i < blocks; i++) {
		u32 len = mtdl_block_bytes(layer->size, i, release->block_size);

		release_bytes(release, index, i * release->block_size, block, len);
		sha256(block, len, digests + i * MTDL_DIGEST_SIZE);
	}
	sha256(digests, blocks * MTDL_DIGEST_SIZE, value->root);
	free(block);
	return digests + blocks * MTDL_DIGEST_SIZE;
}

void release_redigest(struct test_release *release)
{
	sha256(release->manifest, release->manifest_size, release->digest);
}

void release_make(struct test_release *release, const char *version, u32 block_size,
		  const struct test_layer *layers, u32 count)
{
	struct mtdl_media_manifest *header;
	u8 *to;
	u32 i;

	memset(release, 0, sizeof(*release));
	release->block_size = block_size;
	release->layer_count = count;
	memcpy(release->layers, layers, count * sizeof(*layers));
	release->manifest_size = sizeof(*header);
	for (i = 0; i < count; i++)
		release->manifest_size += sizeof(struct mtdl_media_record) +
					  record_size(release, &layers[i]);
	release->manifest = get_memory(release->manifest_size);
	header = (void *)release->manifest;
	header->magic = cpu_to_le32(MTDL_MANIFEST_MAGIC);
	header->version = cpu_to_le16(MTDL_MANIFEST_VERSION);
	header->header_size = cpu_to_le16(sizeof(*header));
	header->length = cpu_to_le32(release->manifest_size);
	header->block_size = cpu_to_le32(block_size);
	header->layer_count = cpu_to_le32(count);
	header->attempts = cpu_to_le32(3);
	memcpy(header->release, version, strnlen(version, sizeof(header->release)));
	memcpy(header->compatible, RELEASE_BOARD, strlen(RELEASE_BOARD));
	to = (u8 *)(header + 1);
	for (i = 0; i < count; i++)
		to = put_layer(release, i, to);
	release_redigest(release);
}

void release_free(struct test_release *release)
{
	free(release->manifest);
	release->manifest = NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts manifests together.
 */
#include "../../kmod/core/util.h"
#include "release.h"
#include "size.h"

int release_set_size(struct release *release, uint32_t layer, uint64_t size,
		     struct mtdl_reason *why)
{
	struct release_layer *l = &release->layers[layer];
	const struct layout_layer *place = &release->layout->layers[layer];
	uint64_t blocks = (size - 1) / release->block_size + 1;
	uint64_t room = place->capacity / release->block_size;

	if (!size)
		return mtdl_fail(why, -EINVAL, "layer %s is empty: a release has bytes for every layer of its layout",
				 place->name);
	if (blocks > BUNDLE_BLOCKS_MAX)
		return mtdl_fail(why, -EFBIG, "layer %s: %llu bytes are %llu blocks, a bundle can have %u",
				 place->name, (unsigned long long)size,
				 (unsigned long long)blocks, BUNDLE_BLOCKS_MAX);
	if (blocks > room && (place->policy & (MTDL_POLICY_OVERFLOW_REFUSE | MTDL_POLICY_PINNED)))
		return mtdl_fail(why, -EFBIG, "layer %s: %llu bytes take %llu blocks, its slot has %llu, and the layout says that it %s",
				 place->name, (unsigned long long)size,
				 (unsigned long long)blocks, (unsigned long long)room,
				 place->policy & MTDL_POLICY_PINNED ?
				 "is pinned there" : "must not overflow");
	l->place = place;
	l->size = size;
	l->block_count = (uint32_t)blocks;
	l->digests = calloc(blocks, MTDL_DIGEST_SIZE);
	if (!l->digests)
		return mtdl_fail(why, -ENOMEM, "no memory for the digests of layer %s",
				 place->name);
	return 0;
}

const uint8_t *release_set_digest(struct release *release, uint32_t layer, uint32_t block,
				  const void *data, uint32_t length)
{
	uint8_t *digest = release->layers[layer].digests + (size_t)block * MTDL_DIGEST_SIZE;
	struct mtdl_hash hash;

	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, data, length);
	mtdl_hash_final(&hash, digest);
	return digest;
}

/* Bytes of a record with its value and padding. */
static uint64_t record_size(uint64_t value)
{
	return sizeof(struct mtdl_media_record) + ((value + 7) & ~7ULL);
}

static uint64_t layer_value_size(const struct release_layer *layer)
{
	return sizeof(struct mtdl_media_manifest_layer) +
	       (uint64_t)layer->block_count * MTDL_DIGEST_SIZE;
}

uint32_t release_manifest_size(const struct release *release)
{
	uint64_t size = sizeof(struct mtdl_media_manifest);

	for (uint32_t i = 0; i < release->layout->layer_count; i++)
		size += record_size(layer_value_size(&release->layers[i]));
	if (release->notes)
		size += record_size(strlen(release->notes));
	return size > BUNDLE_MANIFEST_MAX ? 0 : (uint32_t)size;
}

static uint8_t *put_record(uint8_t *at, uint32_t type, uint64_t length)
{
	const struct mtdl_media_record record = {
		.type = cpu_to_le16(type),
		.length = cpu_to_le32(length),
	};

	memcpy(at, &record, sizeof(record));
	return at + sizeof(record);
}

static uint8_t *put_layer(uint8_t *at, const struct release_layer *layer)
{
	const size_t digests = (size_t)layer->block_count * MTDL_DIGEST_SIZE;
	struct mtdl_media_manifest_layer media = {
		.size = cpu_to_le64(layer->size),
		.address = cpu_to_le64(layer->place->address),
		.capacity = cpu_to_le64(layer->place->capacity),
		.policy = cpu_to_le32(layer->place->policy),
		.block_count = cpu_to_le32(layer->block_count),
	};
	struct mtdl_hash hash;
	uint8_t *value;

	memcpy(media.name, layer->place->name, strlen(layer->place->name));
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, layer->digests, digests);
	mtdl_hash_final(&hash, media.root);
	value = put_record(at, MTDL_RECORD_LAYER, layer_value_size(layer));
	memcpy(value, &media, sizeof(media));
	memcpy(value + sizeof(media), layer->digests, digests);
	return at + record_size(layer_value_size(layer));
}

static void put_header(uint8_t *at, const struct release *release, uint32_t size)
{
	struct mtdl_media_manifest media = {
		.magic = cpu_to_le32(MTDL_MANIFEST_MAGIC),
		.version = cpu_to_le16(MTDL_MANIFEST_VERSION),
		.header_size = cpu_to_le16(sizeof(media)),
		.length = cpu_to_le32(size),
		.block_size = cpu_to_le32(release->block_size),
		.security_counter = cpu_to_le32(release->security_counter),
		.layer_count = cpu_to_le32(release->layout->layer_count),
		.attempts = cpu_to_le32(release->attempts),
	};

	memcpy(media.release, release->version, strlen(release->version));
	memcpy(media.compatible, release->layout->compatible,
	       strlen(release->layout->compatible));
	memcpy(at, &media, sizeof(media));
}

static int check_result(const void *manifest, uint32_t size, struct mtdl_reason *why)
{
	struct mtdl_manifest *parsed = malloc(sizeof(*parsed));
	int err;

	if (!parsed)
		return mtdl_fail(why, -ENOMEM, "no memory to check the manifest");
	err = mtdl_manifest_parse(parsed, manifest, size, why);
	free(parsed);
	return err;
}

int release_manifest(const struct release *release, void **manifest, struct mtdl_reason *why)
{
	uint32_t size = release_manifest_size(release);
	uint8_t *bytes, *at;
	int err;

	bytes = calloc(1, size);
	if (!bytes)
		return mtdl_fail(why, -ENOMEM, "no memory for a manifest of %u bytes", size);
	put_header(bytes, release, size);
	at = bytes + sizeof(struct mtdl_media_manifest);
	for (uint32_t i = 0; i < release->layout->layer_count; i++)
		at = put_layer(at, &release->layers[i]);
	if (release->notes)
		memcpy(put_record(at, MTDL_RECORD_NOTES, strlen(release->notes)),
		       release->notes, strlen(release->notes));
	err = check_result(bytes, size, why);
	if (err)
		free(bytes);
	else
		*manifest = bytes;
	return err;
}

void release_free(struct release *release)
{
	for (uint32_t i = 0; i < MTDL_LAYERS_MAX; i++)
		free(release->layers[i].digests);
}

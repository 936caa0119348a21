// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Parses a manifest.  Its bytes come from outside: each length is checked
 * against what is left before it is used, in arithmetic that cannot wrap, and
 * nothing is accepted that a second writer would have written differently
 * (padding, reserved bytes, trailing bytes).
 */
#include "manifest.h"
#include "util.h"

#define RECORD_ALIGN	8U

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((u8)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool is_name(const char *name)
{
	/* what makes a path of a layer's name must not leave its directory */
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++) {
		bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
		bool digit = *name >= '0' && *name <= '9';

		if (!letter && !digit && *name != '.' && *name != '_' && *name != '-')
			return false;
	}
	return true;
}

u32 mtdl_manifest_limit(u32 blocks)
{
	/* every block once, every layer, and some notes */
	return sizeof(struct mtdl_media_manifest) + blocks * MTDL_DIGEST_SIZE +
	       MTDL_LAYERS_MAX * (sizeof(struct mtdl_media_record) +
				  sizeof(struct mtdl_media_manifest_layer)) + 4096;
}

const struct mtdl_manifest_layer *mtdl_manifest_find(const struct mtdl_manifest *m,
						     const char *name)
{
	u32 i;

	for (i = 0; i < m->layer_count; i++)
		if (!strcmp(m->layers[i].name, name))
			return &m->layers[i];
	return NULL;
}

static int parse_header(struct mtdl_manifest *m, struct mtdl_reason *why)
{
	struct mtdl_media_manifest h;

	if (m->length < sizeof(h))
		return mtdl_fail(why, -EINVAL,
				 "manifest is %u bytes, its header alone has %u: it is cut short",
				 m->length, (u32)sizeof(h));
	memcpy(&h, m->bytes, sizeof(h));
	if (le32_to_cpu(h.magic) != MTDL_MANIFEST_MAGIC)
		return mtdl_fail(why, -EINVAL,
				 "not a manifest: it begins with 0x%08x, not with 0x%08x",
				 le32_to_cpu(h.magic), MTDL_MANIFEST_MAGIC);
	if (le16_to_cpu(h.version) != MTDL_MANIFEST_VERSION)
		return mtdl_fail(why, -EOPNOTSUPP,
				 "manifest has version %u, this software reads version %u: update mtdlayer first",
				 le16_to_cpu(h.version), MTDL_MANIFEST_VERSION);
	if (le32_to_cpu(h.features_incompat))
		return mtdl_fail(why, -EOPNOTSUPP,
				 "manifest needs features 0x%x that this software does not have: update mtdlayer first",
				 le32_to_cpu(h.features_incompat));
	if (le16_to_cpu(h.header_size) != sizeof(h))
		return mtdl_fail(why, -EINVAL,
				 "manifest header says it has %u bytes, version %u has %u",
				 le16_to_cpu(h.header_size), MTDL_MANIFEST_VERSION, (u32)sizeof(h));
	if (le32_to_cpu(h.length) != m->length)
		return mtdl_fail(why, -EINVAL, "manifest says it has %u bytes, there are %u",
				 le32_to_cpu(h.length), m->length);
	m->block_size = le32_to_cpu(h.block_size);
	if (!mtdl_is_power_of_two(m->block_size) || m->block_size < MTDL_BLOCK_SIZE_MIN ||
	    m->block_size > MTDL_BLOCK_SIZE_MAX)
		return mtdl_fail(why, -EINVAL,
				 "manifest has block size %u, it must be a power of two from %u to %u",
				 m->block_size, MTDL_BLOCK_SIZE_MIN, MTDL_BLOCK_SIZE_MAX);
	m->security_counter = le32_to_cpu(h.security_counter);
	m->layer_count = le32_to_cpu(h.layer_count);
	if (!m->layer_count || m->layer_count > MTDL_LAYERS_MAX)
		return mtdl_fail(why, -EINVAL, "manifest has %u layers, it must have 1 to %u",
				 m->layer_count, MTDL_LAYERS_MAX);
	m->attempts = le32_to_cpu(h.attempts);
	if (!m->attempts || m->attempts > MTDL_ATTEMPTS_MAX)
		return mtdl_fail(why, -EINVAL,
				 "manifest asks for %u boot attempts, it must be 1 to %u",
				 m->attempts, MTDL_ATTEMPTS_MAX);
	if (!mtdl_copy_text(m->release, h.release, sizeof(h.release)) || !m->release[0] ||
	    !is_printable(m->release))
		return mtdl_fail(why, -EINVAL,
				 "manifest has no proper release version: text without control characters, padded with zeros");
	if (!mtdl_copy_text(m->compatible, h.compatible, sizeof(h.compatible)) ||
	    !m->compatible[0] || !is_printable(m->compatible))
		return mtdl_fail(why, -EINVAL,
				 "manifest of release %s does not say which board it is for",
				 m->release);
	if (!mtdl_is_filled(h.reserved, 0, sizeof(h.reserved)))
		return mtdl_fail(why, -EINVAL,
				 "manifest of release %s has reserved header bytes that are not zero",
				 m->release);
	return 0;
}

static int check_root(const struct mtdl_manifest_layer *layer, struct mtdl_reason *why)
{
	struct mtdl_hash hash;
	u8 root[MTDL_DIGEST_SIZE];

	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, layer->digests, (size_t)layer->block_count * MTDL_DIGEST_SIZE);
	mtdl_hash_final(&hash, root);
	if (memcmp(root, layer->root, sizeof(root)))
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: its root digest is not that of its %u block digests",
				 layer->name, layer->block_count);
	return 0;
}

static int parse_slot(const struct mtdl_manifest *m, struct mtdl_manifest_layer *layer,
		      u64 address, u64 capacity, struct mtdl_reason *why)
{
	u32 shift = mtdl_log2(m->block_size);
	u64 mask = m->block_size - 1;

	if ((address & mask) || (capacity & mask) || !capacity)
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: slot at 0x%llx with 0x%llx bytes is not made of whole blocks of 0x%x bytes",
				 layer->name, (unsigned long long)address,
				 (unsigned long long)capacity, m->block_size);
	if (address >> shift >= MTDL_NO_BLOCK || capacity >> shift >= MTDL_NO_BLOCK ||
	    (address >> shift) + (capacity >> shift) >= MTDL_NO_BLOCK)
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: slot at 0x%llx with 0x%llx bytes lies beyond any flash",
				 layer->name, (unsigned long long)address,
				 (unsigned long long)capacity);
	layer->slot_start = (u32)(address >> shift);
	layer->slot_blocks = (u32)(capacity >> shift);
	return 0;
}

static int check_policy(const struct mtdl_manifest_layer *layer, struct mtdl_reason *why)
{
	u32 policy = layer->policy;

	if (policy & ~MTDL_POLICY_KNOWN)
		return mtdl_fail(why, -EOPNOTSUPP,
				 "manifest: layer %s: policy bits 0x%x are unknown to this software: update mtdlayer first",
				 layer->name, policy & ~MTDL_POLICY_KNOWN);
	if ((policy & MTDL_POLICY_OVERFLOW_MOVE) && (policy & MTDL_POLICY_OVERFLOW_REFUSE))
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: overflow cannot be both moved and refused",
				 layer->name);
	if ((policy & MTDL_POLICY_PINNED) &&
	    (policy & (MTDL_POLICY_LAZY | MTDL_POLICY_IN_PLACE | MTDL_POLICY_OVERFLOW_MOVE)))
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: a pinned layer cannot be lazy, in place or moved",
				 layer->name);
	return 0;
}

static int check_against_others(const struct mtdl_manifest *m, u32 index,
				struct mtdl_reason *why)
{
	const struct mtdl_manifest_layer *layer = &m->layers[index];
	u32 i;

	for (i = 0; i < index; i++) {
		const struct mtdl_manifest_layer *other = &m->layers[i];

		if (!strcmp(layer->name, other->name))
			return mtdl_fail(why, -EINVAL, "manifest has two layers called %s",
					 layer->name);
		if (layer->slot_start < other->slot_start + other->slot_blocks &&
		    other->slot_start < layer->slot_start + layer->slot_blocks)
			return mtdl_fail(why, -EINVAL,
					 "manifest: the slots of layers %s (blocks %u to %u) and %s (blocks %u to %u) overlap",
					 other->name, other->slot_start,
					 other->slot_start + other->slot_blocks - 1,
					 layer->name, layer->slot_start,
					 layer->slot_start + layer->slot_blocks - 1);
	}
	return 0;
}

static int parse_layer(struct mtdl_manifest *m, u32 index, const u8 *value, u32 length,
		       struct mtdl_reason *why)
{
	struct mtdl_manifest_layer *layer = &m->layers[index];
	struct mtdl_media_manifest_layer media;
	u64 blocks;
	int err;

	if (length < sizeof(media))
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer record %u has %u bytes, it must have at least %u",
				 index, length, (u32)sizeof(media));
	memcpy(&media, value, sizeof(media));
	if (!mtdl_copy_text(layer->name, media.name, sizeof(media.name)) || !layer->name[0])
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %u has no proper name: 1 to %u characters, padded with zeros",
				 index, MTDL_NAME_SIZE);
	if (!is_name(layer->name))
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %u has a name with other characters than letters, digits, '.', '_' and '-', or one that is a directory's",
				 index);
	layer->size = le64_to_cpu(media.size);
	if (!layer->size)
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s is empty: leave it out of the release instead",
				 layer->name);
	blocks = ((layer->size - 1) >> mtdl_log2(m->block_size)) + 1;
	if (blocks != le32_to_cpu(media.block_count))
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: %llu bytes take %llu blocks of %u, the manifest says %u",
				 layer->name, (unsigned long long)layer->size,
				 (unsigned long long)blocks, m->block_size,
				 le32_to_cpu(media.block_count));
	layer->block_count = le32_to_cpu(media.block_count);
	if ((length - sizeof(media)) / MTDL_DIGEST_SIZE != layer->block_count ||
	    (length - sizeof(media)) % MTDL_DIGEST_SIZE)
		return mtdl_fail(why, -EINVAL,
				 "manifest: layer %s: %u bytes of digests are not the %u digests of its blocks",
				 layer->name, (u32)(length - sizeof(media)), layer->block_count);
	layer->root = value + offsetof(struct mtdl_media_manifest_layer, root);
	layer->digests = value + sizeof(media);
	layer->policy = le32_to_cpu(media.policy);
	err = parse_slot(m, layer, le64_to_cpu(media.address), le64_to_cpu(media.capacity), why);
	if (!err)
		err = check_policy(layer, why);
	if (!err)
		err = check_root(layer, why);
	if (!err)
		err = check_against_others(m, index, why);
	m->block_total += layer->block_count;
	return err;
}

static int parse_record(struct mtdl_manifest *m, u32 *layers, u32 type, const u8 *value,
			u32 length, struct mtdl_reason *why)
{
	if (type == MTDL_RECORD_LAYER) {
		if (*layers == m->layer_count)
			return mtdl_fail(why, -EINVAL,
					 "manifest has more layer records than the %u that it announces",
					 m->layer_count);
		return parse_layer(m, (*layers)++, value, length, why);
	}
	if (type & MTDL_RECORD_CRITICAL)
		return mtdl_fail(why, -EOPNOTSUPP,
				 "manifest has a critical record of type 0x%x that this software does not know: update mtdlayer first",
				 type);
	return 0;
}

static int parse_records(struct mtdl_manifest *m, struct mtdl_reason *why)
{
	u32 off = sizeof(struct mtdl_media_manifest);
	u32 layers = 0;
	int err;

	while (off < m->length) {
		struct mtdl_media_record record;
		u32 left = m->length - off;
		u32 length, padded;

		if (left < sizeof(record))
			return mtdl_fail(why, -EINVAL,
					 "manifest ends with %u bytes that are no record",
					 left);
		memcpy(&record, m->bytes + off, sizeof(record));
		length = le32_to_cpu(record.length);
		left -= sizeof(record);
		if (record.reserved || length > left)
			return mtdl_fail(why, -EINVAL,
					 "manifest: record at byte %u says it has %u bytes, %u are left",
					 off, length, left);
		padded = mtdl_align(length, RECORD_ALIGN);
		off += sizeof(record);
		if (padded > left || !mtdl_is_filled(m->bytes + off + length, 0, padded - length))
			return mtdl_fail(why, -EINVAL,
					 "manifest: record at byte %u is not padded with zeros",
					 off);
		err = parse_record(m, &layers, le16_to_cpu(record.type), m->bytes + off, length,
				   why);
		if (err)
			return err;
		off += padded;
	}
	if (layers != m->layer_count)
		return mtdl_fail(why, -EINVAL, "manifest announces %u layers and has %u",
				 m->layer_count, layers);
	return 0;
}

int mtdl_manifest_parse(struct mtdl_manifest *m, const void *bytes, u32 length,
			struct mtdl_reason *why)
{
	struct mtdl_hash hash;
	int err;

	memset(m, 0, sizeof(*m));
	m->bytes = bytes;
	m->length = length;
	err = parse_header(m, why);
	if (!err)
		err = parse_records(m, why);
	if (err)
		return err;
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, bytes, length);
	mtdl_hash_final(&hash, m->digest);
	return 0;
}

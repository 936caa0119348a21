/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A manifest: the complete description of one release, parsed strictly.
 */
#ifndef MTDL_MANIFEST_H
#define MTDL_MANIFEST_H

#include "media.h"
#include "reason.h"

/**
 * struct mtdl_manifest_layer - one layer, pointing into the manifest's bytes
 * @name: NUL-terminated
 * @root: SHA-256 of the digests
 * @digests: @block_count digests of MTDL_DIGEST_SIZE bytes
 * @size: bytes
 * @slot_start: first block of the slot
 * @slot_blocks: its capacity in blocks
 * @policy: MTDL_POLICY_*
 * @block_count: blocks that @size takes
 */
struct mtdl_manifest_layer {
	char name[MTDL_NAME_SIZE + 1];
	const u8 *root;
	const u8 *digests;
	u64 size;
	u32 slot_start;
	u32 slot_blocks;
	u32 policy;
	u32 block_count;
};

/**
 * struct mtdl_manifest - a parsed manifest
 * @bytes: the manifest; the caller's, must outlive this
 * @length: its bytes
 * @digest: SHA-256 of @bytes: the release's identity
 * @block_size: bytes
 * @security_counter: see the floor
 * @attempts: boot attempts of a trial
 * @release: NUL-terminated version text
 * @compatible: NUL-terminated board
 * @block_total: sum over the layers
 * @layer_count: layers
 * @layers: in the manifest's order
 */
struct mtdl_manifest {
	const u8 *bytes;
	u32 length;
	u8 digest[MTDL_DIGEST_SIZE];
	u32 block_size;
	u32 security_counter;
	u32 attempts;
	char release[MTDL_RELEASE_SIZE + 1];
	char compatible[MTDL_COMPATIBLE_SIZE + 1];
	u32 block_total;
	u32 layer_count;
	struct mtdl_manifest_layer layers[MTDL_LAYERS_MAX];
};

/**
 * mtdl_manifest_parse() - check every byte of a manifest
 * @m: filled in; large (allocate it, do not put it on a kernel stack)
 * @bytes: the manifest
 * @length: bytes that there are
 * @why: the reason of a refusal, which names the layer, value and limit
 *
 * Checks all that can be known without a device: magic, version, lengths,
 * padding, unknown critical records, names (characters, duplicates), sizes
 * that overflow, slots that overlap or are not aligned, root digests.
 *
 * Return: 0, -EINVAL (malformed), -EOPNOTSUPP (a version, feature, policy or
 * critical record that this code does not know).
 */
int mtdl_manifest_parse(struct mtdl_manifest *m, const void *bytes, u32 length,
			struct mtdl_reason *why);

/** mtdl_manifest_limit() - most bytes a manifest for @blocks device blocks can have */
u32 mtdl_manifest_limit(u32 blocks);

/** mtdl_manifest_find() - the layer called @name, or NULL */
const struct mtdl_manifest_layer *mtdl_manifest_find(const struct mtdl_manifest *m,
						     const char *name);

/** mtdl_block_bytes() - bytes of a layer's logical block @block: the last may be short */
static inline u32 mtdl_block_bytes(u64 layer_size, u32 block, u32 block_size)
{
	u64 start = (u64)block * block_size;

	return layer_size - start < block_size ? (u32)(layer_size - start) : block_size;
}

#endif

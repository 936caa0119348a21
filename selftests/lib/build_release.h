/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes manifests and payloads for tests, from lists of layers.
 *
 * Written against media.h alone: what the core's parser makes of it is a second
 * opinion.
 */
#ifndef SELFTESTS_BUILD_RELEASE_H
#define SELFTESTS_BUILD_RELEASE_H

#include "media.h"

#define BUILD_COMPATIBLE	"acme,test-board"

/**
 * struct build_layer - one layer to make
 * @name: its name
 * @slot_start: first block of its slot
 * @slot_blocks: blocks of its slot
 * @policy: MTDL_POLICY_*
 * @size: bytes
 * @seed: chooses the content: the same seed and logical block give the same bytes
 */
struct build_layer {
	const char *name;
	u32 slot_start;
	u32 slot_blocks;
	u32 policy;
	u64 size;
	u32 seed;
};

/**
 * struct build_options - what the manifest says beside its layers
 * @block_size: bytes
 * @release: version text
 * @compatible: board; NULL: BUILD_COMPATIBLE
 * @attempts: boot attempts; 0: 3
 * @security_counter: see the floor
 */
struct build_options {
	u32 block_size;
	const char *release;
	const char *compatible;
	u32 attempts;
	u32 security_counter;
};

/**
 * struct built_release - a manifest and the bytes that it names
 * @manifest: its bytes
 * @manifest_size: how many
 * @manifest_room: bytes allocated
 * @digest: SHA-256 of the manifest
 * @options: that it was made with
 * @layer_count: layers
 * @layers: that it was made from
 * @payload: by layer: @layers[i].size bytes
 */
struct built_release {
	u8 *manifest;
	u32 manifest_size;
	u32 manifest_room;
	u8 digest[MTDL_DIGEST_SIZE];
	struct build_options options;
	u32 layer_count;
	struct build_layer layers[MTDL_LAYERS_MAX];
	u8 *payload[MTDL_LAYERS_MAX];
};

/** build_release() - a whole release; never fails (aborts without memory) */
struct built_release *build_release(const struct build_options *options,
				    const struct build_layer *layers, u32 layer_count);

/** build_record() - append one more record to the manifest, and fix length and digest */
void build_record(struct built_release *release, u16 type, const void *value, u32 length);

/** build_redigest() - after the manifest's bytes were changed by hand */
void build_redigest(struct built_release *release);

/** build_block() - where a logical block's bytes are; @length: how many */
const u8 *build_block(const struct built_release *release, u32 layer, u32 block, u32 *length);

/** build_block_count() - logical blocks of a layer */
u32 build_block_count(const struct built_release *release, u32 layer);

/** build_free() - NULL is fine */
void build_free(struct built_release *release);

#endif

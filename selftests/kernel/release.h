/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small releases for the tests: a manifest, and the bytes that it names.
 */
#ifndef RELEASE_H
#define RELEASE_H

#include "manifest.h"

#define RELEASE_LAYERS	8
#define RELEASE_BOARD	"acme,test-board"

/**
 * struct test_layer - a layer of a release
 * @name: its name
 * @slot_start: first block of its slot
 * @slot_blocks: blocks of its slot
 * @size: bytes
 * @data: its bytes, or NULL: made from @seed
 * @seed: the same seed and offset give the same bytes
 */
struct test_layer {
	const char *name;
	u32 slot_start;
	u32 slot_blocks;
	u32 size;
	const u8 *data;
	u32 seed;
};

/**
 * struct test_release - a release
 * @manifest: bytes
 * @manifest_size: how many
 * @digest: SHA-256 of them
 * @block_size: bytes
 * @layer_count: layers
 * @layers: the layers
 */
struct test_release {
	u8 *manifest;
	u32 manifest_size;
	u8 digest[MTDL_DIGEST_SIZE];
	u32 block_size;
	u32 layer_count;
	struct test_layer layers[RELEASE_LAYERS];
};

/** release_make() - make the manifest; ends the program without memory */
void release_make(struct test_release *release, const char *version, u32 block_size,
		  const struct test_layer *layers, u32 count);

/** release_redigest() - after the manifest's bytes were changed by hand */
void release_redigest(struct test_release *release);

/** release_bytes() - bytes @off to @off + @len of a layer */
void release_bytes(const struct test_release *release, u32 layer, u32 off, u8 *to, u32 len);

/** release_free() - free the manifest */
void release_free(struct test_release *release);

#endif

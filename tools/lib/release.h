/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A release on the publisher's side: what goes into its manifest.
 */
#ifndef LAYERCTL_RELEASE_H
#define LAYERCTL_RELEASE_H

#include "../../kmod/core/manifest.h"
#include "bundle.h"
#include "layout.h"

/* Fits, with every layer, into what any device accepts (mtdl_manifest_limit()). */
#define RELEASE_NOTES_MAX	2048

/** struct release_layer - a layer: where the layout wants it, and its bytes' digests */
struct release_layer {
	const struct layout_layer *place;
	uint64_t size;
	uint32_t block_count;
	uint8_t *digests;	/* block_count of MTDL_DIGEST_SIZE */
};

/** struct release - a release being put together */
struct release {
	const char *version;
	const char *notes;	/* or NULL */
	const struct layout *layout;
	uint32_t block_size;
	uint32_t security_counter;
	uint32_t attempts;
	struct release_layer layers[MTDL_LAYERS_MAX];	/* by the layout's order */
};

/**
 * release_set_size() - note a layer's size and make room for its digests
 * @release: @layout and @block_size are set
 * @layer: index
 * @size: bytes, not zero
 * @why: reason of a refusal: a layer that may not overflow does
 *
 * Return: 0, -EINVAL, -EFBIG or -ENOMEM.
 */
int release_set_size(struct release *release, uint32_t layer, uint64_t size,
		     struct mtdl_reason *why);

/** release_set_digest() - hash one block of a layer; returns the digest's place */
const uint8_t *release_set_digest(struct release *release, uint32_t layer, uint32_t block,
				  const void *data, uint32_t length);

/** release_manifest_size() - bytes that the manifest will have; 0: too many */
uint32_t release_manifest_size(const struct release *release);

/**
 * release_manifest() - build the manifest, and check it as a device would
 * @release: all sizes and digests are set
 * @manifest: filled in: to be given to free()
 * @why: reason of a refusal
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int release_manifest(const struct release *release, void **manifest, struct mtdl_reason *why);

/** release_free() - free the digests; the release itself is the caller's */
void release_free(struct release *release);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Releases as they lie on this flash: what the core's other files need beyond mtdl.h.
 */
#ifndef MTDL_RELEASE_H
#define MTDL_RELEASE_H

#include "mtdl.h"

/** mtdl_release_alloc() - a release with room for its layers and maps, or NULL */
struct mtdl_release *mtdl_release_alloc(u32 layer_count, u32 block_total, u32 manifest_blocks);

/** mtdl_release_clone() - a copy with the same stamp and manifest, whose map may change; or NULL */
struct mtdl_release *mtdl_release_clone(const struct mtdl_release *release);

/** mtdl_bytes_alloc() - memory for a manifest and its signature, zeroed, or NULL */
u8 *mtdl_bytes_alloc(size_t size);

/** mtdl_bytes_put() - give up what mtdl_bytes_alloc() gave; NULL is fine */
void mtdl_bytes_put(u8 *bytes);

/** mtdl_has_incomplete() - whether a layer of @release is being written over in place */
bool mtdl_has_incomplete(const struct mtdl_release *release);

/** mtdl_release_same() - whether @release is there and @digest is its manifest's */
bool mtdl_release_same(const struct mtdl_release *release, const u8 *digest);

/**
 * mtdl_release_link() - give a release its manifest
 * @release: takes @bytes over on success
 * @bytes: manifest and signature, from mtdl_bytes_alloc()
 * @m: parsed from the same bytes (or from a copy)
 * @why: reason of a refusal
 *
 * Return: 0 or -EUCLEAN (the table describes the release in another way).
 */
int mtdl_release_link(struct mtdl_release *release, u8 *bytes, const struct mtdl_manifest *m,
		      struct mtdl_reason *why);

/**
 * mtdl_manifest_copy_check() - read a copy of a manifest with its signature
 * @mtdl: attached
 * @release: whose manifest
 * @copy: 0 or 1
 * @bytes: manifest_size + signature_size bytes are written there
 *
 * Return: 0, -EBADMSG (not the manifest's bytes) or an error of the flash.
 */
int mtdl_manifest_copy_check(struct mtdl *mtdl, const struct mtdl_release *release, u32 copy,
			     u8 *bytes);

#endif

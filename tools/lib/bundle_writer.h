/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a bundle: the payload as it comes, then what describes it; the file
 * takes its name only when it is complete.
 */
#ifndef LAYERCTL_BUNDLE_WRITER_H
#define LAYERCTL_BUNDLE_WRITER_H

#include "bundle.h"

struct bundle_writer;

/**
 * bundle_create() - begin a bundle
 * @writer: filled in; ends with bundle_finish() or bundle_discard()
 * @path: its name when complete
 * @manifest_size: bytes that the manifest will have
 * @entries: blocks of all layers
 * @block_size: bytes
 * @level: of zstd
 * @why: reason of a failure
 *
 * Return: 0 or a negative errno.
 */
int bundle_create(struct bundle_writer **writer, const char *path, uint32_t manifest_size,
		  uint32_t entries, uint32_t block_size, int level, struct mtdl_reason *why);

/** bundle_add() - the next block of the release: packed and written */
int bundle_add(struct bundle_writer *writer, const void *data, uint32_t length,
	       struct mtdl_reason *why);

/** bundle_add_frame() - the next block, packed already */
int bundle_add_frame(struct bundle_writer *writer, const void *frame, uint32_t length,
		     struct mtdl_reason *why);

/** bundle_leave_out() - the next block is not included */
void bundle_leave_out(struct bundle_writer *writer);

/**
 * bundle_finish() - write manifest, index and header, and give the file its name
 * @writer: freed, also on failure
 * @manifest: as many bytes as announced
 * @base: digest of the release whose blocks are left out, or NULL
 * @why: reason of a failure
 *
 * Return: 0 or a negative errno; then there is no file.
 */
int bundle_finish(struct bundle_writer *writer, const void *manifest, const uint8_t *base,
		  struct mtdl_reason *why);

/** bundle_discard() - give up: no file remains; NULL is fine */
void bundle_discard(struct bundle_writer *writer);

#endif

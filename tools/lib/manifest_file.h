/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A manifest, in a file of its own or in a bundle.
 */
#ifndef LAYERCTL_MANIFEST_FILE_H
#define LAYERCTL_MANIFEST_FILE_H

#include "bundle.h"

/**
 * struct manifest_file - an open one
 * @manifest: parsed
 * @bytes: of the manifest
 * @size: how many
 * @signature: bytes, or NULL
 * @signature_size: how many
 * @bundle: where it comes from, or NULL (private, as the next two)
 * @own: bytes of a file that holds nothing else
 * @own_manifest: of these, parsed
 */
struct manifest_file {
	const struct mtdl_manifest *manifest;
	const void *bytes;
	uint32_t size;
	const void *signature;
	uint32_t signature_size;

	struct bundle *bundle;
	uint8_t *own;
	struct mtdl_manifest *own_manifest;
};

/**
 * manifest_file_open() - read and check a manifest
 * @file: zeroed by the caller; to be given to manifest_file_close(), also after a failure
 * @path: of a manifest (`layerctl inspect --manifest`) or of a bundle
 * @why: reason of a refusal
 *
 * Return: 0, an error of mtdl_manifest_parse() or bundle_open(), or of the file system.
 */
int manifest_file_open(struct manifest_file *file, const char *path, struct mtdl_reason *why);

/** manifest_file_close() - free what open took */
void manifest_file_close(struct manifest_file *file);

#endif

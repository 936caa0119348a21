/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle (.layers): the file that carries a release.
 *
 * All integers are little-endian.  The parts follow each other in this order,
 * each at a multiple of 8, the bytes between them zero:
 *
 *   struct bundle_header
 *   manifest		@manifest_size bytes (struct mtdl_media_manifest and on)
 *   signature		@signature_size bytes, none when that is 0
 *   index		@entry_count struct bundle_entry: one per block of the
 *			release, layer by layer in the manifest's order
 *   payload		@payload_size bytes: one zstd frame per block that is present
 *
 * The file ends where the payload ends.  A reader needs everything before the
 * payload, then only the frames of the blocks it wants.
 */
#ifndef LAYERCTL_BUNDLE_H
#define LAYERCTL_BUNDLE_H

#include "../../kmod/core/manifest.h"

#define BUNDLE_MAGIC	0x424c444dU	/* "MDLB" */
#define BUNDLE_VERSION	1

/* A manifest of 1 GiB in blocks of 4 KiB has 8 MiB. */
#define BUNDLE_MANIFEST_MAX	(64U << 20)

/* Blocks whose digests fit into that, beside everything else. */
#define BUNDLE_BLOCKS_MAX	((BUNDLE_MANIFEST_MAX - (64U << 10)) / MTDL_DIGEST_SIZE)

/**
 * struct bundle_header - the first bytes of a bundle
 * @magic: BUNDLE_MAGIC
 * @version: BUNDLE_VERSION
 * @header_size: bytes of this header
 * @features_incompat: zero; unknown bits refuse the bundle
 * @manifest_size: bytes, at most BUNDLE_MANIFEST_MAX
 * @signature_size: bytes, at most MTDL_SIGNATURE_MAX
 * @entry_count: blocks of all layers of the release
 * @manifest_offset: bytes from the file's start, as are all offsets
 * @signature_offset: where the signature is, or would be
 * @index_offset: where the index is
 * @payload_offset: end of the index
 * @payload_size: bytes from there to the file's end
 * @base: SHA-256 of the manifest of the release whose blocks are left out; zero
 *	if every block is present
 * @reserved: zero
 * @check: SHA-256 of the file up to @payload_offset, this field taken as zero
 */
struct bundle_header {
	__le32 magic;
	__le16 version;
	__le16 header_size;
	__le32 features_incompat;
	__le32 manifest_size;
	__le32 signature_size;
	__le32 entry_count;
	__le64 manifest_offset;
	__le64 signature_offset;
	__le64 index_offset;
	__le64 payload_offset;
	__le64 payload_size;
	__u8 base[MTDL_DIGEST_SIZE];
	__u8 reserved[32];
	__u8 check[MTDL_DIGEST_SIZE];
};
_Static_assert(sizeof(struct bundle_header) == 160, "bundle header size");

#define BUNDLE_ENTRY_PRESENT	(1U << 0)

/**
 * struct bundle_entry - where a block's frame is
 * @offset: bytes from the payload's start; 0 if it is not present
 * @length: bytes of the frame; 0 if it is not present
 * @flags: BUNDLE_ENTRY_*
 */
struct bundle_entry {
	__le64 offset;
	__le32 length;
	__le32 flags;
};
_Static_assert(sizeof(struct bundle_entry) == 16, "bundle entry size");

/** struct bundle - an open bundle; all but @manifest and the likes is private */
struct bundle {
	struct mtdl_manifest manifest;
	const uint8_t *manifest_bytes;
	uint32_t manifest_size;
	const uint8_t *signature;
	uint32_t signature_size;
	uint8_t base[MTDL_DIGEST_SIZE];
	bool partial;			/* leaves out blocks of release @base */
	uint64_t file_size;

	char *path;
	int fd;
	uint8_t *head;			/* the file up to the payload */
	uint64_t payload_offset;
	uint64_t payload_size;
	uint32_t first[MTDL_LAYERS_MAX]; /* number of each layer's first entry */
	uint8_t *frame;			/* room for the longest frame */
	uint8_t *block;			/* room for a block, to check it */
	void *decoder;
};

/**
 * bundle_open() - open a bundle and check everything but its payload
 * @bundle: to be given to bundle_close()
 * @path: file
 * @why: reason of a refusal
 *
 * Return: 0, -EINVAL (not a bundle, cut short, or damaged), -EOPNOTSUPP
 * (version, features), -ENOMEM, or an error of the file system.
 */
int bundle_open(struct bundle **bundle, const char *path, struct mtdl_reason *why);

/** bundle_close() - NULL is fine */
void bundle_close(struct bundle *bundle);

/** bundle_frame_size() - bytes of a block's frame; 0: the block is not present */
uint32_t bundle_frame_size(const struct bundle *bundle, uint32_t layer, uint32_t block);

/** bundle_blocks_present() - how many blocks of a layer are present */
uint32_t bundle_blocks_present(const struct bundle *bundle, uint32_t layer);

/**
 * bundle_read() - read and unpack one block, without comparing its digest
 * @bundle: open
 * @layer: index in the manifest
 * @block: logical block that is present
 * @data: room for a block
 * @length: filled in: its bytes
 * @why: reason of a failure
 *
 * Return: 0, -ENODATA (not present), -EBADMSG (the frame cannot be unpacked, or
 * not to the block's length), or an error of the file system.
 */
int bundle_read(struct bundle *bundle, uint32_t layer, uint32_t block, void *data,
		uint32_t *length, struct mtdl_reason *why);

/** bundle_check() - read one block and compare its digest; as bundle_read() */
int bundle_check(struct bundle *bundle, uint32_t layer, uint32_t block,
		 struct mtdl_reason *why);

/**
 * bundle_read_frame() - read one block's frame as it is
 * @bundle: open
 * @layer: index in the manifest
 * @block: logical block that is present
 * @frame: filled in: valid until the next call on @bundle
 * @length: filled in
 * @why: reason of a failure
 *
 * Return: as bundle_read().
 */
int bundle_read_frame(struct bundle *bundle, uint32_t layer, uint32_t block,
		      const void **frame, uint32_t *length, struct mtdl_reason *why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The format: every byte that mtdlayer puts on flash, and nothing else.
 *
 * All integers are little-endian, all text is UTF-8 padded with NUL bytes (a
 * field may be full, without a NUL), all reserved bytes are zero.  Data blocks
 * carry no header: a layer's bytes lie on flash as they are.  Everything that
 * describes them is here: snapshots of the layer table, which live in the table
 * area, and manifests, which live in blocks that the table names.
 *
 * Documentation/format.rst says for each field what a power cut may leave.
 */
#ifndef MTDL_MEDIA_H
#define MTDL_MEDIA_H

#include "env.h"

/** The version of this format; it moves only when old code must not guess. */
#define MTDL_FORMAT_VERSION	1

#define MTDL_DIGEST_SIZE	32	/* SHA-256 */
#define MTDL_NAME_SIZE		32	/* a layer's name */
#define MTDL_RELEASE_SIZE	64	/* a release's version text */
#define MTDL_COMPATIBLE_SIZE	64	/* the board, as in a device tree */
#define MTDL_LAYERS_MAX		64
#define MTDL_ATTEMPTS_MAX	15
#define MTDL_UNITS_MAX		64	/* units of the table area */
#define MTDL_UNITS_MIN		4	/* good ones, at format */
#define MTDL_BLOCK_SIZE_MIN	(4U << 10)
#define MTDL_BLOCK_SIZE_MAX	(16U << 20)
#define MTDL_MARK_SIZE_MIN	16	/* bytes of an attempt mark */
#define MTDL_SIGNATURE_MAX	(16U << 10)

/*
 * Feature bits.  Unknown compatible bits are ignored, unknown read-only
 * compatible bits forbid changes, unknown incompatible bits refuse the attach.
 * This version defines none.
 */
#define MTDL_FEATURES_RO_COMPAT	0
#define MTDL_FEATURES_INCOMPAT	0

/** The life of an upgrade, as the table knows it. */
enum mtdl_state {
	MTDL_STATE_IDLE		= 0,	/* active alone (or nothing at all) */
	MTDL_STATE_STAGING	= 1,	/* candidate incomplete */
	MTDL_STATE_INSTALLING	= 2,	/* candidate complete, pinned homes being written */
	MTDL_STATE_TRIAL	= 3,	/* candidate complete, attempts counted */
};

/** How the last candidate ended. */
enum mtdl_outcome_code {
	MTDL_OUTCOME_NONE	= 0,	/* no upgrade since format, or one is under way */
	MTDL_OUTCOME_CONFIRMED	= 1,
	MTDL_OUTCOME_ROLLED_BACK = 2,	/* by command */
	MTDL_OUTCOME_EXHAUSTED	= 3,	/* never confirmed in all its attempts */
	MTDL_OUTCOME_ABORTED	= 4,	/* while it was staged */
	MTDL_OUTCOME_FAILED	= 5,	/* installing hit flash that does not work */
};

/** Policies of a layer, chosen in the layout; unknown bits refuse the manifest. */
#define MTDL_POLICY_PINNED		(1U << 0) /* read raw by a loader: always home */
#define MTDL_POLICY_LAZY		(1U << 1) /* home by upgrade, not by settle */
#define MTDL_POLICY_IN_PLACE		(1U << 2) /* may be written over when asked */
#define MTDL_POLICY_OVERFLOW_MOVE	(1U << 3) /* outgrown: the whole layer moves, contiguous */
#define MTDL_POLICY_OVERFLOW_REFUSE	(1U << 4) /* outgrown: refused */
#define MTDL_POLICY_POINT		(1U << 5) /* direct access may be handed out */
#define MTDL_POLICY_KNOWN		((1U << 6) - 1)

/** Flags of a layer in a snapshot. */
#define MTDL_LAYER_INCOMPLETE	(1U << 0) /* being written in place: must not be read */
#define MTDL_LAYER_FLAGS_KNOWN	(1U << 0)

/** Which releases a snapshot holds, in this order in its body. */
#define MTDL_HAS_ACTIVE		(1U << 0)
#define MTDL_HAS_CANDIDATE	(1U << 1)

/** How a map is written: whichever is smaller. */
enum mtdl_map_kind {
	MTDL_MAP_ARRAY	= 0,	/* __le32 physical block, one per logical block */
	MTDL_MAP_EXTENTS = 1,	/* struct mtdl_media_extent, in logical order */
};

#define MTDL_SNAPSHOT_MAGIC	0x544c444dU	/* "MDLT" */

/**
 * struct mtdl_media_outcome - what became of the last candidate
 * @code: enum mtdl_outcome_code
 * @attempts: boot attempts that it had used
 * @reserved: zero
 * @error: positive errno that ended it, or 0
 * @digest: its manifest's digest
 * @release: its version text
 */
struct mtdl_media_outcome {
	__u8 code;
	__u8 attempts;
	__u8 reserved[2];
	__le32 error;
	__u8 digest[MTDL_DIGEST_SIZE];
	char release[MTDL_RELEASE_SIZE];
};

_Static_assert(sizeof(struct mtdl_media_outcome) == 104, "outcome size");

/**
 * struct mtdl_media_snapshot - header of one snapshot of the whole table
 * @magic: MTDL_SNAPSHOT_MAGIC
 * @crc: CRC-32C of the @length bytes of the snapshot, with this field as zero
 * @length: bytes of header and body
 * @version: MTDL_FORMAT_VERSION
 * @header_size: bytes of this header
 * @epoch: counts attaches that wrote; high part of the sequence
 * @write: counts snapshots within an epoch; low part of the sequence
 * @features_compat: may be ignored
 * @features_ro_compat: unknown bits forbid changes
 * @features_incompat: unknown bits refuse the attach
 * @uuid: of this format; the same in every snapshot
 * @flash_size: bytes that were formatted; a multiple of @block_size
 * @erase_size: of the flash, bytes, a power of two
 * @write_size: of the flash, bytes, a power of two
 * @block_size: unit of mapping, bytes, a power of two, a multiple of @erase_size
 * @unit_size: unit of the table area, bytes, a power of two multiple of @erase_size
 * @table_start: first block of the table area
 * @table_blocks: its length in blocks
 * @mark_size: bytes of an attempt mark, a multiple of @write_size
 * @cursor: block at which the next search of the pool begins
 * @security_floor: manifests with a lower security counter are refused
 * @state: enum mtdl_state
 * @releases: MTDL_HAS_*
 * @attempts_max: boot attempts of the candidate (state trial)
 * @attempts_used: of these, used when this snapshot was written
 * @retired_count: blocks retired; their numbers begin the body
 * @retired_units: bit n: unit n of the table area is retired
 * @outcome: of the last candidate
 * @compatible: the board; manifests for another are refused
 * @reserve: blocks, bad ones counted in, that upgrades leave alone for the day when
 *	others go bad
 * @reserved: zero
 *
 * The body follows: @retired_count block numbers (__le32, ascending), then the
 * releases that @releases names, then, in state staging, the candidate's done
 * bitmap (__le32 words, one bit per logical block over all layers in order).
 *
 * In state trial, @attempts_max - @attempts_used attempt marks of @mark_size
 * bytes follow the snapshot, at the next multiple of @mark_size: erased when
 * unused, anything else when used.
 */
struct mtdl_media_snapshot {
	__le32 magic;
	__le32 crc;
	__le32 length;
	__le16 version;
	__le16 header_size;
	__le32 epoch;
	__le32 write;
	__le32 features_compat;
	__le32 features_ro_compat;
	__le32 features_incompat;
	__u8 uuid[16];
	__le32 erase_size;
	__le64 flash_size;
	__le32 write_size;
	__le32 block_size;
	__le32 unit_size;
	__le32 table_start;
	__le32 table_blocks;
	__le32 mark_size;
	__le32 cursor;
	__le32 security_floor;
	__u8 state;
	__u8 releases;
	__u8 attempts_max;
	__u8 attempts_used;
	__le32 retired_count;
	__le64 retired_units;
	struct mtdl_media_outcome outcome;
	char compatible[MTDL_COMPATIBLE_SIZE];
	__le32 reserve;
	__u8 reserved[36];
};

_Static_assert(sizeof(struct mtdl_media_snapshot) == 320, "snapshot header size");

/**
 * struct mtdl_media_release - one release in a snapshot
 * @digest: SHA-256 of its manifest
 * @release: version text, as in the manifest
 * @security_counter: as in the manifest
 * @manifest_size: bytes
 * @signature_size: bytes, stored right behind the manifest
 * @manifest_blocks: blocks of each of the two copies of both
 * @layer_count: layers
 * @reserved: zero
 *
 * 2 * @manifest_blocks block numbers follow (__le32; copy 0, then copy 1), then
 * @layer_count times a struct mtdl_media_layer with its map.
 */
struct mtdl_media_release {
	__u8 digest[MTDL_DIGEST_SIZE];
	char release[MTDL_RELEASE_SIZE];
	__le32 security_counter;
	__le32 manifest_size;
	__le32 signature_size;
	__le32 manifest_blocks;
	__le32 layer_count;
	__u8 reserved[12];
};

_Static_assert(sizeof(struct mtdl_media_release) == 128, "release size");

/**
 * struct mtdl_media_layer - one layer of a release in a snapshot
 * @name: as in the manifest
 * @root: SHA-256 of the list of its block digests
 * @size: bytes, not zero
 * @slot_start: first block of its slot (its preset address / block size)
 * @slot_blocks: capacity
 * @policy: MTDL_POLICY_*
 * @flags: MTDL_LAYER_*
 * @map_kind: enum mtdl_map_kind
 * @reserved: zero
 * @map_entries: entries of the map that follows
 */
struct mtdl_media_layer {
	char name[MTDL_NAME_SIZE];
	__u8 root[MTDL_DIGEST_SIZE];
	__le64 size;
	__le32 slot_start;
	__le32 slot_blocks;
	__le32 policy;
	__le32 flags;
	__le16 map_kind;
	__le16 reserved;
	__le32 map_entries;
};

_Static_assert(sizeof(struct mtdl_media_layer) == 96, "layer size");

/** struct mtdl_media_extent - @count logical blocks in a row at @block and on */
struct mtdl_media_extent {
	__le32 block;
	__le32 count;
};

_Static_assert(sizeof(struct mtdl_media_extent) == 8, "extent size");

#define MTDL_MANIFEST_MAGIC	0x4d4c444dU	/* "MDLM" */
#define MTDL_MANIFEST_VERSION	1

/**
 * struct mtdl_media_manifest - header of a manifest
 * @magic: MTDL_MANIFEST_MAGIC
 * @version: MTDL_MANIFEST_VERSION
 * @header_size: bytes of this header
 * @length: bytes of the whole manifest
 * @block_size: bytes; the device's must be the same
 * @security_counter: the device's floor must not be above it
 * @layer_count: number of layer records, 1 to MTDL_LAYERS_MAX
 * @attempts: boot attempts before the release is dropped, 1 to MTDL_ATTEMPTS_MAX
 * @features_incompat: unknown bits refuse the manifest
 * @release: version text, not empty
 * @compatible: the board it is for, not empty
 * @reserved: zero
 *
 * Records follow, each a struct mtdl_media_record with its value.
 */
struct mtdl_media_manifest {
	__le32 magic;
	__le16 version;
	__le16 header_size;
	__le32 length;
	__le32 block_size;
	__le32 security_counter;
	__le32 layer_count;
	__le32 attempts;
	__le32 features_incompat;
	char release[MTDL_RELEASE_SIZE];
	char compatible[MTDL_COMPATIBLE_SIZE];
	__u8 reserved[32];
};

_Static_assert(sizeof(struct mtdl_media_manifest) == 192, "manifest header size");

/**
 * struct mtdl_media_record - type and length of a value in a manifest
 * @type: MTDL_RECORD_*, with MTDL_RECORD_CRITICAL where a reader that does not
 *	know it must refuse the manifest
 * @reserved: zero
 * @length: bytes of the value, which follows, padded with zeros to 8
 */
struct mtdl_media_record {
	__le16 type;
	__le16 reserved;
	__le32 length;
};

_Static_assert(sizeof(struct mtdl_media_record) == 8, "record size");

#define MTDL_RECORD_CRITICAL	0x8000U
#define MTDL_RECORD_LAYER	(MTDL_RECORD_CRITICAL | 1U)
#define MTDL_RECORD_NOTES	2U	/* text for people */

/**
 * struct mtdl_media_manifest_layer - value of a MTDL_RECORD_LAYER
 * @name: [a-zA-Z0-9._-], unique, not empty
 * @root: SHA-256 of the @block_count digests that follow
 * @size: bytes, not zero
 * @address: preset address: first byte of its slot, a multiple of the block size
 * @capacity: bytes of the slot, a multiple of the block size, not zero
 * @policy: MTDL_POLICY_*
 * @block_count: @size / block size, rounded up
 *
 * @block_count SHA-256 digests follow, each of one block's bytes (of the last
 * block: of the bytes up to @size).
 */
struct mtdl_media_manifest_layer {
	char name[MTDL_NAME_SIZE];
	__u8 root[MTDL_DIGEST_SIZE];
	__le64 size;
	__le64 address;
	__le64 capacity;
	__le32 policy;
	__le32 block_count;
};

_Static_assert(sizeof(struct mtdl_media_manifest_layer) == 96, "manifest layer size");

#endif

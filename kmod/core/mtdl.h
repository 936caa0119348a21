/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The portable core's interface: attach a flash, see what it holds, upgrade it.
 *
 * Nothing here locks.  The caller serialises all calls on one struct mtdl,
 * except those marked "reentrant", which only look at a release that the caller
 * holds a reference to and may run in parallel with anything.
 *
 * Every function that can fail takes a struct mtdl_reason and returns 0 or a
 * negative errno.  What is refused has changed nothing on flash.
 */
#ifndef MTDL_H
#define MTDL_H

#include "flash.h"
#include "manifest.h"
#include "media.h"
#include "reason.h"
#include "util.h"

/**
 * struct mtdl_geometry - how the flash is divided; never changes after format
 * @flash_size: bytes that are managed
 * @erase_size: bytes of an eraseblock
 * @write_size: least unit of programming
 * @block_size: bytes of a block, the unit of mapping
 * @unit_size: bytes of a table unit
 * @block_shift: log2 of @block_size
 * @block_count: blocks of the flash
 * @table_start: first block of the table area
 * @table_blocks: its length
 * @unit_count: units in the table area
 * @mark_size: bytes of an attempt mark
 */
struct mtdl_geometry {
	u64 flash_size;
	u32 erase_size;
	u32 write_size;
	u32 block_size;
	u32 unit_size;
	u32 block_shift;
	u32 block_count;
	u32 table_start;
	u32 table_blocks;
	u32 unit_count;
	u32 mark_size;
};

/**
 * struct mtdl_layer - a layer of a release on this flash
 * @name: NUL-terminated
 * @root: SHA-256 of the list of its block digests
 * @size: bytes
 * @slot_start: first block of its slot
 * @slot_blocks: capacity in blocks
 * @policy: MTDL_POLICY_*
 * @flags: MTDL_LAYER_*
 * @block_count: logical blocks
 * @first: number of its first logical block, counted over all layers
 * @map: physical block of each logical block
 * @digests: @block_count digests; NULL until mtdl_load_manifest()
 */
struct mtdl_layer {
	char name[MTDL_NAME_SIZE + 1];
	u8 root[MTDL_DIGEST_SIZE];
	u64 size;
	u32 slot_start;
	u32 slot_blocks;
	u32 policy;
	u32 flags;
	u32 block_count;
	u32 first;
	u32 *map;
	const u8 *digests;
};

/**
 * struct mtdl_release - one version of all layers, as it lies on this flash
 * @refs: references; mtdl_release_get() and mtdl_release_put()
 * @digest: SHA-256 of its manifest: its identity
 * @release: NUL-terminated version text
 * @security_counter: as in the manifest
 * @attempts: boot attempts that its manifest asks for; known when @manifest is
 * @manifest: bytes of manifest and signature; NULL until mtdl_load_manifest()
 * @manifest_size: bytes of the manifest
 * @signature_size: bytes of the signature behind it
 * @manifest_blocks: blocks of each copy of both
 * @manifest_map: physical blocks: copy 0, then copy 1
 * @layer_count: layers
 * @layers: in the manifest's order
 * @block_total: logical blocks of all layers
 * @maps: what the layers' maps point into
 * @done: candidate in staging: blocks written and read back (bitmap over all
 *	logical blocks); NULL otherwise
 *
 * Once a release is exposed, only @refs changes in it.
 */
struct mtdl_release {
	u32 refs;
	u8 digest[MTDL_DIGEST_SIZE];
	char release[MTDL_RELEASE_SIZE + 1];
	u32 security_counter;
	u32 attempts;
	u8 *manifest;
	u32 manifest_size;
	u32 signature_size;
	u32 manifest_blocks;
	u32 *manifest_map;
	u32 layer_count;
	struct mtdl_layer *layers;
	u32 block_total;
	u32 *maps;
	u32 *done;
};

/**
 * struct mtdl_outcome - how the last candidate ended
 * @code: enum mtdl_outcome_code
 * @attempts: boot attempts that it had used
 * @error: positive errno that ended it, or 0
 * @digest: its manifest's digest
 * @release: its version text, NUL-terminated
 */
struct mtdl_outcome {
	u8 code;
	u8 attempts;
	u32 error;
	u8 digest[MTDL_DIGEST_SIZE];
	char release[MTDL_RELEASE_SIZE + 1];
};

/**
 * enum mtdl_event - what the core tells its caller while it works
 * @MTDL_EVENT_STATE: the state changed; a: enum mtdl_state
 * @MTDL_EVENT_PROGRESS: a: blocks done, b: blocks to do
 * @MTDL_EVENT_RELOCATED: a logical block was placed away from home; a: layer, b: block
 * @MTDL_EVENT_BAD_BLOCK: a: block that was retired
 * @MTDL_EVENT_BAD_UNIT: a: table unit that was retired
 * @MTDL_EVENT_VERIFY_FAILED: a: layer, b: logical block
 * @MTDL_EVENT_TABLE_DAMAGED: a: table units with unreadable records at attach
 */
enum mtdl_event {
	MTDL_EVENT_STATE,
	MTDL_EVENT_PROGRESS,
	MTDL_EVENT_RELOCATED,
	MTDL_EVENT_BAD_BLOCK,
	MTDL_EVENT_BAD_UNIT,
	MTDL_EVENT_VERIFY_FAILED,
	MTDL_EVENT_TABLE_DAMAGED,
};

/**
 * struct mtdl_sequence - orders snapshots: by epoch, then by write
 * @epoch: counts attaches that wrote
 * @write: counts snapshots within an epoch
 */
struct mtdl_sequence {
	u32 epoch;
	u32 write;
};

/**
 * struct mtdl_unit - what is known of one unit of the table area
 * @kind: what the last look at it found
 * @end: bytes in use; appending goes on here (only in units of this attach)
 * @newest: sequence of its newest valid snapshot
 * @offset: where in the unit that is
 */
struct mtdl_unit {
	enum mtdl_unit_kind {
		MTDL_UNIT_BAD,		/* marked bad, or retired */
		MTDL_UNIT_EMPTY,	/* no valid snapshot */
		MTDL_UNIT_VALID,	/* valid snapshots, nothing else */
		MTDL_UNIT_TORN,		/* an unreadable record (perhaps behind valid ones) */
	} kind;
	u32 end;
	struct mtdl_sequence newest;
	u32 offset;
};

/**
 * struct mtdl - one attached flash
 * @flash: the caller's
 * @geometry: how it is divided
 * @uuid: of this format
 * @compatible: the board, NUL-terminated
 * @state: enum mtdl_state
 * @active: the release last confirmed good, or NULL
 * @candidate: the release that is staged or on trial, or NULL
 * @exposed: the release that is handed out, or NULL: active or candidate, after
 *	a rollback possibly a release that is neither
 * @attempts_max: boot attempts of the trial
 * @attempts_used: of these, used (marks counted in)
 * @security_floor: least security counter
 * @outcome: of the last candidate
 * @damaged_units: table units with an unreadable record, at attach
 * @read_only: why nothing can be changed, or NULL
 * @notify: told of events; may be NULL; must not call the core
 * @notify_ctx: handed to @notify
 *
 * The rest is private to the core.
 * @sequence: of the newest snapshot
 * @highest_epoch: highest epoch seen, in any copy
 * @secure: the first rule holds since this attach
 * @units: of the table area, @geometry.unit_count
 * @in_force: units with a copy of the state in force (MTDL_NO_BLOCK: none)
 * @in_force_marks: offset in that unit of its attempt marks
 * @attempts_saved: attempts used that the newest snapshot itself counts
 * @cursor: block where the next search of the pool begins
 * @retired: bitmap of retired blocks
 * @retired_units: bitmap of retired table units
 * @unsaved: blocks written since the last snapshot
 * @stale: a cut may have left blocks that the candidate wants, on cells that are
 *	not to be trusted, since attach
 * @buffer: @geometry.block_size bytes for copies and read-back
 * @snapshot: half a unit, to build snapshots in
 */
struct mtdl {
	struct mtdl_flash *flash;
	struct mtdl_geometry geometry;
	u8 uuid[16];
	char compatible[MTDL_COMPATIBLE_SIZE + 1];
	u8 state;
	struct mtdl_release *active;
	struct mtdl_release *candidate;
	struct mtdl_release *exposed;
	u32 attempts_max;
	u32 attempts_used;
	u32 security_floor;
	struct mtdl_outcome outcome;
	u32 damaged_units;
	const char *read_only;
	void (*notify)(void *ctx, enum mtdl_event event, u32 a, u32 b);
	void *notify_ctx;

	struct mtdl_sequence sequence;
	u32 highest_epoch;
	bool secure;
	struct mtdl_unit units[MTDL_UNITS_MAX];
	u32 in_force[2];
	u32 in_force_marks[2];
	u32 attempts_saved;
	u32 cursor;
	u32 *retired;
	u64 retired_units;
	u32 unsaved;
	bool stale;
	u8 *buffer;
	u8 *snapshot;
};

/* ---- format.c (not freestanding) ---- */

/**
 * struct mtdl_format_options - what format chooses
 * @block_size: bytes; 0: the erase size, at least 64 KiB
 * @table_offset: byte where the table area begins, a multiple of the block size
 * @table_size: its bytes; 0: as few blocks as give MTDL_UNITS_MIN units and
 *	spares: half as many, or as many again where the flash can have bad blocks
 * @compatible: the board, NUL-terminated, not empty
 * @uuid: random bytes
 */
struct mtdl_format_options {
	u32 block_size;
	u64 table_offset;
	u64 table_size;
	const char *compatible;
	u8 uuid[16];
};

/**
 * mtdl_format() - make an empty layer table
 * @flash: erased where the table goes, and where an old table would be found first
 * @options: see there
 * @why: reason of a refusal
 *
 * Refuses, before it writes: sizes that are no power of two or do not divide,
 * a table area with fewer than MTDL_UNITS_MIN good units, a geometry whose
 * largest possible snapshot exceeds half a unit.
 *
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM or an error of the flash.
 */
int mtdl_format(struct mtdl_flash *flash, const struct mtdl_format_options *options,
		struct mtdl_reason *why);

/* ---- table.c, release.c, boot.c, read.c (also freestanding) ---- */

/**
 * struct mtdl_attach_options - how to look
 * @table_offset: byte from which the table is searched for, eraseblock by
 *	eraseblock; 0 is right unless the layout says otherwise
 * @newest: ignore snapshots above this sequence (a loader's hand-over); an epoch
 *	of 0 means no limit
 */
struct mtdl_attach_options {
	u64 table_offset;
	struct mtdl_sequence newest;
};

/**
 * mtdl_attach() - read the newest layer table; writes nothing
 * @mtdl: filled in; zeroed by the caller, @notify may be set before
 * @flash: must outlive the attach
 * @options: NULL for defaults
 * @why: reason of a refusal
 *
 * Exposes active; in state trial the candidate, if an attempt has been counted
 * for it (this is "look": it never counts one, see mtdl_boot()).
 *
 * Return: 0, -ENODATA (not formatted, or both copies lost), -EUCLEAN (a table
 * that contradicts itself), -EOPNOTSUPP (features or version), -EINVAL (the
 * flash is not what was formatted), -ENOMEM, or an error of the flash.
 */
int mtdl_attach(struct mtdl *mtdl, struct mtdl_flash *flash,
		const struct mtdl_attach_options *options, struct mtdl_reason *why);

/**
 * mtdl_detach() - free what attach took; writes nothing
 * @mtdl: zeroed afterwards
 */
void mtdl_detach(struct mtdl *mtdl);

/**
 * mtdl_boot() - decide what this boot exposes, and count the attempt
 * @mtdl: attached
 * @why: if active is exposed although a trial has attempts left: why
 *
 * In trial, while attempts last, programs one attempt mark into every readable
 * copy of the snapshot and exposes the candidate.  Otherwise, or if the mark
 * cannot be written, exposes active.  Erases nothing, writes no snapshot: a boot
 * loader's whole duty.  What has more room to work calls mtdl_retire_trial() next.
 *
 * Return: 0 (see @mtdl->exposed), or -ENODATA if there is no release at all.
 */
int mtdl_boot(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_release_get() - take a reference
 * @release: NULL is passed through
 *
 * Return: @release.
 */
struct mtdl_release *mtdl_release_get(struct mtdl_release *release);

/**
 * mtdl_release_put() - drop a reference; the last one frees
 * @release: NULL is fine
 */
void mtdl_release_put(struct mtdl_release *release);

/**
 * mtdl_release_find() - look a layer up by its name
 * @release: NULL is fine
 * @name: of the layer
 *
 * Return: the layer, or NULL.
 */
struct mtdl_layer *mtdl_release_find(struct mtdl_release *release, const char *name);

/**
 * mtdl_load_manifest() - read a release's manifest from flash, if not yet done
 * @mtdl: attached
 * @release: its active, candidate or exposed release
 * @why: reason of a failure
 *
 * Takes the copy whose digest matches, parses it and compares it with the table.
 *
 * Return: 0, -EBADMSG (neither copy is right), -EUCLEAN (contradicts the
 * table), -ENOMEM or an error of the flash.
 */
int mtdl_load_manifest(struct mtdl *mtdl, struct mtdl_release *release,
		       struct mtdl_reason *why);

/**
 * mtdl_locate() - where on flash a byte of a layer is; reentrant
 * @geometry: of the device
 * @layer: of a release that the caller holds
 * @off: byte in the layer, less than its size
 * @len: in: bytes wanted; out: of these, bytes that lie in a row on flash
 *	(never beyond the layer's end)
 *
 * Return: the flash offset of byte @off.
 */
u64 mtdl_locate(const struct mtdl_geometry *geometry, const struct mtdl_layer *layer,
		u64 off, u64 *len);

/**
 * mtdl_verify_block() - hash one logical block on flash; reentrant
 * @flash: of the device
 * @geometry: of the device
 * @layer: with digests loaded
 * @block: logical block
 * @buf: scratch
 * @len: its bytes, at least 512; larger is faster
 *
 * Return: 0, -EBADMSG (the bytes are not those of the manifest, or could not be
 * read), -EUCLEAN (right, but bits were corrected), or an error of the flash.
 */
int mtdl_verify_block(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		      const struct mtdl_layer *layer, u32 block, u8 *buf, u32 len);

/**
 * mtdl_read() - read bytes of a layer without verifying them; reentrant
 * @flash: of the device
 * @geometry: of the device
 * @layer: of a release that the caller holds
 * @off: byte in the layer
 * @buf: where to
 * @len: bytes; @off + @len at most the layer's size
 *
 * Return: 0, -EUCLEAN (right, but bits were corrected), -EIO (incomplete in
 * place, or uncorrectable; @buf is zeroed), -EINVAL (range).
 */
int mtdl_read(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
	      const struct mtdl_layer *layer, u64 off, void *buf, u64 len);

/**
 * mtdl_read_verified() - read bytes of one block of a layer as they are hashed; reentrant
 * @flash: of the device
 * @geometry: of the device
 * @layer: with digests loaded
 * @off: byte in the layer
 * @buf: where to; holds bytes that are not verified yet until the call returns
 * @len: bytes, all of one logical block
 * @scratch: for the whole block, piece by piece
 * @scratch_len: its bytes, at least 512; larger is faster
 *
 * The block is read once: what is handed out is what was hashed.
 *
 * Return: 0, -EUCLEAN (right, but bits were corrected), or, with @buf zeroed, -EINVAL
 * (range; @buf is untouched), -EIO (incomplete in place) or an error of mtdl_verify_block().
 */
int mtdl_read_verified(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		       const struct mtdl_layer *layer, u64 off, void *buf, u32 len,
		       u8 *scratch, u32 scratch_len);

/* ---- upgrade.c (not freestanding) ---- */

/** Flags of mtdl_begin(). */
#define MTDL_BEGIN_DRY_RUN	(1U << 0) /* plan only, write nothing */
#define MTDL_BEGIN_REPLACE	(1U << 1) /* another candidate that is staged gives way */

/**
 * struct mtdl_plan_layer - what an upgrade does to one layer of the new release
 * @blocks: that the layer has
 * @changed: that must be written
 * @relocated: of the changed, placed away from home
 * @overflow: logical blocks beyond the slot's capacity
 * @bytes: of the changed blocks
 */
struct mtdl_plan_layer {
	u32 blocks;
	u32 changed;
	u32 relocated;
	u32 overflow;
	u64 bytes;
};

/**
 * struct mtdl_plan - what an upgrade will do
 * @layers_changed: layers with at least one block to write
 * @blocks: blocks to write (still: those done before are not counted)
 * @blocks_done: of the candidate's changed blocks, already on flash (resume, adopted)
 * @relocated: of @blocks, placed away from home
 * @overflow: logical blocks beyond their slot's capacity
 * @bytes: to write, payload
 * @erases: eraseblocks to erase for payload and manifest copies
 * @free_after: blocks that neither release nor table will use
 * @missing: blocks that do not fit (then begin is refused)
 * @resumed: the same release was staged already
 * @current_release: it is the active one already: nothing to do
 * @layer_count: layers of the new release
 * @layers: by the manifest's order
 */
struct mtdl_plan {
	u32 layers_changed;
	u32 blocks;
	u32 blocks_done;
	u32 relocated;
	u32 overflow;
	u64 bytes;
	u32 erases;
	u32 free_after;
	u32 missing;
	bool resumed;
	bool current_release;
	u32 layer_count;
	struct mtdl_plan_layer layers[MTDL_LAYERS_MAX];
};

/**
 * mtdl_begin() - begin, resume or plan an upgrade
 * @mtdl: attached
 * @manifest: its bytes; copied
 * @manifest_size: bytes
 * @signature: bytes; stored beside the manifest; checking it is the caller's
 * @signature_size: bytes, at most MTDL_SIGNATURE_MAX
 * @flags: MTDL_BEGIN_*
 * @plan: filled in, also when -ENOSPC is returned (@missing)
 * @why: reason of a refusal
 *
 * If the manifest is that of the active release in state idle, @plan says so,
 * the first rule is established and nothing else is done.
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP (manifest), -ENODEV (wrong board), -EPERM
 * (security counter below the floor), -ENOSPC (does not fit), -EBUSY (in trial or
 * installing), -EEXIST (another release is staged and no MTDL_BEGIN_REPLACE),
 * -EROFS, -ENOMEM or an error of the flash.
 */
int mtdl_begin(struct mtdl *mtdl, const void *manifest, u32 manifest_size,
	       const void *signature, u32 signature_size, u32 flags,
	       struct mtdl_plan *plan, struct mtdl_reason *why);

/**
 * struct mtdl_wanted - a block that the candidate still lacks
 * @layer: index in the candidate
 * @block: logical block
 */
struct mtdl_wanted {
	u32 layer;
	u32 block;
};

/**
 * mtdl_want() - the next blocks that the candidate lacks
 * @mtdl: in state staging
 * @wanted: filled in, in order of layer and block
 * @count: in: room; out: filled; 0 when nothing is lacking
 * @why: reason of a refusal
 *
 * Return: 0, or -EINVAL if nothing is being staged.
 */
int mtdl_want(struct mtdl *mtdl, struct mtdl_wanted *wanted, u32 *count,
	      struct mtdl_reason *why);

/**
 * mtdl_write() - write one wanted block
 * @mtdl: in state staging
 * @layer: index in the candidate
 * @block: logical block
 * @data: its bytes, at least until return unchanged by anyone
 * @length: must be the block's: the block size, or less at a layer's end
 * @why: reason of a refusal
 *
 * Hashes first, then erases, programs and reads back.  Cells that fail are
 * retired and another block is taken.
 *
 * Return: 0, -EINVAL (range, length, nothing is staged), -EALREADY (not wanted),
 * -EBADMSG (bytes that the manifest does not name), -ENOSPC, or an error of the flash.
 */
int mtdl_write(struct mtdl *mtdl, u32 layer, u32 block, const void *data, u32 length,
	       struct mtdl_reason *why);

/**
 * mtdl_sync() - record now which blocks are written (closing a session does)
 * @mtdl: in state staging
 * @why: reason of a failure
 *
 * Return: 0 (also when nothing is unrecorded) or an error of the flash.
 */
int mtdl_sync(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_commit() - switch all layers at once
 * @mtdl: in state staging, nothing wanted
 * @why: reason of a refusal
 *
 * Ends in state trial, or in idle with the release active where there was none.
 * In state trial or (with nothing staged) idle it finds nothing to do and refuses.
 *
 * Return: 0, -EINVAL (nothing staged), -EAGAIN (blocks are lacking), or an error
 * of the flash.
 */
int mtdl_commit(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_retire_trial() - end a trial whose attempts are used up, when active is exposed
 * @mtdl: after mtdl_boot()
 * @why: reason of a failure
 *
 * Return: 0 (also when there is nothing to do) or an error of the flash.
 */
int mtdl_retire_trial(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_confirm() - make the exposed candidate the active release
 * @mtdl: in state trial
 * @digest: of the release that is meant, or NULL for the exposed one
 * @why: reason of a refusal
 *
 * In state idle, and if @digest is the active release's, it succeeds and only
 * establishes the first rule.
 *
 * Return: 0, -EINVAL (not on trial), -ESTALE (@digest is not the exposed
 * release), or an error of the flash.
 */
int mtdl_confirm(struct mtdl *mtdl, const u8 *digest, struct mtdl_reason *why);

/**
 * mtdl_rollback() - drop the candidate on trial, or one that is being installed
 * @mtdl: in state trial or installing
 * @why: reason of a refusal
 *
 * What is exposed stays exposed, and its blocks stay used, until
 * mtdl_expose_active() or the next attach.
 *
 * Return: 0, -EINVAL (neither) or an error of the flash.
 */
int mtdl_rollback(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_abort() - drop the candidate that is staged
 * @mtdl: in state staging
 * @why: reason of a refusal
 *
 * Return: 0, -EINVAL (nothing is being staged) or an error of the flash.
 */
int mtdl_abort(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_expose_active() - expose the active release, or nothing where there is none
 * @mtdl: nobody reads what was exposed any more
 */
void mtdl_expose_active(struct mtdl *mtdl);

/* ---- check.c (not freestanding) ---- */

/**
 * mtdl_check() - every invariant of the table, from the table
 * @mtdl: attached
 * @why: the first that does not hold
 *
 * Reads the manifests, not the data.
 *
 * Return: 0, -EUCLEAN, or an error of the flash.
 */
int mtdl_check(struct mtdl *mtdl, struct mtdl_reason *why);

/* ---- pool.c (not freestanding) ---- */

/**
 * enum mtdl_use - what a physical block is used for, for maps and statistics
 * @MTDL_USE_FREE: nothing
 * @MTDL_USE_TABLE: the table area
 * @MTDL_USE_BAD: bad or retired
 * @MTDL_USE_MANIFEST: a manifest's copy
 * @MTDL_USE_ACTIVE: data of active alone
 * @MTDL_USE_CANDIDATE: data of the candidate alone
 * @MTDL_USE_BOTH: data of both
 * @MTDL_USE_EXPOSED: data of a release that is exposed but neither of them
 */
enum mtdl_use {
	MTDL_USE_FREE,
	MTDL_USE_TABLE,
	MTDL_USE_BAD,
	MTDL_USE_MANIFEST,
	MTDL_USE_ACTIVE,
	MTDL_USE_CANDIDATE,
	MTDL_USE_BOTH,
	MTDL_USE_EXPOSED,
};

/**
 * mtdl_usage() - what every block is used for
 * @mtdl: attached
 * @use: @mtdl->geometry.block_count entries of enum mtdl_use
 * @why: reason of a failure
 *
 * Return: 0 or an error of the flash (bad-block look-ups).
 */
int mtdl_usage(struct mtdl *mtdl, u8 *use, struct mtdl_reason *why);

#endif

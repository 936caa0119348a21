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
 * @reserve: blocks for others that go bad, those that are bad already counted in
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
	u32 reserve;
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
 * @stamp: the same in all that it became by moving blocks, and in nothing else
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
 * Once a release is exposed, only @refs changes in it: when blocks are moved, another
 * struct takes its place (see mtdl_moved()), which shares @manifest.
 */
struct mtdl_release {
	u32 refs;
	u32 stamp;
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
 * @MTDL_EVENT_SETTLED: blocks came home, or foreign ones left a slot; a: blocks of the
 *	active release that settling could still bring home
 * @MTDL_EVENT_SCRUBBED: a block whose bits had to be corrected was moved; a: from, b: to
 * @MTDL_EVENT_SPARE_LOW: a: blocks left to take the place of bad ones, b: the reserve
 */
enum mtdl_event {
	MTDL_EVENT_STATE,
	MTDL_EVENT_PROGRESS,
	MTDL_EVENT_RELOCATED,
	MTDL_EVENT_BAD_BLOCK,
	MTDL_EVENT_BAD_UNIT,
	MTDL_EVENT_VERIFY_FAILED,
	MTDL_EVENT_TABLE_DAMAGED,
	MTDL_EVENT_SETTLED,
	MTDL_EVENT_SCRUBBED,
	MTDL_EVENT_SPARE_LOW,
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

/* Blocks that may fail in a row before something else must be wrong. */
#define MTDL_SUSPECTS_MAX	4

/**
 * struct mtdl_move - a block on its way to another place, eraseblock by eraseblock
 * @what: why it moves; MTDL_MOVE_NONE: no move is under way
 * @from: block
 * @to: block
 * @length: bytes of it that count
 * @at: of the block, copied so far
 * @again: the copy did not keep, and is made once more
 * @layer: whose block it is; NULL: of a manifest
 * @layer_index: which layer of its release
 * @index: which logical block
 * @memory: bytes of the manifest
 * @copy: an eraseblock's worth of memory
 */
struct mtdl_move {
	enum mtdl_move_kind {
		MTDL_MOVE_NONE,
		MTDL_MOVE_SETTLE,
		MTDL_MOVE_SCRUB,
		MTDL_MOVE_INSTALL,
		MTDL_MOVE_ASIDE,
	} what;
	u32 from;
	u32 to;
	u32 length;
	u32 at;
	bool again;
	const struct mtdl_layer *layer;
	u32 layer_index;
	u32 index;
	const u8 *memory;
	u8 *copy;
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
 * @stamps: given to releases so far
 * @secure: the first rule holds since this attach
 * @units: of the table area, @geometry.unit_count
 * @in_force: units with a copy of the state in force (MTDL_NO_BLOCK: none)
 * @in_force_marks: offset in that unit of its attempt marks
 * @attempts_saved: attempts used that the newest snapshot itself counts
 * @cursor: block where the next search of the pool begins
 * @retired: bitmap of retired blocks
 * @retired_units: bitmap of retired table units
 * @suspects: blocks that could not be written, not retired as long as nothing could be
 *	written since: the chip may be locked
 * @suspect_count: of these, how many
 * @convicted: blocks retired since attach
 * @damaged: bitmap of blocks that do not hold what the manifest names
 * @scrub: bitmap of blocks that are to be moved, because bits had to be corrected
 * @scrub_table: bits of the table had to be corrected
 * @moving: active and candidate with the moves that are not recorded yet, or NULL
 * @moves: how many
 * @move: the copy that is under way
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
	u32 stamps;
	bool secure;
	struct mtdl_unit units[MTDL_UNITS_MAX];
	u32 in_force[2];
	u32 in_force_marks[2];
	u32 attempts_saved;
	u32 cursor;
	u32 *retired;
	u64 retired_units;
	u32 suspects[MTDL_SUSPECTS_MAX];
	u32 suspect_count;
	u32 convicted;
	u32 *damaged;
	u32 *scrub;
	bool scrub_table;
	struct mtdl_release *moving[2];
	u32 moves;
	struct mtdl_move move;
	u32 unsaved;
	bool stale;
	u8 *buffer;
	u8 *snapshot;
};

/* ---- format.c (not freestanding) ---- */

#define MTDL_RESERVE_DEFAULT	20	/* of 1024, as UBI's */
#define MTDL_RESERVE_MAX	768
#define MTDL_RESERVE_NONE	(~0U)

/**
 * struct mtdl_format_options - what format chooses
 * @block_size: bytes; 0: the erase size, at least 64 KiB
 * @table_offset: byte where the table area begins, a multiple of the block size
 * @table_size: its bytes; 0: as few blocks as give MTDL_UNITS_MIN units and
 *	spares: half as many, or as many again where the flash can have bad blocks
 * @compatible: the board, NUL-terminated, not empty
 * @reserve: of 1024 blocks, how many are kept for others that go bad (rounded up);
 *	0: MTDL_RESERVE_DEFAULT, MTDL_RESERVE_NONE: none
 * @uuid: random bytes
 */
struct mtdl_format_options {
	u32 block_size;
	u32 reserve;
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
 * mtdl_handover() - expose what a boot loader has booted (trial.c, not freestanding)
 * @mtdl: attached with the loader's sequence as the @newest of its options
 * @digest: of the release that the loader booted
 * @why: reason of a failure
 *
 * The loader has decided, and counted the attempt.  It may have read a snapshot that this
 * attach cannot read: a commit, so what is a staged candidate here was complete there.
 * Exposes exactly that release, and writes the state anew before anything else.
 *
 * A table that does not know the release may be one that the system overtook when it wrote
 * what the loader read: then the caller attaches again with a @newest just below what was
 * found, until one knows it or there is none (-ENODATA).
 *
 * Return: 0, -ESTALE (the table does not know it: nothing has changed), or an error
 * of the flash (then it is exposed all the same).
 */
int mtdl_handover(struct mtdl *mtdl, const u8 *digest, struct mtdl_reason *why);

/**
 * mtdl_is_exposed() - whether @release is the one that is exposed
 * @mtdl: attached
 * @release: active or candidate; NULL is fine
 *
 * True also if blocks of it have been moved since.
 */
static inline bool mtdl_is_exposed(const struct mtdl *mtdl, const struct mtdl_release *release)
{
	return release && mtdl->exposed && mtdl->exposed->stamp == release->stamp;
}

/**
 * struct mtdl_homes - where the blocks of a layer belong: logical block i at @start + i
 * @start: first block
 * @count: logical blocks that have a home
 *
 * The slot, as far as it goes; of a layer that outgrew it and has the policy to move as a
 * whole: the row in which most of its blocks lie.
 */
struct mtdl_homes {
	u32 start;
	u32 count;
};

/** mtdl_homes() - where the blocks of @layer belong; reads its map once */
struct mtdl_homes mtdl_homes(const struct mtdl_layer *layer);

/**
 * mtdl_at_home() - whether a logical block is where it belongs
 * @homes: of @layer
 * @layer: layer
 * @block: logical block
 *
 * Return: whether it is; false for one that has no home.
 */
static inline bool mtdl_at_home(struct mtdl_homes homes, const struct mtdl_layer *layer, u32 block)
{
	return block < homes.count && layer->map[block] == homes.start + block;
}

/**
 * mtdl_count_away() - blocks that have a home and are not there
 * @layer: layer
 *
 * Return: how many.
 */
u32 mtdl_count_away(const struct mtdl_layer *layer);

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
#define MTDL_BEGIN_IN_PLACE	(1U << 2) /* what does not fit may be written over what lives */

/**
 * struct mtdl_plan_layer - what an upgrade does to one layer of the new release
 * @blocks: that the layer has
 * @changed: that must be written
 * @relocated: of the changed, placed away from home
 * @overflow: logical blocks beyond the slot's capacity
 * @in_place: the layer as it is now is written over, and cannot be read until all is done
 * @bytes: of the changed blocks
 */
struct mtdl_plan_layer {
	u32 blocks;
	u32 changed;
	u32 relocated;
	u32 overflow;
	bool in_place;
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
 * @copied: blocks that the device has, and copies itself
 * @aside: blocks that commit moves out of the slots of pinned layers
 * @in_place: layers that are written over (only with MTDL_BEGIN_IN_PLACE, and only if
 *	the release does not fit otherwise)
 * @free_after: blocks that neither release nor table will use
 * @reserve: of these, kept for others that go bad
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
	u32 copied;
	u32 aside;
	u32 in_place;
	u32 free_after;
	u32 reserve;
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
 * If the manifest is that of the active release, @plan says so, the first rule is
 * established and nothing else is done; unless a layer of it is incomplete, which is then
 * staged like any other.
 *
 * With MTDL_BEGIN_IN_PLACE, layers whose policy allows it are written over if the release
 * does not fit otherwise: the caller has made sure that nobody has these layers open (a
 * dry run names them), and lets nobody open them until its readers go by @mtdl->exposed.
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
 * Ends in state trial; in idle with the release active where there was none, or where a
 * layer of it was written over in place (nothing is left to fall back to).  If blocks of
 * pinned layers are still to be copied to their homes it ends in state installing: then
 * mtdl_follow() and mtdl_work() lead to trial.
 *
 * Return: 0, -EINVAL (nothing staged), -EAGAIN (blocks are lacking), -EBUSY (a release
 * that was dropped is still exposed and lies in the slot of a pinned layer: reboot
 * first), -ENOSPC, or an error of the flash.
 */
int mtdl_commit(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_commit_step() - a step of mtdl_commit(), which does all of them
 * @mtdl: in state staging, nothing wanted
 * @why: reason of a refusal
 *
 * A step copies at most one eraseblock, or writes one snapshot.  Another command in between
 * gives up the copies, and the next step begins anew.
 *
 * Return: 1 (there is more to do), or as mtdl_commit().
 */
int mtdl_commit_step(struct mtdl *mtdl, struct mtdl_reason *why);

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

/* ---- work.c (not freestanding) ---- */

/**
 * mtdl_work() - one step of what is to be done in the background
 * @mtdl: attached
 * @why: reason of a failure
 *
 * In state installing: copies the candidate's pinned layers to their homes, then begins the
 * trial (or, if cells fail, goes back to idle).  In state idle: brings blocks of the active
 * release home, and foreign ones out of their way.  In every state: moves blocks queued
 * by mtdl_scrub().  A step copies at most one eraseblock, or writes one snapshot.  Nothing
 * is written if there is nothing to do.  A command that changes the state gives up copies
 * that are not recorded; mtdl_sync() records them.
 *
 * After each step the caller looks at mtdl_moved().
 *
 * Return: 1 (there is more to do), 0 (nothing), -EROFS, or an error of the flash.
 */
int mtdl_work(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_has_work() - whether mtdl_work() is worth a call
 * @mtdl: attached
 *
 * Looks at memory only.
 *
 * Return: false if there is nothing to do; true if there may be.
 */
bool mtdl_has_work(struct mtdl *mtdl);

/**
 * mtdl_moved() - what the exposed release has become by moving blocks, or NULL
 * @mtdl: attached
 *
 * As long as this is not NULL, the blocks where the exposed release lay before count as
 * used.  The caller has its readers switch over, waits for those that read by the old map,
 * and calls mtdl_follow().
 */
struct mtdl_release *mtdl_moved(const struct mtdl *mtdl);

/**
 * mtdl_follow() - expose mtdl_moved(), if there is one
 * @mtdl: attached; nobody reads by the old map any more
 */
void mtdl_follow(struct mtdl *mtdl);

/**
 * mtdl_scrub() - queue a block whose bits had to be corrected
 * @mtdl: attached
 * @block: physical block; one that serves nothing is forgotten
 *
 * mtdl_work() moves it, in every release that uses it, by one snapshot.
 */
void mtdl_scrub(struct mtdl *mtdl, u32 block);

/* ---- recover.c (not freestanding, not in the module) ---- */

/**
 * struct mtdl_recovered - what was found of a release whose table was lost
 * @blocks: that it has
 * @missing: of these, not found on the flash
 * @at: where they were found, by logical block over all layers (MTDL_NO_BLOCK: not); the
 *	caller's memory, or NULL
 */
struct mtdl_recovered {
	u32 blocks;
	u32 missing;
	u32 *at;
};

/**
 * mtdl_recover() - rebuild a lost layer table by hashing blocks
 * @flash: without a readable table, or its table is given up
 * @options: as for mtdl_format(); the block size and the board are the manifest's
 * @manifest: of the release that was installed
 * @manifest_size: bytes
 * @signature: stored beside it
 * @signature_size: bytes
 * @progress: told of blocks hashed, and of all; may be NULL
 * @ctx: handed to @progress
 * @found: filled in
 * @why: reason of a refusal
 *
 * Looks first, then formats, then writes the manifest and a table.  If every block was
 * found, the release is active, state idle, its blocks where they were found.  Otherwise it is
 * a candidate in state staging, which begins with what was found: mtdl_begin() with the same
 * manifest goes on.  Blocks of a pinned layer that were found away from home are missing then.
 *
 * Return: 0, -ENODATA (no block of the release was found: nothing was written), or an error
 * of mtdl_manifest_parse() or mtdl_format().
 */
int mtdl_recover(struct mtdl_flash *flash, const struct mtdl_format_options *options,
		 const void *manifest, u32 manifest_size,
		 const void *signature, u32 signature_size,
		 void (*progress)(void *ctx, u32 done, u32 total), void *ctx,
		 struct mtdl_recovered *found, struct mtdl_reason *why);

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
 * struct mtdl_spare - how many blocks are left to take the place of bad ones
 * @reserve: chosen at format
 * @bad: blocks outside the table area that are marked bad or retired
 * @free: blocks that nothing uses
 * @left: what is left of the reserve: not more than @free
 * @low: a quarter of the reserve, or less, is left
 */
struct mtdl_spare {
	u32 reserve;
	u32 bad;
	u32 free;
	u32 left;
	bool low;
};

/**
 * mtdl_spare() - take stock of the reserve
 * @mtdl: attached
 * @spare: filled in
 * @why: reason of a failure
 *
 * Return: 0, -ENOMEM or an error of the flash (bad-block look-ups).
 */
int mtdl_spare(struct mtdl *mtdl, struct mtdl_spare *spare, struct mtdl_reason *why);

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

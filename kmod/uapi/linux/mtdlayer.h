/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctls of /dev/mtdlayer-control and /dev/mtdlayerN, and the names of the
 * generic netlink family "mtdlayer": the only copy of mtdlayer's kernel ABI.
 *
 * Every ioctl takes one struct, whose @flags and reserved fields must be zero
 * where no flag is documented (-EINVAL otherwise), and whose last field is a
 * sentence that says why the call failed (empty when it did not).
 */
#ifndef _UAPI_LINUX_MTDLAYER_H
#define _UAPI_LINUX_MTDLAYER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MTDLAYER_REASON_SIZE	256
#define MTDLAYER_MTD_NAME_SIZE	64
#define MTDLAYER_DIGEST_SIZE	32

/**
 * struct mtdlayer_attach - attach an MTD device (partition)
 * @flags: zero
 * @mtd: its number, or -1: by @name
 * @table_offset: byte from which the layer table is searched for; usually 0
 * @name: the MTD device's name if @mtd is -1; a name that two devices have is refused
 * @index: out: the N of /dev/mtdlayerN
 * @reserved: zero
 * @reason: out
 *
 * Looks, and never counts a boot attempt: see MTDLAYER_IOC_BOOT.
 *
 * Errors: -ENODEV (no such MTD device), -ENOTUNIQ (two of that name), -EBUSY
 * (attached already), -EINVAL (a device that cannot carry layers), -ENODATA (no
 * layer table), -EUCLEAN (a table that contradicts itself), -EOPNOTSUPP (features,
 * version).
 */
struct mtdlayer_attach {
	__u32 flags;
	__s32 mtd;
	__u64 table_offset;
	char name[MTDLAYER_MTD_NAME_SIZE];
	__u32 index;
	__u32 reserved;
	char reason[MTDLAYER_REASON_SIZE];
};

/**
 * struct mtdlayer_detach - detach a device
 * @flags: zero
 * @index: the N of /dev/mtdlayerN
 * @reason: out
 *
 * Errors: -ENODEV, -EBUSY (a layer is in use, or another program is staging a release).
 */
struct mtdlayer_detach {
	__u32 flags;
	__u32 index;
	char reason[MTDLAYER_REASON_SIZE];
};

#define MTDLAYER_IOC_MAGIC	0xB7

/* on /dev/mtdlayer-control */
#define MTDLAYER_IOC_ATTACH	_IOWR(MTDLAYER_IOC_MAGIC, 0x00, struct mtdlayer_attach)
#define MTDLAYER_IOC_DETACH	_IOWR(MTDLAYER_IOC_MAGIC, 0x01, struct mtdlayer_detach)

/* struct mtdlayer_begin.flags */
#define MTDLAYER_BEGIN_DRY_RUN	(1U << 0) /* plan only: nothing is written */
#define MTDLAYER_BEGIN_REPLACE	(1U << 1) /* another release that is staged gives way */
#define MTDLAYER_BEGIN_IN_PLACE	(1U << 2) /* what does not fit may be written over what lives */

/* struct mtdlayer_plan_layer.flags */
#define MTDLAYER_PLAN_LAYER_IN_PLACE	(1U << 0) /* it is written over as it is now */

/**
 * struct mtdlayer_plan_layer - what an upgrade does to one layer of the new release
 * @blocks: that the layer has
 * @changed: that must be written
 * @relocated: of the changed, placed away from home
 * @overflow: logical blocks beyond the slot's capacity
 * @bytes: of the changed blocks
 * @flags: MTDLAYER_PLAN_LAYER_*
 * @reserved: zero
 */
struct mtdlayer_plan_layer {
	__u32 blocks;
	__u32 changed;
	__u32 relocated;
	__u32 overflow;
	__u64 bytes;
	__u32 flags;
	__u32 reserved;
};

/* struct mtdlayer_begin.plan_flags */
#define MTDLAYER_PLAN_RESUMED	(1U << 0) /* the same release was staged already */
#define MTDLAYER_PLAN_CURRENT	(1U << 1) /* it is the active release: nothing to do */

/**
 * struct mtdlayer_begin - begin, resume or plan an upgrade
 * @flags: MTDLAYER_BEGIN_*
 * @manifest_size: bytes
 * @manifest: user pointer to the manifest
 * @signature: user pointer to its detached signature, or 0
 * @signature_size: bytes of the signature, 0 if there is none
 * @layer_room: entries of @layers
 * @layers: user pointer to struct mtdlayer_plan_layer, or 0; filled in by the
 *	manifest's order, as many as there is room for
 * @plan_flags: out: MTDLAYER_PLAN_*
 * @layer_count: out: layers of the release
 * @layers_changed: out: of these, layers with a block to write
 * @blocks: out: blocks to write
 * @blocks_done: out: changed blocks that are already on flash
 * @relocated: out: of @blocks, placed away from home
 * @overflow: out: logical blocks beyond their slot's capacity
 * @erases: out: eraseblocks to erase
 * @free_after: out: blocks left free
 * @missing: out: blocks that do not fit, with -ENOSPC
 * @copied: out: blocks that the device has, and copies itself
 * @aside: out: blocks that COMMIT moves out of the slots of pinned layers
 * @in_place: out: layers that are written over
 * @reserve: out: of @free_after, kept for blocks that go bad
 * @reserved: zero
 * @bytes: out: payload to write
 * @reason: out
 *
 * With MTDLAYER_BEGIN_IN_PLACE, layers whose policy allows it are written over if the
 * release does not fit otherwise: from then on they cannot be read until all of it is
 * there, and there is nothing to go back to.  A dry run says which ones.
 *
 * Errors: -EINVAL or -EOPNOTSUPP (manifest), -ENODEV (wrong board), -EPERM
 * (security counter below the floor), -ENOSPC, -EBUSY (in trial or installing; another
 * program is writing; a layer that would be written over is open), -EEXIST (another
 * release is staged), -EROFS, -E2BIG (size).
 */
struct mtdlayer_begin {
	__u32 flags;
	__u32 manifest_size;
	__u64 manifest;
	__u64 signature;
	__u32 signature_size;
	__u32 layer_room;
	__u64 layers;
	__u32 plan_flags;
	__u32 layer_count;
	__u32 layers_changed;
	__u32 blocks;
	__u32 blocks_done;
	__u32 relocated;
	__u32 overflow;
	__u32 erases;
	__u32 free_after;
	__u32 missing;
	__u32 copied;
	__u32 aside;
	__u32 in_place;
	__u32 reserve;
	__u32 reserved[2];
	__u64 bytes;
	char reason[MTDLAYER_REASON_SIZE];
};

/**
 * struct mtdlayer_wanted - a block that the candidate still lacks
 * @layer: index in the candidate
 * @block: logical block
 */
struct mtdlayer_wanted {
	__u32 layer;
	__u32 block;
};

/**
 * struct mtdlayer_want - ask for the next blocks that the candidate lacks
 * @flags: zero
 * @count: in: entries of @blocks, 1 to 4096; out: filled; 0: nothing is lacking
 * @blocks: user pointer to struct mtdlayer_wanted
 * @reason: out
 *
 * Errors: -EINVAL (nothing is being staged), -EBUSY.
 */
struct mtdlayer_want {
	__u32 flags;
	__u32 count;
	__u64 blocks;
	char reason[MTDLAYER_REASON_SIZE];
};

/**
 * struct mtdlayer_write - write one wanted block
 * @flags: zero
 * @layer: index in the candidate
 * @block: logical block
 * @length: bytes: the block size, or less at the layer's end
 * @data: user pointer
 * @reason: out
 *
 * Errors: -EINVAL (range, length), -EALREADY (not wanted), -EBADMSG (bytes that
 * the manifest does not name), -ENOSPC, -EIO, -EBUSY.
 */
struct mtdlayer_write {
	__u32 flags;
	__u32 layer;
	__u32 block;
	__u32 length;
	__u64 data;
	char reason[MTDLAYER_REASON_SIZE];
};

/**
 * struct mtdlayer_change - a change of state that needs no more than its name
 * @flags: zero
 * @digest_valid: CONFIRM: 1: @digest names the release that is meant; 0: the exposed one
 * @digest: CONFIRM: SHA-256 of the release's manifest; zero otherwise
 * @reason: out
 *
 * MTDLAYER_IOC_COMMIT switches all layers at once, and copies pinned layers to their
 * homes before it returns (given again in state installing, it goes on with that; a
 * signal ends it, not the copying); MTDLAYER_IOC_BOOT counts one
 * attempt of the trial and exposes its release without a reboot (-EBUSY while
 * a layer is in use); CONFIRM makes the exposed release the active one;
 * ROLLBACK drops the release on trial, or one that is being installed; ABORT the
 * release that is staged; SYNC records which blocks are written.
 */
struct mtdlayer_change {
	__u32 flags;
	__u32 digest_valid;
	__u8 digest[MTDLAYER_DIGEST_SIZE];
	char reason[MTDLAYER_REASON_SIZE];
};

/* struct mtdlayer_verify.release, and the netlink attribute "release" */
enum mtdlayer_release {
	MTDLAYER_RELEASE_ACTIVE,
	MTDLAYER_RELEASE_CANDIDATE,
	MTDLAYER_RELEASE_EXPOSED,
};

/**
 * struct mtdlayer_verify - hash some blocks of a layer on flash
 * @flags: zero
 * @release: MTDLAYER_RELEASE_*
 * @layer: index in that release
 * @block: in: first logical block; out: the block after the last one looked at
 * @count: in: how many at most, 1 to 1024; fewer are looked at when one is bad
 * @bad: out: 1 if block @block - 1 is not what the manifest names
 * @reason: out: what is wrong with it
 *
 * Errors: -EINVAL (range), -ENOENT (no such release), -EINTR.
 */
struct mtdlayer_verify {
	__u32 flags;
	__u32 release;
	__u32 layer;
	__u32 block;
	__u32 count;
	__u32 bad;
	char reason[MTDLAYER_REASON_SIZE];
};

/**
 * struct mtdlayer_settle - do now what is else done in the background
 * @flags: zero
 * @steps: in: how many steps at most (each copies an eraseblock or writes a snapshot);
 *	0: all that there are
 * @moved: out: blocks of the active release that came home
 * @away: out: blocks of it that settling could still bring home
 * @more: out: 1 if something is left to do: after @steps, or because of a signal
 * @reserved: zero
 * @reason: out
 *
 * In every state, blocks that were queued by SCRUB, or by reading them, are moved; in
 * state idle, blocks of the active release come home; in state installing the
 * candidate's pinned layers are copied to their homes.
 *
 * Errors: -EBUSY (another program is changing the device), -EROFS, or an error of the
 * flash.
 */
struct mtdlayer_settle {
	__u32 flags;
	__u32 steps;
	__u32 moved;
	__u32 away;
	__u32 more;
	__u32 reserved;
	char reason[MTDLAYER_REASON_SIZE];
};

/**
 * struct mtdlayer_scrub - have a block moved to other cells
 * @flags: zero
 * @release: MTDLAYER_RELEASE_*
 * @layer: index in that release
 * @block: logical block
 * @reason: out
 *
 * It is moved in the background, in every release that uses it; SETTLE waits for that.
 *
 * Errors: -EINVAL (range), -ENOENT (no such release), -EROFS, -EBUSY.
 */
struct mtdlayer_scrub {
	__u32 flags;
	__u32 release;
	__u32 layer;
	__u32 block;
	char reason[MTDLAYER_REASON_SIZE];
};

/* on /dev/mtdlayerN */
#define MTDLAYER_IOC_BEGIN	_IOWR(MTDLAYER_IOC_MAGIC, 0x10, struct mtdlayer_begin)
#define MTDLAYER_IOC_WANT	_IOWR(MTDLAYER_IOC_MAGIC, 0x11, struct mtdlayer_want)
#define MTDLAYER_IOC_WRITE	_IOWR(MTDLAYER_IOC_MAGIC, 0x12, struct mtdlayer_write)
#define MTDLAYER_IOC_SYNC	_IOWR(MTDLAYER_IOC_MAGIC, 0x13, struct mtdlayer_change)
#define MTDLAYER_IOC_COMMIT	_IOWR(MTDLAYER_IOC_MAGIC, 0x14, struct mtdlayer_change)
#define MTDLAYER_IOC_BOOT	_IOWR(MTDLAYER_IOC_MAGIC, 0x15, struct mtdlayer_change)
#define MTDLAYER_IOC_CONFIRM	_IOWR(MTDLAYER_IOC_MAGIC, 0x16, struct mtdlayer_change)
#define MTDLAYER_IOC_ROLLBACK	_IOWR(MTDLAYER_IOC_MAGIC, 0x17, struct mtdlayer_change)
#define MTDLAYER_IOC_ABORT	_IOWR(MTDLAYER_IOC_MAGIC, 0x18, struct mtdlayer_change)
#define MTDLAYER_IOC_VERIFY	_IOWR(MTDLAYER_IOC_MAGIC, 0x19, struct mtdlayer_verify)
#define MTDLAYER_IOC_SETTLE	_IOWR(MTDLAYER_IOC_MAGIC, 0x1a, struct mtdlayer_settle)
#define MTDLAYER_IOC_SCRUB	_IOWR(MTDLAYER_IOC_MAGIC, 0x1b, struct mtdlayer_scrub)

/*
 * Generic netlink: Documentation/netlink/specs/mtdlayer.yaml is the source of
 * truth of what follows.
 */
#define MTDLAYER_FAMILY_NAME	"mtdlayer"
#define MTDLAYER_FAMILY_VERSION	1
#define MTDLAYER_MCGRP_EVENTS	"events"

enum mtdlayer_state {
	MTDLAYER_STATE_IDLE,
	MTDLAYER_STATE_STAGING,
	MTDLAYER_STATE_INSTALLING,
	MTDLAYER_STATE_TRIAL,
};

enum mtdlayer_outcome {
	MTDLAYER_OUTCOME_NONE,
	MTDLAYER_OUTCOME_CONFIRMED,
	MTDLAYER_OUTCOME_ROLLED_BACK,
	MTDLAYER_OUTCOME_EXHAUSTED,
	MTDLAYER_OUTCOME_ABORTED,
	MTDLAYER_OUTCOME_FAILED,
};

enum mtdlayer_event {
	MTDLAYER_EVENT_ATTACHED,
	MTDLAYER_EVENT_DETACHED,
	MTDLAYER_EVENT_STATE,
	MTDLAYER_EVENT_PROGRESS,
	MTDLAYER_EVENT_RELOCATED,
	MTDLAYER_EVENT_BAD_BLOCK,
	MTDLAYER_EVENT_BAD_UNIT,
	MTDLAYER_EVENT_VERIFY_FAILED,
	MTDLAYER_EVENT_TABLE_DAMAGED,
	MTDLAYER_EVENT_SETTLED,
	MTDLAYER_EVENT_SCRUBBED,
	MTDLAYER_EVENT_SPARE_LOW,
	MTDLAYER_EVENT_WORK_FAILED,
};

enum mtdlayer_work {
	MTDLAYER_WORK_NONE,
	MTDLAYER_WORK_OFF,
	MTDLAYER_WORK_WAITING,
	MTDLAYER_WORK_SETTLING,
	MTDLAYER_WORK_INSTALLING,
	MTDLAYER_WORK_SCRUBBING,
};

/* attributes of a device */
enum {
	MTDLAYER_A_DEVICE_UNSPEC,
	MTDLAYER_A_DEVICE_PAD,
	MTDLAYER_A_DEVICE_INDEX,		/* u32 */
	MTDLAYER_A_DEVICE_MTD_INDEX,		/* u32 */
	MTDLAYER_A_DEVICE_MTD_NAME,		/* string */
	MTDLAYER_A_DEVICE_COMPATIBLE,		/* string */
	MTDLAYER_A_DEVICE_UUID,			/* binary, 16 */
	MTDLAYER_A_DEVICE_FLASH_SIZE,		/* u64 */
	MTDLAYER_A_DEVICE_ERASE_SIZE,		/* u32 */
	MTDLAYER_A_DEVICE_WRITE_SIZE,		/* u32 */
	MTDLAYER_A_DEVICE_BLOCK_SIZE,		/* u32 */
	MTDLAYER_A_DEVICE_UNIT_SIZE,		/* u32 */
	MTDLAYER_A_DEVICE_BLOCK_COUNT,		/* u32 */
	MTDLAYER_A_DEVICE_TABLE_START,		/* u32, block */
	MTDLAYER_A_DEVICE_TABLE_BLOCKS,		/* u32 */
	MTDLAYER_A_DEVICE_EPOCH,		/* u32, sequence of the newest snapshot */
	MTDLAYER_A_DEVICE_WRITE,		/* u32 */
	MTDLAYER_A_DEVICE_STATE,		/* u32, enum mtdlayer_state */
	MTDLAYER_A_DEVICE_READ_ONLY,		/* string, why; absent if writable */
	MTDLAYER_A_DEVICE_DAMAGED_UNITS,	/* u32 */
	MTDLAYER_A_DEVICE_FREE_BLOCKS,		/* u32 */
	MTDLAYER_A_DEVICE_BAD_BLOCKS,		/* u32 */
	MTDLAYER_A_DEVICE_SECURITY_FLOOR,	/* u32 */
	MTDLAYER_A_DEVICE_ATTEMPTS_MAX,		/* u32, state trial */
	MTDLAYER_A_DEVICE_ATTEMPTS_USED,	/* u32, state trial */
	MTDLAYER_A_DEVICE_BLOCKS_WANTED,	/* u32, state staging */
	MTDLAYER_A_DEVICE_OUTCOME,		/* u32, enum mtdlayer_outcome */
	MTDLAYER_A_DEVICE_OUTCOME_ERROR,	/* u32, errno or 0 */
	MTDLAYER_A_DEVICE_OUTCOME_ATTEMPTS,	/* u32 */
	MTDLAYER_A_DEVICE_OUTCOME_RELEASE,	/* string */
	MTDLAYER_A_DEVICE_OUTCOME_DIGEST,	/* binary, 32 */
	MTDLAYER_A_DEVICE_ACTIVE,		/* nest of release attributes */
	MTDLAYER_A_DEVICE_CANDIDATE,		/* nest of release attributes */
	MTDLAYER_A_DEVICE_EXPOSED,		/* nest of release attributes */
	MTDLAYER_A_DEVICE_RESERVE,		/* u32, blocks kept for others that go bad */
	MTDLAYER_A_DEVICE_RESERVE_LEFT,		/* u32 */
	MTDLAYER_A_DEVICE_SPARE_LOW,		/* flag */
	MTDLAYER_A_DEVICE_SETTLEABLE,		/* u32, blocks that settling could bring home */
	MTDLAYER_A_DEVICE_WORK,			/* u32, enum mtdlayer_work */
	MTDLAYER_A_DEVICE_LAST_ERROR,		/* string, of the work; absent if there is none */

	__MTDLAYER_A_DEVICE_MAX,
	MTDLAYER_A_DEVICE_MAX = __MTDLAYER_A_DEVICE_MAX - 1
};

/* attributes of a release */
enum {
	MTDLAYER_A_RELEASE_UNSPEC,
	MTDLAYER_A_RELEASE_NAME,		/* string, version text */
	MTDLAYER_A_RELEASE_DIGEST,		/* binary, 32 */
	MTDLAYER_A_RELEASE_SECURITY_COUNTER,	/* u32 */
	MTDLAYER_A_RELEASE_LAYER_COUNT,		/* u32 */
	MTDLAYER_A_RELEASE_BLOCKS,		/* u32, logical blocks of all layers */

	__MTDLAYER_A_RELEASE_MAX,
	MTDLAYER_A_RELEASE_MAX = __MTDLAYER_A_RELEASE_MAX - 1
};

/* attributes of a layer */
enum {
	MTDLAYER_A_LAYER_UNSPEC,
	MTDLAYER_A_LAYER_PAD,
	MTDLAYER_A_LAYER_DEVICE,		/* u32, device index */
	MTDLAYER_A_LAYER_RELEASE,		/* u32, MTDLAYER_RELEASE_* */
	MTDLAYER_A_LAYER_INDEX,			/* u32, in its release */
	MTDLAYER_A_LAYER_NAME,			/* string */
	MTDLAYER_A_LAYER_SIZE,			/* u64 */
	MTDLAYER_A_LAYER_SLOT_START,		/* u32, block */
	MTDLAYER_A_LAYER_SLOT_BLOCKS,		/* u32 */
	MTDLAYER_A_LAYER_POLICY,		/* u32 */
	MTDLAYER_A_LAYER_FLAGS,			/* u32 */
	MTDLAYER_A_LAYER_BLOCKS,		/* u32 */
	MTDLAYER_A_LAYER_AWAY,			/* u32, blocks away from home */
	MTDLAYER_A_LAYER_ROOT,			/* binary, 32 */
	MTDLAYER_A_LAYER_MTD_INDEX,		/* u32, of the layer's MTD device; exposed only */

	__MTDLAYER_A_LAYER_MAX,
	MTDLAYER_A_LAYER_MAX = __MTDLAYER_A_LAYER_MAX - 1
};

/* attributes of an extent: what some blocks in a row are used for */
enum {
	MTDLAYER_A_EXTENT_UNSPEC,
	MTDLAYER_A_EXTENT_DEVICE,		/* u32, device index */
	MTDLAYER_A_EXTENT_USE,			/* u32, enum mtdlayer_use */
	MTDLAYER_A_EXTENT_BLOCK,		/* u32, first physical block */
	MTDLAYER_A_EXTENT_COUNT,		/* u32 */
	MTDLAYER_A_EXTENT_LAYER,		/* u32, layer index in the release that owns it */
	MTDLAYER_A_EXTENT_LOGICAL,		/* u32, first logical block */
	MTDLAYER_A_EXTENT_RELEASE,		/* u32, MTDLAYER_RELEASE_*: whose layer */

	__MTDLAYER_A_EXTENT_MAX,
	MTDLAYER_A_EXTENT_MAX = __MTDLAYER_A_EXTENT_MAX - 1
};

enum mtdlayer_use {
	MTDLAYER_USE_FREE,
	MTDLAYER_USE_TABLE,
	MTDLAYER_USE_BAD,
	MTDLAYER_USE_MANIFEST,
	MTDLAYER_USE_ACTIVE,
	MTDLAYER_USE_CANDIDATE,
	MTDLAYER_USE_BOTH,
	MTDLAYER_USE_EXPOSED,
};

/* attributes of an event */
enum {
	MTDLAYER_A_EVENT_UNSPEC,
	MTDLAYER_A_EVENT_DEVICE,		/* u32, device index */
	MTDLAYER_A_EVENT_KIND,			/* u32, enum mtdlayer_event */
	MTDLAYER_A_EVENT_STATE,			/* u32, STATE */
	MTDLAYER_A_EVENT_DONE,			/* u32, PROGRESS: blocks */
	MTDLAYER_A_EVENT_TOTAL,			/* u32, PROGRESS: blocks */
	MTDLAYER_A_EVENT_LAYER,			/* u32, RELOCATED, VERIFY_FAILED */
	MTDLAYER_A_EVENT_LOGICAL,		/* u32, RELOCATED, VERIFY_FAILED */
	MTDLAYER_A_EVENT_BLOCK,			/* u32, BAD_BLOCK, SCRUBBED; unit for BAD_UNIT */
	MTDLAYER_A_EVENT_UNITS,			/* u32, TABLE_DAMAGED */
	MTDLAYER_A_EVENT_RELEASE,		/* u32, VERIFY_FAILED: MTDLAYER_RELEASE_* */
	MTDLAYER_A_EVENT_AWAY,			/* u32, SETTLED: blocks still to bring home */
	MTDLAYER_A_EVENT_TO,			/* u32, SCRUBBED: where the block is now */
	MTDLAYER_A_EVENT_LEFT,			/* u32, SPARE_LOW: blocks */
	MTDLAYER_A_EVENT_RESERVE,		/* u32, SPARE_LOW: blocks */
	MTDLAYER_A_EVENT_ERROR,			/* u32, WORK_FAILED: errno */

	__MTDLAYER_A_EVENT_MAX,
	MTDLAYER_A_EVENT_MAX = __MTDLAYER_A_EVENT_MAX - 1
};

enum {
	MTDLAYER_CMD_UNSPEC,
	MTDLAYER_CMD_DEVICE_GET,	/* do: one device; dump: all */
	MTDLAYER_CMD_LAYER_GET,		/* dump: layers, of one device or all */
	MTDLAYER_CMD_EXTENT_GET,	/* dump: extents of one device */
	MTDLAYER_CMD_EVENT_NTF,		/* multicast */

	__MTDLAYER_CMD_MAX,
	MTDLAYER_CMD_MAX = __MTDLAYER_CMD_MAX - 1
};

#endif /* _UAPI_LINUX_MTDLAYER_H */

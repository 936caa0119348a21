/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What layerctl works on: an attached device in the kernel, or a flash image
 * file (or an MTD character device that is not attached) driven by the portable
 * core in this process.  Commands see no difference.
 */
#ifndef LAYERCTL_TARGET_H
#define LAYERCTL_TARGET_H

#include "../../kmod/core/mtdl.h"

/** enum view_role - which release */
enum view_role {
	VIEW_ACTIVE,
	VIEW_CANDIDATE,
	VIEW_EXPOSED,
	VIEW_ROLES,
};

/** struct view_layer - a layer of a release, as people want to see it */
struct view_layer {
	char name[MTDL_NAME_SIZE + 1];
	uint8_t root[MTDL_DIGEST_SIZE];
	uint64_t size;
	uint32_t slot_start;		/* block */
	uint32_t slot_blocks;
	uint32_t policy;
	uint32_t flags;
	uint32_t blocks;
	uint32_t away;			/* blocks that have a home and are not there */
	int mtd;			/* number of its MTD device; -1: none */
};

/** struct view_release - a release; @present is false where there is none */
struct view_release {
	bool present;
	char release[MTDL_RELEASE_SIZE + 1];
	uint8_t digest[MTDL_DIGEST_SIZE];
	uint32_t security_counter;
	uint32_t blocks;
	uint32_t layer_count;
	struct view_layer *layers;
};

/** struct view_extent - blocks in a row that are used for the same thing */
struct view_extent {
	enum mtdl_use use;
	uint32_t block;
	uint32_t count;
	enum view_role role;		/* whose layer; for uses by a layer */
	uint32_t layer;			/* index in that release */
	uint32_t logical;		/* first logical block */
};

/** enum view_work - what the device does by itself; the numbers of enum mtdlayer_work */
enum view_work {
	VIEW_WORK_NONE,			/* there is nothing to do */
	VIEW_WORK_OFF,			/* there is, and nothing is done by itself */
	VIEW_WORK_WAITING,		/* it failed (last_error): a change or settle tries again */
	VIEW_WORK_SETTLING,
	VIEW_WORK_INSTALLING,
	VIEW_WORK_SCRUBBING,
};

/** struct view - everything status, list and map show */
struct view {
	char name[64];			/* mtdlayer0, or the file's name */
	char mtd_name[64];		/* of the parent MTD device, or empty */
	int mtd;			/* its number, or -1 */
	char compatible[MTDL_COMPATIBLE_SIZE + 1];
	uint8_t uuid[16];
	uint64_t flash_size;
	uint32_t erase_size;
	uint32_t write_size;
	uint32_t block_size;
	uint32_t unit_size;
	uint32_t block_count;
	uint32_t table_start;
	uint32_t table_blocks;
	uint32_t epoch;
	uint32_t write;
	enum mtdl_state state;
	char read_only[MTDL_REASON_SIZE]; /* why; empty if writable */
	uint32_t damaged_units;
	uint32_t free_blocks;
	uint32_t bad_blocks;
	uint32_t reserve;		/* blocks kept for others that go bad */
	uint32_t reserve_left;		/* of these, how many are left */
	bool spare_low;			/* a quarter of them, or less */
	uint32_t security_floor;
	uint32_t attempts_max;
	uint32_t attempts_used;
	uint32_t blocks_wanted;
	uint32_t settleable;		/* blocks that settling would bring home */
	enum view_work work;		/* of the kernel; an image file has none */
	char last_error[MTDL_REASON_SIZE]; /* of the work in the background; empty: none */
	struct mtdl_outcome outcome;
	struct view_release releases[VIEW_ROLES];
	uint32_t extent_count;
	struct view_extent *extents;	/* cover every block once, ascending */
};

struct target;

/**
 * struct settle_job - work in the background, done now
 * @progress: told of blocks moved so far, and of those still to move; may be NULL
 * @ctx: handed to @progress
 * @moved: out: blocks of the active release that are elsewhere now
 */
struct settle_job {
	void (*progress)(void *ctx, uint32_t moved, uint32_t left);
	void *ctx;
	uint32_t moved;
};

/**
 * struct target_ops - one kind of target
 *
 * All return 0 or a negative errno and fill in @why on failure, as the functions
 * of the same name in mtdl.h do.  @verify looks at @count blocks from *@block on,
 * moves *@block, and stops behind the first that is wrong (*@bad).  @check looks
 * at every invariant of the table (mtdl_check()); it is NULL where the kernel has
 * the table in hand.
 *
 * @settle does what mtdl_work() finds to do until nothing is left: blocks come home,
 * pinned layers are installed, blocks that were queued for it are refreshed.  It stops
 * for a signal (interrupt_pending()) with -EINTR; what it has done stays.  @commit may
 * return while the pinned layers are still being installed in the background.
 */
struct target_ops {
	int (*view)(struct target *t, struct view *view, struct mtdl_reason *why);
	int (*begin)(struct target *t, const void *manifest, uint32_t manifest_size,
		     const void *signature, uint32_t signature_size, uint32_t flags,
		     struct mtdl_plan *plan, struct mtdl_reason *why);
	int (*want)(struct target *t, struct mtdl_wanted *wanted, uint32_t *count,
		    struct mtdl_reason *why);
	int (*write)(struct target *t, uint32_t layer, uint32_t block,
		     const void *data, uint32_t length, struct mtdl_reason *why);
	int (*sync)(struct target *t, struct mtdl_reason *why);
	int (*commit)(struct target *t, struct mtdl_reason *why);
	int (*boot)(struct target *t, struct mtdl_reason *why);
	int (*confirm)(struct target *t, const uint8_t *digest, struct mtdl_reason *why);
	int (*rollback)(struct target *t, struct mtdl_reason *why);
	int (*abort)(struct target *t, struct mtdl_reason *why);
	int (*settle)(struct target *t, struct settle_job *job, struct mtdl_reason *why);
	int (*verify)(struct target *t, enum view_role role, uint32_t layer,
		      uint32_t *block, uint32_t count, bool *bad,
		      struct mtdl_reason *why);
	int (*check)(struct target *t, struct mtdl_reason *why);
	int (*read)(struct target *t, const char *layer, uint64_t off, void *buf,
		    uint32_t len, struct mtdl_reason *why);
	void (*close)(struct target *t);
};

/** struct target - embed it in a kind of target */
struct target {
	const struct target_ops *ops;
};

/**
 * target_open() - open what -d names
 * @name: "mtdlayerN": the kernel's; a path: an image file or MTD character
 *	device; NULL: mtdlayer0
 * @write: whether anything is to be changed
 * @why: reason of a failure
 *
 * Return: the target, or NULL with errno set.
 */
struct target *target_open(const char *name, bool write, struct mtdl_reason *why);

/** kernel_target_open() - /dev/mtdlayerN through the module (target_kernel.c) */
struct target *kernel_target_open(const char *name, bool write, struct mtdl_reason *why);

/** image_target_open() - a flash image file or /dev/mtdN (target_image.c) */
struct target *image_target_open(const char *path, bool write, struct mtdl_reason *why);

/** view_free() - free what a view holds; the view itself is the caller's */
void view_free(struct view *view);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attached device: what belongs together, how long it lives, what protects it.
 */
#ifndef MTDLAYER_DEVICE_H
#define MTDLAYER_DEVICE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "core/mtdl.h"
#include "flash.h"
#include "work.h"

/* Attached devices at a time; also the minor numbers that are reserved. */
#define MTDLAYER_DEVICES_MAX	64

struct mtd_info;
struct mtdlayer_export;
struct mtdlayer_session;
struct mtdlayer_status;

/**
 * struct mtdlayer_device - one attached device, /dev/mtdlayerN
 * @dev: reference count; the last put frees
 * @cdev: the character device; holds a reference to @dev
 * @index: the N
 * @flash: the parent; see there
 * @lock: held by whoever calls the core, except for its reentrant functions; protects
 *	@mtdl, @owner, @export, @born_read_only, @dying, @removed, @stale, @announced,
 *	@progress.  Taken before mtd_table_mutex: whatever runs under that must not take it.
 * @mtdl: the core's view
 * @owner: the open file that may change things, or NULL
 * @export: the layers that are registered as MTD devices, or NULL
 * @born_read_only: nothing could be changed already when it was attached
 * @dying: detached; only references keep it
 * @removed: detached because the parent was removed
 * @stale: @status is no longer true
 * @announced: the state that listeners were told last
 * @progress: when the last progress event was sent, in jiffies
 * @status_lock: protects @status and @live
 * @status: what netlink shows, or NULL: invisible to it
 * @live: what changes with every block written, and is shown beside @status
 * @live.sequence: of the newest snapshot
 * @live.wanted: blocks that the candidate lacks
 * @work: what is done in the background
 * @reap: detaches after the parent went away
 */
struct mtdlayer_device {
	struct device dev;
	struct cdev cdev;
	u32 index;
	struct mtdlayer_flash flash;

	/* protects what follows, up to status_lock */
	struct mutex lock;
	struct mtdl mtdl;
	struct mtdlayer_session *owner;
	struct mtdlayer_export *export;
	bool born_read_only;
	bool dying;
	bool removed;
	bool stale;
	u32 announced;
	unsigned long progress;

	/* protects status and live */
	spinlock_t status_lock;
	struct mtdlayer_status *status;
	struct {
		struct mtdl_sequence sequence;
		u32 wanted;
	} live;

	struct mtdlayer_worker work;
	struct work_struct reap;
};

/*
 * One attach or detach at a time.
 *
 * Taken before a device's @lock and before mtd_table_mutex.
 */
extern struct mutex mtdlayer_attach_mutex;

/**
 * struct mtdlayer_attach_request - what to attach, and how
 * @parent: which MTD device
 * @table_offset: byte from which the table is searched for
 * @boot: this is the system's boot: decide what it exposes and count the attempt
 */
struct mtdlayer_attach_request {
	struct mtdlayer_parent parent;
	u64 table_offset;
	bool boot;
};

/**
 * mtdlayer_device_attach() - attach a device and register its layers
 * @request: which one, and how
 * @index: out: its number
 * @why: reason of a refusal
 *
 * Return: 0, or a negative errno of mtdlayer_flash_get() or mtdl_attach().
 */
int mtdlayer_device_attach(const struct mtdlayer_attach_request *request, u32 *index,
			   struct mtdl_reason *why);

/**
 * mtdlayer_device_detach() - detach a device
 * @index: its number
 * @why: reason of a refusal
 *
 * Return: 0, -EBUSY (a layer is in use, or an open file stages a release) or -ENODEV.
 */
int mtdlayer_device_detach(u32 index, struct mtdl_reason *why);

/** mtdlayer_device_find() - the attached device @index with a reference, or NULL */
struct mtdlayer_device *mtdlayer_device_find(u32 index);

/** mtdlayer_device_next() - the attached device with the least number from *@index on, or NULL */
struct mtdlayer_device *mtdlayer_device_next(unsigned long *index);

/** mtdlayer_device_put() - drop a reference */
void mtdlayer_device_put(struct mtdlayer_device *dev);

/**
 * mtdlayer_device_lock() - make sure that a device is still attached, and lock it
 * @dev: the device
 * @why: reason of a failure
 *
 * Return: 0, -ENODEV (detached, or its parent is gone) or -EINTR (killed).
 */
int mtdlayer_device_lock(struct mtdlayer_device *dev, struct mtdl_reason *why);

/**
 * mtdlayer_device_unlock() - show what has changed, tell of a new state, and unlock
 * @dev: its lock is held
 *
 * Has readers follow if blocks have moved, and wakes the work in the background if it may
 * have something to do.
 */
void mtdlayer_device_unlock(struct mtdlayer_device *dev);

/**
 * mtdlayer_device_unrecorded() - whether a change since the attach could not be written
 * @dev: its lock is held
 *
 * What the core holds in memory is then not what a restart finds on flash.
 */
bool mtdlayer_device_unrecorded(struct mtdlayer_device *dev);

/** mtdlayer_device_gone() - whether the parent of @dev was removed */
bool mtdlayer_device_gone(struct mtdlayer_device *dev);

/** mtdlayer_device_has_parent() - whether @mtd is attached; mtd_table_mutex is held */
bool mtdlayer_device_has_parent(const struct mtd_info *mtd);

/** mtdlayer_device_removed() - MTD removes @mtd, perhaps a parent; mtd_table_mutex is held */
void mtdlayer_device_removed(struct mtd_info *mtd);

/** mtdlayer_device_reap() - finish, from a work item, what the parent's removal began */
void mtdlayer_device_reap(struct mtdlayer_device *dev);

/** mtdlayer_devices_setup() - class, device numbers, work queue; 0 or a negative errno */
int mtdlayer_devices_setup(void);

/**
 * mtdlayer_devices_cleanup() - undo mtdlayer_devices_setup()
 *
 * All parents are gone by now; waits until the last layer is given back.
 */
void mtdlayer_devices_cleanup(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device does in the background: settling, installing, scrubbing.
 */
#ifndef MTDLAYER_WORK_H
#define MTDLAYER_WORK_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "core/reason.h"

struct mtdlayer_device;

/* Numbers of the bits in struct mtdlayer_worker.hints. */
#define MTDLAYER_WORK_READING	0	/* somebody has read since the last step */
#define MTDLAYER_WORK_FLIPS	1	/* @flips has a bit set */

/**
 * struct mtdlayer_worker - the background work of one device
 * @step: does one step, and queues itself as long as there is more to do
 * @lock: protects @stopped, and that nothing is queued once it is set
 * @stopped: for ever: the device is detached, or the system is going down
 * @hints: bits that readers set and the work clears, see MTDLAYER_WORK_READING
 * @flips: bitmap of physical blocks that readers found with corrected bits
 * @flipped: bitmap of those that were ever in @flips since the attach
 * @willing: nobody needs to ask for each change: the device was attached as the system's boot,
 *	or told to scrub; protected by the device's lock
 * @failed: a step failed, and nothing has changed since; protected by the device's lock
 * @rested: the core found nothing that can be done, and nobody has changed anything since;
 *	protected by the device's lock
 * @why: what the last step that failed says; empty once one succeeds; protected by the
 *	device's lock
 */
struct mtdlayer_worker {
	struct delayed_work step;
	/* protects stopped */
	spinlock_t lock;
	bool stopped;
	unsigned long hints;
	unsigned long *flips;
	unsigned long *flipped;
	bool willing;
	bool failed;
	bool rested;
	struct mtdl_reason why;
};

/** mtdlayer_work_init() - prepare; nothing is queued yet */
void mtdlayer_work_init(struct mtdlayer_device *dev);

/** mtdlayer_work_attach() - once the core knows how many blocks there are; 0 or -ENOMEM */
int mtdlayer_work_attach(struct mtdlayer_device *dev);

/** mtdlayer_work_cleanup() - free; mtdlayer_work_stop() was called, and nobody reads */
void mtdlayer_work_cleanup(struct mtdlayer_device *dev);

/**
 * mtdlayer_work_stop() - do nothing any more, for ever
 * @dev: its lock is not held
 *
 * Waits for a step that is under way.
 */
void mtdlayer_work_stop(struct mtdlayer_device *dev);

/** mtdlayer_work_kick() - wake it, unless it has rested or failed; @dev is locked */
void mtdlayer_work_kick(struct mtdlayer_device *dev);

/**
 * mtdlayer_work_changed() - somebody may change something, and so there may be work again
 * @dev: its lock is held
 *
 * Wakes nothing: unlocking a device that has become stale does.
 */
void mtdlayer_work_changed(struct mtdlayer_device *dev);

/** mtdlayer_work_retry() - what failed may go better now, too; @dev is locked */
void mtdlayer_work_retry(struct mtdlayer_device *dev);

/**
 * mtdlayer_work_step() - one step, for whoever wants it done now
 * @dev: its lock is held
 * @why: reason of a failure
 *
 * Return: as mtdl_work(), or -ENOMEM.
 */
int mtdlayer_work_step(struct mtdlayer_device *dev, struct mtdl_reason *why);

/** mtdlayer_work_state() - what it does, enum mtdlayer_work of the ABI; @dev is locked */
u32 mtdlayer_work_state(struct mtdlayer_device *dev);

/** mtdlayer_work_settleable() - blocks of the active release that may come home; @dev is locked */
u32 mtdlayer_work_settleable(struct mtdlayer_device *dev);

/** mtdlayer_work_reading() - a reader is at work; takes no lock */
void mtdlayer_work_reading(struct mtdlayer_device *dev);

/** mtdlayer_work_flipped() - a reader found corrected bits in physical block @block */
void mtdlayer_work_flipped(struct mtdlayer_device *dev, u32 block);

/** mtdlayer_work_setup() - make the work queue; 0 or -ENOMEM */
int mtdlayer_work_setup(void);

/** mtdlayer_work_teardown() - undo mtdlayer_work_setup(); no device is left */
void mtdlayer_work_teardown(void);

#endif

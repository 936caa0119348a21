// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device does in the background: settling, installing, scrubbing.
 *
 * The core does the work in steps of at most one eraseblock.  A work item does one step under
 * the device's lock and queues itself again, so that whoever wants the lock waits for one
 * step, and so does the freezer at suspend.  Nothing is lost when it ends between two steps,
 * or is cut: what has to be done is worked out from the table, at the next attach.
 *
 * A device that was only looked at (attached by hand, or by a crash kernel) stays as it
 * is: the work begins with the first change that somebody asks for.  One that was attached as the
 * system's boot needs no asking.
 *
 * A step that fails is not repeated until something changes: an error of the flash that is
 * repeated for ever would wear it out.  Only a lack of memory passes by itself.
 *
 * Readers and the work share the chip.  If somebody has read since the last step, the next
 * one waits as long as the last one took: neither side can starve the other.
 *
 * Readers report corrected bits without a lock, in a bitmap of their own, because they may be
 * what writes memory out.  A block is taken once per attach: cells that flip whatever is
 * written to them would otherwise keep their content moving for as long as it is read.
 */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/mtdlayer.h>

#include "device.h"
#include "export.h"
#include "netlink.h"
#include "work.h"

/* What readers get at least, when there are any, between two steps. */
#define MTDLAYER_WORK_PAUSE	(HZ / 20)

/* When memory was short. */
#define MTDLAYER_WORK_LATER	(10 * HZ)

static struct workqueue_struct *mtdlayer_workqueue;

static bool mtdlayer_settle = true;

static int mtdlayer_settle_set(const char *value, const struct kernel_param *kp)
{
	struct mtdlayer_device *dev;
	unsigned long index = 0;
	int err;

	err = param_set_bool(value, kp);
	while (!err && (dev = mtdlayer_device_next(&index))) {
		/* to see what it may do now, and to show that */
		mutex_lock(&dev->lock);
		mtdlayer_work_changed(dev);
		dev->stale = true;
		mtdlayer_device_unlock(dev);
		mtdlayer_device_put(dev);
		index++;
	}
	return err;
}

static const struct kernel_param_ops mtdlayer_settle_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = mtdlayer_settle_set,
	.get = param_get_bool,
};

module_param_cb(settle, &mtdlayer_settle_ops, &mtdlayer_settle, 0644);
MODULE_PARM_DESC(settle, "Whether idle devices bring blocks home by themselves (default: 1)");

static void mtdlayer_work_queue(struct mtdlayer_worker *work, unsigned long delay)
{
	spin_lock(&work->lock);
	if (!work->stopped)
		queue_delayed_work(mtdlayer_workqueue, &work->step, delay);
	spin_unlock(&work->lock);
}

/* ---- what there is to do ---- */

/* Whether anything may be written that nobody asks for now. */
static bool mtdlayer_work_may(struct mtdlayer_device *dev)
{
	if (dev->mtdl.read_only || !(dev->work.willing || dev->mtdl.secure))
		return false;
	return dev->mtdl.state != MTDL_STATE_IDLE || READ_ONCE(mtdlayer_settle);
}

u32 mtdlayer_work_settleable(struct mtdlayer_device *dev)
{
	const struct mtdl_release *active = dev->mtdl.active;
	u32 count = 0;
	u32 i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; active && i < active->layer_count; i++) {
		const struct mtdl_layer *layer = &active->layers[i];

		if (!(layer->policy & MTDL_POLICY_LAZY) && !(layer->flags & MTDL_LAYER_INCOMPLETE))
			count += mtdl_count_away(layer);
	}
	return count;
}

u32 mtdlayer_work_state(struct mtdlayer_device *dev)
{
	lockdep_assert_held(&dev->lock);
	if (dev->work.rested || !mtdl_has_work(&dev->mtdl))
		return MTDLAYER_WORK_NONE;
	if (!mtdlayer_work_may(dev))
		return MTDLAYER_WORK_OFF;
	if (dev->work.failed)
		return MTDLAYER_WORK_WAITING;
	if (dev->mtdl.state == MTDL_STATE_INSTALLING)
		return MTDLAYER_WORK_INSTALLING;
	if (dev->mtdl.state == MTDL_STATE_IDLE && mtdlayer_work_settleable(dev))
		return MTDLAYER_WORK_SETTLING;
	return MTDLAYER_WORK_SCRUBBING;
}

/* ---- one step ---- */

/* Hands to the core what readers have found. */
static void mtdlayer_work_take_flips(struct mtdlayer_device *dev)
{
	struct mtdlayer_worker *work = &dev->work;
	u32 count = dev->mtdl.geometry.block_count;
	unsigned long block;

	if (!test_and_clear_bit(MTDLAYER_WORK_FLIPS, &work->hints))
		return;
	for_each_set_bit(block, work->flips, count)
		if (test_and_clear_bit(block, work->flips))
			mtdl_scrub(&dev->mtdl, block);
	mtdlayer_work_changed(dev);
	dev->stale = true;
}

/* Remembers what came of a step, and tells of a failure. */
static void mtdlayer_work_judge(struct mtdlayer_device *dev, int ret,
				const struct mtdl_reason *why)
{
	struct mtdlayer_worker *work = &dev->work;

	if (ret >= 0) {
		dev->stale |= work->failed || work->why.text[0] || !ret;
		work->failed = false;
		work->rested = !ret;
		work->why.text[0] = '\0';
		return;
	}
	/* the end of the device, or of the system, is no failure; what made it read-only was one */
	if (ret == -ENODEV || ret == -ESHUTDOWN || ret == -EROFS)
		return;
	work->why = *why;
	work->failed = ret != -ENOMEM;
	dev->stale = true;
	if (!work->failed)
		return;
	pr_err("mtdlayer%u: the work in the background has stopped: %s\n", dev->index, why->text);
	mtdlayer_netlink_event(dev->index, MTDLAYER_EVENT_WORK_FAILED, -ret, 0, GFP_KERNEL);
}

int mtdlayer_work_step(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	int ret;

	lockdep_assert_held(&dev->lock);
	/* blocks that readers may still look for where they were are not free yet */
	ret = mtdlayer_export_follow(dev, why);
	if (!ret) {
		mtdlayer_work_take_flips(dev);
		ret = mtdl_work(&dev->mtdl, why);
	}
	mtdlayer_work_judge(dev, ret, why);
	return ret;
}

static void mtdlayer_work_run(struct work_struct *item)
{
	struct mtdlayer_device *dev = container_of(item, struct mtdlayer_device, work.step.work);
	struct mtdlayer_worker *work = &dev->work;
	struct mtdl_reason why = { };
	unsigned long started;
	int ret = 0;

	if (mtdlayer_device_lock(dev, &why))
		return;
	started = jiffies;
	if (mtdlayer_work_may(dev) && !work->failed) {
		mtdlayer_work_take_flips(dev);
		if (!work->rested)
			ret = mtdlayer_work_step(dev, &why);
	}
	/* before the kick that unlocking may give, which knows nothing of readers */
	if (ret == -ENOMEM)
		mtdlayer_work_queue(work, MTDLAYER_WORK_LATER);
	else if (ret > 0 && test_and_clear_bit(MTDLAYER_WORK_READING, &work->hints))
		mtdlayer_work_queue(work, max_t(unsigned long, jiffies - started,
						MTDLAYER_WORK_PAUSE));
	else if (ret > 0)
		mtdlayer_work_queue(work, 0);
	mtdlayer_device_unlock(dev);
}

/* ---- what makes it run ---- */

void mtdlayer_work_kick(struct mtdlayer_device *dev)
{
	lockdep_assert_held(&dev->lock);
	if (!dev->dying && !dev->work.failed && !dev->work.rested && mtdlayer_work_may(dev))
		mtdlayer_work_queue(&dev->work, 0);
}

void mtdlayer_work_changed(struct mtdlayer_device *dev)
{
	lockdep_assert_held(&dev->lock);
	dev->work.rested = false;
}

void mtdlayer_work_retry(struct mtdlayer_device *dev)
{
	mtdlayer_work_changed(dev);
	dev->work.failed = false;
	dev->stale = true;
}

void mtdlayer_work_reading(struct mtdlayer_device *dev)
{
	/* most readers are not the first since the last step: they need not write to it */
	if (!test_bit(MTDLAYER_WORK_READING, &dev->work.hints))
		set_bit(MTDLAYER_WORK_READING, &dev->work.hints);
}

void mtdlayer_work_flipped(struct mtdlayer_device *dev, u32 block)
{
	struct mtdlayer_worker *work = &dev->work;

	if (block >= dev->mtdl.geometry.block_count || test_and_set_bit(block, work->flipped))
		return;
	set_bit(block, work->flips);
	/* whoever clears the hint must see the block: this orders the two */
	test_and_set_bit(MTDLAYER_WORK_FLIPS, &work->hints);
	mtdlayer_work_queue(work, 0);
}

void mtdlayer_work_stop(struct mtdlayer_device *dev)
{
	struct mtdlayer_worker *work = &dev->work;

	spin_lock(&work->lock);
	work->stopped = true;
	spin_unlock(&work->lock);
	cancel_delayed_work_sync(&work->step);
}

/* ---- setting up ---- */

void mtdlayer_work_init(struct mtdlayer_device *dev)
{
	spin_lock_init(&dev->work.lock);
	INIT_DELAYED_WORK(&dev->work.step, mtdlayer_work_run);
}

int mtdlayer_work_attach(struct mtdlayer_device *dev)
{
	size_t longs = BITS_TO_LONGS(dev->mtdl.geometry.block_count);
	struct mtdlayer_worker *work = &dev->work;

	work->flips = kvcalloc(longs, sizeof(*work->flips), GFP_KERNEL);
	work->flipped = kvcalloc(longs, sizeof(*work->flipped), GFP_KERNEL);
	return work->flips && work->flipped ? 0 : -ENOMEM;
}

void mtdlayer_work_cleanup(struct mtdlayer_device *dev)
{
	kvfree(dev->work.flipped);
	kvfree(dev->work.flips);
}

int mtdlayer_work_setup(void)
{
	/* not bound to a processor: hashing and programming take long */
	mtdlayer_workqueue = alloc_workqueue("mtdlayer_work", WQ_FREEZABLE | WQ_UNBOUND, 0);
	return mtdlayer_workqueue ? 0 : -ENOMEM;
}

void mtdlayer_work_teardown(void)
{
	destroy_workqueue(mtdlayer_workqueue);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * An attached device: what belongs together, how long it lives, what protects it.
 *
 * A device is born in mtdlayer_device_attach() and ends in mtdlayer_device_close(), both
 * under mtdlayer_attach_mutex.  It ends in one of two ways:
 *
 *  - detach: refused while a layer is open; nothing is pulled away from anybody.  What is
 *    done in the background ends with the step that is under way.
 *  - the parent is removed, which cannot be refused.  The notifier lets go of the parent;
 *    from then on every operation fails with -ENODEV, and reading a layer with -EIO.  A
 *    work item closes the device: at once, or, while layers are open, after the last
 *    of them was given back.
 *
 * The structure itself lives until the last reference is dropped.  Open files of
 * /dev/mtdlayerN hold one each and get -ENODEV once the device has ended.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "compat.h"
#include "control.h"
#include "device.h"
#include "export.h"
#include "netlink.h"
#include "status.h"
#include "work.h"

/* one attach or detach at a time; see device.h */
DEFINE_MUTEX(mtdlayer_attach_mutex);

/* All devices by number; its own lock is taken inside mtd_table_mutex. */
static DEFINE_XARRAY_ALLOC(mtdlayer_devices);

/* Woken when a device leaves mtdlayer_devices. */
static DECLARE_WAIT_QUEUE_HEAD(mtdlayer_device_left);

static struct workqueue_struct *mtdlayer_reaper;
static dev_t mtdlayer_devt;

/* The reboot notifier has run. */
static bool mtdlayer_going_down;

static char *mtdlayer_devnode(MTDLAYER_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0600;
	return NULL;
}

static struct class mtdlayer_class = {
	.name = "mtdlayer",
	.devnode = mtdlayer_devnode,
};

/* ---- finding ---- */

static struct mtdlayer_device *to_mtdlayer_device(struct device *dev)
{
	return container_of(dev, struct mtdlayer_device, dev);
}

struct mtdlayer_device *mtdlayer_device_next(unsigned long *index)
{
	struct mtdlayer_device *dev;

	xa_lock(&mtdlayer_devices);
	dev = xa_find(&mtdlayer_devices, index, ULONG_MAX, XA_PRESENT);
	if (dev)
		get_device(&dev->dev);
	xa_unlock(&mtdlayer_devices);
	return dev;
}

struct mtdlayer_device *mtdlayer_device_find(u32 index)
{
	struct mtdlayer_device *dev;

	xa_lock(&mtdlayer_devices);
	dev = xa_load(&mtdlayer_devices, index);
	if (dev)
		get_device(&dev->dev);
	xa_unlock(&mtdlayer_devices);
	return dev;
}

void mtdlayer_device_put(struct mtdlayer_device *dev)
{
	put_device(&dev->dev);
}

/* The device whose parent is @mtd, with a reference, or NULL; mtd_table_mutex is held. */
static struct mtdlayer_device *mtdlayer_device_by_parent(const struct mtd_info *mtd)
{
	struct mtdlayer_device *dev;
	unsigned long index = 0;

	while ((dev = mtdlayer_device_next(&index))) {
		if (rcu_access_pointer(dev->flash.parent) == mtd)
			return dev;
		mtdlayer_device_put(dev);
		index++;
	}
	return NULL;
}

bool mtdlayer_device_has_parent(const struct mtd_info *mtd)
{
	struct mtdlayer_device *dev = mtdlayer_device_by_parent(mtd);

	if (!dev)
		return false;
	mtdlayer_device_put(dev);
	return true;
}

/* ---- locking ---- */

bool mtdlayer_device_gone(struct mtdlayer_device *dev)
{
	return !rcu_access_pointer(dev->flash.parent);
}

int mtdlayer_device_lock(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	if (mutex_lock_killable(&dev->lock))
		return mtdl_fail(why, -EINTR, "killed while waiting for mtdlayer%u", dev->index);
	if (!dev->dying && !mtdlayer_device_gone(dev))
		return 0;
	mutex_unlock(&dev->lock);
	return mtdl_fail(why, -ENODEV, "mtdlayer%u is detached: its MTD device %s %s",
			 dev->index, dev->flash.name,
			 dev->dying && !dev->removed ? "was given back" : "was removed");
}

bool mtdlayer_device_unrecorded(struct mtdlayer_device *dev)
{
	return dev->mtdl.read_only && !dev->born_read_only;
}

/* ---- events of the core ---- */

static const char * const mtdlayer_state_names[] = {
	[MTDL_STATE_IDLE] = "STATE=idle",
	[MTDL_STATE_STAGING] = "STATE=staging",
	[MTDL_STATE_INSTALLING] = "STATE=installing",
	[MTDL_STATE_TRIAL] = "STATE=trial",
};

static void mtdlayer_device_uevent(struct mtdlayer_device *dev)
{
	char *envp[2] = { };

	if (dev->mtdl.state < ARRAY_SIZE(mtdlayer_state_names))
		envp[0] = (char *)mtdlayer_state_names[dev->mtdl.state];
	if (device_is_registered(&dev->dev))
		kobject_uevent_env(&dev->dev.kobj, KOBJ_CHANGE, envp);
}

static const u32 mtdlayer_event_kinds[] = {
	[MTDL_EVENT_STATE] = MTDLAYER_EVENT_STATE,
	[MTDL_EVENT_PROGRESS] = MTDLAYER_EVENT_PROGRESS,
	[MTDL_EVENT_RELOCATED] = MTDLAYER_EVENT_RELOCATED,
	[MTDL_EVENT_BAD_BLOCK] = MTDLAYER_EVENT_BAD_BLOCK,
	[MTDL_EVENT_BAD_UNIT] = MTDLAYER_EVENT_BAD_UNIT,
	[MTDL_EVENT_TABLE_DAMAGED] = MTDLAYER_EVENT_TABLE_DAMAGED,
	[MTDL_EVENT_SETTLED] = MTDLAYER_EVENT_SETTLED,
	[MTDL_EVENT_SCRUBBED] = MTDLAYER_EVENT_SCRUBBED,
	[MTDL_EVENT_SPARE_LOW] = MTDLAYER_EVENT_SPARE_LOW,
};

/* Tells the state once the status shows it: who is told looks there next. */
static void mtdlayer_device_announce_state(struct mtdlayer_device *dev)
{
	if (dev->dying || dev->announced == dev->mtdl.state)
		return;
	dev->announced = dev->mtdl.state;
	mtdlayer_netlink_event(dev->index, MTDLAYER_EVENT_STATE, dev->announced, 0, GFP_KERNEL);
	mtdlayer_device_uevent(dev);
}

void mtdlayer_device_unlock(struct mtdlayer_device *dev)
{
	/* for want of memory readers stay where they are; the next step tries again */
	if (!dev->dying)
		mtdlayer_export_follow(dev, NULL);
	if (dev->announced != dev->mtdl.state)
		mtdlayer_work_retry(dev);
	if (dev->stale)
		mtdlayer_work_kick(dev);
	mtdlayer_status_update(dev);
	mtdlayer_device_announce_state(dev);
	mutex_unlock(&dev->lock);
}

/* Whose block the core is copying: it is in one release, or in a clone of it with more moves. */
static enum mtdlayer_release mtdlayer_device_moves(const struct mtdlayer_device *dev)
{
	const struct mtdl_release *const candidates[] = {
		dev->mtdl.candidate, dev->mtdl.moving[1],
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(candidates); i++)
		if (candidates[i] && dev->mtdl.move.layer >= candidates[i]->layers &&
		    dev->mtdl.move.layer < candidates[i]->layers + candidates[i]->layer_count)
			return MTDLAYER_RELEASE_CANDIDATE;
	return MTDLAYER_RELEASE_ACTIVE;
}

/* Called by the core, with @lock held. */
static void mtdlayer_device_notify(void *ctx, enum mtdl_event event, u32 a, u32 b)
{
	struct mtdlayer_device *dev = ctx;

	switch (event) {
	case MTDL_EVENT_PROGRESS:
		/* ten a second are enough to look at; the last one always */
		if (a != b && time_before(jiffies, dev->progress + HZ / 10))
			return;
		dev->progress = jiffies;
		break;
	case MTDL_EVENT_RELOCATED:
		/* one for each block placed: the step that places them renews the status */
		break;
	case MTDL_EVENT_STATE:
		/* told by mtdlayer_device_unlock() */
		dev->stale = true;
		return;
	case MTDL_EVENT_VERIFY_FAILED:
		dev->stale = true;
		mtdlayer_netlink_verify_failed(dev->index, mtdlayer_device_moves(dev), a, b,
					       GFP_KERNEL);
		return;
	default:
		dev->stale = true;
	}
	mtdlayer_netlink_event(dev->index, mtdlayer_event_kinds[event], a, b, GFP_KERNEL);
}

/* ---- the end of a device ---- */

static void mtdlayer_device_release(struct device *d)
{
	struct mtdlayer_device *dev = to_mtdlayer_device(d);

	mtdlayer_status_withdraw(dev);
	mtdl_detach(&dev->mtdl);
	mtdlayer_work_cleanup(dev);
	mtdlayer_flash_cleanup(&dev->flash);
	mutex_destroy(&dev->lock);
	kvfree(dev);
}

/* Removes @dev from where it can be found, and drops the reference that it was born with. */
static void mtdlayer_device_forget(struct mtdlayer_device *dev)
{
	/* whatever it does ends with the step that is under way: the device is dying */
	mtdlayer_work_stop(dev);
	mtdlayer_flash_put(&dev->flash);
	xa_erase(&mtdlayer_devices, dev->index);
	wake_up(&mtdlayer_device_left);
	put_device(&dev->dev);
}

/* Ends @dev, or says which layer is in use; mtdlayer_attach_mutex is held. */
static int mtdlayer_device_close(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	struct mtdl_reason unsynced;
	int err;

	lockdep_assert_held(&mtdlayer_attach_mutex);
	mutex_lock(&dev->lock);
	/* a parent that is gone takes its device along, whoever stages there */
	if (!mtdlayer_device_gone(dev) && (dev->mtdl.state == MTDL_STATE_STAGING ||
					   dev->mtdl.state == MTDL_STATE_INSTALLING))
		err = mtdlayer_session_refuse(dev, why);
	else
		err = 0;
	if (!err)
		err = mtdlayer_export_close(dev, why);
	if (err) {
		mutex_unlock(&dev->lock);
		return err;
	}
	if (dev->mtdl.state == MTDL_STATE_STAGING && !mtdlayer_device_gone(dev) &&
	    mtdl_sync(&dev->mtdl, &unsynced))
		pr_warn("mtdlayer%u: what was written last is not recorded: %s\n", dev->index,
			unsynced.text);
	dev->removed = mtdlayer_device_gone(dev);
	dev->dying = true;
	dev->owner = NULL;
	mtdlayer_status_withdraw(dev);
	mutex_unlock(&dev->lock);

	cdev_device_del(&dev->cdev, &dev->dev);
	mtdlayer_netlink_event(dev->index, MTDLAYER_EVENT_DETACHED, 0, 0, GFP_KERNEL);
	pr_info("mtdlayer%u: detached from mtd%d (%s)\n", dev->index, dev->flash.index,
		dev->flash.name);
	mtdlayer_device_forget(dev);
	return 0;
}

int mtdlayer_device_detach(u32 index, struct mtdl_reason *why)
{
	struct mtdlayer_device *dev;
	int err;

	mutex_lock(&mtdlayer_attach_mutex);
	dev = mtdlayer_device_find(index);
	if (!dev || mtdlayer_device_gone(dev))
		err = mtdl_fail(why, -ENODEV, "there is no device mtdlayer%u", index);
	else
		err = mtdlayer_device_close(dev, why);
	if (dev)
		mtdlayer_device_put(dev);
	mutex_unlock(&mtdlayer_attach_mutex);
	return err;
}

static void mtdlayer_device_reap_work(struct work_struct *work)
{
	struct mtdlayer_device *dev = container_of(work, struct mtdlayer_device, reap);

	mutex_lock(&mtdlayer_attach_mutex);
	/* a layer that is open calls for another attempt when it is given back */
	if (!dev->dying)
		mtdlayer_device_close(dev, NULL);
	mutex_unlock(&mtdlayer_attach_mutex);
	mtdlayer_device_put(dev);
}

void mtdlayer_device_reap(struct mtdlayer_device *dev)
{
	get_device(&dev->dev);
	if (!queue_work(mtdlayer_reaper, &dev->reap))
		put_device(&dev->dev);
}

void mtdlayer_device_removed(struct mtd_info *mtd)
{
	struct mtdlayer_device *dev = mtdlayer_device_by_parent(mtd);

	if (!dev)
		return;
	mtdlayer_flash_gone(&dev->flash);
	mtdlayer_device_reap(dev);
	mtdlayer_device_put(dev);
}

/* The system is going down: finishes the step that is under way, and writes nothing more. */
static void mtdlayer_device_freeze(struct mtdlayer_device *dev)
{
	mtdlayer_work_stop(dev);
	mtdlayer_flash_freeze(&dev->flash);
}

/* ---- the begin of a device ---- */

/* A device that can be found by its parent, and by nothing else yet. */
static struct mtdlayer_device *mtdlayer_device_alloc(void)
{
	struct mtdlayer_device *dev;
	int err;

	dev = kvzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	err = mtdlayer_flash_init(&dev->flash);
	if (err) {
		kvfree(dev);
		return ERR_PTR(err);
	}
	mutex_init(&dev->lock);
	spin_lock_init(&dev->status_lock);
	INIT_WORK(&dev->reap, mtdlayer_device_reap_work);
	mtdlayer_work_init(dev);
	dev->mtdl.notify = mtdlayer_device_notify;
	dev->mtdl.notify_ctx = dev;
	dev->progress = jiffies;
	device_initialize(&dev->dev);
	dev->dev.class = &mtdlayer_class;
	dev->dev.release = mtdlayer_device_release;

	err = xa_alloc(&mtdlayer_devices, &dev->index, dev,
		       XA_LIMIT(0, MTDLAYER_DEVICES_MAX - 1), GFP_KERNEL);
	if (err) {
		put_device(&dev->dev);
		return ERR_PTR(err);
	}
	/* from here on the reboot notifier finds it; what ran before left word */
	if (READ_ONCE(mtdlayer_going_down))
		mtdlayer_device_freeze(dev);
	return dev;
}

/* What the boot exposes; a failure leaves active exposed, and is worth a line in the log. */
static int mtdlayer_device_boot(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	int err;

	err = mtdl_boot(&dev->mtdl, why);
	if (err == -ENODATA)
		return 0; /* nothing installed yet */
	if (err)
		return err;
	if (why->text[0])
		pr_warn("mtdlayer%u: %s\n", dev->index, why->text);
	why->text[0] = '\0';
	if (mtdl_retire_trial(&dev->mtdl, why))
		pr_warn("mtdlayer%u: the end of the trial could not be recorded: %s\n",
			dev->index, why->text);
	why->text[0] = '\0';
	return 0;
}

/* A release that cannot be read is no reason to refuse: another can be installed. */
static int mtdlayer_device_expose(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	int err;

	err = mtdlayer_export_sync(dev, why);
	if (!err || err == -ENOMEM)
		return err;
	pr_err("mtdlayer%u: no layer is readable: %s\n", dev->index, why->text);
	why->text[0] = '\0';
	return 0;
}

/* Tells of a new device, and its state with it. */
static void mtdlayer_device_announce(struct mtdlayer_device *dev)
{
	struct mtdl *mtdl = &dev->mtdl;

	pr_info("mtdlayer%u: attached mtd%d (%s), release %s%s%s\n", dev->index,
		dev->flash.index, dev->flash.name,
		mtdl->exposed ? mtdl->exposed->release : "none",
		mtdl->read_only ? ", read-only: " : "", mtdl->read_only ?: "");
	dev->announced = mtdl->state;
	mtdlayer_netlink_event(dev->index, MTDLAYER_EVENT_ATTACHED, 0, 0, GFP_KERNEL);
	mtdlayer_device_uevent(dev);
}

static int mtdlayer_device_open(struct mtdlayer_device *dev,
				const struct mtdlayer_attach_request *request,
				struct mtdl_reason *why)
{
	struct mtdl_attach_options options = {
		.table_offset = request->table_offset,
	};
	int err;

	err = mtdl_attach(&dev->mtdl, &dev->flash.flash, &options, why);
	if (err)
		return err;
	dev->born_read_only = dev->mtdl.read_only;
	dev->work.willing = request->boot;
	err = mtdlayer_work_attach(dev);
	if (err)
		return err;
	if (request->boot) {
		err = mtdlayer_device_boot(dev, why);
		if (err)
			return err;
	}
	mtdlayer_control_init(&dev->cdev);
	dev->dev.devt = MKDEV(MAJOR(mtdlayer_devt), MINOR(mtdlayer_devt) + dev->index);
	err = dev_set_name(&dev->dev, "mtdlayer%u", dev->index);
	if (err)
		return err;
	err = cdev_device_add(&dev->cdev, &dev->dev);
	if (err)
		return mtdl_fail(why, err, "/dev/mtdlayer%u cannot be made: error %d",
				 dev->index, err);
	err = mtdlayer_device_expose(dev, why);
	if (err) {
		cdev_device_del(&dev->cdev, &dev->dev);
		return err;
	}
	dev->stale = true;
	return 0;
}

int mtdlayer_device_attach(const struct mtdlayer_attach_request *request, u32 *index,
			   struct mtdl_reason *why)
{
	struct mtdlayer_device *dev;
	int err;

	mutex_lock(&mtdlayer_attach_mutex);
	dev = mtdlayer_device_alloc();
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		if (err == -EBUSY)
			mtdl_fail(why, err,
				  "%d devices are attached, which is the limit: detach one",
				  MTDLAYER_DEVICES_MAX);
		goto out_unlock;
	}
	err = mtdlayer_flash_get(&dev->flash, &request->parent, why);
	if (err)
		goto err_forget;
	mutex_lock(&dev->lock);
	err = mtdlayer_device_open(dev, request, why);
	if (err) {
		dev->dying = true;
	} else {
		mtdlayer_status_update(dev);
		mtdlayer_device_announce(dev);
		mtdlayer_work_kick(dev);
	}
	mutex_unlock(&dev->lock);
	if (err)
		goto err_forget;
	*index = dev->index;
	goto out_unlock;

err_forget:
	mtdlayer_device_forget(dev);
out_unlock:
	mutex_unlock(&mtdlayer_attach_mutex);
	return err;
}

/* ---- shutdown ---- */

/*
 * Runs before MTD's own notifier, after which raw NAND blocks for ever and NOR drivers
 * say -EIO for everything, which would look like broken cells.  Reading goes on.
 */
static int mtdlayer_devices_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	struct mtdlayer_device *dev;
	unsigned long index = 0;

	WRITE_ONCE(mtdlayer_going_down, true);
	while ((dev = mtdlayer_device_next(&index))) {
		mtdlayer_device_freeze(dev);
		mtdlayer_device_put(dev);
		index++;
	}
	return NOTIFY_DONE;
}

static struct notifier_block mtdlayer_reboot_notifier = {
	.notifier_call = mtdlayer_devices_reboot,
	.priority = 1,
};

/* ---- all devices ---- */

int mtdlayer_devices_setup(void)
{
	int err;

	err = mtdlayer_work_setup();
	if (err)
		return err;
	err = -ENOMEM;
	mtdlayer_reaper = alloc_workqueue("mtdlayer", WQ_FREEZABLE, 0);
	if (!mtdlayer_reaper)
		goto err_teardown_work;
	err = class_register(&mtdlayer_class);
	if (err)
		goto err_destroy_reaper;
	err = alloc_chrdev_region(&mtdlayer_devt, 0, MTDLAYER_DEVICES_MAX, "mtdlayer");
	if (err)
		goto err_unregister_class;
	err = register_reboot_notifier(&mtdlayer_reboot_notifier);
	if (err)
		goto err_unregister_region;
	return 0;

err_unregister_region:
	unregister_chrdev_region(mtdlayer_devt, MTDLAYER_DEVICES_MAX);
err_unregister_class:
	class_unregister(&mtdlayer_class);
err_destroy_reaper:
	destroy_workqueue(mtdlayer_reaper);
err_teardown_work:
	mtdlayer_work_teardown();
	return err;
}

void mtdlayer_devices_cleanup(void)
{
	/* MTD drops its module reference just before it gives a layer back */
	wait_event(mtdlayer_device_left, xa_empty(&mtdlayer_devices));
	destroy_workqueue(mtdlayer_reaper);
	unregister_reboot_notifier(&mtdlayer_reboot_notifier);
	unregister_chrdev_region(mtdlayer_devt, MTDLAYER_DEVICES_MAX);
	class_unregister(&mtdlayer_class);
	mtdlayer_work_teardown();
	xa_destroy(&mtdlayer_devices);
}

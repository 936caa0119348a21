// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of /dev/mtdlayer-control and of /dev/mtdlayerN.
 *
 * An ioctl copies its whole struct in, refuses what it does not know, does its work under
 * the device's lock, and copies the whole struct out again, also when it fails: the
 * reason and, for a plan, what is missing are in it.
 *
 * The first ioctl that may change something makes its open file the device's owner until it
 * is closed; others are told who that is.  What needs no owner changes nothing: a dry run
 * and a verification.  Closing keeps what is staged.
 *
 * Data to be written are copied into the kernel before they are hashed: the bytes that
 * were checked are the bytes that are programmed, whatever userspace does meanwhile.
 */
#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mtdlayer.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "control.h"
#include "device.h"
#include "export.h"
#include "session.h"
#include "upkeep.h"
#include "work.h"

#define MTDLAYER_WANT_MAX	4096U

/* Both sides of the interface, of 32 and of 64 bits, must agree on every offset. */
static void mtdlayer_control_check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct mtdlayer_attach) != 16 + 64 + 8 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_detach) != 8 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_plan_layer) != 32);
	BUILD_BUG_ON(sizeof(struct mtdlayer_begin) != 40 + 64 + 8 + 256);
	BUILD_BUG_ON(offsetof(struct mtdlayer_begin, bytes) != 104);
	BUILD_BUG_ON(sizeof(struct mtdlayer_wanted) != 8);
	BUILD_BUG_ON(sizeof(struct mtdlayer_want) != 16 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_write) != 24 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_change) != 8 + 32 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_verify) != 24 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_settle) != 24 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_scrub) != 16 + 256);
	BUILD_BUG_ON(sizeof(struct mtdlayer_wanted) != sizeof(struct mtdl_wanted));
	BUILD_BUG_ON(offsetof(struct mtdlayer_wanted, block) !=
		     offsetof(struct mtdl_wanted, block));
	BUILD_BUG_ON(MTDLAYER_REASON_SIZE != MTDL_REASON_SIZE);
	BUILD_BUG_ON(MTDLAYER_DIGEST_SIZE != MTDL_DIGEST_SIZE);
	BUILD_BUG_ON(MTDLAYER_BEGIN_DRY_RUN != MTDL_BEGIN_DRY_RUN);
	BUILD_BUG_ON(MTDLAYER_BEGIN_REPLACE != MTDL_BEGIN_REPLACE);
	BUILD_BUG_ON(MTDLAYER_BEGIN_IN_PLACE != MTDL_BEGIN_IN_PLACE);
}

int mtdlayer_refuse_flags(u32 flags, u32 known, struct mtdl_reason *why)
{
	if (!(flags & ~known))
		return 0;
	return mtdl_fail(why, -EINVAL, "flags 0x%x: 0x%x are not known to this kernel",
			 flags, flags & ~known);
}

int mtdlayer_refuse_reserved(u32 reserved, struct mtdl_reason *why)
{
	if (!reserved)
		return 0;
	return mtdl_fail(why, -EINVAL, "a reserved field is 0x%x; it must be 0", reserved);
}

/* ---- sessions ---- */

int mtdlayer_session_refuse(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	lockdep_assert_held(&dev->lock);
	if (!dev->owner)
		return 0;
	return mtdl_fail(why, -EBUSY,
			 "mtdlayer%u is being changed by process %d (%s): wait until it has finished, or end it",
			 dev->index, dev->owner->pid, dev->owner->comm);
}

int mtdlayer_session_own(struct mtdlayer_session *session, struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	int err;

	err = mtdlayer_device_lock(dev, why);
	if (err)
		return err;
	if (!dev->owner)
		dev->owner = session;
	if (dev->owner == session) {
		mtdlayer_work_changed(dev);
		return 0;
	}
	err = mtdlayer_session_refuse(dev, why);
	mtdlayer_device_unlock(dev);
	return err;
}

int mtdlayer_session_buffer(struct mtdlayer_session *session)
{
	if (!session->buffer)
		session->buffer = kvmalloc(session->dev->mtdl.geometry.block_size, GFP_KERNEL);
	return session->buffer ? 0 : -ENOMEM;
}

static int mtdlayer_session_open(struct inode *inode, struct file *file)
{
	struct mtdlayer_device *dev = container_of(inode->i_cdev, struct mtdlayer_device, cdev);
	struct mtdlayer_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	get_device(&dev->dev);
	session->dev = dev;
	mutex_init(&session->lock);
	session->pid = task_tgid_nr(current);
	get_task_comm(session->comm, current);
	file->private_data = session;
	return nonseekable_open(inode, file);
}

static int mtdlayer_session_release(struct inode *inode, struct file *file)
{
	struct mtdlayer_session *session = file->private_data;
	struct mtdlayer_device *dev = session->dev;
	struct mtdl_reason why = { };

	mutex_lock(&dev->lock);
	if (dev->owner == session) {
		dev->owner = NULL;
		if (!dev->dying && !mtdlayer_device_gone(dev) &&
		    dev->mtdl.state == MTDL_STATE_STAGING && mtdl_sync(&dev->mtdl, &why)) {
			dev->stale = true;
			pr_warn("mtdlayer%u: what was written last is not recorded: %s\n",
				dev->index, why.text);
		}
	}
	mtdlayer_device_unlock(dev);
	mtdlayer_device_put(dev);
	kvfree(session->buffer);
	mutex_destroy(&session->lock);
	kfree(session);
	return 0;
}

/* ---- begin ---- */

static int mtdlayer_begin_check(struct mtdlayer_session *session, const struct mtdlayer_begin *arg,
				struct mtdl_reason *why)
{
	u32 limit = mtdl_manifest_limit(session->dev->mtdl.geometry.block_count);
	int err;

	err = mtdlayer_refuse_flags(arg->flags,
				    MTDLAYER_BEGIN_DRY_RUN | MTDLAYER_BEGIN_REPLACE |
				    MTDLAYER_BEGIN_IN_PLACE, why);
	if (!err)
		err = mtdlayer_refuse_reserved(arg->reserved[0] | arg->reserved[1], why);
	if (err)
		return err;
	if (!arg->manifest_size)
		return mtdl_fail(why, -EINVAL, "the manifest has 0 bytes");
	if (arg->manifest_size > limit)
		return mtdl_fail(why, -E2BIG,
				 "the manifest has %u bytes; for mtdlayer%u it can have at most %u",
				 arg->manifest_size, session->dev->index, limit);
	if (arg->signature_size > MTDL_SIGNATURE_MAX)
		return mtdl_fail(why, -E2BIG, "the signature has %u bytes, the limit is %u",
				 arg->signature_size, MTDL_SIGNATURE_MAX);
	if (!arg->signature != !arg->signature_size)
		return mtdl_fail(why, -EINVAL,
				 "a signature needs both an address and a size, or neither");
	if (arg->layer_room && !arg->layers)
		return mtdl_fail(why, -EINVAL, "there is room for %u layers, but it has no address",
				 arg->layer_room);
	return 0;
}

static void mtdlayer_begin_fill(struct mtdlayer_begin *arg, const struct mtdl_plan *plan)
{
	arg->plan_flags = (plan->resumed ? MTDLAYER_PLAN_RESUMED : 0) |
			  (plan->current_release ? MTDLAYER_PLAN_CURRENT : 0);
	arg->layer_count = plan->layer_count;
	arg->layers_changed = plan->layers_changed;
	arg->blocks = plan->blocks;
	arg->blocks_done = plan->blocks_done;
	arg->relocated = plan->relocated;
	arg->overflow = plan->overflow;
	arg->erases = plan->erases;
	arg->free_after = plan->free_after;
	arg->missing = plan->missing;
	arg->copied = plan->copied;
	arg->aside = plan->aside;
	arg->in_place = plan->in_place;
	arg->reserve = plan->reserve;
	arg->bytes = plan->bytes;
}

static int mtdlayer_begin_copy_layers(const struct mtdlayer_begin *arg,
				      const struct mtdl_plan *plan, struct mtdl_reason *why)
{
	struct mtdlayer_plan_layer __user *to = u64_to_user_ptr(arg->layers);
	u32 count = min(arg->layer_room, plan->layer_count);
	struct mtdlayer_plan_layer layer = { };
	u32 i;

	for (i = 0; i < count; i++) {
		layer.blocks = plan->layers[i].blocks;
		layer.changed = plan->layers[i].changed;
		layer.relocated = plan->layers[i].relocated;
		layer.overflow = plan->layers[i].overflow;
		layer.bytes = plan->layers[i].bytes;
		layer.flags = plan->layers[i].in_place ? MTDLAYER_PLAN_LAYER_IN_PLACE : 0;
		if (copy_to_user(&to[i], &layer, sizeof(layer)))
			return mtdl_fail(why, -EFAULT,
					 "the layers' plan cannot be written to its address");
	}
	return 0;
}

/* An address that cannot be written to is refused before anything has changed. */
static int mtdlayer_begin_clear_layers(const struct mtdlayer_begin *arg, struct mtdl_reason *why)
{
	u32 count = min_t(u32, arg->layer_room, MTDL_LAYERS_MAX);

	if (!clear_user(u64_to_user_ptr(arg->layers), count * sizeof(struct mtdlayer_plan_layer)))
		return 0;
	return mtdl_fail(why, -EFAULT, "the layers' plan cannot be written to its address");
}

/* Makes sure that nobody reads, or comes to read, what would be written over in place. */
static int mtdlayer_begin_bar(struct mtdlayer_device *dev, const struct mtdlayer_begin *arg,
			      const void *manifest, const struct mtdl_plan *plan,
			      struct mtdl_reason *why)
{
	struct mtdl_manifest *parsed;
	int err;
	u32 i;

	/* too large for the stack */
	parsed = kzalloc(sizeof(*parsed), GFP_KERNEL);
	if (!parsed)
		return -ENOMEM;
	err = mtdl_manifest_parse(parsed, manifest, arg->manifest_size, why);
	for (i = 0; !err && i < plan->layer_count; i++)
		if (plan->layers[i].in_place)
			err = mtdlayer_export_bar(dev, parsed->layers[i].name, why);
	kfree(parsed);
	return err;
}

/* Begins; what is written over in place is closed until readers know that it cannot be read. */
static int mtdlayer_begin_device(struct mtdlayer_device *dev, const struct mtdlayer_begin *arg,
				 const void *manifest, const void *signature,
				 struct mtdl_plan *plan, struct mtdl_reason *why)
{
	bool in_place = !(arg->flags & MTDLAYER_BEGIN_DRY_RUN) &&
			(arg->flags & MTDLAYER_BEGIN_IN_PLACE);
	int err = 0;

	if (in_place) {
		err = mtdl_begin(&dev->mtdl, manifest, arg->manifest_size, signature,
				 arg->signature_size, arg->flags | MTDL_BEGIN_DRY_RUN, plan, why);
		if (!err)
			err = mtdlayer_begin_bar(dev, arg, manifest, plan, why);
	}
	if (!err)
		err = mtdl_begin(&dev->mtdl, manifest, arg->manifest_size, signature,
				 arg->signature_size, arg->flags, plan, why);
	/* without memory for that it stays closed: the next unlocking tries again */
	if (!mtdlayer_export_follow(dev, NULL))
		mtdlayer_export_unbar(dev);
	return err;
}

static int mtdlayer_begin_run(struct mtdlayer_session *session, struct mtdlayer_begin *arg,
			      const void *manifest, const void *signature,
			      struct mtdl_reason *why)
{
	bool dry_run = arg->flags & MTDLAYER_BEGIN_DRY_RUN;
	struct mtdlayer_device *dev = session->dev;
	struct mtdl_plan *plan;
	int err;

	plan = kzalloc(sizeof(*plan), GFP_KERNEL);
	if (!plan)
		return -ENOMEM;
	err = dry_run ? mtdlayer_device_lock(dev, why) : mtdlayer_session_own(session, why);
	if (err)
		goto out_free_plan;
	err = mtdlayer_begin_device(dev, arg, manifest, signature, plan, why);
	if (!dry_run)
		dev->stale = true;
	mtdlayer_device_unlock(dev);
	mtdlayer_begin_fill(arg, plan);
	if (!err)
		err = mtdlayer_begin_copy_layers(arg, plan, why);
out_free_plan:
	kfree(plan);
	return err;
}

static int mtdlayer_ioctl_begin(struct mtdlayer_session *session, void *p, struct mtdl_reason *why)
{
	struct mtdlayer_begin *arg = p;
	void *signature = NULL;
	void *manifest;
	int err;

	err = mtdlayer_begin_check(session, arg, why);
	if (!err)
		err = mtdlayer_begin_clear_layers(arg, why);
	if (err)
		return err;
	manifest = vmemdup_user(u64_to_user_ptr(arg->manifest), arg->manifest_size);
	if (IS_ERR(manifest))
		return mtdl_fail(why, PTR_ERR(manifest),
				 "the %u bytes of the manifest cannot be read from their address",
				 arg->manifest_size);
	if (arg->signature_size)
		signature = vmemdup_user(u64_to_user_ptr(arg->signature), arg->signature_size);
	if (IS_ERR(signature)) {
		err = mtdl_fail(why, PTR_ERR(signature),
				"the %u bytes of the signature cannot be read from their address",
				arg->signature_size);
	} else {
		err = mtdlayer_begin_run(session, arg, manifest, signature, why);
		kvfree(signature);
	}
	kvfree(manifest);
	return err;
}

/* ---- want, write ---- */

static int mtdlayer_ioctl_want(struct mtdlayer_session *session, void *p, struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	struct mtdlayer_want *arg = p;
	struct mtdl_wanted *wanted;
	u32 count = arg->count;
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (err)
		return err;
	if (!count || count > MTDLAYER_WANT_MAX)
		return mtdl_fail(why, -EINVAL, "room for %u wanted blocks; it must be 1 to %u",
				 count, MTDLAYER_WANT_MAX);
	wanted = kvcalloc(count, sizeof(*wanted), GFP_KERNEL);
	if (!wanted)
		return -ENOMEM;
	err = mtdlayer_session_own(session, why);
	if (!err) {
		err = mtdl_want(&dev->mtdl, wanted, &count, why);
		mtdlayer_device_unlock(dev);
	}
	if (!err && copy_to_user(u64_to_user_ptr(arg->blocks), wanted, count * sizeof(*wanted)))
		err = mtdl_fail(why, -EFAULT,
				"the wanted blocks cannot be written to their address");
	if (!err)
		arg->count = count;
	kvfree(wanted);
	return err;
}

static int mtdlayer_ioctl_write(struct mtdlayer_session *session, void *p, struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	struct mtdlayer_write *arg = p;
	u32 block_size = dev->mtdl.geometry.block_size;
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (err)
		return err;
	if (!arg->length || arg->length > block_size)
		return mtdl_fail(why, -EINVAL, "%u bytes to write; a block has 1 to %u",
				 arg->length, block_size);
	err = mtdlayer_session_buffer(session);
	if (err)
		return err;
	if (copy_from_user(session->buffer, u64_to_user_ptr(arg->data), arg->length))
		return mtdl_fail(why, -EFAULT,
				 "the %u bytes to write cannot be read from their address",
				 arg->length);
	err = mtdlayer_session_own(session, why);
	if (err)
		return err;
	err = mtdl_write(&dev->mtdl, arg->layer, arg->block, session->buffer, arg->length, why);
	/* it may have left the device read-only */
	if (err)
		dev->stale = true;
	mtdlayer_device_unlock(dev);
	return err;
}

/* ---- changes of state ---- */

static int mtdlayer_change_check(const struct mtdlayer_change *arg, bool digest,
				 struct mtdl_reason *why)
{
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (err)
		return err;
	if (arg->digest_valid > 1 || (arg->digest_valid && !digest))
		return mtdl_fail(why, -EINVAL, "digest_valid is %u; %s", arg->digest_valid,
				 digest ? "it must be 0 or 1" : "only CONFIRM takes a digest");
	if (!arg->digest_valid && memchr_inv(arg->digest, 0, sizeof(arg->digest)))
		return mtdl_fail(why, -EINVAL, "a digest is given, but digest_valid is 0");
	return 0;
}

/* Exposes what the core decides; nothing of what was exposed before is in use. */
static int mtdlayer_change_boot(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	struct mtdl *mtdl = &dev->mtdl;
	struct mtdl_reason expose = { };
	int expose_err;
	int err;

	if (mtdl->state != MTDL_STATE_TRIAL && mtdl_is_exposed(mtdl, mtdl->active))
		return 0;
	if (mtdlayer_device_unrecorded(dev))
		return mtdl_fail(why, -EROFS, "nothing else can be exposed: %s", mtdl->read_only);
	err = mtdlayer_export_close(dev, why);
	if (err)
		return err;
	err = mtdl_boot(mtdl, why);
	if (!err && why->text[0])
		err = -EIO; /* the attempt could not be counted: active is exposed */
	if (!err)
		err = mtdl_retire_trial(mtdl, why);
	expose_err = mtdlayer_export_sync(dev, &expose);
	if (expose_err) {
		*why = expose;
		err = err ?: expose_err;
	}
	return err;
}

/*
 * Leads from state installing to the trial, a step at a time; the device is locked before
 * and after.  If it is interrupted, the work in the background goes on.
 */
static int mtdlayer_commit_install(struct mtdlayer_session *session, struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	struct mtdl *mtdl = &dev->mtdl;
	int ret = 0;

	mtdlayer_work_retry(dev);
	while (ret >= 0 && mtdl->state == MTDL_STATE_INSTALLING) {
		session->committed = signal_pending(current);
		if (session->committed)
			return mtdl_fail(why, -ERESTARTSYS,
					 "interrupted while pinned layers are being installed, which goes on in the background");
		ret = mtdlayer_work_step(dev, why);
		mtdlayer_device_unlock(dev);
		cond_resched();
		mutex_lock(&dev->lock);
		if (dev->dying || mtdlayer_device_gone(dev))
			return mtdl_fail(why, -ENODEV, "mtdlayer%u was detached", dev->index);
	}
	session->committed = false;
	if (ret < 0)
		return ret;
	if (mtdl->state == MTDL_STATE_IDLE && mtdl->outcome.code == MTDL_OUTCOME_FAILED)
		return mtdl_fail(why, -EIO,
				 "release %s cannot be installed: the cells of a pinned layer's slot fail (error %u); the old release stays",
				 mtdl->outcome.release, mtdl->outcome.error);
	return 0;
}

static int mtdlayer_commit(struct mtdlayer_session *session, struct mtdl_reason *why)
{
	struct mtdl *mtdl = &session->dev->mtdl;
	bool ended = mtdl->state == MTDL_STATE_TRIAL ||
		     (mtdl->state == MTDL_STATE_IDLE && mtdl->outcome.code == MTDL_OUTCOME_FAILED);
	int err = 0;

	/* what was interrupted goes on, or has come to its end meanwhile */
	if (mtdl->state != MTDL_STATE_INSTALLING && !(session->committed && ended))
		err = mtdl_commit(mtdl, why);
	return err ?: mtdlayer_commit_install(session, why);
}

static int mtdlayer_change_run(struct mtdlayer_session *session, unsigned int cmd,
			       const struct mtdlayer_change *arg, struct mtdl_reason *why)
{
	struct mtdl *mtdl = &session->dev->mtdl;

	switch (cmd) {
	case MTDLAYER_IOC_SYNC:
		return mtdl_sync(mtdl, why);
	case MTDLAYER_IOC_COMMIT:
		return mtdlayer_commit(session, why);
	case MTDLAYER_IOC_BOOT:
		return mtdlayer_change_boot(session->dev, why);
	case MTDLAYER_IOC_CONFIRM:
		return mtdl_confirm(mtdl, arg->digest_valid ? arg->digest : NULL, why);
	case MTDLAYER_IOC_ROLLBACK:
		return mtdl_rollback(mtdl, why);
	case MTDLAYER_IOC_ABORT:
		return mtdl_abort(mtdl, why);
	default:
		return -ENOTTY;
	}
}

static int mtdlayer_ioctl_change(struct mtdlayer_session *session, unsigned int cmd,
				 struct mtdlayer_change *arg, struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	int err;

	err = mtdlayer_change_check(arg, cmd == MTDLAYER_IOC_CONFIRM, why);
	if (!err)
		err = mtdlayer_session_own(session, why);
	if (err)
		return err;
	err = mtdlayer_change_run(session, cmd, arg, why);
	dev->stale = true;
	/* the first release that is installed has nobody to give way */
	if (!err)
		err = mtdlayer_export_sync(dev, why);
	mtdlayer_device_unlock(dev);
	return err;
}

/* ---- /dev/mtdlayerN ---- */

/* Everything that an ioctl of ours can take; the reason is the last field of each. */
union mtdlayer_argument {
	struct mtdlayer_attach attach;
	struct mtdlayer_detach detach;
	struct mtdlayer_begin begin;
	struct mtdlayer_want want;
	struct mtdlayer_write write;
	struct mtdlayer_change change;
	struct mtdlayer_verify verify;
	struct mtdlayer_settle settle;
	struct mtdlayer_scrub scrub;
	u8 bytes[512];
};

static int mtdlayer_session_run(struct mtdlayer_session *session, unsigned int cmd,
				union mtdlayer_argument *arg, struct mtdl_reason *why)
{
	switch (cmd) {
	case MTDLAYER_IOC_BEGIN:
		return mtdlayer_ioctl_begin(session, &arg->begin, why);
	case MTDLAYER_IOC_WANT:
		return mtdlayer_ioctl_want(session, &arg->want, why);
	case MTDLAYER_IOC_WRITE:
		return mtdlayer_ioctl_write(session, &arg->write, why);
	case MTDLAYER_IOC_VERIFY:
		return mtdlayer_ioctl_verify(session, &arg->verify, why);
	case MTDLAYER_IOC_SETTLE:
		return mtdlayer_ioctl_settle(session, &arg->settle, why);
	case MTDLAYER_IOC_SCRUB:
		return mtdlayer_ioctl_scrub(session, &arg->scrub, why);
	default:
		return mtdlayer_ioctl_change(session, cmd, &arg->change, why);
	}
}

static bool mtdlayer_session_knows(unsigned int cmd)
{
	switch (cmd) {
	case MTDLAYER_IOC_BEGIN:
	case MTDLAYER_IOC_WANT:
	case MTDLAYER_IOC_WRITE:
	case MTDLAYER_IOC_SYNC:
	case MTDLAYER_IOC_COMMIT:
	case MTDLAYER_IOC_BOOT:
	case MTDLAYER_IOC_CONFIRM:
	case MTDLAYER_IOC_ROLLBACK:
	case MTDLAYER_IOC_ABORT:
	case MTDLAYER_IOC_VERIFY:
	case MTDLAYER_IOC_SETTLE:
	case MTDLAYER_IOC_SCRUB:
		return true;
	default:
		return false;
	}
}

/* Nothing can be kept of the call, but a sentence fits into its reason. */
static long mtdlayer_control_no_memory(char __user *reason)
{
	static const char text[] = "there is not enough memory";

	return copy_to_user(reason, text, sizeof(text)) ? -EFAULT : -ENOMEM;
}

/* Copies in, runs, copies out: struct and reason, whatever came of it. */
static long mtdlayer_control_call(struct mtdlayer_session *session, unsigned int cmd,
				  unsigned long address,
				  int (*run)(struct mtdlayer_session *session, unsigned int cmd,
					     union mtdlayer_argument *arg,
					     struct mtdl_reason *why))
{
	void __user *user = (void __user *)address;
	size_t size = _IOC_SIZE(cmd);
	union mtdlayer_argument *arg;
	struct mtdl_reason why = { };
	long err = -EFAULT;

	arg = kzalloc(sizeof(*arg), GFP_KERNEL);
	if (!arg)
		return mtdlayer_control_no_memory(user + size - sizeof(why.text));
	if (copy_from_user(arg, user, size))
		goto out_free;
	err = run(session, cmd, arg, &why);
	if (err == -ENOMEM && !why.text[0])
		mtdl_fail(&why, err, "there is not enough memory");
	memcpy(arg->bytes + size - sizeof(why.text), why.text, sizeof(why.text));
	if (copy_to_user(user, arg, size))
		err = err ?: -EFAULT;
out_free:
	kfree(arg);
	return err;
}

static long mtdlayer_session_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	struct mtdlayer_session *session = file->private_data;
	long err;

	if (!mtdlayer_session_knows(cmd))
		return -ENOTTY;
	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	err = mtdlayer_control_call(session, cmd, address, mtdlayer_session_run);
	mutex_unlock(&session->lock);
	return err;
}

static const struct file_operations mtdlayer_session_fops = {
	.owner = THIS_MODULE,
	.open = mtdlayer_session_open,
	.release = mtdlayer_session_release,
	.unlocked_ioctl = mtdlayer_session_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = MTDLAYER_NO_LLSEEK,
};

void mtdlayer_control_init(struct cdev *cdev)
{
	cdev_init(cdev, &mtdlayer_session_fops);
	cdev->owner = THIS_MODULE;
}

/* ---- /dev/mtdlayer-control ---- */

static int mtdlayer_ioctl_attach(struct mtdlayer_attach *arg, struct mtdl_reason *why)
{
	struct mtdlayer_attach_request request = {
		.parent = {
			.index = arg->mtd,
			.name = arg->name,
		},
		.table_offset = arg->table_offset,
	};
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (!err)
		err = mtdlayer_refuse_reserved(arg->reserved, why);
	if (err)
		return err;
	if (strnlen(arg->name, sizeof(arg->name)) == sizeof(arg->name))
		return mtdl_fail(why, -EINVAL, "the MTD device's name has no end within %u bytes",
				 (u32)sizeof(arg->name));
	if (arg->mtd < -1)
		return mtdl_fail(why, -EINVAL,
				 "MTD device %d; it must be a number, or -1 to go by name",
				 arg->mtd);
	if ((arg->mtd == -1) != !!arg->name[0])
		return mtdl_fail(why, -EINVAL,
				 "an MTD device is named either by its number or by its name");
	return mtdlayer_device_attach(&request, &arg->index, why);
}

static int mtdlayer_ioctl_detach(struct mtdlayer_detach *arg, struct mtdl_reason *why)
{
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (err)
		return err;
	return mtdlayer_device_detach(arg->index, why);
}

static int mtdlayer_control_run(struct mtdlayer_session *unused, unsigned int cmd,
				union mtdlayer_argument *arg, struct mtdl_reason *why)
{
	if (cmd == MTDLAYER_IOC_ATTACH)
		return mtdlayer_ioctl_attach(&arg->attach, why);
	return mtdlayer_ioctl_detach(&arg->detach, why);
}

static long mtdlayer_control_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	if (cmd != MTDLAYER_IOC_ATTACH && cmd != MTDLAYER_IOC_DETACH)
		return -ENOTTY;
	return mtdlayer_control_call(NULL, cmd, address, mtdlayer_control_run);
}

static const struct file_operations mtdlayer_control_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = mtdlayer_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = MTDLAYER_NO_LLSEEK,
};

static struct miscdevice mtdlayer_control = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mtdlayer-control",
	.fops = &mtdlayer_control_fops,
	.mode = 0600,
};

int mtdlayer_control_setup(void)
{
	mtdlayer_control_check_abi();
	return misc_register(&mtdlayer_control);
}

void mtdlayer_control_cleanup(void)
{
	misc_deregister(&mtdlayer_control);
}

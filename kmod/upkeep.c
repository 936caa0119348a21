// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that keep what is installed in good order.
 *
 * They lock the device step by step, or block by block, and not for as long as they run.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "device.h"
#include "netlink.h"
#include "session.h"
#include "upkeep.h"
#include "work.h"

#define MTDLAYER_VERIFY_MAX	1024U

/* The block that is meant; the device is locked. */
static int mtdlayer_find_block(struct mtdlayer_device *dev, u32 role, u32 index, u32 block,
			       struct mtdl_release **release, const struct mtdl_layer **layer,
			       struct mtdl_reason *why)
{
	static const char * const names[] = { "active", "candidate", "exposed" };
	struct mtdl *mtdl = &dev->mtdl;

	switch (role) {
	case MTDLAYER_RELEASE_ACTIVE:
		*release = mtdl->active;
		break;
	case MTDLAYER_RELEASE_CANDIDATE:
		*release = mtdl->candidate;
		break;
	case MTDLAYER_RELEASE_EXPOSED:
		*release = mtdl->exposed;
		break;
	default:
		return mtdl_fail(why, -EINVAL,
				 "release %u; it must be 0 (active), 1 (candidate) or 2 (exposed)",
				 role);
	}
	if (!*release)
		return mtdl_fail(why, -ENOENT, "mtdlayer%u has no %s release", dev->index,
				 names[role]);
	if (index >= (*release)->layer_count)
		return mtdl_fail(why, -EINVAL, "layer %u; release %s has %u", index,
				 (*release)->release, (*release)->layer_count);
	*layer = &(*release)->layers[index];
	if (block >= (*layer)->block_count)
		return mtdl_fail(why, -EINVAL, "block %u; layer %s has %u", block, (*layer)->name,
				 (*layer)->block_count);
	return 0;
}

/* ---- settle ---- */

int mtdlayer_ioctl_settle(struct mtdlayer_session *session, struct mtdlayer_settle *arg,
			  struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	u32 before = 0;
	u32 steps = 0;
	int ret;

	ret = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (!ret)
		ret = mtdlayer_refuse_reserved(arg->reserved, why);
	if (ret)
		return ret;
	do {
		ret = mtdlayer_session_own(session, why);
		if (ret)
			return ret;
		if (!steps) {
			mtdlayer_work_retry(dev);
			before = mtdlayer_work_settleable(dev);
		}
		ret = mtdlayer_work_step(dev, why);
		arg->away = mtdlayer_work_settleable(dev);
		mtdlayer_device_unlock(dev);
		cond_resched();
	} while (ret > 0 && ++steps != arg->steps && !signal_pending(current));
	arg->moved = before > arg->away ? before - arg->away : 0;
	arg->more = ret > 0;
	return min(ret, 0);
}

/* ---- verify ---- */

/*
 * Looks at block @arg->block and moves on; *@left is how many may follow.  0, -EBADMSG if it
 * is wrong, or what stands in the way.
 */
static int mtdlayer_verify_one(struct mtdlayer_session *session, struct mtdlayer_verify *arg,
			       u32 *left, struct mtdl_reason *why)
{
	struct mtdl *mtdl = &session->dev->mtdl;
	struct mtdl_release *release;
	const struct mtdl_layer *layer;
	u32 block = arg->block;
	u32 bit;
	int err;

	err = mtdlayer_find_block(session->dev, arg->release, arg->layer, block, &release, &layer,
				  why);
	if (err)
		return err;
	err = mtdl_load_manifest(mtdl, release, why);
	if (err)
		return err == -EBADMSG ? -EIO : err;
	*left = block + 1 < layer->block_count ? *left - 1 : 0;
	arg->block++;
	bit = layer->first + block;
	if (layer->flags & MTDL_LAYER_INCOMPLETE)
		return mtdl_fail(why, -EBADMSG,
				 "layer %s is incomplete: it was written over in place by an upgrade that did not end; apply a release",
				 layer->name);
	/* what was not written yet is no damage */
	if (release->done && !(release->done[bit / 32] >> bit % 32 & 1))
		return 0;
	err = mtdl_verify_block(&session->dev->flash.flash, &mtdl->geometry, layer, block,
				session->buffer, mtdl->geometry.block_size);
	if (err == -EUCLEAN)
		mtdlayer_work_flipped(session->dev, layer->map[block]);
	if (!err || err == -EUCLEAN)
		return 0;
	if (err != -EBADMSG && err != -EIO)
		return mtdl_fail(why, err,
				 "block %u of layer %s (flash block %u) cannot be looked at: error %d",
				 block, layer->name, layer->map[block], err);
	return mtdl_fail(why, -EBADMSG,
			 "block %u of layer %s (flash block %u) is not what release %s names",
			 block, layer->name, layer->map[block], release->release);
}

/* The device is locked block by block: a writer need not wait for all of them. */
int mtdlayer_ioctl_verify(struct mtdlayer_session *session, struct mtdlayer_verify *arg,
			  struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = session->dev;
	u32 left = arg->count;
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (err)
		return err;
	if (!left || left > MTDLAYER_VERIFY_MAX)
		return mtdl_fail(why, -EINVAL, "%u blocks to verify; it must be 1 to %u", left,
				 MTDLAYER_VERIFY_MAX);
	arg->bad = 0;
	err = mtdlayer_session_buffer(session);
	while (!err && left) {
		if (left != arg->count && signal_pending(current))
			return mtdl_fail(why, -EINTR, "interrupted before block %u", arg->block);
		err = mtdlayer_device_lock(dev, why);
		if (err)
			break;
		err = mtdlayer_verify_one(session, arg, &left, why);
		mtdlayer_device_unlock(dev);
	}
	if (err != -EBADMSG)
		return err;
	mtdlayer_netlink_verify_failed(dev->index, arg->release, arg->layer, arg->block - 1,
				       GFP_KERNEL);
	arg->bad = 1;
	return 0;
}

/* ---- scrub ---- */

static int mtdlayer_scrub_queue(struct mtdlayer_device *dev, const struct mtdlayer_scrub *arg,
				struct mtdl_reason *why)
{
	struct mtdl *mtdl = &dev->mtdl;
	struct mtdl_release *release;
	const struct mtdl_layer *layer;
	u32 bit;
	int err;

	if (mtdl->read_only)
		return mtdl_fail(why, -EROFS, "nothing can be changed: %s", mtdl->read_only);
	err = mtdlayer_find_block(dev, arg->release, arg->layer, arg->block, &release, &layer,
				  why);
	if (err)
		return err;
	bit = layer->first + arg->block;
	if (release->done && !(release->done[bit / 32] >> bit % 32 & 1))
		return mtdl_fail(why, -EINVAL, "block %u of layer %s is not written yet",
				 arg->block, layer->name);
	dev->work.willing = true;
	dev->stale = true;
	mtdl_scrub(mtdl, layer->map[arg->block]);
	return 0;
}

int mtdlayer_ioctl_scrub(struct mtdlayer_session *session, struct mtdlayer_scrub *arg,
			 struct mtdl_reason *why)
{
	int err;

	err = mtdlayer_refuse_flags(arg->flags, 0, why);
	if (!err)
		err = mtdlayer_session_own(session, why);
	if (err)
		return err;
	err = mtdlayer_scrub_queue(session->dev, arg, why);
	mtdlayer_device_unlock(session->dev);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an attached device looks like from outside, as of the last change.
 *
 * Generic netlink handlers run under a lock of the whole system's, so they must not wait
 * for a device that is busy erasing.  Whoever changes a device therefore leaves an immutable
 * copy of all that can be asked for when it unlocks the device, and who asks takes a
 * reference to that.  Only what changes with every block written, the sequence and the
 * number of blocks that are lacking, is kept beside it: copying everything per block would
 * cost more than the block.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/mtdlayer.h>

#include "device.h"
#include "export.h"
#include "status.h"

static void mtdlayer_status_free(struct kref *refs)
{
	struct mtdlayer_status *status = container_of(refs, struct mtdlayer_status, refs);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(status->releases); i++)
		if (!status->releases[i].shared)
			kvfree(status->releases[i].layers);
	kvfree(status->extents);
	kfree(status->mtd_name);
	kfree(status);
}

void mtdlayer_status_put(struct mtdlayer_status *status)
{
	if (status)
		kref_put(&status->refs, mtdlayer_status_free);
}

struct mtdlayer_status *mtdlayer_status_get(struct mtdlayer_device *dev,
					    struct mtdl_sequence *sequence, u32 *wanted)
{
	struct mtdlayer_status *status;

	spin_lock(&dev->status_lock);
	status = dev->status;
	if (status)
		kref_get(&status->refs);
	*sequence = dev->live.sequence;
	*wanted = dev->live.wanted;
	spin_unlock(&dev->status_lock);
	return status;
}

/* ---- taking a status ---- */

static int mtdlayer_status_take_release(struct mtdlayer_status_release *to,
					const struct mtdl_release *from)
{
	u32 i;

	if (!from)
		return 0;
	to->layers = kvcalloc(from->layer_count, sizeof(*to->layers), GFP_KERNEL);
	if (!to->layers)
		return -ENOMEM;
	to->present = true;
	memcpy(to->digest, from->digest, sizeof(to->digest));
	strscpy(to->release, from->release, sizeof(to->release));
	to->security_counter = from->security_counter;
	to->block_total = from->block_total;
	to->layer_count = from->layer_count;
	for (i = 0; i < from->layer_count; i++) {
		const struct mtdl_layer *layer = &from->layers[i];
		struct mtdlayer_status_layer *shown = &to->layers[i];

		strscpy(shown->name, layer->name, sizeof(shown->name));
		memcpy(shown->root, layer->root, sizeof(shown->root));
		shown->size = layer->size;
		shown->slot_start = layer->slot_start;
		shown->slot_blocks = layer->slot_blocks;
		shown->policy = layer->policy;
		shown->flags = layer->flags;
		shown->block_count = layer->block_count;
		shown->away = mtdl_count_away(layer);
		shown->mtd = -1;
	}
	return 0;
}

static void mtdlayer_status_claim(struct mtdlayer_status_extent *blocks, u32 count,
				  const struct mtdl_release *release, u32 role)
{
	u32 i, j;

	for (i = 0; release && i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		/* what is left of a layer that is being written over counts as free */
		if (layer->flags & MTDL_LAYER_INCOMPLETE)
			continue;
		for (j = 0; j < layer->block_count; j++) {
			if (layer->map[j] >= count)
				continue;
			blocks[layer->map[j]].release = role;
			blocks[layer->map[j]].layer = i;
			blocks[layer->map[j]].logical = j;
		}
	}
}

static bool mtdlayer_status_layered(u32 use)
{
	return use == MTDL_USE_ACTIVE || use == MTDL_USE_CANDIDATE || use == MTDL_USE_BOTH ||
	       use == MTDL_USE_EXPOSED;
}

static bool mtdlayer_status_continues(const struct mtdlayer_status_extent *extent,
				      const struct mtdlayer_status_extent *block)
{
	if (extent->use != block->use || extent->release != block->release)
		return false;
	if (block->release == MTDLAYER_STATUS_NO_RELEASE)
		return true;
	return extent->layer == block->layer &&
	       block->logical - extent->logical == block->block - extent->block;
}

/* Puts blocks in a row together, at the beginning of the array; how many are left. */
static u32 mtdlayer_status_join(struct mtdlayer_status_extent *blocks, u32 block_count)
{
	u32 count = 0;
	u32 i;

	for (i = 0; i < block_count; i++)
		if (!count || !mtdlayer_status_continues(&blocks[count - 1], &blocks[i]))
			blocks[count++] = blocks[i];
	return count;
}

/* What each block is used for; @blocks has one entry per block. */
static int mtdlayer_status_survey(struct mtdlayer_status *status, struct mtdl *mtdl,
				  struct mtdlayer_status_extent *blocks)
{
	u32 count = mtdl->geometry.block_count;
	int err;
	u8 *use;
	u32 i;

	use = kvcalloc(count, sizeof(*use), GFP_KERNEL);
	if (!use)
		return -ENOMEM;
	err = mtdl_usage(mtdl, use, NULL);
	if (err)
		goto out_free;
	/* of two owners active is named */
	mtdlayer_status_claim(blocks, count, mtdl->exposed, MTDLAYER_RELEASE_EXPOSED);
	mtdlayer_status_claim(blocks, count, mtdl->candidate, MTDLAYER_RELEASE_CANDIDATE);
	mtdlayer_status_claim(blocks, count, mtdl->active, MTDLAYER_RELEASE_ACTIVE);
	for (i = 0; i < count; i++) {
		status->free_blocks += use[i] == MTDL_USE_FREE;
		status->bad_blocks += use[i] == MTDL_USE_BAD;
		blocks[i].block = i;
		blocks[i].use = use[i];
		if (!mtdlayer_status_layered(use[i]))
			blocks[i].release = MTDLAYER_STATUS_NO_RELEASE;
	}
out_free:
	kvfree(use);
	return err;
}

static int mtdlayer_status_take_extents(struct mtdlayer_status *status, struct mtdl *mtdl)
{
	u32 count = mtdl->geometry.block_count;
	struct mtdlayer_status_extent *blocks;
	int err;

	blocks = kvcalloc(count, sizeof(*blocks), GFP_KERNEL);
	if (!blocks)
		return -ENOMEM;
	err = mtdlayer_status_survey(status, mtdl, blocks);
	if (err)
		goto out_free;
	status->extent_count = mtdlayer_status_join(blocks, count);
	status->extents = kvmalloc_array(status->extent_count, sizeof(*blocks), GFP_KERNEL);
	if (status->extents)
		memcpy(status->extents, blocks, status->extent_count * sizeof(*blocks));
	else
		err = -ENOMEM;
out_free:
	kvfree(blocks);
	return err;
}

static u32 mtdlayer_status_wanted(const struct mtdl *mtdl)
{
	const struct mtdl_release *candidate = mtdl->candidate;
	u32 done = 0;
	u32 i;

	if (mtdl->state != MTDL_STATE_STAGING || !candidate || !candidate->done)
		return 0;
	for (i = 0; i < candidate->block_total; i += 32)
		done += hweight32(candidate->done[i / 32]);
	return candidate->block_total - done;
}

/* The exposed release: mostly active or candidate, if perhaps a few moves behind. */
static int mtdlayer_status_take_exposed(struct mtdlayer_status *status,
					const struct mtdl *mtdl)
{
	struct mtdlayer_status_release *releases = status->releases;
	struct mtdlayer_status_release *exposed = &releases[MTDLAYER_RELEASE_EXPOSED];

	if (mtdl_is_exposed(mtdl, mtdl->active))
		*exposed = releases[MTDLAYER_RELEASE_ACTIVE];
	else if (mtdl_is_exposed(mtdl, mtdl->candidate))
		*exposed = releases[MTDLAYER_RELEASE_CANDIDATE];
	else
		return mtdlayer_status_take_release(exposed, mtdl->exposed);
	exposed->shared = true;
	return 0;
}

static int mtdlayer_status_take_releases(struct mtdlayer_status *status,
					 struct mtdlayer_device *dev)
{
	struct mtdlayer_status_release *releases = status->releases;
	struct mtdl *mtdl = &dev->mtdl;
	int err;
	u32 i;

	err = mtdlayer_status_take_release(&releases[MTDLAYER_RELEASE_ACTIVE], mtdl->active);
	if (!err)
		err = mtdlayer_status_take_release(&releases[MTDLAYER_RELEASE_CANDIDATE],
						   mtdl->candidate);
	if (!err)
		err = mtdlayer_status_take_exposed(status, mtdl);
	if (err)
		return err;
	releases += MTDLAYER_RELEASE_EXPOSED;
	for (i = 0; i < releases->layer_count; i++)
		releases->layers[i].mtd = mtdlayer_export_mtd(dev, i);
	return 0;
}

static struct mtdlayer_status *mtdlayer_status_take(struct mtdlayer_device *dev)
{
	struct mtdl *mtdl = &dev->mtdl;
	struct mtdlayer_status *status;

	status = kzalloc(sizeof(*status), GFP_KERNEL);
	if (!status)
		return NULL;
	kref_init(&status->refs);
	status->index = dev->index;
	status->mtd_index = dev->flash.index;
	strscpy(status->compatible, mtdl->compatible, sizeof(status->compatible));
	memcpy(status->uuid, mtdl->uuid, sizeof(status->uuid));
	status->geometry = mtdl->geometry;
	status->state = mtdl->state;
	status->read_only = mtdl->read_only;
	status->damaged_units = mtdl->damaged_units;
	status->security_floor = mtdl->security_floor;
	status->attempts_max = mtdl->attempts_max;
	status->attempts_used = mtdl->attempts_used;
	status->outcome = mtdl->outcome;
	status->mtd_name = kstrdup(dev->flash.name, GFP_KERNEL);
	status->settleable = mtdlayer_work_settleable(dev);
	status->work = mtdlayer_work_state(dev);
	status->last_error = dev->work.why;
	if (!status->mtd_name || mtdlayer_status_take_releases(status, dev) ||
	    mtdl_spare(mtdl, &status->spare, NULL) ||
	    mtdlayer_status_take_extents(status, mtdl)) {
		mtdlayer_status_put(status);
		return NULL;
	}
	return status;
}

static void mtdlayer_status_publish(struct mtdlayer_device *dev, struct mtdlayer_status *status,
				    bool replace)
{
	struct mtdlayer_status *old = NULL;
	u32 wanted = mtdlayer_status_wanted(&dev->mtdl);

	spin_lock(&dev->status_lock);
	if (replace) {
		old = dev->status;
		dev->status = status;
	}
	dev->live.sequence = dev->mtdl.sequence;
	dev->live.wanted = wanted;
	spin_unlock(&dev->status_lock);
	mtdlayer_status_put(old);
}

void mtdlayer_status_update(struct mtdlayer_device *dev)
{
	struct mtdlayer_status *status = NULL;

	lockdep_assert_held(&dev->lock);
	if (dev->dying)
		return;
	if (dev->stale)
		status = mtdlayer_status_take(dev);
	if (status)
		dev->stale = false;
	mtdlayer_status_publish(dev, status, status);
}

void mtdlayer_status_withdraw(struct mtdlayer_device *dev)
{
	struct mtdlayer_status *old;

	spin_lock(&dev->status_lock);
	old = dev->status;
	dev->status = NULL;
	spin_unlock(&dev->status_lock);
	mtdlayer_status_put(old);
}

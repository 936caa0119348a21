// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each layer of the exposed release as a read-only MTD device.
 *
 * Readers hold no lock.  They find an immutable struct mtdlayer_map under SRCU, look a
 * byte up in it and read it within one section, so that no block can be reused between
 * the two: whoever withdraws a map waits for the sections that saw it.
 *
 * A block is hashed before its first byte is handed out (policy "first", the default),
 * by buffers that were allocated beforehand: reading must work when memory is short, since
 * it may be what frees memory.  What does not match, and what the flash cannot correct,
 * is -EIO with a zeroed buffer: MTD's character device hands the bytes of -EBADMSG and of
 * -EUCLEAN out.
 *
 * Direct access (_point) is not offered, whatever a layer's policy says: while anything of a
 * chip of the Intel command set is pointed, whoever writes to the chip sleeps.
 *
 * MTD takes no reference to a master device (unless CONFIG_MTD_PARTITIONED_MASTER), and a
 * layer is one: unregistering it while it is open would leave its openers with freed
 * memory.  So the opens are counted here, and a layer is unregistered only when none is
 * left and no more are let in.  Registering and unregistering take mtd_table_mutex, under
 * which opens are counted: the lock of the count is never held around them.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mtd/mtd.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "device.h"
#include "export.h"
#include "netlink.h"

/* Blocks that are hashed at the same time, and what is read of them at once. */
#define MTDLAYER_SCRATCH_COUNT	4
#define MTDLAYER_SCRATCH_SIZE	(32U << 10)

/* mtdblock's sectors: an MTD device is cut down to a multiple of them. */
#define MTDLAYER_SECTOR_SIZE	512U

enum mtdlayer_verify_policy {
	MTDLAYER_VERIFY_OFF,
	MTDLAYER_VERIFY_FIRST,
	MTDLAYER_VERIFY_ALWAYS,
};

static const char * const mtdlayer_verify_names[] = {
	[MTDLAYER_VERIFY_OFF] = "off",
	[MTDLAYER_VERIFY_FIRST] = "first",
	[MTDLAYER_VERIFY_ALWAYS] = "always",
};

static int mtdlayer_verify = MTDLAYER_VERIFY_FIRST;

static int mtdlayer_verify_set(const char *value, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(mtdlayer_verify_names, value);

	if (policy < 0)
		return policy;
	WRITE_ONCE(mtdlayer_verify, policy);
	return 0;
}

static int mtdlayer_verify_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", mtdlayer_verify_names[READ_ONCE(mtdlayer_verify)]);
}

static const struct kernel_param_ops mtdlayer_verify_ops = {
	.set = mtdlayer_verify_set,
	.get = mtdlayer_verify_get,
};

module_param_cb(verify, &mtdlayer_verify_ops, NULL, 0644);
MODULE_PARM_DESC(verify, "When a block's digest is checked: off, first (first read), always (default: first)");

/**
 * struct mtdlayer_scratch - a buffer to hash with
 * @next: the next that is free
 * @data: @mtdlayer_map.scratch_size bytes
 */
struct mtdlayer_scratch {
	struct mtdlayer_scratch *next;
	u8 *data;
};

/**
 * struct mtdlayer_map - where the bytes of a release are: what readers look at
 * @release: a reference; never changes while it is exposed
 * @verifiable: its digests are loaded
 * @verified: bitmap over all logical blocks: found right since they were exposed
 * @reported: bitmap over all logical blocks: found wrong, and said so
 * @lock: protects @free
 * @free: unused scratch buffers
 * @returned: woken when one is given back
 * @scratch_size: bytes of a scratch buffer
 * @scratch: all of them
 */
struct mtdlayer_map {
	struct mtdl_release *release;
	bool verifiable;
	unsigned long *verified;
	unsigned long *reported;
	/* protects free */
	spinlock_t lock;
	struct mtdlayer_scratch *free;
	wait_queue_head_t returned;
	u32 scratch_size;
	struct mtdlayer_scratch scratch[MTDLAYER_SCRATCH_COUNT];
};

/**
 * struct mtdlayer_layer - a layer as an MTD device
 * @mtd: the device
 * @export: what it belongs to
 * @index: of the layer in its release
 * @size: its exact size, bytes; @mtd.size is rounded up
 * @registered: MTD knows it; protected by the device's lock
 * @open: how often it is open; protected by @export->lock
 */
struct mtdlayer_layer {
	struct mtd_info mtd;
	struct mtdlayer_export *export;
	u32 index;
	u64 size;
	bool registered;
	u32 open;
};

/**
 * struct mtdlayer_export - the layers of one release as MTD devices
 * @dev: a reference
 * @map: under @dev->flash.srcu; NULL: nothing is readable any more
 * @lock: protects @open, @closed, @awaited and each layer's open; taken inside mtd_table_mutex
 * @open: sum over all layers
 * @closed: no more opens are let in
 * @awaited: the last put calls mtdlayer_device_reap()
 * @layer_count: layers
 * @layers: the layers
 */
struct mtdlayer_export {
	struct mtdlayer_device *dev;
	struct mtdlayer_map __rcu *map;
	/* protects open, closed, awaited, and each layer's open */
	spinlock_t lock;
	u32 open;
	bool closed;
	bool awaited;
	u32 layer_count;
	struct mtdlayer_layer layers[];
};

static struct mtdlayer_layer *to_mtdlayer_layer(struct mtd_info *mtd)
{
	return container_of(mtd, struct mtdlayer_layer, mtd);
}

/* ---- reading ---- */

static struct mtdlayer_scratch *mtdlayer_scratch_try(struct mtdlayer_map *map)
{
	struct mtdlayer_scratch *scratch;

	spin_lock(&map->lock);
	scratch = map->free;
	if (scratch)
		map->free = scratch->next;
	spin_unlock(&map->lock);
	return scratch;
}

static struct mtdlayer_scratch *mtdlayer_scratch_get(struct mtdlayer_map *map)
{
	struct mtdlayer_scratch *scratch;

	wait_event(map->returned, (scratch = mtdlayer_scratch_try(map)));
	return scratch;
}

static void mtdlayer_scratch_put(struct mtdlayer_map *map, struct mtdlayer_scratch *scratch)
{
	spin_lock(&map->lock);
	scratch->next = map->free;
	map->free = scratch;
	spin_unlock(&map->lock);
	wake_up(&map->returned);
}

/* Remembers, and tells, what came of hashing a block. */
static int mtdlayer_layer_verified(struct mtdlayer_device *dev, struct mtdlayer_map *map,
				   u32 index, u32 block, int err)
{
	const struct mtdl_layer *layer = &map->release->layers[index];
	u32 bit = layer->first + block;

	if (!err || err == -EUCLEAN) {
		set_bit(bit, map->verified);
		return 0;
	}
	clear_bit(bit, map->verified);
	if (err != -EBADMSG || test_and_set_bit(bit, map->reported))
		return -EIO;
	pr_err("mtdlayer%u: block %u of layer %s (flash block %u) is not what release %s names; reading it fails\n",
	       dev->index, block, layer->name, layer->map[block], map->release->release);
	mtdlayer_netlink_event(dev->index, MTDLAYER_EVENT_VERIFY_FAILED, index, block, GFP_NOIO);
	return -EIO;
}

/* Makes sure that a block is what the manifest names; within an SRCU section. */
static int mtdlayer_layer_verify(struct mtdlayer_device *dev, struct mtdlayer_map *map,
				 u32 index, u32 block)
{
	struct mtdlayer_scratch *scratch = mtdlayer_scratch_get(map);
	int err;

	err = mtdl_verify_block(&dev->flash.flash, &dev->mtdl.geometry,
				&map->release->layers[index], block, scratch->data,
				map->scratch_size);
	mtdlayer_scratch_put(map, scratch);
	return mtdlayer_layer_verified(dev, map, index, block, err);
}

static int mtdlayer_layer_verify_range(struct mtdlayer_device *dev, struct mtdlayer_map *map,
				       u32 index, u64 off, u64 len)
{
	const struct mtdl_layer *layer = &map->release->layers[index];
	u32 shift = dev->mtdl.geometry.block_shift;
	u32 block = off >> shift;
	u32 last = (off + len - 1) >> shift;
	int err;

	if (!map->verifiable)
		return -EIO;
	for (; block <= last; block++) {
		if (test_bit(layer->first + block, map->verified))
			continue;
		err = mtdlayer_layer_verify(dev, map, index, block);
		if (err)
			return err;
	}
	return 0;
}

/* Hands out the very bytes that were hashed; within an SRCU section. */
static int mtdlayer_layer_read_verified(struct mtdlayer_device *dev, struct mtdlayer_map *map,
					u32 index, u64 off, void *buf, u64 len)
{
	const struct mtdl_geometry *geometry = &dev->mtdl.geometry;
	struct mtdlayer_scratch *scratch;
	int err = 0;

	if (!map->verifiable)
		return -EIO;
	while (len && !err) {
		u32 inside = (u32)off & (geometry->block_size - 1);
		u32 part = min_t(u64, len, geometry->block_size - inside);

		scratch = mtdlayer_scratch_get(map);
		err = mtdl_read_verified(&dev->flash.flash, geometry,
					 &map->release->layers[index], off, buf, part,
					 scratch->data, map->scratch_size);
		mtdlayer_scratch_put(map, scratch);
		err = mtdlayer_layer_verified(dev, map, index, off >> geometry->block_shift, err);
		off += part;
		buf += part;
		len -= part;
	}
	return err;
}

static int mtdlayer_layer_read_as(struct mtdlayer_device *dev, struct mtdlayer_map *map,
				  u32 index, u64 off, void *buf, u64 len)
{
	int policy = READ_ONCE(mtdlayer_verify);
	int err = 0;

	if (policy == MTDLAYER_VERIFY_ALWAYS)
		return mtdlayer_layer_read_verified(dev, map, index, off, buf, len);
	if (policy == MTDLAYER_VERIFY_FIRST)
		err = mtdlayer_layer_verify_range(dev, map, index, off, len);
	if (err)
		return err;
	return mtdl_read(&dev->flash.flash, &dev->mtdl.geometry, &map->release->layers[index],
			 off, buf, len);
}

static int mtdlayer_layer_read_data(struct mtdlayer_layer *layer, u64 off, void *buf, u64 len)
{
	struct mtdlayer_device *dev = layer->export->dev;
	struct mtdlayer_map *map;
	int err = -EIO;
	int idx;

	idx = srcu_read_lock(&dev->flash.srcu);
	map = srcu_dereference(layer->export->map, &dev->flash.srcu);
	if (map)
		err = mtdlayer_layer_read_as(dev, map, layer->index, off, buf, len);
	srcu_read_unlock(&dev->flash.srcu, idx);
	return err && err != -EUCLEAN ? -EIO : 0;
}

static int mtdlayer_layer_read(struct mtd_info *mtd, loff_t from, size_t len, size_t *retlen,
			       u_char *buf)
{
	struct mtdlayer_layer *layer = to_mtdlayer_layer(mtd);
	u64 off = from;
	size_t data = 0;

	if (off < layer->size)
		data = min_t(u64, len, layer->size - off);
	if (data && mtdlayer_layer_read_data(layer, off, buf, data)) {
		memset(buf, 0, len);
		*retlen = 0;
		return -EIO;
	}
	/* behind the layer's end the device goes on as erased flash, up to a whole page */
	memset(buf + data, 0xff, len - data);
	*retlen = len;
	return 0;
}

static int mtdlayer_layer_erase(struct mtd_info *mtd, struct erase_info *instr)
{
	return -EROFS;
}

/* ---- opening ---- */

static int mtdlayer_layer_get(struct mtd_info *mtd)
{
	struct mtdlayer_layer *layer = to_mtdlayer_layer(mtd);
	struct mtdlayer_export *export = layer->export;
	int err = 0;

	spin_lock(&export->lock);
	if (export->closed || mtdlayer_device_gone(export->dev)) {
		err = -ENODEV;
	} else {
		layer->open++;
		export->open++;
	}
	spin_unlock(&export->lock);
	return err;
}

static void mtdlayer_layer_put(struct mtd_info *mtd)
{
	struct mtdlayer_layer *layer = to_mtdlayer_layer(mtd);
	struct mtdlayer_export *export = layer->export;

	spin_lock(&export->lock);
	layer->open--;
	if (!--export->open && export->awaited)
		mtdlayer_device_reap(export->dev);
	spin_unlock(&export->lock);
}

/* ---- registering ---- */

static void mtdlayer_map_free(struct mtdlayer_map *map)
{
	u32 i;

	for (i = 0; i < MTDLAYER_SCRATCH_COUNT; i++)
		kvfree(map->scratch[i].data);
	kvfree(map->reported);
	kvfree(map->verified);
	mtdl_release_put(map->release);
	kfree(map);
}

static struct mtdlayer_map *mtdlayer_map_alloc(struct mtdlayer_device *dev)
{
	struct mtdl_release *release = dev->mtdl.exposed;
	size_t words = BITS_TO_LONGS(release->block_total);
	struct mtdlayer_map *map;
	u32 i;

	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return NULL;
	map->release = mtdl_release_get(release);
	map->verifiable = release->manifest;
	spin_lock_init(&map->lock);
	init_waitqueue_head(&map->returned);
	map->scratch_size = min(dev->mtdl.geometry.block_size, MTDLAYER_SCRATCH_SIZE);
	map->verified = kvcalloc(words, sizeof(*map->verified), GFP_KERNEL);
	map->reported = kvcalloc(words, sizeof(*map->reported), GFP_KERNEL);
	if (!map->verified || !map->reported)
		goto err_free;
	for (i = 0; i < MTDLAYER_SCRATCH_COUNT; i++) {
		map->scratch[i].data = kvmalloc(map->scratch_size, GFP_KERNEL);
		if (!map->scratch[i].data)
			goto err_free;
		map->scratch[i].next = map->free;
		map->free = &map->scratch[i];
	}
	return map;

err_free:
	mtdlayer_map_free(map);
	return NULL;
}

static void mtdlayer_layer_init(struct mtdlayer_layer *layer, struct mtdlayer_export *export,
				const struct mtdl_layer *core, u32 index)
{
	struct mtdlayer_device *dev = export->dev;
	u32 page = max(MTDLAYER_SECTOR_SIZE, dev->flash.flash.write_size);
	struct mtd_info *mtd = &layer->mtd;

	layer->export = export;
	layer->index = index;
	layer->size = core->size;
	mtd->name = core->name;
	mtd->type = MTD_ROM;
	mtd->flags = MTD_CAP_ROM;
	mtd->size = round_up(core->size, (u64)page);
	mtd->erasesize = dev->mtdl.geometry.block_size;
	mtd->writesize = dev->flash.flash.write_size;
	mtd->writebufsize = mtd->writesize;
	mtd->owner = THIS_MODULE;
	mtd->dev.parent = &dev->dev;
	mtd->_read = mtdlayer_layer_read;
	mtd->_erase = mtdlayer_layer_erase;
	mtd->_get_device = mtdlayer_layer_get;
	mtd->_put_device = mtdlayer_layer_put;
}

/* One layer that cannot be registered is no reason to lose the others. */
static void mtdlayer_layer_register(struct mtdlayer_layer *layer)
{
	/* no parser may look for partitions in a layer, let alone load a module for it */
	static const char * const no_parsers[] = { NULL };
	int err;

	err = mtd_device_parse_register(&layer->mtd, no_parsers, NULL, NULL, 0);
	if (err)
		pr_err("mtdlayer%u: layer %s cannot be registered as an MTD device: error %d\n",
		       layer->export->dev->index, layer->mtd.name, err);
	layer->registered = !err;
}

static int mtdlayer_export_open(struct mtdlayer_device *dev)
{
	struct mtdl_release *release = dev->mtdl.exposed;
	struct mtdlayer_export *export;
	struct mtdlayer_map *map;
	u32 i;

	export = kvzalloc(struct_size(export, layers, release->layer_count), GFP_KERNEL);
	if (!export)
		return -ENOMEM;
	map = mtdlayer_map_alloc(dev);
	if (!map) {
		kvfree(export);
		return -ENOMEM;
	}
	get_device(&dev->dev);
	export->dev = dev;
	export->layer_count = release->layer_count;
	spin_lock_init(&export->lock);
	rcu_assign_pointer(export->map, map);
	dev->export = export;
	for (i = 0; i < export->layer_count; i++) {
		mtdlayer_layer_init(&export->layers[i], export, &release->layers[i], i);
		mtdlayer_layer_register(&export->layers[i]);
	}
	dev->stale = true;
	return 0;
}

int mtdlayer_export_sync(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	struct mtdl *mtdl = &dev->mtdl;
	int err;

	lockdep_assert_held(&dev->lock);
	if (!mtdl->exposed && mtdl->active) {
		if (mtdlayer_device_unrecorded(dev))
			return mtdl_fail(why, -EROFS, "release %s is not exposed: %s",
					 mtdl->active->release, mtdl->read_only);
		mtdl_expose_active(mtdl);
	}
	if (dev->export || !mtdl->exposed)
		return 0;
	err = mtdl_load_manifest(mtdl, mtdl->exposed, why);
	if (err && READ_ONCE(mtdlayer_verify) != MTDLAYER_VERIFY_OFF)
		return err;
	err = mtdlayer_export_open(dev);
	if (err)
		mtdl_fail(why, err, "there is not enough memory for the layers' MTD devices");
	return err;
}

/* Lets nobody in any more; -EBUSY if somebody is in. */
static int mtdlayer_export_shut(struct mtdlayer_export *export, struct mtdl_reason *why)
{
	u32 i;

	spin_lock(&export->lock);
	if (!export->open) {
		export->closed = true;
		spin_unlock(&export->lock);
		return 0;
	}
	export->awaited = mtdlayer_device_gone(export->dev);
	for (i = 0; !export->layers[i].open; i++)
		;
	spin_unlock(&export->lock);
	return mtdl_fail(why, -EBUSY,
			 "layer %s of mtdlayer%u is in use (mtd%d): unmount or close it first",
			 export->layers[i].mtd.name, export->dev->index,
			 export->layers[i].mtd.index);
}

int mtdlayer_export_close(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	struct mtdlayer_export *export = dev->export;
	struct mtdlayer_map *map;
	u32 i;
	int err;

	lockdep_assert_held(&dev->lock);
	if (!export)
		return 0;
	err = mtdlayer_export_shut(export, why);
	if (err)
		return err;
	for (i = export->layer_count; i-- > 0;)
		if (export->layers[i].registered)
			WARN_ON(mtd_device_unregister(&export->layers[i].mtd));
	map = rcu_replace_pointer(export->map, NULL, lockdep_is_held(&dev->lock));
	synchronize_srcu(&dev->flash.srcu);
	mtdlayer_map_free(map);
	dev->export = NULL;
	dev->stale = true;
	kvfree(export);
	put_device(&dev->dev);
	return 0;
}

int mtdlayer_export_mtd(struct mtdlayer_device *dev, u32 layer)
{
	struct mtdlayer_export *export = dev->export;

	lockdep_assert_held(&dev->lock);
	if (!export || layer >= export->layer_count || !export->layers[layer].registered)
		return -1;
	return export->layers[layer].mtd.index;
}

bool mtdlayer_export_is_layer(const struct mtd_info *mtd)
{
	return mtd->_read == mtdlayer_layer_read;
}

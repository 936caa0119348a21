// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each layer of the exposed release as a read-only MTD device.
 *
 * Readers hold no lock.  They find an immutable struct mtdlayer_map under SRCU, look a
 * byte up in it and read it within one section, so that no block can be reused between
 * the two: whoever withdraws a map waits for the sections that saw it.  When blocks are moved,
 * another map takes the place of the first in the same way.
 *
 * A block is hashed before its first byte is handed out (policy "first", the default),
 * by buffers that were allocated beforehand: reading must work when memory is short, since
 * it may be what frees memory.  What does not match, and what the flash cannot correct,
 * is -EIO with a zeroed buffer: MTD's character device hands the bytes of -EBADMSG and of
 * -EUCLEAN out.  Corrected bits are no error; the block is moved in the background.
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
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "device.h"
#include "export.h"
#include "netlink.h"
#include "work.h"

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
 * @data: @mtdlayer_pool.size bytes
 */
struct mtdlayer_scratch {
	struct mtdlayer_scratch *next;
	u8 *data;
};

/**
 * struct mtdlayer_map - where the bytes of a release are: what readers look at
 * @release: a reference; never changes while it is exposed
 * @verifiable: its digests are loaded
 * @verified: bitmap over all logical blocks: found right since they are where they are
 * @reported: bitmap over all logical blocks: found wrong there, and said so
 */
struct mtdlayer_map {
	struct mtdl_release *release;
	bool verifiable;
	unsigned long *verified;
	unsigned long *reported;
};

/**
 * struct mtdlayer_pool - buffers to hash with
 * @lock: protects @free
 * @free: unused buffers
 * @returned: woken when one is given back
 * @size: bytes of each
 * @scratch: all of them
 */
struct mtdlayer_pool {
	/* protects free */
	spinlock_t lock;
	struct mtdlayer_scratch *free;
	wait_queue_head_t returned;
	u32 size;
	struct mtdlayer_scratch scratch[MTDLAYER_SCRATCH_COUNT];
};

/**
 * struct mtdlayer_layer - a layer as an MTD device
 * @mtd: the device
 * @export: what it belongs to
 * @index: of the layer in its release
 * @name: of @mtd: the release, which has it too, goes when a block is moved
 * @size: its exact size, bytes; @mtd.size is rounded up
 * @registered: MTD knows it; protected by the device's lock
 * @barred: it is to be written over; protected by @export->lock
 * @open: how often it is open; protected by @export->lock
 */
struct mtdlayer_layer {
	struct mtd_info mtd;
	struct mtdlayer_export *export;
	char name[MTDL_NAME_SIZE + 1];
	u32 index;
	u64 size;
	bool registered;
	bool barred;
	u32 open;
};

/**
 * struct mtdlayer_export - the layers of one release as MTD devices
 * @dev: a reference
 * @map: under @dev->flash.srcu; NULL: nothing is readable any more
 * @pool: what readers hash with
 * @lock: protects @open, @closed, @awaited and each layer's open and barred; taken inside
 *	mtd_table_mutex
 * @open: sum over all layers
 * @closed: no more opens are let in
 * @awaited: the last put calls mtdlayer_device_reap()
 * @layer_count: layers
 * @layers: the layers
 */
struct mtdlayer_export {
	struct mtdlayer_device *dev;
	struct mtdlayer_map __rcu *map;
	struct mtdlayer_pool pool;
	/* protects open, closed, awaited, and each layer's open and barred */
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

static struct mtdlayer_scratch *mtdlayer_scratch_try(struct mtdlayer_pool *pool)
{
	struct mtdlayer_scratch *scratch;

	spin_lock(&pool->lock);
	scratch = pool->free;
	if (scratch)
		pool->free = scratch->next;
	spin_unlock(&pool->lock);
	return scratch;
}

static struct mtdlayer_scratch *mtdlayer_scratch_get(struct mtdlayer_pool *pool)
{
	struct mtdlayer_scratch *scratch;

	wait_event(pool->returned, (scratch = mtdlayer_scratch_try(pool)));
	return scratch;
}

static void mtdlayer_scratch_put(struct mtdlayer_pool *pool, struct mtdlayer_scratch *scratch)
{
	spin_lock(&pool->lock);
	scratch->next = pool->free;
	pool->free = scratch;
	spin_unlock(&pool->lock);
	wake_up(&pool->returned);
}

/**
 * struct mtdlayer_read - bytes of one block that are to be read, within an SRCU section
 * @layer: of which
 * @map: where they are
 * @off: byte in the layer
 * @buf: where to
 * @len: bytes, all of one logical block
 */
struct mtdlayer_read {
	struct mtdlayer_layer *layer;
	struct mtdlayer_map *map;
	u64 off;
	u8 *buf;
	u32 len;
};

static const struct mtdl_layer *mtdlayer_read_core(const struct mtdlayer_read *read)
{
	return &read->map->release->layers[read->layer->index];
}

/* Remembers, and tells, what came of looking at a block; 0 if its bytes may be handed out. */
static int mtdlayer_read_judge(const struct mtdlayer_read *read, bool verified, int err)
{
	struct mtdlayer_device *dev = read->layer->export->dev;
	const struct mtdl_layer *core = mtdlayer_read_core(read);
	u32 block = read->off >> dev->mtdl.geometry.block_shift;
	struct mtdlayer_map *map = read->map;
	u32 bit = core->first + block;

	if (err == -EUCLEAN)
		mtdlayer_work_flipped(dev, core->map[block]);
	if (!err || err == -EUCLEAN) {
		if (verified)
			set_bit(bit, map->verified);
		return 0;
	}
	clear_bit(bit, map->verified);
	if ((err != -EBADMSG && err != -EIO) || test_and_set_bit(bit, map->reported))
		return -EIO;
	pr_err("mtdlayer%u: block %u of layer %s (flash block %u) is not what release %s names, or cannot be read; reading it fails\n",
	       dev->index, block, core->name, core->map[block], map->release->release);
	mtdlayer_netlink_verify_failed(dev->index, MTDLAYER_RELEASE_EXPOSED, read->layer->index,
				       block, GFP_NOIO);
	return -EIO;
}

/* Makes sure that the block is what the manifest names, if nobody has done so before. */
static int mtdlayer_read_verify(const struct mtdlayer_read *read)
{
	struct mtdlayer_export *export = read->layer->export;
	struct mtdlayer_device *dev = export->dev;
	const struct mtdl_layer *core = mtdlayer_read_core(read);
	u32 block = read->off >> dev->mtdl.geometry.block_shift;
	struct mtdlayer_scratch *scratch;
	int err;

	if (test_bit(core->first + block, read->map->verified))
		return 0;
	scratch = mtdlayer_scratch_get(&export->pool);
	err = mtdl_verify_block(&dev->flash.flash, &dev->mtdl.geometry, core, block,
				scratch->data, export->pool.size);
	mtdlayer_scratch_put(&export->pool, scratch);
	return mtdlayer_read_judge(read, true, err);
}

/* Hands out the very bytes that were hashed. */
static int mtdlayer_read_hashed(const struct mtdlayer_read *read)
{
	struct mtdlayer_export *export = read->layer->export;
	struct mtdlayer_device *dev = export->dev;
	struct mtdlayer_scratch *scratch;
	int err;

	scratch = mtdlayer_scratch_get(&export->pool);
	err = mtdl_read_verified(&dev->flash.flash, &dev->mtdl.geometry, mtdlayer_read_core(read),
				 read->off, read->buf, read->len, scratch->data,
				 export->pool.size);
	mtdlayer_scratch_put(&export->pool, scratch);
	return mtdlayer_read_judge(read, true, err);
}

static int mtdlayer_read_part(const struct mtdlayer_read *read)
{
	struct mtdlayer_device *dev = read->layer->export->dev;
	const struct mtdl_layer *core = mtdlayer_read_core(read);
	int policy = READ_ONCE(mtdlayer_verify);
	int err = 0;

	/* it says so itself: nothing is wrong with the flash */
	if (core->flags & MTDL_LAYER_INCOMPLETE)
		return -EIO;
	if (policy != MTDLAYER_VERIFY_OFF && !read->map->verifiable)
		return -EIO;
	if (policy == MTDLAYER_VERIFY_ALWAYS)
		return mtdlayer_read_hashed(read);
	if (policy == MTDLAYER_VERIFY_FIRST)
		err = mtdlayer_read_verify(read);
	if (err)
		return err;
	err = mtdl_read(&dev->flash.flash, &dev->mtdl.geometry, core, read->off, read->buf,
			read->len);
	return mtdlayer_read_judge(read, false, err);
}

/* Block by block: what the flash says of a range is then said of one block. */
static int mtdlayer_layer_read_data(struct mtdlayer_layer *layer, u64 off, u8 *buf, u64 len)
{
	struct mtdlayer_device *dev = layer->export->dev;
	u32 block_size = dev->mtdl.geometry.block_size;
	struct mtdlayer_read read = { .layer = layer, .off = off, .buf = buf };
	int err = -EIO;
	int idx;

	mtdlayer_work_reading(dev);
	idx = srcu_read_lock(&dev->flash.srcu);
	read.map = srcu_dereference(layer->export->map, &dev->flash.srcu);
	if (read.map)
		err = 0;
	for (; !err && len; read.off += read.len, read.buf += read.len, len -= read.len) {
		u32 inside = (u32)read.off & (block_size - 1);

		read.len = min_t(u64, len, block_size - inside);
		err = mtdlayer_read_part(&read);
	}
	srcu_read_unlock(&dev->flash.srcu, idx);
	return err ? -EIO : 0;
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
	} else if (layer->barred) {
		err = -EBUSY;
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
	kvfree(map->reported);
	kvfree(map->verified);
	mtdl_release_put(map->release);
	kfree(map);
}

static struct mtdlayer_map *mtdlayer_map_alloc(struct mtdl_release *release)
{
	size_t longs = BITS_TO_LONGS(release->block_total);
	struct mtdlayer_map *map;

	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return NULL;
	map->release = mtdl_release_get(release);
	map->verifiable = release->manifest;
	map->verified = kvcalloc(longs, sizeof(*map->verified), GFP_KERNEL);
	map->reported = kvcalloc(longs, sizeof(*map->reported), GFP_KERNEL);
	if (map->verified && map->reported)
		return map;
	mtdlayer_map_free(map);
	return NULL;
}

/* What is known of the blocks that have not been moved. */
static void mtdlayer_map_carry(struct mtdlayer_map *map, const struct mtdlayer_map *old)
{
	const struct mtdl_release *release = map->release;
	u32 i, j;

	bitmap_copy(map->verified, old->verified, release->block_total);
	bitmap_copy(map->reported, old->reported, release->block_total);
	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; j < layer->block_count; j++) {
			if (layer->map[j] == old->release->layers[i].map[j])
				continue;
			__clear_bit(layer->first + j, map->verified);
			__clear_bit(layer->first + j, map->reported);
		}
	}
}

static void mtdlayer_pool_free(struct mtdlayer_pool *pool)
{
	u32 i;

	for (i = 0; i < MTDLAYER_SCRATCH_COUNT; i++)
		kvfree(pool->scratch[i].data);
}

static int mtdlayer_pool_alloc(struct mtdlayer_pool *pool, u32 size)
{
	u32 i;

	spin_lock_init(&pool->lock);
	init_waitqueue_head(&pool->returned);
	pool->size = size;
	for (i = 0; i < MTDLAYER_SCRATCH_COUNT; i++) {
		pool->scratch[i].data = kvmalloc(size, GFP_KERNEL);
		if (!pool->scratch[i].data) {
			mtdlayer_pool_free(pool);
			return -ENOMEM;
		}
		pool->scratch[i].next = pool->free;
		pool->free = &pool->scratch[i];
	}
	return 0;
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
	strscpy(layer->name, core->name, sizeof(layer->name));
	mtd->name = layer->name;
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

static void mtdlayer_export_free(struct mtdlayer_export *export)
{
	mtdlayer_pool_free(&export->pool);
	vfree(export);
}

static struct mtdlayer_export *mtdlayer_export_alloc(struct mtdlayer_device *dev)
{
	struct mtdl_release *release = dev->mtdl.exposed;
	struct mtdlayer_export *export;
	struct mtdlayer_map *map;

	/* whole pages: kmalloc() would round the many struct mtd_info up to a power of two */
	export = vzalloc(struct_size(export, layers, release->layer_count));
	if (!export)
		return NULL;
	if (mtdlayer_pool_alloc(&export->pool,
				min(dev->mtdl.geometry.block_size, MTDLAYER_SCRATCH_SIZE)))
		goto err_free_export;
	map = mtdlayer_map_alloc(release);
	if (!map)
		goto err_free_pool;
	export->layer_count = release->layer_count;
	spin_lock_init(&export->lock);
	rcu_assign_pointer(export->map, map);
	return export;

err_free_pool:
	mtdlayer_pool_free(&export->pool);
err_free_export:
	vfree(export);
	return NULL;
}

static int mtdlayer_export_open(struct mtdlayer_device *dev)
{
	struct mtdlayer_export *export;
	u32 i;

	export = mtdlayer_export_alloc(dev);
	if (!export)
		return -ENOMEM;
	get_device(&dev->dev);
	export->dev = dev;
	dev->export = export;
	for (i = 0; i < export->layer_count; i++) {
		mtdlayer_layer_init(&export->layers[i], export, &dev->mtdl.exposed->layers[i], i);
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
	/* nobody reads: there is nobody to wait for */
	if (!dev->export)
		mtdl_follow(mtdl);
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

/* Has readers look at @release, which has the same bytes as what they look at now. */
static int mtdlayer_export_switch(struct mtdlayer_export *export, struct mtdl_release *release,
				  struct mtdl_reason *why)
{
	struct mtdlayer_device *dev = export->dev;
	struct mtdlayer_map *map, *old;

	old = rcu_dereference_protected(export->map, lockdep_is_held(&dev->lock));
	if (old->release == release)
		return 0;
	map = mtdlayer_map_alloc(release);
	if (!map)
		return mtdl_fail(why, -ENOMEM,
				 "there is not enough memory for the map of %u blocks",
				 release->block_total);
	mtdlayer_map_carry(map, old);
	rcu_assign_pointer(export->map, map);
	synchronize_srcu(&dev->flash.srcu);
	mtdlayer_map_free(old);
	dev->stale = true;
	return 0;
}

int mtdlayer_export_follow(struct mtdlayer_device *dev, struct mtdl_reason *why)
{
	struct mtdl *mtdl = &dev->mtdl;
	struct mtdl_release *release = mtdl_moved(mtdl) ?: mtdl->exposed;
	int err = 0;

	lockdep_assert_held(&dev->lock);
	/* what is written over in place is exposed as incomplete without having been moved */
	if (dev->export)
		err = mtdlayer_export_switch(dev->export, release, why);
	if (!err)
		mtdl_follow(mtdl);
	return err;
}

/* ---- layers that are written over ---- */

int mtdlayer_export_bar(struct mtdlayer_device *dev, const char *name, struct mtdl_reason *why)
{
	struct mtdlayer_export *export = dev->export;
	struct mtdlayer_layer *layer = NULL;
	bool open = false;
	u32 i;

	lockdep_assert_held(&dev->lock);
	for (i = 0; export && i < export->layer_count && !layer; i++)
		if (!strcmp(export->layers[i].name, name))
			layer = &export->layers[i];
	if (!layer)
		return 0;
	spin_lock(&export->lock);
	open = layer->open;
	layer->barred = !open;
	spin_unlock(&export->lock);
	if (!open)
		return 0;
	return mtdl_fail(why, -EBUSY,
			 "layer %s of mtdlayer%u would be written over, but is in use (mtd%d): unmount or close it first",
			 name, dev->index, layer->mtd.index);
}

void mtdlayer_export_unbar(struct mtdlayer_device *dev)
{
	struct mtdlayer_export *export = dev->export;
	u32 i;

	lockdep_assert_held(&dev->lock);
	if (!export)
		return;
	spin_lock(&export->lock);
	for (i = 0; i < export->layer_count; i++)
		export->layers[i].barred = false;
	spin_unlock(&export->lock);
}

/* ---- unregistering ---- */

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
	mtdlayer_export_free(export);
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

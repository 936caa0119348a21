// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core's flash operations over an MTD device: the parent.
 *
 * The parent can be removed at any time: its driver's module is held, but a
 * device can be unbound and a partition deleted, and MTD only tells, it does not
 * ask.  Every operation therefore looks the pointer up inside an SRCU section;
 * the notifier clears it and waits for the sections before it lets the parent go.
 * Taking and giving back happen under mtd_table_mutex, the lock under which the
 * notifier runs.  MTD does not export that lock, but calls the add() of a notifier
 * that is being registered with it held, for every device there is.
 *
 * An error is evidence against cells only if the driver says -EIO and neither a
 * write protection nor a shutdown explains it.  All else stays what it was, so
 * that the core retires no block for it.
 *
 * Whether cells are locked is asked only after something went wrong: a chip of the Intel
 * command set is switched to another mode for the answer, without the chip's lock, and
 * whoever reads meanwhile gets other bytes.  Such a chip refuses by itself, with -EROFS.
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mtd/partitions.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "core/mtdl.h"
#include "device.h"
#include "export.h"
#include "flash.h"

#define MTDLAYER_WRITE_SIZE_MAX	8192U

/* What is read back after an erase, in bytes; less than any eraseblock. */
#define MTDLAYER_PROBE_SIZE	64U

static struct mtdlayer_flash *to_mtdlayer_flash(struct mtdl_flash *flash)
{
	return container_of(flash, struct mtdlayer_flash, flash);
}

static struct mtd_info *mtdlayer_flash_parent(struct mtdlayer_flash *flash)
{
	return srcu_dereference(flash->parent, &flash->srcu);
}

static int mtdlayer_flash_read(struct mtdl_flash *core, u64 off, void *buf, u32 len)
{
	struct mtdlayer_flash *flash = to_mtdlayer_flash(core);
	struct mtd_info *mtd;
	size_t retlen = 0;
	int err = -ENODEV;
	int idx;

	idx = srcu_read_lock(&flash->srcu);
	mtd = mtdlayer_flash_parent(flash);
	if (mtd) {
		err = mtd_read(mtd, off, len, &retlen, buf);
		if ((!err || mtd_is_bitflip(err)) && retlen != len)
			err = -EIO;
	}
	srcu_read_unlock(&flash->srcu, idx);
	return err;
}

/* What an error of an eraseblock means: the cells' fault only if nothing forbade it. */
static int mtdlayer_flash_blame(struct mtdlayer_flash *flash, struct mtd_info *mtd, u64 off,
				int err)
{
	u64 start = off & ~(u64)(flash->flash.erase_size - 1);

	if (err != -EIO)
		return err;
	if (READ_ONCE(flash->frozen))
		return -ESHUTDOWN;
	if (mtd_is_locked(mtd, start, flash->flash.erase_size) > 0)
		return -EROFS;
	return -EIO;
}

static int mtdlayer_flash_program(struct mtdl_flash *core, u64 off, const void *buf, u32 len)
{
	struct mtdlayer_flash *flash = to_mtdlayer_flash(core);
	struct mtd_info *mtd;
	size_t retlen = 0;
	int err = -ENODEV;
	int idx;

	idx = srcu_read_lock(&flash->srcu);
	mtd = mtdlayer_flash_parent(flash);
	if (mtd && READ_ONCE(flash->frozen)) {
		err = -ESHUTDOWN;
	} else if (mtd) {
		err = mtd_write(mtd, off, len, &retlen, buf);
		if (!err && retlen != len)
			err = -EIO;
		err = mtdlayer_flash_blame(flash, mtd, off, err);
	}
	srcu_read_unlock(&flash->srcu, idx);
	return err;
}

/* Some chips ignore an erase of locked cells without a word: their old bytes tell. */
static int mtdlayer_flash_probe(struct mtd_info *mtd, u64 off)
{
	u8 probe[MTDLAYER_PROBE_SIZE];
	size_t retlen = 0;
	int err;

	err = mtd_read(mtd, off, sizeof(probe), &retlen, probe);
	/* NAND drivers may find erased pages uncorrectable: that is for who reads them */
	if ((err && !mtd_is_bitflip(err)) || retlen != sizeof(probe))
		return 0;
	return memchr_inv(probe, 0xff, sizeof(probe)) ? -EIO : 0;
}

static int mtdlayer_flash_erase(struct mtdl_flash *core, u64 off)
{
	struct mtdlayer_flash *flash = to_mtdlayer_flash(core);
	struct erase_info erase = {
		.addr = off,
		.len = core->erase_size,
	};
	struct mtd_info *mtd;
	int err = -ENODEV;
	int idx;

	idx = srcu_read_lock(&flash->srcu);
	mtd = mtdlayer_flash_parent(flash);
	if (mtd && READ_ONCE(flash->frozen)) {
		err = -ESHUTDOWN;
	} else if (mtd) {
		err = mtd_erase(mtd, &erase);
		if (!err)
			err = mtdlayer_flash_probe(mtd, off);
		err = mtdlayer_flash_blame(flash, mtd, off, err);
	}
	srcu_read_unlock(&flash->srcu, idx);
	cond_resched();
	return err;
}

static int mtdlayer_flash_is_bad(struct mtdl_flash *core, u64 off)
{
	struct mtdlayer_flash *flash = to_mtdlayer_flash(core);
	struct mtd_info *mtd;
	int ret = -ENODEV;
	int idx;

	idx = srcu_read_lock(&flash->srcu);
	mtd = mtdlayer_flash_parent(flash);
	if (mtd)
		ret = mtd_block_isbad(mtd, off);
	srcu_read_unlock(&flash->srcu, idx);
	return ret > 0 ? 1 : ret;
}

static int mtdlayer_flash_mark_bad(struct mtdl_flash *core, u64 off)
{
	struct mtdlayer_flash *flash = to_mtdlayer_flash(core);
	struct mtd_info *mtd;
	int err = -ENODEV;
	int idx;

	idx = srcu_read_lock(&flash->srcu);
	mtd = mtdlayer_flash_parent(flash);
	if (mtd && READ_ONCE(flash->frozen))
		err = -ESHUTDOWN;
	else if (mtd)
		err = mtd_block_markbad(mtd, off);
	srcu_read_unlock(&flash->srcu, idx);
	return err;
}

static const struct mtdl_flash_ops mtdlayer_flash_ops = {
	.read = mtdlayer_flash_read,
	.program = mtdlayer_flash_program,
	.erase = mtdlayer_flash_erase,
	.is_bad = mtdlayer_flash_is_bad,
	.mark_bad = mtdlayer_flash_mark_bad,
};

/* Whether what @mtd is allows layers on it at all. */
static int mtdlayer_flash_check_kind(struct mtd_info *mtd, struct mtdl_reason *why)
{
	if (mtd->type == MTD_UBIVOLUME)
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) is a UBI volume, which remaps blocks itself: attach the MTD device below UBI, or one that UBI does not use",
				 mtd->index, mtd->name);
	if (mtdlayer_export_is_layer(mtd_get_master(mtd)))
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) is itself a layer: attach the MTD device that carries it",
				 mtd->index, mtd->name);
	if (mtd->type == MTD_MLCNANDFLASH || mtd_get_master(mtd)->type == MTD_MLCNANDFLASH)
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) is MLC NAND, where a program that is cut short damages other pages: use SLC NAND or NOR",
				 mtd->index, mtd->name);
	if (mtd->type == MTD_DATAFLASH)
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) is DataFlash, which is not erased in blocks of a power of two: use NOR or SLC NAND",
				 mtd->index, mtd->name);
	if (mtd->type == MTD_ABSENT)
		return mtdl_fail(why, -EINVAL, "mtd%d (%s) has no flash chip",
				 mtd->index, mtd->name);
	if (mtd_has_partitions(mtd))
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) has partitions, which the layers would overwrite: attach one of the partitions",
				 mtd->index, mtd->name);
	return 0;
}

static int mtdlayer_flash_check_size(struct mtd_info *mtd, struct mtdl_reason *why)
{
	if (!mtd->size)
		return mtdl_fail(why, -EINVAL, "mtd%d (%s) has a size of 0 bytes",
				 mtd->index, mtd->name);
	if (!is_power_of_2(mtd->erasesize))
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) has eraseblocks of %u bytes, which is not a power of two: it cannot carry layers",
				 mtd->index, mtd->name, mtd->erasesize);
	if (!is_power_of_2(mtd->writesize) || mtd->writesize > MTDLAYER_WRITE_SIZE_MAX)
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) has a write size of %u bytes; layers need a power of two of at most %u",
				 mtd->index, mtd->name, mtd->writesize, MTDLAYER_WRITE_SIZE_MAX);
	if (mtd->size < mtd->erasesize)
		return mtdl_fail(why, -EINVAL,
				 "mtd%d (%s) has %llu bytes, less than one eraseblock of %u",
				 mtd->index, mtd->name, mtd->size, mtd->erasesize);
	return 0;
}

/**
 * struct mtdlayer_search - a walk over all MTD devices under mtd_table_mutex
 * @notifier: whose add() MTD calls for each of them
 * @flash: that gets, or has, a parent
 * @parent: which one is meant; NULL: the one that @flash has
 * @found: devices that fit so far
 * @first: the first of them
 * @err: of taking it
 * @why: reason of a refusal
 */
struct mtdlayer_search {
	struct mtd_notifier notifier;
	struct mtdlayer_flash *flash;
	const struct mtdlayer_parent *parent;
	unsigned int found;
	int first;
	int err;
	struct mtdl_reason *why;
};

/*
 * The one search that is going on (mtdlayer_attach_mutex serialises them): its add() has
 * no other way to find it, because the callback gets the MTD device alone.
 */
static struct mtdlayer_search *mtdlayer_search;

static void mtdlayer_search_ignore(struct mtd_info *mtd)
{
}

static void mtdlayer_search_walk(struct mtdlayer_search *search, void (*add)(struct mtd_info *mtd))
{
	lockdep_assert_held(&mtdlayer_attach_mutex);
	search->notifier.add = add;
	search->notifier.remove = mtdlayer_search_ignore;
	mtdlayer_search = search;
	register_mtd_user(&search->notifier);
	unregister_mtd_user(&search->notifier);
	mtdlayer_search = NULL;
}

static bool mtdlayer_search_fits(const struct mtdlayer_search *search, struct mtd_info *mtd)
{
	if (search->parent->index >= 0)
		return mtd->index == search->parent->index;
	/* a layer may well be called as the partition that carries it */
	return !strcmp(mtd->name, search->parent->name) &&
	       !mtdlayer_export_is_layer(mtd_get_master(mtd));
}

/* Takes @mtd as parent; mtd_table_mutex is held. */
static int mtdlayer_search_take(struct mtdlayer_search *search, struct mtd_info *mtd)
{
	struct mtdlayer_flash *flash = search->flash;
	int err;

	err = mtdlayer_flash_check_kind(mtd, search->why);
	if (!err)
		err = mtdlayer_flash_check_size(mtd, search->why);
	if (err)
		return err;
	if (mtdlayer_device_has_parent(mtd))
		return mtdl_fail(search->why, -EBUSY, "mtd%d (%s) is attached already",
				 mtd->index, mtd->name);
	flash->name = kstrdup(mtd->name, GFP_KERNEL);
	if (!flash->name)
		return -ENOMEM;
	err = __get_mtd_device(mtd);
	if (err) {
		kfree(flash->name);
		flash->name = NULL;
		return mtdl_fail(search->why, err, "mtd%d (%s) cannot be opened: error %d",
				 mtd->index, mtd->name, err);
	}
	flash->index = mtd->index;
	flash->flash.ops = &mtdlayer_flash_ops;
	flash->flash.size = mtd->size;
	flash->flash.erase_size = mtd->erasesize;
	flash->flash.write_size = mtd->writesize;
	flash->flash.can_have_bad_blocks = mtd_can_have_bb(mtd);
	flash->flash.read_only = !(mtd->flags & MTD_WRITEABLE);
	rcu_assign_pointer(flash->parent, mtd);
	return 0;
}

static void mtdlayer_search_add(struct mtd_info *mtd)
{
	struct mtdlayer_search *search = mtdlayer_search;

	if (!mtdlayer_search_fits(search, mtd))
		return;
	if (search->found++)
		return;
	search->first = mtd->index;
	search->err = mtdlayer_search_take(search, mtd);
}

int mtdlayer_flash_get(struct mtdlayer_flash *flash, const struct mtdlayer_parent *parent,
		       struct mtdl_reason *why)
{
	struct mtdlayer_search search = {
		.flash = flash,
		.parent = parent,
		.why = why,
	};

	mtdlayer_search_walk(&search, mtdlayer_search_add);
	if (!search.found && parent->index >= 0)
		return mtdl_fail(why, -ENODEV, "there is no MTD device mtd%d: see /proc/mtd",
				 parent->index);
	if (!search.found)
		return mtdl_fail(why, -ENODEV, "there is no MTD device called %s: see /proc/mtd",
				 parent->name);
	if (search.found > 1) {
		mtdlayer_flash_put(flash);
		return mtdl_fail(why, -ENOTUNIQ,
				 "%u MTD devices are called %s (mtd%d is the first): give a number instead",
				 search.found, parent->name, search.first);
	}
	return search.err;
}

/* Whoever turns the pointer into NULL, under mtd_table_mutex, gives the parent back. */
static void mtdlayer_flash_drop(struct mtdlayer_flash *flash, struct mtd_info *mtd)
{
	RCU_INIT_POINTER(flash->parent, NULL);
	synchronize_srcu(&flash->srcu);
	__put_mtd_device(mtd);
}

static void mtdlayer_search_put(struct mtd_info *mtd)
{
	struct mtdlayer_flash *flash = mtdlayer_search->flash;

	if (rcu_access_pointer(flash->parent) == mtd)
		mtdlayer_flash_drop(flash, mtd);
}

void mtdlayer_flash_put(struct mtdlayer_flash *flash)
{
	struct mtdlayer_search search = {
		.flash = flash,
	};

	if (rcu_access_pointer(flash->parent))
		mtdlayer_search_walk(&search, mtdlayer_search_put);
}

void mtdlayer_flash_gone(struct mtdlayer_flash *flash)
{
	struct mtd_info *mtd = rcu_access_pointer(flash->parent);

	if (mtd)
		mtdlayer_flash_drop(flash, mtd);
}

void mtdlayer_flash_freeze(struct mtdlayer_flash *flash)
{
	WRITE_ONCE(flash->frozen, true);
	synchronize_srcu(&flash->srcu);
}

int mtdlayer_flash_init(struct mtdlayer_flash *flash)
{
	flash->index = -1;
	return init_srcu_struct(&flash->srcu);
}

void mtdlayer_flash_cleanup(struct mtdlayer_flash *flash)
{
	WARN_ON(rcu_access_pointer(flash->parent));
	cleanup_srcu_struct(&flash->srcu);
	kfree(flash->name);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's flash operations over an MTD device: the parent.
 */
#ifndef MTDLAYER_FLASH_H
#define MTDLAYER_FLASH_H

#include <linux/mtd/mtd.h>
#include <linux/srcu.h>

#include "core/flash.h"
#include "core/reason.h"

/**
 * struct mtdlayer_flash - a parent, as long as there is one
 * @flash: what the core works on; its ops find the rest by container_of()
 * @srcu: read side around every use of @parent, and around whatever depends on
 *	what lies where (see export.c)
 * @parent: the MTD device, or NULL: gone, or given back.  Set to NULL with
 *	mtd_table_mutex held, and used no more once @srcu has been synchronised.
 * @frozen: the system is going down: nothing is programmed or erased any more
 * @index: number of the parent
 * @name: its name; outlives it
 */
struct mtdlayer_flash {
	struct mtdl_flash flash;
	struct srcu_struct srcu;
	struct mtd_info __rcu *parent;
	bool frozen;
	int index;
	char *name;
};

/**
 * struct mtdlayer_parent - which MTD device is meant
 * @index: its number, or -1: by @name
 * @name: its name, which no other may have; not used with an @index
 */
struct mtdlayer_parent {
	int index;
	const char *name;
};

/** mtdlayer_flash_init() - prepare for a parent; 0 or -ENOMEM */
int mtdlayer_flash_init(struct mtdlayer_flash *flash);

/** mtdlayer_flash_cleanup() - undo mtdlayer_flash_init(); the parent is gone or given back */
void mtdlayer_flash_cleanup(struct mtdlayer_flash *flash);

/**
 * mtdlayer_flash_get() - find a parent, see whether it can carry layers, take it
 * @flash: filled in
 * @parent: which one is meant
 * @why: reason of a refusal
 *
 * Takes mtd_table_mutex.  What it takes is given back by mtdlayer_flash_put(), or
 * by mtdlayer_flash_gone() when the parent is removed.
 *
 * Return: 0, -ENODEV (none), -ENOTUNIQ (two have the name), -EBUSY (attached
 * already), -EINVAL (cannot carry layers) or -ENOMEM.
 */
int mtdlayer_flash_get(struct mtdlayer_flash *flash, const struct mtdlayer_parent *parent,
		       struct mtdl_reason *why);

/** mtdlayer_flash_put() - give the parent back, if it is still there; takes mtd_table_mutex */
void mtdlayer_flash_put(struct mtdlayer_flash *flash);

/**
 * mtdlayer_flash_gone() - the parent is being removed
 * @flash: whose; mtd_table_mutex is held
 *
 * Waits for operations that are under way.  The parent is not touched afterwards.
 */
void mtdlayer_flash_gone(struct mtdlayer_flash *flash);

/** mtdlayer_flash_freeze() - program and erase nothing any more; waits for what is under way */
void mtdlayer_flash_freeze(struct mtdlayer_flash *flash);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching at boot, as the module's parameters and the device tree say.
 */
#ifndef MTDLAYER_AUTOATTACH_H
#define MTDLAYER_AUTOATTACH_H

struct mtd_info;

/** mtdlayer_autoattach_setup() - read the parameters; 0 or a negative errno */
int mtdlayer_autoattach_setup(void);

/** mtdlayer_autoattach_stop() - attach nothing any more; waits for what is under way */
void mtdlayer_autoattach_stop(void);

/** mtdlayer_autoattach_cleanup() - undo the setup; no MTD device is reported any more */
void mtdlayer_autoattach_cleanup(void);

/** mtdlayer_autoattach_added() - MTD has a new device; mtd_table_mutex is held */
void mtdlayer_autoattach_added(struct mtd_info *mtd);

/** mtdlayer_autoattach_removed() - MTD removes @mtd; mtd_table_mutex is held */
void mtdlayer_autoattach_removed(struct mtd_info *mtd);

/** mtdlayer_autoattach_flush() - wait until what is there already is attached */
void mtdlayer_autoattach_flush(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board in the guest: simulated flash (mtdram), the module, and its ioctls.
 */
#ifndef BOARD_H
#define BOARD_H

#include <linux/mtdlayer.h>

#include "release.h"

#define BOARD_BLOCK	(64U << 10)	/* erase size and block size */
#define BOARD_BLOCKS	64U
#define BOARD_SIZE	(BOARD_BLOCKS * BOARD_BLOCK)

#define BOARD_TABLE_BLOCKS	8U

/* The layout of the usual releases: what lies behind the last slot is the pool. */
#define BOARD_KERNEL_START	8
#define BOARD_KERNEL_BLOCKS	4
#define BOARD_SYSTEM_START	12
#define BOARD_SYSTEM_BLOCKS	8
#define BOARD_APP_START		20
#define BOARD_APP_BLOCKS	2

/* The flash of QEMU's arm64 board: NOR of the Intel command set. */
#define NOR_NAME	"0.flash"
#define NOR_BLOCK	(256U << 10)

/**
 * struct board - a board under test
 * @mtd: number of the flash's MTD device
 * @control: /dev/mtdlayer-control
 * @index: N of mtdlayerN while @dev is open
 * @dev: /dev/mtdlayerN, or -1
 * @reason: of the last ioctl
 */
struct board {
	int mtd;
	int control;
	u32 index;
	int dev;
	char reason[MTDLAYER_REASON_SIZE];
};

/** test_missing() - what else a program needs and has not, or NULL; a program may define it */
const char *test_missing(void);

/** board_missing() - what keeps the tests from running here, or NULL */
const char *board_missing(void);

/** board_run() - run a command line; its exit status */
int board_run(const char *command);

/** board_find_mtd() - number of the MTD device called @name from number @from on, or -1 */
int board_find_mtd(const char *name, int from);

/** board_wait_no_mtd() - wait up to 5 s until no MTD device is called @name; whether so */
bool board_wait_no_mtd(const char *name);

/** board_wait_mtd() - wait up to 5 s for an MTD device called @name; its number or -1 */
int board_wait_mtd(const char *name);

/** board_load_flash() - a flash of @kib KiB with eraseblocks of @erase_kib, all erased; or -1 */
int board_load_flash(unsigned int kib, unsigned int erase_kib);

/** board_load_nand() - a NAND flash with nandsim's @parameters; its number or -1 */
int board_load_nand(const char *parameters);

/** board_open() - fresh flash, nothing attached; 0 or a negative errno */
int board_open(struct board *board);

/** board_close() - detach, close */
void board_close(struct board *board);

/** board_format() - make an empty layer table on MTD device @mtd; 0 or a negative errno */
int board_format(struct board *board, int mtd);

/** board_attach() - attach MTD device @mtd and open it; 0 or a negative errno */
int board_attach(struct board *board, int mtd);

/** board_attach_name() - the same by name */
int board_attach_name(struct board *board, const char *name);

/** board_open_device() - open /dev/mtdlayerN once more; a descriptor or a negative errno */
int board_open_device(u32 index);

/** board_detach() - detach; /dev/mtdlayerN stays open, as far as it is */
int board_detach(struct board *board);

/** board_ioctl() - one ioctl on @fd; 0 or a negative errno; the reason is copied to @board */
int board_ioctl(struct board *board, int fd, unsigned long cmd, void *arg);

/** board_says() - whether the last reason contains @text; prints it if not */
bool board_says(const struct board *board, const char *text);

/** board_begin() - begin with @release; @plan may be NULL */
int board_begin(struct board *board, const struct test_release *release, u32 flags,
		struct mtdlayer_begin *plan);

/** board_write() - write one block as the release has it */
int board_write(struct board *board, const struct test_release *release, u32 layer, u32 block);

/** board_write_wanted() - write up to @limit wanted blocks; their number or a negative errno */
int board_write_wanted(struct board *board, const struct test_release *release, u32 limit);

/** board_change() - SYNC, COMMIT, BOOT, CONFIRM, ROLLBACK or ABORT */
int board_change(struct board *board, unsigned long cmd);

/** board_install() - begin, write, commit */
int board_install(struct board *board, const struct test_release *release);

/** board_dump() - all bytes of MTD device @mtd in a buffer that the caller frees, or NULL */
u8 *board_dump(int mtd, u32 *size);

/** board_layer_is() - whether the layer's MTD device reads as @release says */
bool board_layer_is(const struct test_release *release, u32 layer);

/** board_open_mtd() - open /dev/mtdN; a descriptor or a negative errno */
int board_open_mtd(int mtd, int flags);

/** board_add_partition() - a partition of @mtd; its number or -1 */
int board_add_partition(int mtd, const char *name, u32 start, u32 size);

/** board_del_partition() - delete partition @partition of @mtd; 0 or a negative errno */
int board_del_partition(int mtd, int partition);

/** usual_release() - kernel, system and app; @app_size decides whether app outgrows its slot */
void usual_release(struct test_release *release, const char *version, u32 seed, u32 app_size);

#endif

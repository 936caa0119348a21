// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reads of the kernel's mtd_pagetest, for a device that cannot be written.
 *
 * It is compiled from the kernel's own pagetest.c, with what erases and programs left out: the
 * device must hold already what the test would write, prandom_bytes_state() from seed 1 on.
 * What remains reads two pages at a time, at every page and across eraseblocks, between reads of
 * the first and the last pages, and compares them with what should be there.
 *
 * Left out, because they are about erasing: the erasure of the whole device, erasecrosstest and
 * erasetest.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mtd/mtd.h>

/* a layer is ROM; the test asks whether there are pages, and these its parent has */
#define mtd_type_is_nand(mtd)		true

#define mtdtest_write			pagereads_write
#define mtdtest_erase_eraseblock	pagereads_erase
#define mtdtest_erase_good_eraseblocks	pagereads_erase_all

/* a definition has the argument void, and a body that nobody calls; a call has none and is 0 */
#define erasecrosstest(arg)		PAGEREADS_CROSS_ ## arg
#define PAGEREADS_CROSS_void		__maybe_unused pagereads_no_erasecrosstest(void)
#define PAGEREADS_CROSS_		0
#define erasetest(arg)			PAGEREADS_ERASE_ ## arg
#define PAGEREADS_ERASE_void		__maybe_unused pagereads_no_erasetest(void)
#define PAGEREADS_ERASE_		0

#include "pagetest.c"

int pagereads_write(struct mtd_info *device, loff_t addr, size_t size, const void *buf)
{
	return 0;
}

int pagereads_erase(struct mtd_info *device, unsigned int ebnum)
{
	return -EROFS;
}

int pagereads_erase_all(struct mtd_info *device, unsigned char *bad, unsigned int eb, int count)
{
	return 0;
}

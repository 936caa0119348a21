// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flash operations over /dev/mtdN, for a device that no module drives.
 */
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../kmod/core/util.h"
#include "image.h"

#define MTD_MAJOR	90

static struct image *to_image(struct mtdl_flash *flash)
{
	return (struct image *)flash;
}

/* Bad blocks and an ECC that reports are NAND's: NOR has no such counters. */
static bool ecc_counters(const struct image *image, struct mtd_ecc_stats *stats)
{
	return image->ecc && !ioctl(image->fd, ECCGETSTATS, stats);
}

static int transfer(int fd, bool out, void *buf, uint32_t len, uint64_t off)
{
	uint8_t *at = buf;

	while (len) {
		ssize_t n = out ? pwrite(fd, at, len, (off_t)off) : pread(fd, at, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
		off += (uint64_t)n;
		len -= (uint32_t)n;
	}
	return 0;
}

/*
 * The character device hands out what it read even if it could not be
 * corrected, and says so only in its counters.
 */
static int mtd_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	struct image *image = to_image(flash);
	struct mtd_ecc_stats before, after;
	bool counted = ecc_counters(image, &before);
	int err = transfer(image->fd, false, buf, len, off);

	if (err || !counted || !ecc_counters(image, &after))
		return err;
	if (after.failed != before.failed)
		return -EBADMSG;
	return after.corrected != before.corrected ? -EUCLEAN : 0;
}

static int mtd_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	return transfer(to_image(flash)->fd, true, (void *)(uintptr_t)buf, len, off);
}

static int mtd_erase(struct mtdl_flash *flash, u64 off)
{
	struct erase_info_user64 erase = { .start = off, .length = flash->erase_size };

	return ioctl(to_image(flash)->fd, MEMERASE64, &erase) ? -errno : 0;
}

static int mtd_is_bad(struct mtdl_flash *flash, u64 off)
{
	__kernel_loff_t at = (__kernel_loff_t)off;
	int bad = ioctl(to_image(flash)->fd, MEMGETBADBLOCK, &at);

	if (bad >= 0)
		return bad > 0;
	return errno == EOPNOTSUPP ? 0 : -errno;
}

static int mtd_mark_bad(struct mtdl_flash *flash, u64 off)
{
	__kernel_loff_t at = (__kernel_loff_t)off;

	return ioctl(to_image(flash)->fd, MEMSETBADBLOCK, &at) ? -errno : 0;
}

static const struct mtdl_flash_ops mtd_ops = {
	.read = mtd_read,
	.program = mtd_program,
	.erase = mtd_erase,
	.is_bad = mtd_is_bad,
	.mark_bad = mtd_mark_bad,
};

/* MEMGETINFO has 32 bits for the size, sysfs all of them. */
static int read_size(const struct image *image, uint64_t *size)
{
	char path[64], text[32] = "";
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/mtd/mtd%d/size", image->mtd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	*size = n > 0 ? strtoull(text, NULL, 10) : 0;
	return *size ? 0 : -ENODATA;
}

static int check_type(const struct image *image, const struct mtd_info_user *info,
		      struct mtdl_reason *why)
{
	if (info->type != MTD_NORFLASH && info->type != MTD_NANDFLASH && info->type != MTD_RAM &&
	    info->type != MTD_DATAFLASH)
		return mtdl_fail(why, -EINVAL, "%s: is an MTD of type %u, which cannot carry layers: NOR or SLC NAND can",
				 image->path, info->type);
	if (!mtdl_is_power_of_two(info->erasesize) || !mtdl_is_power_of_two(info->writesize))
		return mtdl_fail(why, -EINVAL, "%s: erase size %u and write size %u: only powers of two can carry layers",
				 image->path, info->erasesize, info->writesize);
	return 0;
}

int mtdchar_setup(struct image *image, struct mtdl_reason *why)
{
	struct mtd_info_user info;
	struct stat st;
	int err;

	if (fstat(image->fd, &st) || major(st.st_rdev) != MTD_MAJOR ||
	    ioctl(image->fd, MEMGETINFO, &info))
		return mtdl_fail(why, -EINVAL, "%s: is not the character device of an MTD",
				 image->path);
	image->mtd = (int)(minor(st.st_rdev) / 2);
	err = check_type(image, &info, why);
	if (err)
		return err;
	if (read_size(image, &image->flash.size))
		image->flash.size = info.size;
	image->flash.ops = &mtd_ops;
	image->flash.erase_size = info.erasesize;
	image->flash.write_size = info.writesize;
	image->ecc = info.type == MTD_NANDFLASH;
	return 0;
}

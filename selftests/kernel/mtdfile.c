// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core's flash operations over an MTD character device.
 */
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mtdfile.h"

static int to_fd(struct mtdl_flash *flash)
{
	return ((struct mtdfile *)flash)->fd;
}

static int mtdfile_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	ssize_t n = pread(to_fd(flash), buf, len, off);

	if (n < 0)
		return -errno;
	return (u32)n == len ? 0 : -EIO;
}

static int mtdfile_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	ssize_t n = pwrite(to_fd(flash), buf, len, off);

	if (n < 0)
		return -errno;
	return (u32)n == len ? 0 : -EIO;
}

static int mtdfile_erase(struct mtdl_flash *flash, u64 off)
{
	struct erase_info_user64 erase = { .start = off, .length = flash->erase_size };

	return ioctl(to_fd(flash), MEMERASE64, &erase) ? -errno : 0;
}

static int mtdfile_is_bad(struct mtdl_flash *flash, u64 off)
{
	loff_t at = off;
	int ret = ioctl(to_fd(flash), MEMGETBADBLOCK, &at);

	if (ret < 0 && errno == EOPNOTSUPP)
		return 0;
	return ret < 0 ? -errno : ret;
}

static int mtdfile_mark_bad(struct mtdl_flash *flash, u64 off)
{
	loff_t at = off;

	return ioctl(to_fd(flash), MEMSETBADBLOCK, &at) ? -errno : 0;
}

static const struct mtdl_flash_ops mtdfile_ops = {
	.read = mtdfile_read,
	.program = mtdfile_program,
	.erase = mtdfile_erase,
	.is_bad = mtdfile_is_bad,
	.mark_bad = mtdfile_mark_bad,
};

int mtdfile_open(struct mtdfile *file, int mtd)
{
	struct mtd_info_user info;
	char path[32];

	snprintf(path, sizeof(path), "/dev/mtd%d", mtd);
	file->fd = open(path, O_RDWR | O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	if (ioctl(file->fd, MEMGETINFO, &info)) {
		close(file->fd);
		return -errno;
	}
	file->flash = (struct mtdl_flash) {
		.ops = &mtdfile_ops,
		.size = info.size,
		.erase_size = info.erasesize,
		.write_size = info.writesize,
	};
	return 0;
}

void mtdfile_close(struct mtdfile *file)
{
	close(file->fd);
}

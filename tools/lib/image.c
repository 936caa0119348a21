// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file as a flash: erasing fills with ones, programming can only clear bits.
 * Where programming twice is not allowed (write size above one) it is refused,
 * as the real flash would not bear it.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kmod/core/util.h"
#include "attached.h"
#include "image.h"

#define FILL_SIZE	(1U << 20)

static struct image *to_image(struct mtdl_flash *flash)
{
	return (struct image *)flash;
}

static int read_file(int fd, void *buf, size_t len, uint64_t off)
{
	uint8_t *to = buf;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_file(int fd, const void *buf, size_t len, uint64_t off)
{
	const uint8_t *from = buf;

	while (len) {
		ssize_t n = pwrite(fd, from, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		from += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool in_range(const struct mtdl_flash *flash, uint64_t off, uint32_t len)
{
	return off <= flash->size && len <= flash->size - off;
}

static int file_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	if (!in_range(flash, off, len))
		return -EINVAL;
	return read_file(to_image(flash)->fd, buf, len, off);
}

static int file_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	struct image *image = to_image(flash);
	const uint8_t *from = buf;
	uint8_t *cells;
	int err;

	if (!in_range(flash, off, len) || ((off | len) & (flash->write_size - 1)))
		return -EINVAL;
	cells = malloc(len);
	if (!cells)
		return -ENOMEM;
	err = read_file(image->fd, cells, len, off);
	if (!err && flash->write_size > 1 && !mtdl_is_filled(cells, 0xff, len))
		err = -EINVAL;
	for (uint32_t i = 0; !err && i < len; i++)
		cells[i] &= from[i];
	if (!err)
		err = write_file(image->fd, cells, len, off);
	free(cells);
	return err;
}

static int fill(int fd, uint64_t off, uint64_t len)
{
	static uint8_t ones[FILL_SIZE];
	int err = 0;

	memset(ones, 0xff, sizeof(ones));
	while (!err && len) {
		size_t part = len < sizeof(ones) ? (size_t)len : sizeof(ones);

		err = write_file(fd, ones, part, off);
		off += part;
		len -= part;
	}
	return err;
}

static int file_erase(struct mtdl_flash *flash, u64 off)
{
	if (!in_range(flash, off, flash->erase_size) || (off & (flash->erase_size - 1)))
		return -EINVAL;
	return fill(to_image(flash)->fd, off, flash->erase_size);
}

static int file_is_bad(struct mtdl_flash *flash, u64 off)
{
	return in_range(flash, off, 1) ? 0 : -EINVAL;
}

static int file_mark_bad(struct mtdl_flash *flash, u64 off)
{
	(void)flash;
	(void)off;
	return -EOPNOTSUPP;
}

static const struct mtdl_flash_ops file_ops = {
	.read = file_read,
	.program = file_program,
	.erase = file_erase,
	.is_bad = file_is_bad,
	.mark_bad = file_mark_bad,
};

int image_lock(struct image *image, struct mtdl_reason *why)
{
	if (!flock(image->fd, LOCK_EX | LOCK_NB))
		return image->mtd < 0 ? 0 : attached_refuse(image->path, image->mtd, why);
	if (errno == EWOULDBLOCK)
		return mtdl_fail(why, -EBUSY, "%s: another program is writing to it: wait until it is done",
				 image->path);
	return mtdl_fail(why, -errno, "%s: cannot be locked: %s", image->path, strerror(errno));
}

/* A FIFO must not keep it waiting for a writer; flash files and MTDs never do. */
static int begin(struct image *image, const char *path, int flags, bool create,
		 struct mtdl_reason *why)
{
	memset(image, 0, sizeof(*image));
	image->mtd = -1;
	image->path = strdup(path);
	image->fd = -1;
	flags |= O_NONBLOCK | O_CLOEXEC;
	if (create)
		image->fd = open(path, flags | O_CREAT | O_EXCL, 0666);
	image->made = image->fd >= 0;
	if (!image->made && (!create || errno == EEXIST))
		image->fd = open(path, flags);
	if (image->fd < 0)
		return mtdl_fail(why, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (!image->path)
		return mtdl_fail(why, -ENOMEM, "no memory to open %s", path);
	return 0;
}

/* Takes what kind of thing it is; for a file only its operations. */
static int identify(struct image *image, uint64_t *size, struct mtdl_reason *why)
{
	struct stat st;

	if (fstat(image->fd, &st))
		return mtdl_fail(why, -errno, "%s: cannot be looked at: %s", image->path,
				 strerror(errno));
	*size = (uint64_t)st.st_size;
	if (S_ISCHR(st.st_mode))
		return mtdchar_setup(image, why);
	if (!S_ISREG(st.st_mode))
		return mtdl_fail(why, -EINVAL, "%s: is neither a flash image file nor the character device of an MTD",
				 image->path);
	image->flash.ops = &file_ops;
	return 0;
}

int image_open(struct image *image, const char *path, bool write, struct mtdl_reason *why)
{
	uint64_t size;
	int err;

	err = begin(image, path, write ? O_RDWR : O_RDONLY, false, why);
	if (!err)
		err = identify(image, &size, why);
	if (!err && write)
		err = image_lock(image, why);
	if (!err && image->mtd < 0)
		err = image_probe(image, size, why);
	/* opened to look, it still tells truthfully what could be done */
	image->flash.read_only = !write && access(path, W_OK);
	if (err)
		image_close(image);
	return err;
}

static int check_geometry(const struct image *image, const struct image_geometry *g,
			  struct mtdl_reason *why)
{
	if (!g->size || !g->erase_size || !g->write_size)
		return mtdl_fail(why, -EINVAL, "%s: a file needs --size, --erasesize and --writesize of the flash it stands for",
				 image->path);
	if (!mtdl_is_power_of_two(g->erase_size) || !mtdl_is_power_of_two(g->write_size) ||
	    g->write_size > g->erase_size)
		return mtdl_fail(why, -EINVAL, "%s: erase size %u and write size %u: both must be powers of two, the write size the smaller",
				 image->path, g->erase_size, g->write_size);
	if (g->size % g->erase_size)
		return mtdl_fail(why, -EINVAL, "%s: size %llu is not a multiple of the erase size %u",
				 image->path, (unsigned long long)g->size, g->erase_size);
	if (g->size > INT64_MAX)
		return mtdl_fail(why, -EFBIG, "%s: size %llu is more than a file can have",
				 image->path, (unsigned long long)g->size);
	return 0;
}

static int create_file(struct image *image, const struct image_geometry *g, uint64_t size,
		       bool force, struct mtdl_reason *why)
{
	struct image_geometry wanted = *g;
	int err;

	if (size && !wanted.size)
		wanted.size = size;
	err = check_geometry(image, &wanted, why);
	if (err)
		return err;
	if (size && size != wanted.size)
		return mtdl_fail(why, -EINVAL, "%s: there is a file of %llu bytes already, --size is %llu: remove it, or give its size",
				 image->path, (unsigned long long)size,
				 (unsigned long long)wanted.size);
	if (size && !force && image_probe(image, size, NULL) != -ENODATA)
		return mtdl_fail(why, -EEXIST, "%s: has a layer table already, with all that it describes: --force formats it anew",
				 image->path);
	image->flash.size = wanted.size;
	image->flash.erase_size = wanted.erase_size;
	image->flash.write_size = wanted.write_size;
	if (size)
		return 0;
	err = fill(image->fd, 0, wanted.size);
	if (err)
		return mtdl_fail(why, err, "%s: cannot be written: %s", image->path,
				 strerror(-err));
	return 0;
}

static int check_device(const struct image *image, const struct image_geometry *g,
			struct mtdl_reason *why)
{
	const struct mtdl_flash *flash = &image->flash;

	if ((g->size && g->size != flash->size) ||
	    (g->erase_size && g->erase_size != flash->erase_size) ||
	    (g->write_size && g->write_size != flash->write_size))
		return mtdl_fail(why, -EINVAL, "%s: the device has %llu bytes, erase size %u, write size %u: leave these options out, or give these values",
				 image->path, (unsigned long long)flash->size,
				 flash->erase_size, flash->write_size);
	return 0;
}

int image_create(struct image *image, const char *path, const struct image_geometry *geometry,
		 bool force, struct mtdl_reason *why)
{
	uint64_t size;
	int err;

	err = begin(image, path, O_RDWR, true, why);
	if (!err)
		err = identify(image, &size, why);
	if (!err)
		err = image_lock(image, why);
	if (!err)
		err = image->mtd < 0 ? create_file(image, geometry, size, force, why) :
		      check_device(image, geometry, why);
	if (err) {
		if (image->made)
			unlink(path);
		image_close(image);
	}
	return err;
}

/* What is not said is what a table says that is still there, or the file's size. */
static int guess_geometry(struct image *image, const struct image_geometry *g, uint64_t size,
			  struct mtdl_reason *why)
{
	struct image_geometry wanted = *g;
	int err = image_probe(image, size, NULL);

	if (err && err != -ENODATA)
		return image_probe(image, size, why);
	if (err)
		image->flash.size = size;
	wanted.size = wanted.size ? wanted.size : image->flash.size;
	wanted.erase_size = wanted.erase_size ? wanted.erase_size : image->flash.erase_size;
	wanted.write_size = wanted.write_size ? wanted.write_size : image->flash.write_size;
	err = check_geometry(image, &wanted, why);
	if (!err && wanted.size > size)
		err = mtdl_fail(why, -EINVAL, "%s: the file has %llu bytes, --size is %llu: give its size",
				image->path, (unsigned long long)size,
				(unsigned long long)wanted.size);
	image->flash.size = wanted.size;
	image->flash.erase_size = wanted.erase_size;
	image->flash.write_size = wanted.write_size;
	return err;
}

int image_open_lost(struct image *image, const char *path, const struct image_geometry *geometry,
		    struct mtdl_reason *why)
{
	uint64_t size;
	int err;

	err = begin(image, path, O_RDWR, false, why);
	if (!err)
		err = identify(image, &size, why);
	if (!err)
		err = image_lock(image, why);
	if (!err)
		err = image->mtd < 0 ? guess_geometry(image, geometry, size, why) :
		      check_device(image, geometry, why);
	if (err)
		image_close(image);
	return err;
}

int image_sync(struct image *image, struct mtdl_reason *why)
{
	if (image->mtd >= 0 || !fdatasync(image->fd))
		return 0;
	return mtdl_fail(why, -errno, "%s: cannot be written to the disk: %s", image->path,
			 strerror(errno));
}

void image_close(struct image *image)
{
	if (image->path && image->fd >= 0)
		close(image->fd);
	free(image->path);
	image->path = NULL;
	image->fd = -1;
}

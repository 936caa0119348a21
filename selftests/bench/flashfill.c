// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a flash image to an erased MTD device, leaving out pages that are erased in it:
 * flashfill IMAGE MTD; or only the begin of one, over what is there: flashfill IMAGE MTD BYTES.
 */
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHUNK	(128 << 10)

__attribute__((noreturn))
static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int is_erased(const unsigned char *bytes, size_t len)
{
	return bytes[0] == 0xff && !memcmp(bytes, bytes + 1, len - 1);
}

/* Programs what is not erased of @len bytes at @off, page by page. */
static unsigned int write_pages(int mtd, const unsigned char *bytes, size_t len, off_t off,
				size_t page)
{
	unsigned int pages = 0;
	size_t at;

	for (at = 0; at < len; at += page) {
		if (is_erased(bytes + at, page))
			continue;
		if (pwrite(mtd, bytes + at, page, off + (off_t)at) != (ssize_t)page)
			die("the MTD device cannot be written");
		pages++;
	}
	return pages;
}

static void erase(int mtd, off_t off, unsigned int size)
{
	struct erase_info_user range = { .start = (unsigned int)off, .length = size };

	if (ioctl(mtd, MEMERASE, &range))
		die("the MTD device cannot be erased");
}

int main(int argc, char **argv)
{
	static unsigned char chunk[CHUNK];
	struct mtd_info_user info;
	unsigned int pages = 0;
	off_t off, end;
	int image, mtd;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: flashfill IMAGE MTD [BYTES]\n");
		return 2;
	}
	image = open(argv[1], O_RDONLY);
	mtd = open(argv[2], O_RDWR);
	if (image < 0 || mtd < 0 || ioctl(mtd, MEMGETINFO, &info) || info.erasesize != CHUNK)
		die(image < 0 ? argv[1] : argv[2]);
	end = argc == 4 ? atoll(argv[3]) : (off_t)info.size;
	for (off = 0; off < end; off += CHUNK) {
		if (pread(image, chunk, CHUNK, off) != CHUNK)
			die(argv[1]);
		if (argc == 4)
			erase(mtd, off, CHUNK);
		if (!is_erased(chunk, CHUNK))
			pages += write_pages(mtd, chunk, CHUNK, off, info.writesize);
	}
	printf("%u pages of %u bytes programmed\n", pages, info.writesize);
	return 0;
}

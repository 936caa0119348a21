// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes an erased MTD device one that UBI has filled: one volume, of each of its logical
 * eraseblocks the first page written: ubifill MTD-NUMBER LOGICAL-ERASEBLOCKS.
 *
 * UBI's attach reads the headers of every eraseblock and no data, so that more pages
 * would cost time here and change nothing there.
 */
#include <fcntl.h>
#include <mtd/ubi-user.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

__attribute__((noreturn))
static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		die(path);
	return fd;
}

static long long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	long long number;

	if (!file || fscanf(file, "%lld", &number) != 1)
		die(path);
	fclose(file);
	return number;
}

/* A volume of @count logical eraseblocks of @size bytes, number 0 of ubi0. */
static void make_volume(long long count, long long size)
{
	struct ubi_mkvol_req request = {
		.vol_id = 0,
		.alignment = 1,
		.bytes = count * size,
		.vol_type = UBI_DYNAMIC_VOLUME,
		.name_len = 4,
		.name = "full",
	};
	int fd = open_or_die("/dev/ubi0");

	if (ioctl(fd, UBI_IOCMKVOL, &request))
		die("UBI_IOCMKVOL");
	close(fd);
}

static void fill_volume(long long count, long long size, size_t page)
{
	struct ubi_set_vol_prop_req direct = {
		.property = UBI_VOL_PROP_DIRECT_WRITE,
		.value = 1,
	};
	char *bytes = malloc(page);
	int fd = open_or_die("/dev/ubi0_0");
	long long i;

	if (!bytes || ioctl(fd, UBI_IOCSETVOLPROP, &direct))
		die("UBI_IOCSETVOLPROP");
	memset(bytes, 0x5a, page);
	for (i = 0; i < count; i++) {
		memcpy(bytes, &i, sizeof(i));
		if (pwrite(fd, bytes, page, i * size) != (ssize_t)page)
			die("/dev/ubi0_0");
	}
	free(bytes);
	close(fd);
}

int main(int argc, char **argv)
{
	struct ubi_attach_req attach = { .ubi_num = 0 };
	long long count, free_count, size;
	__s32 ubi = 0;
	int control;

	if (argc != 3) {
		fprintf(stderr, "usage: ubifill MTD-NUMBER LOGICAL-ERASEBLOCKS\n");
		return 2;
	}
	attach.mtd_num = atoi(argv[1]);
	count = atoll(argv[2]);
	control = open_or_die("/dev/ubi_ctrl");
	/* what is erased all over, UBI formats by itself */
	if (ioctl(control, UBI_IOCATT, &attach) < 0)
		die("UBI_IOCATT");
	free_count = number_in("/sys/class/ubi/ubi0/avail_eraseblocks");
	size = number_in("/sys/class/ubi/ubi0/eraseblock_size");
	if (count > free_count) {
		fprintf(stderr, "ubifill: %lld logical eraseblocks are wanted, UBI offers %lld\n",
			count, free_count);
		return 1;
	}
	make_volume(count, size);
	fill_volume(count, size, (size_t)number_in("/sys/class/ubi/ubi0/min_io_size"));
	if (ioctl(control, UBI_IOCDET, &ubi))
		die("UBI_IOCDET");
	printf("%lld logical eraseblocks of %lld bytes written, of %lld that UBI offers\n", count,
	       size, free_count);
	return 0;
}

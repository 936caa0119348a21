// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A board in the guest: simulated flash (mtdram), the module, and its ioctls.
 */
#include <fcntl.h>
#include <linux/blkpg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "mtdfile.h"
#include "mtdl.h"

#define FLASH_NAME	"mtdram test device"

int board_run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int board_find_mtd(const char *name, int from)
{
	char line[256], wanted[128];
	int found = -1, number;
	FILE *file;

	snprintf(wanted, sizeof(wanted), "\"%s\"", name);
	file = fopen("/proc/mtd", "r");
	while (file && found < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "mtd%d:", &number) == 1 && number >= from && strstr(line, wanted))
			found = number;
	if (file)
		fclose(file);
	return found;
}

bool board_wait_no_mtd(const char *name)
{
	int tries;

	for (tries = 0; tries < 500; tries++) {
		if (board_find_mtd(name, 0) < 0)
			return true;
		usleep(10000);
	}
	return false;
}

int board_wait_mtd(const char *name)
{
	int tries, mtd = -1;

	for (tries = 0; mtd < 0 && tries < 500; tries++) {
		mtd = board_find_mtd(name, 0);
		if (mtd < 0)
			usleep(10000);
	}
	return mtd;
}

__attribute__((weak)) const char *test_missing(void)
{
	return NULL;
}

const char *board_missing(void)
{
	if (geteuid())
		return "needs root";
	if (access("/dev/mtdlayer-control", F_OK) && board_run("modprobe mtdlayer"))
		return "the module mtdlayer cannot be loaded";
	if (access("/sys/module/mtdram", F_OK) &&
	    board_run("modprobe mtdram total_size=4096 erase_size=64"))
		return "the module mtdram cannot be loaded";
	return test_missing();
}

int board_load_flash(unsigned int kib, unsigned int erase_kib)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "rmmod mtdram; modprobe mtdram total_size=%u erase_size=%u", kib, erase_kib);
	if (board_run(command))
		return -1;
	return board_find_mtd(FLASH_NAME, 0);
}

int board_load_nand(const char *parameters)
{
	char command[128];

	snprintf(command, sizeof(command), "rmmod nandsim 2>/dev/null; modprobe nandsim %s",
		 parameters);
	if (board_run(command))
		return -1;
	return board_find_mtd("NAND simulator partition 0", 0);
}

static int erase_all(int mtd)
{
	struct mtdfile file;
	int err;
	u64 off;

	err = mtdfile_open(&file, mtd);
	if (err)
		return err;
	for (off = 0; !err && off < file.flash.size; off += file.flash.erase_size)
		err = file.flash.ops->erase(&file.flash, off);
	mtdfile_close(&file);
	return err;
}

int board_ioctl(struct board *board, int fd, unsigned long cmd, void *arg)
{
	int err = ioctl(fd, cmd, arg) ? -errno : 0;

	memcpy(board->reason, (char *)arg + _IOC_SIZE(cmd) - sizeof(board->reason),
	       sizeof(board->reason));
	if (err)
		printf("# refused: %s: %s\n", strerror(-err), board->reason);
	return err;
}

bool board_says(const struct board *board, const char *text)
{
	if (strstr(board->reason, text))
		return true;
	printf("# the reason is '%s', it lacks '%s'\n", board->reason, text);
	return false;
}

int board_open(struct board *board)
{
	struct mtdlayer_detach detach = { };

	memset(board, 0, sizeof(*board));
	board->dev = -1;
	board->control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
	if (board->control < 0)
		return -errno;
	/* what a test that failed left behind */
	for (detach.index = 0; detach.index < 4; detach.index++)
		if (ioctl(board->control, MTDLAYER_IOC_DETACH, &detach) && errno != ENODEV)
			return -errno;
	board->mtd = board_find_mtd(FLASH_NAME, 0);
	if (board->mtd < 0)
		return -ENODEV;
	return erase_all(board->mtd);
}

void board_close(struct board *board)
{
	struct mtdlayer_detach detach = { .index = board->index };

	if (board->dev >= 0)
		close(board->dev);
	ioctl(board->control, MTDLAYER_IOC_DETACH, &detach);
	close(board->control);
}

int board_format(struct board *board, int mtd)
{
	struct mtdl_format_options options = {
		.compatible = RELEASE_BOARD,
		.uuid = "0123456789abcde",
	};
	struct mtdl_reason why = { };
	struct mtdfile file;
	int err;

	err = mtdfile_open(&file, mtd);
	if (err)
		return err;
	options.block_size = file.flash.erase_size > BOARD_BLOCK ? file.flash.erase_size :
								   BOARD_BLOCK;
	options.table_size = BOARD_TABLE_BLOCKS * options.block_size;
	err = mtdl_format(&file.flash, &options, &why);
	mtdfile_close(&file);
	if (err)
		printf("# format: %s\n", why.text);
	memcpy(board->reason, why.text, sizeof(board->reason));
	return err;
}

int board_open_device(u32 index)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/mtdlayer%u", index);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach(struct board *board, struct mtdlayer_attach *arg)
{
	int fd, err;

	err = board_ioctl(board, board->control, MTDLAYER_IOC_ATTACH, arg);
	if (err)
		return err;
	board->index = arg->index;
	fd = board_open_device(arg->index);
	if (fd < 0)
		return fd;
	board->dev = fd;
	return 0;
}

int board_attach(struct board *board, int mtd)
{
	struct mtdlayer_attach arg = { .mtd = mtd };

	return attach(board, &arg);
}

int board_attach_name(struct board *board, const char *name)
{
	struct mtdlayer_attach arg = { .mtd = -1 };

	snprintf(arg.name, sizeof(arg.name), "%s", name);
	return attach(board, &arg);
}

int board_detach(struct board *board)
{
	struct mtdlayer_detach arg = { .index = board->index };

	return board_ioctl(board, board->control, MTDLAYER_IOC_DETACH, &arg);
}

int board_begin(struct board *board, const struct test_release *release, u32 flags,
		struct mtdlayer_begin *plan)
{
	struct mtdlayer_begin local;

	plan = plan ?: &local;
	memset(plan, 0, sizeof(*plan));
	plan->flags = flags;
	plan->manifest = (uintptr_t)release->manifest;
	plan->manifest_size = release->manifest_size;
	return board_ioctl(board, board->dev, MTDLAYER_IOC_BEGIN, plan);
}

int board_write(struct board *board, const struct test_release *release, u32 layer, u32 block)
{
	u8 *data = malloc(release->block_size);
	struct mtdlayer_write arg = {
		.layer = layer,
		.block = block,
		.length = mtdl_block_bytes(release->layers[layer].size, block,
					   release->block_size),
		.data = (uintptr_t)data,
	};
	int err;

	if (!data)
		return -ENOMEM;
	release_bytes(release, layer, block * release->block_size, data, arg.length);
	err = board_ioctl(board, board->dev, MTDLAYER_IOC_WRITE, &arg);
	free(data);
	return err;
}

int board_write_wanted(struct board *board, const struct test_release *release, u32 limit)
{
	struct mtdlayer_wanted wanted;
	u32 written;
	int err;

	for (written = 0; written < limit; written++) {
		struct mtdlayer_want want = { .count = 1, .blocks = (uintptr_t)&wanted };

		err = board_ioctl(board, board->dev, MTDLAYER_IOC_WANT, &want);
		if (err)
			return err;
		if (!want.count)
			break;
		err = board_write(board, release, wanted.layer, wanted.block);
		if (err)
			return err;
	}
	return written;
}

int board_change(struct board *board, unsigned long cmd)
{
	struct mtdlayer_change arg = { };

	return board_ioctl(board, board->dev, cmd, &arg);
}

int board_install(struct board *board, const struct test_release *release)
{
	int err;

	err = board_begin(board, release, 0, NULL);
	if (err)
		return err;
	err = board_write_wanted(board, release, ~0U);
	if (err < 0)
		return err;
	return board_change(board, MTDLAYER_IOC_COMMIT);
}

int board_open_mtd(int mtd, int flags)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/mtd%d", mtd);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

u8 *board_dump(int mtd, u32 *size)
{
	off_t end;
	u8 *bytes;
	int fd;

	fd = board_open_mtd(mtd, O_RDONLY);
	if (fd < 0)
		return NULL;
	end = lseek(fd, 0, SEEK_END);
	bytes = malloc(end);
	if (bytes && pread(fd, bytes, end, 0) != end) {
		free(bytes);
		bytes = NULL;
	}
	close(fd);
	*size = end;
	return bytes;
}

bool board_layer_is(const struct test_release *release, u32 layer)
{
	const struct test_layer *l = &release->layers[layer];
	u32 size, i, padded = (l->size + 511) / 512 * 512;
	u8 *wanted, *bytes;
	bool same;

	bytes = board_dump(board_find_mtd(l->name, 0), &size);
	wanted = malloc(padded);
	if (!bytes || !wanted) {
		printf("# layer %s cannot be read\n", l->name);
		free(wanted);
		free(bytes);
		return false;
	}
	release_bytes(release, layer, 0, wanted, l->size);
	memset(wanted + l->size, 0xff, padded - l->size);
	same = size == padded && !memcmp(bytes, wanted, padded);
	for (i = 0; !same && i < padded && i < size; i++) {
		if (bytes[i] == wanted[i])
			continue;
		printf("# layer %s differs from byte %u on\n", l->name, i);
		break;
	}
	free(wanted);
	free(bytes);
	return same;
}

static int blkpg(int mtd, int op, struct blkpg_partition *partition)
{
	struct blkpg_ioctl_arg arg = {
		.op = op,
		.datalen = sizeof(*partition),
		.data = partition,
	};
	int fd, err = 0;

	fd = board_open_mtd(mtd, O_RDWR);
	if (fd < 0)
		return fd;
	if (ioctl(fd, BLKPG, &arg))
		err = -errno;
	close(fd);
	return err;
}

int board_add_partition(int mtd, const char *name, u32 start, u32 size)
{
	struct blkpg_partition partition = { .start = start, .length = size };
	int last = -1, number;

	snprintf(partition.devname, sizeof(partition.devname), "%s", name);
	if (blkpg(mtd, BLKPG_ADD_PARTITION, &partition))
		return -1;
	for (number = 0; (number = board_find_mtd(name, number)) >= 0; number++)
		last = number;
	return last;
}

int board_del_partition(int mtd, int partition)
{
	struct blkpg_partition which = { .pno = partition };

	return blkpg(mtd, BLKPG_DEL_PARTITION, &which);
}

void usual_release(struct test_release *release, const char *version, u32 seed, u32 app_size)
{
	struct test_layer layers[] = {
		{ "kernel", BOARD_KERNEL_START, BOARD_KERNEL_BLOCKS, 3 * BOARD_BLOCK, NULL, 1 },
		{ "system", BOARD_SYSTEM_START, BOARD_SYSTEM_BLOCKS, 5 * BOARD_BLOCK + 1000,
		  NULL, 2 },
		{ "app", BOARD_APP_START, BOARD_APP_BLOCKS, app_size, NULL, seed },
	};

	release_make(release, version, BOARD_BLOCK, layers, 3);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An upgrade through the ioctls, and reading the layers through their MTD devices.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(layers)
{
	struct board board;
	struct test_release one, two;
};

FIXTURE_SETUP(layers)
{
	usual_release(&self->one, "1.0", 3, BOARD_BLOCK + 17);
	/* four blocks in a slot of two: two overflow */
	usual_release(&self->two, "2.0", 4, 3 * BOARD_BLOCK + 5);
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
}

FIXTURE_TEARDOWN(layers)
{
	board_close(&self->board);
	release_free(&self->one);
	release_free(&self->two);
}

static bool is_release(const struct test_release *release)
{
	return board_layer_is(release, 0) && board_layer_is(release, 1) &&
	       board_layer_is(release, 2);
}

/* The first release has nothing to fall back to: it is exposed and active at once. */
TEST_F(layers, first_install)
{
	ASSERT_EQ(-1, board_find_mtd("kernel", 0));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	EXPECT_TRUE(is_release(&self->one));
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
}

TEST_F(layers, upgrade_and_confirm)
{
	struct mtdlayer_begin plan;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, &plan));
	EXPECT_EQ(3, plan.layer_count);
	EXPECT_EQ(1, plan.layers_changed);
	EXPECT_EQ(4, plan.blocks);
	EXPECT_EQ(2, plan.overflow);
	EXPECT_EQ(3 * BOARD_BLOCK + 5, plan.bytes);
	EXPECT_EQ(4, board_write_wanted(&self->board, &self->two, 100));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_COMMIT));
	EXPECT_TRUE(is_release(&self->one)) TH_LOG("the candidate shows before the boot");
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	EXPECT_TRUE(is_release(&self->two));
}

/* What is exposed stays what it is until nobody uses it: rollback changes no reader's bytes. */
TEST_F(layers, rollback)
{
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_install(&self->board, &self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ROLLBACK));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(is_release(&self->one));
}

TEST_F(layers, attempts_end_in_the_old_release)
{
	int attempt;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_install(&self->board, &self->two));
	for (attempt = 0; attempt < 3; attempt++) {
		ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
		EXPECT_TRUE(is_release(&self->two));
	}
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(is_release(&self->one));
	EXPECT_EQ(-EINVAL, board_change(&self->board, MTDLAYER_IOC_ROLLBACK));
}

/* The module's own attach at load is a boot, unless it is told otherwise. */
TEST_F(layers, module_parameter_boots)
{
	char command[128];

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_install(&self->board, &self->two));
	ASSERT_EQ(0, close(self->board.dev));
	ASSERT_EQ(0, close(self->board.control));
	ASSERT_EQ(0, board_run("rmmod mtdlayer"));
	snprintf(command, sizeof(command), "modprobe mtdlayer attach=mtd%d boot=0",
		 self->board.mtd);
	ASSERT_EQ(0, board_run(command));
	EXPECT_TRUE(is_release(&self->one));
	ASSERT_EQ(0, board_run("rmmod mtdlayer"));
	snprintf(command, sizeof(command), "modprobe mtdlayer attach=mtd%d", self->board.mtd);
	ASSERT_EQ(0, board_run(command));
	EXPECT_TRUE(is_release(&self->two));
	self->board.control = open("/dev/mtdlayer-control", O_RDWR);
	self->board.dev = board_open_device(0);
	ASSERT_LE(0, self->board.dev);
	self->board.index = 0;
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
}

/* Attached again after staging was cut: what was recorded as written is not wanted again. */
TEST_F(layers, resume)
{
	struct mtdlayer_begin plan;

	ASSERT_EQ(0, board_begin(&self->board, &self->one, 0, NULL));
	ASSERT_EQ(4, board_write_wanted(&self->board, &self->one, 4));
	close(self->board.dev);
	ASSERT_EQ(0, board_detach(&self->board));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_begin(&self->board, &self->one, 0, &plan));
	EXPECT_EQ(MTDLAYER_PLAN_RESUMED, plan.plan_flags);
	EXPECT_EQ(4, plan.blocks_done);
	EXPECT_EQ(7, board_write_wanted(&self->board, &self->one, 100));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_COMMIT));
	EXPECT_TRUE(is_release(&self->one));
}

TEST_F(layers, abort)
{
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	ASSERT_EQ(1, board_write_wanted(&self->board, &self->two, 1));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ABORT));
	EXPECT_TRUE(is_release(&self->one));
	EXPECT_EQ(-EINVAL, board_change(&self->board, MTDLAYER_IOC_COMMIT));
}

TEST_F(layers, verify)
{
	struct mtdlayer_verify verify = {
		.release = MTDLAYER_RELEASE_EXPOSED,
		.layer = 1,
		.count = 100,
	};

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_VERIFY, &verify));
	EXPECT_EQ(6, verify.block);
	EXPECT_EQ(0, verify.bad);
	verify.block = 6;
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_VERIFY,
				       &verify));
	EXPECT_REASON(&self->board, "layer system has 6");
	verify.release = MTDLAYER_RELEASE_CANDIDATE;
	EXPECT_EQ(-ENOENT, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_VERIFY,
				       &verify));
}

/* Bytes that were changed behind the module's back are an error, not data. */
TEST_F(layers, altered_bytes)
{
	struct mtdlayer_verify verify = {
		.release = MTDLAYER_RELEASE_EXPOSED,
		.count = 100,
	};
	u8 bytes[512], zero = 0;
	int fd;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_detach(&self->board));
	/* the second block of the kernel's slot */
	fd = board_open_mtd(self->board.mtd, O_RDWR);
	ASSERT_EQ(1, pwrite(fd, &zero, 1, 9 * BOARD_BLOCK + 77));
	close(fd);
	close(self->board.dev);
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	fd = board_open_mtd(board_find_mtd("kernel", 0), O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(512, pread(fd, bytes, 512, 0));
	EXPECT_EQ(-1, pread(fd, bytes, 512, BOARD_BLOCK));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pread(fd, bytes, 512, BOARD_BLOCK + 4096));
	EXPECT_EQ(512, pread(fd, bytes, 512, 2 * BOARD_BLOCK));
	close(fd);
	ASSERT_EQ(0, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_VERIFY, &verify));
	EXPECT_EQ(1, verify.bad);
	EXPECT_EQ(2, verify.block);
	EXPECT_REASON(&self->board, "block 1 of layer kernel (flash block 9)");
}

static int set_policy(const char *policy)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "echo %s >/sys/module/mtdlayer/parameters/verify", policy);
	return board_run(command);
}

/* When a block is hashed is a choice: bytes that change later show only under "always". */
TEST_F(layers, verify_policy)
{
	u8 byte, zero = 0;
	int parent, fd;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	fd = board_open_mtd(board_find_mtd("kernel", 0), O_RDONLY);
	ASSERT_EQ(1, pread(fd, &byte, 1, 5));
	parent = board_open_mtd(self->board.mtd, O_RDWR);
	ASSERT_EQ(1, pwrite(parent, &zero, 1, 8 * BOARD_BLOCK + 77));
	close(parent);
	EXPECT_EQ(1, pread(fd, &byte, 1, 5));
	ASSERT_EQ(0, set_policy("always"));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 5));
	EXPECT_EQ(0, set_policy("off"));
	EXPECT_EQ(1, pread(fd, &byte, 1, 5));
	EXPECT_NE(0, set_policy("sometimes 2>/dev/null"));
	EXPECT_EQ(0, set_policy("first"));
	/* found wrong once, it is looked at again */
	EXPECT_EQ(-1, pread(fd, &byte, 1, 5));
	close(fd);
}

TEST_F(layers, layers_are_read_only)
{
	int mtd;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	mtd = board_find_mtd("kernel", 0);
	ASSERT_LE(0, mtd);
	EXPECT_EQ(-EACCES, board_open_mtd(mtd, O_RDWR));
}

/* NAND: eraseblocks of 16 KiB, four to a block, whole pages, and some that are bad. */
TEST_F(layers, nand_with_bad_blocks)
{
	int nand = board_load_nand("badblocks=3,40,129");

	if (nand < 0)
		SKIP(return, "no nandsim");
	close(self->board.dev);
	ASSERT_EQ(0, board_detach(&self->board));
	ASSERT_EQ(0, board_format(&self->board, nand));
	ASSERT_EQ(0, board_attach(&self->board, nand));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	EXPECT_TRUE(is_release(&self->one));
	ASSERT_EQ(0, board_install(&self->board, &self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	EXPECT_EQ(0, board_run("rmmod nandsim"));
}

/* A file system of Debian's programs, or whatever the image holds, mounted from its layer. */
TEST_F(layers, squashfs)
{
	const char *path = getenv("MTDLAYER_SQUASHFS") ?: "/share/test.squashfs";
	struct test_layer layer = { "system", BOARD_SYSTEM_START, BOARD_SYSTEM_BLOCKS };
	struct test_release release;
	char device[32];
	u8 *image;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		SKIP(return, "no file system image %s", path);
	layer.size = lseek(fd, 0, SEEK_END);
	image = malloc(layer.size);
	ASSERT_EQ(layer.size, pread(fd, image, layer.size, 0));
	close(fd);
	layer.data = image;
	release_make(&release, "squashfs", BOARD_BLOCK, &layer, 1);
	ASSERT_EQ(0, board_install(&self->board, &release));
	board_run("modprobe mtdblock");
	board_run("modprobe squashfs");
	snprintf(device, sizeof(device), "/dev/mtdblock%d", board_find_mtd("system", 0));
	mkdir("/tmp/system", 0755);
	ASSERT_EQ(0, mount(device, "/tmp/system", "squashfs", MS_RDONLY, NULL));
	EXPECT_EQ(0, board_run("cd /tmp/system && md5sum -c sums >/dev/null"));
	EXPECT_EQ(-EBUSY, board_detach(&self->board));
	EXPECT_REASON(&self->board, "layer system of mtdlayer0 is in use");
	ASSERT_EQ(0, umount("/tmp/system"));
	EXPECT_EQ(0, board_detach(&self->board));
	release_free(&release);
	free(image);
}

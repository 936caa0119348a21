// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes away while it is in use: nothing may be lost, nothing may stay for ever.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(lifetime)
{
	struct board board;
	struct test_release one, two;
	int partition;
};

FIXTURE_SETUP(lifetime)
{
	usual_release(&self->one, "1.0", 3, BOARD_BLOCK + 17);
	usual_release(&self->two, "2.0", 4, 3 * BOARD_BLOCK + 5);
	ASSERT_EQ(0, board_open(&self->board));
	self->partition = board_add_partition(self->board.mtd, "flash", 0, BOARD_SIZE);
	ASSERT_LE(0, self->partition);
	ASSERT_EQ(0, board_format(&self->board, self->partition));
	ASSERT_EQ(0, board_attach(&self->board, self->partition));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
}

FIXTURE_TEARDOWN(lifetime)
{
	board_close(&self->board);
	board_del_partition(self->board.mtd, board_find_mtd("flash", 0));
	release_free(&self->one);
	release_free(&self->two);
}

static int open_layer(const char *name)
{
	return board_open_mtd(board_find_mtd(name, 0), O_RDONLY);
}

TEST_F(lifetime, open_layer_at_detach)
{
	char byte;
	int fd;

	fd = open_layer("system");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, board_detach(&self->board));
	EXPECT_REASON(&self->board, "layer system of mtdlayer0 is in use");
	EXPECT_EQ(1, pread(fd, &byte, 1, 0));
	close(fd);
	EXPECT_EQ(0, board_detach(&self->board));
	EXPECT_EQ(-1, board_find_mtd("system", 0));
}

TEST_F(lifetime, open_layer_at_boot)
{
	int fd;

	ASSERT_EQ(0, board_install(&self->board, &self->two));
	fd = open_layer("app");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_REASON(&self->board, "layer app of mtdlayer0 is in use");
	close(fd);
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(board_layer_is(&self->two, 2));
}

TEST_F(lifetime, staging_at_detach)
{
	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	EXPECT_EQ(-EBUSY, board_detach(&self->board));
	EXPECT_REASON(&self->board, "mtdlayer0 is being changed by process");
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ABORT));
	EXPECT_EQ(0, board_detach(&self->board));
}

TEST_F(lifetime, descriptor_outlives_detach)
{
	ASSERT_EQ(0, board_detach(&self->board));
	EXPECT_EQ(-ENODEV, board_change(&self->board, MTDLAYER_IOC_SYNC));
	EXPECT_REASON(&self->board, "mtdlayer0 is detached");
}

/* Nobody has a layer open: all of it goes at once. */
TEST_F(lifetime, parent_removed)
{
	ASSERT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	EXPECT_TRUE(board_wait_no_mtd("system"));
	EXPECT_EQ(-ENODEV, board_change(&self->board, MTDLAYER_IOC_SYNC));
	EXPECT_EQ(-ENODEV, board_detach(&self->board));
}

/* A layer that is open fails to be read, and goes when it is closed. */
TEST_F(lifetime, parent_removed_while_open)
{
	int fd, again;
	char byte;

	fd = open_layer("system");
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pread(fd, &byte, 1, 0));
	ASSERT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-ENODEV, board_change(&self->board, MTDLAYER_IOC_SYNC));
	again = open_layer("system");
	EXPECT_EQ(-ENODEV, again);
	/* the flash comes back meanwhile: it is another device */
	self->partition = board_add_partition(self->board.mtd, "flash", 0, BOARD_SIZE);
	close(self->board.dev);
	self->board.dev = -1;
	EXPECT_EQ(0, board_attach(&self->board, self->partition));
	EXPECT_EQ(1, self->board.index);
	EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
	close(self->board.dev);
	self->board.dev = -1;
	EXPECT_EQ(0, board_detach(&self->board));
	EXPECT_LE(0, board_find_mtd("system", 0));
	close(fd);
	EXPECT_TRUE(board_wait_no_mtd("system"));
}

/* A mounted file system is an opener as well. */
TEST_F(lifetime, parent_removed_while_block_device_open)
{
	char path[32], byte;
	int fd;

	board_run("modprobe mtdblock");
	snprintf(path, sizeof(path), "/dev/mtdblock%d", board_find_mtd("system", 0));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(-EBUSY, board_detach(&self->board));
	ASSERT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 4 * BOARD_BLOCK));
	EXPECT_EQ(EIO, errno);
	close(fd);
	EXPECT_TRUE(board_wait_no_mtd("system"));
}

struct reader {
	pthread_t thread;
	int fd;
	atomic_bool stop;
	unsigned long reads, wrong, failed;
	const struct test_release *release;
};

static void *read_on(void *arg)
{
	struct reader *reader = arg;
	u8 got[4096], wanted[4096];
	u32 off = 0;

	while (!reader->stop) {
		if (pread(reader->fd, got, sizeof(got), off) == sizeof(got)) {
			release_bytes(reader->release, 1, off, wanted, sizeof(wanted));
			reader->wrong += memcmp(got, wanted, sizeof(got)) != 0;
			reader->reads++;
		} else {
			reader->failed++;
		}
		off = (off + 12345) % (reader->release->layers[1].size - sizeof(got));
	}
	return NULL;
}

static bool readers_start(struct reader *readers, int count, const struct test_release *release)
{
	int i;

	for (i = 0; i < count; i++) {
		readers[i].fd = open_layer("system");
		readers[i].release = release;
		if (readers[i].fd < 0 ||
		    pthread_create(&readers[i].thread, NULL, read_on, &readers[i]))
			return false;
	}
	return true;
}

/* Ends them; whether all have read, and nothing wrong. */
static bool readers_end(struct reader *readers, int count)
{
	bool fine = true;
	int i;

	for (i = 0; i < count; i++) {
		readers[i].stop = true;
		pthread_join(readers[i].thread, NULL);
		close(readers[i].fd);
		printf("# reader %d: %lu reads, %lu wrong, %lu failed\n", i, readers[i].reads,
		       readers[i].wrong, readers[i].failed);
		fine &= readers[i].reads && !readers[i].wrong && !readers[i].failed;
	}
	return fine;
}

/* Readers go on, undisturbed, while the next release is staged beside them. */
TEST_F(lifetime, reading_during_an_upgrade)
{
	struct reader readers[3] = { };
	int round;

	ASSERT_TRUE(readers_start(readers, 3, &self->one));
	for (round = 0; round < 5; round++) {
		EXPECT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
		EXPECT_EQ(4, board_write_wanted(&self->board, &self->two, 100));
		EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ABORT));
	}
	EXPECT_TRUE(readers_end(readers, 3));
}

/* The same on a chip that answers no reads while it erases, programs or is asked something. */
TEST_F_TIMEOUT(lifetime, reading_during_an_upgrade_of_nor, 240)
{
	struct test_layer layers[] = {
		{ "app", 8, 3, 3 * NOR_BLOCK - 5, NULL, 1 },
		{ "system", 11, 3, 2 * NOR_BLOCK, NULL, 2 },
	};
	int nor = board_find_mtd(NOR_NAME, 0), partition, round;
	struct reader readers[3] = { };
	struct test_release one, two;

	if (nor < 0)
		SKIP(return, "no NOR flash called " NOR_NAME);
	release_make(&one, "1.0", NOR_BLOCK, layers, 2);
	layers[0].seed = 3;
	release_make(&two, "2.0", NOR_BLOCK, layers, 2);
	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	partition = board_add_partition(nor, "chip", 0, 32 * NOR_BLOCK);
	ASSERT_LE(0, partition);
	ASSERT_EQ(0, board_format(&self->board, partition));
	ASSERT_EQ(0, board_attach(&self->board, partition));
	ASSERT_EQ(0, board_install(&self->board, &one));
	ASSERT_TRUE(readers_start(readers, 3, &one));
	for (round = 0; round < 2; round++) {
		EXPECT_EQ(0, board_begin(&self->board, &two, 0, NULL));
		EXPECT_EQ(3, board_write_wanted(&self->board, &two, 100));
		EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ABORT));
	}
	EXPECT_TRUE(readers_end(readers, 3));
	close(self->board.dev);
	self->board.dev = -1;
	EXPECT_EQ(0, board_detach(&self->board));
	EXPECT_EQ(0, board_del_partition(nor, partition));
	release_free(&one);
	release_free(&two);
}

/* The parent goes while three readers are in the middle of reading. */
TEST_F(lifetime, parent_removed_under_readers)
{
	struct reader readers[3] = { };
	int i;

	ASSERT_TRUE(readers_start(readers, 3, &self->one));
	usleep(50000);
	EXPECT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	usleep(50000);
	for (i = 0; i < 3; i++) {
		readers[i].stop = true;
		pthread_join(readers[i].thread, NULL);
		EXPECT_EQ(0, readers[i].wrong);
		close(readers[i].fd);
	}
	EXPECT_TRUE(board_wait_no_mtd("system"));
}

/* The parent goes in the middle of an upgrade: the write fails, and nothing hangs. */
TEST_F(lifetime, parent_removed_during_an_upgrade)
{
	int err;

	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	ASSERT_EQ(1, board_write_wanted(&self->board, &self->two, 1));
	ASSERT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	err = board_write_wanted(&self->board, &self->two, 1);
	EXPECT_EQ(-ENODEV, err);
	EXPECT_EQ(-ENODEV, board_change(&self->board, MTDLAYER_IOC_COMMIT));
}

TEST_F(lifetime, unload)
{
	int fd;

	fd = open_layer("system");
	ASSERT_LE(0, fd);
	EXPECT_NE(0, board_run("rmmod mtdlayer 2>/dev/null"));
	close(fd);
	EXPECT_NE(0, board_run("rmmod mtdlayer 2>/dev/null")) TH_LOG("a control node is open");
	close(self->board.dev);
	close(self->board.control);
	EXPECT_EQ(0, board_run("rmmod mtdlayer"));
	EXPECT_EQ(-1, board_find_mtd("system", 0));
	EXPECT_EQ(0, board_run("modprobe mtdlayer"));
	self->board.control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
	self->board.dev = -1;
	EXPECT_EQ(0, board_attach(&self->board, self->partition));
	EXPECT_TRUE(board_layer_is(&self->one, 1));
}

/* Named by the module's parameter, a device is attached whenever it appears. */
TEST_F(lifetime, attach_when_it_appears)
{
	close(self->board.dev);
	self->board.dev = -1;
	close(self->board.control);
	ASSERT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	EXPECT_TRUE(board_wait_no_mtd("system"));
	ASSERT_EQ(0, board_run("rmmod mtdlayer"));
	ASSERT_EQ(0, board_run("modprobe mtdlayer attach=absent,flash"));
	EXPECT_EQ(-1, board_find_mtd("system", 0));
	self->partition = board_add_partition(self->board.mtd, "flash", 0, BOARD_SIZE);
	EXPECT_LE(0, board_wait_mtd("system"));
	EXPECT_EQ(0, board_del_partition(self->board.mtd, self->partition));
	EXPECT_TRUE(board_wait_no_mtd("system"));
	self->partition = board_add_partition(self->board.mtd, "flash", 0, BOARD_SIZE);
	EXPECT_LE(0, board_wait_mtd("system"));
	EXPECT_TRUE(board_layer_is(&self->one, 1));
	self->board.control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, board_detach(&self->board));
}

/* A list that makes no sense keeps the module out. */
TEST_F(lifetime, bad_parameters)
{
	close(self->board.dev);
	self->board.dev = -1;
	close(self->board.control);
	ASSERT_EQ(0, board_run("rmmod mtdlayer"));
	EXPECT_NE(0, board_run("modprobe mtdlayer attach=a,,b 2>/dev/null"));
	EXPECT_NE(0, board_run("modprobe mtdlayer verify=maybe 2>/dev/null"));
	EXPECT_EQ(0, board_run("modprobe mtdlayer"));
	self->board.control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks come home, by command and by themselves, while others read, detach, suspend and
 * take the flash away.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "upkeep.h"

#define PM_TEST		"/sys/power/pm_test"

/* All blocks of the layers: what an upgrade that changes everything leaves away from home. */
#define BLOCKS		11

FIXTURE(settle)
{
	struct board board;
	struct test_release one, two;
	int partition;
};

FIXTURE_SETUP(settle)
{
	upkeep_release(&self->one, "1.0", 10);
	upkeep_release(&self->two, "2.0", 20);
	ASSERT_EQ(0, upkeep_parameter("settle", "0"));
	ASSERT_EQ(0, board_open(&self->board));
	self->partition = board_add_partition(self->board.mtd, "flash", 0, BOARD_SIZE);
	ASSERT_LE(0, self->partition);
	ASSERT_EQ(0, board_format(&self->board, self->partition));
	ASSERT_EQ(0, board_attach(&self->board, self->partition));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, upkeep_upgrade(&self->board, &self->two));
}

FIXTURE_TEARDOWN(settle)
{
	board_close(&self->board);
	board_del_partition(self->board.mtd, board_find_mtd("flash", 0));
	board_run("rmmod mtdlayer; modprobe mtdlayer");
	release_free(&self->one);
	release_free(&self->two);
}

static bool is_release(const struct test_release *release)
{
	return board_layer_is(release, 0) && board_layer_is(release, 1) &&
	       board_layer_is(release, 2);
}

static bool all_home(int mtd, const struct test_release *release)
{
	return upkeep_is_home(mtd, release, 0) && upkeep_is_home(mtd, release, 1) &&
	       upkeep_is_home(mtd, release, 2);
}

static bool show(const struct board *board, struct upkeep_status *status)
{
	return !upkeep_status(board->index, status);
}

TEST_F_TIMEOUT(settle, by_command, 120)
{
	struct mtdlayer_settle settle;
	struct upkeep_status before, after;

	ASSERT_TRUE(show(&self->board, &before));
	EXPECT_EQ(BLOCKS, before.settleable);
	EXPECT_EQ(MTDLAYER_WORK_OFF, before.work);
	usleep(300000);
	ASSERT_TRUE(show(&self->board, &after));
	EXPECT_EQ(before.write, after.write) TH_LOG("it settles although it must not");
	ASSERT_EQ(0, upkeep_settle(&self->board, 3, &settle));
	EXPECT_EQ(1, settle.more);
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, &settle));
	EXPECT_EQ(BLOCKS, settle.moved);
	EXPECT_EQ(0, settle.away);
	EXPECT_EQ(0, settle.more);
	EXPECT_TRUE(is_release(&self->two));
	EXPECT_TRUE(all_home(self->partition, &self->two));
	ASSERT_TRUE(show(&self->board, &before));
	EXPECT_EQ(MTDLAYER_WORK_NONE, before.work);
	EXPECT_EQ(0, before.settleable);
	/* nothing is left to do, so nothing is written */
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, &settle));
	ASSERT_TRUE(show(&self->board, &after));
	EXPECT_EQ(before.write, after.write);
}

TEST_F_TIMEOUT(settle, refused, 120)
{
	struct mtdlayer_settle settle = { .flags = 1 };
	int fd = board_open_device(self->board.index);

	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_SETTLE,
				       &settle));
	EXPECT_REASON(&self->board, "flags 0x1");
	settle.flags = 0;
	settle.reserved = 5;
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_SETTLE,
				       &settle));
	settle.reserved = 0;
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, board_ioctl(&self->board, fd, MTDLAYER_IOC_SETTLE, &settle));
	EXPECT_REASON(&self->board, "mtdlayer0 is being changed by process");
	close(fd);
}

/* Something was changed since the attach: then it goes on by itself, and says so. */
TEST_F_TIMEOUT(settle, by_itself, 120)
{
	struct upkeep_event event = { };
	struct wire wire;

	ASSERT_EQ(0, upkeep_listen(&wire));
	ASSERT_EQ(0, upkeep_parameter("settle", "1"));
	EXPECT_EQ(0, upkeep_next(&wire, MTDLAYER_EVENT_SETTLED, 20, &event));
	EXPECT_GT(BLOCKS, event.away);
	EXPECT_TRUE(upkeep_wait(self->board.index, 20));
	EXPECT_TRUE(is_release(&self->two));
	EXPECT_TRUE(all_home(self->partition, &self->two));
	close(wire.fd);
}

/* Who only looks writes nothing, whatever there would be to do. */
TEST_F_TIMEOUT(settle, not_after_a_look, 120)
{
	struct upkeep_status status;
	u32 size, after_size;
	u8 *bytes, *after;

	close(self->board.dev);
	ASSERT_EQ(0, board_detach(&self->board));
	ASSERT_EQ(0, upkeep_parameter("settle", "1"));
	bytes = board_dump(self->partition, &size);
	ASSERT_EQ(0, board_attach(&self->board, self->partition));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_TRUE(show(&self->board, &status));
	EXPECT_EQ(MTDLAYER_WORK_OFF, status.work);
	EXPECT_EQ(BLOCKS, status.settleable);
	usleep(500000);
	after = board_dump(self->partition, &after_size);
	ASSERT_NE(NULL, bytes);
	ASSERT_NE(NULL, after);
	EXPECT_EQ(0, memcmp(bytes, after, size)) TH_LOG("a look has written");
	free(bytes);
	free(after);
	/* the first command that changes something is what it waits for */
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	EXPECT_TRUE(upkeep_wait(self->board.index, 20));
	EXPECT_TRUE(all_home(self->partition, &self->two));
}

/* After a boot what was left undone goes on. */
TEST_F_TIMEOUT(settle, after_a_boot, 120)
{
	char command[128];

	close(self->board.dev);
	close(self->board.control);
	ASSERT_EQ(0, board_run("rmmod mtdlayer"));
	snprintf(command, sizeof(command), "modprobe mtdlayer attach=mtd%d", self->partition);
	ASSERT_EQ(0, board_run(command));
	EXPECT_TRUE(upkeep_wait(0, 20));
	EXPECT_TRUE(all_home(self->partition, &self->two));
	EXPECT_TRUE(is_release(&self->two));
	self->board.control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
	self->board.index = 0;
	self->board.dev = -1;
}

/* Readers see the same bytes, however often they move below them. */
TEST_F_TIMEOUT(settle, under_readers, 120)
{
	const struct test_release *releases[2] = { &self->one, &self->two };
	struct upkeep_reader *readers;
	struct mtdlayer_settle settle;
	int round;

	for (round = 0; round < 6; round++) {
		const struct test_release *release = releases[round % 2];

		ASSERT_EQ(0, upkeep_upgrade(&self->board, release));
		readers = upkeep_readers(release, 1, 3);
		ASSERT_NE(NULL, readers);
		do {
			ASSERT_EQ(0, upkeep_settle(&self->board, 1, &settle));
		} while (settle.more);
		EXPECT_TRUE(upkeep_readers_end(readers));
		EXPECT_TRUE(all_home(self->partition, release));
		EXPECT_TRUE(is_release(release));
	}
}

/* The same with nobody asking: readers are not kept from reading, nor the work from working. */
TEST_F_TIMEOUT(settle, by_itself_under_readers, 120)
{
	const struct test_release *releases[2] = { &self->one, &self->two };
	struct upkeep_reader *readers;
	int round;

	ASSERT_EQ(0, upkeep_parameter("settle", "1"));
	for (round = 0; round < 3; round++) {
		const struct test_release *release = releases[round % 2];

		ASSERT_EQ(0, upkeep_upgrade(&self->board, release));
		readers = upkeep_readers(release, 1, 3);
		ASSERT_NE(NULL, readers);
		EXPECT_TRUE(upkeep_wait(self->board.index, 30));
		EXPECT_TRUE(upkeep_readers_end(readers));
		EXPECT_TRUE(all_home(self->partition, release));
	}
}

struct settler {
	pthread_t thread;
	int fd;
	int err;
};

static void *settle_on(void *arg)
{
	struct settler *settler = arg;
	struct mtdlayer_settle settle;

	do {
		memset(&settle, 0, sizeof(settle));
		settler->err = ioctl(settler->fd, MTDLAYER_IOC_SETTLE, &settle) ? -errno : 0;
	} while (!settler->err && settle.more);
	return NULL;
}

TEST_F_TIMEOUT(settle, detached_meanwhile, 120)
{
	const struct test_release *releases[2] = { &self->one, &self->two };
	int round;

	for (round = 0; round < 6; round++) {
		struct settler settler = { .fd = self->board.dev };

		ASSERT_EQ(0, upkeep_upgrade(&self->board, releases[round % 2]));
		ASSERT_EQ(0, upkeep_parameter("settle", round & 2 ? "1" : "0"));
		if (!(round & 2))
			ASSERT_EQ(0, pthread_create(&settler.thread, NULL, settle_on, &settler));
		usleep(500 * round);
		EXPECT_EQ(0, board_detach(&self->board));
		if (!(round & 2)) {
			pthread_join(settler.thread, NULL);
			EXPECT_TRUE(!settler.err || settler.err == -ENODEV);
		}
		close(self->board.dev);
		self->board.dev = -1;
		ASSERT_EQ(0, board_attach(&self->board, self->partition));
		EXPECT_TRUE(is_release(releases[round % 2]));
		ASSERT_EQ(0, upkeep_settle(&self->board, 0, NULL));
		EXPECT_TRUE(all_home(self->partition, releases[round % 2]));
	}
}

/* The flash goes: the work ends, nothing hangs, and nothing is lost when it comes back. */
TEST_F_TIMEOUT(settle, flash_removed_meanwhile, 120)
{
	int round;

	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, upkeep_parameter("settle", "1"));
		usleep(700 * round);
		ASSERT_EQ(0, board_del_partition(self->board.mtd, self->partition));
		EXPECT_TRUE(board_wait_no_mtd("system"));
		close(self->board.dev);
		self->board.dev = -1;
		ASSERT_EQ(0, upkeep_parameter("settle", "0"));
		self->partition = board_add_partition(self->board.mtd, "flash", 0, BOARD_SIZE);
		ASSERT_LE(0, self->partition);
		ASSERT_EQ(0, board_attach(&self->board, self->partition));
		EXPECT_TRUE(is_release(round % 2 ? &self->one : &self->two));
		ASSERT_EQ(0, upkeep_upgrade(&self->board, round % 2 ? &self->two : &self->one));
	}
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, NULL));
	EXPECT_TRUE(all_home(self->partition, &self->two));
}

/* The module goes in the middle of it. */
TEST_F_TIMEOUT(settle, unloaded_meanwhile, 120)
{
	close(self->board.dev);
	close(self->board.control);
	ASSERT_EQ(0, upkeep_parameter("settle", "1"));
	ASSERT_EQ(0, board_run("rmmod mtdlayer"));
	ASSERT_EQ(0, board_run("modprobe mtdlayer settle=0"));
	self->board.control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
	ASSERT_EQ(0, board_attach(&self->board, self->partition));
	EXPECT_TRUE(is_release(&self->two));
	EXPECT_EQ(0, upkeep_settle(&self->board, 0, NULL));
	EXPECT_TRUE(all_home(self->partition, &self->two));
}

/* Suspend waits for one step at most, and what waits goes on afterwards. */
TEST_F_TIMEOUT(settle, suspended_meanwhile, 120)
{
	const struct test_release *releases[2] = { &self->one, &self->two };
	struct settler settler = { .fd = self->board.dev };
	int round;

	if (access(PM_TEST, W_OK) || board_run("grep -q mem /sys/power/state"))
		SKIP(return, "the kernel cannot rehearse a suspend");
	ASSERT_EQ(0, board_run("echo freezer >" PM_TEST));
	board_run("echo 1 >/sys/module/suspend/parameters/pm_test_delay");
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, upkeep_parameter("settle", round ? "1" : "0"));
		ASSERT_EQ(0, upkeep_upgrade(&self->board, releases[round]));
		ASSERT_EQ(0, pthread_create(&settler.thread, NULL, settle_on, &settler));
		EXPECT_EQ(0, board_run("echo mem >/sys/power/state"));
		pthread_join(settler.thread, NULL);
		EXPECT_EQ(0, settler.err);
		EXPECT_TRUE(upkeep_wait(self->board.index, 20));
		EXPECT_TRUE(all_home(self->partition, releases[round]));
		EXPECT_TRUE(is_release(releases[round]));
	}
	EXPECT_EQ(0, board_run("echo none >" PM_TEST));
}

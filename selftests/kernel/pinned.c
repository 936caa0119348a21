// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layers that a boot loader reads raw in their slots, and layers that are written over in place.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "upkeep.h"

#define PINNED		0	/* the layer "kernel" */

FIXTURE(pinned)
{
	struct board board;
	struct test_release one, two;
};

FIXTURE_SETUP(pinned)
{
	upkeep_release(&self->one, "1.0", 10);
	upkeep_release(&self->two, "2.0", 20);
	upkeep_policy(&self->one, PINNED, MTDL_POLICY_PINNED);
	upkeep_policy(&self->two, PINNED, MTDL_POLICY_PINNED);
	ASSERT_EQ(0, upkeep_parameter("settle", "0"));
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
}

FIXTURE_TEARDOWN(pinned)
{
	board_close(&self->board);
	board_run("rmmod mtdlayer; modprobe mtdlayer");
	release_free(&self->one);
	release_free(&self->two);
}

static bool is_release(const struct test_release *release)
{
	return board_layer_is(release, 0) && board_layer_is(release, 1) &&
	       board_layer_is(release, 2);
}

static u32 state_of(const struct board *board)
{
	struct upkeep_status status;

	return upkeep_status(board->index, &status) ? ~0U : status.state;
}

/* Attaches as the system's boot does. */
static int boot(struct board *board)
{
	char command[128];

	if (board->dev >= 0)
		close(board->dev);
	close(board->control);
	board->dev = -1;
	if (board_run("rmmod mtdlayer"))
		return -1;
	snprintf(command, sizeof(command), "modprobe mtdlayer attach=mtd%d", board->mtd);
	if (board_run(command))
		return -1;
	board->control = open("/dev/mtdlayer-control", O_RDWR | O_CLOEXEC);
	board->index = 0;
	board->dev = board_open_device(0);
	return board->dev < 0 ? board->dev : 0;
}

TEST_F_TIMEOUT(pinned, first_installation_goes_home, 120)
{
	EXPECT_TRUE(is_release(&self->one));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->one, PINNED));
}

/* When commit returns, a loader finds the new kernel; who runs still sees the old one. */
TEST_F_TIMEOUT(pinned, commit_installs, 120)
{
	struct mtdlayer_begin plan;
	struct upkeep_reader *readers;

	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, &plan));
	EXPECT_EQ(3, plan.aside);
	ASSERT_EQ(11, board_write_wanted(&self->board, &self->two, 100));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->one, PINNED));
	readers = upkeep_readers(&self->one, PINNED, 3);
	ASSERT_NE(NULL, readers);
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_COMMIT));
	EXPECT_TRUE(upkeep_readers_end(readers));
	EXPECT_EQ(MTDLAYER_STATE_TRIAL, state_of(&self->board));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->two, PINNED));
	EXPECT_TRUE(is_release(&self->one));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	EXPECT_EQ(MTDLAYER_STATE_IDLE, state_of(&self->board));
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, NULL));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->two, 1));
	EXPECT_TRUE(is_release(&self->two));
}

/* Never booted, and dropped: nobody reads the new one, so the old one comes home at once. */
TEST_F_TIMEOUT(pinned, rollback_before_the_boot, 120)
{
	ASSERT_EQ(0, board_install(&self->board, &self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ROLLBACK));
	EXPECT_EQ(MTDLAYER_STATE_IDLE, state_of(&self->board));
	EXPECT_TRUE(is_release(&self->one));
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, NULL));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->one, PINNED));
	EXPECT_TRUE(is_release(&self->one));
}

/* Booted, and dropped: it keeps its blocks as long as it runs; then the old one comes home. */
TEST_F_TIMEOUT(pinned, rollback_after_the_boot, 120)
{
	struct mtdlayer_settle settle;

	ASSERT_EQ(0, board_install(&self->board, &self->two));
	ASSERT_EQ(0, boot(&self->board));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ROLLBACK));
	EXPECT_TRUE(is_release(&self->two));
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, &settle));
	EXPECT_EQ(0, settle.more);
	EXPECT_TRUE(is_release(&self->two)) TH_LOG("what is exposed was written over");
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->two, PINNED));
	ASSERT_EQ(0, boot(&self->board));
	EXPECT_TRUE(upkeep_wait(0, 20));
	EXPECT_TRUE(is_release(&self->one));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->one, PINNED));
}

/* The attempts are used up: the old one is exposed, and comes home. */
TEST_F_TIMEOUT(pinned, never_confirmed, 120)
{
	int attempt;

	ASSERT_EQ(0, board_install(&self->board, &self->two));
	for (attempt = 0; attempt < 3; attempt++) {
		ASSERT_EQ(0, boot(&self->board));
		EXPECT_TRUE(is_release(&self->two));
	}
	ASSERT_EQ(0, boot(&self->board));
	EXPECT_TRUE(upkeep_wait(0, 20));
	EXPECT_TRUE(is_release(&self->one));
	EXPECT_TRUE(upkeep_is_home(self->board.mtd, &self->one, PINNED));
}

static void nothing(int signal)
{
}

struct committer {
	pthread_t thread;
	int fd;
	int err;
	atomic_bool done;
};

static void *commit(void *arg)
{
	struct committer *committer = arg;
	struct mtdlayer_change change = { };

	committer->err = ioctl(committer->fd, MTDLAYER_IOC_COMMIT, &change) ? -errno : 0;
	committer->done = true;
	return NULL;
}

/* A commit that is interrupted goes on, in the background or when it is given again. */
TEST_F_TIMEOUT(pinned, commit_interrupted, 120)
{
	struct sigaction action = { .sa_handler = nothing };
	struct committer committer = { .fd = self->board.dev };
	int round, tries, interrupted = 0;

	sigaction(SIGUSR1, &action, NULL);
	for (round = 0; round < 8; round++) {
		const struct test_release *release = round % 2 ? &self->one : &self->two;

		ASSERT_EQ(0, board_begin(&self->board, release, 0, NULL));
		ASSERT_LT(0, board_write_wanted(&self->board, release, 100));
		committer.done = false;
		ASSERT_EQ(0, pthread_create(&committer.thread, NULL, commit, &committer));
		while (!committer.done) {
			pthread_kill(committer.thread, SIGUSR1);
			usleep(100);
		}
		pthread_join(committer.thread, NULL);
		interrupted += committer.err == -EINTR;
		EXPECT_TRUE(!committer.err || committer.err == -EINTR);
		/* it goes on, whoever does it, and the same call says how it ended */
		if (committer.err && round & 2)
			EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_COMMIT));
		for (tries = 0; state_of(&self->board) != MTDLAYER_STATE_TRIAL && tries < 1000;
		     tries++)
			usleep(10000);
		EXPECT_EQ(MTDLAYER_STATE_TRIAL, state_of(&self->board));
		EXPECT_TRUE(upkeep_is_home(self->board.mtd, release, PINNED));
		ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
		EXPECT_TRUE(is_release(release));
		ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	}
	EXPECT_LT(0, interrupted);
}

/* A release whose large layer does not fit beside what is there. */
#define DATA		1
#define DATA_START	12
#define DATA_BLOCKS	40

static void large_release(struct test_release *release, const char *version, u32 seed)
{
	struct test_layer layers[] = {
		{ "kernel", BOARD_KERNEL_START, BOARD_KERNEL_BLOCKS, 3 * BOARD_BLOCK, NULL, 1 },
		{ "data", DATA_START, DATA_BLOCKS, DATA_BLOCKS * BOARD_BLOCK - 99, NULL, seed },
	};

	release_make(release, version, BOARD_BLOCK, layers, 2);
	upkeep_policy(release, DATA, MTDL_POLICY_IN_PLACE);
}

FIXTURE(in_place)
{
	struct board board;
	struct test_release one, two;
};

FIXTURE_SETUP(in_place)
{
	large_release(&self->one, "1.0", 5);
	large_release(&self->two, "2.0", 6);
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
}

FIXTURE_TEARDOWN(in_place)
{
	board_close(&self->board);
	release_free(&self->one);
	release_free(&self->two);
}

/* A layer that somebody reads is not written over, and nothing has happened to it. */
TEST_F_TIMEOUT(in_place, not_while_open, 120)
{
	struct mtdlayer_plan_layer layers[2] = { };
	struct mtdlayer_begin plan = {
		.flags = MTDLAYER_BEGIN_IN_PLACE | MTDLAYER_BEGIN_DRY_RUN,
		.manifest = (uintptr_t)self->two.manifest,
		.manifest_size = self->two.manifest_size,
		.layers = (uintptr_t)layers,
		.layer_room = 2,
	};
	int kernel, data;

	EXPECT_EQ(-ENOSPC, board_begin(&self->board, &self->two, 0, NULL));
	ASSERT_EQ(0, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_BEGIN, &plan));
	EXPECT_EQ(1, plan.in_place);
	EXPECT_EQ(0, layers[0].flags);
	EXPECT_EQ(MTDLAYER_PLAN_LAYER_IN_PLACE, layers[DATA].flags);
	kernel = board_open_mtd(board_find_mtd("kernel", 0), O_RDONLY);
	data = board_open_mtd(board_find_mtd("data", 0), O_RDONLY);
	ASSERT_LE(0, kernel);
	ASSERT_LE(0, data);
	EXPECT_EQ(-EBUSY, board_begin(&self->board, &self->two, MTDLAYER_BEGIN_IN_PLACE, NULL));
	EXPECT_REASON(&self->board, "layer data of mtdlayer0 would be written over");
	EXPECT_TRUE(board_layer_is(&self->one, DATA));
	close(data);
	data = board_open_mtd(board_find_mtd("data", 0), O_RDONLY);
	EXPECT_LE(0, data) TH_LOG("it stays closed although nothing is written over");
	close(data);
	close(kernel);
}

/* It cannot be read until all of it is there; the other layers can, all the time. */
TEST_F_TIMEOUT(in_place, written_over, 120)
{
	struct mtdlayer_begin plan;
	struct upkeep_reader *readers;
	char byte;
	int data;

	readers = upkeep_readers(&self->one, 0, 2);
	ASSERT_NE(NULL, readers);
	ASSERT_EQ(0, board_begin(&self->board, &self->two, MTDLAYER_BEGIN_IN_PLACE, &plan));
	EXPECT_EQ(1, plan.in_place);
	data = board_open_mtd(board_find_mtd("data", 0), O_RDONLY);
	ASSERT_LE(0, data);
	EXPECT_EQ(-1, pread(data, &byte, 1, 0));
	EXPECT_EQ(EIO, errno);
	close(data);
	EXPECT_EQ(DATA_BLOCKS, board_write_wanted(&self->board, &self->two, 100));
	EXPECT_TRUE(upkeep_readers_end(readers));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_COMMIT));
	EXPECT_EQ(MTDLAYER_STATE_IDLE, state_of(&self->board));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(board_layer_is(&self->two, 0));
	EXPECT_TRUE(board_layer_is(&self->two, DATA));
}

/* Given up half way, it says so, also after a restart; the old release can be put back. */
TEST_F_TIMEOUT(in_place, given_up_and_repaired, 120)
{
	char byte;
	int data;

	ASSERT_EQ(0, board_begin(&self->board, &self->two, MTDLAYER_BEGIN_IN_PLACE, NULL));
	ASSERT_EQ(7, board_write_wanted(&self->board, &self->two, 7));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ABORT));
	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	data = board_open_mtd(board_find_mtd("data", 0), O_RDONLY);
	ASSERT_LE(0, data);
	EXPECT_EQ(-1, pread(data, &byte, 1, 0));
	close(data);
	EXPECT_TRUE(board_layer_is(&self->one, 0));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(board_layer_is(&self->one, 0));
	EXPECT_TRUE(board_layer_is(&self->one, DATA));
}

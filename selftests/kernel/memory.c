// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every step with its allocations failing, one after the other: it either works or is refused,
 * can then be repeated, and nothing is leaked or used after free.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"

#define FAIL_NTH	"/proc/self/fail-nth"
#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define NTH_MAX		2000

const char *test_missing(void)
{
	if (access(FAIL_NTH, W_OK) || access(FAILSLAB, F_OK))
		return "the kernel injects no failures";
	return NULL;
}

FIXTURE(memory)
{
	struct board board;
	struct test_release one, two;
	int fail_nth;
};

FIXTURE_SETUP(memory)
{
	/* what may wait is what is asked for here */
	ASSERT_EQ(0, board_run("echo N >" FAILSLAB "ignore-gfp-wait"));
	ASSERT_EQ(0, board_run("echo 0 >" FAILSLAB "verbose"));
	self->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fail_nth);
	usual_release(&self->one, "1.0", 3, BOARD_BLOCK + 17);
	usual_release(&self->two, "2.0", 4, 3 * BOARD_BLOCK + 5);
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
}

FIXTURE_TEARDOWN(memory)
{
	board_close(&self->board);
	close(self->fail_nth);
	release_free(&self->one);
	release_free(&self->two);
}

/* The n-th allocation from now on fails. */
static void arm(int fd, int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	pwrite(fd, text, strlen(text), 0);
}

/* Whether one has failed since; none fails any more. */
static bool disarm(int fd)
{
	char text[16] = "";

	pread(fd, text, sizeof(text) - 1, 0);
	pwrite(fd, "0", 1, 0);
	return atoi(text) == 0;
}

/* An error that a lack of memory may lead to. */
static bool is_shortage(int err)
{
	return err == -ENOMEM || err == -EFAULT || err == -EAGAIN;
}

TEST_F_TIMEOUT(memory, attach, 120)
{
	struct mtdlayer_attach arg;
	int n, err, failed = 0;
	bool injected = true;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	/* the first are the module's own; of the many that registering MTD devices takes, some */
	for (n = 1; injected && n < NTH_MAX; n += n < 100 ? 1 : n / 16) {
		close(self->board.dev);
		self->board.dev = -1;
		ASSERT_EQ(0, board_detach(&self->board));
		memset(&arg, 0, sizeof(arg));
		arg.mtd = self->board.mtd;
		arm(self->fail_nth, n);
		err = ioctl(self->board.control, MTDLAYER_IOC_ATTACH, &arg) ? -errno : 0;
		injected = disarm(self->fail_nth);
		if (err) {
			failed++;
			EXPECT_TRUE(is_shortage(err)) TH_LOG("allocation %d: error %d", n, err);
			ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
		}
	}
	EXPECT_FALSE(injected);
	EXPECT_LT(10, failed);
	if (self->board.dev < 0)
		self->board.dev = board_open_device(self->board.index);
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
}

TEST_F_TIMEOUT(memory, upgrade, 240)
{
	struct mtdlayer_begin plan = {
		.manifest = (uintptr_t)self->two.manifest,
		.manifest_size = self->two.manifest_size,
	};
	struct mtdlayer_change change = { };
	static const unsigned long changes[3] = {
		MTDLAYER_IOC_COMMIT, MTDLAYER_IOC_BOOT, MTDLAYER_IOC_CONFIRM,
	};
	bool injected;
	int n, i, err;

	ASSERT_EQ(0, board_install(&self->board, &self->one));
	for (n = 1, err = -1; err && n < NTH_MAX; n++) {
		arm(self->fail_nth, n);
		err = ioctl(self->board.dev, MTDLAYER_IOC_BEGIN, &plan) ? -errno : 0;
		injected = disarm(self->fail_nth);
		if (err)
			EXPECT_TRUE(injected && is_shortage(err)) TH_LOG("begin: error %d", err);
	}
	ASSERT_EQ(0, err);
	ASSERT_LT(0, board_write_wanted(&self->board, &self->two, 100));
	for (i = 0; i < 3; i++) {
		for (n = 1, err = -1; err && n < NTH_MAX; n++) {
			arm(self->fail_nth, n);
			err = ioctl(self->board.dev, changes[i], &change) ? -errno : 0;
			injected = disarm(self->fail_nth);
			if (err)
				EXPECT_TRUE(injected && is_shortage(err))
					TH_LOG("step %d: error %d", i, err);
		}
		ASSERT_EQ(0, err);
	}
	EXPECT_TRUE(board_layer_is(&self->two, 0));
	EXPECT_TRUE(board_layer_is(&self->two, 2));
}

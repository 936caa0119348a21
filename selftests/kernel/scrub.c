// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bits that flip: corrected ones have the block moved, the others are an error that says so.
 */
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "upkeep.h"

/* The first 4 MiB of a simulated NAND flash: slow machines take their time for all of it. */
#define NAND		"parts=256"

/* What it has; its ECC corrects one bit in each half of a page. */
#define PAGE		512
#define OOB		16
#define STEP		256

const char *test_missing(void)
{
	if (board_run("modprobe nandsim " NAND " 2>/dev/null"))
		return "the module nandsim cannot be loaded";
	board_run("rmmod nandsim");
	return NULL;
}

FIXTURE(scrub)
{
	struct board board;
	struct test_release one;
	struct wire wire;
	int nand;
};

FIXTURE_SETUP(scrub)
{
	upkeep_release(&self->one, "1.0", 10);
	ASSERT_EQ(0, upkeep_parameter("settle", "1"));
	ASSERT_EQ(0, board_open(&self->board));
	self->nand = board_load_nand(NAND);
	ASSERT_LE(0, self->nand);
	ASSERT_EQ(0, board_format(&self->board, self->nand));
	ASSERT_EQ(0, board_attach(&self->board, self->nand));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, upkeep_listen(&self->wire));
}

FIXTURE_TEARDOWN(scrub)
{
	board_close(&self->board);
	upkeep_parameter("verify", "first");
	close(self->wire.fd);
	board_run("rmmod nandsim");
	release_free(&self->one);
}

/* Programs a page once more: only ones that become zeros have an effect. */
static int program_raw(int fd, off_t off, const u8 *page)
{
	u8 oob[OOB];
	struct mtd_write_req request = {
		.start = off,
		.len = PAGE,
		.ooblen = OOB,
		.usr_data = (uintptr_t)page,
		.usr_oob = (uintptr_t)oob,
		.mode = MTD_OPS_RAW,
	};

	memset(oob, 0xff, OOB);
	return ioctl(fd, MEMWRITE, &request) ? -errno : 0;
}

/* Turns the first @count ones of the ECC step at @off into zeros, as cells do that lose charge. */
static int flip(int mtd, off_t off, int count)
{
	int fd = board_open_mtd(mtd, O_RDWR), bit, err = 0;
	u8 page[PAGE];

	if (fd < 0)
		return fd;
	if (ioctl(fd, MTDFILEMODE, MTD_FILE_MODE_RAW) || pread(fd, page, PAGE, off) != PAGE)
		err = -errno;
	for (bit = 0; !err && count && bit < 8 * STEP; bit++) {
		if (!(page[bit / 8] >> bit % 8 & 1))
			continue;
		page[bit / 8] &= ~(1 << bit % 8);
		count--;
	}
	if (!err)
		err = program_raw(fd, off, page);
	close(fd);
	return err;
}

/* Byte @off of the block that holds logical block @block of layer @layer while it is home. */
static off_t home_of(const struct test_release *release, u32 layer, u32 block, u32 off)
{
	return (off_t)(release->layers[layer].slot_start + block) * BOARD_BLOCK + off;
}

static bool all_right(const struct test_release *release)
{
	return board_layer_is(release, 0) && board_layer_is(release, 1) &&
	       board_layer_is(release, 2);
}

/* One bit in a page: the bytes are right, and the block leaves those cells by itself. */
TEST_F_TIMEOUT(scrub, corrected_by_reading, 120)
{
	struct upkeep_event event = { };
	off_t at = home_of(&self->one, 1, 2, 5 * PAGE);

	ASSERT_EQ(0, flip(self->nand, at, 1));
	EXPECT_TRUE(all_right(&self->one));
	ASSERT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 20, &event));
	EXPECT_EQ(at / BOARD_BLOCK, event.block);
	EXPECT_NE(event.block, event.to);
	/* its home is free now, and it goes back there, on cells that were erased */
	EXPECT_TRUE(upkeep_wait(self->board.index, 20));
	EXPECT_TRUE(upkeep_is_home(self->nand, &self->one, 1));
	EXPECT_TRUE(all_right(&self->one));
	EXPECT_EQ(-ETIMEDOUT, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 1, &event));
}

/* The same found by somebody who verifies, or by reads after the first. */
TEST_F_TIMEOUT(scrub, corrected_by_verifying, 120)
{
	struct mtdlayer_verify verify = {
		.release = MTDLAYER_RELEASE_ACTIVE,
		.layer = 1,
		.count = 100,
	};
	struct upkeep_event event = { };
	off_t at = home_of(&self->one, 1, 0, 0);

	EXPECT_TRUE(all_right(&self->one));
	ASSERT_EQ(0, flip(self->nand, at, 1));
	ASSERT_EQ(0, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_VERIFY, &verify));
	EXPECT_EQ(0, verify.bad);
	ASSERT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 20, &event));
	EXPECT_EQ(at / BOARD_BLOCK, event.block);
	at = home_of(&self->one, 2, 0, 3 * PAGE);
	ASSERT_EQ(0, flip(self->nand, at, 1));
	EXPECT_TRUE(all_right(&self->one));
	ASSERT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 20, &event));
	EXPECT_EQ(at / BOARD_BLOCK, event.block);
}

/* In a trial the block moves in both releases, if both have it, and in the state as it is. */
TEST_F_TIMEOUT(scrub, in_a_trial, 120)
{
	struct upkeep_event event = { };
	struct test_layer layers[3];
	struct test_release two;

	/* the kernel is the same in both */
	memcpy(layers, self->one.layers, sizeof(layers));
	layers[1].seed = 99;
	release_make(&two, "2.0", BOARD_BLOCK, layers, 3);
	ASSERT_EQ(0, board_install(&self->board, &two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	ASSERT_EQ(0, flip(self->nand, home_of(&two, 0, 1, 0), 1));
	EXPECT_TRUE(all_right(&two));
	ASSERT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 20, &event));
	EXPECT_TRUE(all_right(&two));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_ROLLBACK));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	EXPECT_TRUE(all_right(&self->one));
	EXPECT_TRUE(upkeep_wait(self->board.index, 20));
	EXPECT_TRUE(all_right(&self->one));
	release_free(&two);
}

/* Who only looks moves nothing. */
TEST_F_TIMEOUT(scrub, not_after_a_look, 120)
{
	struct upkeep_status before, after;

	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	ASSERT_EQ(0, board_attach(&self->board, self->nand));
	ASSERT_EQ(0, flip(self->nand, home_of(&self->one, 1, 2, 0), 1));
	ASSERT_EQ(0, upkeep_status(self->board.index, &before));
	EXPECT_TRUE(all_right(&self->one));
	usleep(300000);
	ASSERT_EQ(0, upkeep_status(self->board.index, &after));
	EXPECT_EQ(before.epoch, after.epoch);
	EXPECT_EQ(before.write, after.write);
}

TEST_F_TIMEOUT(scrub, by_command, 120)
{
	struct mtdlayer_scrub scrub = {
		.release = MTDLAYER_RELEASE_ACTIVE,
		.layer = 1,
		.block = 6,
	};
	struct upkeep_event event = { };

	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_SCRUB, &scrub));
	EXPECT_REASON(&self->board, "block 6; layer system has 6");
	scrub.block = 5;
	scrub.flags = 1;
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_SCRUB, &scrub));
	scrub.flags = 0;
	scrub.release = MTDLAYER_RELEASE_CANDIDATE;
	EXPECT_EQ(-ENOENT, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_SCRUB, &scrub));
	scrub.release = MTDLAYER_RELEASE_ACTIVE;
	ASSERT_EQ(0, board_ioctl(&self->board, self->board.dev, MTDLAYER_IOC_SCRUB, &scrub));
	ASSERT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 20, &event));
	EXPECT_EQ(BOARD_SYSTEM_START + 5, event.block);
	ASSERT_EQ(0, upkeep_settle(&self->board, 0, NULL));
	EXPECT_TRUE(upkeep_is_home(self->nand, &self->one, 1));
	EXPECT_TRUE(all_right(&self->one));
}

/* Two bits where one can be corrected: no bytes, an error and an event, whatever is verified. */
TEST_F_TIMEOUT(scrub, uncorrectable, 120)
{
	static const char * const policies[] = { "off", "first", "always" };
	struct upkeep_event event;
	u8 bytes[PAGE];
	u32 i;
	int fd;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, upkeep_parameter("verify", policies[i]));
		ASSERT_EQ(0, flip(self->nand, home_of(&self->one, 1, 1 + i, 7 * PAGE), 2));
		fd = board_open_mtd(board_find_mtd("system", 0), O_RDONLY);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-1, pread(fd, bytes, PAGE, (1 + i) * BOARD_BLOCK + 7 * PAGE));
		EXPECT_EQ(EIO, errno);
		ASSERT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_VERIFY_FAILED, 5, &event))
			TH_LOG("verify=%s", policies[i]);
		EXPECT_EQ(MTDLAYER_RELEASE_EXPOSED, event.release);
		EXPECT_EQ(1, event.layer);
		EXPECT_EQ(1 + i, event.logical);
		/* the blocks beside it are as good as ever */
		EXPECT_EQ(PAGE, pread(fd, bytes, PAGE, 4 * BOARD_BLOCK));
		close(fd);
	}
	/* once is enough */
	fd = board_open_mtd(board_find_mtd("system", 0), O_RDONLY);
	EXPECT_EQ(-1, pread(fd, bytes, PAGE, BOARD_BLOCK + 7 * PAGE));
	EXPECT_EQ(-1, pread(fd, bytes, PAGE, BOARD_BLOCK + 7 * PAGE));
	close(fd);
	EXPECT_EQ(-ETIMEDOUT, upkeep_next(&self->wire, MTDLAYER_EVENT_VERIFY_FAILED, 1, &event));
}

/* Cells that flip at random, read all the time: bytes are right or there is an error. */
TEST_F_TIMEOUT(scrub, random_flips, 120)
{
	struct upkeep_event event = { };
	struct upkeep_reader *readers;

	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	self->nand = board_load_nand(NAND " bitflips=1");
	ASSERT_LE(0, self->nand);
	ASSERT_EQ(0, board_format(&self->board, self->nand));
	ASSERT_EQ(0, board_attach(&self->board, self->nand));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	readers = upkeep_readers(&self->one, 1, 2);
	ASSERT_NE(NULL, readers);
	EXPECT_EQ(0, upkeep_next(&self->wire, MTDLAYER_EVENT_SCRUBBED, 60, &event));
	EXPECT_TRUE(upkeep_readers_end(readers));
	EXPECT_TRUE(all_right(&self->one));
}

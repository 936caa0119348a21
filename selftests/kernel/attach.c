// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be attached, and what is refused with which sentence.
 */
#include <fcntl.h>
#include <mtd/ubi-user.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(attach)
{
	struct board board;
};

FIXTURE_SETUP(attach)
{
	ASSERT_EQ(0, board_open(&self->board));
}

FIXTURE_TEARDOWN(attach)
{
	board_close(&self->board);
}

TEST_F(attach, formatted)
{
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	EXPECT_STREQ("", self->board.reason);
	EXPECT_EQ(0, board_detach(&self->board));
}

TEST_F(attach, by_name)
{
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach_name(&self->board, "mtdram test device"));
}

TEST_F(attach, changes_no_byte)
{
	u32 before_size, after_size;
	u8 *before, *after;

	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	before = board_dump(self->board.mtd, &before_size);
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_detach(&self->board));
	after = board_dump(self->board.mtd, &after_size);
	ASSERT_EQ(before_size, after_size);
	EXPECT_EQ(0, memcmp(before, after, before_size));
	free(before);
	free(after);
}

TEST_F(attach, no_such_device)
{
	EXPECT_EQ(-ENODEV, board_attach(&self->board, 77));
	EXPECT_REASON(&self->board, "there is no MTD device mtd77");
	EXPECT_EQ(-ENODEV, board_attach_name(&self->board, "absent"));
	EXPECT_REASON(&self->board, "there is no MTD device called absent");
	EXPECT_EQ(-ENODEV, board_detach(&self->board));
	EXPECT_REASON(&self->board, "there is no device mtdlayer0");
}

TEST_F(attach, not_formatted)
{
	EXPECT_EQ(-ENODATA, board_attach(&self->board, self->board.mtd));
	EXPECT_NE('\0', self->board.reason[0]);
}

TEST_F(attach, twice)
{
	struct mtdlayer_attach arg = { .mtd = self->board.mtd };

	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	EXPECT_EQ(-EBUSY, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				      &arg));
	EXPECT_REASON(&self->board, "is attached already");
}

TEST_F(attach, master_with_partitions)
{
	int partition;

	partition = board_add_partition(self->board.mtd, "half", 0, BOARD_SIZE / 2);
	ASSERT_LE(0, partition);
	EXPECT_EQ(-EINVAL, board_attach(&self->board, self->board.mtd));
	EXPECT_REASON(&self->board, "has partitions");
	EXPECT_EQ(0, board_format(&self->board, partition));
	EXPECT_EQ(0, board_attach(&self->board, partition));
	close(self->board.dev);
	self->board.dev = -1;
	EXPECT_EQ(0, board_detach(&self->board));
	EXPECT_EQ(0, board_del_partition(self->board.mtd, partition));
}

TEST_F(attach, two_of_a_name)
{
	int one, two;

	one = board_add_partition(self->board.mtd, "twin", 0, BOARD_SIZE / 2);
	two = board_add_partition(self->board.mtd, "twin", BOARD_SIZE / 2, BOARD_SIZE / 2);
	ASSERT_LT(one, two);
	EXPECT_EQ(-ENOTUNIQ, board_attach_name(&self->board, "twin"));
	EXPECT_REASON(&self->board, "2 MTD devices are called twin");
	EXPECT_EQ(0, board_del_partition(self->board.mtd, one));
	EXPECT_EQ(0, board_del_partition(self->board.mtd, two));
}

/* A partition of NOR that does not end at an eraseblock's end is not writable. */
TEST_F(attach, read_only_parent)
{
	struct test_layer layer = { "app", BOARD_APP_START, BOARD_APP_BLOCKS, 1 };
	struct test_release release;
	u32 size = 32 * NOR_BLOCK;
	int nor, partition;

	nor = board_find_mtd(NOR_NAME, 0);
	if (nor < 0)
		SKIP(return, "no NOR flash called " NOR_NAME);
	partition = board_add_partition(nor, "part", 0, size);
	ASSERT_LE(0, partition);
	ASSERT_EQ(0, board_format(&self->board, partition));
	ASSERT_EQ(0, board_del_partition(nor, partition));
	partition = board_add_partition(nor, "part", 0, size + 512);
	ASSERT_LE(0, partition);
	EXPECT_EQ(0, board_attach(&self->board, partition));
	release_make(&release, "1.0", NOR_BLOCK, &layer, 1);
	EXPECT_EQ(-EROFS, board_begin(&self->board, &release, 0, NULL));
	EXPECT_REASON(&self->board, "read-only");
	release_free(&release);
	close(self->board.dev);
	self->board.dev = -1;
	EXPECT_EQ(0, board_detach(&self->board));
	EXPECT_EQ(0, board_del_partition(nor, partition));
}

TEST_F(attach, a_layer)
{
	struct mtdlayer_attach arg = { };
	struct test_release release;

	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	usual_release(&release, "1.0", 1, 1);
	ASSERT_EQ(0, board_install(&self->board, &release));
	release_free(&release);
	arg.mtd = board_find_mtd("kernel", 0);
	ASSERT_LE(0, arg.mtd);
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				       &arg));
	EXPECT_REASON(&self->board, "is itself a layer");
}

/* As DataFlash has it: eraseblocks that are no power of two. */
TEST_F(attach, odd_eraseblocks)
{
	int mtd = board_load_flash(960, 96);

	EXPECT_LE(0, mtd);
	EXPECT_EQ(-EINVAL, board_attach(&self->board, mtd));
	EXPECT_REASON(&self->board, "eraseblocks of 98304 bytes, which is not a power of two");
	EXPECT_LE(0, board_load_flash(BOARD_SIZE >> 10, BOARD_BLOCK >> 10));
}

/* Makes a volume on MTD device @mtd; 0 or a negative errno. */
static int make_volume(int mtd)
{
	struct ubi_attach_req attach = { .ubi_num = 0, .mtd_num = mtd };
	struct ubi_mkvol_req volume = {
		.vol_id = UBI_VOL_NUM_AUTO,
		.alignment = 1,
		.bytes = BOARD_BLOCK,
		.vol_type = UBI_DYNAMIC_VOLUME,
		.name_len = 6,
		.name = "volume",
	};
	int control, ubi, err = 0;

	control = open("/dev/ubi_ctrl", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	if (ioctl(control, UBI_IOCATT, &attach))
		err = -errno;
	close(control);
	ubi = open("/dev/ubi0", O_RDWR | O_CLOEXEC);
	if (!err && ioctl(ubi, UBI_IOCMKVOL, &volume))
		err = -errno;
	close(ubi);
	return err;
}

/* A UBI volume shows as an MTD device by gluebi. */
TEST_F(attach, ubi_volume)
{
	int mtd;

	if (board_run("modprobe ubi && modprobe gluebi"))
		SKIP(return, "no gluebi");
	EXPECT_EQ(0, make_volume(self->board.mtd));
	mtd = board_find_mtd("volume", 0);
	EXPECT_LE(0, mtd);
	EXPECT_EQ(-EINVAL, board_attach(&self->board, mtd));
	EXPECT_REASON(&self->board, "is a UBI volume");
	EXPECT_EQ(0, board_run("rmmod gluebi; rmmod ubi"));
}

/* The third byte of the identification says how many levels a cell has. */
TEST_F(attach, mlc)
{
	int nand = board_load_nand("id_bytes=0x20,0xd3,0x14,0x95");

	if (nand < 0)
		SKIP(return, "no nandsim");
	EXPECT_EQ(-EINVAL, board_attach(&self->board, nand));
	EXPECT_REASON(&self->board, "is MLC NAND");
	EXPECT_EQ(0, board_run("rmmod nandsim"));
}

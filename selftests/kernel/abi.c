// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the ioctls refuse: each refusal has a sentence, and changes no byte of the flash.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"

#define BAD_POINTER	((__u64)(uintptr_t)0x10)

FIXTURE(abi)
{
	struct board board;
	struct test_release one, two;
	u8 *before;
	u32 size;
};

/* Staging release 2 beside release 1, two blocks written. */
FIXTURE_SETUP(abi)
{
	usual_release(&self->one, "1.0", 3, BOARD_BLOCK + 17);
	usual_release(&self->two, "2.0", 4, 3 * BOARD_BLOCK + 5);
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	ASSERT_EQ(2, board_write_wanted(&self->board, &self->two, 2));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_SYNC));
	self->before = board_dump(self->board.mtd, &self->size);
	ASSERT_NE(NULL, self->before);
}

FIXTURE_TEARDOWN(abi)
{
	u32 size;
	u8 *after = board_dump(self->board.mtd, &size);

	EXPECT_EQ(self->size, size);
	EXPECT_EQ(0, memcmp(self->before, after, size))
		TH_LOG("something that was refused has changed the flash");
	free(after);
	free(self->before);
	board_close(&self->board);
	release_free(&self->one);
	release_free(&self->two);
}

#define REFUSED(error, cmd, arg, text) do { \
	EXPECT_EQ(-(error), board_ioctl(&self->board, self->board.dev, cmd, arg)); \
	EXPECT_REASON(&self->board, text); \
} while (0)

TEST_F(abi, unknown_flags)
{
	struct mtdlayer_begin begin = { .flags = 1U << 31 };
	struct mtdlayer_want want = { .flags = 4, .count = 1 };
	struct mtdlayer_write write = { .flags = 2 };
	struct mtdlayer_change change = { .flags = 1 };
	struct mtdlayer_verify verify = { .flags = 8, .count = 1 };
	static const unsigned long changes[6] = {
		MTDLAYER_IOC_SYNC, MTDLAYER_IOC_COMMIT, MTDLAYER_IOC_BOOT, MTDLAYER_IOC_CONFIRM,
		MTDLAYER_IOC_ROLLBACK, MTDLAYER_IOC_ABORT,
	};
	unsigned int i;

	REFUSED(EINVAL, MTDLAYER_IOC_BEGIN, &begin, "0x80000000 are not known");
	REFUSED(EINVAL, MTDLAYER_IOC_WANT, &want, "0x4 are not known");
	REFUSED(EINVAL, MTDLAYER_IOC_WRITE, &write, "0x2 are not known");
	REFUSED(EINVAL, MTDLAYER_IOC_VERIFY, &verify, "0x8 are not known");
	for (i = 0; i < 6; i++)
		REFUSED(EINVAL, changes[i], &change, "0x1 are not known");
}

TEST_F(abi, unknown_flags_of_control)
{
	struct mtdlayer_attach attach = { .flags = 1, .mtd = 0 };
	struct mtdlayer_detach detach = { .flags = 1 };

	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				       &attach));
	EXPECT_REASON(&self->board, "0x1 are not known");
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_DETACH,
				       &detach));
	EXPECT_REASON(&self->board, "0x1 are not known");
}

TEST_F(abi, reserved_fields)
{
	struct mtdlayer_begin begin = {
		.manifest = (uintptr_t)self->two.manifest,
		.manifest_size = self->two.manifest_size,
	};
	struct mtdlayer_attach attach = { .mtd = 0, .reserved = 7 };
	struct mtdlayer_change change = { .digest = { [31] = 1 } };

	begin.reserved[1] = 5;
	REFUSED(EINVAL, MTDLAYER_IOC_BEGIN, &begin, "a reserved field is 0x5");
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				       &attach));
	EXPECT_REASON(&self->board, "a reserved field is 0x7");
	REFUSED(EINVAL, MTDLAYER_IOC_COMMIT, &change, "digest_valid is 0");
	change.digest_valid = 1;
	REFUSED(EINVAL, MTDLAYER_IOC_ABORT, &change, "only CONFIRM takes a digest");
	change.digest_valid = 2;
	REFUSED(EINVAL, MTDLAYER_IOC_CONFIRM, &change, "it must be 0 or 1");
}

TEST_F(abi, bad_pointers)
{
	struct test_release other;
	struct mtdlayer_begin begin = {
		.manifest = BAD_POINTER,
		.manifest_size = self->two.manifest_size,
	};
	struct mtdlayer_want want = { .count = 1, .blocks = BAD_POINTER };
	struct mtdlayer_write write = { .layer = 2, .block = 2, .length = 100,
					.data = BAD_POINTER };

	REFUSED(EFAULT, MTDLAYER_IOC_BEGIN, &begin, "bytes of the manifest cannot be read");
	begin.manifest = (uintptr_t)self->two.manifest;
	begin.signature = BAD_POINTER;
	begin.signature_size = 16;
	REFUSED(EFAULT, MTDLAYER_IOC_BEGIN, &begin, "bytes of the signature cannot be read");
	begin.signature = 0;
	begin.signature_size = 0;
	begin.flags = MTDLAYER_BEGIN_DRY_RUN;
	begin.layers = BAD_POINTER;
	begin.layer_room = 1;
	REFUSED(EFAULT, MTDLAYER_IOC_BEGIN, &begin, "plan cannot be written");
	usual_release(&other, "3.0", 5, 10);
	begin.flags = MTDLAYER_BEGIN_REPLACE;
	begin.manifest = (uintptr_t)other.manifest;
	begin.manifest_size = other.manifest_size;
	REFUSED(EFAULT, MTDLAYER_IOC_BEGIN, &begin, "plan cannot be written");
	release_free(&other);
	REFUSED(EFAULT, MTDLAYER_IOC_WANT, &want, "cannot be written to their address");
	REFUSED(EFAULT, MTDLAYER_IOC_WRITE, &write, "bytes to write cannot be read");
	EXPECT_EQ(-1, ioctl(self->board.dev, MTDLAYER_IOC_SYNC, (void *)0x10));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(abi, sizes)
{
	struct mtdlayer_begin begin = { .manifest = (uintptr_t)self->two.manifest };
	struct mtdlayer_want want = { };
	struct mtdlayer_write write = { };
	struct mtdlayer_verify verify = { };

	REFUSED(EINVAL, MTDLAYER_IOC_BEGIN, &begin, "the manifest has 0 bytes");
	begin.manifest_size = 64 << 20;
	REFUSED(E2BIG, MTDLAYER_IOC_BEGIN, &begin, "it can have at most");
	begin.manifest_size = 1;
	REFUSED(EINVAL, MTDLAYER_IOC_BEGIN, &begin, "manifest");
	begin.manifest_size = self->two.manifest_size;
	begin.signature = 1;
	begin.signature_size = (16 << 10) + 1;
	REFUSED(E2BIG, MTDLAYER_IOC_BEGIN, &begin, "the limit is 16384");
	begin.signature_size = 0;
	REFUSED(EINVAL, MTDLAYER_IOC_BEGIN, &begin, "both an address and a size");
	begin.signature = 0;
	begin.layer_room = 3;
	REFUSED(EINVAL, MTDLAYER_IOC_BEGIN, &begin, "it has no address");
	REFUSED(EINVAL, MTDLAYER_IOC_WANT, &want, "must be 1 to 4096");
	want.count = 4097;
	REFUSED(EINVAL, MTDLAYER_IOC_WANT, &want, "must be 1 to 4096");
	REFUSED(EINVAL, MTDLAYER_IOC_WRITE, &write, "a block has 1 to 65536");
	write.length = BOARD_BLOCK + 1;
	REFUSED(EINVAL, MTDLAYER_IOC_WRITE, &write, "a block has 1 to 65536");
	REFUSED(EINVAL, MTDLAYER_IOC_VERIFY, &verify, "must be 1 to 1024");
	verify.count = 1;
	verify.release = 3;
	REFUSED(EINVAL, MTDLAYER_IOC_VERIFY, &verify, "release 3");
	verify.release = 0;
	verify.layer = 3;
	REFUSED(EINVAL, MTDLAYER_IOC_VERIFY, &verify, "release 1.0 has 3");
}

TEST_F(abi, unknown_commands)
{
	EXPECT_EQ(-1, ioctl(self->board.dev, _IO(MTDLAYER_IOC_MAGIC, 0x10), NULL));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->board.dev, MTDLAYER_IOC_ATTACH, NULL));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->board.control, MTDLAYER_IOC_COMMIT, NULL));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(abi, attach_arguments)
{
	struct mtdlayer_attach attach = { .mtd = -2 };

	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				       &attach));
	EXPECT_REASON(&self->board, "MTD device -2");
	attach.mtd = -1;
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				       &attach));
	EXPECT_REASON(&self->board, "by its number or by its name");
	memset(attach.name, 'x', sizeof(attach.name));
	EXPECT_EQ(-EINVAL, board_ioctl(&self->board, self->board.control, MTDLAYER_IOC_ATTACH,
				       &attach));
	EXPECT_REASON(&self->board, "has no end within 64 bytes");
}

TEST_F(abi, wrong_data)
{
	struct test_release other;
	u8 *data = calloc(1, BOARD_BLOCK);
	struct mtdlayer_write write = {
		.layer = 2,
		.block = 2,
		.length = BOARD_BLOCK,
		.data = (uintptr_t)data,
	};

	REFUSED(EBADMSG, MTDLAYER_IOC_WRITE, &write, "app");
	write.length = 100;
	REFUSED(EINVAL, MTDLAYER_IOC_WRITE, &write, "");
	write.length = BOARD_BLOCK;
	write.block = 99;
	REFUSED(EINVAL, MTDLAYER_IOC_WRITE, &write, "99");
	write.block = 0;
	write.layer = 9;
	REFUSED(EINVAL, MTDLAYER_IOC_WRITE, &write, "9");
	free(data);
	/* right bytes of a layer that did not change: nobody asked for them */
	EXPECT_EQ(-EALREADY, board_write(&self->board, &self->two, 0, 0));
	EXPECT_EQ(-EAGAIN, board_change(&self->board, MTDLAYER_IOC_COMMIT));
	usual_release(&other, "3.0", 5, 10);
	EXPECT_EQ(-EEXIST, board_begin(&self->board, &other, 0, NULL));
	EXPECT_EQ(0, board_begin(&self->board, &other, MTDLAYER_BEGIN_DRY_RUN |
				 MTDLAYER_BEGIN_REPLACE, NULL));
	release_free(&other);
}

TEST_F(abi, wrong_manifests)
{
	struct mtdl_media_manifest *header;
	struct test_layer layer = { "app", BOARD_APP_START, BOARD_APP_BLOCKS, BOARD_BLOCK };
	struct test_release other;

	usual_release(&other, "3.0", 5, 10);
	header = (void *)other.manifest;
	header->compatible[0] = 'b';
	EXPECT_EQ(-ENODEV, board_begin(&self->board, &other, MTDLAYER_BEGIN_REPLACE, NULL));
	EXPECT_REASON(&self->board, "bcme,test-board");
	header->compatible[0] = 'a';
	header->magic++;
	EXPECT_EQ(-EINVAL, board_begin(&self->board, &other, MTDLAYER_BEGIN_REPLACE, NULL));
	release_free(&other);
	/* half the block size */
	layer.slot_start *= 2;
	release_make(&other, "4.0", BOARD_BLOCK / 2, &layer, 1);
	EXPECT_EQ(-EINVAL, board_begin(&self->board, &other, MTDLAYER_BEGIN_REPLACE, NULL));
	release_free(&other);
	/* more than the flash has: refused, saying how much is missing */
	layer.slot_start = BOARD_APP_START;
	layer.size = 50 * BOARD_BLOCK;
	release_make(&other, "5.0", BOARD_BLOCK, &layer, 1);
	EXPECT_EQ(-ENOSPC, board_begin(&self->board, &other, MTDLAYER_BEGIN_REPLACE, NULL));
	EXPECT_NE('\0', self->board.reason[0]);
	release_free(&other);
}

/* One writer at a time; whoever only looks is let in. */
TEST_F(abi, two_sessions)
{
	struct mtdlayer_verify verify = { .release = MTDLAYER_RELEASE_ACTIVE, .count = 1 };
	struct mtdlayer_change change = { };
	char pid[32];
	int second;

	second = board_open_device(self->board.index);
	ASSERT_LE(0, second);
	EXPECT_EQ(-EBUSY, board_ioctl(&self->board, second, MTDLAYER_IOC_ABORT, &change));
	snprintf(pid, sizeof(pid), "process %d (abi)", getpid());
	EXPECT_REASON(&self->board, pid);
	EXPECT_EQ(0, board_ioctl(&self->board, second, MTDLAYER_IOC_VERIFY, &verify));
	close(self->board.dev);
	self->board.dev = second;
	EXPECT_EQ(0, board_change(&self->board, MTDLAYER_IOC_SYNC));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mtd-utils and the kernel's own MTD tests on layers: what applies to a read-only device.
 *
 * Of the kernel's tests (drivers/mtd/tests) these do: readtest as it is; pagetest as it is, which
 * must leave a layer alone (it wants NAND, and is told ROM); and pagetest's reads, made from its
 * source by mtdtests.d/mtd_pagereads.c.  The others have nothing to test here: speedtest,
 * stresstest, torturetest, subpagetest, oobtest and nandbiterrs begin by erasing and programming,
 * and a layer has no spare area (the module corrects, verifies and hides bad blocks); nandecctest
 * tests a library and needs no device.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define DUMP		"/tmp/mtdtests.dump"
#define TEXT		"/tmp/mtdtests.text"

/*
 * The layer that holds what pagetest would have written.  It consists of whole eraseblocks: of one
 * that is cut short the test asks whether the block behind it is bad, where its table has ended.
 */
#define PAGES_LAYER	1
#define PAGES_BLOCKS	3

const char *test_missing(void)
{
	if (board_run("which nanddump mtdinfo mtd_debug >/dev/null"))
		return "mtd-utils are not installed";
	return NULL;
}

/* The kernel's prandom_u32_state(): pagetest makes its pages by it. */
struct prandom {
	u32 s1, s2, s3, s4;
};

static u32 prandom_next(struct prandom *state)
{
	state->s1 = ((state->s1 & 0xfffffffeU) << 18) ^ (((state->s1 << 6) ^ state->s1) >> 13);
	state->s2 = ((state->s2 & 0xfffffff8U) << 2) ^ (((state->s2 << 2) ^ state->s2) >> 27);
	state->s3 = ((state->s3 & 0xfffffff0U) << 7) ^ (((state->s3 << 13) ^ state->s3) >> 21);
	state->s4 = ((state->s4 & 0xffffff80U) << 13) ^ (((state->s4 << 3) ^ state->s4) >> 12);
	return state->s1 ^ state->s2 ^ state->s3 ^ state->s4;
}

/* prandom_seed_state(1), prandom_bytes_state(): @size is a multiple of 4. */
static u8 *prandom_bytes(u32 size)
{
	u32 seed = 1U << 10 ^ 1U, off, word;
	struct prandom state = { seed, seed, seed, seed };
	u8 *bytes = malloc(size);

	for (off = 0; bytes && off < size; off += sizeof(word)) {
		word = prandom_next(&state);
		memcpy(bytes + off, &word, sizeof(word));
	}
	return bytes;
}

/* Without a simulator there is nothing to test; a setup cannot say so. */
#define NEED_FLASH do { \
	if (self->parent < 0) \
		SKIP(return, "no nandsim"); \
} while (0)

FIXTURE(mtdtests)
{
	struct board board;
	struct test_release release;
	u8 *pages;
	u32 block;
	int parent;
};

FIXTURE_VARIANT(mtdtests)
{
	const char *nand;
};

FIXTURE_VARIANT_ADD(mtdtests, nor)
{
	.nand = NULL,
};

/* 128 MiB, pages of 2 KiB, the last blocks bad: they must stay invisible */
FIXTURE_VARIANT_ADD(mtdtests, nand)
{
	.nand = "id_bytes=0x20,0xa1,0x00,0x15 parts=60 badblocks=9,11,13",
};

FIXTURE_SETUP(mtdtests)
{
	struct test_layer layers[] = {
		{ "app", 8, 4, 0, NULL, 7 },
		{ "pages", 12, PAGES_BLOCKS, 0, NULL, 0 },
		{ "other", 15, 2, 0, NULL, 8 },
	};

	ASSERT_EQ(0, board_open(&self->board));
	self->parent = self->board.mtd;
	self->block = BOARD_BLOCK;
	if (variant->nand) {
		self->parent = board_load_nand(variant->nand);
		if (self->parent < 0)
			return;
		self->block = 2 * BOARD_BLOCK;
	}
	self->pages = prandom_bytes(PAGES_BLOCKS * self->block);
	ASSERT_NE(NULL, self->pages);
	layers[0].size = 2 * self->block + 2000;
	layers[1].size = PAGES_BLOCKS * self->block;
	layers[1].data = self->pages;
	layers[2].size = 2 * self->block;
	release_make(&self->release, "1.0", self->block, layers, 3);
	ASSERT_EQ(0, board_format(&self->board, self->parent));
	ASSERT_EQ(0, board_attach(&self->board, self->parent));
	ASSERT_EQ(0, board_install(&self->board, &self->release));
}

FIXTURE_TEARDOWN(mtdtests)
{
	board_close(&self->board);
	release_free(&self->release);
	free(self->pages);
	if (variant->nand)
		board_run("rmmod nandsim");
}

/* Runs a command line on a layer: its MTD number is put in for the only %d. */
static int run_on(const char *layer, const char *format)
{
	char command[256];

	snprintf(command, sizeof(command), format, board_find_mtd(layer, 0));
	return board_run(command);
}

/* Whether the command's output, in TEXT, has a line that matches. */
static bool told(const char *pattern)
{
	char command[256];

	snprintf(command, sizeof(command), "grep -Eq '%s' " TEXT, pattern);
	if (!board_run(command))
		return true;
	printf("# nothing in this matches '%s':\n", pattern);
	board_run("sed 's/^/# /' " TEXT);
	return false;
}

/* Whether DUMP holds bytes @off to @off + @size of the layer, which ends in 0xff. */
static bool dumped(const struct test_release *release, u32 layer, u32 off, u32 size)
{
	u8 *got = malloc(size + 1), *wanted = malloc(size);
	u32 data = release->layers[layer].size - off;
	int fd = open(DUMP, O_RDONLY);
	bool same;

	data = data < size ? data : size;
	release_bytes(release, layer, off, wanted, data);
	memset(wanted + data, 0xff, size - data);
	same = read(fd, got, size + 1) == size && !memcmp(got, wanted, size);
	close(fd);
	free(got);
	free(wanted);
	return same;
}

TEST_F(mtdtests, mtdinfo_and_mtd_debug)
{
	const struct test_layer *app = &self->release.layers[0];
	char text[128];

	NEED_FLASH;
	EXPECT_EQ(0, run_on("app", "mtdinfo /dev/mtd%d >" TEXT));
	EXPECT_TRUE(told("^Name: +app$"));
	EXPECT_TRUE(told("^Type: +rom$"));
	EXPECT_TRUE(told("^Device is writable: +false$"));
	snprintf(text, sizeof(text), "^Eraseblock size: +%u bytes", self->block);
	EXPECT_TRUE(told(text));
	EXPECT_EQ(0, board_run("mtdinfo -a >" TEXT));
	EXPECT_TRUE(told("^Name: +pages$"));
	EXPECT_EQ(0, run_on("app", "mtd_debug info /dev/mtd%d >" TEXT));
	EXPECT_TRUE(told("^mtd.type = MTD_ROM$"));
	EXPECT_TRUE(told("^mtd.flags = MTD_CAP_ROM$"));
	snprintf(text, sizeof(text), "mtd_debug read /dev/mtd%%d 0 %u " DUMP " >/dev/null",
		 app->size);
	EXPECT_EQ(0, run_on("app", text));
	EXPECT_TRUE(dumped(&self->release, 0, 0, app->size));
}

/*
 * It reads a page at a time, which is a byte of NOR: there only some.  libmtd takes a device for
 * whole eraseblocks, and goes no further: of a layer that ends within one, it dumps what is before.
 */
TEST_F(mtdtests, nanddump)
{
	const struct test_layer *pages = &self->release.layers[PAGES_LAYER];

	NEED_FLASH;
	if (!variant->nand) {
		EXPECT_EQ(0, run_on("app", "nanddump -q -s 65000 -l 3000 -f " DUMP " /dev/mtd%d"));
		EXPECT_TRUE(dumped(&self->release, 0, 65000, 3000));
		return;
	}
	EXPECT_EQ(0, run_on("pages", "nanddump -q -f " DUMP " /dev/mtd%d"));
	EXPECT_TRUE(dumped(&self->release, PAGES_LAYER, 0, pages->size));
	EXPECT_EQ(0, run_on("pages", "nanddump -q --bb=dumpbad -s 131072 -l 4096 -f " DUMP
			    " /dev/mtd%d"));
	EXPECT_TRUE(dumped(&self->release, PAGES_LAYER, 131072, 4096));
	EXPECT_EQ(0, run_on("app", "nanddump -q -l 262144 -f " DUMP " /dev/mtd%d"));
	EXPECT_TRUE(dumped(&self->release, 0, 0, 2 * self->block));
}

/* What writes is refused, and changes nothing. */
TEST_F(mtdtests, writers)
{
	static const char * const writers[] = {
		"mtd_debug erase /dev/mtd%d 0 131072 2>/dev/null",
		"mtd_debug write /dev/mtd%d 0 2048 " DUMP " 2>/dev/null",
		"flash_erase -q /dev/mtd%d 0 1 2>/dev/null",
		"nandwrite -q /dev/mtd%d " DUMP " 2>/dev/null",
		"flashcp " DUMP " /dev/mtd%d 2>/dev/null",
	};
	unsigned int i;

	NEED_FLASH;
	ASSERT_EQ(0, board_run("head -c 2048 /dev/zero >" DUMP));
	for (i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
		EXPECT_NE(0, run_on("pages", writers[i])) TH_LOG("writer %u got through", i);
	EXPECT_TRUE(board_layer_is(&self->release, 0));
	EXPECT_TRUE(board_layer_is(&self->release, PAGES_LAYER));
}

/* A test module tests as it is loaded: whether it can be is the result. */
static int run_module(const char *module, const char *layer)
{
	char format[128];
	int status;

	snprintf(format, sizeof(format), "modprobe %s dev=%%d", module);
	status = run_on(layer, format);
	if (!status) {
		snprintf(format, sizeof(format), "rmmod %s", module);
		status = board_run(format);
	}
	return status;
}

static bool has_module(const char *module)
{
	char command[128];

	snprintf(command, sizeof(command), "find /lib/modules -name '%s.ko*' | grep -q .", module);
	return !board_run(command);
}

TEST_F(mtdtests, readtest)
{
	NEED_FLASH;
	if (!has_module("mtd_readtest"))
		SKIP(return, "no module mtd_readtest");
	EXPECT_EQ(0, run_module("mtd_readtest", "app"));
	EXPECT_EQ(0, run_module("mtd_readtest", "pages"));
}

/* How many errors the kernel's log tells of; -1: the test did not get to its end. */
static int pagereads_errors(void)
{
	FILE *log = popen("dmesg | grep 'mtd_pagereads: finished with' | tail -n 1 | "
			  "sed 's/.* with \\([0-9]*\\) errors/\\1/'", "r");
	int errors = -1;

	if (log && fscanf(log, "%d", &errors) != 1)
		errors = -1;
	if (log)
		pclose(log);
	return errors;
}

/* As it is it would wipe the layer if it could; its reads, where there are pages. */
TEST_F(mtdtests, pagetest)
{
	NEED_FLASH;
	if (!has_module("mtd_pagetest"))
		SKIP(return, "no module mtd_pagetest");
	EXPECT_EQ(0, run_module("mtd_pagetest", "pages"));
	EXPECT_TRUE(board_layer_is(&self->release, PAGES_LAYER));
	if (!variant->nand || !has_module("mtd_pagereads"))
		return;
	ASSERT_EQ(0, board_run("dmesg -c >/dev/null"));
	EXPECT_EQ(0, run_module("mtd_pagereads", "pages"));
	EXPECT_EQ(0, pagereads_errors());
	/* and it can fail: this layer holds something else */
	EXPECT_EQ(0, run_module("mtd_pagereads", "other"));
	EXPECT_LT(0, pagereads_errors());
}

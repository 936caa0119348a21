// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The map's text and picture, and progress on a terminal and in a pipe, against what they
 * must look like.
 *
 * progress.c is compiled into this file with a clock of the test's own, so that rates and
 * times are known.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct timespec test_clock;

static int test_clock_gettime(clockid_t id, struct timespec *now)
{
	(void)id;
	*now = test_clock;
	return 0;
}

#define clock_gettime test_clock_gettime
#include "../../tools/lib/progress.c"
#undef clock_gettime

#include "../../tools/lib/draw.h"

#define BLOCK	(64U << 10)

static void pass_ms(unsigned int ms)
{
	test_clock.tv_nsec += (long)ms * 1000000;
	test_clock.tv_sec += test_clock.tv_nsec / 1000000000;
	test_clock.tv_nsec %= 1000000000;
}

/* ---- a flash of 64 blocks: table 4, slots of 12 and 8, pool ---- */

struct fixture {
	struct view view;
	struct view_layer layers[VIEW_ROLES][2];
	struct view_extent extents[32];
};

static void add(struct fixture *f, enum mtdl_use use, uint32_t count, enum view_role role,
		uint32_t layer, uint32_t logical)
{
	struct view_extent *extent = &f->extents[f->view.extent_count++];

	assert_true(f->view.extent_count <= 32);
	extent->use = use;
	extent->block = f->view.extent_count > 1 ? extent[-1].block + extent[-1].count : 0;
	extent->count = count;
	extent->role = role;
	extent->layer = layer;
	extent->logical = logical;
}

static void set_release(struct fixture *f, enum view_role role, const char *version,
			uint32_t kernel, uint32_t app, uint32_t app_away)
{
	struct view_release *release = &f->view.releases[role];

	release->present = true;
	snprintf(release->release, sizeof(release->release), "%s", version);
	memset(release->digest, version[0], sizeof(release->digest));
	release->layer_count = 2;
	release->layers = f->layers[role];
	f->layers[role][0] = (struct view_layer){
		.name = "kernel", .size = (uint64_t)kernel * BLOCK, .slot_start = 4,
		.slot_blocks = 12, .blocks = kernel, .mtd = -1,
	};
	f->layers[role][1] = (struct view_layer){
		.name = "app", .size = (uint64_t)app * BLOCK - 1, .slot_start = 16,
		.slot_blocks = 8, .blocks = app, .away = app_away, .mtd = -1,
	};
}

static void set_device(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->view = (struct view){
		.name = "mtdlayer0", .compatible = "acme,board", .flash_size = 64 * BLOCK,
		.block_size = BLOCK, .block_count = 64, .table_blocks = 4, .mtd = -1,
		.extents = f->extents,
	};
}

/* Release 1 active, release 2 on trial: its app outgrew the slot. */
static void set_trial(struct fixture *f)
{
	set_device(f);
	set_release(f, VIEW_ACTIVE, "1", 10, 4, 0);
	set_release(f, VIEW_CANDIDATE, "2", 10, 10, 4);
	set_release(f, VIEW_EXPOSED, "2", 10, 10, 4);
	f->view.state = MTDL_STATE_TRIAL;
	f->view.attempts_max = 3;
	f->view.attempts_used = 1;
	add(f, MTDL_USE_TABLE, 4, 0, 0, 0);
	add(f, MTDL_USE_BOTH, 10, VIEW_ACTIVE, 0, 0);
	add(f, MTDL_USE_FREE, 2, 0, 0, 0);
	add(f, MTDL_USE_ACTIVE, 4, VIEW_ACTIVE, 1, 0);
	add(f, MTDL_USE_CANDIDATE, 4, VIEW_CANDIDATE, 1, 4);
	add(f, MTDL_USE_MANIFEST, 2, 0, 0, 0);
	add(f, MTDL_USE_CANDIDATE, 4, VIEW_CANDIDATE, 1, 0);
	add(f, MTDL_USE_BAD, 1, 0, 0, 0);
	add(f, MTDL_USE_CANDIDATE, 2, VIEW_CANDIDATE, 1, 8);
	add(f, MTDL_USE_FREE, 31, 0, 0, 0);
}

static char *draw_to_string(const struct view *view, unsigned int width, bool color, bool svg)
{
	const struct draw_text_options options = { .width = width, .color = color };
	struct mtdl_reason why = { 0 };
	struct draw_map map;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(draw_map_init(&map, view, &why), 0);
	if (svg)
		draw_svg(&map, out);
	else
		draw_text(&map, out, &options);
	draw_map_free(&map);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void check_well_formed(const char *text);

static const char trial_text[] =
	"mtdlayer0: 4 MiB in 64 blocks of 64 KiB, acme,board, trial, 1 of 3 boot attempts used\n"
	"\n"
	"  table   0x000000  TTTT\n"
	"  kernel  0x040000  bbbbbbbbbb__\n"
	"  app     0x100000  aaaacccc\n"
	"  pool    0x180000  MMCCCCXCC.......................\n"
	"          0x380000  ........\n"
	"\n"
	"  one character is 64 KiB\n"
	"\n"
	"  T   4 blocks layer table\n"
	"  a   4 blocks active, at home\n"
	"  b  10 blocks in both, at home\n"
	"  c   4 blocks candidate, at home\n"
	"  C   6 blocks candidate, relocated\n"
	"  M   2 blocks manifest\n"
	"  _   2 blocks free, in a slot\n"
	"  .  31 blocks free, in the pool\n"
	"  X   1 block  bad or retired\n"
	"\n"
	"  release 1, active\n"
	"  kernel  at 0x040000  slot   12  used   10 (640 KiB)\n"
	"  app     at 0x100000  slot    8  used    4 (255 KiB)\n"
	"\n"
	"  release 2, candidate and exposed\n"
	"  kernel  at 0x040000  slot   12  used   10 (640 KiB)\n"
	"  app     at 0x100000  slot    8  used   10 (639 KiB)  6 relocated (2 overflow) to 0x1a0000 (pool), 0x1f0000 (pool)\n";

static void test_text(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_trial(&f);
	text = draw_to_string(&f.view, 55, false, false);
	assert_string_equal(text, trial_text);
	free(text);
}

/* Without its escape sequences, a drawing in colour is the plain one. */
static void test_color(void **state)
{
	struct fixture f;
	char *text, *to;

	(void)state;
	set_trial(&f);
	text = draw_to_string(&f.view, 55, true, false);
	assert_non_null(strstr(text, "\033["));
	to = text;
	for (char *from = text; *from; from++) {
		if (*from == '\033') {
			from = strchr(from, 'm');
			assert_non_null(from);
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	assert_string_equal(text, trial_text);
	free(text);
}

/*
 * After a new layout: what was app's slot is half kernel's, whose blocks lie there, one of them
 * in its own slot but out of place; a block of app is in the way of kernel.
 */
static const char foreign_text[] =
	"  kernel  0x040000  aaaaaFaaaaA.\n"
	"  app     0x100000  aaaaaFaa\n";

static void test_foreign(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_device(&f);
	set_release(&f, VIEW_ACTIVE, "1", 11, 8, 1);
	set_release(&f, VIEW_EXPOSED, "1", 11, 8, 1);
	f.layers[VIEW_ACTIVE][0].away = 2;
	f.layers[VIEW_ACTIVE][0].policy = MTDL_POLICY_PINNED;
	f.layers[VIEW_ACTIVE][1].policy = MTDL_POLICY_LAZY;
	f.view.reserve = 8;
	f.view.reserve_left = 2;
	f.view.spare_low = true;
	add(&f, MTDL_USE_TABLE, 4, 0, 0, 0);
	add(&f, MTDL_USE_ACTIVE, 5, VIEW_ACTIVE, 0, 0);
	add(&f, MTDL_USE_ACTIVE, 1, VIEW_ACTIVE, 1, 5);
	add(&f, MTDL_USE_ACTIVE, 4, VIEW_ACTIVE, 0, 6);
	add(&f, MTDL_USE_ACTIVE, 1, VIEW_ACTIVE, 0, 5);
	add(&f, MTDL_USE_FREE, 1, 0, 0, 0);
	add(&f, MTDL_USE_ACTIVE, 5, VIEW_ACTIVE, 1, 0);
	add(&f, MTDL_USE_ACTIVE, 1, VIEW_ACTIVE, 0, 10);
	add(&f, MTDL_USE_ACTIVE, 2, VIEW_ACTIVE, 1, 6);
	add(&f, MTDL_USE_FREE, 40, 0, 0, 0);
	text = draw_to_string(&f.view, 55, false, false);
	for (char *free_slot = text; (free_slot = strchr(free_slot, '_'));)
		*free_slot = '.';
	assert_non_null(strstr(text, foreign_text));
	assert_non_null(strstr(text, "  F   2 blocks in the slot of another layer\n"));
	assert_non_null(strstr(text, "  reserve: 2 of 8 blocks are left for others that go bad: low\n"));
	assert_non_null(strstr(text, "(704 KiB)  pinned  2 relocated to 0x0e0000 (slot of kernel), 0x150000 (slot of app)\n"));
	assert_non_null(strstr(text, "(511 KiB)  lazy  1 relocated to 0x090000 (slot of kernel)\n"));
	free(text);
	text = draw_to_string(&f.view, 0, false, true);
	check_well_formed(text);
	assert_non_null(strstr(text, ">Reserve: 2 of 8 blocks are left for others that go bad: low.<"));
	assert_non_null(strstr(text, ">pinned  2 relocated to 0xe0000, 0x150000<"));
	free(text);
}

/* A layer that outgrew its slot and moves as a whole is at home where it lies in a row. */
static void test_moved_whole(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_device(&f);
	set_release(&f, VIEW_ACTIVE, "1", 12, 10, 0);
	f.layers[VIEW_ACTIVE][1].policy = MTDL_POLICY_OVERFLOW_MOVE;
	add(&f, MTDL_USE_TABLE, 4, 0, 0, 0);
	add(&f, MTDL_USE_ACTIVE, 12, VIEW_ACTIVE, 0, 0);
	add(&f, MTDL_USE_FREE, 8, 0, 0, 0);
	add(&f, MTDL_USE_ACTIVE, 10, VIEW_ACTIVE, 1, 0);
	add(&f, MTDL_USE_FREE, 30, 0, 0, 0);
	text = draw_to_string(&f.view, 55, false, false);
	assert_non_null(strstr(text, "  pool    0x180000  aaaaaaaaaa......"));
	assert_non_null(strstr(text, "used   10 (639 KiB)  moved as a whole to 0x180000\n"));
	assert_null(strstr(text, "relocated"));
	free(text);
	/* one block of it had to leave the row */
	f.layers[VIEW_ACTIVE][1].away = 1;
	f.view.extent_count = 3;
	add(&f, MTDL_USE_ACTIVE, 4, VIEW_ACTIVE, 1, 0);
	add(&f, MTDL_USE_BAD, 1, 0, 0, 0);
	add(&f, MTDL_USE_ACTIVE, 5, VIEW_ACTIVE, 1, 5);
	add(&f, MTDL_USE_ACTIVE, 1, VIEW_ACTIVE, 1, 4);
	add(&f, MTDL_USE_FREE, 29, 0, 0, 0);
	text = draw_to_string(&f.view, 55, false, false);
	assert_non_null(strstr(text, "  pool    0x180000  aaaaXaaaaaA....."));
	assert_non_null(strstr(text, "moved as a whole to 0x180000  1 relocated to 0x220000 (pool)\n"));
	free(text);
}

/* What an incomplete layer had is free, or the candidate's. */
static void test_incomplete(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_device(&f);
	set_release(&f, VIEW_ACTIVE, "1", 12, 8, 8);
	set_release(&f, VIEW_CANDIDATE, "2", 12, 8, 0);
	f.layers[VIEW_ACTIVE][1].flags = MTDL_LAYER_INCOMPLETE;
	f.view.state = MTDL_STATE_STAGING;
	f.view.blocks_wanted = 4;
	add(&f, MTDL_USE_TABLE, 4, 0, 0, 0);
	add(&f, MTDL_USE_BOTH, 12, VIEW_ACTIVE, 0, 0);
	add(&f, MTDL_USE_CANDIDATE, 8, VIEW_CANDIDATE, 1, 0);
	add(&f, MTDL_USE_FREE, 40, 0, 0, 0);
	text = draw_to_string(&f.view, 55, false, false);
	assert_non_null(strstr(text, "staging, 4 blocks wanted\n"));
	assert_non_null(strstr(text, "  app     0x100000  cccccccc\n"));
	assert_non_null(strstr(text, "used    8 (511 KiB)  incomplete (written in place): not readable\n"));
	assert_null(strstr(text, "relocated"));
	free(text);
}

static void test_empty(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_device(&f);
	add(&f, MTDL_USE_TABLE, 4, 0, 0, 0);
	add(&f, MTDL_USE_FREE, 60, 0, 0, 0);
	text = draw_to_string(&f.view, 1, false, false);
	assert_non_null(strstr(text, ", empty\n"));
	assert_non_null(strstr(text, "  pool   0x040000  ........\n"));
	assert_non_null(strstr(text, "  .  60 blocks free, in the pool\n"));
	assert_null(strstr(text, "release"));
	free(text);
}

/* One bad block among many must not vanish when a cell stands for several. */
static void test_coarse(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_device(&f);
	f.view.block_count = 8192;
	f.view.flash_size = 8192ULL * BLOCK;
	add(&f, MTDL_USE_TABLE, 4, 0, 0, 0);
	add(&f, MTDL_USE_FREE, 4000, 0, 0, 0);
	add(&f, MTDL_USE_BAD, 1, 0, 0, 0);
	add(&f, MTDL_USE_FREE, 4187, 0, 0, 0);
	text = draw_to_string(&f.view, 80, false, false);
	assert_non_null(strstr(text, "one character is 256 KiB\n"));
	assert_non_null(strstr(text, "...X..."));
	assert_non_null(strstr(text, "  X     1 block  bad or retired\n"));
	free(text);
}

static void expect_refusal(struct fixture *f, const char *words)
{
	struct mtdl_reason why = { 0 };
	struct draw_map map;

	assert_int_equal(draw_map_init(&map, &f->view, &why), -EUCLEAN);
	if (!strstr(why.text, words))
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
}

/* A view that contradicts itself is refused, and nothing beyond its arrays is touched. */
static void test_refusals(void **state)
{
	struct fixture f;

	(void)state;
	set_trial(&f);
	f.extents[3].block++;
	expect_refusal(&f, "does not go on at block 16");
	set_trial(&f);
	f.extents[9].count--;
	expect_refusal(&f, "covers 63 blocks of 64");
	set_trial(&f);
	f.extents[3].layer = 2;
	expect_refusal(&f, "names layer 2 at block 16");
	set_trial(&f);
	f.extents[3].role = VIEW_ROLES;
	expect_refusal(&f, "names layer 1 at block 16");
	set_trial(&f);
	f.extents[2].count = 0;
	expect_refusal(&f, "does not go on at block 14");
}

static unsigned int count_of(const char *text, const char *what)
{
	unsigned int count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

/* A reader of its own that knows only what the drawing uses: tags nest and end, quotes close. */
static void check_well_formed(const char *text)
{
	char open[16][16];
	unsigned int depth = 0;

	while ((text = strchr(text, '<'))) {
		size_t quotes = 0, name = strcspn(text + 1, " >/\n");
		const char *end;

		for (end = text; *end && (*end != '>' || quotes % 2); end++)
			quotes += *end == '"';
		assert_int_equal(*end, '>');
		assert_int_equal(quotes % 2, 0);
		if (text[1] == '/') {
			name = (size_t)(end - text) - 2;
			assert_true(depth > 0);
			assert_int_equal(strlen(open[--depth]), name);
			assert_memory_equal(open[depth], text + 2, name);
		} else if (end[-1] != '/') {
			assert_true(depth < 16 && name && name < 16);
			snprintf(open[depth++], 16, "%.*s", (int)name, text + 1);
		}
		text = end;
	}
	assert_int_equal(depth, 0);
}

static void test_svg(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	set_trial(&f);
	text = draw_to_string(&f.view, 0, false, true);
	assert_int_equal(strncmp(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 40), 0);
	check_well_formed(text);
	/* a cell per block, a swatch per class, a stretch of the bar per class, the ground */
	assert_int_equal(count_of(text, "<rect "), 64 + 9 + 9 + 1);
	assert_int_equal(count_of(text, "<text class=\"number\""), 6);
	/* the table and two slots are framed */
	assert_int_equal(count_of(text, "<path class=\"slot\""), 3);
	assert_non_null(strstr(text, "<title>0x1a0000: candidate, relocated: app, block 0</title>"));
	assert_non_null(strstr(text, "<title>0x1f0000: candidate, relocated: app, block 8</title>"));
	assert_non_null(strstr(text, "prefers-color-scheme: dark"));
	free(text);
}

/* What somebody else named must end neither the picture's tags nor the terminal's mind. */
static void test_hostile_names(void **state)
{
	static const char name[] = "<&>\033[2J\xc2\x9b" "1m\xff\xc3\xa9";
	struct fixture f;
	char *text;

	(void)state;
	set_trial(&f);
	strcpy(f.layers[VIEW_CANDIDATE][1].name, name);
	strcpy(f.layers[VIEW_ACTIVE][1].name, name);
	strcpy(f.layers[VIEW_EXPOSED][1].name, name);
	text = draw_to_string(&f.view, 80, false, false);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_non_null(strstr(text, "  <&>?[2J?1m?\xc3\xa9  0x100000"));
	free(text);
	text = draw_to_string(&f.view, 80, false, true);
	check_well_formed(text);
	assert_non_null(strstr(text, "&lt;&amp;&gt;?[2J?1m?\xc3\xa9"));
	free(text);
}

/* ---- progress ---- */

static void test_progress_plain(void **state)
{
	struct progress *progress;
	char *text = NULL;
	size_t size;
	int pair[2];
	FILE *out;

	(void)state;
	/* a stream with a descriptor, which is no terminal */
	assert_int_equal(pipe(pair), 0);
	out = fdopen(pair[1], "w");
	progress = progress_begin(out, "writing", 40 << 20);
	assert_non_null(progress);
	for (unsigned int i = 1; i <= 40; i++) {
		pass_ms(250);
		progress_update(progress, (uint64_t)i << 20);
	}
	progress_end(progress, true);
	progress = progress_begin(out, "writing", 100);
	pass_ms(3000);
	progress_update(progress, 29);
	progress_end(progress, false);
	progress = progress_begin(out, "looking", 0);
	progress_update(progress, 0);
	progress_end(progress, true);
	fclose(out);
	out = fdopen(pair[0], "r");
	assert_true(getdelim(&text, &size, '\0', out) > 0);
	fclose(out);
	assert_string_equal(text,
		"writing: 40 MiB\n"
		"writing: 10 %, 4 MiB of 40 MiB, 4 MiB/s, 0:09 left\n"
		"writing: 20 %, 8 MiB of 40 MiB, 4 MiB/s, 0:08 left\n"
		"writing: 30 %, 12 MiB of 40 MiB, 4 MiB/s, 0:07 left\n"
		"writing: 40 %, 16 MiB of 40 MiB, 4 MiB/s, 0:06 left\n"
		"writing: 50 %, 20 MiB of 40 MiB, 4 MiB/s, 0:05 left\n"
		"writing: 60 %, 24 MiB of 40 MiB, 4 MiB/s, 0:04 left\n"
		"writing: 70 %, 28 MiB of 40 MiB, 4 MiB/s, 0:03 left\n"
		"writing: 80 %, 32 MiB of 40 MiB, 4 MiB/s, 0:02 left\n"
		"writing: 90 %, 36 MiB of 40 MiB, 4 MiB/s, 0:01 left\n"
		"writing: done, 40 MiB in 10.0 s (4 MiB/s)\n"
		"writing: 100 bytes\n"
		"writing: 20 %, 29 bytes of 100 bytes, 9 bytes/s, 0:08 left\n"
		"writing: stopped at 29 %, 29 bytes of 100 bytes\n"
		"looking: 0 bytes\n"
		"looking: done, 0 bytes in 0.0 s\n");
	free(text);
}

static void open_terminal(unsigned short columns, int *master, FILE **out)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	struct termios raw;
	int slave;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(*master >= 0);
	assert_int_equal(grantpt(*master), 0);
	assert_int_equal(unlockpt(*master), 0);
	slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	*out = fdopen(slave, "w");
	assert_non_null(*out);
}

/* What the terminal got since the last call. */
static const char *got(int master)
{
	static char text[4096];
	ssize_t size = read(master, text, sizeof(text) - 1);

	assert_true(size > 0);
	text[size] = '\0';
	return text;
}

static void test_progress_bar(void **state)
{
	struct progress *progress;
	int master;
	FILE *out;

	(void)state;
	setenv("TERM", "vt102", 1);
	open_terminal(100, &master, &out);
	progress = progress_begin(out, "writing", 40 << 20);
	assert_string_equal(got(master), "\rwriting  [----------------------------------]   0 %  0 bytes of 40 MiB\033[K");
	/* within a tenth of a second nothing is redrawn: the next read starts with the next bar */
	pass_ms(50);
	progress_update(progress, 1 << 20);
	pass_ms(950);
	progress_update(progress, 10 << 20);
	assert_string_equal(got(master), "\rwriting  [########--------------------------]  25 %  10 MiB of 40 MiB  10 MiB/s, 0:03 left\033[K");
	progress_end(progress, true);
	assert_string_equal(got(master), "\r\033[Kwriting: done, 10 MiB in 1.0 s (10 MiB/s)\n");
	fclose(out);
	close(master);
}

/* Never beyond the last column, however narrow. */
static void test_progress_narrow(void **state)
{
	struct progress *progress;
	int master;
	FILE *out;

	(void)state;
	setenv("TERM", "vt102", 1);
	open_terminal(30, &master, &out);
	progress = progress_begin(out, "writing", 40 << 20);
	assert_string_equal(got(master), "\rwriting    0 %  0 bytes of 40\033[K");
	progress_end(progress, false);
	assert_string_equal(got(master), "\r\033[Kwriting: stopped at 0 %, 0 bytes of 40 MiB\n");
	/* one that understands no control sequence gets lines */
	setenv("TERM", "dumb", 1);
	progress = progress_begin(out, "writing", 40 << 20);
	assert_string_equal(got(master), "writing: 40 MiB\n");
	progress_end(progress, true);
	fclose(out);
	close(master);
}

/* The rate is that of the last seconds: after a fast start and a stall, what is left is long. */
static void test_progress_recent(void **state)
{
	struct progress progress = { .total = 1000 << 20 };
	char text[RATE_TEXT];

	(void)state;
	progress.started = now_ns();
	take_sample(&progress, progress.started);
	for (unsigned int i = 0; i < 40; i++) {
		pass_ms(500);
		progress.done += i < 20 ? 40 << 20 : 1 << 20;
		take_sample(&progress, now_ns());
	}
	rate_text(&progress, now_ns(), text, sizeof(text));
	assert_string_equal(text, "2 MiB/s, 1:30 left");
	assert_null(progress_begin(NULL, "writing", 1));
	progress_update(NULL, 1);
	progress_end(NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_moved_whole),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_coarse),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_svg),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_progress_plain),
		cmocka_unit_test(test_progress_bar),
		cmocka_unit_test(test_progress_narrow),
		cmocka_unit_test(test_progress_recent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("draw", tests, NULL, NULL);
}

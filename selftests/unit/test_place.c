// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where releases go that do not simply fit: in a row, over what lives, into another layout;
 * and the reserve, which they leave alone.
 */
#include "unit.h"

#define MOVE		MTDL_POLICY_OVERFLOW_MOVE
#define IN_PLACE	MTDL_POLICY_IN_PLACE
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static struct device *device;

static int set_up(void **state)
{
	(void)state;
	device = unit_device(&unit_nor);
	return 0;
}

static int set_up_nand(void **state)
{
	(void)state;
	device = unit_device(&unit_nand);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_device_free(device);
	return 0;
}

static struct built_release *make(const struct build_layer *layers, u32 count,
				  const char *version)
{
	return unit_layers(device, version, layers, count);
}

static void install(struct built_release *release)
{
	if (device->mtdl.active)
		unit_ok(device, device_install(device, release));
	else
		unit_ok(device, device_apply(device, release, 0));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, release));
	unit_ok(device, device_check(device));
}

/* ---- moved as a whole ---- */

static const struct build_layer small_app[] = {
	{ "app", 0, 4, MOVE, 4, 1 }, { "system", 4, 4, 0, 2, 2 },
};
static const struct build_layer large_app[] = {
	{ "app", 0, 4, MOVE, 7, 1 }, { "system", 4, 4, 0, 2, 2 },
};
static const struct build_layer other_app[] = {
	{ "app", 0, 4, MOVE, 7, 3 }, { "system", 4, 4, 0, 2, 2 },
};

static bool in_a_row(const struct mtdl_layer *layer)
{
	u32 i;

	for (i = 1; i < layer->block_count; i++)
		if (layer->map[i] != layer->map[0] + i)
			return false;
	return true;
}

/* Unchanged blocks are copied on the device: only what is new is asked for. */
static void test_moves_whole(void **state)
{
	struct built_release *before = make(small_app, COUNT(small_app), "1.0");
	struct built_release *after = make(large_app, COUNT(large_app), "2.0");
	struct mtdl_wanted wanted[16];
	u32 count = COUNT(wanted);

	(void)state;
	install(before);
	unit_ok(device, device_begin(device, after, MTDL_BEGIN_DRY_RUN));
	assert_int_equal(device->plan.copied, 3);
	assert_int_equal(device->plan.blocks, 4);
	unit_ok(device, device_begin(device, after, 0));
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 4);
	install(after);
	assert_true(in_a_row(&device->mtdl.active->layers[0]));
	assert_int_equal(mtdl_count_away(&device->mtdl.active->layers[0]), 0);
	unit_work(device);
	assert_true(in_a_row(&device->mtdl.active->layers[0]));
	install(before);
	unit_work(device);
	assert_int_equal(device->mtdl.active->layers[0].map[0],
			 before->layers[0].slot_start);
	unit_ok(device, device_reads(device, before));
	build_free(before);
	build_free(after);
}

/* Cells in the row fail: all of the layer goes to another row. */
static void test_row_fails(void **state)
{
	u32 per = device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
	struct built_release *before = make(small_app, COUNT(small_app), "1.0");
	struct built_release *after = make(other_app, COUNT(other_app), "2.0");
	u32 bad;

	(void)state;
	install(before);
	unit_ok(device, device_begin(device, after, 0));
	unit_ok(device, device_write(device, after, 2));
	bad = device->mtdl.candidate->layers[0].map[3];
	device->sim->fail_program[bad * per] = 200;
	unit_ok(device, device_write(device, after, 0));
	assert_true(in_a_row(&device->mtdl.candidate->layers[0]));
	assert_true(device->mtdl.retired[bad / 32] >> bad % 32 & 1);
	install(after);
	/* a block that was moved for its bits comes back into the row */
	mtdl_scrub(&device->mtdl, device->mtdl.active->layers[0].map[2]);
	unit_work(device);
	assert_true(in_a_row(&device->mtdl.active->layers[0]));
	unit_ok(device, device_reads(device, after));
	build_free(before);
	build_free(after);
}

/* ---- another layout ---- */

static const struct build_layer layout_one[] = {
	{ "a", 0, 3, 0, 3, 1 }, { "b", 3, 3, 0, 3, 2 }, { "c", 6, 3, 0, 2, 3 },
};
/* a and b change places, a grows; c is dropped, d comes */
static const struct build_layer layout_two[] = {
	{ "b", 0, 3, 0, 3, 2 }, { "a", 3, 5, 0, 5, 1 }, { "d", 8, 3, 0, 2, 4 },
};

static u32 away(void)
{
	u32 count = 0, i;

	for (i = 0; i < device->mtdl.active->layer_count; i++)
		count += mtdl_count_away(&device->mtdl.active->layers[i]);
	return count;
}

static void test_layout(void **state)
{
	struct built_release *one = make(layout_one, COUNT(layout_one), "1.0");
	struct built_release *two = make(layout_two, COUNT(layout_two), "2.0");

	(void)state;
	install(one);
	/* on trial the new layout is there; rolled back, the old one */
	unit_ok(device, device_apply(device, two, 0));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, two));
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, one));
	assert_int_equal(away(), 0);
	install(two);
	assert_int_not_equal(away(), 0);
	unit_work(device);
	assert_int_equal(away(), 0);
	unit_ok(device, device_reads(device, two));
	install(one);
	unit_work(device);
	assert_int_equal(away(), 0);
	unit_ok(device, device_reads(device, one));
	build_free(one);
	build_free(two);
}

/* ---- in place ---- */

/* As many blocks as are free with @keep of them left over. */
static struct built_release *filling(const char *version, u32 keep, u32 seed)
{
	u32 blocks = device->mtdl.geometry.block_count - device->mtdl.geometry.table_blocks;
	struct build_layer layers[] = {
		{ "boot", 0, 2, 0, 1, 7 },
		{ "system", 2, blocks - 2, IN_PLACE, blocks - keep, seed },
	};

	return make(layers, COUNT(layers), version);
}

static void begin_in_place(struct built_release *release)
{
	struct simflash *before = unit_snapshot(device);

	unit_refused(device, device_begin(device, release, 0), -ENOSPC, "missing");
	unit_unchanged(device, before);
	before = unit_snapshot(device);
	unit_ok(device, device_begin(device, release, MTDL_BEGIN_IN_PLACE | MTDL_BEGIN_DRY_RUN));
	unit_unchanged(device, before);
	assert_int_equal(device->plan.in_place, 1);
	assert_true(device->plan.layers[1].in_place);
	unit_ok(device, device_begin(device, release, MTDL_BEGIN_IN_PLACE));
	assert_true(device->mtdl.active->layers[1].flags & MTDL_LAYER_INCOMPLETE);
	unit_ok(device, device_check(device));
}

static void check_refuses_to_be_read(void)
{
	u8 buf[64];

	memset(buf, 1, sizeof(buf));
	assert_int_equal(mtdl_read(&device->sim->flash, &device->mtdl.geometry,
				   mtdl_release_find(device->mtdl.exposed, "system"), 0, buf,
				   sizeof(buf)), -EIO);
	assert_true(mtdl_is_filled(buf, 0, sizeof(buf)));
	assert_int_equal(mtdl_read(&device->sim->flash, &device->mtdl.geometry,
				   mtdl_release_find(device->mtdl.exposed, "boot"), 0, buf,
				   sizeof(buf)), 0);
}

static void test_in_place(void **state)
{
	struct built_release *one = filling("1.0", 12, 1);
	struct built_release *two = filling("2.0", 11, 2);

	(void)state;
	install(one);
	begin_in_place(two);
	check_refuses_to_be_read();
	unit_ok(device, device_write(device, two, 5));
	unit_ok(device, device_reboot(device));
	check_refuses_to_be_read();
	assert_false(mtdl_has_work(&device->mtdl));
	unit_ok(device, device_apply(device, two, 0));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, two));
	unit_ok(device, device_check(device));
	build_free(one);
	build_free(two);
}

/* What was begun in place is given up: any acceptable release ends it, the old one too. */
static void test_in_place_given_up(void **state)
{
	struct built_release *one = filling("1.0", 12, 1);
	struct built_release *two = filling("2.0", 11, 2);
	struct built_release *three = filling("3.0", 13, 3);
	struct built_release *ends[] = { one, three };
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		install(one);
		begin_in_place(two);
		unit_ok(device, device_write(device, two, 3));
		unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
		assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
		assert_int_equal(unit_work(device), 1);
		unit_ok(device, device_reboot(device));
		check_refuses_to_be_read();
		unit_ok(device, device_apply(device, ends[i], 0));
		assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
		unit_ok(device, device_reboot(device));
		unit_ok(device, device_reads(device, ends[i]));
		unit_work(device);
		/* and back, for the next round */
		if (ends[i] != one)
			continue;
		begin_in_place(three);
		unit_ok(device, device_apply(device, one, MTDL_BEGIN_REPLACE));
		unit_ok(device, device_reboot(device));
		unit_ok(device, device_reads(device, one));
	}
	build_free(one);
	build_free(two);
	build_free(three);
}

/* Only with the policy, only if asked, and never if it fits otherwise. */
static void test_in_place_not_needed(void **state)
{
	static const struct build_layer layers[] = {
		{ "boot", 0, 2, 0, 1, 7 }, { "system", 2, 8, IN_PLACE, 4, 1 },
	};
	static const struct build_layer changed[] = {
		{ "boot", 0, 2, 0, 1, 7 }, { "system", 2, 8, IN_PLACE, 4, 2 },
	};
	struct built_release *one = make(layers, COUNT(layers), "1.0");
	struct built_release *two = make(changed, COUNT(changed), "2.0");

	(void)state;
	install(one);
	unit_ok(device, device_begin(device, two, MTDL_BEGIN_IN_PLACE));
	assert_int_equal(device->plan.in_place, 0);
	assert_false(device->mtdl.active->layers[1].flags & MTDL_LAYER_INCOMPLETE);
	unit_ok(device, device_reads(device, one));
	build_free(one);
	build_free(two);
}

/* ---- the reserve ---- */

static void test_reserve(void **state)
{
	struct mtdl_format_options options = {
		.block_size = device->mtdl.geometry.block_size, .reserve = 100,
		.compatible = BUILD_COMPATIBLE,
	};
	u32 blocks = device->mtdl.geometry.block_count, reserve = (blocks * 100 + 1023) / 1024;
	struct built_release *fits, *too_large;
	struct mtdl_spare spare;
	u32 per, bad, i;

	(void)state;
	device_detach(device);
	unit_ok(device, mtdl_format(&device->sim->flash, &options, &device->why));
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.geometry.reserve, reserve);
	/* both copies of the manifest take a block each */
	fits = filling("1.0", 3 + reserve, 1);
	too_large = filling("1.1", 2 + reserve, 1);
	unit_refused(device, device_begin(device, too_large, 0), -ENOSPC, "1 blocks of");
	assert_int_equal(device->plan.missing, 1);
	install(fits);
	unit_ok(device, mtdl_spare(&device->mtdl, &spare, &device->why));
	assert_int_equal(spare.left, reserve);
	assert_false(spare.low);
	/* what goes bad is taken from the reserve, and does not keep out the next release */
	per = device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
	for (i = 0, bad = blocks - 1; i < reserve; bad--) {
		if (device->sim->count[bad * per].programs)
			continue;
		device->sim->bad[bad * per] = 1;
		i++;
	}
	unit_ok(device, mtdl_spare(&device->mtdl, &spare, &device->why));
	assert_int_equal(spare.bad, reserve);
	assert_int_equal(spare.left, 0);
	assert_true(spare.low);
	unit_ok(device, device_begin(device, fits, 0));
	build_free(fits);
	build_free(too_large);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moves_whole),
		TEST_NAND(test_moves_whole),
		TEST(test_row_fails),
		TEST_NAND(test_row_fails),
		TEST(test_layout),
		TEST_NAND(test_layout),
		TEST(test_in_place),
		TEST_NAND(test_in_place),
		TEST(test_in_place_given_up),
		TEST(test_in_place_not_needed),
		TEST(test_reserve),
		TEST_NAND(test_reserve),
	};

	return unit_run("place", tests);
}

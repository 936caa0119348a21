// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recovering: a lost table is rebuilt from the blocks, whole or in part, also after cuts.
 */
#include <stdlib.h>

#include "unit.h"

static struct device *device;
static struct built_release *base, *over;

static int set_up_on(const struct simflash_shape *shape)
{
	device = unit_installed(shape);
	base = unit_release(device, UNIT_BASE);
	over = unit_release(device, UNIT_OVER);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return set_up_on(&unit_nor);
}

static int set_up_nand(void **state)
{
	(void)state;
	return set_up_on(&unit_nand);
}

static int tear_down(void **state)
{
	(void)state;
	build_free(base);
	build_free(over);
	unit_device_free(device);
	return 0;
}

static void lose_table(void)
{
	static const u8 junk[512] = { 0x5a };
	u32 erase_size = device->sim->shape.erase_size, i;
	u32 blocks = device->mtdl.geometry.table_blocks *
		     (device->mtdl.geometry.block_size / erase_size);

	device_detach(device);
	for (i = 0; i < blocks; i++)
		simflash_damage(device->sim, (u64)i * erase_size, junk, sizeof(junk));
	assert_int_equal(device_attach(device), -ENODATA);
}

static int recover(const struct built_release *release, struct mtdl_recovered *found)
{
	const struct mtdl_format_options options = { .reserve = MTDL_RESERVE_NONE, .uuid = { 7 } };

	memset(found, 0, sizeof(*found));
	return mtdl_recover(&device->sim->flash, &options, release->manifest,
			    release->manifest_size, NULL, 0, NULL, NULL, found, &device->why);
}

/* Also blocks that are away from home are found, and nothing of them is written again. */
static void test_all_found(void **state)
{
	struct mtdl_recovered found;
	u32 map[4], written;

	(void)state;
	unit_ok(device, device_install(device, over));
	memcpy(map, device->mtdl.active->layers[2].map, sizeof(map));
	lose_table();
	written = device->sim->count[map[3]].programs;
	unit_ok(device, recover(over, &found));
	assert_int_equal(found.missing, 0);
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_memory_equal(map, device->mtdl.active->layers[2].map, sizeof(map));
	assert_int_equal(device->sim->count[map[3]].programs, written);
	unit_ok(device, device_check(device));
	unit_ok(device, device_reads(device, over));
	unit_ok(device, device_install(device, base));
	unit_ok(device, device_reads(device, base));
}

/* What is missing is staged like the rest of an upgrade. */
static void test_some_missing(void **state)
{
	static const u8 junk[16];
	struct mtdl_recovered found;
	struct mtdl_wanted wanted[8];
	u32 count = 8, block;

	(void)state;
	block = device->mtdl.active->layers[1].map[1];
	lose_table();
	simflash_damage(device->sim, (u64)block * base->options.block_size, junk, sizeof(junk));
	unit_ok(device, recover(base, &found));
	assert_int_equal(found.missing, 1);
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_STAGING);
	unit_ok(device, device_begin(device, base, 0));
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 1);
	assert_int_equal(wanted[0].layer, 1);
	assert_int_equal(wanted[0].block, 1);
	unit_ok(device, device_apply(device, base, 0));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	unit_ok(device, device_reads(device, base));
}

/* The manifest of something else finds nothing, and changes nothing. */
static void test_nothing_found(void **state)
{
	static const struct build_layer layers[] = { { "other", 0, 4, 0, 2, 99 } };
	struct built_release *other = unit_layers(device, "9.0", layers, 1);
	struct mtdl_recovered found;
	struct simflash *before;

	(void)state;
	lose_table();
	before = unit_snapshot(device);
	unit_refused(device, recover(other, &found), -ENODATA, "no block of release 9.0");
	unit_unchanged(device, before);
	build_free(other);
}

/* Cut at each of its operations in turn: recovering again always ends well. */
static void test_cut(void **state)
{
	struct simflash *lost;
	struct mtdl_recovered found;
	u32 at, cuts = 0;

	(void)state;
	lose_table();
	lost = unit_snapshot(device);
	for (at = 1;; at++) {
		simflash_free(device->sim);
		device->sim = simflash_fork(lost);
		device->sim->cut_at = lost->ops + at;
		device->sim->cut = (struct simflash_cut) {
			.effect = SIMFLASH_TORN, .tear = SIMFLASH_TEAR_MIDDLE,
			.outcome = at % SIMFLASH_OUTCOMES_NOR, .seed = at,
		};
		if (!recover(base, &found))
			break;
		assert_true(device->sim->off);
		cuts++;
		simflash_power_on(device->sim);
		unit_ok(device, recover(base, &found));
		assert_int_equal(found.missing, 0);
		unit_ok(device, device_attach(device));
		unit_ok(device, device_reads(device, base));
		unit_ok(device, device_check(device));
		device_detach(device);
	}
	assert_true(cuts > 10);
	simflash_free(lost);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_found),
		TEST_NAND(test_all_found),
		TEST(test_some_missing),
		TEST_NAND(test_some_missing),
		TEST(test_nothing_found),
		TEST(test_cut),
		TEST_NAND(test_cut),
	};

	return unit_run("recover", tests);
}

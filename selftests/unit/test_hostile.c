// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layouts, tables and errors that would lead the core to write over what lives, to write
 * for ever, or to take for good what is not.
 */
#include <stdlib.h>

#include "release.h"
#include "unit.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define PINNED		MTDL_POLICY_PINNED
#define MOVE		MTDL_POLICY_OVERFLOW_MOVE

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

static u32 per_block(void)
{
	return device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
}

static struct built_release *make(const struct build_layer *layers, u32 count,
				  const char *version)
{
	return unit_layers(device, version, layers, count);
}

/* Installs a release and boots it; one with pinned layers goes through installing. */
static void install(const struct build_layer *layers, u32 count, const char *version)
{
	struct built_release *release = make(layers, count, version);
	bool trial = device->mtdl.active;

	unit_ok(device, device_apply(device, release, 0));
	mtdl_follow(&device->mtdl);
	while (device->mtdl.state == MTDL_STATE_INSTALLING)
		assert_int_equal(mtdl_work(&device->mtdl, &device->why), 1);
	unit_ok(device, device_reboot(device));
	if (trial)
		unit_ok(device, mtdl_confirm(&device->mtdl, release->digest, &device->why));
	unit_ok(device, device_reads(device, release));
	build_free(release);
}

static u32 slot_of(const struct build_layer *layer)
{
	return layer->slot_start + device->mtdl.geometry.table_blocks;
}

/* ---- settling ends ---- */

/* Another layer's slot reaches over the row of a layer that moved as a whole. */
static void test_slot_over_row(void **state)
{
	static const struct build_layer before[] = {
		{ "grown", 0, 2, MOVE, 6, 1 }, { "app", 2, 2, 0, 2, 2 },
	};
	struct build_layer after[] = {
		{ "grown", 0, 2, MOVE, 6, 1 }, { "app", 2, 2, 0, 2, 2 },
		{ "more", 0, 2, 0, 2, 3 },
	};
	u32 row;

	(void)state;
	install(before, COUNT(before), "1.0");
	row = device->mtdl.active->layers[0].map[0];
	assert_int_equal(device->mtdl.active->layers[0].map[5], row + 5);
	after[2].slot_start = row + 3 - device->mtdl.geometry.table_blocks;
	install(after, COUNT(after), "2.0");
	unit_work(device);
	assert_int_equal(mtdl_count_away(&device->mtdl.active->layers[2]), 0);
}

/* A block that had to leave its row must not drive out what has taken its place. */
static void test_row_over_row(void **state)
{
	static const struct build_layer before[] = {
		{ "one", 0, 2, MOVE, 6, 1 }, { "two", 2, 2, MOVE, 2, 2 },
	};
	static const struct build_layer after[] = {
		{ "one", 0, 2, MOVE, 6, 1 }, { "two", 2, 2, MOVE, 4, 12 },
	};
	struct built_release *release;
	u32 row, left, i;

	(void)state;
	install(before, COUNT(before), "1.0");
	row = device->mtdl.active->layers[0].map[0];
	/* the last block of the row leaves it, as bits of it had to be corrected */
	mtdl_scrub(&device->mtdl, row + 5);
	release = make(after, COUNT(after), "2.0");
	do {
		assert_int_equal(mtdl_work(&device->mtdl, &device->why), 1);
		mtdl_follow(&device->mtdl);
	} while (device->mtdl.active->layers[0].map[5] == row + 5);
	/* its place is the only one where the other layer's row fits in */
	left = device->mtdl.active->layers[0].map[5];
	assert_true(left != row + 5);
	unit_ok(device, device_begin(device, release, MTDL_BEGIN_DRY_RUN));
	for (i = 0; i < 3; i++)
		assert_true(row + 6 + i < device->mtdl.geometry.block_count);
	unit_ok(device, device_stage(device, release, 0));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, mtdl_confirm(&device->mtdl, release->digest, &device->why));
	unit_work(device);
	unit_ok(device, device_reads(device, release));
	build_free(release);
}

/* ---- what counts as written has been written ---- */

/* The blocks of a replaced candidate are taken over, or they are not: not by half. */
static void test_row_replaces_scattered(void **state)
{
	static const struct build_layer before[] = {
		{ "grown", 0, 2, 0, 2, 1 },
	};
	static const struct build_layer scattered[] = {
		{ "grown", 0, 2, 0, 6, 1 },
	};
	static const struct build_layer row[] = {
		{ "grown", 0, 2, MOVE, 6, 1 },
	};
	struct built_release *first, *second;

	(void)state;
	install(before, COUNT(before), "1.0");
	first = make(scattered, COUNT(scattered), "2.0");
	second = make(row, COUNT(row), "3.0");
	unit_ok(device, device_stage(device, first, 0));
	unit_ok(device, device_stage(device, second, MTDL_BEGIN_REPLACE));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_verify(device, device->mtdl.candidate));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, second));
	build_free(first);
	build_free(second);
}

/* ---- errors are blamed on what failed ---- */

static const struct build_layer kernel_one[] = {
	{ "kernel", 0, 4, PINNED, 3, 1 }, { "app", 4, 4, 0, 3, 2 },
};
static const struct build_layer kernel_two[] = {
	{ "kernel", 0, 4, PINNED, 4, 11 }, { "app", 4, 4, 0, 3, 12 },
};
static const struct build_layer kernel_three[] = {
	{ "kernel", 0, 4, PINNED, 4, 21 }, { "app", 4, 4, 0, 3, 22 },
};

static void set_read_error(u32 block, int err)
{
	u32 i;

	for (i = 0; i < per_block(); i++)
		device->sim->read_error[block * per_block() + i] = err;
}

/* A flash that cannot be read for a while says nothing about cells that were not written. */
static void test_unreadable_while_installing(void **state)
{
	struct built_release *two;
	u32 bad, i;

	(void)state;
	install(kernel_one, COUNT(kernel_one), "1.0");
	two = make(kernel_two, COUNT(kernel_two), "2.0");
	unit_ok(device, device_apply(device, two, 0));
	unit_ok(device, device_reboot(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_INSTALLING);
	bad = device_count(device, MTDL_USE_BAD);
	for (i = 0; i < 2 * device->mtdl.candidate->manifest_blocks; i++)
		set_read_error(device->mtdl.candidate->manifest_map[i], -EIO);
	assert_int_equal(mtdl_work(&device->mtdl, &device->why), -EIO);
	assert_int_equal(device->mtdl.state, MTDL_STATE_INSTALLING);
	for (i = 0; i < 2 * device->mtdl.candidate->manifest_blocks; i++)
		set_read_error(device->mtdl.candidate->manifest_map[i], 0);
	/* nor if what cannot be read is what is to be copied */
	set_read_error(device->mtdl.candidate->layers[0].map[1], -EIO);
	for (i = 0; mtdl_work(&device->mtdl, &device->why) > 0; i++)
		assert_true(i < 1000);
	assert_int_equal(device->mtdl.state, MTDL_STATE_INSTALLING);
	set_read_error(device->mtdl.candidate->layers[0].map[1], 0);
	unit_work(device);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	assert_int_equal(device_count(device, MTDL_USE_BAD), bad);
	build_free(two);
}

/* A home that failed and could be written after all is not retired with the bytes in it. */
static void test_home_works_after_all(void **state)
{
	struct built_release *one;
	u32 home, length;
	const u8 *data;

	(void)state;
	one = make(kernel_one, COUNT(kernel_one), "1.0");
	unit_ok(device, device_begin(device, one, 0));
	home = slot_of(&kernel_one[0]) + 1;
	device->sim->fail_program[home * per_block()] = 2;
	data = build_block(one, 0, 1, &length);
	assert_int_equal(mtdl_write(&device->mtdl, 0, 1, data, length, &device->why), -EIO);
	unit_ok(device, mtdl_write(&device->mtdl, 0, 1, data, length, &device->why));
	assert_false(device->mtdl.retired[home / 32] >> home % 32 & 1);
	unit_ok(device, device_write(device, one, 0));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_check(device));
	build_free(one);
}

/* ---- manifests ---- */

static int begin_signed(const struct built_release *release, u32 signature_size)
{
	static const u8 signature[MTDL_SIGNATURE_MAX] = { 1, 2, 3 };

	return mtdl_begin(&device->mtdl, release->manifest, release->manifest_size, signature,
			  signature_size, 0, &device->plan, &device->why);
}

/* A manifest that is written anew with a longer signature is moved with that one. */
static void test_renewed_manifest_moves(void **state)
{
	struct built_release *one;
	static const u8 junk[4] = { 0 };
	u32 block;
	u8 *bytes;

	(void)state;
	one = make(kernel_one, COUNT(kernel_one), "1.0");
	unit_ok(device, begin_signed(one, 16));
	unit_ok(device, device_write(device, one, 0));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, mtdl_load_manifest(&device->mtdl, device->mtdl.active, &device->why));
	block = device->mtdl.active->manifest_map[1];
	simflash_damage(device->sim, (u64)block << device->mtdl.geometry.block_shift, junk,
			sizeof(junk));
	unit_ok(device, begin_signed(one, MTDL_SIGNATURE_MAX));
	mtdl_follow(&device->mtdl);
	mtdl_scrub(&device->mtdl, device->mtdl.active->manifest_map[0]);
	mtdl_scrub(&device->mtdl,
		   device->mtdl.active->manifest_map[device->mtdl.active->manifest_blocks - 1]);
	unit_work(device);
	bytes = malloc(device->mtdl.active->manifest_size +
		       device->mtdl.active->signature_size);
	assert_non_null(bytes);
	unit_ok(device, mtdl_manifest_copy_check(&device->mtdl, device->mtdl.active, 0, bytes));
	assert_int_equal(bytes[one->manifest_size + 2], 3);
	assert_int_equal(bytes[one->manifest_size + 300], 0);
	assert_int_equal(bytes[one->manifest_size + MTDL_SIGNATURE_MAX - 1], 0);
	free(bytes);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, one));
	build_free(one);
}

/* ---- what a loader finds that knows addresses only ---- */

static void check_raw(const struct built_release *release)
{
	u32 block_size = device->mtdl.geometry.block_size;
	static u8 found[1 << 17];
	u32 i, length;

	for (i = 0; i < build_block_count(release, 0); i++) {
		const u8 *expected = build_block(release, 0, i, &length);

		simflash_peek(device->sim, (u64)(release->layers[0].slot_start + i) * block_size,
			      found, length);
		assert_memory_equal(found, expected, length);
	}
}

/* What was rolled back is still in the slot, and has to start until settling is done. */
static void test_staging_leaves_slot_alone(void **state)
{
	struct built_release *two, *three;

	(void)state;
	install(kernel_one, COUNT(kernel_one), "1.0");
	two = make(kernel_two, COUNT(kernel_two), "2.0");
	three = make(kernel_three, COUNT(kernel_three), "3.0");
	unit_ok(device, device_apply(device, two, 0));
	mtdl_follow(&device->mtdl);
	unit_work(device);
	unit_ok(device, device_reboot(device));
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	check_raw(two);
	unit_ok(device, device_stage(device, three, 0));
	check_raw(two);
	build_free(two);
	build_free(three);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_slot_over_row),
		TEST(test_row_over_row),
		TEST(test_row_replaces_scattered),
		TEST_NAND(test_row_replaces_scattered),
		TEST(test_unreadable_while_installing),
		TEST(test_home_works_after_all),
		TEST_NAND(test_home_works_after_all),
		TEST(test_renewed_manifest_moves),
		TEST(test_staging_leaves_slot_alone),
		TEST_NAND(test_staging_leaves_slot_alone),
	};

	return unit_run("hostile", tests);
}

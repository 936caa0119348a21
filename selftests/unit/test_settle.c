// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settling and scrubbing: blocks come home, foreign ones leave, nothing is lost on the way.
 */
#include "unit.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct build_layer first[] = {
	{ "system", 0, 4, 0, 4, 1 }, { "app", 4, 4, 0, 3, 2 },
};
static const struct build_layer changed[] = {
	{ "system", 0, 4, 0, 4, 11 }, { "app", 4, 4, 0, 6, 12 },
};
static const struct build_layer swapped[] = {
	{ "system", 4, 4, 0, 4, 1 }, { "app", 0, 4, 0, 3, 2 },
};
static const struct build_layer lazy[] = {
	{ "system", 0, 4, MTDL_POLICY_LAZY, 4, 1 }, { "app", 4, 4, 0, 3, 2 },
};
static const struct build_layer lazy_changed[] = {
	{ "system", 0, 4, MTDL_POLICY_LAZY, 4, 21 }, { "app", 4, 4, 0, 3, 22 },
};

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

/* Installs a release; the first one needs neither boot nor confirmation. */
static void install(const struct build_layer *layers, u32 count, const char *version)
{
	struct built_release *release = unit_layers(device, version, layers, count);

	if (device->mtdl.active)
		unit_ok(device, device_install(device, release));
	else
		unit_ok(device, device_apply(device, release, 0));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, release));
	build_free(release);
}

static u32 away(void)
{
	u32 count = 0, i;

	for (i = 0; i < device->mtdl.active->layer_count; i++)
		count += mtdl_count_away(&device->mtdl.active->layers[i]);
	return count;
}

static void check_content(const struct build_layer *layers, u32 count, const char *version)
{
	struct built_release *release = unit_layers(device, version, layers, count);

	unit_ok(device, device_reads(device, release));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, release));
	build_free(release);
}

static void test_comes_home(void **state)
{
	struct simflash *before;

	(void)state;
	install(first, COUNT(first), "1.0");
	install(changed, COUNT(changed), "2.0");
	assert_int_equal(away(), 7);
	assert_true(mtdl_has_work(&device->mtdl));
	assert_true(unit_work(device) > 7);
	assert_int_equal(away(), 0);
	check_content(changed, COUNT(changed), "2.0");
	before = unit_snapshot(device);
	assert_int_equal(unit_work(device), 1);
	unit_unchanged(device, before);
}

/* Each layer lies where the other belongs: one has to leave before anything can come. */
static void test_swapped_slots(void **state)
{
	(void)state;
	install(first, COUNT(first), "1.0");
	install(swapped, COUNT(swapped), "2.0");
	assert_int_equal(away(), 7);
	unit_work(device);
	assert_int_equal(away(), 0);
	check_content(swapped, COUNT(swapped), "2.0");
}

static void test_lazy_stays(void **state)
{
	u32 map[4];

	(void)state;
	install(lazy, COUNT(lazy), "1.0");
	install(lazy_changed, COUNT(lazy_changed), "2.0");
	memcpy(map, device->mtdl.active->layers[0].map, sizeof(map));
	unit_work(device);
	assert_memory_equal(map, device->mtdl.active->layers[0].map, sizeof(map));
	assert_int_equal(away(), 4);
	/* the next upgrade goes home instead */
	install(lazy, COUNT(lazy), "3.0");
	unit_work(device);
	assert_int_equal(away(), 0);
}

/* A home that cannot be written is left out, and the others come home. */
static void test_bad_home(void **state)
{
	u32 per = device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
	u32 table = device->mtdl.geometry.table_blocks;

	(void)state;
	install(first, COUNT(first), "1.0");
	install(changed, COUNT(changed), "2.0");
	device->sim->fail_erase[(table + 1) * per] = 200;
	unit_work(device);
	assert_int_equal(away(), 1);
	assert_true(device->mtdl.retired[(table + 1) / 32] >> (table + 1) % 32 & 1);
	check_content(changed, COUNT(changed), "2.0");
}

/* A chip that refuses everything for a while loses no block for it. */
static void test_locked(void **state)
{
	u32 table = device->mtdl.geometry.table_blocks, bad, i, per;
	int err;

	(void)state;
	per = device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
	install(first, COUNT(first), "1.0");
	install(changed, COUNT(changed), "2.0");
	bad = device_count(device, MTDL_USE_BAD);
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	for (i = table * per; i < device->sim->shape.blocks; i++)
		device->sim->fail_erase[i] = 200;
	do {
		err = mtdl_work(&device->mtdl, &device->why);
		mtdl_follow(&device->mtdl);
	} while (err > 0);
	assert_int_equal(err, -EIO);
	assert_non_null(strstr(device->why.text, "in a row"));
	assert_int_equal(device_count(device, MTDL_USE_BAD), bad);
	for (i = table * per; i < device->sim->shape.blocks; i++)
		device->sim->fail_erase[i] = 0;
	unit_work(device);
	assert_int_equal(away(), 0);
	assert_int_equal(device_count(device, MTDL_USE_BAD), bad);
}

/* A block with other bytes than the manifest's is not moved, and told of; the rest is. */
static void test_damaged_block(void **state)
{
	const struct mtdl_layer *layer;
	static const u8 junk[8];
	u32 damaged;

	(void)state;
	install(first, COUNT(first), "1.0");
	install(changed, COUNT(changed), "2.0");
	layer = &device->mtdl.active->layers[0];
	damaged = layer->map[2];
	simflash_damage(device->sim, (u64)damaged << device->mtdl.geometry.block_shift, junk,
			sizeof(junk));
	unit_work(device);
	assert_int_equal(away(), 1);
	assert_int_equal(device->mtdl.active->layers[0].map[2], damaged);
}

/* ---- scrubbing ---- */

/* The block moves in both releases, by one snapshot, in every state. */
static void test_scrub_shared(void **state)
{
	static const struct build_layer app[] = {
		{ "system", 0, 4, 0, 4, 1 }, { "app", 4, 4, 0, 3, 99 },
	};
	struct built_release *next;
	u32 block;

	(void)state;
	install(first, COUNT(first), "1.0");
	next = unit_layers(device, "2.0", app, COUNT(app));
	unit_ok(device, device_begin(device, next, 0));
	unit_ok(device, device_write(device, next, 1));
	block = device->mtdl.active->layers[0].map[1];
	mtdl_scrub(&device->mtdl, block);
	unit_work(device);
	assert_int_not_equal(device->mtdl.active->layers[0].map[1], block);
	assert_int_equal(device->mtdl.active->layers[0].map[1],
			 device->mtdl.candidate->layers[0].map[1]);
	unit_ok(device, device_apply(device, next, 0));
	unit_ok(device, device_reboot(device));
	block = device->mtdl.active->layers[0].map[1];
	mtdl_scrub(&device->mtdl, block);
	mtdl_scrub(&device->mtdl, device->mtdl.candidate->manifest_map[1]);
	unit_work(device);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	assert_int_equal(device->mtdl.attempts_used, 1);
	assert_int_not_equal(device->mtdl.active->layers[0].map[1], block);
	unit_ok(device, mtdl_confirm(&device->mtdl, next->digest, &device->why));
	unit_work(device);
	assert_int_equal(away(), 0);
	unit_ok(device, device_reads(device, next));
	build_free(next);
}

/* While a block is being copied, what is staged beside it does not take its new place. */
static void test_scrub_while_staging(void **state)
{
	struct built_release *next;
	u32 i;

	(void)state;
	install(first, COUNT(first), "1.0");
	next = unit_layers(device, "2.0", changed, COUNT(changed));
	unit_ok(device, device_begin(device, next, 0));
	unit_ok(device, device_write(device, next, 3));
	mtdl_scrub(&device->mtdl, device->mtdl.active->layers[0].map[1]);
	mtdl_scrub(&device->mtdl, device->mtdl.candidate->manifest_map[0]);
	for (i = 0; i < 8; i++) {
		assert_true(mtdl_work(&device->mtdl, &device->why) >= 0);
		mtdl_follow(&device->mtdl);
		if (device_write(device, next, 1))
			break;
		unit_ok(device, device_check(device));
	}
	unit_ok(device, device_write(device, next, 0));
	unit_work(device);
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, next));
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	check_content(first, COUNT(first), "1.0");
	build_free(next);
}

/* What detaching records of a batch that is not complete is not done again. */
static void test_sync(void **state)
{
	u32 before, i;

	(void)state;
	install(first, COUNT(first), "1.0");
	install(changed, COUNT(changed), "2.0");
	before = away();
	for (i = 0; device->mtdl.moves < 3; i++)
		assert_true(mtdl_work(&device->mtdl, &device->why) > 0);
	assert_true(mtdl_work(&device->mtdl, &device->why) > 0);
	unit_ok(device, mtdl_sync(&device->mtdl, &device->why));
	mtdl_follow(&device->mtdl);
	unit_ok(device, device_attach(device));
	assert_true(away() <= before - 3);
	unit_work(device);
	check_content(changed, COUNT(changed), "2.0");
}

static void test_scrub_table(void **state)
{
	u32 epoch, unit;

	(void)state;
	install(first, COUNT(first), "1.0");
	epoch = device->mtdl.sequence.epoch;
	unit = device->mtdl.in_force[0];
	device->sim->read_error[unit * device->mtdl.geometry.unit_size /
				device->sim->shape.erase_size] = -EUCLEAN;
	unit_ok(device, device_attach(device));
	assert_true(device->mtdl.scrub_table);
	unit_work(device);
	assert_int_equal(device->mtdl.sequence.epoch, epoch + 1);
	assert_false(mtdl_has_work(&device->mtdl));
}

static void test_scrub_nothing(void **state)
{
	struct simflash *before;

	(void)state;
	install(first, COUNT(first), "1.0");
	before = unit_snapshot(device);
	mtdl_scrub(&device->mtdl, device->mtdl.geometry.block_count - 1);
	mtdl_scrub(&device->mtdl, ~0U);
	unit_work(device);
	unit_unchanged(device, before);
	assert_false(mtdl_has_work(&device->mtdl));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_home),
		TEST_NAND(test_comes_home),
		TEST(test_swapped_slots),
		TEST_NAND(test_swapped_slots),
		TEST(test_lazy_stays),
		TEST(test_bad_home),
		TEST_NAND(test_bad_home),
		TEST(test_locked),
		TEST(test_damaged_block),
		TEST(test_scrub_shared),
		TEST_NAND(test_scrub_shared),
		TEST(test_scrub_while_staging),
		TEST_NAND(test_scrub_while_staging),
		TEST(test_sync),
		TEST(test_scrub_table),
		TEST(test_scrub_nothing),
	};

	return unit_run("settle", tests);
}

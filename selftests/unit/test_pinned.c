// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pinned layers: installed in their slots by commit, moved aside and back.
 */
#include "unit.h"

#define PINNED		MTDL_POLICY_PINNED
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct build_layer one[] = {
	{ "kernel", 0, 4, PINNED, 3, 1 }, { "app", 4, 4, 0, 3, 2 },
};
static const struct build_layer two[] = {
	{ "kernel", 0, 4, PINNED, 4, 11 }, { "app", 4, 4, 0, 3, 12 },
};
/* the kernel's slot now reaches over the app's, which is swapped out */
static const struct build_layer relaid[] = {
	{ "kernel", 2, 6, PINNED, 6, 31 }, { "app", 8, 4, 0, 3, 2 },
};

static struct device *device;
static struct built_release *r1, *r2, *r3;

static int set_up_on(const struct simflash_shape *shape)
{
	device = unit_device(shape);
	r1 = unit_layers(device, "1.0", one, COUNT(one));
	r2 = unit_layers(device, "2.0", two, COUNT(two));
	r3 = unit_layers(device, "3.0", relaid, COUNT(relaid));
	unit_ok(device, device_apply(device, r1, 0));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	unit_ok(device, device_reboot(device));
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
	build_free(r1);
	build_free(r2);
	build_free(r3);
	unit_device_free(device);
	return 0;
}

/* What a loader that only knows addresses finds in a pinned slot. */
static void check_raw(const struct built_release *release)
{
	u32 i, length, block_size = device->mtdl.geometry.block_size;
	static u8 found[1 << 20];

	for (i = 0; i < build_block_count(release, 0); i++) {
		const u8 *expected = build_block(release, 0, i, &length);

		assert_true(length <= sizeof(found));
		simflash_peek(device->sim, (u64)(release->layers[0].slot_start + i) * block_size,
			      found, length);
		assert_memory_equal(found, expected, length);
	}
}

static void commit(struct built_release *release)
{
	unit_ok(device, device_apply(device, release, 0));
	assert_int_equal(device->mtdl.state, MTDL_STATE_INSTALLING);
	unit_ok(device, device_check(device));
	mtdl_follow(&device->mtdl);
	unit_work(device);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	check_raw(release);
}

static void test_confirm(void **state)
{
	(void)state;
	unit_ok(device, device_begin(device, r2, MTDL_BEGIN_DRY_RUN));
	assert_int_equal(device->plan.aside, 3);
	commit(r2);
	unit_ok(device, device_reads(device, r1));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, r2));
	unit_ok(device, mtdl_confirm(&device->mtdl, r2->digest, &device->why));
	unit_work(device);
	check_raw(r2);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, r2));
	commit(r1);
}

/* The old content is brought home once the new one is not running any more. */
static void test_rollback(void **state)
{
	(void)state;
	commit(r2);
	unit_ok(device, device_reboot(device));
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	unit_work(device);
	check_raw(r2);
	unit_ok(device, device_reads(device, r2));
	/* what is still running is in the way of another pinned layer */
	unit_ok(device, device_stage(device, r3, 0));
	unit_refused(device, mtdl_commit(&device->mtdl, &device->why), -EBUSY, "reboot");
	assert_int_equal(device->mtdl.state, MTDL_STATE_STAGING);
	unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, r1));
	unit_work(device);
	check_raw(r1);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, r1));
}

/* Also what other layers have in a slot that grew over them is moved aside, and stays whole. */
static void test_relaid(void **state)
{
	(void)state;
	commit(r3);
	unit_ok(device, device_reads(device, r1));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, r3));
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_work(device);
	check_raw(r1);
	unit_ok(device, device_reads(device, r1));
	commit(r3);
	unit_ok(device, device_reboot(device));
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	unit_work(device);
	unit_ok(device, device_reads(device, r3));
	commit(r1);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, r1));
}

static void test_rollback_while_installing(void **state)
{
	u32 steps;

	(void)state;
	for (steps = 0; steps < 6; steps++) {
		u32 i;

		unit_ok(device, device_apply(device, r2, 0));
		mtdl_follow(&device->mtdl);
		for (i = 0; i < steps; i++)
			assert_true(mtdl_work(&device->mtdl, &device->why) > 0);
		if (device->mtdl.state == MTDL_STATE_INSTALLING && steps % 2)
			unit_ok(device, device_reboot(device));
		unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
		assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
		unit_ok(device, device_reboot(device));
		unit_work(device);
		check_raw(r1);
		unit_ok(device, device_reads(device, r1));
	}
}

/* A home that goes bad meanwhile: idle, active at the copy, and the outcome says why. */
static void test_home_goes_bad(void **state)
{
	u32 per = device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
	u32 home = device->mtdl.geometry.table_blocks + 1;

	(void)state;
	unit_ok(device, device_apply(device, r2, 0));
	mtdl_follow(&device->mtdl);
	device->sim->fail_program[home * per] = 200;
	unit_work(device);
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_FAILED);
	assert_int_equal(device->mtdl.outcome.error, EIO);
	unit_ok(device, device_reads(device, r1));
	unit_ok(device, device_reboot(device));
	unit_work(device);
	unit_ok(device, device_reads(device, r1));
	assert_int_equal(mtdl_count_away(&device->mtdl.active->layers[0]), 1);
	unit_refused(device, device_begin(device, r2, 0), -EIO, "block");
}

/* A first install over another one's remains, whose blocks lie in the pinned slot. */
static void test_first_install_replaces(void **state)
{
	static const struct build_layer other[] = {
		{ "app", 0, 8, 0, 3, 2 }, { "kernel", 8, 4, 0, 3, 1 },
	};
	struct built_release *before;

	(void)state;
	unit_ok(device, device_format(device, device->mtdl.geometry.block_size, 0));
	unit_ok(device, device_attach(device));
	before = unit_layers(device, "0.9", other, COUNT(other));
	unit_ok(device, device_stage(device, before, 0));
	unit_ok(device, device_apply(device, r1, MTDL_BEGIN_REPLACE));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	check_raw(r1);
	build_free(before);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_confirm),
		TEST_NAND(test_confirm),
		TEST(test_rollback),
		TEST_NAND(test_rollback),
		TEST(test_relaid),
		TEST_NAND(test_relaid),
		TEST(test_rollback_while_installing),
		TEST(test_home_goes_bad),
		TEST_NAND(test_home_goes_bad),
		TEST(test_first_install_replaces),
	};

	return unit_run("pinned", tests);
}

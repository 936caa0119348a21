// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Upgrades: plan, placement, staging, resuming, and every refusal with its sentence.
 */
#include <stdlib.h>

#include "unit.h"

static struct device *device;
static struct built_release *base, *two, *over, *small;

static int set_up_on(const struct simflash_shape *shape)
{
	device = unit_installed(shape);
	base = unit_release(device, UNIT_BASE);
	two = unit_release(device, UNIT_TWO);
	over = unit_release(device, UNIT_OVER);
	small = unit_release(device, UNIT_SMALL);
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
	build_free(two);
	build_free(over);
	build_free(small);
	unit_device_free(device);
	return 0;
}

static u32 home(const struct mtdl_layer *layer)
{
	u32 i, count = 0;

	for (i = 0; i < layer->block_count; i++)
		count += i < layer->slot_blocks && layer->map[i] == layer->slot_start + i;
	return count;
}

/* The first install needs no confirmation, and every block lies at its preset address. */
static void test_first_install(void **state)
{
	const struct mtdl *mtdl = &device->mtdl;
	u32 i;

	(void)state;
	assert_int_equal(mtdl->state, MTDL_STATE_IDLE);
	assert_null(mtdl->candidate);
	assert_memory_equal(mtdl->active->digest, base->digest, MTDL_DIGEST_SIZE);
	assert_int_equal(mtdl->outcome.code, MTDL_OUTCOME_CONFIRMED);
	for (i = 0; i < 3; i++)
		assert_int_equal(home(&mtdl->active->layers[i]),
				 mtdl->active->layers[i].block_count);
	unit_ok(device, device_verify(device, device->mtdl.active));
	unit_ok(device, device_check(device));
}

/* A dry run writes nothing and says what the real run then does. */
static void test_dry_run(void **state)
{
	struct built_release *releases[] = { two, over, small, base };
	struct simflash *before;
	struct mtdl_plan dry;
	u32 i, erases, b;

	(void)state;
	for (i = 0; i < 3; i++) {
		before = unit_snapshot(device);
		unit_ok(device, device_begin(device, releases[i], MTDL_BEGIN_DRY_RUN));
		unit_unchanged(device, before);
		dry = device->plan;
		unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
		erases = 0;
		for (b = device->mtdl.geometry.table_blocks; b < unit_nor.blocks; b++)
			erases -= device->sim->count[b].erases;
		unit_ok(device, device_begin(device, releases[i], 0));
		assert_memory_equal(&dry, &device->plan, sizeof(dry));
		unit_ok(device, device_write(device, releases[i], 0));
		for (b = device->mtdl.geometry.table_blocks; b < unit_nor.blocks; b++)
			erases += device->sim->count[b].erases;
		assert_int_equal(erases, dry.erases);
		assert_int_equal(device_count(device, MTDL_USE_FREE), dry.free_after);
		unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	}
	unit_ok(device, device_begin(device, base, MTDL_BEGIN_DRY_RUN));
	assert_true(device->plan.current_release);
}

static void test_plan_numbers(void **state)
{
	(void)state;
	unit_ok(device, device_begin(device, over, MTDL_BEGIN_DRY_RUN));
	assert_int_equal(device->plan.layer_count, 3);
	assert_int_equal(device->plan.layers_changed, 1);
	assert_int_equal(device->plan.blocks, 4);
	assert_int_equal(device->plan.bytes, 4 * 8192 - 1);
	assert_int_equal(device->plan.overflow, 2);
	/* block 0's home is in use, block 1's is free, the other two have none */
	assert_int_equal(device->plan.relocated, 3);
	assert_int_equal(device->plan.layers[2].changed, 4);
	assert_int_equal(device->plan.layers[0].changed, 0);
	assert_int_equal(device->plan.missing, 0);
}

/* Blocks that do not change are not touched: their eraseblocks count no operation. */
static void test_unchanged_untouched(void **state)
{
	const struct mtdl *mtdl = &device->mtdl;
	struct simflash *before;
	u32 i, j, eb, per = mtdl->geometry.block_size / mtdl->geometry.erase_size;

	(void)state;
	before = unit_snapshot(device);
	unit_ok(device, device_install(device, two));
	for (i = 0; i < 2; i++) {
		const struct mtdl_layer *layer = &mtdl->active->layers[i];

		for (j = 0; j < layer->block_count && i == 0; j++)
			for (eb = layer->map[j] * per; eb < (layer->map[j] + 1) * per; eb++) {
				assert_int_equal(device->sim->count[eb].erases,
						 before->count[eb].erases);
				assert_int_equal(device->sim->count[eb].programs,
						 before->count[eb].programs);
			}
	}
	simflash_free(before);
	unit_ok(device, device_reads(device, two));
}

static void test_overflow_and_back(void **state)
{
	const struct mtdl *mtdl = &device->mtdl;
	const struct mtdl_layer *app;

	(void)state;
	unit_ok(device, device_install(device, over));
	unit_ok(device, device_reads(device, over));
	app = &mtdl->active->layers[2];
	assert_int_equal(app->block_count, 4);
	assert_int_equal(home(app), 1);
	unit_ok(device, device_install(device, small));
	unit_ok(device, device_reads(device, small));
	app = &mtdl->active->layers[2];
	assert_int_equal(app->block_count, 1);
	assert_int_equal(home(app), 1);
	unit_ok(device, device_check(device));
}

static struct built_release *of_size(u32 blocks)
{
	u32 start = device->mtdl.geometry.table_blocks, size = device->mtdl.geometry.block_size;
	struct build_layer layer = { "big", start + 20, 1, 0, (u64)blocks * size, 77 };
	struct build_options options = { .block_size = size, .release = "9.0" };

	return build_release(&options, &layer, 1);
}

/* Every free block can be allocated, and not one more. */
static void test_exactly_full(void **state)
{
	u32 free_blocks = device_count(device, MTDL_USE_FREE), missing;
	struct built_release *fits = of_size(free_blocks - 2);
	struct simflash *before;

	(void)state;
	for (missing = 1; missing < 4; missing++) {
		struct built_release *too_large = of_size(free_blocks - 2 + missing);
		char words[64];

		before = unit_snapshot(device);
		snprintf(words, sizeof(words), "%u blocks of 8192 bytes are missing", missing);
		unit_refused(device, device_begin(device, too_large, 0), -ENOSPC, words);
		assert_int_equal(device->plan.missing, missing);
		unit_unchanged(device, before);
		build_free(too_large);
	}
	unit_ok(device, device_install(device, fits));
	unit_ok(device, device_reads(device, fits));
	unit_ok(device, device_install(device, base));
	unit_ok(device, device_reads(device, base));
	build_free(fits);
}

#define REFUSED_AND_UNCHANGED(call, err, words)				\
	do {								\
		struct simflash *unit_before = unit_snapshot(device);	\
									\
		device->why.text[0] = '\0';				\
		unit_refused(device, call, err, words);			\
		unit_unchanged(device, unit_before);			\
	} while (0)

static struct built_release *odd(u32 slot_start, u32 slot_blocks, u32 policy, u32 blocks,
				 const char *board, u32 block_size)
{
	struct build_layer layer = { "odd", slot_start, slot_blocks, policy,
				     (u64)blocks * block_size, 7 };
	struct build_options options = {
		.block_size = block_size, .release = "odd", .compatible = board,
	};

	return build_release(&options, &layer, 1);
}

static void refuse_manifest(struct built_release *release, int err, const char *words)
{
	REFUSED_AND_UNCHANGED(device_begin(device, release, 0), err, words);
	REFUSED_AND_UNCHANGED(device_begin(device, release, MTDL_BEGIN_DRY_RUN), err, words);
	build_free(release);
}

static void test_manifests_refused(void **state)
{
	u32 table = device->mtdl.geometry.table_blocks, all = device->mtdl.geometry.block_count;
	struct built_release *broken = odd(table, 1, 0, 1, NULL, 8192);

	(void)state;
	refuse_manifest(odd(table, 1, 0, 1, "acme,other-board", 8192), -ENODEV,
			"is for board acme,other-board, this is board " BUILD_COMPATIBLE);
	refuse_manifest(odd(table, 1, 0, 1, NULL, 16384), -EINVAL, "blocks of 16384 bytes");
	refuse_manifest(odd(all - 1, 2, 0, 1, NULL, 8192), -EINVAL, "lies beyond the flash");
	refuse_manifest(odd(all, 1, 0, 1, NULL, 8192), -EINVAL, "lies beyond the flash");
	refuse_manifest(odd(table - 1, 2, 0, 1, NULL, 8192), -EINVAL, "overlaps the table area");
	refuse_manifest(odd(table, 1, MTDL_POLICY_OVERFLOW_REFUSE, 3, NULL, 8192), -ENOSPC,
			"outgrows its slot by 2 blocks");
	broken->manifest[192 + 8 + MTDL_NAME_SIZE] ^= 1;
	refuse_manifest(broken, -EINVAL, "its root digest is not that of its 1 block digests");
	REFUSED_AND_UNCHANGED(mtdl_begin(&device->mtdl, two->manifest, two->manifest_size, NULL, 0,
					 8, &device->plan, &device->why), -EINVAL, "flags 0x8");
	REFUSED_AND_UNCHANGED(mtdl_begin(&device->mtdl, two->manifest, 1 << 30, NULL, 0, 0,
					 &device->plan, &device->why), -EINVAL, "too large");
	REFUSED_AND_UNCHANGED(mtdl_begin(&device->mtdl, two->manifest, two->manifest_size,
					 two->manifest, MTDL_SIGNATURE_MAX + 1, 0, &device->plan,
					 &device->why), -EINVAL, "too large");
}

static int put(u32 layer, u32 block, const void *data, u32 length)
{
	return mtdl_write(&device->mtdl, layer, block, data, length, &device->why);
}

static void test_writes_refused(void **state)
{
	struct mtdl_wanted wanted[8];
	u32 count = 8, length;
	const u8 *data = build_block(two, 1, 0, &length);
	u8 *wrong = malloc(length);

	(void)state;
	assert_non_null(wrong);
	memcpy(wrong, data, length);
	wrong[length - 1] ^= 0x80;
	REFUSED_AND_UNCHANGED(put(1, 0, data, length), -EINVAL, "begin one first");
	REFUSED_AND_UNCHANGED(mtdl_want(&device->mtdl, wanted, &count, &device->why), -EINVAL,
			      "begin one first");
	unit_ok(device, device_begin(device, two, 0));
	REFUSED_AND_UNCHANGED(put(3, 0, data, length), -EINVAL, "there is no layer 3");
	REFUSED_AND_UNCHANGED(put(1, 3, data, length), -EINVAL, "system has no block 3");
	REFUSED_AND_UNCHANGED(put(1, 0, data, length - 1), -EINVAL, "has 8192 bytes, not 8191");
	REFUSED_AND_UNCHANGED(put(1, 2, data, length), -EINVAL, "has 100 bytes, not 8192");
	REFUSED_AND_UNCHANGED(put(1, 0, wrong, length), -EBADMSG, "its bytes are not those");
	REFUSED_AND_UNCHANGED(put(0, 0, build_block(two, 0, 0, &length), length), -EALREADY,
			      "was not asked for");
	REFUSED_AND_UNCHANGED(mtdl_commit(&device->mtdl, &device->why), -EAGAIN,
			      "lacks 4 blocks");
	REFUSED_AND_UNCHANGED(device_begin(device, over, 0), -EEXIST, "2.0 is being staged");
	unit_ok(device, device_write(device, two, 0));
	REFUSED_AND_UNCHANGED(put(1, 0, data, 8192), -EALREADY, "on flash already");
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	REFUSED_AND_UNCHANGED(put(1, 0, data, 8192), -EINVAL, "is on trial");
	REFUSED_AND_UNCHANGED(device_begin(device, over, 0), -EBUSY, "confirm it or roll it back");
	REFUSED_AND_UNCHANGED(device_begin(device, over, MTDL_BEGIN_DRY_RUN), -EBUSY, "on trial");
	REFUSED_AND_UNCHANGED(mtdl_abort(&device->mtdl, &device->why), -EINVAL, "on trial");
	REFUSED_AND_UNCHANGED(mtdl_commit(&device->mtdl, &device->why), -EINVAL, "on trial");
	free(wrong);
}

static void test_want(void **state)
{
	struct mtdl_wanted wanted[8];
	u32 count = 3;

	(void)state;
	unit_ok(device, device_begin(device, two, 0));
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 3);
	assert_int_equal(wanted[0].layer, 1);
	assert_int_equal(wanted[0].block, 0);
	assert_int_equal(wanted[2].block, 2);
	unit_ok(device, device_write(device, two, 3));
	count = 8;
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 1);
	assert_int_equal(wanted[0].layer, 2);
	unit_ok(device, device_write(device, two, 0));
	count = 8;
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 0);
}

/* What was recorded is kept; what was not is written again from the flash, not fetched. */
static void test_resume(void **state)
{
	struct simflash *before;
	struct mtdl_wanted wanted[8];
	u32 count = 8, i, again = 0, kept;
	const struct mtdl_layer *system;

	(void)state;
	unit_ok(device, device_begin(device, two, 0));
	unit_ok(device, device_write(device, two, 1));
	unit_ok(device, mtdl_sync(&device->mtdl, &device->why));
	unit_ok(device, device_write(device, two, 2));
	device_detach(device);
	simflash_power_on(device->sim);
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_STAGING);
	before = unit_snapshot(device);
	unit_ok(device, device_begin(device, two, 0));
	assert_true(device->plan.resumed);
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 1);
	system = &device->mtdl.candidate->layers[1];
	kept = system->map[0];
	for (i = device->mtdl.geometry.table_blocks; i < unit_nor.blocks; i++)
		again += device->sim->count[i].erases - before->count[i].erases;
	assert_int_equal(again, 2);
	assert_int_equal(device->sim->count[kept].erases, before->count[kept].erases);
	simflash_free(before);
	unit_ok(device, device_write(device, two, 0));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, two));
}

/* Another release that shares blocks with the one that is staged takes them over. */
static void test_replace(void **state)
{
	u32 start = device->mtdl.geometry.table_blocks;
	struct build_layer layers[] = {
		{ "boot", start, 2, 0, 8199, 1 },
		{ "system", start + 2, 3, 0, 2 * 8192 + 100, 11 },
		{ "app", start + 5, 2, 0, 8192, 99 },
	};
	struct build_options options = { .block_size = 8192, .release = "2.1" };
	struct built_release *similar = build_release(&options, layers, 3);
	struct mtdl_wanted wanted[8];
	u32 count = 8;

	(void)state;
	unit_ok(device, device_stage(device, two, 0));
	unit_ok(device, device_begin(device, similar, MTDL_BEGIN_REPLACE));
	assert_int_equal(device->plan.blocks, 1);
	assert_int_equal(device->plan.blocks_done, 3);
	unit_ok(device, mtdl_want(&device->mtdl, wanted, &count, &device->why));
	assert_int_equal(count, 1);
	assert_int_equal(wanted[0].layer, 2);
	unit_ok(device, device_check(device));
	unit_ok(device, device_write(device, similar, 0));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, similar));
	unit_ok(device, device_verify(device, device->mtdl.candidate));
	build_free(similar);
}

static void test_abort(void **state)
{
	u32 free_blocks = device_count(device, MTDL_USE_FREE);

	(void)state;
	REFUSED_AND_UNCHANGED(mtdl_abort(&device->mtdl, &device->why), -EINVAL, "begin one first");
	unit_ok(device, device_begin(device, two, 0));
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_NONE);
	unit_ok(device, device_write(device, two, 2));
	unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_ABORTED);
	assert_string_equal(device->mtdl.outcome.release, "2.0");
	assert_memory_equal(device->mtdl.outcome.digest, two->digest, MTDL_DIGEST_SIZE);
	assert_int_equal(device_count(device, MTDL_USE_FREE), free_blocks);
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_ABORTED);
	unit_ok(device, device_reads(device, base));
}

/* The active release once more: nothing to do, but the first rule is established. */
static void test_current(void **state)
{
	u32 epoch;

	(void)state;
	unit_ok(device, device_attach(device));
	epoch = device->mtdl.sequence.epoch;
	unit_ok(device, device_begin(device, base, 0));
	assert_true(device->plan.current_release);
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.sequence.epoch, epoch + 1);
	assert_true(device->mtdl.secure);
}

/* Cells that fail while a block is written: another block takes its place, for ever. */
static void test_block_fails(void **state)
{
	u32 per = device->mtdl.geometry.block_size / device->mtdl.geometry.erase_size;
	u32 block, i, table = device->mtdl.geometry.table_blocks, failing = 3;

	(void)state;
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	for (block = device->mtdl.geometry.block_count - 1; block > table && failing; block--) {
		if (device->sim->count[block * per].programs)
			continue;
		for (i = 0; i < per; i++)
			device->sim->fail_program[block * per + i] = 100;
		failing--;
	}
	/* the pool's next blocks, too */
	device->sim->fail_erase[(table + 8) * per] = 100;
	device->sim->fail_program[(table + 10) * per] = 100;
	unit_ok(device, device_install(device, over));
	unit_ok(device, device_reads(device, over));
	unit_ok(device, device_check(device));
	assert_int_equal(device_count(device, MTDL_USE_BAD) > 0, 1);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_install(device, small));
	unit_ok(device, device_reads(device, small));
	unit_ok(device, device_check(device));
}

/* A flash that refuses everything is worn out or locked: said so, and active stays. */
static void test_all_blocks_fail(void **state)
{
	u32 i;

	(void)state;
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	for (i = device->mtdl.geometry.table_blocks; i < unit_nor.blocks; i++)
		device->sim->fail_erase[i] = 255;
	unit_refused(device, device_begin(device, two, 0), -EIO, "blocks in a row");
	unit_ok(device, device_attach(device));
	unit_ok(device, device_reads(device, base));
	unit_ok(device, device_check(device));
}

/* A signature is stored behind the manifest, in both copies. */
static void test_signature(void **state)
{
	u8 signature[3000];
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(signature); i++)
		signature[i] = (u8)(i * 3);
	unit_ok(device, mtdl_begin(&device->mtdl, two->manifest, two->manifest_size, signature,
				   sizeof(signature), 0, &device->plan, &device->why));
	unit_ok(device, device_attach(device));
	unit_ok(device, mtdl_load_manifest(&device->mtdl, device->mtdl.candidate, &device->why));
	assert_int_equal(device->mtdl.candidate->signature_size, sizeof(signature));
	assert_memory_equal(device->mtdl.candidate->manifest, two->manifest, two->manifest_size);
	assert_memory_equal(device->mtdl.candidate->manifest + two->manifest_size, signature,
			    sizeof(signature));
}

/* The pool's blocks take turns, over reboots, although each upgrade is given up. */
static void test_wear_is_spread(void **state)
{
	u32 table = device->mtdl.geometry.table_blocks, round, i, least = ~0U, most = 0;
	struct simflash *before = unit_snapshot(device);

	(void)state;
	for (round = 0; round < 100; round++) {
		unit_ok(device, device_stage(device, two, 0));
		unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
		unit_ok(device, device_reboot(device));
	}
	/* behind the slots and the two blocks of active's manifest; blocks are eraseblocks here */
	assert_int_equal(device->mtdl.active->manifest_map[1], table + 8);
	for (i = table + 9; i < unit_nor.blocks; i++) {
		u32 erases = device->sim->count[i].erases - before->count[i].erases;

		least = erases < least ? erases : least;
		most = erases > most ? erases : most;
	}
	assert_true(least > 0);
	assert_true(most - least <= 2);
	simflash_free(before);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_install),
		TEST_NAND(test_first_install),
		TEST(test_dry_run),
		TEST(test_plan_numbers),
		TEST(test_unchanged_untouched),
		TEST_NAND(test_unchanged_untouched),
		TEST(test_overflow_and_back),
		TEST_NAND(test_overflow_and_back),
		TEST(test_exactly_full),
		TEST(test_manifests_refused),
		TEST(test_writes_refused),
		TEST(test_want),
		TEST(test_resume),
		TEST(test_replace),
		TEST(test_abort),
		TEST(test_current),
		TEST(test_block_fails),
		TEST_NAND(test_block_fails),
		TEST(test_all_blocks_fail),
		TEST(test_signature),
		TEST(test_wear_is_spread),
	};

	return unit_run("upgrade", tests);
}

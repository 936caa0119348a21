// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layouts, tables and errors that would lead the core to write over what lives, to write
 * for ever, or to take for good what is not.
 */
#include <stdlib.h>

#include "build_table.h"
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

/* ---- crafted tables ---- */

/* A table in state installing whose CRC holds; what is wrong with it is in the candidate. */
static void attach_crafted(const struct build_layer *layers, u32 count, const u32 (*map)[2],
			   const char *reason)
{
	static const struct build_layer old[] = { { "app", 50, 2, 0, 8192, 2 } };
	struct build_options options = { .block_size = 8192, .release = "1.0" };
	struct built_release *active, *candidate;
	struct build_table *table = calloc(1, sizeof(*table));
	u32 i;

	assert_non_null(table);
	device_free(device);
	memset(device, 0, sizeof(*device));
	device->sim = simflash_new(&unit_nor, 1);
	active = build_release(&options, old, 1);
	options.release = "2.0";
	candidate = build_release(&options, layers, count);
	build_table_init(table, device->sim, 8192, 32768, 4);
	table->header.state = MTDL_STATE_INSTALLING;
	table->active = (struct build_placed) { .release = active, .manifest_map = { 18, 19 } };
	table->active.map[0][0] = 50;
	table->candidate = (struct build_placed) {
		.release = candidate, .manifest_map = { 20, 21 },
	};
	for (i = 0; i < count; i++)
		memcpy(table->candidate.map[i], map[i], sizeof(map[i]));
	build_placed_write(&table->active, device->sim, NULL);
	build_placed_write(&table->candidate, device->sim, NULL);
	build_table_write(table, device->sim, 0, 0);
	build_table_write(table, device->sim, 1, 0);
	unit_refused(device, device_attach(device), -EUCLEAN, reason);
	build_free(active);
	build_free(candidate);
	free(table);
}

/* The home of a pinned block behind its slot would be beyond the flash, or in the table. */
static void test_crafted_overflow(void **state)
{
	static const struct build_layer layers[] = { { "kernel", 63, 1, PINNED, 16384, 11 } };
	static const u32 map[][2] = { { 24, 25 } };

	(void)state;
	attach_crafted(layers, COUNT(layers), map, "kernel");
}

/* The home of a pinned block holds what the same release needs. */
static void test_crafted_home_in_use(void **state)
{
	static const struct build_layer layers[] = {
		{ "kernel", 40, 1, PINNED, 8192, 11 }, { "app", 50, 2, 0, 8192, 12 },
	};
	static const u32 map[][2] = { { 24 }, { 40 } };

	(void)state;
	attach_crafted(layers, COUNT(layers), map, "40");
}

static void test_crafted_home_in_active(void **state)
{
	static const struct build_layer layers[] = { { "kernel", 50, 1, PINNED, 8192, 11 } };
	static const u32 map[][2] = { { 24 } };

	(void)state;
	attach_crafted(layers, COUNT(layers), map, "50");
}

/* ---- copies that are not what was copied ---- */

static struct {
	const struct mtdl_flash_ops *below;
	struct mtdl_flash_ops ops;
	u32 programs;
	u64 off;
	u32 reads;
	u32 until;
} decay;

static int decaying_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	if (!decay.reads && !decay.off) {
		decay.off = off;
		decay.reads = 1;
	}
	return decay.below->program(flash, off, buf, len);
}

/* What was programmed first reads right once, and is uncorrectable from then on. */
static int decaying_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	if (decay.off && off == decay.off && decay.reads++ > 1 && decay.reads <= decay.until)
		return -EBADMSG;
	return decay.below->read(flash, off, buf, len);
}

static void decay_first(u32 until)
{
	memset(&decay, 0, sizeof(decay));
	decay.until = until;
	decay.below = device->sim->flash.ops;
	decay.ops = *decay.below;
	decay.ops.program = decaying_program;
	decay.ops.read = decaying_read;
	device->sim->flash.ops = &decay.ops;
}

/* Cells that lose what was copied to them say nothing against what was copied. */
static void test_copy_decays(void **state)
{
	struct built_release *one, *two;
	int more;

	(void)state;
	install(kernel_one, COUNT(kernel_one), "1.0");
	one = make(kernel_one, COUNT(kernel_one), "1.0");
	two = make(kernel_two, COUNT(kernel_two), "2.0");
	unit_ok(device, device_stage(device, two, 0));
	decay_first(~0U);
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	mtdl_follow(&device->mtdl);
	unit_ok(device, device_reads(device, one));
	do {
		more = mtdl_work(&device->mtdl, &device->why);
		assert_true(more >= 0);
	} while (more);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	unit_ok(device, device_reads(device, one));
	build_free(one);
	build_free(two);
}

/* Once is no proof: the home is written again, and serves. */
static void test_home_decays_once(void **state)
{
	struct built_release *two;

	(void)state;
	install(kernel_one, COUNT(kernel_one), "1.0");
	two = make(kernel_two, COUNT(kernel_two), "2.0");
	unit_ok(device, device_apply(device, two, 0));
	mtdl_follow(&device->mtdl);
	decay_first(3);
	unit_work(device);
	assert_true(decay.reads > 3);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	check_raw(two);
	build_free(two);
}

static int failing_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	if (off == decay.off && !decay.reads++)
		return -EBADMSG;
	return decay.below->read(flash, off, buf, len);
}

/* What could not be corrected once may be the only copy there is. */
static void test_source_read_fails_once(void **state)
{
	struct built_release *one, *two;

	(void)state;
	install(kernel_one, COUNT(kernel_one), "1.0");
	one = make(kernel_one, COUNT(kernel_one), "1.0");
	two = make(kernel_two, COUNT(kernel_two), "2.0");
	unit_ok(device, device_stage(device, two, 0));
	decay_first(0);
	decay.off = (u64)(slot_of(&kernel_one[0]) + 1) << device->mtdl.geometry.block_shift;
	decay.ops.read = failing_read;
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	assert_true(decay.reads > 0);
	mtdl_follow(&device->mtdl);
	unit_work(device);
	unit_ok(device, device_reads(device, one));
	build_free(one);
	build_free(two);
}

/* What nobody can verify any more is no reason to keep out what replaces it. */
static void test_lost_manifest_and_pinned(void **state)
{
	struct built_release *two;
	static const u8 junk[4] = { 0 };
	u32 i;

	(void)state;
	install(kernel_one, COUNT(kernel_one), "1.0");
	for (i = 0; i < 2 * device->mtdl.active->manifest_blocks; i++)
		simflash_damage(device->sim, (u64)device->mtdl.active->manifest_map[i] <<
				device->mtdl.geometry.block_shift, junk, sizeof(junk));
	unit_ok(device, device_attach(device));
	two = make(kernel_two, COUNT(kernel_two), "2.0");
	unit_ok(device, device_apply(device, two, 0));
	mtdl_follow(&device->mtdl);
	while (device->mtdl.state == MTDL_STATE_INSTALLING)
		assert_int_equal(mtdl_work(&device->mtdl, &device->why), 1);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, two));
	build_free(two);
}

/* ---- cuts ---- */

static int write_one(const struct built_release *release, u32 layer, u32 block)
{
	u32 length;
	const u8 *data = build_block(release, layer, block, &length);

	return mtdl_write(&device->mtdl, layer, block, data, length, &device->why);
}

static void check_done(u32 cut)
{
	const struct mtdl_release *release = device->mtdl.candidate;
	static u8 buf[512];
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; j < layer->block_count; j++) {
			u32 at = layer->first + j;

			if (!(release->done[at / 32] >> at % 32 & 1))
				continue;
			if (mtdl_verify_block(&device->sim->flash, &device->mtdl.geometry, layer, j,
					      buf, sizeof(buf)))
				fail_msg("cut %u: block %u of layer %s counts as written", cut, j,
					 layer->name);
		}
	}
}

/* Cuts the power while a block that is written takes the place of a row that was given up. */
static bool cut_after_row(u32 cut)
{
	static const struct build_layer before[] = {
		{ "fill", 0, 20, 0, 20, 1 }, { "grown", 20, 2, MOVE, 2, 2 }, { "app", 22, 1, 0, 1, 3 },
	};
	static const struct build_layer after[] = {
		{ "fill", 0, 20, 0, 20, 1 }, { "grown", 20, 2, MOVE, 6, 12 },
		{ "app", 22, 1, 0, 1, 13 },
	};
	struct built_release *release;
	bool done;
	u32 i;

	install(before, COUNT(before), "1.0");
	release = make(after, COUNT(after), "2.0");
	unit_ok(device, device_begin(device, release, 0));
	for (i = 0; i < 5; i++)
		unit_ok(device, write_one(release, 1, i));
	unit_ok(device, mtdl_sync(&device->mtdl, &device->why));
	device->sim->fail_erase[device->mtdl.candidate->layers[1].map[5] * per_block()] = 200;
	device->sim->fail_erase[device->mtdl.candidate->layers[2].map[0] * per_block()] = 200;
	device->sim->cut_at = device->sim->ops + cut;
	device->sim->cut = (struct simflash_cut) {
		.effect = SIMFLASH_AFTER, .seed = 1,
	};
	write_one(release, 1, 5);
	write_one(release, 2, 0);
	done = !device->sim->off;
	device_detach(device);
	simflash_power_on(device->sim);
	unit_ok(device, device_attach(device));
	unit_ok(device, mtdl_load_manifest(&device->mtdl, device->mtdl.candidate, &device->why));
	check_done(cut);
	build_free(release);
	return done;
}

/* Whatever counts as written in the table when the power goes has been written. */
static void test_row_begins_anew(void **state)
{
	u32 cut = 1;

	while (!cut_after_row(cut++)) {
		tear_down(state);
		set_up(state);
	}
}

/* ---- more blocks that fail than may in a row, but not in a row ---- */

static void test_many_bad_homes(void **state)
{
	static const struct build_layer before[] = { { "system", 0, 16, 0, 16, 1 } };
	static const struct build_layer after[] = { { "system", 0, 16, 0, 16, 11 } };
	u32 i;

	(void)state;
	install(before, COUNT(before), "1.0");
	install(after, COUNT(after), "2.0");
	for (i = 0; i < 12; i += 2)
		device->sim->fail_erase[(slot_of(&before[0]) + i) * per_block()] = 200;
	unit_work(device);
	assert_int_equal(mtdl_count_away(&device->mtdl.active->layers[0]), 6);
}

/* ---- pinned layers beside one that is written over ---- */

static void test_in_place_beside_pinned(void **state)
{
	const u32 policy = MTDL_POLICY_IN_PLACE;
	struct build_layer before[] = {
		{ "kernel", 0, 2, PINNED, 2, 1 }, { "app", 2, 30, policy, 30, 2 },
	};
	struct build_layer after[] = {
		{ "kernel", 0, 2, PINNED, 2, 11 }, { "app", 2, 30, policy, 30, 12 },
	};
	struct built_release *release;
	int err;

	(void)state;
	install(before, COUNT(before), "1.0");
	release = make(after, COUNT(after), "2.0");
	err = device_begin(device, release, 0);
	assert_int_equal(err, -ENOSPC);
	err = device_stage(device, release, MTDL_BEGIN_IN_PLACE);
	if (!err) {
		unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
		mtdl_follow(&device->mtdl);
		unit_work(device);
		check_raw(release);
	}
	build_free(release);
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
		TEST(test_crafted_overflow),
		TEST(test_crafted_home_in_use),
		TEST(test_crafted_home_in_active),
		TEST(test_copy_decays),
		TEST(test_home_decays_once),
		TEST(test_source_read_fails_once),
		TEST(test_lost_manifest_and_pinned),
		TEST(test_row_begins_anew),
		TEST(test_many_bad_homes),
		TEST(test_in_place_beside_pinned),
	};

	return unit_run("hostile", tests);
}

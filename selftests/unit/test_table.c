// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The layer table: damage, rotation through the units, units that fail.
 */
#include <stdlib.h>

#include "tableview.h"
#include "unit.h"

static struct tableview *look(const struct device *device)
{
	struct tableview *view = calloc(1, sizeof(*view));

	assert_non_null(view);
	tableview_read(view, device->sim, 0);
	assert_true(view->found);
	return view;
}

/* A device in trial, one attempt used: the largest state that is reached easily. */
static struct device *in_trial(const struct simflash_shape *shape)
{
	struct device *device = unit_installed(shape);
	struct built_release *two = unit_release(device, UNIT_TWO);

	unit_ok(device, device_apply(device, two, 0));
	unit_ok(device, device_reboot(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	build_free(two);
	return device;
}

static void flip(struct device *device, u64 off, u8 with)
{
	u8 byte;

	simflash_peek(device->sim, off, &byte, 1);
	byte ^= with;
	simflash_damage(device->sim, off, &byte, 1);
}

static u32 copies_of(const struct tableview *view, u64 sequence, u64 *offs)
{
	u32 i, n, copies = 0;

	for (i = 0; i < view->units; i++)
		for (n = 0; n < view->unit[i].records; n++)
			if (view->unit[i].record[n].sequence == sequence && copies < 4)
				offs[copies++] = view->unit[i].record[n].off;
	return copies;
}

/* Each byte of each copy flipped: the other copy serves, and the damage is reported. */
static void every_byte(const struct simflash_shape *shape)
{
	struct device *device = in_trial(shape);
	struct tableview *view = look(device);
	u32 length = view->newest->length, copy, at;
	u64 offs[4];

	assert_int_equal(copies_of(view, view->newest->sequence, offs), 2);
	for (copy = 0; copy < 2; copy++) {
		for (at = 0; at < length; at++) {
			u8 with = at % 3 ? 0x01 : 0x80;
			u32 ops = device->sim->ops;

			flip(device, offs[copy] + at, with);
			unit_ok(device, device_attach(device));
			if (device->mtdl.damaged_units != 1 ||
			    device->mtdl.state != MTDL_STATE_TRIAL ||
			    device->mtdl.attempts_used != 1)
				fail_msg("copy %u, byte %u: %u units damaged, state %u, %u attempts",
					 copy, at, device->mtdl.damaged_units,
					 device->mtdl.state, device->mtdl.attempts_used);
			assert_int_equal(device->sim->ops, ops);
			flip(device, offs[copy] + at, with);
		}
	}
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.damaged_units, 0);
	free(view);
	unit_device_free(device);
}

static void test_every_byte_nor(void **state)
{
	(void)state;
	every_byte(&unit_nor);
}

static void test_every_byte_nand(void **state)
{
	(void)state;
	every_byte(&unit_nand);
}

/* Both copies of the newest snapshot damaged: the one before serves. */
static void test_snapshot_before(void **state)
{
	struct device *device = in_trial(&unit_nor);
	struct tableview *view = look(device);
	u64 offs[4];
	u32 at;

	(void)state;
	assert_int_equal(copies_of(view, view->newest->sequence, offs), 2);
	for (at = 0; at < view->newest->length; at += 37) {
		flip(device, offs[0] + at, 0x10);
		flip(device, offs[1] + at, 0x40);
		unit_ok(device, device_attach(device));
		assert_int_equal(device->mtdl.state, MTDL_STATE_STAGING);
		assert_int_equal(device->mtdl.damaged_units, 2);
		unit_ok(device, device_check(device));
		flip(device, offs[0] + at, 0x10);
		flip(device, offs[1] + at, 0x40);
	}
	free(view);
	unit_device_free(device);
}

/* All copies of all snapshots lost: refused, and the sentence says what to do. */
static void test_all_lost(void **state)
{
	struct device *device = in_trial(&unit_nor);
	struct tableview *view = look(device);
	u32 i, n, ops = device->sim->ops;

	(void)state;
	for (i = 0; i < view->units; i++)
		for (n = 0; n < view->unit[i].records; n++)
			flip(device, view->unit[i].record[n].off + 100, 1);
	unit_refused(device, device_attach(device), -ENODATA, "format");
	assert_int_equal(device->sim->ops, ops);
	free(view);
	unit_device_free(device);
}

static void test_read_only(void **state)
{
	struct device *device = in_trial(&unit_spi_nor);
	struct built_release *two = unit_release(device, UNIT_TWO);
	struct simflash *before;

	(void)state;
	simflash_set_read_only(device->sim);
	before = unit_snapshot(device);
	unit_ok(device, device_attach(device));
	assert_non_null(device->mtdl.read_only);
	unit_ok(device, device_reads(device, two));
	unit_ok(device, device_check(device));
	unit_refused(device, mtdl_confirm(&device->mtdl, NULL, &device->why), -EROFS,
		     "the flash below is read-only");
	unit_refused(device, mtdl_rollback(&device->mtdl, &device->why), -EROFS, "read-only");
	/* an attempt that cannot be counted is none: active is exposed */
	device->why.text[0] = '\0';
	assert_int_equal(mtdl_boot(&device->mtdl, &device->why), 0);
	assert_ptr_equal(device->mtdl.exposed, device->mtdl.active);
	assert_non_null(strstr(device->why.text, "cannot be counted"));
	assert_int_equal(mtdl_retire_trial(&device->mtdl, &device->why), 0);
	unit_unchanged(device, before);
	build_free(two);
	unit_device_free(device);
}

/* State changes without end in one attach: all units take their turns. */
static void test_rotation(void **state)
{
	struct device *device = unit_installed(&unit_nor);
	struct built_release *two = unit_release(device, UNIT_TWO);
	struct tableview *view = look(device);
	u32 per_unit = view->unit_size / unit_nor.erase_size, round, i;
	u32 least = ~0U, most = 0;
	u64 last = 0;

	(void)state;
	for (round = 0; round < 200; round++) {
		unit_ok(device, device_begin(device, two, 0));
		unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
		tableview_read(view, device->sim, 0);
		assert_true(view->newest->sequence > last);
		last = view->newest->sequence;
	}
	for (i = 0; i < view->units; i++) {
		u32 erases = device->sim->count[i * per_unit].erases;

		least = erases < least ? erases : least;
		most = erases > most ? erases : most;
	}
	assert_true(least > 3);
	assert_true(most - least <= 3);
	i = device->mtdl.sequence.epoch;
	unit_ok(device, device_attach(device));
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	assert_int_equal(device->mtdl.sequence.epoch, i + 1);
	free(view);
	build_free(two);
	unit_device_free(device);
}

static void failing_unit(bool erase)
{
	struct device *device = unit_installed(&unit_nand);
	struct built_release *two = unit_release(device, UNIT_TWO);
	struct tableview *view = look(device);
	u32 per_unit = view->unit_size / unit_nand.erase_size, i, bad = 0, touched;

	for (i = 0; i < view->units; i++) {
		u64 sequence = view->unit[i].records ?
			       view->unit[i].record[view->unit[i].newest].sequence : 0;

		/* the unit that will be written next: none of those in force */
		if (sequence != view->newest->sequence) {
			bad = i;
			break;
		}
	}
	(erase ? device->sim->fail_erase : device->sim->fail_program)[bad * per_unit] = 100;
	unit_ok(device, device_install(device, two));
	assert_int_equal(device->mtdl.retired_units, 1ULL << bad);
	touched = device->sim->count[bad * per_unit].erases;
	unit_ok(device, device_reboot(device));
	assert_int_equal(device->mtdl.retired_units, 1ULL << bad);
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	assert_int_equal(device->sim->count[bad * per_unit].erases, touched);
	unit_ok(device, device_check(device));
	unit_ok(device, device_reads(device, two));
	free(view);
	build_free(two);
	unit_device_free(device);
}

static void test_unit_fails(void **state)
{
	(void)state;
	failing_unit(true);
	failing_unit(false);
}

/* Every unit but those in force fails: refused, and the state in force is still there. */
static void test_all_units_fail(void **state)
{
	struct device *device = unit_installed(&unit_nor);
	struct built_release *two = unit_release(device, UNIT_TWO);
	struct built_release *base = unit_release(device, UNIT_BASE);
	u32 table = device->mtdl.geometry.table_blocks, i;

	(void)state;
	for (i = 0; i < table; i++)
		device->sim->fail_program[i] = 200;
	unit_refused(device, device_begin(device, two, 0), -ENOSPC,
		     "at least three must work");
	unit_refused(device, device_begin(device, two, 0), -EROFS, "worn out");
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	unit_ok(device, device_reads(device, base));
	build_free(base);
	build_free(two);
	unit_device_free(device);
}

/* Snapshots that an enemy made: the CRC holds, anything else may not. */
static void test_forged(void **state)
{
	struct device *device = in_trial(&unit_nor);
	struct tableview *view = look(device);
	u32 length = view->newest->length, round, i, refused = 0;
	u8 *good = malloc(length), *forged = malloc(length);
	u64 offs[4];
	__le32 crc;

	(void)state;
	assert_non_null(good);
	assert_non_null(forged);
	assert_int_equal(copies_of(view, view->newest->sequence, offs), 2);
	simflash_peek(device->sim, offs[0], good, length);
	srand(1);
	for (round = 0; round < 20000; round++) {
		int err;

		memcpy(forged, good, length);
		for (i = 0; i < 1 + round % 3; i++) {
			u32 at = (u32)rand() % length;

			forged[at] = round & 1 ? (u8)rand() : (u8)(forged[at] + 1);
		}
		crc = cpu_to_le32(tableview_crc(forged, length));
		memcpy(forged + 4, &crc, sizeof(crc));
		simflash_damage(device->sim, offs[0], forged, length);
		simflash_damage(device->sim, offs[1], forged, length);
		err = device_attach(device);
		refused += err != 0;
		if (err && !device->why.text[0])
			fail_msg("round %u: %d without a reason", round, err);
		if (!err)
			(void)mtdl_check(&device->mtdl, &device->why);
	}
	assert_true(refused > 1000);
	free(good);
	free(forged);
	free(view);
	unit_device_free(device);
}

/* Noise is no table; a flash cut short is said to be so. */
static void test_other_images(void **state)
{
	struct device *device = in_trial(&unit_nor);
	u64 size = device->sim->flash.size, off;
	u8 noise[4096];
	u32 i, round;

	(void)state;
	for (off = size - unit_nor.erase_size; off; off -= unit_nor.erase_size) {
		device->sim->flash.size = off;
		if (device_attach(device) != -EINVAL && off > 16 * unit_nor.erase_size)
			fail_msg("a flash of %llu bytes: %s", (unsigned long long)off,
				 device->why.text);
		assert_string_not_equal(device->why.text, "");
	}
	device->sim->flash.size = size;
	srand(2);
	for (round = 0; round < 20; round++) {
		for (off = 0; off < size; off += sizeof(noise)) {
			for (i = 0; i < sizeof(noise); i++)
				noise[i] = (u8)rand();
			simflash_damage(device->sim, off, noise, sizeof(noise));
		}
		unit_refused(device, device_attach(device), -ENODATA, "no layer table found");
	}
	unit_device_free(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_nor),
		cmocka_unit_test(test_every_byte_nand),
		cmocka_unit_test(test_snapshot_before),
		cmocka_unit_test(test_all_lost),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_unit_fails),
		cmocka_unit_test(test_all_units_fail),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_other_images),
	};

	return unit_run("table", tests);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes wrong rarely: reads that fail for a while, lost manifests, worn cells in
 * awkward places, tables that others wrote.
 */
#include <stdlib.h>

#include "build_table.h"
#include "tableview.h"
#include "unit.h"

static struct device *device;
static struct built_release *base, *two;

static int set_up_on(const struct simflash_shape *shape)
{
	device = unit_installed(shape);
	base = unit_release(device, UNIT_BASE);
	two = unit_release(device, UNIT_TWO);
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
	unit_device_free(device);
	return 0;
}

static u32 block_size(void)
{
	return device->mtdl.geometry.block_size;
}

static struct built_release *one_layer(const char *version, u32 slot_start, u32 slot_blocks,
				       u32 policy, u64 size)
{
	struct build_layer layer = { "only", slot_start, slot_blocks, policy, size, 55 };
	struct build_options options = { .block_size = block_size(), .release = version };

	return build_release(&options, &layer, 1);
}

/* ---- a flash that fails to answer, for a while ---- */

static struct mtdl_flash_ops flaky_ops;
static const struct mtdl_flash_ops *steady_ops;
static u32 answers;	/* operations of the chosen kind that still work */
static int no_answer;

static int flaky_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	if (!answers--) {
		answers = 0;
		return no_answer;
	}
	return steady_ops->read(flash, off, buf, len);
}

static int flaky_is_bad(struct mtdl_flash *flash, u64 off)
{
	if (!answers--) {
		answers = 0;
		return no_answer;
	}
	return steady_ops->is_bad(flash, off);
}

static void flaky(bool reads, u32 working, int err)
{
	steady_ops = device->sim->flash.ops;
	flaky_ops = *steady_ops;
	if (reads)
		flaky_ops.read = flaky_read;
	else
		flaky_ops.is_bad = flaky_is_bad;
	answers = working;
	no_answer = err;
	device->sim->flash.ops = &flaky_ops;
}

static void steady(void)
{
	device->sim->flash.ops = steady_ops;
}

/* From the nth read or look-up on there is no answer: attach says so, and guesses nothing. */
static void attach_needs_answers(bool reads, int err)
{
	u32 n;

	for (n = 0;; n++) {
		struct simflash *before = unit_snapshot(device);
		int got;

		flaky(reads, n, err);
		got = device_attach(device);
		steady();
		unit_unchanged(device, before);
		if (!got)
			break;
		if (got != err || !strstr(device->why.text, "cannot be read"))
			fail_msg("%s %u fails with %d: %d \"%s\"", reads ? "read" : "look-up", n,
				 err, got, device->why.text);
	}
	/* it takes some to attach, and with all of them the state is the newest */
	assert_true(n > device->mtdl.geometry.unit_count);
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	assert_int_equal(device->mtdl.damaged_units, 0);
	unit_ok(device, device_reads(device, two));
}

static void test_no_answer(void **state)
{
	static const int errs[] = { -ETIMEDOUT, -EIO, -ENOMEM };
	u32 i;

	(void)state;
	unit_ok(device, device_apply(device, two, 0));
	unit_ok(device, device_reboot(device));
	for (i = 0; i < 3; i++) {
		attach_needs_answers(true, errs[i]);
		attach_needs_answers(false, errs[i]);
	}
}

/* One eraseblock of the table area cannot be read, be it that of the newest snapshot. */
static void test_no_answer_from_one(void **state)
{
	u32 per_unit = device->mtdl.geometry.unit_size / device->sim->shape.erase_size, i, j;

	(void)state;
	for (i = 0; i < device->mtdl.geometry.unit_count; i++) {
		struct simflash *before;

		for (j = 0; j < per_unit; j++)
			device->sim->read_error[i * per_unit + j] = -ETIMEDOUT;
		before = unit_snapshot(device);
		unit_refused(device, device_attach(device), -ETIMEDOUT, "cannot be read");
		unit_unchanged(device, before);
		for (j = 0; j < per_unit; j++)
			device->sim->read_error[i * per_unit + j] = 0;
		unit_ok(device, device_attach(device));
		unit_ok(device, device_reads(device, base));
		unit_ok(device, device_check(device));
	}
}

/* The same when the first rule is established: nothing is erased on a guess. */
static void test_no_answer_to_secure(void **state)
{
	u32 per_unit = device->mtdl.geometry.unit_size / device->sim->shape.erase_size, i;

	(void)state;
	for (i = 0; i < device->mtdl.geometry.unit_count; i++) {
		struct simflash *before;

		unit_ok(device, device_attach(device));
		device->sim->read_error[i * per_unit] = -ETIMEDOUT;
		before = unit_snapshot(device);
		unit_refused(device, mtdl_confirm(&device->mtdl, NULL, &device->why), -ETIMEDOUT,
			     "cannot be read");
		unit_unchanged(device, before);
		device->sim->read_error[i * per_unit] = 0;
		unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
		unit_ok(device, device_check(device));
	}
}

/* ---- lost manifests ---- */

static void lose_copy(const struct mtdl_release *release, u32 copy)
{
	static const u8 zeros[64];
	u32 block = release->manifest_map[copy * release->manifest_blocks];

	simflash_damage(device->sim, (u64)block * block_size() + 200, zeros, sizeof(zeros));
}

/* @copies: bit per copy of the running release's manifest that is lost */
static void repair_running(const struct built_release *running, u32 copies)
{
	u32 used = device->mtdl.geometry.block_count - device_count(device, MTDL_USE_FREE);
	struct simflash *before;
	u32 copy;

	for (copy = 0; copy < 2; copy++)
		if (copies >> copy & 1)
			lose_copy(device->mtdl.active, copy);
	unit_ok(device, device_attach(device));
	unit_refused(device, device_check(device), -EBADMSG, "manifest");
	before = unit_snapshot(device);
	unit_ok(device, device_begin(device, running, MTDL_BEGIN_DRY_RUN));
	assert_true(device->plan.current_release);
	unit_unchanged(device, before);
	unit_refused(device, device_check(device), -EBADMSG, "manifest");
	unit_ok(device, device_begin(device, running, 0));
	assert_true(device->plan.current_release);
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	unit_ok(device, device_check(device));
	unit_ok(device, device_attach(device));
	unit_ok(device, device_check(device));
	unit_ok(device, device_verify(device, device->mtdl.active));
	unit_ok(device, device_reads(device, running));
	/* the lost copies' blocks are free again */
	assert_int_equal(device->mtdl.geometry.block_count - device_count(device, MTDL_USE_FREE),
			 used);
}

/* More than half of the flash is in use: the release does not fit a second time. */
static void test_running_manifest_lost(void **state)
{
	u32 free_blocks = device_count(device, MTDL_USE_FREE);
	struct built_release *large = one_layer("9.0", device->mtdl.geometry.block_count - 20, 1, 0,
						(u64)(free_blocks - 4) * block_size());
	u32 copies;

	(void)state;
	unit_ok(device, device_install(device, large));
	assert_true(device_count(device, MTDL_USE_FREE) < free_blocks - 4);
	for (copies = 3; copies; copies--)
		repair_running(large, copies);
	unit_ok(device, device_install(device, base));
	build_free(large);
}

/* Nothing is lost: applying the running release again writes no manifest. */
static void test_running_manifest_whole(void **state)
{
	u32 map[2], block, per = block_size() / device->sim->shape.erase_size;

	(void)state;
	memcpy(map, device->mtdl.active->manifest_map, sizeof(map));
	unit_ok(device, device_attach(device));
	block = device->sim->count[map[0] * per].erases;
	unit_ok(device, device_begin(device, base, 0));
	assert_memory_equal(map, device->mtdl.active->manifest_map, sizeof(map));
	assert_int_equal(device->sim->count[map[0] * per].erases, block);
}

static void test_staged_manifest_lost(void **state)
{
	u32 done;

	(void)state;
	for (done = 0; done < 4; done++) {
		unit_ok(device, device_begin(device, two, 0));
		if (done)
			unit_ok(device, device_write(device, two, done));
		unit_ok(device, mtdl_sync(&device->mtdl, &device->why));
		lose_copy(device->mtdl.candidate, 0);
		lose_copy(device->mtdl.candidate, 1);
		unit_ok(device, device_attach(device));
		unit_refused(device, device_check(device), -EBADMSG, "manifest");
		unit_ok(device, device_begin(device, two, MTDL_BEGIN_DRY_RUN));
		unit_ok(device, device_begin(device, two, 0));
		unit_ok(device, device_check(device));
		unit_ok(device, device_write(device, two, 0));
		unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
		unit_ok(device, device_reboot(device));
		unit_ok(device, device_check(device));
		unit_ok(device, device_reads(device, two));
		unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
		unit_ok(device, device_reboot(device));
		unit_ok(device, device_reads(device, base));
	}
}

/* ---- worn cells ---- */

/* A block fails, and there is no other: it stays wanted, and stays where it is. */
static void no_block_left(bool abort_it)
{
	u32 free_blocks = device_count(device, MTDL_USE_FREE), length, block, per;
	struct built_release *fits = one_layer("9.0", device->mtdl.geometry.block_count - 20, 1, 0,
					       (u64)(free_blocks - 2) * block_size());
	const u8 *data = build_block(fits, 0, 0, &length);

	unit_ok(device, device_begin(device, fits, 0));
	assert_int_equal(device_count(device, MTDL_USE_FREE), 0);
	block = device->mtdl.candidate->layers[0].map[0];
	per = block_size() / device->sim->shape.erase_size;
	device->sim->fail_erase[block * per] = 2;
	unit_refused(device, mtdl_write(&device->mtdl, 0, 0, data, length, &device->why), -ENOSPC,
		     "no free block is left");
	assert_false(mtdl_bit(device->mtdl.retired, block));
	assert_int_equal(device->mtdl.candidate->layers[0].map[0], block);
	unit_ok(device, device_check(device));
	if (abort_it) {
		unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	} else {
		unit_ok(device, device_write(device, fits, 0));
		unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	}
	unit_ok(device, device_check(device));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_check(device));
	unit_ok(device, device_reads(device, abort_it ? base : fits));
	build_free(fits);
}

static void test_no_block_left(void **state)
{
	(void)state;
	no_block_left(true);
	no_block_left(false);
}

/* A boot loader reads a pinned layer from its slot: such a block cannot move. */
static void test_pinned_block_fails(void **state)
{
	u32 home = device->mtdl.geometry.block_count - 4, length;
	u32 per = block_size() / device->sim->shape.erase_size;
	struct built_release *pinned = one_layer("9.0", home, 4, MTDL_POLICY_PINNED,
						 2 * (u64)block_size());
	const u8 *data = build_block(pinned, 0, 0, &length);

	(void)state;
	unit_ok(device, device_begin(device, pinned, 0));
	device->sim->fail_program[home * per] = 2;
	unit_refused(device, mtdl_write(&device->mtdl, 0, 0, data, length, &device->why), -EIO,
		     "slot of pinned layer");
	assert_int_equal(device->mtdl.candidate->layers[0].map[0], home);
	assert_false(mtdl_bit(device->mtdl.retired, home));
	unit_ok(device, device_check(device));
	unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	unit_ok(device, device_check(device));
	build_free(pinned);
}

/* A copy of the manifest has to move: past the rest of a pinned slot, free but reserved. */
static void test_manifest_not_into_pinned_slot(void **state)
{
	u32 start = device->mtdl.cursor + 2, blocks = 12, i;
	u32 per = block_size() / device->sim->shape.erase_size;
	struct built_release *pinned = one_layer("9.0", start, blocks, MTDL_POLICY_PINNED,
						 block_size());

	(void)state;
	/* the pool's next two blocks are for the copies, and the slot follows */
	assert_true(start + blocks < device->mtdl.geometry.block_count - 4);
	device->sim->fail_program[(start - 1) * per] = 2;
	unit_ok(device, device_begin(device, pinned, 0));
	assert_true(mtdl_bit(device->mtdl.retired, start - 1));
	for (i = 0; i < 2; i++) {
		u32 block = device->mtdl.candidate->manifest_map[i];

		if (block >= start && block < start + blocks)
			fail_msg("copy %u of the manifest is at %u, in the pinned slot %u + %u", i,
				 block, start, blocks);
	}
	unit_ok(device, device_write(device, pinned, 0));
	unit_ok(device, mtdl_commit(&device->mtdl, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_check(device));
	unit_ok(device, device_reads(device, pinned));
	build_free(pinned);
}

/* ---- the table area ---- */

static void format_with_worn_unit(const struct simflash_shape *shape, u32 unit_size, u32 worn)
{
	struct device other = { .sim = simflash_new(shape, 1) };
	u32 per_unit = unit_size / shape->erase_size, touched;
	struct built_release *first;

	other.sim->fatal = device->sim->fatal;
	other.sim->fail_erase[worn * per_unit] = 255;
	unit_ok(&other, device_format(&other, shape->erase_size, 8 * (u64)unit_size));
	unit_ok(&other, device_attach(&other));
	assert_int_equal(other.mtdl.geometry.unit_size, unit_size);
	assert_int_equal(other.mtdl.geometry.unit_count, 8);
	assert_int_equal(other.mtdl.retired_units, 1ULL << worn);
	touched = other.sim->count[worn * per_unit].erases;
	unit_ok(&other, device_check(&other));
	first = unit_release(&other, UNIT_BASE);
	unit_ok(&other, device_apply(&other, first, 0));
	unit_ok(&other, device_reboot(&other));
	unit_ok(&other, device_reads(&other, first));
	unit_ok(&other, mtdl_confirm(&other.mtdl, NULL, &other.why));
	unit_ok(&other, device_check(&other));
	assert_int_equal(other.sim->count[worn * per_unit].erases, touched);
	assert_int_equal(other.mtdl.retired_units, 1ULL << worn);
	build_free(first);
	device_free(&other);
}

static void test_format_worn_unit(void **state)
{
	u32 unit_size = device->mtdl.geometry.unit_size, i;
	struct device other = { .sim = simflash_new(&device->sim->shape, 1) };

	(void)state;
	for (i = 0; i < 8; i++)
		format_with_worn_unit(&device->sim->shape, unit_size, i);
	for (i = 1; i < 6; i++)
		other.sim->fail_erase[i * (unit_size / other.sim->shape.erase_size)] = 255;
	unit_refused(&other, device_format(&other, block_size(), 8 * (u64)unit_size), -ENOSPC,
		     "good units");
	device_free(&other);
}

/* With some of these numbers of blocks, the size of the largest snapshot exceeds 32 bits. */
static void test_format_absurd(void **state)
{
	static const u32 blocks[] = {
		1U << 23, 1U << 27, 518844032, 1039686504, 2081375541, 1U << 31, 4164757708,
	};
	u64 size = device->sim->flash.size;
	u32 i;

	(void)state;
	device_detach(device);
	for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		struct simflash *before = unit_snapshot(device);

		device->sim->flash.size = (u64)blocks[i] * 8192;
		unit_refused(device, device_format(device, 8192, 0), -EINVAL,
			     "choose a larger block size");
		device->sim->flash.size = size;
		unit_unchanged(device, before);
	}
}

/* No two snapshots of one sequence may differ: a boot loader may see either. */
static void check_sequences(struct device *other)
{
	struct tableview *view = calloc(1, sizeof(*view));
	u8 *a = malloc(16384), *b = malloc(16384);
	const struct tableview_record *records[MTDL_UNITS_MAX * TABLEVIEW_RECORDS];
	u32 i, j, count = 0;

	if (!view || !a || !b)
		abort();
	tableview_read(view, other->sim, 0);
	for (i = 0; i < view->units; i++)
		for (j = 0; j < view->unit[i].records; j++)
			records[count++] = &view->unit[i].record[j];
	for (i = 0; i < count; i++) {
		simflash_peek(other->sim, records[i]->off, a, records[i]->length);
		for (j = 0; j < i; j++) {
			if (records[i]->sequence != records[j]->sequence)
				continue;
			simflash_peek(other->sim, records[j]->off, b, records[j]->length);
			if (records[i]->length != records[j]->length ||
			    memcmp(a, b, records[i]->length))
				fail_msg("snapshots at 0x%llx and 0x%llx differ, and have one sequence",
					 (unsigned long long)records[i]->off,
					 (unsigned long long)records[j]->off);
		}
	}
	free(a);
	free(b);
	free(view);
}

/* Something unreadable in a unit that cannot be erased. Returns epochs that it took. */
static u32 secure_with_worn(u32 unit)
{
	struct device other = { .sim = simflash_fork(device->sim) };
	u32 unit_size = device->mtdl.geometry.unit_size, epoch, i;
	u64 end = (u64)(unit + 1) * unit_size;
	u8 junk[16] = { 0 };

	simflash_damage(other.sim, end - sizeof(junk), junk, sizeof(junk));
	for (i = 0; i < unit_size / other.sim->shape.erase_size; i++)
		other.sim->fail_erase[unit * (unit_size / other.sim->shape.erase_size) + i] = 255;
	unit_ok(&other, device_attach(&other));
	epoch = other.mtdl.sequence.epoch;
	unit_ok(&other, mtdl_confirm(&other.mtdl, NULL, &other.why));
	assert_int_equal(other.mtdl.retired_units, 1ULL << unit);
	check_sequences(&other);
	for (i = 0; i < 2; i++)
		assert_int_equal(other.mtdl.units[other.mtdl.in_force[i]].offset, 0);
	epoch = other.mtdl.sequence.epoch - epoch;
	unit_ok(&other, device_reboot(&other));
	assert_int_equal(other.mtdl.retired_units, 1ULL << unit);
	unit_ok(&other, device_check(&other));
	unit_ok(&other, device_install(&other, two));
	check_sequences(&other);
	unit_ok(&other, device_check(&other));
	device_free(&other);
	return epoch;
}

static void test_secure_retires(void **state)
{
	u32 i, most = 0;

	(void)state;
	unit_ok(device, device_reboot(device));
	for (i = 0; i < device->mtdl.geometry.unit_count; i++) {
		u32 epochs = secure_with_worn(i);

		assert_true(epochs == 1 || epochs == 2);
		most = epochs > most ? epochs : most;
	}
	/* retired after the state was written: that is recorded under one epoch more */
	assert_int_equal(most, 2);
}

/* What looks like a table but belongs elsewhere, as in the data of a layer. */
static void test_foreign_snapshot(void **state)
{
	struct device other = { .sim = simflash_new(&unit_nor, 1) };
	struct simflash *foreign = simflash_new(&unit_nor, 1);
	struct mtdl_format_options options = {
		.block_size = 8192, .table_offset = 16 * 8192, .compatible = BUILD_COMPATIBLE,
	};
	u8 bytes[1024];

	(void)state;
	assert_int_equal(mtdl_format(&foreign->flash, &options, &other.why), 0);
	simflash_peek(foreign, options.table_offset, bytes, sizeof(bytes));
	simflash_free(foreign);
	options.table_offset = 32 * 8192;
	assert_int_equal(mtdl_format(&other.sim->flash, &options, &other.why), 0);
	simflash_damage(other.sim, 0, bytes, sizeof(bytes));
	simflash_damage(other.sim, 4 * 8192, bytes, sizeof(bytes));
	/* and a damaged one that would lie where it says */
	simflash_peek(device->sim, 0, bytes, sizeof(bytes));
	bytes[100] ^= 1;
	simflash_damage(other.sim, 8 * 8192, bytes, sizeof(bytes));
	unit_ok(&other, device_attach(&other));
	assert_int_equal(other.mtdl.geometry.table_start, 32);
	assert_int_equal(other.mtdl.damaged_units, 0);
	device_free(&other);
}

static void test_table_moved_up(void **state)
{
	struct mtdl_format_options options = {
		.block_size = 8192, .table_offset = 32 * 8192, .compatible = BUILD_COMPATIBLE,
	};

	(void)state;
	device_detach(device);
	unit_ok(device, mtdl_format(&device->sim->flash, &options, &device->why));
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.geometry.table_start, 32);
	assert_null(device->mtdl.active);
	unit_ok(device, device_check(device));
}

/* ---- tables that others wrote ---- */

#define START	16U	/* first block behind the hand-made tables */
#define POOL	(START + 7)

static void place(struct build_placed *placed, const struct built_release *release, u32 manifest)
{
	u32 i, j;

	placed->release = release;
	placed->manifest_map[0] = manifest;
	placed->manifest_map[1] = manifest + 1;
	for (i = 0; i < release->layer_count; i++)
		for (j = 0; j < build_block_count(release, i); j++)
			placed->map[i][j] = release->layers[i].slot_start + j;
}

static struct built_release *made(const char *version, u32 seed, u32 policy)
{
	struct build_layer layers[2] = {
		{ "boot", START, 2, policy & MTDL_POLICY_PINNED, 8000, policy & 1 ? seed : 1 },
		{ "app", START + 5, 2, policy & MTDL_POLICY_IN_PLACE, 9000, seed },
	};
	struct build_options options = { .block_size = 8192, .release = version };

	return build_release(&options, layers, 2);
}

static void make_table(struct device *other, struct build_table *table)
{
	other->sim = simflash_new(&unit_nor, 1);
	other->sim->fatal = device->sim->fatal;
	build_table_init(table, other->sim, 8192, 32768, 4);
}

static void write_table(struct device *other, const struct build_table *table)
{
	build_table_write(table, other->sim, 0, 0);
	build_table_write(table, other->sim, 1, 0);
}

/* A layer that is being written in place: the candidate's blocks go over active's. */
static void in_place(u32 flags)
{
	struct built_release *old = made("1.0", 5, MTDL_POLICY_IN_PLACE);
	struct built_release *fresh = made("2.0", 6, MTDL_POLICY_IN_PLACE);
	struct device other = { 0 };
	struct build_table table;
	u8 bytes[16];

	make_table(&other, &table);
	table.header.state = MTDL_STATE_STAGING;
	place(&table.active, old, POOL);
	place(&table.candidate, fresh, POOL + 2);
	table.active.flags[1] = flags;
	table.done[0] = 1;	/* boot is shared; app has two blocks to write */
	build_placed_write(&table.active, other.sim, NULL);
	build_placed_write(&table.candidate, other.sim, table.done);
	write_table(&other, &table);
	if (flags) {
		unit_ok(&other, device_attach(&other));
		assert_int_equal(other.mtdl.state, MTDL_STATE_STAGING);
		unit_ok(&other, device_check(&other));
		assert_int_equal(mtdl_read(&other.sim->flash, &other.mtdl.geometry,
					   &other.mtdl.active->layers[1], 0, bytes, 16), -EIO);
		unit_ok(&other, device_begin(&other, fresh, 0));
		assert_true(other.plan.resumed);
		assert_int_equal(other.plan.blocks, 2);
		unit_ok(&other, device_write(&other, fresh, 0));
		unit_ok(&other, device_check(&other));
		unit_ok(&other, mtdl_commit(&other.mtdl, &other.why));
		unit_ok(&other, device_reboot(&other));
		unit_ok(&other, device_check(&other));
		unit_ok(&other, device_reads(&other, fresh));
	} else {
		unit_refused(&other, device_attach(&other), -EUCLEAN, "is to be written over");
	}
	build_free(old);
	build_free(fresh);
	device_free(&other);
}

static void test_in_place(void **state)
{
	(void)state;
	in_place(MTDL_LAYER_INCOMPLETE);
	in_place(0);
}

static void test_installing_rolls_back(void **state)
{
	struct built_release *old = made("1.0", 5, MTDL_POLICY_PINNED);
	struct built_release *fresh = made("2.0", 6, MTDL_POLICY_PINNED);
	struct device other = { 0 };
	struct build_table table;

	(void)state;
	make_table(&other, &table);
	table.header.state = MTDL_STATE_INSTALLING;
	place(&table.active, old, POOL);
	place(&table.candidate, fresh, POOL + 2);
	table.active.map[0][0] = POOL + 9;
	table.active.map[1][0] = POOL + 10;
	table.active.map[1][1] = POOL + 11;
	build_placed_write(&table.active, other.sim, NULL);
	build_placed_write(&table.candidate, other.sim, NULL);
	write_table(&other, &table);
	unit_ok(&other, device_attach(&other));
	assert_int_equal(other.mtdl.state, MTDL_STATE_INSTALLING);
	unit_ok(&other, device_check(&other));
	unit_refused(&other, device_begin(&other, old, 0), -EBUSY, "roll it back");
	unit_refused(&other, mtdl_commit(&other.mtdl, &other.why), -EINVAL, "roll it back");
	unit_ok(&other, mtdl_rollback(&other.mtdl, &other.why));
	assert_int_equal(other.mtdl.state, MTDL_STATE_IDLE);
	assert_null(other.mtdl.candidate);
	unit_ok(&other, device_reboot(&other));
	assert_int_equal(other.mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(other.mtdl.outcome.code, MTDL_OUTCOME_ROLLED_BACK);
	unit_ok(&other, device_check(&other));
	unit_ok(&other, device_reads(&other, old));
	build_free(old);
	build_free(fresh);
	device_free(&other);
}

/* The last epochs are not used: a table that wraps would take old for new. */
static void test_epochs_used_up(void **state)
{
	static const u32 epochs[] = { 0xfffffff0, 0xfffffffe, 0xffffffff };
	struct built_release *old = made("1.0", 5, 0), *fresh = made("2.0", 6, 0);
	u32 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct device other = { 0 };
		struct build_table table;
		struct simflash *before;

		make_table(&other, &table);
		table.header.epoch = htole32(epochs[i]);
		place(&table.active, old, POOL);
		build_placed_write(&table.active, other.sim, NULL);
		write_table(&other, &table);
		before = unit_snapshot(&other);
		unit_ok(&other, device_attach(&other));
		unit_refused(&other, device_begin(&other, fresh, 0), -EROFS,
			     "no sequence numbers left: format it");
		unit_refused(&other, mtdl_confirm(&other.mtdl, NULL, &other.why), -EROFS,
			     "no sequence numbers left: format it");
		unit_ok(&other, device_reads(&other, old));
		unit_unchanged(&other, before);
		device_free(&other);
	}
	build_free(old);
	build_free(fresh);
}

/* ---- the running release, applied again while another is staged ---- */

static void test_running_replaces_staged(void **state)
{
	(void)state;
	unit_ok(device, device_begin(device, two, 0));
	unit_ok(device, device_write(device, two, 2));
	unit_refused(device, device_begin(device, base, 0), -EEXIST, "is being staged");
	unit_ok(device, device_begin(device, base, MTDL_BEGIN_REPLACE));
	assert_true(device->plan.current_release);
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_null(device->mtdl.candidate);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_ABORTED);
	unit_ok(device, device_check(device));
	unit_ok(device, device_reboot(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	unit_ok(device, device_reads(device, base));
	unit_ok(device, device_check(device));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_NAND(name)	{ #name "_nand", name, set_up_nand, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_answer),
		TEST_NAND(test_no_answer),
		TEST(test_no_answer_from_one),
		TEST_NAND(test_no_answer_from_one),
		TEST(test_no_answer_to_secure),
		TEST_NAND(test_no_answer_to_secure),
		TEST(test_running_manifest_lost),
		TEST_NAND(test_running_manifest_lost),
		TEST(test_running_manifest_whole),
		TEST(test_staged_manifest_lost),
		TEST_NAND(test_staged_manifest_lost),
		TEST(test_no_block_left),
		TEST_NAND(test_no_block_left),
		TEST(test_pinned_block_fails),
		TEST_NAND(test_pinned_block_fails),
		TEST(test_manifest_not_into_pinned_slot),
		TEST(test_format_worn_unit),
		TEST_NAND(test_format_worn_unit),
		TEST(test_format_absurd),
		TEST(test_secure_retires),
		TEST_NAND(test_secure_retires),
		TEST(test_foreign_snapshot),
		TEST(test_table_moved_up),
		TEST(test_in_place),
		TEST(test_installing_rolls_back),
		TEST(test_epochs_used_up),
		TEST(test_running_replaces_staged),
		TEST_NAND(test_running_replaces_staged),
	};

	return unit_run("review", tests);
}

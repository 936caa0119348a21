// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boot attempts, confirmation, rollback.
 */
#include <stdlib.h>

#include "tableview.h"
#include "unit.h"

static struct device *device;
static struct built_release *base, *two;

static int set_up_on(const struct simflash_shape *shape)
{
	device = unit_installed(shape);
	base = unit_release(device, UNIT_BASE);
	two = unit_release(device, UNIT_TWO);
	unit_ok(device, device_apply(device, two, 0));
	return 0;
}

static int set_up_nor(void **state)
{
	(void)state;
	return set_up_on(&unit_nor);
}

static int set_up_spi(void **state)
{
	(void)state;
	return set_up_on(&unit_spi_nor);
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

/* Attempts marked behind each copy of the snapshot in force; how many copies there are. */
static u32 marks(u32 *attempts)
{
	struct tableview *view = calloc(1, sizeof(*view));
	u32 i, copies = 0;

	assert_non_null(view);
	tableview_read(view, device->sim, 0);
	for (i = 0; i < view->units; i++) {
		const struct tableview_unit *unit = &view->unit[i];

		if (unit->records &&
		    unit->record[unit->newest].sequence == view->newest->sequence &&
		    copies < 4)
			attempts[copies++] = unit->record[unit->newest].attempts_used;
	}
	free(view);
	return copies;
}

/* Each boot counts one, in both copies, erases nothing; after the last, active boots. */
static void test_attempts(void **state)
{
	u32 boot, attempts[4], i, erases = 0;

	(void)state;
	for (i = 0; i < device->sim->shape.blocks; i++)
		erases += device->sim->count[i].erases;
	for (boot = 1; boot <= 3; boot++) {
		unit_ok(device, device_reboot(device));
		unit_ok(device, device_reads(device, two));
		assert_int_equal(device->mtdl.attempts_used, boot);
		assert_int_equal(device->mtdl.attempts_max, 3);
		assert_int_equal(marks(attempts), 2);
		assert_int_equal(attempts[0], boot);
		assert_int_equal(attempts[1], boot);
	}
	for (i = 0; i < device->sim->shape.blocks; i++)
		erases -= device->sim->count[i].erases;
	assert_int_equal(erases, 0);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, base));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_EXHAUSTED);
	assert_int_equal(device->mtdl.outcome.attempts, 3);
	assert_string_equal(device->mtdl.outcome.release, "2.0");
	unit_ok(device, device_check(device));
}

/* A look counts nothing, and exposes what the last boot did. */
static void test_look(void **state)
{
	u32 ops = device->sim->ops, i;

	(void)state;
	for (i = 0; i < 5; i++) {
		unit_ok(device, device_attach(device));
		unit_ok(device, device_reads(device, base));
		assert_int_equal(device->mtdl.attempts_used, 0);
	}
	assert_int_equal(device->sim->ops, ops);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_attach(device));
	unit_ok(device, device_reads(device, two));
	assert_int_equal(device->mtdl.attempts_used, 1);
}

static void test_confirm(void **state)
{
	(void)state;
	unit_refused(device, mtdl_confirm(&device->mtdl, NULL, &device->why), -ESTALE,
		     "boot the new one first");
	unit_ok(device, device_reboot(device));
	unit_refused(device, mtdl_confirm(&device->mtdl, base->digest, &device->why), -ESTALE,
		     "not the one on trial");
	unit_ok(device, mtdl_confirm(&device->mtdl, two->digest, &device->why));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_CONFIRMED);
	/* again: nothing to do, and no error */
	unit_ok(device, mtdl_confirm(&device->mtdl, two->digest, &device->why));
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	unit_refused(device, mtdl_confirm(&device->mtdl, base->digest, &device->why), -ESTALE,
		     "2.0 is active");
	unit_refused(device, mtdl_rollback(&device->mtdl, &device->why), -EINVAL,
		     "nothing to roll back");
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, two));
	unit_ok(device, device_check(device));
}

/* What runs keeps its blocks after a rollback, until the reboot. */
static void test_rollback(void **state)
{
	u32 before, after;

	(void)state;
	unit_ok(device, device_reboot(device));
	before = device_count(device, MTDL_USE_FREE);
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_ROLLED_BACK);
	assert_int_equal(device->mtdl.outcome.attempts, 1);
	unit_ok(device, device_reads(device, two));
	assert_int_equal(device_count(device, MTDL_USE_FREE), before);
	assert_true(device_count(device, MTDL_USE_EXPOSED) > 0);
	/* the same release once more, while its old blocks are still read */
	unit_ok(device, device_stage(device, two, 0));
	unit_ok(device, device_reads(device, two));
	unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	mtdl_expose_active(&device->mtdl);
	after = device_count(device, MTDL_USE_FREE);
	assert_true(after > before);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, base));
	assert_int_equal(device_count(device, MTDL_USE_FREE), after);
}

/* If the attempt cannot be counted, active is exposed and the reason says so. */
static void test_mark_fails(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < device->mtdl.geometry.table_blocks * device->mtdl.geometry.block_size /
	     device->mtdl.geometry.erase_size; i++)
		device->sim->fail_program[i] = 10;
	unit_ok(device, device_attach(device));
	assert_int_equal(mtdl_boot(&device->mtdl, &device->why), 0);
	assert_ptr_equal(device->mtdl.exposed, device->mtdl.active);
	assert_non_null(strstr(device->why.text, "cannot be counted"));
	unit_ok(device, device_reads(device, base));
}

/* One copy lost: attempts counted before still count, and go on being counted. */
static void test_copy_lost(void **state)
{
	struct tableview *view = calloc(1, sizeof(*view));
	u8 junk[16] = { 0 };
	u32 lost, i;

	(void)state;
	assert_non_null(view);
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reboot(device));
	tableview_read(view, device->sim, 0);
	for (lost = 0; lost < view->units; lost++) {
		struct device other = { .sim = simflash_fork(device->sim) };

		for (i = 0; i < view->unit[lost].records; i++)
			simflash_damage(other.sim, view->unit[lost].record[i].off, junk,
					sizeof(junk));
		unit_ok(&other, device_reboot(&other));
		assert_int_equal(other.mtdl.attempts_used, 3);
		unit_ok(&other, device_reads(&other, two));
		unit_ok(&other, device_reboot(&other));
		unit_ok(&other, device_reads(&other, base));
		device_free(&other);
	}
	free(view);
}

/* The floor rises with the confirmation, not before, and holds. */
static void test_floor(void **state)
{
	struct build_options options = {
		.block_size = device->mtdl.geometry.block_size,
		.release = "6.0",
		.security_counter = 5,
	};
	struct built_release *six = build_release(&options, two->layers, 3);

	(void)state;
	unit_ok(device, mtdl_rollback(&device->mtdl, &device->why));
	unit_ok(device, device_apply(device, six, 0));
	assert_int_equal(device->mtdl.security_floor, 0);
	unit_ok(device, device_reboot(device));
	assert_int_equal(device->mtdl.security_floor, 0);
	unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	assert_int_equal(device->mtdl.security_floor, 5);
	unit_refused(device, device_begin(device, two, 0), -EPERM,
		     "security counter 0, this device takes nothing below 5");
	unit_ok(device, device_attach(device));
	unit_refused(device, device_begin(device, two, MTDL_BEGIN_DRY_RUN), -EPERM, "below 5");
	build_free(six);
}

static void test_nothing_to_boot(void **state)
{
	struct device *empty = unit_device(&unit_nor);

	(void)state;
	unit_refused(empty, mtdl_boot(&empty->mtdl, &empty->why), -ENODATA, "apply one first");
	assert_null(empty->mtdl.exposed);
	unit_refused(empty, mtdl_confirm(&empty->mtdl, NULL, &empty->why), -EINVAL,
		     "nothing to confirm");
	unit_ok(empty, mtdl_retire_trial(&empty->mtdl, &empty->why));
	unit_device_free(empty);
}

/* A loader's hand-over: snapshots above the one that it booted from do not count. */
static void test_handed_sequence(void **state)
{
	struct mtdl_attach_options options = { .newest = device->mtdl.sequence };
	u32 epoch = device->mtdl.sequence.epoch;

	(void)state;
	options.newest.write--;
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	device_detach(device);
	assert_int_equal(mtdl_attach(&device->mtdl, &device->sim->flash, &options, &device->why),
			 0);
	device->attached = true;
	assert_memory_equal(&device->mtdl.sequence, &options.newest, sizeof(options.newest));
	assert_int_equal(device->mtdl.state, MTDL_STATE_STAGING);
	/* what is written next is above all that there is, ignored or not */
	unit_ok(device, mtdl_abort(&device->mtdl, &device->why));
	assert_int_equal(device->mtdl.sequence.epoch, epoch + 1);
	unit_ok(device, device_attach(device));
	assert_int_equal(device->mtdl.state, MTDL_STATE_IDLE);
	assert_int_equal(device->mtdl.outcome.code, MTDL_OUTCOME_ABORTED);
	unit_ok(device, device_reads(device, base));
}

static void attach_up_to(struct mtdl_sequence newest)
{
	struct mtdl_attach_options options = { .newest = newest };

	device_detach(device);
	unit_ok(device, mtdl_attach(&device->mtdl, &device->sim->flash, &options, &device->why));
	device->attached = true;
}

/* What the loader booted is exposed, no attempt is counted, and the state is written anew. */
static void test_handover(void **state)
{
	static const u8 unknown[MTDL_DIGEST_SIZE];
	struct mtdl_sequence sequence = device->mtdl.sequence;
	struct simflash *before;

	(void)state;
	unit_ok(device, device_attach(device));
	unit_ok(device, mtdl_boot(&device->mtdl, &device->why));
	attach_up_to(sequence);
	before = unit_snapshot(device);
	unit_refused(device, mtdl_handover(&device->mtdl, unknown, &device->why), -ESTALE,
		     "does not know");
	unit_unchanged(device, before);
	unit_ok(device, mtdl_handover(&device->mtdl, two->digest, &device->why));
	assert_int_equal(device->mtdl.attempts_used, 1);
	assert_int_equal(device->mtdl.sequence.epoch, sequence.epoch + 1);
	unit_ok(device, device_reads(device, two));
	/* the loader may have had reasons of its own */
	sequence = device->mtdl.sequence;
	attach_up_to(sequence);
	unit_ok(device, mtdl_handover(&device->mtdl, base->digest, &device->why));
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	assert_int_equal(device->mtdl.attempts_used, 1);
	unit_ok(device, device_reads(device, base));
}

/* The loader has read the commit, and the module cannot: it is on trial all the same. */
static void test_handover_of_unread_commit(void **state)
{
	struct mtdl_sequence staged = device->mtdl.sequence;

	(void)state;
	staged.write--;
	attach_up_to(staged);
	assert_int_equal(device->mtdl.state, MTDL_STATE_STAGING);
	unit_ok(device, mtdl_handover(&device->mtdl, two->digest, &device->why));
	assert_int_equal(device->mtdl.state, MTDL_STATE_TRIAL);
	assert_int_equal(device->mtdl.attempts_used, 1);
	unit_ok(device, device_check(device));
	unit_ok(device, device_reads(device, two));
	unit_ok(device, mtdl_confirm(&device->mtdl, two->digest, &device->why));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, two));
}

#define TESTS_ON(kind)								\
	{ "attempts_" #kind, test_attempts, set_up_##kind, tear_down, NULL },	\
	{ "look_" #kind, test_look, set_up_##kind, tear_down, NULL },		\
	{ "confirm_" #kind, test_confirm, set_up_##kind, tear_down, NULL },	\
	{ "rollback_" #kind, test_rollback, set_up_##kind, tear_down, NULL },	\
	{ "mark_fails_" #kind, test_mark_fails, set_up_##kind, tear_down, NULL }, \
	{ "copy_lost_" #kind, test_copy_lost, set_up_##kind, tear_down, NULL },	\
	{ "floor_" #kind, test_floor, set_up_##kind, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_ON(nor),
		TESTS_ON(spi),
		TESTS_ON(nand),
		cmocka_unit_test_setup_teardown(test_handed_sequence, set_up_nor, tear_down),
		cmocka_unit_test_setup_teardown(test_handover, set_up_nor, tear_down),
		cmocka_unit_test_setup_teardown(test_handover_of_unread_commit, set_up_nor,
						tear_down),
		cmocka_unit_test(test_nothing_to_boot),
	};

	return unit_run("boot", tests);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No state wedges: from each that the format knows, a command leads to idle, and
 * the next upgrade works.  The states are those of the golden images.
 */
#include <stdlib.h>

#include "../golden/golden.h"
#include "unit.h"

static struct built_release *next_release(const struct golden_image *image, const char *version,
					  u32 seed)
{
	u32 counter = le32toh(image->table.header.security_floor);
	struct build_layer layers[2] = {
		{ "boot", image->start, 2, 0, 700, seed },
		{ "app", image->start + 5, 2, 0, GOLDEN_BLOCK(&image->sim->shape) + 1, seed + 1 },
	};
	struct build_options options = {
		.block_size = GOLDEN_BLOCK(&image->sim->shape),
		.release = version,
		.security_counter = counter,
	};

	return build_release(&options, layers, 2);
}

static void to_idle(struct device *device)
{
	struct mtdl *mtdl = &device->mtdl;

	if (mtdl->state == MTDL_STATE_STAGING)
		unit_ok(device, mtdl_abort(mtdl, &device->why));
	else if (mtdl->state != MTDL_STATE_IDLE)
		unit_ok(device, mtdl_rollback(mtdl, &device->why));
	assert_int_equal(mtdl->state, MTDL_STATE_IDLE);
	unit_ok(device, device_check(device));
}

static u32 expected_free(struct device *device)
{
	return device->mtdl.geometry.block_count - device->mtdl.geometry.table_blocks -
	       device_count(device, MTDL_USE_BAD);
}

static void from_state(const struct golden_state *state)
{
	struct golden_image *image = golden_build(state);
	struct device device = { .sim = simflash_fork(image->sim) };
	struct built_release *first = next_release(image, "next", 91);
	struct built_release *second = next_release(image, "after next", 95);
	u32 i, used = 0;

	if (image->table.header.features_incompat || le16toh(image->table.header.version) != 1) {
		unit_refused(&device, device_attach(&device), -EOPNOTSUPP, "update mtdlayer");
	} else if (image->table.header.features_ro_compat) {
		unit_ok(&device, device_attach(&device));
		unit_refused(&device, device_begin(&device, first, 0), -EROFS, "not write");
	} else {
		unit_ok(&device, device_attach(&device));
		to_idle(&device);
		if (device.mtdl.active) {
			unit_ok(&device, device_reboot(&device));
			unit_ok(&device, device_install(&device, first));
		} else {
			unit_ok(&device, device_apply(&device, first, 0));
		}
		unit_ok(&device, device_reads(&device, first));
		unit_ok(&device, device_install(&device, second));
		unit_ok(&device, device_reboot(&device));
		unit_ok(&device, device_reads(&device, second));
		unit_ok(&device, device_check(&device));
		/* whatever was there before is free again */
		for (i = 0; i < second->layer_count; i++)
			used += build_block_count(second, i);
		assert_int_equal(device_count(&device, MTDL_USE_FREE),
				 expected_free(&device) - used - 2);
	}
	build_free(first);
	build_free(second);
	device_free(&device);
	golden_release(image);
}

static void test_state(void **state)
{
	from_state(*state);
}

int main(void)
{
	struct CMUnitTest *tests = calloc(golden_state_count, sizeof(*tests));
	u32 i;
	int failed;

	assert_non_null(tests);
	for (i = 0; i < golden_state_count; i++)
		tests[i] = (struct CMUnitTest) {
			.name = golden_states[i].name,
			.test_func = test_state,
			.initial_state = (void *)&golden_states[i],
		};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("states", tests, golden_state_count, NULL, NULL);
	free(tests);
	return failed;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices for the unit tests: one of each kind of flash, small.
 */
#include <stdlib.h>

#include "unit.h"

const struct simflash_shape unit_nor = { SIMFLASH_NOR, 8192, 1, 64 };
const struct simflash_shape unit_spi_nor = { SIMFLASH_SPI_NOR, 4096, 16, 128 };
const struct simflash_shape unit_nand = { SIMFLASH_NAND, 16384, 2048, 64 };

static void give_up(void *ctx, const char *what)
{
	(void)ctx;
	fail_msg("simulated flash: %s", what);
}

struct device *unit_device(const struct simflash_shape *shape)
{
	struct device *device = calloc(1, sizeof(*device));

	assert_non_null(device);
	device->sim = simflash_new(shape, 1);
	device->sim->fatal = give_up;
	unit_ok(device, device_format(device, shape->erase_size < 8192 ? 8192 :
				      shape->erase_size, 0));
	unit_ok(device, device_attach(device));
	return device;
}

void unit_device_free(struct device *device)
{
	device_free(device);
	free(device);
}

struct built_release *unit_release(const struct device *device, enum unit_which which)
{
	static const char * const versions[] = { "1.0", "2.0", "3.0", "4.0" };
	u32 start = device->mtdl.geometry.table_blocks;
	u32 block = device->mtdl.geometry.block_size;
	struct build_options options = { .block_size = block, .release = versions[which] };
	struct build_layer layers[3] = {
		{ "boot", start, 2, 0, block + 7, 1 },
		{ "system", start + 2, 3, 0, 2 * block + 100, 2 },
		{ "app", start + 5, 2, 0, block, 3 },
	};

	if (which == UNIT_TWO || which == UNIT_SMALL)
		layers[1].seed = 10 + which;
	if (which != UNIT_BASE)
		layers[2].seed = 20 + which;
	if (which == UNIT_OVER)
		layers[2].size = 4 * block - 1;
	return build_release(&options, layers, 3);
}

struct device *unit_installed(const struct simflash_shape *shape)
{
	struct device *device = unit_device(shape);
	struct built_release *base = unit_release(device, UNIT_BASE);

	unit_ok(device, device_apply(device, base, 0));
	unit_ok(device, device_reboot(device));
	unit_ok(device, device_reads(device, base));
	build_free(base);
	return device;
}

u32 unit_work(struct device *device)
{
	u32 steps = 0;
	int more = 1;

	while (more) {
		more = mtdl_work(&device->mtdl, &device->why);
		if (more < 0)
			fail_msg("mtdl_work(): %d: %s", more, device->why.text);
		mtdl_follow(&device->mtdl);
		unit_ok(device, device_check(device));
		assert_true(++steps < 5000);
	}
	return steps;
}

struct built_release *unit_layers(const struct device *device, const char *version,
				  const struct build_layer *layers, u32 layer_count)
{
	struct build_options options = {
		.block_size = device->mtdl.geometry.block_size,
		.release = version,
	};
	struct build_layer moved[8];
	u32 i;

	assert_true(layer_count <= 8);
	for (i = 0; i < layer_count; i++) {
		moved[i] = layers[i];
		moved[i].slot_start += device->mtdl.geometry.table_blocks;
		/* sizes are given in blocks */
		moved[i].size = moved[i].size * options.block_size - 5;
	}
	return build_release(&options, moved, layer_count);
}

struct simflash *unit_snapshot(const struct device *device)
{
	return simflash_fork(device->sim);
}

void unit_unchanged(const struct device *device, struct simflash *before)
{
	assert_int_equal(device->sim->ops, before->ops);
	assert_true(simflash_same(device->sim, before));
	simflash_free(before);
}

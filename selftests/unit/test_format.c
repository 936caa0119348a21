// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Format: what it chooses, what it refuses, and what it leaves alone.
 */
#include <stdlib.h>

#include "unit.h"

struct refusal {
	const char *what;
	struct simflash_shape shape;
	u32 block_size;
	u64 table_offset;
	u64 table_size;
	const char *compatible;
	int err;
	const char *says;
};

#define BOARD	BUILD_COMPATIBLE

static const struct refusal refusals[] = {
	{ "block size odd", { SIMFLASH_NOR, 8192, 1, 64 }, 12288, 0, 0, BOARD, -EINVAL,
	  "block size 12288" },
	{ "block size below the erase size", { SIMFLASH_NOR, 16384, 1, 64 }, 8192, 0, 0, BOARD,
	  -EINVAL, "the erase size, 16384" },
	{ "block size small", { SIMFLASH_NOR, 1024, 1, 64 }, 2048, 0, 0, BOARD, -EINVAL,
	  "block size 2048" },
	{ "block size large", { SIMFLASH_NOR, 8192, 1, 64 }, 32 << 20, 0, 0, BOARD, -EINVAL,
	  "block size 33554432" },
	{ "no board", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 0, 0, "", -EINVAL, "0 characters" },
	{ "a board too long", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 0, 0,
	  "a,012345678901234567890123456789012345678901234567890123456789012345", -EINVAL,
	  "65 characters, it must have 1 to 64" },
	{ "table not aligned", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 4096, 0, BOARD, -EINVAL,
	  "at 0x1000 does not consist of whole blocks" },
	{ "table size not aligned", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 0, 131072 + 4096, BOARD,
	  -EINVAL, "does not consist of whole blocks" },
	{ "table beyond the end", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 1 << 20, 0, BOARD,
	  -EINVAL, "within a flash of 0x80000 bytes" },
	{ "table as large as the flash", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 0, 64 * 8192,
	  BOARD, -EINVAL, "with room for layers" },
	{ "table size that wraps", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 8192, ~8191ULL, BOARD,
	  -EINVAL, "too large" },
	{ "three units", { SIMFLASH_NOR, 8192, 1, 64 }, 8192, 0, 3 * 32768, BOARD, -EINVAL,
	  "has 3 units of 32768 bytes, it must have at least 4" },
	{ "no room for layers", { SIMFLASH_NOR, 8192, 1, 16 }, 8192, 0, 0, BOARD, -EINVAL,
	  "room for layers" },
};

static struct mtdl_format_options options_of(const struct refusal *r)
{
	return (struct mtdl_format_options) {
		.block_size = r->block_size,
		.table_offset = r->table_offset,
		.table_size = r->table_size,
		.compatible = r->compatible,
	};
}

static void test_refusals(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct mtdl_format_options options = options_of(r);
		struct simflash *sim = simflash_new(&r->shape, 1);
		struct mtdl_reason why = { "" };
		int err = mtdl_format(&sim->flash, &options, &why);

		if (err != r->err || !strstr(why.text, r->says))
			fail_msg("%s: %d \"%s\"", r->what, err, why.text);
		assert_int_equal(sim->ops, 0);
		simflash_free(sim);
	}
}

static void test_read_only(void **state)
{
	struct device device = { .sim = simflash_new(&unit_nor, 1) };

	(void)state;
	simflash_set_read_only(device.sim);
	unit_refused(&device, device_format(&device, 0, 0), -EROFS, "read-only");
	device_free(&device);
}

/* A unit is the smallest that fits; bad blocks get spares; the rest is not touched. */
static void test_chosen(void **state)
{
	static const struct simflash_shape shapes[] = {
		{ SIMFLASH_NOR, 65536, 1, 64 },
		{ SIMFLASH_NOR, 4096, 1, 256 },
		{ SIMFLASH_SPI_NOR, 4096, 256, 256 },
		{ SIMFLASH_NAND, 131072, 2048, 64 },
		{ SIMFLASH_NAND, 16384, 512, 128 },
		{ SIMFLASH_NAND, 262144, 4096, 32 },
		{ SIMFLASH_NAND, 1048576, 8192, 24 },
	};
	u32 i, eb;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		bool nand = shapes[i].kind == SIMFLASH_NAND;
		struct device device = { .sim = simflash_new(&shapes[i], 1) };
		const struct mtdl_geometry *g = &device.mtdl.geometry;

		unit_ok(&device, device_format(&device, 0, 0));
		unit_ok(&device, device_attach(&device));
		unit_ok(&device, device_check(&device));
		assert_int_equal(g->unit_count, nand ? 8 : 6);
		assert_int_equal(g->block_size, shapes[i].erase_size > 65536 ?
				 shapes[i].erase_size : 65536);
		assert_true(g->unit_size >= shapes[i].erase_size);
		assert_true(15 * g->mark_size <= g->unit_size / 2);
		assert_int_equal(device.mtdl.state, MTDL_STATE_IDLE);
		assert_null(device.mtdl.active);
		assert_string_equal(device.mtdl.compatible, BOARD);
		for (eb = 0; eb < shapes[i].blocks; eb++)
			if ((u64)eb * shapes[i].erase_size >=
			    (u64)g->table_blocks * g->block_size)
				assert_int_equal(device.sim->count[eb].erases, 0);
		device_free(&device);
	}
}

/* Units with bad eraseblocks are left out; too few good ones are refused. */
static void test_bad_units(void **state)
{
	struct device device = { .sim = simflash_new(&unit_nand, 1) };
	u32 i;

	(void)state;
	for (i = 0; i < 4; i++)
		device.sim->bad[i * 8 + 1] = 1;
	device.sim->fatal = NULL;
	unit_ok(&device, device_format(&device, 16384, 8 * 65536));
	unit_ok(&device, device_attach(&device));
	unit_ok(&device, device_check(&device));
	device_detach(&device);
	device.sim->bad[4] = 1;
	i = device.sim->ops;
	unit_refused(&device, device_format(&device, 16384, 8 * 65536), -ENOSPC,
		     "fewer than 4 good units");
	assert_int_equal(device.sim->ops, i);
	device_free(&device);
}

/* A table of another life, with higher epochs, does not come back. */
static void test_format_again(void **state)
{
	struct device *device = unit_installed(&unit_nor);
	u32 i;

	(void)state;
	for (i = 0; i < 20; i++) {
		unit_ok(device, device_attach(device));
		unit_ok(device, mtdl_confirm(&device->mtdl, NULL, &device->why));
	}
	device_detach(device);
	unit_ok(device, device_format(device, 8192, 0));
	unit_ok(device, device_attach(device));
	assert_null(device->mtdl.active);
	assert_int_equal(device->mtdl.sequence.epoch, 1);
	unit_device_free(device);
}

/* A table elsewhere is found from where the layout says, and its layers may lie before it. */
static void test_table_elsewhere(void **state)
{
	struct simflash *sim = simflash_new(&unit_nor, 1);
	struct mtdl_format_options options = {
		.block_size = 8192, .table_offset = 32 * 8192, .compatible = BOARD,
	};
	struct mtdl_attach_options from = { .table_offset = 32 * 8192 };
	struct build_layer layer = { "early", 0, 4, 0, 30000, 1 };
	struct build_options build = { .block_size = 8192, .release = "1" };
	struct built_release *release = build_release(&build, &layer, 1);
	struct device device = { .sim = sim };

	(void)state;
	assert_int_equal(mtdl_format(&sim->flash, &options, &device.why), 0);
	assert_int_equal(mtdl_attach(&device.mtdl, &sim->flash, &from, &device.why), 0);
	device.attached = true;
	unit_ok(&device, device_apply(&device, release, 0));
	assert_int_equal(device.mtdl.active->layers[0].map[0], 0);
	/* and also from the flash's begin, past the layer */
	unit_ok(&device, device_attach(&device));
	unit_ok(&device, device_reads(&device, release));
	build_free(release);
	device_free(&device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_bad_units),
		cmocka_unit_test(test_format_again),
		cmocka_unit_test(test_table_elsewhere),
	};

	return unit_run("format", tests);
}

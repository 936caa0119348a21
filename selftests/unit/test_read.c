// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading and verifying layers.
 */
#include <stdlib.h>

#include "unit.h"

static struct device *device;
static struct built_release *over;
static const struct mtdl_layer *app;

/* An app that lies partly in its slot and partly in the pool. */
static int set_up(void **state)
{
	(void)state;
	device = unit_installed(&unit_nand);
	over = unit_release(device, UNIT_OVER);
	unit_ok(device, device_install(device, over));
	app = &device->mtdl.active->layers[2];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	build_free(over);
	unit_device_free(device);
	return 0;
}

static int read_app(u64 off, void *buf, u64 len)
{
	return mtdl_read(&device->sim->flash, &device->mtdl.geometry, app, off, buf, len);
}

/* Every range around the ends of blocks and of the layer. */
static void test_ranges(void **state)
{
	static const int around[] = { -2, -1, 0, 1, 2 };
	u32 block = device->mtdl.geometry.block_size, a, b, i, j;
	u8 *buf = malloc(app->size);

	(void)state;
	assert_non_null(buf);
	for (i = 0; i <= app->block_count; i++) {
		for (j = i; j <= app->block_count; j++) {
			for (a = 0; a < 5; a++) {
				for (b = 0; b < 5; b++) {
					long long from = (long long)i * block + around[a];
					long long to = (long long)j * block + around[b];

					if (from < 0 || to < from || to > (long long)app->size)
						continue;
					memset(buf, 0xee, app->size);
					assert_int_equal(read_app((u64)from, buf,
								  (u64)(to - from)), 0);
					if (to > from)
						assert_memory_equal(buf, over->payload[2] + from,
								    to - from);
				}
			}
		}
	}
	assert_int_equal(read_app(app->size, buf, 1), -EINVAL);
	assert_int_equal(read_app(app->size + 1, buf, 0), -EINVAL);
	assert_int_equal(read_app(1, buf, app->size), -EINVAL);
	assert_int_equal(read_app(~0ULL, buf, 2), -EINVAL);
	assert_int_equal(read_app(2, buf, ~0ULL), -EINVAL);
	free(buf);
}

/* Where the bytes are, run by run, is where reading finds them. */
static void test_locate(void **state)
{
	u64 off = 0, len;
	u32 runs = 0;
	u8 got, expected;

	(void)state;
	for (; off < app->size; off += len, runs++) {
		u64 at;

		len = app->size;
		at = mtdl_locate(&device->mtdl.geometry, app, off, &len);
		assert_true(len > 0 && len <= app->size - off);
		simflash_peek(device->sim, at, &got, 1);
		expected = over->payload[2][off];
		assert_int_equal(got, expected);
		simflash_peek(device->sim, at + len - 1, &got, 1);
		expected = over->payload[2][off + len - 1];
		assert_int_equal(got, expected);
	}
	assert_true(runs > 1);
	len = 10;
	(void)mtdl_locate(&device->mtdl.geometry, app, 5, &len);
	assert_int_equal(len, 10);
}

static int verify(u32 block)
{
	u8 buf[512];

	return mtdl_verify_block(&device->sim->flash, &device->mtdl.geometry, app, block, buf,
				 sizeof(buf));
}

static void test_verify(void **state)
{
	u32 i, eb = app->map[1];
	u64 at = (u64)eb * device->mtdl.geometry.block_size;
	u8 byte;

	(void)state;
	unit_ok(device, mtdl_load_manifest(&device->mtdl, device->mtdl.active, &device->why));
	for (i = 0; i < app->block_count; i++)
		assert_int_equal(verify(i), 0);
	simflash_peek(device->sim, at + 77, &byte, 1);
	byte ^= 4;
	simflash_damage(device->sim, at + 77, &byte, 1);
	assert_int_equal(verify(1), -EBADMSG);
	assert_int_equal(verify(0), 0);
	byte ^= 4;
	simflash_damage(device->sim, at + 77, &byte, 1);
	assert_int_equal(verify(1), 0);
	device->sim->read_error[eb] = -EUCLEAN;
	assert_int_equal(verify(1), -EUCLEAN);
	device->sim->read_error[eb] = -EBADMSG;
	assert_int_equal(verify(1), -EBADMSG);
	device->sim->read_error[eb] = 0;
}

/* What cannot be corrected is an error with zeros; what was corrected is data. */
static void test_errors(void **state)
{
	u32 eb = app->map[1], i;
	u8 *buf = malloc(app->size);

	(void)state;
	assert_non_null(buf);
	device->sim->read_error[eb] = -EUCLEAN;
	assert_int_equal(read_app(0, buf, app->size), -EUCLEAN);
	assert_memory_equal(buf, over->payload[2], app->size);
	device->sim->read_error[eb] = -EBADMSG;
	memset(buf, 0xee, app->size);
	assert_int_equal(read_app(0, buf, app->size), -EIO);
	for (i = 0; i < app->size; i++)
		assert_int_equal(buf[i], 0);
	device->sim->read_error[eb] = 0;
	free(buf);
}

/* One copy of the manifest damaged: the other serves, and the check says so. */
static void test_manifest_copies(void **state)
{
	const struct mtdl_release *active = device->mtdl.active;
	u32 copy, size = device->mtdl.geometry.block_size;
	u64 at[2];
	u8 byte;

	(void)state;
	assert_int_equal(active->manifest_blocks, 1);
	for (copy = 0; copy < 2; copy++)
		at[copy] = (u64)active->manifest_map[copy] * size + 99;
	for (copy = 0; copy < 2; copy++) {
		simflash_peek(device->sim, at[copy], &byte, 1);
		byte ^= 1;
		simflash_damage(device->sim, at[copy], &byte, 1);
		unit_ok(device, device_attach(device));
		unit_ok(device, mtdl_load_manifest(&device->mtdl, device->mtdl.active,
						   &device->why));
		assert_int_not_equal(mtdl_check(&device->mtdl, &device->why), 0);
		assert_non_null(strstr(device->why.text, "copy"));
		if (!copy) {
			byte ^= 1;
			simflash_damage(device->sim, at[copy], &byte, 1);
		}
	}
	simflash_peek(device->sim, at[0], &byte, 1);
	byte ^= 1;
	simflash_damage(device->sim, at[0], &byte, 1);
	unit_ok(device, device_attach(device));
	app = &device->mtdl.active->layers[2];
	unit_refused(device, mtdl_load_manifest(&device->mtdl, device->mtdl.active, &device->why),
		     -EBADMSG, "manifest");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ranges),
		TEST(test_locate),
		TEST(test_verify),
		TEST(test_errors),
		TEST(test_manifest_copies),
	};

	return unit_run("read", tests);
}

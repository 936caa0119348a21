/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every unit test program needs: CMocka that prints TAP, and the devices
 * that most tests work on.
 */
#ifndef SELFTESTS_UNIT_H
#define SELFTESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device.h"

#define unit_run(name, tests)						\
	(cmocka_set_message_output(CM_OUTPUT_TAP),			\
	 cmocka_run_group_tests_name(name, tests, NULL, NULL))

/** unit_ok() - a call must succeed; prints the reason if it does not */
#define unit_ok(device, call)						\
	do {								\
		int unit_err = (call);					\
									\
		if (unit_err)						\
			fail_msg("%s: %d: %s", #call, unit_err,		\
				 (device)->why.text);			\
	} while (0)

/** unit_refused() - a call must fail with this errno and a reason with this in it */
#define unit_refused(device, call, errno_expected, words)		\
	do {								\
		int unit_err = (call);					\
									\
		if (unit_err != (errno_expected))			\
			fail_msg("%s: %d, not %d: %s", #call, unit_err,	\
				 (errno_expected), (device)->why.text);	\
		if (!strstr((device)->why.text, (words)))		\
			fail_msg("%s: the reason does not say \"%s\": %s", #call,	\
				 (words), (device)->why.text);		\
	} while (0)

extern const struct simflash_shape unit_nor;
extern const struct simflash_shape unit_spi_nor;
extern const struct simflash_shape unit_nand;

/** The releases of unit_release(): three layers, of which two have a slot of two blocks. */
enum unit_which {
	UNIT_BASE,
	UNIT_TWO,	/* system and app differ */
	UNIT_OVER,	/* app has two blocks more than its slot */
	UNIT_SMALL,	/* and is within it again */
};

/** unit_device() - a device of this shape, formatted and attached */
struct device *unit_device(const struct simflash_shape *shape);

/** unit_device_free() - detach it and free all */
void unit_device_free(struct device *device);

/** unit_release() - a release for a unit test device */
struct built_release *unit_release(const struct device *device, enum unit_which which);

/** unit_installed() - a device with UNIT_BASE active */
struct device *unit_installed(const struct simflash_shape *shape);

/** unit_work() - all background work, checking after each step; how many steps it took */
u32 unit_work(struct device *device);

/** unit_layers() - a release of these layers, for this device; slots count from the table's end */
struct built_release *unit_layers(const struct device *device, const char *version,
				  const struct build_layer *layers, u32 layer_count);

/** unit_snapshot() - the flash as it is now, to compare with later */
struct simflash *unit_snapshot(const struct device *device);

/** unit_unchanged() - the flash must be as in @before, no operation may have been tried */
void unit_unchanged(const struct device *device, struct simflash *before);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A formatted simulated flash with the core attached to it, and the steps of an
 * upgrade as tests need them.
 *
 * Functions return 0 or a negative errno, with the reason in device->why; what
 * they find wrong by themselves is -EPROTO.
 */
#ifndef SELFTESTS_DEVICE_H
#define SELFTESTS_DEVICE_H

#include "build_release.h"
#include "mtdl.h"
#include "simflash.h"

/**
 * struct device - a board
 * @sim: its flash
 * @mtdl: the core's view of it, while @attached
 * @attached: whether there is one
 * @why: reason of the last failure
 * @plan: of the last begin
 */
struct device {
	struct simflash *sim;
	struct mtdl mtdl;
	bool attached;
	struct mtdl_reason why;
	struct mtdl_plan plan;
};

/** device_format() - format the simulated flash; see struct mtdl_format_options */
int device_format(struct device *device, u32 block_size, u64 table_size);

/** device_attach() - detach if attached, then attach */
int device_attach(struct device *device);

/** device_attach_upto() - the same, behind a boot loader that went by this sequence */
int device_attach_upto(struct device *device, struct mtdl_sequence newest);

/** device_detach() - fine if not attached */
void device_detach(struct device *device);

/** device_reboot() - power cycle, attach, boot, retire a trial that is used up */
int device_reboot(struct device *device);

/** device_begin() - mtdl_begin() with a built release */
int device_begin(struct device *device, const struct built_release *release, u32 flags);

/** device_write() - write up to @limit of the wanted blocks; @limit 0: all */
int device_write(struct device *device, const struct built_release *release, u32 limit);

/** device_stage() - begin and write all */
int device_stage(struct device *device, const struct built_release *release, u32 flags);

/** device_apply() - stage and commit */
int device_apply(struct device *device, const struct built_release *release, u32 flags);

/** device_install() - apply, reboot into it, confirm */
int device_install(struct device *device, const struct built_release *release);

/** device_check() - mtdl_check(), and that the state fits its releases */
int device_check(struct device *device);

/** device_reads() - whether the exposed release is exactly this one, byte for byte; NULL: none */
int device_reads(struct device *device, const struct built_release *release);

/** device_verify() - mtdl_verify_block() of all blocks of a release of the device */
int device_verify(struct device *device, struct mtdl_release *release);

/** device_count() - blocks with a use, by mtdl_usage() */
u32 device_count(struct device *device, enum mtdl_use use);

/** device_free() - detach and free the flash */
void device_free(struct device *device);

#endif

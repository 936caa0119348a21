/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle's way onto a target: plan, check, write, commit.
 */
#ifndef LAYERCTL_INSTALL_H
#define LAYERCTL_INSTALL_H

#include <stdio.h>

#include "bundle.h"
#include "target.h"

/**
 * struct install - one installation
 * @target: to be written
 * @bundle: to be installed
 * @flags: MTDL_BEGIN_REPLACE, MTDL_BEGIN_IN_PLACE
 * @progress: where progress is shown, or NULL
 * @plan: filled in by install_plan(), and anew by install_write()
 * @blocks_written: by install_write(), also when it fails
 * @bytes_written: as well
 */
struct install {
	struct target *target;
	struct bundle *bundle;
	uint32_t flags;
	FILE *progress;
	struct mtdl_plan plan;
	uint32_t blocks_written;
	uint64_t bytes_written;
};

/**
 * install_plan() - what would be written; writes nothing
 * @install: target and bundle are open
 * @why: reason of a refusal
 *
 * Refuses, beside what mtdl_begin() refuses, a bundle that lacks blocks which
 * the target needs (-ENODATA).  If a release fits only in place, the reason says so.
 *
 * Return: 0 or a negative errno.
 */
int install_plan(struct install *install, struct mtdl_reason *why);

/** install_check() - hash the bundle's blocks of the layers that change; -EBADMSG: damaged */
int install_check(struct install *install, struct mtdl_reason *why);

/**
 * install_write() - begin, write all wanted blocks, commit, wait for pinned layers
 * @install: planned
 * @why: reason of a failure
 *
 * Between blocks it stops for SIGINT and SIGTERM (interrupt_catch()), and when it
 * fails: what is written is recorded, and the same call later goes on from there.
 *
 * Return: 0 or a negative errno.
 */
int install_write(struct install *install, struct mtdl_reason *why);

#endif

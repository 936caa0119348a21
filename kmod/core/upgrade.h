/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Steps of an upgrade that more than one file takes.
 */
#ifndef MTDL_UPGRADE_H
#define MTDL_UPGRADE_H

#include "mtdl.h"

/** mtdl_set_state() - change the state in memory, and tell of it */
void mtdl_set_state(struct mtdl *mtdl, enum mtdl_state state);

/**
 * mtdl_drop_candidate() - forget the candidate, record its outcome, be idle
 * @mtdl: with a candidate; only memory changes
 * @code: what became of it
 */
void mtdl_drop_candidate(struct mtdl *mtdl, enum mtdl_outcome_code code);

/** mtdl_adopt_candidate() - make the candidate active, raise the floor, be idle; in memory */
void mtdl_adopt_candidate(struct mtdl *mtdl);

/** mtdl_write_manifest() - write both copies of a manifest where they are placed */
int mtdl_write_manifest(struct mtdl *mtdl, struct mtdl_release *release,
			struct mtdl_reason *why);

/** mtdl_check_layers() - whether the slots and sizes of a manifest's layers suit this flash */
int mtdl_check_layers(const struct mtdl *mtdl, const struct mtdl_manifest *m,
		      struct mtdl_reason *why);

/** mtdl_complete_candidate() - nothing of the candidate is wanted any more; in memory */
void mtdl_complete_candidate(struct mtdl *mtdl);

/** mtdl_begin_trial() - the complete candidate is on trial, no attempt used; in memory */
void mtdl_begin_trial(struct mtdl *mtdl);

/** mtdl_is_installed() - whether all pinned layers of @release are at home (install.c) */
bool mtdl_is_installed(const struct mtdl_release *release);

/**
 * mtdl_install() - one step of committing a complete candidate beside an active release (install.c)
 * @mtdl: secure, in state staging; nothing is wanted
 * @why: reason of a failure
 *
 * Ends in state trial, or in installing if homes of pinned layers are to be written first.
 *
 * A step copies aside at most one eraseblock of what is in the way.
 *
 * Return: 1 (there is more to do), 0, -EBUSY, -ENOSPC or an error of the flash (then, unless
 * the table could not be written, the state is staging still).
 */
int mtdl_install(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_install_step() - one step of installing (install.c)
 * @mtdl: in state installing
 * @why: reason of a failure
 *
 * Return: 1 (there is more to do), or an error of the flash.
 */
int mtdl_install_step(struct mtdl *mtdl, struct mtdl_reason *why);

#endif

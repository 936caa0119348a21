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

#endif

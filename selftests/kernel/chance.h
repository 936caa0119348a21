/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chance that can be repeated: what begins with the same seed goes the same way.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>

#include "release.h"

/** struct chance - a pseudo-random sequence; @state is never 0 */
struct chance {
	u64 state;
};

/** chance_begin() - by MTDLAYER_SEED of the environment, else 1; says which */
void chance_begin(struct chance *chance);

/** chance_fork() - another sequence, which @chance and @number determine */
struct chance chance_fork(const struct chance *chance, u32 number);

/** chance_u64() - the next number */
u64 chance_u64(struct chance *chance);

/** chance_below() - from 0 to @limit - 1; @limit is not 0 */
u32 chance_below(struct chance *chance, u32 limit);

/** chance_one_in() - true once in @n times */
bool chance_one_in(struct chance *chance, u32 n);

/** chance_minutes() - MTDLAYER_MINUTES of the environment: how long to go on; 0 as in every run */
u32 chance_minutes(void);

/** chance_now() - seconds of a clock that only goes forward */
double chance_now(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Why something was refused: a sentence that names the thing, the value, the
 * limit and what to do.
 */
#ifndef MTDL_REASON_H
#define MTDL_REASON_H

#include "env.h"

#define MTDL_REASON_SIZE	256

/** struct mtdl_reason - @text is empty until something fails */
struct mtdl_reason {
	char text[MTDL_REASON_SIZE];
};

/**
 * mtdl_fail() - note a reason and pass an error on
 * @why: where the sentence goes; may be NULL
 * @err: negative errno
 * @fmt: the sentence, without a full stop or newline
 *
 * Formats are limited to %s, %.*s, %c, %d, %u, %x, %llu and %llx, which every
 * environment has.
 *
 * Return: @err.
 */
__printf(3, 4)
int mtdl_fail(struct mtdl_reason *why, int err, const char *fmt, ...);

#endif

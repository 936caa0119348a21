// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Notes down why something was refused.
 */
#include "reason.h"

int mtdl_fail(struct mtdl_reason *why, int err, const char *fmt, ...)
{
	va_list args;

	if (!why)
		return err;
	va_start(args, fmt);
	mtdl_vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return err;
}

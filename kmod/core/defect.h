/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Deliberate defects, with which the tests show that they can fail.
 *
 * MTDL_DEFECT(NAME) is the constant 0, and what it guards is compiled away,
 * unless the build defines MTDL_DEFECT_NAME as 1.  Only mutants of the tests do.
 */
#ifndef MTDL_DEFECT_H
#define MTDL_DEFECT_H

/* A name that is defined as 1 turns into an argument more, and so selects 1. */
#define MTDL_DEFECT_COMMA_1	0,
#define MTDL_DEFECT_SECOND(ignored, value, ...)	value
#define MTDL_DEFECT_SELECT(comma_or_junk)	MTDL_DEFECT_SECOND(comma_or_junk 1, 0, 0)
#define MTDL_DEFECT_PASTE(value)	MTDL_DEFECT_SELECT(MTDL_DEFECT_COMMA_##value)
#define MTDL_DEFECT_EXPAND(value)	MTDL_DEFECT_PASTE(value)

#define MTDL_DEFECT(name)	MTDL_DEFECT_EXPAND(MTDL_DEFECT_##name)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The two halves of format: what comes between them decides whether to go on.
 */
#ifndef MTDL_FORMAT_H
#define MTDL_FORMAT_H

#include "mtdl.h"

/** mtdl_format_choose() - all of mtdl_format() that only reads; @mtdl is zeroed before */
int mtdl_format_choose(struct mtdl *mtdl, struct mtdl_flash *flash,
		       const struct mtdl_format_options *options, struct mtdl_reason *why);

/** mtdl_format_write() - the rest; @mtdl is as after mtdl_attach() then, and secure */
int mtdl_format_write(struct mtdl *mtdl, struct mtdl_reason *why);

#endif

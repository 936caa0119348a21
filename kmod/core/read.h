/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Reading: what the core's other files need beyond mtdl.h.
 */
#ifndef MTDL_READ_H
#define MTDL_READ_H

#include "mtdl.h"

/** mtdl_verify_at() - mtdl_verify_block() for a copy of the block that lies at @physical */
int mtdl_verify_at(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		   const struct mtdl_layer *layer, u32 block, u32 physical, u8 *buf, u32 len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Writing the layer table.
 */
#ifndef MTDL_TABLE_H
#define MTDL_TABLE_H

#include "mtdl.h"

/**
 * mtdl_table_secure() - establish the first rule
 * @mtdl: attached
 * @why: reason of a failure
 *
 * Until this has returned 0 once since attach, no data block may be erased or
 * programmed: see the top of table.c.  Costs nothing when it holds already.
 *
 * Return: 0, -EROFS, or an error of the flash (then nothing can be changed
 * until the flash is attached again).
 */
int mtdl_table_secure(struct mtdl *mtdl, struct mtdl_reason *why);

/**
 * mtdl_table_write() - make the state in memory the state in force
 * @mtdl: secure
 * @why: reason of a failure
 *
 * Return: 0; -EROFS; or an error of the flash: then the state before or the new one
 * may be in force, and nothing can be changed until the flash is attached again.
 */
int mtdl_table_write(struct mtdl *mtdl, struct mtdl_reason *why);

/** mtdl_table_renew() - write the state in force to fresh cells; errors as mtdl_table_write() */
int mtdl_table_renew(struct mtdl *mtdl, struct mtdl_reason *why);

/** mtdl_erase_range() - erase @len bytes of whole eraseblocks at @off */
int mtdl_erase_range(struct mtdl *mtdl, u64 off, u32 len);

/**
 * mtdl_program_checked() - program bytes into erased cells and read them back
 * @mtdl: attached
 * @off: multiple of the write size
 * @data: bytes; up to the write size's next multiple 0xff is programmed behind them
 * @len: bytes
 *
 * Uses @mtdl->buffer.
 *
 * Return: 0, -EIO (the cells do not hold it) or another error of the flash.
 */
int mtdl_program_checked(struct mtdl *mtdl, u64 off, const u8 *data, u32 len);

/** mtdl_read_error() - an error of reading, told from one of cells that were to be written */
int mtdl_read_error(int err);

/** mtdl_is_worn() - whether an error of program or erase means that the cells failed */
bool mtdl_is_worn(int err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * CRC-32C (Castagnoli), as iSCSI and ext4 use it.
 */
#ifndef MTDL_CRC32C_H
#define MTDL_CRC32C_H

#include "env.h"

#define MTDL_CRC32C_START	(~0U)

/**
 * mtdl_crc32c() - go on with a checksum
 * @crc: MTDL_CRC32C_START, or what the call before returned
 * @data: bytes
 * @len: how many
 *
 * Return: the running value; its complement is the checksum.
 */
u32 mtdl_crc32c(u32 crc, const void *data, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * SHA-256 in plain C, for where the environment has none (FIPS 180-4).
 */
#ifndef MTDL_SHA256_H
#define MTDL_SHA256_H

#include "env.h"

/** struct mtdl_sha256 - a hash in progress */
struct mtdl_sha256 {
	u32 state[8];
	u64 length;
	u8 block[64];
};

/** mtdl_sha256_init() - begin a hash */
void mtdl_sha256_init(struct mtdl_sha256 *hash);

/** mtdl_sha256_update() - add @len bytes */
void mtdl_sha256_update(struct mtdl_sha256 *hash, const void *data, size_t len);

/** mtdl_sha256_final() - write the 32 bytes of the digest */
void mtdl_sha256_final(struct mtdl_sha256 *hash, u8 *digest);

#endif

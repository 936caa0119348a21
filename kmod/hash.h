/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 by the fastest means that this kernel has.
 */
#ifndef MTDLAYER_HASH_H
#define MTDLAYER_HASH_H

#include <linux/cache.h>
#include <linux/types.h>

/* Room for the state of the kernel's own implementation; a larger one is not used. */
#define MTDLAYER_HASH_STATE	256

/* As the crypto API wants its states. */
#ifdef ARCH_DMA_MINALIGN
#define MTDLAYER_HASH_ALIGN	ARCH_DMA_MINALIGN
#else
#define MTDLAYER_HASH_ALIGN	__alignof__(unsigned long long)
#endif

/**
 * struct mtdlayer_hash - a hash in progress
 * @state: a struct shash_desc with its state, or the core's struct mtdl_sha256
 */
struct mtdlayer_hash {
	u8 state[MTDLAYER_HASH_STATE] __aligned(MTDLAYER_HASH_ALIGN);
};

/** mtdlayer_hash_setup() - find the kernel's SHA-256; plain C serves where there is none */
void mtdlayer_hash_setup(void);

/** mtdlayer_hash_cleanup() - undo mtdlayer_hash_setup() */
void mtdlayer_hash_cleanup(void);

/** mtdlayer_hash_name() - which implementation is used */
const char *mtdlayer_hash_name(void);

/** mtdlayer_hash_init() - begin a hash */
void mtdlayer_hash_init(struct mtdlayer_hash *hash);

/** mtdlayer_hash_update() - add @len bytes */
void mtdlayer_hash_update(struct mtdlayer_hash *hash, const void *data, size_t len);

/**
 * mtdlayer_hash_final() - end a hash
 * @hash: in progress
 * @digest: out: 32 bytes
 *
 * Should the kernel's implementation fail, the digest is all zero, which is not
 * the digest of anything known: what is compared with it counts as damaged.
 */
void mtdlayer_hash_final(struct mtdlayer_hash *hash, u8 *digest);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256 by the fastest means that this kernel has.
 *
 * The crypto API is optional in small kernels, and its accelerated drivers can
 * be modules that are not there: what is missing is served by the core's plain C.
 * One transform is shared by everybody; the state of a hash is the caller's.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "core/sha256.h"

/* The state of plain C. */
static struct mtdl_sha256 *mtdlayer_hash_plain(struct mtdlayer_hash *hash)
{
	BUILD_BUG_ON(sizeof(struct mtdl_sha256) > sizeof(hash->state));
	return (struct mtdl_sha256 *)hash->state;
}

#if IS_REACHABLE(CONFIG_CRYPTO_HASH)
#include <crypto/hash.h>

/* Accelerated drivers forbid preemption for as long as an update takes. */
#define MTDLAYER_HASH_STEP	SZ_16K

static struct crypto_shash *mtdlayer_shash;

void mtdlayer_hash_setup(void)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha256", 0, 0);

	if (IS_ERR(tfm))
		return;
	if (sizeof(struct shash_desc) + crypto_shash_descsize(tfm) > MTDLAYER_HASH_STATE) {
		crypto_free_shash(tfm);
		return;
	}
	mtdlayer_shash = tfm;
}

void mtdlayer_hash_cleanup(void)
{
	if (mtdlayer_shash)
		crypto_free_shash(mtdlayer_shash);
	mtdlayer_shash = NULL;
}

const char *mtdlayer_hash_name(void)
{
	if (!mtdlayer_shash)
		return "plain C";
	return crypto_tfm_alg_driver_name(crypto_shash_tfm(mtdlayer_shash));
}

void mtdlayer_hash_init(struct mtdlayer_hash *hash)
{
	struct shash_desc *desc = (struct shash_desc *)hash->state;

	if (!mtdlayer_shash) {
		mtdl_sha256_init(mtdlayer_hash_plain(hash));
		return;
	}
	desc->tfm = mtdlayer_shash;
	if (crypto_shash_init(desc))
		desc->tfm = NULL;
}

void mtdlayer_hash_update(struct mtdlayer_hash *hash, const void *data, size_t len)
{
	struct shash_desc *desc = (struct shash_desc *)hash->state;
	size_t step;

	if (!mtdlayer_shash) {
		mtdl_sha256_update(mtdlayer_hash_plain(hash), data, len);
		return;
	}
	for (; desc->tfm && len; data += step, len -= step) {
		step = min_t(size_t, len, MTDLAYER_HASH_STEP);
		if (crypto_shash_update(desc, data, step))
			desc->tfm = NULL;
	}
}

void mtdlayer_hash_final(struct mtdlayer_hash *hash, u8 *digest)
{
	struct shash_desc *desc = (struct shash_desc *)hash->state;

	if (!mtdlayer_shash) {
		mtdl_sha256_final(mtdlayer_hash_plain(hash), digest);
		return;
	}
	if (!desc->tfm || crypto_shash_final(desc, digest)) {
		pr_err("mtdlayer: the kernel's SHA-256 failed; what it was to check counts as damaged\n");
		memset(digest, 0, 32);
	}
}

#else /* no crypto API */

void mtdlayer_hash_setup(void)
{
}

void mtdlayer_hash_cleanup(void)
{
}

const char *mtdlayer_hash_name(void)
{
	return "plain C";
}

void mtdlayer_hash_init(struct mtdlayer_hash *hash)
{
	mtdl_sha256_init(mtdlayer_hash_plain(hash));
}

void mtdlayer_hash_update(struct mtdlayer_hash *hash, const void *data, size_t len)
{
	mtdl_sha256_update(mtdlayer_hash_plain(hash), data, len);
}

void mtdlayer_hash_final(struct mtdlayer_hash *hash, u8 *digest)
{
	mtdl_sha256_final(mtdlayer_hash_plain(hash), digest);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-256 and CRC-32C by the CPU's instructions, where it has them, in place of the core's.
 *
 * Nearly all of the campaign's time would go into the two otherwise.  They have
 * tests of their own; here they are compared with the core's before they are used,
 * and what the core's would say is what these say.
 */
#define mtdl_sha256_init	plain_sha256_init
#define mtdl_sha256_update	plain_sha256_update
#define mtdl_sha256_final	plain_sha256_final
#define mtdl_crc32c		plain_crc32c
#include "../../kmod/core/sha256.c"
#include "../../kmod/core/crc32c.c"
#undef mtdl_sha256_init
#undef mtdl_sha256_update
#undef mtdl_sha256_final
#undef mtdl_crc32c

#include "hash.h"

static bool use_sha, use_crc;

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

static bool cpu_has_sha(void)
{
	u32 a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) &&
	       __builtin_cpu_supports("sse4.1");
}

static bool cpu_has_crc(void)
{
	return __builtin_cpu_supports("sse4.2");
}

/* The instructions keep the state as the words A B E F and C D G H. */
__attribute__((target("sha,sse4.1")))
static void fast_compress(u32 state[8], const u8 *block, size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
	__m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
	__m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(low, high, 8);
	__m128i cdgh = _mm_blend_epi16(high, low, 0xf0);

	for (; blocks; blocks--, block += 64) {
		__m128i abef_before = abef, cdgh_before = cdgh;
		__m128i w[4];
		int i;

		for (i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), swap);
		for (i = 0; i < 16; i++) {
			const __m128i *k = (const __m128i *)(round_constants + 4 * i);
			__m128i words = _mm_add_epi32(w[i & 3], _mm_loadu_si128(k));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, words);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(words, 0x0e));
			if (i >= 12)
				continue;
			w[i & 3] = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
			w[i & 3] = _mm_add_epi32(w[i & 3], _mm_alignr_epi8(w[(i + 3) & 3],
									   w[(i + 2) & 3], 4));
			w[i & 3] = _mm_sha256msg2_epu32(w[i & 3], w[(i + 3) & 3]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	low = _mm_shuffle_epi32(abef, 0x1b);
	high = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

__attribute__((target("sse4.2")))
static u32 fast_crc(u32 crc, const u8 *p, size_t len)
{
	u64 running = crc, word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		running = __builtin_ia32_crc32di(running, word);
	}
	crc = (u32)running;
	while (len--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#else
static bool cpu_has_sha(void)
{
	return false;
}

static bool cpu_has_crc(void)
{
	return false;
}

static void fast_compress(u32 state[8], const u8 *block, size_t blocks)
{
	for (; blocks; blocks--, block += 64)
		compress(state, block);
}

static u32 fast_crc(u32 crc, const u8 *p, size_t len)
{
	return plain_crc32c(crc, p, len);
}
#endif

void mtdl_sha256_init(struct mtdl_sha256 *hash)
{
	plain_sha256_init(hash);
}

void mtdl_sha256_update(struct mtdl_sha256 *hash, const void *data, size_t len)
{
	size_t used = hash->length & 63, first = used ? 64 - used : 0;
	const u8 *p = data;

	if (!use_sha || len < first + 64) {
		plain_sha256_update(hash, data, len);
		return;
	}
	plain_sha256_update(hash, p, first);
	p += first;
	len -= first;
	fast_compress(hash->state, p, len / 64);
	hash->length += len & ~(size_t)63;
	plain_sha256_update(hash, p + (len & ~(size_t)63), len & 63);
}

void mtdl_sha256_final(struct mtdl_sha256 *hash, u8 *digest)
{
	plain_sha256_final(hash, digest);
}

u32 mtdl_crc32c(u32 crc, const void *data, size_t len)
{
	return use_crc ? fast_crc(crc, data, len) : plain_crc32c(crc, data, len);
}

static void check_lengths(u32 length, const u8 *bytes)
{
	struct mtdl_sha256 fast, plain;
	u8 a[32], b[32];

	mtdl_sha256_init(&fast);
	mtdl_sha256_update(&fast, bytes, length / 3);
	mtdl_sha256_update(&fast, bytes + length / 3, length - length / 3);
	mtdl_sha256_final(&fast, a);
	plain_sha256_init(&plain);
	plain_sha256_update(&plain, bytes, length);
	plain_sha256_final(&plain, b);
	if (memcmp(a, b, sizeof(a)) ||
	    mtdl_crc32c(~0U, bytes, length) != plain_crc32c(~0U, bytes, length)) {
		fprintf(stderr, "powercut: this CPU's SHA-256 or CRC-32C instructions give another result than the core for %u bytes\n",
			length);
		abort();
	}
}

void hash_choose(void)
{
	u8 bytes[1000];
	u32 i;

	use_sha = cpu_has_sha();
	use_crc = cpu_has_crc();
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * i >> 3);
	for (i = 0; i <= sizeof(bytes); i++)
		check_lengths(i, bytes);
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * SHA-256 in plain C (FIPS 180-4), small rather than fast.
 */
#include "sha256.h"

static const u32 round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 rotate_right(u32 x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static u32 load_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void store_be32(u8 *p, u32 x)
{
	p[0] = x >> 24;
	p[1] = x >> 16;
	p[2] = x >> 8;
	p[3] = x;
}

/* The message schedule is kept as its last 16 words. */
static u32 schedule(u32 w[16], unsigned int t)
{
	u32 w15 = w[(t + 1) & 15];
	u32 w2 = w[(t + 14) & 15];
	u32 s0 = rotate_right(w15, 7) ^ rotate_right(w15, 18) ^ w15 >> 3;
	u32 s1 = rotate_right(w2, 17) ^ rotate_right(w2, 19) ^ w2 >> 10;

	w[t & 15] += s0 + w[(t + 9) & 15] + s1;
	return w[t & 15];
}

static void compress(u32 state[8], const u8 *block)
{
	u32 w[16];
	u32 v[8];
	unsigned int t;

	for (t = 0; t < 16; t++)
		w[t] = load_be32(block + 4 * t);
	memcpy(v, state, sizeof(v));
	for (t = 0; t < 64; t++) {
		u32 e = v[4];
		u32 a = v[0];
		u32 big1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
		u32 choice = (e & v[5]) ^ (~e & v[6]);
		u32 word = t < 16 ? w[t] : schedule(w, t);
		u32 t1 = v[7] + big1 + choice + round_constants[t] + word;
		u32 big0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
		u32 majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + big0 + majority;
	}
	for (t = 0; t < 8; t++)
		state[t] += v[t];
}

void mtdl_sha256_init(struct mtdl_sha256 *hash)
{
	static const u32 start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(hash->state, start, sizeof(start));
	hash->length = 0;
}

void mtdl_sha256_update(struct mtdl_sha256 *hash, const void *data, size_t len)
{
	const u8 *p = data;
	size_t used = hash->length & 63;

	hash->length += len;
	if (used) {
		size_t room = 64 - used;

		if (len < room) {
			memcpy(hash->block + used, p, len);
			return;
		}
		memcpy(hash->block + used, p, room);
		compress(hash->state, hash->block);
		p += room;
		len -= room;
	}
	for (; len >= 64; p += 64, len -= 64)
		compress(hash->state, p);
	memcpy(hash->block, p, len);
}

void mtdl_sha256_final(struct mtdl_sha256 *hash, u8 *digest)
{
	static const u8 padding[64] = { 0x80 };
	u64 bits = hash->length << 3;
	size_t used = hash->length & 63;
	u8 length[8];
	int i;

	store_be32(length, bits >> 32);
	store_be32(length + 4, (u32)bits);
	mtdl_sha256_update(hash, padding, used < 56 ? 56 - used : 120 - used);
	mtdl_sha256_update(hash, length, sizeof(length));
	for (i = 0; i < 8; i++)
		store_be32(digest + 4 * i, hash->state[i]);
}

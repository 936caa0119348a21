// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-256 and CRC-32C against published vectors.
 */
#include "crc32c.h"
#include "sha256.h"
#include "unit.h"

struct vector {
	const char *message;
	u32 repeat;
	const char *digest;
};

/* FIPS 180-2 appendix B, and the empty message of the NIST CAVP short messages. */
static const struct vector vectors[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1,
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void hex(const u8 *digest, char *to)
{
	u32 i;

	for (i = 0; i < 32; i++)
		sprintf(to + 2 * i, "%02x", digest[i]);
}

static void test_sha256_vectors(void **state)
{
	u32 i, n;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct mtdl_sha256 hash;
		u8 digest[32];
		char text[65];

		mtdl_sha256_init(&hash);
		for (n = 0; n < vectors[i].repeat; n++)
			mtdl_sha256_update(&hash, vectors[i].message, strlen(vectors[i].message));
		mtdl_sha256_final(&hash, digest);
		hex(digest, text);
		assert_string_equal(text, vectors[i].digest);
	}
}

/* However the message is cut into pieces, the digest is the same. */
static void test_sha256_pieces(void **state)
{
	struct mtdl_sha256 hash;
	u8 message[300], whole[32], pieces[32];
	u32 len, cut;

	(void)state;
	for (cut = 0; cut < sizeof(message); cut++)
		message[cut] = (u8)(cut * 7 + 3);
	for (len = 0; len <= sizeof(message); len += 13) {
		mtdl_sha256_init(&hash);
		mtdl_sha256_update(&hash, message, len);
		mtdl_sha256_final(&hash, whole);
		for (cut = 0; cut <= len; cut++) {
			mtdl_sha256_init(&hash);
			mtdl_sha256_update(&hash, message, cut);
			mtdl_sha256_update(&hash, message + cut, len - cut);
			mtdl_sha256_final(&hash, pieces);
			assert_memory_equal(whole, pieces, 32);
		}
	}
}

static u32 crc(const void *data, size_t len)
{
	return ~mtdl_crc32c(MTDL_CRC32C_START, data, len);
}

/* RFC 3720, appendix B.4, and the check value of the polynomial's catalogue entry. */
static void test_crc32c_vectors(void **state)
{
	static const u8 read_pdu[48] = {
		0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
	};
	u8 bytes[32];
	u8 i;

	(void)state;
	assert_int_equal(crc("123456789", 9), 0xe3069283);
	assert_int_equal(crc("", 0), 0);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc(bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc(bytes, 32), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		bytes[i] = i;
	assert_int_equal(crc(bytes, 32), 0x46dd794e);
	for (i = 0; i < 32; i++)
		bytes[i] = (u8)(31 - i);
	assert_int_equal(crc(bytes, 32), 0x113fdb5c);
	assert_int_equal(crc(read_pdu, sizeof(read_pdu)), 0xd9963a56);
}

static void test_crc32c_pieces(void **state)
{
	u8 bytes[67];
	u32 cut;

	(void)state;
	for (cut = 0; cut < sizeof(bytes); cut++)
		bytes[cut] = (u8)(cut * 31);
	for (cut = 0; cut <= sizeof(bytes); cut++) {
		u32 running = mtdl_crc32c(MTDL_CRC32C_START, bytes, cut);

		running = mtdl_crc32c(running, bytes + cut, sizeof(bytes) - cut);
		assert_int_equal(~running, crc(bytes, sizeof(bytes)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_vectors),
		cmocka_unit_test(test_sha256_pieces),
		cmocka_unit_test(test_crc32c_vectors),
		cmocka_unit_test(test_crc32c_pieces),
	};

	return unit_run("hash", tests);
}

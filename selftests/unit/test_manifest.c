// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest parser: what it takes, and each refusal with its sentence.
 */
#include <stdlib.h>

#include "unit.h"

#define BLOCK	8192U

static const struct build_layer layers[] = {
	{ "kernel", 16, 4, 0, 2 * BLOCK + 100, 1 },
	{ "system", 20, 8, 0, 3 * BLOCK, 2 },
	{ "app", 28, 2, MTDL_POLICY_LAZY, 1, 3 },
};

static struct built_release *good(void)
{
	struct build_options options = {
		.block_size = BLOCK, .release = "1.0", .security_counter = 7,
	};

	return build_release(&options, layers, 3);
}

/* The parser gets an allocation of exactly the manifest's length: ASan sees an overrun. */
static int parse(const u8 *bytes, u32 length, struct mtdl_reason *why)
{
	struct mtdl_manifest *m = malloc(sizeof(*m));
	u8 *copy = malloc(length ? length : 1);
	int err;

	assert_non_null(m);
	assert_non_null(copy);
	memcpy(copy, bytes, length);
	why->text[0] = '\0';
	err = mtdl_manifest_parse(m, copy, length, why);
	free(copy);
	free(m);
	return err;
}

static void test_accepts(void **state)
{
	struct built_release *release = good();
	struct mtdl_manifest *m = malloc(sizeof(*m));
	struct mtdl_reason why = { "" };

	(void)state;
	assert_non_null(m);
	assert_int_equal(mtdl_manifest_parse(m, release->manifest, release->manifest_size, &why),
			 0);
	assert_string_equal(why.text, "");
	assert_memory_equal(m->digest, release->digest, MTDL_DIGEST_SIZE);
	assert_string_equal(m->release, "1.0");
	assert_string_equal(m->compatible, BUILD_COMPATIBLE);
	assert_int_equal(m->block_size, BLOCK);
	assert_int_equal(m->security_counter, 7);
	assert_int_equal(m->attempts, 3);
	assert_int_equal(m->layer_count, 3);
	assert_int_equal(m->block_total, 7);
	assert_string_equal(m->layers[1].name, "system");
	assert_int_equal(m->layers[0].block_count, 3);
	assert_int_equal(m->layers[0].size, 2 * BLOCK + 100);
	assert_int_equal(m->layers[1].slot_start, 20);
	assert_int_equal(m->layers[1].slot_blocks, 8);
	assert_int_equal(m->layers[2].policy, MTDL_POLICY_LAZY);
	assert_ptr_equal(mtdl_manifest_find(m, "app"), &m->layers[2]);
	assert_null(mtdl_manifest_find(m, "ap"));
	assert_int_equal(mtdl_block_bytes(m->layers[0].size, 2, BLOCK), 100);
	assert_int_equal(mtdl_block_bytes(m->layers[0].size, 1, BLOCK), BLOCK);
	free(m);
	build_free(release);
}

/* Records that may be unknown are skipped, wherever they stand; names may be full. */
static void test_accepts_unknown(void **state)
{
	static const struct build_layer odd[] = {
		{ "abcdefghijklmnopqrstuvwxyzABCDEF", 1, 1, 0, 5, 1 },
	};
	struct build_options options = {
		.block_size = BLOCK,
		.release = "0123456789012345678901234567890123456789012345678901234567890123",
	};
	struct built_release *release = build_release(&options, odd, 1);
	struct mtdl_reason why;

	(void)state;
	build_record(release, MTDL_RECORD_NOTES, "fixes things", 12);
	build_record(release, 0x7123, "", 0);
	assert_int_equal(parse(release->manifest, release->manifest_size, &why), 0);
	build_free(release);
}

/* What a row of the table changes in a good manifest. */
struct change {
	const char *what;
	enum { HEADER, RECORD0, LAYER0, LAYER1, LAYER2, LAST } where;
	u32 offset;
	u32 bytes;
	u64 value;
	int err;
	const char *says;
};

#define H(field)	HEADER, offsetof(struct mtdl_media_manifest, field), \
			sizeof(((struct mtdl_media_manifest *)0)->field)
#define R(field)	RECORD0, offsetof(struct mtdl_media_record, field), \
			sizeof(((struct mtdl_media_record *)0)->field)
#define L(n, field)	LAYER##n, offsetof(struct mtdl_media_manifest_layer, field), \
			sizeof(((struct mtdl_media_manifest_layer *)0)->field)

static const struct change changes[] = {
	{ "magic", H(magic), 0x12345678, -EINVAL, "not a manifest: it begins with 0x12345678" },
	{ "version", H(version), 2, -EOPNOTSUPP, "version 2, this software reads version 1" },
	{ "header size", H(header_size), 200, -EINVAL, "header says it has 200 bytes" },
	{ "longer than it is", H(length), 1 << 20, -EINVAL, "says it has 1048576 bytes" },
	{ "block size 0", H(block_size), 0, -EINVAL, "block size 0" },
	{ "block size odd", H(block_size), 12288, -EINVAL, "block size 12288" },
	{ "block size small", H(block_size), 2048, -EINVAL, "block size 2048" },
	{ "block size large", H(block_size), 32 << 20, -EINVAL, "block size 33554432" },
	{ "no layers", H(layer_count), 0, -EINVAL, "has 0 layers" },
	{ "65 layers", H(layer_count), 65, -EINVAL, "has 65 layers" },
	{ "many layers", H(layer_count), 0xffffffff, -EINVAL, "has 4294967295 layers" },
	{ "a layer missing", H(layer_count), 4, -EINVAL, "announces 4 layers and has 3" },
	{ "a layer too many", H(layer_count), 2, -EINVAL, "more layer records than the 2" },
	{ "no attempts", H(attempts), 0, -EINVAL, "asks for 0 boot attempts" },
	{ "16 attempts", H(attempts), 16, -EINVAL, "asks for 16 boot attempts" },
	{ "features", H(features_incompat), 0x10, -EOPNOTSUPP, "features 0x10" },
	{ "no release", HEADER, offsetof(struct mtdl_media_manifest, release), 4, 0, -EINVAL,
	  "no proper release version" },
	{ "release with a newline", HEADER, offsetof(struct mtdl_media_manifest, release), 1,
	  '\n', -EINVAL, "no proper release version" },
	{ "bytes behind the release", HEADER,
	  offsetof(struct mtdl_media_manifest, release) + 10, 1, 'x', -EINVAL,
	  "no proper release version" },
	{ "no board", HEADER, offsetof(struct mtdl_media_manifest, compatible), 1, 0, -EINVAL,
	  "does not say which board" },
	{ "reserved header byte", HEADER, offsetof(struct mtdl_media_manifest, reserved) + 31, 1,
	  1, -EINVAL, "reserved header bytes" },
	{ "unknown critical record", R(type), 0x8077, -EOPNOTSUPP, "critical record of type 0x8077" },
	{ "layer record made optional", R(type), 1, -EINVAL, "announces 3 layers and has 2" },
	{ "reserved record bytes", R(reserved), 1, -EINVAL, "record at byte 192" },
	{ "record beyond the end", R(length), 0x7fffffff, -EINVAL, "has 2147483647 bytes" },
	{ "record that wraps", R(length), 0xffffffff, -EINVAL, "has 4294967295 bytes" },
	{ "record that wraps by 8", R(length), 0xfffffff8, -EINVAL, "has 4294967288 bytes" },
	{ "short layer record", R(length), 90, -EINVAL, "not padded" },
	{ "no name", LAYER0, 0, 8, 0, -EINVAL, "layer 0 has no proper name" },
	{ "bytes behind the name", LAYER0, 20, 1, 'x', -EINVAL, "layer 0 has no proper name" },
	{ "slash in a name", LAYER0, 2, 1, '/', -EINVAL, "other characters" },
	{ "control character in a name", LAYER0, 2, 1, 7, -EINVAL, "other characters" },
	{ "a byte above 127 in a name", LAYER0, 2, 1, 0xc3, -EINVAL, "other characters" },
	{ "two of a name", LAYER1, 0, 8, 0x6c656e72656bULL, -EINVAL, "two layers called kernel" },
	{ "root", LAYER0, offsetof(struct mtdl_media_manifest_layer, root), 1, 0xee, -EINVAL, "layer kernel: its root digest" },
	{ "digest", LAYER0, sizeof(struct mtdl_media_manifest_layer), 1, 0xee, -EINVAL,
	  "layer kernel: its root digest" },
	{ "empty layer", L(0, size), 0, -EINVAL, "layer kernel is empty" },
	{ "size one block more", L(0, size), 3 * BLOCK + 1, -EINVAL, "take 4 blocks" },
	{ "size that wraps", L(0, size), ~0ULL, -EINVAL, "18446744073709551615 bytes" },
	{ "size 32 bits too high", L(0, size), (1ULL << 45) + 2 * BLOCK + 100, -EINVAL,
	  "35184372105316 bytes" },
	{ "block count", L(0, block_count), 2, -EINVAL, "take 3 blocks of 8192, the manifest says 2" },
	{ "block count high", L(0, block_count), 0xffffffff, -EINVAL, "says 4294967295" },
	{ "address not aligned", L(0, address), 16 * BLOCK + 1, -EINVAL, "not made of whole blocks" },
	{ "capacity not aligned", L(0, capacity), BLOCK / 2, -EINVAL, "not made of whole blocks" },
	{ "capacity 0", L(0, capacity), 0, -EINVAL, "not made of whole blocks" },
	{ "address beyond any flash", L(0, address), 1ULL << 62, -EINVAL, "beyond any flash" },
	{ "capacity beyond any flash", L(0, capacity), 1ULL << 63, -EINVAL, "beyond any flash" },
	{ "address + capacity wrap", L(0, address), 0ULL - BLOCK, -EINVAL, "beyond any flash" },
	{ "end beyond any flash", L(0, address), 0xfffffffeULL * BLOCK, -EINVAL,
	  "beyond any flash" },
	{ "slots overlap", L(1, address), 19 * BLOCK, -EINVAL,
	  "kernel (blocks 16 to 19) and system (blocks 19 to 26) overlap" },
	{ "one slot within another", L(2, address), 17 * BLOCK, -EINVAL, "overlap" },
	{ "unknown policy", L(0, policy), 1 << 6, -EOPNOTSUPP, "policy bits 0x40" },
	{ "moved and refused", L(0, policy),
	  MTDL_POLICY_OVERFLOW_MOVE | MTDL_POLICY_OVERFLOW_REFUSE, -EINVAL, "both moved and refused" },
	{ "pinned and lazy", L(0, policy), MTDL_POLICY_PINNED | MTDL_POLICY_LAZY, -EINVAL,
	  "pinned" },
	{ "pinned and moved", L(0, policy), MTDL_POLICY_PINNED | MTDL_POLICY_OVERFLOW_MOVE,
	  -EINVAL, "pinned" },
	{ "padding", LAST, 0, 1, 1, -EINVAL, "not padded with zeros" },
};

static u32 place_of(const struct built_release *release, const struct change *change)
{
	u32 at = sizeof(struct mtdl_media_manifest), i;

	if (change->where == HEADER)
		return change->offset;
	if (change->where == RECORD0)
		return at + change->offset;
	if (change->where == LAST)
		return release->manifest_size - 1;
	for (i = 0; i < change->where - LAYER0; i++)
		at += sizeof(struct mtdl_media_record) +
		      sizeof(struct mtdl_media_manifest_layer) +
		      build_block_count(release, i) * MTDL_DIGEST_SIZE;
	return at + sizeof(struct mtdl_media_record) + change->offset;
}

static void test_refusals(void **state)
{
	u32 i, n;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *change = &changes[i];
		struct built_release *release = good();
		struct mtdl_reason why;
		u32 at;
		int err;

		if (change->where == LAST)
			build_record(release, MTDL_RECORD_NOTES, "odd", 3);
		at = place_of(release, change);
		for (n = 0; n < change->bytes && n < 8; n++)
			release->manifest[at + n] = (u8)(change->value >> 8 * n);
		err = parse(release->manifest, release->manifest_size, &why);
		if (err != change->err || !strstr(why.text, change->says))
			fail_msg("%s: %d \"%s\", expected %d \"...%s...\"", change->what, err,
				 why.text, change->err, change->says);
		build_free(release);
	}
}

/* A manifest that is cut short anywhere, whatever length its header states. */
static void test_truncated(void **state)
{
	struct built_release *release = good();
	struct mtdl_reason why;
	u32 length;

	(void)state;
	for (length = 0; length < release->manifest_size; length++) {
		__le32 stated = cpu_to_le32(length);

		assert_int_equal(parse(release->manifest, length, &why), -EINVAL);
		assert_string_not_equal(why.text, "");
		if (length < sizeof(struct mtdl_media_manifest))
			continue;
		memcpy(release->manifest + offsetof(struct mtdl_media_manifest, length), &stated,
		       sizeof(stated));
		assert_int_equal(parse(release->manifest, length, &why), -EINVAL);
		assert_string_not_equal(why.text, "");
	}
	build_free(release);
}

/* Fields whose every value is as good as another; a signature protects them. */
static bool is_free_text(const struct built_release *release, u32 at)
{
	struct change policy = { .where = LAYER0, .offset =
		offsetof(struct mtdl_media_manifest_layer, policy) };
	u32 i;

	if (at >= offsetof(struct mtdl_media_manifest, security_counter) &&
	    at < offsetof(struct mtdl_media_manifest, layer_count))
		return true;
	if (at == offsetof(struct mtdl_media_manifest, attempts))
		return true;
	if (at >= offsetof(struct mtdl_media_manifest, release) &&
	    at < offsetof(struct mtdl_media_manifest, release) + 4)
		return true;
	if (at >= offsetof(struct mtdl_media_manifest, compatible) &&
	    at <= offsetof(struct mtdl_media_manifest, compatible) + strlen(BUILD_COMPATIBLE))
		return true;
	for (i = 0; i < 3; i++) {
		u32 layer;

		policy.where = LAYER0 + i;
		layer = place_of(release, &policy) - policy.offset;
		if (at >= layer && at <= layer + strlen(layers[i].name))
			return true;
		/* size within the last block, slot, policy */
		if (at >= layer + offsetof(struct mtdl_media_manifest_layer, size) &&
		    at < layer + offsetof(struct mtdl_media_manifest_layer, block_count))
			return true;
	}
	return false;
}

/* Every byte flipped, in several ways: refused with a reason, or a field of free choice. */
static void test_every_byte_flipped(void **state)
{
	static const u8 flips[] = { 0x01, 0x80, 0xff };
	struct built_release *release = good();
	struct mtdl_reason why;
	u32 at, i;

	(void)state;
	for (at = 0; at < release->manifest_size; at++) {
		for (i = 0; i < sizeof(flips); i++) {
			int err;

			release->manifest[at] ^= flips[i];
			err = parse(release->manifest, release->manifest_size, &why);
			release->manifest[at] ^= flips[i];
			if (!err && is_free_text(release, at))
				continue;
			if (err != -EINVAL && err != -EOPNOTSUPP)
				fail_msg("byte %u flipped by 0x%02x: %d", at, flips[i], err);
			assert_string_not_equal(why.text, "");
		}
	}
	build_free(release);
}

/* Every pair of header and first record fields at their extremes: no crash, a verdict. */
static void test_extremes(void **state)
{
	static const u32 values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffff9, 0xffffffff };
	u32 fields = (sizeof(struct mtdl_media_manifest) + sizeof(struct mtdl_media_record) +
		      sizeof(struct mtdl_media_manifest_layer)) / 4;
	struct built_release *release = good();
	struct mtdl_reason why;
	u32 a, b, i;

	(void)state;
	for (a = 0; a < fields; a++) {
		for (b = a; b < fields; b++) {
			for (i = 0; i < 6; i++) {
				u8 kept[2][4];
				__le32 value = cpu_to_le32(values[i]);
				int err;

				memcpy(kept[0], release->manifest + 4 * a, 4);
				memcpy(kept[1], release->manifest + 4 * b, 4);
				memcpy(release->manifest + 4 * a, &value, 4);
				memcpy(release->manifest + 4 * b, &value, 4);
				err = parse(release->manifest, release->manifest_size, &why);
				assert_true(!err == !why.text[0]);
				memcpy(release->manifest + 4 * b, kept[1], 4);
				memcpy(release->manifest + 4 * a, kept[0], 4);
			}
		}
	}
	build_free(release);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_accepts_unknown),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_every_byte_flipped),
		cmocka_unit_test(test_extremes),
	};

	return unit_run("manifest", tests);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seeds, and manifests that fit again after a mutation.
 */
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"
#include "sha256.h"

static unsigned long long accepted;
static FILE *report;	/* standard error may be closed: the code under test says a lot */

void fuzz_defect(const char *condition, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(report, "fuzz: DEFECT: ");
	vfprintf(report, fmt, args);
	fprintf(report, " (%s does not hold)\n", condition);
	va_end(args);
	fflush(report);
	abort();
}

void fuzz_accepted(void)
{
	accepted++;
}

static void say_accepted(void)
{
	fprintf(report, "fuzz: accepted %llu\n", accepted);
	fflush(report);
}

void fuzz_seed(const char *directory, const char *name, const void *bytes, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	fuzz_must(file && fwrite(bytes, 1, size, file) == size && !fclose(file),
		  "%s cannot be written", path);
}

/* --seeds=DIRECTORY: an option that libFuzzer leaves to us. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char option[] = "--seeds=";

	report = fdopen(dup(STDERR_FILENO), "w");
	if (!report)
		abort();
	if (*argc == 2 && !strncmp((*argv)[1], option, strlen(option))) {
		fuzz_seeds((*argv)[1] + strlen(option));
		exit(0);
	}
	atexit(say_accepted);
	return 0;
}

u32 fuzz_random(u32 *random, u32 below)
{
	*random = *random * 1664525U + 1013904223U;
	return (u32)(((u64)*random * below) >> 32);
}

u32 fuzz_odd(u32 *random)
{
	u32 power = 1U << fuzz_random(random, 32);

	switch (fuzz_random(random, 5)) {
	case 0:
		return fuzz_random(random, 70);
	case 1:
		return 0U - fuzz_random(random, 4);
	case 2:
		return power;
	case 3:
		return power - 1;
	default:
		return fuzz_random(random, ~0U);
	}
}

void fuzz_digest(const void *bytes, size_t size, u8 *digest)
{
	struct mtdl_sha256 hash;

	mtdl_sha256_init(&hash);
	mtdl_sha256_update(&hash, bytes, size);
	mtdl_sha256_final(&hash, digest);
}

/*
 * Hashing is most of the work, so the hashes are built without sanitizers; that they are given
 * bytes which are there is checked here (the linker puts these in their place).
 */
static void check_memory(const void *bytes, size_t size)
{
	fuzz_must(!size || !__asan_region_is_poisoned((void *)bytes, size),
		  "a hash over %zu bytes that are not all there", size);
}

void __real_mtdl_sha256_update(struct mtdl_sha256 *hash, const void *data, size_t len);
void __wrap_mtdl_sha256_update(struct mtdl_sha256 *hash, const void *data, size_t len);

void __wrap_mtdl_sha256_update(struct mtdl_sha256 *hash, const void *data, size_t len)
{
	check_memory(data, len);
	__real_mtdl_sha256_update(hash, data, len);
}

u32 __real_mtdl_crc32c(u32 crc, const void *data, size_t len);
u32 __wrap_mtdl_crc32c(u32 crc, const void *data, size_t len);

u32 __wrap_mtdl_crc32c(u32 crc, const void *data, size_t len)
{
	check_memory(data, len);
	return __real_mtdl_crc32c(crc, data, len);
}

u32 fuzz_get32(const u8 *at)
{
	__le32 value;

	memcpy(&value, at, sizeof(value));
	return le32_to_cpu(value);
}

void fuzz_put32(u8 *at, u32 value)
{
	__le32 le = cpu_to_le32(value);

	memcpy(at, &le, sizeof(le));
}

/* The record at @at, whose value may be cut short by the end; 0: there is none. */
static size_t record_span(const u8 *bytes, size_t size, size_t at)
{
	size_t span;

	if (size < sizeof(struct mtdl_media_record) ||
	    at > size - sizeof(struct mtdl_media_record))
		return 0;
	span = sizeof(struct mtdl_media_record) +
	       (((size_t)fuzz_get32(bytes + at + 4) + 7) & ~(size_t)7);
	return span < size - at ? span : size - at;
}

void fuzz_repair_manifest(u8 *bytes, size_t size)
{
	const u32 root = offsetof(struct mtdl_media_manifest_layer, root);
	size_t at = sizeof(struct mtdl_media_manifest), span;

	if (size < at)
		return;
	fuzz_put32(bytes + offsetof(struct mtdl_media_manifest, length), (u32)size);
	for (; (span = record_span(bytes, size, at)); at += span) {
		u8 *value = bytes + at + sizeof(struct mtdl_media_record);
		size_t digests = sizeof(struct mtdl_media_manifest_layer), blocks;

		if ((bytes[at] | bytes[at + 1] << 8) != MTDL_RECORD_LAYER ||
		    span < sizeof(struct mtdl_media_record) + digests)
			continue;
		blocks = fuzz_get32(value + offsetof(struct mtdl_media_manifest_layer, block_count));
		if (blocks <= (span - sizeof(struct mtdl_media_record) - digests) / MTDL_DIGEST_SIZE)
			fuzz_digest(value + digests, blocks * MTDL_DIGEST_SIZE, value + root);
	}
}

/* As many layers as there are layer records. */
static void repair_count(u8 *bytes, size_t size)
{
	size_t at = sizeof(struct mtdl_media_manifest), span;
	u32 count = 0;

	for (; (span = record_span(bytes, size, at)); at += span)
		count += (bytes[at] | bytes[at + 1] << 8) == MTDL_RECORD_LAYER;
	if (size >= sizeof(struct mtdl_media_manifest))
		fuzz_put32(bytes + offsetof(struct mtdl_media_manifest, layer_count), count);
}

/* A record that is chosen at random: its begin, 0 if there is none. */
static size_t pick_record(const u8 *bytes, size_t size, u32 *random, size_t *span)
{
	size_t at = sizeof(struct mtdl_media_manifest), picked = 0, this;
	u32 seen = 0;

	for (; (this = record_span(bytes, size, at)); at += this) {
		if (fuzz_random(random, ++seen))
			continue;
		picked = at;
		*span = this;
	}
	return picked;
}

/* Grows or shrinks a layer by a block, its digest included. */
static size_t resize_layer(u8 *bytes, size_t size, size_t room, size_t at, size_t span, u32 *random)
{
	u8 *value = bytes + at + sizeof(struct mtdl_media_record);
	u8 *end = bytes + at + span;
	u32 block_size = fuzz_get32(bytes + offsetof(struct mtdl_media_manifest, block_size));
	u32 blocks, grow = fuzz_random(random, 2);
	u8 *layer_size = value + offsetof(struct mtdl_media_manifest_layer, size);
	const size_t fixed = sizeof(struct mtdl_media_record) +
			     sizeof(struct mtdl_media_manifest_layer);

	if (span < fixed + MTDL_DIGEST_SIZE ||
	    (grow && room - size < MTDL_DIGEST_SIZE))
		return size;
	if (grow)
		memmove(end + MTDL_DIGEST_SIZE, end, (size_t)(bytes + size - end));
	else
		memmove(end - MTDL_DIGEST_SIZE, end, (size_t)(bytes + size - end));
	if (grow)
		memset(end, (int)fuzz_random(random, 256), MTDL_DIGEST_SIZE);
	span += grow ? MTDL_DIGEST_SIZE : -(size_t)MTDL_DIGEST_SIZE;
	blocks = (u32)((span - fixed) / MTDL_DIGEST_SIZE);
	fuzz_put32(bytes + at + 4, (u32)(span - sizeof(struct mtdl_media_record)));
	fuzz_put32(value + offsetof(struct mtdl_media_manifest_layer, block_count), blocks);
	fuzz_put32(layer_size, blocks * block_size);
	return size + (grow ? MTDL_DIGEST_SIZE : -(size_t)MTDL_DIGEST_SIZE);
}

/* A slot anywhere, and of any size, made of whole blocks. */
static void move_slot(u8 *bytes, size_t at, u32 *random)
{
	u64 block_size = fuzz_get32(bytes + offsetof(struct mtdl_media_manifest, block_size));
	u8 *value = bytes + at + sizeof(struct mtdl_media_record);
	__le64 address = cpu_to_le64(fuzz_odd(random) * block_size);
	__le64 capacity = cpu_to_le64(fuzz_odd(random) * block_size);

	if (fuzz_random(random, 2))
		memcpy(value + offsetof(struct mtdl_media_manifest_layer, address), &address, 8);
	if (fuzz_random(random, 2))
		memcpy(value + offsetof(struct mtdl_media_manifest_layer, capacity), &capacity, 8);
}

/* What bytes alone seldom do: records come, go and change their order, layers their size. */
static size_t mutate_records(u8 *bytes, size_t size, size_t room, u32 *random)
{
	size_t span = 0, at = pick_record(bytes, size, random, &span);
	size_t fields = sizeof(struct mtdl_media_record) + sizeof(struct mtdl_media_manifest_layer);

	if (!at)
		return LLVMFuzzerMutate(bytes, size, room);
	switch (fuzz_random(random, 5)) {
	case 0:
		if (room - size < span)
			return size;
		memmove(bytes + at + span, bytes + at, size - at);
		bytes[at + sizeof(struct mtdl_media_record)]++;	/* another name */
		return size + span;
	case 1:
		memmove(bytes + at, bytes + at + span, size - at - span);
		return size - span;
	case 2:
		if (span >= fields)
			fuzz_put32(bytes + at + 4 * fuzz_random(random, (u32)fields / 4),
				   fuzz_odd(random));
		return size;
	case 3:
		if (span >= fields)
			move_slot(bytes, at, random);
		return size;
	default:
		return resize_layer(bytes, size, room, at, span, random);
	}
}

size_t fuzz_mutate_manifest(u8 *bytes, size_t size, size_t room, u32 *random)
{
	u32 how = fuzz_random(random, 8);

	if (how < 4 && size > sizeof(struct mtdl_media_manifest))
		size = mutate_records(bytes, size, room, random);
	else if (how == 4 && size >= sizeof(struct mtdl_media_manifest))
		LLVMFuzzerMutate(bytes, sizeof(struct mtdl_media_manifest),
				 sizeof(struct mtdl_media_manifest));
	else
		size = LLVMFuzzerMutate(bytes, size, room);
	if (fuzz_random(random, 4))
		repair_count(bytes, size);
	if (fuzz_random(random, 8))
		fuzz_repair_manifest(bytes, size);
	return size;
}

static struct built_release *build(const char *version, u32 start, u32 block_size, u32 counter,
				   const struct build_layer *from, u32 count)
{
	struct build_options options = {
		.block_size = block_size,
		.release = version,
		.security_counter = counter,
	};
	struct build_layer layers[MTDL_LAYERS_MAX];

	for (u32 i = 0; i < count; i++) {
		layers[i] = from[i];
		layers[i].slot_start += start;
	}
	return build_release(&options, layers, count);
}

struct fuzz_variant fuzz_variant(u32 number, u32 start, u32 block_size)
{
	const u32 b = block_size;
	const struct build_layer base[] = {
		{ "boot", 0, 2, 0, b + 7, 1 }, { "system", 2, 3, 0, 2 * b + 100, 2 },
		{ "app", 5, 2, 0, b, 3 },
	}, changed[] = {
		{ "boot", 0, 2, 0, b + 7, 1 }, { "system", 2, 3, 0, 2 * b + 100, 12 },
		{ "app", 5, 2, 0, 4 * b - 1, 13 },
	}, policies[] = {
		{ "boot", 0, 2, MTDL_POLICY_PINNED, b + 7, 21 },
		{ "system", 2, 3, MTDL_POLICY_LAZY | MTDL_POLICY_POINT, 2 * b, 22 },
		{ "app", 5, 2, MTDL_POLICY_IN_PLACE | MTDL_POLICY_OVERFLOW_MOVE, 3 * b, 23 },
		{ "data", 8, 1, MTDL_POLICY_OVERFLOW_REFUSE, 1, 24 },
	}, relayout[] = {
		{ "app", 0, 4, 0, b, 3 }, { "system", 4, 3, 0, 2 * b + 100, 2 },
	};
	static const u8 unknown[24] = "what nobody knows yet";
	struct fuzz_variant v = { 0 };

	switch (number) {
	case 0:
		return (struct fuzz_variant) { "base", build("1.0", start, b, 0, base, 3) };
	case 1:
		return (struct fuzz_variant) { "changed", build("2.0", start, b, 0, changed, 3) };
	case 2:
		return (struct fuzz_variant) { "policies", build("3.0", start, b, 1, policies, 4) };
	case 3:
		return (struct fuzz_variant) { "relayout", build("4.0", start, b, 0, relayout, 2) };
	case 4:
		v = (struct fuzz_variant) { "notes", build("5.0", start, b, 0, changed, 2) };
		build_record(v.release, MTDL_RECORD_NOTES, "notes\nfor people", 16);
		build_record(v.release, 77, unknown, sizeof(unknown));
		return v;
	default:
		return v;
	}
}

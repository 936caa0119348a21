/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers share: seeds, digests that fit again after a mutation, and a count of
 * the inputs that came through.
 */
#ifndef SELFTESTS_FUZZ_H
#define SELFTESTS_FUZZ_H

#include "build_release.h"

#define FUZZ_BLOCK	8192U	/* block size of the releases that seeds are made of */

/** The input shows a defect: say which, and end as libFuzzer expects it. */
#define fuzz_must(condition, ...)					\
	do {								\
		if (!(condition))					\
			fuzz_defect(#condition, __VA_ARGS__);		\
	} while (0)

__attribute__((format(printf, 2, 3), noreturn))
void fuzz_defect(const char *condition, const char *fmt, ...);

/** fuzz_seeds() - write this fuzzer's seeds; each fuzzer has its own */
void fuzz_seeds(const char *directory);

/** fuzz_seed() - write one seed */
void fuzz_seed(const char *directory, const char *name, const void *bytes, size_t size);

/** fuzz_accepted() - the input passed every check, so that what lies behind them was run */
void fuzz_accepted(void);

/** fuzz_random() - a number below @below, from the generator that the mutator was given */
u32 fuzz_random(u32 *random, u32 below);

/** fuzz_odd() - a number at which code that counts may stumble */
u32 fuzz_odd(u32 *random);

void fuzz_digest(const void *bytes, size_t size, u8 *digest);

u32 fuzz_get32(const u8 *at);
void fuzz_put32(u8 *at, u32 value);

/**
 * fuzz_mutate_manifest() - change a manifest somewhere, then make most of it fit again
 * @bytes: the manifest
 * @size: its bytes
 * @room: bytes that it may have
 * @random: state of the generator
 *
 * Return: its bytes now.
 */
size_t fuzz_mutate_manifest(u8 *bytes, size_t size, size_t room, u32 *random);

/** fuzz_repair_manifest() - root digests, and the length in the header, that fit the bytes */
void fuzz_repair_manifest(u8 *bytes, size_t size);

/** struct fuzz_variant - one of the releases that seeds are made of */
struct fuzz_variant {
	const char *name;
	struct built_release *release;
};

/** fuzz_variant() - build number @number, its slots from block @start on; name NULL: no more */
struct fuzz_variant fuzz_variant(u32 number, u32 start, u32 block_size);

size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max);

#endif

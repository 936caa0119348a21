// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulated flash itself: it refuses what it must, and its cells behave badly
 * in just the ways they should.
 */
#include <stdlib.h>

#include "unit.h"

static jmp_buf refused;
static char reason[256];

static void note_refusal(void *ctx, const char *what)
{
	(void)ctx;
	snprintf(reason, sizeof(reason), "%s", what);
	longjmp(refused, 1);
}

static struct simflash *new_sim(const struct simflash_shape *shape)
{
	struct simflash *sim = simflash_new(shape, 1);

	sim->fatal = note_refusal;
	return sim;
}

static int program(struct simflash *sim, u64 off, u8 with, u32 len)
{
	static u8 data[32768];

	memset(data, with, len);
	return sim->flash.ops->program(&sim->flash, off, data, len);
}

static int erase(struct simflash *sim, u64 off)
{
	return sim->flash.ops->erase(&sim->flash, off);
}

static u8 read_byte(struct simflash *sim, u64 off, int *err)
{
	u8 byte = 0;

	*err = sim->flash.ops->read(&sim->flash, off, &byte, 1);
	return byte;
}

#define MUST_REFUSE(call, words)					\
	do {								\
		reason[0] = '\0';					\
		if (!setjmp(refused)) {					\
			(void)(call);					\
			fail_msg("%s was not refused", #call);		\
		}							\
		if (!strstr(reason, words))				\
			fail_msg("%s: \"%s\"", #call, reason);		\
	} while (0)

static void test_refusals(void **state)
{
	struct simflash *nor = new_sim(&unit_nor), *spi = new_sim(&unit_spi_nor);
	struct simflash *nand = new_sim(&unit_nand);
	int err;

	(void)state;
	assert_int_equal(program(nor, 0, 0x0f, 10), 0);
	assert_int_equal(program(nor, 0, 0x0e, 10), 0);
	MUST_REFUSE(program(nor, 5, 0x1e, 1), "sets bits that are 0");
	MUST_REFUSE(program(nor, nor->flash.size - 1, 0, 2), "beyond the end");
	MUST_REFUSE(erase(nor, 1), "not aligned");
	MUST_REFUSE(read_byte(nor, nor->flash.size, &err), "beyond the end");
	assert_int_equal(program(spi, 32, 0, 16), 0);
	MUST_REFUSE(program(spi, 32, 0, 16), "programmed already");
	MUST_REFUSE(program(spi, 8, 0, 16), "not aligned");
	MUST_REFUSE(program(spi, 16, 0, 8), "not aligned");
	assert_int_equal(program(spi, 16, 0, 16), 0);
	assert_int_equal(program(nand, 4096, 0xff, 2048), 0);
	MUST_REFUSE(program(nand, 4096, 0xff, 2048), "programmed already");
	MUST_REFUSE(program(nand, 2048, 0, 2048), "programmed already");
	assert_int_equal(program(nand, 6144, 0, 4096), 0);
	nand->bad[3] = 1;
	MUST_REFUSE(erase(nand, 3 * 16384), "bad eraseblock 3");
	MUST_REFUSE(program(nand, 3 * 16384, 0, 2048), "bad eraseblock 3");
	nand->flash.read_only = true;
	MUST_REFUSE(erase(nand, 0), "read-only");
	simflash_free(nor);
	simflash_free(spi);
	simflash_free(nand);
}

static void test_counts_and_failures(void **state)
{
	struct simflash *sim = new_sim(&unit_nand);
	int err;

	(void)state;
	assert_int_equal(erase(sim, 16384), 0);
	assert_int_equal(program(sim, 16384, 1, 2048), 0);
	assert_int_equal(read_byte(sim, 16384, &err), 1);
	assert_int_equal(sim->count[1].erases, 1);
	assert_int_equal(sim->count[1].programs, 1);
	assert_int_equal(sim->count[1].reads, 1);
	assert_int_equal(sim->ops, 2);
	assert_int_equal(sim->bytes_programmed, 2048);
	sim->fail_program[1] = 1;
	assert_int_equal(program(sim, 16384 + 2048, 1, 2048), -EIO);
	MUST_REFUSE(program(sim, 16384 + 2048, 1, 2048), "unstable");
	sim->fail_erase[1] = 1;
	assert_int_equal(erase(sim, 16384), -EIO);
	MUST_REFUSE(program(sim, 16384, 1, 2048), "unstable");
	assert_int_equal(erase(sim, 16384), 0);
	assert_int_equal(program(sim, 16384, 1, 2048), 0);
	sim->read_error[1] = -EUCLEAN;
	assert_int_equal(read_byte(sim, 16384, &err), 1);
	assert_int_equal(err, -EUCLEAN);
	assert_int_equal(sim->flash.ops->mark_bad(&sim->flash, 16384), 0);
	assert_int_equal(sim->flash.ops->is_bad(&sim->flash, 16384), 1);
	simflash_free(sim);
}

/* Two flashes that were one do not see each other's changes. */
static void test_fork(void **state)
{
	struct simflash *a = new_sim(&unit_nor), *b;
	int err;

	(void)state;
	assert_int_equal(program(a, 100, 0x55, 4), 0);
	b = simflash_fork(a);
	assert_true(simflash_same(a, b));
	assert_int_equal(program(b, 200, 0x33, 4), 0);
	assert_false(simflash_same(a, b));
	assert_int_equal(read_byte(a, 200, &err), 0xff);
	assert_int_equal(read_byte(b, 200, &err), 0x33);
	assert_int_equal(erase(a, 0), 0);
	assert_int_equal(read_byte(b, 100, &err), 0x55);
	simflash_free(a);
	assert_int_equal(read_byte(b, 100, &err), 0x55);
	simflash_free(b);
}

/* What a byte that was to be programmed with 0 reads as: n: new, o: old, ?: either, !: -EBADMSG. */
struct behaviour {
	enum simflash_outcome outcome;
	const char *reads[2];	/* four reads after the first power-on, and after the second */
};

static const struct behaviour behaviours[] = {
	{ SIMFLASH_OLD, { "oooo", "oooo" } },
	{ SIMFLASH_NEW, { "nnnn", "nnnn" } },
	{ SIMFLASH_FLIP_OLD, { "onon", "onon" } },
	{ SIMFLASH_FLIP_NEW, { "nono", "nono" } },
	{ SIMFLASH_CYCLE_OLD, { "oooo", "nnnn" } },
	{ SIMFLASH_CYCLE_NEW, { "nnnn", "oooo" } },
	{ SIMFLASH_DECAY, { "nnnn", "????" } },
	{ SIMFLASH_MIXED, { "????", "????" } },
	{ SIMFLASH_RANDOM, { "????", "????" } },
	{ SIMFLASH_UNREADABLE, { "!!!!", "!!!!" } },
	{ SIMFLASH_CORRECTED, { "nnnn", "!!!!" } },
	{ SIMFLASH_SOMETIMES, { "!n!n", "!n!n" } },
};

static void check_behaviour(const struct behaviour *b, bool of_erase)
{
	struct simflash_cut cut = { SIMFLASH_TORN, SIMFLASH_TEAR_START, b->outcome, 9,
				    b->outcome };
	struct simflash *sim = new_sim(&unit_nand);
	u32 cycle, i;

	if (of_erase)
		assert_int_equal(program(sim, 0, 0, 2048), 0);
	sim->cut_at = sim->ops + 1;
	sim->cut = cut;
	assert_int_equal(of_erase ? erase(sim, 0) : program(sim, 0, 0, 2048), -EIO);
	assert_true(sim->off);
	assert_int_equal(erase(sim, 0), -EIO);
	assert_false(simflash_stable(sim, 0, 2048));
	for (cycle = 0; cycle < 2; cycle++) {
		simflash_power_on(sim);
		for (i = 0; i < 4; i++) {
			int err;
			u8 byte = read_byte(sim, 0, &err);
			char expected = b->reads[cycle][i];
			u8 new_byte = of_erase ? 0xff : 0;

			if (expected == 'n')
				assert_int_equal(byte, new_byte);
			else if (expected == 'o')
				assert_int_equal(byte, (u8)~new_byte);
			assert_int_equal(err == -EBADMSG, expected == '!');
		}
	}
	MUST_REFUSE(program(sim, 0, 0, 2048), "unstable");
	assert_int_equal(erase(sim, 0), 0);
	assert_true(simflash_stable(sim, 0, 16384));
	assert_int_equal(program(sim, 0, 0, 2048), 0);
	simflash_free(sim);
}

static void test_outcomes(void **state)
{
	u32 i;

	(void)state;
	assert_int_equal(sizeof(behaviours) / sizeof(behaviours[0]), SIMFLASH_OUTCOMES);
	for (i = 0; i < SIMFLASH_OUTCOMES; i++) {
		check_behaviour(&behaviours[i], false);
		check_behaviour(&behaviours[i], true);
	}
}

/* Random cells do differ from read to read, and a seed decides how. */
static void test_random(void **state)
{
	u8 seen[2][64];
	u32 run, i;

	(void)state;
	for (run = 0; run < 2; run++) {
		struct simflash_cut cut = { SIMFLASH_TORN, SIMFLASH_TEAR_START,
					    SIMFLASH_RANDOM, 9, SIMFLASH_RANDOM };
		struct simflash *sim = new_sim(&unit_nor);
		bool differs = false;

		sim->cut_at = 1;
		sim->cut = cut;
		assert_int_equal(program(sim, 0, 0, 64), -EIO);
		simflash_power_on(sim);
		for (i = 0; i < 64; i++) {
			int err;

			seen[run][i] = read_byte(sim, 0, &err);
			differs |= seen[run][i] != seen[run][0];
		}
		assert_true(differs);
		simflash_free(sim);
	}
	assert_memory_equal(seen[0], seen[1], 64);
}

/* How much of a torn program is good, unstable, untouched. */
static void test_tears(void **state)
{
	static const u32 good[] = { 0, 512, 960 }, torn[] = { 1024, 64, 64 };
	u32 tear;

	(void)state;
	for (tear = 0; tear < SIMFLASH_TEARS; tear++) {
		struct simflash_cut cut = { SIMFLASH_TORN, (enum simflash_tear)tear,
					    SIMFLASH_NEW, 9, SIMFLASH_NEW };
		struct simflash *sim = new_sim(&unit_nor);
		u32 end = good[tear] + torn[tear];
		int err;

		sim->cut_at = 1;
		sim->cut = cut;
		assert_int_equal(program(sim, 0, 0, 1024), -EIO);
		simflash_power_on(sim);
		if (good[tear])
			assert_true(simflash_stable(sim, 0, good[tear]));
		assert_false(simflash_stable(sim, good[tear], 1));
		assert_false(simflash_stable(sim, end - 1, 1));
		if (end < 1024)
			assert_int_equal(read_byte(sim, end, &err), 0xff);
		assert_int_equal(read_byte(sim, end - 1, &err), 0);
		simflash_free(sim);
	}
}

/* An interrupted mark may be done again with the same bytes, and only when that is allowed. */
static void test_again(void **state)
{
	struct simflash_cut cut = { SIMFLASH_TORN, SIMFLASH_TEAR_START, SIMFLASH_RANDOM, 9,
				    SIMFLASH_RANDOM };
	struct simflash *sim = new_sim(&unit_nand);
	int err;

	(void)state;
	sim->cut_at = 1;
	sim->cut = cut;
	assert_int_equal(program(sim, 2048, 0, 2048), -EIO);
	simflash_power_on(sim);
	MUST_REFUSE(program(sim, 2048, 0, 2048), "unstable");
	sim->again = true;
	MUST_REFUSE(program(sim, 2048, 1, 2048), "unstable");
	MUST_REFUSE(program(sim, 0, 0, 2048), "programmed already");
	assert_int_equal(program(sim, 2048, 0, 2048), 0);
	assert_true(simflash_stable(sim, 2048, 2048));
	assert_int_equal(read_byte(sim, 2048, &err), 0);
	simflash_free(sim);
}

/* A boot loader may see what the system does not. */
static void test_readers(void **state)
{
	struct simflash_cut cut = { SIMFLASH_TORN, SIMFLASH_TEAR_START, SIMFLASH_OLD, 9,
				    SIMFLASH_NEW };
	struct simflash *sim = new_sim(&unit_nor);
	int err;

	(void)state;
	sim->cut_at = 1;
	sim->cut = cut;
	assert_int_equal(program(sim, 0, 0x11, 64), -EIO);
	simflash_power_on(sim);
	assert_int_equal(read_byte(sim, 0, &err), 0xff);
	sim->reader = SIMFLASH_LOADER;
	assert_int_equal(simflash_seen(sim, 0, 64), SIMFLASH_SEEN_BLANK);
	assert_int_equal(read_byte(sim, 0, &err), 0x11);
	assert_int_equal(simflash_seen(sim, 0, 64), SIMFLASH_SEEN_BLANK);
	simflash_free(sim);
}

/* One eraseblock wears out at its second operation of the kind, and no other. */
static struct simflash *worn(enum simflash_failure failure)
{
	struct simflash *sim = new_sim(&unit_nor);

	sim->wear = (struct simflash_wear) { failure, 1, 3, 1 };
	assert_int_equal(program(sim, 0, 0, 64), 0);
	assert_int_equal(erase(sim, 2 * unit_nor.erase_size), 0);
	assert_int_equal(program(sim, 2 * unit_nor.erase_size, 0, 64), 0);
	return sim;
}

static void test_wear(void **state)
{
	const u64 at = unit_nor.erase_size;
	struct simflash *sim = worn(SIMFLASH_FAILS_PROGRAM);
	int err;

	(void)state;
	assert_int_equal(program(sim, at, 0, 64), -EIO);
	assert_int_equal(erase(sim, at), 0);
	assert_int_equal(program(sim, at, 0, 64), -EIO);
	simflash_free(sim);
	sim = worn(SIMFLASH_FAILS_LATE);
	assert_int_equal(program(sim, at, 0, 64), -EIO);
	assert_int_equal(read_byte(sim, at + 63, &err), 0);
	simflash_free(sim);
	sim = worn(SIMFLASH_FAILS_ERASE);
	assert_int_equal(erase(sim, at), -EIO);
	assert_int_equal(erase(sim, at), -EIO);
	simflash_free(sim);
	sim = worn(SIMFLASH_FAILS_ONCE);
	assert_int_equal(program(sim, at, 0, 64), -EIO);
	assert_int_equal(erase(sim, at), 0);
	assert_int_equal(program(sim, at, 0, 64), 0);
	simflash_free(sim);
	sim = worn(SIMFLASH_IGNORES);
	assert_int_equal(program(sim, at, 0, 64), 0);
	assert_int_equal(read_byte(sim, at, &err), 0xff);
	simflash_free(sim);
}

/* The whole chip is locked, or out of order; its cells are not touched. */
static void test_trouble(void **state)
{
	struct simflash *sim = new_sim(&unit_nor);
	int err;

	(void)state;
	assert_int_equal(program(sim, 0, 0, 64), 0);
	sim->lock = SIMFLASH_LOCKED_SILENTLY;
	assert_int_equal(erase(sim, 0), 0);
	assert_int_equal(read_byte(sim, 0, &err), 0);
	sim->lock = SIMFLASH_LOCKED;
	assert_int_equal(erase(sim, 0), -EIO);
	sim->lock = SIMFLASH_UNLOCKED;
	sim->trouble = -ETIMEDOUT;
	assert_int_equal(erase(sim, 0), -ETIMEDOUT);
	read_byte(sim, 0, &err);
	assert_int_equal(err, -ETIMEDOUT);
	sim->trouble = 0;
	assert_int_equal(read_byte(sim, 0, &err), 0);
	assert_int_equal(erase(sim, 0), 0);
	assert_int_equal(read_byte(sim, 0, &err), 0xff);
	simflash_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_counts_and_failures),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_tears),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_wear),
		cmocka_unit_test(test_trouble),
	};

	return unit_run("simflash", tests);
}

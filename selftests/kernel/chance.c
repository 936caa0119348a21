// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chance that can be repeated: what begins with the same seed goes the same way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chance.h"

static u32 number_of(const char *name, u32 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

void chance_begin(struct chance *chance)
{
	u32 seed = number_of("MTDLAYER_SEED", 1);

	chance->state = (seed + 1ULL) * 0x9e3779b97f4a7c15ULL | 1;
	printf("# seed %u: MTDLAYER_SEED=%u goes the same way\n", seed, seed);
}

/* xorshift, multiplied: Vigna, "An experimental exploration of Marsaglia's xorshift generators" */
u64 chance_u64(struct chance *chance)
{
	chance->state ^= chance->state >> 12;
	chance->state ^= chance->state << 25;
	chance->state ^= chance->state >> 27;
	return chance->state * 0x2545f4914f6cdd1dULL;
}

struct chance chance_fork(const struct chance *chance, u32 number)
{
	struct chance other = { (chance->state ^ number * 0xd1342543de82ef95ULL) | 1 };

	chance_u64(&other);
	return other;
}

u32 chance_below(struct chance *chance, u32 limit)
{
	return (chance_u64(chance) >> 32) % limit;
}

bool chance_one_in(struct chance *chance, u32 n)
{
	return !chance_below(chance, n);
}

u32 chance_minutes(void)
{
	return number_of("MTDLAYER_MINUTES", 0);
}

double chance_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

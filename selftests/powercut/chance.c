// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left to chance, and in how many ways the power can go at one operation.
 */
#include "campaign.h"

static u64 scramble(u64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

u32 chance_draw(u64 a, u64 b)
{
	return (u32)scramble(scramble(a) ^ b);
}

static u32 name_seed(const char *name)
{
	u32 seed = 0;

	while (*name)
		seed = chance_draw(seed, (u8)*name++);
	return seed;
}

void chance_seeds(u32 seed, struct case_id *id)
{
	u32 i;

	seed = chance_draw(seed, name_seed(id->scenario.name));
	for (i = 0; i < id->cuts; i++) {
		const struct simflash_cut *cut = &id->cut[i];

		seed = chance_draw(seed, (u64)id->at[i] << 32 | (u32)cut->effect << 24 |
				   (u32)cut->tear << 16 | (u32)cut->outcome << 8 |
				   (u32)cut->loader);
		id->cut[i].seed = seed;
	}
}

static u32 outcomes(const struct scenario *s)
{
	return s->fleet->shape.kind == SIMFLASH_NAND ? SIMFLASH_OUTCOMES : SIMFLASH_OUTCOMES_NOR;
}

/* What a boot loader makes of torn cells, whatever the system makes of them. */
static const enum simflash_outcome loader_sees[] = {
	SIMFLASH_NEW, SIMFLASH_OLD, SIMFLASH_RANDOM,
};

static u32 readings(const struct scenario *s)
{
	return outcomes(s) * (s->loader ? 3 : 1);
}

u32 chance_variants(const struct scenario *scenario, const struct simflash_op *op)
{
	if (op->type == SIMFLASH_MARK_BAD)
		return 2;
	return 2 + readings(scenario) * (op->type == SIMFLASH_PROGRAM ? SIMFLASH_TEARS : 1);
}

struct simflash_cut chance_variant(const struct scenario *scenario, u32 number)
{
	struct simflash_cut cut = { .effect = SIMFLASH_TORN };
	u32 reading;

	if (number < 2) {
		cut.effect = number ? SIMFLASH_AFTER : SIMFLASH_BEFORE;
		return cut;
	}
	reading = (number - 2) % readings(scenario);
	cut.tear = (enum simflash_tear)((number - 2) / readings(scenario));
	cut.outcome = (enum simflash_outcome)(reading % outcomes(scenario));
	cut.loader = scenario->loader ? loader_sees[reading / outcomes(scenario)] : cut.outcome;
	return cut;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cells that a power cut may leave unstable.
 *
 * An eraseblock keeps the bytes that its operations meant to leave ("new"), and
 * a list of unstable ranges, each with the bytes that were there before ("old").
 * What a read of such a range returns is made of both, as its outcome says.
 */
#include <stdlib.h>

#include "simcells.h"

struct unstable {
	struct unstable *next;
	struct simcells_tear tear;
	u32 start;
	u32 len;
	u32 reads;		/* reads that touched it: what flips is their parity */
	u32 seen_cycle;		/* power-on of which @seen is true */
	u8 seen;
	bool program;		/* an interrupted program, not an erase */
	u8 old[];
};

/* @programmed has a byte for every write unit, except on NOR, where bits count. */
struct simflash_block {
	u32 refs;
	u32 size;
	u32 write_size;
	u32 next;		/* NAND: end of the last page programmed */
	struct unstable *unstable;
	u8 *programmed;
	u8 data[];
};

static void *must_alloc(size_t bytes)
{
	void *p = calloc(1, bytes);

	if (!p)
		abort();
	return p;
}

struct simflash_block *simcells_new(const struct simflash_shape *shape)
{
	u32 units = shape->erase_size / shape->write_size;
	bool tracked = shape->kind != SIMFLASH_NOR;
	struct simflash_block *block;

	block = must_alloc(sizeof(*block) + shape->erase_size + (tracked ? units : 0));
	block->refs = 1;
	block->size = shape->erase_size;
	block->write_size = shape->write_size;
	block->programmed = tracked ? block->data + shape->erase_size : NULL;
	memset(block->data, 0xff, shape->erase_size);
	return block;
}

struct simflash_block *simcells_get(struct simflash_block *block)
{
	block->refs++;
	return block;
}

static void forget_unstable(struct simflash_block *block)
{
	while (block->unstable) {
		struct unstable *u = block->unstable;

		block->unstable = u->next;
		free(u);
	}
}

void simcells_put(struct simflash_block *block)
{
	if (--block->refs)
		return;
	forget_unstable(block);
	free(block);
}

static struct unstable *copy_unstable(const struct unstable *u)
{
	struct unstable *copy = must_alloc(sizeof(*u) + u->len);

	memcpy(copy, u, sizeof(*u) + u->len);
	return copy;
}

/* Make the eraseblock this flash's own, so that it can change. */
static struct simflash_block *own(struct simflash_block **block,
				  const struct simflash_shape *shape)
{
	struct simflash_block *shared = *block, *copy;
	struct unstable *u, **tail;

	if (shared->refs == 1)
		return shared;
	copy = simcells_new(shape);
	copy->next = shared->next;
	memcpy(copy->data, shared->data, shape->erase_size);
	if (copy->programmed)
		memcpy(copy->programmed, shared->programmed,
		       shape->erase_size / shape->write_size);
	tail = &copy->unstable;
	for (u = shared->unstable; u; u = u->next) {
		*tail = copy_unstable(u);
		tail = &(*tail)->next;
	}
	*tail = NULL;
	simcells_put(shared);
	*block = copy;
	return copy;
}

u32 simcells_tear_granule(const struct simflash_shape *shape)
{
	if (shape->kind == SIMFLASH_NAND)
		return shape->write_size;
	return shape->write_size > 64 ? shape->write_size : 64;
}

static bool overlaps(const struct unstable *u, u32 start, u32 len)
{
	return u->start < start + len && start < u->start + u->len;
}

bool simcells_stable(const struct simflash_block *block, u32 start, u32 len)
{
	const struct unstable *u;

	for (u = block->unstable; u; u = u->next) {
		if (overlaps(u, start, len))
			return false;
	}
	return true;
}

void simcells_peek(const struct simflash_block *block, u32 start, u8 *to, u32 len)
{
	memcpy(to, block->data + start, len);
}

static u64 scramble(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

enum reading { READS_OLD, READS_NEW, READS_MIXTURE, READS_NOTHING };

static enum reading reading_of(const struct unstable *u, const struct simcells_reading *r)
{
	u32 age = r->cycle - u->tear.cycle;	/* 1 after the first power-on */
	bool odd_read = u->reads & 1;

	switch (u->tear.outcome[r->reader]) {
	case SIMFLASH_OLD:
		return READS_OLD;
	case SIMFLASH_NEW:
		return READS_NEW;
	case SIMFLASH_MIXED:
		return READS_MIXTURE;
	case SIMFLASH_RANDOM:
		return (enum reading)(r->draw % 3);
	case SIMFLASH_FLIP_OLD:
		return odd_read ? READS_NEW : READS_OLD;
	case SIMFLASH_FLIP_NEW:
		return odd_read ? READS_OLD : READS_NEW;
	case SIMFLASH_CYCLE_OLD:
		return age & 1 ? READS_OLD : READS_NEW;
	case SIMFLASH_CYCLE_NEW:
		return age & 1 ? READS_NEW : READS_OLD;
	case SIMFLASH_DECAY:
		return age <= 1 ? READS_NEW : READS_MIXTURE;
	case SIMFLASH_CORRECTED:
		return age <= 1 ? READS_NEW : READS_NOTHING;
	case SIMFLASH_SOMETIMES:
		return odd_read ? READS_NEW : READS_NOTHING;
	default:
		return READS_NOTHING;
	}
}

/* What the reading looks like to a system that expects snapshots there. */
static void note_reading(struct unstable *u, enum reading reading,
			 const struct simcells_reading *r)
{
	enum reading whole = u->program ? READS_NEW : READS_OLD;
	enum reading blank = u->program ? READS_OLD : READS_NEW;

	u->reads++;
	if (r->reader != SIMFLASH_SYSTEM)
		return;
	if (u->seen_cycle != r->cycle)
		u->seen = 0;
	u->seen_cycle = r->cycle;
	if (reading == whole)
		u->seen |= SIMFLASH_SEEN_WHOLE;
	else if (reading == blank)
		u->seen |= SIMFLASH_SEEN_BLANK;
	else
		u->seen |= SIMFLASH_SEEN_BROKEN;
}

u32 simcells_seen(const struct simflash_block *block, u32 start, u32 len, u32 cycle)
{
	const struct unstable *u;
	u32 seen = 0;

	for (u = block->unstable; u; u = u->next) {
		if (overlaps(u, start, len))
			seen |= u->seen_cycle == cycle && u->seen ? u->seen :
				SIMFLASH_SEEN_NEVER;
	}
	return seen;
}

/* Replace what @to got of the range by what its cells read as this time. */
static void overlay(const struct unstable *u, enum reading reading, u32 start, u8 *to, u32 len,
		    const struct simcells_reading *r)
{
	enum simflash_outcome outcome = u->tear.outcome[r->reader];

	u32 from = u->start > start ? u->start : start;
	u32 end = u->start + u->len < start + len ? u->start + u->len : start + len;
	u64 draw = r->draw;
	u32 i;

	if (reading == READS_NEW)
		return;
	if (outcome == SIMFLASH_MIXED || outcome == SIMFLASH_DECAY)
		draw = u->tear.seed;
	for (i = from; i < end; i++) {
		u8 old = u->old[i - u->start];
		u8 keep = 0xff;

		if (reading == READS_MIXTURE)
			keep = (u8)(scramble(draw + i / 8) >> i % 8 * 8);
		to[i - start] = (u8)((old & keep) | (to[i - start] & ~keep));
	}
}

int simcells_read(struct simflash_block **block, const struct simflash_shape *shape,
		  u32 start, u8 *to, u32 len, const struct simcells_reading *r)
{
	struct simflash_block *b = *block;
	struct unstable *u;
	int result = 0;

	memcpy(to, b->data + start, len);
	if (!b->unstable || simcells_stable(b, start, len))
		return 0;
	b = own(block, shape);
	for (u = b->unstable; u; u = u->next) {
		enum reading reading;

		if (!overlaps(u, start, len))
			continue;
		reading = reading_of(u, r);
		note_reading(u, reading, r);
		if (reading == READS_NOTHING) {
			memset(to, 0x5a, len);
			return -EBADMSG;
		}
		if (u->tear.outcome[r->reader] == SIMFLASH_CORRECTED)
			result = -EUCLEAN;
		overlay(u, reading, start, to, len, r);
	}
	return result;
}

/* Whether a mark may go there although cells are unstable: see struct simflash. */
static bool may_mark(const struct simflash_block *block, u32 start, const u8 *data, u32 len)
{
	const struct unstable *u;

	for (u = block->unstable; u; u = u->next) {
		if (overlaps(u, start, len) && u->program &&
		    (u->start < start || u->start + u->len > start + len ||
		     memcmp(block->data + start, data, len)))
			return false;
	}
	return true;
}

/*
 * Whether a page at or behind @at is programmed for certain.  Of those that a cut left
 * unstable nobody can know.
 */
static bool is_sound_behind(const struct simflash_block *block, u32 at)
{
	for (; at < block->next; at += block->write_size)
		if (block->programmed[at / block->write_size] &&
		    simcells_stable(block, at, block->write_size))
			return true;
	return false;
}

static const char *refuse_bits(const struct simflash_block *block, u32 start, const u8 *data,
			       u32 len)
{
	u32 i;

	for (i = 0; i < len; i++) {
		if (data[i] & ~block->data[start + i])
			return "sets bits that are 0: it was not erased";
	}
	return NULL;
}

const char *simcells_refuse(const struct simflash_block *block,
			    const struct simflash_shape *shape, u32 start, const u8 *data,
			    u32 len, bool again)
{
	bool stable = simcells_stable(block, start, len);
	u32 unit;

	if (!stable && again && may_mark(block, start, data, len))
		return shape->kind == SIMFLASH_NAND && is_sound_behind(block, start + len) ?
			"a page behind it is programmed already" : NULL;
	if (!stable)
		return "cells that a power cut left unstable were not erased";
	if (shape->kind == SIMFLASH_NOR)
		return refuse_bits(block, start, data, len);
	if (shape->kind == SIMFLASH_NAND && start < block->next)
		return "a page at or behind it is programmed already";
	for (unit = start / shape->write_size; unit < (start + len) / shape->write_size; unit++) {
		if (block->programmed[unit])
			return "a write unit is programmed already";
	}
	return NULL;
}

/* Stable from now on: whatever was programmed again. */
static void settle_range(struct simflash_block *block, u32 start, u32 len)
{
	struct unstable **link = &block->unstable;

	while (*link) {
		struct unstable *u = *link;

		if (u->start >= start && u->start + u->len <= start + len) {
			*link = u->next;
			free(u);
		} else {
			link = &u->next;
		}
	}
}

static void add_unstable(struct simflash_block *block, u32 start, u32 len, bool program,
			 const struct simcells_tear *tear)
{
	struct unstable *u = must_alloc(sizeof(*u) + len);

	u->tear = *tear;
	u->start = start;
	u->len = len;
	u->program = program;
	memcpy(u->old, block->data + start, len);
	u->next = block->unstable;
	block->unstable = u;
}

/* A mark in an eraseblock whose erase was interrupted shows, whatever else the cells say. */
static void show_through(struct simflash_block *block, u32 start, const u8 *data, u32 len)
{
	struct unstable *u;
	u32 i;

	for (u = block->unstable; u; u = u->next) {
		if (u->program || u->start > start || u->start + u->len < start + len)
			continue;
		for (i = 0; i < len; i++)
			u->old[start - u->start + i] &= data[i];
	}
}

void simcells_program(struct simflash_block **block, const struct simflash_shape *shape,
		      u32 start, const u8 *data, u32 len, const struct simcells_tear *tear)
{
	struct simflash_block *b = own(block, shape);
	u32 i;

	if (!tear) {
		settle_range(b, start, len);
		show_through(b, start, data, len);
	} else if (simcells_stable(b, start, len)) {
		add_unstable(b, start, len, true, tear);
	}
	/* torn again: as unstable as it was before */
	for (i = 0; i < len; i++)
		b->data[start + i] &= data[i];
	if (b->programmed)
		memset(b->programmed + start / shape->write_size, 1,
		       (len + shape->write_size - 1) / shape->write_size);
	if (b->next < start + len)
		b->next = start + len;
}

void simcells_erase(struct simflash_block **block, const struct simflash_shape *shape,
		    const struct simcells_tear *tear)
{
	struct simflash_block *b = own(block, shape);

	forget_unstable(b);
	if (tear)
		add_unstable(b, 0, shape->erase_size, false, tear);
	memset(b->data, 0xff, shape->erase_size);
	if (b->programmed)
		memset(b->programmed, 0, shape->erase_size / shape->write_size);
	b->next = 0;
}

void simcells_damage(struct simflash_block **block, const struct simflash_shape *shape,
		     u32 start, const u8 *bytes, u32 len)
{
	struct simflash_block *b = own(block, shape);

	memcpy(b->data + start, bytes, len);
	if (b->programmed)
		memset(b->programmed + start / shape->write_size, 1,
		       (len + shape->write_size - 1) / shape->write_size);
	if (b->next < start + len)
		b->next = (start + len + shape->write_size - 1) / shape->write_size *
			  shape->write_size;
}

static bool same_unstable(const struct unstable *a, const struct unstable *b)
{
	for (; a && b; a = a->next, b = b->next) {
		if (a->start != b->start || a->len != b->len ||
		    memcmp(&a->tear, &b->tear, sizeof(a->tear)) ||
		    memcmp(a->old, b->old, a->len))
			return false;
	}
	return !a && !b;
}

bool simcells_same(const struct simflash_block *a, const struct simflash_block *b,
		   const struct simflash_shape *shape)
{
	return a == b || (!memcmp(a->data, b->data, shape->erase_size) &&
			  same_unstable(a->unstable, b->unstable));
}

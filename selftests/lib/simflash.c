// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The strict simulated flash's operations: read, program, erase.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "simcells.h"
#include "simflash.h"

__attribute__((format(printf, 2, 3), noreturn))
static void fatal(struct simflash *sim, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (sim->fatal)
		sim->fatal(sim->ctx, what);
	fprintf(stderr, "simulated flash: %s\n", what);
	abort();
}

static struct simflash *from_flash(struct mtdl_flash *flash)
{
	return (struct simflash *)((char *)flash - offsetof(struct simflash, flash));
}

static void check_range(struct simflash *sim, const char *verb, u64 off, u64 len, u32 unit)
{
	if (off > sim->flash.size || len > sim->flash.size - off)
		fatal(sim, "%s of %llu bytes at %llu goes beyond the end at %llu", verb,
		      (unsigned long long)len, (unsigned long long)off,
		      (unsigned long long)sim->flash.size);
	if (off % unit || len % unit)
		fatal(sim, "%s of %llu bytes at %llu is not aligned to %u", verb,
		      (unsigned long long)len, (unsigned long long)off, unit);
	if (!len)
		fatal(sim, "%s of nothing at %llu", verb, (unsigned long long)off);
}

static u64 next_random(struct simflash *sim)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 7;
	sim->random ^= sim->random << 17;
	return sim->random;
}

static int sim_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	struct simflash *sim = from_flash(flash);
	u32 erase_size = sim->shape.erase_size;
	struct simcells_reading reading = { .reader = sim->reader, .cycle = sim->cycle };
	u8 *to = buf;
	int result = 0;

	check_range(sim, "read", off, len, 1);
	sim->reads++;
	if (sim->off)
		return -EIO;
	if (sim->trouble)
		return sim->trouble;
	while (len) {
		u32 block = (u32)(off / erase_size);
		u32 start = (u32)(off % erase_size);
		u32 bytes = len < erase_size - start ? len : erase_size - start;
		int err = sim->read_error[block];

		sim->count[block].reads++;
		if (err && err != -EUCLEAN)
			return err;
		reading.draw = next_random(sim);
		if (!err)
			err = simcells_read(&sim->blocks[block], &sim->shape, start, to, bytes,
					    &reading);
		else
			simcells_peek(sim->blocks[block], start, to, bytes);
		if (err == -EBADMSG)
			return err;
		if (err)
			result = err;
		off += bytes;
		to += bytes;
		len -= bytes;
	}
	return result;
}

/* Whether the operation reports success and does nothing. */
static bool is_ignored(const struct simflash *sim, u32 block)
{
	return sim->lock == SIMFLASH_LOCKED_SILENTLY || sim->failure[block] == SIMFLASH_IGNORES;
}

/* The cells of a program, eraseblock by eraseblock. */
static void do_program(struct simflash *sim, const struct simflash_op *op, u32 len,
		       const struct simcells_tear *tear)
{
	u32 erase_size = sim->shape.erase_size;
	u64 off = op->off;
	const u8 *data = op->data;

	while (len) {
		u32 start = (u32)(off % erase_size);
		u32 bytes = len < erase_size - start ? len : erase_size - start;
		u32 block = (u32)(off / erase_size);

		if (!is_ignored(sim, block))
			simcells_program(&sim->blocks[block], &sim->shape, start, data, bytes,
					 tear);
		off += bytes;
		data += bytes;
		len -= bytes;
	}
}

static void tear_program(struct simflash *sim, const struct simflash_op *op,
			 const struct simflash_cut *cut)
{
	struct simcells_tear tear = { { cut->outcome, cut->loader }, sim->cycle, cut->seed };
	u32 granule = simcells_tear_granule(&sim->shape);
	struct simflash_op rest = *op;
	u32 good = 0, torn;

	if (cut->tear == SIMFLASH_TEAR_MIDDLE)
		good = op->len / 2;
	else if (cut->tear == SIMFLASH_TEAR_END)
		good = op->len - 1;
	good -= good % granule;
	torn = op->len - good;
	if (torn > granule && (cut->tear != SIMFLASH_TEAR_START ||
			       sim->shape.kind == SIMFLASH_NAND))
		torn = granule;
	do_program(sim, op, good, NULL);
	rest.off += good;
	rest.data += good;
	do_program(sim, &rest, torn, &tear);
}

void simflash_tear(struct simflash *sim, const struct simflash_op *op,
		   const struct simflash_cut *cut)
{
	struct simcells_tear tear = { { cut->outcome, cut->loader }, sim->cycle, cut->seed };
	struct simflash_block **block = &sim->blocks[op->off / sim->shape.erase_size];

	sim->off = true;
	if (cut->effect == SIMFLASH_BEFORE ||
	    (op->type == SIMFLASH_ERASE &&
	     is_ignored(sim, (u32)(op->off / sim->shape.erase_size))))
		return;
	if (op->type == SIMFLASH_MARK_BAD)
		sim->bad[op->off / sim->shape.erase_size] = 1;
	else if (op->type == SIMFLASH_ERASE)
		simcells_erase(block, &sim->shape,
			       cut->effect == SIMFLASH_TORN ? &tear : NULL);
	else if (cut->effect == SIMFLASH_TORN)
		tear_program(sim, op, cut);
	else
		do_program(sim, op, op->len, NULL);
}

/* An eraseblock whose time has come: it fails from this operation on. */
static void wear_out(struct simflash *sim, const struct simflash_op *op)
{
	u32 block = (u32)(op->off / sim->shape.erase_size);
	enum simflash_op_type hit = sim->wear.failure == SIMFLASH_FAILS_ERASE ? SIMFLASH_ERASE :
									SIMFLASH_PROGRAM;

	if (!sim->wear.failure || op->type != hit || block < sim->wear.from ||
	    block >= sim->wear.to)
		return;
	if (sim->wear.after--)
		return;
	if (sim->wear.failure == SIMFLASH_FAILS_ONCE)
		sim->fail_program[block] = 1;
	else
		sim->failure[block] = (u8)sim->wear.failure;
	sim->wear.failure = SIMFLASH_WORKS;
}

/* What every changing operation begins with; -EIO when the power is off, or goes. */
static int begin_op(struct simflash *sim, const struct simflash_op *op)
{
	if (sim->flash.read_only)
		fatal(sim, "the flash is read-only and was to be changed at %llu",
		      (unsigned long long)op->off);
	if (sim->off)
		return -EIO;
	sim->ops++;
	if (sim->observe)
		sim->observe(sim->ctx, sim, op);
	if (sim->ops == sim->cut_at) {
		simflash_tear(sim, op, &sim->cut);
		return -EIO;
	}
	wear_out(sim, op);
	if (sim->lock == SIMFLASH_LOCKED)
		return -EIO;
	return sim->trouble;
}

static void check_programmable(struct simflash *sim, const struct simflash_op *op)
{
	u32 erase_size = sim->shape.erase_size;
	u64 off = op->off, end = op->off + op->len;
	const u8 *data = op->data;

	while (off < end) {
		u32 start = (u32)(off % erase_size);
		u32 bytes = end - off < erase_size - start ? (u32)(end - off) :
							     erase_size - start;
		u32 block = (u32)(off / erase_size);
		const char *problem = is_ignored(sim, block) ? NULL :
				      simcells_refuse(sim->blocks[block], &sim->shape, start,
						      data, bytes, sim->again);

		if (problem)
			fatal(sim, "program of %u bytes at %llu (eraseblock %u, byte %u): %s",
			      bytes, (unsigned long long)off, (u32)(off / erase_size), start,
			      problem);
		off += bytes;
		data += bytes;
	}
}

/* Whether the cells fail; then a part of the program may have reached them. */
static bool program_fails(struct simflash *sim, const struct simflash_op *op, u32 block)
{
	bool late = sim->failure[block] == SIMFLASH_FAILS_LATE;
	struct simflash_cut failed = {
		.effect = SIMFLASH_TORN,
		.tear = late ? SIMFLASH_TEAR_END : SIMFLASH_TEAR_MIDDLE,
		.outcome = late ? SIMFLASH_NEW : SIMFLASH_MIXED,
		.loader = late ? SIMFLASH_NEW : SIMFLASH_MIXED,
		.seed = sim->ops,
	};

	if (!sim->fail_program[block] && !late && sim->failure[block] != SIMFLASH_FAILS_PROGRAM)
		return false;
	if (sim->fail_program[block] && sim->fail_program[block] != SIMFLASH_FOR_EVER)
		sim->fail_program[block]--;
	tear_program(sim, op, &failed);
	return true;
}

static int sim_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	struct simflash *sim = from_flash(flash);
	struct simflash_op op = { SIMFLASH_PROGRAM, off, len, buf };
	u32 block = (u32)(off / sim->shape.erase_size);
	int err;

	check_range(sim, "program", off, len, sim->shape.write_size);
	if (!sim->off) {
		if (sim->bad[block])
			fatal(sim, "program of the bad eraseblock %u", block);
		check_programmable(sim, &op);
	}
	err = begin_op(sim, &op);
	if (err)
		return err;
	sim->count[block].programs++;
	if (program_fails(sim, &op, block))
		return -EIO;
	do_program(sim, &op, len, NULL);
	sim->bytes_programmed += len;
	return 0;
}

static int sim_erase(struct mtdl_flash *flash, u64 off)
{
	struct simflash *sim = from_flash(flash);
	struct simflash_op op = { SIMFLASH_ERASE, off, sim->shape.erase_size, NULL };
	u32 block = (u32)(off / sim->shape.erase_size);
	int err;

	check_range(sim, "erase", off, sim->shape.erase_size, sim->shape.erase_size);
	if (!sim->off && sim->bad[block])
		fatal(sim, "erase of the bad eraseblock %u", block);
	err = begin_op(sim, &op);
	if (err)
		return err;
	sim->count[block].erases++;
	if (is_ignored(sim, block))
		return 0;
	if (sim->fail_erase[block] || sim->failure[block] == SIMFLASH_FAILS_ERASE) {
		struct simcells_tear failed = { { SIMFLASH_MIXED, SIMFLASH_MIXED }, sim->cycle,
						sim->ops };

		if (sim->fail_erase[block] && sim->fail_erase[block] != SIMFLASH_FOR_EVER)
			sim->fail_erase[block]--;
		simcells_erase(&sim->blocks[block], &sim->shape, &failed);
		return -EIO;
	}
	simcells_erase(&sim->blocks[block], &sim->shape, NULL);
	return 0;
}

static int sim_is_bad(struct mtdl_flash *flash, u64 off)
{
	struct simflash *sim = from_flash(flash);

	check_range(sim, "bad-block look-up", off, 1, 1);
	if (sim->off || sim->trouble)
		return sim->off ? -EIO : sim->trouble;
	return sim->bad[off / sim->shape.erase_size];
}

static int sim_mark_bad(struct mtdl_flash *flash, u64 off)
{
	struct simflash *sim = from_flash(flash);
	struct simflash_op op = { SIMFLASH_MARK_BAD, off, 0, NULL };
	int err;

	check_range(sim, "bad-block mark", off, 1, 1);
	err = begin_op(sim, &op);
	if (err)
		return err;
	sim->bad[off / sim->shape.erase_size] = 1;
	return 0;
}

static const struct mtdl_flash_ops sim_ops = {
	.read = sim_read,
	.program = sim_program,
	.erase = sim_erase,
	.is_bad = sim_is_bad,
	.mark_bad = sim_mark_bad,
};

static const struct mtdl_flash_ops sim_read_only_ops = {
	.read = sim_read,
	.is_bad = sim_is_bad,
};

static void *copy_of(const void *from, size_t bytes)
{
	void *to = malloc(bytes);

	if (!to)
		abort();
	memcpy(to, from, bytes);
	return to;
}

struct simflash *simflash_new(const struct simflash_shape *shape, u32 seed)
{
	struct simflash *sim = calloc(1, sizeof(*sim));
	u32 n = shape->blocks, i;

	if (!sim)
		abort();
	sim->flash.ops = &sim_ops;
	sim->flash.size = (u64)shape->erase_size * n;
	sim->flash.erase_size = shape->erase_size;
	sim->flash.write_size = shape->write_size;
	sim->flash.can_have_bad_blocks = shape->kind == SIMFLASH_NAND;
	sim->shape = *shape;
	sim->random = 0x9e3779b97f4a7c15ULL ^ ((u64)seed << 20);
	sim->count = calloc(n, sizeof(*sim->count));
	sim->bad = calloc(n, 1);
	sim->fail_program = calloc(n, 1);
	sim->fail_erase = calloc(n, 1);
	sim->failure = calloc(n, 1);
	sim->read_error = calloc(n, sizeof(*sim->read_error));
	sim->blocks = calloc(n, sizeof(struct simflash_block *));
	if (!sim->count || !sim->bad || !sim->fail_program || !sim->fail_erase ||
	    !sim->failure || !sim->read_error || !sim->blocks)
		abort();
	for (i = 0; i < n; i++)
		sim->blocks[i] = i ? simcells_get(sim->blocks[0]) : simcells_new(shape);
	return sim;
}

struct simflash *simflash_fork(const struct simflash *sim)
{
	struct simflash *copy = copy_of(sim, sizeof(*sim));
	u32 n = sim->shape.blocks, i;

	copy->count = copy_of(sim->count, n * sizeof(*sim->count));
	copy->bad = copy_of(sim->bad, n);
	copy->fail_program = copy_of(sim->fail_program, n);
	copy->fail_erase = copy_of(sim->fail_erase, n);
	copy->failure = copy_of(sim->failure, n);
	copy->read_error = copy_of(sim->read_error, n * sizeof(*sim->read_error));
	copy->blocks = copy_of(sim->blocks, n * sizeof(struct simflash_block *));
	for (i = 0; i < n; i++)
		simcells_get(copy->blocks[i]);
	return copy;
}

void simflash_free(struct simflash *sim)
{
	u32 i;

	if (!sim)
		return;
	for (i = 0; i < sim->shape.blocks; i++)
		simcells_put(sim->blocks[i]);
	free(sim->count);
	free(sim->bad);
	free(sim->fail_program);
	free(sim->fail_erase);
	free(sim->failure);
	free(sim->read_error);
	free(sim->blocks);
	free(sim);
}

void simflash_set_read_only(struct simflash *sim)
{
	sim->flash.ops = &sim_read_only_ops;
	sim->flash.read_only = true;
}

void simflash_power_on(struct simflash *sim)
{
	sim->off = false;
	sim->cycle++;
}

void simflash_damage(struct simflash *sim, u64 off, const void *bytes, u32 len)
{
	check_range(sim, "damage", off, len, 1);
	simcells_damage(&sim->blocks[off / sim->shape.erase_size], &sim->shape,
			(u32)(off % sim->shape.erase_size), bytes, len);
}

void simflash_load(struct simflash *sim, u32 block, const u8 *bytes)
{
	u32 unit = sim->shape.kind == SIMFLASH_NOR ? 1 : sim->shape.write_size, at, i;

	simcells_erase(&sim->blocks[block], &sim->shape, NULL);
	for (at = 0; at < sim->shape.erase_size; at += unit) {
		for (i = 0; i < unit && bytes[at + i] == 0xff; i++)
			;
		if (i < unit)
			simcells_program(&sim->blocks[block], &sim->shape, at, bytes + at, unit,
					 NULL);
	}
}

void simflash_peek(const struct simflash *sim, u64 off, void *buf, u32 len)
{
	u32 erase_size = sim->shape.erase_size;
	u8 *to = buf;

	while (len) {
		u32 start = (u32)(off % erase_size);
		u32 bytes = len < erase_size - start ? len : erase_size - start;

		simcells_peek(sim->blocks[off / erase_size], start, to, bytes);
		off += bytes;
		to += bytes;
		len -= bytes;
	}
}

bool simflash_stable(const struct simflash *sim, u64 off, u32 len)
{
	u32 erase_size = sim->shape.erase_size;

	while (len) {
		u32 start = (u32)(off % erase_size);
		u32 bytes = len < erase_size - start ? len : erase_size - start;

		if (!simcells_stable(sim->blocks[off / erase_size], start, bytes))
			return false;
		off += bytes;
		len -= bytes;
	}
	return true;
}

u32 simflash_seen(const struct simflash *sim, u64 off, u32 len)
{
	u32 erase_size = sim->shape.erase_size;
	u32 seen = 0;

	while (len) {
		u32 start = (u32)(off % erase_size);
		u32 bytes = len < erase_size - start ? len : erase_size - start;

		seen |= simcells_seen(sim->blocks[off / erase_size], start, bytes, sim->cycle);
		off += bytes;
		len -= bytes;
	}
	return seen;
}

bool simflash_same(const struct simflash *a, const struct simflash *b)
{
	u32 i;

	for (i = 0; i < a->shape.blocks; i++) {
		if (a->bad[i] != b->bad[i] ||
		    !simcells_same(a->blocks[i], b->blocks[i], &a->shape))
			return false;
	}
	return true;
}

const char *simflash_outcome_name(enum simflash_outcome outcome)
{
	static const char * const names[SIMFLASH_OUTCOMES] = {
		[SIMFLASH_OLD] = "old",
		[SIMFLASH_NEW] = "new",
		[SIMFLASH_MIXED] = "mixed",
		[SIMFLASH_RANDOM] = "random",
		[SIMFLASH_FLIP_OLD] = "flip-old",
		[SIMFLASH_FLIP_NEW] = "flip-new",
		[SIMFLASH_CYCLE_OLD] = "cycle-old",
		[SIMFLASH_CYCLE_NEW] = "cycle-new",
		[SIMFLASH_DECAY] = "decay",
		[SIMFLASH_UNREADABLE] = "unreadable",
		[SIMFLASH_CORRECTED] = "corrected",
		[SIMFLASH_SOMETIMES] = "sometimes",
	};

	return outcome < SIMFLASH_OUTCOMES ? names[outcome] : "?";
}

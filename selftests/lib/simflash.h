/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict simulated flash in memory: it refuses what real flash would not do,
 * and after a power cut its cells behave as badly as real ones may.
 *
 * Programming what is not erased, out of page order, misaligned or beyond the
 * end is a defect of the caller and ends the test.  A program or erase that the
 * power cut tears leaves *unstable* cells: what they read as may differ from
 * read to read and from one power-on to the next, until they are erased.  The
 * simulator knows which cells are unstable; the code under test does not.
 *
 * Two readers may see such cells in two ways: a boot loader, and the system that it
 * starts.  Eraseblocks can wear out, in a way that is told or in silence; and
 * the whole chip can be out of order for a while, which is not its cells' fault.
 *
 * Copies (simflash_fork()) share eraseblocks until one of them changes, so that
 * a campaign can keep the flash as it was before every single operation.
 */
#ifndef SELFTESTS_SIMFLASH_H
#define SELFTESTS_SIMFLASH_H

#include "flash.h"

enum simflash_kind {
	SIMFLASH_NOR,		/* write size 1, bits may be cleared in several goes */
	SIMFLASH_SPI_NOR,	/* with ECC: every write unit is programmed once */
	SIMFLASH_NAND,		/* pages are programmed once, in ascending order */
};

enum simflash_op_type {
	SIMFLASH_PROGRAM,
	SIMFLASH_ERASE,
	SIMFLASH_MARK_BAD,
};

/** struct simflash_op - one operation that changes the flash */
struct simflash_op {
	enum simflash_op_type type;
	u64 off;
	u32 len;
	const u8 *data;		/* of a program */
};

/** When the power goes, seen from the operation that it hits. */
enum simflash_effect {
	SIMFLASH_BEFORE,
	SIMFLASH_TORN,
	SIMFLASH_AFTER,
};

/** How far a torn program had come (an erase hits all its cells at once). */
enum simflash_tear {
	SIMFLASH_TEAR_START,	/* all of it is unstable (NAND: its first page) */
	SIMFLASH_TEAR_MIDDLE,	/* the first half is good, a write buffer's worth unstable */
	SIMFLASH_TEAR_END,	/* all but the last write buffer is good */
	SIMFLASH_TEARS,
};

/** What torn cells read as: "old" as before the operation, "new" as if it had ended. */
enum simflash_outcome {
	SIMFLASH_OLD,
	SIMFLASH_NEW,
	SIMFLASH_MIXED,		/* always the same mixture of both */
	SIMFLASH_RANDOM,	/* old, new or a mixture, drawn at every read */
	SIMFLASH_FLIP_OLD,	/* old, new, old, ... from read to read */
	SIMFLASH_FLIP_NEW,	/* new, old, new, ... */
	SIMFLASH_CYCLE_OLD,	/* old until the next power-on, then new, ... */
	SIMFLASH_CYCLE_NEW,	/* new until the next power-on, then old, ... */
	SIMFLASH_DECAY,		/* new until the next power-on, a mixture from then on */
	SIMFLASH_UNREADABLE,	/* NAND: -EBADMSG */
	SIMFLASH_CORRECTED,	/* NAND: new with -EUCLEAN until the next power-on, then -EBADMSG */
	SIMFLASH_SOMETIMES,	/* NAND: -EBADMSG, new, -EBADMSG, ... from read to read */
	SIMFLASH_OUTCOMES,
};

#define SIMFLASH_OUTCOMES_NOR	SIMFLASH_UNREADABLE	/* those that a NOR can show */

/** Who reads. */
enum simflash_reader {
	SIMFLASH_SYSTEM,
	SIMFLASH_LOADER,
	SIMFLASH_READERS,
};

/**
 * struct simflash_cut - a power cut
 * @effect: when
 * @tear: how far a program had come
 * @outcome: what torn cells read as
 * @seed: of mixtures
 * @loader: what they read as to a boot loader
 */
struct simflash_cut {
	enum simflash_effect effect;
	enum simflash_tear tear;
	enum simflash_outcome outcome;
	u32 seed;
	enum simflash_outcome loader;
};

/** A chip that is write-protected. */
enum simflash_lock {
	SIMFLASH_UNLOCKED,
	SIMFLASH_LOCKED_SILENTLY,	/* programs and erases report success, and do nothing */
	SIMFLASH_LOCKED,		/* they report -EIO */
};

/** How an eraseblock fails from some operation on. */
enum simflash_failure {
	SIMFLASH_WORKS,
	SIMFLASH_FAILS_PROGRAM,	/* -EIO, half of it done */
	SIMFLASH_FAILS_LATE,	/* -EIO, all of it done, as it seems */
	SIMFLASH_FAILS_ERASE,	/* -EIO */
	SIMFLASH_IGNORES,	/* success is reported, and nothing done */
	SIMFLASH_FAILS_ONCE,	/* one program: -EIO, half of it done */
};

/**
 * struct simflash_wear - an eraseblock that will wear out
 * @failure: how; SIMFLASH_WORKS: none will
 * @from: eraseblocks that may be hit: the first,
 * @to: and the one behind the last
 * @after: programs or erases (of the kind that will fail) that still succeed there
 */
struct simflash_wear {
	enum simflash_failure failure;
	u32 from;
	u32 to;
	u32 after;
};

/** struct simflash_shape - what a flash is like */
struct simflash_shape {
	enum simflash_kind kind;
	u32 erase_size;
	u32 write_size;
	u32 blocks;		/* eraseblocks */
};

#define SIMFLASH_FOR_EVER	255

struct simflash_block;

/** struct simflash_count - operations on one eraseblock */
struct simflash_count {
	u32 reads;
	u32 programs;
	u32 erases;
};

/**
 * struct simflash - one simulated flash
 * @flash: what the core sees
 * @shape: what it is like
 * @fatal: told what the caller did wrong; must not return (NULL: abort())
 * @observe: called before every program, erase and mark; the flash may be forked in it
 * @ctx: handed to both
 * @again: attempt marks are being programmed: a boot loader erases nothing, so an
 *	interrupted mark may be programmed again with the same bytes, and a mark may
 *	go into an eraseblock whose erase was interrupted (and is as unstable then)
 * @ops: programs, erases and marks so far
 * @reader: who reads
 * @lock: whether the chip is write-protected
 * @trouble: errno with which every operation, reads included, fails; 0: none
 * @wear: an eraseblock that will wear out
 * @cut_at: operation at which the power goes; 0: never (the first one is 1)
 * @cut: how
 * @off: the power is off: every operation fails
 * @cycle: power-ons
 * @random: state of the generator behind SIMFLASH_RANDOM
 * @reads: read operations
 * @bytes_programmed: payload of all programs
 * @count: by eraseblock
 * @bad: by eraseblock: 1 marked bad
 * @fail_program: by eraseblock: this many programs are still to fail with -EIO;
 *	SIMFLASH_FOR_EVER: all
 * @fail_erase: by eraseblock: this many erases are still to fail with -EIO
 * @failure: by eraseblock: enum simflash_failure, of one that is worn out
 * @read_error: by eraseblock: 0, or the errno that reads return (-EUCLEAN: with data)
 * @blocks: the cells
 */
struct simflash {
	struct mtdl_flash flash;
	struct simflash_shape shape;
	void (*fatal)(void *ctx, const char *what);
	void (*observe)(void *ctx, struct simflash *sim, const struct simflash_op *op);
	void *ctx;
	bool again;
	u32 ops;
	enum simflash_reader reader;
	enum simflash_lock lock;
	int trouble;
	struct simflash_wear wear;
	u32 cut_at;
	struct simflash_cut cut;
	bool off;
	u32 cycle;
	u64 random;
	u64 reads;
	u64 bytes_programmed;
	struct simflash_count *count;
	u8 *bad;
	u8 *fail_program;
	u8 *fail_erase;
	u8 *failure;
	int *read_error;
	struct simflash_block **blocks;
};

/** simflash_new() - an erased flash; ends the program when memory is short */
struct simflash *simflash_new(const struct simflash_shape *shape, u32 seed);

/** simflash_fork() - a copy that shares unchanged eraseblocks; counters come along */
struct simflash *simflash_fork(const struct simflash *sim);

/** simflash_free() - NULL is fine */
void simflash_free(struct simflash *sim);

/** simflash_set_read_only() - no program, no erase: as a write-protected chip */
void simflash_set_read_only(struct simflash *sim);

/** simflash_power_on() - after a cut, or a reboot: operations work again */
void simflash_power_on(struct simflash *sim);

/** simflash_tear() - do @op as far as @cut says, then switch the power off */
void simflash_tear(struct simflash *sim, const struct simflash_op *op,
		   const struct simflash_cut *cut);

/** simflash_damage() - overwrite bytes behind everyone's back, whatever they were */
void simflash_damage(struct simflash *sim, u64 off, const void *bytes, u32 len);

/** simflash_load() - make an eraseblock hold these bytes; units of 0xff count as erased */
void simflash_load(struct simflash *sim, u32 block, const u8 *bytes);

/** simflash_peek() - what stable cells hold, without counting a read */
void simflash_peek(const struct simflash *sim, u64 off, void *buf, u32 len);

/** simflash_stable() - whether no cell of the range is unstable */
bool simflash_stable(const struct simflash *sim, u64 off, u32 len);

/** What readers have made of unstable cells since power-on, as bits. */
#define SIMFLASH_SEEN_NEVER	(1U << 0) /* some were not read */
#define SIMFLASH_SEEN_WHOLE	(1U << 1) /* a program complete, an erase not begun */
#define SIMFLASH_SEEN_BLANK	(1U << 2) /* a program not begun, an erase complete */
#define SIMFLASH_SEEN_BROKEN	(1U << 3) /* neither */

/** simflash_seen() - SIMFLASH_SEEN_* of the range's unstable cells; 0: it has none */
u32 simflash_seen(const struct simflash *sim, u64 off, u32 len);

/** simflash_same() - whether both hold the same cells, unstable ones included */
bool simflash_same(const struct simflash *a, const struct simflash *b);

/** simflash_outcome_name() - for messages */
const char *simflash_outcome_name(enum simflash_outcome outcome);

#endif

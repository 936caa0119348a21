/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input of the attach fuzzer: what a flash is like, and pieces of content; all between them is
 * erased.
 */
#ifndef SELFTESTS_FUZZ_INPUT_H
#define SELFTESTS_FUZZ_INPUT_H

#include "fuzz.h"

#define FLASH_MAX	(1U << 20)
#define COMMANDS	7

#define CAN_BE_BAD	(1U << 0)
#define READ_ONLY	(1U << 1)
#define GOLDEN_DATA	(1U << 2)	/* layers' data of a golden image lies under the pieces */

/**
 * struct shape - begins an input
 * @erase_shift: log2 of the erase size, taken modulo what there is
 * @write_shift: as well
 * @flags: CAN_BE_BAD and on
 * @reserved: not used
 * @eraseblocks: how many
 * @table: eraseblock where attach begins to search
 * @newest_epoch: of a loader's hand-over; 0: none
 * @newest_write: the same
 * @commands: what is done in the end, one after the other
 * @bad: bit per eraseblock, the first 64
 */
struct shape {
	u8 erase_shift;
	u8 write_shift;
	u8 flags;
	u8 reserved;
	__le16 eraseblocks;
	u8 table;
	u8 newest_epoch;
	u8 newest_write;
	u8 commands[COMMANDS];
	__le64 bad;
};

/** struct piece - bytes that lie at @off of the flash; they follow */
struct piece {
	__le32 off;
	__le32 length;
};

/** struct input - an input laid out; @bytes are valid until the next one is */
struct input {
	struct shape shape;
	u32 size;
	u32 erase_size;
	u32 write_size;
	u64 bad;
	u8 *bytes;
};

/** input_lay_out() - the flash that an input describes; false: it is too short to describe one */
bool input_lay_out(struct input *input, const u8 *data, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden images: one flash for every state of the format, with a text that says
 * what must be read from it.
 */
#ifndef SELFTESTS_GOLDEN_H
#define SELFTESTS_GOLDEN_H

#include "build_table.h"
#include "mtdl.h"

/**
 * struct golden_state - one image
 * @name: of its files
 * @shape: of its flash
 * @make: fills in table, marks and copies of @image
 */
struct golden_image;
struct golden_state {
	const char *name;
	const struct simflash_shape *shape;
	void (*make)(struct golden_image *image);
};

/**
 * struct golden_image - an image while it is made
 * @sim: the flash
 * @table: what its newest snapshot says
 * @release: releases that were built for it, to be freed
 * @start: first block behind the table area
 * @marks: attempt marks behind the snapshot
 * @copies: copies of the snapshot that are written
 * @older: an older, empty snapshot lies in the other units
 */
struct golden_image {
	struct simflash *sim;
	struct build_table table;
	struct built_release *release[2];
	u32 start;
	u32 marks;
	u32 copies;
	bool older;
};

extern const struct golden_state golden_states[];
extern const u32 golden_state_count;

#define GOLDEN_UNITS	4
#define GOLDEN_BLOCK(shape)	((shape)->erase_size)
#define GOLDEN_UNIT(shape)	((shape)->kind == SIMFLASH_NAND ? 65536U : 32768U)

/** golden_build() - the image of a state; golden_release() it */
struct golden_image *golden_build(const struct golden_state *state);

/** golden_release() - free it */
void golden_release(struct golden_image *image);

/** golden_expect() - what must be read from an image, from what it was made of */
void golden_expect(FILE *to, const struct golden_image *image);

/** golden_describe() - the same text, from what the core reads */
void golden_describe(FILE *to, struct simflash *sim);

/** golden_setup() - before the core is used: memory, if it has none */
void golden_setup(void);

/** golden_check() - mtdl_check() where there is one; the reason, or NULL */
const char *golden_check(struct mtdl *mtdl);

#endif

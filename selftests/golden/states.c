// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every state of the format, also those that the core does not reach yet.
 *
 * Slots of two, three and two blocks follow the table area, then the pool.
 */
#include <stdlib.h>

#include "golden.h"

static const struct simflash_shape nor = { SIMFLASH_NOR, 8192, 1, 40 };
static const struct simflash_shape nand = { SIMFLASH_NAND, 16384, 2048, 36 };

#define SLOT_BOOT	0
#define SLOT_SYSTEM	2
#define SLOT_APP	5
#define POOL		7

static const struct build_layer base[3] = {
	{ "boot", SLOT_BOOT, 2, 0, 8000, 1 },
	{ "system", SLOT_SYSTEM, 3, 0, 20000, 2 },
	{ "app", SLOT_APP, 2, 0, 9000, 3 },
};

static struct built_release *build(const struct golden_image *image, const char *version,
				   const struct build_layer *layers, u32 count, u32 counter)
{
	struct build_options options = {
		.block_size = image->sim->shape.erase_size,
		.release = version,
		.security_counter = counter,
	};
	struct build_layer moved[MTDL_LAYERS_MAX];
	u32 i;

	for (i = 0; i < count; i++) {
		moved[i] = layers[i];
		moved[i].slot_start += image->start;
	}
	return build_release(&options, moved, count);
}

/* Every block at home, or from @away on, counted from the first block of the pool. */
static void place(const struct golden_image *image, struct build_placed *placed,
		  struct built_release *release, u32 manifest, u32 away)
{
	u32 i, j;

	placed->release = release;
	placed->manifest_map[0] = image->start + POOL + manifest;
	placed->manifest_map[1] = image->start + POOL + manifest + 1;
	for (i = 0; i < release->layer_count; i++) {
		for (j = 0; j < build_block_count(release, i); j++) {
			bool home = j < release->layers[i].slot_blocks && !away;

			placed->map[i][j] = home ? release->layers[i].slot_start + j :
				image->start + POOL + (away ? away : 4) + j;
		}
	}
}

static void set_state(struct golden_image *image, enum mtdl_state state)
{
	image->table.header.state = (u8)state;
}

static void active_of(struct golden_image *image, const struct build_layer *layers, u32 count)
{
	image->release[0] = build(image, "1.0", layers, count, 0);
	place(image, &image->table.active, image->release[0], 0, 0);
}

static void make_empty(struct golden_image *image)
{
	(void)image;
}

static void make_idle(struct golden_image *image)
{
	active_of(image, base, 3);
	image->table.header.cursor = htole32(image->start + POOL + 2);
}

/* The candidate changes app, which goes to the pool; all else is shared. */
static void candidate(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	make_idle(image);
	layers[2].seed = 23;
	image->release[1] = build(image, "2.0", layers, 3, 0);
	place(image, &image->table.candidate, image->release[1], 2, 0);
	image->table.candidate.map[2][0] = image->start + POOL + 4;
	image->table.candidate.map[2][1] = image->start + POOL + 5;
}

static void make_staging(struct golden_image *image)
{
	candidate(image);
	set_state(image, MTDL_STATE_STAGING);
	/* all that is shared, and the first of app's two */
	image->table.done[0] = image->sim->shape.kind == SIMFLASH_NAND ? 0x7 : 0x1f;
}

static void make_staging_first(struct golden_image *image)
{
	make_idle(image);
	image->table.candidate = image->table.active;
	image->table.active.release = NULL;
	set_state(image, MTDL_STATE_STAGING);
	image->table.done[0] = 0x3;
}

static void trial(struct golden_image *image, u8 saved, u32 marks)
{
	candidate(image);
	set_state(image, MTDL_STATE_TRIAL);
	image->table.header.attempts_max = 3;
	image->table.header.attempts_used = saved;
	image->marks = marks;
}

static void make_trial_0(struct golden_image *image)
{
	trial(image, 0, 0);
}

static void make_trial_1(struct golden_image *image)
{
	trial(image, 0, 1);
}

static void make_trial_carried(struct golden_image *image)
{
	trial(image, 1, 1);
}

static void make_trial_all(struct golden_image *image)
{
	trial(image, 0, 3);
}

/* The active boot layer stands aside in the pool; the candidate's home is being written. */
static void make_installing(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	layers[0].policy = MTDL_POLICY_PINNED;
	active_of(image, layers, 3);
	image->table.active.map[0][0] = image->start + POOL + 9;
	layers[0].seed = 21;
	image->release[1] = build(image, "2.0", layers, 3, 0);
	place(image, &image->table.candidate, image->release[1], 2, 0);
	set_state(image, MTDL_STATE_INSTALLING);
}

static void make_incomplete(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	layers[2].policy = MTDL_POLICY_IN_PLACE;
	active_of(image, layers, 3);
	image->table.active.flags[2] = MTDL_LAYER_INCOMPLETE;
}

static void make_pinned(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	layers[0].policy = MTDL_POLICY_PINNED | MTDL_POLICY_POINT;
	active_of(image, layers, 3);
}

static void make_lazy(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	layers[1].policy = MTDL_POLICY_LAZY;
	active_of(image, layers, 3);
	image->table.active.map[1][0] = image->start + POOL + 8;
}

static void make_move(struct golden_image *image)
{
	struct build_layer layer = { "app", SLOT_APP, 2, MTDL_POLICY_OVERFLOW_MOVE, 0, 3 };

	layer.size = 5ULL * image->sim->shape.erase_size;
	image->release[0] = build(image, "1.0", &layer, 1, 0);
	place(image, &image->table.active, image->release[0], 0, 4);
}

static void make_refuse(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	layers[1].policy = MTDL_POLICY_OVERFLOW_REFUSE;
	active_of(image, layers, 3);
}

static void make_overflow(struct golden_image *image)
{
	struct build_layer layers[3] = { base[0], base[1], base[2] };

	layers[2].size = 4ULL * image->sim->shape.erase_size - 1;
	active_of(image, layers, 3);
}

static void make_retired(struct golden_image *image)
{
	make_idle(image);
	image->table.retired_count = 3;
	image->table.retired[0] = image->start + POOL + 3;
	image->table.retired[1] = image->start + POOL + 6;
	image->table.retired[2] = image->start + POOL + 12;
	image->table.header.retired_units = htole64(1ULL << 3);
}

/* Eight blocks, no two of them neighbours: an array; and all in a row: one extent. */
static void scattered(struct golden_image *image, u32 step)
{
	struct build_layer layer = { "data", 0, 1, 0, 0, 8 };
	u32 i;

	layer.size = 7ULL * image->sim->shape.erase_size + 5;
	image->release[0] = build(image, "1.0", &layer, 1, 0);
	place(image, &image->table.active, image->release[0], 14, 1);
	for (i = 0; i < 8; i++)
		image->table.active.map[0][i] = image->start + i * step;
}

static void make_array(struct golden_image *image)
{
	scattered(image, 2);
}

static void make_extents(struct golden_image *image)
{
	scattered(image, 1);
}

static void make_floor(struct golden_image *image)
{
	image->release[0] = build(image, "1.0", base, 3, 9);
	place(image, &image->table.active, image->release[0], 0, 0);
	image->table.header.security_floor = htole32(9);
}

static void make_reserve(struct golden_image *image)
{
	make_idle(image);
	image->table.header.reserve = htole32(2);
}

static void make_records(struct golden_image *image)
{
	make_idle(image);
	build_record(image->release[0], MTDL_RECORD_NOTES, "for people", 10);
	build_record(image->release[0], 0x1234, "\1\2\3", 3);
	build_record(image->release[0], 0x7fff, "", 0);
}

static void make_signature(struct golden_image *image)
{
	static const u8 signature[] = "this stands where a signature would";

	make_idle(image);
	image->table.active.signature = signature;
	image->table.active.signature_size = sizeof(signature);
}

static void make_full_text(struct golden_image *image)
{
	static const struct build_layer layer = {
		"abcdefghijklmnopqrstuvwxyz.-_123", 0, 2, 0, 100, 5
	};

	image->release[0] = build(image,
		"0123456789-0123456789-0123456789-0123456789-0123456789-012345678", &layer, 1, 0);
	place(image, &image->table.active, image->release[0], 0, 0);
}

static void make_one_copy(struct golden_image *image)
{
	make_idle(image);
	image->copies = 1;
}

static void make_older(struct golden_image *image)
{
	make_idle(image);
	image->older = true;
}

static void outcome(struct golden_image *image, enum mtdl_outcome_code code, u8 attempts, u32 error)
{
	struct mtdl_media_outcome *o = &image->table.header.outcome;

	make_idle(image);
	o->code = (u8)code;
	o->attempts = attempts;
	o->error = htole32(error);
	memset(o->digest, 0xd1, sizeof(o->digest));
	memcpy(o->release, "2.0", 3);
}

static void make_confirmed(struct golden_image *image)
{
	outcome(image, MTDL_OUTCOME_CONFIRMED, 1, 0);
}

static void make_rolled_back(struct golden_image *image)
{
	outcome(image, MTDL_OUTCOME_ROLLED_BACK, 2, 0);
}

static void make_exhausted(struct golden_image *image)
{
	outcome(image, MTDL_OUTCOME_EXHAUSTED, 15, 0);
}

static void make_aborted(struct golden_image *image)
{
	outcome(image, MTDL_OUTCOME_ABORTED, 0, 0);
}

static void make_failed(struct golden_image *image)
{
	outcome(image, MTDL_OUTCOME_FAILED, 0, 5);
}

static void make_compat(struct golden_image *image)
{
	make_idle(image);
	image->table.header.features_compat = htole32(0x80000001);
}

static void make_ro_compat(struct golden_image *image)
{
	make_idle(image);
	image->table.header.features_ro_compat = htole32(0x4);
}

static void make_incompat(struct golden_image *image)
{
	make_idle(image);
	image->table.header.features_incompat = htole32(0x4);
}

static void make_version_2(struct golden_image *image)
{
	make_idle(image);
	image->table.header.version = htole16(2);
}

const struct golden_state golden_states[] = {
	{ "empty", &nor, make_empty },
	{ "idle", &nor, make_idle },
	{ "staging", &nor, make_staging },
	{ "staging-first-install", &nor, make_staging_first },
	{ "installing", &nor, make_installing },
	{ "trial-no-attempt-used", &nor, make_trial_0 },
	{ "trial-one-used", &nor, make_trial_1 },
	{ "trial-one-used-one-carried", &nor, make_trial_carried },
	{ "trial-all-used", &nor, make_trial_all },
	{ "in-place-incomplete", &nor, make_incomplete },
	{ "pinned", &nor, make_pinned },
	{ "lazy", &nor, make_lazy },
	{ "overflow-move", &nor, make_move },
	{ "overflow-refuse", &nor, make_refuse },
	{ "overflow-split", &nor, make_overflow },
	{ "retired", &nor, make_retired },
	{ "map-array", &nor, make_array },
	{ "map-extents", &nor, make_extents },
	{ "floor", &nor, make_floor },
	{ "reserve", &nor, make_reserve },
	{ "unknown-records", &nor, make_records },
	{ "signature", &nor, make_signature },
	{ "full-text", &nor, make_full_text },
	{ "one-copy", &nor, make_one_copy },
	{ "older-units", &nor, make_older },
	{ "outcome-confirmed", &nor, make_confirmed },
	{ "outcome-rolled-back", &nor, make_rolled_back },
	{ "outcome-exhausted", &nor, make_exhausted },
	{ "outcome-aborted", &nor, make_aborted },
	{ "outcome-failed", &nor, make_failed },
	{ "features-compatible", &nor, make_compat },
	{ "features-read-only", &nor, make_ro_compat },
	{ "features-incompatible", &nor, make_incompat },
	{ "version-2", &nor, make_version_2 },
	{ "nand-empty", &nand, make_empty },
	{ "nand-idle", &nand, make_idle },
	{ "nand-staging", &nand, make_staging },
	{ "nand-trial-one-used", &nand, make_trial_1 },
	{ "nand-trial-all-used", &nand, make_trial_all },
};

const u32 golden_state_count = sizeof(golden_states) / sizeof(golden_states[0]);

static void write_tables(struct golden_image *image, const struct simflash_shape *shape)
{
	struct build_table older;
	u32 i;

	for (i = 0; i < image->copies; i++)
		build_table_write(&image->table, image->sim, i, image->marks);
	if (!image->older)
		return;
	build_table_init(&older, image->sim, GOLDEN_BLOCK(shape), GOLDEN_UNIT(shape),
			 GOLDEN_UNITS);
	older.header.epoch = htole32(6);
	build_table_write(&older, image->sim, 2, 0);
	build_table_write(&older, image->sim, 3, 0);
}

struct golden_image *golden_build(const struct golden_state *state)
{
	const struct simflash_shape *shape = state->shape;
	struct golden_image *image = calloc(1, sizeof(*image));

	if (!image)
		abort();
	image->sim = simflash_new(shape, 1);
	image->copies = 2;
	image->start = GOLDEN_UNITS * (GOLDEN_UNIT(shape) / GOLDEN_BLOCK(shape));
	build_table_init(&image->table, image->sim, GOLDEN_BLOCK(shape), GOLDEN_UNIT(shape),
			 GOLDEN_UNITS);
	state->make(image);
	if (image->table.active.release)
		build_placed_write(&image->table.active, image->sim, NULL);
	if (image->table.candidate.release)
		build_placed_write(&image->table.candidate, image->sim,
				   image->table.header.state == MTDL_STATE_STAGING ?
				   image->table.done : NULL);
	write_tables(image, shape);
	return image;
}

void golden_release(struct golden_image *image)
{
	build_free(image->release[0]);
	build_free(image->release[1]);
	simflash_free(image->sim);
	free(image);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the flash operations of an upgrade of k changed blocks against k: until commit,
 * for the boot and the confirmation, and for settling at home or, by the policy lazy, not.
 *
 * The operations are those of the core on the simulated flash; what lies where decides
 * whether they were for data, for the manifest's copies or for the layer table.
 */
#include <stdlib.h>

#include "device.h"
#include "place.h"
#include "sha256.h"

#define LAYER_BLOCKS	96U
#define OTHER_BLOCKS	16U
#define FLASH_BLOCKS	256U
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const u32 changes[] = { 1, 2, 4, 8, 16, 32, 64 };

/** struct kind - a flash to count on; its blocks are of @block_size bytes */
static const struct kind {
	const char *name;
	struct simflash_shape shape;
	u32 block_size;
} kinds[] = {
	{ "NAND, 2 KiB pages, 128 KiB eraseblocks, 128 KiB blocks",
	  { SIMFLASH_NAND, 128 << 10, 2048, FLASH_BLOCKS }, 128 << 10 },
	{ "SPI NOR, 4 KiB sectors, 64 KiB blocks",
	  { SIMFLASH_NOR, 4 << 10, 1, 16 * FLASH_BLOCKS }, 64 << 10 },
};

/** What operations were for. */
enum purpose { DATA, MANIFEST, TABLE, PURPOSES };

/** struct ops - operations */
struct ops {
	u32 erases;
	u32 programs;
	u64 bytes;
};

/** The steps of an upgrade that are told apart. */
enum step { COMMIT, CONFIRM, SETTLE, STEPS };

/** struct counts - what one upgrade took, by step and purpose */
struct counts {
	struct ops ops[STEPS][PURPOSES];
};

/** struct meter - operations by eraseblock, since it was reset */
static struct meter {
	struct ops *ops;
	bool *manifest;
} meter;

static void must(struct device *device, int err)
{
	if (err >= 0)
		return;
	fprintf(stderr, "flashops: %s (error %d)\n", device->why.text, err);
	exit(1);
}

/* ---- counting ---- */

static void observe(void *ctx, struct simflash *sim, const struct simflash_op *op)
{
	struct ops *ops = &meter.ops[op->off / sim->shape.erase_size];

	(void)ctx;
	if (op->type == SIMFLASH_ERASE)
		ops->erases++;
	if (op->type == SIMFLASH_PROGRAM) {
		ops->programs++;
		ops->bytes += op->len;
	}
}

/* Remembers where manifests lie: before a step and behind it, since a step may drop one. */
static void note_manifests(struct device *device)
{
	struct mtdl_release *releases[] = { device->mtdl.active, device->mtdl.candidate };
	const struct mtdl_geometry *g = &device->mtdl.geometry;
	u32 per_block = g->block_size / g->erase_size;
	u32 i, j;

	for (i = 0; i < COUNT(releases); i++)
		for (j = 0; releases[i] && j < 2 * releases[i]->manifest_blocks; j++)
			memset(meter.manifest + releases[i]->manifest_map[j] * per_block, 1,
			       per_block);
}

static void begin_step(struct device *device)
{
	u32 n = device->sim->shape.blocks;

	memset(meter.ops, 0, n * sizeof(*meter.ops));
	memset(meter.manifest, 0, n * sizeof(*meter.manifest));
	note_manifests(device);
}

static enum purpose purpose_of(const struct device *device, u32 eraseblock)
{
	const struct mtdl_geometry *g = &device->mtdl.geometry;
	u32 block = eraseblock / (g->block_size / g->erase_size);

	if (block >= g->table_start && block < g->table_start + g->table_blocks)
		return TABLE;
	return meter.manifest[eraseblock] ? MANIFEST : DATA;
}

static void end_step(struct device *device, struct ops *to)
{
	u32 i;

	note_manifests(device);
	memset(to, 0, PURPOSES * sizeof(*to));
	for (i = 0; i < device->sim->shape.blocks; i++) {
		struct ops *sum = &to[purpose_of(device, i)];

		sum->erases += meter.ops[i].erases;
		sum->programs += meter.ops[i].programs;
		sum->bytes += meter.ops[i].bytes;
	}
}

/* ---- releases ---- */

static void digest_of(const void *data, size_t len, u8 *digest)
{
	struct mtdl_sha256 hash;

	mtdl_sha256_init(&hash);
	mtdl_sha256_update(&hash, data, len);
	mtdl_sha256_final(&hash, digest);
}

/* The digests of the first layer's blocks, in the manifest. */
static u8 *first_digests(struct built_release *release)
{
	u32 length, at;
	u8 digest[MTDL_DIGEST_SIZE];
	const u8 *data = build_block(release, 0, 0, &length);

	digest_of(data, length, digest);
	for (at = 0; at + MTDL_DIGEST_SIZE <= release->manifest_size; at++)
		if (!memcmp(release->manifest + at, digest, MTDL_DIGEST_SIZE))
			return release->manifest + at;
	abort();
}

/* Changes @count blocks of the first layer, spread evenly; @round: to what. */
static void change_blocks(struct built_release *release, u32 count, u32 round)
{
	u8 *digests = first_digests(release);
	struct mtdl_media_manifest_layer *media = (void *)(digests - sizeof(*media));
	u32 i, length;

	for (i = 0; i < count; i++) {
		u32 block = i * LAYER_BLOCKS / count;
		u8 *data = (u8 *)build_block(release, 0, block, &length);

		memcpy(data, &round, sizeof(round));
		digest_of(data, length, digests + block * MTDL_DIGEST_SIZE);
	}
	digest_of(digests, LAYER_BLOCKS * MTDL_DIGEST_SIZE, media->root);
	build_redigest(release);
}

/* A release whose first layer has @changed blocks that release 0 has not. */
static struct built_release *make_release(const struct device *device, u32 policy, u32 changed,
					  u32 round)
{
	const struct mtdl_geometry *g = &device->mtdl.geometry;
	struct build_layer layers[] = {
		{ "system", g->table_blocks, LAYER_BLOCKS, policy, 0, 1 },
		{ "app", g->table_blocks + LAYER_BLOCKS, OTHER_BLOCKS, policy, 0, 2 },
	};
	struct build_options options = { .block_size = g->block_size, .release = "upgrade" };
	struct built_release *release;

	layers[0].size = (u64)LAYER_BLOCKS * g->block_size;
	layers[1].size = (u64)OTHER_BLOCKS * g->block_size;
	release = build_release(&options, layers, COUNT(layers));
	change_blocks(release, changed, round);
	return release;
}

/* ---- upgrades ---- */

static void settle(struct device *device)
{
	int more;

	do {
		more = mtdl_work(&device->mtdl, &device->why);
		must(device, more);
		mtdl_follow(&device->mtdl);
	} while (more);
}

/* A board with release 0, all of it at home. */
static void set_up(struct device *device, const struct kind *kind, u32 policy)
{
	struct built_release *release;

	memset(device, 0, sizeof(*device));
	device->sim = simflash_new(&kind->shape, 1);
	must(device, device_format(device, kind->block_size, 0));
	must(device, device_attach(device));
	release = make_release(device, policy, 1, 0);
	must(device, device_apply(device, release, 0));
	must(device, device_reads(device, release));
	build_free(release);
	meter.ops = calloc(kind->shape.blocks, sizeof(*meter.ops));
	meter.manifest = calloc(kind->shape.blocks, sizeof(*meter.manifest));
	if (!meter.ops || !meter.manifest)
		abort();
	device->sim->observe = observe;
}

static void tear_down(struct device *device)
{
	device_free(device);
	free(meter.ops);
	free(meter.manifest);
}

static void upgrade(struct device *device, u32 policy, u32 changed, u32 round,
		    struct counts *counts)
{
	struct built_release *release = make_release(device, policy, changed, round);

	must(device, device_reboot(device));
	begin_step(device);
	must(device, device_apply(device, release, 0));
	end_step(device, counts->ops[COMMIT]);
	begin_step(device);
	must(device, device_reboot(device));
	must(device, mtdl_confirm(&device->mtdl, release->digest, &device->why));
	end_step(device, counts->ops[CONFIRM]);
	begin_step(device);
	settle(device);
	end_step(device, counts->ops[SETTLE]);
	must(device, device_check(device));
	must(device, device_reads(device, release));
	build_free(release);
}

/* ---- tables ---- */

static void add(struct ops *sum, const struct ops *ops)
{
	u32 i;

	for (i = 0; i < PURPOSES; i++) {
		sum->erases += ops[i].erases;
		sum->programs += ops[i].programs;
		sum->bytes += ops[i].bytes;
	}
}

static void print_ops(const struct ops *ops)
{
	printf("  %4u/%-4u", ops->erases, ops->programs);
}

static void print_kib(const struct ops *ops)
{
	printf("  %9.1f", (double)ops->bytes / 1024);
}

static void print_row(u32 changed, const struct counts *home, const struct counts *lazy,
		      const struct counts *next, void (*print)(const struct ops *ops))
{
	struct ops total[2] = { 0 };
	u32 i;

	for (i = 0; i < STEPS; i++) {
		add(&total[0], home->ops[i]);
		add(&total[1], next->ops[i]);
	}
	printf("%3u", changed);
	for (i = 0; i < PURPOSES; i++)
		print(&home->ops[COMMIT][i]);
	print(&home->ops[CONFIRM][TABLE]);
	print(&home->ops[SETTLE][DATA]);
	print(&home->ops[SETTLE][TABLE]);
	print(&total[0]);
	print(&lazy->ops[SETTLE][DATA]);
	print(&next->ops[COMMIT][DATA]);
	print(&total[1]);
	printf("\n");
}

static void print_head(const char *what)
{
	static const char * const above[] = {
		"commit", "commit", "commit", "confirm", "settle", "settle", "all", "lazy:",
		"lazy next:", "lazy next:",
	};
	static const char * const below[] = {
		"data", "manifest", "table", "table", "data", "table", "", "settle", "commit",
		"all",
	};
	u32 i;

	printf("%s\n   ", what);
	for (i = 0; i < COUNT(above); i++)
		printf(" %10s", above[i]);
	printf("\n  k");
	for (i = 0; i < COUNT(below); i++)
		printf(" %10s", below[i]);
	printf("\n");
}

/* What is counted elsewhere must not have happened where nothing is said of it. */
static void check_rest(const struct counts *counts)
{
	const struct ops *rest[] = {
		&counts->ops[CONFIRM][DATA], &counts->ops[CONFIRM][MANIFEST],
		&counts->ops[SETTLE][MANIFEST],
	};
	u32 i;

	for (i = 0; i < COUNT(rest); i++) {
		if (!rest[i]->erases && !rest[i]->programs)
			continue;
		fprintf(stderr, "flashops: confirming or settling touched what it need not\n");
		exit(1);
	}
}

static void check_away(struct device *device, u32 expected)
{
	u32 away = mtdl_count_away(&device->mtdl.active->layers[0]);

	if (away == expected)
		return;
	fprintf(stderr, "flashops: %u blocks are away from home, expected %u\n", away, expected);
	exit(1);
}

static void count_on(const struct kind *kind)
{
	struct counts home[COUNT(changes)], lazy[COUNT(changes)], next[COUNT(changes)];
	struct device device;
	u32 i;

	for (i = 0; i < COUNT(changes); i++) {
		set_up(&device, kind, 0);
		upgrade(&device, 0, changes[i], 1, &home[i]);
		check_away(&device, 0);
		tear_down(&device);
		set_up(&device, kind, MTDL_POLICY_LAZY);
		upgrade(&device, MTDL_POLICY_LAZY, changes[i], 1, &lazy[i]);
		check_away(&device, changes[i]);
		upgrade(&device, MTDL_POLICY_LAZY, changes[i], 2, &next[i]);
		check_away(&device, 0);
		tear_down(&device);
		check_rest(&home[i]);
		check_rest(&lazy[i]);
		check_rest(&next[i]);
	}
	printf("%s\n\n", kind->name);
	print_head("Erases/programs");
	for (i = 0; i < COUNT(changes); i++)
		print_row(changes[i], &home[i], &lazy[i], &next[i], print_ops);
	printf("\n");
	print_head("KiB programmed");
	for (i = 0; i < COUNT(changes); i++)
		print_row(changes[i], &home[i], &lazy[i], &next[i], print_kib);
	printf("\n");
}

int main(void)
{
	u32 i;

	printf("Flash operations of an upgrade of k changed blocks of a layer of %u blocks, spread evenly\n\n",
	       LAYER_BLOCKS);
	for (i = 0; i < COUNT(kinds); i++)
		count_on(&kinds[i]);
	printf("commit: from begin to the switch. confirm: the boot's attempt mark, and the confirmation.\n"
	       "settle: the blocks copied home. lazy: the same upgrade with the policy lazy, where settle does\n"
	       "nothing, and the next upgrade of the same blocks, whose new content goes home instead.\n"
	       "A program is one call of the driver, of up to a block; erases are of eraseblocks.\n");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes manifests: any bytes, parsed, and what passes planned and begun on devices.
 *
 * What the parser lets through must be within its own limits; a dry run must not touch the
 * flash; what begins, or is recovered, must pass mtdl_check(); the active release stays whole.
 */
#include <stdlib.h>

#include "device.h"
#include "fuzz.h"

#define DEVICES	4

static struct device devices[DEVICES];

/* Empty; with an active release; the same with a candidate being staged; NAND. */
static void set_up(void)
{
	static const struct simflash_shape shapes[DEVICES] = {
		{ SIMFLASH_NOR, FUZZ_BLOCK, 1, 64 }, { SIMFLASH_NOR, FUZZ_BLOCK, 1, 64 },
		{ SIMFLASH_NOR, FUZZ_BLOCK, 1, 64 }, { SIMFLASH_NAND, FUZZ_BLOCK, 2048, 96 },
	};

	for (u32 i = 0; i < DEVICES; i++) {
		struct device *d = &devices[i];
		struct fuzz_variant base, changed;
		u32 start;

		d->sim = simflash_new(&shapes[i], 1);
		fuzz_must(!device_format(d, FUZZ_BLOCK, 0) && !device_attach(d),
			  "device %u: %s", i, d->why.text);
		start = d->mtdl.geometry.table_blocks;
		base = fuzz_variant(0, start, FUZZ_BLOCK);
		changed = fuzz_variant(1, start, FUZZ_BLOCK);
		fuzz_must(!i || !device_install(d, base.release), "device %u: %s", i, d->why.text);
		fuzz_must(i != 2 || (!device_begin(d, changed.release, 0) &&
				     !device_write(d, changed.release, 2)),
			  "device %u: %s", i, d->why.text);
		build_free(base.release);
		build_free(changed.release);
	}
}

/* What code behind the parser relies on without looking again. */
static void check_parsed(const struct mtdl_manifest *m, const u8 *bytes, size_t size)
{
	u32 total = 0;

	for (u32 i = 0; i < m->layer_count; i++) {
		const struct mtdl_manifest_layer *l = &m->layers[i];
		u64 in_blocks = (l->size + m->block_size - 1) / m->block_size;

		fuzz_must(l->digests >= bytes &&
			  (u64)(bytes + size - l->digests) >= (u64)l->block_count * MTDL_DIGEST_SIZE,
			  "layer %u: %u digests beyond the manifest", i, l->block_count);
		fuzz_must(l->size && in_blocks == l->block_count,
			  "layer %u: %llu bytes in %u blocks", i, (unsigned long long)l->size,
			  l->block_count);
		fuzz_must(l->slot_blocks && l->slot_start + l->slot_blocks > l->slot_start,
			  "layer %u: slot %u + %u", i, l->slot_start, l->slot_blocks);
		fuzz_must(mtdl_manifest_find(m, l->name) == l, "layer %u: name %s", i, l->name);
		total += l->block_count;
	}
	fuzz_must(total == m->block_total, "%u blocks, not %u", total, m->block_total);
}

static int begin(struct device *d, const struct mtdl_manifest *m, u32 flags)
{
	d->why.text[0] = '\0';
	return mtdl_begin(&d->mtdl, m->bytes, m->length, NULL, 0, flags, &d->plan, &d->why);
}

static void dry_run(struct device *d, const struct mtdl_manifest *m)
{
	u32 before = d->sim->ops;
	int err = begin(d, m, MTDL_BEGIN_DRY_RUN | MTDL_BEGIN_REPLACE);

	fuzz_must(d->sim->ops == before, "a dry run changed the flash (%d)", err);
	fuzz_must(!err || d->why.text[0], "refused (%d) without a reason", err);
	if (!err && !d->plan.current_release)
		fuzz_must(d->plan.layer_count == m->layer_count && d->plan.blocks <= m->block_total,
			  "a plan of %u layers and %u blocks for %u and %u", d->plan.layer_count,
			  d->plan.blocks, m->layer_count, m->block_total);
}

/* For real, on a copy of the flash. */
static void begin_and_abort(const struct device *from, const struct mtdl_manifest *m)
{
	struct device d = { .sim = simflash_fork(from->sim) };
	int err;

	fuzz_must(!device_attach(&d), "%s", d.why.text);
	err = begin(&d, m, MTDL_BEGIN_REPLACE);
	fuzz_must(!err, "refused what the dry run accepted: %s", d.why.text);
	fuzz_must(!device_check(&d), "after begin: %s", d.why.text);
	fuzz_must(!device_attach(&d) && !device_check(&d), "after attach: %s", d.why.text);
	if (d.mtdl.state == MTDL_STATE_STAGING)
		fuzz_must(!mtdl_abort(&d.mtdl, &d.why), "abort: %s", d.why.text);
	fuzz_must(!device_check(&d), "after abort: %s", d.why.text);
	if (d.mtdl.active)
		fuzz_must(!device_verify(&d, d.mtdl.active), "active is damaged: %s", d.why.text);
	device_free(&d);
}

/* The table that was lost is made anew of what the manifest finds on the flash. */
static void recover(const struct device *from, const struct mtdl_manifest *m)
{
	struct device d = { .sim = simflash_fork(from->sim) };
	struct mtdl_format_options options = { .compatible = m->compatible, .uuid = "recovered" };
	struct mtdl_recovered found = { 0 };
	u32 before = d.sim->ops;
	int err = mtdl_recover(&d.sim->flash, &options, m->bytes, m->length, NULL, 0, NULL, NULL,
			       &found, &d.why);

	fuzz_must(!err || d.why.text[0], "recover fails (%d) without a reason", err);
	fuzz_must(err != -ENODATA || d.sim->ops == before, "recover found nothing, and wrote");
	if (!err) {
		fuzz_must(!device_attach(&d) && !device_check(&d), "after recover: %s",
			  d.why.text);
		fuzz_must(!d.mtdl.active || !device_verify(&d, d.mtdl.active),
			  "recovered: %s", d.why.text);
	}
	device_free(&d);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct mtdl_manifest m;
	struct mtdl_reason why = { 0 };
	int err;

	if (!devices[0].sim)
		set_up();
	err = mtdl_manifest_parse(&m, data, (u32)size, &why);
	fuzz_must(!err || why.text[0], "refused (%d) without a reason", err);
	for (u32 i = 0; err && i < DEVICES; i++)
		dry_run(&devices[i], &(struct mtdl_manifest) { .bytes = data, .length = (u32)size });
	if (err)
		return 0;
	check_parsed(&m, data, size);
	recover(&devices[1], &m);
	for (u32 i = 0; i < DEVICES; i++) {
		dry_run(&devices[i], &m);
		if (devices[i].why.text[0])
			continue;
		fuzz_accepted();
		begin_and_abort(&devices[i], &m);
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed);

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	u32 random = seed;

	return fuzz_mutate_manifest(data, size, max, &random);
}

void fuzz_seeds(const char *directory)
{
	u32 i = 0;

	set_up();
	for (;;) {
		struct fuzz_variant v = fuzz_variant(i++, devices[0].mtdl.geometry.table_blocks,
						     FUZZ_BLOCK);

		if (!v.name)
			return;
		fuzz_seed(directory, v.name, v.release->manifest, v.release->manifest_size);
		build_free(v.release);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes attach: a flash made from the input, looked at in every way, booted, changed.
 *
 * Looking must write nothing; a boot may program attempt marks on erased cells of the table
 * area; a command that refuses has changed nothing, and none may touch a block of the
 * release that is active or exposed.  A table that passed mtdl_check() passes it afterwards.
 */
#include <stdlib.h>

#include "input.h"
#include "mtdl.h"

#define BLOCKS_MAX	(FLASH_MAX / 4096)
#define VERIFY_MAX	3	/* blocks of a release that are hashed */

#define STEPS_MAX	10000

enum command {
	STAGE, CONFIRM, ROLLBACK, ABORT, RETIRE, COMMIT, EXPOSE, WORK, HAND_OVER, BEGIN, KINDS
};

/** struct fuzzed - the flash, what may be done to it, and what was */
struct fuzzed {
	struct mtdl_flash flash;
	struct input in;
	const struct mtdl *mtdl;	/* attached: its releases must stay as they are */
	bool may_program;
	bool may_erase;
	u32 changes;
	u32 data_changes;		/* of these, outside the table area */
};

static struct fuzzed *to_fuzzed(struct mtdl_flash *flash)
{
	return (struct fuzzed *)((char *)flash - offsetof(struct fuzzed, flash));
}

static void check_range(const struct fuzzed *f, const char *verb, u64 off, u64 len, u32 unit)
{
	fuzz_must(off <= f->flash.size && len <= f->flash.size - off && !(off % unit) &&
		  !(len % unit), "%s of %llu bytes at %llu, in units of %u, of a flash of %llu",
		  verb, (unsigned long long)len, (unsigned long long)off, unit,
		  (unsigned long long)f->flash.size);
}

static int flash_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	check_range(to_fuzzed(flash), "read", off, len, 1);
	memcpy(buf, to_fuzzed(flash)->in.bytes + off, len);
	return 0;
}

static int flash_is_bad(struct mtdl_flash *flash, u64 off)
{
	u64 block = off / flash->erase_size;

	check_range(to_fuzzed(flash), "look-up", off, 1, 1);
	return block < 64 && to_fuzzed(flash)->in.bad >> block & 1;
}

static bool serves(const struct mtdl *mtdl, const struct mtdl_release *release, u64 off, u64 len)
{
	u32 shift = mtdl->geometry.block_shift;

	for (u32 i = 0; release && i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (u32 j = 0; !(layer->flags & MTDL_LAYER_INCOMPLETE) && j < layer->block_count; j++)
			if ((u64)layer->map[j] << shift < off + len &&
			    off < ((u64)layer->map[j] + 1) << shift)
				return true;
	}
	return false;
}

static bool is_table(const struct mtdl_geometry *g, u64 off)
{
	u64 start = (u64)g->table_start << g->block_shift;

	return off >= start && off - start < (u64)g->table_blocks << g->block_shift;
}

static void check_change(struct fuzzed *f, const char *verb, bool may, u64 off, u64 len)
{
	u64 at = off;

	fuzz_must(may && !f->flash.read_only, "%s of %llu bytes at %llu", verb,
		  (unsigned long long)len, (unsigned long long)off);
	for (; at < off + len; at += f->flash.erase_size)
		fuzz_must(!flash_is_bad(&f->flash, at), "%s of the bad eraseblock at %llu", verb,
			  (unsigned long long)at);
	fuzz_must(!serves(f->mtdl, f->mtdl->active, off, len) &&
		  !serves(f->mtdl, f->mtdl->exposed, off, len),
		  "%s at %llu of what a release uses", verb, (unsigned long long)off);
	f->changes++;
	f->data_changes += !is_table(&f->mtdl->geometry, off);
}

static int flash_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	struct fuzzed *f = to_fuzzed(flash);

	check_range(f, "program", off, len, flash->write_size);
	check_change(f, "program", f->may_program, off, len);
	for (u32 i = 0; i < len; i++)
		fuzz_must(f->in.bytes[off + i] == 0xff, "program of what is not erased, at %llu",
			  (unsigned long long)off + i);
	memcpy(f->in.bytes + off, buf, len);
	return 0;
}

static int flash_erase(struct mtdl_flash *flash, u64 off)
{
	struct fuzzed *f = to_fuzzed(flash);

	check_range(f, "erase", off, flash->erase_size, flash->erase_size);
	check_change(f, "erase", f->may_erase, off, flash->erase_size);
	memset(f->in.bytes + off, 0xff, flash->erase_size);
	return 0;
}

static int flash_mark_bad(struct mtdl_flash *flash, u64 off)
{
	fuzz_must(false, "a bad-block mark at %llu, of cells that never failed",
		  (unsigned long long)off);
	(void)flash;
}

static bool make_flash(struct fuzzed *f, const u8 *data, size_t size)
{
	static const struct mtdl_flash_ops ops = {
		flash_read, flash_program, flash_erase, flash_is_bad, flash_mark_bad
	};

	memset(f, 0, sizeof(*f));
	if (!input_lay_out(&f->in, data, size))
		return false;
	f->flash = (struct mtdl_flash) {
		.ops = &ops,
		.size = f->in.size,
		.erase_size = f->in.erase_size,
		.write_size = f->in.write_size,
		.can_have_bad_blocks = f->in.shape.flags & CAN_BE_BAD,
		.read_only = f->in.shape.flags & READ_ONLY,
	};
	return true;
}

static int attach(struct fuzzed *f, struct mtdl *mtdl, struct mtdl_reason *why)
{
	struct mtdl_attach_options options = {
		.table_offset = (u64)f->in.shape.table * f->flash.erase_size,
		.newest = { f->in.shape.newest_epoch, f->in.shape.newest_write },
	};

	memset(mtdl, 0, sizeof(*mtdl));
	why->text[0] = '\0';
	f->mtdl = mtdl;
	return mtdl_attach(mtdl, &f->flash, &options, why);
}

/* Reads a release as a loader, the module and `layerctl verify` do. */
static void read_release(struct fuzzed *f, struct mtdl *mtdl, struct mtdl_release *release)
{
	static u8 buf[4096], scratch[512];
	struct mtdl_reason why = { 0 };
	u32 left = VERIFY_MAX;
	int err = mtdl_load_manifest(mtdl, release, &why);

	for (u32 i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];
		u64 end = layer->size < sizeof(buf) ? 0 : layer->size - sizeof(buf), len = ~0ULL;
		u64 off = mtdl_locate(&mtdl->geometry, layer, end, &len);

		fuzz_must(off < f->flash.size && len && len <= f->flash.size - off,
			  "layer %s: byte %llu at %llu, %llu in a row", layer->name,
			  (unsigned long long)end, (unsigned long long)off,
			  (unsigned long long)len);
		mtdl_read(&f->flash, &mtdl->geometry, layer, end, buf, layer->size - end);
		mtdl_read_verified(&f->flash, &mtdl->geometry, layer, layer->size, buf, 1,
				   scratch, sizeof(scratch));
		for (u32 j = 0; !err && left && j < layer->block_count; j++, left--) {
			mtdl_verify_block(&f->flash, &mtdl->geometry, layer, j, buf, sizeof(buf));
			mtdl_read_verified(&f->flash, &mtdl->geometry, layer,
					   (u64)j << mtdl->geometry.block_shift, buf, 1, scratch,
					   sizeof(scratch));
		}
	}
}

/* What the candidate still lacks will be written: it must not lie where active does. */
static void check_wanted(const struct mtdl *mtdl)
{
	const struct mtdl_release *candidate = mtdl->candidate;
	u32 shift = mtdl->geometry.block_shift;

	for (u32 i = 0; candidate && candidate->done && i < candidate->block_total; i++)
		fuzz_must(mtdl_bit(candidate->done, i) ||
			  !serves(mtdl, mtdl->active, (u64)candidate->maps[i] << shift, 1),
			  "block %u, which active uses, is to be written", candidate->maps[i]);
}

/* A release that this device should take; the last one is kept, most devices being alike. */
static const struct built_release *release_for(const struct mtdl *mtdl, u32 policy)
{
	static const u32 policies[] = {
		0, MTDL_POLICY_PINNED, MTDL_POLICY_LAZY, MTDL_POLICY_IN_PLACE,
		MTDL_POLICY_OVERFLOW_MOVE, MTDL_POLICY_OVERFLOW_REFUSE, MTDL_POLICY_POINT,
		MTDL_POLICY_IN_PLACE | MTDL_POLICY_OVERFLOW_MOVE,
	};
	static struct built_release *last;
	static char compatible[MTDL_COMPATIBLE_SIZE + 1];
	struct build_options options = {
		.block_size = mtdl->geometry.block_size,
		.release = "fuzz",
		.compatible = compatible,
		.security_counter = mtdl->security_floor,
	};
	u32 start = mtdl->geometry.table_start >= 3 ? 0 :
		    mtdl->geometry.table_start + mtdl->geometry.table_blocks;
	struct build_layer layers[] = {
		{ "app", start, 2, policies[policy % 8], options.block_size + 1, 31 },
		{ "new", start + 2, 1, 0, 100, 32 },
	};

	if (!last || last->options.block_size != options.block_size ||
	    last->options.security_counter != options.security_counter ||
	    last->layers[0].slot_start != start || last->layers[0].policy != layers[0].policy ||
	    strcmp(compatible, mtdl->compatible)) {
		build_free(last);
		memcpy(compatible, mtdl->compatible, sizeof(compatible));
		last = build_release(&options, layers, 2);
	}
	return last;
}

static int begin(struct mtdl *mtdl, const struct built_release *release, u32 flags,
		 struct mtdl_reason *why)
{
	static struct mtdl_plan plan;

	return mtdl_begin(mtdl, release->manifest, release->manifest_size, NULL, 0,
			  flags | MTDL_BEGIN_REPLACE, &plan, why);
}

/* Everything that only looks; whether mtdl_check() finds nothing wrong. */
static bool look(struct fuzzed *f, struct mtdl *mtdl, struct mtdl_reason *check)
{
	static u8 use[BLOCKS_MAX];
	struct mtdl_release *releases[] = { mtdl->active, mtdl->candidate };
	const struct built_release *release = release_for(mtdl, 0);
	struct mtdl_reason why = { 0 };
	struct mtdl_spare spare;
	bool good = !mtdl_check(mtdl, check);

	fuzz_must(good || check->text[0], "check fails without a reason");
	fuzz_must(mtdl->geometry.block_count <= BLOCKS_MAX &&
		  mtdl->geometry.flash_size <= f->flash.size, "%u blocks of %u bytes",
		  mtdl->geometry.block_count, mtdl->geometry.block_size);
	fuzz_must(!mtdl_usage(mtdl, use, &why) && !mtdl_spare(mtdl, &spare, &why), "usage: %s",
		  why.text);
	check_wanted(mtdl);
	for (u32 i = 0; i < 2; i++)
		if (releases[i])
			read_release(f, mtdl, releases[i]);
	begin(mtdl, release, MTDL_BEGIN_DRY_RUN | MTDL_BEGIN_IN_PLACE, &why);
	fuzz_must(!f->changes, "looking changed the flash");
	return good;
}

static void boot(struct fuzzed *f, struct mtdl *mtdl)
{
	u32 used = mtdl->attempts_used;
	bool trial = mtdl->state == MTDL_STATE_TRIAL && used < mtdl->attempts_max;
	struct mtdl_reason why = { 0 };
	int err;

	f->may_program = true;
	err = mtdl_boot(mtdl, &why);
	fuzz_must(err ? !mtdl->active && why.text[0] : mtdl->exposed != NULL,
		  "boot returns %d: %s", err, why.text);
	fuzz_must(!f->changes == (!trial || mtdl->read_only),
		  "a boot in state %u with %u of %u attempts used: %u programs", mtdl->state,
		  used, mtdl->attempts_max, f->changes);
	if (!f->changes)
		return;
	fuzz_must(mtdl->exposed == mtdl->candidate, "a counted attempt does not count");
	mtdl_detach(mtdl);
	err = attach(f, mtdl, &why);
	fuzz_must(!err && mtdl->attempts_used == used + 1, "after the attempt: %u attempts: %s",
		  mtdl->attempts_used, why.text);
}

static int stage(struct mtdl *mtdl, u32 how, struct mtdl_reason *why)
{
	const struct built_release *release = release_for(mtdl, how);
	int err = begin(mtdl, release, how & 8 ? MTDL_BEGIN_IN_PLACE : 0, why);

	mtdl_follow(mtdl);	/* nobody reads a layer that is written over in place */
	while (!err) {
		struct mtdl_wanted wanted;
		u32 count = 1, length;
		const u8 *data;

		err = mtdl_want(mtdl, &wanted, &count, why);
		if (err || !count)
			break;
		data = build_block(release, wanted.layer, wanted.block, &length);
		err = mtdl_write(mtdl, wanted.layer, wanted.block, data, length, why);
	}
	return err ? err : mtdl_commit(mtdl, why);
}

/* All that is to be done in the background; it must come to an end. */
static int work(struct mtdl *mtdl, struct mtdl_reason *why)
{
	u32 steps = 0;
	int err;

	do {
		err = mtdl_work(mtdl, why);
		mtdl_follow(mtdl);
		fuzz_must(steps++ < STEPS_MAX, "%u steps in the background, and no end", steps);
	} while (err > 0);
	return err;
}

static int hand_over(struct mtdl *mtdl, bool candidate, struct mtdl_reason *why)
{
	static const u8 nobody[MTDL_DIGEST_SIZE];
	const struct mtdl_release *release = candidate ? mtdl->candidate : mtdl->active;

	return mtdl_handover(mtdl, release ? release->digest : nobody, why);
}

/* The low bits of @command say which, the high ones how. */
static int act(struct mtdl *mtdl, u32 command, struct mtdl_reason *why)
{
	switch (command % KINDS) {
	case STAGE:
		return stage(mtdl, command / KINDS, why);
	case CONFIRM:
		return mtdl_confirm(mtdl, NULL, why);
	case ROLLBACK:
		return mtdl_rollback(mtdl, why);
	case ABORT:
		return mtdl_abort(mtdl, why);
	case RETIRE:
		return mtdl_retire_trial(mtdl, why);
	case COMMIT:
		return command / KINDS % 2 ? mtdl_sync(mtdl, why) : mtdl_commit(mtdl, why);
	case EXPOSE:
		if (command / KINDS % 2)
			mtdl_expose_active(mtdl);
		else
			mtdl_scrub(mtdl, command / KINDS);
		return 0;
	case WORK:
		return work(mtdl, why);
	case HAND_OVER:
		return hand_over(mtdl, command / KINDS % 2, why);
	default:
		return begin(mtdl, release_for(mtdl, command / KINDS), 0, why);
	}
}

/* Whether a command was refused: those of several steps may notice in the middle. */
static bool is_refusal(u32 command, int err)
{
	command %= KINDS;
	if (command == STAGE || command == WORK || (command == COMMIT && err == -EBUSY))
		return false;
	return err == -EINVAL || err == -EBUSY || err == -EPERM || err == -ENODEV ||
	       err == -EOPNOTSUPP || err == -ESTALE || err == -EAGAIN;
}

static void change(struct fuzzed *f, struct mtdl *mtdl, u8 command, bool good)
{
	struct mtdl_reason why = { 0 };
	int err;

	f->may_program = true;
	f->may_erase = true;
	f->changes = 0;
	f->data_changes = 0;
	err = act(mtdl, command, &why);
	fuzz_must(!err || why.text[0], "command %u fails (%d) without a reason", command % KINDS, err);
	fuzz_must(!is_refusal(command, err) || !f->data_changes,
		  "command %u is refused (%s) after %u changes", command % KINDS, why.text,
		  f->data_changes);
	err = good ? mtdl_check(mtdl, &why) : 0;
	fuzz_must(!err, "command %u leaves what does not hold: %s", command % KINDS, why.text);
}

/* The state that is in force when all is done is what the next attach finds. */
static void change_and_attach(struct fuzzed *f, struct mtdl *mtdl, bool good)
{
	struct mtdl_reason why;
	u32 changes = 0;
	int err;

	for (u32 i = 0; i < COMMANDS; i++) {
		change(f, mtdl, f->in.shape.commands[i], good);
		changes += f->changes;
	}
	if (changes)
		f->in.shape.newest_epoch = 0;
	f->may_program = false;
	f->may_erase = false;
	f->changes = 0;
	mtdl_detach(mtdl);
	err = attach(f, mtdl, &why);
	fuzz_must(!err, "no attach afterwards: %s", why.text);
	if (good)
		fuzz_must(look(f, mtdl, &why), "after attach: %s", why.text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzzed f;
	static struct mtdl mtdl;
	struct mtdl_reason why;
	bool good;
	int err;

	if (!make_flash(&f, data, size))
		return 0;
	err = attach(&f, &mtdl, &why);
	fuzz_must(!f.changes && (!err || why.text[0]), "attach returns %d", err);
	if (err)
		return 0;
	good = look(&f, &mtdl, &why);
	if (good)
		fuzz_accepted();
	boot(&f, &mtdl);
	change_and_attach(&f, &mtdl, good);
	mtdl_detach(&mtdl);
	return 0;
}

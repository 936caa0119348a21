// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The boot decision: which release this boot exposes.
 *
 * A trial has a number of attempts, counted by marks that are programmed behind
 * the snapshot, one per boot, in every readable copy, before the candidate is
 * exposed: whatever happens afterwards, this attempt has counted.  Marking erases
 * nothing, so a boot loader can do it.  A mark that a cut interrupts may count
 * or not; the highest count of any copy holds, and a copy can only lose what the
 * cut itself took.
 */
#include "attach.h"
#include "defect.h"
#include "util.h"

/* The mark's content says as clearly as cells can that it is not erased. */
static int program_mark(struct mtdl *mtdl, u64 off)
{
	u32 size = mtdl->geometry.mark_size;
	struct mtdl_flash *flash = mtdl->flash;
	int err;

	memset(mtdl->buffer, 0, size);
	err = flash->ops->program(flash, off, mtdl->buffer, size);
	if (err)
		return err;
	err = flash->ops->read(flash, off, mtdl->buffer, size);
	if (err && err != -EUCLEAN)
		return err;
	return mtdl_is_filled(mtdl->buffer, 0, size) ? 0 : -EIO;
}

static int mark_attempt(struct mtdl *mtdl)
{
	u32 index = mtdl->attempts_used - mtdl->attempts_saved;
	u32 copy;

	if (mtdl->read_only)
		return -EROFS;
	mtdl->attempts_used++;
	for (copy = 0; copy < 2; copy++) {
		u64 off;
		int err;

		if (mtdl->in_force[copy] == MTDL_NO_BLOCK)
			continue;
		off = mtdl_unit_offset(&mtdl->geometry, mtdl->in_force[copy]) +
		      mtdl->in_force_marks[copy] + (u64)index * mtdl->geometry.mark_size;
		err = program_mark(mtdl, off);
		if (err)
			return err;
		if (MTDL_DEFECT(MARK_ONE_COPY))
			break;
	}
	return 0;
}

static void expose(struct mtdl *mtdl, struct mtdl_release *release)
{
	mtdl_release_get(release);
	mtdl_release_put(mtdl->exposed);
	mtdl->exposed = release;
}

int mtdl_boot(struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	if (mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used < mtdl->attempts_max) {
		if (MTDL_DEFECT(COUNT_LATE))
			expose(mtdl, mtdl->candidate);
		err = mark_attempt(mtdl);
		if (!err) {
			expose(mtdl, mtdl->candidate);
			return 0;
		}
		mtdl_fail(why, 0,
			  "the attempt of release %s cannot be counted (error %d), so release %s is exposed",
			  mtdl->candidate->release, err, mtdl->active->release);
	}
	if (!mtdl->active)
		return mtdl_fail(why, -ENODATA, "there is no release to boot: apply one first");
	expose(mtdl, mtdl->active);
	return 0;
}

void mtdl_expose_active(struct mtdl *mtdl)
{
	expose(mtdl, mtdl->active);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flash driven by the portable core in this process: attached when it is
 * opened, looked at or changed, and left as any attach will find it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "image.h"
#include "interrupt.h"
#include "view.h"

#define SCRATCH_SIZE	(64U << 10)

/**
 * struct image_target - an image file or MTD device, attached
 * @target: first, so that operations find the rest
 * @image: below the core
 * @mtdl: the core's state
 * @name: as given, without directories
 * @scratch: SCRATCH_SIZE bytes
 * @verified: logical block of @verified_layer that was hashed last
 * @verified_layer: or NULL
 */
struct image_target {
	struct target target;
	struct image image;
	struct mtdl mtdl;
	char name[sizeof(((struct view *)NULL)->name)];
	uint8_t *scratch;
	uint32_t verified;
	const struct mtdl_layer *verified_layer;
};

static struct image_target *to_image_target(struct target *t)
{
	return (struct image_target *)t;
}

static void read_mtd_name(int mtd, char *name, size_t room)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/mtd/mtd%d/name", mtd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, name, room - 1);
	close(fd);
	name[n > 0 ? n : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

static int image_view(struct target *t, struct view *view, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	int err = view_of_core(view, &it->mtdl, why);

	if (err)
		return err;
	memcpy(view->name, it->name, sizeof(view->name));
	view->mtd = it->image.mtd;
	if (view->mtd >= 0)
		read_mtd_name(view->mtd, view->mtd_name, sizeof(view->mtd_name));
	return 0;
}

/* Nobody reads by the old map but this process, which is here now. */
static void follow(struct image_target *it)
{
	mtdl_follow(&it->mtdl);
	it->verified_layer = NULL;
}

static int image_begin(struct target *t, const void *manifest, uint32_t manifest_size,
		       const void *signature, uint32_t signature_size, uint32_t flags,
		       struct mtdl_plan *plan, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	int err = mtdl_begin(&it->mtdl, manifest, manifest_size, signature, signature_size,
			     flags, plan, why);

	follow(it);
	return err;
}

static int image_want(struct target *t, struct mtdl_wanted *wanted, uint32_t *count,
		      struct mtdl_reason *why)
{
	return mtdl_want(&to_image_target(t)->mtdl, wanted, count, why);
}

static int image_write(struct target *t, uint32_t layer, uint32_t block, const void *data,
		       uint32_t length, struct mtdl_reason *why)
{
	return mtdl_write(&to_image_target(t)->mtdl, layer, block, data, length, why);
}

/* Every change ends on the disk, so that a crash of this machine finds it there. */
static int finish(struct image_target *it, int err, struct mtdl_reason *why)
{
	int sync = image_sync(&it->image, err ? NULL : why);

	return err ? err : sync;
}

static int image_target_sync(struct target *t, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);

	return finish(it, mtdl_sync(&it->mtdl, why), why);
}

/*
 * One step of the work in the background.  What it wrote is on the disk before the
 * next one counts on it: blocks before the snapshot that names them, and that snapshot
 * before what it freed is used again.
 */
static int work(struct image_target *it, struct mtdl_reason *why)
{
	int more = mtdl_work(&it->mtdl, why);
	int err;

	follow(it);
	err = finish(it, more < 0 ? more : 0, why);
	return err ? err : more;
}

/* After a commit: copy the pinned layers to their homes. */
static int install_pinned(struct image_target *it, struct mtdl_reason *why)
{
	int more = 1;

	while (more > 0 && it->mtdl.state == MTDL_STATE_INSTALLING) {
		if (interrupt_pending())
			return mtdl_fail(why, -EINTR, "interrupted while the pinned layers of %s were being installed: `layerctl settle` goes on with it, `layerctl rollback` gives it up",
					 it->mtdl.candidate->release);
		more = work(it, why);
	}
	if (more < 0)
		return more;
	if (it->mtdl.state == MTDL_STATE_INSTALLING)
		return mtdl_fail(why, -EIO, "the pinned layers of %s are not installed, and nothing goes on: `layerctl rollback` gives it up",
				 it->mtdl.candidate->release);
	return 0;
}

static int image_commit(struct target *t, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	int err = image_sync(&it->image, why);

	if (!err)
		err = finish(it, mtdl_commit(&it->mtdl, why), why);
	follow(it);
	return err ? err : install_pinned(it, why);
}

static int image_boot(struct target *t, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	int err = mtdl_boot(&it->mtdl, why);

	if (!err)
		err = mtdl_retire_trial(&it->mtdl, why);
	follow(it);
	return finish(it, err, why);
}

static int image_confirm(struct target *t, const uint8_t *digest, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);

	int err = mtdl_confirm(&it->mtdl, digest, why);

	follow(it);
	return finish(it, err, why);
}

static int image_rollback(struct target *t, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	int err = mtdl_rollback(&it->mtdl, why);

	/* nobody reads an image through a kernel: nothing needs the dropped release */
	follow(it);
	if (!err)
		mtdl_expose_active(&it->mtdl);
	return finish(it, err, why);
}

static int image_abort(struct target *t, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);

	int err = mtdl_abort(&it->mtdl, why);

	follow(it);
	return finish(it, err, why);
}

/* Where the blocks of the active release are; NULL: there is none, or no memory. */
static uint32_t *copy_maps(const struct mtdl_release *release)
{
	uint32_t *maps = release ? malloc(release->block_total * sizeof(*maps)) : NULL;

	for (uint32_t i = 0; maps && i < release->layer_count; i++)
		memcpy(maps + release->layers[i].first, release->layers[i].map,
		       release->layers[i].block_count * sizeof(*maps));
	return maps;
}

static uint32_t count_moved(const struct mtdl_release *release, const uint32_t *before)
{
	uint32_t moved = 0;

	for (uint32_t i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (uint32_t block = 0; block < layer->block_count; block++)
			moved += layer->map[block] != before[layer->first + block];
	}
	return moved;
}

/* A signal came: what is copied is recorded, so that it need not be done again. */
static int stop_work(struct image_target *it, const uint32_t *before, struct settle_job *job,
		     struct mtdl_reason *why)
{
	int err = finish(it, mtdl_sync(&it->mtdl, why), why);

	follow(it);
	if (err)
		return err;
	if (before)
		job->moved = count_moved(it->mtdl.active, before);
	return mtdl_fail(why, -EINTR, "interrupted after %u blocks: they stay where they are now; the same command goes on",
			 job->moved);
}

static int image_settle(struct target *t, struct settle_job *job, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	uint32_t *before = copy_maps(it->mtdl.active);
	int more = 1;

	job->moved = 0;
	if (it->mtdl.active && !before)
		return mtdl_fail(why, -ENOMEM, "no memory to settle %u blocks",
				 it->mtdl.active->block_total);
	while (more > 0 && !interrupt_pending()) {
		more = work(it, why);
		if (before)
			job->moved = count_moved(it->mtdl.active, before);
		if (job->progress)
			job->progress(job->ctx, job->moved, view_count_settleable(&it->mtdl));
	}
	if (more > 0)
		more = stop_work(it, before, job, why);
	free(before);
	return more;
}

static struct mtdl_release *release_of(struct image_target *it, enum view_role role)
{
	switch (role) {
	case VIEW_ACTIVE:
		return it->mtdl.active;
	case VIEW_CANDIDATE:
		return it->mtdl.candidate;
	default:
		return it->mtdl.exposed;
	}
}

static int image_verify(struct target *t, enum view_role role, uint32_t layer, uint32_t *block,
			uint32_t count, bool *bad, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	struct mtdl_release *release = release_of(it, role);
	const struct mtdl_layer *l;
	int err;

	*bad = false;
	if (!release || layer >= release->layer_count)
		return mtdl_fail(why, -ENOENT, "there is no such release or layer on the flash");
	l = &release->layers[layer];
	err = mtdl_load_manifest(&it->mtdl, release, why);
	while (!err && count-- && *block < l->block_count) {
		err = mtdl_verify_block(&it->image.flash, &it->mtdl.geometry, l, (*block)++,
					it->scratch, SCRATCH_SIZE);
		if (err == -EUCLEAN) {
			mtdl_scrub(&it->mtdl, l->map[*block - 1]);
			err = 0;
		}
		*bad = err == -EBADMSG;
		if (err)
			mtdl_fail(why, err, "layer %s of release %s: block %u (0x%llx on the flash) %s",
				  l->name, release->release, *block - 1,
				  (unsigned long long)l->map[*block - 1] <<
				  it->mtdl.geometry.block_shift,
				  *bad ? "is not what the manifest names" : strerror(-err));
	}
	return *bad ? 0 : err;
}

static int image_check(struct target *t, struct mtdl_reason *why)
{
	return mtdl_check(&to_image_target(t)->mtdl, why);
}

/* Hands out nothing that has not been hashed since it was opened. */
static int verify_for_read(struct image_target *it, const struct mtdl_layer *l, uint32_t block,
			   struct mtdl_reason *why)
{
	int err;

	if (it->verified_layer == l && it->verified == block)
		return 0;
	err = mtdl_verify_block(&it->image.flash, &it->mtdl.geometry, l, block, it->scratch,
				SCRATCH_SIZE);
	if (err && err != -EUCLEAN)
		return mtdl_fail(why, -EIO, "layer %s: block %u is not what the manifest names: nothing of it is handed out; `layerctl verify` lists what is wrong",
				 l->name, block);
	it->verified_layer = l;
	it->verified = block;
	return 0;
}

static int image_read(struct target *t, const char *layer, uint64_t off, void *buf,
		      uint32_t len, struct mtdl_reason *why)
{
	struct image_target *it = to_image_target(t);
	struct mtdl_release *release = it->mtdl.exposed;
	struct mtdl_layer *l = release ? mtdl_release_find(release, layer) : NULL;
	uint32_t shift = it->mtdl.geometry.block_shift;
	int err;

	if (!l)
		return mtdl_fail(why, -ENOENT, "there is no layer %s%s%s", layer,
				 release ? " in release " : ": no release is exposed",
				 release ? release->release : "");
	if (l->flags & MTDL_LAYER_INCOMPLETE)
		return mtdl_fail(why, -EIO, "layer %s is incomplete, because it was being written in place: apply a release to the end",
				 layer);
	if (off > l->size || len > l->size - off)
		return mtdl_fail(why, -EINVAL, "layer %s has %llu bytes: %u at %llu are not within",
				 layer, (unsigned long long)l->size, len,
				 (unsigned long long)off);
	err = mtdl_load_manifest(&it->mtdl, release, why);
	for (uint64_t at = off >> shift; !err && len && at <= (off + len - 1) >> shift; at++)
		err = verify_for_read(it, l, (uint32_t)at, why);
	if (err)
		return err;
	err = mtdl_read(&it->image.flash, &it->mtdl.geometry, l, off, buf, len);
	if (err && err != -EUCLEAN)
		return mtdl_fail(why, err, "layer %s: %u bytes at %llu cannot be read: %s", layer,
				 len, (unsigned long long)off, strerror(-err));
	return 0;
}

static void image_target_close(struct target *t)
{
	struct image_target *it = to_image_target(t);

	mtdl_detach(&it->mtdl);
	image_close(&it->image);
	free(it->scratch);
	free(it);
}

static const struct target_ops image_ops = {
	.view = image_view,
	.begin = image_begin,
	.want = image_want,
	.write = image_write,
	.sync = image_target_sync,
	.commit = image_commit,
	.boot = image_boot,
	.confirm = image_confirm,
	.rollback = image_rollback,
	.abort = image_abort,
	.settle = image_settle,
	.verify = image_verify,
	.check = image_check,
	.read = image_read,
	.close = image_target_close,
};

static int attach(struct image_target *it, const char *path, bool write,
		  struct mtdl_reason *why)
{
	struct mtdl_reason inner = { 0 };
	struct mtdl_attach_options options = { 0 };
	const char *base = strrchr(path, '/');
	int err;

	snprintf(it->name, sizeof(it->name), "%s", base ? base + 1 : path);
	it->target.ops = &image_ops;
	it->scratch = malloc(SCRATCH_SIZE);
	it->image.fd = -1;
	if (!it->scratch)
		return mtdl_fail(why, -ENOMEM, "no memory to open %s", path);
	err = image_open(&it->image, path, write, why);
	if (err)
		return err;
	options.table_offset = it->image.table_offset;
	err = mtdl_attach(&it->mtdl, &it->image.flash, &options, &inner);
	return err ? mtdl_fail(why, err, "%s: %s", path, inner.text) : 0;
}

struct target *image_target_open(const char *path, bool write, struct mtdl_reason *why)
{
	struct image_target *it = calloc(1, sizeof(*it));
	int err;

	if (!it) {
		errno = -mtdl_fail(why, -ENOMEM, "no memory to open %s", path);
		return NULL;
	}
	err = attach(it, path, write, why);
	if (err) {
		image_target_close(&it->target);
		errno = -err;
		return NULL;
	}
	return &it->target;
}

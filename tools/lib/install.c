// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Installs bundles.  Whatever can be refused is refused before the first write.
 */
#include <time.h>

#include "install.h"
#include "interrupt.h"
#include "progress.h"
#include "view.h"

#define WANT_COUNT	256
#define POLL_NS		100000000L	/* between two looks at an installation in the background */

static int begin(struct install *in, uint32_t flags, struct mtdl_reason *why)
{
	const struct bundle *b = in->bundle;

	return in->target->ops->begin(in->target, b->manifest_bytes, b->manifest_size,
				      b->signature_size ? b->signature : NULL,
				      b->signature_size, in->flags | flags, &in->plan, why);
}

/* What a partial bundle leaves out is on a device whose active release is its base. */
static int check_layer(const struct install *in, const struct view *view, uint32_t layer,
		       struct mtdl_reason *why)
{
	const struct view_release *active = &view->releases[VIEW_ACTIVE];
	const struct bundle *b = in->bundle;
	const struct mtdl_manifest_layer *l = &b->manifest.layers[layer];
	const uint32_t changed = in->plan.layers[layer].changed;
	const uint32_t present = bundle_blocks_present(b, layer);

	if (!changed || present == l->block_count)
		return 0;
	if (active->present && !memcmp(active->digest, b->base, sizeof(b->base))) {
		if (present >= changed)
			return 0;
		return mtdl_fail(why, -ENODATA, "%s has %u blocks of layer %s, of which the device lacks %u, because it was written over in place: take a bundle packed without --partial",
				 b->path, present, l->name, changed);
	}
	if (!present)
		return mtdl_fail(why, -ENODATA, "%s has no payload for layer %s, of which the device lacks %u blocks: take a bundle packed without --partial",
				 b->path, l->name, changed);
	return mtdl_fail(why, -ENODATA, "%s has %u of the %u blocks of layer %s, for devices that run the release it was packed against; this one runs %s: take a bundle packed without --partial",
			 b->path, present, l->block_count, l->name,
			 active->present ? active->release : "nothing");
}

/* It does not fit: say so if it would with --in-place. */
static void hint_in_place(struct install *in, struct mtdl_reason *why)
{
	const struct mtdl_plan plan = in->plan;
	struct mtdl_reason inner = { 0 };
	size_t used = strlen(why->text);

	if (!(in->flags & MTDL_BEGIN_IN_PLACE) &&
	    !begin(in, MTDL_BEGIN_DRY_RUN | MTDL_BEGIN_IN_PLACE, &inner) && in->plan.in_place)
		snprintf(why->text + used, sizeof(why->text) - used,
			 "; with --in-place it fits, written over what is there");
	in->plan = plan;
}

int install_plan(struct install *in, struct mtdl_reason *why)
{
	struct view view;
	int err = begin(in, MTDL_BEGIN_DRY_RUN, why);

	if (err == -ENOSPC)
		hint_in_place(in, why);
	if (err || !in->bundle->partial)
		return err;
	err = in->target->ops->view(in->target, &view, why);
	if (err)
		return err;
	for (uint32_t i = 0; !err && i < in->plan.layer_count; i++)
		err = check_layer(in, &view, i, why);
	view_free(&view);
	return err;
}

/* Bytes of a layer's blocks that the bundle carries. */
static uint64_t bytes_present(const struct bundle *b, uint32_t layer)
{
	const struct mtdl_manifest_layer *l = &b->manifest.layers[layer];
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < l->block_count; i++) {
		if (bundle_frame_size(b, layer, i))
			bytes += mtdl_block_bytes(l->size, i, b->manifest.block_size);
	}
	return bytes;
}

static int check_blocks(struct install *in, struct progress *progress, struct mtdl_reason *why)
{
	struct bundle *b = in->bundle;
	uint64_t done = 0;

	for (uint32_t layer = 0; layer < in->plan.layer_count; layer++) {
		const struct mtdl_manifest_layer *l = &b->manifest.layers[layer];

		for (uint32_t i = 0; in->plan.layers[layer].changed && i < l->block_count; i++) {
			int err;

			if (!bundle_frame_size(b, layer, i))
				continue;
			if (interrupt_pending())
				return mtdl_fail(why, -EINTR, "interrupted: nothing was written");
			err = bundle_check(b, layer, i, why);
			if (err)
				return err;
			done += mtdl_block_bytes(l->size, i, b->manifest.block_size);
			progress_update(progress, done);
		}
	}
	return 0;
}

int install_check(struct install *in, struct mtdl_reason *why)
{
	struct progress *progress;
	uint64_t total = 0;
	int err;

	for (uint32_t i = 0; i < in->plan.layer_count; i++) {
		if (in->plan.layers[i].changed)
			total += bytes_present(in->bundle, i);
	}
	if (!total)
		return 0;
	progress = progress_begin(in->progress, "checking", total);
	err = check_blocks(in, progress, why);
	progress_end(progress, !err);
	return err;
}

static int write_wanted(struct install *in, const struct mtdl_wanted *wanted, uint32_t count,
			uint8_t *data, struct progress *progress, struct mtdl_reason *why)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t length;
		int err;

		if (interrupt_pending())
			return mtdl_fail(why, -EINTR, "interrupted after %u blocks: they stay; the same command goes on from there",
					 in->blocks_written);
		if (wanted[i].layer >= in->bundle->manifest.layer_count ||
		    wanted[i].block >= in->bundle->manifest.layers[wanted[i].layer].block_count)
			return mtdl_fail(why, -EPROTO, "the device asks for block %u of layer number %u, which the release does not have",
					 wanted[i].block, wanted[i].layer);
		err = bundle_read(in->bundle, wanted[i].layer, wanted[i].block, data, &length,
				  why);
		if (!err)
			err = in->target->ops->write(in->target, wanted[i].layer,
						     wanted[i].block, data, length, why);
		if (err)
			return err;
		in->blocks_written++;
		in->bytes_written += length;
		progress_update(progress, in->bytes_written);
	}
	return 0;
}

static int write_all(struct install *in, struct progress *progress, struct mtdl_reason *why)
{
	uint8_t *data = malloc(in->bundle->manifest.block_size);
	struct mtdl_wanted wanted[WANT_COUNT];
	uint32_t count;
	int err;

	if (!data)
		return mtdl_fail(why, -ENOMEM, "no memory for a block");
	do {
		count = WANT_COUNT;
		err = in->target->ops->want(in->target, wanted, &count, why);
		if (!err)
			err = write_wanted(in, wanted, count, data, progress, why);
	} while (!err && count);
	free(data);
	return err;
}

static bool has_release(const struct install *in, const struct view_release *release)
{
	return release->present &&
	       !memcmp(release->digest, in->bundle->manifest.digest, MTDL_DIGEST_SIZE);
}

/* Whether the release is there now: 1, 0 (still being installed) or a negative errno. */
static int look_installed(const struct install *in, struct mtdl_reason *why)
{
	struct view view;
	int err = in->target->ops->view(in->target, &view, why);

	if (err)
		return err;
	err = view.state != MTDL_STATE_INSTALLING;
	if (err && !has_release(in, &view.releases[VIEW_CANDIDATE]) &&
	    !has_release(in, &view.releases[VIEW_ACTIVE]))
		err = mtdl_fail(why, -EIO, "release %s could not be installed: a block of a pinned layer's slot failed (%s); %s stays active",
				in->bundle->manifest.release,
				strerror((int)view.outcome.error),
				view.releases[VIEW_ACTIVE].release);
	view_free(&view);
	return err;
}

/* Pinned layers may be installed in the background. */
static int wait_installed(const struct install *in, struct mtdl_reason *why)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };

	for (;;) {
		int done = look_installed(in, why);

		if (done)
			return done < 0 ? done : 0;
		if (interrupt_pending())
			return mtdl_fail(why, -EINTR, "interrupted: the pinned layers of %s go on being installed without it; `layerctl status` tells when that is done",
					 in->bundle->manifest.release);
		nanosleep(&pause, NULL);
	}
}

int install_write(struct install *in, struct mtdl_reason *why)
{
	struct progress *progress;
	int err = begin(in, 0, why);

	if (err || in->plan.current_release)
		return err;
	progress = progress_begin(in->progress, "writing", in->plan.bytes);
	err = write_all(in, progress, why);
	progress_end(progress, !err);
	if (!err) {
		err = in->target->ops->commit(in->target, why);
		return err ? err : wait_installed(in, why);
	}
	/* the first error is the one to tell; what cannot be recorded is written again */
	in->target->ops->sync(in->target, NULL);
	return err;
}

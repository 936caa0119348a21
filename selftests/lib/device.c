// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The steps of an upgrade on a simulated flash.
 */
#include <stdlib.h>

#include "device.h"

#define WANTED	16U

static int wrong(struct device *device, const char *what)
{
	return mtdl_fail(&device->why, -EPROTO, "%s", what);
}

int device_format(struct device *device, u32 block_size, u64 table_size)
{
	struct mtdl_format_options options = {
		.block_size = block_size,
		.table_size = table_size,
		/* the tests count blocks; the reserve has tests of its own */
		.reserve = MTDL_RESERVE_NONE,
		.compatible = BUILD_COMPATIBLE,
		.uuid = { 0xfe, 0xed, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 },
	};

	device->why.text[0] = '\0';
	return mtdl_format(&device->sim->flash, &options, &device->why);
}

void device_detach(struct device *device)
{
	if (device->attached)
		mtdl_detach(&device->mtdl);
	device->attached = false;
}

static int attach(struct device *device, const struct mtdl_attach_options *options)
{
	int err;

	device_detach(device);
	memset(&device->mtdl, 0, sizeof(device->mtdl));
	device->why.text[0] = '\0';
	err = mtdl_attach(&device->mtdl, &device->sim->flash, options, &device->why);
	device->attached = !err;
	return err;
}

int device_attach(struct device *device)
{
	return attach(device, NULL);
}

int device_attach_upto(struct device *device, struct mtdl_sequence newest)
{
	const struct mtdl_attach_options options = { .newest = newest };

	return attach(device, &options);
}

int device_reboot(struct device *device)
{
	int err;

	device_detach(device);
	simflash_power_on(device->sim);
	err = device_attach(device);
	if (err)
		return err;
	device->sim->again = true;
	err = mtdl_boot(&device->mtdl, &device->why);
	device->sim->again = false;
	if (!err)
		err = mtdl_retire_trial(&device->mtdl, &device->why);
	return err;
}

int device_begin(struct device *device, const struct built_release *release, u32 flags)
{
	device->why.text[0] = '\0';
	return mtdl_begin(&device->mtdl, release->manifest, release->manifest_size, NULL, 0, flags,
			  &device->plan, &device->why);
}

int device_write(struct device *device, const struct built_release *release, u32 limit)
{
	struct mtdl_wanted wanted[WANTED];
	u32 left = limit ? limit : ~0U;
	u32 count, i;
	int err;

	device->why.text[0] = '\0';
	while (left) {
		count = left < WANTED ? left : WANTED;
		err = mtdl_want(&device->mtdl, wanted, &count, &device->why);
		if (err || !count)
			return err;
		for (i = 0; i < count; i++) {
			u32 length;
			const u8 *data = build_block(release, wanted[i].layer, wanted[i].block,
						     &length);

			err = mtdl_write(&device->mtdl, wanted[i].layer, wanted[i].block, data,
					 length, &device->why);
			/* one write may have satisfied several wanted blocks */
			if (err && err != -EALREADY)
				return err;
		}
		left -= count;
	}
	return 0;
}

int device_stage(struct device *device, const struct built_release *release, u32 flags)
{
	int err = device_begin(device, release, flags);

	if (!err && !device->plan.current_release)
		err = device_write(device, release, 0);
	return err;
}

int device_apply(struct device *device, const struct built_release *release, u32 flags)
{
	int err = device_stage(device, release, flags);

	if (!err && !device->plan.current_release)
		err = mtdl_commit(&device->mtdl, &device->why);
	return err;
}

int device_install(struct device *device, const struct built_release *release)
{
	int err = device_apply(device, release, 0);

	if (!err)
		err = device_reboot(device);
	if (!err)
		err = mtdl_confirm(&device->mtdl, release->digest, &device->why);
	return err;
}

int device_check(struct device *device)
{
	const struct mtdl *mtdl = &device->mtdl;
	int err;

	device->why.text[0] = '\0';
	err = mtdl_check(&device->mtdl, &device->why);
	if (err)
		return err;
	if (mtdl->state > MTDL_STATE_TRIAL)
		return wrong(device, "the state is none of those there are");
	if ((mtdl->state == MTDL_STATE_IDLE) != !mtdl->candidate)
		return wrong(device, "there must be a candidate in every state but idle");
	if (mtdl->state == MTDL_STATE_TRIAL && !mtdl->active)
		return wrong(device, "a trial without a release to fall back to");
	if (mtdl->state == MTDL_STATE_TRIAL && mtdl->attempts_used > mtdl->attempts_max)
		return wrong(device, "more attempts used than there are");
	return 0;
}

static int layer_reads(struct device *device, const struct built_release *release, u32 index)
{
	struct mtdl_layer *layer = &device->mtdl.exposed->layers[index];
	const struct build_layer *expected = &release->layers[index];
	u8 *bytes;
	int err;

	if (strcmp(layer->name, expected->name) || layer->size != expected->size)
		return wrong(device, "a layer of the exposed release has another name or size");
	bytes = malloc(expected->size);
	if (!bytes)
		abort();
	err = mtdl_read(&device->sim->flash, &device->mtdl.geometry, layer, 0, bytes,
			expected->size);
	if (layer->flags & MTDL_LAYER_INCOMPLETE) {
		free(bytes);
		return err == -EIO ? 0 :
		       wrong(device, "a layer that is incomplete in place can be read");
	}
	if (err == -EUCLEAN)
		err = 0;
	if (err)
		mtdl_fail(&device->why, err, "layer %s of the exposed release cannot be read",
			  layer->name);
	else if (memcmp(bytes, release->payload[index], expected->size))
		err = mtdl_fail(&device->why, -EPROTO, "layer %s of the exposed release does not have its bytes",
				layer->name);
	free(bytes);
	return err;
}

int device_reads(struct device *device, const struct built_release *release)
{
	const struct mtdl_release *exposed = device->mtdl.exposed;
	u32 i;
	int err = 0;

	device->why.text[0] = '\0';
	if (!release)
		return exposed ? wrong(device, "a release is exposed where there is none") : 0;
	if (!exposed)
		return wrong(device, "nothing is exposed");
	if (memcmp(exposed->digest, release->digest, MTDL_DIGEST_SIZE))
		return wrong(device, "another release is exposed");
	if (exposed->layer_count != release->layer_count)
		return wrong(device, "the exposed release has another number of layers");
	for (i = 0; i < release->layer_count && !err; i++)
		err = layer_reads(device, release, i);
	return err;
}

int device_verify(struct device *device, struct mtdl_release *release)
{
	u8 buf[512];
	u32 i, block;
	int err;

	device->why.text[0] = '\0';
	err = mtdl_load_manifest(&device->mtdl, release, &device->why);
	for (i = 0; i < release->layer_count && !err; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (block = 0; block < layer->block_count && !err; block++) {
			err = mtdl_verify_block(&device->sim->flash, &device->mtdl.geometry,
						layer, block, buf, sizeof(buf));
			if (err == -EUCLEAN)
				err = 0;
			if (err)
				mtdl_fail(&device->why, err, "layer %s: block %u does not verify",
					  layer->name, block);
		}
	}
	return err;
}

u32 device_count(struct device *device, enum mtdl_use use)
{
	u32 blocks = device->mtdl.geometry.block_count, count = 0, i;
	u8 *uses = malloc(blocks);

	if (!uses || mtdl_usage(&device->mtdl, uses, &device->why))
		abort();
	for (i = 0; i < blocks; i++)
		count += uses[i] == use;
	free(uses);
	return count;
}

void device_free(struct device *device)
{
	device_detach(device);
	simflash_free(device->sim);
	device->sim = NULL;
}

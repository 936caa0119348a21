// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formats a flash after a layout.
 */
#include <sys/random.h>
#include <unistd.h>

#include "setup.h"
#include "size.h"

static int take_size(uint64_t *to, const char *what, uint64_t limit, const char *value,
		     struct mtdl_reason *why)
{
	int err = size_parse(value, what, to, why);

	if (!err && (!*to || *to > limit))
		err = mtdl_fail(why, -EINVAL, "%s: %s is not from 1 to %llu bytes", what, value,
				(unsigned long long)limit);
	return err;
}

/* Of 1024 blocks; the core knows 0 as "not said". */
static int take_reserve(struct setup *setup, const char *value, struct mtdl_reason *why)
{
	int err = number_parse(value, "--reserve", 0, MTDL_RESERVE_MAX, &setup->reserve, why);

	if (!err && !setup->reserve)
		setup->reserve = MTDL_RESERVE_NONE;
	return err;
}

int setup_option(struct setup *setup, int option, const char *value, struct mtdl_reason *why)
{
	switch (option - SETUP_OPTION) {
	case 0:
		setup->layout_path = value;
		return 0;
	case 1:
		return take_size(&setup->size, "--size", INT64_MAX, value, why);
	case 2:
		return take_size(&setup->erase_size, "--erasesize", MTDL_BLOCK_SIZE_MAX, value, why);
	case 3:
		return take_size(&setup->write_size, "--writesize", MTDL_BLOCK_SIZE_MAX, value, why);
	case 4:
		return take_size(&setup->block_size, "--block-size", MTDL_BLOCK_SIZE_MAX, value,
				 why);
	case 5:
		setup->uuid_given = true;
		return uuid_parse(value, setup->uuid, why);
	case 6:
		return take_reserve(setup, value, why);
	default:
		return -ENOENT;
	}
}

int setup_check_ends(const struct setup *setup, uint64_t flash_size, struct mtdl_reason *why)
{
	const struct layout *layout = &setup->layout;

	for (uint32_t i = 0; i < layout->layer_count; i++) {
		const struct layout_layer *layer = &layout->layers[i];

		if (layer->address + layer->capacity > flash_size)
			return mtdl_fail(why, -EINVAL, "%s: layer %s ends at 0x%llx, the flash has 0x%llx bytes",
					 setup->layout_path, layer->name,
					 (unsigned long long)(layer->address + layer->capacity),
					 (unsigned long long)flash_size);
	}
	if (layout->table_offset + layout->table_size > flash_size)
		return mtdl_fail(why, -EINVAL, "%s: the table area ends at 0x%llx, the flash has 0x%llx bytes",
				 setup->layout_path,
				 (unsigned long long)(layout->table_offset + layout->table_size),
				 (unsigned long long)flash_size);
	return 0;
}

int setup_prepare(struct setup *setup, struct mtdl_reason *why)
{
	uint32_t block_size;
	int err = layout_read(&setup->layout, setup->layout_path, why);

	if (!err)
		err = layout_block_size(&setup->layout, (uint32_t)setup->block_size, &block_size,
					why);
	if (err)
		return err;
	setup->block_size = block_size;
	return setup->size ? setup_check_ends(setup, setup->size, why) : 0;
}

static int choose_uuid(struct setup *setup, struct mtdl_reason *why)
{
	if (setup->uuid_given)
		return 0;
	if (getrandom(setup->uuid, sizeof(setup->uuid), 0) != sizeof(setup->uuid))
		return mtdl_fail(why, -EIO, "no random bytes for a UUID: give --uuid");
	setup->uuid[6] = (setup->uuid[6] & 0x0f) | 0x40;
	setup->uuid[8] = (setup->uuid[8] & 0x3f) | 0x80;
	setup->uuid_given = true;
	return 0;
}

int setup_format_options(struct setup *setup, struct mtdl_format_options *options,
			 struct mtdl_reason *why)
{
	int err = choose_uuid(setup, why);

	*options = (struct mtdl_format_options){
		.block_size = (uint32_t)setup->block_size,
		.reserve = setup->reserve,
		.table_offset = setup->layout.table_offset,
		.table_size = setup->layout.table_size,
		.compatible = setup->layout.compatible,
	};
	memcpy(options->uuid, setup->uuid, sizeof(options->uuid));
	return err;
}

static int format(struct setup *setup, struct image *image, struct mtdl_reason *why)
{
	struct mtdl_format_options options;
	int err = setup_check_ends(setup, image->flash.size, why);

	if (!err)
		err = setup_format_options(setup, &options, why);
	if (!err)
		err = mtdl_format(&image->flash, &options, why);
	return err ? err : image_sync(image, why);
}

int setup_has_table(struct image *image, uint64_t table_offset, struct mtdl_reason *why)
{
	const struct mtdl_attach_options options = { .table_offset = table_offset };
	struct mtdl *mtdl = calloc(1, sizeof(*mtdl));
	int err;

	if (!mtdl)
		return mtdl_fail(why, -ENOMEM, "no memory to look for a layer table");
	err = mtdl_attach(mtdl, &image->flash, &options, why);
	if (!err)
		mtdl_detach(mtdl);
	free(mtdl);
	if (err == -ENODATA || err == -EUCLEAN)
		return 0;
	return err ? err : 1;
}

/* A file has been searched when it was opened. */
static int refuse_device(const struct setup *setup, struct image *image, bool force,
			 struct mtdl_reason *why)
{
	struct mtdl_reason inner = { 0 };
	int has = image->mtd < 0 || force ? 0 :
		  setup_has_table(image, setup->layout.table_offset, &inner);

	if (has < 0)
		return mtdl_fail(why, has, "%s: %s (--force formats it anew)", image->path,
				 inner.text);
	if (has)
		return mtdl_fail(why, -EEXIST, "%s: has a layer table already, with all that it describes: --force formats it anew",
				 image->path);
	return 0;
}

int setup_flash(struct setup *setup, const char *path, bool force, struct mtdl_reason *why)
{
	const struct image_geometry geometry = {
		.size = setup->size,
		.erase_size = (uint32_t)setup->erase_size,
		.write_size = (uint32_t)setup->write_size,
	};
	struct image image;
	int err = image_create(&image, path, &geometry, force, why);

	if (err)
		return err;
	err = refuse_device(setup, &image, force, why);
	if (!err)
		err = format(setup, &image, why);
	image_close(&image);
	if (err && image.made)
		unlink(path);
	return err;
}

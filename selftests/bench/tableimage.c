// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts what an attach reads of a flash image: tableimage IMAGE ERASE-SIZE WRITE-SIZE;
 * with one more word, "fill", it first fills the image's layer table with snapshots, every
 * unit of it to its end.
 *
 * A full table is what a long upgrade leaves, which records its progress every few blocks,
 * and gives attach most to read. What the image holds stays as it is: a release is begun
 * and aborted until the table has been written all over.
 *
 * Prints how many pages attach and the loading of the manifest ask for.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build_release.h"
#include "mtdl.h"

/** struct image - a flash image in memory; @pages: asked for by reads */
struct image {
	struct mtdl_flash flash;
	u8 *bytes;
	u64 pages;
};

static u8 *at(struct mtdl_flash *flash, u64 off)
{
	return ((struct image *)flash)->bytes + off;
}

static int image_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	u32 page = flash->write_size;

	((struct image *)flash)->pages += (off + len - 1) / page - off / page + 1;
	memcpy(buf, at(flash, off), len);
	return 0;
}

static int image_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	memcpy(at(flash, off), buf, len);
	return 0;
}

static int image_erase(struct mtdl_flash *flash, u64 off)
{
	memset(at(flash, off), 0xff, flash->erase_size);
	return 0;
}

static int image_is_bad(struct mtdl_flash *flash, u64 off)
{
	(void)flash;
	(void)off;
	return 0;
}

static int image_mark_bad(struct mtdl_flash *flash, u64 off)
{
	(void)flash;
	(void)off;
	return -EOPNOTSUPP;
}

static const struct mtdl_flash_ops image_ops = {
	.read = image_read,
	.program = image_program,
	.erase = image_erase,
	.is_bad = image_is_bad,
	.mark_bad = image_mark_bad,
};

static void image_open(struct image *image, char **argv)
{
	int fd = open(argv[1], O_RDWR);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[1]);
		exit(1);
	}
	image->flash.ops = &image_ops;
	image->flash.size = (u64)st.st_size;
	image->flash.erase_size = (u32)strtoul(argv[2], NULL, 0);
	image->flash.write_size = (u32)strtoul(argv[3], NULL, 0);
	image->flash.can_have_bad_blocks = true;
	image->bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (image->bytes == MAP_FAILED) {
		perror(argv[1]);
		exit(1);
	}
	close(fd);
}

/* A release of one block, for the board and the first slot that the image has. */
static struct built_release *one_block(const struct mtdl *mtdl)
{
	const struct mtdl_layer *first = &mtdl->active->layers[0];
	struct build_options options = {
		.block_size = mtdl->geometry.block_size,
		.release = "never committed",
		.compatible = mtdl->compatible,
	};
	struct build_layer layer = {
		.name = first->name,
		.slot_start = first->slot_start,
		.slot_blocks = first->slot_blocks,
		.policy = first->policy,
		.size = mtdl->geometry.block_size,
		.seed = 1,
	};

	return build_release(&options, &layer, 1);
}

/* Whether the units of the newest snapshot are nearly full too. */
static bool nearly_full(const struct mtdl *mtdl)
{
	const struct mtdl_geometry *g = &mtdl->geometry;

	return mtdl->units[mtdl->in_force[0]].end > g->unit_size / 8 * 7;
}

/* Begins and aborts until as much has been written as the table area can hold, and again. */
static int fill(struct mtdl *mtdl, struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	u32 enough = g->unit_count * (g->unit_size / g->write_size);
	struct built_release *release = one_block(mtdl);
	struct mtdl_plan *plan = malloc(sizeof(*plan));
	int err = plan ? 0 : -ENOMEM;

	while (!err && (mtdl->sequence.write < enough || !nearly_full(mtdl))) {
		err = mtdl_begin(mtdl, release->manifest, release->manifest_size, NULL, 0, 0, plan,
				 why);
		if (!err)
			err = mtdl_abort(mtdl, why);
	}
	free(plan);
	build_free(release);
	return err;
}

/* Attaches as the module does, to read by. */
static int count(struct image *image, struct mtdl *mtdl, struct mtdl_reason *why)
{
	int err;

	image->pages = 0;
	err = mtdl_attach(mtdl, &image->flash, NULL, why);
	if (!err)
		err = mtdl_load_manifest(mtdl, mtdl->exposed, why);
	if (!err)
		printf("%llu\n", (unsigned long long)image->pages);
	mtdl_detach(mtdl);
	return err;
}

int main(int argc, char **argv)
{
	struct mtdl_reason why = { 0 };
	struct image image = { 0 };
	struct mtdl *mtdl = calloc(1, sizeof(*mtdl));
	int err = 0;

	if ((argc != 4 && (argc != 5 || strcmp(argv[4], "fill"))) || !mtdl) {
		fprintf(stderr, "usage: tableimage IMAGE ERASE-SIZE WRITE-SIZE [fill]\n");
		return 2;
	}
	image_open(&image, argv);
	if (argc == 5) {
		err = mtdl_attach(mtdl, &image.flash, NULL, &why);
		if (!err)
			err = fill(mtdl, &why);
		mtdl_detach(mtdl);
	}
	if (!err)
		err = count(&image, mtdl, &why);
	if (err)
		fprintf(stderr, "tableimage: %s\n", why.text);
	free(mtdl);
	return err ? 1 : 0;
}

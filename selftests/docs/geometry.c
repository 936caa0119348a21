// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formats flashes in memory and prints how format divides them.
 *
 * Each line of standard input is an example: flash size, erase size, write size, block size
 * ("-": the default) and whether blocks can be bad ("yes" or "no"), with K, M or G as suffixes.
 * Printed is the same line with what format chose: block size, largest snapshot in bytes, unit
 * size, units, and the size of the table area.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../kmod/core/mtdl.h"
#include "../../kmod/core/snapshot.h"

/** struct sparse - a flash whose untouched bytes cost nothing and read as zero */
struct sparse {
	struct mtdl_flash flash;
	u8 *bytes;
};

static u8 *place(struct mtdl_flash *flash, u64 off)
{
	return ((struct sparse *)flash)->bytes + off;
}

static int sparse_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	memcpy(buf, place(flash, off), len);
	return 0;
}

static int sparse_program(struct mtdl_flash *flash, u64 off, const void *buf, u32 len)
{
	memcpy(place(flash, off), buf, len);
	return 0;
}

static int sparse_erase(struct mtdl_flash *flash, u64 off)
{
	memset(place(flash, off), 0xff, flash->erase_size);
	return 0;
}

static int sparse_is_bad(struct mtdl_flash *flash, u64 off)
{
	(void)flash;
	(void)off;
	return 0;
}

static const struct mtdl_flash_ops sparse_ops = {
	.read = sparse_read,
	.program = sparse_program,
	.erase = sparse_erase,
	.is_bad = sparse_is_bad,
};

static u64 parse_size(const char *text)
{
	char *end;
	u64 size = strtoull(text, &end, 10);

	switch (*end) {
	case 'G':
		return size << 30;
	case 'M':
		return size << 20;
	case 'K':
		return size << 10;
	default:
		return size;
	}
}

static const char *size_text(u64 size, char text[static 24])
{
	if (size && !(size & ((1 << 20) - 1)))
		snprintf(text, 24, "%lluM", (unsigned long long)size >> 20);
	else if (size && !(size & ((1 << 10) - 1)))
		snprintf(text, 24, "%lluK", (unsigned long long)size >> 10);
	else
		snprintf(text, 24, "%llu", (unsigned long long)size);
	return text;
}

static int divide(struct sparse *sparse, u32 block_size, struct mtdl *mtdl)
{
	const struct mtdl_format_options options = {
		.block_size = block_size,
		.compatible = "example,board",
	};
	struct mtdl_reason why = { 0 };
	int err = mtdl_format(&sparse->flash, &options, &why);

	if (!err)
		err = mtdl_attach(mtdl, &sparse->flash, NULL, &why);
	if (err)
		fprintf(stderr, "%s\n", why.text);
	return err;
}

static int print_example(char cells[5][16])
{
	struct sparse sparse = {
		.flash = {
			.ops = &sparse_ops,
			.size = parse_size(cells[0]),
			.erase_size = (u32)parse_size(cells[1]),
			.write_size = (u32)parse_size(cells[2]),
			.can_have_bad_blocks = !strcmp(cells[4], "yes"),
		},
	};
	char block[24], unit[24], table[24];
	struct mtdl mtdl = { 0 };
	int err;

	sparse.bytes = mmap(NULL, sparse.flash.size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sparse.bytes == MAP_FAILED)
		return -errno;
	err = divide(&sparse, cells[3][0] == '-' ? 0 : (u32)parse_size(cells[3]), &mtdl);
	if (!err)
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%u\t%s\t%u\t%s\n", cells[0], cells[1], cells[2],
		       cells[3], cells[4], size_text(mtdl.geometry.block_size, block),
		       mtdl_snapshot_bound(mtdl.geometry.block_count),
		       size_text(mtdl.geometry.unit_size, unit), mtdl.geometry.unit_count,
		       size_text((u64)mtdl.geometry.table_blocks * mtdl.geometry.block_size,
				 table));
	mtdl_detach(&mtdl);
	munmap(sparse.bytes, sparse.flash.size);
	return err;
}

int main(void)
{
	char cells[5][16];

	while (scanf("%15s %15s %15s %15s %15s%*[^\n]", cells[0], cells[1], cells[2], cells[3],
		     cells[4]) == 5)
		if (print_example(cells))
			return 1;
	return 0;
}

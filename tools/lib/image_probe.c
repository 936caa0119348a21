// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device tells its geometry, a file does not; but every snapshot of the layer
 * table in it does.  One whose checksum holds, and which lies where it says that
 * its table area is, is taken: that tells it from a copy inside a layer's data.
 */
#include <sys/mman.h>

#include "../../kmod/core/snapshot.h"
#include "image.h"

#define STEP	(4U << 10)	/* the smallest eraseblock */

/* Takes the geometry that a header states, without asking whether it is sane. */
static void take(struct image *image, const struct mtdl_media_snapshot *header, uint64_t size)
{
	image->flash.size = size;
	image->flash.erase_size = le32_to_cpu(header->erase_size);
	image->flash.write_size = le32_to_cpu(header->write_size);
	image->table_offset = (uint64_t)le32_to_cpu(header->table_start) *
			      le32_to_cpu(header->block_size);
}

static bool lies_in_its_table(const struct mtdl_media_snapshot *header, uint64_t off)
{
	uint64_t block_size = le32_to_cpu(header->block_size);
	uint64_t unit_size = le32_to_cpu(header->unit_size);
	uint64_t start = le32_to_cpu(header->table_start) * block_size;
	uint64_t size = le32_to_cpu(header->table_blocks) * block_size;

	return unit_size && off >= start && off - start < size && !((off - start) % unit_size);
}

static bool is_snapshot(const uint8_t *at, uint64_t room, struct mtdl_media_snapshot *header)
{
	uint32_t limit = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;

	if (room < sizeof(*header))
		return false;
	memcpy(header, at, sizeof(*header));
	return mtdl_snapshot_plausible(header, limit) &&
	       mtdl_snapshot_crc(at, le32_to_cpu(header->length)) == le32_to_cpu(header->crc);
}

static bool search(const uint8_t *bytes, uint64_t size, struct mtdl_media_snapshot *header)
{
	for (uint64_t off = 0; off < size; off += STEP) {
		if (is_snapshot(bytes + off, size - off, header) &&
		    lies_in_its_table(header, off))
			return true;
	}
	return false;
}

int image_probe(struct image *image, uint64_t size, struct mtdl_reason *why)
{
	struct mtdl_media_snapshot header;
	void *bytes;
	bool found;

	if (!size)
		return mtdl_fail(why, -ENODATA, "%s: is empty: format it first", image->path);
	if (size > SIZE_MAX)
		return mtdl_fail(why, -EFBIG, "%s: %llu bytes are more than this machine can map",
				 image->path, (unsigned long long)size);
	bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, image->fd, 0);
	if (bytes == MAP_FAILED)
		return mtdl_fail(why, -errno, "%s: cannot be mapped: %s", image->path,
				 strerror(errno));
	found = search(bytes, size, &header);
	munmap(bytes, (size_t)size);
	if (found && size < le64_to_cpu(header.flash_size))
		return mtdl_fail(why, -EINVAL, "%s: is cut short: it has %llu bytes, its layer table was made for %llu: get it again",
				 image->path, (unsigned long long)size,
				 (unsigned long long)le64_to_cpu(header.flash_size));
	if (found) {
		take(image, &header, size);
		return 0;
	}
	return mtdl_fail(why, -ENODATA, "%s: no layer table found: it is not formatted, or all copies of its table are lost (`layerctl recover` rebuilds it; or format it, and apply a release)",
			 image->path);
}

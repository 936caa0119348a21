// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Reading a layer: where its bytes are, and whether they are the manifest's.
 * Nothing here changes anything, so any number of readers may run at once.
 */
#include "read.h"
#include "util.h"

u64 mtdl_locate(const struct mtdl_geometry *geometry, const struct mtdl_layer *layer,
		u64 off, u64 *len)
{
	u32 block = (u32)(off >> geometry->block_shift);
	u32 inside = (u32)off & (geometry->block_size - 1);
	u64 start = ((u64)layer->map[block] << geometry->block_shift) + inside;
	u64 run = geometry->block_size - inside;
	u64 most = layer->size - off;

	if (most > *len)
		most = *len;
	while (run < most && layer->map[block + 1] == layer->map[block] + 1) {
		run += geometry->block_size;
		block++;
	}
	*len = run < most ? run : most;
	return start;
}

int mtdl_read(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
	      const struct mtdl_layer *layer, u64 off, void *buf, u64 len)
{
	u8 *to = buf;
	int corrected = 0;

	if (off > layer->size || len > layer->size - off)
		return -EINVAL;
	if (layer->flags & MTDL_LAYER_INCOMPLETE) {
		memset(buf, 0, len);
		return -EIO;
	}
	while (len) {
		u64 run = len < geometry->block_size ? len : geometry->block_size;
		u64 at = mtdl_locate(geometry, layer, off, &run);
		int err = flash->ops->read(flash, at, to, (u32)run);

		if (err == -EUCLEAN) {
			corrected = err;
		} else if (err) {
			memset(buf, 0, (size_t)(to - (u8 *)buf) + len);
			return err == -EBADMSG ? -EIO : err;
		}
		to += run;
		off += run;
		len -= run;
	}
	return corrected;
}

/* Of what lies at byte @pos of a block, copies what the range @from to @from + @len wants. */
static void keep_part(u8 *to, u32 from, u32 len, const u8 *part, u32 pos, u32 part_len)
{
	u32 start = from > pos ? from : pos;
	u32 end = from + len < pos + part_len ? from + len : pos + part_len;

	if (start < end)
		memcpy(to + (start - from), part + (start - pos), end - start);
}

/* Hashes a block that lies at @at, and copies @len of its bytes from @from on to @to. */
static int hash_block(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		      const struct mtdl_layer *layer, u32 block, u64 at, u32 from, u8 *to, u32 len,
		      u8 *scratch, u32 scratch_len)
{
	u32 size = mtdl_block_bytes(layer->size, block, geometry->block_size);
	u8 digest[MTDL_DIGEST_SIZE];
	struct mtdl_hash hash;
	int corrected = 0;
	u32 pos, part;

	mtdl_hash_init(&hash);
	for (pos = 0; pos < size; pos += part) {
		int err;

		part = size - pos < scratch_len ? size - pos : scratch_len;
		err = flash->ops->read(flash, at + pos, scratch, part);

		if (err == -EUCLEAN)
			corrected = err;
		else if (err)
			return err;
		mtdl_hash_update(&hash, scratch, part);
		keep_part(to, from, len, scratch, pos, part);
	}
	mtdl_hash_final(&hash, digest);
	if (memcmp(digest, layer->digests + (size_t)block * MTDL_DIGEST_SIZE, sizeof(digest)))
		return -EBADMSG;
	return corrected;
}

int mtdl_verify_block(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		      const struct mtdl_layer *layer, u32 block, u8 *buf, u32 len)
{
	return mtdl_verify_at(flash, geometry, layer, block, layer->map[block], buf, len);
}

int mtdl_verify_at(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		   const struct mtdl_layer *layer, u32 block, u32 physical, u8 *buf, u32 len)
{
	return hash_block(flash, geometry, layer, block, (u64)physical << geometry->block_shift,
			  0, NULL, 0, buf, len);
}

int mtdl_read_verified(struct mtdl_flash *flash, const struct mtdl_geometry *geometry,
		       const struct mtdl_layer *layer, u64 off, void *buf, u32 len,
		       u8 *scratch, u32 scratch_len)
{
	u32 block = (u32)(off >> geometry->block_shift);
	u32 inside = (u32)off & (geometry->block_size - 1);
	int err;

	if (off > layer->size || len > layer->size - off || len > geometry->block_size - inside)
		return -EINVAL;
	err = layer->flags & MTDL_LAYER_INCOMPLETE ? -EIO :
	      hash_block(flash, geometry, layer, block,
			 (u64)layer->map[block] << geometry->block_shift, inside, buf, len,
			 scratch, scratch_len);
	if (err && err != -EUCLEAN)
		memset(buf, 0, len);
	return err;
}

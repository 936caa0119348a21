// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inputs of the attach fuzzer: laid out as a flash, mutated so that digests and CRCs fit again,
 * made of the golden images.
 */
#include <stdlib.h>

#include "golden.h"
#include "input.h"
#include "tableview.h"

#define GAP_MIN		16	/* erased bytes that end a piece of a seed */

/* Data of the golden image of a trial: blocks of two releases; its table is erased. */
static const u8 *golden_data(bool nand, u32 *size)
{
	static u8 *data[2];
	static u32 sizes[2];
	const char *name = nand ? "nand-trial-one-used" : "trial-one-used";

	for (u32 i = 0; !data[nand] && i < golden_state_count; i++) {
		struct golden_image *image;

		if (strcmp(golden_states[i].name, name))
			continue;
		image = golden_build(&golden_states[i]);
		sizes[nand] = (u32)image->sim->flash.size;
		data[nand] = malloc(sizes[nand]);
		simflash_peek(image->sim, 0, data[nand], sizes[nand]);
		memset(data[nand], 0xff, image->start * GOLDEN_BLOCK(&image->sim->shape));
		golden_release(image);
	}
	fuzz_must(data[nand], "there is no golden state %s", name);
	*size = sizes[nand];
	return data[nand];
}

static bool next_piece(const u8 *data, size_t size, size_t *at, struct piece *piece)
{
	if (size - *at < sizeof(*piece))
		return false;
	memcpy(piece, data + *at, sizeof(*piece));
	*at += sizeof(*piece);
	if (le32_to_cpu(piece->length) > size - *at)
		piece->length = cpu_to_le32((u32)(size - *at));
	return true;
}

bool input_lay_out(struct input *in, const u8 *data, size_t size)
{
	static u8 bytes[FLASH_MAX];
	size_t at = sizeof(in->shape);
	struct piece piece;
	u32 erase, write;

	memset(in, 0, sizeof(*in));
	if (size < at)
		return false;
	memcpy(&in->shape, data, at);
	erase = 12 + in->shape.erase_shift % 6;
	write = in->shape.write_shift % 14;
	in->size = (1 + le16_to_cpu(in->shape.eraseblocks) % (FLASH_MAX >> erase)) << erase;
	in->erase_size = 1U << erase;
	in->write_size = 1U << (write < erase ? write : erase);
	in->bad = in->shape.flags & CAN_BE_BAD ? le64_to_cpu(in->shape.bad) : 0;
	in->bytes = bytes;
	memset(bytes, 0xff, in->size);
	if (in->shape.flags & GOLDEN_DATA) {
		u32 golden;
		const u8 *from = golden_data(write, &golden);

		memcpy(bytes, from, golden < in->size ? golden : in->size);
	}
	while (next_piece(data, size, &at, &piece)) {
		u32 off = le32_to_cpu(piece.off), length = le32_to_cpu(piece.length);

		if (off < in->size)
			memcpy(bytes + off, data + at, length < in->size - off ? length :
			       in->size - off);
		at += length;
	}
	return true;
}

/* ---- mutations ---- */

/* Digest and layers' roots of a release in a snapshot, from the manifest that it names. */
static u32 repair_release(const struct input *in, u8 *at, u32 left, u32 block_size)
{
	const u32 header = sizeof(struct mtdl_media_release);
	u32 used = header, blocks, layers, size;
	const u8 *manifest;

	if (left < header + 4)
		return left;
	blocks = fuzz_get32(at + offsetof(struct mtdl_media_release, manifest_blocks));
	layers = fuzz_get32(at + offsetof(struct mtdl_media_release, layer_count));
	size = fuzz_get32(at + offsetof(struct mtdl_media_release, manifest_size));
	if (blocks > (left - header) / 8 || !size || size > block_size ||
	    (u64)fuzz_get32(at + header) * block_size + size > in->size)
		return left;
	manifest = in->bytes + (u64)fuzz_get32(at + header) * block_size;
	fuzz_digest(manifest, size, at + offsetof(struct mtdl_media_release, digest));
	manifest += sizeof(struct mtdl_media_manifest) + sizeof(struct mtdl_media_record);
	for (used += 8 * blocks; layers--;) {
		u8 *layer = at + used;
		u64 entries;

		if (left - used < sizeof(struct mtdl_media_layer) ||
		    manifest + sizeof(struct mtdl_media_manifest_layer) >
		    in->bytes + in->size)
			return left;
		memcpy(layer + offsetof(struct mtdl_media_layer, root),
		       manifest + offsetof(struct mtdl_media_manifest_layer, root),
		       MTDL_DIGEST_SIZE);
		manifest += sizeof(struct mtdl_media_record) +
			    ((fuzz_get32(manifest - 4) + 7) & ~7U);
		entries = fuzz_get32(layer + offsetof(struct mtdl_media_layer, map_entries));
		entries *= layer[offsetof(struct mtdl_media_layer, map_kind)] ? 8 : 4;
		used += sizeof(struct mtdl_media_layer);
		if (entries > left - used)
			return left;
		used += (u32)entries;
	}
	return used;
}

/* @at: in the input; @off: where that lies on the flash, and on to its end. */
static void repair_snapshot(const struct input *in, u8 *at, u32 here, u32 off, bool releases)
{
	u32 length = fuzz_get32(at + offsetof(struct mtdl_media_snapshot, length));
	u32 block_size = fuzz_get32(at + offsetof(struct mtdl_media_snapshot, block_size));
	u64 body = sizeof(struct mtdl_media_snapshot);

	if (length < body || off > in->size || length > in->size - off)
		return;
	here = here < length ? here : length;
	body += 4 * (u64)fuzz_get32(at + offsetof(struct mtdl_media_snapshot, retired_count));
	if (releases && block_size >= MTDL_BLOCK_SIZE_MIN && body < here) {
		body += repair_release(in, at + body, here - (u32)body, block_size);
		repair_release(in, at + body, here - (u32)body, block_size);
	}
	memcpy(in->bytes + off, at, here);
	fuzz_put32(at + offsetof(struct mtdl_media_snapshot, crc),
		   tableview_crc(in->bytes + off, length));
}

/* Roots of manifests, digests of releases, CRCs of snapshots, in every piece. */
static void repair(u8 *data, size_t size, u32 *random)
{
	bool manifests = fuzz_random(random, 2), releases = fuzz_random(random, 8);
	size_t at = sizeof(struct shape);
	static struct input in;
	struct piece piece;

	for (; manifests && next_piece(data, size, &at, &piece); at += le32_to_cpu(piece.length))
		if (le32_to_cpu(piece.length) > 4 && fuzz_get32(data + at) == MTDL_MANIFEST_MAGIC)
			fuzz_repair_manifest(data + at, le32_to_cpu(piece.length));
	if (!input_lay_out(&in, data, size))
		return;
	for (at = sizeof(struct shape); next_piece(data, size, &at, &piece);
	     at += le32_to_cpu(piece.length)) {
		u32 left = le32_to_cpu(piece.length), off = le32_to_cpu(piece.off);
		u8 *to = data + at;

		for (; left >= sizeof(struct mtdl_media_snapshot); left -= 4, off += 4, to += 4)
			if (fuzz_get32(to) == MTDL_SNAPSHOT_MAGIC)
				repair_snapshot(&in, to, left, off, releases);
	}
}

/* Where piece number @number begins; its length must be given a new value when it changes. */
static u8 *find_piece(u8 *data, size_t size, u32 number, u32 *length)
{
	size_t at = sizeof(struct shape);
	struct piece piece;

	while (next_piece(data, size, &at, &piece)) {
		*length = le32_to_cpu(piece.length);
		if (!number--)
			return data + at;
		at += *length;
	}
	return NULL;
}

/* Grows or shrinks a piece, and the snapshot or manifest that it begins with. */
static size_t resize_piece(u8 *data, size_t size, size_t max, u8 *piece, u32 length, u32 *random)
{
	u32 start = fuzz_random(random, length);
	u8 *end = piece + length;
	size_t tail = (size_t)(data + size - end), now;
	u8 *rest = malloc(tail + 1);

	memcpy(rest, end, tail);
	now = LLVMFuzzerMutate(piece + start, length - start, length - start + max - size);
	memcpy(piece + start + now, rest, tail);
	free(rest);
	now += start;
	fuzz_put32(piece - 4, (u32)now);
	if (now >= sizeof(struct mtdl_media_snapshot) && fuzz_get32(piece) == MTDL_SNAPSHOT_MAGIC) {
		u8 *at = piece + offsetof(struct mtdl_media_snapshot, length);

		fuzz_put32(at, fuzz_get32(at) + (u32)now - length);
	}
	return size - length + now;
}

/* The same snapshot in another place, perhaps under another sequence. */
static size_t copy_piece(u8 *data, size_t size, size_t max, const u8 *piece, u32 length,
			 u32 *random)
{
	u8 *to = data + size;

	if (max - size < sizeof(struct piece) + length)
		return size;
	fuzz_put32(to, fuzz_random(random, 16) << (11 + fuzz_random(random, 6)));
	fuzz_put32(to + 4, length);
	memcpy(to + sizeof(struct piece), piece, length);
	if (length >= sizeof(struct mtdl_media_snapshot))
		to[sizeof(struct piece) + offsetof(struct mtdl_media_snapshot, write)] +=
			(u8)fuzz_random(random, 3);
	return size + sizeof(struct piece) + length;
}

/* A count, a size or the number of a block, rather than a piece of text or of a digest. */
static void change_number(u8 *piece, u32 length, u32 *random)
{
	u32 at = 0, tries, value;

	for (tries = 0; tries < 16; tries++) {
		at = 4 * fuzz_random(random, length / 4);
		value = fuzz_get32(piece + at);
		if (value && value < FLASH_MAX)
			break;
	}
	if (fuzz_random(random, 3))
		fuzz_put32(piece + at, fuzz_odd(random));
	else
		fuzz_put32(piece + at, fuzz_get32(piece + at) + fuzz_random(random, 5) - 2);
}

static size_t mutate_piece(u8 *data, size_t size, size_t max, u8 *piece, u32 length, u32 *random)
{
	u32 start = fuzz_random(random, length), room = 1 + fuzz_random(random, 16);

	switch (fuzz_random(random, 8)) {
	case 0:
		return copy_piece(data, size, max, piece, length, random);
	case 1:
	case 2:
		return resize_piece(data, size, max, piece, length, random);
	case 3:
	case 4:
	case 5:
		if (length >= 4)
			change_number(piece, length, random);
		return size;
	case 6:
		room = length;
		/* fallthrough */
	default:
		room = room < length - start ? room : length - start;
		LLVMFuzzerMutate(piece + start, room, room);
		return size;
	}
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed);

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	u32 random = seed, length = 0, how = fuzz_random(&random, 16);
	u8 *piece = find_piece(data, size, fuzz_random(&random, 5), &length);

	if (size >= sizeof(struct shape) && how < 2)
		LLVMFuzzerMutate(data, sizeof(struct shape), sizeof(struct shape));
	else if (size >= sizeof(struct shape) && how < 4)
		data[offsetof(struct shape, commands) + fuzz_random(&random, COMMANDS)] =
			(u8)fuzz_random(&random, 256);
	else if (how > 4 && piece && length)
		size = mutate_piece(data, size, max, piece, length, &random);
	else
		size = LLVMFuzzerMutate(data, size, max);
	if (size >= sizeof(struct shape) && fuzz_random(&random, 8))
		repair(data, size, &random);
	return size;
}

/* ---- seeds ---- */

static size_t put_piece(u8 *to, u32 off, const u8 *bytes, u32 length)
{
	fuzz_put32(to, off);
	fuzz_put32(to + 4, length);
	memcpy(to + sizeof(struct piece), bytes, length);
	return sizeof(struct piece) + length;
}

/* What is programmed from @start to @end, as pieces. */
static size_t put_pieces(u8 *to, const u8 *bytes, u32 start, u32 end)
{
	size_t size = 0;
	u32 at = start, last, erased;

	while (at < end) {
		for (; at < end && bytes[at] == 0xff; at++)
			;
		for (last = at, erased = 0; last < end && erased < GAP_MIN; last++)
			erased = bytes[last] == 0xff ? erased + 1 : 0;
		if (at < end)
			size += put_piece(to + size, at, bytes + at, last - erased - at);
		at = last;
	}
	return size;
}

/* Table and manifests are in the seed, the rest is the data that all images share. */
static void image_seed(const char *directory, const struct golden_state *state, u32 number)
{
	struct golden_image *image = golden_build(state);
	const struct simflash_shape *shape = &image->sim->shape;
	u32 table = image->start * shape->erase_size, length = (u32)image->sim->flash.size, at;
	struct shape header = {
		.erase_shift = (u8)(mtdl_log2(shape->erase_size) - 12),
		.write_shift = (u8)mtdl_log2(shape->write_size),
		.flags = GOLDEN_DATA | (shape->kind == SIMFLASH_NAND ? CAN_BE_BAD : 0),
		.eraseblocks = cpu_to_le16((u16)(shape->blocks - 1)),
	};
	u8 *bytes = malloc(length), *seed = malloc(2 * length);
	size_t size = sizeof(header);

	for (u32 i = 0; i < COMMANDS; i++)
		header.commands[i] = (u8)(7 * number + 17 * i + i * number);
	fuzz_must(bytes && seed, "no memory");
	memcpy(seed, &header, size);
	simflash_peek(image->sim, 0, bytes, length);
	size += put_pieces(seed + size, bytes, 0, table);
	for (at = table; at < length; at += shape->erase_size)
		if (fuzz_get32(bytes + at) == MTDL_MANIFEST_MAGIC)
			size += put_pieces(seed + size, bytes, at, at + shape->erase_size);
	fuzz_seed(directory, state->name, seed, size);
	free(seed);
	free(bytes);
	golden_release(image);
}

void fuzz_seeds(const char *directory)
{
	for (u32 i = 0; i < golden_state_count; i++)
		image_seed(directory, &golden_states[i], i);
}

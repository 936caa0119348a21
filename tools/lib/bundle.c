// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads bundles.  The file comes from outside: everything before the payload is
 * checked when it is opened, so that nothing is begun with a bundle that is cut
 * short; frames are unpacked into a buffer of exactly the block's length.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "../../kmod/core/util.h"
#include "bundle.h"

static int read_exactly(int fd, void *buf, size_t len, uint64_t off)
{
	uint8_t *to = buf;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static uint64_t align8(uint64_t x)
{
	return (x + 7) & ~7ULL;
}

static const struct bundle_entry *entry_of(const struct bundle *b, uint32_t number)
{
	uint64_t index = b->payload_offset -
			 (uint64_t)b->manifest.block_total * sizeof(struct bundle_entry);

	return (const struct bundle_entry *)(b->head + index) + number;
}

static int check_kind(const struct bundle *b, const struct bundle_header *h,
		      struct mtdl_reason *why)
{
	if (le32_to_cpu(h->magic) != BUNDLE_MAGIC)
		return mtdl_fail(why, -EINVAL, "%s: is not a bundle: it begins with 0x%08x, not with 0x%08x",
				 b->path, le32_to_cpu(h->magic), BUNDLE_MAGIC);
	if (le16_to_cpu(h->version) != BUNDLE_VERSION)
		return mtdl_fail(why, -EOPNOTSUPP, "%s: bundle has version %u, this layerctl reads version %u: update it first",
				 b->path, le16_to_cpu(h->version), BUNDLE_VERSION);
	if (le32_to_cpu(h->features_incompat))
		return mtdl_fail(why, -EOPNOTSUPP, "%s: bundle needs features 0x%x that this layerctl does not have: update it first",
				 b->path, le32_to_cpu(h->features_incompat));
	if (le16_to_cpu(h->header_size) != sizeof(*h) ||
	    !mtdl_is_filled(h->reserved, 0, sizeof(h->reserved)))
		return mtdl_fail(why, -EINVAL, "%s: bundle header is damaged: its size or reserved bytes are wrong",
				 b->path);
	return 0;
}

/* Sizes are bounded first, so that no sum below can wrap. */
static int check_places(struct bundle *b, const struct bundle_header *h,
			struct mtdl_reason *why)
{
	uint64_t signature, index, payload;

	b->manifest_size = le32_to_cpu(h->manifest_size);
	b->signature_size = le32_to_cpu(h->signature_size);
	b->payload_offset = le64_to_cpu(h->payload_offset);
	b->payload_size = le64_to_cpu(h->payload_size);
	if (b->manifest_size > BUNDLE_MANIFEST_MAX || b->signature_size > MTDL_SIGNATURE_MAX)
		return mtdl_fail(why, -EINVAL, "%s: bundle header is damaged: manifest of %u and signature of %u bytes (limits: %u and %u)",
				 b->path, b->manifest_size, b->signature_size,
				 BUNDLE_MANIFEST_MAX, MTDL_SIGNATURE_MAX);
	if (le32_to_cpu(h->entry_count) > b->manifest_size / MTDL_DIGEST_SIZE)
		return mtdl_fail(why, -EINVAL, "%s: bundle header is damaged: %u blocks, its manifest has room for %u digests",
				 b->path, le32_to_cpu(h->entry_count),
				 b->manifest_size / MTDL_DIGEST_SIZE);
	signature = align8(sizeof(*h) + b->manifest_size);
	index = align8(signature + b->signature_size);
	payload = index + (uint64_t)le32_to_cpu(h->entry_count) * sizeof(struct bundle_entry);
	if (le64_to_cpu(h->manifest_offset) != sizeof(*h) ||
	    le64_to_cpu(h->signature_offset) != signature ||
	    le64_to_cpu(h->index_offset) != index || b->payload_offset != payload)
		return mtdl_fail(why, -EINVAL, "%s: bundle header is damaged: its parts do not follow each other",
				 b->path);
	if (b->payload_size > INT64_MAX - payload)
		return mtdl_fail(why, -EINVAL, "%s: bundle header is damaged: payload of %llu bytes",
				 b->path, (unsigned long long)b->payload_size);
	if (payload + b->payload_size != b->file_size)
		return mtdl_fail(why, -EINVAL, "%s: is %s: it has %llu bytes, its header says %llu: get it again",
				 b->path, b->file_size < payload + b->payload_size ?
				 "cut short" : "too long", (unsigned long long)b->file_size,
				 (unsigned long long)(payload + b->payload_size));
	memcpy(b->base, h->base, sizeof(b->base));
	b->partial = !mtdl_is_filled(b->base, 0, sizeof(b->base));
	return 0;
}

static int load_head(struct bundle *b, struct mtdl_reason *why)
{
	static const uint8_t zeros[MTDL_DIGEST_SIZE];
	const size_t at = offsetof(struct bundle_header, check);
	struct mtdl_hash hash;
	uint8_t check[MTDL_DIGEST_SIZE];
	int err;

	b->head = malloc(b->payload_offset);
	if (!b->head)
		return mtdl_fail(why, -ENOMEM, "%s: no memory for its manifest and index", b->path);
	err = read_exactly(b->fd, b->head, b->payload_offset, 0);
	if (err)
		return mtdl_fail(why, err, "%s: cannot be read: %s", b->path, strerror(-err));
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, b->head, at);
	mtdl_hash_update(&hash, zeros, sizeof(zeros));
	mtdl_hash_update(&hash, b->head + at + sizeof(zeros),
			 b->payload_offset - at - sizeof(zeros));
	mtdl_hash_final(&hash, check);
	if (memcmp(check, b->head + at, sizeof(check)))
		return mtdl_fail(why, -EINVAL, "%s: is damaged: header, manifest or index do not match their checksum: get it again",
				 b->path);
	b->manifest_bytes = b->head + sizeof(struct bundle_header);
	b->signature = b->head + align8(sizeof(struct bundle_header) + b->manifest_size);
	return 0;
}

static int check_entry(const struct bundle *b, uint32_t number, uint32_t layer,
		       uint32_t *longest, struct mtdl_reason *why)
{
	const struct bundle_entry *entry = entry_of(b, number);
	uint64_t offset = le64_to_cpu(entry->offset);
	uint32_t length = le32_to_cpu(entry->length);
	uint32_t flags = le32_to_cpu(entry->flags);
	bool present = flags & BUNDLE_ENTRY_PRESENT;

	if ((flags & ~BUNDLE_ENTRY_PRESENT) || (present ? !length : length || offset) ||
	    offset > b->payload_size || length > b->payload_size - offset ||
	    length > ZSTD_compressBound(b->manifest.block_size))
		return mtdl_fail(why, -EINVAL, "%s: index: block %u of layer %s: flags 0x%x, %u bytes at %llu, in a payload of %llu bytes",
				 b->path, number - b->first[layer],
				 b->manifest.layers[layer].name, flags, length,
				 (unsigned long long)offset,
				 (unsigned long long)b->payload_size);
	if (!present && !b->partial)
		return mtdl_fail(why, -EINVAL, "%s: index: block %u of layer %s is left out, but the header names no release that has it",
				 b->path, number - b->first[layer],
				 b->manifest.layers[layer].name);
	if (length > *longest)
		*longest = length;
	return 0;
}

static int check_index(struct bundle *b, uint32_t entries, struct mtdl_reason *why)
{
	uint32_t number = 0, longest = 1;

	if (entries != b->manifest.block_total)
		return mtdl_fail(why, -EINVAL, "%s: index has %u blocks, the manifest has %u",
				 b->path, entries, b->manifest.block_total);
	for (uint32_t layer = 0; layer < b->manifest.layer_count; layer++) {
		b->first[layer] = number;
		for (uint32_t i = 0; i < b->manifest.layers[layer].block_count; i++) {
			int err = check_entry(b, number++, layer, &longest, why);

			if (err)
				return err;
		}
	}
	b->frame = malloc(longest);
	b->block = malloc(b->manifest.block_size);
	b->decoder = ZSTD_createDCtx();
	if (!b->frame || !b->block || !b->decoder)
		return mtdl_fail(why, -ENOMEM, "%s: no memory to unpack it", b->path);
	return 0;
}

static int load(struct bundle *b, struct mtdl_reason *why)
{
	struct mtdl_reason inner = { 0 };
	struct bundle_header h;
	struct stat st;
	int err;

	/* a FIFO would keep it waiting for a writer */
	b->fd = open(b->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (b->fd < 0 || fstat(b->fd, &st))
		return mtdl_fail(why, -errno, "%s: cannot be opened: %s", b->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mtdl_fail(why, -EINVAL, "%s: is not a regular file", b->path);
	b->file_size = (uint64_t)st.st_size;
	if (b->file_size < sizeof(h))
		return mtdl_fail(why, -EINVAL, "%s: is no whole bundle: it has %llu bytes, the header alone has %u",
				 b->path, (unsigned long long)b->file_size,
				 (unsigned int)sizeof(h));
	err = read_exactly(b->fd, &h, sizeof(h), 0);
	if (err)
		return mtdl_fail(why, err, "%s: cannot be read: %s", b->path, strerror(-err));
	err = check_kind(b, &h, why);
	if (!err)
		err = check_places(b, &h, why);
	if (!err)
		err = load_head(b, why);
	if (err)
		return err;
	err = mtdl_manifest_parse(&b->manifest, b->manifest_bytes, b->manifest_size, &inner);
	if (err)
		return mtdl_fail(why, err, "%s: %s", b->path, inner.text);
	return check_index(b, le32_to_cpu(h.entry_count), why);
}

int bundle_open(struct bundle **bundle, const char *path, struct mtdl_reason *why)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int err = -ENOMEM;

	*bundle = NULL;
	if (b) {
		b->fd = -1;
		b->path = strdup(path);
	}
	if (!b || !b->path)
		mtdl_fail(why, err, "no memory to open %s", path);
	else
		err = load(b, why);
	if (err)
		bundle_close(b);
	else
		*bundle = b;
	return err;
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	ZSTD_freeDCtx(b->decoder);
	free(b->block);
	free(b->frame);
	free(b->head);
	if (b->fd >= 0)
		close(b->fd);
	free(b->path);
	free(b);
}

uint32_t bundle_frame_size(const struct bundle *b, uint32_t layer, uint32_t block)
{
	return le32_to_cpu(entry_of(b, b->first[layer] + block)->length);
}

uint32_t bundle_blocks_present(const struct bundle *b, uint32_t layer)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < b->manifest.layers[layer].block_count; i++)
		count += bundle_frame_size(b, layer, i) != 0;
	return count;
}

int bundle_read_frame(struct bundle *b, uint32_t layer, uint32_t block, const void **frame,
		      uint32_t *length, struct mtdl_reason *why)
{
	const struct bundle_entry *entry = entry_of(b, b->first[layer] + block);
	int err;

	*length = le32_to_cpu(entry->length);
	if (!*length)
		return mtdl_fail(why, -ENODATA, "%s: does not carry block %u of layer %s: it was packed with --partial; take the whole bundle",
				 b->path, block, b->manifest.layers[layer].name);
	err = read_exactly(b->fd, b->frame, *length, b->payload_offset + le64_to_cpu(entry->offset));
	if (err)
		return mtdl_fail(why, err, "%s: block %u of layer %s cannot be read: %s", b->path,
				 block, b->manifest.layers[layer].name, strerror(-err));
	*frame = b->frame;
	return 0;
}

int bundle_read(struct bundle *b, uint32_t layer, uint32_t block, void *data, uint32_t *length,
		struct mtdl_reason *why)
{
	const struct mtdl_manifest_layer *l = &b->manifest.layers[layer];
	const void *frame;
	uint32_t packed;
	size_t unpacked;
	int err;

	*length = mtdl_block_bytes(l->size, block, b->manifest.block_size);
	err = bundle_read_frame(b, layer, block, &frame, &packed, why);
	if (err)
		return err;
	unpacked = ZSTD_decompressDCtx(b->decoder, data, *length, frame, packed);
	if (unpacked != *length)
		return mtdl_fail(why, -EBADMSG, "%s: block %u of layer %s cannot be unpacked to its %u bytes: the file is damaged, get it again",
				 b->path, block, l->name, *length);
	return 0;
}

int bundle_check(struct bundle *b, uint32_t layer, uint32_t block, struct mtdl_reason *why)
{
	const struct mtdl_manifest_layer *l = &b->manifest.layers[layer];
	uint8_t digest[MTDL_DIGEST_SIZE];
	struct mtdl_hash hash;
	uint32_t length;
	int err;

	err = bundle_read(b, layer, block, b->block, &length, why);
	if (err)
		return err;
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, b->block, length);
	mtdl_hash_final(&hash, digest);
	if (memcmp(digest, l->digests + (size_t)block * MTDL_DIGEST_SIZE, sizeof(digest)))
		return mtdl_fail(why, -EBADMSG, "%s: block %u of layer %s is not what its manifest names: the file is damaged, get it again",
				 b->path, block, l->name);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Releases as they lie on this flash: references, look-up, and their manifests,
 * which are read from flash only when digests are needed.
 */
#include "release.h"
#include "util.h"

/* Manifest and signature, shared by what a release becomes when its blocks are moved. */
struct shared_bytes {
	u32 refs;
	u32 reserved;
	u8 bytes[];
};

static struct shared_bytes *to_shared(u8 *bytes)
{
	return (struct shared_bytes *)(bytes - offsetof(struct shared_bytes, bytes));
}

u8 *mtdl_bytes_alloc(size_t size)
{
	struct shared_bytes *shared = mtdl_alloc(sizeof(*shared) + size);

	if (!shared)
		return NULL;
	shared->refs = 1;
	return shared->bytes;
}

void mtdl_bytes_put(u8 *bytes)
{
	if (bytes && !--to_shared(bytes)->refs)
		mtdl_free(to_shared(bytes));
}

struct mtdl_release *mtdl_release_alloc(u32 layer_count, u32 block_total, u32 manifest_blocks)
{
	struct mtdl_release *release = mtdl_alloc(sizeof(*release));

	if (!release)
		return NULL;
	release->refs = 1;
	release->layer_count = layer_count;
	release->block_total = block_total;
	release->manifest_blocks = manifest_blocks;
	release->layers = mtdl_alloc(layer_count * sizeof(*release->layers));
	release->maps = mtdl_alloc((size_t)block_total * sizeof(*release->maps));
	release->manifest_map = mtdl_alloc(2 * (size_t)manifest_blocks * sizeof(u32));
	if (!release->layers || !release->maps || !release->manifest_map) {
		mtdl_release_put(release);
		return NULL;
	}
	return release;
}

struct mtdl_release *mtdl_release_clone(const struct mtdl_release *release)
{
	size_t words = mtdl_bitmap_words(release->block_total);
	struct mtdl_release *clone;
	u32 i;

	clone = mtdl_release_alloc(release->layer_count, release->block_total,
				   release->manifest_blocks);
	if (!clone)
		return NULL;
	clone->stamp = release->stamp;
	memcpy(clone->digest, release->digest, sizeof(clone->digest));
	memcpy(clone->release, release->release, sizeof(clone->release));
	clone->security_counter = release->security_counter;
	clone->attempts = release->attempts;
	clone->manifest_size = release->manifest_size;
	clone->signature_size = release->signature_size;
	memcpy(clone->manifest_map, release->manifest_map,
	       2 * (size_t)release->manifest_blocks * sizeof(u32));
	memcpy(clone->maps, release->maps, (size_t)release->block_total * sizeof(u32));
	memcpy(clone->layers, release->layers, release->layer_count * sizeof(*clone->layers));
	for (i = 0; i < clone->layer_count; i++)
		clone->layers[i].map = clone->maps + clone->layers[i].first;
	clone->manifest = release->manifest;
	if (clone->manifest)
		to_shared(clone->manifest)->refs++;
	if (!release->done)
		return clone;
	clone->done = mtdl_alloc(words * sizeof(u32));
	if (!clone->done) {
		mtdl_release_put(clone);
		return NULL;
	}
	memcpy(clone->done, release->done, words * sizeof(u32));
	return clone;
}

struct mtdl_release *mtdl_release_get(struct mtdl_release *release)
{
	if (release)
		release->refs++;
	return release;
}

void mtdl_release_put(struct mtdl_release *release)
{
	if (!release || --release->refs)
		return;
	mtdl_free(release->done);
	mtdl_bytes_put(release->manifest);
	mtdl_free(release->manifest_map);
	mtdl_free(release->maps);
	mtdl_free(release->layers);
	mtdl_free(release);
}

struct mtdl_layer *mtdl_release_find(struct mtdl_release *release, const char *name)
{
	u32 i;

	if (!release)
		return NULL;
	for (i = 0; i < release->layer_count; i++)
		if (!strcmp(release->layers[i].name, name))
			return &release->layers[i];
	return NULL;
}

bool mtdl_has_incomplete(const struct mtdl_release *release)
{
	u32 i;

	for (i = 0; release && i < release->layer_count; i++)
		if (release->layers[i].flags & MTDL_LAYER_INCOMPLETE)
			return true;
	return false;
}

bool mtdl_release_same(const struct mtdl_release *release, const u8 *digest)
{
	return release && !memcmp(release->digest, digest, MTDL_DIGEST_SIZE);
}

/* Reads one copy, which may lie in several blocks; an uncorrectable one is just wrong. */
static int read_copy(struct mtdl *mtdl, const struct mtdl_release *release, u32 copy, u8 *to)
{
	const u32 *map = release->manifest_map + copy * release->manifest_blocks;
	u32 left = release->manifest_size + release->signature_size;
	u32 i;

	for (i = 0; left; i++) {
		u32 part = left < mtdl->geometry.block_size ? left : mtdl->geometry.block_size;
		u64 off = (u64)map[i] << mtdl->geometry.block_shift;
		int err = mtdl->flash->ops->read(mtdl->flash, off, to, part);

		if (err && err != -EUCLEAN)
			return err;
		to += part;
		left -= part;
	}
	return 0;
}

int mtdl_manifest_copy_check(struct mtdl *mtdl, const struct mtdl_release *release, u32 copy,
			     u8 *bytes)
{
	struct mtdl_hash hash;
	u8 digest[MTDL_DIGEST_SIZE];
	int err = read_copy(mtdl, release, copy, bytes);

	if (err)
		return err;
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, bytes, release->manifest_size);
	mtdl_hash_final(&hash, digest);
	return mtdl_release_same(release, digest) ? 0 : -EBADMSG;
}

/* The table's idea of a layer, which boot loaders go by, must be the manifest's. */
static bool same_layer(const struct mtdl_layer *layer, const struct mtdl_manifest_layer *m)
{
	return !strcmp(layer->name, m->name) && layer->size == m->size &&
	       layer->slot_start == m->slot_start && layer->slot_blocks == m->slot_blocks &&
	       layer->policy == m->policy && layer->block_count == m->block_count &&
	       !memcmp(layer->root, m->root, MTDL_DIGEST_SIZE);
}

int mtdl_release_link(struct mtdl_release *release, u8 *bytes, const struct mtdl_manifest *m,
		      struct mtdl_reason *why)
{
	u32 i;

	if (m->layer_count != release->layer_count || strcmp(m->release, release->release) ||
	    m->security_counter != release->security_counter)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: release %s is not described as in its manifest",
				 release->release);
	for (i = 0; i < m->layer_count; i++)
		if (!same_layer(&release->layers[i], &m->layers[i]))
			return mtdl_fail(why, -EUCLEAN,
					 "layer table: layer %s of release %s is not described as in its manifest",
					 release->layers[i].name, release->release);
	release->manifest = bytes;
	release->attempts = m->attempts;
	for (i = 0; i < m->layer_count; i++)
		release->layers[i].digests = bytes + (m->layers[i].digests - m->bytes);
	return 0;
}

int mtdl_load_manifest(struct mtdl *mtdl, struct mtdl_release *release,
		       struct mtdl_reason *why)
{
	struct mtdl_manifest *m;
	u8 *bytes;
	int err;

	if (release->manifest)
		return 0;
	m = mtdl_alloc(sizeof(*m));
	bytes = mtdl_bytes_alloc((size_t)release->manifest_size + release->signature_size);
	if (!m || !bytes) {
		err = mtdl_fail(why, -ENOMEM, "no memory for the manifest of release %s (%u bytes)",
				release->release, release->manifest_size);
		goto out_free;
	}
	err = mtdl_manifest_copy_check(mtdl, release, 0, bytes);
	if (err)
		err = mtdl_manifest_copy_check(mtdl, release, 1, bytes);
	if (err) {
		mtdl_fail(why, err,
			  "release %s: neither copy of its manifest can be read: apply a release again",
			  release->release);
		goto out_free;
	}
	err = mtdl_manifest_parse(m, bytes, release->manifest_size, why);
	/* the parser's errors mean that the caller's manifest is refused; this one is on flash */
	if (err == -EINVAL || err == -EOPNOTSUPP)
		err = -EUCLEAN;
	if (!err)
		err = mtdl_release_link(release, bytes, m, why);
	if (!err)
		bytes = NULL;
out_free:
	mtdl_bytes_put(bytes);
	mtdl_free(m);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Takes a snapshot apart.  Its CRC holds, so damage is not expected here, but a
 * defect or an enemy may have written it: every field is checked before it is
 * used, and what contradicts itself is refused with the place, never guessed.
 */
#include "release.h"
#include "snapshot.h"
#include "util.h"

/* What is left of the snapshot's body. */
struct reader {
	const u8 *at;
	u32 left;
};

static const u8 *take(struct reader *r, u64 bytes)
{
	const u8 *at = r->at;

	if (bytes > r->left)
		return NULL;
	r->at += bytes;
	r->left -= (u32)bytes;
	return at;
}

static u32 get_le32(const u8 *p)
{
	__le32 x;

	memcpy(&x, p, sizeof(x));
	return le32_to_cpu(x);
}

static int cut_short(struct mtdl_reason *why, const char *what)
{
	return mtdl_fail(why, -EUCLEAN, "layer table ends within its %s", what);
}

/* Claims a block for a release; each may serve only once in it. */
static int claim(struct mtdl *mtdl, u32 *used, u32 block, const char *release, const char *what,
		 struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;

	if (block >= g->block_count)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: %s of release %s uses block %u, the flash has %u",
				 what, release, block, g->block_count);
	if (block >= g->table_start && block - g->table_start < g->table_blocks)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: %s of release %s uses block %u, which belongs to the table itself",
				 what, release, block);
	if (mtdl_bit(used, block))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: %s of release %s uses block %u, which serves that release already",
				 what, release, block);
	mtdl_set_bit(used, block);
	return 0;
}

static int decode_map(struct mtdl *mtdl, struct reader *r, const struct mtdl_release *release,
		      struct mtdl_layer *layer, u16 kind, u32 entries, u32 *used,
		      struct mtdl_reason *why)
{
	bool extents = kind == MTDL_MAP_EXTENTS;
	const u8 *at = take(r, (u64)entries * (extents ? sizeof(struct mtdl_media_extent) : 4));
	u32 logical = 0;
	u32 i;

	if (kind > MTDL_MAP_EXTENTS)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: layer %s of release %s has a map of unknown kind %u",
				 layer->name, release->release, kind);
	if (!at)
		return cut_short(why, "maps");
	for (i = 0; i < entries; i++) {
		u32 block = get_le32(at + i * (extents ? 8 : 4));
		u32 count = extents ? get_le32(at + i * 8 + 4) : 1;

		if (!count || count > layer->block_count - logical)
			return mtdl_fail(why, -EUCLEAN,
					 "layer table: the map of layer %s of release %s is longer than its %u blocks",
					 layer->name, release->release, layer->block_count);
		for (; count; count--, block++) {
			int err = claim(mtdl, used, block, release->release, layer->name, why);

			if (err)
				return err;
			layer->map[logical++] = block;
		}
	}
	if (logical != layer->block_count)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: the map of layer %s of release %s has %u of %u blocks",
				 layer->name, release->release, logical, layer->block_count);
	return 0;
}

static int check_slot(const struct mtdl *mtdl, const struct mtdl_release *release, u32 index,
		      struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	const struct mtdl_layer *layer = &release->layers[index];
	u32 i;

	if (!layer->slot_blocks || layer->slot_start >= g->block_count ||
	    layer->slot_blocks > g->block_count - layer->slot_start)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: the slot of layer %s of release %s lies beyond the flash",
				 layer->name, release->release);
	if (layer->slot_start < g->table_start + g->table_blocks &&
	    g->table_start < layer->slot_start + layer->slot_blocks)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: the slot of layer %s of release %s overlaps the table area",
				 layer->name, release->release);
	for (i = 0; i < index; i++) {
		const struct mtdl_layer *other = &release->layers[i];

		if (!strcmp(layer->name, other->name) ||
		    (layer->slot_start < other->slot_start + other->slot_blocks &&
		     other->slot_start < layer->slot_start + layer->slot_blocks))
			return mtdl_fail(why, -EUCLEAN,
					 "layer table: layers %s and %s of release %s have one name or overlapping slots",
					 other->name, layer->name, release->release);
	}
	return 0;
}

static int decode_layer(struct mtdl *mtdl, struct reader *r, struct mtdl_release *release,
			u32 index, u32 *used, struct mtdl_reason *why)
{
	struct mtdl_layer *layer = &release->layers[index];
	struct mtdl_media_layer media;
	const u8 *at = take(r, sizeof(media));
	u64 blocks;
	int err;

	if (!at)
		return cut_short(why, "layers");
	memcpy(&media, at, sizeof(media));
	if (!mtdl_copy_text(layer->name, media.name, sizeof(media.name)) || !layer->name[0])
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: layer %u of release %s has no proper name",
				 index, release->release);
	memcpy(layer->root, media.root, sizeof(media.root));
	layer->size = le64_to_cpu(media.size);
	layer->slot_start = le32_to_cpu(media.slot_start);
	layer->slot_blocks = le32_to_cpu(media.slot_blocks);
	layer->policy = le32_to_cpu(media.policy);
	layer->flags = le32_to_cpu(media.flags);
	blocks = layer->size ? ((layer->size - 1) >> mtdl->geometry.block_shift) + 1 : 0;
	layer->first = index ? layer[-1].first + layer[-1].block_count : 0;
	if (!blocks || blocks > release->block_total - layer->first || media.reserved ||
	    (layer->policy & ~MTDL_POLICY_KNOWN) || (layer->flags & ~MTDL_LAYER_FLAGS_KNOWN))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: layer %s of release %s has a size (%llu bytes), policy (0x%x) or flags (0x%x) that cannot be",
				 layer->name, release->release,
				 (unsigned long long)layer->size, layer->policy, layer->flags);
	layer->block_count = (u32)blocks;
	layer->map = release->maps + layer->first;
	if ((layer->policy & MTDL_POLICY_PINNED) && blocks > layer->slot_blocks)
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: pinned layer %s of release %s has %u blocks, more than the %u of its slot",
				 layer->name, release->release, layer->block_count,
				 layer->slot_blocks);
	err = check_slot(mtdl, release, index, why);
	if (!err)
		err = decode_map(mtdl, r, release, layer, le16_to_cpu(media.map_kind),
				 le32_to_cpu(media.map_entries), used, why);
	return err;
}

/* Adds up the layers' blocks before anything is allocated for them. */
static int count_blocks(const struct mtdl *mtdl, struct reader r, u32 layers, u32 *total,
			struct mtdl_reason *why)
{
	*total = 0;
	while (layers--) {
		struct mtdl_media_layer media;
		const u8 *at = take(&r, sizeof(media));
		u32 width, blocks;

		if (!at)
			return cut_short(why, "layers");
		memcpy(&media, at, sizeof(media));
		width = le16_to_cpu(media.map_kind) == MTDL_MAP_EXTENTS ? 8 : 4;
		if (!take(&r, (u64)le32_to_cpu(media.map_entries) * width))
			return cut_short(why, "maps");
		blocks = (u32)((le64_to_cpu(media.size) + mtdl->geometry.block_size - 1) >>
			       mtdl->geometry.block_shift);
		if (le64_to_cpu(media.size) > mtdl->geometry.flash_size ||
		    blocks > mtdl->geometry.block_count - *total)
			return mtdl_fail(why, -EUCLEAN,
					 "layer table: a release is larger than the flash");
		*total += blocks;
	}
	return 0;
}

static int decode_manifest_map(struct mtdl *mtdl, struct reader *r, struct mtdl_release *release,
			       u32 *used, struct mtdl_reason *why)
{
	u32 count = 2 * release->manifest_blocks;
	const u8 *at = take(r, 4 * (u64)count);
	u32 i;

	if (!at)
		return cut_short(why, "manifest blocks");
	for (i = 0; i < count; i++) {
		int err;

		release->manifest_map[i] = get_le32(at + 4 * i);
		err = claim(mtdl, used, release->manifest_map[i], release->release, "the manifest",
			    why);
		if (err)
			return err;
	}
	return 0;
}

static int decode_release(struct mtdl *mtdl, struct reader *r, u32 *used,
			  struct mtdl_release **out, struct mtdl_reason *why)
{
	const struct mtdl_geometry *g = &mtdl->geometry;
	struct mtdl_media_release media;
	const u8 *at = take(r, sizeof(media));
	u32 layers, manifest, signature, blocks, total, i;
	struct mtdl_release *release;
	struct reader ahead;
	int err;

	if (!at)
		return cut_short(why, "releases");
	memcpy(&media, at, sizeof(media));
	layers = le32_to_cpu(media.layer_count);
	manifest = le32_to_cpu(media.manifest_size);
	signature = le32_to_cpu(media.signature_size);
	blocks = le32_to_cpu(media.manifest_blocks);
	if (!layers || layers > MTDL_LAYERS_MAX || !manifest ||
	    manifest > mtdl_manifest_limit(g->block_count) || signature > MTDL_SIGNATURE_MAX ||
	    blocks != (manifest + signature + g->block_size - 1) >> g->block_shift ||
	    !mtdl_is_filled(media.reserved, 0, sizeof(media.reserved)))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: a release with %u layers and a manifest of %u + %u bytes in %u blocks cannot be",
				 layers, manifest, signature, blocks);
	ahead = *r;
	if (!take(&ahead, 8 * (u64)blocks))
		return cut_short(why, "manifest blocks");
	err = count_blocks(mtdl, ahead, layers, &total, why);
	if (err)
		return err;
	release = mtdl_release_alloc(layers, total, blocks);
	if (!release)
		return mtdl_fail(why, -ENOMEM, "no memory for a release of %u blocks", total);
	*out = release;
	release->stamp = ++mtdl->stamps;
	release->manifest_size = manifest;
	release->signature_size = signature;
	release->security_counter = le32_to_cpu(media.security_counter);
	memcpy(release->digest, media.digest, sizeof(media.digest));
	if (!mtdl_copy_text(release->release, media.release, sizeof(media.release)) ||
	    !release->release[0])
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: a release has no proper version text");
	err = decode_manifest_map(mtdl, r, release, used, why);
	for (i = 0; i < layers && !err; i++)
		err = decode_layer(mtdl, r, release, i, used, why);
	return err;
}

/* What active needs: all its blocks but those of layers that are being overwritten in place. */
static void mark_living(const struct mtdl_release *active, u32 *living)
{
	u32 i, j;

	for (i = 0; active && i < active->layer_count; i++) {
		const struct mtdl_layer *layer = &active->layers[i];

		for (j = 0; !(layer->flags & MTDL_LAYER_INCOMPLETE) && j < layer->block_count; j++)
			mtdl_set_bit(living, layer->map[j]);
	}
	for (i = 0; active && i < 2 * active->manifest_blocks; i++)
		mtdl_set_bit(living, active->manifest_map[i]);
}

/* Blocks that are still to be written must serve nothing that lives. */
static int decode_done(struct mtdl *mtdl, struct reader *r, u32 *living,
		       struct mtdl_reason *why)
{
	struct mtdl_release *candidate = mtdl->candidate;
	u32 words = (u32)mtdl_bitmap_words(candidate->block_total);
	const u8 *at = take(r, 4 * (u64)words);
	u32 i;

	if (!at)
		return cut_short(why, "record of written blocks");
	candidate->done = mtdl_alloc(4 * (size_t)words);
	if (!candidate->done)
		return mtdl_fail(why, -ENOMEM, "no memory for the record of written blocks");
	for (i = 0; i < words; i++)
		candidate->done[i] = get_le32(at + 4 * i);
	mark_living(mtdl->active, living);
	for (i = 0; i < 32 * words; i++) {
		bool done = mtdl_bit(candidate->done, i);

		if (i >= candidate->block_total ? done :
		    !done && mtdl_bit(living, candidate->maps[i]))
			return mtdl_fail(why, -EUCLEAN,
					 "layer table: logical block %u of release %s is to be written over what the active release uses, or beyond its end",
					 i, candidate->release);
	}
	return 0;
}

/* Homes that are still to be written are nobody's: @active and @candidate are what these use. */
static int check_homes(const struct mtdl_release *release, const u32 *active, const u32 *candidate,
		       struct mtdl_reason *why)
{
	u32 i, j;

	for (i = 0; i < release->layer_count; i++) {
		const struct mtdl_layer *layer = &release->layers[i];

		for (j = 0; (layer->policy & MTDL_POLICY_PINNED) && j < layer->block_count; j++) {
			u32 home = layer->slot_start + j;

			if (layer->map[j] != home &&
			    (mtdl_bit(active, home) || mtdl_bit(candidate, home)))
				return mtdl_fail(why, -EUCLEAN,
						 "layer table: block %u is to be written for pinned layer %s of release %s, and is in use",
						 home, layer->name, release->release);
		}
	}
	return 0;
}

static int decode_retired(struct mtdl *mtdl, struct reader *r, u32 count,
			  struct mtdl_reason *why)
{
	const u8 *at = take(r, 4 * (u64)count);
	u32 last = 0;
	u32 i;

	if (!at)
		return cut_short(why, "retired blocks");
	for (i = 0; i < count; i++) {
		u32 block = get_le32(at + 4 * i);

		if (block >= mtdl->geometry.block_count || (i && block <= last))
			return mtdl_fail(why, -EUCLEAN,
					 "layer table: retired block %u is out of order or beyond the %u blocks of the flash",
					 block, mtdl->geometry.block_count);
		mtdl_set_bit(mtdl->retired, block);
		last = block;
	}
	return 0;
}

static int decode_body(struct mtdl *mtdl, struct reader *r, u8 releases,
		       struct mtdl_reason *why)
{
	size_t words = mtdl_bitmap_words(mtdl->geometry.block_count);
	u32 *used[3];
	int err = 0;

	used[0] = mtdl_alloc(4 * words);
	used[1] = mtdl_alloc(4 * words);
	used[2] = mtdl_alloc(4 * words);
	if (!used[0] || !used[1] || !used[2])
		err = mtdl_fail(why, -ENOMEM, "no memory for a map of %u blocks",
				mtdl->geometry.block_count);
	if (!err && (releases & MTDL_HAS_ACTIVE))
		err = decode_release(mtdl, r, used[0], &mtdl->active, why);
	if (!err && (releases & MTDL_HAS_CANDIDATE))
		err = decode_release(mtdl, r, used[1], &mtdl->candidate, why);
	if (!err && (mtdl_has_incomplete(mtdl->candidate) ||
		     (mtdl->state != MTDL_STATE_IDLE && mtdl->state != MTDL_STATE_STAGING &&
		      mtdl_has_incomplete(mtdl->active))))
		err = mtdl_fail(why, -EUCLEAN,
				"layer table: a layer is being written over in place, which cannot be in state %u",
				mtdl->state);
	if (!err && mtdl->state == MTDL_STATE_INSTALLING)
		err = check_homes(mtdl->candidate, used[0], used[1], why);
	if (!err && mtdl->state == MTDL_STATE_STAGING)
		err = decode_done(mtdl, r, used[2], why);
	if (!err && r->left)
		err = mtdl_fail(why, -EUCLEAN, "layer table has %u bytes behind its end", r->left);
	mtdl_free(used[0]);
	mtdl_free(used[1]);
	mtdl_free(used[2]);
	return err;
}

static bool state_fits(u8 state, u8 releases, u8 attempts_max)
{
	if (releases & ~(MTDL_HAS_ACTIVE | MTDL_HAS_CANDIDATE))
		return false;
	switch (state) {
	case MTDL_STATE_IDLE:
		return !(releases & MTDL_HAS_CANDIDATE) && !attempts_max;
	case MTDL_STATE_STAGING:
		return (releases & MTDL_HAS_CANDIDATE) && !attempts_max;
	case MTDL_STATE_INSTALLING:
		return releases == (MTDL_HAS_ACTIVE | MTDL_HAS_CANDIDATE) && !attempts_max;
	case MTDL_STATE_TRIAL:
		return releases == (MTDL_HAS_ACTIVE | MTDL_HAS_CANDIDATE) && attempts_max;
	default:
		return false;
	}
}

static int decode_outcome(struct mtdl_outcome *outcome, const struct mtdl_media_outcome *media,
			  struct mtdl_reason *why)
{
	outcome->code = media->code;
	outcome->attempts = media->attempts;
	outcome->error = le32_to_cpu(media->error);
	memcpy(outcome->digest, media->digest, sizeof(media->digest));
	if (!mtdl_copy_text(outcome->release, media->release, sizeof(media->release)) ||
	    media->code > MTDL_OUTCOME_FAILED || media->reserved[0] || media->reserved[1])
		return mtdl_fail(why, -EUCLEAN, "layer table: the last outcome (code %u) cannot be",
				 media->code);
	return 0;
}

static int decode_header(struct mtdl *mtdl, const struct mtdl_media_snapshot *h,
			 struct mtdl_reason *why)
{
	u32 unknown = le32_to_cpu(h->features_incompat) & ~MTDL_FEATURES_INCOMPAT;

	if (unknown)
		return mtdl_fail(why, -EOPNOTSUPP,
				 "layer table needs features 0x%x that this software does not have: update mtdlayer",
				 unknown);
	if (le32_to_cpu(h->features_ro_compat) & ~MTDL_FEATURES_RO_COMPAT)
		mtdl->read_only =
			"its layer table has features that this software may read but not write";
	if (!state_fits(h->state, h->releases, h->attempts_max))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: state %u with releases 0x%x and %u attempts cannot be",
				 h->state, h->releases, h->attempts_max);
	if (le16_to_cpu(h->header_size) != sizeof(*h) ||
	    !mtdl_is_filled(h->reserved, 0, sizeof(h->reserved)) ||
	    le32_to_cpu(h->cursor) >= mtdl->geometry.block_count ||
	    le32_to_cpu(h->retired_count) > mtdl_retired_max(mtdl->geometry.block_count) ||
	    !mtdl_copy_text(mtdl->compatible, h->compatible, sizeof(h->compatible)))
		return mtdl_fail(why, -EUCLEAN,
				 "layer table: header size %u, cursor %u, %u retired blocks or the reserved bytes cannot be",
				 le16_to_cpu(h->header_size), le32_to_cpu(h->cursor),
				 le32_to_cpu(h->retired_count));
	memcpy(mtdl->uuid, h->uuid, sizeof(h->uuid));
	mtdl->sequence = mtdl_snapshot_sequence(h);
	mtdl->cursor = le32_to_cpu(h->cursor);
	mtdl->security_floor = le32_to_cpu(h->security_floor);
	mtdl->state = h->state;
	mtdl->attempts_max = h->attempts_max;
	mtdl->attempts_used = h->attempts_used;
	mtdl->attempts_saved = h->attempts_used;
	mtdl->retired_units = le64_to_cpu(h->retired_units);
	return decode_outcome(&mtdl->outcome, &h->outcome, why);
}

int mtdl_snapshot_decode(struct mtdl *mtdl, const u8 *bytes, u32 length,
			 struct mtdl_reason *why)
{
	struct mtdl_media_snapshot header;
	struct reader r = {
		.at = bytes + sizeof(header),
		.left = length - sizeof(header),
	};
	int err;

	memcpy(&header, bytes, sizeof(header));
	err = decode_header(mtdl, &header, why);
	if (!err)
		err = decode_retired(mtdl, &r, le32_to_cpu(header.retired_count), why);
	if (!err)
		err = decode_body(mtdl, &r, header.releases, why);
	return err;
}

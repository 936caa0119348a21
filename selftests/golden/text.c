// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an image says, in words: once from what it was made of, once from what the
 * core reads.  Both must be the same.
 */
#include <stdlib.h>

#include "golden.h"

static void put_digest(FILE *to, const char *what, const u8 *digest)
{
	u32 i;

	fprintf(to, "  %s ", what);
	for (i = 0; i < MTDL_DIGEST_SIZE; i++)
		fprintf(to, "%02x", digest[i]);
	fputc('\n', to);
}

static void put_blocks(FILE *to, const char *what, const u32 *blocks, u32 count)
{
	u32 i;

	fprintf(to, "    %s", what);
	for (i = 0; i < count; i++)
		fprintf(to, " %u", blocks[i]);
	fputc('\n', to);
}

/* A layer's whole content by its hash, or that it cannot be read. */
static void put_content(FILE *to, const u8 *bytes, u64 size)
{
	struct mtdl_hash hash;
	u8 digest[MTDL_DIGEST_SIZE];

	if (!bytes) {
		fprintf(to, "    cannot be read\n");
		return;
	}
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, bytes, (size_t)size);
	mtdl_hash_final(&hash, digest);
	put_digest(to, "  content", digest);
}

static void expect_release(FILE *to, const char *role, const struct build_placed *placed,
			   bool readable)
{
	const struct built_release *r = placed->release;
	u32 blocks, i;

	if (!r) {
		fprintf(to, "%s: none\n", role);
		return;
	}
	blocks = (r->manifest_size + placed->signature_size + r->options.block_size - 1) /
		 r->options.block_size;
	fprintf(to, "%s: %.64s, security counter %u, manifest %u + %u bytes\n", role,
		r->options.release, r->options.security_counter, r->manifest_size,
		placed->signature_size);
	put_digest(to, "digest", r->digest);
	put_blocks(to, "manifest", placed->manifest_map, 2 * blocks);
	for (i = 0; i < r->layer_count; i++) {
		const struct build_layer *l = &r->layers[i];
		bool complete = !(placed->flags[i] & MTDL_LAYER_INCOMPLETE);

		fprintf(to, "  layer %.32s: %llu bytes, slot %u + %u, policy 0x%x, flags 0x%x\n",
			l->name, (unsigned long long)l->size, l->slot_start, l->slot_blocks,
			l->policy, placed->flags[i]);
		put_blocks(to, "map", placed->map[i], build_block_count(r, i));
		if (readable)
			put_content(to, complete ? r->payload[i] : NULL, l->size);
	}
}

static bool expect_refusal(FILE *to, const struct mtdl_media_snapshot *h)
{
	if (le16toh(h->version) == MTDL_FORMAT_VERSION && !h->features_incompat)
		return false;
	fprintf(to, "attach: refused, %d\n", -EOPNOTSUPP);
	return true;
}

static const char *version_of(const struct build_placed *placed)
{
	return placed->release ? placed->release->options.release : "none";
}

void golden_expect(FILE *to, const struct golden_image *image)
{
	const struct build_table *t = &image->table;
	const struct mtdl_media_snapshot *h = &t->header;
	u32 used = h->attempts_used + image->marks, i;
	bool trial = h->state == MTDL_STATE_TRIAL, attempt;

	if (expect_refusal(to, h))
		return;
	attempt = trial && used < h->attempts_max && !h->features_ro_compat;
	fprintf(to, "state %u, attempts %u of %u, floor %u, reserve %u, cursor %u, sequence %u.%u, %s\n",
		h->state, used, h->attempts_max, le32toh(h->security_floor), le32toh(h->reserve),
		le32toh(h->cursor),
		le32toh(h->epoch), le32toh(h->write),
		h->features_ro_compat ? "read-only" : "writable");
	fprintf(to, "outcome %u, attempts %u, error %u, release %.64s\n", h->outcome.code,
		h->outcome.attempts, le32toh(h->outcome.error), h->outcome.release);
	put_digest(to, "digest", h->outcome.digest);
	put_blocks(to, "retired", t->retired, t->retired_count);
	fprintf(to, "    retired units 0x%llx\n", (unsigned long long)le64toh(h->retired_units));
	expect_release(to, "active", &t->active, true);
	expect_release(to, "candidate", &t->candidate, h->state != MTDL_STATE_STAGING);
	if (h->state == MTDL_STATE_STAGING) {
		u32 total = 0;

		for (i = 0; i < t->candidate.release->layer_count; i++)
			total += build_block_count(t->candidate.release, i);
		fprintf(to, "    done");
		for (i = 0; i < total; i++)
			fprintf(to, " %u", t->done[i / 32] >> i % 32 & 1);
		fputc('\n', to);
	}
	fprintf(to, "a look exposes: %.64s\n", version_of(trial && used ? &t->candidate :
							  &t->active));
	fprintf(to, "a boot exposes: %.64s, attempts %u\n",
		version_of(attempt ? &t->candidate : &t->active), used + attempt);
}

static void describe_release(FILE *to, const char *role, struct mtdl *mtdl,
			     struct mtdl_release *r, bool readable)
{
	struct mtdl_reason why = { "" };
	u32 i;

	if (!r) {
		fprintf(to, "%s: none\n", role);
		return;
	}
	fprintf(to, "%s: %s, security counter %u, manifest %u + %u bytes\n", role, r->release,
		r->security_counter, r->manifest_size, r->signature_size);
	put_digest(to, "digest", r->digest);
	put_blocks(to, "manifest", r->manifest_map, 2 * r->manifest_blocks);
	if (mtdl_load_manifest(mtdl, r, &why))
		fprintf(to, "  its manifest cannot be read: %s\n", why.text);
	for (i = 0; i < r->layer_count; i++) {
		const struct mtdl_layer *l = &r->layers[i];
		u8 *bytes = malloc(l->size);
		int err;

		if (!bytes)
			abort();
		fprintf(to, "  layer %s: %llu bytes, slot %u + %u, policy 0x%x, flags 0x%x\n",
			l->name, (unsigned long long)l->size, l->slot_start, l->slot_blocks,
			l->policy, l->flags);
		put_blocks(to, "map", l->map, l->block_count);
		err = mtdl_read(mtdl->flash, &mtdl->geometry, l, 0, bytes, l->size);
		if (readable)
			put_content(to, err ? NULL : bytes, l->size);
		free(bytes);
	}
}

static void describe_retired(FILE *to, const struct mtdl *mtdl)
{
	u32 i;

	fprintf(to, "    retired");
	for (i = 0; i < mtdl->geometry.block_count; i++)
		if (mtdl->retired[i / 32] >> i % 32 & 1)
			fprintf(to, " %u", i);
	fprintf(to, "\n    retired units 0x%llx\n", (unsigned long long)mtdl->retired_units);
}

static void describe_mtdl(FILE *to, struct mtdl *mtdl)
{
	struct mtdl_reason why = { "" };
	const char *problem;
	u32 i;

	fprintf(to, "state %u, attempts %u of %u, floor %u, reserve %u, cursor %u, sequence %u.%u, %s\n",
		mtdl->state, mtdl->attempts_used, mtdl->attempts_max, mtdl->security_floor,
		mtdl->geometry.reserve,
		mtdl->cursor, mtdl->sequence.epoch, mtdl->sequence.write,
		mtdl->read_only ? "read-only" : "writable");
	fprintf(to, "outcome %u, attempts %u, error %u, release %s\n", mtdl->outcome.code,
		mtdl->outcome.attempts, mtdl->outcome.error, mtdl->outcome.release);
	put_digest(to, "digest", mtdl->outcome.digest);
	describe_retired(to, mtdl);
	describe_release(to, "active", mtdl, mtdl->active, true);
	describe_release(to, "candidate", mtdl, mtdl->candidate,
			 mtdl->state != MTDL_STATE_STAGING);
	if (mtdl->state == MTDL_STATE_STAGING) {
		fprintf(to, "    done");
		for (i = 0; i < mtdl->candidate->block_total; i++)
			fprintf(to, " %u", mtdl->candidate->done[i / 32] >> i % 32 & 1);
		fputc('\n', to);
	}
	problem = golden_check(mtdl);
	if (problem)
		fprintf(to, "the check fails: %s\n", problem);
	fprintf(to, "a look exposes: %s\n", mtdl->exposed ? mtdl->exposed->release : "none");
	if (mtdl_boot(mtdl, &why) && mtdl->exposed)
		fprintf(to, "the boot fails: %s\n", why.text);
	fprintf(to, "a boot exposes: %s, attempts %u\n",
		mtdl->exposed ? mtdl->exposed->release : "none", mtdl->attempts_used);
}

void golden_describe(FILE *to, struct simflash *sim)
{
	struct mtdl *mtdl = calloc(1, sizeof(*mtdl));
	struct mtdl_reason why = { "" };
	int err;

	if (!mtdl)
		abort();
	golden_setup();
	err = mtdl_attach(mtdl, &sim->flash, NULL, &why);
	if (err) {
		fprintf(to, "attach: refused, %d%s\n", err, why.text[0] ? "" : " without a reason");
	} else {
		describe_mtdl(to, mtdl);
		mtdl_detach(mtdl);
	}
	free(mtdl);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flips every byte of the layer table in a flash image, one at a time, and looks
 * at what attaching makes of it.  Prints TAP lines without a plan; the first
 * number is the first argument.
 *
 *   flip NUMBER IMAGE
 *
 * One flip may cost one copy, so each must leave the same releases in the same
 * state, and be reported.  The same flip in both copies may fall back to the
 * snapshot before, or refuse with a reason that says what to do.  No operation but
 * read is there to be called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/core/mtdl.h"
#include "../../kmod/core/snapshot.h"

/** struct memory - a flash image in memory */
struct memory {
	struct mtdl_flash flash;
	uint8_t *bytes;
};

/** struct identity - what must not change */
struct identity {
	u8 state;
	struct mtdl_sequence sequence;
	u8 active[MTDL_DIGEST_SIZE];
	u8 candidate[MTDL_DIGEST_SIZE];
};

static int memory_read(struct mtdl_flash *flash, u64 off, void *buf, u32 len)
{
	struct memory *m = (struct memory *)flash;

	if (off > flash->size || len > flash->size - off)
		return -EINVAL;
	memcpy(buf, m->bytes + off, len);
	return 0;
}

static int memory_is_bad(struct mtdl_flash *flash, u64 off)
{
	(void)flash;
	(void)off;
	return 0;
}

static const struct mtdl_flash_ops memory_ops = {
	.read = memory_read,
	.is_bad = memory_is_bad,
};

static void die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static void load(struct memory *m, const char *path)
{
	FILE *in = fopen(path, "rb");
	struct mtdl_media_snapshot header;
	long size;

	if (!in || fseek(in, 0, SEEK_END) || (size = ftell(in)) <= 0 || fseek(in, 0, SEEK_SET))
		die("the image cannot be read");
	m->bytes = malloc((size_t)size);
	if (!m->bytes || fread(m->bytes, 1, (size_t)size, in) != (size_t)size)
		die("the image cannot be read");
	fclose(in);
	/* the first unit may hold no snapshot at the moment */
	for (long off = 0; off < size; off += 4096) {
		memcpy(&header, m->bytes + off, sizeof(header));
		if (le32_to_cpu(header.magic) == MTDL_SNAPSHOT_MAGIC)
			break;
	}
	m->flash.ops = &memory_ops;
	m->flash.size = (u64)size;
	m->flash.erase_size = le32_to_cpu(header.erase_size);
	m->flash.write_size = le32_to_cpu(header.write_size);
}

/* Attaches, checks the table, and notes what it says; the error otherwise. */
static int look(struct memory *m, struct identity *id, u32 *damaged, struct mtdl_reason *why)
{
	struct mtdl mtdl = { 0 };
	int err = mtdl_attach(&mtdl, &m->flash, NULL, why);

	memset(id, 0, sizeof(*id));
	if (err)
		return err;
	id->state = mtdl.state;
	id->sequence = mtdl.sequence;
	if (mtdl.active)
		memcpy(id->active, mtdl.active->digest, MTDL_DIGEST_SIZE);
	if (mtdl.candidate)
		memcpy(id->candidate, mtdl.candidate->digest, MTDL_DIGEST_SIZE);
	*damaged = mtdl.damaged_units;
	err = mtdl_check(&mtdl, why);
	mtdl_detach(&mtdl);
	return err;
}

/* Where the copies of the state in force lie, and their length. */
static void find_copies(struct memory *m, u64 copies[2], u32 *length)
{
	struct mtdl_media_snapshot header;
	struct mtdl_reason why;
	struct mtdl mtdl = { 0 };

	if (mtdl_attach(&mtdl, &m->flash, NULL, &why))
		die(why.text);
	for (int i = 0; i < 2; i++) {
		u32 unit = mtdl.in_force[i];

		if (unit == MTDL_NO_BLOCK)
			die("the image has only one copy of its table");
		copies[i] = ((u64)mtdl.geometry.table_start << mtdl.geometry.block_shift) +
			    (u64)unit * mtdl.geometry.unit_size + mtdl.units[unit].offset;
	}
	memcpy(&header, m->bytes + copies[0], sizeof(header));
	*length = le32_to_cpu(header.length);
	mtdl_detach(&mtdl);
}

static u32 flip_one_copy(struct memory *m, const struct identity *good, u64 copy, u32 length)
{
	struct mtdl_reason why;
	struct identity id;
	u32 wrong = 0;

	for (u32 i = 0; i < length; i++) {
		u32 damaged = 0;
		int err;

		m->bytes[copy + i] ^= 0xff;
		err = look(m, &id, &damaged, &why);
		m->bytes[copy + i] ^= 0xff;
		if (!err && !memcmp(&id, good, sizeof(id)) && damaged)
			continue;
		if (!wrong++)
			printf("# byte %u: error %d (%s), %u units damaged\n", i, err,
			       err ? why.text : "", damaged);
	}
	return wrong;
}

static u32 flip_both_copies(struct memory *m, const struct identity *good, const u64 copies[2],
			    u32 length, u32 *refused, struct mtdl_reason *sample)
{
	struct identity id;
	u32 wrong = 0;

	*refused = 0;
	for (u32 i = 0; i < length; i++) {
		struct mtdl_reason why = { 0 };
		u32 damaged = 0;
		int err;

		for (int copy = 0; copy < 2; copy++)
			m->bytes[copies[copy] + i] ^= 0xff;
		err = look(m, &id, &damaged, &why);
		for (int copy = 0; copy < 2; copy++)
			m->bytes[copies[copy] + i] ^= 0xff;
		if (err == -ENODATA && strstr(why.text, "format")) {
			*sample = why;
			++*refused;
			continue;
		}
		/* older, and damaged: anything but the state that is gone */
		if (!err && damaged && mtdl_sequence_compare(id.sequence, good->sequence) < 0)
			continue;
		if (!wrong++)
			printf("# byte %u: error %d (%s), %u units damaged\n", i, err,
			       err ? why.text : "", damaged);
	}
	return wrong;
}

int main(int argc, char **argv)
{
	struct mtdl_reason why, sample = { 0 };
	struct memory m = { 0 };
	struct identity good;
	u32 length, wrong, damaged, refused;
	unsigned int number;
	u64 copies[2];

	if (argc != 3)
		die("usage: flip NUMBER IMAGE");
	number = (unsigned int)strtoul(argv[1], NULL, 10);
	load(&m, argv[2]);
	if (look(&m, &good, &damaged, &why))
		die(why.text);
	find_copies(&m, copies, &length);
	for (int i = 0; i < 2; i++) {
		wrong = flip_one_copy(&m, &good, copies[i], length);
		printf("%sok %u - each of %u bytes flipped in copy %d of the table: the same state, damage reported\n",
		       wrong ? "not " : "", number++, length, i);
	}
	wrong = flip_both_copies(&m, &good, copies, length, &refused, &sample);
	if (refused)
		printf("# refused %u times: %s\n", refused, sample.text);
	printf("%sok %u - each of %u bytes flipped in both copies: an older state, or a refusal that says what to do\n",
	       wrong ? "not " : "", number, length);
	free(m.bytes);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes a bad bundle out of a good one: changes fields, then seals it as a
 * publisher would, so that only the fields are wrong and not the checksums.
 *
 *   craft IN OUT KEY=VALUE...
 *
 * KEY is header.FIELD, manifest.FIELD, layer.N.FIELD, entry.N.FIELD (numbers, or
 * text for name, release, compatible), layer.N.digest=BLOCK (another digest),
 * payload=OFFSET (another byte), byte=OFFSET (of the file: another byte), or
 * unsealed=OFFSET (another byte, after sealing).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/core/manifest.h"
#include "../../tools/lib/bundle.h"

#define FIELD(type, name) \
	{ #name, offsetof(type, name), sizeof(((type *)NULL)->name) }

/* A place in one of the structures. */
struct field {
	const char *name;
	size_t offset;
	size_t size;
};

static const struct field header_fields[] = {
	FIELD(struct bundle_header, magic),
	FIELD(struct bundle_header, version),
	FIELD(struct bundle_header, features_incompat),
	FIELD(struct bundle_header, manifest_size),
	FIELD(struct bundle_header, signature_size),
	FIELD(struct bundle_header, entry_count),
	FIELD(struct bundle_header, index_offset),
	FIELD(struct bundle_header, payload_offset),
	FIELD(struct bundle_header, payload_size),
	{ 0 }
};

static const struct field manifest_fields[] = {
	FIELD(struct mtdl_media_manifest, version),
	FIELD(struct mtdl_media_manifest, length),
	FIELD(struct mtdl_media_manifest, block_size),
	FIELD(struct mtdl_media_manifest, security_counter),
	FIELD(struct mtdl_media_manifest, layer_count),
	FIELD(struct mtdl_media_manifest, attempts),
	FIELD(struct mtdl_media_manifest, features_incompat),
	FIELD(struct mtdl_media_manifest, release),
	FIELD(struct mtdl_media_manifest, compatible),
	{ 0 }
};

static const struct field layer_fields[] = {
	FIELD(struct mtdl_media_manifest_layer, name),
	FIELD(struct mtdl_media_manifest_layer, size),
	FIELD(struct mtdl_media_manifest_layer, address),
	FIELD(struct mtdl_media_manifest_layer, capacity),
	FIELD(struct mtdl_media_manifest_layer, policy),
	FIELD(struct mtdl_media_manifest_layer, block_count),
	{ 0 }
};

static const struct field entry_fields[] = {
	FIELD(struct bundle_entry, offset),
	FIELD(struct bundle_entry, length),
	FIELD(struct bundle_entry, flags),
	{ 0 }
};

/** struct file - the bundle in memory, with the places of the good one */
struct file {
	uint8_t *bytes;
	size_t size;
	size_t index;
	size_t payload;
	size_t layers[MTDL_LAYERS_MAX];	/* of the records' values */
	uint32_t blocks[MTDL_LAYERS_MAX];
	uint32_t layer_count;
	long unsealed;
};

static void die(const char *what)
{
	fprintf(stderr, "craft: %s\n", what);
	exit(2);
}

static void load(struct file *f, const char *path)
{
	FILE *in = fopen(path, "rb");
	long size;

	if (!in || fseek(in, 0, SEEK_END) || (size = ftell(in)) < 0 || fseek(in, 0, SEEK_SET))
		die("the input cannot be read");
	f->size = (size_t)size;
	f->bytes = malloc(f->size);
	if (!f->bytes || fread(f->bytes, 1, f->size, in) != f->size)
		die("the input cannot be read");
	fclose(in);
}

static void find_places(struct file *f)
{
	const struct bundle_header *h = (const struct bundle_header *)f->bytes;
	size_t at = sizeof(*h) + sizeof(struct mtdl_media_manifest);

	f->index = le64_to_cpu(h->index_offset);
	f->payload = le64_to_cpu(h->payload_offset);
	f->unsealed = -1;
	while (at < sizeof(*h) + le32_to_cpu(h->manifest_size)) {
		struct mtdl_media_record record;
		struct mtdl_media_manifest_layer layer;

		memcpy(&record, f->bytes + at, sizeof(record));
		at += sizeof(record);
		if (le16_to_cpu(record.type) == MTDL_RECORD_LAYER) {
			memcpy(&layer, f->bytes + at, sizeof(layer));
			f->blocks[f->layer_count] = le32_to_cpu(layer.block_count);
			f->layers[f->layer_count++] = at;
		}
		at += (le32_to_cpu(record.length) + 7) & ~7U;
	}
}

static void set(uint8_t *base, const struct field *fields, const char *name, const char *value)
{
	unsigned long long number = strtoull(value, NULL, 0);

	while (fields->name && strcmp(fields->name, name))
		fields++;
	if (!fields->name)
		die(name);
	if (fields->size > 8) {
		memset(base + fields->offset, 0, fields->size);
		memcpy(base + fields->offset, value,
		       strlen(value) < fields->size ? strlen(value) : fields->size);
		return;
	}
	for (size_t i = 0; i < fields->size; i++)
		base[fields->offset + i] = (uint8_t)(number >> 8 * i);
}

static void edit_numbered(struct file *f, char *key, const char *value, bool layer)
{
	char *name;
	unsigned long number = strtoul(key, &name, 10);

	if (*name++ != '.' || (layer && number >= f->layer_count))
		die(key);
	if (!layer)
		set(f->bytes + f->index + number * sizeof(struct bundle_entry), entry_fields, name,
		    value);
	else if (!strcmp(name, "digest"))
		f->bytes[f->layers[number] + sizeof(struct mtdl_media_manifest_layer) +
			 strtoul(value, NULL, 0) * MTDL_DIGEST_SIZE] ^= 1;
	else
		set(f->bytes + f->layers[number], layer_fields, name, value);
}

static void edit(struct file *f, char *key)
{
	char *value = strchr(key, '=');

	if (!value)
		die(key);
	*value++ = '\0';
	if (!strncmp(key, "header.", 7))
		set(f->bytes, header_fields, key + 7, value);
	else if (!strncmp(key, "manifest.", 9))
		set(f->bytes + sizeof(struct bundle_header), manifest_fields, key + 9, value);
	else if (!strncmp(key, "layer.", 6))
		edit_numbered(f, key + 6, value, true);
	else if (!strncmp(key, "entry.", 6))
		edit_numbered(f, key + 6, value, false);
	else if (!strcmp(key, "payload"))
		f->bytes[f->payload + strtoul(value, NULL, 0)] ^= 1;
	else if (!strcmp(key, "byte"))
		f->bytes[strtoul(value, NULL, 0)] ^= 0xff;
	else if (!strcmp(key, "unsealed"))
		f->unsealed = strtol(value, NULL, 0);
	else
		die(key);
}

static void hash(const void *bytes, size_t len, uint8_t *digest)
{
	struct mtdl_hash h;

	mtdl_hash_init(&h);
	mtdl_hash_update(&h, bytes, len);
	mtdl_hash_final(&h, digest);
}

static void seal(struct file *f)
{
	uint8_t *check = f->bytes + offsetof(struct bundle_header, check);

	for (uint32_t i = 0; i < f->layer_count; i++) {
		uint8_t *value = f->bytes + f->layers[i];

		hash(value + sizeof(struct mtdl_media_manifest_layer),
		     (size_t)f->blocks[i] * MTDL_DIGEST_SIZE,
		     value + offsetof(struct mtdl_media_manifest_layer, root));
	}
	memset(check, 0, MTDL_DIGEST_SIZE);
	hash(f->bytes, f->payload, check);
	if (f->unsealed >= 0)
		f->bytes[f->unsealed] ^= 1;
}

int main(int argc, char **argv)
{
	struct file f = { 0 };
	FILE *out;

	if (argc < 3)
		die("usage: craft IN OUT KEY=VALUE...");
	load(&f, argv[1]);
	find_places(&f);
	for (int i = 3; i < argc; i++)
		edit(&f, argv[i]);
	seal(&f);
	out = fopen(argv[2], "wb");
	if (!out || fwrite(f.bytes, 1, f.size, out) != f.size || fclose(out))
		die("the output cannot be written");
	free(f.bytes);
	return 0;
}

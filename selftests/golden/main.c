// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * golden: makes the golden images, or reads the committed ones and compares.
 *
 * usage: golden [--make] DIRECTORY
 *
 * Each state has two files: NAME.img.zst, and NAME.txt with what must be read
 * from it, the first line of which is the SHA-256 of the image.
 */
#include <stdlib.h>
#include <zstd.h>

#include "golden.h"

static void *must_alloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p)
		abort();
	return p;
}

static u8 *read_file(const char *directory, const char *name, const char *end, size_t *length)
{
	char path[512];
	u8 *bytes = NULL;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/images/%s%s", directory, name, end);
	file = fopen(path, "rb");
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	bytes = must_alloc((size_t)size + 1);
	*length = fread(bytes, 1, (size_t)size, file);
	fclose(file);
	return bytes;
}

static int write_file(const char *directory, const char *name, const char *end, const void *bytes,
		      size_t length)
{
	char path[512];
	FILE *file;
	size_t written;

	snprintf(path, sizeof(path), "%s/images/%s%s", directory, name, end);
	file = fopen(path, "wb");
	if (!file) {
		fprintf(stderr, "golden: %s cannot be written\n", path);
		return 1;
	}
	written = fwrite(bytes, 1, length, file);
	return fclose(file) || written != length;
}

static u8 *image_bytes(const struct simflash *sim)
{
	u8 *bytes = must_alloc(sim->flash.size);

	simflash_peek(sim, 0, bytes, (u32)sim->flash.size);
	return bytes;
}

static void put_hash(FILE *to, const u8 *bytes, size_t length)
{
	struct mtdl_hash hash;
	u8 digest[MTDL_DIGEST_SIZE];
	u32 i;

	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, bytes, length);
	mtdl_hash_final(&hash, digest);
	fprintf(to, "image ");
	for (i = 0; i < sizeof(digest); i++)
		fprintf(to, "%02x", digest[i]);
	fputc('\n', to);
}

static int make(const char *directory, const struct golden_state *state)
{
	struct golden_image *image = golden_build(state);
	size_t size = image->sim->flash.size, room = ZSTD_compressBound(size), length;
	u8 *bytes = image_bytes(image->sim), *packed = must_alloc(room);
	char *text = NULL;
	size_t text_length = 0;
	FILE *to = open_memstream(&text, &text_length);
	int status;

	if (!to)
		abort();
	put_hash(to, bytes, size);
	golden_expect(to, image);
	fclose(to);
	length = ZSTD_compress(packed, room, bytes, size, 19);
	status = ZSTD_isError(length) ||
		 write_file(directory, state->name, ".img.zst", packed, length) ||
		 write_file(directory, state->name, ".txt", text, text_length);
	free(text);
	free(packed);
	free(bytes);
	golden_release(image);
	return status;
}

/* The committed image on a simulated flash of its shape, or NULL and why. */
static struct simflash *load(const char *directory, const struct golden_state *state,
			     const char **why)
{
	size_t packed_length, size = (size_t)state->shape->erase_size * state->shape->blocks;
	u8 *packed = read_file(directory, state->name, ".img.zst", &packed_length);
	u8 *bytes = must_alloc(size);
	struct simflash *sim = NULL;

	if (!packed) {
		*why = "the image is missing: make golden-images";
	} else if (ZSTD_decompress(bytes, size, packed, packed_length) != size) {
		*why = "the image has another size or is damaged";
	} else {
		sim = simflash_new(state->shape, 1);
		for (u32 i = 0; i < state->shape->blocks; i++)
			simflash_load(sim, i, bytes + (size_t)i * state->shape->erase_size);
	}
	free(bytes);
	free(packed);
	return sim;
}

static const char *compare(const char *directory, const struct golden_state *state)
{
	const char *why = NULL;
	struct simflash *sim = load(directory, state, &why);
	size_t length = 0, got_length = 0;
	u8 *expected, *bytes;
	char *got = NULL;
	FILE *to;

	if (!sim)
		return why;
	to = open_memstream(&got, &got_length);
	if (!to)
		abort();
	bytes = image_bytes(sim);
	put_hash(to, bytes, sim->flash.size);
	golden_describe(to, sim);
	fclose(to);
	expected = read_file(directory, state->name, ".txt", &length);
	if (!expected)
		why = "the text is missing: make golden-images";
	else if (length != got_length || memcmp(expected, got, length))
		why = "what is read is not what is expected";
	if (expected && why)
		printf("# expected:\n%s# read:\n%s", (char *)expected, got);
	free(expected);
	free(bytes);
	free(got);
	simflash_free(sim);
	return why;
}

/* The tool still makes the committed image: the format has not moved under it. */
static const char *remake(const char *directory, const struct golden_state *state)
{
	const char *why = NULL;
	struct simflash *sim = load(directory, state, &why);
	struct golden_image *image;
	u8 *committed, *made;

	if (!sim)
		return why;
	image = golden_build(state);
	committed = image_bytes(sim);
	made = image_bytes(image->sim);
	if (memcmp(committed, made, sim->flash.size))
		why = "the tool now makes another image";
	free(committed);
	free(made);
	golden_release(image);
	simflash_free(sim);
	return why;
}

static int verdict(u32 number, const char *name, const char *what, const char *why)
{
	printf("%s %u - %s: %s%s%s\n", why ? "not ok" : "ok", number, name, what,
	       why ? ": " : "", why ? why : "");
	return why != NULL;
}

int main(int argc, char **argv)
{
	bool making = argc == 3 && !strcmp(argv[1], "--make");
	int status = 0;
	u32 i;

	if (argc != 2 && !making) {
		fprintf(stderr, "usage: golden [--make] DIRECTORY\n");
		return 2;
	}
	for (i = 0; making && i < golden_state_count; i++)
		status |= make(argv[2], &golden_states[i]);
	if (making)
		return status;
	printf("1..%u\n", 2 * golden_state_count);
	for (i = 0; i < golden_state_count; i++) {
		status |= verdict(2 * i + 1, golden_states[i].name, "is read as expected",
				  compare(argv[1], &golden_states[i]));
		status |= verdict(2 * i + 2, golden_states[i].name, "is made the same",
				  remake(argv[1], &golden_states[i]));
	}
	return status;
}

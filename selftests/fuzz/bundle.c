// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes bundles: any bytes, given to `layerctl inspect`, and to `layerctl apply` on an image.
 *
 * A dry run must leave the image as it is; whatever apply answers, `layerctl verify` must find
 * nothing wrong with the image afterwards.
 */
#include <getopt.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "../../tools/lib/bundle.h"
#include "../../tools/lib/interrupt.h"
#include "device.h"
#include "fuzz.h"

#define PART_MAX	(64U << 10)

int layerctl_main(int argc, char **argv);

/* Signals are libFuzzer's. */
void interrupt_catch(void)
{
}

bool interrupt_pending(void)
{
	return false;
}

/** struct file - a file in memory, with a name that can be opened */
struct file {
	int fd;
	char path[32];
};

static struct file bundle_file, image_file;
static u8 *image;		/* as it is before each input */
static u32 image_size, image_start;

static void new_file(struct file *file)
{
	file->fd = memfd_create("fuzz", MFD_CLOEXEC);
	fuzz_must(file->fd >= 0, "no file in memory");
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

static void fill_file(const struct file *file, const u8 *bytes, size_t size)
{
	fuzz_must(!ftruncate(file->fd, (off_t)size) &&
		  pwrite(file->fd, bytes, size, 0) == (ssize_t)size, "no room in memory");
}

/* A device on which the first release is active. */
static void set_up(void)
{
	static const struct simflash_shape shape = { SIMFLASH_NOR, FUZZ_BLOCK, 1, 64 };
	struct device d = { .sim = simflash_new(&shape, 1) };
	struct fuzz_variant base;

	fuzz_must(!device_format(&d, FUZZ_BLOCK, 0) && !device_attach(&d), "%s", d.why.text);
	image_start = d.mtdl.geometry.table_blocks;
	base = fuzz_variant(0, image_start, FUZZ_BLOCK);
	fuzz_must(!device_install(&d, base.release), "%s", d.why.text);
	build_free(base.release);
	image_size = (u32)d.sim->flash.size;
	image = malloc(image_size);
	simflash_peek(d.sim, 0, image, image_size);
	device_free(&d);
	new_file(&bundle_file);
	new_file(&image_file);
	fill_file(&image_file, image, image_size);
}

static bool image_is_unchanged(void)
{
	static u8 *now;

	if (!now)
		now = malloc(image_size);
	return lseek(image_file.fd, 0, SEEK_END) == image_size &&
	       pread(image_file.fd, now, image_size, 0) == image_size &&
	       !memcmp(now, image, image_size);
}

/* Runs `layerctl`, its arguments up to NULL. */
static int layerctl(const char *argument, ...)
{
	char *argv[16] = { (char *)"layerctl" };
	int argc = 1;
	va_list more;

	va_start(more, argument);
	for (; argument; argument = va_arg(more, const char *))
		argv[argc++] = (char *)argument;
	va_end(more);
	optind = 0;
	return layerctl_main(argc, argv);
}

static void apply(void)
{
	const char *file = bundle_file.path, *device = image_file.path;
	int status = layerctl("-d", device, "apply", "--dry-run", file, NULL);

	fuzz_must(status == 0 || status == 1, "apply --dry-run: %d", status);
	fuzz_must(image_is_unchanged(), "apply --dry-run changed the image");
	if (status)
		return;
	status = layerctl("-d", device, "--json", "apply", "--activate", file, NULL);
	fuzz_must(status == 0 || status == 1, "apply: %d", status);
	fuzz_must(!layerctl("-d", device, "verify", NULL),
		  "verify fails after an apply that ended with %d", status);
	if (!status)
		fuzz_accepted();
	fill_file(&image_file, image, image_size);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int status;

	if (!image)
		set_up();
	fill_file(&bundle_file, data, size);
	status = layerctl("inspect", bundle_file.path, NULL);
	fuzz_must(status == 0 || status == 1, "inspect: %d", status);
	if (status)
		return 0;
	status = layerctl("inspect", "--check", "--json", bundle_file.path, NULL);
	fuzz_must(status == 0 || status == 1, "inspect --check: %d", status);
	apply();
	return 0;
}

/* ---- mutations ---- */

/** struct parts - a bundle taken apart: header, manifest, signature, index, payload */
struct parts {
	struct bundle_header header;
	size_t size[4];
	u8 bytes[4][PART_MAX];
};

static u64 align8(u64 x)
{
	return (x + 7) & ~7ULL;
}

static bool take_apart(struct parts *p, const u8 *data, size_t size)
{
	size_t at = sizeof(p->header);

	if (size < at)
		return false;
	memcpy(&p->header, data, at);
	p->size[0] = le32_to_cpu(p->header.manifest_size);
	p->size[1] = le32_to_cpu(p->header.signature_size);
	p->size[2] = (size_t)le32_to_cpu(p->header.entry_count) * sizeof(struct bundle_entry);
	p->size[3] = PART_MAX;
	for (u32 i = 0; i < 4; i++) {
		if (i == 1 || i == 2)
			at = align8(at);
		if (at > size)
			return false;
		if (i == 3 && p->size[i] > size - at)
			p->size[i] = size - at;
		if (p->size[i] > PART_MAX || p->size[i] > size - at)
			return false;
		memcpy(p->bytes[i], data + at, p->size[i]);
		at += p->size[i];
	}
	return true;
}

/* The bundle again, with sizes, offsets and checksum that fit; its bytes, 0: no room. */
static size_t put_together(struct parts *p, u8 *data, size_t max)
{
	struct bundle_header *h = &p->header;
	u64 signature = align8(sizeof(*h) + p->size[0]), index = align8(signature + p->size[1]);
	u64 payload;

	p->size[2] -= p->size[2] % sizeof(struct bundle_entry);
	payload = index + p->size[2];
	if (payload + p->size[3] > max)
		return 0;
	h->manifest_size = cpu_to_le32((u32)p->size[0]);
	h->signature_size = cpu_to_le32((u32)p->size[1]);
	h->entry_count = cpu_to_le32((u32)(p->size[2] / sizeof(struct bundle_entry)));
	h->manifest_offset = cpu_to_le64(sizeof(*h));
	h->signature_offset = cpu_to_le64(signature);
	h->index_offset = cpu_to_le64(index);
	h->payload_offset = cpu_to_le64(payload);
	h->payload_size = cpu_to_le64(p->size[3]);
	memset(h->check, 0, sizeof(h->check));
	memset(data, 0, payload);
	memcpy(data, h, sizeof(*h));
	memcpy(data + sizeof(*h), p->bytes[0], p->size[0]);
	memcpy(data + signature, p->bytes[1], p->size[1]);
	memcpy(data + index, p->bytes[2], p->size[2]);
	memcpy(data + payload, p->bytes[3], p->size[3]);
	fuzz_digest(data, payload, data + offsetof(struct bundle_header, check));
	return payload + p->size[3];
}

/* As many entries as the manifest has blocks; new ones are like the last. */
static void repair_index(struct parts *p)
{
	static struct mtdl_manifest m;
	const size_t entry = sizeof(struct bundle_entry);
	struct mtdl_reason why;
	size_t size;

	if (mtdl_manifest_parse(&m, p->bytes[0], (u32)p->size[0], &why))
		return;
	size = m.block_total * entry;
	if (size > PART_MAX || p->size[2] < entry)
		return;
	for (size_t at = p->size[2]; at < size; at += entry)
		memcpy(p->bytes[2] + at, p->bytes[2] + p->size[2] - entry, entry);
	p->size[2] = size;
}

static void mutate_part(struct parts *p, u32 *random)
{
	u32 part = fuzz_random(random, 10);
	const u32 fixed = sizeof(p->header);
	u8 *entry;

	if (part < 4) {
		p->size[0] = fuzz_mutate_manifest(p->bytes[0], p->size[0], PART_MAX, random);
	} else if (part < 7 && p->size[part - 3]) {
		p->size[part - 3] = LLVMFuzzerMutate(p->bytes[part - 3], p->size[part - 3],
						     PART_MAX);
	} else if (part == 8 && p->size[2] >= sizeof(struct bundle_entry)) {
		entry = p->bytes[2] + fuzz_random(random, (u32)p->size[2] / 16) * 16;
		fuzz_put32(entry + 4 * fuzz_random(random, 4), fuzz_odd(random));
	} else if (part == 9) {
		p->size[1] = fuzz_random(random, MTDL_SIGNATURE_MAX + 2);
	} else {
		LLVMFuzzerMutate((u8 *)&p->header, fixed, fixed);
	}
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed);

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	static struct parts p;
	u32 random = seed;
	size_t now;

	if (!fuzz_random(&random, 12) || !take_apart(&p, data, size))
		return LLVMFuzzerMutate(data, size, max);
	mutate_part(&p, &random);
	if (fuzz_random(&random, 4))
		repair_index(&p);
	now = put_together(&p, data, max);
	return now ? now : size;
}

/* ---- seeds ---- */

static void add_block(struct parts *p, const struct built_release *r, u32 layer, u32 block,
		      bool present)
{
	struct bundle_entry entry = { 0 };
	u32 length;
	const u8 *data = build_block(r, layer, block, &length);
	size_t packed;

	if (present) {
		packed = ZSTD_compress(p->bytes[3] + p->size[3], PART_MAX - p->size[3], data,
				       length, 3);
		fuzz_must(!ZSTD_isError(packed), "a seed is too large");
		entry.offset = cpu_to_le64(p->size[3]);
		entry.length = cpu_to_le32((u32)packed);
		entry.flags = cpu_to_le32(BUNDLE_ENTRY_PRESENT);
		p->size[3] += packed;
	}
	memcpy(p->bytes[2] + p->size[2], &entry, sizeof(entry));
	p->size[2] += sizeof(entry);
}

/* Without a @base: whole and signed; else without the first layer. */
static void seed(const char *directory, const struct fuzz_variant *v, const u8 *base)
{
	static struct parts p;
	static u8 data[4 * PART_MAX];
	char name[64];

	memset(&p, 0, sizeof(p));
	p.header.magic = cpu_to_le32(BUNDLE_MAGIC);
	p.header.version = cpu_to_le16(BUNDLE_VERSION);
	p.header.header_size = cpu_to_le16(sizeof(p.header));
	p.size[0] = v->release->manifest_size;
	memcpy(p.bytes[0], v->release->manifest, p.size[0]);
	if (base)
		memcpy(p.header.base, base, sizeof(p.header.base));
	else
		p.size[1] = 100;
	for (u32 i = 0; i < v->release->layer_count; i++)
		for (u32 j = 0; j < build_block_count(v->release, i); j++)
			add_block(&p, v->release, i, j, !base || i);
	snprintf(name, sizeof(name), "%s%s", v->name, base ? "-partial" : "");
	fuzz_seed(directory, name, data, put_together(&p, data, sizeof(data)));
}

void fuzz_seeds(const char *directory)
{
	struct fuzz_variant base, v;

	set_up();
	base = fuzz_variant(0, image_start, FUZZ_BLOCK);
	for (u32 i = 0; (v = fuzz_variant(i, image_start, FUZZ_BLOCK)).name; i++) {
		seed(directory, &v, NULL);
		seed(directory, &v, base.release->digest);
		build_free(v.release);
	}
	build_free(base.release);
}

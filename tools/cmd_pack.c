// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl pack: a release of all layers, as a bundle.
 *
 * With --json: {"bundle", "release", "digest", "compatible", "block_size",
 * "security_counter", "layers": [{"name", "size", "blocks", "slot_blocks",
 * "overflow", "from": "file"|"base", "blocks_present"}], "file_size"}.
 */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "layerctl.h"
#include "lib/bundle_writer.h"
#include "lib/interrupt.h"
#include "lib/progress.h"
#include "lib/release.h"
#include "lib/size.h"

#define DEFAULT_ATTEMPTS	3
#define DEFAULT_LEVEL		15

enum {
	OPT_LAYOUT = CLI_LONG,
	OPT_BLOCK_SIZE,
	OPT_RELEASE,
	OPT_COUNTER,
	OPT_ATTEMPTS,
	OPT_NOTES,
	OPT_BASE,
	OPT_PARTIAL,
	OPT_LEVEL,
};

/** struct source - where a layer's bytes come from */
struct source {
	const char *path;	/* or NULL: from the base */
	int fd;
	uint32_t base_layer;	/* MTDL_LAYERS_MAX: the base has no such layer */
	uint32_t present;	/* blocks included */
};

/** struct job - one call of pack */
struct job {
	const char *layout_path;
	const char *base_path;
	const char *out;
	uint64_t block_size;
	bool counter_given, attempts_given, partial;
	int level;
	struct layout layout;
	struct bundle *base;
	struct release release;
	struct source sources[MTDL_LAYERS_MAX];
	uint64_t total;		/* bytes of all layers */
};

static int parse_options(struct cli *cli, struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "layout", required_argument, NULL, OPT_LAYOUT },
		{ "block-size", required_argument, NULL, OPT_BLOCK_SIZE },
		{ "release", required_argument, NULL, OPT_RELEASE },
		{ "security-counter", required_argument, NULL, OPT_COUNTER },
		{ "attempts", required_argument, NULL, OPT_ATTEMPTS },
		{ "notes", required_argument, NULL, OPT_NOTES },
		{ "base", required_argument, NULL, OPT_BASE },
		{ "partial", no_argument, NULL, OPT_PARTIAL },
		{ "level", required_argument, NULL, OPT_LEVEL },
		{ "output", required_argument, NULL, 'o' },
		{ 0 }
	};
	struct mtdl_reason why = { 0 };
	uint32_t level;
	int opt, err = 0;

	while (!err && (opt = cli_getopt(cli, argc, argv, CLI_SHORT "o:", options)) != -1) {
		switch (opt) {
		case OPT_LAYOUT:
			job->layout_path = optarg;
			break;
		case OPT_BLOCK_SIZE:
			err = size_parse(optarg, "--block-size", &job->block_size, &why);
			break;
		case OPT_RELEASE:
			job->release.version = optarg;
			break;
		case OPT_COUNTER:
			job->counter_given = true;
			err = number_parse(optarg, "--security-counter", 0, UINT32_MAX,
					   &job->release.security_counter, &why);
			break;
		case OPT_ATTEMPTS:
			job->attempts_given = true;
			err = number_parse(optarg, "--attempts", 1, MTDL_ATTEMPTS_MAX,
					   &job->release.attempts, &why);
			break;
		case OPT_NOTES:
			job->release.notes = optarg;
			break;
		case OPT_BASE:
			job->base_path = optarg;
			break;
		case OPT_PARTIAL:
			job->partial = true;
			break;
		case OPT_LEVEL:
			err = number_parse(optarg, "--level", 0, (uint32_t)ZSTD_maxCLevel(),
					   &level, &why);
			job->level = (int)level;
			break;
		case 'o':
			job->out = optarg;
			break;
		default:
			return CLI_STOP;
		}
	}
	if (err)
		cli->status = cli_usage(cli, "%s", why.text);
	return err ? CLI_STOP : 0;
}

/* Devices refuse such a version; better before everything is packed. */
static bool has_control(const char *text)
{
	while (*text && !iscntrl((unsigned char)*text))
		text++;
	return *text;
}

static int check_options(struct cli *cli, const struct job *job)
{
	const char *notes = job->release.notes;

	if (!job->layout_path)
		return cli_usage(cli, "pack needs --layout: the device tree with the layers");
	if (!job->release.version || !*job->release.version ||
	    strlen(job->release.version) > MTDL_RELEASE_SIZE)
		return cli_usage(cli, "pack needs --release: a version text of 1 to %u characters",
				 MTDL_RELEASE_SIZE);
	if (has_control(job->release.version))
		return cli_usage(cli, "--release: the version has control characters");
	if (!job->out)
		return cli_usage(cli, "pack needs -o: the bundle to write");
	if (job->block_size > MTDL_BLOCK_SIZE_MAX)
		return cli_usage(cli, "--block-size: %llu bytes are too many, %u are the limit",
				 (unsigned long long)job->block_size, MTDL_BLOCK_SIZE_MAX);
	if (notes && (!*notes || strlen(notes) > RELEASE_NOTES_MAX))
		return cli_usage(cli, "--notes: give 1 to %u bytes of text", RELEASE_NOTES_MAX);
	if (job->partial && !job->base_path)
		return cli_usage(cli, "--partial leaves out what --base has: give --base too");
	return CLI_OK;
}

static int take_argument(struct job *job, char *argument, struct mtdl_reason *why)
{
	char *path = strchr(argument, '=');
	uint32_t i;

	if (!path || path == argument || !path[1])
		return mtdl_fail(why, -EINVAL, "\"%s\" is not LAYER=FILE", argument);
	*path++ = '\0';
	for (i = 0; i < job->layout.layer_count; i++) {
		if (!strcmp(job->layout.layers[i].name, argument))
			break;
	}
	if (i == job->layout.layer_count)
		return mtdl_fail(why, -EINVAL, "%s has no layer %s: the layers' names are the labels there",
				 job->layout_path, argument);
	if (job->sources[i].path)
		return mtdl_fail(why, -EINVAL, "layer %s is given twice: %s and %s", argument,
				 job->sources[i].path, path);
	job->sources[i].path = path;
	return 0;
}

static int open_base(struct job *job, struct mtdl_reason *why)
{
	const struct mtdl_manifest *base;
	int err;

	if (!job->base_path)
		return 0;
	err = bundle_open(&job->base, job->base_path, why);
	if (err)
		return err;
	base = &job->base->manifest;
	if (base->block_size != job->release.block_size)
		return mtdl_fail(why, -EINVAL, "%s has blocks of %u bytes, this release %u: a device has one size for ever",
				 job->base_path, base->block_size, job->release.block_size);
	if (strcmp(base->compatible, job->layout.compatible))
		return mtdl_fail(why, -EINVAL, "%s is for board %s, %s is for %s", job->base_path,
				 base->compatible, job->layout_path, job->layout.compatible);
	if (!job->counter_given)
		job->release.security_counter = base->security_counter;
	if (!job->attempts_given)
		job->release.attempts = base->attempts;
	return 0;
}

static int open_source(struct job *job, uint32_t i, uint64_t *size, struct mtdl_reason *why)
{
	struct source *source = &job->sources[i];
	const char *name = job->layout.layers[i].name;
	struct stat st;

	if (source->path) {
		/* a FIFO would keep it waiting for a writer */
		source->fd = open(source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (source->fd < 0 || fstat(source->fd, &st))
			return mtdl_fail(why, -errno, "layer %s: %s: cannot be opened: %s", name,
					 source->path, strerror(errno));
		if (!S_ISREG(st.st_mode) || !st.st_size)
			return mtdl_fail(why, -EINVAL, "layer %s: %s: %s", name, source->path,
					 S_ISREG(st.st_mode) ? "is empty" : "is not a regular file");
		*size = (uint64_t)st.st_size;
		return 0;
	}
	if (!job->base)
		return mtdl_fail(why, -EINVAL, "layer %s is not given: add %s=FILE, or --base with a bundle that has it",
				 name, name);
	if (source->base_layer == MTDL_LAYERS_MAX)
		return mtdl_fail(why, -EINVAL, "layer %s is not given, and %s has no layer of that name: add %s=FILE",
				 name, job->base_path, name);
	*size = job->base->manifest.layers[source->base_layer].size;
	return 0;
}

static void find_in_base(struct job *job, uint32_t i)
{
	const struct mtdl_manifest_layer *layer = NULL;

	if (job->base)
		layer = mtdl_manifest_find(&job->base->manifest, job->layout.layers[i].name);
	job->sources[i].base_layer = layer ? (uint32_t)(layer - job->base->manifest.layers) :
				     MTDL_LAYERS_MAX;
}

static int open_sources(struct job *job, struct mtdl_reason *why)
{
	for (uint32_t i = 0; i < job->layout.layer_count; i++) {
		uint64_t size = 0;
		int err;

		find_in_base(job, i);
		err = open_source(job, i, &size, why);
		if (!err)
			err = release_set_size(&job->release, i, size, why);
		if (err)
			return err;
		job->total += size;
	}
	if (!release_manifest_size(&job->release))
		return mtdl_fail(why, -EFBIG, "%llu bytes in blocks of %u need a manifest of more than %u bytes: take larger blocks",
				 (unsigned long long)job->total, job->release.block_size,
				 BUNDLE_MANIFEST_MAX);
	return 0;
}

static int read_block(const struct source *source, uint32_t block, uint32_t block_size,
		      uint8_t *data, uint32_t length, struct mtdl_reason *why)
{
	off_t off = (off_t)block * block_size;
	uint32_t done = 0;

	while (done < length) {
		ssize_t n = pread(source->fd, data + done, length - done, off + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mtdl_fail(why, n ? -errno : -EIO, "%s: cannot be read at byte %llu: %s",
					 source->path, (unsigned long long)off + done,
					 n ? strerror(errno) : "it has become shorter");
		done += (uint32_t)n;
	}
	return 0;
}

/* Whether the base has the same block at the same place of the same layer. */
static bool base_has(const struct job *job, uint32_t layer, uint32_t block,
		     const uint8_t *digest, uint32_t length)
{
	const struct mtdl_manifest_layer *l;

	if (job->sources[layer].base_layer == MTDL_LAYERS_MAX)
		return false;
	l = &job->base->manifest.layers[job->sources[layer].base_layer];
	return block < l->block_count &&
	       mtdl_block_bytes(l->size, block, job->release.block_size) == length &&
	       !memcmp(l->digests + (size_t)block * MTDL_DIGEST_SIZE, digest, MTDL_DIGEST_SIZE);
}

static int pack_file_block(struct job *job, struct bundle_writer *writer, uint32_t layer,
			   uint32_t block, uint8_t *data, struct mtdl_reason *why)
{
	const uint32_t size = job->release.block_size;
	const uint32_t length = mtdl_block_bytes(job->release.layers[layer].size, block, size);
	const uint8_t *digest;
	int err;

	err = read_block(&job->sources[layer], block, size, data, length, why);
	if (err)
		return err;
	digest = release_set_digest(&job->release, layer, block, data, length);
	if (job->partial && base_has(job, layer, block, digest, length)) {
		bundle_leave_out(writer);
		return 0;
	}
	job->sources[layer].present++;
	return bundle_add(writer, data, length, why);
}

static int pack_base_block(struct job *job, struct bundle_writer *writer, uint32_t layer,
			   uint32_t block, struct mtdl_reason *why)
{
	const uint32_t from = job->sources[layer].base_layer;
	const struct mtdl_manifest_layer *l = &job->base->manifest.layers[from];
	const size_t at = (size_t)block * MTDL_DIGEST_SIZE;
	const void *frame;
	uint32_t length;
	int err;

	memcpy(job->release.layers[layer].digests + at, l->digests + at, MTDL_DIGEST_SIZE);
	if (job->partial) {
		bundle_leave_out(writer);
		return 0;
	}
	/* a damaged base must not become a damaged release */
	err = bundle_check(job->base, from, block, why);
	if (!err)
		err = bundle_read_frame(job->base, from, block, &frame, &length, why);
	job->sources[layer].present++;
	return err ? err : bundle_add_frame(writer, frame, length, why);
}

static int pack_layers(struct job *job, struct bundle_writer *writer, struct progress *progress,
		       uint8_t *data, struct mtdl_reason *why)
{
	uint64_t done = 0;
	int err = 0;

	for (uint32_t i = 0; i < job->layout.layer_count; i++) {
		const struct release_layer *layer = &job->release.layers[i];

		for (uint32_t block = 0; block < layer->block_count; block++) {
			if (interrupt_pending())
				return mtdl_fail(why, -EINTR, "interrupted: %s was not written",
						 job->out);
			if (job->sources[i].path)
				err = pack_file_block(job, writer, i, block, data, why);
			else
				err = pack_base_block(job, writer, i, block, why);
			if (err)
				return err;
			done += mtdl_block_bytes(layer->size, block, job->release.block_size);
			progress_update(progress, done);
		}
	}
	return 0;
}

static int write_bundle(struct job *job, void **manifest, struct mtdl_reason *why)
{
	uint8_t *data = malloc(job->release.block_size);
	struct bundle_writer *writer = NULL;
	struct progress *progress;
	uint32_t entries = 0;
	int err;

	for (uint32_t i = 0; i < job->layout.layer_count; i++)
		entries += job->release.layers[i].block_count;
	if (!data)
		return mtdl_fail(why, -ENOMEM, "no memory for a block");
	err = bundle_create(&writer, job->out, release_manifest_size(&job->release), entries,
			    job->release.block_size, job->level, why);
	if (!err) {
		interrupt_catch();
		progress = progress_begin(stderr, "packing", job->total);
		err = pack_layers(job, writer, progress, data, why);
		progress_end(progress, !err);
	}
	free(data);
	if (!err)
		err = release_manifest(&job->release, manifest, why);
	if (err) {
		bundle_discard(writer);
		return err;
	}
	return bundle_finish(writer, *manifest,
			     job->partial ? job->base->manifest.digest : NULL, why);
}

static uint32_t overflow_of(const struct job *job, uint32_t layer)
{
	uint64_t slot = job->layout.layers[layer].capacity / job->release.block_size;
	uint32_t blocks = job->release.layers[layer].block_count;

	return blocks > slot ? blocks - (uint32_t)slot : 0;
}

static void print_notes(const struct job *job)
{
	for (uint32_t i = 0; i < job->layout.layer_count; i++) {
		const struct layout_layer *layer = &job->layout.layers[i];
		uint32_t blocks = job->release.layers[i].block_count;
		uint32_t over = overflow_of(job, i);

		if (over && (layer->policy & MTDL_POLICY_OVERFLOW_MOVE))
			cli_note("note: layer %s takes %u blocks, its slot has %u: the whole layer will be relocated to spare blocks in a row",
				 layer->name, blocks, blocks - over);
		else if (over)
			cli_note("note: layer %s takes %u blocks, its slot has %u: %u will be relocated to spare blocks",
				 layer->name, blocks, blocks - over, over);
	}
	for (uint32_t i = 0; job->base && i < job->base->manifest.layer_count; i++) {
		const char *name = job->base->manifest.layers[i].name;
		uint32_t j = 0;

		while (j < job->layout.layer_count && strcmp(job->layout.layers[j].name, name))
			j++;
		if (j == job->layout.layer_count)
			cli_note("note: layer %s of %s is not in the layout: this release drops it",
				 name, job->base_path);
	}
}

static json_t *layers_to_json(const struct job *job)
{
	json_t *layers = json_array();

	for (uint32_t i = 0; i < job->layout.layer_count; i++) {
		const struct release_layer *layer = &job->release.layers[i];

		json_array_append_new(layers, json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:I}",
			"name", layer->place->name,
			"size", (json_int_t)layer->size,
			"blocks", (json_int_t)layer->block_count,
			"slot_blocks",
			(json_int_t)(layer->place->capacity / job->release.block_size),
			"overflow", (json_int_t)overflow_of(job, i),
			"from", job->sources[i].path ? "file" : "base",
			"blocks_present", (json_int_t)job->sources[i].present));
	}
	return layers;
}

static int report(struct cli *cli, const struct job *job, const void *manifest)
{
	char size[SIZE_TEXT], digest[HEX_TEXT];
	uint8_t bytes[MTDL_DIGEST_SIZE];
	struct mtdl_hash hash;
	uint32_t present = 0, blocks = 0;
	struct stat st;

	if (stat(job->out, &st))
		return cli_error(cli, "%s: has vanished: %s", job->out, strerror(errno));
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, manifest, release_manifest_size(&job->release));
	mtdl_hash_final(&hash, bytes);
	hex_text(bytes, sizeof(bytes), digest);
	print_notes(job);
	if (cli->json)
		return cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:I}",
			"bundle", job->out, "release", job->release.version, "digest", digest,
			"compatible", job->layout.compatible,
			"block_size", (json_int_t)job->release.block_size,
			"security_counter", (json_int_t)job->release.security_counter,
			"layers", layers_to_json(job), "file_size", (json_int_t)st.st_size));
	for (uint32_t i = 0; i < job->layout.layer_count; i++) {
		present += job->sources[i].present;
		blocks += job->release.layers[i].block_count;
	}
	printf("%s: release %s for %s, %u layers, %u of %u blocks included, %s\n", job->out,
	       job->release.version, job->layout.compatible, job->layout.layer_count, present,
	       blocks, size_text((uint64_t)st.st_size, size));
	return CLI_OK;
}

static int prepare(struct job *job, int argc, char **argv, struct mtdl_reason *why)
{
	int err = layout_read(&job->layout, job->layout_path, why);

	job->release.layout = &job->layout;
	if (!err)
		err = layout_block_size(&job->layout, (uint32_t)job->block_size,
					&job->release.block_size, why);
	if (!err && !job->release.block_size)
		err = mtdl_fail(why, -EINVAL, "the block size is not known: give --block-size, the erase size of the flash or a multiple, at least 64K");
	for (int i = optind; !err && i < argc; i++)
		err = take_argument(job, argv[i], why);
	if (!err)
		err = open_base(job, why);
	return err ? err : open_sources(job, why);
}

static void finish(struct job *job)
{
	for (uint32_t i = 0; i < MTDL_LAYERS_MAX; i++) {
		if (job->sources[i].fd >= 0)
			close(job->sources[i].fd);
	}
	release_free(&job->release);
	bundle_close(job->base);
	free(job);
}

static int pack(struct cli *cli, struct job *job, int argc, char **argv)
{
	struct mtdl_reason why = { 0 };
	void *manifest = NULL;
	int status;

	if (parse_options(cli, job, argc, argv))
		return cli->status;
	status = check_options(cli, job);
	if (status != CLI_OK)
		return status;
	if (prepare(job, argc, argv, &why) || write_bundle(job, &manifest, &why))
		status = cli_fail(cli, &why);
	else
		status = report(cli, job, manifest);
	free(manifest);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct job *job = calloc(1, sizeof(*job));
	int status;

	if (!job)
		return cli_error(cli, "no memory to pack a release");
	job->level = DEFAULT_LEVEL;
	job->release.attempts = DEFAULT_ATTEMPTS;
	for (uint32_t i = 0; i < MTDL_LAYERS_MAX; i++)
		job->sources[i].fd = -1;
	status = pack(cli, job, argc, argv);
	finish(job);
	return status;
}

const struct command cmd_pack = {
	.name = "pack",
	.summary = "Make a bundle: one release of all layers",
	.usage = "--layout BOARD.dts --release VERSION -o BUNDLE [OPTIONS] [LAYER=FILE]...",
	.help =
	"      --layout FILE     device tree with the layers: their names, preset addresses,\n"
	"                        slots and policies become part of the release\n"
	"      --block-size N    bytes of a block, as the devices were formatted with\n"
	"                        (default: the layout's mtdlayer,block-size)\n"
	"      --release TEXT    the version, up to 64 characters\n"
	"      --base BUNDLE     layers that are not given are those of this bundle\n"
	"      --partial         leave out the blocks that --base has: a smaller bundle, which\n"
	"                        only devices that run that release can take\n"
	"      --security-counter N  devices that confirmed a higher one refuse this release\n"
	"                        (default: the base's, or 0)\n"
	"      --attempts N      boots of the trial before it is given up (default: the base's,\n"
	"                        or 3; at most 15)\n"
	"      --notes TEXT      a note for people, kept in the manifest\n"
	"      --level N         effort of the zstd compression (default: 15)\n"
	"  -o, --output BUNDLE   the file to write\n",
	.run = run,
};

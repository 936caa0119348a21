// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl inspect: what is in a bundle.
 *
 * With --json: {"bundle", "file_size", "release", "digest", "compatible",
 * "block_size", "security_counter", "attempts", "signature_size", "partial",
 * "base", "notes", "checked", "layers": [{"name", "address", "capacity", "size",
 * "blocks", "overflow", "root", "policies", "blocks_present", "payload_size"}]};
 * "base" and "notes" are null where there is none.
 */
#include <inttypes.h>

#include "layerctl.h"
#include "lib/bundle.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/outfile.h"
#include "lib/policy.h"
#include "lib/progress.h"
#include "lib/size.h"

enum {
	OPT_CHECK = CLI_LONG,
	OPT_MANIFEST,
};

static uint64_t payload_of(const struct bundle *b, uint32_t layer)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < b->manifest.layers[layer].block_count; i++)
		size += bundle_frame_size(b, layer, i);
	return size;
}

static uint32_t overflow_of(const struct mtdl_manifest_layer *layer)
{
	return layer->block_count > layer->slot_blocks ? layer->block_count - layer->slot_blocks : 0;
}

/* The text of the notes record; the manifest has been parsed, so records are sound. */
static const char *find_notes(const struct bundle *b, int *length)
{
	uint32_t off = sizeof(struct mtdl_media_manifest);

	while (off < b->manifest_size) {
		struct mtdl_media_record record;

		memcpy(&record, b->manifest_bytes + off, sizeof(record));
		off += sizeof(record);
		*length = (int)le32_to_cpu(record.length);
		if (le16_to_cpu(record.type) == MTDL_RECORD_NOTES)
			return (const char *)b->manifest_bytes + off;
		off += (le32_to_cpu(record.length) + 7) & ~7U;
	}
	*length = 0;
	return NULL;
}

static int check_payload(struct bundle *b, struct mtdl_reason *why)
{
	struct progress *progress;
	uint64_t total = 0, done = 0;
	int err = 0;

	for (uint32_t i = 0; i < b->manifest.layer_count; i++)
		total += payload_of(b, i);
	interrupt_catch();
	progress = progress_begin(stderr, "checking", total);
	for (uint32_t i = 0; !err && i < b->manifest.layer_count; i++) {
		for (uint32_t j = 0; !err && j < b->manifest.layers[i].block_count; j++) {
			uint32_t size = bundle_frame_size(b, i, j);

			if (interrupt_pending())
				err = mtdl_fail(why, -EINTR, "interrupted");
			else if (size)
				err = bundle_check(b, i, j, why);
			done += size;
			progress_update(progress, done);
		}
	}
	progress_end(progress, !err);
	return err;
}

static void print_layers(const struct bundle *b)
{
	const struct mtdl_manifest *m = &b->manifest;

	printf("%-16s  %-11s  %10s  %10s  %6s  %8s  %7s  %10s  %s\n", "layer", "address", "slot",
	       "size", "blocks", "overflow", "present", "payload", "policies");
	for (uint32_t i = 0; i < m->layer_count; i++) {
		const struct mtdl_manifest_layer *l = &m->layers[i];
		char slot[SIZE_TEXT], size[SIZE_TEXT], payload[SIZE_TEXT], policies[POLICY_TEXT];

		printf("%-16s  0x%09" PRIx64 "  %10s  %10s  %6u  %8u  %7u  %10s  %s\n", l->name,
		       (uint64_t)l->slot_start * m->block_size,
		       size_text((uint64_t)l->slot_blocks * m->block_size, slot),
		       size_text(l->size, size), l->block_count, overflow_of(l),
		       bundle_blocks_present(b, i), size_text(payload_of(b, i), payload),
		       policy_text(l->policy, policies));
	}
}

/* Text from a file must not move the cursor of the terminal that shows it. */
static void print_notes(const char *notes, int length)
{
	printf("%-10s ", "notes");
	for (int i = 0; i < length; i++) {
		if (notes[i] == '\n')
			printf("\n%-10s ", "");
		else
			putchar((unsigned char)notes[i] < ' ' || notes[i] == 0x7f ? '?' : notes[i]);
	}
	putchar('\n');
}

static void print_text(const struct bundle *b, bool checked)
{
	const struct mtdl_manifest *m = &b->manifest;
	char size[SIZE_TEXT], text[HEX_TEXT];
	const char *notes;
	int length;

	printf("%-10s %s\n", "release", m->release);
	printf("%-10s %s\n", "digest", hex_text(m->digest, sizeof(m->digest), text));
	printf("%-10s %s, blocks of %s\n", "board", m->compatible, size_text(m->block_size, size));
	printf("%-10s %u\n", "counter", m->security_counter);
	printf("%-10s %u\n", "attempts", m->attempts);
	if (b->signature_size)
		printf("%-10s %u bytes\n", "signature", b->signature_size);
	else
		printf("%-10s none\n", "signature");
	if (b->partial)
		printf("%-10s leaves out blocks of the release with digest %s\n", "partial",
		       hex_text(b->base, sizeof(b->base), text));
	notes = find_notes(b, &length);
	if (notes)
		print_notes(notes, length);
	if (checked)
		printf("%-10s every block is what the manifest names\n", "payload");
	print_layers(b);
}

static json_t *layers_to_json(const struct bundle *b)
{
	const struct mtdl_manifest *m = &b->manifest;
	json_t *array = json_array();

	for (uint32_t i = 0; i < m->layer_count; i++) {
		const struct mtdl_manifest_layer *l = &m->layers[i];

		json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			"name", l->name,
			"address", json_number((uint64_t)l->slot_start * m->block_size),
			"capacity", json_number((uint64_t)l->slot_blocks * m->block_size),
			"size", json_number(l->size),
			"blocks", json_number(l->block_count),
			"overflow", json_number(overflow_of(l)),
			"root", json_digest(l->root),
			"policies", json_policies(l->policy),
			"blocks_present", json_number(bundle_blocks_present(b, i)),
			"payload_size", json_number(payload_of(b, i))));
	}
	return array;
}

static int print_as_json(struct cli *cli, const struct bundle *b, bool checked)
{
	const struct mtdl_manifest *m = &b->manifest;
	int length;
	const char *notes = find_notes(b, &length);
	json_t *text = notes ? json_stringn(notes, (size_t)length) : json_null();

	return cli_print_json(cli, json_pack(
		"{s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:b, s:o}",
		"bundle", b->path, "file_size", json_number(b->file_size),
		"release", m->release, "digest", json_digest(m->digest),
		"compatible", m->compatible, "block_size", json_number(m->block_size),
		"security_counter", json_number(m->security_counter),
		"attempts", json_number(m->attempts),
		"signature_size", json_number(b->signature_size), "partial", b->partial,
		"base", b->partial ? json_digest(b->base) : json_null(),
		"notes", text ? text : json_null(), "checked", checked,
		"layers", layers_to_json(b)));
}

static int save_manifest(const struct bundle *b, const char *path, struct mtdl_reason *why)
{
	struct outfile out;
	int err = outfile_create(&out, path, why);

	if (err)
		return err;
	err = outfile_write(&out, b->manifest_bytes, b->manifest_size, 0, why);
	if (!err)
		err = outfile_finish(&out, why);
	outfile_discard(&out);
	return err;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "manifest", required_argument, NULL, OPT_MANIFEST },
		{ 0 }
	};
	struct mtdl_reason why = { 0 };
	const char *manifest = NULL;
	struct bundle *bundle;
	bool check = false;
	int opt, status = CLI_OK;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == CLI_STOP)
			return cli->status;
		if (opt == OPT_MANIFEST)
			manifest = optarg;
		else
			check = true;
	}
	if (argc - optind != 1)
		return cli_usage(cli, "inspect takes one bundle, %d were given", argc - optind);
	if (bundle_open(&bundle, argv[optind], &why))
		return cli_fail(cli, &why);
	if ((check && check_payload(bundle, &why)) ||
	    (manifest && save_manifest(bundle, manifest, &why)))
		status = cli_fail(cli, &why);
	else if (cli->json)
		status = print_as_json(cli, bundle, check);
	else
		print_text(bundle, check);
	bundle_close(bundle);
	return status;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.summary = "Show what is in a bundle",
	.usage = "[--check] [--manifest FILE] BUNDLE",
	.help =
	"      --check           unpack and hash every block too\n"
	"      --manifest FILE   save the manifest alone: enough for `layerctl recover`\n",
	.run = run,
};

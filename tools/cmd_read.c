// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl read: a layer's bytes, verified, to standard output.
 */
#include <unistd.h>

#include "layerctl.h"
#include "lib/size.h"
#include "lib/view.h"

#define CHUNK	(256U << 10)

enum {
	OPT_OFFSET = CLI_LONG,
	OPT_LENGTH,
};

/** struct range - which bytes; @length is UINT64_MAX for all */
struct range {
	uint64_t offset;
	uint64_t length;
};

static int write_out(const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_out(struct target *target, const char *layer, struct range range,
		    struct mtdl_reason *why)
{
	uint8_t *data = malloc(CHUNK);
	int err = 0;

	if (!data)
		return mtdl_fail(why, -ENOMEM, "no memory to read layer %s", layer);
	while (!err && range.length) {
		uint32_t part = range.length < CHUNK ? (uint32_t)range.length : CHUNK;

		err = target->ops->read(target, layer, range.offset, data, part, why);
		if (err)
			break;
		err = write_out(data, part);
		if (err)
			mtdl_fail(why, err, "standard output cannot be written: %s",
				  strerror(-err));
		range.offset += part;
		range.length -= part;
	}
	free(data);
	return err;
}

static int find_size(struct target *target, const char *layer, uint64_t *size,
		     struct mtdl_reason *why)
{
	const struct view_release *release;
	struct view view;
	int err = target->ops->view(target, &view, why);

	if (err)
		return err;
	release = &view.releases[VIEW_EXPOSED];
	err = -ENOENT;
	for (uint32_t i = 0; i < release->layer_count; i++) {
		if (strcmp(release->layers[i].name, layer))
			continue;
		*size = release->layers[i].size;
		err = 0;
	}
	if (err)
		mtdl_fail(why, err, "there is no layer %s in %s%s: `layerctl list` shows the names",
			  layer, release->present ? "release " : "it: no release is exposed",
			  release->release);
	view_free(&view);
	return err;
}

static int read_layer(struct target *target, const char *layer, struct range range,
		      struct mtdl_reason *why)
{
	uint64_t size;
	int err = find_size(target, layer, &size, why);

	if (err)
		return err;
	if (range.offset > size)
		return mtdl_fail(why, -EINVAL, "layer %s has %llu bytes: --offset %llu is behind its end",
				 layer, (unsigned long long)size,
				 (unsigned long long)range.offset);
	if (range.length == UINT64_MAX)
		range.length = size - range.offset;
	if (range.length > size - range.offset)
		return mtdl_fail(why, -EINVAL, "layer %s has %llu bytes: %llu from %llu on are not there",
				 layer, (unsigned long long)size,
				 (unsigned long long)range.length,
				 (unsigned long long)range.offset);
	return copy_out(target, layer, range, why);
}

static int run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		{ "offset", required_argument, NULL, OPT_OFFSET },
		{ "length", required_argument, NULL, OPT_LENGTH },
		{ 0 }
	};
	struct range range = { 0, UINT64_MAX };
	struct mtdl_reason why = { 0 };
	struct target *target;
	int opt, err = 0, status;

	while (!err && (opt = cli_getopt(cli, argc, argv, CLI_SHORT, options)) != -1) {
		if (opt == OPT_OFFSET)
			err = size_parse(optarg, "--offset", &range.offset, &why);
		else if (opt == OPT_LENGTH)
			err = size_parse(optarg, "--length", &range.length, &why);
		else
			return cli->status;
	}
	if (err)
		return cli_usage(cli, "%s", why.text);
	if (argc - optind != 1)
		return cli_usage(cli, "read takes one layer, %d were given", argc - optind);
	target = target_open(cli->device, false, &why);
	if (!target)
		return cli_fail(cli, &why);
	status = read_layer(target, argv[optind], range, &why) ? cli_fail(cli, &why) : CLI_OK;
	target->ops->close(target);
	return status;
}

const struct command cmd_read = {
	.name = "read",
	.summary = "Write a layer's bytes to standard output",
	.usage = "[--offset N] [--length N] LAYER",
	.help =
	"Reads the exposed release. Blocks that are not what the manifest names are not\n"
	"handed out: the command fails at them.\n"
	"\n"
	"      --offset N        begin at this byte of the layer\n"
	"      --length N        so many bytes (default: up to the layer's end)\n",
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layerctl mkimage: a flash image as the factory wants it: one release, active.
 *
 * With --json: {"image", "release", "digest", "uuid", "flash_size", "block_count",
 * "free_blocks"}.
 */
#include <unistd.h>

#include "layerctl.h"
#include "lib/install.h"
#include "lib/interrupt.h"
#include "lib/json.h"
#include "lib/outfile.h"
#include "lib/setup.h"
#include "lib/size.h"

/** struct job - one call of mkimage */
struct job {
	struct setup setup;
	const char *bundle_path;
	const char *out_path;
	struct outfile out;
	struct bundle *bundle;
	struct view view;
};

static int parse_options(struct cli *cli, struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_OPTIONS,
		SETUP_OPTIONS,
		{ "output", required_argument, NULL, 'o' },
		{ 0 }
	};
	struct mtdl_reason why = { 0 };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, CLI_SHORT "o:", options)) != -1) {
		if (opt == CLI_STOP)
			return cli->status;
		if (opt == 'o')
			job->out_path = optarg;
		else if (setup_option(&job->setup, opt, optarg, &why))
			return cli_usage(cli, "%s", why.text);
	}
	if (argc - optind != 1)
		return cli_usage(cli, "mkimage takes one bundle, %d were given", argc - optind);
	if (!job->setup.layout_path)
		return cli_usage(cli, "mkimage needs --layout: the device tree with the table area");
	if (!job->out_path)
		return cli_usage(cli, "mkimage needs -o: the image to write");
	job->bundle_path = argv[optind];
	return -1;
}

/* Images of one release with one geometry are the same, byte for byte. */
static void derive_uuid(struct job *job)
{
	static const char purpose[] = "mtdlayer image";
	uint8_t digest[MTDL_DIGEST_SIZE];
	struct mtdl_hash hash;

	if (job->setup.uuid_given)
		return;
	mtdl_hash_init(&hash);
	mtdl_hash_update(&hash, purpose, sizeof(purpose));
	mtdl_hash_update(&hash, job->bundle->manifest.digest, MTDL_DIGEST_SIZE);
	mtdl_hash_final(&hash, digest);
	memcpy(job->setup.uuid, digest, sizeof(job->setup.uuid));
	job->setup.uuid[6] = (job->setup.uuid[6] & 0x0f) | 0x80;
	job->setup.uuid[8] = (job->setup.uuid[8] & 0x3f) | 0x80;
	job->setup.uuid_given = true;
}

static int install(struct job *job, struct mtdl_reason *why)
{
	struct install in = { .bundle = job->bundle, .progress = stderr };
	int err;

	in.target = image_target_open(job->out.temporary, true, why);
	if (!in.target)
		return -errno;
	err = install_plan(&in, why);
	if (!err)
		err = install_check(&in, why);
	if (!err)
		err = install_write(&in, why);
	if (!err)
		err = in.target->ops->view(in.target, &job->view, why);
	in.target->ops->close(in.target);
	return err;
}

static int make_image(struct job *job, struct mtdl_reason *why)
{
	int err = setup_prepare(&job->setup, why);

	if (!err)
		err = bundle_open(&job->bundle, job->bundle_path, why);
	if (err)
		return err;
	if (!job->setup.block_size)
		job->setup.block_size = job->bundle->manifest.block_size;
	derive_uuid(job);
	interrupt_catch();
	err = outfile_create(&job->out, job->out_path, why);
	if (!err)
		err = setup_flash(&job->setup, job->out.temporary, false, why);
	if (!err)
		err = install(job, why);
	if (!err)
		err = outfile_finish(&job->out, why);
	outfile_discard(&job->out);
	return err;
}

static int report(struct cli *cli, const struct job *job)
{
	const struct view_release *active = &job->view.releases[VIEW_ACTIVE];
	char uuid[UUID_TEXT], size[SIZE_TEXT];

	if (cli->json)
		return cli_print_json(cli, json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o}",
			"image", job->out_path, "release", active->release,
			"digest", json_digest(active->digest),
			"uuid", uuid_text(job->view.uuid, uuid),
			"flash_size", json_number(job->view.flash_size),
			"block_count", json_number(job->view.block_count),
			"free_blocks", json_number(job->view.free_blocks)));
	printf("%s: %s of flash with release %s active, %u of %u blocks free\n", job->out_path,
	       size_text(job->view.flash_size, size), active->release, job->view.free_blocks,
	       job->view.block_count);
	return CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct job job = { 0 };
	struct mtdl_reason why = { 0 };
	int status = parse_options(cli, &job, argc, argv);

	if (status >= 0)
		return status;
	status = make_image(&job, &why) ? cli_fail(cli, &why) : report(cli, &job);
	view_free(&job.view);
	bundle_close(job.bundle);
	return status;
}

const struct command cmd_mkimage = {
	.name = "mkimage",
	.summary = "Make a flash image with one release, ready for the factory",
	.usage = "--layout BOARD.dts --size N --erasesize N --writesize N -o IMAGE BUNDLE",
	.help =
	"The image is what `format` and `apply` make of an erased flash: the release is\n"
	"active and confirmed. The same bundle gives the same image.\n"
	"\n"
	"      --layout FILE     device tree with the table area and the layers\n"
	"      --size N          bytes of the flash\n"
	"      --erasesize N     bytes of an eraseblock\n"
	"      --writesize N     bytes that are programmed at least\n"
	"      --block-size N    bytes of a block (default: the layout's, or the bundle's)\n"
	"      --uuid UUID       of the format (default: made from the release)\n"
	"      --reserve N       of 1024 blocks, how many are kept for others that go bad\n"
	"                        (default: 20, rounded up)\n"
	"  -o, --output IMAGE    the file to write\n",
	.run = run,
};

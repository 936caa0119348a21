// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a manifest, whether it is in a file of its own or in a bundle.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kmod/core/manifest.h"
#include "manifest_file.h"

/* Whether @fd holds a bare manifest, by its first bytes. */
static bool is_manifest(int fd)
{
	struct stat st;
	__le32 magic;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       pread(fd, &magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       le32_to_cpu(magic) == MTDL_MANIFEST_MAGIC;
}

static int read_own(struct manifest_file *file, int fd, const char *path,
		    struct mtdl_reason *why)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) || st.st_size > BUNDLE_MANIFEST_MAX)
		return mtdl_fail(why, -EFBIG, "%s: is no manifest: it has more than %u bytes",
				 path, BUNDLE_MANIFEST_MAX);
	file->own = malloc((size_t)st.st_size);
	file->own_manifest = calloc(1, sizeof(*file->own_manifest));
	if (!file->own || !file->own_manifest)
		return mtdl_fail(why, -ENOMEM, "no memory to read %s", path);
	while (file->size < st.st_size) {
		n = read(fd, file->own + file->size, (size_t)st.st_size - file->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mtdl_fail(why, n ? -errno : -EINVAL, "%s: cannot be read: %s", path,
					 n ? strerror(errno) : "it was cut short meanwhile");
		file->size += (uint32_t)n;
	}
	return 0;
}

static int parse_own(struct manifest_file *file, const char *path, struct mtdl_reason *why)
{
	struct mtdl_reason inner = { 0 };
	int err = mtdl_manifest_parse(file->own_manifest, file->own, file->size, &inner);

	if (err)
		return mtdl_fail(why, err, "%s: %s", path, inner.text);
	file->manifest = file->own_manifest;
	file->bytes = file->own;
	return 0;
}

static int take_bundle(struct manifest_file *file, const char *path, struct mtdl_reason *why)
{
	int err = bundle_open(&file->bundle, path, why);

	if (err)
		return err;
	file->manifest = &file->bundle->manifest;
	file->bytes = file->bundle->manifest_bytes;
	file->size = file->bundle->manifest_size;
	file->signature = file->bundle->signature_size ? file->bundle->signature : NULL;
	file->signature_size = file->bundle->signature_size;
	return 0;
}

int manifest_file_open(struct manifest_file *file, const char *path, struct mtdl_reason *why)
{
	/* a FIFO must not keep it waiting for a writer */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return mtdl_fail(why, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (is_manifest(fd)) {
		err = read_own(file, fd, path, why);
		if (!err)
			err = parse_own(file, path, why);
	} else {
		err = take_bundle(file, path, why);
	}
	close(fd);
	return err;
}

void manifest_file_close(struct manifest_file *file)
{
	bundle_close(file->bundle);
	free(file->own);
	free(file->own_manifest);
}

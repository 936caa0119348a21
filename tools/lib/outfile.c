// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes files beside their names, and renames them when they are complete.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

/* Renaming over a device node or a FIFO would take it away: only a file may be replaced. */
static int check_replaced(const char *path, struct mtdl_reason *why)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0 :
		       mtdl_fail(why, -errno, "%s: cannot be created: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return mtdl_fail(why, -EINVAL, "%s: is there already and is not a regular file: name a file to write instead",
				 path);
	return 0;
}

int outfile_create(struct outfile *out, const char *path, struct mtdl_reason *why)
{
	mode_t mask;
	int err = check_replaced(path, why);

	*out = (struct outfile){ .fd = -1 };
	if (err)
		return err;
	out->path = strdup(path);
	if (!out->path || asprintf(&out->temporary, "%s.XXXXXX", path) < 0) {
		out->temporary = NULL;
		outfile_discard(out);
		return mtdl_fail(why, -ENOMEM, "no memory to write %s", path);
	}
	out->fd = mkostemp(out->temporary, O_CLOEXEC);
	if (out->fd < 0) {
		err = -errno;
		free(out->temporary);
		out->temporary = NULL;
		outfile_discard(out);
		return mtdl_fail(why, err, "%s: cannot be created: %s", path, strerror(-err));
	}
	/* mkostemp() makes private files; this one is to be as any other */
	mask = umask(0);
	umask(mask);
	if (fchmod(out->fd, 0666 & ~mask)) {
		err = -errno;
		outfile_discard(out);
		return mtdl_fail(why, err, "%s: its mode cannot be set", path);
	}
	return 0;
}

int outfile_write(struct outfile *out, const void *data, size_t len, uint64_t off,
		  struct mtdl_reason *why)
{
	const uint8_t *from = data;

	while (len) {
		ssize_t n = pwrite(out->fd, from, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mtdl_fail(why, n ? -errno : -EIO, "%s: cannot be written: %s",
					 out->path, strerror(n ? errno : EIO));
		from += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int outfile_finish(struct outfile *out, struct mtdl_reason *why)
{
	if (fsync(out->fd) || rename(out->temporary, out->path)) {
		int err = -errno;

		mtdl_fail(why, err, "%s: cannot be completed: %s", out->path, strerror(-err));
		outfile_discard(out);
		return err;
	}
	free(out->temporary);
	out->temporary = NULL;
	outfile_discard(out);
	return 0;
}

void outfile_discard(struct outfile *out)
{
	if (out->path && out->fd > 0)
		close(out->fd);
	if (out->temporary)
		unlink(out->temporary);
	free(out->temporary);
	free(out->path);
	*out = (struct outfile){ .fd = -1 };
}

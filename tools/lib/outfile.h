/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that appears under its name only when it is complete.
 */
#ifndef LAYERCTL_OUTFILE_H
#define LAYERCTL_OUTFILE_H

#include "../../kmod/core/reason.h"

/**
 * struct outfile - a file that is being written
 * @path: its name when complete
 * @temporary: its name until then, in the same directory; NULL: nothing to discard
 * @fd: open for reading and writing
 */
struct outfile {
	char *path;
	char *temporary;
	int fd;
};

/** outfile_create() - begin, if nothing but a regular file is replaced; 0 or a negative errno */
int outfile_create(struct outfile *out, const char *path, struct mtdl_reason *why);

/** outfile_write() - write @len bytes at @off; 0 or a negative errno */
int outfile_write(struct outfile *out, const void *data, size_t len, uint64_t off,
		  struct mtdl_reason *why);

/** outfile_finish() - to the disk, and under its name; 0 or a negative errno */
int outfile_finish(struct outfile *out, struct mtdl_reason *why);

/** outfile_discard() - remove what is not complete; harmless after outfile_finish() */
void outfile_discard(struct outfile *out);

#endif

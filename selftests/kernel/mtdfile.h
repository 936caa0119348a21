/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's flash operations over an MTD character device.
 */
#ifndef MTDFILE_H
#define MTDFILE_H

#include "flash.h"

/** struct mtdfile - an open /dev/mtdN */
struct mtdfile {
	struct mtdl_flash flash;
	int fd;
};

/** mtdfile_open() - open /dev/mtd@mtd for reading and writing; 0 or a negative errno */
int mtdfile_open(struct mtdfile *file, int mtd);

/** mtdfile_close() - close it */
void mtdfile_close(struct mtdfile *file);

#endif

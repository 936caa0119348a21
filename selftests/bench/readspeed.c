// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the same bytes through a layer and through its parent, in turns, and compares
 * the speeds: readspeed PARENT OFFSET LAYER BYTES ROUNDS.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK	(64 << 10)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds that reading @len bytes at @off takes; ends the program on an error. */
static double read_all(int fd, off_t off, size_t len, char *buf)
{
	double start = now();

	while (len) {
		size_t part = len < CHUNK ? len : CHUNK;
		ssize_t got = pread(fd, buf, part, off);

		if (got <= 0) {
			perror("pread");
			exit(1);
		}
		off += got;
		buf += got;
		len -= (size_t)got;
	}
	return now() - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 2];
}

static int open_or_exit(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	double parent[99], layer[99], ratio[99];
	int parent_fd, layer_fd, rounds, i;
	char *from_parent, *from_layer;
	off_t off;
	size_t len;

	if (argc != 6) {
		fprintf(stderr, "usage: readspeed PARENT OFFSET LAYER BYTES ROUNDS\n");
		return 2;
	}
	parent_fd = open_or_exit(argv[1]);
	off = strtoll(argv[2], NULL, 0);
	layer_fd = open_or_exit(argv[3]);
	len = strtoull(argv[4], NULL, 0);
	rounds = atoi(argv[5]);
	from_parent = malloc(len);
	from_layer = malloc(len);
	if (!from_parent || !from_layer || rounds < 1 || rounds > 99)
		return 2;
	/* the first read of each block hashes it: that is not what is measured */
	printf("first read of the layer, which verifies: %.1f MB/s\n",
	       (double)len / 1e6 / read_all(layer_fd, 0, len, from_layer));
	read_all(parent_fd, off, len, from_parent);
	if (memcmp(from_parent, from_layer, len)) {
		fprintf(stderr, "readspeed: the layer's bytes are not the parent's\n");
		return 1;
	}
	for (i = 0; i < rounds; i++) {
		parent[i] = read_all(parent_fd, off, len, from_parent);
		layer[i] = read_all(layer_fd, 0, len, from_layer);
		ratio[i] = parent[i] / layer[i];
	}
	printf("parent %.1f MB/s, layer %.1f MB/s, ratio %.3f (medians of %d rounds of %zu bytes)\n",
	       (double)len / 1e6 / median(parent, rounds),
	       (double)len / 1e6 / median(layer, rounds), median(ratio, rounds), rounds, len);
	return 0;
}

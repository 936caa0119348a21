// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaches an MTD device, to UBI or to mtdlayer, and says how long the system call took:
 * attachspeed ubi|layers MTD-NUMBER ROUNDS|attach|detach.
 *
 * Prints the median, least and most of the rounds, in milliseconds.
 */
#include <fcntl.h>
#include <linux/mtdlayer.h>
#include <mtd/ubi-user.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX	99

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Milliseconds that the attach took; ends the program if it fails. */
static double attach_ubi(int control, int mtd)
{
	struct ubi_attach_req request = { .ubi_num = 0, .mtd_num = mtd };
	double start = now_ms();

	if (ioctl(control, UBI_IOCATT, &request) < 0) {
		perror("UBI_IOCATT");
		exit(1);
	}
	return now_ms() - start;
}

static void detach_ubi(int control)
{
	__s32 ubi = 0;

	if (ioctl(control, UBI_IOCDET, &ubi)) {
		perror("UBI_IOCDET");
		exit(1);
	}
}

static double attach_layers(int control, int mtd)
{
	struct mtdlayer_attach request = { .mtd = mtd };
	double start = now_ms();

	if (ioctl(control, MTDLAYER_IOC_ATTACH, &request)) {
		fprintf(stderr, "attachspeed: %s\n", request.reason);
		exit(1);
	}
	return now_ms() - start;
}

static void detach_layers(int control)
{
	struct mtdlayer_detach request = { .index = 0 };

	if (ioctl(control, MTDLAYER_IOC_DETACH, &request)) {
		fprintf(stderr, "attachspeed: %s\n", request.reason);
		exit(1);
	}
}

static const struct kind {
	const char *name;
	const char *control;
	double (*attach)(int control, int mtd);
	void (*detach)(int control);
} kinds[] = {
	{ "ubi", "/dev/ubi_ctrl", attach_ubi, detach_ubi },
	{ "layers", "/dev/mtdlayer-control", attach_layers, detach_layers },
};

static const struct kind *kind_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct kind *kind, int control, int mtd, int rounds)
{
	double ms[ROUNDS_MAX];
	int i;

	for (i = 0; i < rounds; i++) {
		ms[i] = kind->attach(control, mtd);
		kind->detach(control);
	}
	qsort(ms, (size_t)rounds, sizeof(*ms), compare);
	printf("%.2f %.2f %.2f\n", ms[rounds / 2], ms[0], ms[rounds - 1]);
}

int main(int argc, char **argv)
{
	const struct kind *kind = argc == 4 ? kind_named(argv[1]) : NULL;
	const char *what = argc == 4 ? argv[3] : "";
	int rounds = atoi(what);
	int control;

	if (!kind || rounds > ROUNDS_MAX ||
	    (rounds < 1 && strcmp(what, "attach") && strcmp(what, "detach"))) {
		fprintf(stderr, "usage: attachspeed ubi|layers MTD-NUMBER ROUNDS|attach|detach\n");
		return 2;
	}
	control = open(kind->control, O_RDWR);
	if (control < 0) {
		perror(kind->control);
		return 1;
	}
	if (rounds > 0)
		measure(kind, control, atoi(argv[2]), rounds);
	else if (!strcmp(what, "attach"))
		kind->attach(control, atoi(argv[2]));
	else
		kind->detach(control);
	return 0;
}

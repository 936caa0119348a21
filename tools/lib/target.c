// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells the kinds of targets apart by their names.
 */
#include <ctype.h>

#include "target.h"

#define KERNEL_PREFIX	"mtdlayer"
#define KERNEL_DEFAULT	"mtdlayer0"

/* mtdlayerN, also with /dev/ before it; what has another slash is a file. */
static const char *kernel_name(const char *name)
{
	const char *digits;

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	if (strncmp(name, KERNEL_PREFIX, strlen(KERNEL_PREFIX)))
		return NULL;
	digits = name + strlen(KERNEL_PREFIX);
	if (!*digits)
		return NULL;
	while (isdigit((unsigned char)*digits))
		digits++;
	return *digits ? NULL : name;
}

struct target *target_open(const char *name, bool write, struct mtdl_reason *why)
{
	const char *kernel = kernel_name(name ? name : KERNEL_DEFAULT);

	if (kernel)
		return kernel_target_open(kernel, write, why);
	return image_target_open(name, write, why);
}

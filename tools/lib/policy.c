// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names policies.
 */
#include <stdio.h>

#include "../../kmod/core/media.h"
#include "policy.h"

static const struct {
	uint32_t bit;
	const char *name;
} names[] = {
	{ MTDL_POLICY_PINNED, "pinned" },
	{ MTDL_POLICY_LAZY, "lazy" },
	{ MTDL_POLICY_IN_PLACE, "in-place" },
	{ MTDL_POLICY_OVERFLOW_MOVE, "overflow-move" },
	{ MTDL_POLICY_OVERFLOW_REFUSE, "overflow-refuse" },
	{ MTDL_POLICY_POINT, "point" },
};

const char *policy_name(unsigned int number, uint32_t *bit)
{
	if (number >= sizeof(names) / sizeof(names[0]))
		return NULL;
	*bit = names[number].bit;
	return names[number].name;
}

const char *policy_text(uint32_t policy, char text[static POLICY_TEXT])
{
	const char *name;
	size_t at = 0;
	uint32_t bit;

	snprintf(text, POLICY_TEXT, "-");
	for (unsigned int i = 0; (name = policy_name(i, &bit)); i++) {
		if ((policy & bit) && at < POLICY_TEXT)
			at += (size_t)snprintf(text + at, POLICY_TEXT - at, "%s%s",
					       at ? "," : "", name);
	}
	return text;
}

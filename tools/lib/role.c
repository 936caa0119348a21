// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names the releases on a device.
 */
#include "role.h"

static const char *const names[] = {
	[VIEW_ACTIVE] = "active",
	[VIEW_CANDIDATE] = "candidate",
	[VIEW_EXPOSED] = "exposed",
};

const char *role_name(enum view_role role)
{
	return names[role];
}

int role_parse(const char *text, enum view_role *role, struct mtdl_reason *why)
{
	for (int i = 0; i < VIEW_ROLES; i++) {
		if (!strcmp(text, names[i])) {
			*role = i;
			return 0;
		}
	}
	return mtdl_fail(why, -EINVAL, "--release: \"%s\" is none of active, candidate and exposed",
			 text);
}

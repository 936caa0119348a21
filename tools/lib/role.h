/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The releases on a device, as people name them.
 */
#ifndef LAYERCTL_ROLE_H
#define LAYERCTL_ROLE_H

#include "target.h"

/** role_name() - "active", "candidate", "exposed" */
const char *role_name(enum view_role role);

/** role_parse() - the argument of --release; 0 or -EINVAL */
int role_parse(const char *text, enum view_role *role, struct mtdl_reason *why);

#endif

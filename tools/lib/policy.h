/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies of layers, by the names that people know them by.
 */
#ifndef LAYERCTL_POLICY_H
#define LAYERCTL_POLICY_H

#include <stddef.h>
#include <stdint.h>

#define POLICY_TEXT	96	/* room for all names */

/** policy_name() - the name of the policy with this number, from 0 on; NULL: there are no more */
const char *policy_name(unsigned int number, uint32_t *bit);

/** policy_text() - the names of all that are set, with commas; "-" if none; returns @text */
const char *policy_text(uint32_t policy, char text[static POLICY_TEXT]);

#endif

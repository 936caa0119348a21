/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 and CRC-32C by the CPU's instructions, where it has them.
 */
#ifndef SELFTESTS_POWERCUT_HASH_H
#define SELFTESTS_POWERCUT_HASH_H

/** hash_choose() - use the CPU's instructions if they say what the core says */
void hash_choose(void);

#endif

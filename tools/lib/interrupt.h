/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGINT and SIGTERM asked about between steps, so that none is left half done.
 */
#ifndef LAYERCTL_INTERRUPT_H
#define LAYERCTL_INTERRUPT_H

#include <stdbool.h>

/** interrupt_catch() - from now on, signals only set a flag; a second one ends the program */
void interrupt_catch(void);

/** interrupt_pending() - whether one came */
bool interrupt_pending(void);

#endif

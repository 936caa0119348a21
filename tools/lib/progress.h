/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a long piece of work has come: a bar on a terminal, a few lines otherwise.
 */
#ifndef LAYERCTL_PROGRESS_H
#define LAYERCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress;

/**
 * progress_begin() - say that work begins
 * @out: where to; NULL: say nothing at all
 * @what: what is being done, in a word or two ("writing"); the caller's, must stay
 * @total_bytes: of the whole work
 *
 * Return: to be handed to the others; NULL (which they take) if nothing is to be
 * said or there is no memory.
 */
struct progress *progress_begin(FILE *out, const char *what, uint64_t total_bytes);

/**
 * progress_update() - say how far it has come
 * @progress: may be NULL
 * @done_bytes: since progress_begin(); never less than before
 *
 * As often as the caller likes: a bar is redrawn at most ten times a second, a plain
 * line comes at every tenth of the work, and at most once a second.
 */
void progress_update(struct progress *progress, uint64_t done_bytes);

/** progress_end() - say that it is done, or (@ok false) where it stopped; frees; NULL is fine */
void progress_end(struct progress *progress, bool ok);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that are not at their preset address, and why.
 */
#ifndef LAYERCTL_AWAY_H
#define LAYERCTL_AWAY_H

#include "view.h"

/**
 * struct away - how many blocks of a layer are away from home, and what keeps them there
 * @away: that have a home and are not there: the sum of those below
 * @lazy: the layout leaves the layer to the next upgrade
 * @incomplete: the layer is being written in place
 * @bad_home: the home went bad
 * @taken: something else is at home, and has nowhere to go
 * @open: the home is free: settling would bring them there; right after it: their content is
 *	not what the manifest names, or the home could not be written
 * @overflow: blocks that have no home: the slot is too small (not counted in @away)
 */
struct away {
	uint32_t away;
	uint32_t lazy;
	uint32_t incomplete;
	uint32_t bad_home;
	uint32_t taken;
	uint32_t open;
	uint32_t overflow;
};

/**
 * away_count() - look at a layer of the active release
 * @away: filled in
 * @view: with an active release
 * @index: of the layer in it
 *
 * Return: 0 or -ENOMEM.
 */
int away_count(struct away *away, const struct view *view, uint32_t index);

/**
 * away_text() - "3 that can come home, 1 whose home is a bad block"
 * @away: counted
 * @settled: settling has come to its end
 * @text: filled in
 * @room: its bytes
 *
 * Return: @text.
 */
const char *away_text(const struct away *away, bool settled, char *text, size_t room);

#endif

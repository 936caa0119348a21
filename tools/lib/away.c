// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells why blocks are away from home, from what lies there.
 */
#include "away.h"

static const struct view_extent *extent_at(const struct view *view, uint32_t block)
{
	uint32_t low = 0;
	uint32_t high = view->extent_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (view->extents[middle].block <= block)
			low = middle;
		else
			high = middle;
	}
	return &view->extents[low];
}

static void count_block(struct away *away, const struct view *view,
			const struct mtdl_layer *layer, uint32_t home)
{
	enum mtdl_use use = extent_at(view, home)->use;

	away->away++;
	if (layer->flags & MTDL_LAYER_INCOMPLETE)
		away->incomplete++;
	else if (layer->policy & MTDL_POLICY_LAZY)
		away->lazy++;
	else if (use == MTDL_USE_BAD)
		away->bad_home++;
	else if (use != MTDL_USE_FREE)
		away->taken++;
	else
		away->open++;
}

int away_count(struct away *away, const struct view *view, uint32_t index)
{
	struct mtdl_layer layer;
	struct mtdl_homes homes;
	int err = view_layer_map(view, VIEW_ACTIVE, index, &layer);

	memset(away, 0, sizeof(*away));
	if (err)
		return err;
	homes = mtdl_homes(&layer);
	away->overflow = layer.block_count - homes.count;
	for (uint32_t i = 0; i < homes.count; i++) {
		if (!mtdl_at_home(homes, &layer, i) && homes.start + i < view->block_count)
			count_block(away, view, &layer, homes.start + i);
	}
	free(layer.map);
	return 0;
}

static size_t add(char *text, size_t room, size_t at, uint32_t count, const char *what)
{
	int n;

	if (!count || at >= room)
		return at;
	n = snprintf(text + at, room - at, "%s%u %s", at ? ", " : "", count, what);
	return at + (size_t)n;
}

const char *away_text(const struct away *away, bool settled, char *text, size_t room)
{
	size_t at = 0;

	*text = '\0';
	at = add(text, room, at, away->lazy, "lazy (an upgrade that changes them brings them home)");
	at = add(text, room, at, away->incomplete,
		 "of a layer that was being written in place (apply a release)");
	at = add(text, room, at, away->bad_home, "whose home is a bad block");
	at = add(text, room, at, away->taken, "whose home is taken");
	add(text, room, at, away->open, settled ?
	    "that could not be copied (`layerctl verify` tells whether they are damaged)" :
	    "that can come home");
	return text;
}

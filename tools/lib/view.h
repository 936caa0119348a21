/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views: what a target holds, for people and programs.
 */
#ifndef LAYERCTL_VIEW_H
#define LAYERCTL_VIEW_H

#include "target.h"

/**
 * view_of_core() - what the core knows of an attached flash
 * @view: filled in but for its names; to be given to view_free()
 * @mtdl: attached
 * @why: reason of a failure
 *
 * Return: 0, -ENOMEM or an error of the flash.
 */
int view_of_core(struct view *view, struct mtdl *mtdl, struct mtdl_reason *why);

/** view_current() - the release that is exposed; active if none is (it may be absent) */
struct view_release *view_current(struct view *view);

/** view_same_release() - whether both are there and the same release */
bool view_same_release(const struct view *view, enum view_role a, enum view_role b);

/**
 * view_count_settleable() - blocks of the active release that settling would bring home
 * @mtdl: attached; 0 in every state but idle
 */
uint32_t view_count_settleable(struct mtdl *mtdl);

/** view_has_owner() - whether blocks of this use belong to a layer */
bool view_has_owner(enum mtdl_use use);

/** view_extent_layer() - the layer of an extent; NULL if it names none that the view has */
const struct view_layer *view_extent_layer(const struct view *view,
					   const struct view_extent *extent);

/** view_extent_of() - whether an extent holds blocks of this layer of this release */
bool view_extent_of(const struct view *view, const struct view_extent *extent,
		    enum view_role role, const struct view_layer *layer);

/**
 * view_layer_map() - a layer as the core has it, put together from the extents
 * @view: with the release that @role names
 * @role: a release
 * @index: of the layer in it
 * @layer: filled in as far as mtdl_homes() and the like look at it: give @layer->map to free()
 *
 * Blocks that no extent names are at MTDL_NO_BLOCK.
 *
 * Return: 0 or -ENOMEM.
 */
int view_layer_map(const struct view *view, enum view_role role, uint32_t index,
		   struct mtdl_layer *layer);

#endif

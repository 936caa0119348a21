/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of a flash: what each block is, by region, for people to look at.
 *
 * draw.c sorts a view's blocks into classes and regions; draw_text.c and
 * draw_svg.c draw the result.
 */
#ifndef LAYERCTL_DRAW_H
#define LAYERCTL_DRAW_H

#include <stdio.h>

#include "target.h"

/** enum draw_class - what a block is; the rarer of two goes first in draw_cell() */
enum draw_class {
	DRAW_FREE_POOL,
	DRAW_FREE_SLOT,
	DRAW_ACTIVE,
	DRAW_BOTH,
	DRAW_CANDIDATE,
	DRAW_EXPOSED,
	DRAW_TABLE,
	DRAW_ACTIVE_AWAY,
	DRAW_BOTH_AWAY,
	DRAW_CANDIDATE_AWAY,
	DRAW_FOREIGN,
	DRAW_MANIFEST,
	DRAW_BAD,
	DRAW_CLASSES,
};

/** enum draw_region_kind - what a stretch of flash is set aside for */
enum draw_region_kind {
	DRAW_REGION_TABLE,
	DRAW_REGION_SLOT,
	DRAW_REGION_POOL,
};

/**
 * struct draw_region - blocks in a row that are set aside for the same thing
 * @kind: for what
 * @start: first block
 * @count: blocks
 * @layer: DRAW_REGION_SLOT: whose slot, an index in the layout's layers
 */
struct draw_region {
	enum draw_region_kind kind;
	uint32_t start;
	uint32_t count;
	uint32_t layer;
};

/**
 * struct draw_map - a view, sorted for drawing
 * @view: the caller's; must outlive the map
 * @layout: the release whose slots are drawn: the exposed one, else active,
 *	else the candidate; NULL if there is no release
 * @classes: enum draw_class of each block
 * @owner: index of the extent that each block belongs to
 * @homes: where the blocks of each layer of each release belong
 * @regions: cover every block once, ascending
 * @region_count: how many
 * @counts: blocks of each class
 */
struct draw_map {
	const struct view *view;
	const struct view_release *layout;
	uint8_t *classes;
	uint32_t *owner;
	struct mtdl_homes *homes[VIEW_ROLES];
	struct draw_region *regions;
	uint32_t region_count;
	uint32_t counts[DRAW_CLASSES];
};

/**
 * struct draw_run - blocks of a layer that lie in a row away from home
 * @block: first block
 * @count: blocks
 * @logical: first logical block
 */
struct draw_run {
	uint32_t block;
	uint32_t count;
	uint32_t logical;
};

/**
 * draw_map_init() - sort a view
 * @map: filled in; draw_map_free() it after success
 * @view: stays the caller's
 * @why: reason of a failure
 *
 * Return: 0, -EUCLEAN (the view contradicts itself) or -ENOMEM.
 */
int draw_map_init(struct draw_map *map, const struct view *view, struct mtdl_reason *why);

/** draw_map_free() - free what draw_map_init() took */
void draw_map_free(struct draw_map *map);

/** draw_class_name() - for legends: "active, relocated" */
const char *draw_class_name(enum draw_class class);

/** draw_class_key() - for programs: "active-relocated" */
const char *draw_class_key(enum draw_class class);

/** draw_region_name() - "table", "pool" or the layer's name */
const char *draw_region_name(const struct draw_map *map, const struct draw_region *region);

/** draw_region_at() - the region that block @block lies in */
const struct draw_region *draw_region_at(const struct draw_map *map, uint32_t block);

/** draw_owner() - the layer that uses @block, or NULL */
const struct view_layer *draw_owner(const struct draw_map *map, uint32_t block,
				    uint32_t *logical);

/**
 * draw_blocks_per_cell() - how coarse a map must be
 * @map: the map
 * @columns: cells in a row
 * @rows: of cells, at most
 *
 * Return: the least power of two with which all regions, each in rows of its
 * own, take at most @rows (or one row each).
 */
uint32_t draw_blocks_per_cell(const struct draw_map *map, uint32_t columns, uint32_t rows);

/** draw_cell() - the class that stands for @count blocks: bad if one is, else the commonest */
enum draw_class draw_cell(const struct draw_map *map, uint32_t block, uint32_t count);

/**
 * draw_next_run() - walk over what a layer has away from home
 * @map: the map
 * @role: a release of the view
 * @layer: index in it
 * @run: in: the run before, or zeroed for the first; out: the next
 *
 * Return: whether there was another.
 */
bool draw_next_run(const struct draw_map *map, enum view_role role, uint32_t layer,
		   struct draw_run *run);

/** draw_relocated() - blocks of a layer that are not at its preset address */
uint32_t draw_relocated(const struct draw_map *map, enum view_role role, uint32_t layer);

/**
 * draw_remark() - what is special about a layer, but for where its blocks are
 * @map: the map
 * @role: a release of the view
 * @layer: index in it
 * @text: filled in: "  pinned  6 relocated (2 overflow)"; empty: nothing is
 * @size: its bytes
 */
void draw_remark(const struct draw_map *map, enum view_role role, uint32_t layer, char *text,
		 size_t size);

/** draw_reserve_text() - "reserve: 6 of 6 blocks are left for others that go bad" */
void draw_reserve_text(const struct view *view, char *text, size_t size);

/** draw_role_title() - "release 2.0, active and exposed"; empty if named by an earlier role */
void draw_role_title(const struct view *view, enum view_role role, char *text, size_t size);

/** draw_state_text() - the state in a few words: "trial, attempt 1 of 3" */
void draw_state_text(const struct view *view, char *text, size_t size);

/**
 * draw_character() - step over one character of text that somebody else wrote
 * @text: UTF-8, or not
 * @length: out: its bytes, 0 at the end
 *
 * Return: whether it may be printed: no control character, no broken UTF-8.
 */
bool draw_character(const char *text, size_t *length);

/** draw_width() - characters of a text, as draw_string() prints it */
unsigned int draw_width(const char *text);

/** draw_string() - print text that somebody else wrote; what may not be printed as '?' */
void draw_string(FILE *out, const char *text);

/**
 * struct draw_text_options - how to draw on a terminal or into a pipe
 * @width: columns
 * @color: whether colours may be used
 */
struct draw_text_options {
	unsigned int width;
	bool color;
};

/** draw_text() - draw with characters; errors are those of @out */
void draw_text(const struct draw_map *map, FILE *out, const struct draw_text_options *options);

/** draw_svg() - draw as a picture; errors are those of @out */
void draw_svg(const struct draw_map *map, FILE *out);

#endif

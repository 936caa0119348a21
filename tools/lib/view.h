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

#endif

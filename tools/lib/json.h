/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of answers in JSON that several commands give.
 */
#ifndef LAYERCTL_JSON_H
#define LAYERCTL_JSON_H

#include <jansson.h>

#include "view.h"

/** state_name() - "idle", "staging", "installing", "trial" */
const char *state_name(enum mtdl_state state);

/** outcome_name() - "none", "confirmed", "rolled-back", "exhausted", "aborted", "failed" */
const char *outcome_name(unsigned int code);

/** json_digest() - 32 bytes as a string of 64 digits */
json_t *json_digest(const uint8_t *digest);

/** json_number() - any unsigned number */
json_t *json_number(uint64_t number);

/** json_release() - {"release", "digest", "security_counter", "layers", "blocks"}, or null */
json_t *json_release(const struct view_release *release);

/** json_policies() - policy bits as an array of the names that the layout has for them */
json_t *json_policies(uint32_t policy);

/**
 * json_plan() - a plan with the names of its layers
 *
 * {"release", "digest", "resumed", "current", "layers_changed", "blocks",
 * "blocks_done", "relocated", "overflow", "bytes", "erases", "copied", "aside",
 * "in_place", "free_after", "reserve", "layers": [{"name", "blocks", "changed",
 * "relocated", "overflow", "in_place", "bytes"}]}
 */
json_t *json_plan(const struct mtdl_plan *plan, const struct mtdl_manifest *manifest);

#endif

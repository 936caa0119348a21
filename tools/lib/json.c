// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts parts of JSON answers together.
 */
#include "json.h"
#include "policy.h"
#include "size.h"

const char *state_name(enum mtdl_state state)
{
	static const char *const names[] = { "idle", "staging", "installing", "trial" };

	return (unsigned int)state < 4 ? names[state] : "unknown";
}

const char *outcome_name(unsigned int code)
{
	static const char *const names[] = {
		"none", "confirmed", "rolled-back", "exhausted", "aborted", "failed",
	};

	return code < 6 ? names[code] : "unknown";
}

json_t *json_digest(const uint8_t *digest)
{
	char text[HEX_TEXT];

	return json_string(hex_text(digest, MTDL_DIGEST_SIZE, text));
}

json_t *json_number(uint64_t number)
{
	return json_integer((json_int_t)number);
}

json_t *json_release(const struct view_release *release)
{
	if (!release->present)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:o}",
			 "release", release->release,
			 "digest", json_digest(release->digest),
			 "security_counter", json_number(release->security_counter),
			 "layers", json_number(release->layer_count),
			 "blocks", json_number(release->blocks));
}

json_t *json_policies(uint32_t policy)
{
	json_t *array = json_array();
	const char *name;
	uint32_t bit;

	for (unsigned int i = 0; (name = policy_name(i, &bit)); i++) {
		if (policy & bit)
			json_array_append_new(array, json_string(name));
	}
	return array;
}

static json_t *json_plan_layers(const struct mtdl_plan *plan,
				const struct mtdl_manifest *manifest)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < plan->layer_count && i < manifest->layer_count; i++) {
		const struct mtdl_plan_layer *layer = &plan->layers[i];

		json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:o}",
			"name", manifest->layers[i].name,
			"blocks", json_number(layer->blocks),
			"changed", json_number(layer->changed),
			"relocated", json_number(layer->relocated),
			"overflow", json_number(layer->overflow),
			"in_place", layer->in_place,
			"bytes", json_number(layer->bytes)));
	}
	return array;
}

json_t *json_plan(const struct mtdl_plan *plan, const struct mtdl_manifest *manifest)
{
	return json_pack("{s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "release", manifest->release,
			 "digest", json_digest(manifest->digest),
			 "resumed", plan->resumed,
			 "current", plan->current_release,
			 "layers_changed", json_number(plan->layers_changed),
			 "blocks", json_number(plan->blocks),
			 "blocks_done", json_number(plan->blocks_done),
			 "relocated", json_number(plan->relocated),
			 "overflow", json_number(plan->overflow),
			 "bytes", json_number(plan->bytes),
			 "erases", json_number(plan->erases),
			 "copied", json_number(plan->copied),
			 "aside", json_number(plan->aside),
			 "in_place", json_number(plan->in_place),
			 "free_after", json_number(plan->free_after),
			 "reserve", json_number(plan->reserve),
			 "layers", json_plan_layers(plan, manifest));
}

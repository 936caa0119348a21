// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Says what state a device is in, what failed last, and what can be done next.
 *
 * The sentence is put together from three lists, in this order: one clause for the
 * state, one for each trouble there is, and one for what to do.  In each list the first
 * row that applies speaks (of troubles: every row).
 */
#include <inttypes.h>

#include "status.h"

/** struct clause - when it applies, and what it says then */
struct clause {
	bool (*applies)(const struct view *view);
	void (*say)(const struct view *view, char *text, size_t room);
};

static const char *name_of(const struct view *view, enum view_role role)
{
	return view->releases[role].present ? view->releases[role].release : "nothing";
}

/* ---- what there is to know ---- */

static bool always(const struct view *view)
{
	(void)view;
	return true;
}

static bool is_idle(const struct view *view)
{
	return view->state == MTDL_STATE_IDLE;
}

static bool is_staging(const struct view *view)
{
	return view->state == MTDL_STATE_STAGING;
}

static bool is_installing(const struct view *view)
{
	return view->state == MTDL_STATE_INSTALLING;
}

static bool is_trial(const struct view *view)
{
	return view->state == MTDL_STATE_TRIAL;
}

static bool is_empty(const struct view *view)
{
	return is_idle(view) && !view->releases[VIEW_ACTIVE].present;
}

static bool is_staging_first(const struct view *view)
{
	return is_staging(view) && !view->releases[VIEW_ACTIVE].present;
}

/* A release that was dropped and still runs. */
static bool runs_dropped(const struct view *view)
{
	return is_idle(view) && view->releases[VIEW_EXPOSED].present &&
	       !view_same_release(view, VIEW_EXPOSED, VIEW_ACTIVE);
}

static bool is_tried(const struct view *view)
{
	return is_trial(view) && view_same_release(view, VIEW_EXPOSED, VIEW_CANDIDATE);
}

static bool can_be_tried(const struct view *view)
{
	return is_trial(view) && view->attempts_used < view->attempts_max;
}

static const struct view_layer *find_layer(const struct view *view,
					   bool (*is)(const struct view_layer *layer))
{
	const struct view_release *active = &view->releases[VIEW_ACTIVE];

	for (uint32_t i = 0; active->present && i < active->layer_count; i++) {
		if (is(&active->layers[i]))
			return &active->layers[i];
	}
	return NULL;
}

static bool incomplete(const struct view_layer *layer)
{
	return layer->flags & MTDL_LAYER_INCOMPLETE;
}

static bool pinned_away(const struct view_layer *layer)
{
	return (layer->policy & MTDL_POLICY_PINNED) && layer->away;
}

static bool has_incomplete(const struct view *view)
{
	return find_layer(view, incomplete);
}

/* What a loader reads raw at the preset address is not the active release's. */
static bool has_pinned_away(const struct view *view)
{
	return is_idle(view) && find_layer(view, pinned_away);
}

static bool is_settling(const struct view *view)
{
	return is_idle(view) && view->settleable;
}

/* The kernel does it; for an image file, and where it is switched off, nobody does. */
static bool settles_itself(const struct view *view)
{
	return is_settling(view) && (view->work == VIEW_WORK_SETTLING ||
				     view->work == VIEW_WORK_SCRUBBING);
}

static bool installs_itself(const struct view *view)
{
	return is_installing(view) && view->work == VIEW_WORK_INSTALLING;
}

/* It failed, and is not tried again unless something changes. */
static bool work_waits(const struct view *view)
{
	return view->work == VIEW_WORK_WAITING;
}

static bool is_read_only(const struct view *view)
{
	return *view->read_only;
}

static bool has_failed_work(const struct view *view)
{
	return *view->last_error;
}

static bool is_spare_low(const struct view *view)
{
	return view->spare_low;
}

static bool has_damaged_units(const struct view *view)
{
	return view->damaged_units;
}

/* Between two upgrades: while one is under way, what became of the one before is of no use. */
static bool has_failed(const struct view *view)
{
	return !is_trial(view) && view->outcome.code != MTDL_OUTCOME_NONE &&
	       view->outcome.code != MTDL_OUTCOME_CONFIRMED;
}

/* ---- the state ---- */

static void say_empty(const struct view *view, char *text, size_t room)
{
	(void)view;
	snprintf(text, room, "idle and empty: no release is installed");
}

static void say_runs_dropped(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "idle: release %s is active, %s stays exposed until the reboot",
		 name_of(view, VIEW_ACTIVE), name_of(view, VIEW_EXPOSED));
}

static void say_settling(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "idle: release %s is active, %" PRIu32 " block%s of it %s still to come home",
		 name_of(view, VIEW_ACTIVE), view->settleable, view->settleable == 1 ? "" : "s",
		 view->settleable == 1 ? "has" : "have");
}

static void say_idle(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "idle: release %s is active", name_of(view, VIEW_ACTIVE));
}

static void say_staging(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "staging %s, %" PRIu32 " of %" PRIu32 " blocks still to come",
		 name_of(view, VIEW_CANDIDATE), view->blocks_wanted,
		 view->releases[VIEW_CANDIDATE].blocks);
}

static void say_staging_first(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "staging %s, %" PRIu32 " of %" PRIu32 " blocks still to come, and no release is active",
		 name_of(view, VIEW_CANDIDATE), view->blocks_wanted,
		 view->releases[VIEW_CANDIDATE].blocks);
}

static void say_installing(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "installing the pinned layers of %s, release %s is active until that is done",
		 name_of(view, VIEW_CANDIDATE), name_of(view, VIEW_ACTIVE));
}

static void say_tried(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "trial of %s, attempt %" PRIu32 " of %" PRIu32,
		 name_of(view, VIEW_CANDIDATE), view->attempts_used, view->attempts_max);
}

static void say_waiting(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "trial of %s, %" PRIu32 " of %" PRIu32 " attempts used, release %s is exposed",
		 name_of(view, VIEW_CANDIDATE), view->attempts_used, view->attempts_max,
		 name_of(view, VIEW_EXPOSED));
}

static void say_used_up(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "trial of %s, all %" PRIu32 " attempts used, release %s is exposed",
		 name_of(view, VIEW_CANDIDATE), view->attempts_max, name_of(view, VIEW_EXPOSED));
}

static const struct clause states[] = {
	{ is_empty,		say_empty },
	{ runs_dropped,		say_runs_dropped },
	{ is_settling,		say_settling },
	{ is_idle,		say_idle },
	{ is_staging_first,	say_staging_first },
	{ is_staging,		say_staging },
	{ is_installing,	say_installing },
	{ is_tried,		say_tried },
	{ can_be_tried,		say_waiting },
	{ always,		say_used_up },
};

/* ---- troubles ---- */

const char *status_outcome(const struct mtdl_outcome *outcome, char text[static STATUS_TEXT])
{
	static const char *const ends[] = {
		[MTDL_OUTCOME_CONFIRMED] = "was confirmed",
		[MTDL_OUTCOME_ROLLED_BACK] = "was rolled back",
		[MTDL_OUTCOME_ABORTED] = "was aborted",
		[MTDL_OUTCOME_FAILED] = "failed",
	};
	int len;

	if (outcome->code == MTDL_OUTCOME_NONE)
		return strcpy(text, "none");
	if (outcome->code == MTDL_OUTCOME_EXHAUSTED)
		len = snprintf(text, STATUS_TEXT, "%s was given up: not confirmed in %u attempt%s",
			       outcome->release, outcome->attempts,
			       outcome->attempts == 1 ? "" : "s");
	else
		len = snprintf(text, STATUS_TEXT, "%s %s", outcome->release,
			       outcome->code <= MTDL_OUTCOME_FAILED ? ends[outcome->code] :
			       "ended in a way that this layerctl does not know");
	if (outcome->error)
		snprintf(text + len, (size_t)(STATUS_TEXT - len), " (%s)",
			 strerror((int)outcome->error));
	return text;
}

static void say_outcome(const struct view *view, char *text, size_t room)
{
	char outcome[STATUS_TEXT];

	snprintf(text, room, "%s", status_outcome(&view->outcome, outcome));
}

static void say_incomplete(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "layer %s is incomplete, because it was being written in place, and cannot be read",
		 find_layer(view, incomplete)->name);
}

static void say_pinned_away(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "the pinned layer %s is not at its preset address, so a loader that reads raw flash there starts something else",
		 find_layer(view, pinned_away)->name);
}

static void say_read_only(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "read-only, because %s", view->read_only);
}

static void say_failed_work(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "the work in the background has failed: %s", view->last_error);
}

static void say_spare_low(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "spare blocks are low, %" PRIu32 " of %" PRIu32 " are left",
		 view->reserve_left, view->reserve);
}

static void say_damaged_units(const struct view *view, char *text, size_t room)
{
	snprintf(text, room, "%" PRIu32 " unit%s of the layer table %s damaged, which the next change repairs",
		 view->damaged_units, view->damaged_units == 1 ? "" : "s",
		 view->damaged_units == 1 ? "is" : "are");
}

static const struct clause troubles[] = {
	{ has_failed,		say_outcome },
	{ has_incomplete,	say_incomplete },
	{ has_pinned_away,	say_pinned_away },
	{ has_failed_work,	say_failed_work },
	{ is_spare_low,		say_spare_low },
	{ has_damaged_units,	say_damaged_units },
	{ is_read_only,		say_read_only },
};

/* ---- what to do ---- */

/** struct advice - in a clause, and as a list of commands */
struct advice {
	bool (*applies)(const struct view *view);
	const char *sentence;
	const char *commands;
};

static bool is_idle_incomplete(const struct view *view)
{
	return is_idle(view) && has_incomplete(view);
}

static bool is_pinned_dropped(const struct view *view)
{
	return has_pinned_away(view) && runs_dropped(view);
}

/* Its homes are bad blocks, or its content is damaged. */
static bool is_pinned_stuck(const struct view *view)
{
	return has_pinned_away(view) && !view->settleable && !runs_dropped(view);
}

static bool work_waits_idle(const struct view *view)
{
	return is_idle(view) && work_waits(view) && !has_incomplete(view);
}

static bool work_waits_installing(const struct view *view)
{
	return is_installing(view) && work_waits(view);
}

static bool has_failed_idle(const struct view *view)
{
	return is_idle(view) && has_failed(view);
}

static const struct advice advices[] = {
	{ is_read_only,
	  "nothing can be changed until that is mended",
	  "nothing can be changed" },
	{ work_waits_idle,
	  "when that is mended, `layerctl settle` tries again",
	  "settle, apply" },
	{ work_waits_installing,
	  "when that is mended, `layerctl settle` tries again, or roll back",
	  "settle, rollback" },
	{ is_empty,
	  "apply a release",
	  "apply" },
	{ is_idle_incomplete,
	  "apply a release: the same one, or any other",
	  "apply" },
	{ is_pinned_dropped,
	  "reboot, wait until it has settled, and reboot once more where the loader reads raw flash",
	  "reboot, settle, apply" },
	{ is_pinned_stuck,
	  "it cannot come home, `layerctl settle` says why: use a loader that reads the layer table, or another flash",
	  "settle, apply" },
	{ has_pinned_away,
	  "do not reboot before it has settled: `layerctl settle` does that now",
	  "settle, apply" },
	{ runs_dropped,
	  "reboot, or apply another release",
	  "reboot, apply" },
	{ settles_itself,
	  "nothing has to be done: they come home by themselves (`layerctl settle` waits for it), and a release can be applied",
	  "apply, settle" },
	{ is_settling,
	  "`layerctl settle` brings them home, and a release can be applied",
	  "apply, settle" },
	{ is_spare_low,
	  "plan to replace the flash, and apply releases only while they fit",
	  "apply" },
	{ has_failed_idle,
	  "apply it again, or another release",
	  "apply" },
	{ is_idle,
	  "nothing has to be done, and a release can be applied",
	  "apply" },
	{ is_staging,
	  "apply the same bundle to go on, apply --replace another one, or abort",
	  "apply (the same bundle goes on), apply --replace (another one), abort" },
	{ installs_itself,
	  "wait (`layerctl settle` does), or roll back",
	  "wait, settle, rollback" },
	{ is_installing,
	  "`layerctl settle` goes on with it, or roll back",
	  "settle, rollback" },
	{ is_tried,
	  "confirm it, or roll back",
	  "confirm, rollback" },
	{ can_be_tried,
	  "the next boot tries it: reboot, or roll back",
	  "boot (or reboot), rollback" },
	{ always,
	  "the next boot drops it: reboot, or roll back",
	  "boot (or reboot), rollback" },
};

static const struct advice *find_advice(const struct view *view)
{
	const struct advice *advice = advices;

	while (!advice->applies(view))
		advice++;
	return advice;
}

const char *status_work(const struct view *view)
{
	static const char *const names[] = {
		[VIEW_WORK_NONE] = "none",
		[VIEW_WORK_OFF] = "off",
		[VIEW_WORK_WAITING] = "waiting",
		[VIEW_WORK_SETTLING] = "settling",
		[VIEW_WORK_INSTALLING] = "installing",
		[VIEW_WORK_SCRUBBING] = "scrubbing",
	};

	return (unsigned int)view->work <= VIEW_WORK_SCRUBBING ? names[view->work] : "unknown";
}

const char *status_next(const struct view *view)
{
	return find_advice(view)->commands;
}

static size_t add(char *text, size_t at, const char *clause)
{
	int n;

	if (at >= STATUS_TEXT)
		return at;
	n = snprintf(text + at, STATUS_TEXT - at, "%s%s", at ? "; " : "", clause);
	return at + (size_t)n;
}

const char *status_sentence(const struct view *view, char text[static STATUS_TEXT])
{
	char clause[STATUS_TEXT];
	const struct clause *state = states;
	size_t at;

	while (!state->applies(view))
		state++;
	state->say(view, clause, sizeof(clause));
	at = add(text, 0, clause);
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (!troubles[i].applies(view))
			continue;
		troubles[i].say(view, clause, sizeof(clause));
		at = add(text, at, clause);
	}
	add(text, at, find_advice(view)->sentence);
	return text;
}

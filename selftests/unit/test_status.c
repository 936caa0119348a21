// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `layerctl status` says, for every state that a device can be in: the sentence, and
 * the commands that make sense then.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/lib/status.h"

/* ---- a device with release 1.0, perhaps 2.0, and two layers each ---- */

struct fixture {
	struct view view;
	struct view_layer layers[VIEW_ROLES][2];
};

static void set_release(struct fixture *f, enum view_role role, const char *version)
{
	struct view_release *release = &f->view.releases[role];

	release->present = true;
	snprintf(release->release, sizeof(release->release), "%s", version);
	memset(release->digest, version[0], sizeof(release->digest));
	release->blocks = 52;
	release->layer_count = 2;
	release->layers = f->layers[role];
	strcpy(f->layers[role][0].name, "kernel");
	strcpy(f->layers[role][1].name, "app");
}

static void set_idle(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->view.state = MTDL_STATE_IDLE;
	f->view.reserve = 8;
	f->view.reserve_left = 8;
	set_release(f, VIEW_ACTIVE, "1.0");
	set_release(f, VIEW_EXPOSED, "1.0");
}

static void set_outcome(struct fixture *f, uint8_t code, const char *release)
{
	f->view.outcome.code = code;
	snprintf(f->view.outcome.release, sizeof(f->view.outcome.release), "%s", release);
}

static void set_candidate(struct fixture *f, enum mtdl_state state)
{
	set_idle(f);
	f->view.state = state;
	set_release(f, VIEW_CANDIDATE, "2.0");
	if (state == MTDL_STATE_TRIAL)
		f->view.attempts_max = 3;
}

/* ---- one function a state ---- */

static void empty(struct fixture *f)
{
	set_idle(f);
	f->view.releases[VIEW_ACTIVE].present = false;
	f->view.releases[VIEW_EXPOSED].present = false;
}

static void confirmed(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_CONFIRMED, "1.0");
}

static void settling(struct fixture *f)
{
	confirmed(f);
	f->view.settleable = 12;
	f->layers[VIEW_ACTIVE][1].away = 12;
}

static void settling_itself(struct fixture *f)
{
	settling(f);
	f->view.work = VIEW_WORK_SETTLING;
}

static void settling_one(struct fixture *f)
{
	confirmed(f);
	f->view.settleable = 1;
	f->layers[VIEW_ACTIVE][1].away = 1;
}

/* Away, but nothing to bring home: lazy layers are as they should be. */
static void lazy(struct fixture *f)
{
	confirmed(f);
	f->layers[VIEW_ACTIVE][1].policy = MTDL_POLICY_LAZY;
	f->layers[VIEW_ACTIVE][1].away = 12;
}

static void pinned_away(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_ROLLED_BACK, "2.0");
	f->layers[VIEW_ACTIVE][0].policy = MTDL_POLICY_PINNED;
	f->layers[VIEW_ACTIVE][0].away = 10;
	f->view.settleable = 10;
}

static void pinned_stuck(struct fixture *f)
{
	pinned_away(f);
	f->view.settleable = 0;
}

static void pinned_dropped(struct fixture *f)
{
	pinned_away(f);
	f->view.settleable = 0;
	set_release(f, VIEW_EXPOSED, "2.0");
}

static void rolled_back(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_ROLLED_BACK, "2.0");
}

static void rolled_back_runs(struct fixture *f)
{
	rolled_back(f);
	set_release(f, VIEW_EXPOSED, "2.0");
}

static void exhausted(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_EXHAUSTED, "2.0");
	f->view.outcome.attempts = 3;
}

static void exhausted_once(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_EXHAUSTED, "2.0");
	f->view.outcome.attempts = 1;
}

static void aborted(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_ABORTED, "2.0");
}

static void failed(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_FAILED, "2.0");
	f->view.outcome.error = EIO;
}

static void unknown_outcome(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, 99, "2.0");
}

static void incomplete(struct fixture *f)
{
	set_idle(f);
	set_outcome(f, MTDL_OUTCOME_ABORTED, "2.0");
	f->layers[VIEW_ACTIVE][1].flags = MTDL_LAYER_INCOMPLETE;
}

static void spare_low(struct fixture *f)
{
	confirmed(f);
	f->view.spare_low = true;
	f->view.reserve_left = 2;
}

static void read_only(struct fixture *f)
{
	confirmed(f);
	strcpy(f->view.read_only, "the layer table has features that this version does not know");
}

static void failed_work(struct fixture *f)
{
	settling(f);
	f->view.work = VIEW_WORK_WAITING;
	strcpy(f->view.last_error, "block 7 cannot be copied to block 9 (error -5)");
}

/* An error from before, of work that goes on. */
static void failed_once(struct fixture *f)
{
	failed_work(f);
	f->view.work = VIEW_WORK_SETTLING;
}

static void damaged_units(struct fixture *f)
{
	confirmed(f);
	f->view.damaged_units = 1;
}

static void everything(struct fixture *f)
{
	failed(f);
	f->layers[VIEW_ACTIVE][0].policy = MTDL_POLICY_PINNED;
	f->layers[VIEW_ACTIVE][0].away = 1;
	f->layers[VIEW_ACTIVE][1].flags = MTDL_LAYER_INCOMPLETE;
	strcpy(f->view.last_error, "no block is free");
	f->view.spare_low = true;
	f->view.reserve_left = 0;
	f->view.damaged_units = 2;
	strcpy(f->view.read_only, "the flash is");
}

static void staging(struct fixture *f)
{
	set_candidate(f, MTDL_STATE_STAGING);
	f->view.blocks_wanted = 10;
}

static void staging_after_failure(struct fixture *f)
{
	staging(f);
	set_outcome(f, MTDL_OUTCOME_EXHAUSTED, "1.5");
	f->view.outcome.attempts = 2;
}

static void staging_first(struct fixture *f)
{
	staging(f);
	f->view.releases[VIEW_ACTIVE].present = false;
	f->view.releases[VIEW_EXPOSED].present = false;
}

static void staging_in_place(struct fixture *f)
{
	staging(f);
	f->layers[VIEW_ACTIVE][1].flags = MTDL_LAYER_INCOMPLETE;
}

static void installing(struct fixture *f)
{
	set_candidate(f, MTDL_STATE_INSTALLING);
	/* moved aside, as it has to be: no trouble */
	f->layers[VIEW_ACTIVE][0].policy = MTDL_POLICY_PINNED;
	f->layers[VIEW_ACTIVE][0].away = 10;
}

static void installing_itself(struct fixture *f)
{
	installing(f);
	f->view.work = VIEW_WORK_INSTALLING;
}

static void installing_waits(struct fixture *f)
{
	installing(f);
	f->view.work = VIEW_WORK_WAITING;
	strcpy(f->view.last_error, "the flash is write-protected");
}

static void waiting(struct fixture *f)
{
	set_candidate(f, MTDL_STATE_TRIAL);
}

static void tried(struct fixture *f)
{
	set_candidate(f, MTDL_STATE_TRIAL);
	f->view.attempts_used = 2;
	set_release(f, VIEW_EXPOSED, "2.0");
}

/* What became of the release before is not of interest any more. */
static void tried_after_failure(struct fixture *f)
{
	tried(f);
	set_outcome(f, MTDL_OUTCOME_ROLLED_BACK, "1.5");
}

static void used_up(struct fixture *f)
{
	set_candidate(f, MTDL_STATE_TRIAL);
	f->view.attempts_used = 3;
}

struct expectation {
	void (*set)(struct fixture *f);
	const char *sentence;
	const char *next;
};

#define APPLY_WHEN_LIKED	"nothing has to be done, and a release can be applied"
#define BY_ITSELF	"nothing has to be done: they come home by themselves (`layerctl settle` waits for it), and a release can be applied"
#define APPLY_AGAIN		"apply it again, or another release"
#define GO_ON	"apply the same bundle to go on, apply --replace another one, or abort"
#define RAW	"the pinned layer kernel is not at its preset address, so a loader that reads raw flash there starts something else"

static const struct expectation expectations[] = {
	{ empty, "idle and empty: no release is installed; apply a release", "apply" },
	{ confirmed, "idle: release 1.0 is active; " APPLY_WHEN_LIKED, "apply" },
	{ settling,
	  "idle: release 1.0 is active, 12 blocks of it have still to come home; `layerctl settle` brings them home, and a release can be applied",
	  "apply, settle" },
	{ settling_itself,
	  "idle: release 1.0 is active, 12 blocks of it have still to come home; " BY_ITSELF,
	  "apply, settle" },
	{ settling_one,
	  "idle: release 1.0 is active, 1 block of it has still to come home; `layerctl settle` brings them home, and a release can be applied",
	  "apply, settle" },
	{ lazy, "idle: release 1.0 is active; " APPLY_WHEN_LIKED, "apply" },
	{ pinned_away,
	  "idle: release 1.0 is active, 10 blocks of it have still to come home; 2.0 was rolled back; " RAW "; do not reboot before it has settled: `layerctl settle` does that now",
	  "settle, apply" },
	{ pinned_stuck,
	  "idle: release 1.0 is active; 2.0 was rolled back; " RAW "; it cannot come home, `layerctl settle` says why: use a loader that reads the layer table, or another flash",
	  "settle, apply" },
	{ pinned_dropped,
	  "idle: release 1.0 is active, 2.0 stays exposed until the reboot; 2.0 was rolled back; " RAW "; reboot, wait until it has settled, and reboot once more where the loader reads raw flash",
	  "reboot, settle, apply" },
	{ rolled_back, "idle: release 1.0 is active; 2.0 was rolled back; " APPLY_AGAIN, "apply" },
	{ rolled_back_runs,
	  "idle: release 1.0 is active, 2.0 stays exposed until the reboot; 2.0 was rolled back; reboot, or apply another release",
	  "reboot, apply" },
	{ exhausted,
	  "idle: release 1.0 is active; 2.0 was given up: not confirmed in 3 attempts; " APPLY_AGAIN,
	  "apply" },
	{ exhausted_once,
	  "idle: release 1.0 is active; 2.0 was given up: not confirmed in 1 attempt; " APPLY_AGAIN,
	  "apply" },
	{ aborted, "idle: release 1.0 is active; 2.0 was aborted; " APPLY_AGAIN, "apply" },
	{ failed,
	  "idle: release 1.0 is active; 2.0 failed (Input/output error); " APPLY_AGAIN, "apply" },
	{ unknown_outcome,
	  "idle: release 1.0 is active; 2.0 ended in a way that this layerctl does not know; " APPLY_AGAIN,
	  "apply" },
	{ incomplete,
	  "idle: release 1.0 is active; 2.0 was aborted; layer app is incomplete, because it was being written in place, and cannot be read; apply a release: the same one, or any other",
	  "apply" },
	{ spare_low,
	  "idle: release 1.0 is active; spare blocks are low, 2 of 8 are left; plan to replace the flash, and apply releases only while they fit",
	  "apply" },
	{ read_only,
	  "idle: release 1.0 is active; read-only, because the layer table has features that this version does not know; nothing can be changed until that is mended",
	  "nothing can be changed" },
	{ failed_work,
	  "idle: release 1.0 is active, 12 blocks of it have still to come home; the work in the background has failed: block 7 cannot be copied to block 9 (error -5); when that is mended, `layerctl settle` tries again",
	  "settle, apply" },
	{ failed_once,
	  "idle: release 1.0 is active, 12 blocks of it have still to come home; the work in the background has failed: block 7 cannot be copied to block 9 (error -5); " BY_ITSELF,
	  "apply, settle" },
	{ damaged_units,
	  "idle: release 1.0 is active; 1 unit of the layer table is damaged, which the next change repairs; " APPLY_WHEN_LIKED,
	  "apply" },
	{ everything,
	  "idle: release 1.0 is active; 2.0 failed (Input/output error); layer app is incomplete, because it was being written in place, and cannot be read; " RAW "; the work in the background has failed: no block is free; spare blocks are low, 0 of 8 are left; 2 units of the layer table are damaged, which the next change repairs; read-only, because the flash is; nothing can be changed until that is mended",
	  "nothing can be changed" },
	{ staging, "staging 2.0, 10 of 52 blocks still to come; " GO_ON,
	  "apply (the same bundle goes on), apply --replace (another one), abort" },
	{ staging_after_failure,
	  "staging 2.0, 10 of 52 blocks still to come; 1.5 was given up: not confirmed in 2 attempts; " GO_ON,
	  "apply (the same bundle goes on), apply --replace (another one), abort" },
	{ staging_first,
	  "staging 2.0, 10 of 52 blocks still to come, and no release is active; " GO_ON,
	  "apply (the same bundle goes on), apply --replace (another one), abort" },
	{ staging_in_place,
	  "staging 2.0, 10 of 52 blocks still to come; layer app is incomplete, because it was being written in place, and cannot be read; " GO_ON,
	  "apply (the same bundle goes on), apply --replace (another one), abort" },
	{ installing,
	  "installing the pinned layers of 2.0, release 1.0 is active until that is done; `layerctl settle` goes on with it, or roll back",
	  "settle, rollback" },
	{ installing_itself,
	  "installing the pinned layers of 2.0, release 1.0 is active until that is done; wait (`layerctl settle` does), or roll back",
	  "wait, settle, rollback" },
	{ installing_waits,
	  "installing the pinned layers of 2.0, release 1.0 is active until that is done; the work in the background has failed: the flash is write-protected; when that is mended, `layerctl settle` tries again, or roll back",
	  "settle, rollback" },
	{ waiting,
	  "trial of 2.0, 0 of 3 attempts used, release 1.0 is exposed; the next boot tries it: reboot, or roll back",
	  "boot (or reboot), rollback" },
	{ tried, "trial of 2.0, attempt 2 of 3; confirm it, or roll back", "confirm, rollback" },
	{ tried_after_failure, "trial of 2.0, attempt 2 of 3; confirm it, or roll back",
	  "confirm, rollback" },
	{ used_up,
	  "trial of 2.0, all 3 attempts used, release 1.0 is exposed; the next boot drops it: reboot, or roll back",
	  "boot (or reboot), rollback" },
};

#define EXPECTATIONS	(sizeof(expectations) / sizeof(expectations[0]))

static void test_sentences(void **state)
{
	char text[STATUS_TEXT];
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < EXPECTATIONS; i++) {
		expectations[i].set(&f);
		assert_string_equal(status_sentence(&f.view, text), expectations[i].sentence);
		assert_string_equal(status_next(&f.view), expectations[i].next);
	}
}

/* Whatever the view says, there is a sentence, in one line, and advice. */
static void test_all_views(void **state)
{
	char text[STATUS_TEXT];
	struct fixture f;

	(void)state;
	for (unsigned int i = 0; i < 1U << 13; i++) {
		set_candidate(&f, (enum mtdl_state)(i & 3));
		f.view.releases[VIEW_ACTIVE].present = i & 1 << 2;
		f.view.releases[VIEW_CANDIDATE].present = i & 1 << 3;
		f.view.releases[VIEW_EXPOSED].present = i & 1 << 4;
		f.view.settleable = i & 1 << 5;
		f.view.spare_low = i & 1 << 6;
		f.layers[VIEW_ACTIVE][0].policy = i & 1 << 7 ? MTDL_POLICY_PINNED : 0;
		f.layers[VIEW_ACTIVE][0].away = i & 1 << 8;
		f.layers[VIEW_ACTIVE][1].flags = i & 1 << 9 ? MTDL_LAYER_INCOMPLETE : 0;
		f.view.outcome.code = i >> 10 & 7;
		f.view.work = (enum view_work)(i % 6);
		status_sentence(&f.view, text);
		assert_true(strlen(text) > 20 && strlen(text) < STATUS_TEXT - 1);
		assert_null(strchr(text, '\n'));
		assert_non_null(strstr(text, "; "));
		assert_true(*status_next(&f.view));
	}
}

/* The longest that can come: it is cut, not written beyond its room. */
static void test_longest(void **state)
{
	char text[STATUS_TEXT + 1];
	struct fixture f;

	(void)state;
	everything(&f);
	memset(f.view.read_only, 'r', sizeof(f.view.read_only) - 1);
	memset(f.view.last_error, 'e', sizeof(f.view.last_error) - 1);
	memset(f.view.releases[VIEW_ACTIVE].release, '1', MTDL_RELEASE_SIZE);
	memset(f.view.outcome.release, '2', MTDL_RELEASE_SIZE);
	memset(f.layers[VIEW_ACTIVE][0].name, 'k', MTDL_NAME_SIZE);
	memset(f.layers[VIEW_ACTIVE][1].name, 'a', MTDL_NAME_SIZE);
	text[STATUS_TEXT] = 'x';
	status_sentence(&f.view, text);
	assert_int_equal(text[STATUS_TEXT], 'x');
	assert_true(strlen(text) < STATUS_TEXT);
	assert_non_null(strstr(text, "eee; spare blocks are low"));
}

static void test_outcomes(void **state)
{
	struct mtdl_outcome outcome = { .code = MTDL_OUTCOME_NONE };
	char text[STATUS_TEXT];

	(void)state;
	assert_string_equal(status_outcome(&outcome, text), "none");
	outcome.code = MTDL_OUTCOME_CONFIRMED;
	strcpy(outcome.release, "1.0");
	assert_string_equal(status_outcome(&outcome, text), "1.0 was confirmed");
	outcome.code = MTDL_OUTCOME_FAILED;
	outcome.error = ENOSPC;
	assert_string_equal(status_outcome(&outcome, text), "1.0 failed (No space left on device)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_all_views),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_outcomes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}

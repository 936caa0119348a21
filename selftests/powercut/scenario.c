// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The product: every job on every kind of flash, with every ending, every fault, without a
 * boot loader and with one.
 */
#include "scenario.h"

static const char * const ending_names[ENDINGS] = {
	[END_AS_IS] = "",
	[END_ABORT] = "+abort",
	[END_RESUME] = "+resume",
	[END_REPLACE] = "+replace",
	[END_TWICE] = "+twice",
};

static bool is_staged(const struct job *job)
{
	return (int)job->steps[0].act < 0;
}

/* ---- the steps of a job that stages a release ---- */

struct list {
	struct step *step;
	u32 count;
};

static void add(struct list *list, enum act act, int release, u32 limit)
{
	if (list->count == STEPS_MAX - 1)
		abort();
	list->step[list->count++] = (struct step) { act, release, limit };
	list->step[list->count] = (struct step)STEP_END;
}

static void add_begin(struct list *list, const struct job *job, int release)
{
	add(list, job->over ? ACT_BEGIN_OVER : ACT_BEGIN, release, 0);
}

static void add_rest(struct list *list, int release)
{
	add(list, ACT_WRITE, release, 0);
	add(list, ACT_COMMIT, release, 0);
	add(list, ACT_INSTALL, R_NONE, 0);
}

static void add_staging(struct list *list, const struct job *job, enum ending ending)
{
	add(list, ACT_REBOOT, R_NONE, 0);
	add_begin(list, job, job->target);
	switch (ending) {
	case END_AS_IS:
		add_rest(list, job->target);
		break;
	case END_ABORT:
		add(list, ACT_WRITE, job->target, 2);
		add(list, ACT_ABORT, R_NONE, 0);
		break;
	case END_RESUME:
		add(list, ACT_WRITE, job->target, 2);
		add(list, ACT_SYNC, R_NONE, 0);
		add(list, ACT_WRITE, job->target, 1);
		add(list, ACT_REBOOT, R_NONE, 0);
		add_begin(list, job, job->target);
		add_rest(list, job->target);
		break;
	case END_REPLACE:
		add(list, ACT_WRITE, job->target, 2);
		add(list, ACT_REPLACE, job->other, 0);
		add_rest(list, job->other);
		break;
	default:
		add_rest(list, job->target);
		add(list, ACT_REBOOT, R_NONE, 0);
		add(list, ACT_CONFIRM, job->target, 0);
		add_begin(list, job, job->other);
		add_rest(list, job->other);
	}
}

/* ---- faults ---- */

/* Behind the boot; what fills units has to wait until they are written to. */
static void insert_fault(struct list *list, enum fault fault)
{
	u32 at = fault == FAULT_FULL && list->count > 2 ? 2 : 1, i;

	add(list, ACT_FAULT, R_NONE, 0);
	for (i = list->count - 1; i > at; i--)
		list->step[i] = list->step[i - 1];
	list->step[at] = (struct step) { ACT_FAULT, R_NONE, fault };
}

static void make(struct scenario *s)
{
	struct list list = { s->steps, 0 };
	const struct step *step;

	s->steps[0] = (struct step)STEP_END;
	if (is_staged(s->job))
		add_staging(&list, s->job, s->ending);
	for (step = s->job->steps; (int)step->act >= 0; step++)
		add(&list, step->act, step->release, step->limit);
	if (s->fault != FAULT_NONE)
		insert_fault(&list, s->fault);
	snprintf(s->name, sizeof(s->name), "%s/%s%s%s%s", s->fleet->name, s->job->name,
		 ending_names[s->ending], fault_name(s->fault), s->loader ? "+loader" : "");
	s->extras = (s->ending != END_AS_IS) + (s->fault != FAULT_NONE) + s->loader;
}

bool scenario_build(struct scenario *scenario, u32 number)
{
	u32 f, j, e, x, l;

	for (f = 0; f < FLEETS; f++) {
		for (j = 0; j < job_count; j++) {
			u32 endings = is_staged(&jobs[j]) ? ENDINGS : 1;
			u32 faults = jobs[j].plain ? 1 : FAULTS;
			u32 all = endings * faults * 2;

			if (number >= all) {
				number -= all;
				continue;
			}
			e = number % endings;
			x = number / endings % faults;
			l = number / endings / faults;
			*scenario = (struct scenario) {
				.fleet = &fleets[f],
				.job = &jobs[j],
				.ending = (enum ending)e,
				.fault = (enum fault)x,
				.loader = l,
			};
			make(scenario);
			return true;
		}
	}
	return false;
}

bool scenario_find(struct scenario *scenario, const char *name)
{
	u32 i;

	for (i = 0; scenario_build(scenario, i); i++)
		if (!strcmp(scenario->name, name))
			return true;
	return false;
}

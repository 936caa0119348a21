// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Spreads scenarios and walks over processes.
 *
 * Each scenario draws its chances from its own name, so what it finds does not depend on
 * who runs it, or when.  A process that crashes or hangs costs one scenario, which
 * counts as lost, and names the case that it was at.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "campaign.h"

#define REPORT_MAX	4096
#define WORKERS_MAX	64
#define PATIENCE	120	/* seconds that one job can take */

/**
 * struct job_slot - a scenario or a walk, and what came of it; shared by all processes
 * @number: of the scenario, or of the walk
 * @walk: which of the two
 * @done: it is over
 * @tally: counts
 * @report: text
 */
struct job_slot {
	u32 number;
	bool walk;
	bool done;
	struct tally tally;
	char report[REPORT_MAX];
};

/**
 * struct board - what the processes share
 * @next: slot that nobody has taken yet
 * @count: slots
 * @taken: by process: slot that it works on
 * @current: by process: case that it is at
 * @slot: what there is to do
 */
struct board {
	u32 next;
	u32 count;
	u32 taken[WORKERS_MAX];
	struct case_id current[WORKERS_MAX];
	struct job_slot slot[];
};

static void *share(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* "=NAME" is that one alone. */
static bool is_meant(const char *only, const char *name)
{
	return !only || (only[0] == '=' ? !strcmp(only + 1, name) : strstr(name, only) != NULL);
}

static struct board *make_board(const struct campaign *campaign, const char *only, u32 walks)
{
	struct scenario scenario;
	struct board *board;
	u32 total = 0, i;

	while (scenario_build(&scenario, total))
		total++;
	board = share(sizeof(*board) + (total + walks) * sizeof(board->slot[0]));
	for (i = 0; i < total; i++) {
		scenario_build(&scenario, i);
		if (campaign_wants(campaign, &scenario) && is_meant(only, scenario.name))
			board->slot[board->count++].number = i;
	}
	for (i = 0; i < walks; i++)
		board->slot[board->count++] = (struct job_slot) { .number = i, .walk = true };
	return board;
}

static void do_slot(const struct campaign *options, struct board *board, u32 worker,
		    struct job_slot *slot)
{
	struct campaign campaign = *options;
	struct scenario scenario;

	memset(&campaign.tally, 0, sizeof(campaign.tally));
	campaign.current = &board->current[worker];
	campaign.report = fmemopen(slot->report, sizeof(slot->report), "w");
	if (!campaign.report)
		abort();
	alarm(campaign.whole ? 100 * PATIENCE : PATIENCE);
	if (slot->walk) {
		walk_run(&campaign, campaign.seed + slot->number);
	} else if (scenario_build(&scenario, slot->number)) {
		campaign_run(&campaign, &scenario);
	}
	alarm(0);
	fclose(campaign.report);
	slot->tally = campaign.tally;
	slot->done = true;
}

static void work(const struct campaign *options, struct board *board, u32 worker)
{
	u32 mine;

	while ((mine = __atomic_fetch_add(&board->next, 1, __ATOMIC_SEQ_CST)) < board->count) {
		board->taken[worker] = mine;
		do_slot(options, board, worker, &board->slot[mine]);
		if (options->stop && board->slot[mine].tally.lost)
			__atomic_store_n(&board->next, board->count, __ATOMIC_SEQ_CST);
	}
}

static pid_t start(const struct campaign *options, struct board *board, u32 worker)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid)
		return pid;
	work(options, board, worker);
	_exit(0);
}

/* A process is gone before its slot was done. */
static void blame(struct board *board, u32 worker, int status, u32 seed)
{
	struct job_slot *slot = &board->slot[board->taken[worker]];

	snprintf(slot->report, sizeof(slot->report),
		 "# LOST: the process ended by signal %d%s\n#   again: powercut --seed %u --%s %s\n",
		 WTERMSIG(status), WTERMSIG(status) == SIGALRM ? " (it hung)" : "",
		 slot->walk ? seed + slot->number : seed, slot->walk ? "walk" : "case",
		 slot->walk ? "(this seed)" : case_text(&board->current[worker]));
	slot->tally.lost++;
	slot->done = true;
}

static void show(struct campaign *campaign, struct board *board, u32 *shown)
{
	for (; *shown < board->count && board->slot[*shown].done; ++*shown) {
		fputs(board->slot[*shown].report, stdout);
		tally_add(&campaign->tally, &board->slot[*shown].tally);
	}
	fflush(stdout);
}

void workers_run(struct campaign *campaign, const char *only, u32 walks, u32 count)
{
	struct board *board = make_board(campaign, only, walks);
	pid_t pid[WORKERS_MAX] = { 0 };
	u32 running = 0, shown = 0, i;

	if (count > WORKERS_MAX)
		count = WORKERS_MAX;
	for (i = 0; i < count; i++, running++)
		pid[i] = start(campaign, board, i);
	while (running) {
		int status = 0;
		pid_t ended = waitpid(-1, &status, WNOHANG);

		if (!ended) {
			show(campaign, board, &shown);
			usleep(100000);
			continue;
		}
		for (i = 0; i < count && pid[i] != ended; i++)
			;
		if (i == count)
			continue;
		pid[i] = 0;
		running--;
		if (!WIFSIGNALED(status))
			continue;
		blame(board, i, status, campaign->seed);
		show(campaign, board, &shown);
		pid[i] = start(campaign, board, i);
		running++;
	}
	/* with --stop, some were not begun */
	for (i = 0; i < board->count; i++)
		board->slot[i].done = true;
	show(campaign, board, &shown);
}

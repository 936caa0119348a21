// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * powercut: cuts the power at every flash operation of every job.
 */
#include <getopt.h>
#include <unistd.h>

#include "campaign.h"
#include "hash.h"

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "whole", no_argument, NULL, 'w' },
	{ "thin", required_argument, NULL, 't' },
	{ "nested-every", required_argument, NULL, 'n' },
	{ "nested-ways", required_argument, NULL, 'y' },
	{ "walks", required_argument, NULL, 'W' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "only", required_argument, NULL, 'o' },
	{ "case", required_argument, NULL, 'c' },
	{ "walk", required_argument, NULL, 'k' },
	{ "stop", no_argument, NULL, 'x' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

/** struct request - what is asked for */
struct request {
	const char *only;
	const char *one_case;
	const char *walk;
	u32 walks;
	u32 jobs;
	bool list;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: powercut [--whole] [--seed N] [--only TEXT] [--walks N] [--jobs N] ...\n"
		"       powercut [--seed N] --case CASE\n"
		"       powercut --walk SEED\n"
		"  --seed N          choose what is left to chance (1)\n"
		"  --whole           every scenario and every place within a program: an hour\n"
		"  --thin N          of the ways to tear an operation of a job, try one in N (2; with --whole: 1)\n"
		"  --nested-every N  of the first cuts, one in N has its recovery cut too (60)\n"
		"  --nested-ways N   at each operation of the recovery in N ways (1)\n"
		"  --walks N         N random walks as well, with seeds from --seed on\n"
		"  --jobs N          processes (as many as there are CPUs)\n"
		"  --only TEXT       only scenarios whose names contain TEXT; =NAME: that one\n"
		"  --stop            end at the first loss\n"
		"  --list            the names of the scenarios\n"
		"  --case CASE       one case of an earlier report, telling everything\n"
		"  --walk SEED       one walk of an earlier report, telling everything\n");
	return status;
}

static int list(const struct campaign *campaign)
{
	struct scenario s;
	u32 i;

	for (i = 0; scenario_build(&s, i); i++)
		if (campaign_wants(campaign, &s))
			puts(s.name);
	return 0;
}

static int again(struct campaign *campaign, const struct request *request)
{
	struct case_id id, current;
	bool lost;

	campaign->verbose = true;
	campaign->report = stdout;
	campaign->current = &current;
	if (request->walk) {
		lost = !walk_run(campaign, (u32)strtoul(request->walk, NULL, 0));
		printf("walk %s: %s\n", request->walk, lost ? "LOST" : "not lost");
		return lost;
	}
	if (!case_parse(&id, request->one_case)) {
		fprintf(stderr, "powercut: %s is no case: take one from a report, such as nor/upgrade/37:torn:middle:flip-old:new/12:before@finish\n",
			request->one_case);
		return 2;
	}
	lost = campaign_replay(campaign, &id);
	printf("%s: %s\n", request->one_case, lost ? "LOST" : "not lost");
	return lost;
}

static int run_all(struct campaign *campaign, const struct request *request)
{
	struct tally *t = &campaign->tally;

	t->lost += !proof_run();
	workers_run(campaign, request->only, request->walks, request->jobs);
	if (!t->scenarios && !t->walks && !t->lost) {
		fprintf(stderr, "powercut: no scenario is called %s: see --list\n", request->only);
		return 2;
	}
	printf("# %llu operations of jobs; cut before: %llu, within: %llu, after: %llu; cases with one cut: %llu, two: %llu, three: %llu\n",
	       (unsigned long long)t->operations, (unsigned long long)t->before,
	       (unsigned long long)t->torn, (unsigned long long)t->after,
	       (unsigned long long)t->depth[0], (unsigned long long)t->depth[1],
	       (unsigned long long)t->depth[2]);
	printf("# jobs run into the cut: %llu; tables with one unit lost: %llu; walks: %llu (seeds %u to %u)\n",
	       (unsigned long long)t->replays, (unsigned long long)t->copies,
	       (unsigned long long)t->walks, campaign->seed,
	       campaign->seed + request->walks - !!request->walks);
	printf("powercut: %llu scenarios, %llu cuts, %llu lost\n",
	       (unsigned long long)t->scenarios, (unsigned long long)tally_cuts(t),
	       (unsigned long long)t->lost);
	return t->lost ? 1 : 0;
}

/* Whether an option was understood. */
static bool take(struct campaign *campaign, struct request *request, int option)
{
	switch (option) {
	case 's':
		campaign->seed = (u32)strtoul(optarg, NULL, 0);
		return true;
	case 'w':
		campaign->whole = true;
		return true;
	case 't':
		campaign->thin = (u32)strtoul(optarg, NULL, 0);
		return campaign->thin;
	case 'n':
		campaign->nested_every = (u32)strtoul(optarg, NULL, 0);
		return campaign->nested_every;
	case 'y':
		campaign->nested_ways = (u32)strtoul(optarg, NULL, 0);
		return campaign->nested_ways;
	case 'W':
		request->walks = (u32)strtoul(optarg, NULL, 0);
		return true;
	case 'j':
		request->jobs = (u32)strtoul(optarg, NULL, 0);
		return request->jobs;
	case 'o':
		request->only = optarg;
		return true;
	case 'c':
		request->one_case = optarg;
		return true;
	case 'k':
		request->walk = optarg;
		return true;
	case 'x':
		campaign->stop = true;
		return true;
	case 'l':
		request->list = true;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct campaign campaign = { .seed = 1, .nested_every = 60, .nested_ways = 1 };
	struct request request = { .jobs = (u32)sysconf(_SC_NPROCESSORS_ONLN) };
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout, 0);
		if (!take(&campaign, &request, option))
			return usage(stderr, 2);
	}
	if (!campaign.thin)
		campaign.thin = campaign.whole ? 1 : 2;
	hash_choose();
	fleet_build();
	if (request.list)
		status = list(&campaign);
	else if (request.one_case || request.walk)
		status = again(&campaign, &request);
	else
		status = run_all(&campaign, &request);
	fleet_free();
	return status;
}

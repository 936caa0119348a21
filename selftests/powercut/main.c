// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * powercut: cuts the power at every flash operation of every job.
 */
#include <getopt.h>

#include "campaign.h"

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "thorough", no_argument, NULL, 't' },
	{ "nested-every", required_argument, NULL, 'n' },
	{ "only", required_argument, NULL, 'o' },
	{ "case", required_argument, NULL, 'c' },
	{ "stop", no_argument, NULL, 'x' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: powercut [--seed N] [--thorough] [--nested-every N] [--only TEXT] [--stop]\n"
		"       powercut [--seed N] --case CASE\n"
		"  --seed N          choose what is left to chance (1)\n"
		"  --thorough        every combination of cuts: hours\n"
		"  --nested-every N  of the first cuts, one in N has its recovery cut too (16)\n"
		"  --only TEXT       only FLASH/SCENARIO that contain TEXT\n"
		"  --stop            leave a scenario at its first loss\n"
		"  --case CASE       one case of an earlier report, telling everything\n");
	return status;
}

static int replay(struct campaign *campaign, const char *text)
{
	struct case_id id;
	bool lost;

	if (!case_parse(&id, text)) {
		fprintf(stderr, "powercut: %s is no case: take one from a report, such as nor/overflow/37:torn:middle:flip-old/12:before@finish\n",
			text);
		return 2;
	}
	campaign->verbose = true;
	lost = campaign_replay(campaign, &id);
	printf("%s: %s\n", text, lost ? "LOST" : "not lost");
	return lost;
}

static u32 run_all(struct campaign *campaign, const char *only)
{
	u32 f, s, run = 0;

	for (f = 0; f < FLEETS; f++) {
		for (s = 0; s < scenario_count; s++) {
			char name[64];

			snprintf(name, sizeof(name), "%s/%s", fleets[f].name,
				 scenarios[s].name);
			if (only && !strstr(name, only))
				continue;
			if (campaign->stop && campaign->lost)
				continue;
			campaign_run(campaign, &fleets[f], &scenarios[s]);
			run++;
		}
	}
	return run;
}

int main(int argc, char **argv)
{
	struct campaign campaign = { .seed = 1, .nested_every = 16 };
	const char *only = NULL, *one_case = NULL;
	u32 run;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			campaign.seed = (u32)strtoul(optarg, NULL, 0);
			break;
		case 't':
			campaign.thorough = true;
			break;
		case 'n':
			campaign.nested_every = (u32)strtoul(optarg, NULL, 0);
			if (!campaign.nested_every)
				return usage(stderr, 2);
			break;
		case 'o':
			only = optarg;
			break;
		case 'c':
			one_case = optarg;
			break;
		case 'x':
			campaign.stop = true;
			break;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	}
	fleet_build();
	if (one_case)
		return replay(&campaign, one_case);
	run = run_all(&campaign, only);
	fleet_free();
	if (!run) {
		fprintf(stderr, "powercut: no scenario is called %s\n", only);
		return 2;
	}
	printf("# %llu operations; cut once: %llu, again in the recovery: %llu; run into the cut: %llu; tables with one unit lost: %llu\n",
	       (unsigned long long)campaign.operations, (unsigned long long)campaign.cuts,
	       (unsigned long long)campaign.nested, (unsigned long long)campaign.replays,
	       (unsigned long long)campaign.copies);
	printf("powercut: %u scenarios, %llu cuts, %llu lost\n", run,
	       (unsigned long long)(campaign.cuts + campaign.nested),
	       (unsigned long long)campaign.lost);
	return campaign.lost ? 1 : 0;
}

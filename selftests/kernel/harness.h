/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's test harness, and the main program of all tests here.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "../kselftest_harness.h"

#include "board.h"

/* Whether the last refusal's sentence says @text. */
#define EXPECT_REASON(board, text)	EXPECT_TRUE(board_says(board, text))

int main(int argc, char **argv)
{
	const char *missing = board_missing();

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (missing) {
		printf("TAP version 13\n1..0 # SKIP %s\n", missing);
		return KSFT_SKIP;
	}
	return test_harness_run(argc, argv);
}

#endif

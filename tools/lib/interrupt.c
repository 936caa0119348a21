// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Turns the first SIGINT or SIGTERM into a flag.
 */
#include <signal.h>
#include <stddef.h>

#include "interrupt.h"

static volatile sig_atomic_t pending;

static void note(int signal)
{
	(void)signal;
	pending = 1;
}

void interrupt_catch(void)
{
	/* RESETHAND: whoever asks twice does not want to wait */
	struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART | SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool interrupt_pending(void)
{
	return pending;
}

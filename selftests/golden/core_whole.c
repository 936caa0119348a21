// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Golden images read by the whole core.
 */
#include "golden.h"

void golden_setup(void)
{
}

const char *golden_check(struct mtdl *mtdl)
{
	static struct mtdl_reason why;

	why.text[0] = '\0';
	return mtdl_check(mtdl, &why) ? why.text : NULL;
}

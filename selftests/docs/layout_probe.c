// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads layouts as layerctl does: the other reader of the binding.
 *
 * Prints one line per device tree on the command line: "accepted" or "refused: " and why.
 */
#include <stdio.h>

#include "../../tools/lib/layout.h"

int main(int argc, char **argv)
{
	static struct layout layout;
	int i;

	for (i = 1; i < argc; i++) {
		struct mtdl_reason why = { 0 };
		u32 block_size;

		if (layout_read(&layout, argv[i], &why) ||
		    layout_block_size(&layout, 0, &block_size, &why))
			printf("refused: %s\n", why.text);
		else
			printf("accepted\n");
	}
	return 0;
}

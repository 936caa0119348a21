# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts of a board in QEMU; included by the Makefile at the top.

##@ Power cuts on a board

.PHONY: powercut-board
powercut-board: packages ## cut the power of a board in QEMU (CUTS=20, SEED=n to repeat)
	$(Q)selftests/board/run $(or $(CUTS),20) $(SEED)

# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The core for boot loaders: attach, boot decision, mark, read; included by the
# Makefile at the top.  $(FREESTANDING) is one relocatable object that needs
# nothing from outside: the build fails if a symbol is left undefined.
#
# For another architecture: make build/arm64/freestanding/mtdl.o BUILD=build/arm64 CC=...

BUILD ?= build
NM ?= nm

FREESTANDING := $(BUILD)/freestanding/mtdl.o
FREESTANDING_SOURCES := $(addprefix kmod/core/, attach.c boot.c crc32c.c decode.c \
	manifest.c read.c reason.c release.c sha256.c snapshot.c \
	env/freestanding.c env/string.c)
FREESTANDING_FLAGS := -std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -nostdlib \
	-fno-builtin -fno-stack-protector -fno-pic -DMTDL_FREESTANDING

# gcc would otherwise turn the loop in memset() into a call of memset().
FREESTANDING_NO_IDIOMS = $(shell $(CC) --version 2>/dev/null | grep -q clang || \
	echo -fno-tree-loop-distribute-patterns)

$(FREESTANDING): $(FREESTANDING_SOURCES) $(wildcard kmod/core/*.h kmod/core/env/*.h)
	@mkdir -p $(@D)
	@echo "  FREE	$@"
	$(Q)for source in $(FREESTANDING_SOURCES); do \
		$(CC) $(FREESTANDING_FLAGS) $(FREESTANDING_NO_IDIOMS) -c $$source \
			-o $(@D)/$$(basename $$source .c).part.o || exit 1; \
	done
	$(Q)$(CC) -nostdlib -r -o $@.new $(@D)/*.part.o
	$(Q)if [ -n "$$($(NM) -u $@.new)" ]; then \
		echo "undefined in the freestanding core:"; $(NM) -u $@.new; exit 1; fi >&2
	$(Q)mv $@.new $@

# SPDX-License-Identifier: GPL-2.0-or-later
#
# layerctl: included by the Makefile at the top; makes $(LAYERCTL).
#
# For another architecture give CC, with --sysroot=DIR where its libraries are in one, a
# PKG_CONFIG that finds them, and a BUILD directory of its own:
#   make build/arm64/layerctl BUILD=build/arm64 CC=aarch64-linux-gnu-gcc PKG_CONFIG=...

BUILD ?= build
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

ifneq ($(V),1)
TOOLS_SAY = @echo "  $(1)	$(2)";
endif

LAYERCTL := $(BUILD)/layerctl
LAYERCTL_DIR := $(BUILD)/layerctl.o
LAYERCTL_SOURCES := $(sort $(wildcard tools/*.c tools/lib/*.c kmod/core/*.c))
LAYERCTL_OBJECTS := $(LAYERCTL_SOURCES:%.c=$(LAYERCTL_DIR)/%.o)
LAYERCTL_PACKAGES := jansson libzstd libkmod libnl-3.0 libnl-genl-3.0

# Asked once, and only when something is built: the packages may not be there yet.
# libfdt has no .pc file in Debian.
LAYERCTL_PC_CFLAGS = $(eval LAYERCTL_PC_CFLAGS := \
	$$(shell $(PKG_CONFIG) --cflags $(LAYERCTL_PACKAGES)))$(LAYERCTL_PC_CFLAGS)
LAYERCTL_PC_LIBS = $(eval LAYERCTL_PC_LIBS := \
	$$(shell $(PKG_CONFIG) --libs $(LAYERCTL_PACKAGES)) -lfdt)$(LAYERCTL_PC_LIBS)

LAYERCTL_COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Wall -Wextra -Werror \
	$(LAYERCTL_PC_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LAYERCTL_LINK = $(CC) $(CFLAGS) $(LDFLAGS)

# Holds how the objects were made: what is made differently is made again.
$(LAYERCTL_DIR)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(LAYERCTL_COMPILE)' '$(LAYERCTL_LINK) $(LAYERCTL_PC_LIBS)' \
		'$(LAYERCTL_SOURCES)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(LAYERCTL_OBJECTS): $(LAYERCTL_DIR)/%.o: %.c $(LAYERCTL_DIR)/flags
	@mkdir -p $(@D)
	$(call TOOLS_SAY,CC,$<)$(LAYERCTL_COMPILE) -MMD -MP -c $< -o $@

$(LAYERCTL): $(LAYERCTL_OBJECTS)
	$(call TOOLS_SAY,LINK,$@)$(LAYERCTL_LINK) $(LAYERCTL_OBJECTS) $(LAYERCTL_PC_LIBS) -o $@

-include $(LAYERCTL_OBJECTS:.o=.d)

.PHONY: FORCE
FORCE:

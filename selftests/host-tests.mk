# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of the core on a simulated flash; included by the Makefile at the top.
#
# Unit tests and golden images are built with the address and undefined-behaviour
# sanitizers, the power-cut campaign with -O2.  HOST_CC chooses the compiler (gcc or
# clang); each compiler has a directory of its own.

BUILD ?= build
HOST_CC ?= gcc
HOST_TESTS := $(BUILD)/selftests/$(notdir $(HOST_CC))
HOST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_FLAGS := -std=gnu11 -g -Wall -Wextra -Werror -MMD -MP \
	-Ikmod/core -Iselftests/lib -Iselftests/unit

ifneq ($(V),1)
HOST_SAY = @echo "  $(1)	$(2)";
endif

HOST_CORE := $(sort $(wildcard kmod/core/*.c))
HOST_LIB := $(sort $(wildcard selftests/lib/*.c))
HOST_HEADERS := $(wildcard kmod/core/*.h kmod/core/env/*.h selftests/lib/*.h)
HOST_POWERCUT := $(sort $(wildcard selftests/powercut/*.c))
HOST_UNIT := $(patsubst selftests/unit/%.c,%,$(sort $(wildcard selftests/unit/test_*.c)))

# Holds how things are made: what is made differently is made again.
$(HOST_TESTS)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(HOST_CC) $(HOST_FLAGS) $(HOST_SANITIZE)' '$(HOST_CORE) $(HOST_LIB)' \
		>$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# The core, the library and CMocka's part, with sanitizers.
HOST_CHECKED := $(patsubst %.c,$(HOST_TESTS)/checked/%.o,$(HOST_CORE) $(HOST_LIB) \
	selftests/unit/unit.c)

$(HOST_TESTS)/checked/%.o: %.c $(HOST_TESTS)/flags
	@mkdir -p $(@D)
	$(call HOST_SAY,CC,$@)$(HOST_CC) $(HOST_FLAGS) -O1 $(HOST_SANITIZE) -c $< -o $@

# What a test needs beside the core.
HOST_OF_test_draw := $(patsubst %,$(HOST_TESTS)/checked/tools/lib/%.o,draw draw_svg draw_text size view)
HOST_OF_test_status := $(patsubst %,$(HOST_TESTS)/checked/tools/lib/%.o,status view)
HOST_OF_test_states := $(HOST_TESTS)/checked/selftests/golden/states.o

.SECONDEXPANSION:
$(HOST_UNIT:%=$(HOST_TESTS)/unit/%): $(HOST_TESTS)/unit/%: \
		$(HOST_TESTS)/checked/selftests/unit/%.o $(HOST_CHECKED) $$(HOST_OF_$$*)
	@mkdir -p $(@D)
	$(call HOST_SAY,LINK,$@)$(HOST_CC) $(HOST_SANITIZE) $(filter %.o,$^) -lcmocka -o $@

.SECONDARY: $(HOST_CHECKED) $(HOST_GOLDEN) $(HOST_UNIT:%=$(HOST_TESTS)/checked/selftests/unit/%.o) \
	$(HOST_OF_test_draw)

HOST_GOLDEN := $(patsubst %,$(HOST_TESTS)/checked/selftests/golden/%.o,main states text)

$(HOST_TESTS)/golden: $(HOST_GOLDEN) $(HOST_CHECKED) \
		$(HOST_TESTS)/checked/selftests/golden/core_whole.o
	$(call HOST_SAY,LINK,$@)$(HOST_CC) $(HOST_SANITIZE) \
		$(filter-out %/unit.o,$(filter %.o,$^)) -lzstd -lcmocka -o $@

# The boot loader's core with all but its own names hidden, instead of the whole one:
# its memcpy() and the like would else take the place of the program's.
$(HOST_TESTS)/freestanding.o: $(FREESTANDING)
	@mkdir -p $(@D)
	$(call HOST_SAY,HIDE,$@)objcopy --wildcard --keep-global-symbol='mtdl_*' $< $@

$(HOST_TESTS)/golden-freestanding: $(HOST_GOLDEN) $(HOST_TESTS)/freestanding.o \
		$(HOST_TESTS)/checked/selftests/golden/core_freestanding.o \
		$(patsubst %,$(HOST_TESTS)/checked/selftests/lib/%.o,build_release build_table \
		simcells simflash tableview)
	$(call HOST_SAY,LINK,$@)$(HOST_CC) $(HOST_SANITIZE) -no-pie $(filter %.o,$^) -lzstd -o $@

##@ Tests of the core on a simulated flash

.PHONY: check-unit
check-unit: $(HOST_UNIT:%=$(HOST_TESTS)/unit/%) ## unit tests of the core (HOST_CC=clang: by clang)
	@status=0; for test in $^; do \
		CMOCKA_MESSAGE_OUTPUT=TAP $$test || status=1; done; exit $$status

.PHONY: check-golden
check-golden: $(HOST_TESTS)/golden $(HOST_TESTS)/golden-freestanding ## images of every state of the format
	@status=0; for test in $^; do $$test selftests/golden || status=1; done; exit $$status

.PHONY: golden-images
golden-images: $(HOST_TESTS)/golden ## make the golden images anew (they are committed)
	$(Q)$< --make selftests/golden

# The fixed part; ARGS adds to it, or asks for something else (ARGS=--help).
.PHONY: powercut
powercut: $(HOST_TESTS)/powercut ## cut the power at every flash operation: a fixed part (ARGS=--help)
	$(Q)$< $(ARGS)

.PHONY: powercut-long
powercut-long: $(HOST_TESTS)/powercut ## all of it, and random walks: an hour or more (ARGS=--help)
	$(Q)$< --whole --walks 20000 $(ARGS)

.PHONY: powercut-mutants
powercut-mutants: $(HOST_TESTS)/powercut ## the same with deliberate defects: each must be caught
	$(Q)selftests/powercut/mutants $(HOST_CC) $(HOST_TESTS)/mutants

# The campaign has SHA-256 and CRC-32C of its own: see selftests/powercut/hash.c.
HOST_POWERCUT_CORE := $(filter-out %/sha256.c %/crc32c.c,$(HOST_CORE))

$(HOST_TESTS)/powercut: $(HOST_POWERCUT) $(HOST_CORE) $(HOST_LIB) $(HOST_HEADERS) \
		$(wildcard selftests/powercut/*.h) $(HOST_TESTS)/flags
	@mkdir -p $(@D)
	$(call HOST_SAY,CC,$@)$(HOST_CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) -O3 \
		$(HOST_POWERCUT) $(HOST_POWERCUT_CORE) $(HOST_LIB) -o $@

-include $(patsubst %.o,%.d,$(HOST_CHECKED) $(HOST_GOLDEN) \
	$(HOST_UNIT:%=$(HOST_TESTS)/checked/selftests/unit/%.o))

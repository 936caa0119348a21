# SPDX-License-Identifier: GPL-2.0-or-later
#
# Coverage-guided fuzzers of what comes from outside; included by the Makefile at the top.
#
# Built by clang with the address and undefined-behaviour sanitizers, the core and layerctl
# with coverage too.  Hashes are built without either: most of the time would go there, and
# the fuzzers would wander about in them; common.c checks what is handed to them.

FUZZ_CC ?= clang
FUZZ_DIR := $(BUILD)/selftests/fuzz
FUZZERS := attach manifest bundle
MINUTES ?= 3

ifneq ($(V),1)
FUZZ_SAY = @echo "  $(1)	$(2)";
endif

FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_FLAGS = -std=gnu11 -g -O1 -Wall -Wextra -Werror -MMD -MP \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-Ikmod/core -Iselftests/lib -Iselftests/golden $(LAYERCTL_PC_CFLAGS)
FUZZ_PLAIN := $(FUZZ_DIR)/plain
FUZZ_COVERED := $(FUZZ_DIR)/covered

FUZZ_HASHES := kmod/core/crc32c.c kmod/core/sha256.c
FUZZ_CORE := $(patsubst %.c,$(FUZZ_PLAIN)/%.o,$(FUZZ_HASHES)) \
	$(patsubst %.c,$(FUZZ_COVERED)/%.o,$(filter-out $(FUZZ_HASHES),$(HOST_CORE)))
FUZZ_WRAP := -Wl,--wrap=mtdl_sha256_update,--wrap=mtdl_crc32c
FUZZ_LIB := $(patsubst %.c,$(FUZZ_PLAIN)/%.o,$(HOST_LIB) selftests/fuzz/common.c)

# What a fuzzer needs beside the core; signals are libFuzzer's, not layerctl's.
FUZZ_OF_attach := $(FUZZ_PLAIN)/selftests/fuzz/input.o $(FUZZ_PLAIN)/selftests/golden/states.o
FUZZ_OF_bundle := $(patsubst %.c,$(FUZZ_COVERED)/%.o,$(filter-out kmod/% %/interrupt.c, \
	$(LAYERCTL_SOURCES)))
FUZZ_LIBS_bundle = $(LAYERCTL_PC_LIBS)

$(FUZZ_DIR)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_SANITIZE)' '$(HOST_CORE) $(HOST_LIB)' \
		'$(LAYERCTL_SOURCES)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(FUZZ_COVERED)/tools/layerctl.o: FUZZ_MORE := -Dmain=layerctl_main

$(FUZZ_COVERED)/%.o: %.c $(FUZZ_DIR)/flags
	@mkdir -p $(@D)
	$(call FUZZ_SAY,CC,$@)$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_MORE) $(FUZZ_SANITIZE) \
		-fsanitize=fuzzer-no-link -c $< -o $@

$(FUZZ_PLAIN)/kmod/core/%.o: FUZZ_SANITIZE := -O2

$(FUZZ_PLAIN)/%.o: %.c $(FUZZ_DIR)/flags
	@mkdir -p $(@D)
	$(call FUZZ_SAY,CC,$@)$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_SANITIZE) -c $< -o $@

.SECONDEXPANSION:
$(FUZZERS:%=$(FUZZ_DIR)/%): $(FUZZ_DIR)/%: $(FUZZ_PLAIN)/selftests/fuzz/%.o $(FUZZ_LIB) \
		$(FUZZ_CORE) $$(FUZZ_OF_$$*)
	$(call FUZZ_SAY,LINK,$@)$(FUZZ_CC) $(FUZZ_SANITIZE) -fsanitize=fuzzer $(FUZZ_WRAP) \
		$(filter %.o,$^) $(FUZZ_LIBS_$*) -o $@

.SECONDARY: $(FUZZ_CORE) $(FUZZ_LIB) $(FUZZ_OF_attach) $(FUZZ_OF_bundle) \
	$(FUZZERS:%=$(FUZZ_PLAIN)/selftests/fuzz/%.o)

##@ Hostile input

.PHONY: fuzz
fuzz: $(FUZZERS:%=$(FUZZ_DIR)/%) ## fuzz attach, manifests and bundles (MINUTES=3 in all)
	$(Q)selftests/fuzz/run fuzz $(FUZZ_DIR) '$(MINUTES)' $(FUZZERS)

.PHONY: check-fuzz
check-fuzz: $(FUZZERS:%=$(FUZZ_DIR)/%) ## fuzz for a few seconds; run all that was ever found
	$(Q)selftests/fuzz/run check $(FUZZ_DIR) $(FUZZERS)

-include $(wildcard $(FUZZ_DIR)/*/*/*.d $(FUZZ_DIR)/*/*/*/*.d)

# SPDX-License-Identifier: GPL-2.0-or-later
#
# mtdlayer: everything starts here.  `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
BUILD ?= build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local

ifneq ($(V),1)
Q := @
endif

.DEFAULT_GOAL := all

include tools/tools.mk
include kmod/core/freestanding.mk
include selftests/host-tests.mk
include selftests/fuzz/fuzz.mk
include selftests/board/board.mk

##@ Building

.PHONY: all
all: $(LAYERCTL) ## build layerctl into build/

.PHONY: module
module: ## build mtdlayer.ko for the kernel in KDIR (default: the running one)
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) modules

.PHONY: freestanding
freestanding: $(FREESTANDING) ## build the core for boot loaders into build/freestanding/

.PHONY: install
install: $(LAYERCTL) ## install layerctl and its man page below PREFIX (and DESTDIR)
	install -D -m 755 $(LAYERCTL) $(DESTDIR)$(PREFIX)/sbin/layerctl
	install -D -m 644 Documentation/layerctl.8 $(DESTDIR)$(PREFIX)/share/man/man8/layerctl.8

.PHONY: module-install
module-install: ## install mtdlayer.ko for the kernel in KDIR
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

.PHONY: packages
packages: ## install the Debian packages that building, tests and demo need
	$(Q)selftests/install-packages

##@ Watching and proving

.PHONY: demo
demo: packages ## a board in QEMU takes an upgrade, on real software
	$(Q)selftests/demo/run

.PHONY: check
check: packages ## everything that CI runs; ends with "N passed, N failed"
	$(Q)selftests/check

.PHONY: bench
bench: packages ## measure: flash operations, reads, attach beside UBI, kernel memory
	$(Q)selftests/bench/run

##@ Parts of check

.PHONY: check-guest
check-guest: packages ## the tests that need a kernel, in QEMU (FLAVOUR=debian-amd64)
	$(Q)selftests/kernel/guest $(or $(FLAVOUR),debian-amd64)

.PHONY: check-static
check-static: packages ## sparse, W=1, checkpatch --strict and shellcheck over the tree
	$(Q)selftests/static/run

.PHONY: check-docs
check-docs: packages ## the documents against the code: format, ABI, binding, netlink, man page
	$(Q)selftests/docs/run

##@ Tidying

.PHONY: clean
clean: ## remove build/ and what module builds left (the cache stays)
	rm -rf build
	$(Q)find kmod Kbuild Module.symvers modules.order .Module.symvers.cmd .modules.order.cmd \
		\( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name 'modules.order' -o -name 'Module.symvers' -o -name '.*.d' \) \
		-delete 2>/dev/null || true

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "V=1 shows commands.  Kernels, packages and inputs are cached outside the checkout,"
	@echo "in MTDLAYER_CACHE (default: ~/.cache/mtdlayer)."

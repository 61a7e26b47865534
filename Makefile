# SPDX-License-Identifier: GPL-2.0-or-later
#
# The front door. Everything behind it is in tests/guest; the module alone is
# built by Kbuild, the user space alone by meson. `make help` lists what there is.

.PHONY: help demo bench check check-debug check-newcomer guest guest-run clean

help:
	@echo 'make demo            a confined container gets a bound report in a booted guest, verified here'
	@echo '                     USER_DATA=hex KERNEL=6.12|latest TEE=snp|tdx|se'
	@echo '                     SEV-SNP: PRODUCT=Milan|Genoa|Turin REPORT_VERSION=2|3|5'
	@echo '                     TDX:     PRODUCT=SPR|EMR|GNR QUOTE_VERSION=4|5'
	@echo '                     IBM Z:   KERNEL=6.12|6.1 REQUEST=file (pvattest exchange format)'
	@echo 'make bench           how fast it is, beside the stock driver: build/bench.json'
	@echo 'make check           every test; the last line is the result'
	@echo 'make guest           a shell in the same guest'
	@echo "                     RUN='command' SHARE=dir KERNEL=6.1|6.12|latest TEE=snp|tdx|none SMP=n MEM=MiB"
	@echo '                     with RUN: its output, and its status as that of make'
	@echo 'make check-debug     the kernel tests on a kernel with KASAN, lockdep and kmemleak'
	@echo 'make check-newcomer  make demo in Debian 12 and 13 roots that hold only apt, git and make'
	@echo 'make clean           remove build/ (the cache stays, in $$XDG_CACHE_HOME/teegate)'

demo:
	@tests/guest/demo

bench:
	@tests/bench/bench

check:
	@tests/guest/check

check-debug:
	@tests/guest/check-debug

check-newcomer:
	@tests/guest/check-newcomer

# After it make ends with the command's own status, and not with 2 for any but 0: GNU make does so
# by a plugin only (tests/guest/make-status.c), which the first command builds. Without it the last
# line is what is left. The number in the file's name is that of this make.
LAB_GUEST ?= tests/guest/guest
status_file = build/status.$(shell echo $$PPID)

guest: guest-run
	$(eval status := $(shell cat $(status_file) 2>/dev/null; rm -f $(status_file)))$(eval \
	-load build/make_status.so)$(end-with $(status))
	@exit $(status)

guest-run:
	@mkdir -p build
	@$(LAB_GUEST); status=$$?; echo $$status >build/status.$$PPID || exit $$status

clean:
	rm -rf build

# Variables of the command line reach the scripts through the environment. RUN is for the guest's
# shell: make must not expand it.
ifneq ($(origin RUN),undefined)
override RUN := $(value RUN)
export RUN
endif

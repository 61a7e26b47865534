# SPDX-License-Identifier: GPL-2.0-or-later
#
# The front door. Everything behind it is in tests/guest; the module alone is
# built by Kbuild, the user space alone by meson. `make help` lists what there is.

.PHONY: help demo bench check check-debug check-newcomer guest clean

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
	@echo '                     (make itself ends with 2 for any failure; tests/guest/guest with the status)'
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

guest:
	@tests/guest/guest

clean:
	rm -rf build

# Variables of the command line reach the scripts through the environment. RUN is for the guest's
# shell: make must not expand it.
ifneq ($(origin RUN),undefined)
override RUN := $(value RUN)
export RUN
endif

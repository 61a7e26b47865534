# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# The machine that the lab itself runs on. See arch.sh.

declare -gA ARCH_RELEASES=(
	[6.1]='6\.1\.0-[0-9]+-amd64'
	[6.12]='6\.12\.[0-9]+\+deb13-amd64'
	[latest]='[0-9.]+\+deb13-amd64'
)
ARCH_SUFFIX=
ARCH_MAKE=()
ARCH_CC=gcc
ARCH_STRIP=strip
ARCH_FIRMWARE=tests/firmware
ARCH_FIRMWARES=(teegate_softfw.ko tdx/teegate_softtdx.ko pretend/teegate_pretend.ko
	sgx/teegate_standin_sgx.ko)
ARCH_TESTS=''
# Without what says that string instructions are fast: kernel and C library then copy and clear by
# bytes, which in an emulator is what costs most of all.
ARCH_QEMU=(qemu-system-x86_64 -accel 'tcg,thread=multi'
	-cpu 'max,la57=off,erms=off,fsrm=off,fsrs=off,fzrm=off')
# Mitigations are for processors that run ahead, and an emulated one pays most for jumps that it cannot
# know beforehand.
# Where software firmware has its pages (SNP: secrets; TDX: mailbox and event log): outside System
# RAM, see tests/firmware.
# shellcheck disable=SC2016
ARCH_WORDS='console=ttyS0 memmap=64K$0x1f000000 mitigations=off'
ARCH_MODULES=(arch/x86/crypto arch/x86/virt drivers/crypto/ccp drivers/virt)
ARCH_BIN=/usr/bin
ARCH_LDD=(ldd)

arch_apt() {
	our_apt
}

arch_root() {
	open_root
	ARCH_ROOT=$ROOT ARCH_ROOT_ENTRY=$LAB_ROOT_ENTRY
}

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
# know beforehand. The kernel's tests of its own algorithms are in every boot, and again whenever one is
# made for a module: they are not what is tested here. What teegate knows for itself it always tests.
# Where software firmware has its pages (SNP: secrets; TDX: mailbox and event log): outside System
# RAM, see tests/firmware.
# shellcheck disable=SC2016
ARCH_WORDS='console=ttyS0 memmap=64K$0x1f000000 mitigations=off cryptomgr.notests'
ARCH_MODULES=(arch/x86/crypto arch/x86/virt drivers/crypto/ccp drivers/virt)
ARCH_BIN=/usr/bin
ARCH_LDD=(ldd)

arch_apt() {
	our_apt
}

# Its header says where in it the kernel is (Documentation/arch/x86/boot.rst: payload_offset), and how
# long that is when uncompressed follows it. QEMU boots what has an entry for PVH, note 18 of "Xen".
arch_vmlinux() {
	local image=$1 out=$2 sectors offset length start by

	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
	read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$image")
	start=$(((sectors + 1) * 512 + offset))
	case $(od -An -tx4 -j "$start" -N 4 "$image") in
	' 587a37fd')	by=xz ;;
	' fd2fb528')	by=zstd ;;
	*)		by=false ;;
	esac
	dd if="$image" iflag=skip_bytes,count_bytes skip="$start" count=$((length - 4)) status=none |
		in_root "$by" -dc >"$out" &&
	[ "$(stat -c %s "$out")" -eq "$(od -An -tu4 -j $((start + length - 4)) -N 4 "$image")" ] &&
	in_root readelf -n "$(inside "$out")" | grep 'Xen.*type: (0x0*12)' >/dev/null && return
	say "cannot uncompress this kernel: each guest will do it, in seconds of its own"
	return 1
}

arch_root() {
	open_root
	ARCH_ROOT=$ROOT ARCH_ROOT_ENTRY=$LAB_ROOT_ENTRY
}

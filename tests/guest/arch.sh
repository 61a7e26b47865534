# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The machines that a guest of the lab can be. Each has a file in arch/ with Debian's name for it,
# which says by variables and functions of these names what is its own; nothing else asks which
# machine it is.
#
#   ARCH_RELEASES     for each KERNEL= value what its releases look like
#   ARCH_SUFFIX       how folders below build/ end that are for this machine
#   ARCH_MAKE         arguments of make that builds a module for it
#   ARCH_CC           the C compiler for it
#   ARCH_STRIP        what takes debugging information out of a module for it
#   ARCH_FIRMWARE     where its software firmwares are made,
#   ARCH_FIRMWARES    and their modules there
#   ARCH_TESTS        a folder with modules of the kernel tests, or empty
#   ARCH_QEMU         what it is emulated by
#   ARCH_WORDS        what its kernel must be told
#   ARCH_MODULES      parts of /lib/modules that it has and others have not
#   ARCH_BIN          where busybox, kmod and shells for it are in ARCH_ROOT
#   ARCH_LDD          lists the libraries of one of its programs
#   arch_vmlinux IMAGE FILE  the kernel in IMAGE, uncompressed, if QEMU can boot that; else false
#   arch_apt          point APT_CONFIG at a view of the archive that has its packages
#   arch_root         mount the root where things for it are built: set ARCH_ROOT, and
#                     ARCH_ROOT_ENTRY, where in the cache that is
#
# The last two are false, and a reason is in REPLY, when the archive has not what they need or when
# its signatures are not good.

# pick_arch NAME: it becomes the machine that all else is about.
pick_arch() {
	[ "${ARCH:-}" != "$1" ] || return 0
	ARCH=$1
	. "$LAB/arch/$1.sh"
}

# in_arch_root CMD...: run where things for this machine are built.
in_arch_root() {
	ROOT=$ARCH_ROOT in_root "$@"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Linux sources from Debian's linux-source-6.12 package: the debug kernel of
# `make check-debug`, and the few files of it that `make check` needs. Both are
# cache entries; the debug kernel takes about 20 minutes of two cores to make.

# source_version: the version of the package, which is part of the keys.
source_version() {
	apt-cache policy linux-source-6.12 | sed -n 's/^  Candidate: //p'
}

# unpack_source DIR [PATTERN...]: the source tree, or only these files of it, into DIR/linux.
unpack_source() {
	local dir=$1 deb

	shift
	mkdir -p "$dir/deb" "$dir/linux"
	(cd "$dir/deb" && run_logged linux-source apt-get download linux-source-6.12) || return
	deb=$(echo "$dir"/deb/*.deb)
	dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' \
		>"$dir/deb/linux.tar.xz" || return
	in_root tar -xJf "$(inside "$dir")/deb/linux.tar.xz" --strip-components=1 \
		-C "$(inside "$dir")/linux" --wildcards "$@" || return
	rm -rf "$dir/deb"
}

# kernel_tools: set REPLY to a folder with checkpatch.pl, kselftest headers and the like.
kernel_tools() {
	our_apt
	open_root
	cached linux-tools "$(hash_of - <<<"$(source_version) $(declare -f make_kernel_tools)")" \
		make_kernel_tools
}

make_kernel_tools() {
	say "taking checkpatch, kselftest headers and ynl out of linux-source-6.12"
	unpack_source "$1" '*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch' '*/tools/testing/selftests/kselftest.h' \
		'*/tools/testing/selftests/kselftest_harness.h' '*/tools/testing/selftests/lib.mk' \
		'*/tools/net/ynl/*.py' '*/Documentation/netlink/genetlink*.yaml'
}

# debug_kernel: like kernel(): set KVER and KDIR; KDIR/headers is the tree to build modules with.
debug_kernel() {
	local key

	our_apt
	open_root
	key=$(hash_of "$LAB/debug-kernel.config" - <<<"$(source_version) $(declare -f make_debug_kernel)")
	cached debug-kernels "$key" make_debug_kernel
	KDIR=$REPLY
	KVER=$(<"$KDIR/release")
}

make_debug_kernel() {
	local dir=$1 in want

	in=$(inside "$dir")
	say "unpacking linux-source-6.12 for the debug kernel"
	unpack_source "$dir" || return
	cp "$LAB/debug-kernel.config" "$dir/fragment"
	run_logged debug-config in_root make -C "$in/linux" KCONFIG_ALLCONFIG="$in/fragment" \
		LOCALVERSION=-teegate-debug allnoconfig || return
	want=$(grep '^CONFIG_' "$dir/fragment" | grep -vxF -f "$dir/linux/.config" || :)
	[ -z "$want" ] || { say "lost in Kconfig:" $want; return 1; }
	say "building the debug kernel (about 20 minutes, kept for later)"
	run_logged debug-kernel in_root nice make -C "$in/linux" -j"$(nproc)" \
		LOCALVERSION=-teegate-debug bzImage modules || return
	in_root make -s -C "$in/linux" LOCALVERSION=-teegate-debug INSTALL_MOD_PATH="$in" \
		modules_install kernelrelease | tail -n 1 >"$dir/release" || return
	cp "$dir/linux/arch/x86/boot/bzImage" "$dir/vmlinuz" &&
	cp "$dir/linux/.config" "$dir/config" || return
	rm -f "$dir"/lib/modules/*/{build,source}
	keep_headers "$dir/linux" "$dir/headers" && rm -rf "$dir/linux"
}

# keep_headers TREE DIR: of a built tree keep what building a module outside it needs.
keep_headers() {
	mkdir -p "$2"
	(cd "$1" && find . \( -path ./scripts -o -path ./include -o -path ./arch/x86/include \
		-o -path ./tools/objtool/objtool -o -name 'Makefile*' -o -name 'Kbuild*' \
		-o -path ./.config -o -path ./Module.symvers \) ! -name '*.o' ! -name '*.cmd' -print0 |
		tar -c --null -T - ) | tar -x -C "$2"
}

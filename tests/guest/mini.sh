# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Mini guests: one Debian kernel, a hand-made initramfs and one script run as
# root. Up in seconds, with no disk and no services: for tests of the kernel's
# side. The real Debian guest is in image.sh.

# Parts of /lib/modules that a test may need on any machine, under kernel/.
MINI_MODULES=(
	crypto lib drivers/virtio fs/9p fs/netfs fs/configfs net/9p drivers/char/virtio_console.ko
	drivers/char/hw_random fs/fscache drivers/block/virtio_blk.ko fs/ext4 fs/jbd2 fs/mbcache.ko
)

# mini_base: set REPLY to a tree with busybox, kmod and the modules of kernel KVER at KDIR.
mini_base() {
	arch_root || die "$REPLY"
	cached mini "$KVER-$(hash_of "$LAB/mini.sh" "$LAB/arch/$ARCH.sh" - <<<"$KDIR $ARCH_ROOT_ENTRY")" \
		make_mini_base
}

make_mini_base() {
	local dir=$1 f

	mkdir -p "$dir"/{bin,sbin,dev,proc,sys,tmp,run,etc,lab,root,mnt/share,lib/firmware/teegate} \
		"$dir/usr/bin" "$dir/lib/modules/$KVER/kernel"
	(cd "$KDIR/lib/modules/$KVER/kernel" &&
		for f in "${MINI_MODULES[@]}" "${ARCH_MODULES[@]}"; do
			find . \( -path "./$f" -o -path "./$f.xz" -o -path "./$f.zst" \) -print0
		done | tar -c --exclude='test_*' --exclude='tcrypt.*' --null -T -) |
		tar -x -C "$dir/lib/modules/$KVER/kernel" || return
	# The same files unpacked: a guest that loads them a hundred times unpacks them as often.
	in_root find "$(inside "$dir")/lib/modules" -name '*.ko.xz' -exec xz -d {} + || return
	cp "$KDIR/lib/modules/$KVER"/modules.{order,builtin,builtin.modinfo} \
		"$dir/lib/modules/$KVER/" || return
	cp "$ARCH_ROOT$ARCH_BIN/busybox" "$dir/bin/" || return
	# Not busybox's shell: it would prefer its own modprobe to the real one.
	copy_with_libraries "$dir" $ARCH_BIN/dash /bin/sh || return
	copy_with_libraries "$dir" $ARCH_BIN/bash /bin/bash || return
	copy_with_libraries "$dir" $ARCH_BIN/kmod /bin/kmod || return
	for f in insmod rmmod lsmod modinfo depmod; do
		ln -s ../bin/kmod "$dir/sbin/$f"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$dir/etc/passwd"
	printf 'root:x:0:\n' >"$dir/etc/group"
}

# copy_with_libraries TREE FILE DEST: FILE as the root for this machine sees it; a dynamic
# program brings its libraries.
copy_with_libraries() {
	local tree=$1 file=$2 dest=$3 lib

	mkdir -p "$tree/$(dirname "$dest")"
	in_arch_root test -e "$file" || { say "mini: no $file"; return 1; }
	if in_arch_root test -d "$file"; then
		in_arch_root tar -C "$file" -c . | { mkdir -p "$tree/$dest" && tar -x -C "$tree/$dest"; }
		return
	fi
	in_arch_root cat "$file" >"$tree/$dest"
	in_arch_root test ! -x "$file" || chmod 755 "$tree/$dest"
	for lib in $(in_arch_root "${ARCH_LDD[@]}" "$file" 2>/dev/null | grep -o '/[^ ]*' || :); do
		[ -e "$tree/$lib" ] && continue
		mkdir -p "$tree/$(dirname "$lib")"
		cp -L "$ARCH_ROOT/$lib" "$tree/$lib"
	done
}

# mini_initrd TREE FILE: pack it.
mini_initrd() {
	in_root depmod -b "/build/${1#"$BUILD"/}" "$KVER" &&
	in_root sh -c 'cd "$1" && find . | cpio -o -H newc --quiet >"$2"' - \
		"/build/${1#"$BUILD"/}" "/build/${2#"$BUILD"/}"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The real Debian 13 guest: systemd as init, podman, the project as `meson
# install` and DKMS leave it, and the stock driver. What is ours besides lies in
# /usr/lib/teegate-lab and in two units. The machine below it, that is the
# software firmware, is set up by its initramfs before systemd starts.

# Modules that no virtual machine of ours has a device for; most of the size.
IMAGE_NO_MODULES=(
	kernel/sound kernel/drivers/{gpu,media,infiniband,staging,iio,hwmon,isdn,mtd,usb}
	kernel/drivers/{ata,target,nvme,firewire,message,mmc,memstick,power,pcmcia,parport,thunderbolt}
	kernel/drivers/net/{wireless,ethernet,can} kernel/drivers/{input,video,leds,comedi}
	kernel/arch/x86/kvm kernel/drivers/{i2c,block/floppy.ko.xz}
	kernel/fs/{xfs,btrfs,ocfs2,gfs2,nfsd,smb,ceph,afs,f2fs,bcachefs} kernel/net/{bluetooth,mac80211}
)

# guest_image: set REPLY to a disk image of KVER with everything installed. Jobs that want the same one
# at the same time wait for each other. Its module is built in one place for all of them, for what is
# built elsewhere is another file, and so would be the image.
guest_image() {
	local dir=$BUILD/image/$KVER module key

	mkdir -p "$BUILD/image"
	exec 9>"$dir.lock"
	flock 9
	if [ -z "${LAB_PREPARED:-}" ]; then
		say "building user space and the module for $KVER"
		build_user && build_modules || die "the build failed"
	fi
	build_dkms image || die "dkms build failed"
	module=$REPLY
	guest_root
	key=$(image_state "$module" "$REPLY" | hash_of -)
	if [ "$(cat "$dir/key" 2>/dev/null)" != "$key" ]; then
		say "making the guest's disk (Debian 13, kernel $KVER)"
		rm -rf "$dir"
		mkdir -p "$dir"
		fill_image "$REPLY" "$module" "$dir/tree" || die "cannot make the guest's disk"
		rm -f "$dir/disk"
		in_root mke2fs -q -t ext4 -O '^has_journal,^metadata_csum' -m 0 -L teegate \
			-d "/build/image/$KVER/tree" "/build/image/$KVER/disk" 3G
		rm -rf "$dir/tree"
		echo "$key" >"$dir/key"
	fi
	exec 9>&-
	REPLY=$dir/disk
}

# Everything an image is made of, as text.
image_state() {
	echo "$2 $KDIR"
	cat "$LAB/image.sh" "$1"
	find "$LAB/image" -type f -exec cat {} +
	DESTDIR='' in_root meson introspect --installed /build/user
	find "$BUILD/user" -type f \( -name '*.so*' -o -perm -u+x \) ! -path '*/meson-*' \
		! -path '*/tests/*' -exec sha256sum {} + | sort
	find "$SRC/daemon" "$SRC/doc" "$SRC/roots" -type f -exec sha256sum {} + | sort
}

# Units are masked that have nothing to do in a machine without screen, network, firmware of its own and
# anything to remember, and yet take a second in every boot; and timers, which come when nobody expects it.
fill_image() {
	local root=$1 module=$2 tree=$3 in=/build/${3#"$BUILD"/} d

	cp -a "$root" "$tree" || return
	mkdir -p "$tree/usr/lib/modules"
	cp -a "$KDIR/lib/modules/$KVER" "$tree/usr/lib/modules/" || return
	for d in "${IMAGE_NO_MODULES[@]}"; do
		rm -rf "$tree/usr/lib/modules/$KVER/$d"
	done
	mkdir -p "$tree/usr/lib/modules/$KVER/updates/dkms"
	cp "$module" "$tree/usr/lib/modules/$KVER/updates/dkms/" || return
	in_root depmod -b "$in/usr" "$KVER" 2>/dev/null || in_root depmod -b "$in" "$KVER" || return
	run_logged "install" in_root env DESTDIR="$in" meson install -C /build/user --no-rebuild ||
		return
	cp -a "$LAB/image/." "$tree/" || return
	cp "$ROOT/usr/bin/busybox" "$tree/usr/lib/teegate-lab/busybox" || return
	mkdir -p "$tree/mnt/share" "$tree/lib/firmware/teegate"
	echo teegate >"$tree/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 teegate\n' >"$tree/etc/hosts"
	mount -t proc proc "$tree/proc" || return
	run_logged sysusers chroot "$tree" systemd-sysusers || return
	chroot "$tree" /bin/sh -e <<-'X' || return
	passwd -q -d root
	ldconfig
	systemd-machine-id-setup >/dev/null 2>&1
	systemctl -q mask systemd-timesyncd systemd-networkd-wait-online apt-daily.timer \
		apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
	systemctl -q mask getty@tty1 netavark-dhcp-proxy.socket netavark-dhcp-proxy systemd-binfmt \
		proc-sys-fs-binfmt_misc.automount systemd-random-seed systemd-pstore modprobe@efi_pstore \
		modprobe@drm systemd-udev-load-credentials dev-hugepages.mount sys-kernel-tracing.mount
	touch /etc/.updated /var/.updated
	systemctl -q enable lab-run.service
	[ ! -e /usr/lib/systemd/system/teegated.socket ] || systemctl -q enable teegated.socket
	[ ! -e /usr/lib/systemd/system/teegated.service ] ||
		systemctl -q enable teegated.service 2>/dev/null || :
	X
	chroot "$tree" /bin/bash /usr/lib/teegate-lab/setup || return
	umount "$tree/proc" || return
	! find "$tree" -name 'mok.*' | grep .
}

# image_initrd DIR: an initramfs that puts the platform in DIR/chip under the guest and starts its
# init.
# DIR/command, if there, is what lab-run.service runs.
image_initrd() {
	local dir=$1 f

	mini_base
	cp -a "$REPLY" "$dir/tree"
	cp "$LAB/image-init" "$dir/tree/init"
	chmod 755 "$dir/tree/init"
	mkdir -p "$dir/tree/lib/modules/$KVER/updates"
	[ -z "$TEE_MODULE" ] ||
		cp "$BUILD/modules/$KVER/$TEE_MODULE.ko" "$dir/tree/lib/modules/$KVER/updates/"
	for f in "${TEE_FIRMWARE[@]}"; do
		cp "$dir/chip/$f" "$dir/tree/lib/firmware/teegate/" || return
	done
	echo "$TEE_MODULE" >"$dir/tree/lab/firmware"
	[ ! -e "$dir/command" ] || cp "$dir/command" "$dir/tree/lab/command"
	mini_initrd "$dir/tree" "$dir/initrd"
	rm -rf "$dir/tree"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The roots and kernels of the lab: which packages they hold, and under which
# key the cache keeps them. A key is a hash over the resolved package versions
# and over the recipe, so a new state of the archive makes a new entry.

BUILD_PACKAGES=(
	build-essential gcc-12 gcc-14 gcc-multilib ccache bc flex bison libelf-dev libssl-dev rsync
	meson ninja-build pkg-config libsystemd-dev libinih-dev libcbor-dev libcmocka-dev
	libseccomp-dev libnl-genl-3-dev libudev-dev libjson-c-dev libcap-dev
	python3 python3-cryptography python3-cbor2 python3-yaml python3-jsonschema openssl
	sparse dkms kmod cpio xz-utils zstd e2fsprogs busybox-static qemu-system-x86 qemu-system-s390x
	systemd man-db mandoc valgrind git perl file apparmor
	libtss2-dev libcurl4-openssl-dev libjose-dev libcryptsetup-dev swtpm swtpm-tools tpm2-tools cryptsetup-bin
)

GUEST_PACKAGES=(
	systemd systemd-sysv dbus dbus-user-session libpam-systemd udev kmod
	podman crun runc uidmap passwd login
	libsystemd0 libinih1 libcbor0.10 libssl3t64 libseccomp2 libudev1 libnl-genl-3-200 libjson-c5
	libtss2-esys-3.0.2-0t64 libtss2-tctildr0t64 libtss2-mu-4.0.1-0t64 libtss2-rc0t64 libcurl4t64 libjose0
	cryptsetup-bin tpm2-tools python3-cryptography
	iproute2 procps less strace python3-minimal libpython3-stdlib
)

KERNELS=(6.1 6.12 latest)

# kernel_release NAME: the newest release of that series, e.g. 6.12.117+deb13-amd64.
kernel_release() {
	local p

	[ -n "${ARCH_RELEASES[$1]:-}" ] ||
		die "KERNEL=$1: must be one of: $(printf '%s\n' "${!ARCH_RELEASES[@]}" | sort -V | xargs)"
	p=$(newest "linux-headers-${ARCH_RELEASES[$1]}")
	[ -n "$p" ] || die "the archive has no kernel for KERNEL=$1 on $ARCH that verifies"
	echo "${p#linux-headers-}"
}

join() {
	local IFS=,

	echo "$*"
}

build_root() {
	local k packages resolved

	our_apt
	packages=("${BUILD_PACKAGES[@]}")
	for k in "${KERNELS[@]}"; do
		packages+=("linux-headers-$(pick_arch amd64; kernel_release "$k")")
	done
	resolved=$(resolve "${packages[@]}") || die "the archive cannot satisfy the build root"
	packages=("$(join "${packages[@]}")")
	cached roots "build-$(hash_of - <<<"$(declare -f make_root) $resolved $packages")" \
		make_build_root "${packages[0]}"
}

make_build_root() {
	say "making the build root (Debian 13; one to two minutes, kept for later)"
	make_root build "$1" "$2"
}

guest_root() {
	local resolved

	our_apt
	resolved=$(resolve "${GUEST_PACKAGES[@]}") || die "the archive cannot satisfy the guest"
	cached roots "guest-$(hash_of - <<<"$(declare -f make_root) $resolved ${GUEST_PACKAGES[*]}")" \
		make_guest_root "$(join "${GUEST_PACKAGES[@]}")"
}

make_guest_root() {
	say "making the guest's root (Debian 13 with systemd and podman; kept for later)"
	make_root guest "$1" "$2"
}

# has_kernel NAME: whether the archive has it for this machine, else false and a reason in REPLY.
has_kernel() {
	arch_apt || return
	REPLY="the archive has no kernel $1 for $ARCH whose index verifies"
	[ -n "$(newest "linux-headers-${ARCH_RELEASES[$1]}")" ]
}

# kernel NAME: set KVER and KDIR (vmlinuz, vmlinux, config, lib/modules/KVER) for a KERNEL= value.
kernel() {
	local version

	open_root
	arch_apt || die "$REPLY"
	KVER=$(kernel_release "$1")
	version=$(apt-cache policy "linux-image-$KVER:$ARCH" | sed -n 's/^  Candidate: //p')
	cached kernels "$KVER-$(hash_of - <<<"$version $(declare -f make_kernel arch_vmlinux)")" \
		make_kernel "$KVER"
	KDIR=$REPLY
}

# boot_file: set REPLY to the file of KDIR that QEMU boots, as the build root sees it. An emulated
# processor is slow at uncompressing: it would be one to three seconds of ours in every boot.
boot_file() {
	REPLY=$KDIR/vmlinux
	[ -e "$REPLY" ] || REPLY=$KDIR/vmlinuz
	REPLY=$(inside "$REPLY")
}

# Newer kernels are split over several packages; take those that exist.
make_kernel() {
	local kver=$1 dir=$2 p packages=()

	say "fetching kernel $kver"
	for p in image binary modules base; do
		apt-cache show "linux-$p-$kver:$ARCH" >/dev/null 2>&1 &&
			packages+=("linux-$p-$kver:$ARCH")
	done
	mkdir "$dir/debs" "$dir/x"
	(cd "$dir/debs" && run_logged "kernel-$kver" apt-get download "${packages[@]}") || return
	for p in "$dir"/debs/*.deb; do
		dpkg-deb -x "$p" "$dir/x" || return
	done
	mkdir -p "$dir/lib/modules"
	for p in "$dir/x/usr/lib/modules/$kver" "$dir/x/lib/modules/$kver"; do
		[ ! -d "$p" ] || mv "$p" "$dir/lib/modules/" || return
	done
	for p in vmlinuz config; do
		mv "$dir/x/boot/$p-$kver" "$dir/$p" 2>/dev/null ||
			mv "$dir/lib/modules/$kver/$p" "$dir/$p" || return
	done
	arch_vmlinux "$dir/vmlinuz" "$dir/vmlinux" || rm -f "$dir/vmlinux"
	rm -rf "$dir/debs" "$dir/x" "$dir/lib/modules/$kver"/{build,source,vdso}
	in_root depmod -b "$(inside "$dir")" "$kver"
}

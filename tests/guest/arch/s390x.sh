# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# IBM Z. Nothing of it runs here but by emulation, so all is cross-compiled, in a root of its own:
# Debian 12 with libraries of both architectures, the headers of the guests' kernels, and the few
# programs that a guest starts with. Its view of the archive is its own, too: an index that does not
# verify must cost what needs it and nothing else. Suites after bookworm-backports are left out:
# theirs for s390x did not match the signed Release files when last tried (November 2026). See
# arch.sh.

declare -gA ARCH_RELEASES=(
	[6.1]='6\.1\.0-[0-9]+-s390x'
	[6.12]='6\.12\.[0-9]+\+deb12-s390x'
)
ARCH_SUFFIX=-s390x
ARCH_MAKE=(ARCH=s390 CROSS_COMPILE=s390x-linux-gnu- CC=s390x-linux-gnu-gcc-12)
ARCH_CC=s390x-linux-gnu-gcc
ARCH_STRIP=s390x-linux-gnu-strip
ARCH_FIRMWARE=tests/firmware/uv
ARCH_FIRMWARES=(teegate_softuv.ko)
ARCH_TESTS=tests/kselftest/uvroot
ARCH_QEMU=(qemu-system-s390x -M s390-ccw-virtio -accel tcg -cpu max)
ARCH_WORDS='console=ttysclp0 mitigations=off cryptomgr.notests'
ARCH_MODULES=(arch/s390/crypto drivers/s390/char/uvdevice.ko)
ARCH_BIN=/programs/bin
ARCH_LDD=(qemu-s390x-static /lib/ld64.so.1 --list)

S390X_PACKAGES=(
	gcc-s390x-linux-gnu gcc-12-s390x-linux-gnu ccache make rsync sparse libelf1
	qemu-user-static meson ninja-build pkg-config python3 python3-cryptography openssl
	{libc6-dev,libcbor-dev,libssl-dev,libjson-c-dev,libcmocka-dev,libubsan1}:s390x
	{liblzma5,libzstd1,libtinfo6}:s390x
)
# Two of a name cannot be installed, so these are only unpacked.
S390X_PROGRAMS=({busybox-static,kmod,dash,bash}:s390x)

S390X_APT=$CACHE/apt-s390x

arch_apt() {
	our_apt
	export APT_CONFIG=$S390X_APT/apt.conf
	if [ -z "${LAB_S390X_APT_READY:-}" ]; then
		s390x_view
		run_logged apt-lists-s390x apt-get -o APT::Update::Error-Mode=any update || :
		export LAB_S390X_APT_READY=1
	fi
	REPLY="the archive's lists for s390x cannot be fetched or do not verify"
	compgen -G "$S390X_APT/lists/*_bookworm_*binary-s390x_Packages*" >/dev/null
}

# Updates of the oldest suite come for some architectures only, and both must be the same.
s390x_view() {
	mkdir -p "$S390X_APT"/{archives,lists}/partial
	sed -n 's/\[\(.* bookworm main\)$/[arch=amd64,s390x \1/p' "$OUR_APT/sources.list" \
		>"$S390X_APT/root.list"
	sed 'p; s/ bookworm main$/ bookworm-backports main/' "$S390X_APT/root.list" \
		>"$S390X_APT/sources.list"
	: >"$S390X_APT/status"
	sed -e "s,\"$OUR_APT,\"$S390X_APT,g" \
		-e 's/^APT::Architectures .*/APT::Architectures { "amd64"; "s390x"; };/' \
		"$OUR_APT/apt.conf" >"$S390X_APT/apt.conf"
}

# What QEMU boots sets the machine up before it uncompresses the kernel, and is needed for that.
arch_vmlinux() {
	false
}

# s390x_headers: the packages to build modules with, for each kernel that there is.
s390x_headers() {
	local k kver

	for k in "${!ARCH_RELEASES[@]}"; do
		kver=$(newest "linux-headers-${ARCH_RELEASES[$k]}")
		kver=${kver#linux-headers-}
		case $kver in
		'')	;;
		6.1.*)	echo "linux-headers-$kver:s390x linux-headers-${kver%-s390x}-common linux-kbuild-6.1" ;;
		*)	echo "linux-headers-$kver:s390x linux-headers-${kver%-s390x}-common linux-kbuild-${kver%-s390x}" ;;
		esac
	done
}

arch_root() {
	local resolved headers files

	if [ -z "${LAB_S390X_ROOT:-}" ]; then
		arch_apt || return
		headers=$(s390x_headers)
		# shellcheck disable=SC2086
		if ! resolved=$(resolve "${S390X_PACKAGES[@]}") ||
		   ! files=$(apt-get -qq download --print-uris "${S390X_PROGRAMS[@]}" $headers); then
			REPLY="the archive cannot satisfy the packages for s390x"
			return 1
		fi
		# Names with their versions, and checksums, not where they come from.
		files=$(awk '{ print $2, $4 }' <<<"$files")
		cached s390x "root-$(hash_of - <<<"$(declare -f make_s390x_root) $resolved $files")" \
			make_s390x_root "$headers"
		LAB_S390X_ROOT=$REPLY
		need mount
		mount_root "$LAB_S390X_ROOT" "$CACHE/mnt/s390x"
		export LAB_S390X_ROOT
	fi
	ARCH_ROOT=$CACHE/mnt/s390x ARCH_ROOT_ENTRY=$LAB_S390X_ROOT
}

make_s390x_root() {
	local headers=$1 dir=$2 c=var/cache/apt/archives p

	say "making the root for s390x (Debian 12; a minute or two, kept for later)"
	need mount mmdebstrap
	APT_CONFIG='' run_logged root-s390x mmdebstrap --mode=root --variant=apt \
		--architectures=amd64,s390x --format=directory \
		--skip=check/empty,download/empty,essential/unlink,cleanup/apt \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "3"' \
		$(apt_proxy | sed 's/.*/--aptopt=&/') --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook="mkdir -p \"\$1/$c/partial\" && mount --bind '$S390X_APT/archives' \"\$1/$c\"" \
		--customize-hook="umount \"\$1/$c\"" \
		--include="$(join "${S390X_PACKAGES[@]}")" bookworm "$dir" "$S390X_APT/root.list" ||
		return
	mkdir -p "$dir/src" "$dir/build" "$dir/cache" "$dir/programs" "$dir/debs"/{root,programs}
	# shellcheck disable=SC2086
	(cd "$dir/debs/root" && run_logged headers-s390x apt-get download $headers) &&
	(cd "$dir/debs/programs" &&
		run_logged programs-s390x apt-get download "${S390X_PROGRAMS[@]}") || return
	# Not by dpkg-deb -x: what is in /lib belongs where that link of the root leads.
	for p in "$dir"/debs/root/*.deb; do
		dpkg-deb --fsys-tarfile "$p" | tar -x --keep-directory-symlink -C "$dir" || return
	done
	for p in "$dir"/debs/programs/*.deb; do
		dpkg-deb -x "$p" "$dir/programs" || return
	done
	rm -rf "$dir"/var/lib/apt/lists/* "$dir"/etc/resolv.conf "$dir"/etc/hostname "$dir/debs"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The unit tests of the libraries on a big-endian machine, IBM Z: cross-compiled,
# run by qemu-user. This needs a root of its own, Debian 12 with libraries of two
# architectures, and a view of the archive of its own: an index that does not
# verify must cost these tests and nothing else.

S390X_PACKAGES=(
	gcc-s390x-linux-gnu qemu-user-static meson ninja-build pkg-config
	python3 python3-cryptography openssl
	{libc6-dev,libcbor-dev,libssl-dev,libjson-c-dev,libcmocka-dev,libubsan1}:s390x
)

# Those that run a program of the build; what else there is reads files of the source. Not here:
# test-libtee-open, because the emulator answers ENOSYS to ioctls that it does not know, where a
# kernel says ENOTTY; test-verify-snp and test-verify-evidence, which flip each bit and take many
# minutes of emulated RSA. What they share with TDX is tested there, with fewer flips.
S390X_TESTS=(
	test-{evidence,claims} test-libtee-{kernel,tdx}
	test-verify-{tdx,tdx-evidence} corpus-of-fuzz-{evidence,verify}
)

S390X_APT=$CACHE/apt-s390x

# s390x_apt: point APT_CONFIG at this view of the archive; false, and a reason in REPLY, if there is
# none whose signatures are good.
s390x_apt() {
	our_apt
	mkdir -p "$S390X_APT"/{archives,lists}/partial
	# Updates of the oldest suite come for some architectures only, and both must be the same.
	sed -n 's/\[\(.* bookworm main\)$/[arch=amd64,s390x \1/p' "$OUR_APT/sources.list" \
		>"$S390X_APT/sources.list"
	: >"$S390X_APT/status"
	sed -e "s,\"$OUR_APT,\"$S390X_APT,g" \
		-e 's/^APT::Architectures .*/APT::Architectures { "amd64"; "s390x"; };/' \
		"$OUR_APT/apt.conf" >"$S390X_APT/apt.conf"
	export APT_CONFIG=$S390X_APT/apt.conf
	REPLY=''
	run_logged apt-lists-s390x apt-get -o APT::Update::Error-Mode=any update ||
		compgen -G "$S390X_APT/lists/*binary-s390x_Packages*" >/dev/null ||
		REPLY="the archive's lists for s390x cannot be fetched or do not verify"
	[ -z "$REPLY" ]
}

# s390x_root: set REPLY to the root, or to a reason and be false.
s390x_root() {
	local resolved

	s390x_apt || return
	if ! resolved=$(resolve "${S390X_PACKAGES[@]}"); then
		REPLY="the archive cannot satisfy the packages for s390x"
		return 1
	fi
	cached s390x "root-$(hash_of - <<<"$(declare -f make_s390x_root) $resolved")" make_s390x_root
}

make_s390x_root() {
	local dir=$1 c=var/cache/apt/archives

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
		--include="$(join "${S390X_PACKAGES[@]}")" bookworm "$dir" "$S390X_APT/sources.list" ||
		return
	mkdir -p "$dir/src" "$dir/build" "$dir/cache"
	rm -rf "$dir"/var/lib/apt/lists/* "$dir"/etc/resolv.conf "$dir"/etc/hostname
}

# build_s390x: the libraries and their tests into build/user-s390x; ROOT is the root for it.
build_s390x() {
	if [ ! -e "$BUILD/user-s390x/build.ninja" ]; then
		run_logged meson-s390x in_root meson setup --cross-file /src/tests/guest/s390x/cross.ini \
			-Db_sanitize=undefined -D{libtee,verify,tests}=enabled \
			-D{broker,cli,daemon,man}=disabled /build/user-s390x /src || return
	fi
	run_logged ninja-s390x in_root ninja -C /build/user-s390x all meson-test-prereq
}

# What the libraries write on this machine and on that one.
same_bytes() {
	in_root /src/tests/guest/s390x/same-bytes /src /build/check/little-endian -- \
		qemu-s390x-static /build/user-s390x/tests/unit/ev-recode
}

s390x_cases() {
	local rc=0

	case_is unit-s390x/build build_s390x
	[ -e "$BUILD/user-s390x/tests/unit/ev-recode" ] || return
	in_root env CMOCKA_MESSAGE_OUTPUT=TAP UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		TEST_FLIP_STEP=211 \
		meson test -C /build/user-s390x --no-rebuild --num-processes 1 --timeout-multiplier 5 \
		"${S390X_TESTS[@]}" >"$BUILD/log/unit-s390x.log" 2>&1 || rc=$?
	in_root python3 /src/tests/guest/meson-tap /build/user-s390x/meson-logs/testlog.json |
		tap_results unit-s390x
	case_is unit-s390x/meson-test test "$rc" = 0
	case_is unit-s390x/evidence-is-the-same-bytes-as-on-x86 same_bytes
}

job_unit-s390x() {
	local why name

	in_root /src/tests/guest/s390x/same-bytes /src - -- /build/user/tests/unit/ev-recode \
		>"$BUILD/check/little-endian" || return
	if ! s390x_root; then
		why=$REPLY
		for name in $(expected_cases | grep '^unit-s390x/'); do
			result skip "$name" "$why"
		done
		return 0
	fi
	mount_root "$REPLY" "$CACHE/mnt/s390x"
	ROOT=$CACHE/mnt/s390x s390x_cases
}

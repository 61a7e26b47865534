# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# User space on a big-endian machine, IBM Z: cross-compiled (arch/s390x.sh says
# in what), its unit tests run by qemu-user, and teegatectl for the guests.

# Those that run a program of the build; what else there is reads files of the source. Not here:
# test-libtee-open, because the emulator answers ENOSYS to ioctls that it does not know, where a
# kernel says ENOTTY; test-verify-snp and test-verify-evidence, which flip each bit and take many
# minutes of emulated RSA. What they share with TDX is tested there, with fewer flips.
S390X_TESTS=(
	test-{evidence,claims,exchange} test-libtee-{kernel,se,secrets,tdx}
	test-verify-{se,se-evidence,tdx,tdx-evidence} corpus-of-fuzz-{evidence,verify}
)

# Kernels that Secure Execution is tried on: what the archive has for s390x.
S390X_KERNELS=(6.1 6.12)

# build_s390x: libraries, command and tests into build/user-s390x, and the daemon where there is the
# libsystemd that it needs, which Debian 12 has not.
build_s390x() {
	arch_root || return
	if [ ! -e "$BUILD/user-s390x/build.ninja" ]; then
		run_logged meson-s390x in_arch_root meson setup \
			--cross-file /src/tests/guest/s390x/cross.ini -Db_sanitize=undefined \
			-D{libtee,verify,cli,tests}=enabled -D{broker,daemon}=auto -Dman=disabled \
			/build/user-s390x /src || return
	fi
	run_logged ninja-s390x in_arch_root ninja -C /build/user-s390x all meson-test-prereq
}

# What the libraries write on this machine and on that one.
same_bytes() {
	in_arch_root /src/tests/guest/s390x/same-bytes /src /build/check/little-endian -- \
		qemu-s390x-static /build/user-s390x/tests/unit/ev-recode
}

s390x_cases() {
	local rc=0

	[ -e "$BUILD/user-s390x/tests/unit/ev-recode" ] || return
	in_arch_root env CMOCKA_MESSAGE_OUTPUT=TAP UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		TEST_FLIP_STEP=211 \
		meson test -C /build/user-s390x --no-rebuild --num-processes 1 --timeout-multiplier 30 \
		"${S390X_TESTS[@]}" >"$BUILD/log/unit-s390x.log" 2>&1 || rc=$?
	in_root python3 /src/tests/guest/meson-tap /build/user-s390x/meson-logs/testlog.json |
		tap_results unit-s390x
	case_is unit-s390x/meson-test test "$rc" = 0
	case_is unit-s390x/evidence-is-the-same-bytes-as-on-x86 same_bytes
}

job_unit-s390x() {
	in_root /src/tests/guest/s390x/same-bytes /src - -- /build/user/tests/unit/ev-recode \
		>"$BUILD/check/little-endian" || return
	on_s390x unit-s390x/ || return 0
	s390x_cases
}

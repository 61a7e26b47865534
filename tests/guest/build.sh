# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Building what is under test. Sources are only read: modules are built in
# copies, user space by meson beside the source, all of it under build/.

# build_modules: teegate.ko and the software firmwares for KVER into build/modules/KVER, as a system
# has them installed: without what only debuggers read, which is nearly all of a module, and read by
# the kernel with the rest each time that it is loaded. For debuggers they are where they were made.
build_modules() {
	local dir=build/modules/$KVER f

	mkdir -p "$SRC/$dir/src" "$SRC/$dir/firmware"
	copy_source "$dir/src" Kbuild dkms.conf kmod uapi || return
	copy_source "$dir/firmware" tests/firmware uapi || return
	run_logged "module-$KVER" make_modules "/$dir/src" || return
	run_logged "firmware-$KVER" make_modules "/$dir/firmware/$ARCH_FIRMWARE" || return
	for f in "${ARCH_FIRMWARES[@]/#/firmware/$ARCH_FIRMWARE/}" src/teegate.ko; do
		in_arch_root "$ARCH_STRIP" --strip-debug -o "/$dir/${f##*/}" "/$dir/$f" || return
	done
	[ -z "$ARCH_TESTS" ] || build_test_modules "$dir"
}

# Of code of the module, so with that beside them as in the source.
build_test_modules() {
	mkdir -p "$SRC/$1/tests"
	copy_source "$1/tests" "$ARCH_TESTS" kmod uapi || return
	run_logged "tests-$KVER" make_modules "/$1/tests/$ARCH_TESTS" || return
	cp "$SRC/$1/tests/$ARCH_TESTS"/*.ko "$SRC/$1/"
}

# make_modules DIR [ARGUMENT...]: those of this folder, for KVER. KHEADERS is the build tree of a
# kernel that has no header package.
make_modules() {
	local dir=$1

	shift
	arch_root && in_arch_root make -C "${KHEADERS:-/lib/modules/$KVER/build}" M="$dir" -j2 \
		"${ARCH_MAKE[@]}" CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules
}

# copy_source DIR PATH...: a copy to build in; times are kept, so that make sees what changed.
copy_source() {
	local dir=$1

	shift
	in_root sh -c 'cd /src && exec rsync -aR --delete "$@"' - "$@" "/$dir/"
}

# build_dkms NAME: `dkms build` for KVER, in build/dkms/NAME-KVER; set REPLY to the module it made. The
# key that DKMS would sign with is kept out: it must not be found in an image.
build_dkms() {
	local version tree=build/dkms/$1-$KVER

	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$SRC/dkms.conf")
	rm -rf "${SRC:?}/$tree"
	mkdir -p "$SRC/$tree/src/teegate-$version" "$SRC/$tree/tree"
	copy_source "$tree/src/teegate-$version" Kbuild dkms.conf kmod uapi || return
	run_logged "dkms-$1-$KVER" in_root dkms build --no-depmod -m teegate -v "$version" -k "$KVER" \
		--dkmstree "/$tree/tree" --sourcetree "/$tree/src" || return
	REPLY=$(find "$SRC/$tree/tree/teegate/$version/$KVER" -name 'teegate.ko*')
	[ -n "$REPLY" ]
}

# build_user [asan]: user space into build/user or build/user-asan.
build_user() {
	local dir=user${1:+-$1} options=()

	[ -z "${1:-}" ] || options=(-Db_sanitize=address,undefined)
	if [ ! -e "$BUILD/$dir/build.ninja" ]; then
		run_logged "meson-$dir" in_root meson setup --prefix=/usr --sysconfdir=/etc \
			--localstatedir=/var "${options[@]}" "/build/$dir" /src || return
	fi
	# Under sanitizers the tests run too, so make what they need.
	run_logged "ninja-$dir" in_root ninja -C "/build/$dir" all ${1:+meson-test-prereq}
}

# build_make_status: what lets `make guest` end with the status of a command, see there.
build_make_status() {
	[ ! "$BUILD/make_status.so" -nt "$LAB/make-status.c" ] || return 0
	run_logged make-status in_root cc -O2 -Wall -Wextra -shared -fPIC -nostdlib \
		-o /build/make_status.so /src/tests/guest/make-status.c
}

# build_kselftest: the kernel tests into build/kselftest, with the suffix of this machine.
build_kselftest() {
	local dir=kselftest$ARCH_SUFFIX

	mkdir -p "$BUILD/$dir"
	arch_root && run_logged "$dir" in_arch_root make -C /src/tests/kselftest O="/build/$dir" \
		CC="$ARCH_CC" -j2
}

# make_chip DIR: a new simulated chip with its keys and certificates.
make_chip() {
	mkdir -p "$1"
	run_logged chip in_root /src/tests/pki/make-chip "/build/${1#"$BUILD"/}" \
		--product "${PRODUCT:-Milan}" --report-version "${REPORT_VERSION:-3}"
}

# make_td DIR: a new simulated TDX platform. TD_BODY is the body of its quotes, 1.0 or 1.5; by itself
# the one that goes with their version.
make_td() {
	mkdir -p "$1"
	run_logged td in_root /src/tests/pki/make-td "/build/${1#"$BUILD"/}" \
		--quote-version "${QUOTE_VERSION:-4}" --product "${PRODUCT:-SPR}" \
		${TD_BODY:+--body "$TD_BODY"}
}

# make_se DIR: a new simulated host of IBM Z with an image for it.
make_se() {
	mkdir -p "$1"
	run_logged se in_root /src/tests/pki/make-se "/build/${1#"$BUILD"/}"
}

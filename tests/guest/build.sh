# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Building what is under test. Sources are only read: modules are built in
# copies, user space by meson beside the source, all of it under build/.

# build_modules: teegate.ko and the software firmwares for KVER into build/modules/KVER.
# KHEADERS is the build tree of a kernel that has no header package.
build_modules() {
	local dir=build/modules/$KVER headers=${KHEADERS:-/lib/modules/$KVER/build}

	mkdir -p "$SRC/$dir/src" "$SRC/$dir/firmware"
	copy_source "$dir/src" Kbuild dkms.conf kmod uapi || return
	copy_source "$dir/firmware" tests/firmware uapi || return
	run_logged "module-$KVER" in_root make -C "$headers" M="/$dir/src" -j2 \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules || return
	run_logged "firmware-$KVER" in_root make -C "$headers" M="/$dir/firmware/tests/firmware" \
		-j2 CONFIG_DEBUG_INFO_BTF_MODULES= modules || return
	cp "$SRC/$dir/src/teegate.ko" "$SRC/$dir/firmware/tests/firmware/teegate_softfw.ko" \
		"$SRC/$dir/firmware/tests/firmware/tdx/teegate_softtdx.ko" "$SRC/$dir/"
}

# copy_source DIR PATH...: a copy to build in; times are kept, so that make sees what changed.
copy_source() {
	local dir=$1

	shift
	in_root sh -c 'cd /src && exec rsync -aR --delete "$@"' - "$@" "/$dir/"
}

# build_dkms: `dkms build` for KVER; set REPLY to the module it made. The key that DKMS would
# sign with is kept out: it must not be found in an image.
build_dkms() {
	local version tree=build/dkms/${JOB:-image}-$KVER

	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$SRC/dkms.conf")
	rm -rf "${SRC:?}/$tree"
	mkdir -p "$SRC/$tree/src/teegate-$version" "$SRC/$tree/tree"
	copy_source "$tree/src/teegate-$version" Kbuild dkms.conf kmod uapi || return
	run_logged "dkms-${JOB:-image}-$KVER" in_root dkms build --no-depmod -m teegate -v "$version" -k "$KVER" \
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

# build_kselftest: the kernel tests into build/kselftest.
build_kselftest() {
	mkdir -p "$BUILD/kselftest"
	run_logged kselftest in_root make -C /src/tests/kselftest O=/build/kselftest -j2
}

# make_chip DIR: a new simulated chip with its keys and certificates.
make_chip() {
	mkdir -p "$1"
	run_logged chip in_root /src/tests/pki/make-chip "/build/${1#"$BUILD"/}" \
		--product "${PRODUCT:-Milan}" --report-version "${REPORT_VERSION:-3}"
}

# make_td DIR: a new simulated TDX platform.
make_td() {
	mkdir -p "$1"
	run_logged td in_root /src/tests/pki/make-td "/build/${1#"$BUILD"/}" \
		--quote-version "${QUOTE_VERSION:-4}" --product "${PRODUCT:-SPR}"
}

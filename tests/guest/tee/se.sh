# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# IBM Z Secure Execution: a host and an image of tests/pki/make-se. See tee.sh.
#
# Evidence convinces only who made the request for it. So the demo makes one with a
# key that it keeps (arpk.bin), or answers REQUEST, a file made by somebody for the
# host and the image that the demo before left: these stay the same then.

TEE_ARCH=s390x
TEE_MODULE=teegate_softuv
TEE_FIRMWARE=(uv.bin)
# Not uv.bin, though the host's key is in it: without it no machine could answer a REQUEST.
TEE_SECRETS=(host.key)
TEE_DRIVER=uvdevice
TEE_PARTS=()
TEE_ANCHOR='the key of the request, arpk.bin, and the header of the image, image.hdr'
TEE_TRUST='this key'

tee_arguments() {
	one_of KERNEL 6.12 6.1
	[ -z "${REQUEST:-}" ] || { [ -f "$REQUEST" ] && REQUEST=$(realpath "$REQUEST"); } ||
		die "REQUEST=$REQUEST: must be a file, a request in pvattest's exchange format"
}

tee_platform() {
	make_se "$1"
}

tee_boot() { :; }

# request_for_host ARPK REQUEST ARGUMENT...: for the host of this platform, once its key is verified.
request_for_host() {
	local chip=$IN/chip arpk=$1 request=$2

	shift 2
	in_root /src/tests/pki/make-request --host-key "$IN/host.crt" --hdr "$IN/image.hdr" \
		--root-ca "$chip/root.crt" --cert "$chip/ibm.crt" --cert "$chip/inter.crt" \
		--crl "$chip/ibm.crl" --crl "$chip/inter.crl" --crl "$chip/root.crl" \
		--arpk-out "$arpk" --output "$request" "$@"
}

# Nothing in a mini guest can make a request.
tee_scene() {
	run_logged scene in_root /src/tests/kselftest/make-se-scene "/build/${1#"$BUILD"/}" \
		"/build/${1#"$BUILD"/}/scene"
}

tee_title() {
	echo "IBM Z Secure Execution (software Ultravisor), Linux $KERNEL"
}

tee_publish() {
	cp "$OUT/chip"/{host.crt,image.hdr} "$OUT/" || return
	mkdir "$OUT/guest" || return
	if [ -n "${REQUEST:-}" ]; then
		cp "$REQUEST" "$OUT/request.bin"
	else
		request_for_host "$IN/arpk.bin" "$IN/request.bin" --add-data phkh-img --add-data phkh-att
	fi && cp "$OUT/request.bin" "$OUT/guest/"
}

# The libraries' own encoder of claims, so that they are what teegated would have written.
build_with_lease() {
	run_logged with-lease in_arch_root "$ARCH_CC" -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow \
		-fsanitize=undefined -I/src/uapi -I/src/libtee/common \
		-o "$IN/with-lease" /src/tests/guest/with-lease.c \
		/build/user-s390x/libtee/common/libev.a -lcbor
}

tee_guest() {
	local ctl=/build/user-s390x/cli/teegatectl rc=0

	arch_root || die "$REPLY"
	kernel "$KERNEL"
	if [ -z "${LAB_PREPARED:-}" ]; then
		say "building user space and the modules for $KVER"
		build_user && build_s390x && build_modules || return
	fi
	build_with_lease || return
	say "booting Linux $KVER on IBM Z (TCG: about 15 seconds)"
	"$LAB/mini" --tee se --kernel "$KERNEL" --chip "$OUT/chip" --share "$OUT/guest" \
		--add "$ctl:$ctl" --add "$IN/with-lease:/lab/with-lease" \
		"$LAB/demo-se-in-guest" "$USER_DATA" || rc=$?
	rm -f "$OUT/with-lease"
	mv "$OUT/guest"/{evidence.cbor,exchange.bin,refused} "$OUT/" 2>/dev/null
	rm -rf "$OUT/guest"
	[ "$rc" = 0 ] && [ -s "$OUT/evidence.cbor" ]
}

tee_confined() {
	expect "a process outside of the cgroup got nothing, though it held the same lease" \
		test ! -e "$OUT/refused/evidence.cbor" -a -s "$OUT/refused/message"
	expect "and was told why" grep -qiE 'cgroup|not permitted|EPERM' "$OUT/refused/message"
}

tee_judgement() {
	if [ ! -e "$OUT/arpk.bin" ]; then
		echo
		echo "4. Not verified here: only the maker of the request can do that:"
		echo "   teegatectl verify --arpk YOURS --hdr ${OUT#"$SRC"/}/image.hdr \\"
		echo "       --request ${REQUEST##*/} ${OUT#"$SRC"/}/evidence.cbor"
		return
	fi
	anchor=(--arpk "$IN/arpk.bin" --hdr "$IN/image.hdr")
	known=(--request "$IN/request.bin" --host-key "$IN/host.crt"
		--config-uid "$(fact se.json config_uid)")
	judgement=("${anchor[@]}" "${known[@]}")
}

another_request() {
	request_for_host "$IN/other.bin" "$IN/other-request.bin" || return
	not teegatectl verify --quiet --arpk "$IN/other.bin" --hdr "$IN/image.hdr" "$IN/evidence.cbor"
}

tee_second_opinion() {
	if [ ! -e "$OUT/arpk.bin" ]; then
		expect "the answer is to the request that was given, byte by byte" in_root \
			/src/tests/guest/judge-se answers "$IN"
		return
	fi
	expect "an independent verifier agrees about the exchange file" \
		in_root /src/tests/pki/verify-exchange "$IN/exchange.bin" --arpk "$IN/arpk.bin" \
		--hdr "$IN/image.hdr" --request "$IN/request.bin" --facts "$IN/chip/se.json"
	expect "the exchange file is good for teegatectl, too" \
		teegatectl verify --quiet "${anchor[@]}" "$IN/exchange.bin"
	expect "each flipped byte of measurement, user data, config UID, digests... is refused by name" \
		in_root /src/tests/guest/judge-se flips "$IN" /build/user/cli/teegatectl verify \
		--arpk "$IN/arpk.bin" -- "${known[@]}"
	expect "the evidence is not good for the maker of another request" another_request
	rm -f "$OUT"/other{,-request}.bin
}

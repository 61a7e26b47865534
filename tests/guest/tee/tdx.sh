# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# Intel TDX: a platform of tests/pki/make-td, and tdx-host beside QEMU. See tee.sh.

TEE_ARCH=amd64
TEE_MODULE=teegate_softtdx
TEE_FIRMWARE=(td.bin)
TEE_SECRETS=(keys host.key)
TEE_DRIVER=tdx_guest
TEE_PARTS=(quote.bin eventlog.bin)

tee_arguments() {
	one_of PRODUCT SPR EMR GNR
	one_of QUOTE_VERSION 4 5
}

tee_platform() {
	make_td "$1"
}

tee_boot() {
	TD=$1
}

tee_title() {
	echo "Intel TDX (software firmware), $PRODUCT, quote version $QUOTE_VERSION"
}

tee_publish() {
	cp "$OUT/chip"/{collateral.json,root.pem,root.der} "$OUT/"
}

tee_judgement() {
	local n

	anchor=(--root "$IN/root.pem" --collateral "$IN/collateral.json")
	judgement=("${anchor[@]}" --measurement "$(fact td.json mrtd)")
	for n in 0 1 2 3; do
		judgement+=(--rtmr "$n=$(fact td.json rtmrs "$n")")
	done
}

# A month of collateral begins when it is issued.
after_its_window() {
	not teegatectl verify "${anchor[@]}" --time "$(date -u -d '+40 days' +%FT%TZ)" \
		"$IN/evidence.cbor" && grep -q 'FAILED tcb_info.validity' "$BUILD/log/demo-expect"
}

log_of_firmware_comes_first() {
	cmp -n "$(fact td.json ccel_len)" "$OUT/eventlog.bin" "$OUT/chip/ccel.bin"
}

tee_second_opinion() {
	expect "an independent verifier agrees: signatures, chain, collateral, registers" \
		in_root /src/tests/pki/verify-quote "$IN/quote.bin" "$IN/chip"
	expect "the event log begins with what firmware logged" log_of_firmware_comes_first
	expect "the evidence is not good when the collateral has run out" after_its_window
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# AMD SEV-SNP: a chip of tests/pki/make-chip. See tee.sh.

TEE_ARCH=amd64
TEE_MODULE=teegate_softfw
TEE_FIRMWARE=(chip.bin certs.bin)
TEE_SECRETS=(keys chip.bin)
TEE_DRIVER=sev_guest
TEE_PARTS=(report.bin certs.bin)

tee_arguments() {
	one_of PRODUCT Milan Genoa Turin
	one_of REPORT_VERSION 3 2 5
}

tee_platform() {
	make_chip "$1"
}

tee_boot() { :; }

tee_title() {
	echo "AMD SEV-SNP (software firmware), $PRODUCT, report version $REPORT_VERSION"
}

tee_publish() {
	cp "$OUT/chip"/{ark,ask,vcek}.{pem,der} "$OUT/"
}

tee_judgement() {
	anchor=(--root "$IN/ark.pem")
	judgement=("${anchor[@]}" --crl "$IN/chip/crl.pem" --product "$PRODUCT"
		--measurement "$(fact chip.json measurement)")
}

tee_second_opinion() {
	expect "plain openssl agrees: signature and chain" \
		in_root /src/tests/pki/verify-report-openssl "$IN/report.bin" "$IN/vcek.pem" \
		"$IN/ask.pem" "$IN/ark.pem"
	expect "the certificate table is what the host gave" cmp "$OUT/certs.bin" \
		"$OUT/chip/certs.bin"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# IBM Z Secure Execution: a host and an image of tests/pki/make-se. See tee.sh.

TEE_ARCH=s390x
TEE_MODULE=teegate_softuv
TEE_FIRMWARE=(uv.bin)
TEE_SECRETS=(host.key uv.bin)
TEE_DRIVER=uvdevice

tee_arguments() { :; }

tee_platform() {
	make_se "$1"
}

tee_boot() { :; }

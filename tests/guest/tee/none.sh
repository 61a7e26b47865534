# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# No TEE: a plain virtual machine.

TEE_ARCH=amd64
TEE_MODULE=
TEE_FIRMWARE=()
TEE_SECRETS=()
TEE_DRIVER=

tee_arguments() { :; }
tee_platform() { :; }
tee_boot() { :; }

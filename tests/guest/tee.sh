# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The TEEs that the lab can put below a guest. Each has a file in tee/ which says
# by variables and functions of these names what is its own; nothing else asks
# which TEE it is.
#
#   TEE_ARCH          the machine that has it, see arch.sh
#   TEE_MODULE        its software firmware, loaded before the guest's system starts
#   TEE_FIRMWARE      files of a platform that this firmware reads
#   TEE_SECRETS       what of a platform must not outlive a demo
#   TEE_DRIVER        the stock driver
#   tee_arguments     refuse what cannot be simulated, before anything long starts
#   tee_platform DIR  make a new platform
#   tee_boot DIR      what booting on that platform takes (see boot in qemu.sh)
#
# and for the demo, where OUT is its folder and $OUT/chip the platform:
#
#   tee_title         one line
#   tee_publish       copy what a verifier needs of the platform to OUT
#   tee_judgement     set judgement, the options of `teegatectl verify` that say all that one may
#                     know of this platform, and anchor, those of them that say whom to trust; no
#                     anchor when only somebody else can verify
#   TEE_PARTS         parts of the evidence that are results of the demo
#   tee_second_opinion  promises (see expect in demo) which others than teegate can judge
#
# which may also have its own
#
#   tee_guest         let workloads ask in a guest; evidence and refusals are in OUT afterwards
#   tee_confined      promises about who got nothing
#   TEE_ANCHOR        what is trusted, and TEE_TRUST, the same in two words

# and, for the kernel tests, tee_scene DIR: make what they need beside the platform, in DIR/scene.
tee_scene() { :; }

# pick_tee ALLOWED...: read the file of TEE, the first allowed one if it is empty, and what is asked
# of it.
pick_tee() {
	read_tee "$@"
	tee_arguments
}

read_tee() {
	local t

	: "${TEE:=$1}"
	for t; do
		[ "$t" != "$TEE" ] || break
	done
	[ "$t" = "$TEE" ] || die "TEE=$TEE: must be one of: $*"
	export TEE
	. "$LAB/tee/$TEE.sh"
	pick_arch "$TEE_ARCH"
}

# one_of NAME VALUE...: the variable NAME must be one of the values; the first is its default.
one_of() {
	local name=$1 v

	[ -n "${!name:-}" ] || printf -v "$name" %s "$2"
	shift
	for v; do
		[ "$v" != "${!name}" ] || { export "${name?}"; return 0; }
	done
	die "$name=${!name}: must be one of: $*"
}

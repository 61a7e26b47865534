# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what containers.sh sets
#
# In the Debian guest on SEV-SNP, as root, after containers.sh, and last of all: the key to the firmware is
# lost, and everybody who asks is told so, and what to do.

lost() {
	gets_evidence alpha payments && teegatectl info | tee info && not grep -q lost info &&
	echo 'bad-tag count=1' >$firmware/fault && not gets_evidence alpha payments && [ ! -s alpha.out ] || return
	echo none >$firmware/fault
	teegatectl info | tee info
	grep -q lost info && grep -qi restart info && teegatectl info --json | grep -q '"lost"' &&
	refused 'until this guest restarts' alpha payments && not teegatectl doctor >doctor
	local status=$?
	cat doctor
	[ $status = 0 ] && grep -qi 'lost' doctor
}
check a_lost_key_is_shown_by_info_and_told_to_who_asks lost

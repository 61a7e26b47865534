# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154 # what other shells expand, and what the others set
#
# In the Debian guest on SEV-SNP, as root, after keys.sh, whose policies it uses: what a workload sealed
# under the root of the firmware, after an update of it and of the guest's SVN, and after a rollback. The
# machine is changed as it is for the kernel tests: another chip.bin, and firmware, driver and module
# loaded anew. It ends on the machine that it began on.

CHIP=/mnt/share/chip/chip.bin
CERTS=/mnt/share/chip/certs.bin
FIRMWARE=/lib/firmware/teegate
# tests/firmware/chip.h; the last byte of a TCB is the version of the microcode.
CHIP_SVN=28
CHIP_CURRENT_TCB=72
CHIP_COMMITTED_TCB=80
MICROCODE=7

# raised CHIP OFFSET...: a file of that name, a machine on which each of these bytes is one more.
raised() {
	local chip=$1 at

	shift
	cp $CHIP "$chip"
	for at in "$@"; do
		printf "\\x$(printf %x $(($(od -An -tu1 -j "$at" -N 1 "$chip") + 1)))" |
			dd of="$chip" bs=1 seek="$at" conv=notrunc status=none || return
	done
	not cmp -s $CHIP "$chip"
}

# start_with CHIP: this machine, and all that stands on it. Not by udev, whose worker stays for a while: keys
# wait until whoever loaded the module has ended (kmod/snp/arena.c).
start_with() {
	udevadm control --stop-exec-queue
	stop_broker && unload teegate && rmmod sev_guest teegate_softfw &&
	cp "$1" $FIRMWARE/chip.bin && cp $CERTS $FIRMWARE/ && insmod /mnt/share/softfw && rm $FIRMWARE/*.bin &&
	modprobe sev-guest && modprobe teegate && systemctl start teegated.socket teegated-genl.socket
	local status=$?
	echo "$1" >machine
	udevadm control --start-exec-queue
	return $status
}

tcb_of() {
	echo "0x$(od -An -tx8 -j $CHIP_COMMITTED_TCB -N 8 "$1" | tr -d ' ')"
}

svn_of() {
	od -An -tu4 -j $CHIP_SVN -N 4 "$1" | tr -d ' '
}

# names FILE CHIP: its header has the SVN and the committed TCB of this machine.
names() {
	teegatectl inspect "$SEALED/$1" | sed -n 's/^ *\(guest SVN\|TCB\) *//p' | tee named
	{ svn_of "$2"; tcb_of "$2"; } | cmp - named
}

# floors SVN [TCB]: policy. With a floor, were it 0, keys depend on the SVN.
floors() {
	keys_policy alpha payments '' "$(printf '%s\n' FirmwareRoot=measured-boot "SnpSvnFloor=$1" ${2:+"SnpTcbFloor=$2"})"
}

# does COMMAND...: in a unit of the workload, one after the other, as long as all goes well.
does() {
	in_unit alpha payments X=1 /bin/bash -ec "cd $SEALED"'
		seals() { printf secret | teegatectl seal --label token --output "$1"; }
		opens() { [ "$(teegatectl unseal "$1")" = secret ]; }
		moves() { teegatectl reseal "$1"; }
		too_low() {
			! teegatectl unseal "$1" >"$1.out" 2>"$1.err" && [ ! -s "$1.out" ] &&
			grep "weaker than policy allows" "$1.err"
		}
		for command; do $command; done' sh "$@"
}

sealed_before() {
	floors 0 && does 'seals a' 'opens a' && names a $CHIP && cp -p $SEALED/a $SEALED/b && cp -p $SEALED/a $SEALED/old
}

moved_by_update() {
	raised both $CHIP_SVN $((CHIP_CURRENT_TCB + MICROCODE)) $((CHIP_COMMITTED_TCB + MICROCODE)) &&
	sealed_before && start_with both && does 'opens a' && names a $CHIP && does 'moves a' 'opens a' 'opens old' &&
	names a both && names old $CHIP && floors 0 "$(tcb_of both)" && does 'too_low old' 'opens a' &&
	floors "$(svn_of both)" && does 'too_low old' 'opens a'
}

# First the SVN, then the TCB: b is moved in between, and what is too low then is so for its TCB alone.
shut_by_rollback() {
	raised updated $((CHIP_CURRENT_TCB + MICROCODE)) $((CHIP_COMMITTED_TCB + MICROCODE)) && names a both &&
	floors 0 && start_with updated && does 'too_low a' 'opens b' 'moves b' 'opens b' && names b updated &&
	start_with $CHIP && does 'too_low b' 'opens old' && names old $CHIP
}

check what_was_sealed_before_an_update_of_TCB_and_SVN_opens_and_is_moved_forward moved_by_update
check what_was_moved_does_not_open_after_a_rollback_of_SVN_or_TCB shut_by_rollback

[ ! -e machine ] || [ "$(cat machine)" = $CHIP ] || start_with $CHIP
policy alpha payments
rm -f $SEALED/*

# load_and_stay: the module is loaded by a process that does not end.
load_and_stay() {
	python3 - "$(modinfo -n teegate)" >loaded <<'END' &
import ctypes
import os
import signal
import sys

module = os.open(sys.argv[1], os.O_RDONLY)
compressed = 0 if sys.argv[1].endswith(".ko") else 4
print(ctypes.CDLL(None).syscall(313, module, b"", compressed), flush=True)
signal.pause()
END
	loader=$!
	await grep -q '^0$' loaded
}

early() {
	local asker

	stop_broker && unload teegate && load_and_stay || return
	keys_of_root >first 2>refusal
	[ ! -s first ] && grep 'has not ended' refusal || return
	keys_of_root --timeout 300 >first &
	asker=$!
	sleep 1
	kill -0 $asker && [ ! -s first ] || return
	kill $loader
	wait $loader
	wait $asker && [ "$(stat -c %s first)" = 32 ] && keys_of_root | cmp - first
}

keys_of_root() {
	teegatectl derive-key --target measured-boot:/dev/teegate --label early "$@"
}
check a_key_waits_for_the_process_that_loaded_the_module_if_told_to early
kill $loader 2>/dev/null
modprobe teegate
systemctl start teegated.socket teegated-genl.socket

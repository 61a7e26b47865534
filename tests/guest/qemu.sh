# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Booting: the QEMU command line that all guests share, the judgement over what
# a kernel printed, and the repetition of boots that never reached init. Always
# TCG: the lab must give the same result on every machine, and a /dev/kvm that
# does not work is worse than none.

# Where the software firmware keeps its secrets page: outside System RAM, see tests/firmware.
FIRMWARE_HOLE='memmap=64K$0x1f000000'

# What init writes to the kernel log as its first act.
INIT_MARK='teegate-lab: init'

# Lines that mean the kernel complained.
SPLAT='WARNING: |BUG: |kernel BUG|Oops|Call Trace|refcount_t|UBSAN|KASAN|general protection'
SPLAT+='|possible (circular|recursive|irq lock)|inconsistent lock state|suspicious RCU'
SPLAT+='|bad unlock balance|INFO: task .* blocked|soft lockup|rcu: INFO|rcu_.*stall'
SPLAT+='|invalid opcode|scheduling while atomic|sleeping function called|kmemleak: [0-9]+ new'
SPLAT+='|unchecked MSR|Unable to handle|unable to handle|double fault|stack guard'
SPLAT+='|ODEBUG|Kernel panic|list_(add|del) corruption|DEBUG_LOCKS_WARN|held lock'

# splats FILE...: print the lines of kernel logs that are complaints; false if there are none.
splats() {
	grep -hE "$SPLAT" "$@" | grep -vE 'Spectre|MDS CPU bug|Oops: .*fault_inject' | sort -u
}

# boot WORKDIR SECONDS QEMU-ARGUMENT...: run QEMU to its end. WORKDIR is under /build and
# receives console.log. True if init was reached. A boot that dies before is repeated twice.
boot() {
	local dir=$1 seconds=$2 try rc

	shift 2
	for try in 1 2 3; do
		rc=0
		in_root timeout --foreground -k 10 "$seconds" qemu-system-x86_64 \
			-accel tcg,thread=multi -cpu max,la57=off -nodefaults -no-reboot \
			-display none -nic none \
			-chardev "file,id=console,path=/build/${dir#"$BUILD"/}/console.log" \
			-serial chardev:console "$@" || rc=$?
		if grep -qsF "$INIT_MARK" "$dir/console.log"; then
			[ "$rc" = 0 ] || say "QEMU ended with status $rc (124: after $seconds s)"
			return "$rc"
		fi
		[ "$rc" = 124 ] || [ "$rc" = 0 ] || [ "$rc" -ge 126 ] || return "$rc"
		say "boot $try never reached init; trying again (counted in build/log/reboots)"
		echo "$(date -u +%FT%TZ) $dir" >>"$BUILD/log/reboots"
		cp "$dir/console.log" "$BUILD/log/no-init-${dir##*/}-$try.log" 2>/dev/null || :
	done
	return 1
}

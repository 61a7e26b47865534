# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Booting: the QEMU command line that all guests share, the judgement over what
# a kernel printed and over a run, and the repetition of boots that never reached init. Always
# TCG: the lab must give the same result on every machine, and a /dev/kvm that
# does not work is worse than none.

TDX_LOG_ADDRESS=0x1f008000	# tests/pki/make-td has it, too

# An emulator that waits for a processor of a busy machine looks to its guest like a processor that is
# stuck. So the guest's kernel waits longer before it complains; what is really stuck still is then.
PATIENCE='rcupdate.rcu_cpu_stall_timeout=150 watchdog_thresh=60'

# What init writes to the kernel log as its first act.
INIT_MARK='teegate-lab: init'

# Lines that mean the kernel complained.
SPLAT='WARNING: |BUG: |kernel BUG|Oops|Call Trace|refcount_t|UBSAN|KASAN|general protection'
SPLAT+='|possible (circular|recursive|irq lock)|inconsistent lock state|suspicious RCU'
SPLAT+='|bad unlock balance|INFO: task .* blocked|soft lockup|rcu: INFO|rcu_.*stall'
SPLAT+='|invalid opcode|scheduling while atomic|sleeping function called|kmemleak: [0-9]+ new'
SPLAT+='|unchecked MSR|Unable to handle|unable to handle|double fault|stack guard'
# What IBM Z adds: it shows this word of the processor with whatever ends a kernel.
SPLAT+='|Krnl PSW|disabled wait|Corrupted kernel text'
SPLAT+='|ODEBUG|Kernel panic|list_(add|del) corruption|DEBUG_LOCKS_WARN|held lock'
SPLAT+='|-\[ cut here \]-|hard LOCKUP|register non-static key'

# Lines that only have such words in them: mitigations, planted faults, and how patient to be.
NO_SPLAT='Spectre|MDS CPU bug|Oops: .*fault_inject|[Cc]ommand line: |RCU CPU stall warnings timeout set'

# splats FILE...: print the lines of kernel logs that are complaints; false if there are none. What is in
# a console may be no text.
splats() {
	local lines

	lines=$(grep -ahE "$SPLAT" "$@" | grep -avE "$NO_SPLAT" | sort -u) || :
	[ -n "$lines" ] && printf '%s\n' "$lines"
}

# run_status DIR LOGS: by what a guest has left in DIR, the status of its command; 99 if we are STRICT and
# the kernel complained (the lines are in DIR/splats then), 98 if the guest ended before the command did.
# LOGS is where people find the whole.
run_status() {
	local dir=$1 status

	touch "$dir"/{console.log,kmsg,status}
	status=$(<"$dir/status")
	if splats "$dir/console.log" "$dir/kmsg" >"$dir/splats"; then
		say "the guest's kernel complained (whole log in $2):"
		cat "$dir/splats" >&2
		[ -z "${STRICT:-}" ] || return 99
	fi
	if [ -z "$status" ]; then
		say "the guest ended before the command did; the end of its console:"
		tail -n 15 "$dir/console.log" >&2
		return 98
	fi
	return "$status"
}

# tdx_host: make the program that is host and quoting enclave of software TDs, build/tdx-host.
tdx_host() {
	local src=tests/firmware/tdx program

	[ ! -e "$BUILD/tdx-host" ] || [ -n "$(find "$SRC/$src/host" "$SRC/$src/mailbox.h" \
		-newer "$BUILD/tdx-host" -print -quit)" ] || return 0
	# Other jobs may need it at the same time, so it appears whole or not at all.
	program=$(mktemp "$BUILD/tdx-host.XXXXXX")
	run_logged tdx-host in_root cc -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wconversion \
		-o "/build/${program##*/}" "/src/$src/host/host.c" "/src/$src/host/quote.c" \
		-lcrypto -pthread && chmod 755 "$program" && mv "$program" "$BUILD/tdx-host"
}

# as_td QEMU-ARGUMENT...: set HOST to the command that QEMU is run by, and HOST_OPTIONS to what
# QEMU needs for it, so that the guest is a TD of the platform in TD, a folder that
# tests/pki/make-td has made under /build. The memory is the host's, hence `-m MiB` counts here.
as_td() {
	local in=/build/${TD#"$BUILD"/} mib=

	while [ $# -gt 0 ]; do
		[ "$1" != -m ] || mib=$2
		shift
	done
	tdx_host || return
	HOST=(/build/tdx-host --key "$in/host.key" --memory "$mib" ${TD_RECORD:+--record "$TD_RECORD"} --)
	HOST_OPTIONS=(-acpitable "sig=CCEL,rev=1,data=$in/ccel.acpi"
		-device "loader,file=$in/ccel.bin,addr=$TDX_LOG_ADDRESS,force-raw=on")
}

# count_bytes: make the program that search-memory counts by, build/count-bytes.
count_bytes() {
	local program

	[ ! "$BUILD/count-bytes" -nt "$LAB/count-bytes.c" ] || return 0
	program=$(mktemp "$BUILD/count-bytes.XXXXXX")
	run_logged count-bytes in_root cc -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow -Wconversion \
		-o "/build/${program##*/}" /src/tests/guest/count-bytes.c &&
		chmod 755 "$program" && mv "$program" "$BUILD/count-bytes"
}

# as_searched WORKDIR: the same for a guest that may have its memory searched (search-memory), with
# the secrets of the platform in SEARCHED. It has a serial port "search" for that.
as_searched() {
	local in=/build/${1#"$BUILD"/}

	count_bytes || return
	HOST=(/src/tests/guest/search-memory --dir "$in" --counter /build/count-bytes
		--chip "/build/${SEARCHED#"$BUILD"/}" -- "${HOST[@]}")
	HOST_OPTIONS+=(-chardev "socket,id=monitor,path=$in/monitor,server=on,wait=off"
		-mon chardev=monitor,mode=control)
}

# boot WORKDIR SECONDS QEMU-ARGUMENT...: run QEMU to its end. WORKDIR is under /build and
# receives console.log. True if init was reached. A boot that dies before is repeated twice.
# With TD set it is a TD that boots, with SEARCHED set a guest that may have its memory searched.
boot() {
	local dir=$1 seconds=$2 try rc HOST=() HOST_OPTIONS=()

	shift 2
	[ -z "${TD:-}" ] || as_td "$@" || return
	[ -z "${SEARCHED:-}" ] || as_searched "$dir" || return
	for try in 1 2 3; do
		rc=0
		in_root timeout --foreground -k 10 "$seconds" "${HOST[@]}" "${ARCH_QEMU[@]}" \
			-nodefaults -no-reboot -display none -nic none \
			-chardev "file,id=console,path=/build/${dir#"$BUILD"/}/console.log" \
			-serial chardev:console "${HOST_OPTIONS[@]}" "$@" || rc=$?
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

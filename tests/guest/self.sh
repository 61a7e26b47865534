# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Cases about the lab itself, without a guest: what judges every run has to find what it is there for,
# and only that. A judge that finds nothing looks like good work.

# One line of each kind, as kernels write them.
complaints() {
	cat <<-'X'
	------------[ cut here ]------------
	WARNING: CPU: 0 PID: 812 at kmod/lease.c:211 lease_put+0x3c/0x60 [teegate]
	WARNING: kmod/lease.c:211 at lease_put+0x3c/0x60 [teegate], CPU#0: revoke/812
	BUG: kernel NULL pointer dereference, address: 0000000000000008
	BUG: unable to handle page fault for address: ffffc90000a3f000
	kernel BUG at mm/slub.c:4023!
	Oops: 0002 [#1] PREEMPT SMP NOPTI
	Oops: general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP
	Call Trace:
	invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
	Kernel panic - not syncing: Fatal exception
	watchdog: BUG: soft lockup - CPU#0 stuck for 134s! [abi:411]
	watchdog: Watchdog detected hard LOCKUP on cpu 1
	rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
	rcu: INFO: rcu_sched self-detected stall on CPU
	INFO: task kworker/0:2:37 blocked for more than 120 seconds.
	kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	WARNING: possible circular locking dependency detected
	WARNING: possible recursive locking detected
	WARNING: inconsistent lock state
	WARNING: suspicious RCU usage
	WARNING: bad unlock balance detected!
	INFO: trying to register non-static key.
	DEBUG_LOCKS_WARN_ON(lock->magic != lock)
	BUG: sleeping function called from invalid context at include/linux/sched/mm.h:337
	BUG: scheduling while atomic: kill/377/0x00000002
	BUG: KASAN: slab-use-after-free in request_free+0x41/0x90 [teegate]
	BUG: KASAN: null-ptr-deref in range [0x0000000000000008-0x000000000000000f]
	UBSAN: array-index-out-of-bounds in kmod/snp/report.c:88:14
	UBSAN: shift-out-of-bounds in kmod/queue.c:40:9
	refcount_t: underflow; use-after-free.
	list_add corruption. prev->next should be next (ffff8880), but was 0000.
	ODEBUG: free active (active state 0) object: ffff8880 object type: timer_list
	unchecked MSR access error: RDMSR from 0x1b1 at rIP: 0xffffffff81 (native_read_msr+0x4/0x30)
	Krnl PSW : 0704e00180000000 000003ff80001c3a (request_free+0x3a/0x90 [teegate])
	Unable to handle kernel pointer dereference in virtual kernel address space
	X
}

# What kernels that are well write, some of it with the same words.
clean_lines() {
	cat <<-'X'
	Command line: console=ttyS0 rcupdate.rcu_cpu_stall_timeout=150 watchdog_thresh=60 oops=panic panic=-1
	Kernel command line: console=ttyS0 rcupdate.rcu_cpu_stall_timeout=150 panic=-1 BUG: Oops
	Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible
	MDS CPU bug present and SMT on, data leak possible.
	rcu: 	RCU CPU stall warnings timeout set to 150 (rcu_cpu_stall_timeout).
	rcu: Hierarchical RCU implementation.
	teegate: loading out-of-tree module taints kernel.
	teegate: backend sev-snp, transport driver
	sev-guest sev-guest: Initialized SEV guest driver (using VMPCK0 communication key)
	kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)
	teegate-lab: init
	reboot: Power down
	X
}

as_kernel_log() {
	awk '{ printf "[%5d.%06d] %s\n", NR, NR * 7919, $0 }'
}

# Each by itself: one that is missed must not hide behind another of the same text.
every_complaint_of_a_kernel_is_found() {
	local line rc=0

	while read -r line; do
		as_kernel_log <<<"$line" >"$self/kmsg"
		[ "$(splats "$self/kmsg")" = "$(<"$self/kmsg")" ] || { echo "missed: $line"; rc=1; }
	done < <(complaints)
	return $rc
}

# In two files, in the middle of what is clean, with bytes that are no text.
complaints_are_found_among_the_rest() {
	{ clean_lines; printf '\0\377\n'; complaints | head -n 20; clean_lines; } >"$self/console.log"
	{ clean_lines; complaints | tail -n +10; } >"$self/kmsg"
	splats "$self/console.log" "$self/kmsg" >"$self/found" &&
		complaints | sort -u | diff - "$self/found"
}

a_clean_log_has_no_complaint() {
	clean_lines | as_kernel_log >"$self/kmsg"
	: >"$self/console.log"
	! splats "$self/console.log" "$self/kmsg"
}

# status_with STATUS KMSG STRICT: of a run whose guest has left that.
status_with() {
	local STRICT=$3

	rm -f "$self"/{console.log,kmsg,status,splats}
	[ -z "$1" ] || echo "$1" >"$self/status"
	printf '%s\n' "$2" >"$self/kmsg"
	run_status "$self" nowhere
}

# is STATUS CMD...
is() {
	local rc=0

	"${@:2}" || rc=$?
	[ "$rc" = "$1" ] || { echo "$rc and not $1: ${*:2}"; return 1; }
}

a_complaint_decides_over_the_status() {
	local bad='WARNING: CPU: 0 PID: 1 at kmod/lease.c:1 lease_put+0x1/0x2 [teegate]'

	is 0 status_with 0 'reboot: Power down' yes && is 7 status_with 7 'reboot: Power down' yes &&
	is 99 status_with 0 "$bad" yes && is 99 status_with 7 "$bad" yes && is 99 status_with '' "$bad" yes &&
	is 7 status_with 7 "$bad" '' && is 98 status_with '' 'reboot: Power down' yes
}

# sum_of RESULT...: what the sum says of these, when build/a, build/s390x/b and e2e-6.12/c are
# expected. In a shell of its own, which ends by an error, as that of `check` does.
sum_of() {
	rm -rf "$self/results"
	mkdir -p "$self/results"
	printf '%b\n' "$@" >"$self/results/self.results"
	bash -c '. "$1/lib.sh"; . "$1/results.sh"
		RESULTS=$2
		expected_cases() { printf "%s\n" build/a build/s390x/b e2e-6.12/c; }
		sum_up' - "$LAB" "$self/results"
}

# sum_is LAST-LINE RESULT...: that is the last line, and the status is good when nothing failed.
sum_is() {
	local said rc=0

	said=$(sum_of "${@:2}") || rc=$?
	echo "$said"
	[ "$(tail -n 1 <<<"$said")" = "$1" ] || return
	case $1 in
	*' 0 failed'*)	[ "$rc" = 0 ] ;;
	*)		[ "$rc" = 1 ] ;;
	esac
}

only_what_an_archive_lacks_may_be_skipped() {
	local a='ok\tbuild/a' b='ok\tbuild/s390x/b' c='ok\te2e-6.12/c'
	local lacks="skip\tbuild/s390x/b\t${LACKS}no such package"

	sum_is '3 passed, 0 failed, 0 skipped' "$a" "$b" "$c" &&
	sum_is '2 passed, 0 failed, 1 skipped' "$a" "$lacks" "$c" &&
	sum_is '2 passed, 1 failed, 0 skipped' "$a" 'skip\tbuild/s390x/b\tby itself' "$c" &&
	sum_is '1 passed, 1 failed, 1 skipped' "$a" "$lacks" "skip\te2e-6.12/c\t${LACKS}this" &&
	sum_is '2 passed, 1 failed, 0 skipped' "$a" "$b" 'skip\te2e-6.12/c'
}

a_case_that_is_missing_or_in_no_list_fails() {
	local a='ok\tbuild/a' b='ok\tbuild/s390x/b' c='ok\te2e-6.12/c'

	sum_is '2 passed, 1 failed, 0 skipped' "$a" "$b" &&
	sum_is '3 passed, 1 failed, 0 skipped' "$a" "$b" "$c" 'ok\te2e-6.12/d' &&
	sum_is '2 passed, 1 failed, 0 skipped' "$a" "$b" 'fail\te2e-6.12/c' &&
	sum_is '3 passed, 1 failed, 0 skipped' "$a" "$b" "$c" 'fail\te2e-6.12/c'
}

self_cases() {
	local self=$BUILD/check/self c

	mkdir -p "$self"
	for c in every_complaint_of_a_kernel_is_found complaints_are_found_among_the_rest \
		a_clean_log_has_no_complaint a_complaint_decides_over_the_status \
		only_what_an_archive_lacks_may_be_skipped a_case_that_is_missing_or_in_no_list_fails; do
		case_is "static/lab/$c" "$c"
	done
}

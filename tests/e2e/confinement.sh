# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In the Debian guest, as root, after containers.sh: how teegated is confined there, in the service
# manager's view and in the kernel's. What each system call of its own filter is good for is in
# tests/unit/test-daemon-sandbox.c; here it is there, on all threads, and the broker works with it.

# status_of UNIT FIELD: of its main process, as the kernel shows it.
status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/${main[$1]}/status"
}

main_pid() {
	local pid

	pid=$(systemctl show -P MainPID "$1") && [ "$pid" != 0 ] && echo "$pid"
}

# A service with the same directives and another program: what is missing there, teegated did itself.
unit=/run/systemd/system/unconfined.service
sed -e 's,^ExecStart=.*,ExecStart=/bin/sleep infinity,' -e 's/^Type=.*/Type=exec/' \
	-e '/^\(Sockets\|Requires\|After\|Wants\|WatchdogSec\|RuntimeDirectory\)/d' -e '/^\[Install/,$d' \
	/usr/lib/systemd/system/teegated.service >$unit

# And for the case of a teegated that hangs, what holds from its next start on. Loading units anew takes seconds.
patience=$(systemctl show -P WatchdogUSec teegated)
systemctl start teegated.service
drop=/run/systemd/system/teegated.service.d
mkdir -p $drop
printf '[Service]\nWatchdogSec=10\nTimeoutAbortSec=1\n' >$drop/watchdog.conf
systemctl daemon-reload
systemctl start unconfined.service
declare -A main=([teegated]=$(main_pid teegated) [unconfined]=$(main_pid unconfined))

# The bound is the promise; that the tool can say no at all is seen at a bound that nothing meets.
security() {
	systemd-analyze security --no-pager teegated.service | tail -n 1
	systemd-analyze security --no-pager --threshold=15 teegated.service >/dev/null &&
	not systemd-analyze security --no-pager --threshold=5 teegated.service >/dev/null
}
check systemd-analyze_security_says_at_most_1.5 security

# DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, SYS_ADMIN; for its children the first and the third.
capabilities() {
	local set

	[ "$(id -u teegated)" -gt 0 ] &&
	[ "$(status_of teegated Uid | cut -f1)" = "$(id -u teegated)" ] || return
	for set in CapPrm CapEff CapBnd; do
		[ "$(status_of teegated $set)" = 0000000000281004 ] || return
	done
	[ "$(status_of unconfined CapAmb)" = 0000000000281004 ] &&
	[ "$(status_of teegated CapAmb)" = 0000000000080004 ]
}
check teegated_is_no_root_and_has_four_capabilities capabilities

# One filter more than the service manager gave it, on each of its threads.
filters() {
	local before task n=0

	before=$(status_of unconfined Seccomp_filters) && [ "$before" -gt 0 ] || return
	for task in /proc/"${main[teegated]}"/task/*; do
		grep -q '^Seccomp:.2' "$task/status" &&
		[ "$(sed -n 's/^Seccomp_filters:[[:space:]]*//p' "$task/status")" = $((before + 1)) ] || return
		n=$((n + 1))
	done
	[ $n -gt 1 ]
}
check its_own_filter_is_on_each_of_its_threads filters

# Of a process that may not be dumped, /proc belongs to root.
dumpable() {
	[ "$(stat -c %U "/proc/${main[unconfined]}/environ")" = teegated ] &&
	[ "$(stat -c %U "/proc/${main[teegated]}/environ")" = root ] &&
	grep -q '^Max core file size  *0  *0 ' "/proc/${main[teegated]}/limits"
}
check nobody_can_dump_it dumpable

# What it has of keys while it answers stays in memory, and so does what a command of teegatectl holds,
# here one that waits for what it shall seal.
swapless() {
	local cgroups=/sys/fs/cgroup held pid

	[ "$(cat $cgroups/system.slice/dbus.service/memory.swap.max)" = max ] &&
	[ "$(cat "$cgroups$(systemctl show -P ControlGroup teegated)/memory.swap.max")" = 0 ] || return
	mkfifo /run/secret
	sleep 900 >/run/secret &
	pid=$!
	teegatectl seal --target fake: --label l </run/secret >/dev/null 2>&1 &
	held=$(locked_by $pid 5)/$(locked_by $! 1500)
	kill $! $pid
	wait $! $pid
	rm /run/secret
	[ "$held" = 0/yes ]
}

# locked_by PID TIMES: "yes" once it has locked memory; what it has instead when it was looked at so many
# times, and "gone" when it ended.
locked_by() {
	local n kb=

	for n in $(seq "$2"); do
		kb=$(sed -n 's/^VmLck:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status")
		[ -n "$kb" ] || { echo gone; return; }
		[ "$kb" = 0 ] || { echo yes; return; }
		sleep 0.2
	done
	echo "$kb"
}
check nothing_that_it_or_teegatectl_holds_goes_to_swap swapless

# In no network, with the few devices that it needs, and everything else as the host has it.
surroundings() {
	local p

	p=/proc/${main[teegated]}
	[ "$(readlink "$p/ns/net")" != "$(readlink /proc/1/ns/net)" ] &&
	[ "$(readlink "$p/ns/user")" = "$(readlink /proc/1/ns/user)" ] &&
	[ "$(readlink "$p/ns/pid")" = "$(readlink /proc/1/ns/pid)" ] &&
	[ -c "$p/root/dev/teegate" ] && [ -b /dev/vda ] && [ ! -e "$p/root/dev/vda" ] &&
	[ -c "/dev/$stock" ] && [ ! -e "$p/root/dev/$stock" ]
}
check it_has_no_network_and_no_device_but_its_own surroundings

# A process that hangs is replaced: here by a watchdog with less patience than the unit's. The service
# manager is asked for its main process when its cgroup has others, for asking is work for it.
another_than() {
	local pid procs=/sys/fs/cgroup/system.slice/teegated.service/cgroup.procs

	grep -q . $procs && not grep -qx "$1" $procs && pid=$(main_pid teegated) && [ "$pid" != "$1" ]
}

bounded() {
	local cgroup=/sys/fs/cgroup/system.slice/teegated.service status pid

	[ "$(cat $cgroup/memory.max)" = $((512 << 20)) ] && [ "$(cat $cgroup/pids.max)" = 128 ] &&
	[ "$patience" = 1min ] && systemctl restart teegated.service && pid=$(main_pid teegated) && kill -STOP "$pid" && await another_than "$pid"
	status=$?
	rm -r $drop
	systemctl daemon-reload
	systemctl restart teegated.service && [ $status = 0 ]
}
check it_takes_no_more_than_its_share_and_is_replaced_when_it_hangs bounded

at_work() {
	gets_evidence alpha payments && gets_evidence alpha payments
}
check and_with_all_that_it_works at_work
systemctl stop unconfined.service
rm $unit

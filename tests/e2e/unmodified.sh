# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2016 # what cases.sh and containers.sh set
#
# In the Debian guest, as root: a program that knows only the stock driver, in a confined container,
# and what it gets through teegate-seccomp.socket. After containers.sh, whose helpers it uses. Each
# refusal stands beside the same thing being granted.

cp /mnt/share/stock /mnt/share/handover "$shared/"
systemctl start teegate-seccomp.socket
data=$(od -An -N64 -tx1 /dev/urandom | tr -d ' \n')

# unmodified_policy UNIT USER OPERATIONS LINE
unmodified_policy() {
	printf '[Match]\nUnit=%s.service\nUid=%s\n[Allow]\nOperations=%s\n%s\n[Claims]\nName=%s\n' \
		"$1" "$(id -u "$2")" "$3" "$4" "$1" >"/etc/teegate/workloads.d/$1.conf"
	systemctl reload-or-restart teegated.service
}

# unmodified COMMAND...: in a container of payments that is set up for it.
unmodified() {
	contained iota payments "--volume $shared:/tmp --annotation io.teegate.devices=yes" "$@"
}

# What one container is given, line by line; each case looks at its own beside the report that came.
everything() {
	unmodified_policy iota payments 'report raw' UnmodifiedPrograms=yes
	unmodified /bin/sh -c "t=/tmp/stock
		\$t $stock report $data
		\$t $stock open
		\$t uv open
		\$t $stock report $like_bound
		\$t $stock key
		cat /etc/group
		cat /dev/sev-guest/x /dev/uv-x /nonexistent 2>&1 | grep -c 'No such file'" || :
	cp iota.out everything
}

like_bound=${data:0:96}$(printf 'teegate/bound/v1' | od -An -tx1 | tr -d ' \n')
everything

# also NUMBER LINE: that line is this one, and the program did get its report.
also() {
	cat everything
	[ "$(sed -n 1p everything)" = "report $data" ] && sed -n "$1p" everything | grep -xE "$2"
}

stock_report() {
	also 2 open || return
	contained iota payments "--volume $shared:/tmp" /tmp/stock "$stock" open
	[ "$(cat iota.out)" = 'open ENOENT' ]
}
check an_unmodified_program_in_a_container_gets_a_report_through_the_listener stock_report

other_files() {
	also 6 root:x:0: && also 7 3
}
check what_else_it_opens_is_as_it_would_be_without other_files
check the_device_of_another_TEE_is_not_there also 3 'open ENOENT'
check a_report_that_would_look_like_a_bound_one_is_refused also 4 'report EPERM'

# By a module that makes keys of its own for the driver's call, that is EPERM without Operations=key.
[ "$provider" != sev-snp ] ||
	check a_key_of_the_chip_is_not_to_be_had also 5 'key EPERM'

# in_turns COMMAND...: one container opens the device, and again after each command that runs outside
# meanwhile; a line for each time. It has opened by then what it will read from, and opens nothing else
# in the end: without a supervisor that fails, too.
in_turns() {
	local status=0 turn

	unmodified /bin/sh -c "exec 5<>/tmp/number
		/tmp/stock $stock open
		for turn in $*; do echo >/tmp/ready; read x <&5; /tmp/stock $stock open; done" &
	for turn; do
		timeout 300 cat "$shared/ready" >/dev/null || { status=1; break; }
		"$turn" || status=1
		timeout 300 sh -c 'echo go >"$1"' - "$shared/number" || status=1
	done
	wait
	cp iota.out turns
	return $status
}

# turned NUMBER LINE...: from that one on, these are the lines.
turned() {
	cat turns
	[ "$(sed -n "$1,$(($1 + $# - 2))p" turns)" = "$(printf '%s\n' "${@:2}")" ]
}

only_the_line() {
	said teegated 'OpenDevice: NotAllowed.*unmodified' && unmodified_policy iota payments report UnmodifiedPrograms=yes
}

both_words() {
	unmodified_policy iota payments 'report raw' UnmodifiedPrograms=yes
}

# Sets unit to the supervisor; those of containers that have ended may take a moment to end, too.
only_supervisor() {
	unit=$(systemctl list-units --plain --no-legend 'teegate-seccomp@*.service' | awk '{ print $1 }')
	[ "$(echo "$unit" | grep -c .)" = 1 ]
}

# One at work, and meanwhile root, who is none, asks as it does.
look_at_supervisor() {
	local pid unit

	await only_supervisor
	pid=$(systemctl show -P MainPID "$unit")
	grep -E '^(Uid|CapEff|CapBnd|Seccomp|NoNewPrivs):' "/proc/$pid/status" >status
	varlinkctl call /run/teegate/register.sock io.teegate.Registrar.OpenDevice \
		"{\"device\":\"$stock\",\"processFd\":0}" >call.out 2>&1
	return 0
}

kill_broker() {
	systemctl kill -s KILL teegated.service
}

stop_its_broker() {
	systemctl stop teegated.socket teegated.service
}

start_broker() {
	systemctl start teegated.socket teegated.service
}

kill_supervisor() {
	systemctl kill -s KILL 'teegate-seccomp@*.service'
}

# What the container meets first, and what comes with each of these; the cases look at their own lines.
all_turns() {
	rm -f turns status call.out
	unmodified_policy iota payments 'report raw' ''
	in_turns only_the_line both_words look_at_supervisor kill_broker stop_its_broker start_broker kill_supervisor &&
	turned 1 'open EPERM' 'open EPERM' open && [ "$(wc -l <turns)" = 8 ]
	local status=$?
	start_broker
	return $status
}
check without_raw_or_without_its_line_in_policy_it_is_EPERM all_turns
check a_container_goes_on_when_teegated_was_killed_and_is_back turned 4 open open
check while_teegated_is_stopped_the_device_does_not_open turned 5 open 'open ENXIO' open
check when_its_supervisor_is_killed_nothing_opens_any_more turned 7 open 'open ENOSYS'

supervisor_confined() {
	turned 3 open open || return
	cat status
	grep -q "^Uid:.$(id -u teegated)" status && grep -q '^CapEff:.0000000000080000$' status &&
	grep -q '^CapBnd:.0000000000080000$' status && grep -q '^Seccomp:.2' status && grep -q '^NoNewPrivs:.1' status
}
check a_supervisor_is_no_root_and_has_one_capability supervisor_confined

no_supervisor() {
	cat call.out
	turned 3 open open && grep -q NotAllowed call.out && grep -q teegate-seccomp call.out
}
check nobody_but_a_supervisor_asks_for_a_device_in_anothers_name no_supervisor

# own, or as, handed_over PID: a runtime of stranger's own making, in a cgroup that was delegated to him.
handed_over() {
	in_unit kappa stranger X=1 /bin/sh -c 'me=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)
		mkdir "$me/box" "$me/other" && echo $$ >"$me/other/cgroup.procs" || exit 78
		sleep 900 & beside=$!
		echo $$ >"$me/box/cgroup.procs" || exit 78
		echo "own $('"$shared/handover $stock"')"
		echo "beside $('"$shared/handover $stock"' $beside)"
		echo "theirs $('"$shared/handover $stock $1"')"
		kill $beside'
	cat kappa.out
}

# Sets pid to that of a process in iota's container.
find_pid() {
	pid=$(cat /sys/fs/cgroup/system.slice/iota.service/libpod-payload-*/cgroup.procs 2>/dev/null | head -n 1)
	[ -n "$pid" ]
}

forged_state() {
	local pid

	unmodified_policy kappa stranger 'report raw' UnmodifiedPrograms=yes
	rm -f $shared/over
	contained iota payments "--volume $shared:/tmp" /bin/sh -c "$UNTIL_OVER" &
	await find_pid && handed_over "$pid"
	touch $shared/over
	wait
	printf 'own open\nbeside EPERM\ntheirs ENOSYS\n' | cmp - kappa.out &&
	said teegate-supervise 'may not speak for that container'
}
check a_user_cannot_hand_over_anothers_container forged_state

rm -f /etc/teegate/workloads.d/{iota,kappa}.conf
systemctl reload-or-restart teegated.service
systemctl stop teegate-seccomp.socket

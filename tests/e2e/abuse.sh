# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086 # what containers.sh sets, and without spaces
#
# In the Debian guest, as root, after containers.sh: attacks on the broker from rootless containers
# (and from services where root has to play along). Each is refused, each refusal is in the journal as
# a decision about the attacker, and somebody who asks politely all the while is served each time.

cp /mnt/share/abuse.py $shared/
chmod 755 $shared/abuse.py

# It has no use for what Python looks for in other places at its start.
python='/usr/bin/python3 -IS'

# python UNIT USER ARGUMENT...: abuse.py in a rootless container.
python() {
	local unit=$1 user=$2

	shift 2
	with_usr "$unit" "$user" $python /tmp/abuse.py "$@"
}

# ---- a neighbour that is polite ----

# Not alpha, whose decisions are looked for later: as many as there are here are not written one by one.
policy alpha payments
policy polite payments
rm -f $shared/over polite.out
UNIT_SECONDS=1500 python polite payments polite /tmp >/dev/null 2>&1 &
polite=$!

answers() {
	[ -e polite.out ] && wc -l <polite.out || echo 0
}

# enough_since COUNT [MORE]
enough_since() {
	[ "$(answers)" -ge $(($1 + ${2:-3})) ]
}

# served_since COUNT: it has been, a few times more, and never anything else.
served_since() {
	await enough_since "$1"
	cat polite.err && [ "$(answers)" -ge $(($1 + 3)) ] && not grep -v '^granted ' polite.out
}

broker_pid() {
	systemctl show -P MainPID teegated.service
}

# Kilobytes, of a process that is the same all the time.
memory() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

# attacked UNIT NAME [ARGUMENT]: by somebody of whom policy knows nothing (or something).
attacked() {
	local unit=$1 pid memory before

	shift
	served_since 0 && pid=$(broker_pid) && memory=$(memory "$pid") && before=$(answers) || return
	python "$unit" stranger attack "$@" || return
	cat "$unit.out" | sort | uniq -c | head -n 20
	served_since "$before" && [ "$(broker_pid)" = "$pid" ] && echo "memory $memory, then $(memory "$pid")" &&
		[ $(($(memory "$pid") - memory)) -lt 16384 ]
}

saw() {
	printf '%s\n' "${@:2}" | cmp - "$1.out"
}

endless() {
	attacked endless endless && saw endless 'cut-off 3' && decided endless message Ended 'too long'
}
check a_16_MiB_message_without_end_is_cut_off_and_told endless

deep() {
	attacked deep deep && saw deep 'cut-off 3' && decided deep message Ended 'too long' &&
	decided deep message Ended 'no message'
}
check JSON_10000_deep_is_cut_off_and_told deep

utf8() {
	attacked utf8 utf8 && saw utf8 'cut-off 8' && decided utf8 message Ended 'no message'
}
check invalid_UTF-8_is_cut_off_and_told utf8

descriptors() {
	attacked descriptors descriptors && saw descriptors 'cut-off 40' &&
	decided descriptors message Ended descriptors && [ "$(ls "/proc/$(broker_pid)/fd" | wc -l)" -lt 100 ]
}
check a_flood_of_descriptors_is_cut_off_and_told descriptors

half() {
	attacked half half && saw half 'cut-off 8' 'in-time 1' && decided half message Ended half
}
check slow_and_half_messages_are_cut_off_and_told half

# Each workload may have 16.
connections() {
	UNIT_SECONDS=1500 attacked connections connections 5000 && saw connections 'cut-off 4984' 'granted 16' &&
	decided connections connect Busy connections
}
check of_5000_connections_all_but_16_are_cut_off_and_told connections

floods() {
	[ -s flood.out ] || [ -e flooded ]
}

# The flood goes on until that many polite requests were in it, and two at its edges, however long that takes.
POLITE=15
until_enough() {
	local before

	await floods && before=$(answers) && await enough_since "$before" $((POLITE + 2))
	rm $shared/flood
}

# Each polite request waits for 16 answers to one neighbour at most; what the neighbour asks beyond
# its quota is refused. See "Limits" in teegated(8).
flood() {
	local status

	policy flood stranger
	rm -f flooded flood.out
	touch $shared/flood
	until_enough &
	attacked flood flood /tmp
	status=$?
	touch flooded
	wait $!
	[ $status = 0 ] && not grep -vE '^(granted|Busy) ' flood.out &&
	grep -c ^granted flood.out && grep -q '^granted ' flood.out && grep -q '^Busy ' flood.out &&
	decided flood GetEvidence Busy || return
	measured=$($python $shared/abuse.py passed polite.out flood.out) && echo "$measured" &&
	read -r passed meanwhile <<<"$measured" && [ "$passed" -le 16 ] && [ "$meanwhile" -ge $POLITE ]
}
check of_a_flood_of_requests_at_most_16_pass_a_polite_one flood
echo "# $passed answers of the flood passed one of $meanwhile polite requests at most, $(answers) polite ones were all granted"

touch $shared/over
wait $polite
rm -f /etc/teegate/workloads.d/{flood,polite}.conf

# ---- connections and who made them ----

# Puppets are told what to do through fifos.
puppets=$shared/puppets
mkdir -m 0777 $puppets
for name in alpha beta; do
	mkfifo -m 0666 $puppets/$name.in $puppets/$name.out
done

# tell NAME ORDER...: what came of it, in time.
tell() {
	timeout 300 sh -c "echo $2 $3 >$puppets/$1.in" && timeout 300 cat $puppets/$1.out | tee -a /dev/stderr
}

dismiss() {
	timeout 300 sh -c "echo quit >$puppets/$1.in"
}

# told MESSAGE_ID PATTERN [FIELD=VALUE...]: an event that is no decision, since the case began.
told() {
	journalctl --sync
	journalctl -q -o json --since "@$begun" "MESSAGE_ID=$1" "${@:3}" | grep -E "$2" | tail -n 1 | grep .
}

# Two rootless containers share a folder. The connection is alpha's, whoever writes to it: beta may ask
# with it what alpha let it ask, and what it gets is alpha's: a lease that is no good to beta.
handed_over() {
	local status

	contained alpha payments "--volume /usr:/usr:ro --volume $shared:/tmp" \
		$python /tmp/abuse.py puppet /tmp/puppets alpha >/dev/null 2>&1 &
	python beta stranger puppet /tmp/puppets beta >/dev/null 2>&1 &
	tell alpha connect && tell beta connect && [ "$(tell beta evidence)" = NotAllowed ] &&
	[ "$(tell alpha lease)" = granted ] && [ "$(tell alpha use)" = 0 ] || return
	(tell alpha give /tmp/puppets/socket) &
	tell beta take /tmp/puppets/socket
	wait $!
	[ "$(tell beta lease)" = granted ] && [ "$(tell beta use)" = EPERM ] && [ "$(tell alpha use)" = 0 ]
	status=$?
	# The container whose connection it is ends, and with it what was registered for it.
	dismiss alpha
	systemctl stop alpha.service
	[ $status = 0 ] && [ "$(tell beta lease)" = cut-off ] && [ "$(tell beta evidence)" = cut-off ]
	status=$?
	dismiss beta
	wait
	[ $status = 0 ] && decided alpha AcquireLease granted && decided beta GetEvidence NotAllowed &&
	told 7b09472d33034daa896fce9a3cd5593e '"TEEGATE_ERRNO":"EPERM"' TEEGATE_WORKLOAD=alpha &&
	told 8669a5fee4bf4c50b6ef36a0a6dce855 '/alpha\.service/'
}
check a_connection_handed_to_another_container_stays_its_makers_and_ends_with_it handed_over

# By root, who alone can; a service, whose number is the one that the kernel knows.
puppet() {
	in_unit "$1" "$2" X=1 $python $shared/abuse.py puppet $puppets "$1" >/dev/null 2>&1 &
}

moved() {
	local pid elsewhere=/sys/fs/cgroup/system.slice/elsewhere.service home=/sys/fs/cgroup/system.slice/alpha.service

	puppet alpha payments
	pid=$(tell alpha connect | cut -d' ' -f2) && [ "$(tell alpha evidence)" = granted ] &&
	mkdir -p $elsewhere && echo "$pid" >$elsewhere/cgroup.procs &&
	[ "$(tell alpha evidence)" = UnknownWorkload ] && [ "$(tell alpha lease)" = UnknownWorkload ] &&
	echo "$pid" >$home/cgroup.procs && [ "$(tell alpha evidence)" = granted ]
	local status=$?
	dismiss alpha
	wait
	rmdir $elsewhere
	[ $status = 0 ] && decided alpha GetEvidence UnknownWorkload 'moved' &&
	decided alpha AcquireLease UnknownWorkload 'moved'
}
check a_process_that_moved_to_another_cgroup_is_nobody_until_it_is_back moved

# Starts in a cgroup until it is that pid. 78: could not be tried, and the case fails.
# shellcheck disable=SC2016 # for the shell in there
REUSE='for i in $(seq 200); do
	echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
	sh -c "echo \$\$ >$2/cgroup.procs; exec sleep 900" &
	if [ $! = "$1" ]; then
		for i in $(seq 300); do
			! grep -q "${2##*/}" "/proc/$1/cgroup" || exit 0
			sleep 0.1
		done
		exit 78
	fi
	kill $!
done
exit 78'

# The one who connected has been reaped, and its number belongs to another process of its workload.
reused() {
	local pid status

	puppet alpha payments
	puppet beta stranger
	timeout 300 sh -c "echo child >$puppets/alpha.in"
	pid=$(tell alpha connect | cut -d' ' -f2) && [ "$(tell alpha evidence)" = granted ] || return
	(tell alpha give $puppets/socket2) &
	tell beta take $puppets/socket2
	wait $!
	[ "$(tell beta lease)" = granted ] || return
	timeout 300 sh -c "echo quit >$puppets/alpha.in"
	[ "$(timeout 300 cat $puppets/alpha.out)" = "reaped $pid" ] && [ ! -e "/proc/$pid" ] || return
	sh -c "$REUSE" - "$pid" /sys/fs/cgroup/system.slice/alpha.service && grep -q alpha.service "/proc/$pid/cgroup" &&
	[ "$(tell beta lease)" = UnknownWorkload ] && [ "$(tell beta evidence)" = UnknownWorkload ]
	status=$?
	kill "$pid"
	dismiss alpha
	dismiss beta
	wait
	[ $status = 0 ] && decided alpha AcquireLease UnknownWorkload exited
}
check a_pid_that_was_used_again_does_not_revive_a_connection reused

# ---- names and doors ----

# What would match somebody else's choice of a name is no policy; such a name is no identity.
crafted() {
	gets_evidence alpha payments && teegatectl policy check >/dev/null || return
	printf '[Match]\nUnit=alpha*.service\n' >/etc/teegate/workloads.d/omega.conf
	teegatectl policy check 2>check.err
	local status=$?
	rm /etc/teegate/workloads.d/omega.conf
	cat check.err
	[ $status = 1 ] && grep -q 'omega\.conf:2: Unit=alpha\*\.service' check.err &&
	not in_unit beta payments X=1 /bin/sh -c 'me=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
		for name in alpha.service alpha.slice "alpha.service@.service"; do mkdir "$me/$name"; done
		echo $$ >"$me/alpha.service/cgroup.procs" || exit 0
		exec '"$REPORT" && [ ! -s beta.out ] && grep -q 'beta\.service' beta.err &&
	decided beta AcquireLease NotAllowed
}
check a_pattern_is_no_policy_and_a_crafted_name_no_identity crafted

stock_device() {
	gets_evidence alpha payments && refused "$stock" alpha payments "-v /dev/$stock:/dev/$stock" &&
	decided alpha AcquireLease Forgeable "$stock"
}
check a_container_with_the_stock_device_is_refused_and_told stock_device

# Root gave the folder of reports to the user for a while.
configfs() {
	local tsm=/sys/kernel/config/tsm/report status

	[ -d $tsm ] && in_unit alpha payments X=1 $REPORT && [ -s alpha.out ] && chown payments $tsm || return
	in_unit alpha payments X=1 $REPORT
	status=$?
	chown root $tsm
	[ $status != 0 ] && [ ! -s alpha.out ] && grep -qi configfs alpha.err && decided alpha AcquireLease Forgeable &&
	in_unit alpha payments X=1 $REPORT
}
check a_service_that_may_write_configfs-tsm_is_refused_and_told configfs

systemctl reload-or-restart teegated.service

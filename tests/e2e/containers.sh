# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In the Debian guest, as root, after the demo: what a confined workload gets
# from teegated and what it does not. After cases.sh. Each refusal stands beside
# the same request being granted where it should be.

# policy UNIT USER: write the entry of a workload of that name, and have the daemon read it.
policy() {
	printf '[Match]\nUnit=%s.service\nUid=%s\n[Allow]\nOperations=report\n[Claims]\nName=%s\n' \
		"$1" "$(id -u "$2")" "$1" >"/etc/teegate/workloads.d/$1.conf"
	systemctl reload-or-restart teegated.service
}

# contained UNIT USER OPTIONS COMMAND...: run in a rootless container under a system unit.
# stdout goes to UNIT.out, stderr to UNIT.err; true if the command was.
contained() {
	local unit=$1 user=$2 options=$3

	shift 3
	in_unit "$unit" "$user" "CONTAINED_OPTIONS=$options" /usr/lib/teegate-lab/contained "$@"
}

# What containers share: a folder, with programs that must be where a user finds them.
shared=/run/e2e/shared
mkdir -p $shared
chmod 0777 $shared
cp /mnt/share/{boxed,lease} $shared/

# What runs units, see in_unit.
UNIT=/run/e2e/unit
cp /mnt/share/unit $UNIT

# boxed UNIT USER OPTIONS COMMAND...: in a rootless container that crun makes, see boxed.c, which also
# says what the options are. Most are of this kind, because podman's take several times as long.
boxed() {
	local unit=$1 user=$2 options=$3

	shift 3
	in_unit "$unit" "$user" X=1 $shared/boxed $options -- "$@"
	local status=$?
	grep -qx 'boxed: started' "$unit.err" || untried "$unit"
	return $status
}

# For a container, which is to end by itself: who stops its unit stops podman's clearing up, too.
UNTIL_OVER='until [ -e /tmp/over ]; do sleep 0.5; done'

# in_unit UNIT USER VARIABLE=VALUE [-i FILE] COMMAND...: as a system service, see unit.c.
in_unit() {
	local unit=$1 user=$2 environment=$3 input=()

	shift 3
	[ "$1" != -i ] || { input=(-i "$2"); shift 2; }
	rm -f "$unit.out" "$unit.err"
	$UNIT -s "${UNIT_SECONDS:-600}" -e "$environment" "${input[@]}" "$unit" "$user" "$@"
	local status=$?
	cat "$unit.err"
	return $status
}

# decided UNIT METHOD VERDICT [PATTERN]: the journal has such a decision, for such a reason, since the
# case began.
decided() {
	journalctl --sync
	journalctl -q -o json --since "@$begun" MESSAGE_ID=5f0c8dd1a1744d0fb1d2f7c7b9a7e46b \
		"TEEGATE_UNIT=$1.service" "TEEGATE_METHOD=$2" "TEEGATE_VERDICT=$3" >decided
	tail -n 5 decided
	[ -s decided ] && { [ -z "${4:-}" ] || grep -Eq '"TEEGATE_REASON":"([^"\]|\\.)*'"$4" decided; }
}

# said PROGRAM PATTERN: the journal has that from it, since the case began. By the name that the program
# gives itself: what the journal finds out about who spoke is lost for whoever has ended meanwhile.
said() {
	journalctl --sync
	journalctl -q -o cat --since "@$begun" -t "$1" >said
	grep -E "$2" said
}

REPORT='/usr/bin/teegatectl report --user-data 00112233 --output -'

gets_evidence() {
	boxed "$1" "$2" "${3:-}" $REPORT && [ -s "$1.out" ]
}

# The same from one that podman made.
podman_gets_evidence() {
	contained "$1" "$2" "${3:-}" $REPORT && [ -s "$1.out" ]
}

# refused PATTERN UNIT USER [OPTIONS]: gets nothing, and the message says PATTERN.
refused() {
	local pattern=$1

	shift
	not gets_evidence "$@" && [ ! -s "$1.out" ] && grep -Eiq "$pattern" "$1.err"
}

# What it sees is for a case below.
looks_and_asks() {
	contained alpha payments '' /bin/sh -c "
		ls /bin/sh /dev/$stock /dev/teegate 2>/dev/null | sed 's/^/sees /' >&2
		exec $REPORT" && [ -s alpha.out ] && cp alpha.err seen
}
policy alpha payments
check a_container_with_a_policy_entry_gets_evidence looks_and_asks

raw_refused() {
	gets_evidence alpha payments &&
	not boxed alpha payments '' $REPORT --raw && [ ! -s alpha.out ] && grep -qi raw alpha.err
}
check a_raw_report_is_refused_where_policy_allows_reports raw_refused

stock_node() {
	gets_evidence alpha payments &&
	not podman_gets_evidence alpha payments "--volume /dev/$stock:/dev/$stock" && [ ! -s alpha.out ] &&
	grep -q "$stock" alpha.err && refused "$stock" alpha payments "-v /dev/$stock:/dev/$stock"
}
check a_container_with_the_stock_device_gets_nothing_and_is_told_why stock_node

# A neighbour in a cgroup below, which would share the lease, has FILE open; does the client itself,
# which has not, get evidence? 78: the attack could not even be tried, which is no pass. Named with a
# dot, because nothing says that it may not.
beside() {
	in_unit alpha payments X=1 -i "$1" /bin/sh -c '
		me=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
		exec 3<&0 </dev/null
		mkdir "$me/.below" || exit 78
		sleep 900 &
		echo $! >"$me/.below/cgroup.procs" || exit 78
		exec 3<&-
		'"$REPORT"'
		status=$?
		kill $!
		exit $status'
}

stock_below() {
	beside /dev/null && [ -s alpha.out ] || return
	beside "/dev/$stock" && return 1
	[ $? != 78 ] && [ ! -s alpha.out ] &&
	tr -s '[:space:]' ' ' <alpha.err | grep -q 'descriptor 3 is an open TEE device'
}
check a_neighbour_in_a_cgroup_below_with_the_stock_device_is_as_bad stock_below

no_device() {
	ls "/dev/$stock" /dev/teegate && cat seen && grep '^sees ' seen | cmp - <(echo 'sees /bin/sh')
}
check a_container_sees_neither_device no_device

# CAP_MKNOD of its own user namespace, and numbers that are right: the kernel makes no node for it.
# Fifos take the same call, so that it is not for want of a place or of the program.
rootless_node() {
	local node=$1

	[ -c "$node" ] &&
	boxed alpha payments '-c CAP_MKNOD -t /tmp' /bin/sh -c "
		grep -q '^CapEff:.0000000008000000' /proc/self/status || exit 78
		mknod /tmp/fifo p || exit 78
		mknod /tmp/node c $(stat -c '%Hr %Lr' "$node") && exec 3<>/tmp/node" && return 1
	[ $? != 78 ] && grep -q 'not permitted' alpha.err
}
check a_node_of_the_stock_device_made_with_CAP_MKNOD_does_not_open rootless_node "/dev/$stock"

# Root in a container with CAP_MKNOD and a device cgroup that lets everything pass: only the
# module's own check is left. mknod and the stock /dev/null show that the node itself works.
made_node() {
	local node=$1 numbers

	numbers=$(stat -c '%Hr %Lr' "$node") && exec 9<>"$node" && exec 9>&- &&
	podman run --rm --network=none --cap-add=MKNOD --device-cgroup-rule='c *:* rwm' \
		--read-only --read-only-tmpfs=false --tmpfs /tmp:dev --log-driver=passthrough \
		--rootfs /usr/lib/teegate-lab/container /bin/sh -c "
		mknod /tmp/null c 1 3 && echo >/tmp/null || exit 78
		mknod /tmp/node c $numbers || exit 78
		exec 3<>/tmp/node" && return 1
	[ $? != 78 ]
}
check a_node_of_teegate_made_with_CAP_MKNOD_does_not_open made_node /dev/teegate

# ---- leases ----

mkfifo -m 0666 $shared/ready $shared/number $shared/go
with_lease() {
	local unit=$1 user=$2

	shift 2
	boxed "$unit" "$user" "-v $shared:/tmp" /tmp/lease "$@"
}

# with_usr UNIT USER COMMAND...: in a container that has the guest's /usr, too, and the folder as /tmp.
with_usr() {
	local unit=$1 user=$2

	shift 2
	boxed "$unit" "$user" "-v /usr:/usr:ro -v $shared:/tmp" "$@"
}

says() {
	printf 'report %s\n' "${@:2}" | cmp - "$1.out"
}

# The descriptor goes from one container to another, whose processes are not in the lease's cgroup.
smuggled_lease() {
	with_lease alpha payments lend /tmp &
	with_lease beta stranger borrow /tmp
	wait
	says beta EPERM && says alpha 0 0
}
check a_lease_smuggled_to_another_container_is_EPERM_there_and_good_at_home smuggled_lease

firmware=/sys/kernel/debug/teegate-softfw
hits() {
	sed -n "s/^$hold .*hits=//p" $firmware/fault
}

# Firmware has the request and does not answer it; the number of the lease tells that there is one.
revoked_in_firmware() {
	local before lease

	with_lease alpha payments ask && says alpha 0 || return
	before=$(hits)
	echo "$hold count=25" >$firmware/fault
	with_lease alpha payments ask /tmp/number &
	lease=$(timeout 300 cat $shared/number)
	while [ "$(hits)" = "$before" ] && [ -e /proc/$! ]; do
		sleep 0.1
	done
	$shared/lease revoke "$lease"
	wait
	echo none >$firmware/fault
	[ ! -e $firmware/release ] || echo 1 >$firmware/release
	says alpha ESTALE && with_lease alpha payments ask && says alpha 0
}
check a_lease_revoked_while_its_request_is_in_firmware_is_ESTALE revoked_in_firmware

sandbox() {
	local pid

	pid=$(systemctl show -P MainPID teegated.service) && [ "$pid" != 0 ] &&
	grep -q '^NoNewPrivs:.1' "/proc/$pid/status" && grep -q '^Seccomp:.2' "/proc/$pid/status"
}
check the_broker_runs_confined sandbox

nothing_failed() {
	systemctl --failed --no-legend --plain | grep -vE '^(payments|stranger|alpha|beta|gamma)\.service' |
		grep . && return 1
	return 0
}
check no_unit_of_the_system_failed nothing_failed

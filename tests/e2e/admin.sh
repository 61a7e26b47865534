# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In the Debian guest, as root, after containers.sh, whose functions it uses: what
# an administrator sees and ends, and who is none. What becomes of a lease is told
# by its holder; each refusal stands beside the same thing being allowed.

cp /mnt/share/genl $shared/
L=$shared/lease

# holding UNIT USER: somebody in that unit has a lease and used it once; its number in LEASE.
holding() {
	rm -f "$1.out"
	in_unit "$1" "$2" X=1 $L park $shared >/dev/null 2>&1 &
	holder=$!
	LEASE=$(timeout 300 cat $shared/number) && [ -n "$LEASE" ]
}

# uses_again UNIT RESULT: the holder does, with this result.
uses_again() {
	timeout 300 sh -c "echo go >$shared/go" && wait $holder
	says "$1" 0 "$2"
}

# A stream of events into events.json; it has begun when this returns.
listen() {
	rm -f events.json
	teegatectl events --json >events.json 2>events.err &
	listener=$!
	heard '"method":"Subscribe"'
}

# heard PATTERN...: events that match come in this order.
heard() {
	await in_events "$@" || { cat events.json events.err; return 1; }
}

in_events() {
	in_order "$@" <events.json
}

in_order() {
	local line

	while read -r line; do
		[[ $line =~ $1 ]] && shift
		[ $# != 0 ] || return 0
	done
	return 1
}

stop_listening() {
	kill $listener
	wait $listener
}

policy alpha payments

listed() {
	holding alpha payments && teegatectl leases --json >leases.json && teegatectl leases | tee leases.txt &&
	grep -q '"workload" *: *"alpha"' leases.json && grep -q '"unit" *: *"alpha.service"' leases.json &&
	grep -q '"rule" *: *"/etc/teegate/workloads.d/alpha.conf"' leases.json &&
	grep -Eq "^$LEASE +alpha +alpha.service +$(id -u payments) +report +cgroup" leases.txt &&
	teegatectl leases --workload alpha --json | grep -q "\"leaseId\" *: *$LEASE" &&
	not teegatectl leases --workload beta --json | grep -q leaseId
	uses_again alpha 0
}
check the_administrator_sees_a_lease_and_to_whom_it_was_granted listed

by_number() {
	holding alpha payments && uses_again alpha 0 || return
	holding alpha payments && teegatectl leases revoke $LEASE || return
	uses_again alpha ESTALE && not teegatectl leases revoke $LEASE
}
check a_lease_is_revoked_by_its_number by_number

by_workload() {
	local alpha

	policy beta stranger && holding alpha payments && alpha=$LEASE &&
	teegatectl leases revoke --workload beta && return 1
	teegatectl leases revoke --workload alpha || return
	uses_again alpha ESTALE && not teegatectl leases $alpha
}
check the_leases_of_a_workload_are_revoked_and_of_no_other by_workload

told_in_order() {
	local lease

	listen && holding alpha payments && lease=$LEASE && teegatectl leases revoke $LEASE &&
	uses_again alpha ESTALE &&
	heard "\"lease-created\".*\"workload\":\"alpha\".*\"unit\":\"alpha.service\".*\"lease\":$lease," \
		"\"decision\".*\"unit\":\"alpha.service\".*\"method\":\"AcquireLease\",\"verdict\":\"granted\"" \
		"\"lease-used\".*\"workload\":\"alpha\".*\"lease\":$lease," \
		"\"decision\".*\"method\":\"Revoke\",\"verdict\":\"granted\"" \
		"\"lease-revoked\".*\"workload\":\"alpha\".*\"lease\":$lease,.*\"cause\":\"administrator\"" \
		"\"lease-closed\".*\"lease\":$lease[,}]"
	local status=$?
	stop_listening
	return $status
}
check a_subscriber_hears_of_a_lease_from_its_grant_to_its_end told_in_order

# Each process that is waited for by name: the listener goes on.
lent() {
	local lender status

	rm -f $shared/socket
	in_unit alpha payments X=1 $L lend $shared >/dev/null 2>&1 &
	lender=$!
	in_unit beta stranger X=1 $L borrow $shared
	status=$?
	wait $lender && [ $status = 0 ] && says beta EPERM && says alpha 0 0
}

told_denied() {
	listen && lent &&
	heard '"lease-created".*"workload":"alpha"' '"denied".*"workload":"alpha".*"errno":"EPERM"'
	local status=$?
	stop_listening
	[ $status = 0 ] && [ "$(grep -c '"event":"denied"' events.json)" = 1 ]
}
check a_lease_used_by_a_neighbour_is_told told_denied

journaled() {
	refused 'beta\.service|rule' beta payments || :
	journalctl --sync
	journalctl -q -o json MESSAGE_ID=5f0c8dd1a1744d0fb1d2f7c7b9a7e46b TEEGATE_VERDICT=NotAllowed \
		TEEGATE_UNIT=beta.service TEEGATE_UID="$(id -u payments)" | grep -q '"TEEGATE_METHOD":"AcquireLease"' &&
	journalctl -q -o json MESSAGE_ID=0168e24ba1944203b831ca3ef827d4b8 TEEGATE_WORKLOAD=alpha |
		grep -q '"TEEGATE_CAUSE":"administrator"'
}
check refusals_and_revocations_are_in_the_journal_by_id_and_field journaled

reload() {
	varlinkctl call /run/teegate/broker.sock io.teegate.Broker.Reload '{}'
}

narrowed() {
	holding alpha payments && reload && uses_again alpha 0 || return
	listen && holding alpha payments &&
	sed -i "s/^Uid=.*/Uid=$(id -u stranger)/" /etc/teegate/workloads.d/alpha.conf && reload || return
	heard "\"policy-loaded\"" "\"lease-revoked\".*\"lease\":$LEASE,.*\"cause\":\"policy\""
	stop_listening
	uses_again alpha ESTALE
	policy alpha payments
	in_order '"lease-revoked".*"cause":"policy"' <events.json && says alpha 0 ESTALE
}
check a_policy_that_grows_narrower_takes_back_what_it_had_granted narrowed

# The lease is kept alive by root outside, while its workload ends.
removed_cgroup() {
	local status

	rm -f $shared/socket
	$L keep $shared &
	keeper=$!
	listen && in_unit alpha payments X=1 $L lend $shared && says alpha 0 0 || return
	heard '"lease-created".*"workload":"alpha"' \
		'"lease-revoked".*"workload":"alpha".*"cause":"cgroup-removed"'
	status=$?
	stop_listening
	timeout 300 sh -c "echo go >$shared/go"
	wait $keeper
	return $status
}
check a_lease_whose_cgroup_was_removed_is_ended_and_told removed_cgroup

# As root in a container that has no user namespace of its own: uid 0, to the kernel, too.
as_container_root() {
	podman run --rm --network=none --read-only --read-only-tmpfs=false --log-driver=passthrough \
		--volume /run/teegate/broker.sock:/run/teegate/broker.sock "$@" \
		--rootfs /usr/lib/teegate-lab/container /bin/sh -c 'id -u; exec /usr/bin/teegatectl leases' \
		>root.out 2>root.err
	local status=$?
	cat root.out root.err
	[ "$(head -n 1 root.out)" = 0 ] && [ $status = 1 ]
}

container_root() {
	teegatectl leases && as_container_root && grep -q 'refused: only root of the system.*namespace' root.err &&
	as_container_root --pid=host --cgroupns=host --uts=host --ipc=host &&
	grep -q 'refused: only root of the system.*CAP_SYS_ADMIN' root.err
}
check root_of_a_container_without_a_user_namespace_is_no_administrator container_root

rootless_root() {
	teegatectl leases &&
	not boxed alpha payments '' /bin/sh -c 'id -u; exec /usr/bin/teegatectl leases' &&
	[ "$(cat alpha.out)" = 0 ] && grep -q 'refused: only root' alpha.err
}
check root_of_a_user_namespace_is_no_administrator rootless_root

# With the network of the host, where the family is, and all that a user namespace can give.
deaf() {
	printf 'family 0\nlisten 0\ndump 0\n' | cmp - <($shared/genl) &&
	in_unit alpha payments X=1 podman --log-level=error run --rm --replace --name deaf --cgroups=split \
		--network=host --cap-add=NET_ADMIN --cap-add=SYS_ADMIN --read-only --read-only-tmpfs=false \
		--pull=never --log-driver=passthrough --volume $shared:/tmp \
		--rootfs /usr/lib/teegate-lab/container /tmp/genl && printf 'family 0\nlisten EPERM\ndump EPERM\n' | cmp - alpha.out
}
check root_of_a_user_namespace_hears_nothing_of_the_module deaf

replaced() {
	local status

	gets_evidence alpha payments && listen && unload teegate && modprobe teegate &&
	heard '"module-down"' '"module-up"' && gets_evidence alpha payments && holding alpha payments &&
	teegatectl leases $LEASE
	status=$?
	stop_listening
	[ $status = 0 ] && uses_again alpha 0 && in_order '"device-removed".*teegate"' '"device-added".*teegate"' <events.json
}
check the_module_may_be_replaced_under_the_broker replaced

devices() {
	listen && echo add >/sys/class/misc/fuse/uevent && echo add >/sys/class/misc/$stock/uevent &&
	echo remove >/sys/class/misc/$stock/uevent && heard '"device-added".*'$stock '"device-removed".*'$stock
	local status=$?
	echo add >/sys/class/misc/$stock/uevent
	stop_listening
	[ $status = 0 ] && not grep fuse events.json
}
check devices_that_come_and_go_are_told devices

top_once() {
	holding alpha payments && teegatectl top --once | tee top.txt
	uses_again alpha 0 && grep -Eq "^$provider is up: " top.txt &&
	grep -Eq '^alpha +alpha\.service +1 +[1-9]' top.txt && not grep -q $'\033' top.txt
}
check top_shows_the_workloads_once_for_scripts top_once

rm -f /etc/teegate/workloads.d/beta.conf
systemctl reload-or-restart teegated.service

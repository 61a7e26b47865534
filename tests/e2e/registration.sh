# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086,SC2016 # what containers.sh sets, and without spaces
#
# In the Debian guest, as root: what container runtimes say of their containers, and what it is worth.
# After containers.sh, whose helpers it uses. Each refusal stands beside the same thing being granted.

hook=/usr/libexec/teegate-oci-hook
registrar=/run/teegate/register.sock
boxes='podman --log-level=error run --network=none --read-only --read-only-tmpfs=false --cap-drop=all
	--security-opt=no-new-privileges --pull=never'

registered() {
	varlinkctl -j call $registrar io.teegate.Registrar.List '{}'
}

# claims_say FILE HEX TEXT: both stand in this evidence.
claims_say() {
	od -An -v -tx1 "$1" | tr -d ' \n' | grep -q "$2" && grep -aq "$3" "$1"
}

# An image of what the other containers have as a folder, and one that differs in one file.
make_images() {
	tar -C /usr/lib/teegate-lab/container -c . >box.tar &&
	podman import -q - localhost/box:1 <box.tar &&
	echo x >other && tar -r -f box.tar other && podman import -q - localhost/box:2 <box.tar &&
	digest=$(podman image inspect --format '{{.Digest}}' localhost/box:1) && [ -n "$digest" ] || return
	printf '[Match]\nImageDigest=%s\nUid=0\n[Allow]\nOperations=report\n[Claims]\nName=boxed\n' "$digest" \
		>/etc/teegate/workloads.d/boxed.conf
	systemctl reload-or-restart teegated.service
}

cdi_run() {
	make_images &&
	$boxes --rm --device teegate.io/tee=broker localhost/box:1 $REPORT >box.out 2>box.err && [ -s box.out ]
}
check podman_run_with_the_CDI_device_gets_evidence_by_the_digest_of_its_image cdi_run

root_vouches() {
	cat box.err
	claims_say box.out "${digest#sha256:}" 'runtime:root'
}
check evidence_has_the_digest_of_the_image_in_the_word_of_roots_runtime root_vouches

by_runc() {
	${boxes/podman/podman --runtime runc} --rm --device teegate.io/tee=broker localhost/box:1 $REPORT \
		>box.out 2>box.err && [ -s box.out ] && claims_say box.out "${digest#sha256:}" 'runtime:root'
}
check a_container_that_runc_makes_is_registered_as_well by_runc

other_image() {
	not $boxes --rm --device teegate.io/tee=broker localhost/box:2 $REPORT >box.out 2>box.err &&
	cat box.err && [ ! -s box.out ] && grep -q 'no policy file' box.err
}
check a_container_of_another_image_is_refused other_image

lent() {
	[ "$(grep -c '^report 0$' $shared/lent)" = 2 ]
}

# So does its lease, which somebody outside keeps alive.
ends_with_container() {
	local id keeper status

	rm -f $shared/socket $shared/lent
	$shared/lease keep $shared &
	keeper=$!
	id=$($boxes -d --device teegate.io/tee=broker -v $shared:/tmp localhost/box:1 \
		/bin/sh -c '/tmp/lease lend /tmp >/tmp/lent; exec /bin/sleep 900') && await lent &&
	registered >before && podman rm -f -t 0 "$id" && registered >after && cat before after &&
	grep -q "$id" before && not grep -q "$id" after && [ ! -e "/run/teegate/workloads/$id" ] &&
	await lease_ended_with "$id"
	status=$?
	timeout 60 sh -c "echo go >$shared/go" || kill $keeper
	wait $keeper
	return $status
}

lease_ended_with() {
	journalctl --sync
	journalctl -q -o json --since "@$begun" MESSAGE_ID=0168e24ba1944203b831ca3ef827d4b8 TEEGATE_WORKLOAD=boxed |
		grep '"TEEGATE_CAUSE":"container-stopped"'
}
check a_registration_its_socket_and_its_leases_end_with_the_container ends_with_container

fails_closed() {
	$boxes --rm --annotation io.teegate.register=no localhost/box:1 /bin/true &&
	not $boxes --rm --annotation io.teegate.register=perhaps localhost/box:1 /bin/true
}
check a_container_that_asks_wrongly_does_not_start fails_closed

# The socket of one container, mounted into another one of the same image: it is no ticket.
others_socket() {
	local id socket

	rm -f $shared/own
	id=$($boxes -d --device teegate.io/tee=broker -v $shared:/tmp localhost/box:1 \
		/bin/sh -c "$REPORT >/tmp/report && mv /tmp/report /tmp/own; exec /bin/sleep 900") &&
	await [ -s $shared/own ] && podman exec "$id" $REPORT >own.out && [ -s own.out ] || return
	socket=/run/teegate/workloads/$id/broker.sock
	not $boxes --rm -v "$socket:/run/teegate/broker.sock" localhost/box:1 $REPORT >box.out 2>box.err || return
	podman rm -f -t 0 "$id"
	cat box.err
	[ ! -s box.out ] && grep -q 'not in the container that this socket was made for' box.err
}
check the_socket_of_a_container_serves_no_other others_socket

rootless_vouches() {
	podman_gets_evidence alpha payments && cat alpha.err &&
	claims_say alpha.out '' "runtime:uid:$(id -u payments)" && not grep -aq runtime:root alpha.out
}
check a_rootless_runtime_vouches_as_its_user_and_evidence_says_so rootless_vouches

# forge ID PID [DIGEST]: as a user, the hook with a bundle that he wrote himself. In the unit's cgroup.
forge='forge() {
	storage=$(mktemp -d) && bundle=$storage/overlay-containers/$1/userdata
	mkdir -p "$bundle" "$storage/overlay-images"
	echo "{\"annotations\":{\"io.teegate.register\":\"yes\"}}" >"$bundle/config.json"
	echo "[{\"id\":\"$1\",\"image\":\"aa\"}]" >"$storage/overlay-containers/containers.json"
	echo "[{\"id\":\"aa\",\"digest\":\"$3\"}]" >"$storage/overlay-images/images.json"
	echo "{\"id\":\"$1\",\"pid\":$2,\"bundle\":\"$bundle\"}" | '$hook' createRuntime
}
me=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
mkdir "$me/box" "$me/self" && echo $$ >"$me/self/cgroup.procs" || exit 78
sh -c "echo \$\$ >$me/box/cgroup.procs; exec sleep 900" & own=$!
until grep -q "^$own\$" "$me/box/cgroup.procs"; do sleep 0.1; done
'

# In there it has the number that policy names, and to the kernel it is one of the user's subordinates.
own_uid() {
	podman_gets_evidence alpha payments &&
	not podman_gets_evidence alpha payments "--user $(id -u payments)" && [ ! -s alpha.out ] &&
	grep -Eq "uid [12][0-9]{5}" alpha.err
}
check a_uid_that_a_container_gave_itself_is_not_the_one_of_policy own_uid

# The digest that policy knows, in the word of a user: registered, and worth nothing there.
forged_digest() {
	in_unit delta stranger X=1 /bin/sh -c "$forge
		forge forged \$own $digest || exit 78
		varlinkctl -j call $registrar io.teegate.Registrar.List '{}' >&2
		echo \$\$ >\$me/box/cgroup.procs; exec $REPORT"
	[ $? != 78 ] && [ ! -s delta.out ] && grep -q "runtime:uid:$(id -u stranger)" delta.err &&
	grep -q "${digest#sha256:}" delta.err && grep -q 'no policy file' delta.err
}
check a_users_word_for_a_digest_is_not_roots forged_digest

# Sets id to that of a container for which a user vouched.
find_id() {
	id=$(registered | grep -o '"id":"[0-9a-f]*","vouchedBy":"runtime:uid' | cut -d'"' -f4) && [ -n "$id" ]
}

# His own, by his own id, goes; the other user's process or id does not.
foreign_container() {
	local id pid

	rm -f $shared/over
	contained alpha payments "--volume $shared:/tmp" /bin/sh -c "$UNTIL_OVER" &
	await find_id
	pid=$(head -n 1 /sys/fs/cgroup/system.slice/alpha.service/libpod-payload-"$id"/cgroup.procs)
	[ -n "$id" ] && [ -n "$pid" ] || return
	# As himself, and as root of a user namespace, which he may make as well.
	local status=0 as
	for as in /usr/bin/env '/usr/bin/unshare --user --map-root-user'; do
		in_unit delta stranger X=1 $as /bin/sh -c "id -u; $forge
			forge mine \$own sha256:00 && exit 77
			forge mine \$own $digest || exit 78
			forge theirs $pid $digest && exit 79
			forge $id \$own $digest && exit 80
			exit 0" || status=$?
		cat delta.out
		grep -q 'not one of user' delta.err && grep -q Taken delta.err || status=1
	done
	[ "$(head -n 1 delta.out)" = 0 ] || status=1
	registered | grep -o "\"id\":\"$id\",\"vouchedBy\":\"[^\"]*" | tee kept
	touch $shared/over
	wait
	[ $status = 0 ] &&
	grep -q "runtime:uid:$(id -u payments)" kept &&
	decided delta Register granted && decided delta Register Taken && decided delta Register NotAllowed
}
check a_user_can_register_neither_anothers_container_nor_anothers_id foreign_container

# Root of a container, with the socket for runtimes in it, is still not root.
container_root() {
	not podman --log-level=error run --rm --network=none --pull=never -v /:/host:ro \
		--security-opt=no-new-privileges localhost/box:1 /bin/busybox chroot /host \
		varlinkctl call /run/teegate/register.sock io.teegate.Registrar.List '{}' >box.out 2>box.err &&
	cat box.out box.err && cat box.out box.err | grep -q 'only root of the system' && registered >/dev/null
}
check root_in_a_container_is_no_runtime_of_root container_root

dynamic_user() {
	printf '[Match]\nUnit=dyn.service\n[Allow]\nOperations=report\n[Claims]\nName=dyn\n' \
		>/etc/teegate/workloads.d/dyn.conf
	systemctl reload-or-restart teegated.service
	for unit in dyn dyn2; do
		systemd-run --quiet --collect --wait --unit=$unit.service -p DynamicUser=yes \
			-p StandardOutput=truncate:/run/e2e/$unit.out \
			-p StandardError=truncate:/run/e2e/$unit.err $REPORT
		cat $unit.err
	done
	[ -s dyn.out ] && [ ! -s dyn2.out ] && grep -q 'dyn2\.service' dyn2.err
}
check a_service_with_a_dynamic_user_is_a_workload_by_its_unit dynamic_user

introspect_registrar() {
	varlinkctl introspect $registrar io.teegate.Registrar | grep -q 'method Register'
}
check varlinkctl_introspects_the_registrar introspect_registrar
rm -f /etc/teegate/workloads.d/{boxed,dyn}.conf
systemctl reload-or-restart teegated.service

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086 # what containers.sh sets, and without spaces
#
# In the Debian guest, as root: teegated killed again and again under the load of 20 confined
# processes, 5 of them in rootless containers. After containers.sh, whose helpers it uses.

KILLS=50

# storm_unit NAME USER COMMAND...: systemd-run costs several times what a unit does that is there, and
# has everybody on the bus told of each change of each unit for as long as it waits.
storm_unit() {
	local name=$1 user=$2

	shift 2
	printf '%s\n' '[Unit]' CollectMode=inactive-or-failed \
		'[Service]' ExitType=cgroup RuntimeMaxSec=1500 User=$user Delegate=yes \
		RuntimeDirectory=$user RuntimeDirectoryPreserve=yes \
		"Environment=HOME=/home/$user XDG_RUNTIME_DIR=/run/$user CONTAINED_NAME=$name" \
		"Environment=\"CONTAINED_OPTIONS=--detach --volume $shared:/tmp\"" \
		"StandardOutput=truncate:/run/e2e/$name.out" "StandardError=truncate:/run/e2e/$name.err" \
		"ExecStart=$*" >/run/systemd/system/$name.service
	printf '[Match]\nUnit=%s.service\n[Allow]\nOperations=report\n[Claims]\nName=%s\n' $name $name \
		>/etc/teegate/workloads.d/$name.conf
}

# podman does not wait for the container that it made, or it would ask four times a second whether that
# has ended. So the unit ends with the last process in it, not with the first (ExitType=).
storm_units() {
	local i

	cp /mnt/share/storm $shared/
	rm -f $shared/stop $shared/*.has
	for i in {1..5}; do
		storm_unit storm$i payments /usr/lib/teegate-lab/contained /tmp/storm run storm$i /tmp
	done
	for i in {6..20}; do
		storm_unit storm$i stranger $shared/storm run storm$i $shared
	done
	systemctl reload-or-restart teegated.service && systemctl daemon-reload &&
	systemctl start storm{1..20}.service
}

# Those of our 20 that teegated knows of, by the names in policy.
leases_known() {
	varlinkctl -j call /run/teegate/broker.sock io.teegate.Broker.ListLeases '{}' |
		grep -o '"workload":"storm[0-9]*"' | sort -u | wc -l
}

all_have_leases() {
	[ "$(leases_known)" = 20 ]
}

# They say so themselves, which is cheaper to wait for than to ask.
all_say_so() {
	local has=("$shared"/storm*.has)

	[ ${#has[@]} = 20 ]
}

# But for one process, which podman leaves for the namespaces of its user.
all_over() {
	[ "$(cat /sys/fs/cgroup/system.slice/storm*.service/{,*/}cgroup.procs 2>/dev/null | wc -l)" -le 1 ]
}

# Outage: from the signal until somebody gets an answer.
kill_it() {
	local ms

	: >outages
	for _ in $(seq $KILLS); do
		systemctl kill -s KILL --kill-whom=main teegated.service || return
		ms=$($shared/storm once) || return
		echo "$ms" >>outages
	done
	awk '{ sum += $1; if ($1 > max) max = $1 } END { printf "kills %d, outage of each: %.0f ms on average, %d at most\n",
		NR, sum / NR, max }' outages | tee outage
}

killed() {
	storm_units && await all_say_so && await all_have_leases && registered >before && kill_it &&
		await all_have_leases && registered >after
	local status=$?
	touch $shared/stop
	await all_over || status=1
	systemctl stop 'storm*.service'
	cat storm[0-9]*.out storm[0-9]*.err
	return $status
}
check killed_under_load_it_comes_back_and_knows_all_leases_again killed

count_of() {
	awk -v what="$1" '{ for (i = 2; i < NF; i += 2) if ($i == what) sum += $(i + 1) } END { print sum + 0 }' storms
}

# Without what podman calls its container.
cat storm[0-9]*.out | grep ' ok ' >storms
nobody_lost() {
	cat storms
	[ "$(wc -l <storms)" = 20 ] && [ "$(count_of lost)" = 0 ] && [ "$(count_of ok)" -gt 100 ]
}
check no_lease_was_lost_and_each_still_makes_reports nobody_lost

nobody_wrong() {
	[ "$(count_of ok)" -gt 100 ] && [ "$(count_of wrong)" = 0 ]
}
check nobody_was_taken_for_another nobody_wrong

clean_errors() {
	[ "$(count_of again)" -gt 0 ] && [ "$(count_of bad)" = 0 ]
}
check every_client_got_its_answer_or_was_hung_up_on_and_asked_again clean_errors

same_containers() {
	cat before after
	[ "$(grep -o '"id":"[^"]*"' before | sort)" = "$(grep -o '"id":"[^"]*"' after | sort)" ] &&
	[ "$(grep -o '"id":"[^"]*"' before | wc -l)" = 5 ]
}
check five_containers_stayed_registered same_containers
sed 's/^/# /' outage
echo "# $(count_of ok) answers, $(count_of again) asked again, $(count_of busy) busy"
rm -f /etc/teegate/workloads.d/storm*.conf /run/systemd/system/storm*.service
systemctl daemon-reload
systemctl reload-or-restart teegated.service

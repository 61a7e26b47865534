# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086 # what containers.sh sets, and without spaces
#
# In the Debian guest, as root: teegated killed again and again under the load of 20 confined
# processes, 5 of them in rootless containers. After containers.sh, whose helpers it uses.

KILLS=50

storm_units() {
	local i

	for i in $(seq 20); do
		printf '[Match]\nUnit=storm%s.service\n[Allow]\nOperations=report\n[Claims]\nName=storm%s\n' $i $i \
			>/etc/teegate/workloads.d/storm$i.conf
	done
	systemctl reload-or-restart teegated.service
	cp /mnt/share/storm $shared/
	rm -f $shared/stop
	UNIT_SECONDS=1500
	for i in $(seq 20); do
		if [ $i -le 5 ]; then
			contained storm$i payments "--volume $shared:/tmp --name storm$i" /tmp/storm run storm$i /tmp \
				>/dev/null &
		else
			in_unit storm$i stranger X=1 $shared/storm run storm$i $shared >/dev/null &
		fi
	done
}

# Those of our 20 that teegated knows of, by the names in policy.
leases_known() {
	varlinkctl -j call /run/teegate/broker.sock io.teegate.Broker.ListLeases '{}' |
		grep -o '"workload":"storm[0-9]*"' | sort -u | wc -l
}

all_have_leases() {
	[ "$(leases_known)" = 20 ]
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
	storm_units && await all_have_leases && registered >before && kill_it && await all_have_leases &&
		registered >after
	local status=$?
	touch $shared/stop
	wait
	unset UNIT_SECONDS
	cat storm[0-9]*.out storm[0-9]*.err
	return $status
}
check killed_under_load_it_comes_back_and_knows_all_leases_again killed

count_of() {
	cat storm[0-9]*.out | awk -v what="$1" '{ for (i = 2; i < NF; i += 2) if ($i == what) sum += $(i + 1) } END { print sum + 0 }'
}

cat storm[0-9]*.out >storms
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
rm -f /etc/teegate/workloads.d/storm*.conf
systemctl reload-or-restart teegated.service

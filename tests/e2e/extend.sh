# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what containers.sh sets
#
# In the Debian guest, as root, after containers.sh, on TDX: a container extends a runtime register
# by the broker, within what its policy allows; the event comes back with the evidence, and the
# verifier finds it by replaying the log to the registers of that quote.

# may_extend UNIT USER LINES: the entry of containers.sh, and the operation with its bounds.
may_extend() {
	policy "$1" "$2"
	sed -i "s/^Operations=.*/Operations=report extend\n$3/" "/etc/teegate/workloads.d/$1.conf"
	systemctl reload-or-restart teegated.service
}

# event UNIT USER TEXT: with a lease, as libtee does it.
event() {
	boxed "$1" "$2" '' /bin/sh -c "printf '%s' '$3' | teegatectl extend --index 2 -"
}

# asked UNIT USER TEXT: the broker does it, without a lease.
asked() {
	with_usr "$1" "$2" /usr/bin/varlinkctl call /run/teegate/broker.sock io.teegate.Broker.Extend \
		"{\"index\":2,\"event\":\"$(printf '%s' "$3" | base64)\"}"
}

not_extended() {
	not event "$1" "$2" "$3" && tr -s '[:space:]' ' ' <"$1.err" | grep -Eq "$4" && decided "$1" AcquireLease "$5"
}

# proven UNIT USER: events that its evidence proves, in their order, a line each: without claims.
proven() {
	gets_evidence "$1" "$2" >&2 || return
	teegatectl verify --json --root /mnt/share/root.pem --collateral /mnt/share/collateral.json \
		--nonce 00112233 --workload "$1" "$1.out" >verdict.json || { cat verdict.json >&2; return 1; }
	sed -n 's/.*"event\.[0-9]*" *: *"rtmr2 by claims [0-9a-f]*: \([^"]*\)".*/\1/p' verdict.json
}

event_of_a_container() {
	may_extend delta payments 'ExtendEvents=2\nExtendBytes=100' &&
	proven delta payments >before && event delta payments 'delta began' && decided delta AcquireLease granted extend &&
	proven delta payments >after || return
	head before after
	not grep -q 'delta began' before && printf 'delta began\n' | cat before - | cmp - after
}

events_are_bounded() {
	asked delta payments 'delta goes on' && decided delta Extend granted &&
	not asked delta payments 'once more' && decided delta Extend NotAllowed &&
	not_extended delta payments 'once more' 'ExtendEvents=3' NotAllowed &&
	proven delta payments >after && tail -n 2 after | tee -a /dev/stderr | cmp - <(printf 'delta began\ndelta goes on\n')
}

extending_needs_policy() {
	policy alpha payments && gets_evidence alpha payments &&
	not_extended alpha payments 'alpha began' 'Operations=extend' NotAllowed &&
	may_extend alpha payments 'ExtendEvents=1' && event alpha payments 'alpha began' &&
	proven alpha payments >after && [ "$(tail -n 1 after)" = 'alpha began' ]
	local status=$?
	policy alpha payments
	return $status
}

# Claims are in the digest: what one workload wrote stands under another name than what the other did.
names_differ() {
	sed -n 's/.*"rtmr2 by claims \([0-9a-f]*\): \(alpha\|delta\) began".*/\2 \1/p' verdict.json | sort -u | tee names
	[ "$(cut -d' ' -f1 names | sort -u | wc -l)" = 2 ] && [ "$(cut -d' ' -f2 names | sort -u | wc -l)" = 2 ]
}

check an_event_of_a_container_is_extended_and_proven_by_its_quote event_of_a_container
check events_above_the_policy_are_refused events_are_bounded
check an_extension_without_policy_is_refused extending_needs_policy
check each_event_is_under_the_claims_of_its_workload names_differ
rm -f /etc/teegate/workloads.d/delta.conf
systemctl reload-or-restart teegated.service

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what containers.sh sets
#
# In the Debian guest, as root, after keys.sh, whose policies it uses: keys from the broker's own methods,
# which any language can call, in a rootless container.

# method UNIT USER METHOD PARAMETERS: the answer, or the error in UNIT.err.
method() {
	with_usr "$1" "$2" /usr/bin/varlinkctl call --json=short /run/teegate/broker.sock \
		"io.teegate.Broker.$3" "$4"
}

# part NAME UNIT: of the answer.
part() {
	sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2.out" | grep .
}

derived() {
	method alpha payments DeriveKey '{"label":"disk"}' && part key alpha | base64 -d >m1 &&
	[ "$(stat -c %s m1)" = 32 ] && part rootId alpha >root1 && part params alpha >params1 &&
	key alpha payments disk m2 && cmp m1 m2 &&
	method beta stranger DeriveKey '{"label":"disk"}' && part key beta | base64 -d >m3 && not cmp m1 m3 &&
	part rootId beta | cmp - root1 &&
	method alpha payments DeriveKey "{\"label\":\"disk\",\"params\":\"$(cat params1)\"}" &&
	part key alpha | base64 -d | cmp - m1
}

sealed() {
	method alpha payments Seal '{"label":"token","data":"b2YgYWxwaGE="}' && part blob alpha >blob &&
	base64 -d <blob >$SEALED/m && opens alpha payments m 'of alpha' &&
	method alpha payments Unseal "{\"blob\":\"$(cat blob)\"}" && [ "$(part data alpha)" = b2YgYWxwaGE= ] &&
	not method beta stranger Unseal "{\"blob\":\"$(cat blob)\"}" && not part data beta &&
	decided beta Unseal Failed EBADMSG
}

# None of it is in the journal, where the granted requests are.
unheard() {
	local secret

	decided alpha DeriveKey granted 'label .*disk' &&
	journalctl --quiet --output=export _SYSTEMD_UNIT=teegated.service --grep='label "disk"' >/dev/null &&
	for secret in "$(base64 <m1)" "$(od -An -v -tx1 m1 | tr -d ' \n')" b2YgYWxwaGE= "$(cat blob)"; do
		not journalctl --quiet --output=export _SYSTEMD_UNIT=teegated.service --grep="$secret" || return
	done
}

told_of() {
	method alpha payments DeriveKey '{"label":"disk"}' && part key alpha >/dev/null && unheard
}

# What of FILE... is in the memory of teegated.
remains() {
	python3 /mnt/share/remains.py "$(systemctl show -P MainPID teegated.service)" "$@"
}

# The answer comes a little before what was asked is wiped.
are_forgotten() {
	remains name m1 data | tee remains && not grep -q '^name 0' remains && grep -q '^m1 0$' remains &&
	grep -q '^data 0$' remains
}

# Answered, failed for a neighbour, and to clients that have gone. Control: what is no secret is there.
forgotten() {
	printf /etc/teegate/workloads.d/alpha.conf >name && head -c 48 /dev/urandom >data &&
	method alpha payments DeriveKey '{"label":"disk","length":64}' && part key alpha | base64 -d >m1 &&
	[ "$(stat -c %s m1)" = 64 ] &&
	method alpha payments Seal "{\"label\":\"token\",\"data\":\"$(base64 -w0 data)\"}" && part blob alpha >blob &&
	method alpha payments Unseal "{\"blob\":\"$(cat blob)\"}" && part data alpha | base64 -d | cmp - data &&
	not method beta stranger Seal "{\"label\":\"$(printf %0256d 0)\",\"data\":\"$(base64 -w0 data)\"}" || return
	for _ in {1..20}; do
		! are_forgotten || return 0
		sleep 0.5
	done
	return 1
}

keys_policy alpha payments && keys_policy beta stranger
check a_key_by_the_method_is_the_one_by_a_lease_and_of_no_neighbour derived
check what_the_method_seals_opens_by_a_lease_and_for_no_neighbour sealed
check the_journal_tells_of_keys_and_never_which told_of
check the_broker_forgets_keys_and_data_when_it_has_answered forgotten

policy alpha payments
rm -f $SEALED/* /etc/teegate/workloads.d/beta.conf
systemctl reload-or-restart teegated.service

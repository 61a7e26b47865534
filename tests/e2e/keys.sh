# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154 # what the others set, and what other shells expand
#
# In the Debian guest, as root, after containers.sh, whose functions it uses: keys and sealed data of
# containers, through teegated and libtee. On SEV-SNP, under the root of the firmware, of which policy
# says that the boot is measured.

SEALED=/run/e2e/sealed
mkdir -p $SEALED
chmod 1777 $SEALED

# keys_policy UNIT USER [LABELS [ROOT]]: as policy(), with keys and nothing else.
keys_policy() {
	cat >"/etc/teegate/workloads.d/$1.conf" <<-END
	[Match]
	Unit=$1.service
	Uid=$(id -u "$2")
	[Allow]
	Operations=key seal
	SealScope=image-id
	KeyLabels=${3-}
	[Keys]
	${4-FirmwareRoot=measured-boot}
	[Claims]
	Name=$1
	END
	systemctl reload-or-restart teegated.service
}

# keys UNIT USER COMMAND [ARGUMENT...]: teegatectl in a new container, which sees the folder of sealed
# files as /tmp. Each starts where the one before was removed.
keys() {
	local unit=$1 user=$2

	shift 2
	boxed "$unit" "$user" "-v $SEALED:/tmp" /usr/bin/teegatectl "$@"
}

# seals UNIT USER FILE DATA [LABEL]
seals() {
	printf %s "$4" >$SEALED/plain && chmod 0644 $SEALED/plain &&
	keys "$1" "$2" seal --label "${5:-token}" --output "/tmp/$3" /tmp/plain && rm $SEALED/plain &&
	! grep -q "$4" "$SEALED/$3"
}

# opens UNIT USER FILE DATA
opens() {
	keys "$1" "$2" unseal --label token "/tmp/$3" && [ "$(cat "$1.out")" = "$4" ]
}

# closed PATTERN UNIT USER FILE: does not open, and it says PATTERN.
closed() {
	not keys "$2" "$3" unseal "/tmp/$4" && [ ! -s "$2.out" ] &&
	tr -s '[:space:]' ' ' <"$2.err" | grep -q "$1"
}

no_right() {
	policy alpha payments && not seals alpha payments no secret && grep -qi 'seal' alpha.err && [ ! -e $SEALED/no ] &&
	keys_policy alpha payments && seals alpha payments a secret
}

no_firmware_root() {
	keys_policy alpha payments '' '' && not seals alpha payments no secret &&
	tr -s '[:space:]' ' ' <alpha.err | grep -q 'FirmwareRoot=measured-boot' && [ ! -e $SEALED/no ] &&
	keys_policy alpha payments && seals alpha payments a secret
}
check the_root_of_firmware_takes_the_word_of_the_administrator no_firmware_root
check data_is_sealed_only_where_policy_allows_it no_right

# As people do it, by podman.
podman_keys() {
	contained alpha payments "--volume $SEALED:/tmp" /usr/bin/teegatectl "$@"
}

outlives() {
	printf 'the first secret' >$SEALED/plain && chmod 0644 $SEALED/plain &&
	podman_keys seal --label token --output /tmp/a /tmp/plain && rm $SEALED/plain &&
	systemctl restart teegated.service && podman_keys unseal --label token /tmp/a &&
	[ "$(cat alpha.out)" = 'the first secret' ]
}
check what_a_container_sealed_opens_in_the_one_that_follows_it outlives

neighbour() {
	keys_policy beta stranger && seals alpha payments a 'of alpha' && seals beta stranger b 'of beta' &&
	closed 'does not open' beta stranger a && closed 'does not open' alpha payments b &&
	opens alpha payments a 'of alpha' && opens beta stranger b 'of beta'
}
check a_neighbour_with_the_same_socket_and_label_opens_nothing_of_it neighbour

# key UNIT USER LABEL FILE
key() {
	keys "$1" "$2" derive-key --label "$3" --output - && [ "$(stat -c %s "$1.out")" = 32 ] && cp "$1.out" "$4"
}
keys_of_workloads() {
	key alpha payments disk k1 && key alpha payments disk k2 && cmp k1 k2 &&
	key beta stranger disk k3 && not cmp k1 k3 && key alpha payments disc k4 && not cmp k1 k4
}
check a_key_is_the_same_after_a_restart_and_of_another_workload_another keys_of_workloads

exchanged() {
	seals alpha payments a 'of a token' && seals alpha payments d 'of a disk' disk &&
	not opens alpha payments d 'of a disk' && grep -q 'another label' alpha.err && [ ! -s alpha.out ] &&
	opens alpha payments a 'of a token'
}
check a_file_that_was_exchanged_for_another_of_the_workload_is_refused exchanged

# The first byte of the ciphertext: not the header, whose changes have errors of their own.
flipped() {
	local at=$((162 + 5))

	seals alpha payments a secret && cp $SEALED/a $SEALED/f &&
	printf '\377' | dd of=$SEALED/f bs=1 seek=$at conv=notrunc status=none &&
	{ not cmp -s $SEALED/a $SEALED/f || printf '\0' | dd of=$SEALED/f bs=1 seek=$at conv=notrunc status=none; } &&
	closed 'does not open' alpha payments f && opens alpha payments a secret
}
check a_changed_file_does_not_open flipped

labels() {
	keys_policy alpha payments 'token disk-*' &&
	seals alpha payments a secret && not seals alpha payments no secret other && grep -q 'KeyLabels' alpha.err &&
	key alpha payments disk-1 k1 && not keys alpha payments derive-key --label disk --output - &&
	[ ! -s alpha.out ] && keys_policy alpha payments && seals alpha payments d secret other
}
check labels_are_those_that_policy_allows labels

resealed() {
	seals alpha payments a secret && cp $SEALED/a $SEALED/before && keys alpha payments reseal /tmp/a &&
	not cmp -s $SEALED/a $SEALED/before && opens alpha payments a secret && opens alpha payments before secret
}
check what_is_sealed_anew_opens_and_so_does_the_old_one resealed

large() {
	head -c 300000 /dev/urandom >$SEALED/plain && chmod 0644 $SEALED/plain &&
	keys alpha payments seal --label token --output /tmp/l /tmp/plain &&
	keys alpha payments unseal --label token /tmp/l && cmp $SEALED/plain alpha.out &&
	head -c 299999 $SEALED/l >$SEALED/cut && closed . alpha payments cut && rm $SEALED/plain
}
check more_than_64_KiB_is_sealed_too large

inspected() {
	seals alpha payments a secret && teegatectl inspect --json $SEALED/a >inspect.out &&
	grep -q '"label": *"token"' inspect.out && grep -q "\"provider\": *\"$provider\"" inspect.out &&
	not grep -q secret inspect.out
}
check anybody_can_read_the_header_and_nothing_else inspected

# In a unit, whose session keyring is its own; in two calls, and the second finds the first one's key.
in_keyring() {
	in_unit alpha payments X=1 /bin/sh -c '
		t="/usr/bin/teegatectl derive-key --label disk --keyring"
		$t logon:one && grep "teegate:one" /proc/keys && ! $t logon:one && $t logon:two &&
		grep "teegate:two" /proc/keys' && grep -q 'none is ever overwritten' alpha.err
}
check a_key_in_the_keyring_of_the_kernel_is_not_overwritten in_keyring

# The administrator has keys of their own, and not those of workloads.
administrator() {
	local target=measured-boot:

	seals alpha payments a secret &&
	printf %s 'of root' | teegatectl seal --target $target --label token --output $SEALED/r &&
	[ "$(teegatectl unseal --target $target $SEALED/r)" = 'of root' ] &&
	not teegatectl unseal --target $target $SEALED/a && closed 'does not open' alpha payments r &&
	opens alpha payments a secret
}
check the_administrator_has_keys_of_their_own administrator

policy alpha payments
rm -f $SEALED/* /etc/teegate/workloads.d/beta.conf
systemctl reload-or-restart teegated.service

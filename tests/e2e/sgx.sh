# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what containers.sh sets
#
# In the Debian guest, as root, after containers.sh: a container gets the devices of SGX, each by its
# own line of policy. The machine has no SGX: a module of ours stands in for the two devices, and
# knows of SGX only by which ioctl it tells them apart. What is tested is who gets which descriptor.

cp /mnt/share/sgx.py $shared/
insmod /mnt/share/sgx
udevadm settle
systemctl restart teegated.service

# sgx_policy UNIT USER LINE...
sgx_policy() {
	local unit=$1 user=$2

	shift 2
	printf '%s\n' '[Match]' "Unit=$unit.service" "Uid=$(id -u "$user")" '[Allow]' Operations=report "$@" \
		>"/etc/teegate/workloads.d/$unit.conf"
	systemctl reload-or-restart teegated.service
}

# gets LINE...: what alpha gets of both; it has no device but what it was handed.
gets() {
	with_usr alpha payments /bin/sh -c '! ls /dev/sgx* >&2 && exec python3 /tmp/sgx.py enclave provision' &&
	printf '%s\n' "$@" | cmp - alpha.out
}

own_line() {
	sgx_policy alpha payments SgxEnclave=yes && gets 'enclave granted' 'provision NotAllowed' &&
	grep -q 'SgxProvision=yes' alpha.err && decided alpha AcquireSgx granted sgx_enclave &&
	decided alpha AcquireSgx NotAllowed
}
check who_may_make_enclaves_may_not_provision_them_without_its_own_line own_line

both_work() {
	sgx_policy alpha payments SgxEnclave=yes SgxProvision=yes &&
	gets 'enclave granted' 'provision granted' 'used 0' 'misused EINVAL'
}
check the_descriptors_are_those_devices both_work

no_line() {
	sgx_policy alpha payments && gets 'enclave NotAllowed' 'provision NotAllowed' &&
	with_usr beta stranger /usr/bin/python3 /tmp/sgx.py enclave && printf 'enclave NotAllowed\n' | cmp - beta.out &&
	decided beta AcquireSgx NotAllowed 'no policy file'
}
check without_its_line_nobody_gets_a_device_of_SGX no_line

# Without the module, a node of that name is something else.
other_node() {
	sgx_policy alpha payments SgxEnclave=yes SgxProvision=yes && gets 'enclave granted' 'provision granted' \
		'used 0' 'misused EINVAL' && unload teegate_standin_sgx || return
	mknod -m 0666 /dev/sgx_enclave c 1 3 && systemctl restart teegated.service &&
	gets 'enclave Failed' 'provision Failed'
	local status=$?
	rm /dev/sgx_enclave
	[ $status = 0 ] && grep -q ENOENT alpha.err && decided alpha AcquireSgx Failed ENOENT
}
check what_is_no_device_of_SGX_is_not_handed_out other_node

policy alpha payments
systemctl restart teegated.service

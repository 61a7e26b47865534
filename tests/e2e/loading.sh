# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In the Debian guest, as root, after containers.sh: whoever loads the module on
# a real system, it works, also when that process has long gone. modprobe by
# hand is in the kernel tests.

# On what udev finds the alias of the module.
case $stock in
sev-guest)	machine=/sys/devices/platform/sev-guest ;;
tdx_guest)	machine=/sys/devices/system/cpu/cpu0 ;;
esac

without_module() {
	stop_broker && unload teegate && [ ! -e /dev/teegate ]
}

with_module() {
	[ -c /dev/teegate ] && systemctl start teegated.socket && gets_evidence alpha payments
}

# A worker of udev loads it, which ends when udev does.
by_udev() {
	without_module && udevadm trigger --settle --action=add "$machine" && with_module &&
	systemctl restart systemd-udevd.service && gets_evidence alpha payments
}
check udev_loads_the_module_for_what_it_finds by_udev

by_modules_load() {
	without_module && systemctl restart systemd-modules-load.service && with_module
}
check systemd_modules_load_loads_the_module by_modules_load

by_teegated() {
	without_module && systemctl start teegated.socket teegated.service && with_module
}
check the_start_of_teegated_loads_the_module by_teegated

no_service_failed_over_it() {
	journalctl -q -k -b --no-pager | grep -q 'teegate: .* is up' && nothing_failed
}
check and_nothing_failed_over_it no_service_failed_over_it

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what the others set
#
# In the Debian guest on TDX, as root, after roots.sh, whose functions it uses, and last of all: user space is
# stopped and booted anew (systemctl soft-reboot), and opens a LUKS volume by itself, with a key under a root
# that the TPM gives it. The kernel stays, without our module, which boot has to bring. The lab's unit comes
# after multi-user.target, so what it sees then, nobody has waited for. It starts its command once more: that
# is another one by then, which has the functions of this one and looks at what came of the boot.

COMMAND=/usr/lib/teegate-lab/command

# What takes long and has no part in it: the kernel knows its devices already, and modules for them.
LEFT_OUT=(systemd-udev-trigger systemd-logind modprobe@{configfs,drm,efi_pstore,fuse})

# The volume of roots.sh, a copy of it by another name, for which there is another key, and then the machine as
# one that was switched off: no module, no root.
ready_to_boot() {
	tpm_section main >$CONF && cp volume other && echo DEVICE=/run/e2e/other >/etc/teegate/luks/other &&
	systemctl --no-reload enable teegate-root.service teegate-luks@data.service teegate-luks@other.service &&
	systemctl --no-reload --runtime mask "${LEFT_OUT[@]/%/.service}" && systemctl stop teegate-root.service && stop_broker &&
	unload teegate && [ ! -e /dev/mapper/data ]
}

# since UNIT: when it was started last.
since() {
	systemctl show -P ActiveEnterTimestampMonotonic "$1"
}

booted_anew() {
	[ "$(systemctl show -P SoftRebootsCount)" = 1 ] && booted=$(systemctl show -P UserspaceTimestampMonotonic) &&
	[ "$(since teegate-root.service)" -gt "$booted" ] && systemctl is-active teegate-root.service
}

opened_at_boot() {
	booted_anew && systemctl is-active teegate-luks@data.service &&
	[ "$(since teegate-luks@data.service)" -gt "$(since teegate-root.service)" ] &&
	[ "$(since teegate-luks@data.service)" -le "$(since multi-user.target)" ] &&
	[ "$(head -c 13 /dev/mapper/data)" = "on the volume" ] &&
	systemctl is-failed teegate-luks@other.service && [ ! -e /dev/mapper/other ]
	local status=$?
	[ $status = 0 ] || journalctl -q -u 'teegate-*' -n 50 -o short-monotonic --no-pager
	return $status
}

not_ready() {
	cat ready.log
	return 1
}

# What lab-run.service runs when it is started next.
second_command() {
	declare -f
	declare -p n worked
	cat <<-'END'
	mount -t 9p -o trans=virtio,version=9p2000.L share /mnt/share
	cd /run/e2e
	exec >>/mnt/share/cases.tap
	check a_luks_volume_is_opened_at_boot_and_its_copy_by_another_name_is_not opened_at_boot
	echo "# with the boot, $((($(busy) - worked) / 100)) s of processors"
	END
}

worked=$(busy)
if ready_to_boot >ready.log 2>&1; then
	second_command >$COMMAND
	systemctl soft-reboot
	sleep infinity
fi
check a_luks_volume_is_opened_at_boot_and_its_copy_by_another_name_is_not not_ready

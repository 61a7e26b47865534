# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In the Debian guest on Linux 6.1, as root: module, library and command work;
# the broker cannot, and says so. After cases.sh, with USER_DATA set.

echo "TAP version 13"

info() {
	teegatectl info --target device:/dev/teegate | tee info.out
	grep -q "$provider" info.out && grep -q driver info.out
}
check teegatectl_describes_the_tee info

# The administrator's session can make evidence; a broker is not needed for that. It is judged
# outside of the guest.
report() {
	teegatectl report --target device:/dev/teegate --user-data "$USER_DATA" \
		--output /mnt/share/evidence.cbor && [ -s /mnt/share/evidence.cbor ]
}
check teegatectl_makes_evidence report

# doctor_finds STATUS HEALTHY LEVEL:WHAT...: the documented status, and these findings among all.
doctor_finds() {
	local status=0

	teegatectl doctor --json >doctor.out || status=$?
	cat doctor.out
	[ "$status" = "$1" ] && python3 - "${@:2}" <<-'X'
	import json, sys
	whole = json.load(open("doctor.out"))
	found = {f'{f["level"]}:{f["what"]}': f for f in whole["findings"]}
	assert whole["healthy"] is (sys.argv[1] == "healthy") and whole["softwareFirmware"] is True
	assert not set(sys.argv[2:]) - set(found), set(sys.argv[2:]) - set(found)
	assert "SO_PEERPIDFD" in found["note:kernel"]["text"]
	assert whole["healthy"] is not any(f["level"] == "problem" for f in whole["findings"])
	X
}

# Nothing is wrong with this guest but its age, until its module is gone.
doctor() {
	local status=0

	doctor_finds 0 healthy note:kernel ok:module.teegate ok:device.teegate ok:module.stock || return
	unload teegate || return
	doctor_finds 1 ill note:kernel problem:module.teegate problem:device.teegate ok:module.stock ||
		status=$?
	modprobe teegate && [ "$status" = 0 ] && doctor_finds 0 healthy ok:module.teegate
}
check teegatectl_doctor_tells_well_from_ill doctor

says_why() {
	systemctl start teegated.service
	journalctl --sync
	# By the name that it gives itself: it has ended, and the journal may not know its unit.
	journalctl -q -t teegated -o cat --no-pager | tee journal.out
	grep -Eq '6\.5|pidfd|PIDFD' journal.out && [ "$(systemctl is-active teegated.service)" != active ]
}
check teegated_says_why_it_does_not_run_here says_why

# A unit that will be started again is in "auto-restart" from the moment it ends until then, so
# "failed" is final and there is nothing to wait for.
not_in_a_loop() {
	[ "$(systemctl show -P SubState teegated.service)" = failed ] &&
	[ "$(systemctl show -P NRestarts teegated.service)" = 0 ]
}
check teegated_is_not_restarted_in_vain not_in_a_loop
echo "1..$n"

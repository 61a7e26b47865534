# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases of a Debian guest share; the runner puts it before each of their
# scripts. TAP on stdout; output of a case is shown when it fails.

n=0
mkdir -p /run/e2e
cd /run/e2e || exit

# For how many hundredths of a second processors have worked.
busy() {
	local user nice system interrupts soft _

	read -r _ user nice system _ _ interrupts soft _ </proc/stat
	echo $((user + nice + system + interrupts + soft))
}

# check NAME CMD...: one case. How long it took is for people.
check() {
	local name=$1 busy

	shift
	[ -z "${no_cases:-}" ] || return 0
	n=$((n + 1))
	begun=$EPOCHSECONDS
	busy=$(busy)
	rm -f untried
	if "$@" >case.log 2>&1 && [ ! -e untried ]; then
		echo "ok $n $name"
	else
		sed 's/^/# /' case.log
		echo "not ok $n $name"
	fi
	echo "# $((EPOCHSECONDS - begun)) s, $((($(busy) - busy) / 100)) s of processors"
}

not() { ! "$@"; }

# await CMD...: as soon as that is true; false when it is not in minutes, which costs only who fails.
await() {
	local i

	for i in {1..1500}; do
		"$@" && return
		sleep 0.2
	done
	return 1
}

# unload MODULE: who had it open last may still be closing it.
unload() {
	[ -e "/sys/module/$1" ] || return
	await rmmod "$1" || { ls -l /proc/[0-9]*/fd | grep -E '^/proc|teegate' | grep -B 1 teegate; return 1; }
}

# stop_broker [UNIT...]: nor is it started again, by who connects or by an event of the module. And these.
stop_broker() {
	systemctl stop teegated.socket teegated-genl.socket teegated.service "$@"
}

# untried WHO: what this case stands on was not even tried, so it is no pass, whatever else it sees.
untried() {
	echo "$1 never started" | tee -a untried
}

# What the TEE of this guest is called, its stock device, and a fault of its software firmware by
# which a request stays in firmware without keeping a processor.
case $(sed -n 's/.*lab\.tee=\([a-z]*\).*/\1/p' /proc/cmdline) in
snp)	provider=sev-snp stock=sev-guest hold=busy ;;
tdx)	provider=tdx stock=tdx_guest hold=hold ;;
esac

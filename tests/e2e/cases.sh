# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases of a Debian guest share; the runner puts it before each of their
# scripts. TAP on stdout; output of a case is shown when it fails.

n=0
mkdir -p /run/e2e
cd /run/e2e || exit

# check NAME CMD...: one case.
check() {
	local name=$1

	shift
	[ -z "${no_cases:-}" ] || return 0
	n=$((n + 1))
	begun=$(date +%s)
	if "$@" >case.log 2>&1; then
		echo "ok $n $name"
	else
		sed 's/^/# /' case.log
		echo "not ok $n $name"
	fi
}

not() { ! "$@"; }

# What the TEE of this guest is called, its stock device, and a fault of its software firmware by
# which a request stays in firmware without keeping a processor.
case $(sed -n 's/.*lab\.tee=\([a-z]*\).*/\1/p' /proc/cmdline) in
snp)	provider=sev-snp stock=sev-guest hold=busy ;;
tdx)	provider=tdx stock=tdx_guest hold=hold ;;
esac

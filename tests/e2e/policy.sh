# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086 # what containers.sh sets, and without spaces
#
# In the Debian guest, as root: whom policy names, by what, and what it takes back. After
# containers.sh, whose helpers it uses. Each refusal stands beside the same thing being granted.

# entry NAME LINE...: write a policy file of these lines, and have the daemon read it.
entry() {
	local name=$1

	shift
	printf '%s\n' "$@" >"/etc/teegate/workloads.d/$name.conf"
	systemctl reload-or-restart teegated.service
}

no_entry() {
	rm -f "/etc/teegate/workloads.d/$1.conf"
	systemctl reload-or-restart teegated.service
}

# service UNIT USER SCRIPT [ARGUMENT...]: a shell script as a system service of that user.
service() {
	local unit=$1 user=$2

	shift 2
	in_unit "$unit" "$user" X=1 /bin/sh -c "$@"
}

broken_file() {
	teegatectl policy check >check.out && grep -q 'workload "alpha" may: report' check.out || return
	printf '[Match]\nUnit=omega.service\nUid=all\n' >/etc/teegate/workloads.d/omega.conf
	teegatectl policy check >check.out 2>check.err
	[ $? = 1 ] && cat check.err && grep -q 'workloads\.d/omega\.conf:3: Uid=all' check.err
}
check policy_check_names_file_and_line_of_an_error broken_file

# alpha's entry is taken away in the same reload, which must not count: all or nothing.
old_policy_stays() {
	mv /etc/teegate/workloads.d/alpha.conf alpha.kept
	systemctl reload-or-restart teegated.service
	gets_evidence alpha payments && said teegated 'omega\.conf:3: Uid=all' || return
	no_entry omega
	refused 'alpha\.service' alpha payments || return
	mv alpha.kept /etc/teegate/workloads.d/alpha.conf
	systemctl reload-or-restart teegated.service
	gets_evidence alpha payments
}
check a_reload_with_a_broken_file_changes_nothing_and_says_so old_policy_stays

# explain UNIT: of its main process, on standard output.
explain() {
	teegatectl policy explain --pid "$(systemctl show -P MainPID "$1")"
}

# Not before they are who they will be: of type exec, they have executed their program then.
explained() {
	systemd-run --quiet --collect --service-type=exec --unit=alpha.service --uid=payments sleep 900 &&
	systemd-run --quiet --collect --service-type=exec --unit=beta.service --uid=payments sleep 900 || return
	explain alpha.service >alpha.explain || return
	explain beta.service >beta.explain
	[ $? = 1 ] || return
	systemctl stop alpha.service beta.service
	cat alpha.explain beta.explain
	grep -q 'file  *.*/alpha\.conf' alpha.explain && grep -q 'may  *report$' alpha.explain &&
	grep -q 'named by root  */system.slice/alpha.service' alpha.explain &&
	grep -q 'No rule names it' beta.explain && grep -q 'near  *.*/alpha\.conf' beta.explain &&
	grep -q 'but for  *Unit=$' beta.explain && teegatectl policy explain --pid 1 >init.explain
	[ $? = 1 ] && grep -q 'login session' init.explain
}
check policy_explain_tells_who_is_named_and_who_nearly_is explained

# The same path twice: the name "inner" comes from root, then from the user to whom the unit's
# cgroup is delegated. 78: could not be tried.
# shellcheck disable=SC2016 # for the shell in there
INNER='me=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
	mkdir "$me/inner" && echo $$ >"$me/inner/cgroup.procs" || exit 78
	grep -q "^0::/system.slice/delta.service/inner$" /proc/self/cgroup || exit 78
	exec '"$REPORT"

cgroup_name() {
	entry delta '[Match]' Cgroup=/system.slice/delta.service/inner '[Allow]' Operations=report
	service delta root "$INNER" && [ -s delta.out ] || return
	service delta stranger "$INNER"
	[ $? != 78 ] && [ ! -s delta.out ] && grep -q 'no policy file names' delta.err
}
check a_cgroup_counts_only_by_a_name_that_root_gave cgroup_name

cgroup_subtree() {
	entry delta '[Match]' Cgroup=/system.slice/delta.service '[Allow]' Operations=report
	service delta stranger "$INNER" && [ -s delta.out ] || return
	entry delta '[Match]' Cgroup=/system.slice/delta.servic '[Allow]' Operations=report
	service delta stranger "$INNER"
	[ $? != 78 ] && [ ! -s delta.out ]
}
check a_cgroup_stands_for_what_is_below_it_and_not_for_longer_names cgroup_subtree

image_needs_a_word() {
	entry delta '[Match]' Unit=delta.service "ImageDigest=sha256:$(printf '%064d' 0)" \
		'[Allow]' Operations=report
	not service delta payments "exec $REPORT" && [ ! -s delta.out ] &&
		grep -q 'ImageDigest=' delta.err || return
	entry delta '[Match]' Unit=delta.service '[Allow]' Operations=report
	service delta payments "exec $REPORT" && [ -s delta.out ]
}
check a_service_that_no_runtime_registered_has_no_image image_needs_a_word

# ---- pins ----

# What lends and borrows a lease within one unit: one cgroup, one user, so only a further pin is in
# between. says FIRST BORROWED AGAIN is of containers.sh.
rm -rf $shared/inside
mkdir -m 0777 $shared/inside
mkfifo -m 0666 $shared/inside/ready $shared/inside/number
chmod 755 $shared/lease
within() {
	rm -f $shared/inside/socket
	service "$1" payments "($2) & $3; wait"
}

# An unconfined process takes the label by itself, which is why a label alone names nobody.
LABELLED='echo "exec lab-payments" >/proc/self/attr/exec && exec '

label_pin() {
	cat /mnt/share/profile >/sys/kernel/security/apparmor/.replace || return
	entry zeta '[Match]' Unit=zeta.service Label=lab-payments '[Allow]' Operations=report
	within zeta "$LABELLED$shared/lease lend $shared/inside" "($LABELLED$shared/lease borrow $shared/inside)"
	says zeta 0 0 0 || return
	within zeta "$LABELLED$shared/lease lend $shared/inside" "$shared/lease borrow $shared/inside"
	says zeta 0 EPERM 0
}
check a_lease_that_is_pinned_to_a_label_is_EPERM_under_another label_pin

label_claim() {
	local hex

	hex=$(printf lab-payments | od -An -v -tx1 | tr -d ' \n')
	service zeta payments "$LABELLED$shared/lease claims" && grep -q "$hex" zeta.out || return
	not service zeta payments "exec $shared/lease claims" && grep -q 'Label=' zeta.err || return
	entry zeta '[Match]' Unit=zeta.service Label=lab-payments '[Allow]' Operations=report '[Pin]' Label=no
	service zeta payments "$LABELLED$shared/lease claims" && [ -s zeta.out ] && not grep -q "$hex" zeta.out
}
check a_label_is_claimed_only_with_its_pin label_claim

# The same program twice, with and without fs-verity.
verity_disk() {
	modprobe loop && cp /mnt/share/disk verity.disk && mkdir -p /run/verity &&
	mount -o loop verity.disk /run/verity && cp $shared/lease /run/verity/lease &&
	cp $shared/lease /run/verity/copy && chmod 755 /run/verity /run/verity/* && sync &&
	digest=$($shared/lease verity /run/verity/lease) && echo "$digest"
}

executable_pin() {
	verity_disk || return
	entry eta '[Match]' Unit=eta.service "Executable=$digest" '[Allow]' Operations=report
	within eta "/run/verity/lease lend $shared/inside" "/run/verity/lease borrow $shared/inside"
	says eta 0 0 0 || return
	within eta "/run/verity/lease lend $shared/inside" "/run/verity/copy borrow $shared/inside"
	says eta 0 EPERM 0
}
check a_lease_that_is_pinned_to_an_executable_is_EPERM_in_its_copy executable_pin

executable_claim() {
	service eta payments "exec /run/verity/lease claims" && grep -q "${digest#sha256:}" eta.out &&
	not service eta payments "exec /run/verity/copy claims" && grep -q 'Executable=' eta.err
}
check a_copy_of_the_executable_without_fs_verity_is_not_named executable_claim

# Taken by whoever has the descriptor and executes the other program then.
changed_executable() {
	entry eta '[Match]' Unit=eta.service "Executable=$digest" '[Allow]' Operations=report
	service eta payments "exec /run/verity/lease execing /run/verity/lease" &&
		grep -qx 'held 0' eta.out || return
	service eta payments "exec /run/verity/lease execing /run/verity/copy"
	grep -q 'executes another program' eta.err
}
check a_connection_is_worth_nothing_after_another_program_was_executed changed_executable

# ---- reload ----

alpha_may() {
	sed -i "s/^Operations=.*/Operations=$1/" /etc/teegate/workloads.d/alpha.conf
	systemctl reload-or-restart teegated.service
}

# The client waits in a fifo between connecting and asking, while the policy is read again.
held() {
	service alpha payments "exec $shared/lease hold $shared/inside" &
	timeout 300 cat $shared/inside/ready >/dev/null
	"$@"
	timeout 300 sh -c "echo x >$shared/inside/number"
	wait $!
	cat alpha.out
}

open_connection() {
	held systemctl reload-or-restart teegated.service && grep -qx 'held 0' alpha.out || return
	held alpha_may raw
	alpha_may report
	grep -qx 'held EOF' alpha.out && held true && grep -qx 'held 0' alpha.out
}
check a_connection_ends_when_a_reload_takes_something_from_it open_connection

# lent_while CMD...: a lease is used, then CMD, then it is used again.
lent_while() {
	rm -f $shared/inside/socket
	service alpha payments "exec $shared/lease lend $shared/inside" &
	timeout 300 cat $shared/inside/ready >/dev/null
	"$@"
	timeout 300 sh -c "echo x >$shared/inside/ready" &
	timeout 300 $shared/lease borrow $shared/inside
	wait
}

narrowed_rule() {
	lent_while alpha_may 'report raw' && says alpha 0 0 || return
	lent_while alpha_may raw
	alpha_may report
	says alpha 0 ESTALE && lent_while true && says alpha 0 0
}
check a_lease_ends_when_its_rule_is_narrowed_and_not_when_it_is_widened narrowed_rule

deleted_rule() {
	lent_while true && says alpha 0 0 || return
	cp /etc/teegate/workloads.d/alpha.conf alpha.kept
	lent_while no_entry alpha
	cp alpha.kept /etc/teegate/workloads.d/alpha.conf
	systemctl reload-or-restart teegated.service
	says alpha 0 ESTALE
}
check a_lease_ends_when_its_rule_is_deleted deleted_rule

for name in delta zeta eta; do
	rm -f "/etc/teegate/workloads.d/$name.conf"
done
systemctl reload-or-restart teegated.service
umount /run/verity

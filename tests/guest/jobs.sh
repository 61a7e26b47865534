# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The jobs of `make check`: each is a function job_NAME that leaves results in
# build/check, and runs beside others, so it may not build what others use.

# prepare: everything that jobs share, made once before them. What does not build is a failed
# case; the jobs that do not need it go on.
prepare() {
	local k

	JOB=build
	open_root
	kernel_tools
	say "building user space (plain, and with the address and undefined sanitizers)"
	built user-space build_user
	built user-space-with-sanitizers build_user asan
	say "building the kernel tests"
	built kernel-tests build_kselftest
	for k in "${KERNELS[@]}"; do
		kernel "$k"
		say "building the modules for $KVER"
		built "modules/$k" build_modules
	done
	on_s390x build/s390x/ && prepare_s390x
	export LAB_PREPARED=1
}

prepare_s390x() {
	local k

	say "building for s390x: user space and kernel tests"
	built s390x/user-space build_s390x
	if [ -e "$BUILD/user-s390x/daemon/teegated" ]; then
		result ok build/s390x/teegated
	else
		archive_lacks build/s390x/teegated "what verifies of Debian for s390x has no libsystemd >= 257"
	fi
	built s390x/kernel-tests build_kselftest
	for k in "${S390X_KERNELS[@]}"; do
		on_s390x "build/s390x/modules/$k" "$k" || continue
		kernel "$k"
		say "building the modules for $KVER"
		built "s390x/modules/$k" build_modules
	done
	pick_arch amd64
}

built() {
	local name=$1

	shift
	if "$@"; then
		result ok "build/$name"
	else
		result fail "build/$name"
	fi
}

# on_s390x PREFIX [KERNEL]: go on with things for s390x; false if the archive has not what that, or
# this kernel of it, needs. Then the cases that are named so are counted as skipped, with the reason.
on_s390x() {
	local why name

	pick_arch s390x
	arch_root && { [ -z "${2:-}" ] || has_kernel "$2"; } && return
	why=$REPLY
	pick_arch amd64
	for name in $(expected_cases | grep "^$1"); do
		archive_lacks "$name" "$why"
	done
	return 1
}

# run_jobs N JOB...: N at a time, each in a mount namespace of its own. A job named NAME:... of which
# "NAME" is in WAITING mostly waits: one of the N places is for those as long as there are any, so that
# not all of what runs at a time wants a processor, and is for the others after that, as theirs for it.
run_jobs() {
	local n=$1 waiting=$RESULTS/queue-waiting working=$RESULTS/queue-working job

	shift
	: >"$waiting" >"$working"
	for job; do
		[[ " ${WAITING:-} " == *" ${job%%:*} "* ]] && echo "$job" >>"$waiting" || echo "$job" >>"$working"
	done
	run_queue "$waiting" "$working" &
	while [ $((n -= 1)) -gt 0 ]; do
		run_queue "$working" "$waiting" &
	done
	wait
	cat "$waiting" "$working" | while read -r job; do
		JOB=${job/:/-} result fail "${job/:/-}/the-job-itself" "it was never started"
	done
	rm -f "$waiting" "$working"
}

# run_queue FILE FILE: the jobs of the first file, then those of the second; others take from them, too.
run_queue() {
	local job

	while job=$(next_of "$@") && [ -n "$job" ]; do
		say "$job: started"
		run_job "$job" &
		wait
	done
}

next_of() {
	exec 9>"$RESULTS/queue-lock"
	flock 9 || return
	head -qn 1 "$@" | head -n 1
	[ -s "$1" ] || shift
	sed -i 1d "$1"
}

run_job() {
	local t=$SECONDS

	JOB=${1/:/-}
	export JOB
	: >"$RESULTS/$JOB.results"
	if unshare --mount --propagation slave "$LAB/job" "$1"; then
		say "$1: $(tally) ($((SECONDS - t)) s)"
	else
		result fail "${1/:/-}/the-job-itself" "it ended with an error"
		say "$1: ended with an error; $(tally)"
	fi
	took "$1" "$t"
}

# took JOB START: note for how many seconds it ran and for how many processors were busy with it. It is
# all that this process has done.
took() {
	# Not through a pipe: the process at its end has done nothing yet.
	times >"$RESULTS/$JOB.times"
	awk -v job="$1" -v seconds=$((SECONDS - $2)) '
		function s(t, m) { split(t, m, /[ms]/); return 60 * m[1] + m[2] }
		{ busy += s($1) + s($2) }
		END { printf "%s\t%d\t%.0f\n", job, seconds, busy }' "$RESULTS/$JOB.times" >"$RESULTS/$JOB.took"
}

# where_time_went: a table of that, for people; nothing is judged by it.
where_time_went() {
	sort -t "$(printf '\t')" -k2,2nr "$RESULTS"/*.took 2>/dev/null | awk -F '\t' '
		BEGIN { printf "\n%-24s %7s %7s\n", "", "seconds", "busy" }
		{ printf "%-24s %7d %7d\n", $1, $2, $3; busy += $3 }
		END { printf "%-24s %7s %7d\n", "", "", busy }'
}

# ---- what needs no guest ----

job_unit() {
	local rc=0

	in_root env CMOCKA_MESSAGE_OUTPUT=TAP meson test -C /build/user-asan --no-rebuild \
		--num-processes 1 --timeout-multiplier 10 >"$BUILD/log/unit.log" 2>&1 || rc=$?
	in_root python3 /src/tests/guest/meson-tap /build/user-asan/meson-logs/testlog.json |
		tap_results unit
	[ "$rc" = 0 ] || tail -n 40 "$BUILD/log/unit.log" >&2
	case_is unit/meson-test test "$rc" = 0
	{ echo "# ---- installed"; in_root /src/tests/unit/installed /build/user /src; } 2>&1 |
		tap_results unit
}

job_static() {
	local k

	kernel_tools
	case_is static/netlink/generated_code_is_that_of_the_spec \
		generated_code_is_that_of_the_spec "$REPLY"
	case_is static/netlink/header_and_spec_have_the_same_numbers \
		header_and_spec_have_the_same_numbers
	kernel_tools
	for k in kmod uapi tests/firmware tests/kselftest/uvroot; do
		case_is "static/checkpatch/${k##*/}" checkpatch "$k"
	done
	case_is static/spdx every_file_has_a_licence
	case_is static/no-architecture-outside-backends-and-compat no_architecture
	case_is static/shell shell_syntax
	case_is static/make_guest_ends_with_the_status_of_its_command make_ends_with_status
	self_cases
	for k in "${KERNELS[@]}"; do
		kernel "$k"
		static_copy
		case_is "static/warnings/$k" strict_build W=1 KCFLAGS=-Werror
		case_is "static/sparse/$k" sparse_is_silent
		case_is "static/dkms/$k" build_dkms static
	done
	case_is static/sparse-catches-a-planted-fault sparse_catches
	for k in "${S390X_KERNELS[@]}"; do
		on_s390x "static/s390x/.*/$k" "$k" || continue
		kernel "$k"
		static_copy
		case_is "static/s390x/warnings/$k" strict_build W=1 KCFLAGS=-Werror
		case_is "static/s390x/sparse/$k" sparse_is_silent
	done
	pick_arch amd64
}

# Three rules do not fit: one source serves several kernels, so its compat.h looks at the version;
# a uapi header has no BIT(); and programs of user space beside the firmware are not kernel code.
checkpatch() {
	local ignore=LINUX_VERSION_CODE

	[ "$1" != uapi ] || ignore+=,BIT_MACRO
	(cd "$SRC" && find "$1" -name '*.[ch]' ! -name '*-stock.c' ! -path '*/host/*' | sort) |
		sed 's,^,/src/,' | in_root env -C /tmp xargs "/cache/${REPLY#"$CACHE"/}/linux/scripts/checkpatch.pl" \
			--no-tree --root=/tmp --strict --terse --no-summary --ignore "$ignore" -f
}

# For the guest a shell stands here. 0 and 255 are at the ends; make's own word would be 2.
make_ends_with_status() {
	local n

	build_make_status || return
	for n in 0 1 7 255; do
		(cd "$SRC" && make -s guest LAB_GUEST="sh -c 'exit $n'")
		[ $? = "$n" ] || return
	done
	[ -z "$(ls "$BUILD"/status.* 2>/dev/null)" ]
}

every_file_has_a_licence() {
	local bad

	bad=$(cd "$SRC" && git ls-files 2>/dev/null | while read -r f; do
		case $f in
		COPYING|LICENSES/*|*.bin|*.der|*.pem|*.hex|*.cbor|tests/vectors/*|.gitignore|*.json) continue ;;
		tests/fuzz/corpus/*) continue ;;
		esac
		[ ! -f "$f" ] || echo "./$f"
	done | xargs -d '\n' -r awk '
		# A second name of a manual page has room for nothing else.
		FNR <= 12 && /SPDX-License-Identifier|^\.so man/ { has[FILENAME] }
		FNR > 12 { nextfile }
		END { for (i = 1; i < ARGC; i++) if (!(ARGV[i] in has)) print ARGV[i] }') || return
	[ -z "$bad" ] || { echo "no SPDX line:"; echo "$bad"; return 1; }
}

# What is particular to a machine is a backend's or compat's; where it is known to be, the pattern has
# to find it.
no_architecture() {
	local asks='^[[:space:]]*#[[:space:]]*(el)?if.*(CONFIG_(X86|S390|ARM64)|__(x86_64|i386|s390x?|aarch64)__)'

	grep -qE "$asks" "$SRC"/kmod/compat/*.h &&
		! grep -rnE --include='*.[ch]' "$asks" "$SRC"/{kmod,uapi,libtee,daemon,cli} |
			grep -vE "^$SRC/kmod/(compat|snp|tdx|uv)/"
}

shell_syntax() {
	local f rc=0

	for f in $(cd "$SRC" && grep -lrE '^#!/bin/(ba)?sh' tests .ci); do
		case $(head -n 1 "$SRC/$f") in
		*bash*)	bash -n "$SRC/$f" || rc=1 ;;
		*)	in_root dash -n "/src/$f" || rc=1 ;;
		esac
	done
	return "$rc"
}

static_copy() {
	STATIC=build/static/$KVER
	mkdir -p "$SRC/$STATIC"
	copy_source "$STATIC" Kbuild dkms.conf kmod uapi
}

# For sparse: KBUILD_CHECKSRC=2, not C=2, which newer header packages turn off because they lack
# the script that looks whether there is a checker.
strict_build() {
	arch_root &&
	in_arch_root make -s -C "/lib/modules/$KVER/build" M="/$STATIC" "${ARCH_MAKE[@]}" clean &&
	make_modules "/$STATIC" "$@"
}

# sparse 0.6.4 is older than the newest kernels: it does not know __typeof_unqual__, and reads the
# macros of a module's own description as "bad constant expression". All else that it says counts.
sparse_is_silent() {
	local said=$BUILD/log/$JOB-sparse-said

	strict_build KBUILD_CHECKSRC=2 CF="-D__typeof_unqual__=__typeof__ -D__CHECK_ENDIAN__ \
-fmax-warnings=unlimited" 2>&1 | tee "$said" || return
	! grep -E '(warning|error): ' "$said" |
		grep -v '^kmod/\(main\.c\|compat/autoload\.h\):[0-9]*:1: error: bad constant expression$'
}

# A checker that checks nothing looks like a clean source: show that it speaks.
sparse_catches() {
	local f=$SRC/$STATIC/kmod/planted.c

	printf '#include <linux/types.h>\nint planted(void __user *p);\nint planted(void __user *p)\n{\n\treturn *(int *)p;\n}\n' >"$f"
	! sparse_is_silent && grep -q '^kmod/planted\.c:.*address space' "$BUILD/log/$JOB-sparse-said" &&
		rm "$f"
}

# ---- in mini guests ----

# kernel_tests GROUP KERNEL PROCESSORS PROGRAM...: on SEV-SNP, or on what TEE says.
kernel_tests() {
	local group=$1 k=$2 smp=$3 chip=$BUILD/check/chip-$JOB platform=() rc=0

	shift 3
	read_tee snp tdx se none
	tee_platform "$chip" && tee_scene "$chip" || return
	[ ! -d "$chip" ] || platform=(--chip "$chip")
	[ "$TEE" != snp ] || platform+=(--searched)
	[ ! -d "$chip/scene" ] || platform+=(--add "/build/${chip#"$BUILD"/}/scene:/lab/se")
	"$LAB/mini" --kernel "$k" --smp "$smp" --mem "${MINI_MEM:-1024}" \
		--timeout "${MINI_TIMEOUT:-5400}" --tee "$TEE" "${platform[@]}" \
		--add "/build/kselftest$ARCH_SUFFIX:/lab/kselftest" "$LAB/run-kselftest" "$@" \
		>"$BUILD/log/$JOB.tap" 2>"$BUILD/log/$JOB.err" || rc=$?
	cat "$BUILD/log/$JOB.err" >&2
	tap_results "$group" <"$BUILD/log/$JOB.tap"
	case $rc in
	0)	result ok "$group/kernel-log-is-clean/$smp-cpu" ;;
	99)	result fail "$group/kernel-log-is-clean/$smp-cpu" "see build/log/$JOB.err" ;;
	*)	result ok "$group/kernel-log-is-clean/$smp-cpu"
		grep -q '^not ok' "$BUILD/log/$JOB.tap" ||
			result fail "$group/the-run-itself" "status $rc: $(tail -n 1 "$BUILD/log/$JOB.tap")" ;;
	esac
}

# programs KERNEL one|more [TEE]: the programs with cases for that kernel and TEE (snp), by
# processors they need.
programs() {
	awk -v k="$1" -v which="$2" -v tee="${3:-snp}" '
		/^[[:space:]]*(#|$)/ { next }
		!index("," $5 ",", "," tee ",") && ($5 != "all" || tee == "none") { next }
		$3 == "all" || index("," $3 ",", "," k ",") {
			if (!($1 in cpus)) order[++n] = $1
			if ($4 > cpus[$1]) cpus[$1] = $4 }
		END { for (i = 1; i <= n; i++)
			if ((cpus[order[i]] > 1) == (which == "more")) print order[i] }' \
		"$SRC/tests/kselftest/cases"
}

job_kernel() {
	kernel_tests "kernel-$1" "$1" 1 $(programs "$1" one)
}

job_smp() {
	local list

	list=$(programs "$1" more)
	[ -z "$list" ] || kernel_tests "kernel-$1" "$1" 2 $list
}

# The same in a TD. Each form of a quote is that of one of these four guests.
job_tdx() {
	local version=4

	[ "$1" = 6.12 ] || version=5
	QUOTE_VERSION=$version TEE=tdx kernel_tests "kernel-tdx-$1" "$1" 1 $(programs "$1" one tdx)
}

job_tdx-smp() {
	local version=5 body=1.0

	[ "$1" = 6.12 ] || version=4 body=1.5
	QUOTE_VERSION=$version TD_BODY=$body TEE=tdx \
		kernel_tests "kernel-tdx-$1" "$1" 2 $(programs "$1" more tdx)
}

# The same on IBM Z.
job_se() {
	on_s390x "kernel-se-$1/" "$1" || return 0
	TEE=se kernel_tests "kernel-se-$1" "$1" 1 $(programs "$1" one se)
}

job_se-smp() {
	local list

	list=$(programs "$1" more se)
	[ -n "$list" ] && on_s390x "kernel-se-$1/.*/2-cpu" "$1" || return 0
	TEE=se kernel_tests "kernel-se-$1" "$1" 2 $list
}

# And in a guest without any TEE; in the smallest one also that what judges all of them hears the kernel.
job_plain() {
	TEE=none kernel_tests "kernel-plain-$1" "$1" 1 $(programs "$1" one none)
	[ "$1" != 6.12 ] ||
		case_is "kernel-plain-$1/a_complaint_of_the_kernel_fails_a_run" a_complaint_fails_a_run "$1"
}

# The status of the script would be 0.
a_complaint_fails_a_run() {
	local script=$BUILD/check/complain rc=0

	printf '#!/bin/sh\necho "<4>WARNING: planted" >/dev/kmsg\n' >"$script"
	"$LAB/mini" --kernel "$1" --tee none --mem 512 "$script" || rc=$?
	[ "$rc" = 99 ]
}

# The software firmware by itself, and its reports judged outside. One kernel has every chip.
job_firmware() {
	local dir=$BUILD/check/firmware-$1 chips="Milan:2 Genoa:3 Turin:5" c rc=0

	[ "$1" != 6.12 ] || chips=$(echo {Milan,Genoa,Turin}:{2,3,5})
	for c in $chips; do
		run_logged chip in_root /src/tests/pki/make-chip --vlek --product "${c%:*}" \
			--report-version "${c#*:}" "/build/${dir#"$BUILD"/}/${c/:/-v}" || return
	done
	make_chip "$BUILD/check/chip-$JOB" || return
	in_root cc -O2 -o "/build/check/snp-stock-$1" /src/tests/firmware/snp-stock.c || return
	"$LAB/mini" --kernel "$1" --smp 2 --mem "${MINI_MEM:-1024}" --timeout 5400 \
		--chip "$BUILD/check/chip-$JOB" --share "$dir" \
		--add "/build/check/snp-stock-$1:/lab/snp-stock" \
		--add /src/tests/firmware/test-softfw:/lab/test-softfw \
		--add /src/tests/firmware/make-reports:/lab/make-reports \
		"$SRC/tests/firmware/run-in-guest" >"$BUILD/log/$JOB.tap" 2>"$BUILD/log/$JOB.err" || rc=$?
	cat "$BUILD/log/$JOB.err" >&2
	tap_results "firmware-$1" <"$BUILD/log/$JOB.tap"
	case_is "firmware-$1/the-run-itself" test "$rc" = 0
	in_root /src/tests/firmware/check-reports "/build/${dir#"$BUILD"/}" >"$BUILD/log/$JOB-reports.tap" || :
	tap_results "firmware-$1" <"$BUILD/log/$JOB-reports.tap"
}

# The same for TDX: one platform with everything, and one of another kind.
job_firmware-tdx() {
	local version=4

	[ "$1" = 6.12 ] || version=5
	in_root cc -O2 -o "/build/check/tdx-stock-$1" /src/tests/firmware/tdx/tdx-stock.c || return
	firmware_tdx "$1" whole --quote-version $version --body 1.0 --ca platform
	firmware_tdx "$1" brief --quote-version $version --body 1.5 --ca processor --product GNR
	case_is "firmware-tdx-$1/no_two_platforms_are_the_same" two_platforms \
		"/build/check/firmware-tdx-$1-"{whole,brief}
}

# two_platforms DIR DIR: what each TD and each platform has for itself differs, see check-reports.
two_platforms() {
	in_root python3 - "$@" <<-'X'
	import json, subprocess, sys
	one, other = (json.load(open(d + "/td.json")) for d in sys.argv[1:])
	keys = [subprocess.run(["openssl", "x509", "-noout", "-pubkey", "-in", d + "/root.pem"],
	                       check=True, stdout=subprocess.PIPE).stdout for d in sys.argv[1:]]
	assert keys[0] and keys[0] != keys[1], "the same root key"
	assert one["mrtd"] and one["mrtd"] != other["mrtd"], "the same measurement"
	X
}

# firmware_tdx KERNEL whole|brief MAKE-TD-ARGUMENT...
firmware_tdx() {
	local k=$1 part=$2 dir=$BUILD/check/firmware-tdx-$1-$2 in rc=0

	shift 2
	in=/build/${dir#"$BUILD"/}
	run_logged td in_root /src/tests/pki/make-td "$@" "$in" || return
	"$LAB/mini" --tee tdx --kernel "$k" --smp 2 --mem "${MINI_MEM:-1024}" --timeout 5400 \
		--chip "$dir" --share "$dir" --add "/build/check/tdx-stock-$k:/lab/tdx-stock" \
		--add /src/tests/firmware/tdx/test-softtdx:/lab/test-softtdx \
		"$SRC/tests/firmware/tdx/run-in-guest" "$part" \
		>"$BUILD/log/$JOB-$part.tap" 2>"$BUILD/log/$JOB.err" || rc=$?
	cat "$BUILD/log/$JOB.err" >&2
	in_root /src/tests/firmware/tdx/check-quotes "$in" >"$BUILD/log/$JOB-$part-quotes.tap" || :
	{ echo "# ---- $part"; cat "$BUILD/log/$JOB-$part.tap" "$BUILD/log/$JOB-$part-quotes.tap"; } |
		tap_results "firmware-tdx-$k"
	case_is "firmware-tdx-$k/$part/the-run-itself" test "$rc" = 0
}

# The software Ultravisor by itself, and its answers judged outside.
job_firmware-se() {
	local uv=tests/firmware/uv dir=$BUILD/check/firmware-se-$1 rc=0

	on_s390x "firmware-se-$1/" "$1" || return 0
	make_se "$dir" &&
	run_logged requests in_root "/src/$uv/make-requests" "/build/${dir#"$BUILD"/}" || return
	in_arch_root "$ARCH_CC" -O2 -Wall -Wextra -static -o "/build/check/uv-stock-$1" \
		"/src/$uv/uv-stock.c" || return
	"$LAB/mini" --tee se --kernel "$1" --smp 2 --mem "${MINI_MEM:-1024}" --timeout 5400 --chip "$dir" \
		--share "$dir" --add "/build/check/uv-stock-$1:/lab/uv-stock" \
		--add "/src/$uv/test-softuv:/lab/test-softuv" "$SRC/$uv/run-in-guest" \
		>"$BUILD/log/$JOB.tap" 2>"$BUILD/log/$JOB.err" || rc=$?
	cat "$BUILD/log/$JOB.err" >&2
	tap_results "firmware-se-$1" <"$BUILD/log/$JOB.tap"
	case_is "firmware-se-$1/the-run-itself" test "$rc" = 0
	in_root "/src/$uv/check-answers" "/build/${dir#"$BUILD"/}" >"$BUILD/log/$JOB-answers.tap" || :
	{ echo "# ---- answers"; cat "$BUILD/log/$JOB-answers.tap"; } | tap_results "firmware-se-$1"
}

# ---- in the Debian guest ----

# e2e GROUP KERNEL
e2e() {
	"$SRC/tests/e2e/run" "$2" >"$BUILD/log/$JOB.tap" || :
	tap_results "$1-$2" <"$BUILD/log/$JOB.tap"
	[ -s "$RESULTS/$JOB.results" ]
}

job_e2e() {
	e2e e2e "$1"
}

# On IBM Z there are mini guests only.
job_e2e-se() {
	on_s390x "e2e-se-$1/" "$1" || return 0
	pick_arch amd64
	"$SRC/tests/e2e/run-se" "$1" >"$BUILD/log/$JOB.tap" || :
	tap_results "e2e-se-$1" <"$BUILD/log/$JOB.tap"
	[ -s "$RESULTS/$JOB.results" ]
}

job_e2e-tdx() {
	TEE=tdx e2e e2e-tdx "$1"
}

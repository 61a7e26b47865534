# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Results of cases: one line a case, `ok|fail|skip TAB name TAB note`, in files
# of build/check. A case is named GROUP/PROGRAM/CASE. The sum holds them against
# the lists of expected cases, so that one that did not run is seen.

RESULTS=$BUILD/check

# There is one reason for which a case may be skipped: of what an IBM Z takes, the archive has something
# not, or not in a form that verifies (signatures are never bypassed, see README.md). Nothing that is ours
# can mend that. archive_lacks says so for a case of IBM Z; every other skip counts as a failure, and so
# does one of another case for that reason.
LACKS='not in the archive: '

# archive_lacks NAME WHY
archive_lacks() {
	result skip "$1" "$LACKS$2"
}

# result STATUS NAME [NOTE]: note one case in the results of this job.
result() {
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$RESULTS/$JOB.results"
}

# tally: the numbers of this job so far.
tally() {
	awk '{ n[$1]++ } END { printf "%d passed, %d failed, %d skipped", n["ok"], n["fail"], n["skip"] }' \
		"$RESULTS/$JOB.results"
}

# case_is NAME CMD...: a case that is good when the command succeeds; its output is kept.
case_is() {
	local name=$1 log

	shift
	log=$BUILD/log/${name//\//-}.log
	if "$@" >"$log" 2>&1 </dev/null; then
		result ok "$name"
	else
		result fail "$name" "see build/log/${log##*/}"
		tail -n 25 "$log" | sed "s,^,    $name: ," >&2
		tail -n 12 "$log" | awk -v name="$name" '{ print name "\t" $0 }' >>"$RESULTS/$JOB.said"
	fi
}

# tap_results GROUP: turn TAP on stdin into results. A line `# ---- PROGRAM` names what follows. Of what
# was said before a failure the last lines are kept, for the sum.
tap_results() {
	awk -v group="$1" -v said="$RESULTS/$JOB.said" '
		/^# ---- [a-z0-9_-]+$/ { program = $3 "/" }
		/^# / && !/^# ----/ { line[lines++ % 12] = substr($0, 3, 300) }
		/^ok / || /^not ok / {
			status = $1 == "ok" ? "ok" : "fail"
			name = $0
			sub(/^(not )?ok *[0-9]* *(- )?/, "", name)
			note = ""
			# Only what is "ok" can be skipped: a failure stays one, whatever it says.
			if (status == "ok" && match(name, / *# *SKIP/)) {
				note = substr(name, RSTART + RLENGTH + 1)
				status = "skip"
				name = substr(name, 1, RSTART - 1)
			}
			gsub(/[ \t]/, "_", name)
			name = group "/" program name
			printf "%s\t%s\t%s\n", status, name, note
			for (i = lines > 12 ? lines - 12 : 0; status == "fail" && i < lines; i++)
				print name "\t" line[i % 12] >said
			lines = 0
		}' >>"$RESULTS/$JOB.results"
}

# expected_cases: every case that must have a result, one name a line.
expected_cases() {
	sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$SRC/tests/expected-cases" |
		while read -r name kernels; do
			[ -n "$kernels" ] || { echo "$name"; continue; }
			for k in ${kernels//,/ }; do
				echo "${name/KERNEL/$k}"
			done
		done
	# The kernel tests have a list of their own: program, case, kernels, processors, TEE.
	awk 'function has(list, word) { return index("," list ",", "," word ",") }
		function add(tee, group, kernels, m, k, i) {
			if (!has($5, tee) && ($5 != "all" || tee == "none"))
				return
			m = split(kernels, k, ",")
			for (i = 1; i <= m; i++)
				if ($3 == "all" || has($3, k[i]))
					print group k[i] "/" $1 "/" $2
		}
		/^[[:space:]]*(#|$)/ { next }
		{
			add("snp", "kernel-", "6.1,6.12,latest")
			add("tdx", "kernel-tdx-", "6.12,latest")
			add("se", "kernel-se-", "6.1,6.12")
			add("none", "kernel-plain-", "6.1,6.12,latest")
		}' "$SRC/tests/kselftest/cases"
}

# judged [some]: results, one a line, as what they count in the light of the expected cases. With `some`
# nothing is said about those that did not run.
judged() {
	awk -F '\t' -v OFS='\t' -v lacks="$LACKS" -v some="${1:-}" '
		function of_ibm_z(name) {
			return name ~ /^(build|static)\/s390x\/|^(kernel|firmware|e2e)-se-|^unit-s390x\//
		}
		FILENAME != "-" { expected[$0]; next }
		{ ran[$2]; why = "" }
		$1 == "skip" && !(of_ibm_z($2) && index($3, lacks) == 1) { why = "skipped, which it may not be" }
		$1 != "fail" && !($2 in expected) { why = "in no list of expected cases" }
		{ if (why != "") print "fail", $2, why ($3 == "" ? "" : ": " $3); else print }
		END {
			for (name in expected)
				if (!(name in ran) && some == "")
					print "fail", name, "did not run"
		}' <(expected_cases | sort -u) -
}

# sum_up [some]: print the table and the last line; false if anything failed, was skipped though it may
# not be, did not run, or ran without being in a list: a case that may come unseen may go unseen.
sum_up() {
	local all=$RESULTS/all

	cat "$RESULTS"/*.results 2>/dev/null | sort -t "$(printf '\t')" -k2,2 -k1,1 -u | judged "$@" >"$all"
	# There is no such file where nothing failed.
	cat "$RESULTS"/*.said 2>/dev/null >"$RESULTS/said" || :
	awk -F '\t' '
		FILENAME ~ /said$/ { said[$1] = said[$1] "\n    " substr($0, length($1) + 2); next }
		{ group = $2; sub(/\/.*/, "", group); groups[group]; n[group, $1]++; sum[$1]++ }
		$1 == "fail" { print "FAILED  " $2 ($3 == "" ? "" : ": " $3) said[$2] }
		$1 == "skip" { print "skipped " $2 ($3 == "" ? "" : ": " $3) }
		END {
			printf "\n%-24s %7s %7s %7s\n", "", "passed", "failed", "skipped"
			for (g in groups)
				printf "%-24s %7d %7d %7d\n", g, n[g, "ok"], n[g, "fail"],
					n[g, "skip"] | "sort"
			close("sort")
			printf "\n%d passed, %d failed, %d skipped\n", sum["ok"], sum["fail"],
				sum["skip"]
			exit !(sum["ok"] > 0 && sum["fail"] == 0)
		}' "$RESULTS/said" "$all" >"$RESULTS/summary" && set -- 0 || set -- 1
	cat "$RESULTS/summary"
	return "$1"
}

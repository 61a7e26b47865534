# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Results of cases: one line a case, `ok|fail|skip TAB name TAB note`, in files
# of build/check. A case is named GROUP/PROGRAM/CASE. The sum holds them against
# the lists of expected cases, so that one that did not run is seen.

RESULTS=$BUILD/check

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

# sum_up: print the table and the last line; false if anything failed or did not run.
sum_up() {
	local all=$RESULTS/all

	cat "$RESULTS"/*.results 2>/dev/null | sort -t "$(printf '\t')" -k2,2 -k1,1 -u >"$all"
	cut -f2 "$all" | sort -u >"$RESULTS/ran"
	expected_cases | sort -u | comm -23 - "$RESULTS/ran" |
		sed 's/.*/fail\t&\tdid not run/' >"$RESULTS/missing"
	cat "$RESULTS/missing" >>"$all"
	expected_cases | sort -u | comm -13 - "$RESULTS/ran" >"$RESULTS/unlisted"
	cat "$RESULTS"/*.said 2>/dev/null >"$RESULTS/said"
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
	[ ! -s "$RESULTS/unlisted" ] || say "$(wc -l <"$RESULTS/unlisted") cases ran that tests/expected-cases does not list (build/check/unlisted)"
	cat "$RESULTS/summary"
	return "$1"
}

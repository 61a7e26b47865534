#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every page is installed, every public function has one, every alias leads to a page that names
# it, and mandoc(1) finds no fault with any.
# Usage: check-pages.sh SOURCE-ROOT PAGE...
set -eu
export LC_ALL=C
root=$1
shift
bad=0

complain()
{
	echo "$*"
	bad=1
}

for page in "$root"/doc/man/*.[1-8]; do
	case " $* " in
	*"/${page##*/} "*) ;;
	*) complain "${page##*/}: not in meson.build" ;;
	esac
done

for map in "$root"/libtee/*.map "$root"/libtee/verify/*.map; do
	test -e "$map" || continue
	for name in $(sed -n 's/^[[:space:]]\{1,\}\(tee_[a-z_]*\);.*/\1/p' "$map"); do
		test -e "$root/doc/man/$name.3" || complain "$name: public, but has no page"
	done
done

lint=$(command -v mandoc || true)
test -n "$lint" || echo "mandoc is not installed: pages are not checked for faults"

for page; do
	read -r first < "$page"
	case $first in
	.so*)
		name=${page##*/}
		target=$root/doc/man/${first##*/}
		grep -q "^\.Nm ${name%.*}\( ,\)\{0,1\}$" "$target" ||
			complain "$name: $first does not describe it"
		continue
		;;
	esac
	test -n "$lint" || continue
	# Other projects' pages need not be installed here, and long lines of source are no fault of
	# the page.
	faults=$(mandoc -T lint -W style "$page" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' \
			-e 'input text line longer' || true)
	test -z "$faults" || complain "$faults"
done
exit $bad

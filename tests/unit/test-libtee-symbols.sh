#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A library exports exactly what its symbol map names, and its header declares exactly that.
# Usage: test-libtee-symbols.sh LIBRARY MAP HEADER [FLAG], where FLAG is one of its dynamic section.
set -eu
export LC_ALL=C

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sort > "$tmp/exported"
awk '/^LIBTEE[A-Z_]*_[0-9.]+ *\{/ { node = $1 }
     /^[ \t]+[a-z_]+;/ { gsub(/[ \t;]/, ""); print $0 "@@" node }' "$2" | sort > "$tmp/mapped"
sed 's/@@.*//' "$tmp/mapped" | sort > "$tmp/names"
# Functions of the header: comments out, then what stands before an opening parenthesis.
sed -e 's://.*$::' "$3" | tr '\n' ' ' | sed -e 's:/\*:\n&:g' -e 's:\*/:&\n:g' | grep -v '^/\*' |
	grep -o 'tee_[a-z_]*(' | tr -d '(' | sort -u > "$tmp/declared"

test -s "$tmp/names"
diff -u "$tmp/mapped" "$tmp/exported"
diff -u "$tmp/names" "$tmp/declared"
test -z "${4:-}" || readelf -dW "$1" | grep -w "$4"
echo "$(wc -l < "$tmp/names") symbols"

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The generator of the kernel sources (tools/net/ynl) on doc/netlink/teegate.yaml. It writes names
# relative to a folder with a file MAINTAINERS, for ever if there is none, and wants its schemas
# beside the folder of the spec.

# ynl TOOLS DIR: the generated files, named as in the source, and uapi.h, into DIR.
ynl() {
	local tools=$1 dir=$2

	mkdir -p "$dir/doc/netlink" "$dir/kmod"
	touch "$dir/MAINTAINERS"
	cp "$SRC/doc/netlink/teegate.yaml" "$dir/doc/netlink/"
	cp "$tools"/linux/Documentation/netlink/*.yaml "$dir/doc/"
	ynl_gen "$tools" "$dir" kernel source kmod/genl-gen.c &&
	ynl_gen "$tools" "$dir" kernel header kmod/genl-gen.h &&
	ynl_gen "$tools" "$dir" uapi header uapi.h
}

ynl_gen() {
	in_root env -C "/build/${2#"$BUILD"/}" PYTHONDONTWRITEBYTECODE=1 \
		timeout 60 python3 "$(inside "$1")/linux/tools/net/ynl/ynl-gen-c.py" \
		--mode "$3" --"$4" --spec doc/netlink/teegate.yaml -o "$5"
}

# generated_code_is_that_of_the_spec TOOLS
generated_code_is_that_of_the_spec() {
	local dir=$BUILD/static/ynl f

	rm -rf "$dir"
	ynl "$1" "$dir" || return
	for f in genl-gen.c genl-gen.h; do
		diff -u "$SRC/kmod/$f" "$dir/kmod/$f" || return
	done
}

# The header has words that the spec has not, and is written by hand: so numbers are compared. Left
# out are names that only one of them has, and those of strings.
header_and_spec_have_the_same_numbers() {
	local dir=$BUILD/static/ynl f

	cp "$SRC/uapi/linux/teegate_netlink.h" "$dir/ours.h"
	for f in ours uapi; do
		grep -ohE '\bTEEGATE_(A|CMD|EVENT|GENL)_[A-Z_]+\b' "$dir/$f.h" | sort -u |
			grep -vE '_(UNSPEC|NAME|RATE|EVENTS)$' >"$dir/$f.names"
		{
			echo '#include <stdio.h>'
			echo 'int main(void) {'
			sed 's/.*/printf("& %d\\n", (int)&);/' "$dir/$f.names"
			echo 'return 0; }'
		} >"$dir/$f.c"
		in_root sh -c 'cd "$1" && cc -include "$2.h" -o "$2" "$2.c" && "./$2" >"$2.numbers"' \
			- "/build/${dir#"$BUILD"/}" "$f" || return
	done
	grep -q '^TEEGATE_A_MAX ' "$dir/ours.numbers" && diff -u "$dir/ours.numbers" "$dir/uapi.numbers"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every script of the lab shares: progress, privileges, the cache, and the
# build root as a place to run commands in. It is sourced, never run.
#
# Two rules keep a run from leaving anything behind. Every entry script runs in
# mount and PID namespaces of its own, so mounts vanish and processes end with
# it, however it ends. And a cache entry is built beside its place and renamed
# into it, so that a half-made entry cannot be found.

set -euo pipefail
umask 022

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SRC=$(cd "$LAB/../.." && pwd)
BUILD=$SRC/build
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/teegate
export LC_ALL=C.UTF-8
ME=${0##*/}

# ---- progress: one line a step, on stderr, with the time since the start ----

: "${LAB_T0:=$(date +%s)}"
export LAB_T0

say() {
	local t=$(($(date +%s) - LAB_T0))

	printf '[%3d:%02d] %s\n' $((t / 60)) $((t % 60)) "$*" >&2
}

die() {
	printf '%s: %s\n' "$ME" "$*" >&2
	exit 1
}

# run_logged NAME CMD...: run quietly into build/log/NAME.log; show its end when it fails.
run_logged() {
	local log=$BUILD/log/$1.log rc=0

	shift
	mkdir -p "$BUILD/log"
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	if [ "$rc" != 0 ]; then
		tail -n "${LAB_TAIL:-40}" "$log" >&2
		say "failed (status $rc): whole log in ${log#"$SRC"/}"
	fi
	return "$rc"
}

# ---- privileges ----

# What must be root here: installing mmdebstrap, making roots (chown, mknod), mounting.
NEEDS='root, for: apt-get install mmdebstrap and mount (if missing), making Debian roots, chroot and mount'

# enter_lab "$@": call first in an entry script; returns as root in own namespaces.
enter_lab() {
	if [ "$(uname -m)" != x86_64 ] || ! command -v apt-get >/dev/null; then
		die "this lab runs on Debian 12 or 13 on amd64"
	fi
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "needs $NEEDS. You are $(id -un) and there is no sudo: run it as root, or install sudo."
		{ [ -t 0 ] || sudo -n true 2>/dev/null; } ||
			die "needs $NEEDS. You are $(id -un), and sudo asks for a password nobody can type here."
		say "using sudo; needed: $NEEDS"
		lab_environment
		exec sudo env "XDG_CACHE_HOME=${CACHE%/teegate}" "LAB_OWNER=$(id -u):$(id -g)" \
			"${environment[@]}" "$0" "$@"
	fi
	if [ -z "${LAB_NS:-}" ]; then
		prepare_dirs
		LAB_NS=1 exec unshare --mount --propagation slave --fork --pid --mount-proc \
			--kill-child "$0" "$@"
		die "cannot make mount and PID namespaces; needs $NEEDS"
	fi
	# First process of a PID namespace: without a handler the kernel drops ^C for it.
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap give_back EXIT
}

# What the caller asked for, across sudo.
lab_environment() {
	local v

	for v in KERNEL TEE REQUEST SMP MEM TPM PRODUCT REPORT_VERSION USER_DATA QUOTE_VERSION RUN SHARE CHIP STRICT DEMO_OUT DEMO_THEN DEMO_WITH RELEASES LAB_T0; do
		[ -z "${!v+x}" ] || environment+=("$v=${!v}")
	done
}

prepare_dirs() {
	mkdir -p "$BUILD/log" "$CACHE/tmp" "$CACHE/mnt/build" "$CACHE/apt/archives/partial" \
		"$CACHE/apt/lists/partial"
	# Leftovers of runs that were killed; a live build is never a day old.
	find "$CACHE/tmp" -mindepth 1 -maxdepth 1 -mtime +1 -exec rm -rf {} +
}

# Results made under sudo belong to who asked.
give_back() {
	local rc=$?

	if [ -n "${LAB_OWNER:-}" ]; then
		chown -R "$LAB_OWNER" "$BUILD" 2>/dev/null || :
		chown "$LAB_OWNER" "$CACHE" 2>/dev/null || :
	fi
	return "$rc"
}

# ---- cache ----

# cached KIND KEY BUILDER [ARG...]: set REPLY to the entry, made by `BUILDER ARG... TMPDIR`
# if it is not there yet. An entry's time is its last use; entries unused for 14 days go.
cached() {
	local kind=$1 key=$2 entry=$CACHE/$1/$2 tmp

	shift 2
	mkdir -p "$CACHE/$kind"
	exec 8>"$CACHE/$kind/.lock"
	flock -n 8 || { say "waiting for another run that makes $kind"; flock 8; }
	if [ ! -d "$entry" ]; then
		find "$CACHE/$kind" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} +
		# One level down: a root gets the time of the package that brings /, which looks old.
		tmp=$(mktemp -d "$CACHE/tmp/$kind.XXXXXX")
		mkdir "$tmp/entry"
		"$@" "$tmp/entry" 8>&- || { discard "$tmp"; die "cannot make $kind"; }
		mv "$tmp/entry" "$entry"
		rmdir "$tmp"
	fi
	touch "$entry"
	exec 8>&-
	REPLY=$entry
}

# discard DIR: remove a half-made entry, but never through a mount that was left in it.
discard() {
	local m

	for m in $(awk -v d="$1/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r); do
		umount "$m" || return
	done
	rm -rf "$1"
}

# inside PATH: a path of the cache as the build root sees it.
inside() {
	echo "/cache/${1#"$CACHE"/}"
}

# hash_of FILE...: one hash over contents (not names or times).
hash_of() {
	cat -- "$@" | sha256sum | cut -c1-20
}

# ---- the build root ----

ROOT=$CACHE/mnt/build	# where it is mounted in our namespace; empty for everybody else

# open_root: make (or find) the build root and mount it with /src, /build, /cache.
open_root() {
	[ -z "${LAB_ROOT_OPEN:-}" ] || return 0
	build_root
	need mount
	mount_root "$REPLY" "$ROOT"
	export LAB_ROOT_OPEN=1 LAB_ROOT_ENTRY=$REPLY
}

# mount_root ENTRY PLACE
mount_root() {
	local place=$2 d

	mkdir -p "$place"
	mount --bind "$1" "$place"
	mount -o remount,bind,ro "$place"
	mount --rbind /dev "$place/dev"
	mount -t proc proc "$place/proc"
	for d in tmp run var/tmp; do
		mount -t tmpfs -o mode=1777 tmpfs "$place/$d"
	done
	mount --bind "$SRC" "$place/src"
	mount -o remount,bind,ro "$place/src"
	mount --bind "$BUILD" "$place/build"
	mount --bind "$CACHE" "$place/cache"
}

# in_root CMD...: run in the build root with a clean environment. Its compilers are those of ccache:
# all clones are /src there, so what one has compiled another finds, by the contents of compiler and
# sources.
in_root() {
	chroot "$ROOT" /usr/bin/env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
		CCACHE_DIR=/cache/ccache CCACHE_COMPILERCHECK=content CCACHE_MAXSIZE=2G \
		LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" "$@"
}

. "$LAB/apt.sh"
. "$LAB/arch.sh"
. "$LAB/roots.sh"
pick_arch amd64

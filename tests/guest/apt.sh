# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Our own view of the Debian archive, apart from the machine's: the machine says
# where a mirror is, we say which suites. Nothing here changes the machine's apt.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
OUR_APT=$CACHE/apt

# mirror_of LABEL: where this machine gets that part of Debian from.
mirror_of() {
	apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s,^$1|\(https\?:.*[^/]\)/*\$,\1,p" | awk 'NR == 1'	# reads all, so nobody is cut off
}

write_sources() {
	local main security s

	main=$(mirror_of Debian)
	if [ -z "$main" ]; then
		say "apt has no package lists yet: apt-get update"
		run_logged apt-update apt-get update || die "apt-get update failed"
		main=$(mirror_of Debian)
	fi
	[ -n "$main" ] || die "apt's sources name no Debian mirror (http or https)"
	security=$(mirror_of Debian-Security)
	[ -n "$security" ] || security=${main%/debian}/debian-security
	[ -r "$KEYRING" ] || die "no $KEYRING: apt-get install debian-archive-keyring"
	for s in trixie trixie-updates trixie-backports bookworm; do
		echo "deb [signed-by=$KEYRING] $main $s main"
	done
	for s in trixie-security bookworm-security; do
		echo "deb [signed-by=$KEYRING] $security $s main"
	done
}

# our_apt: point APT_CONFIG at our view, and bring its lists up to date once a run.
our_apt() {
	export APT_CONFIG=$OUR_APT/apt.conf
	[ -z "${LAB_APT_READY:-}" ] || return 0
	exec 7>"$OUR_APT/.lock"
	flock 7
	APT_CONFIG='' write_sources >"$OUR_APT/sources.new"
	mv "$OUR_APT/sources.new" "$OUR_APT/sources.list"
	: >"$OUR_APT/status"
	{ apt_proxy | sed 's/.*/&;/' && cat; } >"$APT_CONFIG" <<-X
	Dir::Etc::parts "/dev/null";
	Dir::Etc::sourcelist "$OUR_APT/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State "$OUR_APT";
	Dir::State::lists "$OUR_APT/lists";
	Dir::State::status "$OUR_APT/status";
	Dir::Cache "$OUR_APT";
	Dir::Cache::archives "$OUR_APT/archives";
	APT::Architecture "amd64";
	APT::Architectures "";
	APT::Install-Recommends "false";
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	Acquire::Retries "3";
	X
	say "reading the Debian archive's state"
	if ! run_logged apt-lists apt-get update; then
		compgen -G "$OUR_APT/lists/*Packages*" >/dev/null || die "no package lists"
		say "the archive cannot be reached: going on with the lists of the last run"
	fi
	flock -u 7
	export LAB_APT_READY=1
}

# newest REGEX: the highest package name that matches, empty if none does.
newest() {
	apt-cache pkgnames linux- | grep -E "^$1\$" | sort -V | tail -n 1 || :
}

# resolve PACKAGE...: the exact set of packages and versions an installation would bring.
# The answer is remembered for as long as the archive's signed state stays the same.
resolve() {
	local view memo

	view=${APT_CONFIG%/*}
	memo=$view/resolved-$({ cat "$view"/lists/*Release; echo "$@"; } | hash_of -)
	if [ ! -s "$memo" ]; then
		find "$view" -maxdepth 1 -name 'resolved-*' -mtime +14 -delete
		apt-get -qq -s -o Debug::NoLocking=1 install '?and(?essential,?architecture(native))' apt "$@" |
			awk '/^Inst / { gsub(/[(]/, "", $3); print $2, $3 }' | sort >"$memo.$$" &&
			mv "$memo.$$" "$memo" || return
	fi
	cat "$memo"
}

# need PROGRAM...: what the host itself must have, each from the package of its name. mount is not
# in every minimal Debian.
need() {
	local p missing=()

	for p; do
		command -v "$p" >/dev/null || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing on this machine: ${missing[*]} (apt-get install)"
	install_here "${missing[@]}" && return
	say "again after apt-get update"
	APT_CONFIG='' run_logged apt-update apt-get update || die "apt-get update failed"
	install_here "${missing[@]}" || die "cannot install ${missing[*]}"
}

install_here() {
	APT_CONFIG='' DEBIAN_FRONTEND=noninteractive run_logged apt-install \
		apt-get install -y --no-install-recommends "$@"
}

# make_root NAME PACKAGES DIR: a trixie root with these (comma separated) packages.
# Downloaded packages stay in our cache: its archive directory is mounted over the root's.
make_root() {
	local name=$1 packages=$2 dir=$3 c

	need mount mmdebstrap
	c=var/cache/apt/archives
	APT_CONFIG='' run_logged "root-$name" mmdebstrap --mode=root --variant=apt \
		--format=directory --skip=check/empty,download/empty,essential/unlink,cleanup/apt \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "3"' \
		$(apt_proxy | sed 's/.*/--aptopt=&/') --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook="mkdir -p \"\$1/$c/partial\" && mount --bind '$OUR_APT/archives' \"\$1/$c\"" \
		--customize-hook="umount \"\$1/$c\"" \
		--include="$packages" trixie "$dir" "$OUR_APT/sources.list" || return
	mkdir -p "$dir/src" "$dir/build" "$dir/cache" "$dir/share"
	rm -rf "$dir"/var/lib/apt/lists/* "$dir"/etc/resolv.conf "$dir"/etc/hostname
}

# A proxy of the machine's apt is one for us, too: print its apt settings.
apt_proxy() {
	local p='' s=''

	eval "$(APT_CONFIG='' apt-config shell p Acquire::http::Proxy s Acquire::https::Proxy)"
	[ -z "$p" ] || printf 'Acquire::http::Proxy"%s"\n' "$p"
	[ -z "$s" ] || printf 'Acquire::https::Proxy"%s"\n' "$s"
}

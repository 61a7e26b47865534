# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In the Debian guest on TDX, as root, after containers.sh: roots of keys from each source that has one to
# give, in the unit that installs them at boot, and sealing with them by the same calls. The TPM is one
# of the machine (swtpm beside QEMU). No kernel here has efi_secret, so a folder stands in for its
# file system. The key broker is a process of this guest, which judges by its own reference values.
# A root is installed once, so each case begins with a module that has none.

CONF=/etc/teegate/roots.conf
BLOB=/var/lib/teegate/root.tpm
GUID=736870e5-84f0-4973-92ec-06879ce3da0b
RESOURCE=default/teegate/root
install -d -m 700 /var/lib/teegate coco
head -c 32 /dev/urandom >coco/$GUID
head -c 32 /dev/urandom >resource
chmod 400 coco/$GUID

# fresh: a module without a root, and nothing running that had one.
fresh() {
	stop_broker teegate-root.service
	systemctl reset-failed teegate-root.service 2>/dev/null
	another_module
}

another_module() {
	unload teegate && modprobe teegate
}

# root_of NAME SOURCE LINE...: one section more.
root_of() {
	printf '[Root %s]\nSource=%s\n' "$1" "$2"
	shift 2
	printf '%s\n' "$@"
}

# start: the installer; what an earlier one said is not meant by told.
start() {
	before=$(journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
	systemctl start teegate-root.service
}

# told: what it said, by the name that its stream has from the beginning: unit and invocation are read
# from the process, which may have ended by then.
told() {
	journalctl --sync
	journalctl -q -o cat --after-cursor="$before" -t teegate-root
}

installs() {
	start || { told; return 1; }
}

# does_not_install PATTERN: and the journal says why.
does_not_install() {
	not start || return
	told >told.txt
	grep -E "$1" told.txt || { cat told.txt; return 1; }
	no_root
}

no_root() {
	teegate-root status | tee status.txt
	grep -q '^active: none' status.txt
}

seals() {
	echo "what nobody shall know" | teegatectl seal --target device:/dev/teegate --label e2e --output "$1"
}

opens() {
	teegatectl unseal --target device:/dev/teegate --label e2e "$1" >opened && [ "$(cat opened)" = "what nobody shall know" ]
}

# opens_not PATTERN FILE
opens_not() {
	not teegatectl unseal --target device:/dev/teegate --label e2e "$2" >opened 2>refusal && [ ! -s opened ] || return
	grep -E "$1" refusal || { cat refusal; return 1; }
}

tpm_section() {
	root_of "$1" tpm "Blob=$BLOB" Pcrs=sha256:16 "${@:2}"
}

none() {
	fresh && rm -f $CONF && start && no_root &&
	grep -q 'Source=key-broker' status.txt && grep -q "$CONF" status.txt &&
	: >$CONF && does_not_install 'no root is configured' && not seals never.blob 2>refusal &&
	cat refusal && grep -q 'teegate-root' refusal
}
check without_a_root_the_sources_are_named_and_nothing_is_sealed none

by_tpm() {
	fresh && tpm_section main >$CONF && rm -f $BLOB && does_not_install 'enrol' &&
	teegate-root enrol main && systemctl reset-failed teegate-root.service && installs && seals tpm.blob && opens tpm.blob &&
	fresh && opens_not 'no root for keys' tpm.blob && installs && opens tpm.blob
}
check a_root_of_the_tpm_opens_what_it_sealed_before by_tpm

changed_registers() {
	export TPM2TOOLS_TCTI=device:/dev/tpmrm0

	fresh && tpm2_pcrextend "16:sha256=$(printf '%064d' 7)" && does_not_install 'registers are not what they were' &&
	opens_not 'no root for keys' tpm.blob && tpm2_pcrreset 16 && fresh && installs && opens tpm.blob
}
check other_registers_keep_the_root_of_the_tpm_back changed_registers

by_launch_secret() {
	fresh && root_of main launch-secret GUID=$GUID Directory=/run/e2e/coco >$CONF && installs && seals launch.blob &&
	opens_not 'there are others' tpm.blob && fresh && installs && opens launch.blob
}
check a_launch_secret_opens_what_it_sealed_before by_launch_secret

old_and_new() {
	fresh && { root_of main launch-secret GUID=$GUID Directory=/run/e2e/coco; tpm_section old UnsealOnly=yes; } >$CONF &&
	installs && opens tpm.blob && opens launch.blob && seals new.blob && cp tpm.blob moved.blob &&
	teegatectl reseal --target device:/dev/teegate --label e2e moved.blob && fresh &&
	root_of main launch-secret GUID=$GUID Directory=/run/e2e/coco >$CONF && installs && opens new.blob &&
	opens moved.blob && opens_not 'there are others' tpm.blob
}
check an_old_root_opens_and_the_active_one_seals old_and_new

# broker NAME MEASUREMENT: in a folder of its own; its verifier knows this platform. It stays, because to start
# it takes longer than to ask it.
broker() {
	mkdir "$1"
	python3 /mnt/share/kbs --directory "$1" --resource $RESOURCE=resource -- teegatectl verify \
		--root /mnt/share/root.pem --collateral /mnt/share/collateral.json --measurement "$2" >"$1.log" 2>&1 &
	brokers+=($!)
	await [ -e "$1/port" ]
}

# ask_broker NAME LINE...: what roots come from.
ask_broker() {
	root_of main key-broker "Url=https://127.0.0.1:$(cat "$1/port")" "CertificateAuthority=/run/e2e/$1/server.pem" \
		Resource=$RESOURCE "${@:2}" >$CONF
}

brokers_said() {
	cat kbs.log other.log
	return 1
}

measurement=$(python3 -c 'import json; print(json.load(open("/mnt/share/chip/td.json"))["mrtd"])')

by_broker() {
	broker kbs "$measurement" && ask_broker kbs && fresh && installs && seals kbs.blob && opens kbs.blob &&
	opens_not 'there are others' launch.blob && fresh && installs && opens kbs.blob || brokers_said
}
check a_root_of_a_key_broker_opens_what_it_sealed_before by_broker

another_guest() {
	broker other "$(printf '%096d' 0)" && ask_broker other && fresh &&
	does_not_install 'evidence is not good.*measurement' && opens_not 'no root for keys' kbs.blob &&
	ask_broker kbs && fresh && installs && opens kbs.blob || brokers_said
}
check a_guest_of_another_measurement_gets_no_root another_guest

by_native() {
	ask_broker kbs Evidence=native && fresh && installs && opens kbs.blob || brokers_said
}
check evidence_as_other_verifiers_take_it_releases_the_root_too by_native

development() {
	cp coco/$GUID development.root && chmod 600 development.root && fresh &&
	root_of main development File=/run/e2e/development.root >$CONF && does_not_install 'Enable=yes' &&
	not tainted && echo Enable=yes >>$CONF && installs && tainted && seals development.blob && opens development.blob
}

tainted() {
	teegatectl info --json | grep -qi 'development'
}
check a_development_file_must_be_enabled_and_taints development

# opens_volume SECTION...: with a module that has no root yet; the unit brings the rest.
opens_volume() {
	fresh && "$@" >$CONF && systemctl start teegate-luks@data.service
}

# boot.sh boots with this volume and the root of the TPM, which shows that it still opens.
by_luks() {
	mkdir -p /etc/teegate/luks && truncate -s 32M volume && echo DEVICE=/run/e2e/volume >/etc/teegate/luks/data &&
	fresh && tpm_section main >$CONF && installs &&
	teegatectl derive-key --target device:/dev/teegate --label luks/data --length 64 |
		cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file=- volume &&
	opens_volume tpm_section main && echo "on the volume" >/dev/mapper/data &&
	systemctl stop teegate-luks@data.service && not grep -qa "on the volume" volume &&
	not opens_volume root_of main launch-secret GUID=$GUID Directory=/run/e2e/coco &&
	systemctl is-failed -q teegate-luks@data.service && [ ! -e /dev/mapper/data ]
	local status=$?
	[ $status = 0 ] || journalctl -q -u teegate-luks@data.service -n 30 -o cat
	systemctl stop teegate-luks@data.service
	systemctl reset-failed teegate-luks@data.service 2>/dev/null
	return $status
}
check a_luks_volume_is_opened_by_a_unit_with_a_key_of_this_root by_luks

# The TPM may be at what the killed one had asked of it, and then takes nothing for a while.
installs_at_last() {
	for _ in {1..60}; do
		! teegate-root install || return 0
		sleep 2
	done
	return 1
}

# Under load it takes long now and then, so what counts is how far each got, not when it was killed.
killed() {
	local delay=0 none=0 whole=0 finished=0 installer

	fresh && tpm_section main >$CONF || return
	while [ $finished -lt 2 ] && [ $delay -lt 3000 ]; do
		another_module || return
		teegate-root install 2>/dev/null &
		installer=$!
		sleep "$((delay / 10)).$((delay % 10))"
		kill -KILL $installer 2>/dev/null || finished=$((finished + 1))
		wait $installer 2>/dev/null
		if no_root; then
			none=$((none + 1))
			opens_not 'no root for keys' tpm.blob || return
		else
			whole=$((whole + 1))
			opens tpm.blob || return
		fi
		installs_at_last && opens tpm.blob || return
		delay=$((delay + 2 + delay / 10))
	done
	echo "none $none, whole $whole"
	[ $none -gt 0 ] && [ $whole -gt 0 ]
}
check a_kill_at_any_moment_leaves_no_root_or_the_whole_one killed

nothing_told() {
	local file

	kill "${brokers[@]}"
	wait "${brokers[@]}" 2>/dev/null
	{ dmesg && journalctl -q -b -o cat --no-pager && cat status.txt kbs.log other.log; } >everything || return
	grep -q 'is installed' everything || return
	for file in coco/$GUID resource; do
		[ "$(stat -c %s $file)" = 32 ] && not grep -qai "$(od -An -v -tx1 $file | tr -d ' \n')" everything &&
		not grep -qaF "$(base64 <$file | tr -d '=\n')" everything || return
	done
}
check no_log_has_a_root_in_it nothing_told

kill "${brokers[@]}"
rm -f $CONF
fresh
systemctl start teegated.socket

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # what containers.sh sets
#
# In the Debian guest, as root, after containers.sh: clients that share no code with the project ask
# the broker from inside of a rootless container, which has the guest's /usr, read-only, for them.
# What they get is judged under the trust anchors that the platform published.

case $provider in
sev-snp)	trust=(--root /mnt/share/ark.pem) ;;
tdx)		trust=(--root /mnt/share/root.pem --collateral /mnt/share/collateral.json) ;;
esac

cp /mnt/share/evidence.py $shared/

# good FILE: evidence of alpha over the nonce of these cases, and of nobody else and over no other.
good() {
	[ -s "$1" ] && teegatectl verify --quiet "${trust[@]}" --workload alpha --nonce 00112233 "$1" &&
	not teegatectl verify --quiet "${trust[@]}" --workload beta --nonce 00112233 "$1" &&
	not teegatectl verify --quiet "${trust[@]}" --workload alpha --nonce 00112234 "$1"
}

python_client() {
	with_usr alpha payments /usr/bin/python3 /tmp/evidence.py 00112233 && good alpha.out &&
	not with_usr beta stranger /usr/bin/python3 /tmp/evidence.py 00112233 &&
	[ ! -s beta.out ] && grep -q 'NotAllowed.*beta\.service' beta.err
}
check a_few_lines_of_Python_get_evidence_in_a_container python_client

# The nonce in base64.
varlinkctl_call() {
	with_usr "$1" "$2" /usr/bin/varlinkctl call --json=short /run/teegate/broker.sock \
		io.teegate.Broker.GetEvidence '{"userData":"ABEiMw==","certificates":true}'
}

varlinkctl_client() {
	varlinkctl_call alpha payments && sed -n 's/.*"evidence":"\([^"]*\)".*/\1/p' alpha.out |
		base64 -d >varlinkctl.cbor && good varlinkctl.cbor &&
	not varlinkctl_call beta stranger && not grep -q evidence beta.out &&
	grep -q 'NotAllowed' beta.err
}
check varlinkctl_gets_evidence_in_a_container varlinkctl_client

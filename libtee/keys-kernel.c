// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ioctls for keys, on any lease, and words for their failures: an errno of these says more than
 * elsewhere, because the header of a blob is no secret and the root is the administrator's to bring.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"

static const char *what_of(const struct tee_key_call *call)
{
	if (call->op == TEEGATE_OP_DERIVE_KEY)
		return "Deriving a key";
	return call->unseal ? "Unsealing" : "Sealing";
}

static int make(tee_ctx *ctx, int fd, struct tee_key_call *call, uint64_t *ret_fw_status)
{
	int r;

	if (call->op == TEEGATE_OP_DERIVE_KEY) {
		call->arg.derive.timeout_ms = call->timeout_ms;
		r = ctx->sys->ioctl(fd, TEEGATE_DERIVE_KEY, &call->arg.derive);
		*ret_fw_status = call->arg.derive.fw_status;
	} else if (call->unseal) {
		call->arg.unseal.timeout_ms = call->timeout_ms;
		r = ctx->sys->ioctl(fd, TEEGATE_UNSEAL, &call->arg.unseal);
		*ret_fw_status = call->arg.unseal.fw_status;
	} else {
		call->arg.seal.timeout_ms = call->timeout_ms;
		r = ctx->sys->ioctl(fd, TEEGATE_SEAL, &call->arg.seal);
		*ret_fw_status = call->arg.seal.fw_status;
	}
	return r;
}

/* The root that this machine could have by itself, and what it takes to be given keys of it; or "". */
static const char *own_root(const tee_ctx *ctx, uint32_t provider)
{
	const bool session = ctx->transport->is_session;

	if (provider == TEEGATE_PROVIDER_SEV_SNP && !session)
		return "the firmware's own, once policy says FirmwareRoot=measured-boot, teegate-workloads.d(5); ";
	if (provider == TEEGATE_PROVIDER_SEV_SNP && !ctx->measured_boot)
		return "the firmware's own, for the target measured-boot: instead of device:, if kernel and initrd are in the launch measurement, tee_open(3); ";
	if (provider == TEEGATE_PROVIDER_SE && !session)
		return "a retrievable secret of the Ultravisor, from Linux 6.13; ";
	return "";
}

/* How to come by a root: first what this machine could have, then what any can. */
static int fail_no_root(tee_ctx *ctx, int fd, const char *what)
{
	struct teegate_get_info info = { 0 };

	if (tee_kernel_ask_info(ctx, fd, &info) < 0)
		info.provider = TEEGATE_PROVIDER_NONE;
	return tee_fail(ctx, -ENODATA,
			"%s: there is no root for keys that this lease may use%s. Roots come from: %sa TPM 2.0, an SEV launch secret, a key broker, or for development a file, which teegate-root(8) installs at boot as /etc/teegate/roots.conf says.",
			what, info.roots ? " (there are others)" : "", own_root(ctx, info.provider));
}

/* Of the administrator's own lease, for which no policy speaks: it was asked for another target. */
static bool wants_measured_boot(tee_ctx *ctx, int fd, int error)
{
	struct teegate_get_info info;

	return error == -EKEYREJECTED && ctx->transport->is_session && !ctx->measured_boot &&
	       tee_kernel_ask_info(ctx, fd, &info) == 0 && info.provider == TEEGATE_PROVIDER_SEV_SNP;
}

static const char *sentence_of(int error)
{
	switch (error) {
	case -EPERM:
		return "The lease allows no keys, or not under this label, or it is pinned to another cgroup or user. Ask the administrator for a policy: Operations= and KeyLabels= of teegate-workloads.d(5).";
	case -EKEYREJECTED:
		return "The parameters of the root are weaker than policy allows, or it was never allowed. Firmware was not asked.";
	case -EILSEQ:
		return "This is not a sealed blob.";
	case -EPROTONOSUPPORT:
		return "This blob is of a later version than the kernel module knows. Update it.";
	case -EMSGSIZE:
		return "This blob is cut off, or its lengths are not those of a blob.";
	case -EXDEV:
		return "This blob was sealed on another kind of TEE.";
	case -ENXIO:
		return "This blob was sealed under another root than those that are here. Install that one for old blobs: teegate-root(8).";
	case -EBADMSG:
		return "This blob does not open: it is damaged, or it was sealed by another workload or another guest.";
	case -EEXIST:
		return "There is a key of that description in the keyring, and none is ever overwritten. Revoke it first, or choose another.";
	case -EKEYREVOKED:
	case -EKEYEXPIRED:
		return "The keyring is revoked or has expired.";
	default:
		return NULL;
	}
}

/* ENOKEY is the channel to the firmware, for good, or a keyring that this process does not have. */
static bool lacks_keyring(tee_ctx *ctx, int fd, int error, const struct tee_key_call *call)
{
	struct teegate_get_info info;

	return error == -ENOKEY && call->op == TEEGATE_OP_DERIVE_KEY &&
	       call->arg.derive.target != TEEGATE_KEY_TO_CALLER &&
	       tee_kernel_ask_info(ctx, fd, &info) == 0 && info.state != TEEGATE_STATE_LOST;
}

static int fail(tee_ctx *ctx, int fd, int error, const struct tee_key_call *call, uint64_t fw_status)
{
	const char *sentence = sentence_of(error);

	if (error == -ENODATA)
		return fail_no_root(ctx, fd, what_of(call));
	if (wants_measured_boot(ctx, fd, error))
		sentence = "The target device: has keys of installed roots only, and these parameters are of another one. Those of the firmware's root are for the target measured-boot:, if kernel and initrd are in the launch measurement, tee_open(3). Firmware was not asked.";
	if (lacks_keyring(ctx, fd, error, call))
		sentence = "This process has no such keyring. Make one first: keyctl(1), session-keyring(7).";
	if (sentence && fw_status == 0)
		return tee_fail(ctx, error, "%s: %s", what_of(call), sentence);
	return tee_kernel_fail(ctx, fd, error, what_of(call), fw_status);
}

int tee_kernel_can_keys(tee_ctx *ctx, const struct tee_info *info, uint64_t op)
{
	if (info->module_ops & op)
		return 0;
	return tee_fail(ctx, -ENOTTY, "The kernel module teegate is older than sealed keys. Update it.");
}

int tee_kernel_keys(tee_ctx *ctx, int fd, struct tee_key_call *call)
{
	struct tee_info info;
	uint64_t fw_status;
	int r;

	r = tee_kernel_info(ctx, fd, &info);
	if (r == 0)
		r = tee_kernel_can_keys(ctx, &info, call->op);
	if (r < 0)
		return r;
	r = make(ctx, fd, call, &fw_status);
	return r < 0 ? fail(ctx, fd, r, call, fw_status) : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/teegate, for the administrator. A session cannot ask for a report, so each request makes a
 * lease for itself and drops it: what the lease is pinned to and what its claims say is then what
 * holds at that moment, also after a fork, a change of user or a move to another cgroup.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/teegate.h>

#include "context.h"
#include "keys.h"

#define LEASE_SPARE_MS 60000 /* a lease that outlives its request by an accident ends by itself */

/* What a lease for one request is to allow. */
struct need {
	uint64_t ops;
	size_t event_bytes;	/* of the one event, 0: none */
};

#define KEY_OPS	(TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)

/* GUEST_FIELD_SELECT of MSG_KEY_REQ: what any lease has to have, and the TCB, as leases of policy. */
#define SNP_FIELD_POLICY	(1ull << 0)
#define SNP_FIELD_MEASUREMENT	(1ull << 3)
#define SNP_FIELD_TCB		(1ull << 5)

/*
 * The administrator's own keys: of any label, from any root that somebody installed. The firmware's
 * is only as good as the measurement, so that one needs the administrator's word. *ret_claims,
 * malloc()ed, is what @arg points to.
 */
static int add_key_terms(const tee_ctx *ctx, const struct tee_own *own,
			 struct teegate_create_lease *arg, uint8_t **ret_claims)
{
	size_t len;
	int r;

	r = tee_own_sealing_claims(own, ret_claims, &len, &arg->sealing_bitmap);
	if (r < 0)
		return r;
	arg->sealing_claims = (uint64_t)(uintptr_t)*ret_claims;
	arg->sealing_claims_len = (uint32_t)len;
	for (unsigned int source = TEEGATE_ROOT_TPM; source <= TEEGATE_ROOT_DEVELOPMENT; source++)
		arg->root_sources |= 1u << source;
	if (ctx->measured_boot) {
		arg->root_sources |= 1u << TEEGATE_ROOT_FIRMWARE;
		arg->snp_field_select = SNP_FIELD_POLICY | SNP_FIELD_MEASUREMENT |
					SNP_FIELD_TCB;
	}
	return 0;
}

static int create_lease(tee_ctx *ctx, const struct need *need, const struct tee_own *own,
			const uint8_t *claims, size_t claims_len)
{
	struct teegate_create_lease arg = {
		.size = sizeof(arg),
		.ops = need->ops,
		.cgroup_fd = own->cgroup_fd,
		.max_pending = 1,
		.lifetime_ms = TEEGATE_TIMEOUT_MAX_MS + LEASE_SPARE_MS,
		.lease_fd = -1,
		.extend_max = need->event_bytes > 0 ? 1 : 0,
		.extend_bytes_max = (uint32_t)need->event_bytes,
	};
	uint8_t *sealing_claims = NULL;
	int r;

	if (own->cgroup_fd < 0)
		arg.flags |= TEEGATE_LEASE_UNPINNED;
	if (own->pin_uid) {
		arg.flags |= TEEGATE_LEASE_PIN_UID;
		arg.uid = own->uid;
	}
	if (need->ops & (TEEGATE_OP_REPORT | TEEGATE_OP_EXTEND)) {
		arg.claims = (uint64_t)(uintptr_t)claims;
		arg.claims_len = (uint32_t)claims_len;
	}
	if (need->ops & KEY_OPS) {
		r = add_key_terms(ctx, own, &arg, &sealing_claims);
		if (r < 0)
			return tee_fail(ctx, r, "%s", tee_strerror(r));
	}
	r = ctx->sys->ioctl(ctx->fd, TEEGATE_CREATE_LEASE, &arg);
	free(sealing_claims);
	if (r < 0)
		return tee_kernel_fail(ctx, ctx->fd, r, "Making a lease for this process", 0);
	return arg.lease_fd;
}

/* A lease that speaks for this process; @ret_claims, malloc()ed, is what it says. */
static int lease_for(tee_ctx *ctx, const struct need *need, uint8_t **ret_claims, size_t *ret_len)
{
	struct tee_info info;
	struct tee_own own;
	int fd, r;

	r = tee_kernel_info(ctx, ctx->fd, &info);
	if (r < 0)
		return r;
	/* That an operation is missing says more than that a lease for it cannot be made. */
	if (need->ops & TEEGATE_OP_EXTEND) {
		r = tee_kernel_can_extend(ctx, &info);
		if (r < 0)
			return r;
	}
	if (need->ops & KEY_OPS) {
		r = tee_kernel_can_keys(ctx, &info, need->ops);
		if (r < 0)
			return r;
	}
	r = tee_own_look(&own);
	if (r < 0)
		return tee_fail(
			ctx, r,
			"Looking for the cgroup of this process in /proc and /sys/fs/cgroup: %s",
			strerror(-r));
	r = tee_own_claims(&own, info.taint, ret_claims, ret_len);
	if (r < 0) {
		tee_own_done(&own);
		return tee_fail(ctx, r, "Writing the claims of this process: %s", tee_strerror(r));
	}
	fd = create_lease(ctx, need, &own, *ret_claims, *ret_len);
	tee_own_done(&own);
	if (fd < 0)
		free(*ret_claims);
	return fd;
}

/* The claims are ours: an answer with others is not an answer to us. */
static int check_claims(tee_ctx *ctx, const uint8_t *item, size_t len, const uint8_t *claims,
			size_t claims_len)
{
	struct evidence ev;
	bool same;

	if (ev_decode(item, len, &ev, NULL) < 0)
		return tee_fail(ctx, -EPROTO, "The kernel module's answer does not make evidence.");
	same = !ev.bound || (ev.binding.claims.len == claims_len &&
			     memcmp(ev.binding.claims.data, claims, claims_len) == 0);
	ev_done(&ev);
	if (!same)
		return tee_fail(ctx, -EPROTO, "The report carries other claims than ours.");
	return 0;
}

static int device_report(tee_ctx *ctx, const struct tee_request *request, uint8_t **ret,
			 size_t *ret_len)
{
	struct need need = {
		.ops = request->flags & TEE_REPORT_RAW ? TEEGATE_OP_RAW_REPORT : TEEGATE_OP_REPORT,
	};
	size_t claims_len = 0, len = 0;
	uint8_t *claims = NULL, *item = NULL;
	int fd, r;

	fd = lease_for(ctx, &need, &claims, &claims_len);
	if (fd < 0)
		return fd;
	r = tee_kernel_report(ctx, fd, request, &item, &len);
	close(fd);
	if (r >= 0)
		r = check_claims(ctx, item, len, claims, claims_len);
	free(claims);
	if (r < 0) {
		free(item);
		return r;
	}
	*ret = item;
	*ret_len = len;
	return 0;
}

static int device_extend(tee_ctx *ctx, const struct tee_event *event, uint8_t *ret_digest)
{
	struct need need = { .ops = TEEGATE_OP_EXTEND, .event_bytes = event->len };
	uint8_t *claims = NULL;
	size_t claims_len;
	int fd, r;

	fd = lease_for(ctx, &need, &claims, &claims_len);
	if (fd < 0)
		return fd;
	free(claims);
	r = tee_kernel_extend(ctx, fd, event, ret_digest);
	close(fd);
	return r;
}

static int device_keys(tee_ctx *ctx, struct tee_key_call *call)
{
	struct need need = { .ops = call->op };
	uint8_t *claims = NULL;
	size_t claims_len;
	int fd, r;

	fd = lease_for(ctx, &need, &claims, &claims_len);
	if (fd < 0)
		return fd;
	free(claims);
	r = tee_kernel_keys(ctx, fd, call);
	close(fd);
	return r;
}

static int device_info(tee_ctx *ctx, struct tee_info *ret)
{
	return tee_kernel_info(ctx, ctx->fd, ret);
}

static const struct tee_transport device_transport = {
	.is_session = true,
	.get_info = device_info,
	.get_report = device_report,
	.extend = device_extend,
	.keys = device_keys,
};

int tee_open_device(tee_ctx *ctx, const char *path)
{
	struct tee_info info;
	int fd, r;

	fd = ctx->sys->open(path);
	if (fd == -ENOENT || fd == -ENXIO || fd == -ENODEV)
		return tee_fail(NULL, -ENODEV, "%s is not there; is the module teegate loaded?",
				path);
	if (fd < 0)
		return tee_fail(NULL, fd, "%s: %s.", path, strerror(-fd));

	ctx->fd = fd;
	r = tee_kernel_info(ctx, fd, &info);
	if (r < 0)
		return tee_fail(NULL, r == -ENOTTY || r == -EINVAL ? -ENODEV : r,
				"%s does not answer as teegate does: %s", path, strerror(-r));
	ctx->transport = &device_transport;
	return 0;
}

int tee_open_measured_boot(tee_ctx *ctx, const char *path)
{
	ctx->measured_boot = true;
	return tee_open_device(ctx, *path ? path : TEEGATE_DEVICE);
}

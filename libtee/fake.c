// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * No TEE at all, for the tests of programs that use libtee. "fake:FILE" answers with the evidence
 * in FILE, whatever was asked; "fake:" makes up a report of the right shape, which no verifier
 * accepts: it is not signed, its binding is empty, and its claims say what it is. A challenge is
 * answered as Secure Execution would, and everything else as SEV-SNP. For keys see fake-keys.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/teegate.h>

#include "context.h"
#include "keys.h"

#define REPORT_SIZE		1184
#define REPORT_VERSION		3
#define REPORT_DATA		0x50
#define MEASUREMENT_SIZE	64
#define BOUND_TAG		"teegate/bound/v1"

static int read_file(const char *path, uint8_t **ret, size_t *ret_len)
{
	size_t len = 0;
	struct stat st;
	ssize_t n = 1;
	uint8_t *buf;
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = -EINVAL;
	/* One byte more than allowed, to see that there is more. */
	buf = r < 0 ? NULL : malloc(TEE_EVIDENCE_MAX + 1);
	if (r == 0 && !buf)
		r = -ENOMEM;
	while (r == 0 && n > 0 && len <= TEE_EVIDENCE_MAX) {
		n = read(fd, buf + len, TEE_EVIDENCE_MAX + 1 - len);
		if (n < 0)
			r = -errno;
		else
			len += (size_t)n;
	}
	close(fd);
	if (r < 0) {
		free(buf);
		return r;
	}
	*ret = buf;
	*ret_len = len;
	return 0;
}

static const uint8_t blind[TEEGATE_BLIND_SIZE];

static struct ev_bytes user_data_of(const struct tee_request *request)
{
	return (struct ev_bytes) { request->user_data_len > 0 ? request->user_data : blind,
				   request->user_data_len };
}

static int encode_bound(struct evidence *ev, const struct tee_request *request, uint8_t **ret,
			size_t *ret_len)
{
	struct ev_claims claims = { .workload = "fake",
				    .taint = "no TEE: made up by libtee's fake transport" };
	uint8_t *encoded = NULL;
	size_t len = 0;
	int r;

	r = ev_claims_encode(&claims, &encoded, &len);
	if (r < 0)
		return r;
	ev->bound = true;
	ev->binding = (struct ev_binding) {
		.claims = { encoded, len },
		.user_data = user_data_of(request),
		.tree_size = 1,
		.blind = { blind, sizeof(blind) },
	};
	r = ev_encode(ev, ret, ret_len);
	free(encoded);
	return r;
}

static int encode(struct evidence *ev, const struct tee_request *request, uint8_t **ret,
		  size_t *ret_len)
{
	return request->flags & TEE_REPORT_RAW ? ev_encode(ev, ret, ret_len)
					       : encode_bound(ev, request, ret, ret_len);
}

/* What would be report_data, of a bound report without a root. */
static void write_bound_tag(uint8_t *report_data)
{
	memcpy(report_data + TEEGATE_HASH_SIZE, BOUND_TAG, strlen(BOUND_TAG));
}

static int make_up_report(const struct tee_request *request, uint8_t **ret, size_t *ret_len)
{
	uint8_t report[REPORT_SIZE] = { REPORT_VERSION };
	struct evidence ev = { .provider = "sev-snp", .report = { report, sizeof(report) } };

	if (!(request->flags & TEE_REPORT_RAW))
		write_bound_tag(report + REPORT_DATA);
	else if (request->user_data_len > 0)
		memcpy(report + REPORT_DATA, request->user_data, request->user_data_len);
	return encode(&ev, request, ret, ret_len);
}

static int make_up_answer(const struct tee_request *request, uint8_t **ret, size_t *ret_len)
{
	static const uint8_t measurement[MEASUREMENT_SIZE], config_uid[TEEGATE_CONFIG_UID_SIZE];
	struct evidence ev = { .provider = "se", .report = { measurement, sizeof(measurement) } };
	uint8_t report_data[TEEGATE_REPORT_DATA_SIZE] = { 0 }, *details;
	struct ev_se se = {
		.challenge = { request->challenge, request->challenge_len },
		.config_uid = { config_uid, sizeof(config_uid) },
		.user_data = request->flags & TEE_REPORT_RAW
			? user_data_of(request)
			: (struct ev_bytes) { report_data, sizeof(report_data) },
	};
	int r;

	write_bound_tag(report_data);
	r = ev_se_encode(&se, &details, &ev.details.len);
	if (r < 0)
		return r;
	ev.details.data = details;
	r = encode(&ev, request, ret, ret_len);
	free(details);
	return r;
}

static int make_up(const struct tee_request *request, uint8_t **ret, size_t *ret_len)
{
	return request->challenge_len > 0 ? make_up_answer(request, ret, ret_len)
					  : make_up_report(request, ret, ret_len);
}

static int fake_report(tee_ctx *ctx, const struct tee_request *request, uint8_t **ret,
		       size_t *ret_len)
{
	uint8_t *copy;
	int r;

	if (!ctx->item) {
		r = make_up(request, ret, ret_len);
		return r < 0 ? tee_fail(ctx, r, "Making up evidence: %s", tee_strerror(r)) : 0;
	}
	copy = malloc(ctx->item_len);
	if (!copy)
		return tee_fail(ctx, -ENOMEM, "%s", tee_strerror(-ENOMEM));
	memcpy(copy, ctx->item, ctx->item_len);
	*ret = copy;
	*ret_len = ctx->item_len;
	return 0;
}

static int fake_info(tee_ctx *ctx, struct tee_info *ret)
{
	uint64_t ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT;

	if (!ctx->item)
		ops |= TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL;
	*ret = (struct tee_info) {
		.provider = TEE_PROVIDER_SEV_SNP,
		.transport = TEEGATE_TRANSPORT_NONE,
		.state = TEEGATE_STATE_UP,
		.module_ops = ops,
		.firmware_ops = ops,
		.lease_ops = ops,
		.taint = TEEGATE_TAINT_SOFTWARE_FIRMWARE,
		.workload = "fake",
		.root_active = ctx->item ? TEE_ROOT_NONE : TEE_ROOT_DEVELOPMENT,
		.roots = ctx->item ? 0 : 1u << TEE_ROOT_DEVELOPMENT,
	};
	return 0;
}

static int fake_extend(tee_ctx *ctx, const struct tee_event *event, uint8_t *ret_digest)
{
	(void)event;
	(void)ret_digest;
	return tee_fail(ctx, -EOPNOTSUPP, "The made-up TEE has no runtime measurement registers.");
}

static const struct tee_transport fake_transport = {
	.get_info = fake_info,
	.get_report = fake_report,
	.extend = fake_extend,
	.keys = tee_fake_keys,
};

int tee_open_fake(tee_ctx *ctx, const char *path)
{
	const char *why = "it is over a mebibyte";
	struct evidence ev;
	int r;

	ctx->transport = &fake_transport;
	if (*path == '\0')
		return 0;
	r = read_file(path, &ctx->item, &ctx->item_len);
	if (r < 0)
		return tee_fail(NULL, r, "%s: %s", path, strerror(-r));
	r = ev_decode(ctx->item, ctx->item_len, &ev, &why);
	if (r < 0)
		return tee_fail(NULL, r, "%s is not evidence: %s.", path, why);
	ev_done(&ev);
	return 0;
}

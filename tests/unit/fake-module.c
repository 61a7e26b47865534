// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel module as libtee sees it; see fake-module.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "fake-module.h"

#define REPORT_SIZE	1184
#define REPORT_DATA	0x50
#define TAG		"teegate/bound/v1"

struct fake_module fake_module;

int fake_module_reset(void **state)
{
	(void)state;
	memset(&fake_module, 0, sizeof(fake_module));
	fake_module.info = (struct teegate_get_info) {
		.provider = TEEGATE_PROVIDER_SEV_SNP,
		.transport = TEEGATE_TRANSPORT_DRIVER,
		.state = TEEGATE_STATE_UP,
		.module_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT,
		.firmware_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT,
		.reports = 12,
		.errors = 3,
		.queued = 2,
		.queue_max = 64,
		.timeout_default_ms = 75000,
		.report_size_max = REPORT_SIZE,
		.aux_size_max = 16384,
	};
	return 0;
}

/* A descriptor that exists, so that closing it is seen to happen. */
static int some_fd(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int fake_open(const char *path)
{
	(void)path;
	fake_module.opens++;
	return fake_module.open_error < 0 ? fake_module.open_error : some_fd();
}

static int get_info(struct teegate_get_info *arg)
{
	fake_module.infos++;
	if (arg->size != sizeof(*arg) || arg->flags != 0)
		return -EINVAL;
	if (fake_module.info_error < 0)
		return fake_module.info_error;
	*arg = fake_module.info;
	arg->size = sizeof(*arg);
	return 0;
}

static int create_lease(struct teegate_create_lease *arg)
{
	fake_module.leases++;
	fake_module.lease = *arg;
	if (arg->size != sizeof(*arg) || arg->claims_len > TEEGATE_CLAIMS_MAX)
		return -EINVAL;
	if (fake_module.lease_error < 0)
		return fake_module.lease_error;
	if (arg->claims_len > 0)
		memcpy(fake_module.lease_claims, (void *)(uintptr_t)arg->claims, arg->claims_len);
	arg->lease_fd = some_fd();
	arg->lease_id = 7;
	return 0;
}

static void write_report(const struct teegate_get_report *arg)
{
	uint8_t report[REPORT_SIZE] = { 3 };

	if (!(arg->flags & TEEGATE_REPORT_RAW))
		memcpy(report + REPORT_DATA + TEEGATE_HASH_SIZE, TAG, strlen(TAG));
	else if (arg->user_data_len > 0)
		memcpy(report + REPORT_DATA, (void *)(uintptr_t)arg->user_data, arg->user_data_len);
	memcpy((void *)(uintptr_t)arg->report, report, sizeof(report));
}

static void write_claims(struct teegate_get_report *arg)
{
	const uint8_t *claims =
		fake_module.claims_len ? fake_module.claims : fake_module.lease_claims;

	arg->claims_len =
		fake_module.claims_len ? fake_module.claims_len : fake_module.lease.claims_len;
	memcpy((void *)(uintptr_t)arg->claims, claims, arg->claims_len);
}

static int get_report(int fd, struct teegate_get_report *arg)
{
	bool raw = arg->flags & TEEGATE_REPORT_RAW, aux = arg->flags & TEEGATE_REPORT_AUX;

	fake_module.reports++;
	fake_module.report = *arg;
	fake_module.report_fd = fd;
	if (fake_module.delay_ms > 0)
		usleep(fake_module.delay_ms * 1000);
	if (arg->size != sizeof(*arg))
		return -EINVAL;
	if (fake_module.report_errors > 0) {
		fake_module.report_errors -= fake_module.report_errors < UINT32_MAX;
		arg->fw_status = fake_module.fw_status;
		return fake_module.report_error;
	}
	if (arg->report_len < fake_module.need_report ||
	    (aux && arg->aux_len < fake_module.need_aux)) {
		arg->report_len = fake_module.need_report ? fake_module.need_report : REPORT_SIZE;
		arg->aux_len = fake_module.need_aux;
		return -ENOSPC;
	}
	write_report(arg);
	arg->report_len = REPORT_SIZE;
	arg->provider = fake_module.info.provider;
	arg->aux_len = 0;
	if (aux) {
		memset((void *)(uintptr_t)arg->aux, 0xce, 100);
		arg->aux_len = 100;
	}
	arg->path_len = 0;
	arg->claims_len = raw ? 0 : arg->claims_len;
	arg->tree_size = raw ? 0 : 1;
	if (!raw)
		write_claims(arg);
	memset(arg->blind, 0xb1, sizeof(arg->blind));
	if (fake_module.spoil)
		fake_module.spoil(arg);
	return 0;
}

static int answer(int fd, unsigned long request, void *arg)
{
	switch (request) {
	case TEEGATE_GET_INFO:
		return get_info(arg);
	case TEEGATE_CREATE_LEASE:
		return create_lease(arg);
	case TEEGATE_GET_REPORT:
		return get_report(fd, arg);
	default:
		return -ENOTTY;
	}
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	int r;

	pthread_mutex_lock(&one_at_a_time);
	r = answer(fd, request, arg);
	pthread_mutex_unlock(&one_at_a_time);
	return r;
}

static int fake_is_lease(int fd)
{
	if (fcntl(fd, F_GETFD) < 0 || (fake_module.not_a_lease && fd == fake_module.not_a_lease))
		return -EBADF;
	return 0;
}

const struct tee_sys fake_module_sys = {
	.open = fake_open,
	.ioctl = fake_ioctl,
	.is_lease = fake_is_lease,
};

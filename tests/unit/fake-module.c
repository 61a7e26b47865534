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
#define QUOTE_SIZE	5006		/* of genuine ones, with their certificates */
#define TDREPORT_SIZE	1024
#define TDREPORT_DATA	0x80
#define MEASUREMENT_SIZE 64
#define ALL_OPS		(TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT)
#define SECRET_OPS	(TEEGATE_OP_ADD_SECRET | TEEGATE_OP_LIST_SECRETS | TEEGATE_OP_LOCK_SECRETS)
#define KEY_OPS		(TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)

/* What the structures were in 0.1. */
#define INFO_SIZE_0_1	offsetof(struct teegate_get_info, in_flight)
#define CREATE_SIZE_0_1	offsetof(struct teegate_create_lease, extend_max)
#define REPORT_SIZE_0_1	offsetof(struct teegate_get_report, challenge)
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
		.module_ops = ALL_OPS | TEEGATE_OP_EXTEND | SECRET_OPS | KEY_OPS,
		.firmware_ops = ALL_OPS | KEY_OPS,
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

int fake_module_reset_tdx(void **state)
{
	fake_module_reset(state);
	fake_module.info.provider = TEEGATE_PROVIDER_TDX;
	fake_module.info.transport = TEEGATE_TRANSPORT_DIRECT;
	fake_module.info.firmware_ops |= TEEGATE_OP_EXTEND;
	fake_module.info.report_size_max = 131072;
	fake_module.info.aux_size_max = 262144;
	fake_module.info.in_flight_max = 4;
	fake_module.quote_version = 4;
	return 0;
}

int fake_module_reset_se(void **state)
{
	fake_module_reset(state);
	fake_module.info.provider = TEEGATE_PROVIDER_SE;
	fake_module.info.transport = TEEGATE_TRANSPORT_DIRECT;
	fake_module.info.firmware_ops = ALL_OPS | SECRET_OPS;
	fake_module.info.report_size_max = MEASUREMENT_SIZE;
	fake_module.info.aux_size_max = 32768;
	return 0;
}

void fake_module_make_lease(void)
{
	fake_module.info.lease_id = 7;
	fake_module.info.lease_ops = fake_module.info.firmware_ops;
	memcpy(fake_module.claims, CLAIMS, sizeof(CLAIMS) - 1);
	fake_module.claims_len = sizeof(CLAIMS) - 1;
}

/* As copy_struct_from_user(): what is not known must be zero. @known: what an old module knows. */
static int take_size(const void *arg, size_t size, size_t whole, size_t known)
{
	const uint8_t *bytes = arg;

	if (size != whole)
		return -EINVAL;
	for (size_t i = fake_module.first_release ? known : whole; i < whole; i++)
		if (bytes[i])
			return -E2BIG;
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
	struct teegate_get_info info = fake_module.info;
	int r;

	fake_module.infos++;
	r = take_size(arg, arg->size, sizeof(*arg), INFO_SIZE_0_1);
	if (r < 0 || arg->flags != 0)
		return r < 0 ? r : -EINVAL;
	if (fake_module.info_error < 0)
		return fake_module.info_error;
	info.size = arg->size;
	if (fake_module.first_release)
		info.module_ops = ALL_OPS;
	memcpy(arg, &info, fake_module.first_release ? INFO_SIZE_0_1 : sizeof(info));
	return 0;
}

static int create_lease(struct teegate_create_lease *arg)
{
	fake_module.leases++;
	int r;

	fake_module.lease = *arg;
	r = take_size(arg, arg->size, sizeof(*arg), CREATE_SIZE_0_1);
	if (r < 0 || arg->claims_len > TEEGATE_CLAIMS_MAX)
		return r < 0 ? r : -EINVAL;
	if (fake_module.lease_error < 0)
		return fake_module.lease_error;
	if (arg->claims_len > 0)
		memcpy(fake_module.lease_claims, (void *)(uintptr_t)arg->claims, arg->claims_len);
	if (arg->sealing_claims_len > 0)
		memcpy(fake_module.sealing_claims, (void *)(uintptr_t)arg->sealing_claims,
		       arg->sealing_claims_len);
	arg->lease_fd = some_fd();
	arg->lease_id = 7;
	return 0;
}

/* Little-endian, as the vendors' structures are. */
static void put16(uint8_t *to, unsigned int value)
{
	to[0] = (uint8_t)value;
	to[1] = (uint8_t)(value >> 8);
}

/* Header and body as tests/pki makes them, in so far as libtee looks at them. */
static uint8_t *begin_quote(uint8_t *quote, unsigned int version)
{
	put16(quote, version);
	put16(quote + 2, 2);
	put16(quote + 4, 0x81);
	if (version != 5)
		return quote + 48 + 520;
	put16(quote + 48, 3);
	put16(quote + 50, 648);
	return quote + 48 + 6 + 520;
}

/* @ret_data: where report_data is. */
static size_t begin_report(uint8_t *report, uint32_t flags, uint8_t **ret_data)
{
	if (fake_module.info.provider == TEEGATE_PROVIDER_SE) {
		*ret_data = report + MEASUREMENT_SIZE;	/* covered, but not in it */
		return MEASUREMENT_SIZE;
	}
	if (fake_module.info.provider != TEEGATE_PROVIDER_TDX) {
		report[0] = 3;
		*ret_data = report + REPORT_DATA;
		return REPORT_SIZE;
	}
	if (flags & TEEGATE_REPORT_LOCAL) {
		report[0] = 0x81;
		*ret_data = report + TDREPORT_DATA;
		return TDREPORT_SIZE;
	}
	*ret_data = begin_quote(report, fake_module.quote_version);
	return QUOTE_SIZE;
}

static void write_report(struct teegate_get_report *arg)
{
	uint8_t report[QUOTE_SIZE] = { 0 }, *data;

	arg->report_len = (uint32_t)begin_report(report, arg->flags, &data);
	if (!(arg->flags & TEEGATE_REPORT_RAW))
		memcpy(data + TEEGATE_HASH_SIZE, TAG, strlen(TAG));
	else if (arg->user_data_len > 0)
		memcpy(data, (void *)(uintptr_t)arg->user_data, arg->user_data_len);
	memcpy((void *)(uintptr_t)arg->report, report, arg->report_len);
}

static void write_claims(struct teegate_get_report *arg)
{
	const uint8_t *claims =
		fake_module.claims_len ? fake_module.claims : fake_module.lease_claims;

	arg->claims_len =
		fake_module.claims_len ? fake_module.claims_len : fake_module.lease.claims_len;
	memcpy((void *)(uintptr_t)arg->claims, claims, arg->claims_len);
}

/* As the module judges it, without looking further into it than its own length. */
static int take_challenge(const struct teegate_get_report *arg)
{
	const uint8_t *arcb = (const uint8_t *)(uintptr_t)arg->challenge;

	if ((fake_module.info.provider == TEEGATE_PROVIDER_SE) != (arg->challenge_len > 0))
		return -EINVAL;
	if (arg->challenge_len == 0)
		return 0;
	if (arg->challenge_len > TEEGATE_CHALLENGE_MAX || arg->challenge_len < 16 ||
	    ((uint32_t)arcb[12] << 24 | (uint32_t)arcb[13] << 16 | (uint32_t)arcb[14] << 8 |
	     arcb[15]) != arg->challenge_len)
		return -EINVAL;
	memcpy(fake_module.challenge, arcb,
	       arg->challenge_len < sizeof(fake_module.challenge) ? arg->challenge_len
								  : sizeof(fake_module.challenge));
	return 0;
}

static void write_se_details(struct teegate_get_report *arg)
{
	memset(arg->config_uid, 0xc0, sizeof(arg->config_uid));
	memset(arg->report_data, 0, sizeof(arg->report_data));
	if (arg->flags & TEEGATE_REPORT_RAW)
		return;
	memset(arg->report_data, 0xda, TEEGATE_HASH_SIZE);
	memcpy(arg->report_data + TEEGATE_HASH_SIZE, TAG, strlen(TAG));
}

static int get_report(int fd, struct teegate_get_report *arg)
{
	bool raw = arg->flags & TEEGATE_REPORT_RAW, aux = arg->flags & TEEGATE_REPORT_AUX;
	int r;

	fake_module.reports++;
	fake_module.report = *arg;
	fake_module.report_fd = fd;
	if (fake_module.delay_ms > 0)
		usleep(fake_module.delay_ms * 1000);
	r = take_size(arg, arg->size, sizeof(*arg), REPORT_SIZE_0_1);
	if (r < 0)
		return r;
	if (fake_module.first_release && (arg->flags & TEEGATE_REPORT_LOCAL))
		return -EINVAL;
	r = take_challenge(arg);
	if (r < 0)
		return r;
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
	if (arg->provider == TEEGATE_PROVIDER_SE)
		write_se_details(arg);
	if (fake_module.spoil)
		fake_module.spoil(arg);
	return 0;
}

static int extend(int fd, struct teegate_extend *arg)
{
	fake_module.extends++;
	fake_module.extend = *arg;
	fake_module.extend_fd = fd;
	if (fake_module.first_release)
		return -ENOTTY;
	if (arg->size != sizeof(*arg) || arg->event_len > sizeof(fake_module.event))
		return -EINVAL;
	memcpy(fake_module.event, (void *)(uintptr_t)arg->event, arg->event_len);
	arg->fw_status = fake_module.fw_status;
	if (fake_module.extend_error < 0)
		return fake_module.extend_error;
	memset(arg->digest, 0xd1, sizeof(arg->digest));
	return 0;
}

static int add_secret(struct teegate_add_secret *arg)
{
	size_t len = arg->request_len < sizeof(fake_module.secret_request)
			     ? arg->request_len
			     : sizeof(fake_module.secret_request);

	fake_module.adds++;
	fake_module.add = *arg;
	memcpy(fake_module.secret_request, (void *)(uintptr_t)arg->request, len);
	arg->fw_status = fake_module.fw_status;
	return fake_module.secret_error;
}

static int list_secrets(struct teegate_list_secrets *arg)
{
	struct teegate_secret *list = (struct teegate_secret *)(uintptr_t)arg->secrets;
	uint32_t room = arg->count;

	fake_module.lists++;
	fake_module.list = *arg;
	arg->fw_status = fake_module.fw_status;
	if (fake_module.secret_error < 0)
		return fake_module.secret_error;
	fake_module.secrets += fake_module.secrets_grow;
	arg->count = fake_module.secrets;
	if (room < fake_module.secrets)
		return -ENOSPC;
	for (uint32_t i = 0; i < fake_module.secrets; i++) {
		list[i] = (struct teegate_secret) { .index = i, .type = 2, .length = 32 };
		memset(list[i].id, (int)i, sizeof(list[i].id));
	}
	return 0;
}

static int lock_secrets(struct teegate_lock_secrets *arg)
{
	fake_module.locks++;
	fake_module.lock = *arg;
	arg->fw_status = fake_module.fw_status;
	return arg->flags == TEEGATE_LOCK_IRREVERSIBLE ? fake_module.secret_error : -EINVAL;
}

/* As KEY_ERROR says, or 0. */
static int key_outcome(int fd, uint64_t label, uint32_t label_len, __u64 *fw_status)
{
	fake_module.key_fd = fd;
	if (fake_module.first_release)
		return -ENOTTY;
	if (label_len > 0)
		memcpy(fake_module.label, (void *)(uintptr_t)label, label_len);
	if (fake_module.key_errors == 0)
		return 0;
	fake_module.key_errors -= fake_module.key_errors < UINT32_MAX;
	*fw_status = fake_module.fw_status;
	return fake_module.key_error;
}

static int derive_key(int fd, struct teegate_derive_key *arg)
{
	int r;

	fake_module.derives++;
	fake_module.derive = *arg;
	r = key_outcome(fd, arg->label, arg->label_len, &arg->fw_status);
	if (r < 0)
		return r;
	if (arg->target == TEEGATE_KEY_TO_CALLER) {
		memset((void *)(uintptr_t)arg->key, KEY_BYTE, arg->key_len);
	} else {
		memcpy(fake_module.description, (void *)(uintptr_t)arg->description,
		       arg->description_len);
		fake_module.description[arg->description_len] = '\0';
		arg->key_serial = 4711;
	}
	if (!(arg->flags & TEEGATE_KEY_PARAMS))
		memset(arg->root_params, 0x0f, sizeof(arg->root_params));
	memset(arg->root_id, fake_module.root_id, sizeof(arg->root_id));
	return 0;
}

static int seal(int fd, struct teegate_seal *arg)
{
	uint8_t *blob = (uint8_t *)(uintptr_t)arg->blob;
	size_t len = arg->data_len < sizeof(fake_module.sealed) ? arg->data_len
								: sizeof(fake_module.sealed);
	int r;

	fake_module.seals++;
	fake_module.seal = *arg;
	r = key_outcome(fd, arg->label, arg->label_len, &arg->fw_status);
	if (r < 0)
		return r;
	if (len > 0)
		memcpy(fake_module.sealed, (void *)(uintptr_t)arg->data, len);
	arg->blob_len = (uint32_t)((int)(TEEGATE_BLOB_OVERHEAD + arg->label_len + arg->data_len) +
				   fake_module.length_off);
	memset(blob, 0xb1, TEEGATE_BLOB_OVERHEAD + arg->label_len + arg->data_len);
	return 0;
}

static int unseal(int fd, struct teegate_unseal *arg)
{
	int r;

	fake_module.unseals++;
	fake_module.unseal = *arg;
	r = key_outcome(fd, 0, 0, &arg->fw_status);
	memset((void *)(uintptr_t)arg->data, DATA_BYTE, arg->data_len);
	arg->data_len = (uint32_t)((int)arg->data_len + fake_module.length_off);
	return r;
}

static int set_root(struct teegate_set_root *arg)
{
	fake_module.set_roots++;
	fake_module.set_root = *arg;
	if (fake_module.root_error < 0)
		return fake_module.root_error;
	memcpy(fake_module.root, (void *)(uintptr_t)arg->root, arg->root_len);
	memset(arg->root_id, fake_module.root_id, sizeof(arg->root_id));
	return 0;
}

static int wipe_roots(struct teegate_wipe_roots *arg)
{
	fake_module.wipes++;
	fake_module.wipe = *arg;
	return fake_module.root_error;
}

static int answer(int fd, unsigned long request, void *arg)
{
	switch (request) {
	case TEEGATE_DERIVE_KEY:
		return derive_key(fd, arg);
	case TEEGATE_SEAL:
		return seal(fd, arg);
	case TEEGATE_UNSEAL:
		return unseal(fd, arg);
	case TEEGATE_SET_ROOT:
		return set_root(arg);
	case TEEGATE_WIPE_ROOTS:
		return wipe_roots(arg);
	case TEEGATE_GET_INFO:
		return get_info(arg);
	case TEEGATE_CREATE_LEASE:
		return create_lease(arg);
	case TEEGATE_GET_REPORT:
		return get_report(fd, arg);
	case TEEGATE_EXTEND:
		return extend(fd, arg);
	case TEEGATE_ADD_SECRET:
		return add_secret(arg);
	case TEEGATE_LIST_SECRETS:
		return list_secrets(arg);
	case TEEGATE_LOCK_SECRETS:
		return lock_secrets(arg);
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

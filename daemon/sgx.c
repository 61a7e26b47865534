// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SGX keeps its workloads apart by itself: what matters is only who may make enclaves at all, and who
 * may make one that knows the identity of the platform (provision). So a workload gets the device
 * itself, opened, and no lease: nothing pins that descriptor, and nobody can take it back. A workload
 * that may not have the one does not get it for having the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "idl.h"
#include "json.h"
#include "refuse.h"
#include "service.h"
#include "sgx.h"
#include "util.h"

#define METHOD	"AcquireSgx"

/* @flags: enclaves are written through a mapping; what the other descriptor is good for is to be there. */
static const struct sgx {
	const char *name, *device, *key;
	size_t allowed;
	int flags;
} devices[] = {
	{ "enclave", "sgx_enclave", "SgxEnclave", offsetof(struct rule, sgx_enclave), O_RDWR },
	{ "provision", "sgx_provision", "SgxProvision", offsetof(struct rule, sgx_provision), O_RDONLY },
};

static const struct sgx *device_of(sd_json_variant *name)
{
	for (size_t i = 0; name && sd_json_variant_is_string(name) && i < ARRAY_SIZE(devices); i++)
		if (!strcmp(sd_json_variant_string(name), devices[i].name))
			return &devices[i];
	return NULL;
}

static bool allows(const struct rule *rule, const struct sgx *sgx)
{
	return *(const bool *)((const char *)rule + sgx->allowed);
}

/* What the kernel says its number is: a node of that name may be anything. */
static int number_of(const struct sgx *sgx, dev_t *ret)
{
	CLEANUP(fclosep) FILE *file = NULL;
	unsigned int major, minor;
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/misc/%s/dev", sgx->device);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%u:%u", &major, &minor) != 2)
		return -EIO;
	*ret = makedev(major, minor);
	return 0;
}

static int open_device(const struct sgx *sgx)
{
	CLEANUP(closep) int fd = -1;
	char path[32];
	struct stat st;
	dev_t number = 0;
	int r;

	r = number_of(sgx, &number);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/dev/%s", sgx->device);
	fd = open(path, sgx->flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != number)
		return -ENODEV;
	return take_fd(&fd);
}

static int refuse_device(struct conn *conn, const struct sgx *sgx)
{
	char reason[256] = "", rule[512] = "";

	text_add(reason, sizeof(reason), "policy does not allow workload \"%s\" the device %s of SGX",
		 conn->rule->name, sgx->device);
	text_add(rule, sizeof(rule), "%s:\n[Allow]\n%s=yes\n", conn->rule->path, sgx->key);
	return refuse_by_policy(conn, METHOD, reason, rule);
}

static int fail(struct conn *conn, const struct sgx *sgx, int error)
{
	char reason[160] = "";

	if (error == -ENOENT || error == -ENODEV || error == -ENXIO)
		text_add(reason, sizeof(reason),
			 "there is no %s: this takes a processor with SGX; restart teegated.service if it appeared later",
			 sgx->device);
	else
		text_add(reason, sizeof(reason), "%s: %s", sgx->device, strerror(-error));
	return refuse_errno(conn, METHOD, error, reason);
}

int sgx_acquire(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		void *userdata)
{
	const struct sgx *sgx = device_of(parameter_of(parameters, "device"));
	CLEANUP(closep) int fd = -1;
	struct conn *conn = userdata;
	int index, r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	if (!sgx)
		return sd_varlink_error_invalid_parameter_name(link, "device");
	r = service_admit(conn, METHOD);
	if (r <= 0)
		return r;
	if (!allows(conn->rule, sgx))
		return refuse_device(conn, sgx);
	fd = open_device(sgx);
	if (fd < 0)
		return fail(conn, sgx, fd);
	r = sd_varlink_set_allow_fd_passing_output(link, true);
	if (r < 0)
		return r;
	audit_decision(conn, METHOD, "granted", sgx->device);
	index = sd_varlink_push_fd(link, fd);
	if (index < 0)
		return index;
	take_fd(&fd);	/* the link's, which closes it once it is sent */
	return sd_varlink_replybo(link, SD_JSON_BUILD_PAIR_INTEGER("deviceFd", index));
}

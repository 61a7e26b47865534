// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioctls on /dev/teegate.
 *
 * A session is opened for each of them and closed again: it has no state, leases do not depend on it,
 * and as long as one is open the module cannot be unloaded. So the module may be replaced whenever
 * nobody holds a lease, and what is opened is always the one that is there. To take a lease back must not
 * fail because clients hold all descriptors that there are, so one is kept in reserve for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "device.h"
#include "util.h"

#define BUFFER_MAX	(1u << 20)	/* larger than any vendor's report or certificate table */

struct device {
	char *path;
	int reserve;	/* main loop only */
};

/* Any descriptor would do; this kind needs no file. */
static int make_reserve(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

int device_new(const char *path, struct device **ret)
{
	CLEANUP(device_freep) struct device *device = calloc(1, sizeof(*device));

	if (!device)
		return -ENOMEM;
	device->reserve = make_reserve();
	device->path = strdup(path);
	if (!device->path)
		return -ENOMEM;
	*ret = take_pointer(&device);
	return 0;
}

struct device *device_free(struct device *device)
{
	if (!device)
		return NULL;
	closep(&device->reserve);
	free(device->path);
	free(device);
	return NULL;
}

void device_freep(struct device **device)
{
	device_free(*device);
}

static int open_session(const struct device *device)
{
	CLEANUP(closep) int fd = -1;
	struct stat st;

	/* For reading: nothing is ever written, and the node is root's. */
	fd = open(device->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENODEV;
	return take_fd(&fd);
}

static int session_ioctl(const struct device *device, unsigned long command, void *argument)
{
	CLEANUP(closep) int fd = open_session(device);

	if (fd < 0)
		return fd;
	return ioctl(fd, command, argument) < 0 ? -errno : 0;
}

int device_probe(struct device *device)
{
	CLEANUP(closep) int fd = open_session(device);

	return fd < 0 ? fd : 0;
}

static void explain_absence(const struct device *device, int error, struct teegate_get_info *ret)
{
	char *text = (char *)ret->reason;

	memset(ret, 0, sizeof(*ret));
	ret->size = sizeof(*ret);
	switch (error) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		text_add(text, sizeof(ret->reason), "there is no %s: load the module with \"modprobe teegate\"",
			 device->path);
		break;
	case -EPERM:
	case -EACCES:
		text_add(text, sizeof(ret->reason),
			 "teegated may not open %s: restart teegated.service if the module was loaded after it",
			 device->path);
		break;
	default:
		text_add(text, sizeof(ret->reason), "%s: %s", device->path, strerror(-error));
	}
}

void device_info(struct device *device, struct teegate_get_info *ret)
{
	struct teegate_get_info info = { .size = sizeof(info) };
	int r;

	r = session_ioctl(device, TEEGATE_GET_INFO, &info);
	if (r < 0) {
		explain_absence(device, r, ret);
		return;
	}
	info.reason[sizeof(info.reason) - 1] = '\0';
	*ret = info;
}

#define SNP_POLICY	(1u << 0)
#define SNP_MEASUREMENT	(1u << 3)
#define SNP_SVN		(1u << 4)
#define SNP_TCB		(1u << 5)

/* The measurement of the guest is in each root of firmware's, whatever the rule ties keys to. */
static void set_firmware_root(struct teegate_create_lease *io, const struct roots *roots)
{
	if (!(roots->sources & 1u << TEEGATE_ROOT_FIRMWARE))
		return;
	io->snp_field_select = SNP_POLICY | SNP_MEASUREMENT | SNP_TCB | (roots->has_svn ? SNP_SVN : 0);
	io->snp_tcb_floor = roots->tcb_floor;
	io->snp_svn_floor = roots->svn_floor;
}

static void set_keys(struct teegate_create_lease *io, const struct key_terms *keys)
{
	io->sealing_claims = (uintptr_t)keys->claims;
	io->sealing_claims_len = (uint32_t)keys->claims_len;
	io->sealing_bitmap = keys->bitmap;
	io->key_labels = keys->labels_len > 0 ? (uintptr_t)keys->labels : 0;
	io->key_labels_len = (uint32_t)keys->labels_len;
	io->root_sources = keys->roots->sources;
	set_firmware_root(io, keys->roots);
	if (keys->roots->sources & 1u << TEEGATE_ROOT_RETRIEVABLE)
		memcpy(io->se_secret_id, keys->roots->se_secret, sizeof(io->se_secret_id));
}

int device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			uint64_t *ret_id)
{
	struct teegate_create_lease io = {
		.size = sizeof(io),
		.flags = (request->cgroup_fd < 0 ? TEEGATE_LEASE_UNPINNED : 0) |
			 (request->pin_uid ? TEEGATE_LEASE_PIN_UID : 0) |
			 (request->label ? TEEGATE_LEASE_PIN_LABEL : 0) |
			 (request->exe_fd >= 0 ? TEEGATE_LEASE_PIN_EXE : 0),
		.ops = request->operations,
		.claims = (uintptr_t)request->claims,
		.claims_len = (uint32_t)request->claims_len,
		.cgroup_fd = request->cgroup_fd,
		.uid = request->pin_uid ? request->uid : 0,
		.max_pending = request->max_pending,
		.lifetime_ms = request->lifetime_ms,
		.lease_fd = -1,
		.extend_max = request->extend_events,
		.extend_bytes_max = request->extend_bytes,
		.workload = request->workload,
		.label = (uintptr_t)request->label,
		.label_len = request->label ? (uint32_t)strlen(request->label) : 0,
		.exe_fd = request->exe_fd >= 0 ? request->exe_fd : 0,
		.rate_per_minute = request->rate_per_minute,
		.rate_burst = request->rate_per_minute > 0 ? request->rate_burst : 0,
		.abi = request->abi,
		.note = (uintptr_t)request->note,
		.note_len = (uint32_t)request->note_len,
	};
	int r;

	if (request->keys)
		set_keys(&io, request->keys);
	r = session_ioctl(device, TEEGATE_CREATE_LEASE, &io);
	if (r < 0)
		return r;
	*ret_fd = io.lease_fd;
	*ret_id = io.lease_id;
	return 0;
}

int device_revoke(struct device *device, uint64_t lease_id)
{
	struct teegate_revoke io = { .size = sizeof(io), .lease_id = lease_id };
	int r = session_ioctl(device, TEEGATE_REVOKE, &io);

	if (r != -EMFILE || device->reserve < 0)
		return r;
	close(device->reserve);
	r = session_ioctl(device, TEEGATE_REVOKE, &io);
	device->reserve = make_reserve();
	return r;
}

static int allocate(struct report *report, const struct teegate_get_info *info, uint32_t flags)
{
	struct teegate_get_report *io = &report->io;

	if (info->report_size_max < 1 || info->report_size_max > BUFFER_MAX ||
	    info->aux_size_max > BUFFER_MAX)
		return -EPROTO;
	io->report_len = info->report_size_max;
	io->aux_len = flags & TEEGATE_REPORT_AUX ? info->aux_size_max : 0;
	io->claims_len = flags & TEEGATE_REPORT_RAW ? 0 : TEEGATE_CLAIMS_MAX;
	io->path_len = flags & TEEGATE_REPORT_RAW ? 0 : TEEGATE_PATH_MAX * TEEGATE_HASH_SIZE;
	/* One byte more, so that an absent part is an empty allocation and not a missing one. */
	report->data = malloc(io->report_len + 1);
	report->aux = malloc(io->aux_len + 1);
	report->claims = malloc(io->claims_len + 1);
	report->path = malloc(io->path_len + 1);
	if (!report->data || !report->aux || !report->claims || !report->path)
		return -ENOMEM;
	return 0;
}

static bool lengths_sound(const struct teegate_get_report *asked,
			  const struct teegate_get_report *got)
{
	return got->report_len >= 1 && got->report_len <= asked->report_len &&
	       got->aux_len <= asked->aux_len && got->claims_len <= asked->claims_len &&
	       got->path_len <= asked->path_len && got->path_len % TEEGATE_HASH_SIZE == 0;
}

int device_report(int lease_fd, const struct teegate_get_info *info,
		  const struct report_request *request, struct report *ret)
{
	struct teegate_get_report asked;
	uint32_t flags = request->flags;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = allocate(ret, info, flags);
	if (r < 0)
		return r;
	ret->io.size = sizeof(ret->io);
	ret->io.flags = flags;
	ret->io.user_data = (uintptr_t)request->user_data;
	ret->io.user_data_len = (uint32_t)request->user_data_len;
	ret->io.challenge = (uintptr_t)request->challenge;
	ret->io.challenge_len = (uint32_t)request->challenge_len;
	ret->io.timeout_ms = request->timeout_ms;
	ret->io.report = (uintptr_t)ret->data;
	ret->io.aux = flags & TEEGATE_REPORT_AUX ? (uintptr_t)ret->aux : 0;
	ret->io.claims = flags & TEEGATE_REPORT_RAW ? 0 : (uintptr_t)ret->claims;
	ret->io.path = flags & TEEGATE_REPORT_RAW ? 0 : (uintptr_t)ret->path;
	asked = ret->io;
	if (ioctl(lease_fd, TEEGATE_GET_REPORT, &ret->io) < 0)
		return -errno;
	return lengths_sound(&asked, &ret->io) ? 0 : -EPROTO;
}

int device_extend(int lease_fd, struct teegate_extend *io)
{
	io->size = sizeof(*io);
	return ioctl(lease_fd, TEEGATE_EXTEND, io) < 0 ? -errno : 0;
}

int device_derive_key(int lease_fd, struct teegate_derive_key *io)
{
	io->size = sizeof(*io);
	return ioctl(lease_fd, TEEGATE_DERIVE_KEY, io) < 0 ? -errno : 0;
}

int device_seal(int lease_fd, struct teegate_seal *io)
{
	io->size = sizeof(*io);
	return ioctl(lease_fd, TEEGATE_SEAL, io) < 0 ? -errno : 0;
}

int device_unseal(int lease_fd, struct teegate_unseal *io)
{
	io->size = sizeof(*io);
	return ioctl(lease_fd, TEEGATE_UNSEAL, io) < 0 ? -errno : 0;
}

uint32_t device_retry_ms(int lease_fd)
{
	struct teegate_get_info info = { .size = sizeof(info) };

	return ioctl(lease_fd, TEEGATE_GET_INFO, &info) < 0 ? 0 : info.retry_after_ms;
}

void report_done(struct report *report)
{
	free(report->data);
	free(report->aux);
	free(report->claims);
	free(report->path);
	memset(report, 0, sizeof(*report));
}

const char *device_advice(int error)
{
	switch (error) {
	case -ENODEV:
	case -ENOENT:
	case -ENXIO:
		return "there is no TEE, or its driver is not loaded: see \"teegatectl doctor\"";
	case -ENOKEY:
		return "the channel to the firmware is lost until the guest restarts";
	case -ESTALE:
		return "the lease was revoked or expired while the request waited: ask again";
	case -EAGAIN:
		return "the queue is full: ask again later";
	case -EDQUOT:
		return "too many requests of this workload wait already, or it asked for more in a minute than it may";
	case -ENOSPC:
		return "the event log of this guest is full until it restarts";
	case -ETIMEDOUT:
		return "the deadline passed before the firmware answered";
	case -EREMOTEIO:
		return "the firmware refused; firmwareStatus holds its code";
	case -EPROTO:
		return "the host or the firmware answered nonsense: nothing of it was passed on";
	case -EOPNOTSUPP:
		return "this TEE cannot do that";
	case -ENODATA:
		return "there is no root of keys of a source that policy allows";
	case -EKEYREJECTED:
		return "the parameters of that root are weaker than policy allows, or other ones";
	case -EILSEQ:
		return "that is no sealed blob";
	case -EPROTONOSUPPORT:
		return "the blob is of a version that this module does not know";
	case -EXDEV:
		return "the blob was sealed on another kind of TEE";
	case -EMSGSIZE:
		return "the blob was cut off, or there is more than its header says";
	case -EBADMSG:
		return "the blob was changed, or is not of this workload";
	case -EPERM:
	case -EACCES:
		return "the module refused: a raw report must not look like a bound one, and teegated must be root in the initial namespaces";
	case -EINVAL:
		return "the module does not take this; of a client's cgroup, that it is threaded or the root";
	case -EBADF:
		return "the client's cgroup is not in the cgroup v2 hierarchy";
	case -ENOMEM:
		return "out of memory";
	default:
		return strerror(-error);
	}
}

#define NAME_OF(names, value) ((value) < ARRAY_SIZE(names) ? (names)[value] : "unknown")

const char *provider_name(uint32_t provider)
{
	static const char *const names[] = {
		[TEEGATE_PROVIDER_NONE] = "none",
		[TEEGATE_PROVIDER_SEV_SNP] = "sev-snp",
		[TEEGATE_PROVIDER_TDX] = "tdx",
		[TEEGATE_PROVIDER_SE] = "se",
	};

	return NAME_OF(names, provider);
}

const char *transport_name(uint32_t transport)
{
	static const char *const names[] = {
		[TEEGATE_TRANSPORT_NONE] = "none",
		[TEEGATE_TRANSPORT_DRIVER] = "driver",
		[TEEGATE_TRANSPORT_DIRECT] = "direct",
	};

	return NAME_OF(names, transport);
}

const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[TEEGATE_STATE_ABSENT] = "absent",
		[TEEGATE_STATE_WAITING] = "waiting",
		[TEEGATE_STATE_UP] = "up",
		[TEEGATE_STATE_LOST] = "lost",
		[TEEGATE_STATE_DEAD] = "dead",
	};

	return NAME_OF(names, state);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DeriveKey, Seal and Unseal, by a lease that was made for the one request (see work.c). The kernel makes
 * all of it; what passes through here is in one buffer, which is wiped with the job.
 */
#include <errno.h>
#include <string.h>

#include "device.h"
#include "jobs.h"
#include "util.h"

static int derive(struct job *job)
{
	struct teegate_derive_key io = {
		.flags = job->has_params ? TEEGATE_KEY_PARAMS : 0,
		.label = (uintptr_t)job->label,
		.label_len = (uint32_t)job->label_len,
		.key = (uintptr_t)job->secret,
		.key_len = (uint32_t)job->secret_len,
		.target = TEEGATE_KEY_TO_CALLER,
	};
	int r;

	if (!job_remaining(job, &io.timeout_ms))
		return -ETIMEDOUT;
	memcpy(io.root_params, job->root_params, sizeof(io.root_params));
	r = device_derive_key(job->lease_fd, &io);
	job->fw_status = io.fw_status;
	if (r < 0)
		return r;
	memcpy(job->root_params, io.root_params, sizeof(job->root_params));
	memcpy(job->root_id, io.root_id, sizeof(job->root_id));
	return 0;
}

/* In place: the module allows that, so there is one copy to wipe. */
static int seal(struct job *job)
{
	struct teegate_seal io = {
		.label = (uintptr_t)job->label,
		.label_len = (uint32_t)job->label_len,
		.data = (uintptr_t)job->secret,
		.data_len = (uint32_t)job->secret_len,
		.blob = (uintptr_t)job->secret,
		.blob_len = (uint32_t)job->secret_room,
	};
	int r;

	if (!job_remaining(job, &io.timeout_ms))
		return -ETIMEDOUT;
	r = device_seal(job->lease_fd, &io);
	job->fw_status = io.fw_status;
	if (r >= 0 && io.blob_len > job->secret_room)
		return -EPROTO;
	if (r >= 0)
		job->secret_len = io.blob_len;
	return r;
}

static int unseal(struct job *job)
{
	struct teegate_unseal io = {
		.blob = (uintptr_t)job->secret,
		.blob_len = (uint32_t)job->secret_len,
		.data = (uintptr_t)job->secret,
		.data_len = (uint32_t)job->secret_room,
	};
	int r;

	if (!job_remaining(job, &io.timeout_ms))
		return -ETIMEDOUT;
	r = device_unseal(job->lease_fd, &io);
	job->fw_status = io.fw_status;
	if (r >= 0 && io.data_len > job->secret_room)
		return -EPROTO;
	if (r >= 0)
		job->secret_len = io.data_len;
	return r;
}

int work_keys(struct job *job)
{
	switch (job->kind) {
	case JOB_DERIVE:
		return derive(job);
	case JOB_SEAL:
		return seal(job);
	default:
		return unseal(job);
	}
}

/* Which there are, which would do, and what the administrator has to do. */
static void explain_sources(const struct job *job, const struct teegate_get_info *info, char *text, size_t size)
{
	uint32_t allowed = job->rule->roots.sources;
	char there[128], would[128];

	root_names(info->roots, there, sizeof(there));
	root_names(allowed, would, sizeof(would));
	text_add(text, size, "there is no root of keys for this workload: policy allows those from: %s; there are: %s. ",
		 *would ? would : "nowhere", *there ? there : "none");
	if (info->roots & 1u << TEEGATE_ROOT_FIRMWARE)
		text_add(text, size, "[Keys] FirmwareRoot=measured-boot in %s allows the one of firmware; or install one by /etc/teegate/roots.conf, see teegate-root(8)",
			 job->rule->path);
	else
		text_add(text, size, "Install one by /etc/teegate/roots.conf, see teegate-root(8)");
}

void work_keys_explain(const struct job *job, const struct teegate_get_info *info, int error, char *text,
		       size_t size)
{
	text[0] = '\0';
	switch (error) {
	case -ENODATA:
		explain_sources(job, info, text, size);
		break;
	case -ENXIO:
		text_add(text, size, "the blob was sealed under another root than those that there are");
		break;
	case -EINVAL:
		text_add(text, size, "the module does not take this label, length or these parameters");
		break;
	default:
		text_add(text, size, "%s", device_advice(error));
	}
}

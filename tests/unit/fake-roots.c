// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What teegate-root asks of others, for roots.py: a kernel module that keeps roots, as lines of the file
 * $FAKE_ROOTS ("source flags root"), and a TEE whose evidence the command $FAKE_EVIDENCE makes, which
 * gets the user data in hexadecimal and prints an item.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tee.h>
#include <unistd.h>

#include "module.h"

int __wrap_module_open(const char *path);
int __wrap_module_info(int fd, struct teegate_get_info *ret);
int __wrap_module_set_root(int fd, const struct secret *secret, uint32_t source, bool unseal_only,
			   uint8_t ret_id[TEEGATE_ROOT_ID_SIZE]);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_tee_open(const char *target, tee_ctx **ret_ctx);
tee_ctx *__wrap_tee_close(tee_ctx *ctx);
int __wrap_tee_get_info(tee_ctx *ctx, struct tee_info *ret_info);
int __wrap_tee_get_report(tee_ctx *ctx, const void *user_data, size_t user_data_len, unsigned int flags,
			  unsigned int timeout_ms, tee_evidence **ret_evidence);

int __wrap_module_open(const char *path)
{
	(void)path;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int __wrap_module_info(int fd, struct teegate_get_info *ret)
{
	FILE *file = fopen(getenv("FAKE_ROOTS"), "re");
	unsigned int source, flags;
	struct secret secret;

	(void)fd;
	*ret = (struct teegate_get_info){ .size = sizeof(*ret) };
	while (file && fscanf(file, "%u %u ", &source, &flags) == 2) {
		ret->roots |= 1u << source;
		for (size_t i = 0; i < sizeof(secret.root); i++)
			if (fscanf(file, "%2hhx", &secret.root[i]) != 1)
				return -EIO;
		if (!flags) {
			ret->root_active = source;
			root_id(&secret, ret->root_id);
		}
	}
	if (file)
		fclose(file);
	return 0;
}

int __wrap_module_set_root(int fd, const struct secret *secret, uint32_t source, bool unseal_only,
			   uint8_t ret_id[TEEGATE_ROOT_ID_SIZE])
{
	struct teegate_get_info info;
	char line[128] = "";
	ssize_t n;
	int at, r = __wrap_module_info(fd, &info);

	if (r < 0)
		return r;
	if (!unseal_only && info.root_active)
		return -EEXIST;
	at = snprintf(line, sizeof(line), "%u %u ", source, unseal_only);
	for (size_t i = 0; i < sizeof(secret->root); i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x", secret->root[i]);
	line[at++] = '\n';
	fd = open(getenv("FAKE_ROOTS"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	n = write(fd, line, (size_t)at);	/* whole, as the ioctl is */
	close(fd);
	return n == at ? root_id(secret, ret_id) : -EIO;
}

/* A disk that takes its time, so that kills find every state that a file is in. */
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	usleep(100000);
	return __real_write(fd, data, len);
}

int __wrap_fsync(int fd)
{
	usleep(100000);
	return __real_fsync(fd);
}

int __wrap_tee_open(const char *target, tee_ctx **ret_ctx)
{
	(void)target;
	*ret_ctx = (tee_ctx *)(uintptr_t)1;
	return 0;
}

tee_ctx *__wrap_tee_close(tee_ctx *ctx)
{
	(void)ctx;
	return NULL;
}

int __wrap_tee_get_info(tee_ctx *ctx, struct tee_info *ret_info)
{
	(void)ctx;
	ret_info->provider = getenv("FAKE_TDX") ? TEE_PROVIDER_TDX : TEE_PROVIDER_SEV_SNP;
	return 0;
}

int __wrap_tee_get_report(tee_ctx *ctx, const void *user_data, size_t user_data_len, unsigned int flags,
			  unsigned int timeout_ms, tee_evidence **ret_evidence)
{
	static uint8_t item[TEE_EVIDENCE_MAX];
	char command[1024];
	FILE *pipe;
	size_t len;
	int at;

	(void)ctx;
	(void)timeout_ms;
	at = snprintf(command, sizeof(command), "%s %s ", getenv("FAKE_EVIDENCE"),
		      flags & TEE_REPORT_RAW ? "raw" : "bound");
	for (size_t i = 0; i < user_data_len; i++)
		at += snprintf(command + at, sizeof(command) - (size_t)at, "%02x",
			       ((const uint8_t *)user_data)[i]);
	pipe = popen(command, "re");
	if (!pipe)
		return -EIO;
	len = fread(item, 1, sizeof(item), pipe);
	return pclose(pipe) == 0 ? tee_evidence_parse(item, len, ret_evidence) : -EIO;
}

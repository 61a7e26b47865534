// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for the numbers of libtee and the kernel module. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>
#include <tee.h>

#include "cli.h"

const char *provider_name(uint32_t provider)
{
	switch (provider) {
	case TEEGATE_PROVIDER_SEV_SNP:
		return "sev-snp";
	case TEEGATE_PROVIDER_TDX:
		return "tdx";
	case TEEGATE_PROVIDER_SE:
		return "se";
	default:
		return "none";
	}
}

const char *transport_name(uint32_t transport)
{
	switch (transport) {
	case TEEGATE_TRANSPORT_DRIVER:
		return "driver";
	case TEEGATE_TRANSPORT_DIRECT:
		return "direct";
	default:
		return "none";
	}
}

const char *state_name(uint32_t state)
{
	switch (state) {
	case TEEGATE_STATE_ABSENT:
		return "absent";
	case TEEGATE_STATE_WAITING:
		return "waiting";
	case TEEGATE_STATE_UP:
		return "up";
	case TEEGATE_STATE_LOST:
		return "lost";
	case TEEGATE_STATE_DEAD:
		return "dead";
	default:
		return "unknown";
	}
}

const char *root_source_name(uint32_t source)
{
	static const char *const names[] = {
		[TEE_ROOT_NONE] = "none",
		[TEE_ROOT_FIRMWARE] = "firmware",
		[TEE_ROOT_RETRIEVABLE] = "retrievable-secret",
		[TEE_ROOT_TPM] = "tpm",
		[TEE_ROOT_LAUNCH_SECRET] = "launch-secret",
		[TEE_ROOT_KEY_BROKER] = "key-broker",
		[TEE_ROOT_DEVELOPMENT] = "development",
	};

	return source < sizeof(names) / sizeof(names[0]) ? names[source] : "unknown";
}

#define TDREPORT_SIZE	1024
#define TDREPORT_TYPE	0x81	/* in its first byte, where a quote has its version */

const char *report_kind(const char *provider, const uint8_t *report, size_t len)
{
	if (!strcmp(provider, "se"))
		return "measurement";
	if (strcmp(provider, "tdx"))
		return "report";
	return len == TDREPORT_SIZE && report[0] == TDREPORT_TYPE ? "tdreport" : "quote";
}

int status_of_error(int error)
{
	switch (-error) {
	case EPERM:
	case EACCES:
	case ESTALE:
	case EDQUOT:
		return STATUS_REFUSED;
	case EINVAL:
		return STATUS_USAGE;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return STATUS_LOCAL;
	default:
		return STATUS_UNAVAILABLE;
	}
}

char *tee_failure_text(struct tee_ctx *ctx, int error)
{
	const char *said = tee_last_error(ctx);

	if (!*said)
		said = tee_strerror(error);
	return escape_bytes(said, strlen(said));
}

int complain_tee(struct tee_ctx *ctx, int error)
{
	const char *said = tee_last_error(ctx), *end;
	char *text;

	if (!*said)
		said = tee_strerror(error);
	/* The broker's answer may hold the policy lines that are missing: keep them lines. */
	for (const char *line = said; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		text = escape_bytes(line, (size_t)(end - line));
		if (line == said)
			complain(0, "%s", text);
		else
			fprintf(stderr, "    %s\n", text);
		free(text);
	}
	return status_of_error(error);
}

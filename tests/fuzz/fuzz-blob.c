// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that pretend to be a sealed blob: no crash, no read outside of them,
 * nothing written when it is none, and of one that is, parts that add up to it and lie inside. Those
 * that have the right form are opened by the transport fake:, too.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tee.h>

#include "fuzz.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)

#define HEADER_SIZE	162
#define TAG_SIZE	16

static void check_none(int r, const struct tee_blob_info *info)
{
	static const struct tee_blob_info untouched = { .size = sizeof(untouched) };

	MUST(r == -EILSEQ || r == -EPROTONOSUPPORT || r == -EMSGSIZE);
	MUST(memcmp(info, &untouched, sizeof(untouched)) == 0);
}

static void check_parts(const struct tee_blob_info *info, const uint8_t *data, size_t len)
{
	MUST(info->size == sizeof(*info) && info->version == 1);
	MUST(info->label == data + HEADER_SIZE && info->label_len <= TEE_KEY_LABEL_MAX);
	MUST(info->data_len <= TEE_SEAL_DATA_MAX);
	MUST(HEADER_SIZE + info->label_len + info->data_len + TAG_SIZE == len);
	MUST(info->provider == data[14] && info->root_source == data[15]);
	MUST(memcmp(info->params.root_params, data + 12, TEE_ROOT_PARAMS_SIZE) == 0);
}

static void open_it(const uint8_t *data, size_t len, int inspected)
{
	uint8_t *opened = NULL;
	tee_ctx *ctx = NULL;
	size_t opened_len;
	int r;

	MUST(tee_open("fake:", &ctx) == 0);
	r = tee_unseal(ctx, data, len, NULL, 0, 0, &opened, &opened_len);
	MUST(inspected == 0 || r == inspected);
	MUST((r == 0) == (opened != NULL));
	free(opened);
	tee_close(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tee_blob_info info;
	int r;

	memset(&info, 0, sizeof(info));
	info.size = sizeof(info);
	r = tee_blob_inspect(data, len, &info);
	if (r < 0)
		check_none(r, &info);
	else
		check_parts(&info, data, len);
	open_it(data, len, r);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of libtee share, see libtee-kit.h. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake-module.h"
#include "libtee-kit.h"

static tee_ctx *open_target(const char *target)
{
	tee_ctx *ctx;

	if (tee_open_with(&fake_module_sys, target, &ctx) < 0)
		fail_msg("%s", tee_last_error(NULL));
	return ctx;
}

tee_ctx *on_lease(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	char target[32];
	tee_ctx *ctx;

	fake_module_make_lease();
	(void)snprintf(target, sizeof(target), "fd:%d", fd);
	ctx = open_target(target);
	close(fd);	/* the context has its own */
	return ctx;
}

tee_ctx *on_device(void)
{
	return open_target("device:/dev/teegate");
}

void assert_said(tee_ctx *ctx, const char *part)
{
	if (!strstr(tee_last_error(ctx), part))
		fail_msg("\"%s\" does not say \"%s\"", tee_last_error(ctx), part);
}

void assert_eproto(tee_ctx *ctx, const struct spoilt *cases, size_t n)
{
	tee_evidence *ev = NULL;

	for (size_t i = 0; i < n; i++) {
		fake_module.quote_version = cases[i].quote_version;
		fake_module.spoil = NULL;
		assert_int_equal(tee_get_report(ctx, "n", 1, cases[i].flags, 0, &ev), 0);
		ev = tee_evidence_free(ev);
		fake_module.spoil = cases[i].spoil;
		if (tee_get_report(ctx, "n", 1, cases[i].flags, 0, &ev) != -EPROTO)
			fail_msg("number %zu was taken", i);
		assert_null(ev);
		assert_said(ctx, "not evidence");
	}
	fake_module.spoil = NULL;
}

void get_claims(tee_ctx *ctx, struct ev_claims *ret)
{
	const uint8_t *data;
	tee_evidence *ev;
	size_t len;

	if (tee_get_report(ctx, "n", 1, 0, 0, &ev) < 0)
		fail_msg("%s", tee_last_error(ctx));
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), 0);
	assert_int_equal(ev_claims_decode(data, len, ret, NULL), 0);
	tee_evidence_free(ev);
}

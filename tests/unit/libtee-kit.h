/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of libtee share: contexts on the module that fake-module.c plays, and its words. */
#ifndef LIBTEE_KIT_H
#define LIBTEE_KIT_H

#include "context.h"
#include "fake-module.h"

/* A context on a lease of fake_module, and one on its device; the test closes them. */
tee_ctx *on_lease(void);
tee_ctx *on_device(void);

/* The latest failure in this thread says @part. */
void assert_said(tee_ctx *ctx, const char *part);

/* The answers to one kind of request, and what a bad module makes of them. */
struct spoilt {
	void (*spoil)(struct teegate_get_report *arg);
	unsigned int flags;		/* TEE_REPORT_* */
	unsigned int quote_version;	/* TDX */
};

/* Each request is answered well, and once it is spoilt, with EPROTO. */
void assert_eproto(tee_ctx *ctx, const struct spoilt *cases, size_t n);

/* The decoded claims of one bound report; freed with ev_claims_done(). */
void get_claims(tee_ctx *ctx, struct ev_claims *ret);

#endif

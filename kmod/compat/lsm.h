/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The LSM context of the calling task as text, by whatever this kernel has for that: numbers of one
 * LSM (secid) up to 6.13, then properties of several. Included by label.c alone.
 */
#ifndef _TG_COMPAT_LSM_H
#define _TG_COMPAT_LSM_H

#include <linux/errno.h>
#include <linux/security.h>

#ifdef TG_HAVE_LSMPROP

struct tg_context {
	struct lsm_context lsm;
};

static inline int tg_context_of_current(struct tg_context *ctx)
{
	struct lsm_prop prop;
	int ret;

	security_current_getlsmprop_subj(&prop);
#ifdef TG_LSMPROP_HAS_ID
	ret = security_lsmprop_to_secctx(&prop, &ctx->lsm, LSM_ID_UNDEF);
#else
	ret = security_lsmprop_to_secctx(&prop, &ctx->lsm);
#endif
	return ret < 0 ? ret : 0;
}

static inline const char *tg_context_text(const struct tg_context *ctx)
{
	return ctx->lsm.context;
}

static inline u32 tg_context_len(const struct tg_context *ctx)
{
	return ctx->lsm.len;
}

static inline void tg_context_release(struct tg_context *ctx)
{
	security_release_secctx(&ctx->lsm);
}

#else

struct tg_context {
	char *text;
	u32 len;
};

static inline int tg_context_of_current(struct tg_context *ctx)
{
#ifdef TG_HAVE_SECID
	u32 secid;

	security_current_getsecid_subj(&secid);
	return security_secid_to_secctx(secid, &ctx->text, &ctx->len);
#else
	return -EOPNOTSUPP;
#endif
}

static inline const char *tg_context_text(const struct tg_context *ctx)
{
	return ctx->text;
}

static inline u32 tg_context_len(const struct tg_context *ctx)
{
	return ctx->len;
}

static inline void tg_context_release(struct tg_context *ctx)
{
#ifdef TG_HAVE_SECID
	security_release_secctx(ctx->text, ctx->len);
#endif
}

#endif
#endif

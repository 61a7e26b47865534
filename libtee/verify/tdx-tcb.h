/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How up to date a platform is, by what Intel says about its versions: TCB info for processor and
 * TDX module, QE identity for the quoting enclave.
 */
#ifndef TEE_VERIFY_TDX_TCB_H
#define TEE_VERIFY_TDX_TCB_H

#include "tdx-chain.h"

/*
 * A status as what it consists of, so that two of them come together by OR. The names are those of
 * Intel's provisioning service.
 */
enum tcb_status {
	TCB_UP_TO_DATE		= 0,
	TCB_SW_HARDENING	= 1 << 0,
	TCB_CONFIGURATION	= 1 << 1,
	TCB_OUT_OF_DATE		= 1 << 2,
	TCB_REVOKED		= 1 << 3,
	TCB_UNKNOWN		= 1 << 4,	/* no level covers it */
	TCB_NOT_JUDGED		= 1 << 5,	/* nothing to judge it by; that has failed elsewhere */
};

struct tcb_verdict {
	unsigned int platform, module, qe;	/* enum tcb_status */
};

/* The status of the whole; out of date needs no hardening besides. */
unsigned int tcb_converge(unsigned int a, unsigned int b);
const char *tcb_status_name(unsigned int status);
/* False for a name that is none. */
bool tcb_status_from_name(const char *name, size_t len, unsigned int *ret);
/* Every name in the list is one that can be accepted: known, and not "Revoked". */
bool tcb_list_usable(const char *list);
bool tcb_list_has(const char *list, unsigned int status);

/* tdx-tcb.c: signature, dates and platform of the TCB info; sets @platform and @module. */
void tdx_tcb_info_check(const struct tdx_chain *chain, const struct tdx_collateral *collateral,
			const struct td_body *body, int64_t now, struct tcb_verdict *ret,
			tee_verdict *v);
/* tdx-qe.c: the same for the QE identity and @report; sets @qe. */
void tdx_qe_identity_check(const struct tdx_chain *chain, const struct tdx_collateral *collateral,
			   const struct qe_report *report, int64_t now, struct tcb_verdict *ret,
			   tee_verdict *v);

/* What both texts have in common, with the checks that each has for it. */
struct signed_checks {
	enum check_id signer, signature, format, validity;
	const char *what;
};

/*
 * Opens @text if it is signed, well-formed so far and of @id and @version. NULL when there is nothing
 * to go on with; the caller releases it with json_object_put().
 */
struct json_object *tdx_signed_open(const struct tdx_chain *chain, const struct signed_text *text,
				    const struct signed_checks *checks, const char *id,
				    unsigned int version, int64_t now, tee_verdict *v);
/*
 * The first level of @levels whose isvsvn is not above @svn: 1 with its status, 0 when there is none,
 * -EBADMSG.
 */
int tdx_svn_level(struct json_object *levels, unsigned int svn, unsigned int *ret_status,
		  struct json_object **ret_level);
/* "2025-06-19T10:16:03Z" where such a time stands; NULL elsewhere. Released by ASN1_TIME_free(). */
ASN1_TIME *tdx_time(struct json_object *object, const char *name);
bool tdx_level_status(struct json_object *level, unsigned int *ret);

#endif

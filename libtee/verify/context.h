/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See context.c. */
#ifndef TEE_VERIFY_CONTEXT_H
#define TEE_VERIFY_CONTEXT_H

#include <openssl/types.h>

/*
 * The one of this process, which stays; NULL when memory lacks, and the next call tries again. Of
 * threads that make one at once the first wins.
 */
OSSL_LIB_CTX *verify_context(void);

#endif

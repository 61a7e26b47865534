/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parameters of a verification, judged before the evidence is. */
#ifndef TEE_VERIFY_PARAMS_H
#define TEE_VERIFY_PARAMS_H

#include "verdict.h"

enum provider { PROVIDER_SNP, PROVIDER_TDX, PROVIDER_SE };

/*
 * What an older caller did not know is zero; what a newer one wants must be. 0, or -EINVAL when the
 * parameters are unusable. @nonce_max: how long expected data may be.
 */
int params_copy(const struct tee_verify_params *params, size_t nonce_max,
		struct tee_verify_params *ret);
/*
 * An expectation that only another kind of TEE could meet is not met. Recorded before the provider
 * is judged, because the first word about a check stands.
 */
void params_check_provider(enum provider provider, const struct tee_verify_params *p,
			   tee_verdict *v);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of a root: how they are written, and which ones a lease allows. They come back to
 * us in headers of blobs and from callers, so whatever they say may be an attacker's: one who wants
 * a key that is easier to have than the one that was meant. What is refused here is refused before
 * anybody is asked for a root.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "../queue.h"
#include "keys.h"

#define PARAMS_VERSION	1

bool tg_source_is_installed(u32 source)
{
	return source >= TEEGATE_ROOT_TPM && source <= TEEGATE_ROOT_DEVELOPMENT;
}

void tg_params_init(struct tg_root_params *params, u8 source)
{
	memset(params, 0, sizeof(*params));
	params->version = cpu_to_be16(PARAMS_VERSION);
	params->tee = tg_queue.be.ops->provider;
	params->source = source;
}

/* There is one that a lease may have, and no weaker ones. */
static bool secret_fits(const struct tg_sealing *sealing, const struct tg_root_params *params)
{
	return !memcmp(params->se.secret_id, sealing->se_secret_id,
		       sizeof(sealing->se_secret_id)) &&
	       !memchr_inv(params->se.zero, 0, sizeof(params->se.zero));
}

/**
 * tg_params_check - may a workload have a root with these parameters?
 * @sealing: what its lease says
 * @params: of anybody's making
 *
 * Return: 0, -EPROTONOSUPPORT, -EXDEV or -EKEYREJECTED. What today's parameters are is not known
 * here, so it is not yet sure that they do not lie in the future.
 */
int tg_params_check(const struct tg_sealing *sealing, const struct tg_root_params *params)
{
	if (params->version != cpu_to_be16(PARAMS_VERSION))
		return -EPROTONOSUPPORT;
	if (params->tee != tg_queue.be.ops->provider)
		return -EXDEV;
	if (params->source > TEEGATE_ROOT_DEVELOPMENT || !(sealing->sources & BIT(params->source)))
		return -EKEYREJECTED;
	if (tg_source_is_installed(params->source))
		return memchr_inv(params->bytes, 0, sizeof(params->bytes)) ? -EKEYREJECTED : 0;
	if (params->source != tg_tee_source())
		return -EKEYREJECTED;
	if (params->source == TEEGATE_ROOT_FIRMWARE)
		return tg_snp_params_fit(sealing, params) ? 0 : -EKEYREJECTED;
	return secret_fits(sealing, params) ? 0 : -EKEYREJECTED;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the codes in fw_status mean, for people. Only those that say more than the errno beside
 * them.
 */
#ifndef TEE_COMMON_FW_STATUS_H
#define TEE_COMMON_FW_STATUS_H

#include <stdint.h>

/* @provider: enum teegate_provider. NULL when nothing is known of this code. Static. */
const char *fw_status_text(uint32_t provider, uint64_t status);
/* The same for calls that change the store of secrets (IBM Z). */
const char *fw_status_secret_text(uint64_t status);

#endif

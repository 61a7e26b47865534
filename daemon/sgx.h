/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AcquireSgx: descriptors of the devices of SGX, by policy.
 */
#ifndef TEEGATED_SGX_H
#define TEEGATED_SGX_H

#include <systemd/sd-varlink.h>

int sgx_acquire(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		void *userdata);

#endif

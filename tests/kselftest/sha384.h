/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-384 (FIPS 180-4), so that the hash which the module takes from the kernel is checked by code
 * that shares nothing with it. Tests only: slow, and for messages that fit in memory.
 */
#ifndef SHA384_H
#define SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE 48

void sha384(const void *data, size_t n, uint8_t digest[SHA384_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-384 and SHA-512 (FIPS 180-4), so that the hash which the module takes from the kernel, and
 * what the software Ultravisor measures, are checked by code that shares nothing with them. Tests
 * only: slow, and for messages that fit in memory.
 */
#ifndef SHA384_H
#define SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE 48
#define SHA512_SIZE 64

void sha384(const void *data, size_t n, uint8_t digest[SHA384_SIZE]);
void sha512(const void *data, size_t n, uint8_t digest[SHA512_SIZE]);
/* The key is a block or shorter: up to 128 bytes. */
void hmac_sha512(const void *key, size_t key_len, const void *data, size_t n,
		 uint8_t mac[SHA512_SIZE]);
void hmac_sha384(const void *key, size_t key_len, const void *data, size_t n,
		 uint8_t mac[SHA384_SIZE]);

#endif

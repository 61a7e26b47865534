/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything is compiled with hidden visibility; a function of the public headers carries
 * TEE_PUBLIC where it is defined, and stands in the library's symbol map.
 */
#ifndef TEE_COMMON_PUBLIC_H
#define TEE_COMMON_PUBLIC_H

#define TEE_PUBLIC __attribute__((visibility("default")))

#endif

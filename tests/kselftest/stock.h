/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that knows nothing of teegate and asks the stock driver itself, by /dev/sev-guest.
 */
#ifndef STOCK_H
#define STOCK_H

#include <stddef.h>
#include <stdint.h>

/* The device or a negative errno. */
int stock_open(void);
/* A report over user_data; 0 or a negative errno. EPROTO: it is not over user_data. */
int stock_report(int fd, const uint8_t user_data[64]);
/* The same with the certificate table of the host, whole pages of it. */
int stock_certificates(int fd, uint8_t *table, uint32_t size);

#endif

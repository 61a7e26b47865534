/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that knows nothing of teegate and asks the stock driver itself: by its device, or (for
 * quotes on TDX) by configfs-tsm.
 */
#ifndef STOCK_H
#define STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The device or a negative errno. */
int stock_open(void);
/* A report over user_data; 0 or a negative errno. EPROTO: it is not over user_data. */
int stock_report(int fd, const uint8_t user_data[64]);
int stock_snp_report(int fd, const uint8_t user_data[64]);
int stock_tdx_report(int fd, const uint8_t user_data[64]);
int stock_se_report(int fd, const uint8_t user_data[64]);
/* 0 if the report is over that, else EPROTO. */
int stock_is_over(const uint8_t *report, uint32_t len, const uint8_t user_data[64]);

/* SEV-SNP: the same with the certificate table of the host, whole pages of it. */
int stock_certificates(int fd, uint8_t *table, uint32_t size);
/* SEV-SNP: the chip's own key for this guest, by parameters as the driver takes them. */
struct stock_key_req {
	uint32_t root_key_select;
	uint64_t fields;
	uint32_t vmpl;
	uint32_t svn;
	uint64_t tcb;
};

int stock_key(int fd, const struct stock_key_req *req, uint8_t key[32]);
/* TDX: a TDREPORT as the driver gives it. */
int stock_tdreport(int fd, const uint8_t user_data[64], uint8_t tdreport[1024]);
/* TDX: a quote by configfs-tsm, its length or a negative errno. A second and more. */
ssize_t stock_quote(const char *name, const uint8_t user_data[64], uint8_t *quote, size_t size);
/* TDX: extends a register by the driver's sysfs file, behind our back; 0 or a negative errno. */
int stock_extend(unsigned int index, const uint8_t digest[48]);
/* Does the driver have such files (7.x on TDX)? */
bool stock_extends(void);
/* TDX: what the driver says of a register. */
int stock_register(unsigned int index, uint8_t digest[48]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tdx-host: the parts of the process that plays host and quoting enclave.
 *
 *	host.c		starts QEMU on memory that it shares, serves the mailbox
 *	quote.c		checks a TDREPORT and makes a quote of it
 */
#ifndef TDX_HOST_H
#define TDX_HOST_H

#include <stddef.h>
#include <stdint.h>

#define TDREPORT_LEN		1024
#define TDREPORT_DATA		128	/* offset of report_data */
#define TDREPORT_DATA_LEN	64
#define MAC_KEY_LEN		32
#define QUOTE_MAX		(128 * 1024)

struct enclave;

/* The quoting enclave in @path, which tests/pki/make-td has made. */
int enclave_load(const char *path, struct enclave **ret_enclave);
void enclave_free(struct enclave *enclave);

/* Whether the firmware with this key has made @report: 1, 0, or negative errno. */
int report_is_genuine(const uint8_t report[TDREPORT_LEN], const uint8_t key[MAC_KEY_LEN]);

/* Returns the length of the quote in @out, which must have room for QUOTE_MAX, or negative errno. */
int make_quote(struct enclave *enclave, const uint8_t report[TDREPORT_LEN], uint8_t *out);

/* Flips a bit in the signature of a quote that make_quote() has made. */
void spoil_signature(struct enclave *enclave, uint8_t *quote);

/* What a quote is padded to with zeros where there is room. */
size_t padded_length(struct enclave *enclave, size_t len);

#endif

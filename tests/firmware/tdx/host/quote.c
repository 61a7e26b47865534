// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The quoting enclave of the software TDX platform: from a TDREPORT to a quote (Intel DCAP quoting
 * library API, appendix A.3 and A.4).
 *
 * Key, QE report and certificates come from host.key. The only private thing in a process is the
 * attestation key; like everything here it is a test's and made anew for each test.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "host.h"

#define FILE_MAGIC		"TGTDHST1"
#define FILE_MAX		(64 * 1024)

#define ATT_KEY_ECDSA_P256	2
#define TEE_TYPE_TDX		0x81
#define CERT_QE_REPORT		6
#define BODY_TD10		2
#define BODY_TD15		3
#define TD10_LEN		584
#define TD15_LEN		648

#define REPORT_MAC		224	/* and what it covers: all before it */
#define REPORT_MAC_LEN		32
#define REPORT_TCB_INFO		256
#define REPORT_TD_INFO		512

/* Behind it: the attestation key (DER), the certification data. */
struct key_file {
	char magic[8];
	uint16_t quote_version;
	uint16_t body_type;
	uint32_t key_len;
	uint32_t cert_len;
	uint32_t padding;
	uint8_t vendor[16];
	uint8_t user_data[20];
	uint8_t public_key[64];
};

_Static_assert(sizeof(struct key_file) == 124, "as tests/pki/make-td packs it");

struct quote_header {
	uint16_t version;
	uint16_t key_type;
	uint32_t tee_type;
	uint32_t zero;
	uint8_t vendor[16];
	uint8_t user_data[20];
};

_Static_assert(sizeof(struct quote_header) == 48, "quote header");

struct enclave {
	struct key_file head;
	EVP_PKEY *key;
	uint8_t *certs;
};

/* Written one after the other, little-endian as is. */
struct cursor {
	uint8_t *start;
	size_t len;
};

static void put(struct cursor *out, const void *data, size_t len)
{
	memcpy(out->start + out->len, data, len);
	out->len += len;
}

static void put16(struct cursor *out, uint16_t value)
{
	put(out, &value, sizeof(value));
}

static void put32(struct cursor *out, uint32_t value)
{
	put(out, &value, sizeof(value));
}

static int parse_key_file(const uint8_t *data, size_t len, struct enclave *enclave)
{
	struct key_file *head = &enclave->head;
	const uint8_t *key;

	if (len < sizeof(*head))
		return -EBADMSG;
	memcpy(head, data, sizeof(*head));
	if (memcmp(head->magic, FILE_MAGIC, sizeof(head->magic)) ||
	    head->key_len > len || head->cert_len > len ||
	    len != sizeof(*head) + head->key_len + head->cert_len)
		return -EBADMSG;
	if ((head->quote_version != 4 && head->quote_version != 5) ||
	    (head->body_type != BODY_TD10 && head->body_type != BODY_TD15))
		return -EBADMSG;
	key = data + sizeof(*head);
	enclave->key = d2i_AutoPrivateKey(NULL, &key, (long)head->key_len);
	if (!enclave->key)
		return -EBADMSG;
	enclave->certs = malloc(head->cert_len);
	if (!enclave->certs)
		return -ENOMEM;
	memcpy(enclave->certs, data + sizeof(*head) + head->key_len, head->cert_len);
	return 0;
}

int enclave_load(const char *path, struct enclave **ret_enclave)
{
	struct enclave *enclave;
	uint8_t *data;
	size_t len;
	FILE *file;
	int r;

	file = fopen(path, "rbe");
	if (!file)
		return -errno;
	data = malloc(FILE_MAX);
	enclave = calloc(1, sizeof(*enclave));
	r = data && enclave ? 0 : -ENOMEM;
	if (!r) {
		len = fread(data, 1, FILE_MAX, file);
		r = parse_key_file(data, len, enclave);
		OPENSSL_cleanse(data, len);
	}
	fclose(file);
	free(data);
	if (r)
		enclave_free(enclave);
	else
		*ret_enclave = enclave;
	return r;
}

void enclave_free(struct enclave *enclave)
{
	if (!enclave)
		return;
	EVP_PKEY_free(enclave->key);
	free(enclave->certs);
	free(enclave);
}

int report_is_genuine(const uint8_t report[TDREPORT_LEN], const uint8_t key[MAC_KEY_LEN])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (report[0] != TEE_TYPE_TDX)
		return 0;
	if (!HMAC(EVP_sha256(), key, MAC_KEY_LEN, report, REPORT_MAC, mac, &len) ||
	    len != REPORT_MAC_LEN)
		return -EIO;
	return !CRYPTO_memcmp(mac, report + REPORT_MAC, REPORT_MAC_LEN);
}

/* The signature as the format wants it: r and s, 32 bytes each, big-endian. */
static int sign(EVP_PKEY *key, const uint8_t *data, size_t len, uint8_t out[64])
{
	unsigned char der[80];
	const unsigned char *p = der;
	size_t der_len = sizeof(der);
	ECDSA_SIG *sig = NULL;
	EVP_MD_CTX *ctx;
	int r = -EIO;

	ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, der, &der_len, data, len) == 1)
		sig = d2i_ECDSA_SIG(NULL, &p, (long)der_len);
	if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32)
		r = 0;
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return r;
}

static void put_header(struct cursor *out, const struct key_file *head)
{
	struct quote_header header = {
		.version = head->quote_version,
		.key_type = ATT_KEY_ECDSA_P256,
		.tee_type = TEE_TYPE_TDX,
	};

	memcpy(header.vendor, head->vendor, sizeof(header.vendor));
	memcpy(header.user_data, head->user_data, sizeof(header.user_data));
	put(out, &header, sizeof(header));
}

/* The body is nothing but copies: TCB info, TD info, report_data, and what TDX 1.5 added. */
static void put_body(struct cursor *out, const struct key_file *head, const uint8_t *report)
{
	const uint8_t *tcb = report + REPORT_TCB_INFO, *td = report + REPORT_TD_INFO;
	bool td15 = head->quote_version == 5 && head->body_type == BODY_TD15;

	if (head->quote_version == 5) {
		put16(out, head->body_type);
		put32(out, td15 ? TD15_LEN : TD10_LEN);
	}
	put(out, tcb + 8, 16 + 48 + 48 + 8);
	put(out, td, 400);
	put(out, report + TDREPORT_DATA, TDREPORT_DATA_LEN);
	if (td15) {
		put(out, tcb + 128, 16);
		put(out, td + 400, 48);
	}
}

int make_quote(struct enclave *enclave, const uint8_t report[TDREPORT_LEN], uint8_t *out)
{
	const struct key_file *head = &enclave->head;
	struct cursor quote = { .start = out };
	uint8_t signature[64];
	int r;

	put_header(&quote, head);
	put_body(&quote, head, report);
	r = sign(enclave->key, quote.start, quote.len, signature);
	if (r)
		return r;
	put32(&quote, (uint32_t)(sizeof(signature) + sizeof(head->public_key) + 6) + head->cert_len);
	put(&quote, signature, sizeof(signature));
	put(&quote, head->public_key, sizeof(head->public_key));
	put16(&quote, CERT_QE_REPORT);
	put32(&quote, head->cert_len);
	put(&quote, enclave->certs, head->cert_len);
	return (int)quote.len;
}

void spoil_signature(struct enclave *enclave, uint8_t *quote)
{
	size_t body = TD10_LEN;

	if (enclave->head.quote_version == 5)
		body = 6 + (enclave->head.body_type == BODY_TD15 ? TD15_LEN : TD10_LEN);
	quote[sizeof(struct quote_header) + body + 4] ^= 1;
}

size_t padded_length(struct enclave *enclave, size_t len)
{
	return len < enclave->head.padding ? enclave->head.padding : len;
}

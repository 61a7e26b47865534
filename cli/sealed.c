// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealed blobs and sealed files; see sealed.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "sealed.h"

#define MAGIC		"TEEGATEF"
#define HEADER_SIZE	16
#define VERSION		1
#define KEY_TAG		"teegate/data-key/v1"
#define KEY_TAG_LEN	(sizeof(KEY_TAG) - 1)
#define KEY_SIZE	32
#define KEY_DATA_SIZE	(KEY_TAG_LEN + KEY_SIZE)
#define TAG_SIZE	16

static const uint8_t nonce[12];

/* What a caller can do about: another blob or policy is 1, a file that is none of ours is 4. */
int complain_key(tee_ctx *ctx, int error)
{
	int status = complain_tee(ctx, error);

	switch (-error) {
	case EBADMSG:
	case ENXIO:
	case EXDEV:
	case EKEYREJECTED:
	case EEXIST:
		return STATUS_REFUSED;
	case EILSEQ:
	case EPROTONOSUPPORT:
	case EMSGSIZE:
		return STATUS_LOCAL;
	default:
		return status;
	}
}

int open_for_keys(const char *target, tee_ctx **ret)
{
	int r = tee_open(target, ret);

	if (r < 0)
		return complain_tee(NULL, r);
	if (target && !strncmp(target, "fake:", strlen("fake:")))
		complain(0, "no TEE was asked: keys of fake: protect nothing");
	return STATUS_OK;
}

static void put16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, size_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static bool starts_with_magic(const struct buffer *file)
{
	return file->len >= strlen(MAGIC) && !memcmp(file->data, MAGIC, strlen(MAGIC));
}

static size_t get16(const uint8_t *from)
{
	return (size_t)from[0] << 8 | from[1];
}

static size_t get32(const uint8_t *from)
{
	return get16(from) << 16 | get16(from + 2);
}

/* 0 or a negative errno, as tee_blob_inspect(). */
static int look_at_file(const struct buffer *file, struct sealed *ret)
{
	size_t blob_len, rest;

	if (file->len < HEADER_SIZE)
		return -EMSGSIZE;
	if (get16(file->data + 8) != VERSION || get16(file->data + 10) != 0)
		return -EPROTONOSUPPORT;
	blob_len = get32(file->data + 12);
	rest = file->len - HEADER_SIZE;
	if (blob_len > rest || rest - blob_len < TAG_SIZE)
		return -EMSGSIZE;
	ret->is_file = true;
	ret->blob = file->data + HEADER_SIZE;
	ret->blob_len = blob_len;
	ret->payload = ret->blob + blob_len;
	ret->payload_len = rest - blob_len;
	return ret->payload_len - TAG_SIZE > SECRET_MAX ? -EMSGSIZE : 0;
}

int sealed_look(const char *name, const struct buffer *file, struct sealed *ret)
{
	struct sealed sealed = {
		.info = { .size = sizeof(sealed.info) },
		.blob = file->data,
		.blob_len = file->len,
	};
	int r = starts_with_magic(file) ? look_at_file(file, &sealed) : 0;

	if (!r)
		r = tee_blob_inspect(sealed.blob, sealed.blob_len, &sealed.info);
	if (!r && sealed.is_file && sealed.info.data_len != KEY_DATA_SIZE)
		r = -EBADMSG;
	switch (-r) {
	case 0:
		break;
	case EILSEQ:
		return complain(STATUS_LOCAL, "%s is neither a sealed blob nor a sealed file", name);
	case EPROTONOSUPPORT:
		return complain(STATUS_LOCAL, "%s is of a later version than this command knows", name);
	case EMSGSIZE:
		return complain(STATUS_LOCAL, "%s is cut off, or its lengths are not those of one", name);
	default:
		return complain(STATUS_REFUSED, "%s contradicts itself: it is damaged", name);
	}
	sealed.data_len = sealed.is_file ? sealed.payload_len - TAG_SIZE : sealed.info.data_len;
	*ret = sealed;
	return STATUS_OK;
}

int sealed_read(const char *path, struct buffer *ret_file, struct sealed *ret)
{
	const char *name = strcmp(path, "-") ? path : "standard input";

	if (read_large_file(path, SECRET_MAX + HEADER_SIZE + TEE_BLOB_MAX + TAG_SIZE, ret_file) < 0)
		return STATUS_LOCAL;
	return sealed_look(name, ret_file, ret);
}

static bool is_data_key(const uint8_t *data, size_t len)
{
	return len >= KEY_TAG_LEN && !memcmp(data, KEY_TAG, KEY_TAG_LEN);
}

static int make_blob(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		     const uint8_t *data, size_t len, struct buffer *ret)
{
	struct patience patience = patience_of(timeout_ms);
	int r;

	do
		r = tee_seal(ctx, label->text, label->len, data, len, patience.left_ms,
			     &ret->data, &ret->len);
	while (ask_again(r, &patience));
	return r < 0 ? complain_key(ctx, r) : STATUS_OK;
}

/* Appends the ciphertext of @data and its tag to @file, which has room for it. */
static bool encrypt(const uint8_t *key, const struct secret *data, struct buffer *file)
{
	EVP_CIPHER_CTX *cipher = must(EVP_CIPHER_CTX_new());
	uint8_t *to = file->data + file->len;
	int n;
	bool ok;

	ok = EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	     EVP_EncryptUpdate(cipher, NULL, &n, file->data, (int)file->len) == 1 &&
	     EVP_EncryptUpdate(cipher, to, &n, data->data, (int)data->len) == 1 &&
	     (size_t)n == data->len && EVP_EncryptFinal_ex(cipher, to + n, &n) == 1 && n == 0 &&
	     EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, to + data->len) == 1;
	EVP_CIPHER_CTX_free(cipher);
	file->len += data->len + TAG_SIZE;
	return ok;
}

static int make_file(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		     const struct secret *data, struct buffer *ret)
{
	struct secret key _cleanup_secret_ = { NULL, 0, 0 };
	struct buffer blob _cleanup_buffer_ = { NULL, 0 };
	struct buffer file;
	int status;

	secret_make(&key, KEY_DATA_SIZE);
	memcpy(key.data, KEY_TAG, KEY_TAG_LEN);
	if (RAND_priv_bytes(key.data + KEY_TAG_LEN, KEY_SIZE) != 1)
		return complain(STATUS_LOCAL, "there is no randomness for a key");
	status = make_blob(ctx, label, timeout_ms, key.data, key.len, &blob);
	if (status)
		return status;
	file.data = must(malloc(HEADER_SIZE + blob.len + data->len + TAG_SIZE));
	file.len = HEADER_SIZE + blob.len;
	memcpy(file.data, MAGIC, strlen(MAGIC));
	put16(file.data + 8, VERSION);
	put16(file.data + 10, 0);
	put32(file.data + 12, blob.len);
	memcpy(file.data + HEADER_SIZE, blob.data, blob.len);
	if (!encrypt(key.data + KEY_TAG_LEN, data, &file)) {
		buffer_free(&file);
		return complain(STATUS_LOCAL, "OpenSSL does not encrypt");
	}
	*ret = file;
	return STATUS_OK;
}

int sealed_make(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		const struct secret *data, struct buffer *ret)
{
	if (data->len > TEE_SEAL_DATA_MAX)
		return make_file(ctx, label, timeout_ms, data, ret);
	if (is_data_key(data->data, data->len))
		return complain(STATUS_REFUSED, "this is the key of a sealed file, or looks like one");
	return make_blob(ctx, label, timeout_ms, data->data, data->len, ret);
}

static int open_blob(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		     const struct sealed *sealed, struct secret *ret)
{
	struct patience patience = patience_of(timeout_ms);
	uint8_t *data;
	size_t len;
	int r;

	do
		r = tee_unseal(ctx, sealed->blob, sealed->blob_len, label->text, label->len,
			       patience.left_ms, &data, &len);
	while (ask_again(r, &patience));
	if (r < 0)
		return complain_key(ctx, r);
	secret_make(ret, len);
	memcpy(ret->data, data, len);
	OPENSSL_cleanse(data, len);
	free(data);
	return STATUS_OK;
}

static bool decrypt(const uint8_t *key, const struct sealed *sealed, struct secret *data)
{
	const uint8_t *head = sealed->blob - HEADER_SIZE, *tag = sealed->payload + sealed->data_len;
	EVP_CIPHER_CTX *cipher = must(EVP_CIPHER_CTX_new());
	uint8_t copy[TAG_SIZE];
	int n;
	bool ok;

	memcpy(copy, tag, sizeof(copy));
	ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	     EVP_DecryptUpdate(cipher, NULL, &n, head, (int)(HEADER_SIZE + sealed->blob_len)) == 1 &&
	     EVP_DecryptUpdate(cipher, data->data, &n, sealed->payload, (int)sealed->data_len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, copy) == 1 &&
	     EVP_DecryptFinal_ex(cipher, data->data + sealed->data_len, &n) == 1;
	EVP_CIPHER_CTX_free(cipher);
	return ok;
}

int sealed_open(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		const struct sealed *sealed, struct secret *ret)
{
	struct secret inner _cleanup_secret_ = { NULL, 0, 0 };
	struct secret data;
	int status;

	status = open_blob(ctx, label, timeout_ms, sealed, &inner);
	if (status)
		return status;
	if (is_data_key(inner.data, inner.len) != sealed->is_file)
		return complain(STATUS_REFUSED, sealed->is_file
				? "the blob in this file does not hold its key"
				: "this blob is a part of a sealed file: it holds a key, and no data");
	if (!sealed->is_file) {
		*ret = inner;
		inner = (struct secret){ NULL, 0, 0 };
		return STATUS_OK;
	}
	secret_make(&data, sealed->data_len);
	if (!decrypt(inner.data + KEY_TAG_LEN, sealed, &data)) {
		secret_free(&data);
		return complain(STATUS_REFUSED, "this sealed file does not open: it is damaged");
	}
	*ret = data;
	return STATUS_OK;
}

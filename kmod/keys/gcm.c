// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-256-GCM, in place, for keys that are used once: so the nonce is always zero. One buffer holds
 * what is authenticated, then the text, then the tag. A module whose known answers are wrong does
 * not load.
 *
 * The transform may be one that works asynchronously, because on x86 those are the ones that use
 * the instructions of the processor, and tables leak keys through caches. It is waited for.
 */
#include <crypto/aead.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "keys.h"
#include "gcm-vectors.h"

#define GCM		"gcm(aes)"
#define NONCE_SIZE	12
#define BUFFER_MAX	(TEEGATE_SEAL_DATA_MAX + TEEGATE_BLOB_OVERHEAD_MAX)

/* Memory that may lie across one page more than it fills. */
struct op {
	struct scatterlist sg[BUFFER_MAX / PAGE_SIZE + 2];
	u8 nonce[NONCE_SIZE];
};

/* Holds the algorithm so that no later call has to look for a module. */
static struct crypto_aead *keep;

static struct page *page_of(const u8 *at)
{
	return is_vmalloc_addr(at) ? vmalloc_to_page(at) : virt_to_page(at);
}

static void map(struct op *op, u8 *buffer, u32 len)
{
	struct scatterlist *sg = op->sg;
	u32 part;

	sg_init_table(sg, ARRAY_SIZE(op->sg));
	for (; len; buffer += part, len -= part, sg++) {
		part = min_t(u32, len, PAGE_SIZE - offset_in_page(buffer));
		sg_set_page(sg, page_of(buffer), part, offset_in_page(buffer));
		if (part == len)
			sg_mark_end(sg);
	}
}

static int run(struct crypto_aead *tfm, struct op *op, u32 aad_len, u32 crypt_len, bool encrypt)
{
	struct aead_request *req = aead_request_alloc(tfm, GFP_KERNEL);
	DECLARE_CRYPTO_WAIT(wait);
	int err;

	if (!req)
		return -ENOMEM;
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, aad_len);
	aead_request_set_crypt(req, op->sg, op->sg, crypt_len, op->nonce);
	err = crypto_wait_req(encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req), &wait);
	aead_request_free(req);
	return err;
}

static int with_key(const u8 key[TG_GCM_KEY_SIZE], u8 *buffer, u32 aad_len, u32 text_len,
		    bool encrypt)
{
	struct crypto_aead *tfm = crypto_alloc_aead(GCM, 0, 0);
	struct op *op = kzalloc(sizeof(*op), GFP_KERNEL);
	int err = -ENOMEM;

	if (!IS_ERR(tfm) && op) {
		map(op, buffer, aad_len + text_len + TG_GCM_TAG_SIZE);
		err = crypto_aead_setkey(tfm, key, TG_GCM_KEY_SIZE) ?:
		      crypto_aead_setauthsize(tfm, TG_GCM_TAG_SIZE) ?:
		      run(tfm, op, aad_len, text_len + (encrypt ? 0 : TG_GCM_TAG_SIZE), encrypt);
	}
	kfree(op);
	if (!IS_ERR(tfm))
		crypto_free_aead(tfm);
	return err;
}

int tg_gcm_seal(const u8 key[TG_GCM_KEY_SIZE], u8 *buffer, u32 aad_len, u32 text_len)
{
	return with_key(key, buffer, aad_len, text_len, true);
}

/* -EBADMSG: the tag is not that of key, text and what is before it; the text is rubbish then. */
int tg_gcm_open(const u8 key[TG_GCM_KEY_SIZE], u8 *buffer, u32 aad_len, u32 text_len)
{
	return with_key(key, buffer, aad_len, text_len, false);
}

/* There and back, and then not with another byte. */
static int run_vector(const struct tg_gcm_vector *v, u8 *buffer)
{
	const u32 end = v->aad_len + v->text_len + TG_GCM_TAG_SIZE;
	int err;

	memcpy(buffer, v->aad, v->aad_len);
	memcpy(buffer + v->aad_len, v->text, v->text_len);
	err = tg_gcm_seal(v->key, buffer, v->aad_len, v->text_len);
	if (err)
		return err;
	if (memcmp(buffer + v->aad_len, v->sealed, v->text_len + TG_GCM_TAG_SIZE))
		return -EBADMSG;
	err = tg_gcm_open(v->key, buffer, v->aad_len, v->text_len);
	if (err)
		return err;
	if (memcmp(buffer + v->aad_len, v->text, v->text_len))
		return -EBADMSG;
	memcpy(buffer + v->aad_len, v->sealed, v->text_len + TG_GCM_TAG_SIZE);
	buffer[end - 1] ^= 1;
	err = tg_gcm_open(v->key, buffer, v->aad_len, v->text_len);
	return err == -EBADMSG ? 0 : err ?: -EBADMSG;
}

static int self_test(void)
{
	u8 *buffer = kzalloc(PAGE_SIZE, GFP_KERNEL);
	unsigned int i;
	int err = buffer ? 0 : -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(tg_gcm_vectors) && !err; i++)
		err = run_vector(&tg_gcm_vectors[i], buffer);
	kfree(buffer);
	return err;
}

int tg_gcm_init(void)
{
	int err;

	keep = crypto_alloc_aead(GCM, 0, 0);
	if (IS_ERR(keep)) {
		pr_err("no AES-GCM in this kernel: %ld\n", PTR_ERR(keep));
		return PTR_ERR(keep);
	}
	err = self_test();
	if (!err)
		return 0;
	pr_err("self-test of AES-GCM failed: %d\n", err);
	crypto_free_aead(keep);
	return err;
}

void tg_gcm_exit(void)
{
	crypto_free_aead(keep);
}

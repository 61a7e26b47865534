// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealing to a TPM 2.0.
 *
 * The parent is made anew each time from the template of the standard storage key (ECC, P-256): the
 * TPM derives the same key from its seed until somebody clears it, so nothing has to be made persistent.
 * Sessions are salted with that key: secrets cross the wire encrypted and every answer has an HMAC, so
 * who sits between us and the chip learns and changes nothing. That holds if the key is the chip's: so
 * its name is kept when a root is enrolled and compared before one is asked for.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "tpm.h"

#define NONE	ESYS_TR_NONE, ESYS_TR_NONE

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR parent, session, object;
	TPM2B_NAME *parent_name;
};

static const TPMT_SYM_DEF session_cipher = {
	.algorithm = TPM2_ALG_AES,
	.keyBits.aes = 128,
	.mode.aes = TPM2_ALG_CFB,
};

/* "Storage primary key", TCG Provisioning Guidance and EK Credential Profile, ECC. */
static const TPM2B_PUBLIC parent_template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
		.parameters.eccDetail = {
			.symmetric = {
				.algorithm = TPM2_ALG_AES,
				.keyBits.aes = 128,
				.mode.aes = TPM2_ALG_CFB,
			},
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
		.unique.ecc = { .x.size = 32, .y.size = 32 },
	},
};

static int refuse(struct complaint *complaint, int error, const char *what, TSS2_RC rc)
{
	return fail(complaint, error, "the TPM: %s: %s", what, Tss2_RC_Decode(rc));
}

void tpm_freep(struct tpm **p)
{
	struct tpm *tpm = *p;

	if (!tpm)
		return;
	if (tpm->esys) {
		if (tpm->object != ESYS_TR_NONE)
			Esys_FlushContext(tpm->esys, tpm->object);
		if (tpm->session != ESYS_TR_NONE)
			Esys_FlushContext(tpm->esys, tpm->session);
		if (tpm->parent != ESYS_TR_NONE)
			Esys_FlushContext(tpm->esys, tpm->parent);
	}
	Esys_Free(tpm->parent_name);
	Esys_Finalize(&tpm->esys);
	Tss2_TctiLdr_Finalize(&tpm->tcti);
	free(tpm);
}

static int make_parent(struct tpm *tpm, struct complaint *complaint)
{
	static const TPM2B_SENSITIVE_CREATE nothing;
	static const TPM2B_DATA no_data;
	static const TPML_PCR_SELECTION no_pcrs;
	TSS2_RC rc;

	rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, NONE, &nothing,
				&parent_template, &no_data, &no_pcrs, &tpm->parent, NULL, NULL, NULL, NULL);
	if (rc)
		return refuse(complaint, -EIO, "no storage key", rc);
	rc = Esys_TR_GetName(tpm->esys, tpm->parent, &tpm->parent_name);
	return rc ? refuse(complaint, -EIO, "no name of the storage key", rc) : 0;
}

int tpm_open(const char *tcti, struct tpm **ret, struct complaint *complaint)
{
	CLEANUP(tpm_freep) struct tpm *tpm = calloc(1, sizeof(*tpm));
	TSS2_RC rc;
	int r;

	if (!tpm)
		return -ENOMEM;
	tpm->parent = tpm->session = tpm->object = ESYS_TR_NONE;
	/* What is wrong is said by us; and its traces would show buffers, whatever the environment says. */
	if (setenv("TSS2_LOG", "all+none", 1) < 0)
		return -errno;
	rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);
	if (rc)
		return fail(complaint, -ENODEV, "no TPM at %s: %s", tcti, Tss2_RC_Decode(rc));
	rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	if (rc)
		return refuse(complaint, -ENODEV, "cannot be used", rc);
	/* Not every TPM has been started by firmware; one that has says so, and that is fine. */
	rc = Esys_Startup(tpm->esys, TPM2_SU_CLEAR);
	if (rc && rc != TPM2_RC_INITIALIZE)
		return refuse(complaint, -ENODEV, "does not start", rc);
	r = make_parent(tpm, complaint);
	if (r < 0)
		return r;
	*ret = take_pointer(&tpm);
	return 0;
}

static int start_session(struct tpm *tpm, TPM2_SE type, TPMA_SESSION attributes,
			 struct complaint *complaint)
{
	TSS2_RC rc;

	if (tpm->session != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, tpm->session);
	tpm->session = ESYS_TR_NONE;
	rc = Esys_StartAuthSession(tpm->esys, tpm->parent, ESYS_TR_NONE, ESYS_TR_NONE, NONE, NULL, type,
				   &session_cipher, TPM2_ALG_SHA256, &tpm->session);
	if (!rc)
		rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session,
					       attributes | TPMA_SESSION_CONTINUESESSION, 0xff);
	return rc ? refuse(complaint, -EIO, "no session", rc) : 0;
}

/* Registers that a TPM does not have are left out of a policy by it, without a word. */
static int check_bank(struct tpm *tpm, const TPMS_PCR_SELECTION *wanted, struct complaint *complaint)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC rc;
	bool there = false;

	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, NONE, TPM2_CAP_PCRS, 0, 1, &more, &data);
	if (rc)
		return refuse(complaint, -EIO, "does not say which registers it has", rc);
	for (size_t i = 0; i < data->data.assignedPCR.count; i++) {
		const TPMS_PCR_SELECTION *bank = &data->data.assignedPCR.pcrSelections[i];
		bool all = bank->hash == wanted->hash;

		for (size_t k = 0; k < wanted->sizeofSelect; k++)
			all &= k < bank->sizeofSelect ? !(wanted->pcrSelect[k] & ~bank->pcrSelect[k]) :
							!wanted->pcrSelect[k];
		there |= all;
	}
	Esys_Free(data);
	return there ? 0 : fail(complaint, -EINVAL, "the TPM: has no such registers in that bank, see Pcrs=");
}

/* The policy that the registers are what they are at this moment. */
static int policy_of_now(struct tpm *tpm, const TPML_PCR_SELECTION *pcrs, TPM2B_DIGEST *ret,
			 struct complaint *complaint)
{
	static const TPM2B_DIGEST as_they_are;
	TPM2B_DIGEST *digest = NULL;
	TSS2_RC rc;
	int r;

	r = check_bank(tpm, &pcrs->pcrSelections[0], complaint);
	if (r < 0)
		return r;
	r = start_session(tpm, TPM2_SE_TRIAL, 0, complaint);
	if (r < 0)
		return r;
	rc = Esys_PolicyPCR(tpm->esys, tpm->session, ESYS_TR_NONE, NONE, &as_they_are, pcrs);
	if (!rc)
		rc = Esys_PolicyGetDigest(tpm->esys, tpm->session, ESYS_TR_NONE, NONE, &digest);
	if (rc)
		return refuse(complaint, -EIO, "no policy over these registers", rc);
	*ret = *digest;
	Esys_Free(digest);
	return 0;
}

int tpm_seal(struct tpm *tpm, const TPML_PCR_SELECTION *pcrs, const struct secret *secret,
	     struct tpm_sealed *ret, struct complaint *complaint)
{
	static const TPM2B_DATA no_data;
	static const TPML_PCR_SELECTION no_pcrs;
	TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.data.size = sizeof(secret->root) };
	TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_KEYEDHASH,
			.nameAlg = TPM2_ALG_SHA256,
			/* No password opens it, so there is none to be guessed and no lockout. */
			.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA,
			.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
		},
	};
	TPM2B_PUBLIC *public = NULL;
	TPM2B_PRIVATE *private = NULL;
	TSS2_RC rc;
	int r;

	r = policy_of_now(tpm, pcrs, &template.publicArea.authPolicy, complaint);
	if (r < 0)
		return r;
	/* HMAC and encryption of what goes to the TPM: the root is in the first parameter. */
	r = start_session(tpm, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, complaint);
	if (r < 0)
		return r;
	memcpy(sensitive.sensitive.data.buffer, secret->root, sizeof(secret->root));
	rc = Esys_Create(tpm->esys, tpm->parent, tpm->session, NONE, &sensitive, &template, &no_data, &no_pcrs,
			 &private, &public, NULL, NULL, NULL);
	explicit_bzero(&sensitive, sizeof(sensitive));
	if (rc)
		return refuse(complaint, -EIO, "does not seal", rc);
	*ret = (struct tpm_sealed){
		.pcrs = *pcrs, .parent = *tpm->parent_name, .public = *public, .private = *private,
	};
	Esys_Free(public);
	Esys_Free(private);
	return 0;
}

static int load(struct tpm *tpm, const struct tpm_sealed *sealed, struct complaint *complaint)
{
	TSS2_RC rc;
	int r;

	if (sealed->parent.size != tpm->parent_name->size ||
	    memcmp(sealed->parent.name, tpm->parent_name->name, sealed->parent.size))
		return fail(complaint, -ENXIO,
			    "the TPM: its storage key is not the one that sealed this root: another TPM, or a cleared one");
	r = start_session(tpm, TPM2_SE_HMAC, 0, complaint);
	if (r < 0)
		return r;
	rc = Esys_Load(tpm->esys, tpm->parent, tpm->session, NONE, &sealed->private, &sealed->public,
		       &tpm->object);
	return rc ? refuse(complaint, -EBADMSG, "does not take the sealed root", rc) : 0;
}

static int check_policy(struct tpm *tpm, const struct tpm_sealed *sealed, struct complaint *complaint)
{
	static const TPM2B_DIGEST as_they_are;
	const TPM2B_DIGEST *wanted = &sealed->public.publicArea.authPolicy;
	TPM2B_DIGEST *digest = NULL;
	TSS2_RC rc;
	bool same;

	rc = Esys_PolicyPCR(tpm->esys, tpm->session, ESYS_TR_NONE, NONE, &as_they_are, &sealed->pcrs);
	if (!rc)
		rc = Esys_PolicyGetDigest(tpm->esys, tpm->session, ESYS_TR_NONE, NONE, &digest);
	if (rc)
		return refuse(complaint, -EIO, "no policy over these registers", rc);
	same = digest->size == wanted->size && !memcmp(digest->buffer, wanted->buffer, wanted->size);
	Esys_Free(digest);
	return same ? 0 : fail(complaint, -EPERM,
			       "the TPM: its registers are not what they were when the root was sealed: other software was started");
}

int tpm_unseal(struct tpm *tpm, const struct tpm_sealed *sealed, struct secret *secret,
	       struct complaint *complaint)
{
	TPM2B_SENSITIVE_DATA *data = NULL;
	TSS2_RC rc;
	int r;

	r = load(tpm, sealed, complaint);
	if (r < 0)
		return r;
	/* Salted, so its answers are encrypted and have an HMAC as those of any other session. */
	r = start_session(tpm, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, complaint);
	if (r < 0)
		return r;
	r = check_policy(tpm, sealed, complaint);
	if (r < 0)
		return r;
	rc = Esys_Unseal(tpm->esys, tpm->object, tpm->session, NONE, &data);
	if (rc)
		return refuse(complaint, -EPERM, "does not unseal the root", rc);
	r = secret_take(secret, data->buffer, data->size);
	explicit_bzero(data, sizeof(*data));
	Esys_Free(data);
	return r < 0 ? fail(complaint, r, "the TPM: what was sealed is no root") : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's part of a sealed root: objects and sessions. The file they are kept in is source-tpm.c's. */
#ifndef TEEGATE_ROOTS_TPM_H
#define TEEGATE_ROOTS_TPM_H

#include <tss2/tss2_esys.h>

#include "complaint.h"
#include "secret.h"

/* What is needed to have it back, besides the TPM. None of it is secret. */
struct tpm_sealed {
	TPML_PCR_SELECTION pcrs;
	TPM2B_NAME parent;	/* of the storage key that was asked to keep it */
	TPM2B_PUBLIC public;
	TPM2B_PRIVATE private;
};

struct tpm;

/* tpm_open() - @tcti is a configuration of tpm2-tss's loader, such as "device:/dev/tpmrm0". */
int tpm_open(const char *tcti, struct tpm **ret, struct complaint *complaint);
void tpm_freep(struct tpm **tpm);

/* tpm_pcrs() - "sha256:7,11" as a selection. -EINVAL */
int tpm_pcrs(const char *text, TPML_PCR_SELECTION *ret);

/* tpm_seal() - readable from now on only while these registers are what they are now. */
int tpm_seal(struct tpm *tpm, const TPML_PCR_SELECTION *pcrs, const struct secret *secret,
	     struct tpm_sealed *ret, struct complaint *complaint);

/* -EPERM: the registers are not what they were; -ENXIO: another TPM, or it was cleared. */
int tpm_unseal(struct tpm *tpm, const struct tpm_sealed *sealed, struct secret *secret,
	       struct complaint *complaint);

#endif

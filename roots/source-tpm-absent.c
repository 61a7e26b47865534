// SPDX-License-Identifier: GPL-2.0-or-later
#include "source.h"

const struct source source_tpm = {
	.name = "tpm",
	.number = TEEGATE_ROOT_TPM,
	.title = "TPM 2.0",
	.how = "Blob=/var/lib/teegate/root.tpm\n",
	.not_built = "built without tpm2-tss",
	.takes = 1 << SETTING_BLOB | 1 << SETTING_TCTI | 1 << SETTING_PCRS,
};

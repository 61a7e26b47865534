// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root that a TPM 2.0 sealed. The file has what the TPM needs to have it back, in the TPM's own
 * encoding after a line that names it:
 *
 *	"TEEGATE-TPM-1\n" || TPML_PCR_SELECTION || TPM2B_NAME of the parent || TPM2B_PUBLIC || TPM2B_PRIVATE
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>

#include "source.h"
#include "tpm.h"

#define MAGIC		"TEEGATE-TPM-1\n"
#define BLOB_MAX	8192
#define TCTI_DEFAULT	"device:/dev/tpmrm0"
#define PCRS_DEFAULT	"sha256:7"
#define PCR_LAST	23

static int add_pcr(TPMS_PCR_SELECTION *bank, const char *word)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || errno || n > PCR_LAST)
		return -EINVAL;
	bank->pcrSelect[n / 8] |= (BYTE)(1 << n % 8);
	return 0;
}

/* One bank: "sha256:0,7". */
int tpm_pcrs(const char *text, TPML_PCR_SELECTION *ret)
{
	static const struct {
		const char *name;
		TPMI_ALG_HASH hash;
	} banks[] = { { "sha256", TPM2_ALG_SHA256 }, { "sha384", TPM2_ALG_SHA384 } };
	const char *list = strchr(text, ':');
	CLEANUP(freep) char *copy = strdup(list ? list + 1 : "");
	TPML_PCR_SELECTION pcrs = { .count = 1, .pcrSelections[0].sizeofSelect = 3 };
	char *rest = copy, *word;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; list && i < ARRAY_SIZE(banks); i++)
		if (!strncmp(text, banks[i].name, (size_t)(list - text)) && !banks[i].name[list - text])
			pcrs.pcrSelections[0].hash = banks[i].hash;
	if (!pcrs.pcrSelections[0].hash)
		return -EINVAL;
	while ((word = strsep(&rest, ",")))
		if (add_pcr(&pcrs.pcrSelections[0], word) < 0)
			return -EINVAL;
	*ret = pcrs;
	return 0;
}

static int check(const struct root *root, struct complaint *complaint)
{
	TPML_PCR_SELECTION pcrs;

	if (tpm_pcrs(setting(root, SETTING_PCRS, PCRS_DEFAULT), &pcrs) < 0)
		return fail(complaint, -EINVAL, "Pcrs=%s: must be like sha256:7,11, of sha256 or sha384",
			    setting(root, SETTING_PCRS, ""));
	if (setting(root, SETTING_BLOB, "")[0] != '/')
		return fail(complaint, -EINVAL, "Blob= must be an absolute path");
	return 0;
}

static int unmarshal(const uint8_t *data, size_t len, struct tpm_sealed *ret)
{
	size_t at = sizeof(MAGIC) - 1;

	if (len < at || memcmp(data, MAGIC, at) ||
	    Tss2_MU_TPML_PCR_SELECTION_Unmarshal(data, len, &at, &ret->pcrs) ||
	    Tss2_MU_TPM2B_NAME_Unmarshal(data, len, &at, &ret->parent) ||
	    Tss2_MU_TPM2B_PUBLIC_Unmarshal(data, len, &at, &ret->public) ||
	    Tss2_MU_TPM2B_PRIVATE_Unmarshal(data, len, &at, &ret->private) || at != len)
		return -EBADMSG;
	return 0;
}

static int marshal(const struct tpm_sealed *sealed, uint8_t data[BLOB_MAX], size_t *ret_len)
{
	size_t at = sizeof(MAGIC) - 1;

	memcpy(data, MAGIC, at);
	if (Tss2_MU_TPML_PCR_SELECTION_Marshal(&sealed->pcrs, data, BLOB_MAX, &at) ||
	    Tss2_MU_TPM2B_NAME_Marshal(&sealed->parent, data, BLOB_MAX, &at) ||
	    Tss2_MU_TPM2B_PUBLIC_Marshal(&sealed->public, data, BLOB_MAX, &at) ||
	    Tss2_MU_TPM2B_PRIVATE_Marshal(&sealed->private, data, BLOB_MAX, &at))
		return -EMSGSIZE;
	*ret_len = at;
	return 0;
}

static int read_sealed(const char *path, struct tpm_sealed *ret, struct complaint *complaint)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t data[BLOB_MAX + 1];
	ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof(data));

	if (n < 0)
		return fail(complaint, -errno, "%s: %s%s", path, strerror(errno),
			    errno == ENOENT ? "; \"teegate-root enrol\" makes it" : "");
	*ret = (struct tpm_sealed){ .pcrs.count = 0 };
	if (unmarshal(data, (size_t)n, ret) < 0)
		return fail(complaint, -EBADMSG, "%s: not a sealed root, or a damaged one", path);
	return 0;
}

static int fetch(const struct root *root, struct secret *secret, struct complaint *complaint)
{
	CLEANUP(tpm_freep) struct tpm *tpm = NULL;
	struct tpm_sealed sealed;
	int r;

	r = read_sealed(root->values[SETTING_BLOB], &sealed, complaint);
	if (r < 0)
		return r;
	r = tpm_open(setting(root, SETTING_TCTI, TCTI_DEFAULT), &tpm, complaint);
	return r < 0 ? r : tpm_unseal(tpm, &sealed, secret, complaint);
}

static int sync_directory(const char *path)
{
	CLEANUP(freep) char *copy = strdup(path);
	CLEANUP(closep) int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Written beside it, brought to the disk and only then given its name: never a half of it is there. */
static int write_blob(const char *path, const uint8_t *data, size_t len)
{
	CLEANUP(freep) char *temporary = NULL;
	CLEANUP(closep) int fd = -1;
	int r = 0;

	if (asprintf(&temporary, "%s.new", path) < 0)
		return -ENOMEM;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, data, len) != (ssize_t)len)
		r = -EIO;
	else if (fsync(fd) < 0 || rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r < 0 ? r : sync_directory(path);
}

static int enrol(const struct root *root, const struct secret *secret, struct complaint *complaint)
{
	CLEANUP(tpm_freep) struct tpm *tpm = NULL;
	CLEANUP(secret_freep) struct secret *again = secret_new();
	const char *path = root->values[SETTING_BLOB];
	TPML_PCR_SELECTION pcrs;
	struct tpm_sealed sealed;
	uint8_t data[BLOB_MAX];
	size_t len;
	int r;

	r = tpm_pcrs(setting(root, SETTING_PCRS, PCRS_DEFAULT), &pcrs);
	if (!again || r < 0)
		return again ? r : -ENOMEM;
	r = tpm_open(setting(root, SETTING_TCTI, TCTI_DEFAULT), &tpm, complaint);
	if (r < 0)
		return r;
	r = tpm_seal(tpm, &pcrs, secret, &sealed, complaint);
	if (r < 0)
		return r;
	/* A root that could not be had back would be missed only when it is too late. */
	r = tpm_unseal(tpm, &sealed, again, complaint);
	if (r < 0)
		return r;
	if (memcmp(again->root, secret->root, sizeof(again->root)))
		return fail(complaint, -EIO, "the TPM: gives back another root than it was given");
	r = marshal(&sealed, data, &len);
	if (!r)
		r = write_blob(path, data, len);
	return r < 0 ? fail(complaint, r, "%s: %s", path, strerror(-r)) : 0;
}

const struct source source_tpm = {
	.name = "tpm",
	.number = TEEGATE_ROOT_TPM,
	.title = "TPM 2.0",
	.how = "Blob=/var/lib/teegate/root.tpm\n",
	.takes = 1 << SETTING_BLOB | 1 << SETTING_TCTI | 1 << SETTING_PCRS,
	.needs = 1 << SETTING_BLOB,
	.check = check,
	.fetch = fetch,
	.enrol = enrol,
};

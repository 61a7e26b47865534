// SPDX-License-Identifier: GPL-2.0-or-later
/* See verify-kit.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "verify-kit.h"

struct blob read_blob(const char *path)
{
	struct blob blob = { NULL, 0 };
	FILE *file = fopen(path, "rb");
	long size;

	if (!file)
		fail_msg("cannot open %s", path);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	blob.len = (size_t)size;
	blob.data = malloc(blob.len);
	assert_non_null(blob.data);
	assert_int_equal(fread(blob.data, 1, blob.len, file), blob.len);
	fclose(file);
	return blob;
}

struct blob read_vector(const char *name)
{
	const char *source = getenv("TEST_SOURCE_DIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/../vectors/%s", source ? source : ".", name);
	return read_blob(path);
}

struct blob pem_to_der(struct blob pem, int index)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	struct blob der = { NULL, 0 };
	X509 *cert = NULL;
	int len;

	for (int i = 0; i <= index; i++) {
		X509_free(cert);
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		assert_non_null(cert);
	}
	len = i2d_X509(cert, &der.data);
	assert_true(len > 0);
	der.len = (size_t)len;
	X509_free(cert);
	BIO_free(bio);
	return der;
}

struct blob blob_from_hex(const char *hex)
{
	struct blob blob = { calloc(1, strlen(hex) / 2 + 1), strlen(hex) / 2 };

	assert_non_null(blob.data);
	for (size_t i = 0; i < blob.len; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &blob.data[i]), 1);
	return blob;
}

size_t flip_step(void)
{
	const char *text = getenv("TEST_FLIP_STEP");
	unsigned long step = text ? strtoul(text, NULL, 10) : 1;

	return step ? step : 1;
}

void free_blob(struct blob *blob)
{
	free(blob->data);
	blob->data = NULL;
}

struct tee_bytes blob_bytes(struct blob blob)
{
	return (struct tee_bytes){ blob.data, blob.len };
}

static size_t find_check(const tee_verdict *v, const char *wanted)
{
	const char *name;
	size_t i;

	for (i = 0; !tee_verdict_get(v, i, &name, NULL, NULL); i++)
		if (!strcmp(name, wanted))
			break;
	return i;
}

int check_result(const tee_verdict *v, const char *name)
{
	enum tee_check_result result;

	return tee_verdict_get(v, find_check(v, name), NULL, &result, NULL) ? -1 : (int)result;
}

const char *check_text(const tee_verdict *v, const char *name)
{
	const char *text;

	return tee_verdict_get(v, find_check(v, name), NULL, NULL, &text) ? "" : text;
}

const char *fact(const tee_verdict *v, const char *wanted)
{
	const char *name, *value;

	for (size_t i = 0; !tee_verdict_fact(v, i, &name, &value); i++)
		if (!strcmp(name, wanted))
			return value;
	return "";
}

void print_verdict(const tee_verdict *v)
{
	static const char *const words[] = { "passed", "FAILED", "not made", "WARNING" };
	const char *name, *text;
	enum tee_check_result result;

	for (size_t i = 0; !tee_verdict_get(v, i, &name, &result, &text); i++)
		print_message("%-22s %-8s %s\n", name, words[result], text);
}

void assert_good(const tee_verdict *v)
{
	if (!tee_verdict_ok(v) || tee_verdict_first_failure(v)) {
		print_verdict(v);
		fail_msg("the verdict is bad: %s", tee_verdict_first_failure(v));
	}
}

/* What the report says is genuine, whatever else is wrong. */
static bool report_is_genuine(const tee_verdict *v)
{
	if (strcmp(fact(v, "provider"), "se"))
		return check_result(v, "signature") == TEE_CHECK_PASSED;
	return check_result(v, "measurement") == TEE_CHECK_PASSED &&
	       check_result(v, "challenge.request") != TEE_CHECK_FAILED;
}

void assert_rejected(const tee_verdict *v)
{
	static const char *const rest_on_report[] = {
		"report.product", "tcb.format", "tcb.order", "tcb.certificate", "chip_id", "policy",
		"policy.debug", "policy.migration", "author_key", "vmpl", "measurement", "min_tcb",
		"guest_svn", "product", "binding.root", "binding.tag", "claims.format", "claims.taint",
		"nonce", "workload", "image", "td.attributes", "td.xfam", "td.sept_ve_disable", "rtmr0", "rtmr1",
		"rtmr2", "rtmr3", "tdx_module", "tcb.status", "event_log.replay", "event_log.events",
		"additional.format", "additional.attestation_host", "additional.image_host",
		"host_keys", "config_uid", "policy.dump", "policy.encryption",
	};
	const char *failure = tee_verdict_first_failure(v);

	assert_false(tee_verdict_ok(v));
	assert_non_null(failure);
	assert_true(strlen(check_text(v, failure)) > 0);
	if (report_is_genuine(v))
		return;
	for (size_t i = 0; i < sizeof(rest_on_report) / sizeof(rest_on_report[0]); i++)
		if (strcmp(rest_on_report[i], "measurement") || strcmp(fact(v, "provider"), "se"))
			assert_int_not_equal(check_result(v, rest_on_report[i]), TEE_CHECK_PASSED);
}

void assert_rejected_by(const tee_verdict *v, const char *name)
{
	const char *failure = tee_verdict_first_failure(v);

	assert_rejected(v);
	if (strcmp(failure, name)) {
		print_verdict(v);
		fail_msg("rejected by %s instead of %s", failure, name);
	}
}

static int result_from_word(const char *word)
{
	static const char *const words[] = { "passed", "failed", "not-made", "warning" };

	for (int i = 0; i < 4; i++)
		if (!strcmp(words[i], word))
			return i;
	fail_msg("unknown result %s", word);
	return -1;
}

bool as_expected(const tee_verdict *v, const char *name, char *expected)
{
	const char *failure = tee_verdict_first_failure(v), *wanted = strsep(&expected, ",");
	bool good = !strcmp(failure ? failure : "good", wanted) &&
		    !tee_verdict_ok(v) == !!failure;
	char *more;

	if (failure)
		assert_rejected(v);
	if (!good)
		print_error("%s: %s instead of %s\n", name, failure ? failure : "good", wanted);
	while ((more = strsep(&expected, ","))) {
		const char *check = strsep(&more, "=");

		if (check_result(v, check) == result_from_word(more))
			continue;
		print_error("%s: %s is not %s\n", name, check, more);
		good = false;
	}
	if (!good)
		print_verdict(v);
	return good;
}

bool split_fields(char *line, char **fields, size_t count)
{
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < count; i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			return false;
	}
	return !line;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegatectl verify: the relying party's command. Needs the evidence, a trust anchor and what one
 * expects; no TEE, no kernel module, no daemon, no network.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tee-verify.h>

#include "cli.h"
#include "verify-show.h"

#define REPORT_SIZE	1184	/* a bare SEV-SNP report */
#define TDREPORT_SIZE	1024
#define TCB_SIZE	8
#define HASH_SIZE	48
#define RTMRS		4
#define ARPK_SIZE	32
#define CONFIG_UID_SIZE	16
#define NONCE_MAX	256

static const char help[] =
"Usage: teegatectl verify [OPTIONS] --root FILE EVIDENCE...\n"
"       teegatectl verify [OPTIONS] --arpk FILE --hdr FILE EVIDENCE...\n"
"\n"
"Judges evidence (CBOR, as `teegatectl report` writes it), a bare SEV-SNP report\n"
"of 1184 bytes, a bare TDX quote or an exchange file of pvattest. \"-\" is standard\n"
"input. Prints what the evidence says, every check, and what was not checked\n"
"because no expected value was given.\n"
"\n"
"Certificates, PEM or DER (not for Secure Execution, where nothing is signed):\n"
"  --root FILE          trust anchor: AMD's ARK (the file of ASK and ARK will do)\n"
"                       or Intel's SGX root\n"
"\n"
"SEV-SNP:\n"
"  --ask FILE           ASK or ASVK; default: the one in the evidence\n"
"                       (also --asvk, --intermediate)\n"
"  --vcek FILE          VCEK or VLEK; default: the one in the evidence\n"
"                       (also --vlek, --leaf)\n"
"  --crl FILE           revocation list of the root\n"
"  --min-tcb TCB        lowest acceptable REPORTED_TCB: 16 hex digits as in the\n"
"                       report, or parts: bl=4,tee=0,snp=24,ucode=219 (Turin:\n"
"                       also fmc=)\n"
"  --min-svn N          lowest acceptable guest SVN\n"
"  --product NAME       Milan, Genoa or Turin\n"
"  --vmpl N|any         VMPL of the guest kernel (default 0)\n"
"\n"
"TDX:\n"
"  --collateral FILE    what Intel publishes about the platform, one JSON object;\n"
"                       without it TCB status and revocation stay unknown\n"
"  --tcb-status LIST    accepted beside UpToDate: SWHardeningNeeded,\n"
"                       ConfigurationNeeded, ConfigurationAndSWHardeningNeeded,\n"
"                       OutOfDate, OutOfDateConfigurationNeeded\n"
"  --rtmr N=HEX         runtime register 0 to 3, 48 bytes (again for another)\n"
"  --td-attributes VALUE[/MASK]\n"
"  --xfam VALUE[/MASK]  64-bit numbers, 0x for hexadecimal; default mask: all\n"
"\n"
"Secure Execution (IBM Z):\n"
"  --arpk FILE          secret of the request, which you have made: 32 bytes, as\n"
"                       `pvattest create --arpk` writes it\n"
"  --hdr FILE           header of the guest's image, or the image\n"
"  --request FILE       the very request; without it an answer to an older one\n"
"                       under the same secret is as good\n"
"  --config-uid HEX     configuration UID of the guest, 16 bytes\n"
"  --host-key FILE      certificate of a machine that may answer, PEM (again for\n"
"                       another); taken as it is, its issuer is not judged\n"
"\n"
"Expectations; what is not given is not checked:\n"
"  --nonce HEX          data that the caller put in (also --user-data)\n"
"  --workload NAME      the workload that asked\n"
"  --image-digest DIGEST\n"
"                       the image it runs, sha256:HEX, on the word of the guest's\n"
"                       own container runtime\n"
"  --image-voucher VOUCHER\n"
"                       on that word, too: runtime:uid:N for those of user N\n"
"  --measurement HEX    launch measurement (TDX: MRTD), 48 bytes\n"
"  --time TIME          moment at which certificates and collateral count:\n"
"                       2026-11-23, 2026-11-23T12:00:00Z or seconds since 1970\n"
"                       (default: now)\n"
"\n"
"Refused unless allowed:\n"
"  --allow-debug        a guest that the host may debug\n"
"  --allow-raw          evidence that does not say who asked\n"
"\n"
"Output:\n"
"  --json               one JSON object\n"
"  --quiet              nothing; the exit status says it all\n"
"  --help               this text\n"
"\n"
"Exit status: 0 all evidence is good, 1 some is bad, 2 usage, 4 file trouble.\n";

enum {
	OPT_ROOT = 256, OPT_ASK, OPT_LEAF, OPT_CRL, OPT_NONCE, OPT_WORKLOAD, OPT_MEASUREMENT,
	OPT_MIN_TCB, OPT_MIN_SVN, OPT_PRODUCT, OPT_VMPL, OPT_TIME, OPT_DEBUG, OPT_RAW, OPT_JSON,
	OPT_QUIET, OPT_HELP, OPT_COLLATERAL, OPT_TCB_STATUS, OPT_RTMR, OPT_ATTRIBUTES, OPT_XFAM,
	OPT_IMAGE, OPT_VOUCHER, OPT_ARPK, OPT_HDR, OPT_REQUEST, OPT_CONFIG_UID, OPT_HOST_KEY,
};

static const struct option options[] = {
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "ark", required_argument, NULL, OPT_ROOT },
	{ "ask", required_argument, NULL, OPT_ASK },
	{ "asvk", required_argument, NULL, OPT_ASK },
	{ "intermediate", required_argument, NULL, OPT_ASK },
	{ "vcek", required_argument, NULL, OPT_LEAF },
	{ "vlek", required_argument, NULL, OPT_LEAF },
	{ "leaf", required_argument, NULL, OPT_LEAF },
	{ "crl", required_argument, NULL, OPT_CRL },
	{ "nonce", required_argument, NULL, OPT_NONCE },
	{ "user-data", required_argument, NULL, OPT_NONCE },
	{ "workload", required_argument, NULL, OPT_WORKLOAD },
	{ "image-digest", required_argument, NULL, OPT_IMAGE },
	{ "image-voucher", required_argument, NULL, OPT_VOUCHER },
	{ "measurement", required_argument, NULL, OPT_MEASUREMENT },
	{ "min-tcb", required_argument, NULL, OPT_MIN_TCB },
	{ "min-svn", required_argument, NULL, OPT_MIN_SVN },
	{ "product", required_argument, NULL, OPT_PRODUCT },
	{ "vmpl", required_argument, NULL, OPT_VMPL },
	{ "collateral", required_argument, NULL, OPT_COLLATERAL },
	{ "tcb-status", required_argument, NULL, OPT_TCB_STATUS },
	{ "rtmr", required_argument, NULL, OPT_RTMR },
	{ "td-attributes", required_argument, NULL, OPT_ATTRIBUTES },
	{ "xfam", required_argument, NULL, OPT_XFAM },
	{ "arpk", required_argument, NULL, OPT_ARPK },
	{ "hdr", required_argument, NULL, OPT_HDR },
	{ "request", required_argument, NULL, OPT_REQUEST },
	{ "config-uid", required_argument, NULL, OPT_CONFIG_UID },
	{ "host-key", required_argument, NULL, OPT_HOST_KEY },
	{ "time", required_argument, NULL, OPT_TIME },
	{ "allow-debug", no_argument, NULL, OPT_DEBUG },
	{ "allow-raw", no_argument, NULL, OPT_RAW },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Parts of a TCB and where they stand, Milan and Genoa first, then Turin; -1: not there. */
static const struct {
	const char *name;
	int at, at_turin;
} tcb_parts[] = {
	{ "fmc", -1, 0 }, { "bl", 0, 1 }, { "tee", 1, 2 }, { "snp", 6, 3 }, { "ucode", 7, 7 },
};

#define TCB_PARTS (sizeof(tcb_parts) / sizeof(tcb_parts[0]))

struct request {
	struct tee_verify_params params;
	struct buffer root, ask, leaf, crl, nonce, measurement, min_tcb, collateral;
	struct buffer rtmr[RTMRS];
	struct buffer arpk, hdr, challenge, config_uid, host_keys;
	/* --min-tcb by parts: the layout is known once the product is */
	bool tcb_by_parts;
	uint8_t tcb[TCB_PARTS];
	bool tcb_given[TCB_PARTS];
	bool json, quiet;
};

static void request_done(struct request *q)
{
	if (q->arpk.data)
		explicit_bzero(q->arpk.data, q->arpk.len);
	buffer_free(&q->arpk);
	buffer_free(&q->hdr);
	buffer_free(&q->challenge);
	buffer_free(&q->config_uid);
	buffer_free(&q->host_keys);
	buffer_free(&q->root);
	buffer_free(&q->ask);
	buffer_free(&q->leaf);
	buffer_free(&q->crl);
	buffer_free(&q->nonce);
	buffer_free(&q->measurement);
	buffer_free(&q->min_tcb);
	buffer_free(&q->collateral);
	for (size_t i = 0; i < RTMRS; i++)
		buffer_free(&q->rtmr[i]);
}

static int take_file(const char *path, struct buffer *buffer, struct tee_bytes *span)
{
	buffer_free(buffer);
	if (read_file(path, buffer) < 0)
		return STATUS_LOCAL;
	*span = (struct tee_bytes){ buffer->data, buffer->len };
	if (buffer->len)
		return STATUS_OK;
	return complain(STATUS_LOCAL, "%s is empty", path);
}

/* 64 bytes, but for what is raw in Secure Execution. */
static int take_nonce(const char *text, struct request *q)
{
	buffer_free(&q->nonce);
	if (parse_hex(text, &q->nonce) < 0 || q->nonce.len > NONCE_MAX)
		return usage_error(&cmd_verify, "--nonce takes up to 64 bytes in hexadecimal, 256 "
				   "for raw evidence of Secure Execution");
	q->params.nonce = q->nonce.data;
	q->params.nonce_len = q->nonce.len;
	return STATUS_OK;
}

static int take_measurement(const char *text, struct request *q)
{
	buffer_free(&q->measurement);
	if (parse_hex(text, &q->measurement) < 0 || q->measurement.len != HASH_SIZE)
		return usage_error(&cmd_verify, "--measurement takes 96 hexadecimal digits");
	q->params.measurement = (struct tee_bytes){ q->measurement.data, q->measurement.len };
	return STATUS_OK;
}

static bool take_tcb_part(const char *name, const char *value, struct request *q)
{
	unsigned long number;

	for (size_t i = 0; i < TCB_PARTS; i++) {
		if (strcmp(name, tcb_parts[i].name))
			continue;
		if (!value || q->tcb_given[i] || parse_number(value, UINT8_MAX, &number) < 0)
			return false;
		q->tcb[i] = (uint8_t)number;
		q->tcb_given[i] = true;
		return true;
	}
	return false;
}

static int take_tcb_parts(const char *text, struct request *q)
{
	char *copy = must(strdup(text)), *rest = copy, *part;
	bool good = true;

	while (good && (part = strsep(&rest, ","))) {
		char *name = strsep(&part, "=");

		good = take_tcb_part(name, part, q);
	}
	free(copy);
	q->tcb_by_parts = true;
	return good ? STATUS_OK :
		usage_error(&cmd_verify, "--min-tcb: cannot read %s; say for example bl=4,snp=24", text);
}

static int take_min_tcb(const char *text, struct request *q)
{
	buffer_free(&q->min_tcb);
	q->params.min_tcb = (struct tee_bytes){ NULL, 0 };
	if (strchr(text, '='))
		return take_tcb_parts(text, q);
	if (parse_hex(text, &q->min_tcb) < 0 || q->min_tcb.len != TCB_SIZE)
		return usage_error(&cmd_verify, "--min-tcb takes 16 hexadecimal digits or parts");
	q->params.min_tcb = (struct tee_bytes){ q->min_tcb.data, q->min_tcb.len };
	return STATUS_OK;
}

static int take_vmpl(const char *text, struct request *q)
{
	unsigned long vmpl;

	if (!strcmp(text, "any")) {
		q->params.vmpl = -1;
		return STATUS_OK;
	}
	if (parse_number(text, 3, &vmpl) < 0)
		return usage_error(&cmd_verify, "--vmpl takes 0, 1, 2, 3 or any");
	q->params.vmpl = (int)vmpl;
	return STATUS_OK;
}

static int take_min_svn(const char *text, struct request *q)
{
	unsigned long svn;

	if (parse_number(text, UINT32_MAX, &svn) < 0)
		return usage_error(&cmd_verify, "--min-svn takes a number of 32 bits");
	q->params.min_guest_svn = (uint32_t)svn;
	return STATUS_OK;
}

static int take_product(const char *text, struct request *q)
{
	if (strcmp(text, "Milan") && strcmp(text, "Genoa") && strcmp(text, "Turin"))
		return usage_error(&cmd_verify, "--product takes Milan, Genoa or Turin");
	q->params.product = text;
	return STATUS_OK;
}

/* The library knows the names; it refuses a list that it cannot use. */
static int take_tcb_status(const char *text, struct request *q)
{
	static const char *const names[] = {
		"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
		"ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded",
	};
	char *copy = must(strdup(text)), *rest = copy, *name;
	bool good = true;

	while (good && (name = strsep(&rest, ","))) {
		good = false;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			good |= !strcmp(name, names[i]);
	}
	free(copy);
	q->params.tcb_status = text;
	return good ? STATUS_OK :
		usage_error(&cmd_verify, "--tcb-status takes names such as SWHardeningNeeded, "
			    "with commas; \"Revoked\" cannot be accepted");
}

static int take_rtmr(const char *text, struct request *q)
{
	unsigned int n = (unsigned int)(text[0] - '0');
	struct buffer *to = &q->rtmr[n < RTMRS ? n : 0];

	if (n >= RTMRS || text[1] != '=')
		return usage_error(&cmd_verify, "--rtmr takes N=HEX with N from 0 to 3");
	buffer_free(to);
	if (parse_hex(text + 2, to) < 0 || to->len != HASH_SIZE)
		return usage_error(&cmd_verify, "--rtmr takes 96 hexadecimal digits after the =");
	q->params.rtmr[n] = (struct tee_bytes){ to->data, to->len };
	return STATUS_OK;
}

static bool take_number64(const char *text, char end, uint64_t *ret, const char **ret_rest)
{
	unsigned long long number;
	char *rest;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &rest, 0);
	*ret = number;
	*ret_rest = *rest ? rest + 1 : rest;
	return !errno && rest != text && (!*rest || *rest == end);
}

static int take_masked(const char *text, const char *option, uint64_t *ret_value,
		       uint64_t *ret_mask)
{
	const char *rest;
	bool good;

	*ret_mask = UINT64_MAX;
	good = take_number64(text, '/', ret_value, &rest);
	if (good && strchr(text, '/'))
		good = take_number64(rest, '\0', ret_mask, &rest);
	if (good && !(*ret_value & ~*ret_mask))
		return STATUS_OK;
	return usage_error(&cmd_verify, "--%s takes a number, or a number within a mask: "
			   "0x10000000/0xffffffff", option);
}

static int take_arpk(const char *path, struct request *q)
{
	int status;

	if (q->arpk.data)
		return usage_error(&cmd_verify, "--arpk can be given once");
	status = take_file(path, &q->arpk, &q->params.arpk);
	if (!status && q->arpk.len != ARPK_SIZE)
		status = complain(STATUS_LOCAL,
				  "%s has %zu bytes, an ARPK has %d", path, q->arpk.len,
				  ARPK_SIZE);
	return status;
}

static int take_config_uid(const char *text, struct request *q)
{
	buffer_free(&q->config_uid);
	if (parse_hex(text, &q->config_uid) < 0 || q->config_uid.len != CONFIG_UID_SIZE)
		return usage_error(&cmd_verify, "--config-uid takes 32 hexadecimal digits");
	q->params.config_uid = (struct tee_bytes){ q->config_uid.data, q->config_uid.len };
	return STATUS_OK;
}

/* Several make one bundle of PEM. */
static int take_host_key(const char *path, struct request *q)
{
	struct buffer more _cleanup_buffer_ = { NULL, 0 }, *all = &q->host_keys;

	if (read_file(path, &more) < 0)
		return STATUS_LOCAL;
	if (!more.len)
		return complain(STATUS_LOCAL, "%s is empty", path);
	all->data = must(realloc(all->data, all->len + 1 + more.len));
	/* The last file may lack the end of its last line. */
	if (all->len)
		all->data[all->len++] = '\n';
	memcpy(all->data + all->len, more.data, more.len);
	all->len += more.len;
	q->params.host_keys = (struct tee_bytes){ all->data, all->len };
	return STATUS_OK;
}

/* As claims write it; what is of another length is another digest. */
static int take_image(const char *text, struct request *q)
{
	const char *colon = strchr(text, ':');

	q->params.image_digest = text;
	if (colon && colon != text && colon[1] && !colon[1 + strspn(colon + 1, "0123456789abcdef")])
		return STATUS_OK;
	return usage_error(&cmd_verify, "--image-digest takes sha256: and lower-case hexadecimal digits");
}

static int take_time(const char *text, struct request *q)
{
	if (parse_time(text, &q->params.time) < 0 || q->params.time <= 0)
		return usage_error(&cmd_verify, "--time: cannot read %s", text);
	return STATUS_OK;
}

/* STATUS_OK, or what to exit with. */
static int take_option(int option, const char *value, struct request *q)
{
	switch (option) {
	case OPT_ROOT:
		return take_file(value, &q->root, &q->params.root);
	case OPT_ASK:
		return take_file(value, &q->ask, &q->params.intermediates);
	case OPT_LEAF:
		return take_file(value, &q->leaf, &q->params.leaf);
	case OPT_CRL:
		return take_file(value, &q->crl, &q->params.crl);
	case OPT_NONCE:
		return take_nonce(value, q);
	case OPT_WORKLOAD:
		q->params.workload = value;
		return STATUS_OK;
	case OPT_IMAGE:
		return take_image(value, q);
	case OPT_VOUCHER:
		q->params.image_voucher = value;
		return STATUS_OK;
	case OPT_MEASUREMENT:
		return take_measurement(value, q);
	case OPT_MIN_TCB:
		return take_min_tcb(value, q);
	case OPT_MIN_SVN:
		return take_min_svn(value, q);
	case OPT_PRODUCT:
		return take_product(value, q);
	case OPT_VMPL:
		return take_vmpl(value, q);
	case OPT_COLLATERAL:
		return take_file(value, &q->collateral, &q->params.collateral);
	case OPT_TCB_STATUS:
		return take_tcb_status(value, q);
	case OPT_RTMR:
		return take_rtmr(value, q);
	case OPT_ATTRIBUTES:
		return take_masked(value, "td-attributes", &q->params.td_attributes,
				   &q->params.td_attributes_mask);
	case OPT_XFAM:
		return take_masked(value, "xfam", &q->params.xfam, &q->params.xfam_mask);
	case OPT_ARPK:
		return take_arpk(value, q);
	case OPT_HDR:
		return take_file(value, &q->hdr, &q->params.se_header);
	case OPT_REQUEST:
		return take_file(value, &q->challenge, &q->params.challenge);
	case OPT_CONFIG_UID:
		return take_config_uid(value, q);
	case OPT_HOST_KEY:
		return take_host_key(value, q);
	case OPT_TIME:
		return take_time(value, q);
	case OPT_DEBUG:
		q->params.flags |= TEE_VERIFY_ALLOW_DEBUG;
		return STATUS_OK;
	case OPT_RAW:
		q->params.flags |= TEE_VERIFY_ALLOW_RAW;
		return STATUS_OK;
	case OPT_JSON:
		q->json = true;
		return STATUS_OK;
	case OPT_QUIET:
		q->quiet = true;
		return STATUS_OK;
	default:
		return usage_hint(&cmd_verify);
	}
}

/*
 * By the small numbers it begins with, version and key type, whether or not they are good ones. An
 * evidence item begins otherwise, being a CBOR map, and so does a report of SEV-SNP.
 */
static bool is_quote(const struct buffer *input)
{
	const uint8_t *data = input->data;
	bool quote = input->len > 8 && data[0] && data[0] < 16 && !data[1] && data[2] && !data[3];

	return quote || (input->len == TDREPORT_SIZE && data[0] == 0x81);
}

/* An evidence item may be as long, but begins as a CBOR map: a report of version 160 or more. */
static bool is_report(const struct buffer *input)
{
	return input->len == REPORT_SIZE && input->data[0] >> 5 != 5;
}

static int judge(const struct buffer *input, const struct tee_verify_params *params,
		 tee_verdict **ret)
{
	int r;

	if (input->len >= 8 && !memcmp(input->data, "pvattest", 8))
		r = tee_verify_se_exchange(input->data, input->len, params, ret);
	else if (is_report(input))
		r = tee_verify_snp_report(input->data, input->len, params, ret);
	else if (is_quote(input))
		r = tee_verify_tdx_quote(input->data, input->len, params, ret);
	else
		r = tee_verify(input->data, input->len, params, ret);
	if (r < 0)
		return complain(STATUS_LOCAL, "cannot verify: %s", strerror(-r));
	return STATUS_OK;
}

/* The parts get their places once a first look has told the product. */
static int place_tcb(const struct request *q, const tee_verdict *first, uint8_t *tcb)
{
	const char *product = find_fact(first, "report.product");
	bool turin = product && !strcmp(product, "Turin");

	memset(tcb, 0, TCB_SIZE);
	for (size_t i = 0; i < TCB_PARTS; i++) {
		int at = turin ? tcb_parts[i].at_turin : tcb_parts[i].at;

		if (!q->tcb_given[i])
			continue;
		if (at < 0)
			return usage_error(&cmd_verify, "--min-tcb: %s has no part \"%s\"",
					   product ? product : "this product", tcb_parts[i].name);
		tcb[at] = q->tcb[i];
	}
	return STATUS_OK;
}

static int judge_with_parts(const struct buffer *input, const struct request *q, tee_verdict **ret)
{
	struct tee_verify_params params = q->params;
	tee_verdict *first = NULL;
	uint8_t tcb[TCB_SIZE];
	int status;

	status = judge(input, &params, &first);
	if (!status)
		status = place_tcb(q, first, tcb);
	tee_verdict_free(first);
	params.min_tcb = (struct tee_bytes){ tcb, sizeof(tcb) };
	return status ? status : judge(input, &params, ret);
}

static int verify_file(const char *file, const struct request *q, struct json_object *results)
{
	struct buffer input _cleanup_buffer_ = { NULL, 0 };
	tee_verdict *verdict = NULL;
	int status;

	if (read_file(file, &input) < 0)
		return STATUS_LOCAL;
	status = q->tcb_by_parts ? judge_with_parts(&input, q, &verdict) :
				   judge(&input, &q->params, &verdict);
	if (status)
		return status;
	if (q->json)
		json_object_array_add(results, verdict_to_json(file, verdict));
	else if (!q->quiet)
		show_verdict(file, verdict);
	status = tee_verdict_ok(verdict) ? STATUS_OK : STATUS_REFUSED;
	tee_verdict_free(verdict);
	return status;
}

/* The worst status decides, but each file is judged. */
static int verify_files(int count, char **files, const struct request *q)
{
	struct json_object *results = must(json_object_new_array());
	struct json_object *whole = js_new();
	int worst = STATUS_OK;

	for (int i = 0; i < count; i++) {
		int status;

		if (i && !q->json && !q->quiet)
			putchar('\n');
		status = verify_file(files[i], q, results);
		worst = status > worst ? status : worst;
	}
	js_bool(whole, "ok", worst == STATUS_OK);
	js_put(whole, "results", results);
	if (q->json)
		js_print(whole);
	else
		json_object_put(whole);
	return worst;
}

static int run(int argc, char **argv)
{
	struct request q = { .params = { .size = sizeof(q.params), .time = time(NULL) } };
	int option, status = STATUS_OK;

	while (!status && (option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == OPT_HELP) {
			request_done(&q);
			return show_help(&cmd_verify);
		}
		status = take_option(option, optarg, &q);
	}
	if (!status && !q.params.root.len && !q.params.arpk.len)
		status = usage_error(&cmd_verify,
				     "--root is needed, or --arpk: whom do you trust?");
	if (!status && q.params.arpk.len && !q.params.se_header.len)
		status = usage_error(&cmd_verify,
				     "--hdr is needed with --arpk: which guest is it?");
	if (!status && q.params.image_voucher && !q.params.image_digest)
		status = usage_error(&cmd_verify, "--image-voucher needs --image-digest");
	if (!status && optind == argc)
		status = usage_error(&cmd_verify, "no evidence given");
	if (!status)
		status = verify_files(argc - optind, argv + optind, &q);
	request_done(&q);
	return status;
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "judge evidence or a bare report",
	.help = help,
	.run = run,
};

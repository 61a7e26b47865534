// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegatectl extract: takes an evidence item apart, for tools that know nothing of teegate. Needs
 * no TEE and proves nothing: only `verify` judges.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tee.h>

#include "cli.h"

#define LABEL_WIDTH	16

static const char help[] =
"Usage: teegatectl extract [OPTIONS] EVIDENCE\n"
"\n"
"Writes the parts of an evidence item to files in a directory:\n"
"\n"
"  report.bin     the vendor's report, as the TEE signed it; of TDX: quote.bin,\n"
"                 or tdreport.bin if it is a local one; of Secure Execution:\n"
"                 measurement.bin\n"
"  certs.bin      certificate table, as the host gave it (SEV-SNP, if any)\n"
"  eventlog.bin   event log, crypto agile format of the TCG (TDX, if any)\n"
"  vcek.der vlek.der ask.der ark.der   what is in that table (SEV-SNP)\n"
"  arcb.bin additional.bin config_uid.bin report_data.bin   request, additional\n"
"                 data, configuration UID and all user data (Secure Execution)\n"
"  exchange.bin   the same for pvattest, without who asked\n"
"  claims.cbor user_data.bin blind.bin path.bin   the binding record (if bound)\n"
"\n"
"  --directory DIR  where to (default: the current directory); made if missing\n"
"  --json           list the files as JSON\n"
"  --help           this text\n"
"\n"
"Nothing is verified.\n"
"Exit status: 0 done, 1 not an evidence item, 2 usage, 4 file trouble.\n";

static const struct option options[] = {
	{ "directory", required_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct work {
	const char *directory;
	struct json_object *files;	/* names and sizes */
	int status;
};

static void put_file(struct work *w, const char *name, const uint8_t *data, size_t len)
{
	char *path;

	if (w->status)
		return;
	path = format_text("%s/%s", w->directory, name);
	if (write_file(path, data, len) < 0)
		w->status = STATUS_LOCAL;
	else
		js_number(w->files, name, len);
	free(path);
}

static const struct {
	const char *name;
	int (*get)(const tee_evidence *, const uint8_t **, size_t *);
} parts[] = {
	{ "eventlog.bin", tee_evidence_get_event_log },
	{ "arcb.bin", tee_evidence_get_challenge },
	{ "config_uid.bin", tee_evidence_get_config_uid },
	{ "report_data.bin", tee_evidence_get_report_data },
	{ "claims.cbor", tee_evidence_get_claims },
	{ "user_data.bin", tee_evidence_get_user_data },
	{ "blind.bin", tee_evidence_get_blind },
};

static void put_report(struct work *w, const tee_evidence *evidence, const char *provider)
{
	const uint8_t *data;
	size_t len;
	char *name;

	if (tee_evidence_get_report(evidence, &data, &len))
		return;
	name = format_text("%s.bin", report_kind(provider, data, len));
	put_file(w, name, data, len);
	free(name);
}

/* Key 4 is something else for each provider. */
static void put_aux(struct work *w, const tee_evidence *evidence, const char *provider)
{
	const uint8_t *data;
	size_t len;

	if (!tee_evidence_get_aux(evidence, &data, &len))
		put_file(w, !strcmp(provider, "se") ? "additional.bin" : "certs.bin", data, len);
}

static void put_exchange(struct work *w, const tee_evidence *evidence)
{
	uint8_t *data;
	size_t len;

	if (tee_evidence_to_exchange(evidence, &data, &len))
		return;
	put_file(w, "exchange.bin", data, len);
	free(data);
}

static void put_parts(struct work *w, const tee_evidence *evidence)
{
	uint32_t index, size;
	const uint8_t *data;
	size_t len;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!parts[i].get(evidence, &data, &len))
			put_file(w, parts[i].name, data, len);
	if (!tee_evidence_get_tree(evidence, &index, &size, &data, &len) && len)
		put_file(w, "path.bin", data, len);
}

static const struct {
	uint8_t guid[16];
	const char *name;
} certificates[] = {
	{ { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8,
	    0xac, 0xcd }, "vcek.der" },
	{ { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0,
	    0xb8, 0xa1 }, "vlek.der" },
	{ { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27,
	    0xc7, 0x82 }, "ask.der" },
	{ { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c,
	    0xd0, 0xae }, "ark.der" },
};

#define ENTRY_SIZE 24

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The host made the table: offsets and lengths are whatever it liked. */
static void put_certificates(struct work *w, const uint8_t *table, size_t len)
{
	static const uint8_t zero[16];

	for (size_t at = 0; at + ENTRY_SIZE <= len && memcmp(table + at, zero, sizeof(zero));
	     at += ENTRY_SIZE) {
		size_t offset = le32(table + at + 16), size = le32(table + at + 20);

		for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
			if (memcmp(table + at, certificates[i].guid, sizeof(zero)))
				continue;
			if (offset > len || size > len - offset)
				complain(0, "%s in the certificate table points outside of it",
					 certificates[i].name);
			else
				put_file(w, certificates[i].name, table + offset, size);
		}
	}
}

static void list_files(struct work *w)
{
	json_object_object_foreach(w->files, name, size) {
		char *text = format_text("%llu bytes",
					 (unsigned long long)json_object_get_int64(size));

		print_field(name, LABEL_WIDTH, text);
		free(text);
	}
}

static void tell(struct work *w, const char *provider, bool json)
{
	struct json_object *whole;

	if (!json) {
		print_title("Parts of %s evidence in %s; nothing was verified", provider,
			    w->directory);
		list_files(w);
		return;
	}
	whole = js_new();
	js_text(whole, "provider", provider);
	js_text(whole, "directory", w->directory);
	js_put(whole, "files", json_object_get(w->files));
	js_print(whole);
}

static int extract(const char *file, const char *directory, bool json)
{
	struct buffer input _cleanup_buffer_ = { NULL, 0 };
	struct work w = { .directory = directory };
	tee_evidence *evidence = NULL;
	const char *provider = "?";
	const uint8_t *aux;
	size_t aux_len;
	int r;

	if (read_file(file, &input) < 0)
		return STATUS_LOCAL;
	r = tee_evidence_parse(input.data, input.len, &evidence);
	if (r < 0)
		return complain(r == -ENOMEM ? STATUS_LOCAL : STATUS_REFUSED, "%s: %s", file,
				tee_strerror(r));
	w.files = js_new();
	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		w.status = complain(STATUS_LOCAL, "cannot make %s: %s", directory, strerror(errno));
	tee_evidence_get_provider(evidence, &provider);
	put_report(&w, evidence, provider);
	put_aux(&w, evidence, provider);
	put_parts(&w, evidence);
	put_exchange(&w, evidence);
	if (!strcmp(provider, "sev-snp") && !tee_evidence_get_aux(evidence, &aux, &aux_len))
		put_certificates(&w, aux, aux_len);
	if (!w.status)
		tell(&w, provider, json);
	json_object_put(w.files);
	tee_evidence_free(evidence);
	return w.status;
}

static int run(int argc, char **argv)
{
	const char *directory = ".";
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'd':
			directory = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return show_help(&cmd_extract);
		default:
			return usage_hint(&cmd_extract);
		}
	}
	if (optind + 1 != argc)
		return usage_error(&cmd_extract, "one evidence file, please");
	return extract(argv[optind], directory, json);
}

const struct command cmd_extract = {
	.name = "extract",
	.summary = "take evidence apart into files",
	.help = help,
	.run = run,
};

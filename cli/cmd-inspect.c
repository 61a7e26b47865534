// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl inspect: what a sealed blob says of itself, on any machine. None of it is proven. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sealed.h"

#define LABEL_WIDTH	13

static const char help[] =
"Usage: teegatectl inspect [OPTIONS] [FILE]\n"
"\n"
"Shows the header of what teegatectl seal made, without opening it. Needs no TEE.\n"
"Nobody vouches for what it says before it is opened.\n"
"\n"
"  --json             say it as JSON\n"
"  --help             this text\n"
"\n"
"Exit status: 0 done, 1 damaged, 2 usage, 4 file trouble, or nothing sealed.\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Claims and fields of a guest, by the number of their bit. */
static const char *const claim_names[] = { [1] = "workload", [3] = "image", [6] = "uid" };
static const char *const field_names[] = { "policy", "image-id", "family-id", "measurement", "svn", "tcb" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The bits of @set, each by its name or else its number; malloc()ed. */
static char *set_text(uint64_t set, const char *const names[], size_t count)
{
	char *text = format_text("%s", ""), *longer;

	for (size_t i = 0; i < 64; i++) {
		const char *gap = *text ? ", " : "";

		if (!(set >> i & 1))
			continue;
		longer = i < count && names[i] ? format_text("%s%s%s", text, gap, names[i])
					       : format_text("%s%s%zu", text, gap, i);
		free(text);
		text = longer;
	}
	if (*text)
		return text;
	free(text);
	return format_text("none");
}

static uint64_t get(const uint8_t *from, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | from[i];
	return value;
}

/* What is in the root parameters of SEV-SNP's firmware (doc/keys.md). */
struct snp {
	uint64_t key_select, fields, vmpl, svn, tcb, mitigations, message;
};

static struct snp take_snp(const uint8_t *params)
{
	return (struct snp) {
		.key_select = get(params + 4, 4),
		.fields = get(params + 8, 8),
		.vmpl = get(params + 16, 4),
		.svn = get(params + 20, 4),
		.tcb = get(params + 24, 8),
		.mitigations = get(params + 32, 8),
		.message = get(params + 40, 4),
	};
}

static bool is_snp(const struct tee_blob_info *info)
{
	return info->provider == TEE_PROVIDER_SEV_SNP && info->root_source == TEE_ROOT_FIRMWARE;
}

static void show_number(const char *label, uint64_t value)
{
	char *text = format_text("%llu", (unsigned long long)value);

	print_field(label, LABEL_WIDTH, text);
	free(text);
}

static void show_snp(const uint8_t *params)
{
	const struct snp snp = take_snp(params);
	char *fields = set_text(snp.fields, field_names, COUNT(field_names));
	char *tcb = format_text("0x%016llx", (unsigned long long)snp.tcb);

	print_field("depends on", LABEL_WIDTH, fields);
	show_number("key select", snp.key_select);
	show_number("VMPL", snp.vmpl);
	show_number("guest SVN", snp.svn);
	print_field("TCB", LABEL_WIDTH, tcb);
	free(tcb);
	free(fields);
}

static void show(const struct sealed *sealed, const char *label, const char *root_id, const char *claims)
{
	const struct tee_blob_info *info = &sealed->info;
	char *size = format_text("%zu bytes", sealed->data_len);

	if (sealed->is_file)
		print_title("Sealed file: a blob of version %u with its key, and the data", info->version);
	else
		print_title("Sealed blob of version %u", info->version);
	print_field("label", LABEL_WIDTH, label);
	print_field("data", LABEL_WIDTH, size);
	print_field("sealed on", LABEL_WIDTH, provider_name(info->provider));
	print_field("for", LABEL_WIDTH, claims);
	print_field("root", LABEL_WIDTH, root_source_name(info->root_source));
	print_field("root id", LABEL_WIDTH, root_id);
	if (is_snp(info))
		show_snp(info->params.root_params);
	free(size);
}

static void add_snp(struct json_object *object, const uint8_t *params)
{
	const struct snp snp = take_snp(params);
	struct json_object *part = js_new();

	js_number(part, "rootKeySelect", snp.key_select);
	js_number(part, "guestFieldSelect", snp.fields);
	js_number(part, "vmpl", snp.vmpl);
	js_number(part, "guestSvn", snp.svn);
	js_number(part, "tcbVersion", snp.tcb);
	js_number(part, "mitigationVector", snp.mitigations);
	js_number(part, "messageVersion", snp.message);
	js_put(object, "snp", part);
}

static void show_json(const struct sealed *sealed, const char *label, const char *root_id)
{
	const struct tee_blob_info *info = &sealed->info;
	char *params = hex_text(info->params.root_params, sizeof(info->params.root_params));
	struct json_object *object = js_new(), *claims = must(json_object_new_array());

	js_text(object, "kind", sealed->is_file ? "file" : "blob");
	js_number(object, "version", info->version);
	js_text(object, "label", label);
	js_number(object, "dataBytes", sealed->data_len);
	js_text(object, "provider", provider_name(info->provider));
	for (int i = 0; i < 32; i++)
		if (info->claims >> i & 1)
			json_object_array_add(claims, must(json_object_new_int(i)));
	js_put(object, "claims", claims);
	js_text(object, "rootSource", root_source_name(info->root_source));
	js_text(object, "rootId", root_id);
	js_text(object, "rootParams", params);
	if (is_snp(info))
		add_snp(object, info->params.root_params);
	js_print(object);
	free(params);
}

static int inspect(const char *path, bool json)
{
	struct buffer file _cleanup_buffer_ = { NULL, 0 };
	struct sealed sealed;
	char *label, *root_id, *claims;
	int status;

	status = sealed_read(path, &file, &sealed);
	if (status)
		return status;
	label = escape_bytes(sealed.info.label, sealed.info.label_len);
	root_id = hex_text(sealed.info.params.root_id, sizeof(sealed.info.params.root_id));
	claims = set_text(sealed.info.claims, claim_names, COUNT(claim_names));
	if (json)
		show_json(&sealed, label, root_id);
	else
		show(&sealed, label, root_id, claims);
	free(claims);
	free(root_id);
	free(label);
	return STATUS_OK;
}

static int run(int argc, char **argv)
{
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'h')
			return show_help(&cmd_inspect);
		if (option != 'j')
			return usage_hint(&cmd_inspect);
		json = true;
	}
	if (optind + 1 < argc)
		return usage_error(&cmd_inspect, "one file, please; \"-\" is standard input");
	return inspect(optind < argc ? argv[optind] : "-", json);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.summary = "what a sealed file says of itself",
	.help = help,
	.run = run,
};

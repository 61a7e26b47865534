// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl info: what is known of the TEE, through whichever way this process has to it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>
#include <tee.h>

#include "cli.h"

#define LABEL_WIDTH 19

static const char help[] =
"Usage: teegatectl info [OPTIONS]\n"
"\n"
"Shows what is known of the TEE: its kind, how the kernel module reaches it,\n"
"whether it is up, and what this process may ask it for.\n"
"\n"
"  --target TARGET  fd:N, device:PATH, broker:PATH or fake:[FILE]; default: the\n"
"                   lease in $TEE_LEASE_FD, else /dev/teegate, else the broker\n"
"  --json           one JSON object\n"
"  --help           this text\n"
"\n"
"Exit status: 0 the TEE is up, 1 refused, 2 usage, 3 no TEE, or it is not up.\n";

static const struct option options[] = {
	{ "target", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	uint64_t bit;
	const char *name;
} operations[] = {
	{ TEEGATE_OP_REPORT, "report" },
	{ TEEGATE_OP_RAW_REPORT, "raw-report" },
	{ TEEGATE_OP_EXTEND, "extend" },
	{ TEEGATE_OP_DERIVE_KEY, "derive-key" },
	{ TEEGATE_OP_SEAL, "seal" },
	{ TEEGATE_OP_ADD_SECRET, "add-secret" },
	{ TEEGATE_OP_LIST_SECRETS, "list-secrets" },
	{ TEEGATE_OP_LOCK_SECRETS, "lock-secrets" },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void print_operations(const char *label, uint64_t ops)
{
	char text[128] = "";

	for (size_t i = 0; i < OPERATIONS; i++) {
		if (!(ops & operations[i].bit))
			continue;
		if (*text)
			strcat(text, ", ");
		strcat(text, operations[i].name);
	}
	print_field(label, LABEL_WIDTH, *text ? text : "none");
}

static void print_number(const char *label, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	print_field(label, LABEL_WIDTH, text);
}

static void print_untrusted(const char *label, const char *value)
{
	char *text;

	if (!*value)
		return;
	text = escape_bytes(value, strlen(value));
	print_field(label, LABEL_WIDTH, text);
	free(text);
}

static void print_buffers(const struct tee_info *info)
{
	char *text = format_text("%u of %u", info->in_flight, info->in_flight_max);

	print_field("buffers in flight", LABEL_WIDTH, text);
	free(text);
	print_number("of them given up on", info->quarantined);
}

/* Whether there are keys, and what they come from: through the broker that is not known. */
static void print_roots(const struct tee_info *info)
{
	print_field("root of keys", LABEL_WIDTH, root_source_name(info->root_active));
	for (uint32_t i = 1; i <= TEE_ROOT_DEVELOPMENT; i++)
		if (info->roots >> i & 1 && i != info->root_active)
			print_field("another one", LABEL_WIDTH, root_source_name(i));
}

static void show(const struct tee_info *info)
{
	print_title("TEE of this guest");
	print_field("provider", LABEL_WIDTH, provider_name(info->provider));
	print_field("state", LABEL_WIDTH, state_name(info->state));
	print_untrusted("reason", info->reason);
	print_field("transport", LABEL_WIDTH, transport_name(info->transport));
	if (info->provider == TEEGATE_PROVIDER_SEV_SNP)
		print_number("VMPL", info->vmpl);
	print_operations("module can", info->module_ops);
	print_operations("firmware can", info->firmware_ops);
	print_operations("allowed here", info->lease_ops);
	print_untrusted("workload", info->workload);
	if (info->lease_id)
		print_number("lease", info->lease_id);
	if (info->lease_expires_ms)
		print_number("expires in (ms)", info->lease_expires_ms);
	print_number("reports", info->reports);
	print_number("errors", info->errors);
	if (info->queue_max) {
		print_number("waiting", info->queued);
		print_number("may wait", info->queue_max);
	}
	if (info->in_flight_max)
		print_buffers(info);
	if (info->roots)
		print_roots(info);
	if (info->taint & TEEGATE_TAINT_DEVELOPMENT_ROOT)
		print_field("taint", LABEL_WIDTH, "development root: keys are not protected");
	if (info->taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE) {
		putchar('\n');
		print_alarm("WARNING: SOFTWARE FIRMWARE. The CPU does not confirm this TEE: it is "
			    "simulated, and nothing here is protected by hardware.");
	} else if (info->taint & ~TEEGATE_TAINT_DEVELOPMENT_ROOT) {
		print_field("taint", LABEL_WIDTH, "unknown to this version of teegatectl");
	}
}

static void put_operations(struct json_object *object, const char *name, uint64_t ops)
{
	struct json_object *array = must(json_object_new_array());

	for (size_t i = 0; i < OPERATIONS; i++)
		if (ops & operations[i].bit)
			js_add_text(array, operations[i].name);
	js_put(object, name, array);
}

static void put_roots(struct json_object *object, const struct tee_info *info)
{
	struct json_object *array = must(json_object_new_array());

	for (uint32_t i = 1; i <= TEE_ROOT_DEVELOPMENT; i++)
		if (info->roots >> i & 1)
			js_add_text(array, root_source_name(i));
	js_text(object, "rootActive", root_source_name(info->root_active));
	js_put(object, "roots", array);
}

static void put_untrusted(struct json_object *object, const char *name, const char *value)
{
	char *text;

	if (!*value)
		return;
	text = escape_bytes(value, strlen(value));
	js_text(object, name, text);
	free(text);
}

static void show_json(const struct tee_info *info)
{
	struct json_object *object = js_new();

	js_text(object, "provider", provider_name(info->provider));
	js_text(object, "state", state_name(info->state));
	put_untrusted(object, "reason", info->reason);
	js_text(object, "transport", transport_name(info->transport));
	js_number(object, "vmpl", info->vmpl);
	put_operations(object, "moduleOperations", info->module_ops);
	put_operations(object, "firmwareOperations", info->firmware_ops);
	put_operations(object, "allowedOperations", info->lease_ops);
	put_untrusted(object, "workload", info->workload);
	js_number(object, "leaseId", info->lease_id);
	js_number(object, "leaseExpiresMs", info->lease_expires_ms);
	js_number(object, "reports", info->reports);
	js_number(object, "errors", info->errors);
	js_number(object, "queued", info->queued);
	js_number(object, "queueMax", info->queue_max);
	js_number(object, "inFlight", info->in_flight);
	js_number(object, "quarantined", info->quarantined);
	js_number(object, "inFlightMax", info->in_flight_max);
	put_roots(object, info);
	js_bool(object, "softwareFirmware", info->taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	js_number(object, "taint", info->taint);
	js_print(object);
}

static int show_info(const char *target, bool json)
{
	struct tee_info info = { .size = sizeof(info) };
	tee_ctx *ctx = NULL;
	int r, status;

	r = tee_open(target, &ctx);
	if (!r)
		r = tee_get_info(ctx, &info);
	if (r < 0)
		status = complain_tee(ctx, r);
	else
		status = info.state == TEEGATE_STATE_UP ? STATUS_OK : STATUS_UNAVAILABLE;
	tee_close(ctx);
	if (r < 0)
		return status;
	if (json)
		show_json(&info);
	else
		show(&info);
	return status;
}

static int run(int argc, char **argv)
{
	const char *target = NULL;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 't':
			target = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return show_help(&cmd_info);
		default:
			return usage_hint(&cmd_info);
		}
	}
	if (optind < argc)
		return usage_error(&cmd_info, "what is %s?", argv[optind]);
	return show_info(target, json);
}

const struct command cmd_info = {
	.name = "info",
	.summary = "show what is known of the TEE",
	.help = help,
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl doctor: looks at this system and says what to do. Changes nothing. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"

#define LABEL_WIDTH 24

static const char help[] =
"Usage: teegatectl doctor [OPTIONS]\n"
"\n"
"Looks at this system: kernel, modules, devices and who holds them, configfs-tsm,\n"
"the broker's socket and units, the policy. For each problem it says what to do.\n"
"Changes nothing. Root sees more.\n"
"\n"
"  --sysroot DIR  look at the files below DIR instead, and ask nobody\n"
"  --json         one JSON object\n"
"  --help         this text\n"
"\n"
"Exit status: 0 healthy, 1 problems found, 2 usage.\n";

static const struct option options[] = {
	{ "sysroot", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

void find(struct doctor *d, enum level level, const char *what, const char *advice,
	  const char *format, ...)
{
	struct finding *finding;
	va_list args;
	char *text;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	must(r < 0 ? NULL : text);
	d->findings = must(realloc(d->findings, (d->count + 1) * sizeof(*d->findings)));
	finding = &d->findings[d->count++];
	*finding = (struct finding){ level, what, text, advice };
}

char *doctor_path(const struct doctor *d, const char *path)
{
	return format_text("%s%s", d->sysroot, path);
}

int doctor_stat(const struct doctor *d, const char *path, struct stat *ret)
{
	char *whole = doctor_path(d, path);
	int r = stat(whole, ret) < 0 ? -errno : 0;

	free(whole);
	return r;
}

int doctor_lstat(const struct doctor *d, const char *path, struct stat *ret)
{
	char *whole = doctor_path(d, path);
	int r = lstat(whole, ret) < 0 ? -errno : 0;

	free(whole);
	return r;
}

static size_t count_problems(const struct doctor *d)
{
	size_t problems = 0;

	for (size_t i = 0; i < d->count; i++)
		problems += d->findings[i].level == LEVEL_PROBLEM;
	return problems;
}

static void show(const struct doctor *d)
{
	static const char *const words[] = { "ok", "note", "PROBLEM" };
	size_t problems = count_problems(d);

	for (size_t i = 0; i < d->count; i++) {
		const struct finding *f = &d->findings[i];
		char label[64];

		snprintf(label, sizeof(label), "%-7s %s", words[f->level], f->what);
		print_field(label, LABEL_WIDTH, f->text);
		if (f->advice) {
			char *advice = format_text("-> %s", f->advice);

			print_field("", LABEL_WIDTH, advice);
			free(advice);
		}
	}
	putchar('\n');
	if (d->software_firmware) {
		print_alarm("WARNING: SOFTWARE FIRMWARE. The TEE of this guest is simulated; nothing "
			    "here is protected by hardware.");
		putchar('\n');
	}
	if (problems)
		print_title("%zu problem%s found.", problems, problems == 1 ? "" : "s");
	else
		print_title("Healthy.");
}

static void show_json(const struct doctor *d)
{
	static const char *const words[] = { "ok", "note", "problem" };
	struct json_object *array = must(json_object_new_array());
	struct json_object *whole = js_new();

	for (size_t i = 0; i < d->count; i++) {
		struct json_object *object = js_new();

		js_text(object, "level", words[d->findings[i].level]);
		js_text(object, "what", d->findings[i].what);
		js_text(object, "text", d->findings[i].text);
		if (d->findings[i].advice)
			js_text(object, "advice", d->findings[i].advice);
		if (json_object_array_add(array, object) < 0)
			must(NULL);
	}
	js_bool(whole, "healthy", !count_problems(d));
	js_bool(whole, "softwareFirmware", d->software_firmware);
	js_put(whole, "findings", array);
	js_print(whole);
}

static int examine(const char *sysroot, bool json)
{
	struct doctor d = { .sysroot = sysroot };
	int status;

	examine_kernel(&d);
	examine_broker(&d);
	if (json)
		show_json(&d);
	else
		show(&d);
	status = count_problems(&d) ? STATUS_REFUSED : STATUS_OK;
	for (size_t i = 0; i < d.count; i++)
		free(d.findings[i].text);
	free(d.findings);
	return status;
}

static int run(int argc, char **argv)
{
	const char *sysroot = "";
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			sysroot = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return show_help(&cmd_doctor);
		default:
			return usage_hint(&cmd_doctor);
		}
	}
	if (optind < argc)
		return usage_error(&cmd_doctor, "what is %s?", argv[optind]);
	return examine(sysroot, json);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "look for problems and say what to do",
	.help = help,
	.run = run,
};

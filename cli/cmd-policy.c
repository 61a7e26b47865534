// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegatectl policy: is the policy well-formed, and what does it say of a process? Reads and judges
 * with the daemon's own code, and works without the daemon.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cmd-policy.h"

#define POLICY_SUBDIR	"teegate/workloads.d"
#define DIRS_MAX	8
#define PID_MAX		(1 << 22)
#define REGISTRAR_SOCKET "/run/teegate/register.sock"

static const char help[] =
"Usage: teegatectl policy check [OPTIONS] [DIRECTORY...]\n"
"       teegatectl policy explain --pid N [OPTIONS] [DIRECTORY...]\n"
"\n"
"Looks at the policy of teegated, see teegate-workloads.d(5), in DIRECTORY or in\n"
"{/etc,/run,/usr/lib}/" POLICY_SUBDIR "; the first takes precedence.\n"
"\n"
"  check              say what is wrong, as FILE:LINE, and which workloads are\n"
"                     named\n"
"  explain            which rule names a process and what it grants; if none\n"
"                     does, which are near, and why not. Only root sees it all\n"
"\n"
"  --pid N            the process\n"
"  --socket PATH      where to ask teegated what the runtime of its container\n"
"                     said of it (default: " REGISTRAR_SOCKET ")\n"
"  --image-digest DIGEST  do not ask, but explain as if it was this image\n"
"  --image-signer NAME    likewise\n"
"  --voucher root|uid:N   and as if that was who said so (default: root)\n"
"  --json             say it as JSON\n"
"  --help             this text\n"
"\n"
"Exit status: 0 no error, or one rule names the process and grants something;\n"
"1 there are errors, or none or two do, or nothing is granted; 2 usage; 3 this\n"
"system does not tell who a process is; 4 the process or a directory cannot be\n"
"looked at, or memory ran out.\n";

enum { OPT_PID = 256, OPT_SOCKET, OPT_IMAGE, OPT_SIGNER, OPT_VOUCHER, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	{ "pid", required_argument, NULL, OPT_PID },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "image-digest", required_argument, NULL, OPT_IMAGE },
	{ "image-signer", required_argument, NULL, OPT_SIGNER },
	{ "voucher", required_argument, NULL, OPT_VOUCHER },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* @registration: what to suppose, NULL for nothing */
struct request {
	const char *dirs[DIRS_MAX];
	size_t n_dirs;
	pid_t pid;
	struct registration *registration;
	const char *voucher, *socket;
	bool json;
};

/* What is wrong with the policy, as JSON too when that is wanted. */
struct complaints {
	struct json_object *list;	/* NULL: on standard error */
};

static void on_complaint(const char *file, unsigned int line, const char *what, void *userdata)
{
	const struct complaints *complaints = userdata;
	char *text = escape_bytes(what, strlen(what));
	struct json_object *object;

	if (complaints->list) {
		object = js_new();
		js_text(object, "file", file);
		if (line > 0)
			js_number(object, "line", line);
		js_text(object, "error", text);
		must(json_object_array_add(complaints->list, object) < 0 ? NULL : object);
	} else if (line > 0) {
		fprintf(stderr, "%s:%u: %s\n", file, line, text);
	} else {
		fprintf(stderr, "%s: %s\n", file, text);
	}
	free(text);
}

/* A folder that was named must be there; of the usual ones all may be missing. */
static int check_directories(const struct request *q)
{
	struct stat st;

	for (size_t i = 0; i < q->n_dirs; i++) {
		int error = stat(q->dirs[i], &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;

		if (error)
			return complain(STATUS_LOCAL, "%s: %s", q->dirs[i], strerror(error));
	}
	return STATUS_OK;
}

static int load(const struct request *q, struct complaints *complaints, struct policy **ret)
{
	static const char *const usual[] = {
		"/etc/" POLICY_SUBDIR, "/run/" POLICY_SUBDIR, "/usr/lib/" POLICY_SUBDIR,
	};
	int status = check_directories(q), r;

	if (status)
		return status;
	if (q->n_dirs > 0)
		r = policy_load(q->dirs, q->n_dirs, on_complaint, complaints, ret);
	else
		r = policy_load(usual, sizeof(usual) / sizeof(usual[0]), on_complaint, complaints, ret);
	return r < 0 ? complain(STATUS_LOCAL, "cannot read the policy: %s", strerror(-r)) : STATUS_OK;
}

static void list(const struct policy *policy)
{
	char names[128];

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = policy->rules[i];

		operation_names(rule->operations, names, sizeof(names));
		printf("%s: workload \"%s\" may: %s\n", rule->path, rule->name, *names ? names : "nothing");
	}
	if (policy->n_rules == 0)
		puts("no file names a workload: nobody gets anything");
}

static void list_json(const struct policy *policy, struct json_object *errors)
{
	struct json_object *whole = js_new(), *workloads = must(json_object_new_array());
	char names[128];

	for (size_t i = 0; i < policy->n_rules; i++) {
		struct json_object *object = js_new();

		js_text(object, "file", policy->rules[i]->path);
		js_text(object, "workload", policy->rules[i]->name);
		js_text(object, "operations",
			operation_names(policy->rules[i]->operations, names, sizeof(names)));
		must(json_object_array_add(workloads, object) < 0 ? NULL : object);
	}
	js_bool(whole, "ok", policy->errors == 0);
	js_put(whole, "workloads", workloads);
	js_put(whole, "errors", errors);
	js_print(whole);
}

static int check(const struct request *q)
{
	struct complaints complaints = { q->json ? must(json_object_new_array()) : NULL };
	struct policy *policy;
	int status = load(q, &complaints, &policy);

	if (status) {
		json_object_put(complaints.list);
		return status;
	}
	if (q->json)
		list_json(policy, complaints.list);
	else
		list(policy);
	status = policy->errors > 0 ? STATUS_REFUSED : STATUS_OK;
	policy_unref(policy);
	return status;
}

static int identify(const struct request *q, struct peer **ret)
{
	int cgroups_fd = peer_open_cgroups(), r;

	if (cgroups_fd == -EOPNOTSUPP)
		return complain(STATUS_UNAVAILABLE, "/sys/fs/cgroup is not the unified (v2) hierarchy");
	if (cgroups_fd < 0)
		return complain(STATUS_LOCAL, "/sys/fs/cgroup: %s", strerror(-cgroups_fd));
	r = peer_identify_pid(q->pid, cgroups_fd, ret);
	close(cgroups_fd);
	if (r == -ESRCH)
		return complain(STATUS_LOCAL, "there is no process %d", q->pid);
	if (r < 0)
		return complain(STATUS_LOCAL, "cannot look at process %d: %s%s", q->pid, strerror(-r),
				geteuid() ? "; root can" : "");
	return STATUS_OK;
}

/*
 * A policy with errors is explained as teegated would apply it at its start: without the broken
 * files.
 */
static int explain(const struct request *q)
{
	struct complaints complaints = { NULL };
	enum registered registered = REGISTERED;
	struct policy *policy;
	struct peer *peer;
	int status;

	status = load(q, &complaints, &policy);
	if (status)
		return status;
	status = identify(q, &peer);
	if (!status) {
		if (q->registration)
			peer->registration = registration_ref(q->registration);
		else
			registered = policy_find_registration(q->socket ?: REGISTRAR_SOCKET, peer);
		status = policy_explain(policy, peer, registered, q->json);
		peer_unref(peer);
	}
	policy_unref(policy);
	return status;
}

static struct registration *supposed(struct request *q)
{
	if (!q->registration) {
		q->registration = must(registration_new());
		q->registration->voucher.root = true;
	}
	return q->registration;
}

static int take_pid(const char *text, struct request *q)
{
	unsigned long pid;

	if (parse_number(text, PID_MAX, &pid) < 0 || pid < 1)
		return usage_error(&cmd_policy, "--pid takes the number of a process");
	q->pid = (pid_t)pid;
	return STATUS_OK;
}

static int take_image(const char *text, struct request *q)
{
	if (digest_parse(text, strlen(text), &supposed(q)->image))
		return STATUS_OK;
	return usage_error(&cmd_policy, "--image-digest takes sha256: and hexadecimal digits in lower case");
}

static int take_voucher(const char *text, struct request *q)
{
	struct voucher *voucher = &supposed(q)->voucher;
	unsigned long uid;

	q->voucher = text;
	if (!strcmp(text, "root"))
		return STATUS_OK;
	if (strncmp(text, "uid:", 4) || parse_number(text + 4, UINT32_MAX - 1, &uid) < 0 || uid < 1)
		return usage_error(&cmd_policy, "--voucher takes root or uid:N");
	*voucher = (struct voucher){ .uid = (uid_t)uid };
	return STATUS_OK;
}

static int take_option(int option, const char *value, struct request *q)
{
	switch (option) {
	case OPT_PID:
		return take_pid(value, q);
	case OPT_SOCKET:
		q->socket = value;
		return STATUS_OK;
	case OPT_IMAGE:
		return take_image(value, q);
	case OPT_SIGNER:
		free(supposed(q)->image_signer);
		q->registration->image_signer = must(strdup(value));
		return STATUS_OK;
	case OPT_VOUCHER:
		return take_voucher(value, q);
	case OPT_JSON:
		q->json = true;
		return STATUS_OK;
	default:
		return usage_hint(&cmd_policy);
	}
}

static int take_directories(int count, char **names, struct request *q)
{
	if (count > DIRS_MAX)
		return usage_error(&cmd_policy, "at most %d directories", DIRS_MAX);
	for (int i = 0; i < count; i++)
		q->dirs[q->n_dirs++] = names[i];
	return STATUS_OK;
}

static int dispatch(const char *verb, struct request *q)
{
	if (!strcmp(verb, "check") && (q->pid || q->registration || q->socket))
		return usage_error(&cmd_policy, "check is about files, explain about a process");
	if (!strcmp(verb, "check"))
		return check(q);
	if (strcmp(verb, "explain"))
		return usage_error(&cmd_policy, "there is no policy %s", verb);
	if (!q->pid)
		return usage_error(&cmd_policy, "explain needs --pid: of whom?");
	if (q->voucher && !q->registration->image.len && !q->registration->image_signer)
		return usage_error(&cmd_policy, "--voucher needs --image-digest or --image-signer");
	return explain(q);
}

static int run(int argc, char **argv)
{
	struct request q = { .n_dirs = 0 };
	int option, status = STATUS_OK;

	while (!status && (option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == OPT_HELP) {
			registration_unref(q.registration);
			return show_help(&cmd_policy);
		}
		status = take_option(option, optarg, &q);
	}
	if (!status && optind == argc)
		status = usage_error(&cmd_policy, "check or explain?");
	if (!status)
		status = take_directories(argc - optind - 1, argv + optind + 1, &q);
	if (!status)
		status = dispatch(argv[optind], &q);
	registration_unref(q.registration);
	return status;
}

const struct command cmd_policy = {
	.name = "policy",
	.summary = "whether policy is well-formed, and what it says of a process",
	.help = help,
	.run = run,
};

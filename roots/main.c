// SPDX-License-Identifier: GPL-2.0-or-later
/* teegate-root: installs the roots of keys of this guest. This file is the command line. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <string.h>
#include <syslog.h>

#include "install.h"

static const char usage[] =
	"Usage: teegate-root COMMAND [OPTIONS]\n\n"
	"Roots of sealed keys for TEEs whose firmware has none, from where they are kept.\n\n"
	"Commands:\n"
	"  install       give the kernel all roots of the configuration\n"
	"  enrol NAME    make a new root and seal it, where a source can (tpm)\n"
	"  check         read the configuration and say what is wrong with it\n"
	"  status        which roots the kernel has\n"
	"  sources       which sources there are, and how to configure one\n\n"
	"Options:\n"
	"  --config FILE   instead of " CONFIG_PATH "\n"
	"  --device PATH   instead of " TEEGATE_DEVICE "\n"
	"  --import FILE   enrol: take the root from a file of 32 bytes instead of making one\n"
	"  --force         enrol: over one that is there; what is sealed under that is lost\n"
	"  --help          this text\n"
	"  --version       version of teegate-root\n\n"
	"Exit status: 0 good, 1 failed, 2 usage, 78 no root or a bad one in the configuration.\n";

struct arguments {
	const char *command, *name;
	const char *config, *device, *import;
	bool force;
};

static int usage_error(const char *what, const char *which)
{
	fprintf(stderr, "teegate-root: %s%s\nTry: teegate-root --help\n", what, which);
	return STATUS_USAGE;
}

/* Below 0: go on. Otherwise the exit status. */
static int parse(int argc, char **argv, struct arguments *ret)
{
	enum { CONFIG = 256, DEVICE, IMPORT, FORCE, HELP, VERSION };
	static const struct option options[] = {
		{ "config", required_argument, NULL, CONFIG },
		{ "device", required_argument, NULL, DEVICE },
		{ "import", required_argument, NULL, IMPORT },
		{ "force", no_argument, NULL, FORCE },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case CONFIG:
			ret->config = optarg;
			break;
		case DEVICE:
			ret->device = optarg;
			break;
		case IMPORT:
			ret->import = optarg;
			break;
		case FORCE:
			ret->force = true;
			break;
		case HELP:
			fputs(usage, stdout);
			return STATUS_OK;
		case VERSION:
			puts("teegate-root " TEEGATE_VERSION);
			return STATUS_OK;
		default:
			return usage_error("", "");
		}
	}
	ret->command = argv[optind] ? argv[optind++] : NULL;
	if (ret->command && !strcmp(ret->command, "enrol"))
		ret->name = argv[optind] ? argv[optind++] : NULL;
	if (!ret->command || argv[optind])
		return usage_error(ret->command ? "too many arguments: " : "no command",
				   ret->command ? argv[optind] : "");
	return -1;
}

static int run_enrol(const struct config *config, const struct arguments *arguments)
{
	const struct root *root;

	if (!arguments->name)
		return usage_error("enrol: no NAME", "");
	root = config_find(config, arguments->name);
	if (!root) {
		say(LOG_ERR, "%s: there is no [Root %s]", arguments->config, arguments->name);
		return STATUS_CONFIG;
	}
	return enrol(root, arguments->import, arguments->force);
}

static int with_config(const struct arguments *arguments)
{
	struct complaint complaint = { "" };
	struct config config;
	int r;

	r = config_read(arguments->config, &config, &complaint);
	if (r < 0) {
		say(LOG_ERR, "%s", complaint.text);
		if (r == -ENOENT)
			print_sources(stderr);
		return STATUS_CONFIG;
	}
	if (!strcmp(arguments->command, "install"))
		r = install(&config, arguments->device);
	else if (!strcmp(arguments->command, "enrol"))
		r = run_enrol(&config, arguments);
	else
		r = printf("%zu root%s\n", config.n, config.n == 1 ? "" : "s") < 0 ? STATUS_FAILED : STATUS_OK;
	config_done(&config);
	return r;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .config = CONFIG_PATH, .device = TEEGATE_DEVICE };
	int r;

	setlocale(LC_ALL, "");
	r = parse(argc, argv, &arguments);
	if (r >= 0)
		return r;
	if (!strcmp(arguments.command, "sources")) {
		print_sources(stdout);
		return STATUS_OK;
	}
	if (!strcmp(arguments.command, "status"))
		return status(arguments.device);
	if (!strcmp(arguments.command, "check"))
		return with_config(&arguments);
	if (strcmp(arguments.command, "install") && strcmp(arguments.command, "enrol"))
		return usage_error("there is no command ", arguments.command);
	r = secret_harden();
	if (r < 0) {
		say(LOG_ERR, "secrets would not be safe in this process: %s", strerror(-r));
		return STATUS_FAILED;
	}
	return with_config(&arguments);
}

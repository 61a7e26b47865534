// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegate-oci-hook: tells teegated of containers that start and stop.
 *
 * It runs with the authority of whoever runs the runtime, and teegated takes its word for just that. A
 * container that asks for teegate does not start without being registered; one that does not ask is never
 * kept from starting, whatever is wrong with teegate.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <systemd/sd-json.h>
#include <systemd/sd-varlink.h>
#include <unistd.h>

#include "listener.h"
#include "mount.h"
#include "oci.h"
#include "storage.h"
#include "util.h"

#define REGISTRAR	"io.teegate.Registrar."
#define DEFAULT_SOCKET	OCI_RUN_DIR "/register.sock"
#define ANSWER_USEC	(10 * 1000 * 1000)
#define TRIES		4
#define PAUSE_USEC	(250 * 1000)
#define DIGEST_TEXT	(sizeof("sha256:") + 64)

static void PRINTF(1, 2) say(const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fprintf(stderr, "teegate-oci-hook: %s\n", text_sanitize(text));
}

static void usage(FILE *to)
{
	fputs("Usage: teegate-oci-hook [--socket=PATH] createRuntime|createContainer|poststop|precreate\n\n"
	      "A hook of OCI runtimes, with the container's state on stdin; see teegate-oci-hook(8).\n"
	      "Registers containers with teegated that mount something of " OCI_RUN_DIR " or have the\n"
	      "annotation " OCI_ANNOTATION "=yes. In the stage precreate, which only podman has, config.json is\n"
	      "on stdin; on stdout it has " LISTENER_SOCKET " as its seccomp listener.\n\n"
	      "  --socket=PATH      of teegated (default " DEFAULT_SOCKET ")\n"
	      "  --help, --version\n", to);
}

/* What is known of the container. @config_digest: empty when there is no config.json. */
struct container {
	struct oci_state state;
	struct oci_config config;
	char config_digest[DIGEST_TEXT];
};

static void container_done(struct container *container)
{
	oci_state_done(&container->state);
	oci_config_done(&container->config);
}

static int measure(const char *text, size_t len, char digest[DIGEST_TEXT])
{
	unsigned char value[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, text, len, value, &n) != 1 || n != 32)
		return -EIO;
	snprintf(digest, DIGEST_TEXT, "sha256:");
	text_add_hex(digest, DIGEST_TEXT, value, n);
	return 0;
}

static int read_config(struct container *container)
{
	CLEANUP(closep) int fd = open(container->state.bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(freep) char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return -errno;
	r = oci_read_at(fd, "config.json", OCI_CONFIG_MAX, &text, &len);
	if (r >= 0)
		r = oci_parse_config(text, &container->config);
	return r < 0 ? r : measure(text, len, container->config_digest);
}

static int read_state(struct container *container)
{
	CLEANUP(freep) char *text = NULL;
	size_t len;
	int r;

	r = oci_read(STDIN_FILENO, OCI_STATE_MAX, &text, &len);
	return r < 0 ? r : oci_parse_state(text, &container->state);
}

/* An annotation in the state is said again in config.json; mounts are only there. */
static enum oci_wish wish_of(const struct container *container)
{
	return container->state.wish != OCI_UNSAID ? container->state.wish : container->config.wish;
}

/* ---- talking to teegated ---- */

static bool worth_another_try(int error)
{
	return error == -ECONNRESET || error == -EPIPE || error == -ECONNREFUSED || error == -ENOTCONN;
}

/* @fd: to pass along, or -1. 0, and the answer until @link goes; or negative, with *ret_error set or not. */
static int call_once(const char *socket, const char *method, sd_json_variant *parameters, int fd,
		     sd_varlink **link, sd_json_variant **ret_reply, const char **ret_error)
{
	int r;

	*link = sd_varlink_close_unref(*link);
	r = sd_varlink_connect_address(link, socket);
	if (r >= 0)
		r = sd_varlink_set_relative_timeout(*link, ANSWER_USEC);
	if (r >= 0)
		r = sd_varlink_set_allow_fd_passing_output(*link, true);
	if (r >= 0 && fd >= 0)
		r = sd_varlink_push_dup_fd(*link, fd);
	if (r >= 0)
		r = sd_varlink_call(*link, method, parameters, ret_reply, ret_error);
	return r;
}

/* teegated may be restarting: its socket stays, so the next try waits there. */
static int call(const char *socket, const char *method, sd_json_variant *parameters, int fd,
		sd_varlink **link, sd_json_variant **ret_reply, const char **ret_error)
{
	int r;

	for (int i = 1;; i++) {
		r = call_once(socket, method, parameters, fd, link, ret_reply, ret_error);
		if (r >= 0 || i == TRIES || !worth_another_try(r))
			return r;
		usleep(PAUSE_USEC);
	}
}

static void explain(const char *what, const char *error, sd_json_variant *reply)
{
	sd_json_variant *reason = sd_json_variant_by_key(reply, "reason");
	sd_json_variant *parameter = sd_json_variant_by_key(reply, "parameter");
	const char *more = reason && sd_json_variant_is_string(reason) ? sd_json_variant_string(reason) :
		parameter && sd_json_variant_is_string(parameter) ? sd_json_variant_string(parameter) : "";

	say("teegated does not %s: %s %s", what, error, more);
}

#define OPTIONAL(name, text) \
	SD_JSON_BUILD_PAIR_CONDITION((text) != NULL, name, SD_JSON_BUILD_STRING((text) ?: ""))

static int build(const struct container *container, sd_json_variant **ret)
{
	const struct oci_config *config = &container->config;
	const char *measured = *container->config_digest ? container->config_digest : NULL;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *digest = NULL;
	int r;

	r = storage_find(container->state.bundle, container->state.id, &name, &digest);
	if (r < 0)
		return r;
	return sd_json_buildo(ret,
		SD_JSON_BUILD_PAIR_STRING("id", container->state.id),
		SD_JSON_BUILD_PAIR_UNSIGNED("processFd", 0),
		SD_JSON_BUILD_PAIR_STRING("bundle", container->state.bundle),
		OPTIONAL("pod", config->pod),
		OPTIONAL("imageName", name ?: config->image),
		OPTIONAL("imageDigest", digest),
		OPTIONAL("configDigest", measured),
		SD_JSON_BUILD_PAIR_BOOLEAN("socket", config->broker_at != NULL));
}

static int do_register(const struct container *container, const char *socket)
{
	CLEANUP(sd_varlink_close_unrefp) sd_varlink *link = NULL;
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	CLEANUP(closep) int pidfd = (int)syscall(SYS_pidfd_open, container->state.pid, 0);
	sd_json_variant *reply = NULL;
	const char *error = NULL;
	int r;

	if (pidfd < 0) {
		say("process %d: %s", (int)container->state.pid, strerror(errno));
		return -EINVAL;
	}
	r = build(container, &parameters);
	if (r >= 0)
		r = call(socket, REGISTRAR "Register", parameters, pidfd, &link, &reply, &error);
	if (error) {
		explain("register this container", error, reply);
		return -EPERM;
	}
	if (r < 0)
		say("this container asks for teegate, and teegated does not answer at %s: %s. Is teegated.socket started?",
		    socket, strerror(-r));
	return r;
}

/* The kernel tells teegated, too, when a container is gone: nothing hangs on this. */
static void do_unregister(const struct container *container, const char *socket)
{
	CLEANUP(sd_varlink_close_unrefp) sd_varlink *link = NULL;
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *reply = NULL;
	const char *error = NULL;

	if (sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("id", container->state.id)) >= 0)
		call_once(socket, REGISTRAR "Unregister", parameters, -1, &link, &reply, &error);
}

/* ---- stages ---- */

/* The same socket for all would do as well, so nothing hangs on this either. */
static void stage_create_container(const struct container *container)
{
	const struct oci_config *config = &container->config;
	int r;

	if (!config->broker_at || !config->root)
		return;
	r = mount_own_socket(container->state.bundle, config->root, config->broker_at, container->state.id);
	if (r < 0 && r != -ENOENT)
		say("the container keeps the socket that is for all: %s", strerror(-r));
}

static const char *unchangeable(int error)
{
	switch (error) {
	case -EEXIST:
		return "it has another seccomp listener";
	case -EPERM:
		return "its seccomp profile does something of its own with calls that open files";
	case -EBADMSG:
		return "it is no configuration of a container";
	default:
		return strerror(-error);
	}
}

/* Only called for containers with the annotation LISTENER_ANNOTATION. */
static int stage_precreate(void)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *changed = NULL;
	size_t len;
	int r;

	r = oci_read(STDIN_FILENO, OCI_CONFIG_MAX, &text, &len);
	if (r >= 0)
		r = listener_add(text, &changed);
	if (r < 0) {
		say("config.json on stdin: %s", unchangeable(r));
		return EXIT_FAILURE;
	}
	return fputs(changed, stdout) < 0 || fflush(stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * Exit status. The hook runs for each container of this system, and most have nothing to do with teegate:
 * only one that is known to ask for it is kept from starting unregistered. Any other would get nothing from
 * teegated that policy gives to images, and its log says why.
 */
static int run(const char *stage, const char *socket)
{
	CLEANUP(container_done) struct container container = { 0 };
	int r;

	if (!strcmp(stage, "precreate"))
		return stage_precreate();
	r = read_state(&container);
	if (r < 0) {
		say("the state on stdin is not one of a container: %s; nothing is registered", strerror(-r));
		return EXIT_SUCCESS;
	}
	r = read_config(&container);
	if (r < 0 && strcmp(stage, "poststop")) {
		say("%s/config.json: %s; nothing is registered", container.state.bundle, strerror(-r));
		return container.state.wish == OCI_YES ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	switch (wish_of(&container)) {
	case OCI_NONSENSE:
		say("the annotation " OCI_ANNOTATION " must be \"yes\" or \"no\"");
		return EXIT_FAILURE;
	case OCI_YES:
		break;
	default:
		return EXIT_SUCCESS;
	}
	if (!strcmp(stage, "createContainer"))
		stage_create_container(&container);
	else if (!strcmp(stage, "poststop"))
		do_unregister(&container, socket);
	else
		return do_register(&container, socket) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	return EXIT_SUCCESS;
}

static bool stage_known(const char *stage)
{
	return !strcmp(stage, "createRuntime") || !strcmp(stage, "createContainer") || !strcmp(stage, "poststop") ||
	       !strcmp(stage, "precreate");
}

int main(int argc, char **argv)
{
	static const struct option list[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	const char *socket = DEFAULT_SOCKET;
	int c;

	while ((c = getopt_long(argc, argv, "h", list, NULL)) >= 0) {
		switch (c) {
		case 's':
			socket = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("teegate-oci-hook " TEEGATE_VERSION);
			return EXIT_SUCCESS;
		default:
			return EXIT_FAILURE;
		}
	}
	if (argc - optind != 1 || !stage_known(argv[optind])) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	return run(argv[optind], socket);
}

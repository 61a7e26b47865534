// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The methods of io.teegate.Registrar. What a runtime says is taken down with its name beside it; what it
 * may say is decided in runtime.c, from what the kernel shows of it and of the container's first process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "devices.h"
#include "idl.h"
#include "journal.h"
#include "members.h"
#include "runtime.h"
#include "server.h"
#include "util.h"

#define TEXT_MAX	1024

static void audit(struct conn *conn, const char *method, const char *verdict, const char *detail)
{
	const struct decision decision = {
		.method = method, .verdict = verdict, .peer = conn->peer, .detail = detail,
	};

	journal_decision(conn->account, &decision);
}

static int refuse(struct conn *conn, const char *method, const char *error, const char *reason)
{
	char id[64];

	audit(conn, method, error, reason);
	snprintf(id, sizeof(id), REGISTRAR_INTERFACE ".%s", error);
	return sd_varlink_errorbo(conn->link, id, SD_JSON_BUILD_PAIR_STRING("reason", reason));
}

/* Printable, for it goes to journals; 0, -EINVAL or -ENOMEM. Absent stays NULL. */
static int copy_text(sd_json_variant *parameters, const char *name, char **ret)
{
	const char *text = member_text(parameters, name);

	if (!text)
		return 0;
	if (!*text || strnlen(text, TEXT_MAX + 1) > TEXT_MAX)
		return -EINVAL;
	for (const char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			return -EINVAL;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int copy_digest(sd_json_variant *parameters, const char *name, struct digest *ret)
{
	const char *text = member_text(parameters, name);

	return !text || digest_parse(text, strlen(text), ret) ? 0 : -EINVAL;
}

/* 0; or a negative errno, with -EINVAL the name of what is wrong. */
static int read_texts(sd_json_variant *parameters, struct registration *registration, char **ret_bundle,
		      const char **ret_wrong)
{
	const struct {
		const char *name;
		char **text;
		struct digest *digest;
	} fields[] = {
		{ "id", &registration->id, NULL },
		{ "bundle", ret_bundle, NULL },
		{ "pod", &registration->pod, NULL },
		{ "imageName", &registration->image_name, NULL },
		{ "imageSigner", &registration->image_signer, NULL },
		{ "imageDigest", NULL, &registration->image },
		{ "configDigest", NULL, &registration->config },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(fields); i++) {
		*ret_wrong = fields[i].name;
		r = fields[i].text ? copy_text(parameters, fields[i].name, fields[i].text) :
				     copy_digest(parameters, fields[i].name, fields[i].digest);
	}
	if (r >= 0 && !registration_id_valid(registration->id)) {
		*ret_wrong = "id";
		r = -EINVAL;
	}
	return r;
}

static bool is_true(sd_json_variant *parameters, const char *name)
{
	sd_json_variant *value = sd_json_variant_by_key(parameters, name);

	return value && sd_json_variant_is_boolean(value) && sd_json_variant_boolean(value);
}

int registrar_take_process(struct conn *conn, sd_json_variant *parameters, struct peer **ret)
{
	sd_json_variant *index = sd_json_variant_by_key(parameters, "processFd");
	int fd;

	if (!index || !sd_json_variant_is_unsigned(index) || sd_json_variant_unsigned(index) != 0 ||
	    sd_varlink_peek_fd(conn->link, 1) >= 0)
		return -EBADF;
	fd = sd_varlink_take_fd(conn->link, 0);
	if (fd < 0)
		return -EBADF;
	return runtime_process(fd, conn->server->cgroups_fd, ret);
}

/* What is decided about. */
struct candidate {
	struct registration *registration;
	struct peer *process;
	char *bundle;
	bool with_socket;
	char path[REGISTRAR_PATH_SIZE];
};

static void candidate_done(struct candidate *candidate)
{
	registration_unref(candidate->registration);
	peer_unref(candidate->process);
	free(candidate->bundle);
}

/*
 * With whose authority the client speaks. Who is in a registered container speaks for none: root in a
 * rootless one has the uid of the user that runs it, and is not his runtime. As runtime_voucher().
 */
static int authority(struct conn *conn, struct voucher *ret, char reason[RUNTIME_REASON_SIZE])
{
	CLEANUP(registration_unrefp) struct registration *around = NULL;
	int r = conn->peer->cgroup_fd < 0 ? 0 :
		registrar_find(conn->server->registrar, conn->peer->cgroup_fd, &around);

	if (r < 0)
		return r;
	if (r > 0) {
		snprintf(reason, RUNTIME_REASON_SIZE,
			 "it is in container %s: the runtime registers a container, not who is inside",
			 around->id);
		return -EPERM;
	}
	return runtime_voucher(conn->peer, ret, reason);
}

/*
 * Each of these makes work for the service manager and the journal, so it counts as if it were that
 * many bytes; over the limit a connection is not read.
 */
#define CALL_COST	65536

static void charge(struct conn *conn)
{
	const struct limits may = limits_of(NULL);

	bucket_charge(&conn->account->bytes, may.bytes, may.bytes, CALL_COST, now_ms());
}

/* The container's own cgroup is where its first process is. */
static int judge(struct conn *conn, struct candidate *candidate, char reason[RUNTIME_REASON_SIZE])
{
	struct registration *registration = candidate->registration;
	struct peer *process = candidate->process;
	int r;

	r = authority(conn, &registration->voucher, reason);
	if (r < 0)
		return r;
	r = runtime_may_register(&registration->voucher, conn->peer, process, conn->server->cgroups_fd,
				 reason);
	if (r < 0)
		return r;
	registration->cgroup_id = cgroup_number(process->cgroup_fd);
	registration->cgroup = strdup(process->cgroup);
	return registration->cgroup ? 0 : -ENOMEM;
}

static int refuse_add(struct conn *conn, int error)
{
	switch (error) {
	case -EEXIST:
		return refuse(conn, "Register", "Taken",
			      "this id is registered for another container that lives, or a cgroup in or around this one is");
	case -EDQUOT:
	case -ENOSPC:
		audit(conn, "Register", "TooMany", NULL);
		return sd_varlink_errorbo(conn->link, REGISTRAR_INTERFACE ".TooMany",
			SD_JSON_BUILD_PAIR_INTEGER("max", error == -EDQUOT ? REGISTRATIONS_USER_MAX :
							  REGISTRATIONS_MAX));
	case -ESRCH:
		return refuse(conn, "Register", "NotAllowed", "the container's first process has exited");
	default:
		return error;
	}
}

static int add(struct conn *conn, struct candidate *candidate)
{
	char reason[RUNTIME_REASON_SIZE], by[VOUCHER_TEXT_MAX], detail[512] = "";
	struct registration *registration = candidate->registration;
	int r;

	r = judge(conn, candidate, reason);
	if (r < 0)
		return r == -EPERM ? refuse(conn, "Register", "NotAllowed", reason) : r;
	r = registrar_add(conn->server->registrar, registration, candidate->bundle, candidate->process,
			  candidate->with_socket, candidate->path);
	if (r < 0)
		return refuse_add(conn, r);
	voucher_text(&registration->voucher, by);
	text_add(detail, sizeof(detail), "container %s in %s, vouched for by %s", registration->id,
		 registration->cgroup, by);
	audit(conn, "Register", "granted", detail);
	return sd_varlink_replybo(conn->link,
				  SD_JSON_BUILD_PAIR_STRING("vouchedBy", by),
				  SD_JSON_BUILD_PAIR_CONDITION(*candidate->path, "socket",
							       SD_JSON_BUILD_STRING(candidate->path)));
}

static int on_register(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		       void *userdata)
{
	CLEANUP(candidate_done) struct candidate candidate = { .registration = registration_new() };
	struct conn *conn = userdata;
	const char *wrong;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	if (!candidate.registration)
		return -ENOMEM;
	charge(conn);
	r = read_texts(parameters, candidate.registration, &candidate.bundle, &wrong);
	if (r == -EINVAL)
		return sd_varlink_error_invalid_parameter_name(link, wrong);
	if (r < 0)
		return r;
	candidate.with_socket = is_true(parameters, "socket");
	r = registrar_take_process(conn, parameters, &candidate.process);
	if (r == -EBADF)
		return sd_varlink_error_invalid_parameter_name(link, "processFd");
	if (r == -ESRCH || r == -EXDEV)
		return refuse(conn, "Register", "NotAllowed",
			      "the container's first process has exited, or moved while teegated looked at it");
	return r < 0 ? r : add(conn, &candidate);
}

static int on_unregister(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
			 void *userdata)
{
	char reason[RUNTIME_REASON_SIZE];
	struct conn *conn = userdata;
	struct voucher voucher;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	charge(conn);
	r = authority(conn, &voucher, reason);
	if (r == -EPERM)
		return refuse(conn, "Unregister", "NotAllowed", reason);
	if (r < 0)
		return r;
	r = registry_remove(registrar_registry(conn->server->registrar), &voucher,
			    member_text(parameters, "id"));
	if (r == -ENOENT)
		return sd_varlink_error(link, REGISTRAR_INTERFACE ".NotRegistered", NULL);
	return r < 0 ? r : sd_varlink_reply(link, NULL);
}

#define OPTIONAL(name, text) \
	SD_JSON_BUILD_PAIR_CONDITION((text) != NULL, name, SD_JSON_BUILD_STRING((text) ?: ""))

static int describe(const struct entry *entry, sd_json_variant **array)
{
	const struct registration *r = entry->registration;
	char by[VOUCHER_TEXT_MAX], image[DIGEST_TEXT_MAX], config[DIGEST_TEXT_MAX];

	return sd_json_variant_append_arrayb(array, SD_JSON_BUILD_OBJECT(
		SD_JSON_BUILD_PAIR_STRING("id", r->id),
		SD_JSON_BUILD_PAIR_STRING("vouchedBy", voucher_text(&r->voucher, by)),
		SD_JSON_BUILD_PAIR_STRING("cgroup", r->cgroup),
		SD_JSON_BUILD_PAIR_UNSIGNED("cgroupId", r->cgroup_id),
		OPTIONAL("bundle", entry->bundle),
		OPTIONAL("pod", r->pod),
		OPTIONAL("imageName", r->image_name),
		OPTIONAL("imageSigner", r->image_signer),
		OPTIONAL("imageDigest", digest_text(&r->image, image)),
		OPTIONAL("configDigest", digest_text(&r->config, config))));
}

static bool may_see(const struct voucher *voucher, const struct registration *registration)
{
	return voucher->root ||
	       (!registration->voucher.root && registration->voucher.uid == voucher->uid);
}

static int on_list(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		   void *userdata)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	char reason[RUNTIME_REASON_SIZE];
	struct conn *conn = userdata;
	struct voucher voucher;
	int r;

	(void)parameters;
	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	r = authority(conn, &voucher, reason);
	if (r == -EPERM)
		return refuse(conn, "List", "NotAllowed", reason);
	if (r >= 0)
		r = sd_json_variant_new_array(&array, NULL, 0);
	for (const struct entry *e = registry_first(registrar_registry(conn->server->registrar));
	     r >= 0 && e; e = e->next)
		if (may_see(&voucher, e->registration))
			r = describe(e, &array);
	if (r < 0)
		return r;
	return sd_varlink_replybo(link, SD_JSON_BUILD_PAIR_VARIANT("containers", array));
}

int registrar_bind(sd_varlink_server *varlink)
{
	int r;

	r = sd_varlink_server_add_interface(varlink, &vl_interface_io_teegate_Registrar);
	if (r < 0)
		return r;
	return sd_varlink_server_bind_method_many(varlink,
						  REGISTRAR_INTERFACE ".Register", on_register,
						  REGISTRAR_INTERFACE ".Unregister", on_unregister,
						  REGISTRAR_INTERFACE ".List", on_list,
						  REGISTRAR_INTERFACE ".OpenDevice", devices_open);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A supervisor has no word in who gets what. It brings a pidfd, and the process behind that is examined
 * as if it had connected itself: its cgroup, its uid, its registration, its policy, its account. What
 * comes of it is a lease that only the cgroup of that process can use.
 *
 * So anybody might be let ask. Nobody else is, for a neighbour could use up what a workload may have.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <linux/teegate.h>

#include "devices.h"
#include "idl.h"
#include "refuse.h"
#include "registrar.h"
#include "service.h"
#include "util.h"

/* Of teegate-seccomp@.service. Only root can make a system unit of that name. */
#define SUPERVISOR_UNIT	"teegate-seccomp@"

static bool is_supervisor(const struct peer *peer)
{
	return !*peer->nameless && peer->place.kind == PLACE_UNIT &&
	       !strncmp(peer->place.unit, SUPERVISOR_UNIT, strlen(SUPERVISOR_UNIT));
}

/* TEEGATE_ABI_NATIVE: there is no such device. */
static uint32_t abi_of(sd_json_variant *device)
{
	static const struct {
		const char *name;
		uint32_t abi;
	} devices[] = {
		{ "sev-guest", TEEGATE_ABI_SEV_GUEST },
		{ "tdx_guest", TEEGATE_ABI_TDX_GUEST },
		{ "uv", TEEGATE_ABI_UVDEVICE },
	};

	for (size_t i = 0; device && sd_json_variant_is_string(device) && i < ARRAY_SIZE(devices); i++)
		if (!strcmp(sd_json_variant_string(device), devices[i].name))
			return devices[i].abi;
	return TEEGATE_ABI_NATIVE;
}

int devices_open(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		 void *userdata)
{
	uint32_t abi = abi_of(sd_json_variant_by_key(parameters, "device"));
	CLEANUP(peer_unrefp) struct peer *peer = NULL;
	struct conn *conn = userdata;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	/* Also the second call on a connection, which is another's by then. */
	if (!is_supervisor(conn->peer))
		return refuse_by_policy(conn, "OpenDevice", "only teegate-seccomp.socket speaks for others",
					"see teegate-supervise(8)");
	if (abi == TEEGATE_ABI_NATIVE)
		return sd_varlink_error_invalid_parameter_name(link, "device");
	r = registrar_take_process(conn, parameters, &peer);
	if (r == -EBADF)
		return sd_varlink_error_invalid_parameter_name(link, "processFd");
	if (r == -ESRCH || r == -EXDEV)
		return refuse_unknown(conn, "OpenDevice", "the process has exited or moved meanwhile");
	if (r >= 0)
		r = conn_speak_for(conn, peer);
	if (r == -EUSERS)
		return refuse_busy(conn, "OpenDevice", "too many connections of this workload", 0);
	return r < 0 ? r : service_open_device(conn, abi);
}

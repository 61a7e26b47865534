// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that a client of the broker sends: there are no more answers than calls,
 * each is a whole one, a neighbour is served meanwhile, and nothing is left of the connection
 * when the client is gone. The first byte says in pieces of what size the rest is sent, 0: at once.
 *
 * The server is teegated's own; the kernel's words about the client and the module are played here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "exposure.h"
#include "fuzz.h"
#include "rule.h"
#include "server.h"
#include "util.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)
#define ANSWER_USEC	(2 * 1000 * 1000)

int __wrap_peer_identify(int socket_fd, int cgroups_fd, struct peer **ret);
int __wrap_peer_verify_pins(const struct peer *peer, bool label, bool exe);
int __wrap_registrar_find(const struct registrar *registrar, int cgroup_fd, struct registration **ret);
void __wrap_device_info(struct device *device, struct teegate_get_info *ret);
int __wrap_device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			       uint64_t *ret_id);
int __wrap_device_report(int lease_fd, const struct teegate_get_info *info,
			 const struct report_request *request, struct report *ret);
int __wrap_device_revoke(struct device *device, uint64_t lease_id);
void __wrap_exposure_look(const struct peer *peer, struct exposure *ret);

static struct server *server;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len = sizeof(address);
static const char policy_text[] =
	"[Match]\nUnit=payments.service\n[Allow]\nOperations=report extend\nExtendEvents=1000\n[Pin]\nUid=no\n";

int __wrap_peer_identify(int socket_fd, int cgroups_fd, struct peer **ret)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	(void)socket_fd;
	(void)cgroups_fd;
	MUST(peer);
	peer->refs = 1;
	peer->uid = 10001;
	peer->pid = 1;
	peer->pidfd = peer->proc_fd = peer->cgroup_fd = peer->exe_fd = -1;
	peer->cgroup = strdup("/system.slice/payments.service");
	MUST(peer->cgroup && place_parse(peer->cgroup, &peer->place) == 0);
	peer->cgroup_roots = strlen(peer->cgroup);
	*ret = peer;
	return 0;
}

int __wrap_peer_verify_pins(const struct peer *peer, bool label, bool exe)
{
	(void)peer;
	(void)label;
	(void)exe;
	return 0;
}

int __wrap_registrar_find(const struct registrar *registrar, int cgroup_fd, struct registration **ret)
{
	(void)registrar;
	(void)cgroup_fd;
	*ret = NULL;
	return 0;
}

void __wrap_device_info(struct device *device, struct teegate_get_info *ret)
{
	(void)device;
	*ret = (struct teegate_get_info){
		.provider = TEEGATE_PROVIDER_SEV_SNP,
		.state = TEEGATE_STATE_UP,
		.firmware_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT,
	};
}

int __wrap_device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			       uint64_t *ret_id)
{
	static atomic_uint last;

	(void)device;
	MUST(request->operations == TEEGATE_OP_REPORT);	/* raw ones are not in the policy */
	*ret_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	*ret_id = ++last;
	return *ret_fd < 0 ? -errno : 0;
}

int __wrap_device_report(int lease_fd, const struct teegate_get_info *info,
			 const struct report_request *request, struct report *ret)
{
	(void)lease_fd;
	(void)info;
	MUST(request->user_data_len <= TEEGATE_USER_DATA_MAX && !(request->flags & TEEGATE_REPORT_RAW));
	memset(ret, 0, sizeof(*ret));
	return -EREMOTEIO;
}

int __wrap_device_revoke(struct device *device, uint64_t lease_id)
{
	(void)device;
	(void)lease_id;
	return 0;
}

void __wrap_exposure_look(const struct peer *peer, struct exposure *ret)
{
	(void)peer;
	*ret = (struct exposure){ .verdict = EXPOSURE_NONE };
}

static struct policy *read_rule(void)
{
	FILE *file = fmemopen((void *)(uintptr_t)policy_text, sizeof(policy_text) - 1, "r");
	struct policy *policy = calloc(1, sizeof(*policy));

	MUST(file && policy);
	policy->refs = 1;
	policy->n_rules = 1;
	policy->rules = calloc(1, sizeof(*policy->rules));
	MUST(policy->rules);
	*policy->rules = rule_new("/etc/teegate/workloads.d/payments.conf");
	MUST(*policy->rules && rule_read(*policy->rules, file, "payments.conf", NULL, NULL) == 0);
	fclose(file);
	return policy;
}

static void start(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct device *device;
	sd_event *event;

	MUST(sd_event_new(&event) >= 0 && device_new("/nonexistent/teegate", &device) >= 0);
	MUST(server_new(event, open("/", O_PATH | O_CLOEXEC), device, read_rule(), &server) >= 0);
	/* A name that the kernel chooses, and no file. */
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0 &&
	     getsockname(fd, (struct sockaddr *)&address, &address_len) == 0 && listen(fd, 8) == 0);
	MUST(server_listen(server, fd, ENDPOINT_BROKER, NULL) >= 0);
}

static bool busy(void)
{
	for (size_t i = 0; i < ACCOUNTS_MAX; i++)
		if (server->accounts.list[i].requests > 0)
			return true;
	return false;
}

static int connect_to_it(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&address, address_len) == 0);
	return fd;
}

/* Lets the server do all that it can, and counts what ends in the answers to @fd. */
static void turn(int fd, size_t *answers, uint8_t *last)
{
	uint8_t data[65536];
	ssize_t n;
	int r;

	do {
		r = sd_event_run(server->event, busy() ? ANSWER_USEC : 0);
		MUST(r > 0 || (r == 0 && !busy()));
		while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
			for (ssize_t i = 0; i < n; i++)
				*answers += data[i] == 0;
			*last = data[n - 1];
		}
	} while (r > 0);
}

static void neighbour_is_served(void)
{
	static const char call[] = "{\"method\":\"io.teegate.Broker.GetInfo\"}";
	int fd = connect_to_it();
	size_t answers = 0;
	uint8_t last = 1;

	MUST(send(fd, call, sizeof(call), MSG_NOSIGNAL) == (ssize_t)sizeof(call));
	turn(fd, &answers, &last);
	MUST(answers == 1 && last == 0);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t calls = 0, answers = 0, piece, at = 1;
	uint8_t last = 0;
	ssize_t n;
	int fd;

	if (len < 1)
		return 0;
	if (!server)
		start();
	for (size_t i = 1; i < len; i++)
		calls += data[i] == 0;
	piece = data[0] ?: len;
	fd = connect_to_it();
	for (; at < len; at += (size_t)n) {
		n = send(fd, data + at, piece < len - at ? piece : len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)	/* it hung up, or reads no more for now */
			break;
		turn(fd, &answers, &last);
	}
	neighbour_is_served();
	shutdown(fd, SHUT_WR);
	turn(fd, &answers, &last);
	MUST(answers <= calls && last == 0);
	close(fd);
	turn(-1, &answers, &last);
	MUST(server->n_conns == 0);
	leases_revoke_name(server->leases, "payments", CAUSE_ADMINISTRATOR);
	memset(&server->accounts, 0, sizeof(server->accounts));	/* each input has its own quota */
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "administrator.h"
#include "connection-kit.h"
#include "exposure.h"
#include "rule.h"
#include "util.h"

#define USER		10001
#define DUMMY_REPORT	"report"

int __wrap_peer_identify(int socket_fd, int cgroups_fd, struct peer **ret);
int __wrap_peer_identify_pid(pid_t pid, int cgroups_fd, struct peer **ret);
int __wrap_peer_verify(const struct peer *peer);
int __wrap_peer_verify_pins(const struct peer *peer, bool label, bool exe);
bool __wrap_peer_is_administrator(const struct peer *peer, char *why, size_t size);
int __wrap_registrar_find(const struct registrar *registrar, int cgroup_fd, struct registration **ret);
void __wrap_device_info(struct device *device, struct teegate_get_info *ret);
int __wrap_device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			       uint64_t *ret_id);
int __wrap_device_report(int lease_fd, const struct teegate_get_info *info,
			 const struct report_request *request, struct report *ret);
int __wrap_device_extend(int lease_fd, struct teegate_extend *io);
int __wrap_device_derive_key(int lease_fd, struct teegate_derive_key *io);
int __wrap_device_seal(int lease_fd, struct teegate_seal *io);
int __wrap_device_unseal(int lease_fd, struct teegate_unseal *io);
int __wrap_device_revoke(struct device *device, uint64_t lease_id);
void __wrap_exposure_look(const struct peer *peer, struct exposure *ret);

static const struct {
	const char *path, *text;
	uint64_t operations;
} policies[] = {
	{
		"/etc/teegate/workloads.d/payments.conf",
		"[Match]\nUnit=payments.service\n[Allow]\nOperations=report extend key seal\nKeyLabels=db*\n"
		"ExtendEvents=1000\nExtendBytes=65536\nSgxEnclave=yes\n[Pin]\nUid=no\n",
		TEEGATE_OP_REPORT | TEEGATE_OP_EXTEND | TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL,
	}, {
		"/etc/teegate/workloads.d/legacy.conf",
		"[Match]\nUnit=legacy.service\n[Allow]\nOperations=raw key\nUnmodifiedPrograms=yes\n[Pin]\nUid=no\n",
		TEEGATE_OP_RAW_REPORT | TEEGATE_OP_DERIVE_KEY,
	},
};

static struct address registrar;
static bool as_root;
static char container[] = "/tmp/fuzz-connection-XXXXXX";	/* its cgroup */
static int container_fd = -1;

void kit_as_root(bool root)
{
	as_root = root;
}

static struct peer *peer_in(const char *cgroup, uid_t uid)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	MUST(peer);
	peer->refs = 1;
	peer->uid = uid;
	peer->pid = 1;
	peer->pidfd = peer->proc_fd = peer->cgroup_fd = peer->exe_fd = -1;
	peer->cgroup = strdup(cgroup);
	MUST(peer->cgroup && place_parse(peer->cgroup, &peer->place) == 0);
	peer->cgroup_roots = strlen(peer->cgroup);
	return peer;
}

static bool at_registrar(int socket_fd)
{
	struct address at = { .len = sizeof(at.name) };

	MUST(getsockname(socket_fd, (struct sockaddr *)&at.name, &at.len) == 0);
	return at.len == registrar.len && !memcmp(&at.name, &registrar.name, at.len);
}

int __wrap_peer_identify(int socket_fd, int cgroups_fd, struct peer **ret)
{
	(void)cgroups_fd;
	*ret = peer_in(at_registrar(socket_fd) ? "/system.slice/teegate-seccomp@1.service" :
		       "/system.slice/payments.service", as_root ? 0 : USER);
	(*ret)->proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

/* Of the pidfd that a call brought. */
int __wrap_peer_identify_pid(pid_t pid, int cgroups_fd, struct peer **ret)
{
	(void)cgroups_fd;
	MUST(pid == getpid());
	*ret = peer_in("/system.slice/legacy.service", USER);
	(*ret)->pid = pid;
	(*ret)->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	(*ret)->proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	(*ret)->cgroup_fd = fcntl(container_fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

int __wrap_peer_verify(const struct peer *peer)
{
	(void)peer;
	return 0;
}

int __wrap_peer_verify_pins(const struct peer *peer, bool label, bool exe)
{
	(void)peer;
	(void)label;
	(void)exe;
	return 0;
}

bool __wrap_peer_is_administrator(const struct peer *peer, char *why, size_t size)
{
	(void)snprintf(why, size, "it is user %u", peer->uid);
	return peer->uid == 0;
}

/* There is one cgroup that could be registered. */
int __wrap_registrar_find(const struct registrar *known, int cgroup_fd, struct registration **ret)
{
	struct entry *entry = cgroup_fd >= 0 ? registry_first(registrar_registry(known)) : NULL;

	*ret = entry ? registration_ref(entry->registration) : NULL;
	return entry ? 1 : 0;
}

void __wrap_device_info(struct device *device, struct teegate_get_info *ret)
{
	(void)device;
	*ret = (struct teegate_get_info){
		.provider = TEEGATE_PROVIDER_SEV_SNP,
		.state = TEEGATE_STATE_UP,
		.firmware_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | TEEGATE_OP_EXTEND |
				TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL,
	};
}

/* No lease is for more than the policy of whom it is for; what is raw is in the form of a driver's alone. */
int __wrap_device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			       uint64_t *ret_id)
{
	bool driver = request->abi != TEEGATE_ABI_NATIVE;
	static atomic_uint last;

	(void)device;
	MUST(request->operations && !(request->operations & ~policies[driver].operations));
	MUST(!driver || request->cgroup_fd >= 0);
	MUST((request->keys != NULL) == ((request->operations & OPERATIONS_KEYS) != 0));
	MUST((request->extend_events > 0) == ((request->operations & TEEGATE_OP_EXTEND) != 0));
	*ret_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	*ret_id = ++last;
	return *ret_fd < 0 ? -errno : 0;
}

/* Firmware fails where the first byte is odd, so that both ways are gone. */
static int outcome(const void *data, size_t len)
{
	return len > 0 && *(const uint8_t *)data % 2 ? -EREMOTEIO : 0;
}

int __wrap_device_report(int lease_fd, const struct teegate_get_info *info,
			 const struct report_request *request, struct report *ret)
{
	(void)lease_fd;
	MUST(request->user_data_len <= TEEGATE_USER_DATA_MAX && !(request->flags & TEEGATE_REPORT_RAW));
	memset(ret, 0, sizeof(*ret));
	if (outcome(request->user_data, request->user_data_len) < 0)
		return -EREMOTEIO;
	ret->data = (uint8_t *)strdup(DUMMY_REPORT);
	ret->claims = (uint8_t *)strdup("\xa0");	/* no claims: an empty map */
	MUST(ret->data && ret->claims);
	ret->io.provider = info->provider;
	ret->io.report_len = sizeof(DUMMY_REPORT) - 1;
	ret->io.claims_len = 1;
	ret->io.tree_size = 1;
	return 0;
}

int __wrap_device_extend(int lease_fd, struct teegate_extend *io)
{
	(void)lease_fd;
	MUST(io->index >= 2 && io->index <= 3 && io->event_len >= 1 && io->event_len <= TEEGATE_EVENT_MAX);
	return outcome((const void *)(uintptr_t)io->event, io->event_len);
}

/* Policy allows only those that begin so. */
static void check_label(uint64_t label, uint32_t len)
{
	MUST(len >= 2 && len <= TEEGATE_KEY_LABEL_MAX && !memcmp((const void *)(uintptr_t)label, "db", 2));
}

int __wrap_device_derive_key(int lease_fd, struct teegate_derive_key *io)
{
	(void)lease_fd;
	check_label(io->label, io->label_len);
	MUST(io->key_len >= TEEGATE_KEY_MIN && io->key_len <= TEEGATE_KEY_MAX);
	memset((void *)(uintptr_t)io->key, 0x6b, io->key_len);
	return outcome((const void *)(uintptr_t)io->label, io->label_len);
}

int __wrap_device_seal(int lease_fd, struct teegate_seal *io)
{
	(void)lease_fd;
	check_label(io->label, io->label_len);
	MUST(io->blob == io->data && io->blob_len >= io->data_len + TEEGATE_BLOB_OVERHEAD_MAX);
	memset((void *)(uintptr_t)io->blob, 0x62, io->blob_len);
	io->blob_len = io->data_len + TEEGATE_BLOB_OVERHEAD_MAX;
	return 0;
}

int __wrap_device_unseal(int lease_fd, struct teegate_unseal *io)
{
	(void)lease_fd;
	MUST(io->data == io->blob && io->data_len >= io->blob_len);
	io->data_len = io->blob_len / 2;
	return outcome((const void *)(uintptr_t)io->blob, io->blob_len);
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

static struct rule *read_rule(const char *path, const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct rule *rule = rule_new(path);

	MUST(file && rule && rule_read(rule, file, path, NULL, NULL) == 0);
	fclose(file);
	return rule;
}

static struct policy *read_policy(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	MUST(policy);
	policy->refs = 1;
	policy->n_rules = ARRAY_SIZE(policies);
	policy->rules = calloc(policy->n_rules, sizeof(*policy->rules));
	MUST(policy->rules);
	for (size_t i = 0; i < policy->n_rules; i++) {
		policy->rules[i] = read_rule(policies[i].path, policies[i].text);
		MUST(policy->rules[i]->operations == policies[i].operations);
	}
	return policy;
}

static void remove_container(void)
{
	unlinkat(container_fd, "cgroup.events", 0);
	rmdir(container);
}

static void make_container(void)
{
	static const char populated[] = "populated 1\n";
	int fd;

	MUST(mkdtemp(container));
	container_fd = open(container, O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(container_fd >= 0 && atexit(remove_container) == 0);
	fd = openat(container_fd, "cgroup.events", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, populated, strlen(populated)) == (ssize_t)strlen(populated));
	close(fd);
}

/* With a name that the kernel chooses, and no file. */
static void listen_at(struct server *server, enum endpoint endpoint, struct address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*address = (struct address){ { .sun_family = AF_UNIX }, sizeof(address->name) };
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&address->name, sizeof(sa_family_t)) == 0 &&
	     getsockname(fd, (struct sockaddr *)&address->name, &address->len) == 0 && listen(fd, 8) == 0);
	MUST(server_listen(server, fd, endpoint, NULL) >= 0);
}

struct server *kit_start(struct address addresses[ENDPOINTS])
{
	struct server *server;
	struct device *device;
	sd_event *event;

	make_container();
	MUST(sd_event_new(&event) >= 0 && device_new("/nonexistent/teegate", &device) >= 0);
	MUST(server_new(event, open("/", O_PATH | O_CLOEXEC), device, read_policy(), &server) >= 0);
	for (enum endpoint endpoint = 0; endpoint < ENDPOINTS; endpoint++)
		listen_at(server, endpoint, &addresses[endpoint]);
	registrar = addresses[ENDPOINT_REGISTRAR];
	return server;
}

void kit_clean(struct server *server)
{
	struct entry *entry;

	while ((entry = registry_first(registrar_registry(server->registrar)))) {
		MUST(registration_id_valid(entry->registration->id));
		MUST(entry->registration->voucher.root == as_root);
		registry_drop(entry, "the input is over");
	}
	leases_revoke_name(server->leases, "payments", CAUSE_ADMINISTRATOR);
	leases_revoke_name(server->leases, "legacy", CAUSE_ADMINISTRATOR);
	memset(&server->accounts, 0, sizeof(server->accounts));	/* each input has its own quota */
}

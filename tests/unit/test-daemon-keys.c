// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DeriveKey, Seal and Unseal as a thread does them, down to the ioctls: daemon/work-keys.c and daemon/device.c.
 * The test plays the module.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "exposure.h"
#include "jobs.h"
#include "util.h"

#define SOURCE(name)	(1u << TEEGATE_ROOT_ ## name)
#define CLAIMS		"\xa1\x01\x63pay"

static struct {
	struct teegate_get_info info;
	int error;
	uint32_t lie;		/* added to the length that it says it wrote */
	struct teegate_create_lease lease;
	uint8_t claims[64];
	char labels[64];
	int lease_fd;
	unsigned int leases, calls;
	struct teegate_derive_key derive;
	char label[64];
} module;

static struct device *device;
static struct rule rule;
static struct peer peer;
static size_t wiped;

int __wrap_ioctl(int fd, unsigned long command, ...);
void __wrap_exposure_look(const struct peer *who, struct exposure *ret);
bool __wrap_job_set_lease(struct jobs *jobs, struct job *job, uint64_t lease_id);
void __wrap_explicit_bzero(void *data, size_t len);

static void create(struct teegate_create_lease *io)
{
	module.leases++;
	module.lease = *io;
	if (io->sealing_claims_len > 0)
		memcpy(module.claims, (void *)(uintptr_t)io->sealing_claims, io->sealing_claims_len);
	if (io->key_labels_len > 0)
		memcpy(module.labels, (void *)(uintptr_t)io->key_labels, io->key_labels_len);
	module.lease_fd = io->lease_fd = eventfd(0, EFD_CLOEXEC);
	io->lease_id = 7;
}

static void derive(struct teegate_derive_key *io)
{
	module.derive = *io;
	memcpy(module.label, (void *)(uintptr_t)io->label, io->label_len);
	memset((void *)(uintptr_t)io->key, 0x4b, io->key_len);
	memset(io->root_params, 0xaa, sizeof(io->root_params));
	memset(io->root_id, 0x1d, sizeof(io->root_id));
}

/* Each byte of data counts one up in the blob, behind a header of 4 bytes; in place, as the module does. */
static void seal(struct teegate_seal *io)
{
	uint8_t *data = (uint8_t *)(uintptr_t)io->data, *blob = (uint8_t *)(uintptr_t)io->blob;

	memcpy(module.label, (void *)(uintptr_t)io->label, io->label_len);
	assert_in_range(io->blob_len, io->data_len + TEEGATE_BLOB_OVERHEAD + io->label_len, UINT32_MAX);
	memmove(blob + 4, data, io->data_len);
	for (uint32_t i = 0; i < io->data_len; i++)
		blob[4 + i]++;
	memcpy(blob, "BLOB", 4);
	io->blob_len = io->data_len + 4 + module.lie;
}

static void unseal(struct teegate_unseal *io)
{
	uint8_t *blob = (uint8_t *)(uintptr_t)io->blob, *data = (uint8_t *)(uintptr_t)io->data;

	memmove(data, blob + 4, io->blob_len - 4);
	for (uint32_t i = 0; i < io->blob_len - 4; i++)
		data[i]--;
	io->data_len = io->blob_len - 4 + module.lie;
}

int __wrap_ioctl(int fd, unsigned long command, ...)
{
	va_list ap;
	void *io;

	va_start(ap, command);
	io = va_arg(ap, void *);
	va_end(ap);
	if (command == TEEGATE_GET_INFO) {
		memcpy(io, &module.info, sizeof(module.info));
		return 0;
	}
	if (command == TEEGATE_CREATE_LEASE) {
		create(io);
		return 0;
	}
	module.calls++;
	assert_int_equal(fd, module.lease_fd);
	if (module.error) {
		errno = -module.error;
		return -1;
	}
	if (command == TEEGATE_DERIVE_KEY)
		derive(io);
	else if (command == TEEGATE_SEAL)
		seal(io);
	else if (command == TEEGATE_UNSEAL)
		unseal(io);
	else
		fail();
	return 0;
}

void __wrap_exposure_look(const struct peer *who, struct exposure *ret)
{
	(void)who;
	*ret = (struct exposure){ .verdict = EXPOSURE_NONE };
}

bool __wrap_job_set_lease(struct jobs *jobs, struct job *job, uint64_t lease_id)
{
	(void)jobs;
	(void)job;
	(void)lease_id;
	return true;
}

void __wrap_explicit_bzero(void *data, size_t len)
{
	memset(data, 0, len);
	wiped += len;
}

static int begin(void **state)
{
	(void)state;
	memset(&module, 0, sizeof(module));
	module.info = (struct teegate_get_info){
		.size = sizeof(module.info), .state = TEEGATE_STATE_UP, .provider = TEEGATE_PROVIDER_SEV_SNP,
		.firmware_ops = OPERATIONS_KEYS, .timeout_default_ms = 75000, .roots = SOURCE(FIRMWARE),
	};
	rule = (struct rule){
		.path = (char *)"/etc/pay.conf", .name = "pay", .operations = OPERATIONS_KEYS,
		.lifetime_ms = 1000, .roots = { .sources = SOURCE(FIRMWARE) | SOURCE(TPM), .tcb_floor = 9 },
	};
	peer = (struct peer){ .uid = 1000, .cgroup = (char *)"/x", .cgroup_fd = 99, .exe_fd = -1, .workload = 5 };
	atomic_init(&peer.refs, 1);
	wiped = 0;
	return device_new("/dev/null", &device);
}

static int end(void **state)
{
	(void)state;
	device = device_free(device);
	return 0;
}

static struct policy policy;

static struct job *a_job(enum job_kind kind, uint64_t operations, const char *label)
{
	struct job *job;

	atomic_init(&policy.refs, 2);
	job = job_new(kind, &peer, &policy, &rule);
	assert_non_null(job);
	job->operations = operations;
	job->label_len = strlen(label);
	memcpy(job->label, label, job->label_len);
	job->submitted_ms = now_ms();
	return job;
}

static void give(struct job *job, const void *data, size_t len, size_t room)
{
	assert_true(job_make_secret(job, room));
	memcpy(job->secret, data, len);
	job->secret_len = len;
}

static void assert_done(const struct job *job)
{
	if (job->outcome != JOB_DONE)
		fail_msg("%d: %s", job->error, job->text);
	/* It was used once, and is gone with its only descriptor. */
	assert_int_equal(job->lease_fd, -1);
	assert_int_equal(write(module.lease_fd, "12345678", 8), -1);
	assert_int_equal(module.leases, 1);
	assert_int_equal(module.calls, 1);
}

static void a_key_comes_by_a_lease_for_it_alone(void **state)
{
	struct job *job = a_job(JOB_DERIVE, TEEGATE_OP_DERIVE_KEY, "disk");

	(void)state;
	give(job, "", 0, 32);
	job->secret_len = 32;
	work(NULL, device, job);
	assert_done(job);
	assert_int_equal(module.lease.ops, TEEGATE_OP_DERIVE_KEY);
	assert_int_equal(module.lease.flags, TEEGATE_LEASE_UNPINNED);
	assert_int_equal(module.lease.note_len, 0);
	assert_int_equal(module.lease.claims_len, 0);
	assert_int_equal(module.lease.sealing_claims_len, sizeof(CLAIMS) - 1);
	assert_memory_equal(module.claims, CLAIMS, sizeof(CLAIMS) - 1);
	assert_int_equal(module.lease.sealing_bitmap, 1u << 1);
	assert_int_equal(module.lease.workload, 5);
	assert_string_equal(module.label, "disk");
	assert_int_equal(module.derive.flags, 0);
	assert_int_equal(module.derive.target, TEEGATE_KEY_TO_CALLER);
	assert_int_equal(module.derive.key_len, 32);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(job->secret[i], 0x4b);
	assert_int_equal(job->root_params[95], 0xaa);
	assert_int_equal(job->root_id[15], 0x1d);
	job_free(job);
	assert_int_equal(wiped, 32);
}

static void an_older_key_comes_by_its_params(void **state)
{
	struct job *job = a_job(JOB_DERIVE, TEEGATE_OP_DERIVE_KEY, "");

	(void)state;
	give(job, "", 0, 64);
	job->secret_len = 64;
	job->has_params = true;
	memset(job->root_params, 0x55, sizeof(job->root_params));
	work(NULL, device, job);
	assert_done(job);
	assert_int_equal(module.derive.flags, TEEGATE_KEY_PARAMS);
	assert_int_equal(module.derive.root_params[0], 0x55);
	assert_int_equal(module.derive.root_params[95], 0x55);
	job_free(job);
}

static void what_was_sealed_comes_back(void **state)
{
	struct job *job = a_job(JOB_SEAL, TEEGATE_OP_SEAL, "db"), *back;

	(void)state;
	give(job, "secret", 6, 6 + TEEGATE_BLOB_OVERHEAD_MAX);
	work(NULL, device, job);
	assert_done(job);
	assert_int_equal(module.lease.ops, TEEGATE_OP_SEAL);
	assert_string_equal(module.label, "db");
	assert_int_equal(job->secret_len, 10);
	assert_memory_equal(job->secret, "BLOBtfdsfu", 10);
	module.leases = module.calls = 0;
	back = a_job(JOB_UNSEAL, TEEGATE_OP_SEAL, "");
	give(back, job->secret, job->secret_len, job->secret_len);
	work(NULL, device, back);
	assert_done(back);
	assert_int_equal(back->secret_len, 6);
	assert_memory_equal(back->secret, "secret", 6);
	job_free(job);
	job_free(back);
	assert_int_equal(wiped, 6 + TEEGATE_BLOB_OVERHEAD_MAX + 10);
}

static void a_length_that_cannot_be_is_not_believed(void **state)
{
	struct job *seal_job = a_job(JOB_SEAL, TEEGATE_OP_SEAL, ""), *unseal_job;

	(void)state;
	module.lie = 1 << 20;
	give(seal_job, "secret", 6, 6 + TEEGATE_BLOB_OVERHEAD_MAX);
	work(NULL, device, seal_job);
	assert_int_equal(seal_job->error, -EPROTO);
	unseal_job = a_job(JOB_UNSEAL, TEEGATE_OP_SEAL, "");
	give(unseal_job, "BLOBtfdsfu", 10, 10);
	work(NULL, device, unseal_job);
	assert_int_equal(unseal_job->error, -EPROTO);
	job_free(seal_job);
	job_free(unseal_job);
}

/* As the module is told them: labels one after the other, and of each source what belongs to it alone. */
static void the_terms_of_the_rule_go_into_the_lease(void **state)
{
	struct job *job = a_job(JOB_LEASE, OPERATIONS_KEYS, "");
	static const uint8_t none[32];

	(void)state;
	rule.key_labels = (struct texts){ { (char *)"disk/*", (char *)"db" }, 2 };
	rule.pins.uid = true;
	work(NULL, device, job);
	assert_int_equal(job->outcome, JOB_DONE);
	assert_int_equal(module.lease.ops, OPERATIONS_KEYS);
	assert_int_equal(module.lease.flags, TEEGATE_LEASE_PIN_UID);
	assert_int_equal(module.lease.cgroup_fd, 99);
	assert_int_equal(module.lease.sealing_bitmap, 1u << 1 | 1u << 6);
	assert_int_equal(module.lease.key_labels_len, 10);
	assert_memory_equal(module.labels, "disk/*\0db", 10);
	assert_int_equal(module.lease.root_sources, SOURCE(FIRMWARE) | SOURCE(TPM));
	assert_int_equal(module.lease.snp_field_select, 1u << 0 | 1u << 3 | 1u << 5);
	assert_int_equal(module.lease.snp_tcb_floor, 9);
	assert_int_equal(module.lease.snp_svn_floor, 0);
	assert_memory_equal(module.lease.se_secret_id, none, sizeof(none));
	job_free(job);

	rule.roots = (struct roots){
		.sources = SOURCE(FIRMWARE) | SOURCE(RETRIEVABLE), .has_svn = true, .svn_floor = 3,
		.has_se_secret = true, .se_secret = { 0x5e },
	};
	rule.key_labels.n = 0;
	job = a_job(JOB_LEASE, OPERATIONS_KEYS, "");
	work(NULL, device, job);
	assert_int_equal(module.lease.key_labels_len, 0);
	assert_int_equal(module.lease.snp_field_select, 1u << 0 | 1u << 3 | 1u << 4 | 1u << 5);
	assert_int_equal(module.lease.snp_svn_floor, 3);
	assert_int_equal(module.lease.se_secret_id[0], 0x5e);
	job_free(job);

	/* Without firmware's nothing of SNP is asked for, and a lease without keys has no terms. */
	rule.roots.sources = SOURCE(TPM);
	job = a_job(JOB_LEASE, OPERATIONS_KEYS, "");
	work(NULL, device, job);
	assert_int_equal(module.lease.root_sources, SOURCE(TPM));
	assert_int_equal(module.lease.snp_field_select, 0);
	assert_int_equal(module.lease.snp_svn_floor, 0);
	assert_int_equal(module.lease.se_secret_id[0], 0);
	job_free(job);
	module.info.firmware_ops |= TEEGATE_OP_RAW_REPORT;
	job = a_job(JOB_LEASE, TEEGATE_OP_RAW_REPORT, "");
	work(NULL, device, job);
	assert_int_equal(module.lease.sealing_claims_len, 0);
	assert_int_equal(module.lease.root_sources, 0);
	job_free(job);
}

/* Raw is what its reports are; a key is one of the workload, and only where policy and TEE have some. */
static void a_program_that_knows_sev_guest_may_have_keys_of_its_workload(void **state)
{
	static const struct {
		uint32_t abi;
		uint64_t rule_ops, firmware_ops, ops;
	} examples[] = {
		{ TEEGATE_ABI_SEV_GUEST, OPERATIONS_KEYS, OPERATIONS_KEYS, TEEGATE_OP_DERIVE_KEY },
		{ TEEGATE_ABI_SEV_GUEST, 0, OPERATIONS_KEYS, 0 },
		{ TEEGATE_ABI_SEV_GUEST, OPERATIONS_KEYS, 0, 0 },
		{ TEEGATE_ABI_TDX_GUEST, OPERATIONS_KEYS, OPERATIONS_KEYS, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct job *job = a_job(JOB_LEASE, TEEGATE_OP_RAW_REPORT, "");

		job->abi = examples[i].abi;
		rule.operations = TEEGATE_OP_RAW_REPORT | examples[i].rule_ops;
		module.info.firmware_ops = TEEGATE_OP_RAW_REPORT | examples[i].firmware_ops;
		work(NULL, device, job);
		assert_int_equal(job->outcome, JOB_DONE);
		assert_int_equal(module.lease.abi, examples[i].abi);
		assert_int_equal(module.lease.ops, TEEGATE_OP_RAW_REPORT | examples[i].ops);
		assert_int_equal(module.lease.sealing_claims_len > 0, examples[i].ops != 0);
		job_free(job);
	}
}

static void an_installed_root_needs_no_tee(void **state)
{
	struct job *job = a_job(JOB_DERIVE, TEEGATE_OP_DERIVE_KEY, "");

	(void)state;
	module.info.state = TEEGATE_STATE_ABSENT;
	module.info.roots = SOURCE(TPM);
	give(job, "", 0, 32);
	job->secret_len = 32;
	work(NULL, device, job);
	assert_done(job);
	job_free(job);
}

static void each_failure_says_what_to_do(void **state)
{
	static const struct {
		int error;
		uint64_t firmware_ops;
		const char *says[3];
	} examples[] = {
		{ 0, 0, { "policy allows those from: firmware tpm", "there are: firmware", "FirmwareRoot=" } },
		{ -ENODATA, OPERATIONS_KEYS, { "policy allows those from: firmware tpm", "there are: firmware", "/etc/teegate/roots.conf" } },
		{ -ENXIO, OPERATIONS_KEYS, { "another root" } },
		{ -EBADMSG, OPERATIONS_KEYS, { "not of this workload" } },
		{ -EILSEQ, OPERATIONS_KEYS, { "no sealed blob" } },
		{ -EXDEV, OPERATIONS_KEYS, { "another kind of TEE" } },
		{ -EKEYREJECTED, OPERATIONS_KEYS, { "weaker than policy allows" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct job *job = a_job(JOB_UNSEAL, TEEGATE_OP_SEAL, "");

		module.error = examples[i].error;
		module.info.firmware_ops = examples[i].firmware_ops;
		give(job, "x", 1, 1);
		work(NULL, device, job);
		assert_int_equal(job->outcome, JOB_FAILED);
		assert_int_equal(job->error, examples[i].error ?: -ENODATA);
		for (size_t j = 0; j < ARRAY_SIZE(examples[i].says) && examples[i].says[j]; j++)
			if (!strstr(job->text, examples[i].says[j]))
				fail_msg("case %zu: %s", i, job->text);
		job_free(job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_key_comes_by_a_lease_for_it_alone, begin, end),
		cmocka_unit_test_setup_teardown(an_older_key_comes_by_its_params, begin, end),
		cmocka_unit_test_setup_teardown(what_was_sealed_comes_back, begin, end),
		cmocka_unit_test_setup_teardown(a_length_that_cannot_be_is_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(the_terms_of_the_rule_go_into_the_lease, begin, end),
		cmocka_unit_test_setup_teardown(a_program_that_knows_sev_guest_may_have_keys_of_its_workload, begin, end),
		cmocka_unit_test_setup_teardown(an_installed_root_needs_no_tee, begin, end),
		cmocka_unit_test_setup_teardown(each_failure_says_what_to_do, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request from beginning to end: daemon/work.c, with the module and the look at the client played
 * here. What is asked of the module, what comes of its answers, and that nothing is asked in vain.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence.h"
#include "exposure.h"
#include "jobs.h"
#include "util.h"

static struct {
	struct teegate_get_info info;
	struct exposure exposure;
	int error;			/* of the report or extension */
	uint64_t fw_status;

	unsigned int leases, reports, extensions;
	struct lease_request lease;
	uint8_t claims[TEEGATE_CLAIMS_MAX];
	int lease_fd;
	uint32_t report_flags;
	size_t challenge_len;
	struct teegate_extend extend;
	uint8_t event[TEEGATE_EVENT_MAX];
} module;

static char cgroup[] = "/system.slice/payments.service";
static struct rule rule = { .name = "payments", .lifetime_ms = 60000, .pins.uid = true, .max_pending = 3 };
static struct peer peer = { .uid = 10001, .cgroup = cgroup, .cgroup_fd = 99 };

void __wrap_device_info(struct device *device, struct teegate_get_info *ret);
int __wrap_device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			       uint64_t *ret_id);
int __wrap_device_report(int lease_fd, const struct teegate_get_info *info,
			 const struct report_request *request, struct report *ret);
int __wrap_device_extend(int lease_fd, struct teegate_extend *io);
void __wrap_exposure_look(const struct peer *who, struct exposure *ret);
bool __wrap_job_set_lease(struct jobs *jobs, struct job *job, uint64_t lease_id);

void __wrap_device_info(struct device *device, struct teegate_get_info *ret)
{
	(void)device;
	*ret = module.info;
}

int __wrap_device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			       uint64_t *ret_id)
{
	(void)device;
	module.leases++;
	module.lease = *request;
	if (request->claims_len > 0)
		memcpy(module.claims, request->claims, request->claims_len);
	module.lease_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	*ret_fd = module.lease_fd;
	*ret_id = 7;
	return 0;
}

static uint8_t *copy(const void *data, size_t len)
{
	uint8_t *bytes = malloc(len);

	assert_non_null(bytes);
	memcpy(bytes, data, len);
	return bytes;
}

int __wrap_device_report(int lease_fd, const struct teegate_get_info *info,
			 const struct report_request *request, struct report *ret)
{
	uint32_t flags = request->flags;

	module.reports++;
	module.report_flags = flags;
	module.challenge_len = request->challenge_len;
	assert_int_equal(lease_fd, module.lease_fd);
	memset(ret, 0, sizeof(*ret));
	ret->io.fw_status = module.fw_status;
	if (module.error < 0)
		return module.error;
	ret->io.provider = info->provider;
	ret->data = copy("quote", 5);
	ret->io.report_len = 5;
	ret->aux = copy("log", 3);
	ret->io.aux_len = flags & TEEGATE_REPORT_AUX ? 3 : 0;
	ret->claims = copy(module.claims, module.lease.claims_len);
	ret->io.claims_len = (uint32_t)module.lease.claims_len;
	ret->path = NULL;
	ret->io.tree_size = 1;
	memset(ret->io.config_uid, 0xc0, sizeof(ret->io.config_uid));
	memset(ret->io.report_data, 0xda, sizeof(ret->io.report_data));
	return 0;
}

int __wrap_device_extend(int lease_fd, struct teegate_extend *io)
{
	module.extensions++;
	module.extend = *io;
	memcpy(module.event, (void *)(uintptr_t)io->event, io->event_len);
	assert_int_equal(lease_fd, module.lease_fd);
	io->fw_status = module.fw_status;
	memset(io->digest, 0xd1, sizeof(io->digest));
	return module.error;
}

void __wrap_exposure_look(const struct peer *who, struct exposure *ret)
{
	(void)who;
	*ret = module.exposure;
}

bool __wrap_job_set_lease(struct jobs *jobs, struct job *job, uint64_t lease_id)
{
	(void)jobs;
	(void)job;
	(void)lease_id;
	return true;
}

static int setup(void **state)
{
	(void)state;
	memset(&module, 0, sizeof(module));
	module.info = (struct teegate_get_info){
		.provider = TEEGATE_PROVIDER_TDX,
		.state = TEEGATE_STATE_UP,
		.firmware_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | TEEGATE_OP_EXTEND,
		.timeout_default_ms = 75000,
		.in_flight_max = 4,
	};
	module.exposure.verdict = EXPOSURE_NONE;
	rule.trust_privileged = false;
	return 0;
}

static struct job a_job(enum job_kind kind, uint64_t operations)
{
	return (struct job){ .kind = kind, .peer = &peer, .rule = &rule, .operations = operations,
			     .lease_fd = -1, .submitted_ms = now_ms() };
}

static struct job an_extension(void)
{
	struct job job = a_job(JOB_EXTEND, TEEGATE_OP_EXTEND);

	job.index = 3;
	memcpy(job.event, "event", 5);
	job.event_len = 5;
	job.extend_events = 1;
	job.extend_bytes = 5;
	return job;
}

static void do_job(struct job *job)
{
	work(NULL, NULL, job);
	/* What the daemon used itself is gone at once. */
	if (module.leases > 0 && job->kind != JOB_LEASE)
		assert_int_equal(fcntl(module.lease_fd, F_GETFD), -1);
}

static void assert_evidence(struct job *job, const char *aux, const char *event_log)
{
	struct evidence ev;

	if (job->outcome != JOB_DONE)
		fail_msg("%s", job->text);
	assert_int_equal(ev_decode(job->evidence, job->evidence_len, &ev, NULL), 0);
	assert_int_equal(ev.aux.data != NULL, aux != NULL);
	assert_int_equal(ev.event_log.data != NULL, event_log != NULL);
	if (event_log)
		assert_memory_equal(ev.event_log.data, event_log, strlen(event_log));
	ev_done(&ev);
	free(job->evidence);
	job->evidence = NULL;
}

static void each_tee_gives_what_it_has_beside_the_report(void **state)
{
	static const struct {
		uint32_t provider;
		bool certificates, event_log;
		const char *aux, *log;
	} cases[] = {
		{ TEEGATE_PROVIDER_TDX, false, true, NULL, "log" },
		{ TEEGATE_PROVIDER_TDX, true, true, NULL, "log" },
		{ TEEGATE_PROVIDER_TDX, true, false, NULL, NULL },
		{ TEEGATE_PROVIDER_TDX, false, false, NULL, NULL },
		{ TEEGATE_PROVIDER_SEV_SNP, true, false, "log", NULL },
		{ TEEGATE_PROVIDER_SEV_SNP, true, true, "log", NULL },
		{ TEEGATE_PROVIDER_SEV_SNP, false, true, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct job job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);

		module.info.provider = cases[i].provider;
		job.certificates = cases[i].certificates;
		job.event_log = cases[i].event_log;
		do_job(&job);
		assert_int_equal(module.report_flags,
				 cases[i].aux || cases[i].log ? TEEGATE_REPORT_AUX : 0);
		assert_evidence(&job, cases[i].aux, cases[i].log);
	}
}

static struct job a_challenge(uint64_t operations)
{
	struct job job = a_job(JOB_EVIDENCE, operations);

	job.challenge = copy("request", 7);
	job.challenge_len = 7;
	memcpy(job.user_data, "mine", 4);
	job.user_data_len = 4;
	return job;
}

static void an_answer_of_secure_execution_has_all_that_it_covers(void **state)
{
	(void)state;
	module.info.provider = TEEGATE_PROVIDER_SE;
	for (int raw = 0; raw < 2; raw++) {
		struct job job = a_challenge(raw ? TEEGATE_OP_RAW_REPORT : TEEGATE_OP_REPORT);
		uint8_t expected[64];
		struct evidence ev;
		struct ev_se se;

		do_job(&job);
		assert_int_equal(job.outcome, JOB_DONE);
		assert_true(module.report_flags & TEEGATE_REPORT_AUX);	/* though nobody said so */
		assert_int_equal(module.challenge_len, 7);
		assert_int_equal(ev_decode(job.evidence, job.evidence_len, &ev, NULL), 0);
		assert_string_equal(ev.provider, "se");
		assert_int_equal(ev.bound, !raw);
		assert_memory_equal(ev.aux.data, "log", 3);
		assert_int_equal(ev_se_decode(&ev.details, &se, NULL), 0);
		assert_int_equal(se.challenge.len, 7);
		assert_memory_equal(se.challenge.data, "request", 7);
		memset(expected, 0xc0, 16);
		assert_memory_equal(se.config_uid.data, expected, 16);
		memset(expected, 0xda, 64);
		assert_int_equal(se.user_data.len, raw ? 4 : 64);
		assert_memory_equal(se.user_data.data, raw ? (const uint8_t *)"mine" : expected,
				    se.user_data.len);
		ev_done(&ev);
		free(job.evidence);
		free(job.challenge);
	}
}

static void challenge_and_tee_must_fit_before_anything_is_made(void **state)
{
	struct job job = a_challenge(TEEGATE_OP_REPORT);

	(void)state;
	do_job(&job);
	assert_int_equal(job.error, -EINVAL);
	assert_non_null(strstr(job.text, "a challenge is for IBM Secure Execution"));
	free(job.challenge);

	module.info.provider = TEEGATE_PROVIDER_SE;
	job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);
	do_job(&job);
	assert_int_equal(job.error, -EINVAL);
	assert_non_null(strstr(job.text, "give its challenge"));
	assert_int_equal(module.leases, 0);

	/* A lease is for requests to come. */
	job = a_job(JOB_LEASE, TEEGATE_OP_REPORT);
	do_job(&job);
	assert_int_equal(job.outcome, JOB_DONE);
	close(job.lease_fd);
}

static void an_extension_speaks_for_the_workload_and_claims_no_uid(void **state)
{
	struct job job = an_extension();
	struct ev_claims claims;

	(void)state;
	do_job(&job);
	assert_int_equal(job.outcome, JOB_DONE);
	assert_int_equal(job.digest[47], 0xd1);
	assert_int_equal(module.extend.index, 3);
	assert_int_equal(module.extend.event_len, 5);
	assert_int_equal(module.extend.flags, 0);
	assert_memory_equal(module.event, "event", 5);
	assert_int_equal(module.lease.operations, TEEGATE_OP_EXTEND);
	assert_int_equal(module.lease.extend_events, 1);
	assert_int_equal(module.lease.extend_bytes, 5);
	assert_int_equal(module.lease.cgroup_fd, -1);
	assert_false(module.lease.pin_uid);
	assert_int_equal(ev_claims_decode(module.claims, module.lease.claims_len, &claims, NULL), 0);
	assert_string_equal(claims.workload, "payments");
	assert_false(claims.has_uid);
	ev_claims_done(&claims);
}

static void a_lease_carries_its_part_of_the_budget_and_its_pins(void **state)
{
	struct job job = a_job(JOB_LEASE, TEEGATE_OP_EXTEND);

	(void)state;
	job.extend_events = 2;
	job.extend_bytes = 77;
	do_job(&job);
	assert_int_equal(job.outcome, JOB_DONE);
	assert_int_equal(module.lease.extend_events, 2);
	assert_int_equal(module.lease.extend_bytes, 77);
	assert_int_equal(module.lease.cgroup_fd, 99);
	assert_true(module.lease.pin_uid);
	assert_true(module.lease.claims_len > 0);
	closep(&job.lease_fd);

	job = a_job(JOB_LEASE, TEEGATE_OP_RAW_REPORT);
	do_job(&job);
	assert_int_equal(module.lease.extend_events, 0);
	assert_int_equal(module.lease.claims_len, 0);
	closep(&job.lease_fd);
}

/* In a rule and for a client of its own, since those of the other tests are shared. */
static void each_pin_of_the_rule_is_one_of_the_lease_and_of_no_report(void **state)
{
	struct rule pinning = rule;
	struct peer pinned = peer;

	(void)state;
	strcpy(pinned.label, "payments_t");
	pinned.exe_fd = 98;
	pinned.workload = 4711;
	pinning.quota.rate_per_minute = 600;
	pinning.quota.rate_burst = 60;
	for (int i = 0; i < 8; i++) {
		struct job job = a_job(JOB_LEASE, TEEGATE_OP_REPORT);

		pinning.pins = (struct pins){ .uid = i & 1, .label = i & 2, .exe = i & 4 };
		job.peer = &pinned;
		job.rule = &pinning;
		do_job(&job);
		assert_int_equal(job.outcome, JOB_DONE);
		assert_int_equal(module.lease.pin_uid, i & 1);
		assert_ptr_equal(module.lease.label, i & 2 ? pinned.label : NULL);
		assert_int_equal(module.lease.exe_fd, i & 4 ? 98 : -1);
		assert_int_equal(module.lease.workload, 4711);
		assert_int_equal(module.lease.rate_per_minute, 600);
		assert_int_equal(module.lease.rate_burst, 60);
		close(job.lease_fd);

		/* The asker is teegated then, so no pin would hold; the turn is the workload's all the same. */
		job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);
		job.peer = &pinned;
		job.rule = &pinning;
		do_job(&job);
		assert_int_equal(job.outcome, JOB_DONE);
		free(job.evidence);
		assert_false(module.lease.pin_uid);
		assert_null(module.lease.label);
		assert_int_equal(module.lease.exe_fd, -1);
		assert_int_equal(module.lease.workload, 4711);
	}
}

static void no_lease_is_made_without_a_pin_that_its_rule_wants(void **state)
{
	struct rule pinning = rule;
	struct peer bare = peer;

	(void)state;
	bare.exe_fd = -1;
	for (int i = 0; i < 3; i++) {
		struct job job = a_job(JOB_LEASE, TEEGATE_OP_REPORT);

		pinning.pins = (struct pins){ .label = i == 1, .exe = i == 2 };
		job.peer = &bare;
		job.rule = &pinning;
		do_job(&job);
		assert_int_equal(job.outcome, i == 0 ? JOB_DONE : JOB_FAILED);
		assert_int_equal(module.leases, 1);	/* the first one */
		if (i == 0)
			close(job.lease_fd);
		else
			assert_int_equal(job.error, -EPERM);
	}
}

static void another_vmpl_than_that_of_the_rule_gets_nothing(void **state)
{
	static const struct {
		uint32_t provider, vmpl;
		bool granted;
	} cases[] = {
		{ TEEGATE_PROVIDER_SEV_SNP, 2, true },
		{ TEEGATE_PROVIDER_SEV_SNP, 0, false },
		{ TEEGATE_PROVIDER_SEV_SNP, 3, false },
		{ TEEGATE_PROVIDER_TDX, 0, true },
	};
	struct rule at_two = rule;

	(void)state;
	at_two.has_vmpl = true;
	at_two.vmpl = 2;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct job job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);

		module.info.provider = cases[i].provider;
		module.info.vmpl = cases[i].vmpl;
		module.leases = 0;
		job.rule = &at_two;
		do_job(&job);
		assert_int_equal(job.outcome, cases[i].granted ? JOB_DONE : JOB_FAILED);
		assert_int_equal(module.leases, cases[i].granted);
		if (!cases[i].granted)
			assert_non_null(strstr(job.text, "VMPL 2"));
		free(job.evidence);
	}
}

static void an_extension_is_tried_once(void **state)
{
	static const int errors[] = { -ESTALE, -ETIMEDOUT, -EREMOTEIO, -EAGAIN, -ENOSPC };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct job job = an_extension();

		module.error = errors[i];
		module.extensions = 0;
		do_job(&job);
		assert_int_equal(job.outcome, JOB_FAILED);
		assert_int_equal(job.error, errors[i]);
		assert_int_equal(module.extensions, 1);
		assert_false(job.host_stuck);
	}
}

static void without_registers_nothing_is_made(void **state)
{
	struct job job = an_extension();

	(void)state;
	module.info.firmware_ops &= ~TEEGATE_OP_EXTEND;
	do_job(&job);
	assert_int_equal(job.outcome, JOB_FAILED);
	assert_int_equal(job.error, -EOPNOTSUPP);
	assert_non_null(strstr(job.text, "no registers"));
	assert_int_equal(module.leases, 0);
	assert_int_equal(job.lease_id, 0);	/* so the budget comes back */
}

static void who_could_forge_extends_nothing(void **state)
{
	struct job job = an_extension();
	struct ev_claims claims;

	(void)state;
	module.exposure = (struct exposure){ .verdict = EXPOSURE_OPEN, .text = "it may open /dev/tdx_guest" };
	do_job(&job);
	assert_int_equal(job.outcome, JOB_FORGEABLE);
	assert_int_equal(module.leases, 0);

	rule.trust_privileged = true;
	job = an_extension();
	do_job(&job);
	assert_int_equal(job.outcome, JOB_DONE);
	assert_int_equal(ev_claims_decode(module.claims, module.lease.claims_len, &claims, NULL), 0);
	assert_non_null(strstr(claims.taint, "/dev/tdx_guest"));
	ev_claims_done(&claims);
}

static void buffers_that_the_host_holds_are_no_matter_of_patience(void **state)
{
	struct job job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);

	(void)state;
	module.error = -EAGAIN;
	module.info.in_flight = 4;
	module.info.quarantined = 3;
	do_job(&job);
	assert_int_equal(job.error, -EAGAIN);
	assert_false(job.host_stuck);

	job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);
	module.info.quarantined = 4;
	do_job(&job);
	assert_int_equal(job.error, -EAGAIN);
	assert_true(job.host_stuck);
	assert_non_null(strstr(job.text, "the host holds all 4 buffers"));
}

static void codes_of_the_host_are_told_in_words(void **state)
{
	struct job job = a_job(JOB_EVIDENCE, TEEGATE_OP_REPORT);

	(void)state;
	module.error = -EREMOTEIO;
	module.fw_status = 0x8000000000000001;
	do_job(&job);
	assert_int_equal(job.outcome, JOB_FAILED);
	assert_int_equal(job.fw_status, module.fw_status);
	assert_non_null(strstr(job.text, "no quoting service"));
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_tee_gives_what_it_has_beside_the_report),
		T(an_answer_of_secure_execution_has_all_that_it_covers),
		T(challenge_and_tee_must_fit_before_anything_is_made),
		T(an_extension_speaks_for_the_workload_and_claims_no_uid),
		T(a_lease_carries_its_part_of_the_budget_and_its_pins),
		T(each_pin_of_the_rule_is_one_of_the_lease_and_of_no_report),
		T(no_lease_is_made_without_a_pin_that_its_rule_wants),
		T(another_vmpl_than_that_of_the_rule_gets_nothing),
		T(an_extension_is_tried_once),
		T(without_registers_nothing_is_made),
		T(who_could_forge_extends_nothing),
		T(buffers_that_the_host_holds_are_no_matter_of_patience),
		T(codes_of_the_host_are_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

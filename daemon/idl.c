// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * io.teegate.Broker.varlink in tables. The file is for people; that both say the same, comments
 * included, is tested.
 */
#include "idl.h"

#define COMMENT			SD_VARLINK_FIELD_COMMENT
#define FIELD			SD_VARLINK_DEFINE_FIELD
#define INPUT			SD_VARLINK_DEFINE_INPUT
#define OUTPUT			SD_VARLINK_DEFINE_OUTPUT
#define NULLABLE		SD_VARLINK_NULLABLE
#define ARRAY			SD_VARLINK_ARRAY

static SD_VARLINK_DEFINE_STRUCT_TYPE(Info,
	COMMENT("\"sev-snp\", \"tdx\", \"se\" or \"none\""),
	FIELD(provider, SD_VARLINK_STRING, 0),
	COMMENT("how the module reaches firmware: \"driver\", \"direct\" or \"none\""),
	FIELD(transport, SD_VARLINK_STRING, 0),
	COMMENT("\"absent\", \"waiting\", \"up\", \"lost\" or \"dead\""),
	FIELD(state, SD_VARLINK_STRING, 0),
	COMMENT("what is wrong and what to do, absent when all is well"),
	FIELD(reason, SD_VARLINK_STRING, NULLABLE),
	COMMENT("the VMPL that reports will carry (SEV-SNP), else 0"),
	FIELD(vmpl, SD_VARLINK_INT, 0),
	COMMENT("what this TEE can do now: \"report\", \"raw\", \"extend\", \"key\", \"seal\"; \"local\": reports for this CPU only (TDX)"),
	FIELD(operations, SD_VARLINK_STRING, ARRAY),
	COMMENT("the CPU does not confirm the TEE: evidence says so, too"),
	FIELD(softwareFirmware, SD_VARLINK_BOOL, 0),
	COMMENT("the workload that the caller is taken for, absent when policy names none"),
	FIELD(workload, SD_VARLINK_STRING, NULLABLE),
	COMMENT("what policy allows this workload"),
	FIELD(allowed, SD_VARLINK_STRING, ARRAY),
	COMMENT("quote buffers that the host works on (TDX), absent elsewhere"),
	FIELD(inFlight, SD_VARLINK_INT, NULLABLE),
	COMMENT("those of them that it has not returned in time, and still owns"),
	FIELD(quarantined, SD_VARLINK_INT, NULLABLE),
	COMMENT("how many there are; when all are in quarantine, evidence has to wait for the host"),
	FIELD(inFlightMax, SD_VARLINK_INT, NULLABLE));

static SD_VARLINK_DEFINE_METHOD(GetInfo,
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(info, Info, 0));

static SD_VARLINK_DEFINE_METHOD(GetEvidence,
	COMMENT("base64, at most 64 bytes; raw beside a challenge 256"),
	INPUT(userData, SD_VARLINK_STRING, NULLABLE),
	COMMENT("userData goes into report_data as it is, bound to nobody; needs the operation \"raw\""),
	INPUT(raw, SD_VARLINK_BOOL, NULLABLE),
	COMMENT("fetch the host's certificate table, too (SEV-SNP)"),
	INPUT(certificates, SD_VARLINK_BOOL, NULLABLE),
	COMMENT("fetch the event log, too (TDX); as certificates when absent"),
	INPUT(eventLog, SD_VARLINK_BOOL, NULLABLE),
	COMMENT("base64, at most 8192 bytes: the verifier's request (ARCB) to answer. IBM Secure Execution needs\n"
		"one, and no other TEE takes it. For a longer one acquire a lease"),
	INPUT(challenge, SD_VARLINK_STRING, NULLABLE),
	COMMENT("deadline in milliseconds, at most 600000; the module's default when absent"),
	INPUT(timeoutMs, SD_VARLINK_INT, NULLABLE),
	COMMENT("base64 of one item of application/vnd.teegate.evidence+cbor"),
	OUTPUT(evidence, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(Extend,
	COMMENT("2 or 3"),
	INPUT(index, SD_VARLINK_INT, 0),
	COMMENT("base64, 1 to 1024 bytes"),
	INPUT(event, SD_VARLINK_STRING, 0),
	COMMENT("deadline in milliseconds, at most 600000; the module's default when absent"),
	INPUT(timeoutMs, SD_VARLINK_INT, NULLABLE),
	COMMENT("base64 of the 48 bytes that the register was extended with"),
	OUTPUT(digest, SD_VARLINK_STRING, 0));

#define TIMEOUT \
	COMMENT("deadline in milliseconds, at most 600000; the module's default when absent"), \
	INPUT(timeoutMs, SD_VARLINK_INT, NULLABLE)

static SD_VARLINK_DEFINE_METHOD(DeriveKey,
	COMMENT("its name, at most 255 bytes of any text: another name is another key. Other bytes take a lease"),
	INPUT(label, SD_VARLINK_STRING, NULLABLE),
	COMMENT("16 to 64 bytes, 32 when absent: another length is another key altogether"),
	INPUT(length, SD_VARLINK_INT, NULLABLE),
	COMMENT("base64 of 96 bytes: the params of an older answer, for that very key"),
	INPUT(params, SD_VARLINK_STRING, NULLABLE),
	TIMEOUT,
	COMMENT("base64"),
	OUTPUT(key, SD_VARLINK_STRING, 0),
	COMMENT("which root it came of, in hex"),
	OUTPUT(rootId, SD_VARLINK_STRING, 0),
	COMMENT("base64 of 96 bytes: give them to have this key again when the firmware is a newer one"),
	OUTPUT(params, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(Seal,
	COMMENT("as in DeriveKey; it stands in the blob for everybody to read"),
	INPUT(label, SD_VARLINK_STRING, NULLABLE),
	COMMENT("base64, at most 8192 bytes; more takes a lease"),
	INPUT(data, SD_VARLINK_STRING, 0),
	TIMEOUT,
	COMMENT("base64"),
	OUTPUT(blob, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(Unseal,
	COMMENT("base64"),
	INPUT(blob, SD_VARLINK_STRING, 0),
	TIMEOUT,
	COMMENT("base64"),
	OUTPUT(data, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(AcquireLease,
	COMMENT("the reports that policy allows when absent"),
	INPUT(operations, SD_VARLINK_STRING, ARRAY | NULLABLE),
	COMMENT("with \"extend\", how many of the events that policy allows the lease takes: 1 when absent"),
	INPUT(extendEvents, SD_VARLINK_INT, NULLABLE),
	COMMENT("with \"extend\", how many of the bytes: 1024 when absent"),
	INPUT(extendBytes, SD_VARLINK_INT, NULLABLE),
	COMMENT("index of the lease among the descriptors of the reply: 0"),
	OUTPUT(leaseFd, SD_VARLINK_INT, 0),
	OUTPUT(leaseId, SD_VARLINK_INT, 0),
	OUTPUT(operations, SD_VARLINK_STRING, ARRAY),
	COMMENT("milliseconds until the lease expires"),
	OUTPUT(expiresMs, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(AcquireSgx,
	COMMENT("\"enclave\" or \"provision\""),
	INPUT(device, SD_VARLINK_STRING, 0),
	COMMENT("index of the device among the descriptors of the reply: 0"),
	OUTPUT(deviceFd, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Lease,
	FIELD(leaseId, SD_VARLINK_INT, 0),
	COMMENT("the lease that it was narrowed from"),
	FIELD(parent, SD_VARLINK_INT, NULLABLE),
	COMMENT("\"live\", or \"ended\": revoked or expired, and only its descriptor is left"),
	FIELD(state, SD_VARLINK_STRING, 0),
	COMMENT("name of its workload in policy"),
	FIELD(workload, SD_VARLINK_STRING, NULLABLE),
	COMMENT("by which the kernel knows its workload: the id of a cgroup"),
	FIELD(workloadNumber, SD_VARLINK_INT, NULLABLE),
	COMMENT("policy file that granted it"),
	FIELD(rule, SD_VARLINK_STRING, NULLABLE),
	FIELD(unit, SD_VARLINK_STRING, NULLABLE),
	FIELD(cgroup, SD_VARLINK_STRING, NULLABLE),
	COMMENT("id that the container's runtime registered"),
	FIELD(container, SD_VARLINK_STRING, NULLABLE),
	FIELD(uid, SD_VARLINK_INT, NULLABLE),
	FIELD(label, SD_VARLINK_STRING, NULLABLE),
	FIELD(operations, SD_VARLINK_STRING, ARRAY),
	COMMENT("what it is pinned to: \"cgroup\", \"uid\", \"label\", \"executable\""),
	FIELD(pins, SD_VARLINK_STRING, ARRAY | NULLABLE),
	FIELD(cgroupId, SD_VARLINK_INT, NULLABLE),
	COMMENT("0 or absent: the module's own ioctls; else those of a stock driver"),
	FIELD(abi, SD_VARLINK_INT, NULLABLE),
	COMMENT("absent when it never expires"),
	FIELD(expiresMs, SD_VARLINK_INT, NULLABLE),
	FIELD(maxPending, SD_VARLINK_INT, NULLABLE),
	COMMENT("requests that wait or are under way"),
	FIELD(pending, SD_VARLINK_INT, NULLABLE),
	FIELD(ratePerMinute, SD_VARLINK_INT, NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Event,
	FIELD(event, SD_VARLINK_STRING, 0),
	FIELD(timestampUSec, SD_VARLINK_INT, 0),
	COMMENT("by the kernel's clock that also counts suspended time"),
	FIELD(bootNSec, SD_VARLINK_INT, NULLABLE),
	COMMENT("it happened so many times; 1 when absent"),
	FIELD(count, SD_VARLINK_INT, NULLABLE),
	FIELD(workload, SD_VARLINK_STRING, NULLABLE),
	FIELD(rule, SD_VARLINK_STRING, NULLABLE),
	FIELD(unit, SD_VARLINK_STRING, NULLABLE),
	FIELD(cgroup, SD_VARLINK_STRING, NULLABLE),
	FIELD(container, SD_VARLINK_STRING, NULLABLE),
	FIELD(label, SD_VARLINK_STRING, NULLABLE),
	FIELD(workloadNumber, SD_VARLINK_INT, NULLABLE),
	FIELD(uid, SD_VARLINK_INT, NULLABLE),
	FIELD(pid, SD_VARLINK_INT, NULLABLE),
	FIELD(lease, SD_VARLINK_INT, NULLABLE),
	FIELD(parent, SD_VARLINK_INT, NULLABLE),
	FIELD(operations, SD_VARLINK_STRING, ARRAY | NULLABLE),
	FIELD(method, SD_VARLINK_STRING, NULLABLE),
	FIELD(verdict, SD_VARLINK_STRING, NULLABLE),
	FIELD(cause, SD_VARLINK_STRING, NULLABLE),
	FIELD(reason, SD_VARLINK_STRING, NULLABLE),
	FIELD(provider, SD_VARLINK_STRING, NULLABLE),
	FIELD(state, SD_VARLINK_STRING, NULLABLE),
	FIELD(device, SD_VARLINK_STRING, NULLABLE),
	FIELD(errno, SD_VARLINK_STRING, NULLABLE),
	FIELD(firmwareStatus, SD_VARLINK_INT, NULLABLE),
	FIELD(quarantined, SD_VARLINK_INT, NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Workload,
	COMMENT("0 for a lease that is a workload of its own"),
	FIELD(workloadNumber, SD_VARLINK_INT, NULLABLE),
	COMMENT("of its first lease, with workloadNumber 0"),
	FIELD(leaseId, SD_VARLINK_INT, NULLABLE),
	FIELD(leases, SD_VARLINK_INT, NULLABLE),
	FIELD(maxPending, SD_VARLINK_INT, NULLABLE),
	FIELD(ratePerMinute, SD_VARLINK_INT, NULLABLE),
	FIELD(rateBurst, SD_VARLINK_INT, NULLABLE),
	FIELD(requests, SD_VARLINK_INT, NULLABLE),
	FIELD(answered, SD_VARLINK_INT, NULLABLE),
	FIELD(refused, SD_VARLINK_INT, NULLABLE),
	FIELD(pending, SD_VARLINK_INT, NULLABLE),
	COMMENT("of all its requests together, from submission to end"),
	FIELD(waitNSec, SD_VARLINK_INT, NULLABLE),
	FIELD(waitMaxNSec, SD_VARLINK_INT, NULLABLE),
	FIELD(workload, SD_VARLINK_STRING, NULLABLE),
	FIELD(rule, SD_VARLINK_STRING, NULLABLE),
	FIELD(unit, SD_VARLINK_STRING, NULLABLE),
	FIELD(cgroup, SD_VARLINK_STRING, NULLABLE),
	FIELD(container, SD_VARLINK_STRING, NULLABLE),
	FIELD(uid, SD_VARLINK_INT, NULLABLE),
	FIELD(label, SD_VARLINK_STRING, NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Backend,
	FIELD(provider, SD_VARLINK_STRING, 0),
	FIELD(transport, SD_VARLINK_STRING, 0),
	FIELD(state, SD_VARLINK_STRING, 0),
	FIELD(reason, SD_VARLINK_STRING, NULLABLE),
	FIELD(queued, SD_VARLINK_INT, NULLABLE),
	FIELD(queueMax, SD_VARLINK_INT, NULLABLE),
	FIELD(reports, SD_VARLINK_INT, NULLABLE),
	FIELD(errors, SD_VARLINK_INT, NULLABLE),
	FIELD(inFlight, SD_VARLINK_INT, NULLABLE),
	FIELD(inFlightMax, SD_VARLINK_INT, NULLABLE),
	FIELD(quarantined, SD_VARLINK_INT, NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Account,
	FIELD(name, SD_VARLINK_STRING, 0),
	FIELD(connections, SD_VARLINK_INT, 0),
	FIELD(requests, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(ListLeases,
	INPUT(leaseId, SD_VARLINK_INT, NULLABLE),
	COMMENT("name in policy"),
	INPUT(workload, SD_VARLINK_STRING, NULLABLE),
	INPUT(container, SD_VARLINK_STRING, NULLABLE),
	COMMENT("only leases with a higher id: the next of an answer that was full"),
	INPUT(after, SD_VARLINK_INT, NULLABLE),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(leases, Lease, ARRAY),
	COMMENT("there are more, ask again with this as after"),
	OUTPUT(next, SD_VARLINK_INT, NULLABLE));

static SD_VARLINK_DEFINE_METHOD(Revoke,
	INPUT(leaseId, SD_VARLINK_INT, NULLABLE),
	INPUT(workload, SD_VARLINK_STRING, NULLABLE),
	INPUT(container, SD_VARLINK_STRING, NULLABLE),
	COMMENT("how many"),
	OUTPUT(revoked, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD_FULL(Subscribe, SD_VARLINK_REQUIRES_MORE,
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(event, Event, 0));

static SD_VARLINK_DEFINE_METHOD(Statistics,
	COMMENT("false: there is no module, or it may not be heard; then there are no workloads and no backends"),
	OUTPUT(kernelEvents, SD_VARLINK_BOOL, 0),
	COMMENT("granted by the broker and not ended"),
	OUTPUT(leases, SD_VARLINK_INT, 0),
	OUTPUT(connections, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(workloads, Workload, ARRAY),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(backends, Backend, ARRAY),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(accounts, Account, ARRAY));

static SD_VARLINK_DEFINE_METHOD(Reload,
	COMMENT("how many there are now"),
	OUTPUT(workloads, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ERROR(NotAllowed,
	COMMENT("what the broker saw"),
	FIELD(workload, SD_VARLINK_STRING, 0),
	FIELD(reason, SD_VARLINK_STRING, 0),
	COMMENT("the lines that would have to exist"),
	FIELD(rule, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(UnknownWorkload,
	FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(Forgeable,
	FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(Busy,
	FIELD(retryAfterMs, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ERROR(Failed,
	COMMENT("a name such as \"ENOKEY\""),
	FIELD(errno, SD_VARLINK_STRING, 0),
	COMMENT("hexadecimal, absent when firmware was not asked"),
	FIELD(firmwareStatus, SD_VARLINK_STRING, NULLABLE),
	FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(NotAdministrator,
	FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(NoSuchLease);

static SD_VARLINK_DEFINE_ERROR(EventsLost,
	FIELD(lost, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ERROR(ReloadFailed,
	COMMENT("a line for each thing that is wrong"),
	FIELD(reason, SD_VARLINK_STRING, 0));

SD_VARLINK_DEFINE_INTERFACE(io_teegate_Broker, BROKER_INTERFACE,
	SD_VARLINK_INTERFACE_COMMENT("The broker of the TEE: hands a confined workload exactly what its policy allows.\n"
				     "Identity is never a parameter: the broker takes it from the connection."),
	&vl_type_Info,
	SD_VARLINK_SYMBOL_COMMENT("What the TEE is, and which workload the broker takes the caller for."),
	&vl_method_GetInfo,
	SD_VARLINK_SYMBOL_COMMENT("Evidence bound to the caller's workload."),
	&vl_method_GetEvidence,
	SD_VARLINK_SYMBOL_COMMENT("Adds an event to a runtime measurement register (TDX) and to the event log, for good, in the name\n"
				  "of the caller's workload. Needs the operation \"extend\", and uses up what policy allows of it."),
	&vl_method_Extend,
	SD_VARLINK_SYMBOL_COMMENT("A key of the caller's workload, the same each time. Needs the operation \"key\", and not a policy that\n"
				  "pins the executable: that takes a lease. What else it depends on: doc/keys.md."),
	&vl_method_DeriveKey,
	SD_VARLINK_SYMBOL_COMMENT("Seals data for the caller's workload. Needs the operation \"seal\", and is bound as DeriveKey."),
	&vl_method_Seal,
	SD_VARLINK_SYMBOL_COMMENT("What was sealed. Needs the operation \"seal\". Failed tells by its errno what is wrong with a blob: EILSEQ,\n"
				  "EPROTONOSUPPORT, EMSGSIZE, EXDEV, ENXIO (another root), EKEYREJECTED (older than policy allows), EPERM (its\n"
				  "label); EBADMSG for one that was changed and for one of another workload alike."),
	&vl_method_Unseal,
	SD_VARLINK_SYMBOL_COMMENT("A lease of the kernel module, pinned to the cgroup that connected. The descriptor travels beside\n"
				  "the reply."),
	&vl_method_AcquireLease,
	SD_VARLINK_SYMBOL_COMMENT("A descriptor of /dev/sgx_enclave, or of /dev/sgx_provision, by SgxEnclave= and SgxProvision= in policy.\n"
				  "It travels beside the reply. It is no lease: nothing pins it, and it cannot be revoked."),
	&vl_method_AcquireSgx,
	SD_VARLINK_SYMBOL_COMMENT("A lease, for administrators. What the broker has no name for is absent."),
	&vl_type_Lease,
	SD_VARLINK_SYMBOL_COMMENT("Something that happened. Only event and timestampUSec are always there; doc/events.md tells which others."),
	&vl_type_Event,
	SD_VARLINK_SYMBOL_COMMENT("A workload as the kernel counts it: since its first lease, until its last one is gone."),
	&vl_type_Workload,
	SD_VARLINK_SYMBOL_COMMENT("A TEE as the kernel sees it."),
	&vl_type_Backend,
	SD_VARLINK_SYMBOL_COMMENT("Whom the broker charges for connections and requests."),
	&vl_type_Account,
	SD_VARLINK_SYMBOL_COMMENT("For administrators: the leases that there are, by rising id, those of administrators included."),
	&vl_method_ListLeases,
	SD_VARLINK_SYMBOL_COMMENT("For administrators: ends one lease with all that were narrowed from it, or all leases of a workload\n"
				  "or of a container. Give one of the three."),
	&vl_method_Revoke,
	SD_VARLINK_SYMBOL_COMMENT("For administrators, with \"more\": what happens, from now on. The first event is the decision about\n"
				  "this very request."),
	&vl_method_Subscribe,
	SD_VARLINK_SYMBOL_COMMENT("For administrators: numbers."),
	&vl_method_Statistics,
	SD_VARLINK_SYMBOL_COMMENT("For administrators: reads the policy again, all or nothing. Leases that it grants no more are ended."),
	&vl_method_Reload,
	SD_VARLINK_SYMBOL_COMMENT("Policy says no."),
	&vl_error_NotAllowed,
	SD_VARLINK_SYMBOL_COMMENT("The workload cannot be named for certain, so it gets nothing."),
	&vl_error_UnknownWorkload,
	SD_VARLINK_SYMBOL_COMMENT("The caller could reach the TEE beside the broker, so its evidence would be forgeable."),
	&vl_error_Forgeable,
	SD_VARLINK_SYMBOL_COMMENT("Too many requests of this workload at once."),
	&vl_error_Busy,
	SD_VARLINK_SYMBOL_COMMENT("The module or the firmware said no."),
	&vl_error_Failed,
	SD_VARLINK_SYMBOL_COMMENT("Only root of the system may do that; root of a container may not."),
	&vl_error_NotAdministrator,
	SD_VARLINK_SYMBOL_COMMENT("There is none (any more)."),
	&vl_error_NoSuchLease,
	SD_VARLINK_SYMBOL_COMMENT("The caller did not read fast enough, and events were lost. Subscribe again, and list what there is."),
	&vl_error_EventsLost,
	SD_VARLINK_SYMBOL_COMMENT("The policy is broken, and the one before it stays in force."),
	&vl_error_ReloadFailed);

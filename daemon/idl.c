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
	COMMENT("what this TEE can do now: \"report\", \"raw\", \"extend\"; \"local\": reports for this CPU only (TDX)"),
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

static SD_VARLINK_DEFINE_METHOD(AcquireLease,
	COMMENT("all that policy allows but \"extend\" when absent"),
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
	SD_VARLINK_SYMBOL_COMMENT("A lease of the kernel module, pinned to the cgroup that connected. The descriptor travels beside\n"
				  "the reply."),
	&vl_method_AcquireLease,
	SD_VARLINK_SYMBOL_COMMENT("Policy says no."),
	&vl_error_NotAllowed,
	SD_VARLINK_SYMBOL_COMMENT("The workload cannot be named for certain, so it gets nothing."),
	&vl_error_UnknownWorkload,
	SD_VARLINK_SYMBOL_COMMENT("The caller could reach the TEE beside the broker, so its evidence would be forgeable."),
	&vl_error_Forgeable,
	SD_VARLINK_SYMBOL_COMMENT("Too many requests of this workload at once."),
	&vl_error_Busy,
	SD_VARLINK_SYMBOL_COMMENT("The module or the firmware said no."),
	&vl_error_Failed);

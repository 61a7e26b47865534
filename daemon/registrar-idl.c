// SPDX-License-Identifier: GPL-2.0-or-later
/* io.teegate.Registrar.varlink in tables, as idl.c is for the broker. */
#include "idl.h"

#define COMMENT			SD_VARLINK_FIELD_COMMENT
#define FIELD			SD_VARLINK_DEFINE_FIELD
#define INPUT			SD_VARLINK_DEFINE_INPUT
#define OUTPUT			SD_VARLINK_DEFINE_OUTPUT
#define NULLABLE		SD_VARLINK_NULLABLE
#define ARRAY			SD_VARLINK_ARRAY

static SD_VARLINK_DEFINE_STRUCT_TYPE(Container,
	COMMENT("as the runtime calls it"),
	FIELD(id, SD_VARLINK_STRING, 0),
	COMMENT("\"runtime:root\", or \"runtime:uid:N\""),
	FIELD(vouchedBy, SD_VARLINK_STRING, 0),
	COMMENT("path of its cgroup"),
	FIELD(cgroup, SD_VARLINK_STRING, 0),
	COMMENT("number of that directory"),
	FIELD(cgroupId, SD_VARLINK_INT, 0),
	FIELD(bundle, SD_VARLINK_STRING, NULLABLE),
	FIELD(pod, SD_VARLINK_STRING, NULLABLE),
	FIELD(imageName, SD_VARLINK_STRING, NULLABLE),
	FIELD(imageSigner, SD_VARLINK_STRING, NULLABLE),
	COMMENT("\"sha256:\" and 64 digits, lower case, or another of the algorithms of OCI"),
	FIELD(imageDigest, SD_VARLINK_STRING, NULLABLE),
	FIELD(configDigest, SD_VARLINK_STRING, NULLABLE));

static SD_VARLINK_DEFINE_METHOD(Register,
	COMMENT("1 to 128 letters, digits, \"_\", \".\" and \"-\""),
	INPUT(id, SD_VARLINK_STRING, 0),
	COMMENT("index, among the descriptors of the call, of a pidfd of its first process"),
	INPUT(processFd, SD_VARLINK_INT, 0),
	COMMENT("at most 1024 bytes, as the other texts"),
	INPUT(bundle, SD_VARLINK_STRING, NULLABLE),
	INPUT(pod, SD_VARLINK_STRING, NULLABLE),
	INPUT(imageName, SD_VARLINK_STRING, NULLABLE),
	INPUT(imageSigner, SD_VARLINK_STRING, NULLABLE),
	INPUT(imageDigest, SD_VARLINK_STRING, NULLABLE),
	INPUT(configDigest, SD_VARLINK_STRING, NULLABLE),
	COMMENT("make a socket that only this container can use"),
	INPUT(socket, SD_VARLINK_BOOL, NULLABLE),
	OUTPUT(vouchedBy, SD_VARLINK_STRING, 0),
	COMMENT("path of that socket"),
	OUTPUT(socket, SD_VARLINK_STRING, NULLABLE));

static SD_VARLINK_DEFINE_METHOD(Unregister,
	INPUT(id, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(List,
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(containers, Container, ARRAY));

static SD_VARLINK_DEFINE_METHOD(OpenDevice,
	COMMENT("as in /dev: \"sev-guest\", \"tdx_guest\" or \"uv\""),
	INPUT(device, SD_VARLINK_STRING, 0),
	COMMENT("index, among the descriptors of the call, of a pidfd of the process that opens it"),
	INPUT(processFd, SD_VARLINK_INT, 0),
	COMMENT("as of AcquireLease"),
	OUTPUT(leaseFd, SD_VARLINK_INT, 0),
	OUTPUT(leaseId, SD_VARLINK_INT, 0),
	OUTPUT(operations, SD_VARLINK_STRING, ARRAY),
	OUTPUT(expiresMs, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ERROR(NotAllowed,
	FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(Taken,
	FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(TooMany,
	FIELD(max, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ERROR(NotRegistered);

SD_VARLINK_DEFINE_INTERFACE(io_teegate_Registrar, REGISTRAR_INTERFACE,
	SD_VARLINK_INTERFACE_COMMENT("Where container runtimes say which containers they start. Who says so is never a parameter: the\n"
				     "initial root vouches for what it says, user N only for what is his own, and evidence tells which."),
	&vl_type_Container,
	SD_VARLINK_SYMBOL_COMMENT("A container is about to start. Saying it again replaces what was said before."),
	&vl_method_Register,
	SD_VARLINK_SYMBOL_COMMENT("A container has stopped."),
	&vl_method_Unregister,
	SD_VARLINK_SYMBOL_COMMENT("What is registered: everything for the initial root, else what the caller's user said."),
	&vl_method_List,
	SD_VARLINK_SYMBOL_COMMENT("A program of a container opens the device of a stock driver. Only for teegate-seccomp@.service, and\n"
				  "the last call on its connection. The lease speaks that driver's ioctls; errors are those of\n"
				  "io.teegate.Broker.AcquireLease."),
	&vl_method_OpenDevice,
	SD_VARLINK_SYMBOL_COMMENT("The caller may not say that of this container."),
	&vl_error_NotAllowed,
	SD_VARLINK_SYMBOL_COMMENT("Somebody else has said it of this id, or of this cgroup."),
	&vl_error_Taken,
	SD_VARLINK_SYMBOL_COMMENT("Too many containers are registered."),
	&vl_error_TooMany,
	SD_VARLINK_SYMBOL_COMMENT("None of this id is registered by the caller."),
	&vl_error_NotRegistered);

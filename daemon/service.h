/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The methods of io.teegate.Broker.
 */
#ifndef TEEGATED_SERVICE_H
#define TEEGATED_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-json.h>
#include <systemd/sd-varlink.h>

#include "server.h"

/* service_bind() - adds the interface and its methods; a link's userdata is its struct conn. */
int service_bind(sd_varlink_server *varlink);
/*
 * service_admit() - for methods without a job: 1 when the caller is who its rule is about, and may ask
 * once more. Anything else: it was answered, return that.
 */
int service_admit(struct conn *conn, const char *method);
/* service_admit_operation() - the same for what teegated asks the module on the client's behalf. */
int service_admit_operation(struct conn *conn, const char *method, uint64_t operations);
/* service_start() - has @job done, which it takes, if its client may have one more. */
int service_start(struct conn *conn, struct job *job);
/* parse_timeout() - false: it is out of range. Absent is the module's default. */
bool parse_timeout(sd_json_variant *value, struct job *job);

/*
 * service_open_device() - for io.teegate.Registrar.OpenDevice: answers with a lease of @abi, enum
 * teegate_abi, or refuses, as AcquireLease does.
 */
int service_open_device(struct conn *conn, uint32_t abi);

#endif

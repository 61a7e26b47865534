/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The methods of io.teegate.Broker.
 */
#ifndef TEEGATED_SERVICE_H
#define TEEGATED_SERVICE_H

#include <stdint.h>
#include <systemd/sd-varlink.h>

#include "server.h"

/* service_bind() - adds the interface and its methods; a link's userdata is its struct conn. */
int service_bind(sd_varlink_server *varlink);
/*
 * service_admit() - for methods without a job: 1 when the caller is who its rule is about, and may ask
 * once more. Anything else: it was answered, return that.
 */
int service_admit(struct conn *conn, const char *method);

struct conn;

/*
 * service_open_device() - for io.teegate.Registrar.OpenDevice: answers with a lease of @abi, enum
 * teegate_abi, or refuses, as AcquireLease does.
 */
int service_open_device(struct conn *conn, uint32_t abi);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The methods of io.teegate.Broker.
 */
#ifndef TEEGATED_SERVICE_H
#define TEEGATED_SERVICE_H

#include <systemd/sd-varlink.h>

/* service_bind() - adds the interface and its methods; a link's userdata is its struct conn. */
int service_bind(sd_varlink_server *varlink);

#endif

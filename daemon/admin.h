/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of io.teegate.Broker that are for administrators. */
#ifndef TEEGATED_ADMIN_H
#define TEEGATED_ADMIN_H

#include <systemd/sd-varlink.h>

int admin_bind(sd_varlink_server *varlink);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DeriveKey, Seal and Unseal of io.teegate.Broker. */
#ifndef TEEGATED_SERVICE_KEYS_H
#define TEEGATED_SERVICE_KEYS_H

#include <systemd/sd-varlink.h>

#include "jobs.h"

struct conn;

int keys_bind(sd_varlink_server *varlink);
/* keys_reply() - @job is done, and its client still there. */
int keys_reply(struct conn *conn, const struct job *job);

#endif

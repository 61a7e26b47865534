/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unmodified programs: io.teegate.Registrar.OpenDevice, by which the supervisor of a container asks for
 * a lease in the name of a process that opens a stock driver's device (teegate-supervise(8)).
 */
#ifndef TEEGATED_DEVICES_H
#define TEEGATED_DEVICES_H

#include <systemd/sd-varlink.h>

/* The method; the link's userdata is its struct conn. */
int devices_open(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		 void *userdata);

#endif

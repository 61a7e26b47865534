/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interfaces, as sd-varlink wants it: each validates calls and answers introspection.
 */
#ifndef TEEGATED_IDL_H
#define TEEGATED_IDL_H

#include <systemd/sd-varlink-idl.h>

#define BROKER_INTERFACE	"io.teegate.Broker"
#define REGISTRAR_INTERFACE	"io.teegate.Registrar"

extern const sd_varlink_interface vl_interface_io_teegate_Broker;
extern const sd_varlink_interface vl_interface_io_teegate_Registrar;

#endif

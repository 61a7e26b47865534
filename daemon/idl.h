/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface io.teegate.Broker, as sd-varlink wants it: validates calls, answers introspection.
 */
#ifndef TEEGATED_IDL_H
#define TEEGATED_IDL_H

#include <systemd/sd-varlink-idl.h>

#define BROKER_INTERFACE	"io.teegate.Broker"

extern const sd_varlink_interface vl_interface_io_teegate_Broker;

#endif

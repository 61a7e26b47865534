/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that matter here, appearing and leaving: those of a TEE, of SGX, TPMs, and the module's
 * own.
 */
#ifndef TEEGATED_HOTPLUG_H
#define TEEGATED_HOTPLUG_H

#include <stdbool.h>

#include <systemd/sd-event.h>

/* @teegate: the module's own device has appeared, or left. */
struct hotplug_hooks {
	void (*teegate)(bool there, void *userdata);
};

struct hotplug;

/* hotplug_new() - from now on each is an event. */
int hotplug_new(sd_event *event, const struct hotplug_hooks *hooks, void *userdata, struct hotplug **ret);
struct hotplug *hotplug_free(struct hotplug *hotplug);

/* hotplug_matters() - is a device of that subsystem and name one of them? For tests. */
bool hotplug_matters(const char *subsystem, const char *name);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libudev, listening to the kernel itself and not to udevd: what counts is that a device is there,
 * not what rules made of it, and the kernel's word reaches every network namespace of the system,
 * in which udevd's does not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <libudev.h>

#include "events.h"
#include "hotplug.h"
#include "util.h"

#define TEEGATE_NAME	"teegate"
#define DRIVE_BUDGET	64	/* devices before others get their turn */

struct hotplug {
	const struct hotplug_hooks *hooks;
	void *userdata;
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event_source *io;
};

static const char *const subsystems[] = { "misc", "tpm", "tpmrm" };
static const char *const misc_devices[] = {
	TEEGATE_NAME, "sev-guest", "tdx_guest", "uv", "sgx_enclave", "sgx_provision",
};

bool hotplug_matters(const char *subsystem, const char *name)
{
	if (strcmp(subsystem, "misc"))
		return !strcmp(subsystem, "tpm") || !strcmp(subsystem, "tpmrm");
	for (size_t i = 0; i < ARRAY_SIZE(misc_devices); i++)
		if (!strcmp(misc_devices[i], name))
			return true;
	return false;
}

static void on_device(struct hotplug *hotplug, struct udev_device *device)
{
	const char *action = udev_device_get_action(device);
	const char *subsystem = udev_device_get_subsystem(device);
	const char *name = udev_device_get_sysname(device);
	bool added;

	if (!action || !subsystem || !name || !hotplug_matters(subsystem, name))
		return;
	added = !strcmp(action, "add");
	if (!added && strcmp(action, "remove"))
		return;
	events_emit(EVENT(added ? EVENT_DEVICE_ADDED : EVENT_DEVICE_REMOVED,
			  .device = udev_device_get_devnode(device) ?: name));
	if (!strcmp(name, TEEGATE_NAME) && hotplug->hooks)
		hotplug->hooks->teegate(added, hotplug->userdata);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct hotplug *hotplug = userdata;
	struct udev_device *device;

	(void)source;
	(void)fd;
	(void)revents;
	for (int i = 0; i < DRIVE_BUDGET; i++) {
		device = udev_monitor_receive_device(hotplug->monitor);
		if (!device)
			break;
		on_device(hotplug, device);
		udev_device_unref(device);
	}
	return 0;
}

static int listen_to_kernel(struct hotplug *hotplug)
{
	int r = 0;

	hotplug->udev = udev_new();
	if (!hotplug->udev)
		return -ENOMEM;
	hotplug->monitor = udev_monitor_new_from_netlink(hotplug->udev, "kernel");
	if (!hotplug->monitor)
		return errno > 0 ? -errno : -ENOMEM;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(subsystems); i++)
		r = udev_monitor_filter_add_match_subsystem_devtype(hotplug->monitor, subsystems[i], NULL);
	return r < 0 ? r : udev_monitor_enable_receiving(hotplug->monitor);
}

int hotplug_new(sd_event *event, const struct hotplug_hooks *hooks, void *userdata, struct hotplug **ret)
{
	struct hotplug *hotplug = calloc(1, sizeof(*hotplug));
	int r;

	if (!hotplug)
		return -ENOMEM;
	hotplug->hooks = hooks;
	hotplug->userdata = userdata;
	r = listen_to_kernel(hotplug);
	if (r >= 0)
		r = sd_event_add_io(event, &hotplug->io, udev_monitor_get_fd(hotplug->monitor), EPOLLIN, on_io,
				    hotplug);
	if (r < 0) {
		hotplug_free(hotplug);
		return r;
	}
	*ret = hotplug;
	return 0;
}

struct hotplug *hotplug_free(struct hotplug *hotplug)
{
	if (!hotplug)
		return NULL;
	sd_event_source_disable_unref(hotplug->io);
	udev_monitor_unref(hotplug->monitor);
	udev_unref(hotplug->udev);
	free(hotplug);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is loaded, which devices there are, and who can reach the TEE beside teegate: whoever holds
 * a stock device or may write configfs-tsm can make reports that are not bound to anybody.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/teegate.h>
#include <tee.h>

#include "cli.h"
#include "doctor.h"

#define HOLDERS_MAX	16
#define MEASUREMENTS	"/sys/devices/virtual/misc/tdx_guest/measurements"

static bool module_loaded(const struct doctor *d, const char *name)
{
	char *path = format_text("/sys/module/%s", name);
	struct stat st;
	bool loaded = !doctor_stat(d, path, &st);

	free(path);
	return loaded;
}

/* The first line of a file below the root that is examined, without its end. */
static bool read_line(const struct doctor *d, const char *path, char *line, size_t size)
{
	char *whole = doctor_path(d, path);
	FILE *file = fopen(whole, "re");
	bool got = file && fgets(line, (int)size, file);

	if (got)
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	free(whole);
	return got;
}

/* Which kind of guest the kernel found itself in; the driver is named after its device. */
static bool is_tdx_guest(const struct doctor *d)
{
	char *path = doctor_path(d, "/proc/cpuinfo"), *line = NULL;
	FILE *file = fopen(path, "re");
	bool is_tdx = false;
	size_t size = 0;

	while (file && !is_tdx && getline(&line, &size, file) >= 0)
		is_tdx = !strncmp(line, "flags", 5) && strstr(line, " tdx_guest");
	if (file)
		fclose(file);
	free(line);
	free(path);
	return is_tdx || module_loaded(d, "tdx_guest");
}

/* SEV-SNP shows in the device that the kernel makes for it; without /proc nobody can tell. */
static void examine_machine(struct doctor *d)
{
	static const char *const signs[] = {
		"/proc/cpuinfo", "/sys/bus/platform/devices/sev-guest", "/dev/sev-guest",
	};
	struct stat st;

	if (doctor_stat(d, signs[0], &st) < 0 || is_tdx_guest(d) || module_loaded(d, "sev_guest"))
		return;
	for (size_t i = 1; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (!doctor_stat(d, signs[i], &st))
			return;
	find(d, LEVEL_NOTE, "machine", "start it as a guest with SEV-SNP, TDX or Secure Execution",
	     "this machine does not look like a confidential guest");
}

static void examine_tdx_release(struct doctor *d, const char *release, unsigned int major,
				unsigned int minor)
{
	if (!is_tdx_guest(d))
		return;
	if (major < 6 || (major == 6 && minor < 7))
		find(d, LEVEL_PROBLEM, "kernel.tdx", "use Linux 6.7 or later in TDX guests",
		     "Linux %s cannot ask for TDX quotes", release);
	else if (major == 6 && minor < 16)
		find(d, LEVEL_NOTE, "kernel.tdx", "for runtime measurement, use Linux 6.16 or later",
		     "Linux %s has TDX quotes, but does not let modules extend registers", release);
	else
		find(d, LEVEL_OK, "kernel.tdx", NULL, "Linux %s has TDX quotes and runtime measurement",
		     release);
}

static void examine_release(struct doctor *d)
{
	unsigned int major, minor;
	struct utsname name = { .release = "" };

	/* Of the system below --sysroot only what it says of itself. */
	if (!read_line(d, "/proc/sys/kernel/osrelease", name.release, sizeof(name.release)) &&
	    (*d->sysroot || uname(&name) < 0))
		return;
	if (sscanf(name.release, "%u.%u", &major, &minor) != 2)
		major = minor = 0;
	if (!d->is_z)
		examine_tdx_release(d, name.release, major, minor);
	if (major > 6 || (major == 6 && minor >= 5))
		find(d, LEVEL_OK, "kernel", NULL, "Linux %s", name.release);
	else if (major == 6 && minor >= 1)
		find(d, LEVEL_NOTE, "kernel", "for containers, use Linux 6.5 or later",
		     "Linux %s: module and library work, the broker teegated does not (no SO_PEERPIDFD)",
		     name.release);
	else
		find(d, LEVEL_PROBLEM, "kernel", "use Linux 6.1 or later",
		     "Linux %s is older than anything teegate is made for", name.release);
	d->no_broker = major < 6 || (major == 6 && minor < 5);
	if (d->is_z)
		examine_z(d, name.release);
}

static const char *stock_advice(const struct doctor *d)
{
	return d->is_z ? "teegate needs none; other tools do: modprobe uvdevice" :
			 "in an SEV-SNP guest: modprobe sev-guest, which also needs gcm and ghash-generic; in a TDX guest: modprobe tdx-guest";
}

static void examine_software_firmware(struct doctor *d)
{
	static const char *const modules[] = { "teegate_softfw", "teegate_softtdx", "teegate_softuv" };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (!module_loaded(d, modules[i]))
			continue;
		d->software_firmware = true;
		find(d, LEVEL_NOTE, "module.softfw",
		     "never use it outside of tests: unload it, then restart the guest",
		     "SOFTWARE FIRMWARE is loaded (%s): the TEE of this guest is simulated", modules[i]);
	}
}

static void examine_modules(struct doctor *d)
{
	static const struct {
		const char *module, *text;
	} stock[] = {
		{ "sev_guest", "the stock SEV-SNP driver is loaded" },
		{ "tdx_guest", "the stock TDX driver is loaded" },
		{ "uvdevice", "the stock Secure Execution driver is loaded" },
	};
	bool any = false;

	if (module_loaded(d, "teegate"))
		find(d, LEVEL_OK, "module.teegate", NULL, "teegate is loaded");
	else
		find(d, LEVEL_PROBLEM, "module.teegate",
		     "modprobe teegate; if there is no such module, look at dkms status",
		     "teegate is not loaded");
	for (size_t i = 0; i < sizeof(stock) / sizeof(stock[0]); i++) {
		if (!module_loaded(d, stock[i].module))
			continue;
		any = true;
		find(d, LEVEL_OK, "module.stock", NULL, "%s (%s)", stock[i].text, stock[i].module);
	}
	if (!any)
		find(d, LEVEL_NOTE, "module.stock", stock_advice(d),
		     "none of the stock drivers is loaded; not needed where teegate reaches firmware itself");
	examine_software_firmware(d);
}

static void examine_device(struct doctor *d)
{
	struct stat st;
	int r = doctor_stat(d, TEEGATE_DEVICE, &st);

	if (r < 0)
		find(d, LEVEL_PROBLEM, "device.teegate", "load the module; udev makes the node",
		     TEEGATE_DEVICE ": %s", strerror(-r));
	else if (!S_ISCHR(st.st_mode) && !*d->sysroot)
		find(d, LEVEL_PROBLEM, "device.teegate", "remove it and load the module again",
		     TEEGATE_DEVICE " is no character device");
	else if (st.st_mode & 077)
		find(d, LEVEL_NOTE, "device.teegate", "chmod 0600 " TEEGATE_DEVICE
		     " and look for a udev rule that opens it",
		     TEEGATE_DEVICE " has mode %04o; the module refuses all but the administrator anyway",
		     st.st_mode & 07777u);
	else
		find(d, LEVEL_OK, "device.teegate", NULL, TEEGATE_DEVICE " is there");
}

static void examine_stock_device(struct doctor *d, const char *path)
{
	struct stat st;

	if (doctor_stat(d, path, &st) < 0)
		return;
	if (st.st_mode & 077)
		find(d, LEVEL_PROBLEM, "device.stock", "chmod 0600 it and look for a udev rule that opens it",
		     "%s has mode %04o: others can make reports in anybody's name", path,
		     st.st_mode & 07777u);
	else
		find(d, LEVEL_OK, "device.stock", NULL, "%s is for root only", path);
}

/* What may write the registers can log events in anybody's name. */
static void examine_measurements(struct doctor *d)
{
	for (int i = 0; i < 4; i++) {
		char *path = format_text(MEASUREMENTS "/rtmr%d:sha384", i);
		struct stat st;

		if (!doctor_stat(d, path, &st) && (st.st_mode & 022))
			find(d, LEVEL_PROBLEM, "measurements", "chmod go-w it and look for what opened it",
			     "%s has mode %04o: others can extend that register in anybody's name", path,
			     st.st_mode & 07777u);
		free(path);
	}
}

static bool is_stock_device(const char *link)
{
	static const char *const nodes[] = { "/sev-guest", "/tdx_guest", "/dev/uv" };
	size_t len = strlen(link);

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		size_t node_len = strlen(nodes[i]);

		if (len >= node_len && !strcmp(link + len - node_len, nodes[i]))
			return true;
	}
	return false;
}

/* Into @link when process @pid has a stock device open. */
static bool holds_stock_device(const struct doctor *d, const char *pid, char *link, size_t size)
{
	char *path = format_text("%s/proc/%s/fd", d->sysroot, pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool holds = false;

	while (dir && !holds && (entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, link, size - 1);

		link[len > 0 ? len : 0] = '\0';
		holds = is_stock_device(link);
	}
	if (dir)
		closedir(dir);
	free(path);
	return holds;
}

static char *command_of(const struct doctor *d, const char *pid)
{
	char *path = format_text("/proc/%s/comm", pid), name[64];
	bool got = read_line(d, path, name, sizeof(name));

	free(path);
	if (!got)
		return escape_bytes("?", 1);
	return escape_bytes(name, strlen(name));
}

static void examine_holders(struct doctor *d)
{
	char *path = doctor_path(d, "/proc"), link[PATH_MAX];
	DIR *dir = opendir(path);
	unsigned int holders = 0;
	struct dirent *entry;

	free(path);
	if (geteuid() && !*d->sysroot)
		find(d, LEVEL_NOTE, "holders", "run doctor as root",
		     "only root sees who holds the stock devices");
	while (dir && holders < HOLDERS_MAX && (entry = readdir(dir))) {
		char *command, *clean;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !holds_stock_device(d, entry->d_name, link, sizeof(link)))
			continue;
		holders++;
		command = command_of(d, entry->d_name);
		clean = escape_bytes(link, strlen(link));
		find(d, LEVEL_PROBLEM, "holders",
		     "stop it, or let it ask through teegate; its reports are bound to nobody",
		     "process %s (%s) holds %s", entry->d_name, command, clean);
		free(command);
		free(clean);
	}
	if (dir)
		closedir(dir);
	if (!holders && (!geteuid() || *d->sysroot))
		find(d, LEVEL_OK, "holders", NULL, "no process holds a stock device");
}

static void examine_configfs(struct doctor *d)
{
	char *path = doctor_path(d, "/sys/kernel/config/tsm/report");
	DIR *dir = opendir(path);
	unsigned int items = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		items += entry->d_name[0] != '.';
	if (!dir && errno == ENOENT)
		find(d, LEVEL_OK, "configfs-tsm", NULL, "there is no configfs-tsm");
	else if (!dir)
		find(d, LEVEL_NOTE, "configfs-tsm", "run doctor as root", "cannot look into %s: %s", path,
		     strerror(errno));
	else
		find(d, LEVEL_NOTE, "configfs-tsm", "never mount it writable into a container",
		     "configfs-tsm is there (%u report items): root makes unbound reports with it", items);
	if (dir)
		closedir(dir);
	free(path);
}

/* The module's reason says what is wrong; this, what follows from the state alone. */
static const char *advice_for(uint32_t state)
{
	switch (state) {
	case TEEGATE_STATE_ABSENT:
		return "evidence needs a guest with SEV-SNP, TDX or IBM Secure Execution; plain SEV and SEV-ES have no reports";
	case TEEGATE_STATE_LOST:
		return "restart this guest: nothing less brings the channel back";
	case TEEGATE_STATE_DEAD:
		return "rmmod teegate; modprobe teegate";
	default:
		return NULL;
	}
}

static void examine_buffers(struct doctor *d, const struct tee_info *info)
{
	static const char advice[] =
		"ask the operator of the host to look at its quoting service; they come back when it answers";

	if (info->quarantined)
		find(d, info->quarantined < info->in_flight_max ? LEVEL_NOTE : LEVEL_PROBLEM, "buffers",
		     advice, "the host holds %u of %u quote buffers and has not answered in time",
		     info->quarantined, info->in_flight_max);
}

static void find_up(struct doctor *d, const char *what, const struct tee_info *info)
{
	const char *provider = provider_name(info->provider);
	const char *transport = transport_name(info->transport);

	if (info->provider == TEEGATE_PROVIDER_SEV_SNP)
		find(d, LEVEL_OK, what, NULL, "%s is up (transport %s, VMPL %u)", provider, transport,
		     info->vmpl);
	else
		find(d, LEVEL_OK, what, NULL, "%s is up (transport %s)", provider, transport);
}

void examine_info(struct doctor *d, const char *what, const char *target)
{
	struct tee_info info = { .size = sizeof(info) };
	tee_ctx *ctx = NULL;
	char *text;
	int r;

	r = tee_open(target, &ctx);
	if (!r)
		r = tee_get_info(ctx, &info);
	text = r < 0 ? tee_failure_text(ctx, r) : escape_bytes(info.reason, strlen(info.reason));
	tee_close(ctx);
	if (r < 0)
		find(d, LEVEL_PROBLEM, what, NULL, "%s", text);
	else if (info.state != TEEGATE_STATE_UP)
		find(d, LEVEL_PROBLEM, what, advice_for(info.state), "%s is %s: %s",
		     provider_name(info.provider), state_name(info.state), text);
	else
		find_up(d, what, &info);
	if (r >= 0 && (info.taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE))
		d->software_firmware = true;
	if (r >= 0)
		examine_buffers(d, &info);
	free(text);
}

void examine_kernel(struct doctor *d)
{
	d->is_z = doctor_is_z(d);
	if (!d->is_z)
		examine_machine(d);
	examine_release(d);
	examine_modules(d);
	examine_device(d);
	examine_stock_device(d, "/dev/sev-guest");
	examine_stock_device(d, "/dev/tdx_guest");
	examine_stock_device(d, "/dev/uv");
	examine_measurements(d);
	examine_holders(d);
	/* IBM Z has no place in it. */
	if (!d->is_z)
		examine_configfs(d);
	if (!*d->sysroot && !access(TEEGATE_DEVICE, R_OK | W_OK))
		examine_info(d, "tee", "device:" TEEGATE_DEVICE);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command much as tests/guest/image/usr/lib/teegate-lab/contained does, by crun alone: namespaces
 * of its own, no capabilities, no device node, the same read-only root, and the broker's socket. Without
 * podman, which costs several times what the container itself does under emulation; so no runtime
 * registers it, it stays in the cgroup of its caller, and podman's filter of system calls is not there.
 *
 *	boxed [-v FROM:TO[:ro]]... [-t DIR]... [-c CAPABILITY]... COMMAND...
 *
 * -v binds a file or folder, -t puts a tmpfs there. The first line on stderr is "boxed: started" once the
 * command's turn has come: without it nothing has been tried.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-json.h>
#include <unistd.h>

#define ROOTFS	"/usr/lib/teegate-lab/container"
#define BROKER	"/run/teegate/broker.sock"

/* Whatever goes wrong here: not the attack was tried, but nothing. */
#define UNTRIED	78

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "boxed: %s: %s\n", what, strerror(-r));
	exit(UNTRIED);
}

static void add_mount(sd_json_variant **mounts, const char *to, const char *type, const char *source,
		      sd_json_variant *options)
{
	must(sd_json_variant_append_arraybo(mounts,
			SD_JSON_BUILD_PAIR_STRING("destination", to),
			SD_JSON_BUILD_PAIR_STRING("type", type),
			SD_JSON_BUILD_PAIR_STRING("source", source),
			SD_JSON_BUILD_PAIR_VARIANT("options", options)), to);
}

static sd_json_variant *strings(const char *first, ...)
{
	sd_json_variant *v = NULL;
	va_list ap;

	va_start(ap, first);
	for (const char *s = first; s; s = va_arg(ap, const char *))
		must(sd_json_variant_append_arrayb(&v, SD_JSON_BUILD_STRING(s)), s);
	va_end(ap);
	return v;
}

static void add_volume(sd_json_variant **mounts, char *from_to)
{
	char *to = strchr(from_to, ':'), *flag;

	must(to ? 0 : -EINVAL, from_to);
	*to++ = '\0';
	flag = strchr(to, ':');
	if (flag)
		*flag++ = '\0';
	must(flag && strcmp(flag, "ro") ? -EINVAL : 0, to);
	add_mount(mounts, to, "none", from_to, strings("rbind", "nosuid", flag, NULL));
}

static sd_json_variant *usual_mounts(void)
{
	char broker[] = BROKER ":" BROKER;
	sd_json_variant *m = NULL;

	add_mount(&m, "/proc", "proc", "proc", strings("nosuid", "noexec", "nodev", NULL));
	add_mount(&m, "/dev", "tmpfs", "tmpfs", strings("nosuid", "mode=755", "size=64m", NULL));
	add_mount(&m, "/sys", "sysfs", "sysfs", strings("nosuid", "noexec", "nodev", "ro", NULL));
	add_volume(&m, broker);
	return m;
}

static sd_json_variant *namespaces(void)
{
	static const char *const types[] = { "user", "mount", "pid", "ipc", "uts", "network", "cgroup" };
	sd_json_variant *v = NULL;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		must(sd_json_variant_append_arraybo(&v, SD_JSON_BUILD_PAIR_STRING("type", types[i])), types[i]);
	return v;
}

/* Root in there is who calls, and nobody else is anybody. */
static sd_json_variant *only(unsigned int id)
{
	sd_json_variant *v = NULL;

	must(sd_json_variant_append_arraybo(&v, SD_JSON_BUILD_PAIR_UNSIGNED("containerID", 0),
					    SD_JSON_BUILD_PAIR_UNSIGNED("hostID", id),
					    SD_JSON_BUILD_PAIR_UNSIGNED("size", 1)), "ids");
	return v;
}

/* The command, after a word that it is its turn. */
static sd_json_variant *args(char **command)
{
	sd_json_variant *v = strings("/bin/sh", "-c", "echo 'boxed: started' >&2; exec \"$@\"", "-", NULL);

	for (; *command; command++)
		must(sd_json_variant_append_arrayb(&v, SD_JSON_BUILD_STRING(*command)), *command);
	return v;
}

static sd_json_variant *config(char **command, sd_json_variant *mounts, sd_json_variant *caps)
{
	sd_json_variant *v = NULL;

	must(sd_json_buildo(&v,
		SD_JSON_BUILD_PAIR_STRING("ociVersion", "1.0.0"),
		SD_JSON_BUILD_PAIR_STRING("hostname", "workload"),
		SD_JSON_BUILD_PAIR_OBJECT("root",
			SD_JSON_BUILD_PAIR_STRING("path", ROOTFS),
			SD_JSON_BUILD_PAIR_BOOLEAN("readonly", 1)),
		SD_JSON_BUILD_PAIR_OBJECT("process",
			SD_JSON_BUILD_PAIR_OBJECT("user",
				SD_JSON_BUILD_PAIR_UNSIGNED("uid", 0),
				SD_JSON_BUILD_PAIR_UNSIGNED("gid", 0)),
			SD_JSON_BUILD_PAIR_STRING("cwd", "/"),
			SD_JSON_BUILD_PAIR_VARIANT("env", strings("PATH=/usr/bin:/bin", "HOME=/root", NULL)),
			SD_JSON_BUILD_PAIR_VARIANT("args", args(command)),
			SD_JSON_BUILD_PAIR_BOOLEAN("noNewPrivileges", 1),
			SD_JSON_BUILD_PAIR_OBJECT("capabilities",
				SD_JSON_BUILD_PAIR_VARIANT("bounding", caps),
				SD_JSON_BUILD_PAIR_VARIANT("effective", caps),
				SD_JSON_BUILD_PAIR_VARIANT("permitted", caps))),
		SD_JSON_BUILD_PAIR_VARIANT("mounts", mounts),
		SD_JSON_BUILD_PAIR_OBJECT("linux",
			SD_JSON_BUILD_PAIR_VARIANT("namespaces", namespaces()),
			SD_JSON_BUILD_PAIR_VARIANT("uidMappings", only(getuid())),
			SD_JSON_BUILD_PAIR_VARIANT("gidMappings", only(getgid())),
			SD_JSON_BUILD_PAIR_VARIANT("maskedPaths", strings("/proc/kcore", "/sys/firmware", NULL)),
			SD_JSON_BUILD_PAIR_VARIANT("readonlyPaths", strings("/proc/bus", "/proc/fs", "/proc/irq",
				"/proc/sys", "/proc/sysrq-trigger", NULL)))), "config");
	return v;
}

int main(int argc, char **argv)
{
	sd_json_variant *mounts = usual_mounts(), *caps = NULL;
	char *dir = NULL, *file = NULL;
	FILE *f;
	int c;

	must(sd_json_variant_new_array(&caps, NULL, 0), "capabilities");
	while ((c = getopt(argc, argv, "+v:t:c:")) >= 0) {
		switch (c) {
		case 'v':
			add_volume(&mounts, optarg);
			break;
		case 't':
			add_mount(&mounts, optarg, "tmpfs", "tmpfs", strings("nosuid", "nodev", NULL));
			break;
		case 'c':
			must(sd_json_variant_append_arrayb(&caps, SD_JSON_BUILD_STRING(optarg)), optarg);
			break;
		default:
			return UNTRIED;
		}
	}
	must(asprintf(&dir, "%s/box-%d", getenv("XDG_RUNTIME_DIR"), getpid()) < 0 ? -ENOMEM : 0, "a name");
	must(asprintf(&file, "%s/config.json", dir) < 0 ? -ENOMEM : 0, "a name");
	must(mkdir(dir, 0700) < 0 ? -errno : 0, dir);
	f = fopen(file, "we");
	must(f ? 0 : -errno, file);
	must(sd_json_variant_dump(config(argv + optind, mounts, caps), 0, f, NULL), file);
	must(fclose(f) ? -errno : 0, file);
	execlp("crun", "crun", "--cgroup-manager=disabled", "run", "--bundle", dir, strrchr(dir, '/') + 1, NULL);
	must(-errno, "crun");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doors that we know: a stock device node bound into the mounts, a node that the client's user
 * may open, a descriptor that is open already, a configfs-tsm or a measurement register in sysfs that
 * it may write, and capabilities in the initial user namespace that make any of these at will. All of
 * it is read through the /proc directory of the process, in its own root and mounts.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "doors.h"
#include "mountinfo.h"
#include "util.h"

#define FDS_MAX		4096
#define ENTRIES_MAX	8192
#define MOUNTS_MAX	16384
#define GROUPS_MAX	256
#define DEVICES		4
#define VIEWS_MAX	8

/* Where the stock TDX driver has its registers in sysfs, since Linux 6.16. */
#define MEASUREMENTS	"/devices/virtual/misc/tdx_guest/measurements"
#define REGISTERS	4

#define CAP(name)	(UINT64_C(1) << CAP_##name)

/* Any of these is as good as the device, wherever the process runs. */
static const struct {
	uint64_t bit;
	const char *name;
} strong_caps[] = {
	{ CAP(SYS_ADMIN), "CAP_SYS_ADMIN" },
	{ CAP(MKNOD), "CAP_MKNOD" },
	{ CAP(SYS_RAWIO), "CAP_SYS_RAWIO" },
	{ CAP(SYS_PTRACE), "CAP_SYS_PTRACE" },
	{ CAP(SYS_MODULE), "CAP_SYS_MODULE" },
	{ CAP(DAC_OVERRIDE), "CAP_DAC_OVERRIDE" },
};

/* These open any node that the process can see. */
#define OPENING_CAPS	(CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(CHOWN) | CAP(FOWNER) | \
			 CAP(SETUID))

struct creds {
	uid_t uids[4];		/* real, effective, saved, file system */
	gid_t gids[4];
	gid_t groups[GROUPS_MAX];
	size_t n_groups;
	uint64_t caps;		/* those it has or can get, in the initial user namespace */
	bool initial_userns;
};

/* Processes with the same root, mounts and credentials have the same doors, but for descriptors. */
struct view {
	struct stat root, mounts, users;	/* only st_dev and st_ino are looked at */
	struct creds creds;
};

struct doors {
	dev_t devices[DEVICES];
	size_t n_devices;
	struct view seen[VIEWS_MAX];
	size_t n_seen;
};

struct look {
	struct doors *doors;
	int proc_fd;
	int root_fd;
	struct view view;
	bool dev_seen;		/* /dev is a devtmpfs, and was read as one */
	struct exposure *result;
};

/* Both end the search: what was said first, stays. */
static int PRINTF(2, 3) found(struct look *look, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(look->result->text, sizeof(look->result->text), format, ap);
	va_end(ap);
	look->result->verdict = EXPOSURE_OPEN;
	return 1;
}

static int failed(struct look *look, const char *what, int error)
{
	snprintf(look->result->text, sizeof(look->result->text),
		 "teegated could not look at the client's %s: %s", what,
		 error == -E2BIG ? "there is too much of it" : strerror(-error));
	look->result->verdict = EXPOSURE_UNKNOWN;
	return error;
}

static int open_in_root(const struct look *look, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, look->root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The client's own view changes while we look; what is not there cannot be opened either. */
static bool is_absent(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ELOOP;
}

static bool is_stock(const struct look *look, const struct stat *st)
{
	if (!S_ISCHR(st->st_mode))
		return false;
	for (size_t i = 0; i < look->doors->n_devices; i++)
		if (look->doors->devices[i] == st->st_rdev)
			return true;
	return false;
}

/*
 * Numbers of the stock devices whose drivers are loaded; the others cannot be opened. Not ours: the
 * module asks for CAP_SYS_ADMIN, so whoever may open its node is no nearer to the TEE. That somebody
 * *gave* it to a container shows what was meant, and is refused by name.
 */
static int read_devices(struct look *look)
{
	for (size_t i = 0; stock_devices[i]; i++) {
		CLEANUP(fclosep) FILE *file = NULL;
		unsigned int major, minor;
		char path[64];

		if (!strcmp(stock_devices[i], "teegate"))
			continue;
		snprintf(path, sizeof(path), "/sys/class/misc/%s/dev", stock_devices[i]);
		file = fopen(path, "re");
		if (!file && errno == ENOENT)
			continue;
		if (!file || fscanf(file, "%u:%u", &major, &minor) != 2)
			return failed(look, "device numbers", -EIO);
		look->doors->devices[look->doors->n_devices++] = makedev(major, minor);
	}
	return 0;
}

static int read_ids(const char *text, uint32_t *ids, size_t max, size_t *ret_n)
{
	char *end;

	for (*ret_n = 0;; text = end) {
		unsigned long id = strtoul(text, &end, 10);

		if (end == text)
			return 0;
		if (*ret_n == max)
			return -E2BIG;
		ids[(*ret_n)++] = (uint32_t)id;
	}
}

struct status_caps {
	uint64_t held, bounding;
	bool no_new_privs;
};

/* Real, effective, saved, file system: four, always. */
static int read_four(const char *text, uint32_t *ids)
{
	size_t n;
	int r = read_ids(text, ids, 4, &n);

	return r < 0 ? r : n == 4 ? 0 : -EBADMSG;
}

static int status_line(struct creds *creds, struct status_caps *caps, const char *line)
{
	/* Not CapInh: it gives nothing by itself, and systemd leaves some there. */
	static const char *const held[] = { "CapPrm:", "CapEff:", "CapAmb:" };

	if (!strncmp(line, "Uid:", 4))
		return read_four(line + 4, creds->uids);
	if (!strncmp(line, "Gid:", 4))
		return read_four(line + 4, creds->gids);
	if (!strncmp(line, "Groups:", 7))
		return read_ids(line + 7, creds->groups, GROUPS_MAX, &creds->n_groups);
	if (!strncmp(line, "CapBnd:", 7))
		caps->bounding = strtoull(line + 7, NULL, 16);
	if (!strncmp(line, "NoNewPrivs:", 11))
		caps->no_new_privs = strtoul(line + 11, NULL, 10) != 0;
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		if (!strncmp(line, held[i], 7))
			caps->held |= strtoull(line + 7, NULL, 16);
	return 0;
}

static bool has_uid(const struct creds *creds, uid_t uid)
{
	for (size_t i = 0; i < ARRAY_SIZE(creds->uids); i++)
		if (creds->uids[i] == uid)
			return true;
	return false;
}

static bool has_gid(const struct creds *creds, gid_t gid)
{
	for (size_t i = 0; i < ARRAY_SIZE(creds->gids); i++)
		if (creds->gids[i] == gid)
			return true;
	for (size_t i = 0; i < creds->n_groups; i++)
		if (creds->groups[i] == gid)
			return true;
	return false;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int in_initial_userns(struct look *look, bool *ret)
{
	struct stat own;

	if (stat("/proc/self/ns/user", &own) < 0 || fstatat(look->proc_fd, "ns/user", &look->view.users, 0) < 0)
		return failed(look, "user namespace", -errno);
	*ret = same_file(&own, &look->view.users);
	return 0;
}

static FILE *open_text(struct look *look, const char *name)
{
	int fd = openat(look->proc_fd, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "re");

	if (!file && fd >= 0)
		close(fd);
	return file;
}

static int read_creds(struct look *look)
{
	CLEANUP(fclosep) FILE *file = open_text(look, "status");
	CLEANUP(freep) char *line = NULL;
	struct creds *creds = &look->view.creds;
	struct status_caps caps = { 0 };
	size_t size = 0;
	int r;

	if (!file)
		return failed(look, "credentials", -errno);
	memset(creds->uids, 0xff, sizeof(creds->uids));
	while (getline(&line, &size, file) >= 0) {
		r = status_line(creds, &caps, line);
		if (r < 0)
			return failed(look, "credentials", r);
	}
	if (ferror(file) || has_uid(creds, (uid_t)-1))
		return failed(look, "credentials", -EIO);
	r = in_initial_userns(look, &creds->initial_userns);
	if (r < 0)
		return r;
	/* User 0 gets the whole bounding set by executing anything, unless no_new_privs stands. */
	if (!creds->initial_userns)
		return 0;
	creds->caps = caps.held;
	if (has_uid(creds, 0) && !caps.no_new_privs)
		creds->caps |= caps.bounding;
	return 0;
}

/* Would an open() with any access succeed? An ACL may grant what the mode does not show. */
static bool may_open(const struct look *look, int path_fd, const struct stat *st, mode_t wanted)
{
	const struct creds *creds = &look->view.creds;
	char path[64];

	if (creds->caps & OPENING_CAPS)
		return true;
	if (has_uid(creds, st->st_uid) && (st->st_mode & wanted & S_IRWXU))
		return true;
	if (has_gid(creds, st->st_gid) && (st->st_mode & wanted & S_IRWXG))
		return true;
	if (st->st_mode & wanted & S_IRWXO)
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	return (st->st_mode & S_IRWXG) && getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

#define ANY_ACCESS	((mode_t)0666)
#define WRITE_ACCESS	((mode_t)0222)

/*
 * A mount may lie on top of the one whose line we read: what counts is where the name leads. False
 * when that cannot be told.
 */
static bool is_read_only(int path_fd)
{
	struct statvfs vfs;

	return fstatvfs(path_fd, &vfs) == 0 && (vfs.f_flag & ST_RDONLY);
}

static int check_caps(struct look *look)
{
	for (size_t i = 0; i < ARRAY_SIZE(strong_caps); i++)
		if (look->view.creds.caps & strong_caps[i].bit)
			return found(look, "it has or can get %s in the initial user namespace; run it as a user of its own without capabilities (User=, CapabilityBoundingSet=, NoNewPrivileges=yes)",
				     strong_caps[i].name);
	return 0;
}

/* The device node itself, bound to some place among the client's mounts. */
static int check_bind(struct look *look, const struct mount *mount, const char *device)
{
	CLEANUP(closep) int fd = -1;
	struct stat st;

	if (strcmp(mount->fstype, "devtmpfs") != 0) {
		/* Only a name so far: on other file systems it may be anybody's file. */
		fd = open_in_root(look, mount->point, O_PATH | O_NOFOLLOW);
		if (is_absent(fd))
			return 0;
		if (fd < 0 || fstat(fd, &st) < 0)
			return failed(look, "mounts", fd < 0 ? fd : -errno);
		if (!is_stock(look, &st))
			return 0;
	}
	return found(look, "/dev/%s is mounted into it at %s; remove that mount (podman: --device or -v, systemd: BindPaths=) and leave only the broker's socket",
		     device, mount->point);
}

/* One of a few hundred: opened only when it is one of ours. */
static int check_node(struct look *look, int dir_fd, const char *dir, const char *name)
{
	CLEANUP(closep) int fd = -1;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return is_absent(-errno) ? 0 : failed(look, "device nodes", -errno);
	if (!is_stock(look, &st))
		return 0;
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return is_absent(-errno) ? 0 : failed(look, "device nodes", -errno);
	if (!may_open(look, fd, &st, ANY_ACCESS))
		return 0;
	if (look->view.creds.caps & OPENING_CAPS)
		return found(look, "it sees %s/%s and may open it by its capabilities (0x%llx of the initial user namespace); run it without capabilities, or with PrivateDevices=yes",
			     dir, name, (unsigned long long)look->view.creds.caps & OPENING_CAPS);
	return found(look, "it may open %s/%s (mode %03o, owner %u:%u); make the node root's with mode 0600 and the workload an unprivileged user",
		     dir, name, st.st_mode & 0777, st.st_uid, st.st_gid);
}

static int check_dev(struct look *look, const char *point)
{
	struct dirent *entry;
	int fd, n = 0, r = 0;
	DIR *dir;

	fd = open_in_root(look, point, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (is_absent(fd))
		return 0;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = failed(look, "device nodes", fd < 0 ? fd : -errno);
		closep(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		if (++n > ENTRIES_MAX)
			r = failed(look, "device nodes", -E2BIG);
		else if (entry->d_type == DT_CHR || entry->d_type == DT_UNKNOWN)
			r = check_node(look, fd, point, entry->d_name);
	}
	closedir(dir);
	return r;
}

/* A report directory that is ours to make, or one that somebody made and handed over. */
static int check_configfs(struct look *look, const struct mount *mount)
{
	CLEANUP(closep) int fd = -1;
	CLEANUP(freep) char *path = NULL;
	const char *below = mount_leads_to(mount, "/tsm/report");
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int r;

	if (!below || mount_read_only(mount))
		return 0;
	if (asprintf(&path, "%s/%s", mount->point, below) < 0)
		return failed(look, "configfs", -ENOMEM);
	fd = open_in_root(look, path, O_RDONLY | O_DIRECTORY);
	if (is_absent(fd))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(look, "configfs", fd < 0 ? fd : -errno);
	if (is_read_only(fd))
		return 0;
	r = may_open(look, fd, &st, WRITE_ACCESS);
	dir = r ? NULL : fdopendir(fd);
	if (!r && !dir)
		return failed(look, "configfs", -errno);
	if (dir)
		take_fd(&fd);
	while (!r && (entry = readdir(dir)))
		r = entry->d_name[0] != '.' && entry->d_type == DT_DIR &&
		    !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && st.st_uid != 0 &&
		    has_uid(&look->view.creds, st.st_uid);
	if (dir)
		closedir(dir);
	return r ? found(look, "it may write configfs-tsm at %s; mount that read-only or not at all", path) : 0;
}

static int found_register(struct look *look, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return failed(look, "measurement registers", -errno);
	if (!S_ISREG(st.st_mode) || is_read_only(fd) || !may_open(look, fd, &st, WRITE_ACCESS))
		return 0;
	return found(look, "it may write the measurement register %s, and log events in anybody's name; run it without capabilities and not as root, or with ProtectKernelTunables=yes",
		     path);
}

/* The files in which the stock TDX driver lets write RTMRs; others there are read-only. */
static int check_registers(struct look *look, const char *dir)
{
	int r = 0;

	for (int i = 0; r == 0 && i < REGISTERS; i++) {
		CLEANUP(freep) char *path = NULL;
		CLEANUP(closep) int fd = -1;

		if (asprintf(&path, "%s/rtmr%d:sha384", dir, i) < 0)
			return failed(look, "measurement registers", -ENOMEM);
		fd = open_in_root(look, path, O_PATH | O_NOFOLLOW);
		if (fd < 0 && !is_absent(fd))
			return failed(look, "measurement registers", fd);
		if (fd >= 0)
			r = found_register(look, fd, path);
	}
	return r;
}

static int check_sysfs(struct look *look, const struct mount *mount)
{
	const char *below = mount_leads_to(mount, MEASUREMENTS);
	CLEANUP(freep) char *path = NULL;
	CLEANUP(closep) int fd = -1;

	if (!below || mount_read_only(mount))
		return 0;
	if (asprintf(&path, "%s/%s", mount->point, below) < 0)
		return failed(look, "measurement registers", -ENOMEM);
	if (*below || !strcmp(mount->root, MEASUREMENTS))
		return check_registers(look, path);
	/* One file, bound to some place. */
	fd = open_in_root(look, mount->point, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return is_absent(fd) ? 0 : failed(look, "measurement registers", fd);
	return found_register(look, fd, mount->point);
}

static int check_mount(struct look *look, const struct mount *mount)
{
	const char *device = mount_stock_device(mount);

	if (device)
		return check_bind(look, mount, device);
	if (!strcmp(mount->fstype, "devtmpfs") && !strcmp(mount->root, "/")) {
		look->dev_seen |= !strcmp(mount->point, "/dev");
		return check_dev(look, mount->point);
	}
	if (!strcmp(mount->fstype, "configfs"))
		return check_configfs(look, mount);
	if (!strcmp(mount->fstype, "sysfs"))
		return check_sysfs(look, mount);
	return 0;
}

static int check_mounts(struct look *look)
{
	CLEANUP(fclosep) FILE *file = open_text(look, "mountinfo");
	CLEANUP(freep) char *line = NULL;
	struct mount mount;
	size_t size = 0;
	int n = 0, r;

	if (!file)
		return failed(look, "mounts", -errno);
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (++n > MOUNTS_MAX)
			return failed(look, "mounts", -E2BIG);
		if (mount_parse(line, &mount) < 0)
			return failed(look, "mounts", -EBADMSG);
		r = check_mount(look, &mount);
		if (r != 0)
			return r;
	}
	return ferror(file) || n == 0 ? failed(look, "mounts", -EIO) : 0;
}

/*
 * The type and device number of what a descriptor holds. Asked with DONT_SYNC: a descriptor on a
 * dead network file system shall not keep us waiting for what is cached anyway.
 */
static int stat_held(int dir_fd, const char *name, struct stat *ret)
{
	struct statx stx;

	if (statx(dir_fd, name, AT_STATX_DONT_SYNC, STATX_TYPE, &stx) < 0)
		return -errno;
	*ret = (struct stat){ .st_mode = stx.stx_mode,
			      .st_rdev = makedev(stx.stx_rdev_major, stx.stx_rdev_minor) };
	return 0;
}

static int check_fds(struct look *look)
{
	int fd = openat(look->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0, r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st = { 0 };

	if (!dir) {
		r = failed(look, "descriptors", -errno);
		closep(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (++n > FDS_MAX)
			r = failed(look, "descriptors", -E2BIG);
		else if (stat_held(fd, entry->d_name, &st) == 0 && is_stock(look, &st))
			r = found(look, "its descriptor %s is an open TEE device; whoever starts it must close that first",
				  entry->d_name);
	}
	closedir(dir);
	return r;
}

static int read_view(struct look *look)
{
	if (fstat(look->root_fd, &look->view.root) < 0 ||
	    fstatat(look->proc_fd, "ns/mnt", &look->view.mounts, 0) < 0)
		return failed(look, "mounts", -errno);
	return read_creds(look);
}

static bool creds_equal(const struct creds *a, const struct creds *b)
{
	return !memcmp(a->uids, b->uids, sizeof(a->uids)) &&
	       !memcmp(a->gids, b->gids, sizeof(a->gids)) && a->n_groups == b->n_groups &&
	       !memcmp(a->groups, b->groups, a->n_groups * sizeof(gid_t)) &&
	       a->caps == b->caps && a->initial_userns == b->initial_userns;
}

static bool seen_before(const struct look *look)
{
	for (size_t i = 0; i < look->doors->n_seen; i++) {
		const struct view *view = &look->doors->seen[i];

		if (same_file(&view->root, &look->view.root) &&
		    same_file(&view->mounts, &look->view.mounts) &&
		    same_file(&view->users, &look->view.users) &&
		    creds_equal(&view->creds, &look->view.creds))
			return true;
	}
	return false;
}

/* What depends on the view only. What was found to be closed once, is remembered. */
static int check_view(struct look *look)
{
	struct doors *doors = look->doors;
	int r;

	if (seen_before(look))
		return 0;
	r = check_mounts(look);
	if (r == 0 && !look->dev_seen)
		r = check_dev(look, "/dev");
	if (r == 0 && doors->n_seen < VIEWS_MAX)
		doors->seen[doors->n_seen++] = look->view;
	return r;
}

static int check_all(struct look *look)
{
	int r = 0;

	if (look->root_fd < 0)
		return failed(look, "root directory", -errno);
	if (look->doors->n_devices == 0)
		r = read_devices(look);
	if (r == 0)
		r = read_view(look);
	if (r == 0)
		r = check_view(look);
	if (r == 0)
		r = check_fds(look);
	return r ?: check_caps(look);
}

struct doors *doors_new(void)
{
	return calloc(1, sizeof(struct doors));
}

void doors_look(struct doors *doors, int proc_fd, struct exposure *ret)
{
	CLEANUP(closep) int root_fd = openat(proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct look look = { .doors = doors, .proc_fd = proc_fd, .root_fd = root_fd, .result = ret };

	*ret = (struct exposure){ .verdict = EXPOSURE_NONE };
	check_all(&look);
}

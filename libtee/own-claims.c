// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is said of the administrator's own process when it asks through /dev/teegate: no daemon
 * stands between, so there is no workload name and nobody vouches but the kernel. Only what the
 * lease is pinned to, and the kernel thus checks, becomes a claim; what is not known is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/teegate.h>

#include "context.h"

#define CLAIM_BYTES_MAX	256
#define CLAIM_UID	6
#define CLAIM_CGROUP	7
#define VOUCHER_KERNEL	"kernel"

/* Inode of the initial cgroup namespace, fixed since it exists (PROC_CGROUP_INIT_INO). */
#define CGROUP_NS_INIT	0xeffffffbu

int tee_own_parse_cgroup(const char *text, char *ret, size_t size)
{
	const char *line, *end;
	size_t len;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line += 3;
		end = strchrnul(line, '\n');
		len = (size_t)(end - line);
		if (len >= size)
			return -ENAMETOOLONG;
		memcpy(ret, line, len);
		ret[len] = '\0';
		return 0;
	}
	return -ENOENT;
}

static int read_own_cgroup(char *ret, size_t size)
{
	char text[8192];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (n > 0 && len < sizeof(text) - 1) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (n < 0)
		return -EIO;
	text[len] = '\0';
	return tee_own_parse_cgroup(text, ret, size);
}

/* Elsewhere the path in /proc/self/cgroup is relative to a root that no verifier knows. */
static bool in_initial_cgroup_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/cgroup", &st) == 0 && st.st_ino == CGROUP_NS_INIT;
}

static int open_cgroup(const char *path)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char full[8192];
	struct statfs fs;
	int fd;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (statfs(mounts[i], &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		if (snprintf(full, sizeof(full), "%s%s", mounts[i], path) >= (int)sizeof(full))
			return -ENAMETOOLONG;
		fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

int tee_own_look(struct tee_own *ret)
{
	struct tee_own own = { .cgroup_fd = -1 };
	int r;

	/* Who could open the device is in the initial user namespace: no uid is mapped there. */
	own.uid = (uint32_t)geteuid();
	own.pin_uid = getuid() == geteuid();

	r = in_initial_cgroup_namespace() ? read_own_cgroup(own.cgroup, sizeof(own.cgroup))
					  : -ENOENT;
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && strcmp(own.cgroup, "/") != 0) {
		own.cgroup_fd = open_cgroup(own.cgroup);
		if (own.cgroup_fd < 0 && own.cgroup_fd != -ENOENT)
			return own.cgroup_fd;
	}
	if (own.cgroup_fd < 0) {
		own.cgroup_fd = -1;
		own.cgroup[0] = '\0';
	}
	*ret = own;
	return 0;
}

void tee_own_done(struct tee_own *own)
{
	if (own->cgroup_fd >= 0)
		close(own->cgroup_fd);
	own->cgroup_fd = -1;
}

#define KNOWN_TAINT	(TEEGATE_TAINT_SOFTWARE_FIRMWARE | TEEGATE_TAINT_DEVELOPMENT_ROOT)

static void add_taint(char *text, size_t size, const char *what)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s%s", used > 0 ? "; " : "", what);
}

/* "" when clean. */
static void write_taint(uint64_t taint, char *text, size_t size)
{
	*text = '\0';
	if (taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE)
		add_taint(text, size, "software firmware");
	if (taint & TEEGATE_TAINT_DEVELOPMENT_ROOT)
		add_taint(text, size, "development root");
	if (taint & ~KNOWN_TAINT)
		add_taint(text, size, "a taint that this library does not know");
}

int tee_own_claims(const struct tee_own *own, uint64_t taint, uint8_t **ret, size_t *ret_len)
{
	struct ev_claims claims = { 0 };
	size_t len = strlen(own->cgroup);
	char text[128];

	write_taint(taint, text, sizeof(text));
	claims.taint = *text ? text : NULL;
	if (own->pin_uid) {
		claims.has_uid = true;
		claims.uid = own->uid;
		claims.voucher[CLAIM_UID] = VOUCHER_KERNEL;
	}
	if (len > 0 && len <= CLAIM_BYTES_MAX) {
		claims.cgroup = (struct ev_bytes) { (const uint8_t *)own->cgroup, len };
		claims.voucher[CLAIM_CGROUP] = VOUCHER_KERNEL;
	}
	return ev_claims_encode(&claims, ret, ret_len);
}

int tee_own_sealing_claims(const struct tee_own *own, uint8_t **ret, size_t *ret_len,
			   uint32_t *ret_bitmap)
{
	struct ev_claims claims = { .has_uid = own->pin_uid, .uid = own->pin_uid ? own->uid : 0 };

	*ret_bitmap = own->pin_uid ? 1u << CLAIM_UID : 0;
	return ev_claims_encode(&claims, ret, ret_len);
}

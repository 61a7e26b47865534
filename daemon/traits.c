// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The label and the executable of a process.
 *
 * The process chooses what it executes and may do so from a file system of its own, which answers
 * when it pleases. So files are only named (O_PATH) until it is certain that the kernel answers for
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "traits.h"
#include "util.h"

/*
 * AppArmor shows how it enforces a profile behind the profile's name; the kernel does not when it
 * compares labels. SELinux counts its NUL.
 */
static void trim_label(char *label, size_t *len)
{
	static const char *const modes[] = {
		" (enforce)", " (complain)", " (kill)", " (mixed)", " (prompt)", " (user)", " (unconfined)",
	};

	while (*len > 0 && (label[*len - 1] == '\0' || label[*len - 1] == '\n'))
		(*len)--;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		size_t n = strlen(modes[i]);

		if (*len > n && !memcmp(label + *len - n, modes[i], n)) {
			*len -= n;
			break;
		}
	}
}

/* The label as a text: none when it is too long for a claim or no text at all. */
static void keep_label(char *bytes, size_t len, char label[LABEL_MAX + 1])
{
	label[0] = '\0';
	trim_label(bytes, &len);
	if (len > LABEL_MAX || memchr(bytes, 0, len))
		return;
	memcpy(label, bytes, len);
	label[len] = '\0';
}

/* What the process is called now. Empty when no LSM calls it anything. */
static void read_label(int proc_fd, char label[LABEL_MAX + 1])
{
	CLEANUP(closep) int fd = openat(proc_fd, "attr/current", O_RDONLY | O_CLOEXEC);
	char bytes[LABEL_MAX + 64];
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	keep_label(bytes, n > 0 ? (size_t)n : 0, label);
}

/*
 * Where the LSM labels sockets, that one says what the process was at connect(). If it is another
 * by now, it is neither.
 */
void traits_label(int proc_fd, int socket_fd, char ret[LABEL_MAX + 1])
{
	char bytes[LABEL_MAX + 64], then[LABEL_MAX + 1];
	socklen_t len = sizeof(bytes);

	read_label(proc_fd, ret);
	if (socket_fd < 0 || getsockopt(socket_fd, SOL_SOCKET, SO_PEERSEC, bytes, &len) < 0)
		return;
	keep_label(bytes, len, then);
	if (strcmp(then, ret))
		ret[0] = '\0';
}

bool traits_label_is(int proc_fd, const char *label)
{
	char now[LABEL_MAX + 1];

	read_label(proc_fd, now);
	return *now && !strcmp(now, label);
}

/* As read-only, by way of a descriptor that only names it: the same inode for certain. */
static int reopen(int path_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/*
 * 1: the kernel itself checks what is read of it. FUSE would pass the question on to whoever serves
 * it.
 */
static int has_verity(int path_fd)
{
	struct statfs fs;
	struct statx st;

	/* Does not ask anybody. FUSE never says yes, and those that do answer statfs() at once. */
	if (statx(path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) < 0)
		return -errno;
	if (!(st.stx_attributes & STATX_ATTR_VERITY))
		return 0;
	if (fstatfs(path_fd, &fs) < 0)
		return -errno;
	return fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == F2FS_SUPER_MAGIC ||
	       fs.f_type == BTRFS_SUPER_MAGIC;
}

static int measure(int fd, struct digest *ret)
{
	struct {
		struct fsverity_digest head;
		uint8_t value[DIGEST_VALUE_MAX];
	} io = { .head.digest_size = DIGEST_VALUE_MAX };

	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &io) < 0)
		return -errno;
	switch (io.head.digest_algorithm) {
	case FS_VERITY_HASH_ALG_SHA256:
		memcpy(ret->alg, "sha256", sizeof("sha256"));
		break;
	case FS_VERITY_HASH_ALG_SHA512:
		memcpy(ret->alg, "sha512", sizeof("sha512"));
		break;
	default:
		return -EOPNOTSUPP;
	}
	memcpy(ret->value, io.value, sizeof(ret->value));
	ret->len = io.head.digest_size;
	return 0;
}

static int open_exe(int proc_fd)
{
	int fd = openat(proc_fd, "exe", O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int traits_exe(int proc_fd, struct digest *ret, int *ret_fd)
{
	CLEANUP(closep) int path_fd = open_exe(proc_fd), fd = -1;

	if (path_fd == -EMFILE || path_fd == -ENFILE)
		return path_fd;
	if (path_fd < 0 || has_verity(path_fd) <= 0)
		return 0;
	fd = reopen(path_fd);
	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE ? fd : 0;
	if (measure(fd, ret) >= 0)
		*ret_fd = take_fd(&fd);
	return 0;
}

static bool number_of(int fd, struct statx *ret)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, ret) == 0;
}

bool traits_exe_is(int proc_fd, int exe_fd)
{
	CLEANUP(closep) int fd = open_exe(proc_fd);
	struct statx then, now;

	return fd >= 0 && exe_fd >= 0 && number_of(fd, &now) && number_of(exe_fd, &then) &&
	       now.stx_ino == then.stx_ino && now.stx_dev_major == then.stx_dev_major &&
	       now.stx_dev_minor == then.stx_dev_minor;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FDSTORE= of sd_notify(3).
 *
 * The manager reads its notifications before it looks at who has died, so what was pushed before an
 * answer went out is kept even if we are killed right after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "fdstore.h"
#include "util.h"

#define SEALS		(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define TEXT_MAX	65536

/* FDPOLL=0: a listening socket is not dropped whatever befalls it. */
int fdstore_push(const char *kind, const char *id, int fd)
{
	return sd_pid_notifyf_with_fds(0, false, &fd, 1, "FDSTORE=1\nFDPOLL=0\nFDNAME=%s.%s", kind, id);
}

void fdstore_remove(const char *kind, const char *id)
{
	sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=%s.%s", kind, id);
}

const char *fdstore_id(const char *name, const char *kind)
{
	size_t len = strlen(kind);

	return !strncmp(name, kind, len) && name[len] == '.' ? name + len + 1 : NULL;
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text), done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, text + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int fdstore_seal(const char *text, int *ret_fd)
{
	CLEANUP(closep) int fd = memfd_create("teegated", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	int r;

	/* Linux before 6.3 does not know the last flag. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("teegated", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int fdstore_unseal(int fd, char **ret)
{
	CLEANUP(freep) char *text = NULL;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	ssize_t n;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EBADMSG;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 1 || st.st_size > TEXT_MAX)
		return -EBADMSG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n != st.st_size || memchr(text, 0, (size_t)n))
		return -EBADMSG;
	text[n] = '\0';
	*ret = take_pointer(&text);
	return 0;
}

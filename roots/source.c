// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of sources, and what they have in common. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

const struct source *const sources[] = {
	&source_tpm, &source_launch_secret, &source_key_broker, &source_development, NULL,
};

const struct source *source_find(const char *name)
{
	for (size_t i = 0; sources[i]; i++)
		if (!strcmp(sources[i]->name, name))
			return sources[i];
	return NULL;
}

const char *source_title(uint32_t number)
{
	for (size_t i = 0; sources[i]; i++)
		if (sources[i]->number == number)
			return sources[i]->title;
	switch (number) {
	case TEEGATE_ROOT_NONE:
		return "none";
	case TEEGATE_ROOT_FIRMWARE:
		return "firmware";
	case TEEGATE_ROOT_RETRIEVABLE:
		return "retrievable secret";
	}
	return "unknown";
}

const char *setting(const struct root *root, enum setting setting, const char *otherwise)
{
	return root->values[setting] ? root->values[setting] : otherwise;
}

static int check_owner(const char *path, const struct stat *st, bool shared, struct complaint *complaint)
{
	if (!S_ISREG(st->st_mode))
		return fail(complaint, -EBADMSG, "%s: not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail(complaint, -EPERM, "%s: does not belong to root", path);
	if (!shared && st->st_mode & (S_IRWXG | S_IRWXO))
		return fail(complaint, -EPERM, "%s: others than root may open it: chmod 600", path);
	return 0;
}

int read_root_file(const char *path, bool shared, struct secret *secret, struct complaint *complaint)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t data[TEEGATE_ROOT_SIZE + 1];
	struct stat st;
	size_t len = 0;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(complaint, -errno, "%s: %s", path, strerror(errno));
	r = check_owner(path, &st, shared, complaint);
	if (r < 0)
		return r;
	/* Not by a stream, whose buffer would keep it. */
	while ((n = read(fd, data + len, sizeof(data) - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		r = fail(complaint, -errno, "%s: %s", path, strerror(errno));
	else if (secret_take(secret, data, len) < 0)
		r = fail(complaint, -EBADMSG, "%s: must be %d random bytes and nothing else", path,
			 TEEGATE_ROOT_SIZE);
	explicit_bzero(data, sizeof(data));
	return r;
}

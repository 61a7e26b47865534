// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that holds secrets; see secret.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "cli.h"
#include "secret.h"

#define READ_FIRST	65536

void secret_begin(void)
{
	const struct rlimit none = { 0, 0 };

	/* Either alone would do; a core dump goes to whoever root has set up for it. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

void secret_make(struct secret *ret, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (len / page + 1) * page;
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(data == MAP_FAILED ? NULL : data);
	(void)madvise(data, size, MADV_DONTDUMP);
	(void)madvise(data, size, MADV_WIPEONFORK);
	(void)mlock(data, size);
	*ret = (struct secret){ data, len, size };
}

void secret_free(struct secret *secret)
{
	if (!secret->data)
		return;
	OPENSSL_cleanse(secret->data, secret->size);
	(void)munmap(secret->data, secret->size);
	*secret = (struct secret){ NULL, 0, 0 };
}

static void grow(struct secret *secret)
{
	struct secret larger;

	secret_make(&larger, 2 * secret->size);
	memcpy(larger.data, secret->data, secret->len);
	larger.len = secret->len;
	secret_free(secret);
	*secret = larger;
}

static int read_all(int fd, struct secret *ret)
{
	struct secret secret;
	ssize_t n;

	secret_make(&secret, READ_FIRST);
	secret.len = 0;
	for (;;) {
		n = read(fd, secret.data + secret.len, secret.size - secret.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		secret.len += (size_t)n;
		if (secret.len > SECRET_MAX)
			break;
		if (secret.len == secret.size)
			grow(&secret);
	}
	if (n == 0) {
		*ret = secret;
		return 0;
	}
	n = n < 0 ? -errno : -EFBIG;
	secret_free(&secret);
	return (int)n;
}

static bool is_too_large(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > (off_t)SECRET_MAX;
}

int secret_read(const char *path, struct secret *ret)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	r = fd < 0 ? -errno : is_too_large(fd) ? -EFBIG : read_all(fd, ret);
	if (fd >= 0 && !is_stdin)
		close(fd);
	if (r < 0)
		complain(0, "cannot read %s: %s", path, strerror(-r));
	return r;
}

int secret_write(const char *path, const struct secret *secret)
{
	int r;

	if (path && strcmp(path, "-"))
		return write_private_file(path, secret->data, secret->len);
	/* What stdio holds of other output comes first, and nothing of this stays in its buffer. */
	r = fflush(stdout) ? -errno : write_all(STDOUT_FILENO, secret->data, secret->len);
	if (r < 0)
		complain(0, "cannot write standard output: %s", strerror(-r));
	return r;
}

bool secret_is_text(const struct secret *secret)
{
	for (size_t i = 0; i < secret->len; i++)
		if ((secret->data[i] < 0x20 || secret->data[i] > 0x7e) && secret->data[i] != '\n' &&
		    secret->data[i] != '\t')
			return false;
	return true;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root passes through libraries that were not made for secrets: they copy, and release without
 * wiping. So it is the whole process that is guarded and not only our own page: all of its memory
 * is locked, what is released is overwritten by the allocator itself (M_PERTURB; small pieces only with
 * GLIBC_TUNABLES= of the unit), and the stack below us is swept before we end.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "secret.h"
#include "util.h"

#define SWEEP_BYTES	(512 * 1024)	/* more than libcurl, OpenSSL and tpm2-tss go down */
#define PERTURB		0xa5

struct secret *secret_new(void)
{
	void *page = mmap(NULL, sizeof(struct secret), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (mlock(page, sizeof(struct secret)) < 0 ||
	    madvise(page, sizeof(struct secret), MADV_DONTDUMP) < 0 ||
	    madvise(page, sizeof(struct secret), MADV_WIPEONFORK) < 0) {
		munmap(page, sizeof(struct secret));
		return NULL;
	}
	return page;
}

struct secret *secret_free(struct secret *secret)
{
	if (!secret)
		return NULL;
	explicit_bzero(secret, sizeof(*secret));
	munmap(secret, sizeof(*secret));
	return NULL;
}

void secret_freep(struct secret **secret)
{
	secret_free(*secret);
}

int secret_take(struct secret *secret, const void *data, size_t len)
{
	static const uint8_t none[TEEGATE_ROOT_SIZE];

	if (len != sizeof(secret->root) || !memcmp(data, none, sizeof(none)))
		return -EBADMSG;
	memcpy(secret->root, data, len);
	return 0;
}

int secret_random(struct secret *secret)
{
	/* Up to 256 bytes come whole, once the kernel has any. */
	if (getrandom(secret->root, sizeof(secret->root), 0) != (ssize_t)sizeof(secret->root))
		return -EIO;
	return 0;
}

int secret_harden(void)
{
	struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0L) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	/* Pages that exist, not all that a stack could grow to: that is more than many may lock. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		return -errno;
#ifndef __SANITIZE_ADDRESS__	/* which has an allocator of its own */
	if (!mallopt(M_PERTURB, PERTURB))
		return -ENOTSUP;
#endif
	return 0;
}

__attribute__((noinline)) void secret_sweep(void)
{
	uint8_t below[SWEEP_BYTES];

	explicit_bzero(below, sizeof(below));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container runtime said about a container, and on whose authority. Worth exactly as much as
 * the process that said it: the initial root may vouch for digests, user N for its own processes.
 */
#ifndef TEEGATED_REGISTRATION_H
#define TEEGATED_REGISTRATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DIGEST_ALG_MAX		31
#define DIGEST_VALUE_MAX	64

/* @alg: as OCI and fs-verity call it, such as "sha256"; @len: 0 when there is none */
struct digest {
	char alg[DIGEST_ALG_MAX + 1];
	uint8_t value[DIGEST_VALUE_MAX];
	size_t len;
};

bool digest_equal(const struct digest *a, const struct digest *b);

/*
 * digest_parse() - "ALG:HEX", lower case, all of @len bytes; of sha256, sha384 and sha512 with
 * their own length. False: it is none, and @ret is untouched.
 */
bool digest_parse(const char *text, size_t len, struct digest *ret);

#define DIGEST_TEXT_MAX		(DIGEST_ALG_MAX + 1 + 2 * DIGEST_VALUE_MAX + 1)

/* digest_text() - as above, into @text; NULL when there is no digest. */
const char *digest_text(const struct digest *digest, char text[DIGEST_TEXT_MAX]);

/* Who vouches: uid 0 of the initial user namespace, or another user for its own. */
struct voucher {
	bool root;
	uid_t uid;		/* unless @root */
};

#define VOUCHER_TEXT_MAX	24

/* "runtime:root" or "runtime:uid:N", as in claims. */
const char *voucher_text(const struct voucher *voucher, char text[VOUCHER_TEXT_MAX]);

/*
 * Shared by the connections of a container; never changes once it is made. Strings belong to it and
 * are NULL when they were not given.
 * @cgroup: the container's own directory; @cgroup_id: its number, which names the workload
 */
struct registration {
	atomic_uint refs;
	struct voucher voucher;
	char *id;
	char *pod;
	char *image_name;
	char *image_signer;
	char *cgroup;
	uint64_t cgroup_id;
	struct digest image;
	struct digest config;
};

struct registration *registration_new(void);	/* NULL: no memory */
struct registration *registration_ref(struct registration *registration);
/* NULL is allowed; always returns NULL */
struct registration *registration_unref(struct registration *registration);
void registration_unrefp(struct registration **registration);

#endif

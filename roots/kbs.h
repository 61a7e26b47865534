/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of the protocol of Trustee's Key Broker Service: attest, then get one resource. */
#ifndef TEEGATE_ROOTS_KBS_H
#define TEEGATE_ROOTS_KBS_H

#include <jansson.h>
#include <stdbool.h>

#include "complaint.h"
#include "secret.h"

/*
 * Evidence that carries @digest, as the member "primary_evidence". @len: of the hash that the server
 * chose, at most 64.
 */
typedef int (*kbs_evidence_t)(void *userdata, const uint8_t *digest, size_t len, json_t **ret,
			      struct complaint *complaint);

struct kbs_request {
	const char *url;	/* up to, and without, /kbs/v0 */
	const char *ca;		/* file, or NULL */
	const char *resource;	/* REPOSITORY/TYPE/TAG */
	const char *tee;	/* as the protocol names it */
	kbs_evidence_t evidence;
	void *userdata;
};

int kbs_get_root(const struct kbs_request *request, struct secret *secret, struct complaint *complaint);

/* Three names without anything that a URL would take for something else. */
bool kbs_resource_valid(const char *resource);

/*
 * kbs_digest() - what evidence has to carry: the hash over the canonical form (RFC 8785) of the runtime
 * data, which are the server's nonce and our public key. Returns its length, or -EPROTO for a hash
 * that is unknown, or -ENOMEM.
 */
int kbs_digest(const json_t *runtime_data, const char *hash, uint8_t ret[64]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All commands of <linux/teegate.h> in one table, each with a request that is right, for the
 * programs that try on every one of them what holds for all. What a command does is tested
 * elsewhere.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "kit.h"

#define PAGE 4096u

/* Big enough for any request, followed by room for tails. */
union request {
	struct {
		uint32_t size;
		uint32_t flags;
	} head;
	struct teegate_get_info info;
	struct teegate_get_report report;
	struct teegate_derive_key derive;
	struct teegate_seal seal;
	struct teegate_unseal unseal;
	struct teegate_extend extend;
	struct teegate_create_lease create;
	struct teegate_narrow narrow;
	struct teegate_revoke revoke;
	struct teegate_set_root set_root;
	struct teegate_wipe_roots wipe_roots;
	struct teegate_add_secret add;
	struct teegate_list_secrets list;
	struct teegate_lock_secrets lock;
	uint8_t bytes[2 * PAGE];
};

/* What requests are about: a session, a lease that may do everything, buffers for a report. */
struct abi_scene {
	int session;
	struct lease lease;
	struct evidence ev;
};

struct command {
	const char *name;
	unsigned int nr;
	uint32_t first;		/* bytes of the structure when it was published */
	uint32_t size;		/* bytes of it today */
	uint32_t flags;		/* that exist */
	bool on_session, on_lease;
	void (*fill)(union request *q);
};

extern const struct command commands[];
extern const unsigned int n_commands;
extern struct abi_scene scene;
extern union request req;

void make_scene(void);
/* A request that is right. */
void fill(const struct command *c, union request *q);
/* What such a request comes to: 0, or the errno of what this TEE cannot do or firmware refuses. */
int good(const struct command *c);
/* The same, of a request in so many bytes. */
int good_in(const struct command *c, uint32_t size);
/* Closes what a successful request made. */
void clean(const struct command *c, const union request *q);
/* Asks in that many bytes, which are right or zero; 0 or negative errno. */
int ask_with_size(const struct command *c, int fd, uint32_t size);
/* Runs check for each command on each kind of file where it exists. */
void for_each_command(void (*check)(const struct command *c, int fd));

/* A good request, changed by an expression over w, r or x; all that it makes is closed again. */
#define CREATE(change)								\
	({									\
		struct teegate_create_lease _w = lease_wish(TEEGATE_OP_REPORT, CLAIMS), *w = &_w; \
										\
		(void)(change);							\
		try_create(w);							\
	})
#define NARROW(change)								\
	({									\
		struct teegate_narrow _w = narrow_wish(TEEGATE_OP_REPORT), *w = &_w;	\
										\
		(void)(change);							\
		try_narrow(w);							\
	})
#define REPORT(_flags, change)							\
	({									\
		struct teegate_get_report *r = &scene.ev.r;			\
										\
		report_wish(&scene.ev, _flags, "abi", 3);			\
		(void)(change);							\
		tg(scene.lease.fd, TEEGATE_GET_REPORT, r);			\
	})
#define EXTEND(change)								\
	({									\
		struct teegate_extend _x = extend_wish(3, "abi", 3), *x = &_x;	\
										\
		(void)(change);							\
		tg(scene.lease.fd, TEEGATE_EXTEND, x);				\
	})
int try_create(struct teegate_create_lease *w);
int try_narrow(struct teegate_narrow *w);
int report_with_data(uint32_t flags, const void *data, uint32_t len);

#endif

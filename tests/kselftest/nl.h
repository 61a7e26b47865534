/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink as these tests speak it: with sockets and the kernel's headers alone, so that
 * they can also send what a library would not.
 */
#ifndef NL_H
#define NL_H

#include <linux/teegate_netlink.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A socket, and what the kernel calls our family; not there: family is 0. */
struct nl {
	int fd;
	uint16_t family;
	uint32_t group;		/* "events" */
};

struct nl nl_open(void);
/* 0 or negative errno. */
int nl_join(struct nl *nl);
void nl_close(struct nl *nl);

/* One message of the family. Attributes by their number; NULL where there is none. */
struct nl_message {
	uint8_t cmd;
	const uint8_t *attr[TEEGATE_A_MAX + 1];
	uint16_t len[TEEGATE_A_MAX + 1];
	uint8_t bytes[16384];
};

bool nl_has(const struct nl_message *m, int attr);
/* The number, whatever its size; the case fails if there is none. */
uint64_t nl_number(const struct nl_message *m, int attr);
bool nl_is(const struct nl_message *m, int attr, const void *bytes, size_t len);

/* Attributes of a request. */
struct nl_request {
	uint8_t cmd;
	uint16_t flags;		/* NLM_F_DUMP */
	size_t len;
	uint8_t attrs[256];
};

struct nl_request nl_dump_request(uint8_t cmd);
void nl_add(struct nl_request *q, uint16_t type, const void *bytes, uint16_t len);

/*
 * Sends the request and calls @each for every message of the answer. Returns how many there were,
 * or the negative errno of the kernel's.
 */
int nl_ask(struct nl *nl, const struct nl_request *q,
	   void (*each)(const struct nl_message *m, void *arg), void *arg);
int nl_dump(struct nl *nl, uint8_t cmd, void (*each)(const struct nl_message *m, void *arg),
	    void *arg);

/* The next message to the group, waited for so long; false: none. */
bool nl_event(struct nl *nl, struct nl_message *m, int timeout_ms);

#endif

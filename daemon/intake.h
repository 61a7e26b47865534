/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client has sent, seen before anybody takes it from the socket.
 */
#ifndef TEEGATED_INTAKE_H
#define TEEGATED_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_MAX	16384	/* bytes of one call, with its NUL */

enum intake {
	INTAKE_NONE,
	INTAKE_HALF,		/* the beginning of a message */
	INTAKE_READY,		/* a whole message, or the end of the stream */
	INTAKE_LONG,		/* more than a message may hold */
	INTAKE_DESCRIPTORS,	/* descriptors, where none are taken */
};

/* @ret_seen: with INTAKE_READY, so many bytes; @ret_half: and the last of them end no message. */
enum intake intake_look(int fd, bool takes_fds, size_t *ret_seen, bool *ret_half);
/* intake_ended_by() - what a client sent that ended its connection with @error; NULL: it just hung up. */
const char *intake_ended_by(int error);
/* intake_bytes() - how many wait. */
unsigned int intake_bytes(int fd);
/* intake_answerable() - has the client taken what it was answered before? */
bool intake_answerable(int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.json of a container whose unmodified programs shall be given leases. */
#ifndef TEEGATE_HOOK_LISTENER_H
#define TEEGATE_HOOK_LISTENER_H

#define LISTENER_SOCKET		"/run/teegate/seccomp.sock"
#define LISTENER_ANNOTATION	"io.teegate.devices"	/* "yes", or not */

/*
 * listener_add() - @text, with the calls that open files told to LISTENER_SOCKET where they were allowed
 * before. -EBADMSG: it is no such file; -EEXIST: it has another listener; -EPERM: its profile allows an
 * opening call with conditions, or does something else with it; -ENOMEM.
 */
int listener_add(const char *text, char **ret);

#endif

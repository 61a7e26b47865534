// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two sockets of libnl. One never blocks and hears two groups: the module's "events", and "notify"
 * of the controller, which tells when a family appears or goes; so a module that is loaded later,
 * or again, is noticed without asking. The other one asks: dumps, and the numbers of family and
 * group.
 *
 * Only the kernel is listened to: others with CAP_NET_ADMIN may send to our port, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "netlink.h"
#include "passed.h"
#include "util.h"

#define ANSWER_SECONDS	5	/* the kernel needs none; but it may drop an answer for want of memory */
#define MESSAGE_BYTES	32768	/* the kernel's dumps come in pieces of up to this */
#define DRIVE_BUDGET	64	/* readings before others get their turn */

struct netlink {
	const struct netlink_handlers *handlers;
	void *userdata;
	struct nl_sock *events, *requests;
	sd_event_source *io, *start;
	int family;		/* 0: there is none, or we may not hear it */
	int group;
	uint64_t seq;		/* of the last event; 0: any may follow */
};

static int to_errno(int error)
{
	switch (-error) {
	case 0:
		return 0;
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -ETIMEDOUT;
	case NLE_DUMP_INTR:
		return -EAGAIN;
	default:
		return -EIO;
	}
}

static bool from_kernel(struct nl_msg *msg)
{
	return nlmsg_get_src(msg)->nl_pid == 0;
}

static bool read_record(struct nl_msg *msg, enum teegate_cmd cmd, struct record *record)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct genlmsghdr *genl;

	if (!genlmsg_valid_hdr(header, 0))
		return false;
	genl = genlmsg_hdr(header);
	return genl->cmd == cmd &&
	       record_parse(genlmsg_attrdata(genl, 0), (size_t)genlmsg_attrlen(genl, 0), record) >= 0;
}

static void on_event(struct netlink *netlink, struct nl_msg *msg)
{
	struct record record;
	uint64_t seq;

	if (!read_record(msg, TEEGATE_CMD_EVENT, &record))
		return;
	seq = record.number[TEEGATE_A_SEQ];
	if (netlink->seq && seq != netlink->seq + 1)
		netlink->handlers->lost(netlink->userdata);
	netlink->seq = seq;
	netlink->handlers->event(&record, netlink->userdata);
}

static void set_down(struct netlink *netlink)
{
	bool was_up = netlink->family > 0;

	netlink->family = 0;
	netlink->seq = 0;
	if (was_up)
		netlink->handlers->down(netlink->userdata);
}

static int join(struct netlink *netlink)
{
	int group;

	group = genl_ctrl_resolve_grp(netlink->requests, TEEGATE_GENL_NAME, TEEGATE_GENL_GROUP_EVENTS);
	netlink->group = group > 0 ? group : 0;
	return group < 0 ? group : nl_socket_add_membership(netlink->events, group);
}

/* Joins before anybody asks for a dump: what happens in between is then heard twice and not never. */
static void attach(struct netlink *netlink)
{
	int family, r;

	family = genl_ctrl_resolve(netlink->requests, TEEGATE_GENL_NAME);
	if (family > 0 && family == netlink->family)
		return;
	set_down(netlink);
	if (family == -NLE_OBJ_NOTFOUND)
		return;
	r = family < 0 ? family : join(netlink);
	if (r < 0) {
		netlink->handlers->trouble(to_errno(r), netlink->userdata);
		return;
	}
	netlink->family = family;
	netlink->handlers->up(netlink->userdata);
}

static void on_family(struct netlink *netlink, struct nl_msg *msg)
{
	struct nlattr *found[CTRL_ATTR_MAX + 1];
	const struct nlattr *name;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, found, CTRL_ATTR_MAX, NULL) < 0)
		return;
	name = found[CTRL_ATTR_FAMILY_NAME];
	if (!name || nla_strcmp(name, TEEGATE_GENL_NAME))
		return;
	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd == CTRL_CMD_DELFAMILY)
		set_down(netlink);
	else
		attach(netlink);
}

static int on_message(struct nl_msg *msg, void *userdata)
{
	struct netlink *netlink = userdata;
	int type = nlmsg_hdr(msg)->nlmsg_type;

	if (!from_kernel(msg))
		return NL_SKIP;
	if (type == GENL_ID_CTRL)
		on_family(netlink, msg);
	else if (type == netlink->family)
		on_event(netlink, msg);
	return NL_OK;
}

/* The kernel had no room for some, which may have been of the controller. */
static void catch_up(struct netlink *netlink)
{
	int family = netlink->family;

	netlink->seq = 0;
	attach(netlink);
	if (family && netlink->family == family)
		netlink->handlers->lost(netlink->userdata);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct netlink *netlink = userdata;
	int r = 0;

	(void)source;
	(void)fd;
	(void)revents;
	for (int i = 0; i < DRIVE_BUDGET && r >= 0; i++) {
		r = nl_recvmsgs_default(netlink->events);
		if (r == -NLE_NOMEM) {
			catch_up(netlink);
			r = 0;
		}
	}
	return 0;
}

static int on_start(sd_event_source *source, void *userdata)
{
	struct netlink *netlink = userdata;

	(void)source;
	netlink->start = sd_event_source_unref(netlink->start);
	attach(netlink);
	return 0;
}

/* The family is the host network's: a service with a network of its own has sockets passed to it. */
static int connect_to_kernel(struct nl_sock *sock)
{
	int fd = passed_fd(PASSED_GENL), r;

	if (fd < 0)
		return genl_connect(sock);
	r = nl_socket_set_fd(sock, NETLINK_GENERIC, fd);
	if (r < 0)
		close(fd);
	return r;
}

static int open_socket(struct nl_sock **ret)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	if (!sock)
		return -ENOMEM;
	r = connect_to_kernel(sock);
	if (r >= 0)
		r = nl_socket_set_msg_buf_size(sock, MESSAGE_BYTES);
	if (r < 0) {
		nl_socket_free(sock);
		return to_errno(r);
	}
	*ret = sock;
	return 0;
}

/* A request that gets no answer must not take the main loop with it. */
static int open_requests(struct nl_sock **ret)
{
	const struct timeval timeout = { .tv_sec = ANSWER_SECONDS };
	struct nl_sock *sock;
	int r;

	r = open_socket(&sock);
	if (r < 0)
		return r;
	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0) {
		r = -errno;
		nl_socket_free(sock);
		return r;
	}
	*ret = sock;
	return 0;
}

static int listen_to_kernel(struct netlink *netlink)
{
	int r;

	nl_socket_disable_seq_check(netlink->events);
	nl_socket_disable_auto_ack(netlink->events);
	r = nl_socket_modify_cb(netlink->events, NL_CB_VALID, NL_CB_CUSTOM, on_message, netlink);
	if (r >= 0)
		r = nl_socket_set_nonblocking(netlink->events);
	if (r >= 0)	/* the group "notify" of the controller has the controller's own number */
		r = nl_socket_add_membership(netlink->events, GENL_ID_CTRL);
	return to_errno(r);
}

int netlink_new(sd_event *event, const struct netlink_handlers *handlers, void *userdata,
		struct netlink **ret)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int r;

	if (!netlink)
		return -ENOMEM;
	netlink->handlers = handlers;
	netlink->userdata = userdata;
	r = open_socket(&netlink->events);
	if (r >= 0)
		r = open_requests(&netlink->requests);
	if (r >= 0)
		r = listen_to_kernel(netlink);
	if (r >= 0)
		r = sd_event_add_io(event, &netlink->io, nl_socket_get_fd(netlink->events), EPOLLIN, on_io,
				    netlink);
	if (r >= 0)
		r = sd_event_add_defer(event, &netlink->start, on_start, netlink);
	if (r < 0) {
		netlink_free(netlink);
		return r;
	}
	*ret = netlink;
	return 0;
}

/* The service manager may hold the socket, too, and would start us again with the next event. */
static void stop_listening(struct netlink *netlink)
{
	if (!netlink->events)
		return;
	if (netlink->group)
		nl_socket_drop_membership(netlink->events, netlink->group);
	nl_socket_drop_membership(netlink->events, GENL_ID_CTRL);
}

struct netlink *netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return NULL;
	sd_event_source_disable_unref(netlink->io);
	sd_event_source_disable_unref(netlink->start);
	stop_listening(netlink);
	nl_socket_free(netlink->events);
	nl_socket_free(netlink->requests);
	free(netlink);
	return NULL;
}

bool netlink_is_up(const struct netlink *netlink)
{
	return netlink->family > 0;
}

struct dump {
	enum teegate_cmd cmd;
	void (*entry)(const struct record *record, void *userdata);
	void *userdata;
};

static int on_entry(struct nl_msg *msg, void *userdata)
{
	struct dump *dump = userdata;
	struct record record;

	if (from_kernel(msg) && read_record(msg, dump->cmd, &record))
		dump->entry(&record, dump->userdata);
	return NL_OK;
}

/* Each dump has its own callback, so that no answer to an older one ends up with it. */
static int ask(struct netlink *netlink, struct dump *dump)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int r;

	if (!cb)
		return -NLE_NOMEM;
	r = nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_entry, dump);
	if (r >= 0)
		r = genl_send_simple(netlink->requests, netlink->family, (int)dump->cmd,
				     TEEGATE_GENL_VERSION, NLM_F_DUMP);
	if (r >= 0)
		r = nl_recvmsgs(netlink->requests, cb);
	nl_cb_put(cb);
	return r;
}

/* What came late must not be taken for an answer to the next request. A new socket may be out of reach. */
static void forget_answers(struct netlink *netlink)
{
	char byte;

	while (recv(nl_socket_get_fd(netlink->requests), &byte, sizeof(byte), MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
}

int netlink_dump(struct netlink *netlink, enum teegate_cmd cmd,
		 void (*entry)(const struct record *record, void *userdata), void *userdata)
{
	struct dump dump = { cmd, entry, userdata };
	int r;

	if (!netlink->family)
		return -ENODEV;
	r = ask(netlink, &dump);
	if (r >= 0)
		return 0;
	if (r != -NLE_DUMP_INTR)
		forget_answers(netlink);
	return to_errno(r);
}

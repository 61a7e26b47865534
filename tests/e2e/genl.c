// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tries to hear what the module tells administrators over generic netlink. Static, and without
 * libnl, so that it runs in any container. Says on stdout, a line each, what became of
 *
 *	family	looking up the family "teegate": 0 or the name of an errno
 *	listen	joining its group "events"
 *	dump	listing the leases: 0 also when there are none
 *
 * The exit status says only whether this could be tried.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/teegate_netlink.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

union message {
	struct nlmsghdr header;
	char room[32768];
};

static int sock;

static void die(const char *what)
{
	fprintf(stderr, "genl: %s: %s\n", what, strerror(errno));
	exit(70);
}

static const struct nlattr *find(const char *at, const char *end, int type)
{
	while (end - at >= NLA_HDRLEN) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

/* One request with at most one text. Returns the answer's length, or a negative errno. */
static int ask(uint16_t type, uint16_t flags, uint8_t command, int attribute, const char *text,
	       union message *answer)
{
	union message m = { .header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags } };
	struct genlmsghdr *genl = NLMSG_DATA(&m.header);
	struct nlattr *a = (void *)((char *)genl + GENL_HDRLEN);
	size_t len = NLMSG_HDRLEN + GENL_HDRLEN;
	ssize_t n;

	genl->cmd = command;
	genl->version = TEEGATE_GENL_VERSION;
	if (text) {
		a->nla_type = (uint16_t)attribute;
		a->nla_len = (uint16_t)(NLA_HDRLEN + strlen(text) + 1);
		strcpy((char *)a + NLA_HDRLEN, text);
		len += NLA_ALIGN(a->nla_len);
	}
	m.header.nlmsg_len = (uint32_t)len;
	if (send(sock, &m, len, 0) < 0)
		return -errno;
	n = recv(sock, answer, sizeof(*answer), 0);
	if (n < 0)
		return -errno;
	if (answer->header.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&answer->header))->error;
	return (int)n;
}

static void say(const char *what, int result)
{
	printf("%s %s\n", what, result < 0 ? strerrorname_np(-result) : "0");
}

/* The first group is "events": there is no other. */
static int group_of(const char *attrs, const char *end)
{
	const struct nlattr *groups = find(attrs, end, CTRL_ATTR_MCAST_GROUPS), *group, *id;
	const char *at;

	if (!groups)
		return -1;
	at = (const char *)groups + NLA_HDRLEN;
	group = find(at, (const char *)groups + groups->nla_len, 1);
	if (!group)
		return -1;
	at = (const char *)group + NLA_HDRLEN;
	id = find(at, (const char *)group + group->nla_len, CTRL_ATTR_MCAST_GRP_ID);
	return id ? (int)*(const uint32_t *)((const char *)id + NLA_HDRLEN) : -1;
}

int main(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	const struct nlattr *id;
	union message answer;
	const char *attrs, *end;
	int n, group;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("socket");
	n = ask(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TEEGATE_GENL_NAME, &answer);
	say("family", n);
	if (n < 0)
		return 0;
	attrs = (char *)NLMSG_DATA(&answer.header) + GENL_HDRLEN;
	end = (char *)&answer + n;
	id = find(attrs, end, CTRL_ATTR_FAMILY_ID);
	group = group_of(attrs, end);
	if (!id || group < 0)
		die("the controller's answer");
	n = setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
	say("listen", n);
	n = *(const uint16_t *)((const char *)id + NLA_HDRLEN);
	say("dump", ask((uint16_t)n, NLM_F_DUMP, TEEGATE_CMD_GET_LEASES, 0, NULL, &answer));
	return 0;
}

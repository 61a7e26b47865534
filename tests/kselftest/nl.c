// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink, see nl.h. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit.h"
#include "nl.h"

/* The header's own are signed. */
#define ATTR_HEAD	sizeof(struct nlattr)

static size_t aligned(size_t len)
{
	return (len + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);
}

struct request {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	uint8_t attrs[256];
};

static int send_request(int fd, uint16_t family, const struct nl_request *q)
{
	struct request r = {
		.head = {
			.nlmsg_len = (uint32_t)((size_t)NLMSG_LENGTH(GENL_HDRLEN) + q->len),
			.nlmsg_type = family,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | q->flags),
			.nlmsg_seq = 1,
		},
		.genl = { .cmd = q->cmd, .version = 1 },
	};

	memcpy(r.attrs, q->attrs, q->len);
	return send(fd, &r, r.head.nlmsg_len, 0) < 0 ? -errno : 0;
}

void nl_add(struct nl_request *q, uint16_t type, const void *bytes, uint16_t len)
{
	struct nlattr a = { .nla_type = type, .nla_len = (uint16_t)(ATTR_HEAD + len) };

	ASSERT(q->len + aligned(a.nla_len) <= sizeof(q->attrs));
	memcpy(q->attrs + q->len, &a, sizeof(a));
	memcpy(q->attrs + q->len + ATTR_HEAD, bytes, len);
	q->len += aligned(a.nla_len);
}

struct nl_request nl_dump_request(uint8_t cmd)
{
	return (struct nl_request) { .cmd = cmd, .flags = NLM_F_DUMP };
}

/* The attribute of that number among these, with its bytes in *ret_len; NULL: there is none. */
static const uint8_t *find(const uint8_t *at, size_t len, int type, uint16_t *ret_len)
{
	struct nlattr a;

	for (; len >= ATTR_HEAD; at += aligned(a.nla_len), len -= aligned(a.nla_len)) {
		memcpy(&a, at, sizeof(a));
		ASSERT(a.nla_len >= ATTR_HEAD && a.nla_len <= len);
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*ret_len = (uint16_t)(a.nla_len - ATTR_HEAD);
			return at + ATTR_HEAD;
		}
		if (aligned(a.nla_len) > len)
			break;
	}
	return NULL;
}

/* The first group there is; the family has one. */
static uint32_t group_in(const uint8_t *groups, uint16_t len)
{
	const uint8_t *group, *id;
	uint32_t number;

	group = find(groups, len, 1, &len);
	id = group ? find(group, len, CTRL_ATTR_MCAST_GRP_ID, &len) : NULL;
	if (!id)
		return 0;
	memcpy(&number, id, sizeof(number));
	return number;
}

static void take_family(struct nl *nl, const uint8_t *attrs, size_t len)
{
	const uint8_t *at;
	uint16_t n;

	at = find(attrs, len, CTRL_ATTR_FAMILY_ID, &n);
	ASSERT(at);
	memcpy(&nl->family, at, sizeof(nl->family));
	at = find(attrs, len, CTRL_ATTR_MCAST_GROUPS, &n);
	if (at)
		nl->group = group_in(at, n);
}

static void look_up(struct nl *nl)
{
	struct nl_request q = { .cmd = CTRL_CMD_GETFAMILY };
	struct {
		struct nlmsghdr head;
		uint8_t rest[8192];
	} answer;
	ssize_t n;

	nl_add(&q, CTRL_ATTR_FAMILY_NAME, TEEGATE_GENL_NAME, sizeof(TEEGATE_GENL_NAME));
	ASSERT_EQ(send_request(nl->fd, GENL_ID_CTRL, &q), 0);
	n = recv(nl->fd, &answer, sizeof(answer), 0);
	ASSERT(n >= (ssize_t)sizeof(answer.head));
	if (answer.head.nlmsg_type != NLMSG_ERROR)
		take_family(nl, answer.rest + (size_t)GENL_HDRLEN, (size_t)n - (size_t)NLMSG_HDRLEN - (size_t)GENL_HDRLEN);
}

struct nl nl_open(void)
{
	struct nl nl = { .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC) };

	ASSERT(nl.fd >= 0);
	look_up(&nl);
	return nl;
}

int nl_join(struct nl *nl)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
			  sizeof(nl->group)) ? -errno : 0;
}

void nl_close(struct nl *nl)
{
	close(nl->fd);
	nl->fd = -1;
}

bool nl_has(const struct nl_message *m, int attr)
{
	return m->attr[attr];
}

uint64_t nl_number(const struct nl_message *m, int attr)
{
	uint32_t number;
	uint64_t large;

	if (!EXPECT(m->attr[attr] && (m->len[attr] == 4 || m->len[attr] == 8))) {
		tap_note("that was attribute %d", attr);
		return UINT64_MAX;
	}
	memcpy(&large, m->attr[attr], m->len[attr] == 8 ? 8 : 0);
	memcpy(&number, m->attr[attr], 4);
	return m->len[attr] == 8 ? large : number;
}

bool nl_is(const struct nl_message *m, int attr, const void *bytes, size_t len)
{
	return m->attr[attr] && m->len[attr] == len && !memcmp(m->attr[attr], bytes, len);
}

/* Every attribute at most once, and none that the header does not know. */
static void take_message(struct nl_message *m, const struct nlmsghdr *head)
{
	const uint8_t *at = (const uint8_t *)NLMSG_DATA(head);
	size_t len = head->nlmsg_len - (size_t)NLMSG_HDRLEN;
	struct nlattr a;

	memset(m, 0, sizeof(*m));
	ASSERT(len >= (size_t)GENL_HDRLEN && len <= sizeof(m->bytes));
	memcpy(m->bytes, at, len);
	m->cmd = m->bytes[0];
	for (size_t i = (size_t)GENL_HDRLEN; i + ATTR_HEAD <= len; i += aligned(a.nla_len)) {
		memcpy(&a, m->bytes + i, sizeof(a));
		ASSERT(a.nla_len >= ATTR_HEAD && i + a.nla_len <= len);
		ASSERT(a.nla_type && a.nla_type <= TEEGATE_A_MAX);
		if (a.nla_type == TEEGATE_A_PAD)
			continue;
		EXPECT(!m->attr[a.nla_type]);
		m->attr[a.nla_type] = m->bytes + i + ATTR_HEAD;
		m->len[a.nla_type] = (uint16_t)(a.nla_len - ATTR_HEAD);
	}
}

/* What ends an answer. */
static bool is_end(const struct nlmsghdr *head, int *ret_error)
{
	if (head->nlmsg_type != NLMSG_ERROR && head->nlmsg_type != NLMSG_DONE)
		return false;
	memcpy(ret_error, NLMSG_DATA(head), sizeof(*ret_error));
	return true;
}

int nl_ask(struct nl *nl, const struct nl_request *q,
	   void (*each)(const struct nl_message *m, void *arg), void *arg)
{
	static uint8_t page[65536] __attribute__((aligned(8)));
	static struct nl_message m;
	int count = 0, error = send_request(nl->fd, nl->family, q);

	while (!error) {
		struct nlmsghdr *head = (struct nlmsghdr *)page;
		ssize_t got = recv(nl->fd, page, sizeof(page), 0);
		uint32_t n = (uint32_t)got;

		if (got < 0)
			return -errno;
		for (; NLMSG_OK(head, n); head = NLMSG_NEXT(head, n)) {
			if (is_end(head, &error))
				return error ? error : count;
			take_message(&m, head);
			EXPECT_EQ(m.cmd, q->cmd);
			if (each)
				each(&m, arg);
			count++;
		}
	}
	return error;
}

int nl_dump(struct nl *nl, uint8_t cmd, void (*each)(const struct nl_message *m, void *arg),
	    void *arg)
{
	struct nl_request q = nl_dump_request(cmd);

	return nl_ask(nl, &q, each, arg);
}

bool nl_event(struct nl *nl, struct nl_message *m, int timeout_ms)
{
	static uint8_t page[65536] __attribute__((aligned(8)));
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, timeout_ms) != 1)
		return false;
	n = recv(nl->fd, page, sizeof(page), 0);
	ASSERT(n >= NLMSG_HDRLEN);
	take_message(m, (struct nlmsghdr *)page);
	EXPECT_EQ(m->cmd, TEEGATE_CMD_EVENT);
	return true;
}

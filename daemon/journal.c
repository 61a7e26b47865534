// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal. Fields beside the message let an auditor filter:
 * journalctl TEEGATE_VERDICT=NotAllowed, or TEEGATE_WORKLOAD=payments.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "journal.h"

/* "teegated decided about a request" */
#define DECISION_MESSAGE_ID	"5f0c8dd1a1744d0fb1d2f7c7b9a7e46b"

static bool to_journal;

void journal_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	to_journal = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void journal_say(int priority, const char *format, ...)
{
	char text[1024] = "";
	va_list ap;

	va_start(ap, format);
	text_vadd(text, sizeof(text), format, ap);
	va_end(ap);
	if (to_journal)
		sd_journal_send("PRIORITY=%i", priority, "MESSAGE=%s", text, NULL);
	else
		fprintf(stderr, "teegated: %s\n", text);
}

const char *describe_peer(const struct peer *peer, char *text, size_t size)
{
	text[0] = '\0';
	if (*peer->place.unit)
		text_add(text, size, "unit %s, ", peer->place.unit);
	if (peer->uid == (uid_t)-1)
		text_add(text, size, "uid unknown");
	else
		text_add(text, size, "uid %u", peer->uid);
	if (peer->cgroup)
		text_add(text, size, ", cgroup %s", peer->cgroup);
	return text_sanitize(text);
}

void journal_decision(struct account *account, const struct decision *decision)
{
	const char *workload = decision->rule ? decision->rule->name : "";
	const char *path = decision->rule ? decision->rule->path : "";
	int priority = strcmp(decision->verdict, "granted") ? LOG_WARNING : LOG_INFO;
	char who[512], text[1536] = "";
	unsigned int suppressed;

	if (!account_may_audit(account, now_ms(), &suppressed))
		return;
	if (suppressed > 0)
		journal_say(LOG_WARNING, "%u decisions about %s were not written", suppressed, account->name);
	describe_peer(decision->peer, who, sizeof(who));
	text_add(text, sizeof(text), "%s: %s", decision->method, decision->verdict);
	if (*workload)
		text_add(text, sizeof(text), " \"%s\"", workload);
	text_add(text, sizeof(text), " (%s)", who);
	if (*path)
		text_add(text, sizeof(text), " by %s", path);
	if (decision->detail && *decision->detail)
		text_add(text, sizeof(text), ": %s", decision->detail);
	text_sanitize(text);
	if (!to_journal) {
		fprintf(stderr, "teegated: %s\n", text);
		return;
	}
	sd_journal_send("PRIORITY=%i", priority, "MESSAGE=%s", text, "MESSAGE_ID=" DECISION_MESSAGE_ID,
			"TEEGATE_METHOD=%s", decision->method, "TEEGATE_VERDICT=%s", decision->verdict,
			"TEEGATE_WORKLOAD=%s", workload, "TEEGATE_RULE=%s", path,
			"TEEGATE_UNIT=%s", decision->peer->place.unit,
			"TEEGATE_UID=%u", decision->peer->uid,
			"TEEGATE_PID=%i", (int)decision->peer->pid,
			"TEEGATE_CGROUP=%s", decision->peer->cgroup ?: "", NULL);
}

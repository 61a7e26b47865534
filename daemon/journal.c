// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal. Fields beside the message let an auditor filter:
 * journalctl TEEGATE_VERDICT=NotAllowed, or TEEGATE_WORKLOAD=payments.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "journal.h"

/* A record of ours has about twenty fields; the longest are paths of cgroups. */
#define FIELDS_MAX	40
#define FIELD_SIZE	2048

static bool to_journal;

void journal_open(void)
{
	to_journal = journal_reads_stderr();
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

/* "workloadNumber" is TEEGATE_WORKLOAD_NUMBER in the journal. */
static void add_field_name(const char *name, char *text, size_t size)
{
	text_add(text, size, "TEEGATE_");
	for (; *name; name++)
		text_add(text, size, "%s%c", *name >= 'A' && *name <= 'Z' ? "_" : "",
			 *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
	text_add(text, size, "=");
}

/* A text, a number or a list of texts. */
static void add_value(sd_json_variant *value, char *text, size_t size)
{
	if (sd_json_variant_is_array(value)) {
		for (size_t i = 0; i < sd_json_variant_elements(value); i++) {
			text_add(text, size, "%s", i > 0 ? " " : "");
			add_value(sd_json_variant_by_index(value, i), text, size);
		}
		return;
	}
	if (sd_json_variant_is_string(value))
		text_add(text, size, "%s", sd_json_variant_string(value));
	else
		text_add(text, size, "%llu", (unsigned long long)sd_json_variant_unsigned(value));
}

void journal_event(int priority, const char *message_id, const char *text, sd_json_variant *fields)
{
	char buf[FIELDS_MAX][FIELD_SIZE];
	struct iovec iov[FIELDS_MAX];
	unsigned int n = 3;

	if (!to_journal) {
		fprintf(stderr, "teegated: %s\n", text);
		return;
	}
	snprintf(buf[0], FIELD_SIZE, "PRIORITY=%i", priority);
	snprintf(buf[1], FIELD_SIZE, "MESSAGE_ID=%s", message_id);
	snprintf(buf[2], FIELD_SIZE, "MESSAGE=%s", text);
	for (size_t i = 0; fields && i + 1 < sd_json_variant_elements(fields) && n < FIELDS_MAX; i += 2, n++) {
		buf[n][0] = '\0';
		add_field_name(sd_json_variant_string(sd_json_variant_by_index(fields, i)), buf[n], FIELD_SIZE);
		add_value(sd_json_variant_by_index(fields, i + 1), buf[n], FIELD_SIZE);
	}
	for (unsigned int i = 0; i < n; i++)
		iov[i] = (struct iovec){ buf[i], strlen(buf[i]) };
	sd_journal_sendv(iov, (int)n);
}

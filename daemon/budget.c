// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list by the path of the rule's file. Only the administrator's files get onto it, so it is short;
 * a reload may lower a limit below what is used, and then nothing is left.
 *
 * It is written down before anything is extended, in memory that the service manager keeps over a restart:
 * JSON, in one call to write(). If it cannot be read afterwards, no one has anything left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-json.h>

#include "budget.h"
#include "fdstore.h"
#include "journal.h"
#include "passed.h"
#include "util.h"

#define KIND		"budgets"
#define ID		"all"
#define TEXT_MAX	(1 << 20)

static struct budget *find(const struct budgets *budgets, const char *path)
{
	for (size_t i = 0; i < budgets->n; i++)
		if (!strcmp(budgets->list[i].path, path))
			return &budgets->list[i];
	return NULL;
}

static struct budget *add(struct budgets *budgets, const char *path)
{
	struct budget *list;
	char *copy;

	list = reallocarray(budgets->list, budgets->n + 1, sizeof(*list));
	if (!list)
		return NULL;
	budgets->list = list;
	copy = strdup(path);
	if (!copy)
		return NULL;
	list[budgets->n] = (struct budget){ .path = copy };
	return &list[budgets->n++];
}

static uint32_t left(uint32_t limit, uint32_t used)
{
	return used < limit ? limit - used : 0;
}

void budgets_left(const struct budgets *budgets, const struct rule *rule, uint32_t *ret_events,
		  uint32_t *ret_bytes)
{
	const struct budget *budget = find(budgets, rule->path);

	*ret_events = budgets->unknown ? 0 : left(rule->extend_events, budget ? budget->events : 0);
	*ret_bytes = budgets->unknown ? 0 : left(rule->extend_bytes, budget ? budget->bytes : 0);
}

int budgets_charge(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes)
{
	struct budget *budget = find(budgets, rule->path);
	uint32_t events_left, bytes_left;
	int r;

	budgets_left(budgets, rule, &events_left, &bytes_left);
	if (events > events_left || bytes > bytes_left)
		return -EDQUOT;
	if (!budget)
		budget = add(budgets, rule->path);
	if (!budget)
		return -ENOMEM;
	budget->events += events;
	budget->bytes += bytes;
	r = budgets_save(budgets);
	if (r < 0) {
		budget->events -= events;
		budget->bytes -= bytes;
	}
	return r;
}

void budgets_refund(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes)
{
	struct budget *budget = find(budgets, rule->path);

	if (!budget)
		return;
	budget->events = left(budget->events, events);
	budget->bytes = left(budget->bytes, bytes);
	budgets_save(budgets);	/* if that fails, more is used up than was used */
}

void budgets_done(struct budgets *budgets)
{
	while (budgets->n > 0)
		free(budgets->list[--budgets->n].path);
	free(budgets->list);
	if (budgets->fd > 0)
		close(budgets->fd);
	*budgets = (struct budgets){ .list = NULL };
}

/* ---- over restarts ---- */

static int format(const struct budgets *budgets, char **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_variant_new_array(&array, NULL, 0);

	for (size_t i = 0; r >= 0 && i < budgets->n; i++)
		r = sd_json_variant_append_arrayb(&array, SD_JSON_BUILD_OBJECT(
			SD_JSON_BUILD_PAIR_STRING("rule", budgets->list[i].path),
			SD_JSON_BUILD_PAIR_UNSIGNED("events", budgets->list[i].events),
			SD_JSON_BUILD_PAIR_UNSIGNED("bytes", budgets->list[i].bytes)));
	return r < 0 ? r : sd_json_variant_format(array, 0, ret);
}

int budgets_save(const struct budgets *budgets)
{
	CLEANUP(freep) char *text = NULL;
	size_t len;
	ssize_t n;
	int r;

	if (budgets->fd <= 0)
		return 0;
	r = format(budgets, &text);
	if (r < 0)
		return r;
	/* Its end, too: what is behind that is of an older, longer one. */
	len = strlen(text) + 1;
	do
		n = pwrite(budgets->fd, text, len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static bool read_number(sd_json_variant *object, const char *key, uint32_t *ret)
{
	sd_json_variant *value = sd_json_variant_by_key(object, key);

	if (!value || !sd_json_variant_is_unsigned(value) || sd_json_variant_unsigned(value) > UINT32_MAX)
		return false;
	*ret = (uint32_t)sd_json_variant_unsigned(value);
	return true;
}

static int read_entry(struct budgets *budgets, sd_json_variant *object)
{
	sd_json_variant *path = sd_json_variant_by_key(object, "rule");
	struct budget *budget;
	uint32_t events, bytes;

	if (!path || !sd_json_variant_is_string(path) || !read_number(object, "events", &events) ||
	    !read_number(object, "bytes", &bytes) || find(budgets, sd_json_variant_string(path)))
		return -EBADMSG;
	budget = add(budgets, sd_json_variant_string(path));
	if (!budget)
		return -ENOMEM;
	budget->events = events;
	budget->bytes = bytes;
	return 0;
}

static int parse(struct budgets *budgets, const char *text)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_parse(text, 0, &array, NULL, NULL);

	if (r < 0 || !sd_json_variant_is_array(array))
		return r == -ENOMEM ? r : -EBADMSG;
	for (size_t i = 0; r >= 0 && i < sd_json_variant_elements(array); i++)
		r = read_entry(budgets, sd_json_variant_by_index(array, i));
	return r;
}

int budgets_load(struct budgets *budgets, int fd)
{
	CLEANUP(freep) char *text = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* The first daemon was killed before it had written anything: then nothing was charged. */
	if (st.st_size == 0)
		return 0;
	if (st.st_size > TEXT_MAX)
		return -EBADMSG;
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	if (pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
		return -EBADMSG;
	return parse(budgets, text);
}

static int make(struct budgets *budgets)
{
	budgets->fd = memfd_create("teegated-budgets", MFD_CLOEXEC);
	if (budgets->fd < 0)
		return -errno;
	return fdstore_push(KIND, ID, budgets->fd);
}

int budgets_start(struct budgets *budgets)
{
	int fd = passed_fd(KIND "." ID), r;

	if (fd < 0) {
		r = make(budgets);
		return r < 0 ? r : 0;
	}
	r = budgets_load(budgets, fd);
	budgets->fd = fd;
	if (r == -ENOMEM)
		return r;
	budgets->unknown = r < 0;
	if (r < 0)
		journal_say(LOG_ERR, "what workloads extended before the restart cannot be read, so nobody may extend any more until the guest restarts: %s",
			    strerror(-r));
	return 0;
}

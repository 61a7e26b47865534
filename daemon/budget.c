// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list by the path of the rule's file. Only the administrator's files get onto it, so it is short;
 * a reload may lower a limit below what is used, and then nothing is left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"

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

	*ret_events = left(rule->extend_events, budget ? budget->events : 0);
	*ret_bytes = left(rule->extend_bytes, budget ? budget->bytes : 0);
}

int budgets_charge(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes)
{
	struct budget *budget = find(budgets, rule->path);
	uint32_t events_left, bytes_left;

	budgets_left(budgets, rule, &events_left, &bytes_left);
	if (events > events_left || bytes > bytes_left)
		return -EDQUOT;
	if (!budget)
		budget = add(budgets, rule->path);
	if (!budget)
		return -ENOMEM;
	budget->events += events;
	budget->bytes += bytes;
	return 0;
}

void budgets_refund(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes)
{
	struct budget *budget = find(budgets, rule->path);

	if (!budget)
		return;
	budget->events = left(budget->events, events);
	budget->bytes = left(budget->bytes, bytes);
}

void budgets_done(struct budgets *budgets)
{
	while (budgets->n > 0)
		free(budgets->list[--budgets->n].path);
	free(budgets->list);
	*budgets = (struct budgets){ NULL, 0 };
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all backends share: their state, the buffers of answers, and the backend of a guest that has
 * no TEE.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "backend.h"
#include "notify.h"
#include "queue.h"

static const char *const state_names[] = {
	[TEEGATE_STATE_ABSENT] = "absent",
	[TEEGATE_STATE_WAITING] = "waiting",
	[TEEGATE_STATE_UP] = "up",
	[TEEGATE_STATE_LOST] = "lost",
	[TEEGATE_STATE_DEAD] = "dead",
};

/* A wiped key does not come back and an arena that failed does not heal: those two are final. */
static bool state_is_final(u32 state)
{
	return state == TEEGATE_STATE_LOST || state == TEEGATE_STATE_DEAD;
}

void tg_backend_set_state(struct tg_backend *be, u32 state, const char *reason, ...)
{
	char text[TEEGATE_REASON_SIZE] = "";
	bool changed = false;
	va_list args;

	va_start(args, reason);
	vsnprintf(text, sizeof(text), reason, args);
	va_end(args);

	spin_lock(&be->state_lock);
	if (!state_is_final(be->state)) {
		changed = be->state != state;
		WRITE_ONCE(be->state, state);
		memcpy(be->reason, text, sizeof(text));
	}
	spin_unlock(&be->state_lock);
	if (!changed)
		return;
	pr_info_ratelimited("%s is %s%s%s\n", be->ops->name, state_names[state],
			    *text ? ": " : "", text);
	tg_notify_backend(be, TEEGATE_EVENT_BACKEND);
	if (state == TEEGATE_STATE_LOST)
		tg_notify_backend(be, TEEGATE_EVENT_KEY_WIPED);
}

u32 tg_backend_state(struct tg_backend *be)
{
	return READ_ONCE(be->state);
}

int tg_backend_usable(struct tg_backend *be)
{
	switch (tg_backend_state(be)) {
	case TEEGATE_STATE_UP:
		return 0;
	case TEEGATE_STATE_LOST:
		return -ENOKEY;
	default:
		return -ENODEV;
	}
}

/* WAITING is left to the worker: the driver may have come a moment ago. */
int tg_backend_can(struct tg_backend *be, u64 ops)
{
	int err = tg_backend_usable(be);

	if (err && tg_backend_state(be) != TEEGATE_STATE_WAITING)
		return err;
	return ops & ~READ_ONCE(be->firmware_ops) ? -EOPNOTSUPP : 0;
}

void tg_backend_kick(struct tg_backend *be)
{
	tg_queue_kick(container_of(be, struct tg_queue, be));
}

static int put(u8 **ret_to, u32 *ret_size, u32 *ret_len, const void *from, u32 len, gfp_t gfp)
{
	u8 *to = len ? kvmalloc(len, gfp) : NULL;

	if (len && !to)
		return -ENOMEM;
	memcpy(to, from, len);
	kvfree_sensitive(*ret_to, *ret_size);
	*ret_to = to;
	*ret_size = len;
	*ret_len = len;
	return 0;
}

int tg_answer_put_report(struct tg_answer *ans, const void *from, u32 len)
{
	return put(&ans->report, &ans->report_size, &ans->report_len, from, len,
		   GFP_KERNEL);
}

int tg_answer_put_aux(struct tg_answer *ans, const void *from, u32 len)
{
	return put(&ans->aux, &ans->aux_size, &ans->aux_len, from, len, GFP_KERNEL);
}

int tg_answer_charge(struct tg_answer *ans)
{
	return put(&ans->report, &ans->report_size, &ans->report_len, ans->report,
		   ans->report_len, GFP_KERNEL_ACCOUNT) ?:
	       put(&ans->aux, &ans->aux_size, &ans->aux_len, ans->aux, ans->aux_len,
		   GFP_KERNEL_ACCOUNT);
}

void tg_answer_release(struct tg_answer *ans)
{
	kvfree_sensitive(ans->report, ans->report_size);
	kvfree_sensitive(ans->aux, ans->aux_size);
}

static int none_init(struct tg_backend *be)
{
	tg_backend_set_state(be, TEEGATE_STATE_ABSENT, "%s", be->advice);
	pr_info("%s\n", be->advice);
	return 0;
}

static void none_exit(struct tg_backend *be)
{
}

static u64 none_taint(void)
{
	return 0;
}

static int none_ask(struct tg_backend *be, struct tg_exchange *x)
{
	return -ENODEV;
}

/* So that nothing else has to ask whether there is a backend. */
const struct tg_backend_ops tg_none_ops = {
	.name = "none",
	.provider = TEEGATE_PROVIDER_NONE,
	.transport = TEEGATE_TRANSPORT_NONE,
	.taint = none_taint,
	.init = none_init,
	.exit = none_exit,
	.ask = none_ask,
};

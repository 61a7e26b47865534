// SPDX-License-Identifier: GPL-2.0-only
/*
 * teegate_uvroot: asks the Ultravisor for the root of keys whenever it is told an id, by the code
 * of the module and without the module. For tests only: what came of it is in its parameters, and
 * a root that everybody can read is none.
 *
 *	/sys/module/teegate_uvroot/parameters/	id: write 64 hexadecimal digits, then read
 *						result (0 or negative errno), status, root
 *
 * The queue is not here; what it does with an exchange is done in ask().
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/string.h>

#include "backend.h"
#include "block.h"
#include "notify.h"
#include "queue.h"

#define ID_SIZE		32
#define ROOT_SIZE	32
#define DEADLINE	(30 * HZ)

static int result;
module_param(result, int, 0400);
static unsigned long status;
module_param(status, ulong, 0400);

static char root_hex[2 * ROOT_SIZE + 1];
module_param_string(root, root_hex, sizeof(root_hex), 0400);

/* Nobody is to be woken, and nobody to be told. */
void tg_queue_kick(struct tg_queue *q)
{
}

void tg_notify_backend(struct tg_backend *be, enum teegate_event event)
{
}

static int ask(struct tg_backend *be, struct tg_exchange *x)
{
	unsigned long end = jiffies + DEADLINE;
	int err = -EBUSY;

	while ((err == -EBUSY || err == -EINPROGRESS) && time_before(jiffies, end)) {
		err = err == -EBUSY ? be->ops->ask(be, x) : be->ops->poll(be, x);
		if (err == -EBUSY || err == -EINPROGRESS)
			usleep_range(50, 100);
	}
	if (err == -EINPROGRESS)
		be->ops->abandon(be, x);
	return err;
}

static int ask_for_root(struct tg_backend *be, const struct tg_block *block)
{
	struct tg_exchange x = { .kind = TG_ASK_ROOT, .block = block };
	int err = be->ops->check_block(x.kind, block->bytes, block->len) ?: ask(be, &x);

	status = x.answer.fw_status;
	if (!err && x.answer.report_len != ROOT_SIZE)
		err = -EMSGSIZE;
	if (!err)
		bin2hex(root_hex, x.answer.report, ROOT_SIZE);
	tg_answer_release(&x.answer);
	return err;
}

/* Each time with a backend that has asked nothing yet; sysfs lets only one in at a time. */
static int set_id(const char *id, const struct kernel_param *param)
{
	static struct tg_backend be;
	u8 bytes[ID_SIZE];
	const struct tg_block block = { .len = sizeof(bytes), .bytes = bytes };

	if (!tg_is_se_guest())
		return -ENODEV;
	if (strlen(id) != 2 * ID_SIZE || hex2bin(bytes, id, ID_SIZE))
		return -EINVAL;
	be = (struct tg_backend){ .ops = &tg_uv_ops };
	spin_lock_init(&be.state_lock);
	status = 0;
	root_hex[0] = 0;
	result = be.ops->init(&be);
	if (result)
		return result;
	result = ask_for_root(&be, &block);
	be.ops->exit(&be);
	return 0;
}

static const struct kernel_param_ops id_ops = {
	.set = set_id,
};
module_param_cb(id, &id_ops, NULL, 0200);
MODULE_PARM_DESC(id, "which secret, in hex");

static int __init uvroot_init(void)
{
	if (!tg_is_se_guest())
		return -ENODEV;
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	return 0;
}

static void __exit uvroot_exit(void)
{
}

module_init(uvroot_init);
module_exit(uvroot_exit);
MODULE_DESCRIPTION("Asks the Ultravisor for a root of keys; for tests");
MODULE_LICENSE("GPL");

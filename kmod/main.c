// SPDX-License-Identifier: GPL-2.0-only
/*
 * teegate: one interface over the TEE devices of a confidential guest.
 *
 * DOC: what this module is for
 *
 * A confidential guest has one TEE and many workloads. The vendor drivers give their device to
 * whoever may open it, and sign whatever that one says; so nobody but root may open it, or else
 * one container speaks for another. This module stands between: it hands out leases, says in each
 * report which lease asked, and lets one worker talk to firmware at a pace that firmware bears.
 *
 * DOC: layers
 *
 * session, lease_fd -> ioctl -> info, report, keys, extend, secrets -> queue -> backend (snp, tdx
 * or uv, as detect says), each knowing only what is to the right of it; lease, workload, pin, block
 * and binding are used by all of them. abi stands beside ioctl, for programs that know a stock
 * driver only. All of them tell notify what happens, and genl tells that, and what there is, to
 * administrators. Files say in their first lines what they leave to others.
 *
 * DOC: expected load
 *
 * SEV-SNP: tens of reports a second at most, because firmware takes milliseconds, and hosts
 * throttle it. TDX: as many quotes as the host makes, four at once, which is some hundreds up to a
 * thousand a second; a TDREPORT takes microseconds. Secure Execution: the Ultravisor opens the
 * challenge of each report with a private key, which takes milliseconds of this guest's own CPU.
 * All locks are taken for microseconds, except be->channel, which the worker holds around firmware.
 *
 * DOC: unloading
 *
 * Every descriptor holds the module, so when it goes there is no caller. Requests whose callers
 * were killed may still be with firmware; the worker is waited for, and waits for a host for a
 * second or so. What the host still works on then stays with it for good (tdx/quote.c), and a
 * module that is loaded again begins with memory of its own.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "backend.h"
#include "binding.h"
#include "compat/autoload.h"
#include "genl.h"
#include "ioctl.h"
#include "keys/keys.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"

struct tg_queue tg_queue;

static int backend_start(struct tg_queue *q)
{
	struct tg_backend *be = &q->be;
	int err;

	mutex_init(&be->channel);
	spin_lock_init(&be->state_lock);
	be->ops = tg_detect(&be->advice);
	be->aux_max = be->ops->aux_max;
	be->firmware_ops = be->ops->firmware_ops;
	err = be->ops->init(be);
	if (err) {
		pr_err("%s backend: %d\n", be->ops->name, err);
		return err;
	}
	err = tg_queue_start(q);
	if (err)
		be->ops->exit(be);
	return err;
}

static void backend_stop(struct tg_queue *q)
{
	tg_queue_stop(q);
	q->be.ops->exit(&q->be);
}

static int __init teegate_init(void)
{
	int err;

	tg_queue_init(&tg_queue);
	err = tg_binding_init();
	if (err)
		return err;
	err = tg_keys_init();
	if (err)
		goto no_keys;
	err = tg_leases_init();
	if (err)
		goto no_leases;
	err = backend_start(&tg_queue);
	if (err)
		goto no_backend;
	err = tg_genl_register();
	if (err)
		goto no_genl;
	err = tg_session_register();
	if (err)
		goto no_session;
	return 0;

no_session:
	tg_genl_unregister();
no_genl:
	backend_stop(&tg_queue);
no_backend:
	tg_leases_exit();
	tg_notify_exit();
no_leases:
	tg_keys_exit();
no_keys:
	tg_binding_exit();
	return err;
}

static void __exit teegate_exit(void)
{
	tg_session_unregister();
	tg_genl_unregister();
	backend_stop(&tg_queue);
	tg_leases_exit();
	tg_notify_exit();
	tg_keys_exit();
	tg_binding_exit();
}

module_init(teegate_init);
module_exit(teegate_exit);

MODULE_DESCRIPTION("One interface over the TEE devices of a confidential guest");
MODULE_LICENSE("GPL");
MODULE_VERSION(TG_VERSION);

/*
 * The stock drivers first, wherever they exist: what sev-guest registers is then there when we
 * look, and the runtime registers of TDX are extended through tdx-guest from the beginning. The one
 * of another TEE refuses to load, and nobody minds. In one line, because modprobe reads only the
 * first; and nothing more, because modprobe -r takes soft dependencies away again, and fails over
 * those in use. Nothing here needs uvdevice.
 */
MODULE_SOFTDEP("pre: sev-guest tdx-guest");

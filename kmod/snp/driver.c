// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way to the SNP firmware before Linux 6.14: the ioctl of the stock sev-guest driver, called
 * by our worker in the arena's address space. Sequence numbers, encryption and the lock of the
 * channel are the driver's; a second user of the key beside it would lose step and have the key
 * wiped for everybody.
 *
 * DOC: a driver that comes and goes
 *
 * The node is opened once, when the driver is bound, and closed before it is unbound: the driver
 * frees its state then without looking for open files. The node still opens while that happens, so
 * what counts is what the bus said last, and never how the device looks. While it is open, the
 * driver's module cannot be unloaded; unload teegate first.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "snp.h"

#if IS_BUILTIN(CONFIG_SEV_GUEST)
#error "teegate knows the node of sev-guest by the module that it belongs to: CONFIG_SEV_GUEST=m"
#endif

#define DRIVER_NODE	"/dev/sev-guest"
#define DRIVER_MODULE	"sev_guest"
#define DRIVER_DEVICE	"sev-guest"

#define RETRY_DELAY	HZ

/* The arena as the driver sees it. Certificates come at the start of a page. */
struct driver_pages {
	struct snp_guest_request_ioctl request;
	struct snp_ext_report_req req;
	struct snp_derived_key_req key_req;
	u8 resp[sizeof(struct snp_report_resp)] __aligned(PAGE_SIZE);
	u8 certs[TG_SNP_CERTS_MAX] __aligned(PAGE_SIZE);
};

struct snp_driver {
	struct tg_backend *be;
	struct tg_arena *arena;
	struct file *file;		/* under be->channel; NULL unless attached */
	bool bound;			/* written under the lock of the device */
	struct notifier_block bus;
	struct delayed_work retry;
};

#define user_address(drv, member) \
	(tg_arena_user((drv)->arena) + offsetof(struct driver_pages, member))

static struct driver_pages *driver_pages(struct snp_driver *drv)
{
	return tg_arena_kernel(drv->arena);
}

/* The caller has filled the pages; it takes what it wants, then calls tg_arena_leave(). */
static int driver_ioctl(struct snp_driver *drv, unsigned int cmd)
{
	struct driver_pages *pages = driver_pages(drv);

	pages->request.msg_version = 1;
	pages->request.resp_data = user_address(drv, resp);
	tg_arena_enter(drv->arena);
	return drv->file->f_op->unlocked_ioctl(drv->file, cmd, user_address(drv, request));
}

/* Given no request, the driver looks at its key and then refuses, before it calls anyone. */
static int driver_probe_key(struct snp_driver *drv)
{
	int ret = driver_ioctl(drv, SNP_GET_REPORT);

	tg_arena_leave(drv->arena);
	return ret;
}

bool tg_snp_transport_key_alive(struct tg_backend *be)
{
	struct snp_driver *drv = be->priv;

	return drv->file && driver_probe_key(drv) != -ENOTTY;
}

static int driver_dead(struct tg_backend *be)
{
	tg_backend_set_state(be, TEEGATE_STATE_DEAD,
			     "the memory shared with the sev-guest driver has gone: reload the module (rmmod teegate; modprobe teegate)");
	return -EIO;
}

/* A key passes only through memory that nobody else has. */
static int exchange_key(struct tg_backend *be, struct tg_snp_exchange *x)
{
	struct snp_driver *drv = be->priv;
	struct driver_pages *pages = driver_pages(drv);
	int ret;

	if (!tg_arena_is_ours(drv->arena))
		return -EAGAIN;
	pages->key_req = x->key_req;
	pages->request.req_data = user_address(drv, key_req);
	ret = driver_ioctl(drv, SNP_GET_DERIVED_KEY);
	x->exitinfo2 = pages->request.exitinfo2;
	if (!ret)
		memcpy(x->key_resp.data, pages->resp, sizeof(x->key_resp.data));
	tg_arena_leave(drv->arena);
	return ret == -EFAULT ? driver_dead(be) : ret;
}

int tg_snp_transport_exchange(struct tg_backend *be, struct tg_snp_exchange *x)
{
	struct snp_driver *drv = be->priv;
	struct driver_pages *pages;
	int ret;

	if (!drv->file)
		return -ENODEV;
	if (x->wants_key)
		return exchange_key(be, x);

	pages = driver_pages(drv);
	pages->req.data = x->req;
	if (x->certs) {
		pages->req.certs_address = user_address(drv, certs);
		pages->req.certs_len = x->certs_len;
	}
	pages->request.req_data = user_address(drv, req);
	ret = driver_ioctl(drv, x->certs ? SNP_GET_EXT_REPORT : SNP_GET_REPORT);

	x->exitinfo2 = pages->request.exitinfo2;
	if (!ret) {
		memcpy(x->resp.data, pages->resp, sizeof(x->resp.data));
		if (x->certs)
			memcpy(x->certs, pages->certs, x->certs_len);
	} else if (ret == -EIO && x->certs &&
		   x->exitinfo2 == SNP_GUEST_VMM_ERR(SNP_GUEST_VMM_ERR_INVALID_LEN)) {
		x->certs_len = pages->req.certs_len;
		ret = -ENOSPC;
	}
	tg_arena_leave(drv->arena);

	return ret == -EFAULT ? driver_dead(be) : ret;
}

static int match_driver_device(struct device *dev, const void *unused)
{
	return !strcmp(to_platform_device(dev)->name, DRIVER_DEVICE);
}

/* Whatever stands at that path, it is used only if it belongs to the driver. */
static struct file *driver_open(void)
{
	struct file *file = filp_open(DRIVER_NODE, O_RDWR | O_CLOEXEC, 0);

	if (IS_ERR(file))
		return file;
	if (S_ISCHR(file_inode(file)->i_mode) && file->f_op->owner &&
	    !strcmp(module_name(file->f_op->owner), DRIVER_MODULE) && file->f_op->unlocked_ioctl)
		return file;
	fput(file);
	return ERR_PTR(-ENODEV);
}

static void driver_wait(struct tg_backend *be)
{
	tg_backend_set_state(be, TEEGATE_STATE_WAITING,
			     "the sev-guest driver is not there: modprobe sev-guest (kernel log if it fails); teegate then finds it");
}

/* In the worker. The driver makes its node before it is bound, but /dev may be mounted later. */
void tg_snp_transport_attach(struct tg_backend *be)
{
	struct snp_driver *drv = be->priv;
	struct file *file;

	if (drv->file)
		return;
	if (!READ_ONCE(drv->bound)) {
		driver_wait(be);
		return;
	}

	file = driver_open();
	if (IS_ERR(file)) {
		tg_backend_set_state(be, TEEGATE_STATE_WAITING,
				     "%s is not usable, or not the driver's (error %ld); trying again",
				     DRIVER_NODE, -PTR_ERR(file));
		schedule_delayed_work(&drv->retry, RETRY_DELAY);
		return;
	}

	drv->file = file;
	switch (driver_probe_key(drv)) {
	case -ENOTTY:
		tg_snp_set_lost(be);
		break;
	case -EFAULT:
		driver_dead(be);
		break;
	default:
		tg_snp_set_up(be);
	}
}

static void driver_retry(struct work_struct *work)
{
	struct snp_driver *drv = container_of(work, struct snp_driver, retry.work);

	tg_backend_kick(drv->be);
}

static void driver_detach(struct snp_driver *drv)
{
	if (drv->file)
		fput(drv->file);
	drv->file = NULL;
}

static void driver_comes(struct snp_driver *drv)
{
	WRITE_ONCE(drv->bound, true);
	tg_backend_kick(drv->be);
}

/* Not to be attached to again before it comes back, even by a worker that was kicked earlier. */
static void driver_goes(struct snp_driver *drv)
{
	WRITE_ONCE(drv->bound, false);
	mutex_lock(&drv->be->channel);	/* an exchange under way is finished first */
	driver_detach(drv);
	if (tg_backend_state(drv->be) == TEEGATE_STATE_UP)
		driver_wait(drv->be);
	mutex_unlock(&drv->be->channel);
}

static int driver_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct snp_driver *drv = container_of(nb, struct snp_driver, bus);

	if (!match_driver_device(data, NULL))
		return NOTIFY_DONE;
	if (event == BUS_NOTIFY_BOUND_DRIVER)
		driver_comes(drv);
	else if (event == BUS_NOTIFY_UNBIND_DRIVER)
		driver_goes(drv);
	return NOTIFY_DONE;
}

/*
 * It may have been bound before we listened. Whoever binds or unbinds holds the lock of the device
 * meanwhile, so what is seen under it is settled, and all that follows is heard.
 */
static void driver_look(struct snp_driver *drv)
{
	struct device *dev = bus_find_device(&platform_bus_type, NULL, NULL, match_driver_device);

	tg_backend_kick(drv->be);
	if (!dev)
		return;
	device_lock(dev);
	if (dev->driver)
		driver_comes(drv);
	device_unlock(dev);
	put_device(dev);
}

int tg_snp_transport_init(struct tg_backend *be)
{
	struct snp_driver *drv;
	int ret;

	drv = kzalloc(sizeof(*drv), GFP_KERNEL);
	if (!drv)
		return -ENOMEM;
	drv->be = be;
	drv->bus.notifier_call = driver_event;
	INIT_DELAYED_WORK(&drv->retry, driver_retry);

	drv->arena = tg_arena_create(sizeof(struct driver_pages));
	if (IS_ERR(drv->arena)) {
		ret = PTR_ERR(drv->arena);
		goto free_drv;
	}
	be->priv = drv;
	tg_backend_set_state(be, TEEGATE_STATE_WAITING, "looking for the sev-guest driver");

	ret = bus_register_notifier(&platform_bus_type, &drv->bus);
	if (ret)
		goto destroy_arena;
	driver_look(drv);
	return 0;

destroy_arena:
	be->priv = NULL;
	tg_arena_destroy(drv->arena);
free_drv:
	kfree(drv);
	return ret;
}

/* The worker has stopped; with the notifier gone nobody else attaches. */
void tg_snp_transport_exit(struct tg_backend *be)
{
	struct snp_driver *drv = be->priv;

	bus_unregister_notifier(&platform_bus_type, &drv->bus);
	cancel_delayed_work_sync(&drv->retry);
	driver_detach(drv);
	tg_arena_destroy(drv->arena);
	be->priv = NULL;
	kfree(drv);
}

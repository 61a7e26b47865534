// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for /dev/sgx_enclave and /dev/sgx_provision on a machine without SGX. For tests only,
 * of who gets which descriptor: there are no enclaves behind it. It knows the one ioctl by which
 * the kernel itself tells whether both descriptors are what they should be.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <uapi/asm/sgx.h>

static const struct file_operations provision_fops = {
	.owner = THIS_MODULE,
};

static long enclave_provision(void __user *arg)
{
	struct sgx_enclave_provision params;
	struct file *file;
	int ret;

	if (copy_from_user(&params, arg, sizeof(params)))
		return -EFAULT;
	file = fget(params.fd);
	if (!file)
		return -EINVAL;
	ret = file->f_op == &provision_fops ? 0 : -EINVAL;
	fput(file);
	return ret;
}

static long enclave_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	if (cmd != SGX_IOC_ENCLAVE_PROVISION)
		return -ENOIOCTLCMD;
	return enclave_provision((void __user *)arg);
}

static const struct file_operations enclave_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = enclave_ioctl,
};

static struct miscdevice enclave = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sgx_enclave",
	.fops = &enclave_fops,
};

static struct miscdevice provision = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sgx_provision",
	.fops = &provision_fops,
};

static int __init standin_init(void)
{
	int ret = misc_register(&enclave);

	if (ret)
		return ret;
	ret = misc_register(&provision);
	if (ret)
		misc_deregister(&enclave);
	return ret;
}

static void __exit standin_exit(void)
{
	misc_deregister(&provision);
	misc_deregister(&enclave);
}

module_init(standin_init);
module_exit(standin_exit);
MODULE_DESCRIPTION("Stand-in for the devices of SGX, for tests only");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-or-later
/* ioctls on /dev/teegate, and the name of a root. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "module.h"
#include "util.h"

#define KEY_SALT	"teegate/key/v1"
#define ROOT_ID_INFO	"teegate/root-id/v1"

int module_open(const char *path)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* Whatever else is there must not be handed a root. */
	return S_ISCHR(st.st_mode) ? take_fd(&fd) : -ENODEV;
}

int module_info(int fd, struct teegate_get_info *ret)
{
	*ret = (struct teegate_get_info){ .size = sizeof(*ret) };
	return ioctl(fd, TEEGATE_GET_INFO, ret) < 0 ? -errno : 0;
}

int module_set_root(int fd, const struct secret *secret, uint32_t source, bool unseal_only,
		    uint8_t ret_id[TEEGATE_ROOT_ID_SIZE])
{
	struct teegate_set_root io = {
		.size = sizeof(io),
		.flags = unseal_only ? TEEGATE_ROOT_UNSEAL_ONLY : 0,
		.root = (uintptr_t)secret->root,
		.root_len = sizeof(secret->root),
		.source = source,
	};

	if (ioctl(fd, TEEGATE_SET_ROOT, &io) < 0)
		return -errno;
	memcpy(ret_id, io.root_id, TEEGATE_ROOT_ID_SIZE);
	return 0;
}

int root_id(const struct secret *secret, uint8_t ret_id[TEEGATE_ROOT_ID_SIZE])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA384", 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (char *)KEY_SALT, sizeof(KEY_SALT) - 1),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (uint8_t *)secret->root, sizeof(secret->root)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (char *)ROOT_ID_INFO, sizeof(ROOT_ID_INFO) - 1),
		OSSL_PARAM_END,
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int good = ctx && EVP_KDF_derive(ctx, ret_id, TEEGATE_ROOT_ID_SIZE, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good ? 0 : -EIO;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Words for failures. A library does not log, so what is worth saying has to reach the caller: one
 * general sentence per errno, and one particular text per thread.
 *
 * Each thread keeps the text of its latest failure and the context it belongs to. A context thus
 * needs no lock and no list of threads, and a thread that ends leaves nothing behind.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "context.h"

#define TEXT_SIZE 1024

static _Thread_local struct {
	uint64_t serial;	/* 0: of tee_open() */
	char text[TEXT_SIZE];
} last;

static const struct {
	int error;
	const char *text;
} sentences[] = {
	{ EINVAL, "An argument is out of its range; see the manual page of the function." },
	{ E2BIG, "The input is larger than the format or this kernel module allows." },
	{ EFAULT, "An address does not point at memory of this process." },
	{ EBADF,
	  "The descriptor is not a lease of teegate. Pass one that the broker or the administrator made." },
	{ EPERM,
	  "This process may not do that: the operation is not in its lease, or the lease is pinned to another cgroup or user. Ask the administrator for a policy." },
	{ EACCES,
	  "This process may not open that way to the TEE. Use the broker's socket, or ask the administrator for a policy." },
	{ ESTALE, "The lease is revoked or expired, or its cgroup is gone. Acquire a new one." },
	{ EOPNOTSUPP, "This TEE, or this build of the library, cannot do that." },
	{ ENODEV, "There is no TEE here, or its driver is not there yet. Run teegatectl doctor." },
	{ ENOKEY,
	  "The channel to the firmware is lost. Nothing works again until this guest restarts." },
	{ EAGAIN, "Too many requests are waiting. Try again in a moment." },
	{ EDQUOT,
	  "The quota is used up: too many requests of this workload wait, or it asked for more in a minute than it may. Wait for them to end, and try again later." },
	{ ENOSPC, "A buffer is too small for the answer." },
	{ EINTR, "The call was interrupted because the process is ending." },
	{ ETIMEDOUT,
	  "The deadline passed. The host is slow or does not answer; try again later, or give more time." },
	{ EREMOTEIO,
	  "The firmware refused the request. Its code is in the text of tee_last_error()." },
	{ EPROTO,
	  "The other side answered something that is not evidence for what was asked. Nothing of it is used." },
	{ ENOTTY,
	  "The kernel module does not know this request: it is older than this library. Update it." },
	{ ENOMEM, "Out of memory." },
	{ EBADMSG,
	  "This is not an evidence item: it is damaged, cut off, or not in its one deterministic form. Or a sealed blob that is damaged or not this workload's." },
	{ ENODATA,
	  "The evidence does not have this part. Or there is no root for keys: see teegate-root(8)." },
	{ EKEYREJECTED, "The parameters of the root are weaker than policy allows." },
	{ EILSEQ, "This is not a sealed blob." },
	{ EPROTONOSUPPORT, "This blob is of a later version. Update library and kernel module." },
	{ EMSGSIZE, "The blob is cut off, or there is more data than fits into one." },
	{ EXDEV, "This blob was sealed on another kind of TEE." },
	{ ENXIO, "The root for this key or blob is not here." },
	{ EEXIST, "There is such a key or root already, and none is overwritten." },
	{ ENOENT, "There is no such file." },
	{ ECONNREFUSED, "Nobody listens on the broker's socket. Start teegated.socket." },
	{ EIO, "Input or output failed." },
	{ EMFILE, "This process has too many open files." },
	{ ENFILE, "The system has too many open files." },
};

TEE_PUBLIC const char *tee_strerror(int error)
{
	if (error >= 0)
		return "No error.";
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (sentences[i].error == -error)
			return sentences[i].text;
	return "An error that libtee has no sentence for; see errno(3).";
}

TEE_PUBLIC const char *tee_last_error(tee_ctx *ctx)
{
	uint64_t serial = ctx ? ctx->serial : 0;

	return last.serial == serial ? last.text : "";
}

int tee_fail(const tee_ctx *ctx, int error, const char *format, ...)
{
	va_list args;

	last.serial = ctx ? ctx->serial : 0;
	va_start(args, format);
	(void)vsnprintf(last.text, sizeof(last.text), format, args);
	va_end(args);
	return error;
}
